"""The arithmetic of tallies: a commutative, associative sum, bit for bit.

A tally without rows is the identity. Scores that are kept by value are put into bins when the sum has more rows with a
score than ``EXACT_ROWS`` and more different ones than ``EXACT_SCORES``; neither ever falls, and a bin depends on the
value and the edges alone, so the outcome is the same as if all rows had been counted at once. Edges of regression
errors are powers of two, so that one histogram's bins lie whole inside a coarser one's.
"""

from __future__ import annotations

from collections import defaultdict
from math import frexp
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec

from assay.errors import DataError
from assay.records.tally import (
    EXACT_ROWS,
    EXACT_SCORES,
    SCORE_BINS,
    Cell,
    ErrorCell,
    Errors,
    Gap,
    ScoreCell,
    Scores,
    Tally,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.records.tally import ClassValue, GroupValue

Part = TypeVar("Part", bound=msgspec.Struct)
Key: TypeAlias = tuple[int, str | int | bool]

FINEST_ERROR_EXPONENT = -40
"""The narrowest histogram of regression errors reaches from -2**-40 to 2**-40."""


def order(value: GroupValue | ClassValue) -> Key:
    """Return a key that orders values of any kind: booleans, numbers, texts, None last. ``True`` is not ``1``."""
    if value is None:
        return (3, 0)
    if isinstance(value, bool):
        return (0, value)
    return (1, value) if isinstance(value, int) else (2, value)


def cell_order(group: tuple[GroupValue, ...], *classes: ClassValue) -> tuple[Key, ...]:
    """Return the key by which cells are ordered and told apart: group, then label, then prediction."""
    return tuple(order(value) for value in (*group, *classes))


def bin_width(low: float, high: float) -> float:
    """Return the width of one of ``SCORE_BINS`` bins; 0.0 when all values are equal."""
    return (high - low) / SCORE_BINS


def bin_of(value: float, low: float, high: float) -> int:
    """Return the bin of a value within the edges; the last bin holds ``high`` too."""
    width = bin_width(low, high)
    return min(int((value - low) / width), SCORE_BINS - 1) if width > 0 else 0


def edges_of(values: Iterable[float]) -> tuple[float, float]:
    """Return the edges of a histogram of scores: 0 and 1 when all lie within, else the least and the greatest."""
    seen = sorted(values)
    if not seen or (seen[0] >= 0.0 and seen[-1] <= 1.0):
        return 0.0, 1.0
    return seen[0], seen[-1]


def error_exponent(greatest: float) -> int:
    """Return the least exponent k, at least ``FINEST_ERROR_EXPONENT``, with ``2**k > greatest >= 0``."""
    return max(frexp(greatest)[1], FINEST_ERROR_EXPONENT) if greatest else FINEST_ERROR_EXPONENT


def _merge(*parts: Iterable[tuple[float, int]]) -> tuple[tuple[float, int], ...]:
    counts: defaultdict[float, int] = defaultdict(int)
    for part in parts:
        for key, count in part:
            counts[key] += count
    return tuple(sorted(counts.items()))


def _merge_bins(*parts: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    return tuple((int(number), count) for number, count in _merge(*parts))


def binned(cell: ScoreCell, low: float, high: float) -> ScoreCell:
    """Return the cell with its values counted by bin between the edges."""
    if cell.values is None:
        return cell
    bins = _merge_bins([(bin_of(value, low, high), count) for value, count in cell.values])
    return msgspec.structs.replace(cell, bins=bins, values=None)


def _is_exact(scores: Scores) -> bool:
    return all(cell.values is not None for cell in scores.cells)


def _distinct(*parts: Scores) -> set[float]:
    return {value for part in parts for cell in part.cells for value, _ in cell.values or ()}


def _common_edges(a: Scores, b: Scores) -> tuple[float, float]:
    """Return the edges of a sum: those that both have, those of the values, or those that a histogram is bound to."""
    if (a.low, a.high) == (b.low, b.high):
        return a.low, a.high
    if any(cell.weighted_bins for part in (a, b) for cell in part.cells):
        raise DataError(_different_edges(a, b, "weighted scores are kept by bin"))
    if _is_exact(a) and _is_exact(b):
        return edges_of(_distinct(a, b))
    if not _is_exact(a) and not _is_exact(b):
        raise DataError(_different_edges(a, b, "both are kept by bin"))
    fixed, free = (b, a) if _is_exact(a) else (a, b)
    if any(not fixed.low <= value <= fixed.high for value in _distinct(free)):
        raise DataError(_different_edges(a, b, "some scores of one lie outside the other's edges"))
    return fixed.low, fixed.high


def _different_edges(a: Scores, b: Scores, why: str) -> str:
    return (
        f"expected tallies whose score histograms have the same edges, found [{a.low}, {a.high}] and "
        f"[{b.low}, {b.high}], and {why}. Tally all rows at once, or give Tallier(low=..., high=...) the same edges"
    )


def _add_score_cells(a: ScoreCell, b: ScoreCell) -> ScoreCell:
    exact = a.values is not None and b.values is not None
    return ScoreCell(
        group=a.group,
        label=a.label,
        bins=_merge_bins(a.bins, b.bins),
        values=_merge(a.values or (), b.values or ()) if exact else None,
        count=a.count + b.count,
        total=a.total + b.total,
        squares=a.squares + b.squares,
        log_losses=_both(a.log_losses, b.log_losses),
        weighted_bins=_merge_bins(a.weighted_bins, b.weighted_bins),
        weighted=_add_part(a.weighted, b.weighted),
    )


def _add_part(a: Part | msgspec.UnsetType, b: Part | msgspec.UnsetType) -> Part | msgspec.UnsetType:
    """Return the sum of two parts of cells, field by field; unset when either is."""
    if isinstance(a, msgspec.UnsetType) or isinstance(b, msgspec.UnsetType):
        return msgspec.UNSET
    sums: dict[str, Any] = {}
    for name in a.__struct_fields__:
        mine, theirs = getattr(a, name), getattr(b, name)
        sums[name] = _merge_bins(mine, theirs) if isinstance(mine, tuple) else _both(mine, theirs)
    return type(a)(**sums)


def _without_losses(cell: ScoreCell) -> ScoreCell:
    weighted = cell.weighted
    if not isinstance(weighted, msgspec.UnsetType):
        weighted = msgspec.structs.replace(weighted, log_losses=None)
    return msgspec.structs.replace(cell, log_losses=None, weighted=weighted)


def _add_scores(a: Scores | None, b: Scores | None) -> Scores | None:
    if a is None or b is None:
        return a or b
    low, high = _common_edges(a, b)
    cells = [*a.cells, *b.cells]
    many = sum(cell.count for cell in cells) > EXACT_ROWS
    if not (_is_exact(a) and _is_exact(b)) or (many and len(_distinct(a, b)) > EXACT_SCORES):
        cells = [binned(cell, low, high) for cell in cells]
    if low < 0.0 or high > 1.0:
        cells = [_without_losses(cell) for cell in cells]
    found: dict[tuple[Key, ...], ScoreCell] = {}
    for cell in cells:
        key = cell_order(cell.group, cell.label)
        found[key] = _add_score_cells(found[key], cell) if key in found else cell
    return Scores(low=low, high=high, cells=tuple(found[key] for key in sorted(found)))


def _coarser(cell: ErrorCell, steps: int) -> ErrorCell:
    """Return the cell with bins that are ``2**steps`` times as wide, around the same middle."""
    middle = SCORE_BINS // 2

    def coarse(bins: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        return _merge_bins([(((number - middle) >> steps) + middle, count) for number, count in bins])

    weighted = cell.weighted
    if not isinstance(weighted, msgspec.UnsetType):
        weighted = msgspec.structs.replace(weighted, weighted_bins=coarse(weighted.weighted_bins))
    return msgspec.structs.replace(cell, bins=coarse(cell.bins), weighted=weighted)


def _add_error_cells(a: ErrorCell, b: ErrorCell) -> ErrorCell:
    sums = {
        name: getattr(a, name) + getattr(b, name)
        for name in ErrorCell.__struct_fields__
        if name not in {"group", "bins", "weighted", "moments"}
    }
    return ErrorCell(
        group=a.group,
        bins=_merge_bins(a.bins, b.bins),
        weighted=_add_part(a.weighted, b.weighted),
        moments=_add_part(a.moments, b.moments),
        **sums,
    )


def _add_errors(a: Errors | None, b: Errors | None) -> Errors | None:
    if a is None or b is None:
        return a or b
    high = max(a.high, b.high)
    found: dict[tuple[Key, ...], ErrorCell] = {}
    for part in (a, b):
        steps = frexp(high)[1] - frexp(part.high)[1]
        for cell in part.cells:
            key, coarse = cell_order(cell.group), _coarser(cell, steps)
            found[key] = _add_error_cells(found[key], coarse) if key in found else coarse
    return Errors(low=-high, high=high, cells=tuple(found[key] for key in sorted(found)))


def _both(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b


def add_cells(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Return the cells in order, those of the same group, label and prediction added."""
    found: dict[tuple[Key, ...], Cell] = {}
    for cell in cells:
        key = cell_order(cell.group, cell.label, cell.prediction)
        if key in found:
            seen = found[key]
            found[key] = Cell(
                group=seen.group,
                label=seen.label,
                prediction=seen.prediction,
                count=seen.count + cell.count,
                weight=_both(seen.weight, cell.weight),
                weight_squares=_both(seen.weight_squares, cell.weight_squares),
            )
        else:
            found[key] = cell
    return tuple(found[key] for key in sorted(found))


def add_gaps(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """Return the gaps in order of column and kind, those of the same kind added."""
    found: defaultdict[tuple[str, str], int] = defaultdict(int)
    kinds: dict[tuple[str, str], Gap] = {}
    for gap in gaps:
        found[gap.column, gap.kind] += gap.count
        kinds[gap.column, gap.kind] = gap
    return tuple(msgspec.structs.replace(kinds[key], count=found[key]) for key in sorted(found))


def add(a: Tally, b: Tally) -> Tally:
    """Return the tally of the rows of both; commutative and associative.

    Raises:
        DataError: when roles differ, or score histograms cannot be brought to the same edges.
    """
    if a.roles != b.roles:
        differing = [name for name in a.roles.__struct_fields__ if getattr(a.roles, name) != getattr(b.roles, name)]
        raise DataError(
            f"expected tallies of the same roles, found different {', '.join(differing)}: "
            f"{[getattr(a.roles, name) for name in differing]} and {[getattr(b.roles, name) for name in differing]}"
        )
    if a.rows and b.rows and a.favourable_is_positive != b.favourable_is_positive:
        raise DataError("expected tallies with the same favourable outcome; in one of them it is the positive class")
    return Tally(
        roles=a.roles,
        favourable_is_positive=(a if a.rows else b).favourable_is_positive,
        rows=a.rows + b.rows,
        cells=add_cells([*a.cells, *b.cells]),
        scores=_add_scores(a.scores, b.scores),
        errors=_add_errors(a.errors, b.errors),
        gaps=add_gaps([*a.gaps, *b.gaps]),
        sources=tuple(sorted([*a.sources, *b.sources], key=msgspec.json.encode)),
    )
