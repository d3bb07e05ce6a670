"""How a dataset represents groups, held against the shares that they have in the population it is about."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from assay.metrics.goodness_of_fit import goodness_of_fit
from assay.metrics.intervals.wilson import METHOD, wilson
from assay.metrics.metric import INFINITY, Metric
from assay.metrics.observing import groupings, observe, sums
from assay.records.measurement import joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.metrics.intervals.level import Level
    from assay.records.benchmark import Benchmark
    from assay.records.dataset_counts import DatasetCounts
    from assay.records.measurement import Measurement
    from assay.records.tally import GroupValue

SHARE = Metric(
    name="representation_share", title="share of the rows that are of a group", unit="rate", scope="observed",
    formula="rows of the group / rows whose group is known", source="a share; Wilson's interval",
)  # fmt: skip
RATIO = Metric(
    name="representation_ratio", title="share of a group in the data over its share in the benchmark population",
    unit="ratio", scope="observed", higher_is_better=None, high=INFINITY,
    formula="representation share / benchmark share",
    source="Shahbazi, Lin, Asudeh and Jagadish (2023), Representation Bias in Data, ACM Computing Surveys 55(13s)",
)  # fmt: skip
SHORTFALL = Metric(
    name="representation_shortfall", title="rows of a group that are lacking to reach its share in the benchmark",
    unit="count", scope="observed", higher_is_better=False, high=INFINITY,
    formula="least m with (rows of the group + m) / (rows + m) >= benchmark share", source="arithmetic",
)  # fmt: skip
P_VALUE = Metric(
    name="representation_p_value", title="chance of groups as far from the benchmark, were the rows drawn from it",
    unit="rate", scope="observed", higher_is_better=True, formula="goodness of fit over the groups of the benchmark",
    source="Read and Cressie (1988); Pearson (1900)",
)  # fmt: skip
METRICS = (SHARE, RATIO, SHORTFALL, P_VALUE)

NO_BENCHMARK = (
    "no benchmark population is declared for {}: say in assay.yaml (data.benchmark) what share each group has, and "
    "where that is from"
)


def representation(
    counts: DatasetCounts, benchmarks: Sequence[Benchmark], intersections: Sequence[Sequence[str]], level: Level
) -> Iterator[Measurement]:
    """Yield share, ratio and shortfall of each group, and the test over all of them.

    Args:
        counts: of the datasets.
        benchmarks: the populations declared.
        intersections: combinations of attributes, beside those that have a benchmark.
        level: of the intervals.
    """
    declared = {tuple(one.attributes): one for one in benchmarks}
    for names, read in groupings(counts.attributes, [*intersections, *declared]):
        rows = {group: found[0] for group, found in sums(counts.groups, read, "rows").items()}
        known = {group: found for group, found in rows.items() if None not in group}
        yield from _one(names, known, declared.get(names), level)


def _one(
    names: tuple[str, ...], known: dict[tuple[GroupValue, ...], int], benchmark: Benchmark | None, level: Level
) -> Iterator[Measurement]:
    n = sum(known.values())
    shares = {} if benchmark is None else dict(benchmark.shares)
    written = {group: ", ".join(map(_written, group)) for group in known}
    absent = [text for text in shares if text not in written.values()]
    groups: list[tuple[dict[str, GroupValue], str, int]] = [
        (dict(zip(names, group, strict=True)), written[group], rows) for group, rows in known.items()
    ]
    groups += [
        (dict(zip(names, [text] if len(names) == 1 else text.split(", "), strict=True)), text, 0) for text in absent
    ]
    for group, text, rows in groups:
        yield from _group(group, rows, n, shares.get(text), benchmark=benchmark, level=level)
    over = joined(names)
    if benchmark is None:
        for metric in (RATIO, SHORTFALL, P_VALUE):
            yield observe(metric, None, n, level=level, over=over, reason=NO_BENCHMARK.format(" and ".join(names)))
        return
    strange = [text for text in written.values() if text not in shares]
    if strange or not n:
        told = f"the benchmark gives no share to {'; '.join(strange)}" if strange else "no row's group is known"
        yield observe(P_VALUE, None, n, level=level, over=over, reason=told)
        return
    total = sum(shares.values())
    in_order = {text: rows for _, text, rows in groups}
    chance, test = goodness_of_fit([in_order[text] for text in shares], [one / total for one in shares.values()])
    method = f"{test} against {benchmark.source}; a statistic, so no interval"
    yield observe(P_VALUE, chance, n, level=level, over=over, method=method)


def _written(value: GroupValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _group(
    group: dict[str, GroupValue],
    rows: int,
    n: int,
    wanted: float | None,
    *,
    benchmark: Benchmark | None,
    level: Level,
) -> Iterator[Measurement]:
    if not n:
        for metric in (SHARE, RATIO, SHORTFALL):
            yield observe(metric, None, 0, level=level, group=group, reason="no row's group is known")
        return
    low, high = wilson(rows / n, n, level.z)
    yield observe(SHARE, rows / n, n, level=level, group=group, interval=(low, high), method=METHOD)
    if benchmark is None:
        return
    if wanted is None:
        reason = f"the benchmark for {' and '.join(group)} gives it no share"
        for metric in (RATIO, SHORTFALL):
            yield observe(metric, None, n, level=level, group=group, reason=reason)
        return
    method = f"{METHOD}, over the benchmark's share of {wanted:.4g} ({benchmark.source})"
    if wanted:
        ends = (low / wanted, high / wanted)
        yield observe(RATIO, rows / n / wanted, n, level=level, group=group, interval=ends, method=method)
    else:
        yield observe(RATIO, None, n, level=level, group=group, reason="its share in the benchmark is 0")
    lacking = tuple(shortfall(found * n, n, wanted) for found in (high, low))
    value = shortfall(rows, n, wanted)
    yield observe(SHORTFALL, value, n, level=level, group=group, interval=(lacking[0], lacking[1]), method=method)


def shortfall(rows: float, n: int, wanted: float) -> int:
    """Return the rows of a group that must be added to ``n`` rows, ``rows`` of them its own, to reach a share."""
    if wanted >= 1:
        return 0 if rows >= n else n
    return max(0, ceil((wanted * n - rows) / (1 - wanted) - 1e-9))
