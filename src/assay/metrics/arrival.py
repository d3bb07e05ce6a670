"""What of a window has come: labels, attributes, rows twice, and whether it follows the window before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.metrics.duplicates import IDENTIFIERS, ROWS
from assay.metrics.metric import Metric
from assay.metrics.observing import fact, groupings, observe, share, sums

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.metrics.intervals.level import Level
    from assay.records.measurement import Measurement
    from assay.records.tally import Cell, Tally
    from assay.records.window import WindowCounts

LABELLED = Metric(
    name="labelled_share", title="share of a window's rows whose label has come", unit="rate", scope="observed",
    higher_is_better=True, formula="rows with a label / rows", source="a share",
)  # fmt: skip
OVERDUE = Metric(
    name="overdue_label_share", title="share of rows old enough for a label that have none", unit="rate",
    scope="observed", higher_is_better=False, formula="rows without a label / rows older than the label's delay",
    source="a share",
)  # fmt: skip
KNOWN = Metric(
    name="known_attribute_share", title="share of a window's rows in which a protected attribute is known",
    unit="rate", scope="observed", higher_is_better=True, formula="rows with the attribute / rows", source="a share",
)  # fmt: skip
ORDER = Metric(
    name="window_out_of_order", title="whether a window starts before the end of the one before", unit="count",
    scope="observed", higher_is_better=False, formula="0 or 1", source="a comparison",
)  # fmt: skip
METRICS = (LABELLED, OVERDUE, KNOWN, ORDER)


def arrival(counts: WindowCounts, tally: Tally, level: Level) -> Iterator[Measurement]:
    """Yield what of a window has come: every share is a fact about these very rows."""
    rows = counts.rows
    yield fact(ROWS, counts.repeated / rows, rows, level=level, about={"dataset": "window"})
    if counts.identified:
        repeated = (counts.identifier_repeated or 0) / counts.identified
        yield fact(IDENTIFIERS, repeated, counts.identified, level=level, about={"dataset": "window"})
    else:
        reason = counts.reasons.get("identifier", "no identifier is named in assay.yaml (monitoring.identifier)")
        yield observe(IDENTIFIERS, None, rows, level=level, about={"dataset": "window"}, reason=reason)
    yield from _labels(counts, tally, level)
    for name, known in counts.known.items():
        about = {"attribute": name}
        if name in counts.reasons:
            yield observe(KNOWN, None, rows, level=level, about=about, reason=counts.reasons[name])
        else:
            yield fact(KNOWN, known / rows, rows, level=level, about=about)


def _labels(counts: WindowCounts, tally: Tally, level: Level) -> Iterator[Measurement]:
    rows = counts.rows
    if counts.labelled is None:
        reason = counts.reasons.get("label", "no label is to come: columns.label is not named in assay.yaml")
        yield observe(LABELLED, None, rows, level=level, reason=reason)
        yield observe(OVERDUE, None, rows, level=level, reason=reason)
        return
    yield fact(LABELLED, counts.labelled / rows, rows, level=level)
    if counts.overdue is None or counts.due is None:
        reason = counts.reasons.get(
            "time", "no time or no delay is named in assay.yaml (monitoring.time, label_delay_days)"
        )
        yield observe(OVERDUE, None, rows, level=level, reason=reason)
    elif not counts.due:
        yield fact(OVERDUE, 0.0, 0, level=level, reason="no row is old enough for its label to be due")
    else:
        yield fact(OVERDUE, counts.overdue / counts.due, counts.due, level=level)
    if counts.labelled:
        yield from _by_group(tally, level)


def _by_group(tally: Tally, level: Level) -> Iterator[Measurement]:
    """Yield the labelled share of each group: labels that come for some people only are no fair sample."""
    for names, read in groupings(tally.roles.protected, ()):
        everybody = sums(tally.cells, read, "count")
        labelled = sums([cell for cell in tally.cells if _is_labelled(cell)], read, "count")
        for group, (rows,) in everybody.items():
            some = labelled.get(group, [0])[0]
            yield share(LABELLED, some, rows, level=level, group=dict(zip(names, group, strict=True)))


def _is_labelled(cell: Cell) -> bool:
    return cell.label is not None


def order(start: str | None, before: tuple[str, str] | None, rows: int, level: Level) -> Measurement:
    """Return whether a window starts before the end of the last one.

    Args:
        start: the first time in the window.
        before: name and last time of the window before; None for the first one.
        rows: of the window.
        level: of the interval.
    """
    if start is None:
        reason = "no row of this window has a time (monitoring.time): nobody can say that no clock went back"
        return observe(ORDER, None, rows, level=level, reason=reason)
    if before is None:
        return fact(ORDER, 0.0, rows, level=level, reason="it is the first window")
    back = start < before[1]
    told = f"it starts at {start}, the window {before[0]} ended at {before[1]}: a clock went back, or rows came late"
    return fact(ORDER, float(back), rows, level=level, reason=told if back else None)
