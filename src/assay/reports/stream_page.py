"""A watched stream as one self-contained HTML page: alerts, and each metric's evidence and confidence sequence."""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING, Any

from assay.reports import words
from assay.reports.charts import BAD, LIMIT, MARK, WIDTH, Chart
from assay.reports.page import page
from assay.reports.words import group_words, interval_words, level_words, metric_words, number, plain
from assay.sequential.telling import told

if TYPE_CHECKING:
    from assay.sequential import Alert, SequentialMonitor
    from assay.sequential.monitor import Family

_LEAST = 1e-3
"""An e-process that has lost nearly all is drawn no lower than this."""


def stream_html(monitor: SequentialMonitor, name: str) -> str:
    """Return a watched stream as one HTML document.

    Args:
        monitor: after the stream's last row.
        name: what the rows are called.
    """
    undecided = monitor.undecided()
    decision = "alert" if monitor.alerts else "undecided" if undecided else "no alert"
    return page(
        "stream.html.j2",
        monitor=monitor,
        name=name,
        words=words,
        decision=decision,
        tone={"alert": "deny", "undecided": "undecided", "no alert": "allow"}[decision],
        undecided=undecided,
        standings=monitor.standings(),
        alert_words=alert_words,
        charts=[charts(family, place, monitor.alpha) for place, family in enumerate(monitor.families)],
    )


def alert_words(alert: Alert) -> str:
    """Return an alert in a sentence or two."""
    who = group_words(alert.highest) + (f" against {group_words(alert.lowest)}" if alert.lowest else "")
    at = f" ({alert.at})" if alert.at else ""
    began = f"row {alert.since.row:,}" if alert.since.row > 1 else "the start, as far as can be told"
    return plain(
        f"At row {alert.row:,}{at} the evidence sufficed: {metric_words(alert.mean)} of {who}. From {began} on the "
        f"estimate is {number(alert.estimate)} ({interval_words(alert.interval)} at {level_words(alert.level)}), the "
        f"limit {alert.limit:g}. It began between rows {alert.since.low:,} and {alert.since.high:,} (95 %)."
    )


def charts(family: Family, place: int, alpha: float) -> tuple[Chart, ...]:
    """Return the charts of one metric over one attribute; none before its first block."""
    if not family.points:
        return ()
    about = f"{metric_words(family.watch.metric)} over {plain(', '.join(family.attributes))}"
    return _evidence(family, place, about, alpha), _sequence(family, place, about, alpha)


def _x() -> dict[str, Any]:
    return {"field": "row", "type": "quantitative", "title": "row", "axis": {"format": "~s", "grid": False}}


def _rule(value: float, axis: dict[str, Any]) -> dict[str, Any]:
    mark = {"type": "rule", "color": LIMIT, "strokeDash": [5, 3], "strokeWidth": 1.5}
    return {"data": {"values": [{"limit": value}]}, "mark": mark, "encoding": {"y": {**axis, "field": "limit"}}}


def _alert_mark(family: Family) -> list[dict[str, Any]]:
    if family.alert is None:
        return []
    mark = {"type": "rule", "color": BAD, "strokeWidth": 1.5}
    return [{"data": {"values": [{"row": family.alert.row}]}, "mark": mark, "encoding": {"x": _x()}}]


def _evidence(family: Family, place: int, about: str, alpha: float) -> Chart:
    points = [{"row": point.row, "evidence": log10(min(max(point.e_value, _LEAST), 1e9))} for point in family.points]
    label = "pow(10, datum.value) >= 1 ? format(pow(10, datum.value), ',.0f') : format(pow(10, datum.value), '.2~g')"
    axis = {"grid": True, "labelExpr": label}
    y = {"field": "evidence", "type": "quantitative", "title": "evidence to 1", "axis": axis}
    line = {"type": "line", "color": MARK, "strokeWidth": 1.5, "interpolate": "step-after"}
    spec = {
        "data": {"values": points}, "width": WIDTH, "height": 150,
        "layer": [_rule(log10(1 / alpha), y), *_alert_mark(family), {"mark": line, "encoding": {"x": _x(), "y": y}}],
    }  # fmt: skip
    caption = (
        f"What a bettor against the limit has made of 1. The dashed line is 1/alpha, {number(1 / alpha)} to 1"
        f"{'; the upright line is the alert' if family.alert else ''}."
    )
    rows = tuple((f"{point.row:,}", number(point.e_value)) for point in family.points)
    return Chart(f"e{place}", f"Evidence: {about}", caption, spec, ("row", "evidence to 1"), rows)


def _sequence(family: Family, place: int, about: str, alpha: float) -> Chart:
    found = [(point.row, told(family.evidence, point.worst, alpha)) for point in family.points]
    points = [{"row": row, "value": one.value, "low": one.low, "high": one.high} for row, one in found]
    y = {"field": "value", "type": "quantitative", "title": metric_words(family.watch.metric), "axis": {"grid": True}}
    band = {"type": "area", "color": MARK, "opacity": 0.25}
    line = {"type": "line", "color": MARK, "strokeWidth": 1.5}
    spec = {
        "data": {"values": points}, "width": WIDTH, "height": 150,
        "layer": [
            {"mark": band, "encoding": {"x": _x(), "y": {**y, "field": "low"}, "y2": {"field": "high"}}},
            _rule(family.watch.limit, y),
            *_alert_mark(family),
            {"mark": line, "encoding": {"x": _x(), "y": y}},
        ],
    }  # fmt: skip
    caption = (
        f"The whole stream's estimate up to each row, with its confidence sequence at {level_words(1 - alpha)}: the "
        "band holds at all rows at once. The dashed line is the limit."
    )
    head = ("row", "estimate", "interval")
    rows = tuple((f"{row:,}", number(one.value), interval_words((one.low, one.high))) for row, one in found)
    return Chart(f"s{place}", f"Estimate: {about}", caption, spec, head, rows)
