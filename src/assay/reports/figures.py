"""Which charts a release shows: findings against their limits, rates by group, calibration and scores by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from assay.records.measurement import joined
from assay.reports.challenge_figures import against_words, challenge_charts, release_challenge
from assay.reports.charts import Chart, Dot, calibration, dots, histogram
from assay.reports.dataset_figures import benchmarks, foretold, labels, missing
from assay.reports.iterations import iteration_charts, run_words
from assay.reports.score_groups import CALIBRATION_BINS, FEWEST, by_attribute, wilson
from assay.reports.windows import distribution_charts, drift_charts, window_charts, window_words
from assay.reports.words import about, group_value, interval_words, limit_words, metric_words, number, plain

if TYPE_CHECKING:
    from assay.records.measurement import Measurement
    from assay.records.verdict import Finding
    from assay.reports.release import Release
    from assay.reports.score_groups import GroupScores

RATES = ("selection_rate", "true_positive_rate", "false_positive_rate")
"""The rates drawn by group: who is selected, and who is wrongly or rightly so."""

OTHERWISE = ("accuracy", "macro_f1", "mean_absolute_error", "mean_error")
"""What is drawn by group where no such rate was measured: several classes, or a number predicted."""

_FIRST = {"fail": 0, "unknown": 1, "pass": 2, "not-applicable": 3}

MOST_ROWS = 24
"""A chart with more rows than this is left out, and its numbers stay in the table of measurements."""

_LIMITS = (
    "The dot is the measured value, the bar its interval, the upright tick the limit that the policy sets. "
    "Squares fail, diamonds are not settled, circles pass."
)

_VERBS = {"fail": "fails", "unknown": "is not settled", "pass": "passes", "not-applicable": "does not apply"}


@dataclass(frozen=True, slots=True)
class Section:
    """Charts that belong together, or the reason why there are none.

    Attributes:
        title: heading of the section.
        lead: what it shows.
        charts: in order.
        absent: why there is no chart; empty when there is one.
    """

    title: str
    lead: str
    charts: tuple[Chart, ...]
    absent: str = ""


def _data_sections(release: Release) -> list[Section]:
    """Return the sections of charts of the data stage: no score is drawn before there is a model."""
    drawn = {
        "The data against the population": (
            benchmarks(release),
            "Dots are shares of the rows, bars their intervals, upright ticks the shares in the population.",
            "No benchmark population is declared in assay.yaml (data.benchmark).",
        ),
        "Labels": (labels(release), "What the labels of each group are like.", "No label was counted."),
        "What one feature alone foretells": (
            foretold(release),
            "At 0.5 a coin does as well; at 1 the feature is the answer, or stands in for the group.",
            "No feature was counted.",
        ),
        "Missing values": (missing(release), "The columns with the most missing values.", "No value is missing."),
    }
    return [Section(title, lead, charts, "" if charts else absent) for title, (charts, lead, absent) in drawn.items()]


def sections(release: Release) -> list[Section]:
    """Return the sections of charts of a release, those without charts with the reason."""
    if release.evidence.stage == "data":
        limits = _limits(release)
        absent = "" if limits else "No finding compares a number with a limit."
        return [*_data_sections(release), Section("Findings against their limits", _LIMITS, limits, absent)]
    limits, rates = _limits(release), _rates(release)
    calibrated, scored = _calibrations(release), _histograms(release)
    no_scores = _no_scores(release)
    return [
        *_iterations(release),
        *_windows(release),
        *_against(release),
        Section(
            "Findings against their limits",
            _LIMITS,
            limits,
            "" if limits else "No finding compares a number with a limit.",
        ),
        Section(
            "Results by group",
            "Each value with its interval. A long bar means that few people stand behind the number.",
            rates,
            "" if rates else "Nothing that is drawn was measured by group.",
        ),
        Section(
            "Calibration by group",
            "Where the curve lies on the dashed line, a score of 0.7 means that 7 in 10 had the positive label.",
            calibrated,
            "" if calibrated else no_scores or "There are no labels, or the scores are not probabilities from 0 to 1.",
        ),
        Section(
            "Scores by group",
            "How the scores of each group are spread, as shares of the group.",
            scored,
            "" if scored else no_scores,
        ),
    ]


def _iterations(release: Release) -> list[Section]:
    """Return the section of a training run; none at another stage."""
    if release.evidence.stage != "training":
        return []
    charts = iteration_charts(release)
    title, lead = "The run, iteration by iteration", run_words(release)
    return [Section(title, lead, charts, "" if charts else f"{lead} No iteration compared a number with a limit.")]


def _windows(release: Release) -> list[Section]:
    """Return the sections of a window of monitoring; none at another stage."""
    if release.evidence.stage != "monitoring":
        return []
    drift, moved, over = drift_charts(release), distribution_charts(release), window_charts(release)
    lead = "The columns that have moved most, as shares of the rows."
    return [
        Section("Drift by column", window_words(release), drift, "" if drift else "No column could be compared."),
        Section("Then and now", lead, moved, "" if moved else "No column could be compared."),
        Section(
            "Over the windows", "What was measured window by window, and what all windows together say.", over,
            "" if over else "No group is known in any window.",
        ),
    ]  # fmt: skip


def _against(release: Release) -> list[Section]:
    """Return the section that holds a release against the version in production; none where nobody compared them."""
    found = release_challenge(release)
    if found is None:
        return []
    charts = challenge_charts(found)
    absent = "" if charts else "No change could be measured."
    return [Section("Against the version in production", against_words(found), charts, absent)]


def _limits(release: Release) -> tuple[Chart, ...]:
    by_metric: dict[str, list[Finding]] = {}
    for finding in release.verdict.findings:
        if finding.metric and finding.limit and finding.measured is not None:
            by_metric.setdefault(finding.metric, []).append(finding)
    charts: list[Chart] = []
    for position, (metric, held) in enumerate(by_metric.items()):
        found = sorted(held, key=lambda finding: _FIRST[finding.status]) if len(held) > MOST_ROWS else held
        rows = [_finding_dot(finding) for finding in found[:MOST_ROWS]]
        cells = tuple(
            (
                about(finding),
                number(finding.measured or 0.0, beside=finding.limit),
                interval_words(finding.interval),
                limit_words(finding.limit),
                "not known" if finding.n is None else f"{finding.n:,}",
                finding.status,
            )
            for finding in found
        )
        told = "; ".join(f"{about(finding)} {_VERBS[finding.status]}" for finding in found[:MOST_ROWS])
        told += f"; {len(found) - MOST_ROWS} more are in the table only" if len(found) > MOST_ROWS else ""
        charts.append(
            Chart(
                f"limit-{position}",
                _sentence(metric_words(metric)),
                f"{_sentence(told)}.",
                dots(rows, metric_words(metric)),
                ("about", "measured", "interval", "limit", "people", "status"),
                cells,
            )
        )
    return tuple(charts)


def _finding_dot(finding: Finding) -> Dot:
    low, high = finding.interval or (None, None)
    bounds = (finding.limit.min, finding.limit.max) if finding.limit else ()
    label = plain(" and ".join(finding.over.names)) if finding.over and not finding.group else about(finding)
    return Dot(
        row=label,
        value=finding.measured,
        low=low,
        high=high,
        limits=tuple(bound for bound in bounds if bound is not None),
        status=finding.status,
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _rates(release: Release) -> tuple[Chart, ...]:
    charts: list[Chart] = []
    grouped = {found.metric for found in release.evidence.measurements if found.group and found.one_of is msgspec.UNSET}
    for metric in RATES if grouped & set(RATES) else OTHERWISE:
        by_attributes: dict[tuple[str, ...], list[Measurement]] = {}
        for found in release.evidence.measurements:
            if found.metric == metric and found.group and found.one_of is msgspec.UNSET:
                by_attributes.setdefault(tuple(found.group), []).append(found)
        for attributes, rows in by_attributes.items():
            if len(rows) <= MOST_ROWS:
                charts.append(_rate_chart(release, metric, attributes, rows, f"rate-{len(charts)}"))
    return tuple(charts)


def _rate_chart(
    release: Release, metric: str, attributes: tuple[str, ...], rows: list[Measurement], name: str
) -> Chart:
    line, told = _shared_limit(release, attributes, rows) if metric == "selection_rate" else (None, "")
    title = f"{_sentence(metric_words(metric))} by {' and '.join(plain(attribute) for attribute in attributes)}"
    shown = [Dot(row=_label(found), value=found.value, low=_at(found, 0), high=_at(found, 1)) for found in rows]
    known = [found for found in rows if found.value is not None]
    ends = ""
    if known:
        least, most = min(known, key=_value), max(known, key=_value)
        ends = f"From {number(_value(least))} ({_label(least)}) to {number(_value(most))} ({_label(most)})."
    cells = tuple(
        (
            _label(found),
            "not measured" if found.value is None else number(found.value),
            interval_words(found.interval),
            f"{found.n:,}",
            plain(found.reason or ""),
        )
        for found in rows
    )
    head = ("group", metric_words(metric), "interval", "people", "remark")
    return Chart(name, title, f"{ends} {told}".strip(), dots(shown, metric_words(metric), line=line), head, cells)


def _value(found: Measurement) -> float:
    return found.value if found.value is not None else 0.0


def _at(found: Measurement, end: int) -> float | None:
    return found.interval[end] if found.interval else None


def _label(found: Measurement) -> str:
    return ", ".join(group_value(value) for value in found.group.values())


def _shared_limit(release: Release, attributes: tuple[str, ...], rows: list[Measurement]) -> tuple[float | None, str]:
    """Return the least selection rate that a limit between groups leaves room for, and the sentence that says so."""
    wanted = joined(attributes)
    for finding in release.verdict.findings:
        concerned = finding.over.attribute if finding.over else joined(finding.group)
        if concerned != wanted or finding.limit is None:
            continue
        measured = release.measurement_of(finding)
        smallest = measured.minimum_group if measured and isinstance(measured.minimum_group, int) else 1
        taking_part = [found for found in rows if found.value is not None and found.n >= smallest]
        if not taking_part:
            continue
        highest = max(_value(found) for found in taking_part)
        ratio_counts = finding.metric == "demographic_parity_ratio" or (
            finding.metric == "impact_ratio" and release.tally is not None and release.tally.favourable_is_positive
        )
        if ratio_counts and finding.limit.min is not None:
            told = (
                f"Dashed: {finding.limit.min:g} times the highest rate, the limit of control {plain(finding.control)}."
            )
            return highest * finding.limit.min, told
        if finding.metric == "demographic_parity_difference" and finding.limit.max is not None:
            told = (
                f"Dashed: the highest rate less {finding.limit.max:g}, the limit of control {plain(finding.control)}."
            )
            return highest - finding.limit.max, told
    return None, ""


def _no_scores(release: Release) -> str:
    if release.tally is None:
        return "The tally is not at hand, so scores by group cannot be drawn."
    if release.tally.scores is None:
        return "No score column was named, so there are no scores to draw."
    return "" if release.tally.roles.protected else "No protected attribute was named, so there are no groups to draw."


def _score_groups(release: Release) -> list[tuple[str, GroupScores]]:
    if release.tally is None or release.tally.scores is None:
        return []
    return [
        (attribute, group)
        for attribute in release.tally.roles.protected
        for group in by_attribute(release.tally, attribute)[:MOST_ROWS]
    ]


def _calibrations(release: Release) -> tuple[Chart, ...]:
    scores = release.tally.scores if release.tally else None
    if scores is None or (scores.low, scores.high) != (0.0, 1.0):
        return ()
    charts: list[Chart] = []
    for attribute, group in _score_groups(release):
        points, cells, left_out = [], [], 0
        for index in range(CALIBRATION_BINS):
            n = group.people[index]
            if n == 0:
                continue
            rate, mean = group.positives[index] / n, group.totals[index] / n
            low, high = wilson(group.positives[index], n)
            span = f"{index / CALIBRATION_BINS:g} to {(index + 1) / CALIBRATION_BINS:g}"
            shown = n >= FEWEST
            left_out += 0 if shown else n
            remark = "" if shown else f"fewer than {FEWEST}: not drawn"
            cells.append((span, number(mean), number(rate), interval_words((low, high)), f"{n:,}", remark))
            if shown:
                points.append({"score": mean, "rate": rate, "low": low, "high": high})
        if not points:
            continue
        told = f"{sum(group.people):,} people with label and score."
        if left_out:
            told += f" {left_out:,} of them in bins of fewer than {FEWEST} are in the table only."
        title = f"Calibration, {plain(attribute)}: {group_value(group.value)}"
        head = ("scores", "mean score", "observed rate", "interval (Wilson, 95 %)", "people", "remark")
        charts.append(Chart(f"calibration-{len(charts)}", title, told, calibration(points), head, tuple(cells)))
    return tuple(charts)


def _histograms(release: Release) -> tuple[Chart, ...]:
    scores = release.tally.scores if release.tally else None
    if scores is None or scores.low == scores.high:
        return ()
    charts: list[Chart] = []
    groups = _score_groups(release)
    tallest = max((max(group.bars) / group.n for _, group in groups if group.n), default=1.0)
    for attribute, group in groups:
        step = (scores.high - scores.low) / len(group.bars)
        bars = [
            {"start": scores.low + step * index, "end": scores.low + step * (index + 1), "share": count / group.n}
            for index, count in enumerate(group.bars)
            if group.n
        ]
        cells = tuple(
            (f"{number(bar['start'])} to {number(bar['end'])}", f"{count:,}", f"{bar['share']:.1%}")
            for bar, count in zip(bars, group.bars, strict=False)
            if count
        )
        title = f"Scores, {plain(attribute)}: {group_value(group.value)}"
        drawn = histogram(bars, scores.low, scores.high, tallest)
        charts.append(
            Chart(f"scores-{len(charts)}", title, f"{group.n:,} people.", drawn, ("scores", "people", "share"), cells)
        )
    return tuple(charts)
