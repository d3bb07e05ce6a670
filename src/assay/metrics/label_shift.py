"""Whether sources label alike: the rate of the positive label of each source against all others."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

from assay.metrics.drift import chi_squared_tail
from assay.metrics.intervals.mover import fold
from assay.metrics.intervals.score import METHOD, miettinen_nurminen
from assay.metrics.metric import Metric
from assay.metrics.observing import observe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.metrics.intervals.level import Level
    from assay.records.dataset_counts import DatasetCounts
    from assay.records.measurement import Measurement

DIFFERENCE = Metric(
    name="label_source_difference",
    title="difference of the rate of positive labels between a source and all others",
    unit="difference", scope="observed", higher_is_better=False, formula="|rate of the source - rate of the others|",
    source="Miettinen and Nurminen (1985), Statistics in Medicine 4:213-226",
)  # fmt: skip
P_VALUE = Metric(
    name="label_source_p_value", title="chance of rates as different between sources, were all alike", unit="rate",
    scope="observed", higher_is_better=True, formula="chi-squared over the 2 x k table", source="Pearson (1900)",
)  # fmt: skip
METRICS = (DIFFERENCE, P_VALUE)


def label_shift(counts: DatasetCounts, level: Level) -> Iterator[Measurement]:
    """Yield the difference of each source to all others, and the test over all of them."""
    rows, positives = sum(one.rows for one in counts.sources), sum(one.positives for one in counts.sources)
    if counts.sources_reason is not None or not rows:
        for metric in METRICS:
            yield observe(metric, None, rows, level=level, reason=counts.sources_reason or "no row has a label")
        return
    for one in counts.sources:
        name = {"source": "not known" if one.source is None else one.source}
        n, x = rows - one.rows, positives - one.positives
        ends = fold(*miettinen_nurminen(one.positives, one.rows, x, n, level.z))
        value = abs(one.positives / one.rows - x / n)
        interval = (min(ends[0], value), min(1.0, max(ends[1], value)))
        yield observe(DIFFERENCE, value, one.rows, level=level, about=name, interval=interval, method=METHOD)
    told, chance = "chi-squared, {} degrees of freedom; a statistic, so no interval", None
    if 0 < positives < rows:
        rate = positives / rows
        statistic = fsum(
            (one.positives - one.rows * rate) ** 2 / (one.rows * rate * (1 - rate)) for one in counts.sources
        )
        chance = chi_squared_tail(statistic, len(counts.sources) - 1)
    reason = None if chance is not None else "all rows have one label: nothing can differ"
    method = told.format(len(counts.sources) - 1)
    yield observe(P_VALUE, chance, rows, level=level, method=method, reason=reason)
