"""A comparison of two tables as Markdown and as plain text: one line a column, and what is odd in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports.words import number, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.comparison import ColumnMeasurement

HEAD = (
    "column",
    "PSI",
    "Jensen-Shannon",
    "KS",
    "Wasserstein",
    "chi-squared p",
    "missing before",
    "missing now",
    "new or out of range",
)
METRICS = (
    "psi", "jensen_shannon", "ks", "wasserstein", "chi_squared_p_value", "reference_missing_share", "missing_share",
)  # fmt: skip


def rows(measurements: Sequence[ColumnMeasurement]) -> list[tuple[str, ...]]:
    """Return a row a column, in the order of the measurements, under `HEAD`."""
    columns: dict[str, dict[str, ColumnMeasurement]] = {}
    for one in measurements:
        columns.setdefault(one.column, {})[one.metric] = one
    return [
        (
            plain(column),
            *(_value(found.get(metric)) for metric in METRICS),
            _value(found.get("unseen_share") or found.get("out_of_range_share")),
        )
        for column, found in columns.items()
    ]


def _value(found: ColumnMeasurement | None) -> str:
    if found is None:
        return ""
    return "not measured" if found.value is None else number(found.value)


def comparison_markdown(reference_rows: int, current_rows: int, measurements: Sequence[ColumnMeasurement]) -> str:
    """Return a comparison as Markdown."""
    lines = [
        f"{reference_rows:,} rows before, {current_rows:,} now.",
        "",
        f"| {' | '.join(HEAD)} |",
        f"|{'---|' * len(HEAD)}",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows(measurements)),
    ]
    return "\n".join(lines) + "\n"


def comparison_text(reference_rows: int, current_rows: int, measurements: Sequence[ColumnMeasurement]) -> str:
    """Return a comparison as aligned plain text."""
    table = [HEAD, *rows(measurements)]
    widths = [max(len(row[place]) for row in table) for place in range(len(HEAD))]
    lines = [f"{reference_rows:,} rows before, {current_rows:,} now.", ""]
    for row in table:
        first, *rest = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *rest]).rstrip())
    return "\n".join(lines) + "\n"
