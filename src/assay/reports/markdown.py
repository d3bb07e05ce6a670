"""Markdown for a CI step summary or a pull request: verdict first, then what failed and why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assay.reports import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assay.records.measurement import Measurement
    from assay.records.verdict import Finding
    from assay.reports.release import Release

MOST_ROWS = 400
"""Rows of a table beyond this are counted in words: a step summary holds 1 MiB."""

_SPECIAL = re.compile(r"[\\`*_\[\]|~$]")
_LEADING = re.compile(r"\A(?=[#+=-])|(?<=\A\d)(?=[.)](?:\s|\Z))|(?<=\A\d\d)(?=[.)](?:\s|\Z))")
_MENTION = re.compile(r"(?<![\w.])@(?=\w)")


def text(found: object) -> str:
    """Return words as Markdown text on one line: nothing in them is read as markup, HTML, a mention or a link."""
    escaped = words.plain(found).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = re.sub(r"(?i)\b(https?|ftp|www)(:|\.)", r"\1&#8203;\2", escaped)
    escaped = _MENTION.sub("@&#8203;", escaped)
    return _LEADING.sub(r"\\", _SPECIAL.sub(r"\\\g<0>", escaped))


def code(found: object) -> str:
    """Return words as a code span that fits a table cell."""
    return f"`{words.plain(found).replace('`', chr(0x2BC)).replace('|', chr(0xA6)) or ' '}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table's lines; cells are Markdown already."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return [*lines, ""]


def markdown(release: Release) -> str:
    """Return the report of a release as Markdown."""
    verdict = release.verdict
    failed, unknown = release.with_status("fail"), release.with_status("unknown")
    name = text(words.subject_words(verdict))
    lines = [f"## {verdict.decision}: {name} {words.decision_words(verdict)}", "", text(verdict.reason), ""]
    tier = f", tier {text(verdict.policy.tier)}" if verdict.policy.tier else ""
    policy = f"{text(verdict.policy.name)} {text(verdict.policy.version)}{tier}"
    rows = f"{release.evidence.rows:,} rows of the {text(release.evidence.measured_on)} data"
    lines += [f"Policy {policy}; {rows}; decided {text(verdict.decided_at)}.", ""]
    if failed:
        lines += [f"### Failed: {len(failed)}", ""]
        lines += [line for finding in failed for line in _finding(release, finding)]
    if unknown:
        lines += [f"### Unknown, which never passes: {len(unknown)}", ""]
        lines += [line for finding in unknown for line in _finding(release, finding)]
    lines += _passed(release)
    lines += _consents(release)
    lines += _gaps(release)
    lines += _digests(release)
    return "\n".join(lines).rstrip() + "\n"


def _finding(release: Release, finding: Finding) -> list[str]:
    measured = release.measurement_of(finding)
    whom = f" ({text(words.about(finding))})" if finding.group or finding.over or finding.of else ""
    lines = [f"**{text(finding.title)}**{whom}: {text(words.enforcement_words(finding, release.verdict))}", ""]
    lines.append(f"- {text(finding.reason)}")
    numbers = words.measured_words(finding, measured.level if measured else None)
    if numbers:
        metric = f"{code(finding.metric)} " if finding.metric else ""
        decided = words.decide_words(finding)
        lines.append(f"- {metric}{text(numbers)}{f'; {text(decided)}' if decided else ''}")
    if finding.people:
        lines.append(f"- {text(finding.people)}")
    if finding.remedy:
        lines.append(f"- What to do: {text(finding.remedy)}")
    if finding.waiver:
        lines.append(f"- {_waiver(release, finding)}")
    source = f"- Control {code(finding.control)}"
    if finding.place:
        source += f" at {code(words.place_words(finding))}"
    if finding.provenance:
        origin = finding.provenance
        source += f"; limit set by {text(origin.set_by)} on {text(origin.when)} after {text(origin.source)}"
    if finding.clauses:
        source += f"; maps to {', '.join(code(clause) for clause in finding.clauses)}"
    return [*lines, source, ""]


def _waiver(release: Release, finding: Finding) -> str:
    use = release.waiver_of(finding)
    if use is None:
        told = f"waiver {code(finding.waiver)} is not among the consents of this verdict."
    else:
        told = f"{text(use.by or 'an unknown key')} as {text(use.role)}: {text(words.terms_words(use))}"
    return f"Accepted by a waiver; {words.stays_words(finding)}. Given by {told}" if use else f"Accepted, but {told}"


def _passed(release: Release) -> list[str]:
    passed, aside = release.with_status("pass"), release.with_status("not-applicable")
    told = f"{words.counted(len(passed), 'check')} passed"
    if aside:
        told += f", {len(aside)} not applicable"
    lines = ["<details>", f"<summary>{told}</summary>", ""]
    lines += table(
        ("requirement", "about", "measured", "limit", "people", "status"),
        [
            (
                text(finding.title),
                text(words.about(finding)) if finding.group or finding.over or finding.of else "",
                text(words.number(finding.measured, beside=finding.limit)) if finding.measured is not None else "",
                words.limit_words(finding.limit),
                f"{finding.n:,}" if finding.n is not None else "",
                words.STATUSES[finding.status],
            )
            for finding in (passed + aside)[:MOST_ROWS]
        ],
    )
    hidden = len(passed) + len(aside) - MOST_ROWS
    lines += [f"{hidden:,} more are not shown here.", ""] if hidden > 0 else []
    return [*lines, "</details>", ""]


def _consents(release: Release) -> list[str]:
    verdict = release.verdict
    if not verdict.approvals and not verdict.consents:
        return []
    lines = ["### Approvals and waivers", ""]
    lines += [f"- {text(words.approval_words(step))}" for step in verdict.approvals]
    lines += [f"- {text(words.consent_words(use))}" for use in verdict.consents]
    return [*lines, ""]


def _gaps(release: Release) -> list[str]:
    told = [f"- {text(words.gap_words(gap))}" for gap in release.evidence.gaps]
    told += [f"- {text(sentence)}" for sentence in release.evidence.documentation.contradictions]
    return ["### Gaps", "", *told, ""] if told else []


def _digests(release: Release) -> list[str]:
    verdict = release.verdict
    rows = [("model", verdict.model_sha256), *((f"data: {role}", found) for role, found in verdict.datasets.items())]
    rows += [("policy", verdict.policy.sha256), ("evidence", verdict.evidence_sha256)]
    lines = ["<details>", "<summary>What was judged (SHA-256)</summary>", ""]
    return [*lines, *table(("what", "digest"), [(text(name), code(found)) for name, found in rows]), "</details>"]


def measurements_markdown(measurements: Sequence[Measurement], *, rows: int | None = None) -> str:
    """Return measurements as one Markdown table.

    Args:
        measurements: in the order they should stand.
        rows: rows that were read; told above the table when given.
    """
    lines = [f"{rows:,} {'row' if rows == 1 else 'rows'}", ""] if rows is not None else []
    lines += table(
        ("metric", "about", "value", "interval", "people", "remark"),
        [
            (
                code(found.metric),
                text(words.about(found)),
                text(words.number(found.value)) if found.value is not None else "not measured",
                text(words.interval_words(found.interval)) if found.interval else "",
                f"{found.n:,}",
                text(words.remark_words(found)),
            )
            for found in measurements[:MOST_ROWS]
        ],
    )
    if len(measurements) > MOST_ROWS:
        lines.append(
            f"{len(measurements) - MOST_ROWS:,} more measurements are not shown; `--format json` holds them all."
        )
    return "\n".join(lines).rstrip() + "\n"
