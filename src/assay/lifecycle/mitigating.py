"""Mitigate: candidates tried on a denied version, each judged under the same policy; failures on record."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec

from assay.diagnosis.mitigation import METHODS, MORE_ROWS
from assay.diagnosis.mitigation.limits import accuracy
from assay.diagnosis.mitigation.more_rows import more_rows
from assay.diagnosis.mitigation.paired import measured_changes, paired_changes, sorted_out
from assay.diagnosis.mitigation.search import Allowance, Outcome, attempts, wanted
from assay.errors import InputError
from assay.lifecycle.mitigation_judge import Judging
from assay.lifecycle.mitigation_naming import front, recommended
from assay.records.mitigation import Change, Chosen, Mitigation, Performance, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assay.diagnosis.mitigation.trying import Answers, Work
    from assay.lifecycle.mitigation_judge import Judge, Judged
    from assay.lifecycle.mitigation_project import Release
    from assay.lifecycle.project import Project
    from assay.records.evidence import Dataset
    from assay.records.measurement import Measurement
    from assay.records.mitigation import Aim, SearchKind
    from assay.records.verdict import Status

REFUSED_ATTRIBUTE = (
    "it needs {} of everybody whom it decides on, which is a legal question in many places; to try it all the same: "
    "--allow-attribute"
)
FORBIDDEN_ATTRIBUTE = "the policy (by_group) forbids that a decision rests on {}"
PACKAGES = ("fairlearn", "numpy", "pandas", "scikit-learn", "scipy", "skops")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is asked of a search.

    Attributes:
        search: remedies that are known by name, or a grid of alternatives.
        candidates: names of methods or candidates; all when empty.
        budget_seconds: what it may take.
        seed: of all chance.
        within: how far below the best accuracy a less discriminatory alternative may lie.
        attribute: whether candidates may need the protected attribute when they predict, where the policy says nothing.
    """

    search: SearchKind = "remedies"
    candidates: tuple[str, ...] = ()
    budget_seconds: float = 60.0
    seed: int = 0
    within: float = 0.01
    attribute: bool = False


