"""Why a version is not allowed, and what would mend it: the section of the HTML page, with its charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from assay.reports.charts import BAD, FAINT, INK, LIMIT, MARK, WIDTH, Chart
from assay.reports.explanation import cause_words, clue_words, limit_line, remedy_words
from assay.reports.words import CAUSES, limit_words, metric_words, number, plain

if TYPE_CHECKING:
    from assay.records.explanation import CutCurve, ExplainedFinding, Explanation
    from assay.records.verdict import Finding
    from assay.reports.release import Release

_BAR = 26
"""Height of a cause's row in pixels: its name above its bar."""


@dataclass(frozen=True, slots=True)
class Told:
    """One finding as the section tells it.

    Attributes:
        found: the explanation.
        whom: whom it is about.
        lines: sentences: limit, people, what would have to change, how sure.
        causes: (kind, in words, share and confidence, detail, evidence), the likeliest first.
        charts: of its causes, and of what other cuts would come to.
        remedies: (what to do, the line that tries it).
    """

    found: ExplainedFinding
    whom: str
    lines: tuple[tuple[str, str], ...]
    causes: tuple[tuple[str, str, str, str, tuple[str, ...]], ...]
    charts: tuple[Chart, ...]
    remedies: tuple[tuple[str, str], ...]


def why(release: Release) -> tuple[Told, ...]:
    """Return what the section tells; nothing where nobody asked why."""
    explanation = release.explanation
    if explanation is None:
        return ()
    of = {finding.id: finding for finding in release.verdict.findings}
    return tuple(
        _told(explanation, found, of.get(found.finding), place) for place, found in enumerate(explanation.findings)
    )


def _told(explanation: Explanation, found: ExplainedFinding, finding: Finding | None, place: int) -> Told:
    named = (
        ("In people", found.people),
        ("To pass", found.change),
        ("How sure", found.certainty),
        ("The limit", (limit_line(found) or "").removeprefix("Limit: ")),
    )
    charts = [*_causes_chart(found, place)]
    if not isinstance(explanation.cuts, msgspec.UnsetType) and finding is not None:
        charts += _cuts_chart(explanation.cuts, found, finding, place)
    return Told(
        found=found,
        whom=plain(found.about or ""),
        lines=tuple((head, plain(told)) for head, told in named if told),
        causes=tuple(
            (
                cause.kind,
                CAUSES[cause.kind],
                cause_words(cause),
                plain(cause.detail),
                tuple(map(clue_words, cause.evidence)),
            )
            for cause in found.causes
        ),
        charts=tuple(charts),
        remedies=tuple((remedy_words(remedy), plain(remedy.command or "")) for remedy in found.remedies),
    )


def _causes_chart(found: ExplainedFinding, place: int) -> list[Chart]:
    """Return the causes as bars of their share; none where no share of a gap can be said."""
    shared = [cause for cause in found.causes if cause.share is not None]
    if not shared:
        return []
    head = ("cause", "in words", "share of the gap", "confidence")
    rows = tuple(
        (
            cause.kind, CAUSES[cause.kind], "cannot be said" if cause.share is None else f"{cause.share:.0%}",
            f"{cause.confidence:.0%}",
        )
        for cause in found.causes
    )  # fmt: skip
    first = shared[0]
    caption = (
        f"The bar is the share of the gap that would be gone without the cause, the pale part behind it the whole gap. "
        f"Likeliest: {CAUSES[first.kind]}, {cause_words(first)}."
    )
    values = [
        {"order": order, "kind": cause.kind, "share": cause.share or 0.0, "told": cause_words(cause)}
        for order, cause in enumerate(shared)
    ]
    return [Chart(f"causes-{place}", f"Causes of the gap: {plain(found.title)}", caption, _bars(values), head, rows)]


