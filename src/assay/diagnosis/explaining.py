"""From rows to an explanation: the metric measured, held against its limit, and its causes in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from assay.checks._judge import by_interval, limit_words
from assay.diagnosis.accounts import find_base_rate, find_calibration, find_error_gap
from assay.diagnosis.asked_model import ask_model
from assay.diagnosis.case import Case, Suspect
from assay.diagnosis.coding import code
from assay.diagnosis.contributions import find_features
from assay.diagnosis.cuts import find_cut
from assay.diagnosis.effective import effective, people_for_a_weight
from assay.diagnosis.missing import find_missing
from assay.diagnosis.noise import find_noise
from assay.diagnosis.people import gather
from assay.diagnosis.products import find_products
from assay.diagnosis.ranking import rank
from assay.diagnosis.remedies import remedies_for
from assay.diagnosis.sides import sides_of
from assay.diagnosis.size import find_size
from assay.diagnosis.slices import find_slices
from assay.diagnosis.train_rows import open_train
from assay.diagnosis.training_causes import find_training
from assay.diagnosis.worlds import Worlds
from assay.errors import InputError
from assay.metrics import METRICS, measure
from assay.records.explanation import LOOKED, Cause, ExplainedFinding, Explanation
from assay.records.measurement import joined
from assay.tabular import tally_rows
from assay.tabular.engine import session
from assay.tabular.typed import open_typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.diagnosis.question import Question
    from assay.diagnosis.sides import Sides
    from assay.records.explanation import Looked, Remedy
    from assay.records.measurement import Measurement
    from assay.records.tally import Tally
    from assay.records.verdict import Status
    from assay.tabular.engine import Session
    from assay.tabular.typed import Typed


MEMORY = "1GB"

FINDERS: tuple[Callable[[Case], list[Suspect]], ...] = (
    find_cut, find_calibration, find_features, find_products, find_slices, find_missing, find_noise, find_training,
    find_base_rate, find_error_gap, find_size,
)  # fmt: skip
"""Every family of causes, each in a file of its own."""


class Rows(NamedTuple):
    """Rows that are open in a session of the engine; and what of all there is has been looked at so far."""

    session: Session
    typed: Typed
    tally: Tally
    examined: set[Looked]


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
    with session(memory=MEMORY, threads=1) as engine:  # one thread: sums of floats come in one order
        rows = Rows(engine, open_typed(engine, question.rows, '"data"'), tally, {"tally"})
        findings = tuple(
            explained(question, one, attributes, rows)
            for one, attributes in zip(measured, compared_in(question), strict=True)
        )
    return Explanation(
        subject=name or (str(question.rows) if isinstance(question.rows, str) else "the rows"),
        examined=tuple(one for one in LOOKED if one in rows.examined),
        findings=findings,
    )


def compared_in(question: Question) -> tuple[tuple[str, ...], ...]:
    """Return the sets of attributes whose groups are compared."""
    return question.compared or tuple((one,) for one in question.roles.protected)


def worst_of_each(tally: Tally, question: Question) -> list[Measurement]:
    """Return one measurement for each set of attributes: of a group's metric that of the worst group, or of the one."""
    sets = compared_in(question)
    found = measure(
        tally, level=question.level, minimum_group=question.minimum_group, metrics=[question.metric],
        intersections=[one for one in sets if len(one) > 1],
    )  # fmt: skip
    chosen = []
    for attributes in sets:
        mine = [one for one in found if _is_asked(one, question, attributes)]
        known = [one for one in mine if one.value is not None]
        lower = question.limit.min is not None
        chosen.append(
            sorted(known, key=lambda one: one.value or 0.0, reverse=not lower)[0] if known else (mine or list(found))[0]
        )
    return chosen


def _is_asked(one: Measurement, question: Question, attributes: tuple[str, ...]) -> bool:
    if question.group:
        return one.group == question.group and one.over is msgspec.UNSET
    return one.over is not msgspec.UNSET and sorted(one.over.names) == sorted(attributes)


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


