"""Charts of a training run: each finding over the iterations, with its interval, its limit, and what was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.reports.charts import BAD, INK, LIMIT, MARK, OPEN, WIDTH, Chart
from assay.reports.words import metric_words, number, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.reports.release import Release

MOST_CHARTS = 12
"""More findings than this are left to the table of measurements; those that did not pass come first."""

_STATUSES = ("fail", "unknown", "pass")
_SHAPES = {"fail": "square", "unknown": "diamond", "pass": "circle"}
_COLOURS = {"fail": BAD, "unknown": OPEN, "pass": MARK}
_MOST_DOTS = 60
"""Beyond so many iterations only those that do not pass have a mark of their own; the line shows the others."""


def iteration_charts(release: Release) -> tuple[Chart, ...]:
    """Return a chart for each finding of a monitored run, the worst first; none where no run was monitored."""
    run = release.evidence.facts.get("training")
    if not isinstance(run, dict):
        return ()
    series = run.get("series", [])

    def worst(one: Mapping[str, Any]) -> int:
        return min((_STATUSES.index(point[4]) for point in one["points"] if point[4] in _STATUSES), default=3)

    ordered = sorted((one for one in series if any(point[1] is not None for point in one["points"])), key=worst)
    return tuple(_chart(at, one, run) for at, one in enumerate(ordered[:MOST_CHARTS]))


def run_words(release: Release) -> str:
    """Return in a sentence or two which run this was, and how it went."""
    run = release.evidence.facts.get("training")
    if not isinstance(run, dict):
        return "No training run was monitored."
    ended = run.get("ended")
    if not isinstance(ended, dict):
        return f"Run {plain(str(run['id']))} did not say how it ended."
    counts = ", ".join(f"{many} {status}" for status, many in sorted(ended.get("iterations", {}).items()))
    told = f"Run {plain(str(run['id']))}: {plain(str(ended['outcome']))} after {counts or 'no'} iterations."
    if ended.get("stopped_at") is not None:
        told += f" The monitor stopped it at iteration {ended['stopped_at']}."
    kept = ended.get("kept")
    if kept is not None:
        told += f" Iteration {kept['iteration']} was kept: {metric_words(kept['by'])} {number(kept['value'])}."
    return told


def _chart(at: int, one: Mapping[str, Any], run: Mapping[str, Any]) -> Chart:
    points = [dict(zip(("iteration", "value", "low", "high", "status"), point, strict=True)) for point in one["points"]]
    low, high = one["limit"]
    name = plain(str(one["id"]))
    ended = run.get("ended") or {}
    kept = (ended.get("kept") or {}).get("iteration")
    stopped = ended.get("stopped_at")
    return Chart(
        f"iterations-{at}",
        f"{metric_words(one['metric'])[:1].upper()}{metric_words(one['metric'])[1:]}: {name}",
        _caption(points, kept, stopped),
        _specification(points, [bound for bound in (low, high) if bound is not None], one["metric"], kept, stopped),
        ("iteration", metric_words(one["metric"]), "interval", "finding"),
        tuple(
            (
                str(point["iteration"]),
                "not measured" if point["value"] is None else number(point["value"]),
                "" if point["low"] is None else f"{number(point['low'])} to {number(point['high'])}",
                str(point["status"]),
            )
            for point in points
        ),
    )


def _caption(points: Sequence[Mapping[str, Any]], kept: int | None, stopped: int | None) -> str:
    first = next((point for point in points if point["status"] == "fail"), None)
    told = "Dashed: the limit; the band is the interval."
    if first is not None:
        told += f" First breached at iteration {first['iteration']}: {number(first['value'])}."
    else:
        told += " Never breached."
    unsettled = sum(point["status"] == "unknown" for point in points)
    if unsettled:
        told += f" Not settled at {unsettled} of the iterations shown (diamonds)."
    if kept is not None:
        told += f" Upright line: iteration {kept}, which was kept."
    elif stopped is not None:
        told += f" Upright line: iteration {stopped}, where the run was stopped."
    return told


def _specification(
    points: Sequence[Mapping[str, Any]], bounds: Sequence[float], metric: str, kept: int | None, stopped: int | None
) -> dict[str, Any]:
    """Return the specification: band, line, limits, marks of what does not pass, and the iteration that counts."""
    ticks = {"tickMinStep": 1, "format": "d", "grid": False}
    x = {"field": "iteration", "type": "quantitative", "title": "iteration", "axis": ticks, "scale": {"nice": False}}
    y = {
        "field": "value", "type": "quantitative", "title": metric_words(metric), "axis": {"grid": True},
        "scale": {"zero": False},
    }  # fmt: skip
    known = [point for point in points if point["value"] is not None]
    layers = [
        {
            "data": {"values": [point for point in known if point["low"] is not None]},
            "mark": {"type": "area", "color": MARK, "opacity": 0.22},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {
            "data": {"values": known},
            "mark": {"type": "line", "color": MARK, "strokeWidth": 1.5},
            "encoding": {"x": x, "y": y},
        },
        {
            "data": {"values": [{"value": bound} for bound in bounds]},
            "mark": {"type": "rule", "color": LIMIT, "strokeDash": [5, 3], "strokeWidth": 1.5},
            "encoding": {"y": y},
        },
        _marks(known, x, y),
    ]
    if kept is not None or stopped is not None:
        layers += _upright(kept if kept is not None else stopped, "kept" if kept is not None else "stopped", x)
    return {"width": WIDTH, "height": 150, "layer": layers}


def _marks(known: Sequence[Mapping[str, Any]], x: Mapping[str, Any], y: Mapping[str, Any]) -> dict[str, Any]:
    few = len(known) <= _MOST_DOTS
    dots = [
        {**point, "colour": _COLOURS[point["status"]], "shape": _SHAPES[point["status"]]}
        for point in known
        if point["status"] in _COLOURS and (few or point["status"] != "pass")
    ]
    colour = {"field": "colour", "type": "nominal", "scale": None}
    shape = {"field": "shape", "type": "nominal", "scale": None}
    return {
        "data": {"values": dots},
        "mark": {"type": "point", "filled": True, "opacity": 1, "size": 46},
        "encoding": {"x": x, "y": y, "color": colour, "shape": shape},
    }


def _upright(iteration: int | None, word: str, x: Mapping[str, Any]) -> list[dict[str, Any]]:
    here = {"data": {"values": [{"iteration": iteration, "word": word}]}}
    text = {"type": "text", "align": "right", "dx": -4, "dy": 6, "baseline": "top", "color": INK}
    told = {"x": x, "y": {"value": 0}, "text": {"field": "word", "type": "nominal"}}
    return [
        {**here, "mark": {"type": "rule", "color": INK, "strokeWidth": 1.2}, "encoding": {"x": x}},
        {**here, "mark": text, "encoding": told},
    ]
