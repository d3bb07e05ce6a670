"""A watched stream as plain text: what was raised, how each metric stands, and its course in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports.words import counted, group_words, interval_words, level_words, metric_words, number, plain

if TYPE_CHECKING:
    from assay.sequential import Alert, Open, SequentialMonitor, Standing
    from assay.sequential.monitor import Family

_STEPS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
_COURSE = 48


def course(family: Family, alpha: float) -> str:
    """Return the e-process as a line of blocks, on a scale of logarithms from 1/100 to what an alert takes."""
    from math import log  # noqa: PLC0415 - a line's worth

    if not family.points:
        return ""
    last = family.points[-1].row
    top, bottom = log(1 / alpha), log(0.01)
    line = []
    place = 0
    for column in range(_COURSE):
        row = last * (column + 1) / _COURSE
        while place + 1 < len(family.points) and family.points[place + 1].row <= row:
            place += 1
        height = (log(max(family.points[place].e_value, 1e-300)) - bottom) / (top - bottom)
        line.append(_STEPS[min(max(int(height * len(_STEPS)), 0), len(_STEPS) - 1)])
    return "".join(line)


def stream_text(monitor: SequentialMonitor) -> str:
    """Return a watched stream as text."""
    undecided, standings = monitor.undecided(), monitor.standings()
    promise = f"chance of any false alarm, over the whole stream: {level_words(monitor.alpha)}"
    lines = [f"{counted(monitor.rows, 'row')}, {counted(len(standings), 'comparison')}; {promise}", ""]
    for alert in monitor.alerts:
        lines += [*_alert_lines(alert), ""]
    for family, standing in zip(monitor.families, standings, strict=True):
        lines += _standing_lines(standing, undecided)
        lines += [f"  evidence  {course(family, monitor.alpha)}  (full at 1/alpha)", ""]
    if monitor.alerts:
        last = "Alert: a limit is breached."
    elif undecided:
        last = "Undecided: of some comparisons the rows say too little."
    else:
        last = "No alert: the evidence does not suffice against any limit."
    return "\n".join([*lines, last]) + "\n"


def _alert_lines(alert: Alert) -> list[str]:
    at = f" ({plain(alert.at)})" if alert.at else ""
    who = group_words(alert.highest) + (f" above {group_words(alert.lowest)}" if alert.lowest else "")
    began = f"row {alert.since.row:,}" if alert.since.row > 1 else "the start, as far as can be told"
    what = f"{metric_words(alert.metric)} over {plain(alert.over.attribute)}"
    interval = f"{interval_words(alert.interval)} at {level_words(alert.level)}, valid at every row"
    return [
        f"ALERT at row {alert.row:,}{at}: {what}, limit {alert.limit:g}",
        f"  {who}, in {metric_words(alert.mean)}",
        f"  estimate {number(alert.estimate)} ({interval}); evidence {number(alert.e_value)} to 1",
        f"  began at {began} (95 %: rows {alert.since.low:,} to {alert.since.high:,})",
    ]


def _standing_lines(standing: Standing, undecided: tuple[Open, ...]) -> list[str]:
    reason = next((one.reason for one in undecided if (one.metric, one.over) == (standing.metric, standing.over)), None)
    state = "alert" if standing.alerted else "undecided" if reason else "no alert"
    value = "not measured"
    if standing.estimate is not None:
        value = f"{number(standing.estimate)} ({interval_words(standing.interval)})"
    lines = [
        f"{metric_words(standing.metric)} over {plain(standing.over.attribute)}: {state}",
        f"  whole stream {value}, limit {standing.limit:g}; evidence {number(standing.e_value)} to 1",
    ]
    return [*lines, f"  {plain(reason)}"] if reason else lines
