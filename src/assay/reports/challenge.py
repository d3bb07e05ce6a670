"""A challenge as plain text and as Markdown."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from assay.reports.challenge_words import (
    change_words,
    interval_points,
    method_words,
    p_words,
    points,
    standing_words,
    summary,
    title,
    verdict_words,
    who,
)
from assay.reports.words import gap_words, metric_words, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.records.challenge import Challenge, Change

WIDTH = 100
HEAD = ("whom", "in people", "change, points", "interval", "p (Holm)", "it is")


def by_metric(challenge: Challenge) -> dict[str, list[Change]]:
    """Return the changes metric by metric, everybody first."""
    found: dict[str, list[Change]] = {}
    for one in challenge.changes:
        found.setdefault(one.metric, []).append(one)
    return found


def cells(one: Change, smallest: float) -> tuple[str, ...]:
    """Return one change as cells under `HEAD`."""
    if one.value is None:
        return (who(one), plain(one.reason or ""), "", "", "", one.standing)
    return (
        who(one), change_words(one), points(one.value), interval_points(one), p_words(one),
        standing_words(one, smallest),
    )  # fmt: skip


def challenge_text(challenge: Challenge) -> str:
    """Return a challenge for a person at a terminal."""
    lines = [*textwrap.wrap(f"{title(challenge)}.", WIDTH), ""]
    lines += textwrap.wrap(verdict_words(challenge), WIDTH)
    if challenge.decided is not None:
        lines += [line for ground in challenge.decided.grounds for line in _item(plain(ground))]
    for standing, names in summary(challenge):
        lines += ["", f"{standing[0].upper()}{standing[1:]}:"]
        lines += [line for name in names for line in _item(name)]
    for metric, found in by_metric(challenge).items():
        lines += [
            "",
            f"{metric_words(metric)[0].upper()}{metric_words(metric)[1:]}",
            *_table(found, challenge.smallest),
        ]
    lines.append("")
    for sentence in (*_remarks(challenge), *method_words(challenge)):
        lines += textwrap.wrap(sentence, WIDTH)
    return "\n".join(lines) + "\n"


def _item(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="- ", subsequent_indent="  ")


def _remarks(challenge: Challenge) -> list[str]:
    said = [f"{plain(one)[:1].upper()}{plain(one)[1:]}." for one in challenge.remarks]
    return [*said, *(f"{gap_words(gap)}." for gap in challenge.gaps)]


def _table(found: list[Change], smallest: float) -> Iterator[str]:
    """Yield a line a change; the words, which are long, stand last."""
    rows: list[tuple[str, ...]] = [("", *HEAD[2:], HEAD[1])]
    rows += [(name, *numbers, words) for name, words, *numbers in (cells(one, smallest) for one in found)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    for row in rows:
        first, *rest, words = row
        middle = "  ".join(cell.rjust(width) for cell, width in zip(rest[:-1], widths[1:], strict=False))
        yield f"  {first.ljust(widths[0])}  {middle}  {rest[-1].ljust(widths[-2])}  {words}".rstrip()


def challenge_markdown(challenge: Challenge) -> str:
    """Return a challenge as Markdown, for a merge request."""
    lines = [f"## {_escaped(title(challenge))}", "", f"**{_escaped(verdict_words(challenge))}**", ""]
    if challenge.decided is not None:
        lines += [f"- {_escaped(plain(ground))}" for ground in challenge.decided.grounds]
    for standing, names in summary(challenge):
        if standing in {"worse", "better"}:
            lines += ["", f"{standing[0].upper()}{standing[1:]}:", "", *(f"- {_escaped(name)}" for name in names)]
    for metric, found in by_metric(challenge).items():
        words = metric_words(metric)
        lines += ["", f"### {words[0].upper()}{words[1:]}", "", f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"]
        lines += [f"| {' | '.join(map(_escaped, cells(one, challenge.smallest)))} |" for one in found]
    lines += ["", *(_escaped(one) for one in (*_remarks(challenge), *method_words(challenge)))]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\`*_[]|<>" else sign for sign in text)
