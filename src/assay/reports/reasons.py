"""Reasons for adverse decisions as a table: for a terminal, as JSON, and a row a reason for CSV and Parquet."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.records.reasons import PersonReasons, ReasonsGiven

COLUMNS = (
    "id", "score", "rank", "statement", "features", "contribution", "share", "flags", "advice",
)  # fmt: skip
SHOWN = 20
"""People that a terminal shows; the files have all."""

_COMPARED = {
    "passing": "those who passed narrowly",
    "approved": "all who passed",
    "all": "everybody",
}


def reasons_json(record: ReasonsGiven, people: Sequence[PersonReasons]) -> str:
    """Return ``{"record": ..., "people": [...]}``."""
    document = {"record": msgspec.to_builtins(record), "people": [msgspec.to_builtins(one) for one in people]}
    return json.dumps(document, ensure_ascii=False, indent=1)


def reason_rows(people: Sequence[PersonReasons]) -> dict[str, list[Any]]:
    """Return a row a reason, column by column (`COLUMNS`)."""
    rows = [
        (
            person.id, person.score, rank, reason.statement, ",".join(reason.features), reason.contribution,
            reason.share, ",".join(reason.flags), person.advice.told if person.advice is not None else None,
        )
        for person in people
        for rank, reason in enumerate(person.reasons, 1)
    ]  # fmt: skip
    return {name: [row[at] for row in rows] for at, name in enumerate(COLUMNS)}


def reasons_csv(people: Sequence[PersonReasons]) -> str:
    """Return a row a reason as CSV (RFC 4180); a text that a spreadsheet would take for a formula begins with '."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    columns = reason_rows(people)
    writer.writerows([[_harmless(cell) for cell in row] for row in zip(*columns.values(), strict=True)])
    return stream.getvalue()


def _harmless(cell: Any) -> Any:  # noqa: ANN401 - any cell
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def basis_words(record: ReasonsGiven) -> str:
    """Return how the reasons were found, in one sentence."""
    how = "exact: no two features interact" if record.method == "additive" else f"by {record.engine}"
    return (
        f"Compared with {_COMPARED[record.reference.applicants]} ({record.reference.rows:,} rows of "
        f"{record.reference.source}), in {record.scale}, {how}; the contributions sum to the score within "
        f"{record.off_by:.0e}."
    )


def reasons_text(record: ReasonsGiven, people: Sequence[PersonReasons]) -> str:
    """Return the reasons for a terminal: how they were found, then person by person."""
    below = f"favourable probability below {record.threshold:g}"
    denied = f"{record.denied:,} of {record.asked:,} denied by {record.model} {record.version} ({below})."
    lines = [denied, basis_words(record)]
    for person in people[:SHOWN]:
        lines += ["", *_person_lines(person)]
    if len(people) > SHOWN:
        lines += ["", f"and {len(people) - SHOWN:,} more: --output csv=FILE, or --format json, has all of them"]
    return "\n".join(lines) + "\n"


def person_text(person: PersonReasons) -> str:
    """Return the reasons of one person for a terminal."""
    return "\n".join(_person_lines(person)) + "\n"


def _person_lines(person: PersonReasons) -> Iterator[str]:
    yield f"{person.id}  scored {person.score:.4f}"
    for rank, reason in enumerate(person.reasons, 1):
        flags = "".join(f"  [{flag_words(flag)}]" for flag in reason.flags)
        yield f"  {rank}. {reason.statement} ({reason.share * 100:.0f} %: {', '.join(reason.features)}){flags}"
    if person.listed_share < 1:
        yield f"     together {person.listed_share * 100:.0f} % of what pulled the score down"
    if person.advice is not None:
        yield f"  would do: {person.advice.told}"


def flag_words(flag: str) -> str:
    """Return a flag in words."""
    kind, _, attribute = flag.partition(":")
    return f"a protected attribute: {attribute}" if kind == "protected" else f"stands in for {attribute}"
