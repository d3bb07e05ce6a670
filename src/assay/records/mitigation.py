"""A search for a remedy: what was tried on a denied version, what came of each, failures included."""

from __future__ import annotations

from typing import Literal, TypeAlias

from assay.records.evidence import Dataset
from assay.records.measurement import Measurement
from assay.records.tally import Frozen, GroupValue
from assay.records.verdict import Finding, Limit, Status

Attempted: TypeAlias = Literal["measured", "calculated", "failed", "timed-out", "refused", "not-tried"]
"""What became of a candidate; ``measured`` has numbers, ``calculated`` needed no fit, every other has a reason."""

SearchKind: TypeAlias = Literal["remedies", "lda"]
"""``lda``: the search for a less discriminatory alternative that lenders are asked for."""


class Change(Frozen, kw_only=True):
    """What became of one measurement, before to after.

    Attributes:
        metric: its name.
        group: the group; empty for everybody and for a metric between groups.
        over: the attributes compared, joined by commas, for a metric between groups.
        before: the value of the version compared with.
        after: the value of the candidate.
        change: after less before.
        interval: of the change, from the pairs of decisions on the same rows; None where rows cannot be paired.
        sure: whether the interval of the change lies on one side of 0 (without pairs: the two intervals are apart).
        n: rows that it rests on.
    """

    metric: str
    group: dict[str, GroupValue] = {}
    over: str | None = None
    before: float
    after: float
    change: float
    interval: tuple[float, float] | None = None
    sure: bool
    n: int


class Aim(Frozen, kw_only=True):
    """What a search tries to mend: the finding that is furthest beyond its limit.

    Attributes:
        metric: the metric.
        group: the group that it is about, for a metric of a group.
        over: the attributes compared, joined by commas.
        attributes: the protected attributes by which candidates even decisions out.
        limit: what it is held against.
        measured: its value in the denied version; None where that was not measured.
        interval: its interval.
        finding: id of the finding.
    """

    metric: str
    group: dict[str, GroupValue] = {}
    over: str | None = None
    attributes: tuple[str, ...]
    limit: Limit
    measured: float | None = None
    interval: tuple[float, float] | None = None
    finding: str


class Performance(Frozen, kw_only=True):
    """How a version does in the two things that are weighed against each other.

    Attributes:
        accuracy: share of decisions that agree with the label, on the rows reported.
        accuracy_interval: at the policy's level.
        aim: value of the aim's metric; None where it has none.
        aim_interval: its interval.
        holds: the worst status of the limits that can be measured on rows: pass, unknown, fail.
    """

    accuracy: float | None = None
    accuracy_interval: tuple[float, float] | None = None
    aim: float | None = None
    aim_interval: tuple[float, float] | None = None
    holds: Status


class Chosen(Frozen, kw_only=True):
    """How a candidate does on the rows that choose, which are not those that are reported.

    Attributes:
        accuracy: share of decisions that agree with the label.
        aim: value of the aim's metric.
        beyond: how far the worst limit is exceeded by the value alone, as a share of the limit; 0 when all hold.
        rows: rows that chose.
    """

    accuracy: float
    aim: float | None
    beyond: float
    rows: int


class Trial(Frozen, kw_only=True):
    """One candidate, tried or not.

    Attributes:
        name: its name; `--choose` takes it.
        method: the method's name: ``reweighing``, ``drop_features``, ...; several trials may share it.
        title: what it does, in a sentence.
        source: where the method is from.
        status: what became of it.
        reason: why it has no numbers.
        settings: hyper-parameters, by name.
        seed: of all chance in it.
        determinism: whether the same rows always get the same decisions, and what was done where they did not.
        needs_attribute: whether it needs the protected attribute when it predicts: in many places a legal question.
        needs: packages beside scikit-learn that must be there to predict.
        performance: accuracy, aim and whether the limits hold, on the rows reported.
        accuracy_change: against the version compared with, paired.
        on_choosing_rows: how it does on the rows that choose.
        holds_widened: the status of the limits with intervals as wide as so many candidates on one set of rows ask for.
        findings: every measurable limit of the policy, held against it.
        measurements: everything measured.
        worse: what got worse, the worst first.
        better: what got better, the best first.
        notes: what a person should know, such as a fit that did not converge.
        seconds: what it took.
        decisions_sha256: digest of the decisions on the rows reported, a byte each, in their order: who repeats the
            search gets the same.
    """

    name: str
    method: str
    title: str
    source: str
    status: Attempted
    reason: str | None = None
    settings: dict[str, str | int | float] = {}
    seed: int
    determinism: str
    needs_attribute: bool = False
    needs: tuple[str, ...] = ()
    performance: Performance | None = None
    accuracy_change: Change | None = None
    on_choosing_rows: Chosen | None = None
    holds_widened: Status | None = None
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    worse: tuple[Change, ...] = ()
    better: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    decisions_sha256: str | None = None


class Mitigation(Frozen, kw_only=True):
    """A whole search, failures included.

    Attributes:
        schema: the record's version.
        search: what kind of search.
        subject: the version that was denied, ``name version``, or the name of a table.
        verdict_sha256: the verdict that denied it; None where there is none.
        policy_sha256: digest of the policy that judged every candidate.
        aim: what was to be mended.
        before: the denied version.
        before_measurements: what was measured of it.
        compared_with: what changes are counted against: ``denied`` or ``as_is``, the same learner fitted again.
        estimator: the learner that candidates build on, in words.
        features: the columns that it is given.
        held_out: which rows are reported, and why no candidate has seen them.
        crossed: whether the rows that choose are among those reported, because nothing was held out.
        multiplicity: what looking at so many candidates does to the certainty of each.
        rows: rows by use: ``fit``, ``choose``, ``report``.
        datasets: role to digest of what was read.
        trials: every candidate, tried or not, in the order in which they were taken up.
        front: names of the measured candidates that no other beats in both accuracy and the aim, the most accurate
            first.
        recommended: name of the candidate that the choosing rows name; None when none holds there.
        recommendation: why.
        within: how far below the best accuracy a less discriminatory alternative may lie.
        budget_seconds: what the search was allowed.
        spent_seconds: what it took.
        seed: of all chance.
        tools: package to version.
        searched_at: RFC 3339 time in UTC.
    """

    schema: Literal["assay.mitigation/v1"] = "assay.mitigation/v1"
    search: SearchKind
    subject: str
    verdict_sha256: str | None = None
    policy_sha256: str
    aim: Aim
    before: Performance | None = None
    before_measurements: tuple[Measurement, ...] = ()
    compared_with: Literal["denied", "as_is"]
    estimator: str
    features: tuple[str, ...]
    held_out: str
    crossed: bool
    multiplicity: str
    rows: dict[str, int]
    datasets: tuple[Dataset, ...] = ()
    trials: tuple[Trial, ...]
    front: tuple[str, ...] = ()
    recommended: str | None = None
    recommendation: str
    within: float
    budget_seconds: float
    spent_seconds: float
    seed: int
    tools: dict[str, str] = {}
    searched_at: str

    def trial(self, name: str) -> Trial | None:
        """Return a candidate by its name."""
        return next((one for one in self.trials if one.name == name), None)
