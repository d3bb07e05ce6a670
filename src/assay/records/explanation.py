"""Why a finding is not a pass, and what would mend it: causes with their share of the gap, and remedies."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import msgspec

from assay.records.tally import Frozen
from assay.records.verdict import Limit, Place, Provenance, Status

CauseKind: TypeAlias = Literal[
    "data.sample_size",
    "data.representation",
    "data.base_rate",
    "data.label_noise",
    "data.missingness",
    "data.proxy",
    "data.split_mismatch",
    "model.error_gap",
    "model.calibration",
    "model.feature",
    "model.slice",
    "threshold.cut",
    "none",
]
"""The closed vocabulary of causes; ``none`` says that no cause stands out, or that there is no gap to explain."""

CAUSE_KINDS: tuple[str, ...] = get_args(CauseKind)

Looked: TypeAlias = Literal["tally", "rows", "model", "train"]
"""What an explanation may have looked at."""

LOOKED: tuple[Looked, ...] = get_args(Looked)


class Clue(Frozen, kw_only=True):
    """One measured quantity that a cause rests on.

    Attributes:
        what: the quantity, in words, with its unit.
        value: the number; None where a word says it (`told`).
        interval: its interval at 95 %, where it has one.
        n: rows or people it rests on.
        told: what was seen, where no number says it.
        source: where the method is from (author, year).
    """

    what: str
    value: float | None = None
    interval: tuple[float, float] | None = None
    n: int | None = None
    told: str | None = None
    source: str | None = None


class Cause(Frozen, kw_only=True):
    """One cause of a gap.

    Attributes:
        kind: which, of the closed vocabulary.
        share: share of the gap that it accounts for, 0 to 1; None where no share can be said. Shares of different
            causes may overlap and need not add up to 1.
        confidence: how surely the evidence speaks for it, 0 to 1.
        detail: what was seen and what it means, one or two sentences; columns, groups and values are named.
        evidence: the quantities that it rests on.
    """

    kind: CauseKind
    share: float | None = None
    confidence: float
    detail: str
    evidence: tuple[Clue, ...] = ()


class Remedy(Frozen, kw_only=True):
    """One thing that would mend it.

    Attributes:
        name: ``threshold``, ``more_rows``, ``reweighing``, ``drop_feature``, ...; those that `assay mitigate` can try
            carry its name for them.
        detail: what to do, in words, with numbers.
        changes: what it would move, in people or rows, where that can be said.
        price: what it would cost, such as accuracy; None where that was not measured.
        needs_attribute: whether it needs the protected attribute when it predicts: in many places a legal question.
        command: the line that tries it, where there is one.
    """

    name: str
    detail: str
    changes: str | None = None
    price: str | None = None
    needs_attribute: bool = False
    command: str | None = None


class ExplainedFinding(Frozen, kw_only=True):
    """One finding that is not a pass, explained.

    Attributes:
        finding: its id; ``<metric>/<attribute>`` where there is no policy.
        check: the check's name; ``limit`` where there is no policy.
        status: fail or unknown; pass where somebody asked about a metric that keeps its limit.
        title: the requirement, in words.
        about: the groups concerned, in words.
        measured: the value compared.
        interval: its interval.
        limit: what it was held against.
        reason: what was measured, against what, and what follows.
        people: how many people it concerns.
        change: what would have to change for it to pass, in words.
        certainty: how sure we are of the measurement, in words.
        provenance: who set the limit and why.
        place: where in the policy it stands.
        causes: ranked, the first the likeliest; never empty (``none`` says that none stands out).
        remedies: ranked, the cheapest first.
        unexamined: what was not looked at, and why (no rows, no model, an extra that is not installed).
    """

    finding: str
    check: str
    status: Status
    title: str
    about: str | None = None
    measured: float | None = None
    interval: tuple[float, float] | None = None
    limit: Limit | None = None
    reason: str
    people: str | None = None
    change: str | None = None
    certainty: str | None = None
    provenance: Provenance | None = None
    place: Place | None = None
    causes: tuple[Cause, ...]
    remedies: tuple[Remedy, ...] = ()
    unexamined: tuple[str, ...] = ()


class CutPoint(Frozen, kw_only=True):
    """What one common cut comes to.

    Attributes:
        cut: scores from here on are predicted positive.
        accuracy: share decided as the label says; None without labels.
        favourable: decisions that are good for the person.
        values: the value of each finding's metric, in the order of `CutCurve.findings`; None where it has none.
    """

    cut: float
    accuracy: float | None
    favourable: int
    values: tuple[float | None, ...]


class CutSpan(Frozen, kw_only=True):
    """Neighbouring cuts in which every limit holds.

    Attributes:
        low: the least.
        high: the greatest.
        passes: whether the gate would pass them; else only the values are within their limits.
        tells: whether decisions there still tell people apart.
    """

    low: float
    high: float
    passes: bool
    tells: bool


class CutCurve(Frozen, kw_only=True):
    """What common cuts come to.

    Attributes:
        findings: ids of the findings whose limits cuts can move.
        now: the common cut nearest to the decisions as they are.
        accuracy_now: share decided as the label says today.
        favourable_now: decisions that are good for the person today.
        rows: rows that have a score.
        step: width of a histogram's bin, between whose edges the decisions of its rows are not known; 0: none.
        gap: the most rows between two neighbouring points.
        points: ascending.
        spans: where every limit holds.
    """

    findings: tuple[str, ...]
    now: float
    accuracy_now: float | None
    favourable_now: int
    rows: int
    step: float
    gap: int
    points: tuple[CutPoint, ...]
    spans: tuple[CutSpan, ...]


class Explanation(Frozen, kw_only=True):
    """All findings that are not a pass, explained.

    Attributes:
        schema: the record's version.
        subject: what was explained: a verdict's subject, or the name of a table.
        verdict_sha256: the verdict explained; None where there is none.
        examined: what was looked at: ``tally``, ``rows``, ``model``, ``train``.
        findings: in the verdict's order.
        cuts: what common cuts come to; absent where cuts have nothing to do with what is explained.
        remarks: what is to be known of the explanation as a whole, such as whose signature was not looked at.
    """

    schema: Literal["assay.explanation/v1"] = "assay.explanation/v1"
    subject: str
    verdict_sha256: str | None = None
    examined: tuple[Looked, ...]
    findings: tuple[ExplainedFinding, ...]
    cuts: CutCurve | msgspec.UnsetType = msgspec.UNSET
    remarks: tuple[str, ...] = ()
