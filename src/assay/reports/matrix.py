"""Measurements as tables: one for everybody and the comparisons, and one of metrics by groups for each attribute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from assay.reports import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.measurement import Measurement


@dataclass(frozen=True, slots=True)
class Matrix:
    """Metrics by groups of one attribute, or of several crossed.

    Attributes:
        attributes: the attributes' names.
        groups: the columns, in the order of the evidence.
        rows: a metric's name in words, and its measurement for each group; None where there is none.
    """

    attributes: tuple[str, ...]
    groups: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Measurement | None, ...]], ...]

    @property
    def title(self) -> str:
        """``By race and sex``, or ``Between groups``."""
        if not self.attributes:
            return "Between groups"
        return f"By {' and '.join(words.plain(name) for name in self.attributes)}"


def row_name(found: Measurement) -> str:
    """Return the metric in words, with its column, and with its class where classes are measured one by one."""
    of_class = "" if found.one_of is msgspec.UNSET else f", class {words.plain(found.one_of)}"
    named = "" if found.about is msgspec.UNSET else "".join(f", {words.plain(name)}" for name in found.about.values())
    return words.metric_words(found.metric) + named + of_class


def about_everybody(measurements: Sequence[Measurement]) -> list[Measurement]:
    """Return the measurements about everybody."""
    return [found for found in measurements if not found.group and not found.over]


def between_groups(measurements: Sequence[Measurement], *, crossed: bool | None = None) -> Matrix | None:
    """Return the comparisons between groups as one table: metrics by attributes; None when nothing was compared.

    Args:
        measurements: any.
        crossed: True for crossings of attributes alone, False for single attributes alone, None for both.
    """
    columns: dict[tuple[str, int], dict[str, Measurement]] = {}
    for found in measurements:
        if found.group or found.over is msgspec.UNSET:
            continue
        if crossed is None or ("," in found.over.attribute) == crossed:
            smallest = found.minimum_group if isinstance(found.minimum_group, int) else 0
            columns.setdefault((found.over.attribute, smallest), {}).setdefault(row_name(found), found)
    kept = {column: cells for column, cells in columns.items() if not _repeats(column, columns)}
    if not kept:
        return None
    names = dict.fromkeys(name for cells in kept.values() for name in cells)
    rows = tuple((name, tuple(cells.get(name) for cells in kept.values())) for name in names)
    return Matrix((), tuple(_column_name(*column) for column in kept), rows)


def _repeats(column: tuple[str, int], columns: dict[tuple[str, int], dict[str, Measurement]]) -> bool:
    """Return whether a smaller minimum group changed nothing: a column before it holds the same numbers."""

    def numbers(cells: dict[str, Measurement]) -> list[object]:
        return [(name, found.value, found.n) for name, found in cells.items()]

    earlier = [
        other for other in columns if other[0] == column[0] and list(columns).index(other) < list(columns).index(column)
    ]
    return any(numbers(columns[other]) == numbers(columns[column]) for other in earlier)


def _column_name(attribute: str, smallest: int) -> str:
    names = words.plain(attribute).replace(",", " and ")
    return f"{names}, groups of {smallest:,} or more" if smallest > 1 else names


def by_group(measurements: Sequence[Measurement]) -> list[Matrix]:
    """Return a table for each attribute, and for each crossing of attributes, in the order of the evidence."""
    apart: dict[tuple[str, ...], list[Measurement]] = {}
    for found in measurements:
        if found.group:
            apart.setdefault(tuple(found.group), []).append(found)
    return [_matrix(attributes, found) for attributes, found in sorted(apart.items(), key=lambda pair: len(pair[0]))]


def _matrix(attributes: tuple[str, ...], measurements: Sequence[Measurement]) -> Matrix:
    groups: dict[tuple[object, ...], str] = {}
    cells: dict[str, dict[tuple[object, ...], Measurement]] = {}
    for found in measurements:
        key = tuple((type(value), value) for value in found.group.values())
        groups.setdefault(key, ", ".join(words.group_value(value) for value in found.group.values()))
        row = cells.setdefault(row_name(found), {})
        if key not in row or row[key].value is None:  # measured again for a smaller minimum group
            row[key] = found
    rows = tuple((name, tuple(row.get(key) for key in groups)) for name, row in cells.items())
    return Matrix(attributes, tuple(groups.values()), rows)


def too_small(measurements: Sequence[Measurement]) -> list[tuple[str, list[str]]]:
    """Return the groups that took no part in a comparison, by the least size that the comparison asks for."""
    found: dict[str, dict[str, None]] = {}
    for one in measurements:
        if one.left_out is not msgspec.UNSET and isinstance(one.minimum_group, int):
            groups = found.setdefault(f"fewer than {one.minimum_group:,}", {})
            groups.update(dict.fromkeys(words.group_words(group) for group in one.left_out))
    return [(size, list(groups)) for size, groups in found.items() if groups]


def unmeasured(measurements: Sequence[Measurement]) -> list[tuple[str, str, str]]:
    """Return whom something could not be measured for: whom, the metrics, the reasons."""
    apart: dict[str, list[Measurement]] = {}
    for found in measurements:
        if found.value is None:
            apart.setdefault(words.about(found), []).append(found)
    return [
        (
            whom,
            ", ".join(dict.fromkeys(words.metric_words(one.metric) for one in found)),
            "; ".join(dict.fromkeys(words.plain(one.reason or "no reason given") for one in found)),
        )
        for whom, found in apart.items()
    ]
