"""A release and measurements as lines of text: what the terminal colours and the plain report prints as it is.

The verdict comes first, then what failed and why; words carry the meaning, styles only repeat it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.reports import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.records.measurement import Measurement
    from assay.records.verdict import Finding
    from assay.reports.release import Release

STYLES = {
    "allow": "bold green", "warn": "bold yellow", "deny": "bold red", "undecided": "bold magenta",
    "fail": "bold red", "unknown": "bold magenta", "pass": "green", "not-applicable": "dim",
}  # fmt: skip

NUMBERS = 40
"""Columns that a value, its interval and the number of people take."""


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph.

    Attributes:
        parts: texts with their styles, one after the other.
        indent: columns to the left of every line it wraps into.
        label: text and style in the indent of its first line.
    """

    parts: tuple[tuple[str, str], ...] = ()
    indent: int = 0
    label: tuple[str, str] = ("", "")

    @property
    def text(self) -> str:
        """The paragraph without styles."""
        return "".join(part for part, _ in self.parts)


BLANK = Line()


def _line(text: str, style: str = "", *, indent: int = 0, label: tuple[str, str] = ("", "")) -> Line:
    return Line(((text, style),), indent, label)


def release_lines(release: Release) -> Iterator[Line]:
    """Yield the report of a release."""
    verdict = release.verdict
    title = f"{words.subject_words(verdict)} {words.decision_words(verdict)}"
    yield Line(((f"{verdict.decision.upper()}  ", STYLES[verdict.decision]), (title, "bold")))
    yield _line(words.plain(verdict.reason))
    tier = f", tier {words.plain(verdict.policy.tier)}" if verdict.policy.tier else ""
    policy = f"policy {words.plain(verdict.policy.name)} {words.plain(verdict.policy.version)}{tier}"
    rows = f"{release.evidence.rows:,} rows of the {words.plain(release.evidence.measured_on)} data"
    yield _line(f"{policy}; {rows}", "dim")
    for finding in release.with_status("fail") + release.with_status("unknown"):
        yield BLANK
        yield from _finding(release, finding)
    yield BLANK
    yield from _likeliest(release)
    yield _line(_counts(release))
    for step in verdict.approvals:
        style = "green" if len(step.given) >= step.needed else "yellow"
        yield _line(words.approval_words(step), indent=10, label=("approval", style))
    for use in verdict.consents:
        yield _line(words.consent_words(use), indent=10, label=("presented", "dim"))
    for gap in release.evidence.gaps:
        yield _line(f"not counted: {words.gap_words(gap)}", "dim")


def _likeliest(release: Release) -> Iterator[Line]:
    """Yield the likeliest cause of the first gap that has one, and the line that tells more."""
    if release.explanation is None:
        return
    subject = f"{words.plain(release.verdict.model)}/{words.plain(release.verdict.version)}"
    stage = words.stage_of(release.verdict)
    command = f"assay explain {subject}" + ("" if stage == "release" else f"/{stage}")
    for found in release.explanation.findings:
        cause = found.causes[0]
        if found.status == "fail" and cause.kind != "none":
            told = f"likeliest cause of {words.plain(found.finding)}: {words.CAUSES[cause.kind]} ({cause.kind}). More: "
            yield Line(((told, ""), (command, "bold")))
            return
    yield Line((("why, and what would mend it: ", ""), (command, "bold")))


def _finding(release: Release, finding: Finding) -> Iterator[Line]:
    whom = f" ({words.about(finding)})" if finding.group or finding.over or finding.of else ""
    label = (words.STATUSES[finding.status], STYLES[finding.status])
    yield _line(f"{words.plain(finding.title)}{whom}", "bold", indent=8, label=label)
    yield _line(words.plain(finding.reason), indent=8)
    measured = release.measurement_of(finding)
    numbers = words.measured_words(finding, measured.level if measured else None)
    if numbers:
        metric = f"{words.metric_words(finding.metric)}: " if finding.metric else ""
        decided = f"; {words.decide_words(finding)}" if finding.decide else ""
        yield _line(f"{metric}{numbers}{decided}", indent=8)
    if finding.people:
        yield _line(words.plain(finding.people), indent=8)
    if finding.remedy:
        yield Line((("what to do: ", "bold"), (words.plain(finding.remedy), "")), 8)
    if finding.waiver:
        use = release.waiver_of(finding)
        by = f" by {words.plain(use.by)}" if use and use.by else ""
        ends = f", ends {words.plain(use.expires)}" if use and use.expires else ""
        yield _line(f"accepted by a waiver{by}{ends}; {words.stays_words(finding)}", "yellow", indent=8)
    place = f" at {words.place_words(finding)}" if finding.place else ""
    maps = f"; maps to {', '.join(words.plain(clause) for clause in finding.clauses)}" if finding.clauses else ""
    source = f"{finding.severity}, {words.does_words(finding, release.verdict)}; control {words.plain(finding.control)}"
    yield _line(f"{source}{place}{maps}", "dim", indent=8)


def _counts(release: Release) -> str:
    by_word = {
        "failed": release.with_status("fail"),
        "unknown": release.with_status("unknown"),
        "passed": release.with_status("pass"),
        "not applicable": release.with_status("not-applicable"),
    }
    return ", ".join(f"{len(found)} {word}" for word, found in by_word.items() if found or word == "passed")


def measurement_lines(measurements: Sequence[Measurement], width: int) -> Iterator[Line]:
    """Yield measurements metric by metric: whom, value, interval, people, and why a value is missing.

    Args:
        measurements: any; metrics keep the order in which each first appears.
        width: columns of the page.
    """
    order = {metric: place for place, metric in enumerate(dict.fromkeys(found.metric for found in measurements))}
    longest = max((len(words.about(found)) for found in measurements), default=0)
    room = max(min(longest, width - NUMBERS - 4), 12)
    heading = None
    for found in sorted(measurements, key=lambda found: order[found.metric]):
        if found.metric != heading:
            heading = found.metric
            yield BLANK
            yield _line(words.metric_words(found.metric), "bold")
        yield from _measurement(found, room)
    if not measurements:
        yield _line("Nothing was measured.")


def _measurement(found: Measurement, room: int) -> Iterator[Line]:
    whom = words.about(found)
    if len(whom) > room:
        yield _line(whom, indent=2)
        whom = ""
    value = words.number(found.value) if found.value is not None else "unknown"
    style = "" if found.value is not None else STYLES["unknown"]
    interval = words.interval_words(found.interval) if found.interval else ""
    yield Line(((f"{whom:<{room}}  ", ""), (f"{value:>9}", style), (f"  {interval:<16}  n = {found.n:,}", "")), 2)
    remark = words.remark_words(found)
    if remark:
        yield _line(remark, "dim", indent=4)
