"""Which candidates are worth a look: those that no other beats, and the one that the choosing rows name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.mitigation import Aim, SearchKind, Trial

HOLDS = {
    "pass": "On the rows reported its limits hold.",
    "unknown": "On the rows reported not all of its limits are settled: more people are needed to tell.",
    "fail": "On the rows reported a limit is breached all the same.",
}


def front(trials: Sequence[Trial], aim: Aim) -> tuple[str, ...]:
    """Return the candidates that no other beats in both accuracy and the aim, the most accurate first."""
    found = [
        (one.performance.accuracy, nearness(one.performance.aim, aim), one.name)
        for one in trials
        if one.performance is not None and one.performance.accuracy is not None and one.performance.aim is not None
    ]
    kept = [
        (accuracy, near, name)
        for accuracy, near, name in found
        if not any(a >= accuracy and n >= near and (a, n) != (accuracy, near) for a, n, _name in found)
    ]
    first: dict[tuple[float, float], str] = {}
    for accuracy, near, name in kept:
        first.setdefault((accuracy, near), name)  # of equals the one tried first
    return tuple(name for (accuracy, _near), name in sorted(first.items(), key=lambda one: -one[0][0]))


def nearness(value: float, aim: Aim) -> float:
    """Return a value of the aim's metric so that more is better."""
    return value if aim.limit.min is not None else -value


def recommended(trials: Sequence[Trial], aim: Aim, *, search: SearchKind, within: float) -> tuple[str | None, str]:
    """Return the candidate that the choosing rows name, and why; none where none keeps the limits there."""
    able = [one for one in trials if one.on_choosing_rows is not None and one.performance is not None]
    if not able:
        return None, "No candidate could be measured, so none is named."
    return _alternative(able, aim, within) if search == "lda" else _remedy(able)


def _remedy(able: Sequence[Trial]) -> tuple[str | None, str]:
    keeping = [one for one in able if one.on_choosing_rows is not None and one.on_choosing_rows.beyond == 0]
    if not keeping:
        nearest = min(able, key=lambda one: one.on_choosing_rows.beyond)  # type: ignore[union-attr] # looked at above
        return None, (
            f"None keeps every limit on the rows that choose; {nearest.name} comes nearest. Widen the search "
            "(--search lda, --allow-attribute), collect more people, or look at the limit."
        )
    best = max(keeping, key=lambda one: (one.on_choosing_rows.accuracy, not one.needs_attribute))  # type: ignore[union-attr]
    told = (
        f"Of the {len(keeping)} that keep every limit on the rows that choose, {best.name} is the most accurate there."
    )
    return best.name, f"{told} {HOLDS[_status(best)]}"


def _alternative(able: Sequence[Trial], aim: Aim, within: float) -> tuple[str | None, str]:
    best = max(one.on_choosing_rows.accuracy for one in able if one.on_choosing_rows is not None)
    near = [
        one for one in able
        if one.on_choosing_rows is not None and one.on_choosing_rows.aim is not None
        and one.on_choosing_rows.accuracy >= best - within
    ]  # fmt: skip
    if not near:
        return None, f"No alternative within {within:g} of the best accuracy has a value of {aim.metric}."
    least = max(
        near,
        key=lambda one: (nearness(one.on_choosing_rows.aim, aim), one.on_choosing_rows.accuracy),  # type: ignore[union-attr,arg-type]
    )
    told = (
        f"Of the {len(near)} alternatives within {within:g} of the best accuracy on the rows that choose ({best:.4f}), "
        f"{least.name} differs least between groups there."
    )
    return least.name, f"{told} {HOLDS[_status(least)]}"


def _status(trial: Trial) -> str:
    return "unknown" if trial.performance is None else trial.performance.holds
