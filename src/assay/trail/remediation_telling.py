"""Remediations of releases' findings in words: a list, one of them, and what comes next."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.trail.remediations import Remediation
    from assay.trail.view import Fact, View

WIDTH = 100

_TOLD = {
    "remediation.opened": "opened, owner {owner}, due {said.due}",
    "remediation.assigned": "{who} gave it to {owner}, due {said.due}",
    "remediation.acted": "{who} says what was done ({said.evidence_sha256:.16}...)",
    "remediation.retested": "{who} tested it again: {said.outcome}",
    "remediation.closed": "{who} closed it",
}


def next_words(view: View, about: Remediation) -> str:
    """Return what comes next, and with which command; empty when it is closed."""
    owner, name = view.person(about.owner, about.assigned or about.opened), about.name
    return {
        "open": f"{owner} mends it, by {about.due}: assay remediation act {name} --done WORDS --as {owner}",
        "awaiting-retest": f"decide on what mends it (assay run), then: assay remediation retest {name} --as NAME",
        "retest-failed": f"{owner} mends it, again: assay remediation act {name} --done WORDS --as {owner}",
        "awaiting-close": f"somebody else than {owner} closes it: assay remediation close {name} --as NAME",
        "closed": "",
    }[about.status]


def about_words(about: Remediation) -> str:
    """Return which finding of which version it is about."""
    said = about.opened.said
    return f"{said.finding} of {said.model} {said.version}"


def status_words(view: View, about: Remediation) -> str:
    """Return how it stands, in a sentence or two."""
    if about.acted is None:
        return "Nothing is done yet."
    done = f"{view.person(about.acted.said.by, about.acted)} did something about it at {view.when(about.acted)}."
    if about.tested is None:
        return f"{done} No later verdict has been held against it since."
    held = f"{done} Held against a later verdict: {about.words}"
    if about.closed is None:
        return held if about.tested.said.outcome == "failed" else f"{held} Nobody else has closed it yet."
    return f"{held} {view.person(about.closed.said.by, about.closed)} closed it at {view.when(about.closed)}."


def list_text(view: View, found: Sequence[Remediation], at: str, *, everything: bool = False) -> str:
    """Return the remediations as a table; closed ones only when asked for."""
    left = [one for one in found if one.closed is None]
    shown = list(found) if everything else left
    overdue = [one.name for one in left if one.overdue(at)]
    head = [f"{len(left)} open of {len(found)} on record.{' Overdue: ' + ', '.join(overdue) if overdue else ''}"]
    rows = [("ID", "STATUS", "OWNER", "DUE", "SEVERITY", "FINDING")]
    rows += [
        (one.name, one.status, view.person(one.owner, one.assigned or one.opened), one.due, one.opened.said.severity,
         about_words(one))
        for one in shown
    ]  # fmt: skip
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*head, *(["", *lines] if shown else [])]) + "\n"


def show_text(view: View, about: Remediation, at: str) -> str:
    """Return one remediation: all that was done about it in order, and what comes next."""
    said = about.opened.said
    lines = [f"{about.name}: {about.status}, {said.severity}", f"  {about_words(about)}"]
    lines += [f"  OVERDUE: its owner's day was {about.due}"] if about.overdue(at) else []
    lines += ["", "What was done"]
    for fact in about.facts():
        lines += _wrapped(f"{view.when(fact)}: {_act_words(view, fact)} [{view.place(fact.index)}]")
    lines += _wrapped(about.words) if about.words else []
    lines += [line for one in about.ignored for line in _wrapped(f"counts for nothing: {one}")]
    following = next_words(view, about)
    return "\n".join([*lines, *(["", "Next", f"  {following}"] if following else [])]) + "\n"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
    )


def _act_words(view: View, fact: Fact) -> str:
    said = fact.said
    who = view.person(said.by, fact) if hasattr(said, "by") else ""
    owner = view.person(said.owner, fact) if hasattr(said, "owner") else ""
    return _TOLD[fact.event.type].format(said=said, who=who, owner=owner)


def remediation_row(view: View, about: Remediation, at: str) -> dict[str, Any]:
    """Return one remediation as JSON has it."""
    said = about.opened.said
    return {
        "id": about.name, "status": about.status, "model": said.model, "version": said.version,
        "finding": said.finding, "severity": said.severity, "verdict_sha256": said.verdict_sha256,
        "owner": view.person(about.owner, about.assigned or about.opened), "due": about.due,
        "overdue": about.overdue(at), "opened_at": about.opened.at,
        "acted_at": None if about.acted is None else about.acted.at,
        "retest": None if about.tested is None else {
            "outcome": about.tested.said.outcome, "verdict_sha256": about.tested.said.evidence_sha256,
            "told": about.words,
        },
        "closed_at": None if about.closed is None else about.closed.at,
        "closed_by": None if about.closed is None else view.person(about.closed.said.by, about.closed),
        "next": next_words(view, about), "ignored": about.ignored, "entries": [one.index for one in about.facts()],
    }  # fmt: skip