@dataclass(frozen=True, kw_only=True)
class Denied:
    """The version that was denied, or that somebody asks about.

    Attributes:
        subject: what it is called.
        verdict_sha256: the verdict; None where there is none.
        measurements: what was measured of it.
        performance: how it does; None where nothing was predicted.
        decisions: its decisions on the rows reported, 0 or 1; None where they are not those rows.
    """

    subject: str
    verdict_sha256: str | None = None
    measurements: tuple[Measurement, ...] = ()
    performance: Performance | None = None
    decisions: Any = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything that a search needs.

    Attributes:
        work: rows, learner and limits, as candidates take them.
        judge: holds candidates against the policy.
        denied: what is to be mended.
        aim: the limit that is to be mended first.
        held_out: which rows are reported, in words.
        datasets: what was read, by digest.
        table: the table whose rows are reported: a candidate's predictions are written beside its columns.
        release: the release that was denied; None for a table.
        project: its project; None for a table.
    """

    work: Work
    judge: Judge
    denied: Denied
    aim: Aim
    held_out: str
    datasets: tuple[Dataset, ...] = ()
    table: Any = None
    release: Release | None = None
    project: Project | None = None


@dataclass(frozen=True, kw_only=True)
class Searched:
    """A search, and what its candidates answered, by name."""

    mitigation: Mitigation
    case: Case
    answers: dict[str, Answers] = field(default_factory=dict)
    judged: dict[str, Judged] = field(default_factory=dict)


def search(case: Case, options: Options, *, until: float, at: str, tell: Callable[[str, float], None]) -> Searched:
    """Try candidates within the budget, and judge each.

    Args:
        case: what is to be mended, with what.
        options: what is asked.
        until: when the budget is over, by the monotonic clock.
        at: the time, RFC 3339 in UTC.
        tell: told the candidate's name and the share that is done.

    Raises:
        InputError: for a candidate that there is not.
    """
    names = tuple(name for name in options.candidates if name != MORE_ROWS)
    only_rows = options.candidates == (MORE_ROWS,)
    pairs = wanted(options.search, names if names or not only_rows else ("as_is",))
    said = case.judge.policy.allows_by_group
    refused = FORBIDDEN_ATTRIBUTE if said is False else REFUSED_ATTRIBUTE
    allowed = Allowance(
        until=until, attribute=options.attribute if said is None else said,
        refuse_attribute=refused.format(", ".join(case.work.limits.attributes)),
    )  # fmt: skip
    trying = _Trying(case, options)
    work = dataclasses.replace(case.work, judge=Judging(case.judge, case.work.plan))
    for outcome in attempts(work, pairs, allowed, tell):
        trying.take(outcome)
    if options.search == "remedies" and (not options.candidates or MORE_ROWS in options.candidates):
        trying.trials.append(more_rows(case.denied.measurements, case.aim, options.seed))
    return trying.finished(options.budget_seconds - (until - monotonic()), at)


class _Trying:
    """One search while it goes on."""

    def __init__(self, case: Case, options: Options) -> None:
        self.case, self.options = case, options
        self.trials: list[Trial] = []
        self.answers: dict[str, Answers] = {}
        self.judged: dict[str, Judged] = {}

    def take(self, outcome: Outcome) -> None:
        """Keep what became of a candidate."""
        trial = _trial(outcome, self.options.seed)
        if outcome.answers is not None:
            name, answers, judged = outcome.candidate.name, outcome.answers, outcome.judged
            self.answers[name], self.judged[name] = answers, judged
            trial = self._measured(trial, answers, judged)
        self.trials.append(trial)

    def _measured(self, trial: Trial, answers: Answers, judged: Judged) -> Trial:
        case, plan, limits = self.case, self.case.work.plan, self.case.work.limits
        choosing = plan.learnt.take(plan.last.choose)
        counted = limits.tally(choosing, answers.chosen)
        worse, better, whole = self._changes(answers, judged)
        return msgspec.structs.replace(
            trial,
            settings={**trial.settings, **answers.found},
            needs=answers.needs,
            notes=answers.notes,
            performance=performance(judged.measurements, case.aim, judged.holds),
            accuracy_change=whole,
            on_choosing_rows=Chosen(
                accuracy=accuracy(choosing, answers.chosen), aim=limits.aimed(counted), beyond=limits.beyond(counted),
                rows=choosing.count,
            ),
            findings=judged.findings,
            measurements=judged.measurements,
            worse=worse,
            better=better,
            decisions_sha256=hashlib.sha256(bytes(answers.decisions.tolist())).hexdigest(),
        )  # fmt: skip

    @property
    def compared_with_denied(self) -> bool:
        """Whether changes are counted against the denied version, decision by decision."""
        return self.case.denied.decisions is not None

    def _changes(
        self, answers: Answers, judged: Judged
    ) -> tuple[tuple[Change, ...], tuple[Change, ...], Change | None]:
        """Return what got worse, what got better, and the change in accuracy of everybody."""
        first = self.answers.get("as_is")
        before = self.case.denied.decisions
        measured: Sequence[Measurement] = self.case.denied.measurements
        if before is None:
            if first is None:
                return (), (), None
            before, measured = first.decisions, self.judged["as_is"].measurements
        plan, limits = self.case.work.plan, self.case.work.limits
        level = self.case.judge.policy.level
        pairs = paired_changes(plan.reported, before, answers.decisions, level=level, protected=limits.protected)
        named = {one.metric for one in judged.findings if one.metric is not None}
        worse, better = sorted_out(
            (*pairs, *measured_changes(measured, judged.measurements, named)),
            favourable_is_positive=limits.favourable_is_positive,
        )
        whole = next((one for one in pairs if one.metric == "accuracy" and not one.group), None)
        return worse, better, whole

    def finished(self, spent: float, at: str) -> Searched:
        """Return the whole search."""
        case, options, plan = self.case, self.options, self.case.work.plan
        count = len(self.answers)
        trials = tuple(
            msgspec.structs.replace(one, holds_widened=case.judge.widened(self.judged[one.name], count))
            if one.name in self.judged else one
            for one in self.trials
        )  # fmt: skip
        name, why = recommended(trials, case.aim, search=options.search, within=options.within)
        mitigation = Mitigation(
            search=options.search,
            subject=case.denied.subject,
            verdict_sha256=case.denied.verdict_sha256,
            policy_sha256=case.judge.policy.sha256,
            aim=case.aim,
            before=case.denied.performance,
            before_measurements=case.denied.measurements,
            compared_with="denied" if self.compared_with_denied else "as_is",
            estimator=case.work.learner.words,
            features=tuple(plan.learnt.features.columns),
            held_out=case.held_out,
            crossed=plan.crossed,
            multiplicity=_multiplicity(count, crossed=plan.crossed),
            rows=plan.sizes(),
            datasets=case.datasets,
            trials=trials,
            front=front(trials, case.aim),
            recommended=name,
            recommendation=why,
            within=options.within,
            budget_seconds=options.budget_seconds,
            spent_seconds=round(spent, 3),
            seed=options.seed,
            tools=_tools(),
            searched_at=at,
        )
        return Searched(mitigation=mitigation, case=case, answers=self.answers, judged=self.judged)


def performance(measurements: Sequence[Measurement], aim: Aim, status: Status) -> Performance:
    """Return the two things that are weighed against each other, out of what was measured."""
    whole = next((one for one in measurements if one.metric == "accuracy" and not one.group), None)
    aimed = next((one for one in measurements if _is_aim(one, aim)), None)
    return Performance(
        accuracy=None if whole is None else whole.value,
        accuracy_interval=None if whole is None else whole.interval,
        aim=None if aimed is None else aimed.value,
        aim_interval=None if aimed is None else aimed.interval,
        holds=status,
    )


def _is_aim(one: Measurement, aim: Aim) -> bool:
    over = None if one.over is msgspec.UNSET else one.over.attribute
    return (one.metric, one.group, over) == (aim.metric, aim.group, aim.over) and one.value is not None


def _trial(outcome: Outcome, seed: int) -> Trial:
    return Trial(
        name=outcome.candidate.name,
        method=outcome.method.name,
        title=outcome.method.title,
        source=outcome.method.source,
        status=outcome.status,
        reason=outcome.reason,
        settings=dict(outcome.candidate.settings),
        seed=seed,
        determinism=outcome.method.determinism,
        needs_attribute=outcome.method.needs_attribute,
        seconds=round(outcome.seconds, 3),
    )


def _multiplicity(count: int, *, crossed: bool) -> str:
    told = (
        f"{count} candidates were judged on the same rows: the best of many looks better than it is. "
        f"Widened, limits are held against intervals wide enough for all {count} at once (Bonferroni). "
    )  # fmt: skip
    if crossed:
        return told + (
            "The recommended one was named by rows that are among those reported, by another fit than the one that "
            "reports them: take the widened intervals."
        )
    return told + "The recommended one was named by rows that are not reported, so its own interval stands."


def _tools() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def require_options(options: Options) -> None:
    """Refuse what makes no sense before anything is read.

    Raises:
        InputError: naming what is wrong.
    """
    known = {*METHODS, MORE_ROWS}
    if options.budget_seconds <= 0:
        raise InputError(f"--budget: expected seconds above 0, found {options.budget_seconds:g}")
    if not 0 <= options.within < 1:
        raise InputError(f"--within: expected a share of accuracy from 0 to under 1, found {options.within:g}")
    if options.search == "remedies":
        named = {name.split(".")[0] for name in options.candidates}
        if named - known:
            wanted("remedies", tuple(options.candidates))
