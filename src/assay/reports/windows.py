"""Charts of a window of monitoring: drift by column, what moved, rates over windows, and the evidence over all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.reports.charts import BAD, LIMIT, MARK, WIDTH, Chart, Dot, dots
from assay.reports.words import interval_words, level_words, metric_words, number, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.records.measurement import Measurement
    from assay.reports.release import Release

MOST_COLUMNS = 24
MOST_PICTURES = 6
"""Columns whose distributions are drawn: those that moved most."""

MODERATE = 0.1
_STATUS = {"large": "fail", "moderate": "unknown", "not decided": "unknown", "none": "pass"}
_DASHES: tuple[list[int], ...] = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [10, 4])


def _facts(release: Release) -> Mapping[str, Any]:
    found = release.evidence.facts.get("monitoring")
    return found if isinstance(found, dict) else {}


def window_words(release: Release) -> str:
    """Return in a few sentences which window this is, and what waits."""
    facts = _facts(release)
    window = facts.get("window", {})
    span = f", {window['start']} to {window['end']}" if window.get("start") else ""
    told = f"Window {plain(str(window.get('name')))}: {window.get('rows', 0):,} rows{span}."
    waits = [plain(one) for one in facts.get("waits", [])]
    if not waits:
        return f"{told} Nothing waits."
    reasons = dict.fromkeys(one.split(": ", 1)[-1].split("; ")[0] for one in waits)
    shown = list(reasons)[:4]
    more = f" (and {len(reasons) - 4} further reasons in the evidence)" if len(reasons) > len(shown) else ""
    return f"{told} {len(waits)} numbers have no value: {'; '.join(shown)}{more}."


def drift_charts(release: Release) -> tuple[Chart, ...]:
    """Return the chart of the stability index of each column, with its severity; none where none was measured."""
    severities = _facts(release).get("severity", {})
    found = [one for one in release.evidence.measurements if one.metric == "psi" and _column(one) in severities]
    found.sort(key=lambda one: -(one.value if one.value is not None else float("inf")))
    if not found:
        return ()
    rows = [
        Dot(
            row=plain(_column(one)), value=one.value, low=None if one.interval is None else one.interval[0],
            high=None if one.interval is None else one.interval[1],
            status=_STATUS.get(severities[_column(one)], ""),
        )
        for one in found[:MOST_COLUMNS] if one.value is not None
    ]  # fmt: skip
    cells = tuple(
        (
            plain(_column(one)), "not measured" if one.value is None else number(one.value),
            interval_words(one.interval), severities[_column(one)], plain(one.reason or ""),
        )
        for one in found
    )  # fmt: skip
    counts = {word: list(severities.values()).count(word) for word in ("large", "moderate", "not decided", "none")}
    told = ", ".join(f"{many} {word}" for word, many in counts.items() if many)
    gone = list(severities.values()).count("not measured")
    caption = (
        f"Severity: {told or 'none measured'}{f'; {gone} not measured' if gone else ''}. By the interval, not by a "
        "p-value: large from 0.25 on, moderate from 0.1 on (dashed). Squares are large, diamonds moderate or open."
    )
    spec = dots(rows, "PSI", floor=0.0, line=MODERATE)
    return (
        Chart("drift", "Drift by column", caption, spec, ("column", "PSI", "interval", "severity", "remark"), cells),
    )


def _column(one: Measurement) -> str:
    return one.about.get("column", "") if isinstance(one.about, dict) else ""


def distribution_charts(release: Release) -> tuple[Chart, ...]:
    """Return the columns that moved most, then and now."""
    found = _facts(release).get("distributions", {})
    distances = {"jensen_shannon", "prediction_jensen_shannon"}
    order = {_column(one): one.value or 0.0 for one in release.evidence.measurements if one.metric in distances}
    names = sorted(found, key=lambda name: -order.get(name, 0.0))[:MOST_PICTURES]
    return tuple(_distribution(at, name, found[name], order.get(name, 0.0)) for at, name in enumerate(names))


def _distribution(at: int, name: str, bars: Sequence[Sequence[Any]], distance: float) -> Chart:
    values = [
        {"bin": plain(str(bar[0])) or "(empty)", "order": place, "when": when, "share": bar[1 + side]}
        for place, bar in enumerate(bars)
        for side, when in enumerate(("then", "now"))
    ]
    y = {"field": "bin", "type": "nominal", "sort": {"field": "order"}, "title": None}
    offset = {"field": "when", "sort": ["then", "now"]}
    colour = {"field": "when", "type": "nominal", "scale": {"domain": ["then", "now"], "range": [LIMIT, MARK]}}
    spec = {
        "data": {"values": values}, "width": WIDTH, "height": 26 * len(bars) + 8, "mark": {"type": "bar"},
        "encoding": {
            "y": y, "yOffset": offset, "color": colour,
            "x": {"field": "share", "type": "quantitative", "title": "share of the rows", "axis": {"format": "%"}},
        },
    }  # fmt: skip
    caption = (
        "Of each pair of bars the upper one is the reference, the lower one this window. "
        f"Jensen-Shannon distance {number(distance)}."
    )
    cells = tuple((plain(str(bar[0])), f"{bar[1]:.1%}", f"{bar[2]:.1%}") for bar in bars)
    title = f"{plain(name)}: then and now"
    return Chart(f"distribution-{at}", title, caption, spec, ("bin", "reference", "window"), cells)


def window_charts(release: Release) -> tuple[Chart, ...]:
    """Return selection rates over the windows by group, and the evidence over all windows."""
    facts = _facts(release)
    windows = facts.get("windows", [])
    attributes = dict.fromkeys(name for one in windows for name in one["rates"])
    rates = tuple(_rates(at, name, windows) for at, name in enumerate(attributes))
    watched = [(fact, line) for fact in facts.get("watched", []) for line in fact["history"] if line["points"]]
    return (*rates, *(_sequence(at, fact, line) for at, (fact, line) in enumerate(watched)))


def _rates(at: int, attribute: str, windows: Sequence[Mapping[str, Any]]) -> Chart:
    groups = sorted({group for one in windows for group in one["rates"].get(attribute, {})})[: len(_DASHES)]
    points, cells = [], []
    for place, one in enumerate(windows):
        for group in groups:
            selected, rows = one["rates"].get(attribute, {}).get(group, (0, 0))
            if rows:
                points.append(
                    {"at": place, "window": plain(one["name"]), "group": plain(group), "rate": selected / rows}
                )
                cells.append((plain(one["name"]), plain(group), f"{selected / rows:.1%}", f"{rows:,}"))
    labels = "{" + ",".join(f'"{place}":"{plain(one["name"])[-12:]}"' for place, one in enumerate(windows)) + "}"
    x = {
        "field": "at", "type": "ordinal", "title": "window", "axis": {"labelExpr": f"({labels})[datum.label]",
        "labelAngle": -40, "labelOverlap": True},
    }  # fmt: skip
    y = {"field": "rate", "type": "quantitative", "title": "selection rate", "axis": {"format": "%", "grid": True},
         "scale": {"zero": False}}  # fmt: skip
    names = [plain(group) for group in groups]
    dash = {"field": "group", "type": "nominal", "scale": {"domain": names, "range": list(_DASHES[: len(names)])}}
    last = [point for point in points if point["at"] == len(windows) - 1]
    mark = {"type": "line", "color": MARK, "strokeWidth": 1.75, "point": {"color": MARK, "size": 30}}
    text = {"type": "text", "align": "left", "dx": 6}
    spec = {
        "data": {"values": points}, "width": WIDTH, "height": 150,
        "layer": [
            {"mark": mark, "encoding": {"x": x, "y": y, "strokeDash": dash}},
            {"data": {"values": last}, "mark": text,
             "encoding": {"x": x, "y": y, "text": {"field": "group", "type": "nominal"}}},
        ],
    }  # fmt: skip
    caption = (
        "Each line is a group; its name stands at the last window. How many people stand behind it is in the table."
    )
    title = f"Selection rate over windows by {plain(attribute)}"
    return Chart(f"windows-{at}", title, caption, spec, ("window", "group", "selection rate", "people"), tuple(cells))


def _sequence(at: int, fact: Mapping[str, Any], line: Mapping[str, Any]) -> Chart:
    names = ("row", "value", "low", "high", "e_value")
    points = [dict(zip(names, point, strict=True)) for point in line["points"]]
    about = (line["metric"], line["over"])
    alert = next((one for one in fact["alerts"] if (one["metric"], one["over"]["attribute"]) == about), None)
    limit = next(
        one["limit"] for one in fact["standings"] if (one["metric"], one["over"]["attribute"]) == about
    )  # fmt: skip
    x = {
        "field": "row",
        "type": "quantitative",
        "title": "row, over all windows",
        "axis": {"format": "~s", "grid": False},
    }
    y = {"field": "value", "type": "quantitative", "title": metric_words(line["metric"]), "axis": {"grid": True}}
    rule = {"type": "rule", "color": LIMIT, "strokeDash": [5, 3], "strokeWidth": 1.5}
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "area", "color": MARK, "opacity": 0.25},
         "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}},
        {"data": {"values": [{"limit": limit}]}, "mark": rule, "encoding": {"y": {**y, "field": "limit"}}},
        {"mark": {"type": "line", "color": MARK, "strokeWidth": 1.5, "point": {"color": MARK, "size": 30}},
         "encoding": {"x": x, "y": y}},
    ]  # fmt: skip
    if alert is not None:
        upright = {"type": "rule", "color": BAD, "strokeWidth": 1.5}
        layers.insert(1, {"data": {"values": [{"row": alert["row"]}]}, "mark": upright, "encoding": {"x": x}})
    told = f" The upright line is the alert, in window {plain(str(alert['at']))}." if alert is not None else ""
    caption = (
        f"The estimate of all windows so far and its confidence sequence at {level_words(1 - fact['alpha'])}: the band "
        f"holds at all windows at once. Dashed: the limit.{told}"
    )
    rows = tuple(
        (f"{one['row']:,}", number(one["value"]), interval_words((one["low"], one["high"])), number(one["e_value"]))
        for one in points
    )  # fmt: skip
    title = f"All windows: {metric_words(line['metric'])} over {plain(line['over'])}"
    spec = {"data": {"values": points}, "width": WIDTH, "height": 150, "layer": layers}
    return Chart(f"sequence-{at}", title, caption, spec, ("row", "estimate", "interval", "evidence to 1"), rows)
