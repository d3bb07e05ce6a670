"""The charts of the data stage: groups against their benchmark, labels by group, what features foretell, gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from assay.reports.charts import Chart, Dot, dots
from assay.reports.words import group_value, group_words, interval_words, metric_words, number, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from assay.records.measurement import Measurement
    from assay.reports.release import Release

MOST_ROWS = 20
"""Rows of a chart; of more the worst are drawn, and the table holds all."""

LABELS = ("base_rate", "label_conflict_share", "label_noise_share", "label_source_difference")


def benchmarks(release: Release) -> tuple[Chart, ...]:
    """Return a chart for each benchmark: the share of each group with its interval, and its share in the population."""
    charts = []
    for position, declared in enumerate(_declared(release)):
        names = tuple(declared.get("attributes", ()))
        shares: dict[str, float] = declared.get("shares", {})
        rows, cells = [], []
        for found in _of(release, "representation_share"):
            if tuple(found.group) != names or found.value is None:
                continue
            label = ", ".join(group_value(value) for value in found.group.values())
            wanted = shares.get(label)
            low, high = found.interval or (None, None)
            limits = () if wanted is None else (wanted,)
            rows.append(
                Dot(row=label, value=found.value, low=low, high=high, limits=limits, status=_held(found, wanted))
            )
            lacking = _value(release, "representation_shortfall", found.group)
            cells.append((
                label,
                number(found.value),
                interval_words(found.interval),
                "none" if wanted is None else number(wanted),
                f"{round(found.value * found.n):,}",
                "not known" if lacking is None else f"{lacking:,.0f}",
            ))  # fmt: skip
        if rows:
            title = f"Groups of {' and '.join(map(plain, names))} against the population"
            told = f"Upright ticks: the share in the population, after {plain(declared.get('source', ''))}. "
            told += f"Squares: the whole interval lies below it. {_least(rows)}"
            head = ("group", "share of the rows", "interval (95 %)", "share of the population", "rows", "rows lacking")
            spec = dots(rows, "share of the rows", floor=0.0)
            charts.append(Chart(f"benchmark-{position}", title, told, spec, head, tuple(cells)))
    return tuple(charts)


def _declared(release: Release) -> list[dict[str, Any]]:
    facts = release.evidence.facts.get("data")
    found = facts.get("benchmark", []) if isinstance(facts, dict) else []
    return [one for one in found if isinstance(one, dict)]


def _held(found: Measurement, wanted: float | None) -> str:
    if wanted is None or found.interval is None:
        return ""
    return "fail" if found.interval[1] < wanted else ""


def _least(rows: list[Dot]) -> str:
    ratios = [
        (row.value / row.limits[0], row) for row in rows if row.value is not None and row.limits and row.limits[0]
    ]
    if not ratios:
        return ""
    ratio, row = min(ratios, key=lambda pair: pair[0])
    return f"Least represented: {row.row}, {number(ratio)} times its share."


def _of(release: Release, metric: str) -> list[Measurement]:
    return [one for one in release.evidence.measurements if one.metric == metric]


def _value(release: Release, metric: str, group: Mapping[str, object]) -> float | None:
    return next((one.value for one in _of(release, metric) if one.group == group), None)


def labels(release: Release) -> tuple[Chart, ...]:
    """Return a chart of the labels of each group: how many are positive, in conflict, and probably wrong."""
    charts: list[Chart] = []
    for metric in LABELS:
        apart: dict[tuple[str, ...], list[Measurement]] = {}
        for one in _of(release, metric):
            if one.value is not None and (one.group or _about(one)):
                apart.setdefault(tuple(one.group) or tuple(_about(one)), []).append(one)
        for names, found in apart.items():
            if any(one.value for one in found):  # of nothing but zeros the table of measurements says enough
                axis = f"{metric_words(metric)} by {' and '.join(map(plain, names))}"
                charts.append(_ranked(f"label-{len(charts)}", axis, found, _who, worst_first=False))
    return tuple(charts)


def foretold(release: Release) -> tuple[Chart, ...]:
    """Return a chart of what each feature foretells: the label, and each protected group."""
    charts = []
    answers = [one for one in _of(release, "feature_label_auc") if one.value is not None]
    if answers:
        charts.append(_ranked("foretold-label", "the label, by one feature", answers, _column))
    groups: dict[str, list[Measurement]] = {}
    for one in _of(release, "feature_attribute_auc"):
        if one.value is not None:
            groups.setdefault(group_words(one.group), []).append(one)
    for position, (group, found) in enumerate(groups.items()):
        charts.append(_ranked(f"foretold-{position}", f"{group}, by one feature", found, _column))
    return tuple(charts)


def missing(release: Release) -> tuple[Chart, ...]:
    """Return a chart of the columns with the most missing values."""
    found = [
        one for one in _of(release, "missing_share")
        if one.value and _about(one).keys() == {"column"}
    ]  # fmt: skip
    return (_ranked("missing", "share of rows without a value", found, _column),) if found else ()


def _ranked(
    name: str,
    axis: str,
    found: Iterable[Measurement],
    label: Callable[[Measurement], str],
    *,
    worst_first: bool = True,
) -> Chart:
    """Return a chart of values, the greatest first where that is the worst."""
    ordered = sorted(found, key=lambda one: -(one.value or 0.0)) if worst_first else list(found)
    rows = [
        Dot(
            row=label(one),
            value=one.value,
            low=(one.interval or (None, None))[0],
            high=(one.interval or (None, None))[1],
        )
        for one in ordered[:MOST_ROWS]
    ]
    cells = tuple((label(one), number(one.value or 0.0), interval_words(one.interval), f"{one.n:,}") for one in ordered)
    told = f"{len(ordered) - MOST_ROWS} more are in the table only. " if len(ordered) > MOST_ROWS else ""
    most = max(ordered, key=lambda one: one.value or 0.0)
    told = f"{told}Most: {label(most)}, {number(most.value or 0.0)}."
    return Chart(name, axis[:1].upper() + axis[1:], told, dots(rows, axis), ("of", "value", "interval", "rows"), cells)


def _about(one: Measurement) -> dict[str, str]:
    return {} if one.about is msgspec.UNSET else one.about


def _column(one: Measurement) -> str:
    return plain(_about(one).get("column", ""))


def _who(one: Measurement) -> str:
    if one.group:
        return ", ".join(group_value(value) for value in one.group.values())
    return ", ".join(map(plain, _about(one).values()))
