"""Charts as inline SVG: Vega-Lite specifications written as plain dicts, rendered by vl-convert without a browser.

A chart is drawn narrow, so that its letters stay readable on a phone, and once for every colour scheme: colours are
written as stand-ins that become CSS variables of the page. A chart never stands alone: it carries a title, a sentence
that says what is seen, and the table of its numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 250
"""Width of the plotting area in pixels; with its labels a chart is about 360 wide, as a phone is."""

INK, FAINT, LIMIT, MARK, BAD, OPEN = "#010101", "#010102", "#010103", "#010104", "#010105", "#010106"
_VARIABLES = {
    INK: "--ink", FAINT: "--line", LIMIT: "--limit", MARK: "--mark", BAD: "--fail", OPEN: "--unknown",
}  # fmt: skip
STATUS_COLOURS = {"fail": BAD, "unknown": OPEN, "pass": MARK, "": MARK}

_ROLES = re.compile(r' (?:role|aria-[a-z]+|class|pointer-events)="[^"]*"')
_OPENING = re.compile(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"[^>]*>')


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and the table behind it.

    Attributes:
        id: unique in the page.
        title: what is drawn.
        caption: how to read it, in a sentence or two.
        spec: Vega-Lite specification, without configuration.
        head: the table's column names; the first names the rows.
        rows: the table's cells, as text.
    """

    id: str
    title: str
    caption: str
    spec: dict[str, Any] = field(repr=False)
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def svg(chart: Chart) -> str:
    """Return a chart as an ``<svg>`` element with title and description, its colours as CSS variables."""
    import vl_convert  # noqa: PLC0415 - loads a JavaScript engine

    drawn: str = vl_convert.vegalite_to_svg({**chart.spec, "config": _config()}, allowed_base_urls=[])
    drawn = _ROLES.sub("", drawn)
    for stand_in, variable in _VARIABLES.items():
        drawn = drawn.replace(f'"{stand_in}"', f'"var({variable})"')
    drawn = drawn.replace(' font-family="Roboto"', "")
    drawn = re.sub(r'(id="|url\(#)(?=clip)', rf"\g<1>{chart.id}-", drawn)
    return _OPENING.sub(lambda found: _opening(chart, found[1], found[2]), drawn, count=1)


def _opening(chart: Chart, width: str, height: str) -> str:
    from markupsafe import escape  # noqa: PLC0415 - comes with jinja2

    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{chart.id}-t {chart.id}-d" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<title id="{chart.id}-t">{escape(chart.title)}</title><desc id="{chart.id}-d">{escape(chart.caption)}</desc>'
    )