def explained(
    question: Question, measurement: Measurement, attributes: tuple[str, ...], rows: Rows
) -> ExplainedFinding:
    """Return one finding, of the groups of one attribute or several, with its causes."""
    status, reason = judged(measurement, question)
    attribute = joined(attributes)
    sides = sides_of(effective(rows.tally), measurement, question.metric, attributes)
    causes, remedies, unexamined = _causes(question, measurement, sides, rows, status)
    return ExplainedFinding(
        finding=f"{question.metric}/{attribute}",
        check="limit",
        status=status,
        title=f"{METRICS[question.metric].title}: {limit_words(question.limit)}",
        measured=measurement.value,
        interval=measurement.interval,
        limit=question.limit,
        reason=reason,
        causes=causes,
        remedies=remedies,
        unexamined=unexamined,
    )


def _causes(
    question: Question, measurement: Measurement, sides: Sides | None, rows: Rows, status: Status
) -> tuple[tuple[Cause, ...], tuple[Remedy, ...], tuple[str, ...]]:
    if sides is None or measurement.value is None:
        return (Cause(kind="none", confidence=1.0, detail=_nothing(measurement)),), (), ()
    if status == "pass":
        kept = Cause(kind="none", confidence=0.95, detail="The metric keeps its limit: there is nothing to explain.")
        return (kept,), (), ()
    weighted = question.roles.weight is not None
    people = gather(
        rows.session, rows.typed, question.roles, sides, question.features,
        for_a_weight=people_for_a_weight(rows.tally) if weighted else None,
    )  # fmt: skip
    rows.examined.add("rows")
    coded = code(people)
    case = Case(
        question=question, tally=rows.tally, sides=sides, status=status, value=measurement.value,
        interval=measurement.interval, coded=coded, worlds=Worlds(coded, sides),
    )  # fmt: skip
    if question.train is not None:
        train = open_train(question, sides, coded)
        if isinstance(train, str):
            case.unexamined.append(train)
        else:
            case.train = train
            rows.examined.add("train")
    if question.scorer is not None:
        asked = ask_model(rows.session, rows.typed, question, sides, question.scorer)
        if isinstance(asked, str):
            case.unexamined.append(asked)
        else:
            case.asked = asked
            rows.examined.add("model")
            case.unexamined += asked.told
    suspects = [one for find in FINDERS for one in find(case)]
    causes = rank(case, suspects)
    return (
        causes,
        remedies_for(causes, mitigate=question.mitigate, by_group=question.by_group),
        (*told_unexamined(case), *case.unexamined),
    )


def _nothing(measurement: Measurement) -> str:
    """Say why there is no gap to explain."""
    if measurement.value is None:
        return f"Nothing was measured: {measurement.reason or 'the measurement gives no reason'}."
    return (
        f"All groups have the same value ({measurement.value:.4g}): no group is treated otherwise. Where every "
        f"prediction is "
        "the same, or every one is right, it cannot be otherwise: look at the predictions."
    )


def told_unexamined(case: Case) -> list[str]:
    """Return what could not be looked at, and why."""
    question, people = case.question, case.coded.people
    told = []
    if question.roles.label is None:
        told.append("no label: base rates, label noise, errors and calibration")
    if not people.has_score:
        why = "every score is the same" if question.roles.score else "no score"
        told.append(f"{why}: the cut, calibration, and what the label supports")
    if not question.features:
        told.append("no features (--features): stand-ins, contributions, slices, missing values")
    if isinstance(question.train, str) and question.train == question.rows:
        told.append("the train rows are the data's own: nothing can be unlike")
    if question.train is None:
        told.append("no train rows (--train): representation, and whether train and data are unlike")
    if question.no_scorer:
        told.append(question.no_scorer)
    elif question.scorer is None:
        told.append("no model (--model): what each of its inputs brings")
    if case.sides.apart:
        told.append(f"{case.sides.words_of(case.sides.apart)}: told from both of the groups that are farthest apart")
    if people.taken:
        told.append(f"rows: {people.taken} were looked at for causes")
    return [*told, *people.left_out, *case.coded.unseen, *(case.train.told if case.train else ())]
