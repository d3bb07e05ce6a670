"""Labels that are probably wrong, by confident learning, of everybody and of each group."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from assay.metrics.intervals.wilson import wilson
from assay.metrics.metric import Metric
from assay.metrics.observing import groupings, observe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from assay.metrics.intervals.level import Level
    from assay.records.dataset_counts import DatasetCounts, NoiseCell
    from assay.records.measurement import Measurement
    from assay.records.tally import GroupValue

NOISE = Metric(
    name="label_noise_share", title="share of rows whose label is probably wrong", unit="rate", scope="observed",
    higher_is_better=False, formula="off the diagonal of the calibrated confident joint",
    source="Northcutt, Jiang and Chuang (2021), JAIR 70:1373-1411, section 3.1, equations 1 to 3",
)  # fmt: skip
METRICS = (NOISE,)

METHOD = "MOVER of Wilson's intervals of both labels, weighted by their rows; of the sampling, not of the model"


def label_noise(counts: DatasetCounts, intersections: Sequence[Sequence[str]], level: Level) -> Iterator[Measurement]:
    """Yield the share of rows whose label is probably wrong, of everybody and of each group.

    The confident counts of each given label are scaled to its rows (Northcutt et al., equation 3), so that rows which
    are counted to no class confidently count as the others do. The interval is that of a sum of two independent
    proportions with known weights: Zou and Donner (2008), Statistics in Medicine 27:1693-1702.
    """
    noise = counts.noise
    if noise.reason is not None:
        yield observe(NOISE, None, 0, level=level, reason=noise.reason)
        return
    yield _share(noise.cells, {}, noise.made_by, level)
    for names, read in groupings(counts.attributes, intersections):
        groups: dict[tuple[GroupValue, ...], list[NoiseCell]] = {}
        for cell in noise.cells:
            groups.setdefault(read(cell.group), []).append(cell)
        for group, cells in sorted(groups.items(), key=lambda pair: str(pair[0])):
            yield _share(cells, dict(zip(names, group, strict=True)), noise.made_by, level)


def _share(cells: Iterable[NoiseCell], group: dict[str, GroupValue], made_by: str, level: Level) -> Measurement:
    rows, confident, off = [0, 0], [0, 0], [0, 0]
    for cell in cells:
        rows[cell.given] += cell.rows
        confident[cell.given] += cell.confident_negative + cell.confident_positive
        off[cell.given] += cell.confident_negative if cell.given else cell.confident_positive
    n = sum(rows)
    unclear = [str(given) for given in (0, 1) if rows[given] and not confident[given]]
    if not n or unclear:
        told = f"no row labelled {' or '.join(unclear)} is counted confidently to any class" if n else "no row has both"
        return observe(NOISE, None, n, level=level, group=group, reason=told)
    value, below, above = 0.0, 0.0, 0.0
    for given in (0, 1):
        if rows[given]:
            weight, wrong = rows[given] / n, off[given] / confident[given]
            low, high = wilson(wrong, confident[given], level.z)
            value += weight * wrong
            below += (weight * (wrong - low)) ** 2
            above += (weight * (high - wrong)) ** 2
    interval = (max(0.0, value - sqrt(below)), min(1.0, value + sqrt(above)))
    method = f"{METHOD}; probabilities by {made_by}"
    return observe(NOISE, value, n, level=level, group=group, interval=interval, method=method)
