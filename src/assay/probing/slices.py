"""Where the recorded predictions err most: every slice of one or two binned features that is large enough."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from assay.probing.asking import differs
from assay.probing.rows import is_measured, numbers
from assay.records.probe_counts import Slice, Slices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.probing.asking import Decision
    from assay.probing.rows import ProbeRows
    from assay.probing.scorer import Value

BINS = 4
MOST_CATEGORIES = 12
"""Categories of a feature that are slices of their own; the rarer ones are one slice."""


def slices(rows: ProbeRows, *, depth: int, smallest: int, tolerance: float = 0.0) -> Slices:
    """Count errors in every slice of up to ``depth`` features.

    After Chung, Kraska, Polyzotis, Tae and Whang (2019), "Slice Finder", ICDE, section 3, but every slice that is large
    enough is counted, so that the number of comparisons is known and can be corrected for.

    Args:
        rows: with labels and recorded predictions.
        depth: features of a slice, 1 or 2.
        smallest: rows that a slice needs; and as many must be outside of it.
        tolerance: of a regression: by how much a prediction may miss its label and be no error.
    """
    known = [row for row in range(rows.count) if rows.label[row] is not None and rows.prediction[row] is not None]
    if not known:
        return Slices(smallest=smallest, reason="no row has both a label and a recorded prediction")
    wrong = [_wrong(rows.label[row], rows.prediction[row], tolerance) for row in known]
    columns: Mapping[str, Sequence[Value]] = {**rows.features, **rows.groups}
    binned = {name: _binned([values[row] for row in known]) for name, values in columns.items()}
    found: list[Slice] = []
    for size in range(1, depth + 1):
        for names in combinations(binned, size):
            found += _counted(names, binned, wrong, smallest)
    reason = None if found else f"no slice has {smallest} rows within and outside of it"
    return Slices(rows=len(known), errors=sum(wrong), slices=tuple(found), smallest=smallest, reason=reason)


def _wrong(label: Decision | None, predicted: Decision | None, tolerance: float) -> bool:
    return label is None or predicted is None or differs(label, predicted, tolerance)


def _counted(
    names: Sequence[str], binned: Mapping[str, Sequence[str]], wrong: Sequence[bool], smallest: int
) -> list[Slice]:
    keys = list(zip(*(binned[name] for name in names), strict=True))
    within = Counter(keys)
    errors = Counter(key for key, is_wrong in zip(keys, wrong, strict=True) if is_wrong)
    return [
        Slice(
            name=" and ".join(f"{name} {value}" for name, value in zip(names, key, strict=True)),
            rows=count,
            errors=errors[key],
        )
        for key, count in sorted(within.items())
        if smallest <= count <= len(keys) - smallest
    ]


def _binned(values: Sequence[Value]) -> list[str]:
    """Return the bin of each value, in words: quarters of a numeric feature, the categories of another."""
    if is_measured(values):
        ordered = sorted(numbers(values))
        cuts = sorted({ordered[len(ordered) * part // BINS] for part in range(1, BINS)})
        words = [f"under {cuts[0]:.4g}"]
        words += [f"from {low:.4g} to under {high:.4g}" for low, high in pairwise(cuts)]
        words += [f"from {cuts[-1]:.4g}"]
        return ["missing" if not isinstance(v, (int, float)) else words[sum(v >= cut for cut in cuts)] for v in values]
    told = ["missing" if value is None else str(value) for value in values]
    kept = {name for name, _ in Counter(told).most_common(MOST_CATEGORIES)}
    return [one if one in kept else "of the rarer ones" for one in told]
