"""An explanation as text for people, as Markdown, and as JSON for machines, with its JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from assay.records.explanation import Explanation
from assay.reports import words
from assay.reports.lines import BLANK, STYLES, Line
from assay.reports.markdown import code, markdown, text
from assay.reports.plain import WIDTH, wrapped_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.records.explanation import Cause, Clue, ExplainedFinding, Remedy
    from assay.reports.release import Release

TINY = 1e-4

ALL_WELL = "Nothing is to be explained: every finding passes, or does not apply."


def cause_words(cause: Cause) -> str:
    """Return ``64 % of the gap, confidence 79 %``, without what is not known."""
    share = "" if cause.share is None else f"{cause.share:.0%} of the gap, "
    return f"{share}confidence {cause.confidence:.0%}"


def clue_words(clue: Clue) -> str:
    """Return one quantity with its interval, people and source."""
    value = "" if clue.value is None else f": {_amount(clue.value)}"
    span = "" if clue.interval is None else f" ({words.interval_words(clue.interval)})"
    rows = "" if clue.n is None else f", n = {clue.n:,}"
    told = "" if clue.told is None else f": {words.plain(clue.told)}"
    source = "" if clue.source is None else f" [{words.plain(clue.source)}]"
    return f"{words.plain(clue.what)}{value}{span}{told}{rows}{source}"


def _amount(value: float) -> str:
    """Return a number; of a tiny one, such as a chance, its order."""
    return f"{value:.0e}" if 0 < abs(value) < TINY else words.number(value)


def limit_line(found: ExplainedFinding) -> str | None:
    """Return the limit, who set it, when, on what authority and why, and where it stands."""
    if found.limit is None and found.provenance is None and found.place is None:
        return None
    parts = [words.limit_words(found.limit)] if found.limit is not None else []
    if found.place is not None:
        place = found.place
        parts.append(f"{words.plain(place.file)}:{place.line}:{place.column} {words.plain(place.path)}")
    if found.provenance is not None:
        origin = found.provenance
        parts.append(
            f"set by {words.plain(origin.set_by)} on {words.plain(origin.when)} after {words.plain(origin.source)}: "
            f"{words.plain(origin.why)}"
        )
    return f"{'Limit' if found.limit is not None else 'Asked for'}: {'; '.join(parts)}"


def remedy_words(remedy: Remedy) -> str:
    """Return what to do, what it moves and what it costs."""
    more = remedy.price or remedy.changes
    return words.plain(remedy.detail) + (f" ({words.plain(more)})" if more else "")


# Text


def explanation_lines(explanation: Explanation) -> Iterator[Line]:
    """Yield the explanation for a person, finding by finding."""
    for remark in explanation.remarks:
        yield Line(((words.plain(remark), "dim"),))
    for number, found in enumerate(explanation.findings):
        if number or explanation.remarks:
            yield BLANK
        yield from _finding(found)
    if not explanation.findings:
        yield Line(((ALL_WELL, ""),))


def _finding(found: ExplainedFinding) -> Iterator[Line]:
    label = ("n/a" if found.status == "not-applicable" else found.status, STYLES[found.status])
    whom = f" ({words.plain(found.about)})" if found.about else ""
    yield Line(((f"{words.plain(found.title)}{whom}", "bold"),), 9, label)
    yield Line(((words.plain(found.finding), "dim"),), 9)
    yield Line(((words.plain(found.reason), ""),), 9)
    advised = {remedy.detail for remedy in found.remedies}
    for told in (limit_line(found), found.certainty, found.people, found.change):
        if told and told not in advised:
            yield Line(((words.plain(told), ""),), 9)
    for number, cause in enumerate(found.causes, 1):
        yield Line(
            ((f"{cause.kind}", "bold"), (f"  {words.CAUSES[cause.kind]} ({cause_words(cause)})", "")),
            13, ("         why" if number == 1 else "         or", "bold"),
        )  # fmt: skip
        yield Line(((words.plain(cause.detail), ""),), 13)
        for clue in cause.evidence:
            yield Line(((clue_words(clue), "dim"),), 15)
    for number, remedy in enumerate(found.remedies, 1):
        yield Line(((remedy_words(remedy), ""),), 12, (f"         {number}.", "bold"))
        if remedy.command:
            yield Line(((f"$ {words.plain(remedy.command)}", "dim"),), 12)
    for told in found.unexamined:
        yield Line(((f"not looked at: {words.plain(told)}", "dim"),), 9)


def explanation_text(explanation: Explanation, *, width: int = WIDTH) -> str:
    """Return the explanation as plain text of this many columns."""
    return wrapped_lines(explanation_lines(explanation), width)


# Markdown


def explanation_markdown(explanation: Explanation, *, level: int = 2) -> str:
    """Return the explanation as Markdown; headings start at a level."""
    head = "#" * level
    lines = [f"{head} Why, and what would mend it: {text(explanation.subject)}", ""]
    lines += [f"*{text(remark)}*\n" for remark in explanation.remarks]
    for found in explanation.findings:
        lines += _finding_markdown(found, head)
    if not explanation.findings:
        lines += [ALL_WELL, ""]
    return "\n".join(lines).rstrip() + "\n"


def release_markdown(release: Release) -> str:
    """Return the report of a release as Markdown, with the reasons why where there is an explanation."""
    report = markdown(release)
    if release.explanation is None:
        return report
    return f"{report}\n{explanation_markdown(release.explanation, level=3)}"


def _finding_markdown(found: ExplainedFinding, head: str) -> list[str]:
    lines = [f"{head}# {text(found.title)}: {found.status}", "", f"{code(found.finding)} {text(found.reason)}", ""]
    lines += [f"- {text(one)}" for one in (limit_line(found), found.certainty, found.people, found.change) if one]
    lines += ["", "| cause | share of the gap | confidence | what was seen |", "| --- | --- | --- | --- |"]
    for cause in found.causes:
        share = "" if cause.share is None else f"{cause.share:.0%}"
        kind = f"{code(cause.kind)} {text(words.CAUSES[cause.kind])}"
        lines.append(f"| {kind} | {share} | {cause.confidence:.0%} | {text(cause.detail)} |")
    lines.append("")
    for number, remedy in enumerate(found.remedies, 1):
        lines.append(f"{number}. {text(remedy_words(remedy))}{f' {code(remedy.command)}' if remedy.command else ''}")
    lines += ["", *(f"- Not looked at: {text(told)}" for told in found.unexamined), ""]
    return lines


# JSON


def explanation_json(explanation: Explanation) -> str:
    """Return ``{"findings": [...], ...}``, indented."""
    return msgspec.json.format(msgspec.json.encode(explanation), indent=1).decode()


def explanation_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `explanation_json`, generated from the records."""
    found = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(Explanation)))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Assay explanation", **found}


def schema_json() -> str:
    """Return `explanation_schema` as indented JSON."""
    schema = msgspec.json.encode(explanation_schema(), order="deterministic")
    return msgspec.json.format(schema, indent=2).decode() + "\n"
