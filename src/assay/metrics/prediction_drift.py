"""How far predictions have moved from those that were approved: how many are selected, and how scores are spread.

The reference is the release's tally: counts, by group, of the very rows that the approval rested on. Of more than two
classes each is told against the rest. What a regression foretells is a number, which no tally keeps: it is held against
the reference as the columns are, by `prediction_spread`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from assay.metrics.drift import compare_counts
from assay.metrics.intervals.mover import difference
from assay.metrics.intervals.wilson import METHOD as WILSON
from assay.metrics.intervals.wilson import wilson
from assay.metrics.metric import INFINITY, Metric
from assay.metrics.observing import groupings, observe
from assay.metrics.prediction_spread import class_spread
from assay.metrics.score_points import all_exact, incomparable, score_points, together
from assay.records.comparison import ColumnCounts, Side, Step, TableComparison

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assay.metrics.intervals.level import Level
    from assay.records.measurement import Measurement
    from assay.records.tally import ClassValue, GroupValue, Tally

RATE = Metric(
    name="selection_rate_shift", title="selection rate, now minus at the release", unit="difference", scope="observed",
    needs=("prediction",), tasks=("binary", "multiclass"), low=-1.0,
    formula="selection rate now - selection rate at the release",
    source="Newcombe 1998, Statistics in Medicine 17:873-890, method 10 (interval)",
)  # fmt: skip
_OF_SCORES = {
    "psi": Metric(
        name="score_psi", title="population stability index of the scores", unit="score", scope="observed",
        needs=("score",), higher_is_better=False, high=INFINITY,
        formula="sum over the release's tenths of (q - p) ln(q / p)",
        source='Siddiqi 2006, "Credit Risk Scorecards", Wiley, chapter 8',
    ),
    "jensen_shannon": Metric(
        name="score_jensen_shannon", title="Jensen-Shannon distance of the scores, to base 2", unit="score",
        scope="observed", needs=("score",), higher_is_better=False, formula="square root of the divergence",
        source="Endres and Schindelin 2003, IEEE Trans. Inf. Theory 49(7)",
    ),
    "ks": Metric(
        name="score_ks", title="Kolmogorov-Smirnov distance of the scores", unit="difference", scope="observed",
        needs=("score",), higher_is_better=False, formula="greatest distance of the distribution functions",
        source="Smirnov 1939",
    ),
    "wasserstein": Metric(
        name="score_wasserstein", title="Wasserstein distance of the scores", unit="difference", scope="observed",
        needs=("score",), higher_is_better=False, high=INFINITY, formula="area between the distribution functions",
        source="Vallender 1973, Theory Probab. Appl. 18(4)",
    ),
}  # fmt: skip
METRICS = (RATE, *_OF_SCORES.values())

Group = tuple["GroupValue", ...]


def prediction_drift(window: Tally, release: Tally | None, level: Level, *, why: str = "") -> Iterator[Measurement]:
    """Yield the shift of the selection rate and of the scores: of everybody, and of each group.

    Args:
        window: of the served rows.
        release: of the rows that were approved; None when there is none.
        level: of the intervals.
        why: why there is none.
    """
    if release is None:
        for metric in METRICS:
            yield observe(metric, None, window.rows, level=level, reason=why)
        return
    attributes = [name for name in window.roles.protected if name in release.roles.protected]
    for names in ((), *((name,) for name in attributes)):
        then, now = _predicted(release, names), _predicted(window, names)
        for group, found in now.items():
            about = dict(zip(names, group, strict=True))
            if window.roles.task == "binary":
                yield _rate(then.get(group), found, "1", about, level)
                continue
            for each in sorted({*found, *then.get(group, {})}):
                yield _rate(then.get(group), found, each, about, level, of_class=True)
            yield from class_spread(window.roles.prediction or "", then.get(group), found, about, level)
        if window.roles.task == "binary":
            yield from _scores(release, window, names, level)


def _predicted(tally: Tally, names: tuple[str, ...]) -> dict[Group, Counter[str]]:
    """Return the rows of each group by the class that was predicted, as it is written."""
    found: dict[Group, Counter[str]] = {}
    for wanted, read in groupings(tally.roles.protected, ()) if names else [((), lambda _group: ())]:
        if wanted == names:
            for cell in tally.cells:
                found.setdefault(read(cell.group), Counter())[_written(cell.prediction)] += cell.count
    return found


def _written(prediction: ClassValue) -> str:
    return "" if prediction is None else str(prediction)


def _rate(
    then: Counter[str] | None, now: Counter[str], each: str, group: dict[str, GroupValue], level: Level, *,
    of_class: bool = False,
) -> Measurement:  # fmt: skip
    about = {"class": each} if of_class else None
    if then is None:
        reason = "the release's rows had nobody of this group"
        return observe(RATE, None, now.total(), level=level, group=group, about=about, reason=reason)
    shares = [(one[each] / one.total(), one.total()) for one in (now, then)]
    ends = [(share, *wilson(share, rows, level.z)) for share, rows in shares]
    return observe(
        RATE, shares[0][0] - shares[1][0], now.total(), level=level, group=group, about=about,
        interval=difference(ends[0], ends[1]), method=f"MOVER of the two rates' intervals ({WILSON})",
    )  # fmt: skip


def _scores(release: Tally, window: Tally, names: tuple[str, ...], level: Level) -> Iterator[Measurement]:
    reason = incomparable(release.scores, window.scores)
    if reason is not None or release.scores is None or window.scores is None:
        for metric in _OF_SCORES.values():
            yield observe(metric, None, window.rows, level=level, reason=reason)
        return
    exact = all_exact(release.scores, window.scores)
    sides = [
        {group: together(classes) for group, classes in score_points(tally, names, exact=exact).items()}
        for tally in (release, window)
    ]
    for group, now in sides[1].items():
        about = dict(zip(names, group, strict=True))
        then = sides[0].get(group)
        if then is None:
            for metric in _OF_SCORES.values():
                told = "the release's rows had nobody of this group"
                yield observe(metric, None, sum(now.values()), level=level, group=about, reason=told)
            continue
        for one in compare_counts(_counts(window.roles.score or "", then, now, exact=exact), level=level.level):
            if one.metric in _OF_SCORES:
                yield observe(
                    _OF_SCORES[one.metric], one.value, one.n, level=level, interval=one.interval, reason=one.reason,
                    method=one.method, group=about, bound=one.bound or msgspec.UNSET,
                )  # fmt: skip


def _counts(column: str, then: Mapping[float, int], now: Mapping[float, int], *, exact: bool) -> TableComparison:
    sides = [Side(type="DOUBLE", rows=sum(one.values()), low=min(one), high=max(one)) for one in (then, now)]
    steps = tuple(Step(at, then.get(at, 0), now.get(at, 0)) for at in sorted({*then, *now}))
    deciles = tuple(_quantile(then, tenth, sides[0].rows) for tenth in range(1, 10))
    counts = ColumnCounts(
        column=column, kind="numeric", reference=sides[0], current=sides[1], deciles=deciles, steps=steps, exact=exact
    )  # fmt: skip
    return TableComparison(reference_rows=sides[0].rows, current_rows=sides[1].rows, columns=(counts,))


def _quantile(points: Mapping[float, int], tenth: int, rows: int) -> float:
    """Return the least point up to which a share of the rows lies."""
    below = 0
    for at in sorted(points):
        below += points[at]
        if below * 10 >= tenth * rows:
            return at
    return max(points)
