"""Reasons for an adverse decision: what pulled a person's score below the reference, in words, fixed when decided."""

from __future__ import annotations

from typing import Literal, TypeAlias

from assay.records.tally import Frozen

Cell: TypeAlias = str | int | float | bool | None
"""A feature's value as it was decided on; None stands for a missing one."""

Applicants: TypeAlias = Literal["passing", "approved", "all"]
"""Whom a person is compared with: those who passed narrowly, all who passed, or everybody."""

Scale: TypeAlias = Literal["log-odds", "probability"]
Method: TypeAlias = Literal["additive", "shap-exact", "shap-permutation"]
FoundChange: TypeAlias = Literal["found", "none-found", "none-exists", "nothing-actionable", "not-looked-for"]


class Reason(Frozen, kw_only=True):
    """One principal reason.

    Attributes:
        statement: the reason in words, as the mapping has it.
        features: the features whose contributions it sums; those with the same words are one reason.
        contribution: how far they moved the score from the reference's, below 0; on the scale of the record.
        share: its part of all that pulled the score down, above 0 to 1.
        flags: ``protected:ATTRIBUTE`` or ``stand-in:ATTRIBUTE``; a flagged reason must be looked at by a person.
    """

    statement: str
    features: tuple[str, ...]
    contribution: float
    share: float
    flags: tuple[str, ...] = ()


class Change(Frozen, kw_only=True):
    """One feature that would have to change: from what it was to what would do; ``called`` before a person."""

    feature: str
    called: str
    now: Cell
    to: Cell


class Advice(Frozen, kw_only=True):
    """The smallest change found that the model would have approved.

    Attributes:
        status: ``found``; ``none-found`` within the bounds; ``none-exists``, which a model whose features do not
            interact can show; ``nothing-actionable``; ``not-looked-for``, because the time was over.
        changes: every one of them is needed.
        score: the favourable probability with them, as the model answered; None where none was found.
        told: the answer in one sentence.
        engine: what searched, with its version and seed.
    """

    status: FoundChange
    changes: tuple[Change, ...] = ()
    score: float | None = None
    told: str
    engine: str


class PersonReasons(Frozen, kw_only=True):
    """The reasons of one decision. It names a person: it stays beside the log, which holds a salted commitment to it.

    Attributes:
        id: the person or the application, as the table has it.
        score: the favourable probability.
        from_reference: the score's distance from the reference's, on the record's scale; the contributions sum to it.
        reasons: the principal ones, the strongest first.
        listed_share: their part of all that pulled the score down.
        contributions: of every feature.
        row: the features as they were decided on.
        advice: the smallest change that would do, where it was asked for.
    """

    id: str
    score: float
    from_reference: float
    reasons: tuple[Reason, ...]
    listed_share: float
    contributions: dict[str, float]
    row: dict[str, Cell]
    advice: Advice | None = None


class Reference(Frozen, kw_only=True):
    """Whom the denied are compared with.

    Attributes:
        applicants: which of the rows.
        rows: how many they are.
        source: the table's name.
        score: their mean score, on the record's scale.
        typical: of each feature the mean, or the most frequent value where it is no number; None where all is missing.
    """

    applicants: Applicants
    rows: int
    source: str
    score: float
    typical: dict[str, Cell]


class ReasonsGiven(Frozen, kw_only=True):
    """What was fixed at decision time for a table of people; it names nobody.

    Attributes:
        schema: the record's version.
        batch: its id.
        system: the AI system.
        model: name of the model.
        version: version of the model.
        model_sha256: its root digest.
        answered_by: what answered for the model.
        mapping_sha256: of the file that maps features to statements.
        favourable: the outcome that is good for the person.
        threshold: the favourable probability from which on a person is approved.
        scale: what contributions are measured in.
        method: how they were computed.
        engine: with which version of what.
        off_by: the greatest difference found between the sum of contributions and the distance from the reference.
        tolerance: what it may be at most.
        reference: whom the denied are compared with.
        most: reasons listed at most.
        seed: of all chance.
        asked: rows of the table that were asked about.
        approved: those that need no reasons.
        denied: those that have them.
        flagged: the denied with a reason that is a protected attribute or stands in for one.
        commitments: a salted commitment to each `PersonReasons`, in their own order.
        decided_at: RFC 3339 time in UTC, whole seconds.
        left: people who were denied and have no reasons here, because the time was over; not among ``denied``.
        budget_seconds: the time that was given; None where there was no end.
    """

    schema: Literal["assay.reasons/v1"] = "assay.reasons/v1"
    batch: str
    system: str
    model: str
    version: str
    model_sha256: str
    answered_by: str
    mapping_sha256: str
    favourable: str
    threshold: float
    scale: Scale
    method: Method
    engine: str
    off_by: float
    tolerance: float
    reference: Reference
    most: int
    seed: int
    asked: int
    approved: int
    denied: int
    flagged: int
    commitments: tuple[str, ...]
    decided_at: str
    left: int = 0
    budget_seconds: float | None = None


class Disclosed(Frozen, kw_only=True):
    """What opens a commitment, kept beside the log where it can be erased.

    Attributes:
        batch: the record that holds the commitment.
        salt: 256 random bits, base64url.
        person: what was committed to.
    """

    batch: str
    salt: str
    person: PersonReasons


def shown(value: Cell) -> str:
    """Return a value as a person reads it: a number with six digits."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
