"""Concept drift: performance and calibration of a window, when its labels have come, against the release's evidence."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from assay.metrics.catalogue import METRICS as _OF_TALLIES
from assay.metrics.intervals.mover import difference
from assay.metrics.metric import Metric
from assay.metrics.observing import observe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assay.metrics.intervals.level import Level
    from assay.records.measurement import Measurement
    from assay.records.tally import Task
    from assay.records.window import WindowCounts

_COMPARED: Mapping[Task, tuple[str, ...]] = MappingProxyType(
    {
        "binary": (
            "accuracy", "true_positive_rate", "false_positive_rate", "precision", "base_rate", "roc_auc",
            "brier_score", "log_loss", "expected_calibration_error", "calibration_in_the_large",
        ),
        "multiclass": (
            "accuracy", "macro_f1", "macro_precision", "macro_recall", "true_positive_rate", "false_positive_rate",
            "precision", "base_rate",
        ),
        "regression": ("mean_error", "mean_absolute_error", "root_mean_squared_error", "r2"),
    }
)  # fmt: skip


def _shift(name: str) -> Metric:
    of = _OF_TALLIES[name]
    reach = of.high - of.low
    return Metric(
        name=f"{name}_shift", title=f"{of.title}: now minus at the release", unit="difference", scope="observed",
        needs=of.needs, tasks=of.tasks, higher_is_better=of.higher_is_better, low=-reach, high=reach,
        formula=f"{name} now - {name} at the release",
        source="Zou and Donner 2008, Statistics in Medicine 27:1693-1702 (MOVER, of the two intervals)",
    )  # fmt: skip


_SHIFTS = {name: _shift(name) for names in _COMPARED.values() for name in names}
METRICS = tuple(_SHIFTS.values())


def concept_drift(
    window: Sequence[Measurement], release: Sequence[Measurement] | None, counts: WindowCounts, level: Level, *,
    task: Task = "binary", why: str = "",
) -> Iterator[Measurement]:  # fmt: skip
    """Yield how far each measure of performance and calibration has moved: of everybody, and of each group.

    Args:
        window: the measurements of the window.
        release: those that the release was approved by; None when there are none.
        counts: of the window, which say how many labels have come.
        level: of the intervals.
        task: what kind of outcome it is; of more than two classes each is told against the rest, too.
        why: why there is no release.
    """
    before = {_key(one): one for one in reversed(release or ()) if one.metric in _SHIFTS}
    found = {_key(one): one for one in reversed(window) if one.metric in _SHIFTS}
    for name in _COMPARED[task]:
        if not any(key[0] == name for key in found):
            yield observe(_SHIFTS[name], None, 0, level=level, reason=_waits(name, counts))
    for key, now in reversed(found.items()):
        if not _is_plain(now):
            continue
        metric, then = _SHIFTS[now.metric], before.get(key)
        about = None if now.one_of is msgspec.UNSET else {"class": str(now.one_of)}
        lacking = why if release is None else _lacking(now, then, counts)
        if lacking is not None or now.value is None or then is None or then.value is None:
            yield observe(metric, None, now.n, level=level, group=now.group, about=about, reason=lacking)
            continue
        if now.interval is None or then.interval is None:
            yield observe(
                metric, now.value - then.value, now.n, level=level, group=now.group, about=about,
                method="no interval of one",
            )  # fmt: skip
            continue
        interval = difference((now.value, *now.interval), (then.value, *then.interval))
        bound = sum(one.bound for one in (now, then) if isinstance(one.bound, float))
        yield observe(
            metric, now.value - then.value, now.n, level=level, group=now.group, about=about, interval=interval,
            method="MOVER of the intervals of both", bound=bound or msgspec.UNSET,
        )  # fmt: skip


def _key(one: Measurement) -> tuple[str, str | None, tuple[tuple[str, object], ...]]:
    """Return what a measurement is of: two that share it are one before and after."""
    of_class = None if one.one_of is msgspec.UNSET else str(one.one_of)
    return one.metric, of_class, tuple(sorted(one.group.items()))


def _is_plain(one: Measurement) -> bool:
    return one.over is msgspec.UNSET and one.about is msgspec.UNSET


def _lacking(now: Measurement, then: Measurement | None, counts: WindowCounts) -> str | None:
    if now.value is None:
        return f"{now.reason}; {_waits(now.metric, counts)}" if now.reason else _waits(now.metric, counts)
    if then is None:
        return "it was not measured at the release"
    return None if then.value is not None else f"it had no value at the release: {then.reason}"


def _waits(metric: str, counts: WindowCounts) -> str:
    labelled = counts.labelled
    if labelled is None:
        return counts.reasons.get("label", f"no label is to come, so there is no {metric}")
    waits = f"{metric} waits" if not labelled else f"{metric} is of those alone"
    return f"{labelled:,} of {counts.rows:,} rows have labels; {waits}"
