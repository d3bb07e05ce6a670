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
        """``By race and sex``."""
        return f"By {' and '.join(words.plain(name) for name in self.attributes)}"


def row_name(found: Measurement) -> str:
    """Return the metric in words, with its class where classes are measured one by one."""
    of_class = "" if found.one_of is msgspec.UNSET else f", class {words.plain(found.one_of)}"
    return words.metric_words(found.metric) + of_class


def without_group(measurements: Sequence[Measurement]) -> list[Measurement]:
    """Return the measurements about everybody and those between groups; what stands there twice is told once."""
    apart = {
        msgspec.json.encode((found.metric, words.about(found), found.value, found.interval, found.n)): found
        for found in reversed(measurements)
        if not found.group
    }
    return list(reversed(apart.values()))


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
