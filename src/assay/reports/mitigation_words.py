"""The words of a search for a remedy, which its text, its Markdown and its page share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports.words import group_words, interval_words, limit_words, metric_words, number, plain

if TYPE_CHECKING:
    from assay.records.mitigation import Attempted, Change, Mitigation, Performance, Trial
    from assay.records.verdict import Status

HOLDS: dict[Status, str] = {
    "pass": "all hold", "unknown": "not settled", "fail": "breached", "not-applicable": "not asked"
}  # fmt: skip
STATUSES: dict[Attempted, str] = {
    "measured": "measured", "calculated": "calculated", "failed": "failed", "timed-out": "timed out",
    "refused": "not possible here", "not-tried": "not tried",
}  # fmt: skip
TITLES = {"remedies": "What would mend it", "lda": "Less discriminatory alternatives"}
HEAD = ("candidate", "accuracy", "change", "aim", "interval", "limits", "limits, widened", "group asked")


def aim_words(found: Mitigation) -> str:
    """Return what a search is to mend, in a sentence's part."""
    aim = found.aim
    whom = group_words(aim.group) if aim.group else f"between groups of {plain(aim.over or '').replace(',', ' and ')}"
    return f"{metric_words(aim.metric)}, {whom}, limit {limit_words(aim.limit)}"


def before_words(found: Mitigation) -> str:
    """Return how the denied version does."""
    if found.before is None or found.before.aim is None:
        return f"{plain(found.subject)} has no predictions to compare with."
    before = found.before
    accuracy = "" if before.accuracy is None else f", accuracy {number(before.accuracy)}"
    span = f" ({interval_words(before.aim_interval)})" if before.aim_interval else ""
    return f"{plain(found.subject)}: {number(before.aim or 0.0)}{span}{accuracy}; limits {HOLDS[before.holds]}."


def compared_words(found: Mitigation) -> str:
    """Return what changes are counted against."""
    if found.compared_with == "denied":
        return f"Changes are counted against {plain(found.subject)}, decision by decision on the same rows."
    return (
        "Changes are counted against as_is, the same learner fitted again, decision by decision: the decisions of "
        f"{plain(found.subject)} on these rows are not at hand."
    )


def change_words(change: Change) -> str:
    """Return one change: what, whose, from, to."""
    if change.over is not None:
        whose = f"{group_words(change.group)} against the others" if change.group else (
            f"between groups of {plain(change.over).replace(',', ' and ')}"
        )  # fmt: skip
    else:
        whose = group_words(change.group)
    span = "" if change.interval is None else f", change {interval_words(change.interval)}"
    sure = "" if change.sure else "; may be chance"
    return f"{metric_words(change.metric)}, {whose}: {number(change.before)} to {number(change.after)}{span}{sure}"


def signed(change: float) -> str:
    """Return a change with its sign, in points of a hundred."""
    return f"{change * 100:+.1f} points"


def trial_row(trial: Trial) -> tuple[str, ...]:
    """Return a measured candidate as cells, under `HEAD`."""
    performance = trial.performance
    assert performance is not None  # noqa: S101 - asked for measured candidates alone
    change = trial.accuracy_change
    return (
        trial.name,
        "" if performance.accuracy is None else number(performance.accuracy),
        "" if change is None else signed(change.change),
        _value(performance),
        "" if performance.aim_interval is None else interval_words(performance.aim_interval),
        HOLDS[performance.holds],
        "" if trial.holds_widened is None else HOLDS[trial.holds_widened],
        "yes" if trial.needs_attribute else "no",
    )


def _value(performance: Performance) -> str:
    return "not measured" if performance.aim is None else number(performance.aim)


def measured(found: Mitigation) -> list[Trial]:
    """Return the measured candidates: those on the front first, then by accuracy."""
    trials = [one for one in found.trials if one.performance is not None]
    return sorted(trials, key=lambda one: -(one.performance.accuracy or 0.0))  # type: ignore[union-attr] # looked at above


def unmeasured(found: Mitigation) -> list[Trial]:
    """Return the candidates without numbers, each with its reason."""
    return [one for one in found.trials if one.performance is None]


def reasons(found: Mitigation) -> list[tuple[tuple[str, ...], str, str]]:
    """Return the candidates without numbers: those of one reason together, what became of them, and why."""
    same: dict[tuple[str, str], list[str]] = {}
    for one in unmeasured(found):
        same.setdefault((STATUSES[one.status], plain(one.reason or "no reason given")), []).append(one.name)
    return [(tuple(names), status, why) for (status, why), names in same.items()]


def settings_words(trial: Trial) -> str:
    """Return a candidate's hyper-parameters."""
    return ", ".join(f"{plain(name)} {plain(value)}" for name, value in sorted(trial.settings.items())) or "none"


def needs_words(trial: Trial) -> str:
    """Return what a candidate needs when it predicts."""
    told = ["scikit-learn", *trial.needs]
    attribute = "; it must be given the protected attribute of everybody, a legal question in many places"
    return f"needs {' and '.join(told)}{attribute if trial.needs_attribute else ''}"


def budget_words(found: Mitigation) -> str:
    """Return the budget and what was spent of it."""
    left = sum(one.status in {"not-tried", "timed-out"} for one in found.trials)
    partial = f" {left} of {len(found.trials)} candidates were not tried to the end." if left else ""
    return f"Budget {found.budget_seconds:g} s, spent {found.spent_seconds:.1f} s, seed {found.seed}.{partial}"


def next_words(found: Mitigation) -> str:
    """Return the line that takes a candidate out as a version."""
    name = found.recommended or next(iter(found.front), None)
    if name is None:
        return "No candidate could be measured: nothing can be chosen."
    return f"To take one out as a new version: the same line with --choose {name} --out FOLDER"
