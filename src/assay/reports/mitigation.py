"""A search for a remedy as text for people, as Markdown, and as JSON for machines."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import msgspec

from assay.reports import mitigation_words as told
from assay.reports.words import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.records.mitigation import Mitigation, Trial

WIDTH = 110
WORST_TOLD = 4


def mitigation_json(found: Mitigation) -> str:
    """Return the whole record, indented."""
    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode()


def mitigation_text(found: Mitigation, *, width: int = WIDTH) -> str:
    """Return a search for a person: what was to be mended, each candidate a row, what got worse."""
    lines: list[str] = []

    def say(text: str, indent: int = 0) -> None:
        margin = " " * indent
        lines.extend(
            textwrap.wrap(text, width, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)
        )

    say(f"{told.TITLES[found.search]}: {told.aim_words(found)}")
    say(told.before_words(found))
    say(f"Learner: {plain(found.estimator)}.")
    say(f"Rows: {plain(found.held_out)}")
    say(told.budget_words(found))
    lines.append("")
    lines.extend(_table(found))
    lines.append("")
    say(found.recommendation)
    say(told.compared_words(found))
    say(found.multiplicity)
    for trial in _looked_at(found):
        lines.append("")
        for line, indent in _trial_lines(trial):
            say(line, indent)
    if told.unmeasured(found):
        lines.extend(["", "Without numbers:"])
    for names, status, reason in told.reasons(found):
        say(f"{', '.join(names)}: {status}: {reason}", 2)
    lines.append("")
    say(told.next_words(found))
    return "\n".join(lines) + "\n"


def _looked_at(found: Mitigation) -> list[Trial]:
    """Return the candidates that are told of one by one: the recommended one, then the front."""
    names = [found.recommended, *found.front]
    return [trial for name in dict.fromkeys(names) if name is not None and (trial := found.trial(name)) is not None]


def _trial_lines(trial: Trial) -> Iterator[tuple[str, int]]:
    yield f"{trial.name}: {plain(trial.title)}", 0
    yield f"{told.needs_words(trial)}. {plain(trial.determinism)}", 2
    yield f"settings: {told.settings_words(trial)}", 2
    for note in trial.notes:
        yield plain(note), 2
    open_ = [one for one in trial.findings if one.status != "pass"]
    if open_:
        yield "not kept: " + "; ".join(f"{plain(one.id)} ({one.status})" for one in open_), 2
    sure = [one for one in trial.worse if one.sure]
    yield "got worse:" if trial.worse else "got worse: nothing by half a point or more", 2
    shown = sure[:WORST_TOLD] or trial.worse[:1]
    for change in shown:
        yield told.change_words(change), 4
    if len(trial.worse) > len(shown):
        more = f"{len(sure) - len(shown)} more surely, " if len(sure) > len(shown) else ""
        yield f"{more}{len(trial.worse) - len(sure)} perhaps: in --format json", 4


def _table(found: Mitigation) -> list[str]:
    rows = [(_marked(found, one.name), *told.trial_row(one)[1:]) for one in told.measured(found)]
    if not rows:
        return ["No candidate was measured."]
    table = [told.HEAD, *rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(told.HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return [*lines, "* no other candidate is better in both accuracy and the aim"]


def _marked(found: Mitigation, name: str) -> str:
    return f"{name} *" if name in found.front else name


def mitigation_markdown(found: Mitigation) -> str:
    """Return a search as Markdown."""
    rows = [(_marked(found, one.name), *told.trial_row(one)[1:]) for one in told.measured(found)]
    lines = [
        f"# {told.TITLES[found.search]}: {plain(found.subject)}",
        "",
        f"{_capital(told.aim_words(found))}. {told.before_words(found)}",
        "",
        f"Learner: {plain(found.estimator)}. {plain(found.held_out)}",
        "",
        told.budget_words(found),
        "",
        *_markdown_table(told.HEAD, rows),
        "",
        "\\* no other candidate is better in both accuracy and the aim.",
        "",
        f"**{plain(found.recommendation)}** {told.compared_words(found)} {found.multiplicity}",
    ]  # fmt: skip
    for trial in told.measured(found):
        lines += ["", f"## {trial.name}", "", f"{plain(trial.title)} Source: {plain(trial.source)}.", ""]
        lines += [f"- {_capital(told.needs_words(trial))}. {plain(trial.determinism)}",
                  f"- Settings: {told.settings_words(trial)}."]  # fmt: skip
        lines += [f"- {plain(note)}" for note in trial.notes]
        lines += [f"- Worse: {told.change_words(one)}" for one in trial.worse if one.sure]
        lines += [f"- Better: {told.change_words(one)}" for one in trial.better if one.sure]
    others = [(", ".join(names), status, reason) for names, status, reason in told.reasons(found)]
    if others:
        lines += ["", "## Without numbers", "", *_markdown_table(("candidate", "status", "reason"), others)]
    return "\n".join(lines) + "\n"


def _markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (head, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [lines[0], f"|{'---|' * len(head)}", *lines[1:]]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
