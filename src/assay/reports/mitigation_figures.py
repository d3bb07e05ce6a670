"""The chart of a search: accuracy against what was to be mended, the limit drawn, the front joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.reports.charts import BAD, INK, LIMIT, MARK, OPEN, WIDTH, Chart
from assay.reports.mitigation_words import HOLDS, aim_words, measured
from assay.reports.words import interval_words, metric_words, number, plain

if TYPE_CHECKING:
    from assay.records.mitigation import Mitigation, Performance
    from assay.records.verdict import Status

COLOURS: dict[Status, str] = {"pass": MARK, "unknown": OPEN, "fail": BAD, "not-applicable": OPEN}
SHAPES: dict[Status, str] = {"pass": "circle", "unknown": "diamond", "fail": "square", "not-applicable": "diamond"}
MOST_LABELS = 12
HEIGHT = 320
TOUCHING = 0.06
"""Points nearer than this share of both axes have one text."""
BROADER = 1.2
"""As broad as a phone, with its letters still readable."""


def pareto(found: Mitigation) -> Chart | None:
    """Return the chart of a search; none where nothing was measured.

    Candidates bear a number, and the table beside the chart says which is which: names would lie over one another.
    """
    points = _points(found)
    if not points:
        return None
    x: dict[str, Any] = {
        "field": "accuracy", "type": "quantitative", "title": "accuracy",
        "scale": {"zero": False, "nice": True, "padding": 14}, "axis": {"format": ".3~f", "grid": True, "tickCount": 4},
    }  # fmt: skip
    y: dict[str, Any] = {
        "field": "aim", "type": "quantitative", "title": metric_words(found.aim.metric),
        "scale": {"zero": found.aim.limit.max is not None, "nice": True}, "axis": {"grid": True},
    }  # fmt: skip
    spec = {
        "data": {"values": points}, "width": BROADER * WIDTH, "height": HEIGHT,
        "layer": [*_limits(found, y), *_intervals(x, y), *_front(found, points, x, y), *_marks(points, x, y)],
    }  # fmt: skip
    better = "Lower" if found.aim.limit.max is not None else "Higher"
    caption = (
        f"To the right is more accurate; {better.lower()} is fairer. Dashed: the limit. Joined: the front, which no "
        "candidate beats in both. D is the denied version. Circles keep every limit, diamonds are not settled, squares "
        "breach one; thin lines are intervals."
    )
    head = ("no.", "candidate", "accuracy", metric_words(found.aim.metric), "interval", "limits")
    rows = tuple(
        (one["label"] or "-", one["name"], number(one["accuracy"]), number(one["aim"]), one["span"], one["holds"])
        for one in points
    )
    return Chart("pareto", f"Accuracy against {aim_words(found)}", caption, spec, head, rows)


def _points(found: Mitigation) -> list[dict[str, Any]]:
    points = []
    if found.before is not None:
        points.append(_point("D", plain(found.subject), found.before))
    front = [name for name in found.front if name != found.recommended]
    labelled = [found.recommended, *front, *(one.name for one in measured(found))]
    numbers = {name: str(at + 1) for at, name in enumerate(dict.fromkeys(one for one in labelled if one is not None))}
    told = {found.recommended, *found.front}
    for trial in sorted(measured(found), key=lambda one: int(numbers[one.name])):
        assert trial.performance is not None  # noqa: S101 - measured
        label = numbers[trial.name] if trial.name in told and int(numbers[trial.name]) <= MOST_LABELS else ""
        points.append(_point(label, trial.name, trial.performance))
    return _apart([one for one in points if one["accuracy"] is not None and one["aim"] is not None])


def _apart(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Say what is written at each point and on which side: neighbours by turns, and one text for those that touch."""
    keys = ("accuracy", "aim") if points else ()
    ranges = {key: max(one[key] for one in points) - min(one[key] for one in points) for key in keys}
    shown: list[dict[str, Any]] = []
    for one in points:
        near = next((other for other in shown if _touch(one, other, ranges)), None)
        one["shown"] = one["label"] if near is None else ""
        if near is not None and one["label"]:
            near["shown"] = f"{near['shown']}, {one['label']}" if near["shown"] else one["label"]
        if near is None:
            shown.append(one)
    labelled = sorted((one for one in shown if one["shown"]), key=lambda one: (one["aim"], one["accuracy"]))
    for place, one in enumerate(labelled):
        one["side"] = "left" if place % 2 else "right"
    return points


