"""From rows to an explanation: the metric measured, held against its limit, and its causes in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.checks._judge import by_interval, limit_words
from assay.errors import InputError
from assay.metrics import METRICS, measure
from assay.records.explanation import Cause, ExplainedFinding, Explanation
from assay.tabular import tally_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.diagnosis.question import Question
    from assay.records.measurement import Measurement
    from assay.records.tally import Tally
    from assay.records.verdict import Status


def explain_rows(
    question: Question, *, name: str | None = None, on_progress: Callable[[float], None] | None = None
) -> Explanation:
    """Measure a metric for every protected attribute, hold it against its limit, and find causes.

    Args:
        question: what is asked.
        name: what messages call the rows.
        on_progress: told the share done, from 0 to 1.

    Raises:
        DataError: when the rows cannot be read.
        InputError: when no attribute is named.
    """
    if not question.roles.protected:
        raise InputError("expected --protected with the columns by which groups are compared, found none")
    tally = tally_rows(question.rows, question.roles, name=name, on_progress=on_progress)
    measured = worst_of_each(tally, question)
    findings = tuple(explained(question, one) for one in measured)
    return Explanation(
        subject=name or (str(question.rows) if isinstance(question.rows, str) else "the rows"),
        examined=("tally",),
        findings=findings,
    )


def worst_of_each(tally: Tally, question: Question) -> list[Measurement]:
    """Return one measurement for each protected attribute: of a group's metric that of the worst group."""
    found = measure(tally, level=question.level, minimum_group=question.minimum_group, metrics=[question.metric])
    chosen = []
    for attribute in question.roles.protected:
        mine = [one for one in found if one.over is not msgspec.UNSET and one.over.attribute == attribute]
        known = [one for one in mine if one.value is not None]
        lower = question.limit.min is not None
        chosen.append(
            sorted(known, key=lambda one: one.value or 0.0, reverse=not lower)[0] if known else (mine or list(found))[0]
        )
    return chosen


def judged(measurement: Measurement, question: Question) -> tuple[Status, str]:
    """Hold a measurement against the limit: pass, fail or unknown, and why in words."""
    value, interval = measurement.value, measurement.interval
    if value is None:
        return "unknown", f"no value: {measurement.reason or 'the measurement gives no reason'}."
    if interval is None:
        method = measurement.method if isinstance(measurement.method, str) else "none was computed"
        return "unknown", f"{value:.4g}, but without an interval ({method}): it cannot be decided."
    bound = measurement.bound if isinstance(measurement.bound, float) else 0.0
    widened = (interval[0] - bound, interval[1] + bound)
    told = by_interval(value, widened, question.limit, measurement.level, measurement.n)
    return told.status, told.reason


def explained(question: Question, measurement: Measurement) -> ExplainedFinding:
    """Return one finding with its causes."""
    status, reason = judged(measurement, question)
    attribute = measurement.over.attribute if measurement.over is not msgspec.UNSET else question.roles.protected[0]
    none = Cause(kind="none", share=None, confidence=0.5, detail="No cause was looked for.")
    return ExplainedFinding(
        finding=f"{question.metric}/{attribute}",
        check="limit",
        status=status,
        title=f"{METRICS[question.metric].title}: {limit_words(question.limit)}",
        measured=measurement.value,
        interval=measurement.interval,
        limit=question.limit,
        reason=reason,
        causes=(none,),
    )
