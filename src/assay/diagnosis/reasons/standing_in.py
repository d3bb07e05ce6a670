"""Features that tell a protected attribute by themselves, measured on the reference table; nobody has to declare them.

Values, or bins of equal rows, are ranked in one half of the rows by how often a group occurs in them, and the ranking
is tried on the other half: 0.5 is a coin, 1 tells without fail. Sources: those of `assay.metrics.foretelling`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.metrics.foretelling import SMALLEST, area_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.diagnosis.reasons.favour import Columns
    from assay.records.reasons import Cell

BINS = 32


def standing_in(features: Columns, groups: Mapping[str, Sequence[Cell]]) -> dict[str, tuple[str, Cell, float]]:
    """Return by feature the attribute and group that it tells best, and how well (area under the ROC curve).

    Args:
        features: rows, column by column, in an order that is nothing.
        groups: protected attribute to the group of each row; rows without one are left out.
    """
    found: dict[str, tuple[str, Cell, float]] = {}
    for name, values in features.items():
        bins = _binned(values)
        for attribute, column in groups.items():
            for group in sorted({one for one in column if one is not None}, key=str):
                area = _area(bins, [None if one is None else one == group for one in column])
                if area is not None and area > found.get(name, ("", None, 0.0))[2]:
                    found[name] = (attribute, group, area)
    return found


def _area(bins: Sequence[int], inside: Sequence[bool | None]) -> float | None:
    halves: list[dict[int, list[int]]] = [{}, {}]
    for row, (place, side) in enumerate(zip(bins, inside, strict=True)):
        if side is not None:
            halves[row % 2].setdefault(place, [0, 0])[side] += 1
    if min(sum(one[side] for one in half.values()) for half in halves for side in (0, 1)) < SMALLEST:
        return None  # too few to say
    return (area_of(halves[1], halves[0])[0] + area_of(halves[0], halves[1])[0]) / 2


def _binned(values: Sequence[Cell]) -> list[int]:
    """Return the bin of each value; -1 where it is missing."""
    known = [one for one in values if one is not None]
    different = sorted(set(known), key=lambda one: (isinstance(one, str), one))
    if len(different) > BINS and not any(isinstance(one, str) for one in different):
        ordered = sorted(known, key=float)
        cuts = [float(ordered[len(ordered) * at // BINS]) for at in range(1, BINS)]
        return [-1 if one is None else sum(float(one) >= cut for cut in cuts) for one in values]
    place = {one: at for at, one in enumerate(different)}
    return [-1 if one is None else place[one] for one in values]
