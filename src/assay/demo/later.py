"""Chapters around the release: whom version 2 is better for, and whether it serves as it was approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.adapters.challenge_here import challenge
from assay.adapters.here import run
from assay.demo.cast import AUTHOR
from assay.demo.served import FOLDER, WEEKS, write_weeks
from assay.lifecycle.project import load_project
from assay.lifecycle.storing import storage_errors
from assay.reports.challenge_words import change_words, standing_words, title, who
from assay.reports.words import metric_words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from assay.demo.telling import Teller
    from assay.lifecycle.release import Released


def tell_challenge(folder: Path, teller: Teller) -> None:
    """Hold version 2 against version 1 on the same applicants, and say for whom it is better."""
    teller.chapter("For whom is version 2 better, for whom worse?")
    teller.command(f"assay challenge 1 2 --key {AUTHOR}")
    found = challenge("1", "2", project=folder, key=AUTHOR).challenged.challenge
    teller.say(f"{title(found)}.")
    approvals = [
        one for one in found.changes if one.metric == "selection_rate" and (not one.group or "race" in one.group)
    ]
    others = [one for one in found.changes if one.metric != "selection_rate" and not one.group and not one.over]
    for one in (*approvals, *others):
        mark, style = {"better": ("+", "good"), "worse": ("x", "bad")}.get(one.standing, ("?", "open"))
        about = f"{metric_words(one.metric)} of {who(one)}"
        teller.item(mark, f"{about}: {change_words(one)} ({standing_words(one, found.smallest)})", style)
    teller.say(
        "Each applicant was decided on by both versions, so the people whose decision turns are counted one by one "
        "(McNemar's test, adjusted for all groups by Holm). More of every race are approved; more of those whom the "
        "lenders had turned down, too, and the ranking is poorer. All groups and gaps: --report FILE draws them."
    )


def tell_weeks(folder: Path, teller: Teller, tell_verdict: Callable[[Released, Teller], None]) -> None:
    """Monitor two weeks of served applications, made and labelled as made.

    Args:
        folder: the project.
        teller: who tells.
        tell_verdict: tells a decision.
    """
    teller.chapter("Two weeks later: does it still serve as it was approved?")
    teller.say(
        "No later applications were ever published, so these two weeks are made: drawn from the study's by a seed, in "
        "the second one with what a rise of interest adds to every applicant's debts. served/README.md says how."
    )
    with storage_errors(folder):
        write_weeks(folder)
    for week in WEEKS:
        batch = f"{FOLDER}/{week.name}.parquet"
        teller.say(f"{week.name}: {week.words}.")
        teller.command(f"assay run --stage monitoring --batch {batch} --window {week.name} --key {AUTHOR}")
        project = load_project(folder)
        tell_verdict(run(project, stage="monitoring", key=AUTHOR, batch=folder / batch, window=week.name), teller)
    teller.say(
        "An alert stands in the trail once, however often a week is looked at: assay incident list. Who takes it up, "
        "who mends it and who tests it again are asked for by name."
    )