def _config() -> dict[str, Any]:
    axis = {
        "labelColor": INK, "titleColor": INK, "domainColor": FAINT, "tickColor": FAINT, "gridColor": FAINT,
        "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal", "labelLimit": 140, "tickCount": 5,
    }  # fmt: skip
    return {
        "font": "Roboto", "background": None, "view": {"stroke": None}, "axis": axis, "axisY": {"grid": False},
        "text": {"color": INK, "fontSize": 11}, "legend": {"disable": True},
    }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One row of a chart of dots: a value, its interval, the limits it is held against, and its status in words."""

    row: str
    value: float | None
    low: float | None = None
    high: float | None = None
    limits: tuple[float, ...] = ()
    status: str = ""

    def datum(self, order: int) -> dict[str, Any]:
        """Return the row for Vega-Lite; ``order`` keeps rows of the same name apart."""
        row = self.row if len(self.row) <= 40 else self.row[:39] + "\u2026"  # noqa: PLR2004 - what fits a label
        return {
            "order": order, "row": row, "value": self.value, "low": self.low, "high": self.high,
            "colour": STATUS_COLOURS.get(self.status, MARK),
            "shape": {"fail": "square", "unknown": "diamond"}.get(self.status, "circle"),
        }  # fmt: skip


def dots(rows: Sequence[Dot], axis: str, *, floor: float | None = None, line: float | None = None) -> dict[str, Any]:
    """Return a specification of values with intervals, one row each.

    Args:
        rows: top to bottom. Fails are squares and unknowns diamonds, so that colour is not needed to see them.
        axis: title of the horizontal axis.
        floor: least value that the axis shows; None for the least value drawn.
        line: a limit that all rows share, drawn through all of them.
    """
    values = [row.datum(order) for order, row in enumerate(rows)]
    ticks = [{"order": order, "limit": limit} for order, row in enumerate(rows) for limit in row.limits]
    labels = {str(datum["order"]): datum["row"] for datum in values}
    y = {
        "field": "order", "type": "ordinal", "sort": None, "title": None, "scale": {"padding": 0.5},
        "axis": {"labelExpr": f"{_json(labels)}[datum.label]", "ticks": False, "domain": False, "grid": True},
    }  # fmt: skip
    scale: dict[str, Any] = {"zero": False, "nice": True, "padding": 8}
    if floor is not None:
        scale = {"domainMin": floor, "nice": True}
    x = {"field": "value", "type": "quantitative", "title": axis, "scale": scale}
    colour = {"field": "colour", "type": "nominal", "scale": None}
    layers: list[dict[str, Any]] = [
        {
            "transform": [{"filter": "isValid(datum.low)"}],
            "mark": {"type": "rule", "strokeWidth": 2.5, "strokeCap": "round"},
            "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}, "color": colour},
        },
        {
            "data": {"values": ticks},
            "mark": {"type": "tick", "color": LIMIT, "thickness": 2.5, "size": 17},
            "encoding": {"y": y, "x": {**x, "field": "limit"}},
        },
        {
            "transform": [{"filter": "isValid(datum.value)"}],
            "mark": {"type": "point", "filled": True, "size": 64, "opacity": 1},
            "encoding": {
                "y": y,
                "x": x,
                "color": colour,
                "shape": {"field": "shape", "type": "nominal", "scale": None},
            },
        },
    ]
    if line is not None:
        mark = {"type": "rule", "color": LIMIT, "strokeDash": [5, 3], "strokeWidth": 1.5}
        layers.insert(0, {"data": {"values": [{"value": line}]}, "mark": mark, "encoding": {"x": x}})
    return {"data": {"values": values}, "width": WIDTH, "height": 24 * max(len(values), 1) + 8, "layer": layers}


def _json(labels: dict[str, str]) -> str:
    """Return a JSON object that is also a Vega expression: every character beyond plain ASCII text is escaped."""
    import json  # noqa: PLC0415 - strings with \\u escapes; msgspec writes them raw

    return json.dumps(labels, ensure_ascii=True)


def calibration(points: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Return a specification of a calibration curve: mean score against observed rate, with the diagonal.

    Args:
        points: ``score``, ``rate``, ``low``, ``high`` of each bin, in order of the score.
    """
    square = {"domain": [0, 1], "nice": False}
    x = {"field": "score", "type": "quantitative", "scale": square, "title": "mean score in the bin"}
    y = {"field": "rate", "type": "quantitative", "scale": square, "title": "observed rate", "axis": {"grid": True}}
    diagonal = [{"score": 0, "rate": 0}, {"score": 1, "rate": 1}]
    dash = {"type": "line", "color": LIMIT, "strokeDash": [5, 3], "strokeWidth": 1.5}
    dot = {"type": "point", "filled": True, "color": MARK, "size": 50, "opacity": 1}
    whisker = {"type": "rule", "color": MARK, "strokeWidth": 2, "opacity": 0.55}
    return {
        "data": {"values": list(points)}, "width": WIDTH, "height": 190,
        "layer": [
            {"data": {"values": diagonal}, "mark": dash, "encoding": {"x": x, "y": y}},
            {"mark": whisker, "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}},
            {"mark": {"type": "line", "color": MARK, "strokeWidth": 1.5}, "encoding": {"x": x, "y": y}},
            {"mark": dot, "encoding": {"x": x, "y": y}},
        ],
    }  # fmt: skip


def histogram(bars: Sequence[dict[str, float]], low: float, high: float, tallest: float) -> dict[str, Any]:
    """Return a specification of a histogram, with one range and one height for all groups, so that eyes can compare.

    Args:
        bars: ``start``, ``end`` and ``share`` of each bar.
        low: least score.
        high: greatest score.
        tallest: the greatest share in any group.
    """
    x = {"field": "start", "type": "quantitative", "title": "score", "scale": {"domain": [low, high], "nice": False}}
    y: dict[str, Any] = {
        "field": "share",
        "type": "quantitative",
        "title": "share of the group",
        "axis": {"format": "%", "grid": True},
    }
    y["scale"] = {"domain": [0, tallest]}
    mark = {"type": "bar", "color": MARK, "binSpacing": 1}
    return {
        "data": {"values": list(bars)}, "width": WIDTH, "height": 110, "mark": mark,
        "encoding": {"x": {**x, "bin": {"binned": True}}, "x2": {"field": "end"}, "y": y},
    }  # fmt: skip