def _bars(values: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a specification of bars, each under its name and its share."""
    x = {"field": "share", "type": "quantitative", "title": "share of the gap", "scale": {"domain": [0, 1]},
         "axis": {"format": "%", "values": [0, 0.25, 0.5, 0.75, 1]}}  # fmt: skip
    y = {"field": "order", "type": "ordinal", "title": None, "axis": None, "scale": {"padding": 0.55}}
    at = {"y": y, "x": {"value": 0}}
    mark = {"align": "left", "baseline": "bottom", "dy": -9, "color": INK}
    return {
        "width": WIDTH, "height": {"step": _BAR * 2}, "data": {"values": values},
        "layer": [
            {"mark": {"type": "bar", "height": 12, "color": FAINT},
             "encoding": {"y": y, "x": {"datum": 0, "type": "quantitative"}, "x2": {"datum": 1}}},
            {"mark": {"type": "bar", "height": 12, "color": MARK}, "encoding": {"y": y, "x": x}},
            {"mark": {**mark, "type": "text", "fontWeight": "bold"}, "encoding": {**at, "text": {"field": "kind"}}},
            {"mark": {**mark, "type": "text", "baseline": "top", "dy": 9, "color": INK},
             "encoding": {**at, "text": {"field": "told"}}},
        ],
    }  # fmt: skip


def _cuts_chart(curve: CutCurve, found: ExplainedFinding, finding: Finding, place: int) -> list[Chart]:
    """Return the metric and the accuracy against the cut, with the cuts that hold every limit shaded."""
    if found.finding not in curve.findings or found.limit is None or found.status not in {"fail", "unknown"}:
        return []
    column = curve.findings.index(found.finding)
    metric = metric_words(finding.metric or "the value")
    points = [
        {"cut": point.cut, "value": value, "accuracy": point.accuracy}
        for point in curve.points
        if (value := point.values[column]) is not None
    ]
    if len(points) < 2:  # noqa: PLR2004 - a line needs two points
        return []
    passing = [span for span in curve.spans if span.tells and span.passes]
    spans = passing or [span for span in curve.spans if span.tells]
    idle = [span for span in curve.spans if not span.tells]
    head = ("cut", metric, "accuracy", "favourable decisions")
    rows = tuple(
        (
            number(point.cut), "none" if point.values[column] is None else number(point.values[column] or 0.0),
            "" if point.accuracy is None else number(point.accuracy), f"{point.favourable:,} of {curve.rows:,}",
        )
        for point in curve.points
    )  # fmt: skip
    bounds = [bound for bound in (found.limit.min, found.limit.max) if bound is not None]
    caption = f"{_read(metric, points)} {_shaded(bool(passing), len(spans), len(idle))} {_exact(curve)}".strip()
    kind = next((word for word in ("difference", "ratio") if word in metric), metric)
    title = f"Another cut: {metric}, {limit_words(found.limit)}"
    spec = _lines(points, [(span.low, span.high) for span in spans], bounds, curve.now, kind)
    return [Chart(f"cuts-{place}", title, caption, spec, head, rows)]


def _read(metric: str, points: list[dict[str, Any]]) -> str:
    accuracy = " and the accuracy (thin)" if any(point["accuracy"] is not None for point in points) else ""
    return (
        f"What one cut for everybody would come to: the {metric} (thick){accuracy}. Dashed: the limit, and the cut of "
        "today."
    )


def _shaded(passes: bool, spans: int, idle: int) -> str:
    if spans and passes:
        return "Shaded: every limit holds."
    if spans:
        return "Shaded: every value is within its limit, though not every interval."
    if idle:
        return "Nothing is shaded: where every value would be within its limit, nearly everybody is decided alike."
    return "Nothing is shaded: no cut that was tried holds every limit."


def _exact(curve: CutCurve) -> str:
    if curve.step > 0:
        return f"Cuts are the edges of bins of {curve.step:.2g}; up to {curve.gap:,} rows lie between two of them."
    return f"Up to {curve.gap:,} rows lie between two cuts that were tried." if curve.gap > 1 else ""


def _lines(
    points: list[dict[str, Any]], spans: list[tuple[float, float]], bounds: list[float], now: float, kind: str
) -> dict[str, Any]:
    """Return a specification of a metric and the accuracy against the cut."""
    x = {"field": "cut", "type": "quantitative", "title": "cut: scores from here on are predicted positive"}
    y = {"type": "quantitative", "title": None, "scale": {"domainMin": 0}}
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": [{"low": low, "high": high} for low, high in spans]},
            "mark": {"type": "rect", "color": MARK, "opacity": 0.22, "stroke": MARK, "strokeWidth": 1},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {"mark": {"type": "line", "color": INK, "strokeWidth": 1},
         "encoding": {"x": x, "y": {**y, "field": "accuracy"}}},
        {"mark": {"type": "line", "color": BAD, "strokeWidth": 2.5},
         "encoding": {"x": x, "y": {**y, "field": "value"}}},
        {"data": {"values": [{"cut": now}]}, "mark": {"type": "rule", "color": INK, "strokeDash": [2, 3]},
         "encoding": {"x": x}},
        {"data": {"values": [{"limit": bound} for bound in bounds]},
         "mark": {"type": "rule", "color": LIMIT, "strokeWidth": 1.5, "strokeDash": [6, 4]},
         "encoding": {"y": {**y, "field": "limit"}}},
    ]  # fmt: skip
    layers += [_label(words, x, y) for words in _labels(points, bounds, now, kind)]
    return {"width": WIDTH, "height": 180, "data": {"values": points}, "layer": layers}


def _labels(points: list[dict[str, Any]], bounds: list[float], now: float, kind: str) -> list[dict[str, Any]]:
    """Return the names that stand at the lines, so that no legend is needed."""
    left, right = points[0]["cut"], points[-1]["cut"]
    near = min(points, key=lambda point: abs(point["cut"] - (left + (right - left) * 0.3)))
    told = [{"cut": near["cut"], "at": near["value"], "words": kind, "dy": -9, "align": "right"}]
    if near["accuracy"] is not None:
        told.append({"cut": near["cut"], "at": near["accuracy"], "words": "accuracy", "dy": 11, "align": "right"})
    told += [{"cut": None, "at": bound, "words": "limit", "dy": 0, "dx": 4} for bound in bounds]
    return [*told, {"cut": now, "at": None, "words": "today", "dy": -7, "align": "center"}]


def _label(words: dict[str, Any], x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    at_top = words["at"] is None
    mark = {"type": "text", "align": words.get("align", "left"), "dy": words.get("dy", 6), "dx": words.get("dx", 0)}
    return {
        "data": {"values": [words]},
        "mark": {**mark, "color": INK, "baseline": "middle"},
        "encoding": {
            "x": {"value": WIDTH} if words["cut"] is None else x,
            "y": {"value": 0} if at_top else {**y, "field": "at"},
            "text": {"field": "words"},
        },
    }