def _touch(one: dict[str, Any], other: dict[str, Any], ranges: dict[str, float]) -> bool:
    return all(abs(one[key] - other[key]) <= TOUCHING * width for key, width in ranges.items())


def _point(label: str, name: str, found: Performance) -> dict[str, Any]:
    low, high = found.aim_interval or (None, None)
    left, right = found.accuracy_interval or (None, None)
    return {
        "label": label, "side": "right", "name": name, "accuracy": found.accuracy, "aim": found.aim, "low": low,
        "high": high, "left": left, "right": right,
        "span": interval_words(found.aim_interval) if found.aim_interval else "",
        "holds": HOLDS[found.holds], "colour": COLOURS[found.holds], "shape": SHAPES[found.holds],
    }  # fmt: skip


def _limits(found: Mitigation, y: dict[str, Any]) -> list[dict[str, Any]]:
    limits = [one for one in (found.aim.limit.max, found.aim.limit.min) if one is not None]
    mark = {"type": "rule", "color": LIMIT, "strokeDash": [5, 3], "strokeWidth": 1.5}
    return [
        {"data": {"values": [{"limit": one} for one in limits]}, "mark": mark,
         "encoding": {"y": {**y, "field": "limit"}}}
    ]  # fmt: skip


def _intervals(x: dict[str, Any], y: dict[str, Any]) -> list[dict[str, Any]]:
    colour = {"field": "colour", "type": "nominal", "scale": None}
    mark = {"type": "rule", "strokeWidth": 1, "opacity": 0.35}
    labelled = {"filter": "isValid(datum.low) && datum.label != ''"}
    return [
        {"transform": [labelled], "mark": mark,
         "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": colour}},
        {"transform": [labelled], "mark": mark,
         "encoding": {"x": {**x, "field": "left"}, "x2": {"field": "right"}, "y": y, "color": colour}},
    ]  # fmt: skip


def _front(
    found: Mitigation, points: list[dict[str, Any]], x: dict[str, Any], y: dict[str, Any]
) -> list[dict[str, Any]]:
    joined = [one for one in points if one["name"] in found.front]
    if len(joined) < 2:  # noqa: PLR2004 - a line has two ends
        return []
    line = {"type": "line", "color": MARK, "strokeWidth": 1.5, "opacity": 0.8}
    return [{"data": {"values": joined}, "mark": line, "encoding": {"x": x, "y": y}}]


def _marks(points: list[dict[str, Any]], x: dict[str, Any], y: dict[str, Any]) -> list[dict[str, Any]]:
    colour = {"field": "colour", "type": "nominal", "scale": None}
    shape = {"field": "shape", "type": "nominal", "scale": None}
    text = {"type": "text", "dy": -7, "fontSize": 12, "fontWeight": "bold", "color": INK}
    labels = [
        {"data": {"values": [one for one in points if one["shown"] and one["side"] == side]},
         "mark": {**text, "dx": 6 if side == "right" else -6, "align": "left" if side == "right" else "right"},
         "encoding": {"x": x, "y": y, "text": {"field": "shown", "type": "nominal"}}}
        for side in ("left", "right")
    ]  # fmt: skip
    return [
        {"mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
         "encoding": {"x": x, "y": y, "color": colour, "shape": shape}},
        *labels,
    ]  # fmt: skip
