"""One finding's case: the rows in codes, the gap in its worlds, and the fits that several causes rest on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from assay.diagnosis.arithmetic import tail
from assay.diagnosis.fits import Fit, line
from assay.diagnosis.support import Support, supported_by_label
from assay.diagnosis.worlds import Calibrations, Gap, Worlds, recalibrated

if TYPE_CHECKING:
    from assay.diagnosis.asked_model import Asked
    from assay.diagnosis.coding import Coded
    from assay.diagnosis.question import Question
    from assay.diagnosis.sides import Sides
    from assay.diagnosis.train_rows import TrainRows
    from assay.records.explanation import Cause
    from assay.records.tally import Tally
    from assay.records.verdict import Status


@dataclass(frozen=True, slots=True)
class Suspect:
    """A cause that may be it.

    Attributes:
        cause: what is told.
        mechanism: whether it says how the gap comes about; an accounting (base rates, errors) only says where it sits.
        feature: the feature it is about.
        features: those it is about, of several.
        screens: kinds that are gone once this is taken away, and so come after it.
    """

    cause: Cause
    mechanism: bool = True
    feature: str = ""
    features: tuple[str, ...] = ()
    screens: tuple[str, ...] = ()

    @property
    def weight(self) -> float:
        """Share times confidence; a cause with no share weighs half of its confidence."""
        return (0.5 if self.cause.share is None else self.cause.share) * self.cause.confidence


def confidence(z: float, among: int = 1) -> float:
    """Return how surely something is there: 1 less the two-sided probability of its z by chance, among so many looks.

    Bonferroni's bound (Dunn 1961, JASA 56:52-64): the probability times the number of looks.
    """
    return max(0.0, 1.0 - tail(z) * among) if math.isfinite(z) else 0.0


@dataclass
class Case:
    """Everything that is looked at for one finding.

    Attributes:
        question: what was asked.
        tally: the counts.
        sides: who stands against whom.
        status: of the finding.
        value: measured.
        interval: of the value.
        coded: the rows as numbers.
        worlds: the gap as it is, and as it would be.
        train: the rows that the model was fitted on; None without.
        asked: what the model said; None without.
        unexamined: what was not looked at.
    """

    question: Question
    tally: Tally
    sides: Sides
    status: Status
    value: float
    interval: tuple[float, float] | None
    coded: Coded
    worlds: Worlds
    train: TrainRows | None = None
    asked: Asked | None = None
    unexamined: list[str] = field(default_factory=list)

    @property
    def attribute_used(self) -> bool:
        """Whether an attribute that is compared is itself an input of the model."""
        inputs = () if self.asked is None else self.asked.parts
        return self.coded.people.attribute_used or any(one in inputs for one in self.sides.attributes)

    @property
    def has_label(self) -> bool:
        """Whether there are labels."""
        return self.question.roles.label is not None

    @cached_property
    def missing_more(self) -> dict[str, str]:
        """Features that are missing more on one side, with SQL of the rows of ``people`` that miss them."""
        from assay.diagnosis.missing import missing_more  # noqa: PLC0415 - it needs this module's record

        return {one.feature: one.where for one in missing_more(self)}

    @cached_property
    def unexplained(self) -> tuple[float, float] | None:
        """Shares of the decisions about focus and reference that no cut of the score explains; None without a cut."""
        from assay.diagnosis.cuts import own_cut  # noqa: PLC0415 - it needs this module's record

        if not self.coded.people.has_score or self.question.roles.prediction is None:
            return None
        focus, reference = own_cut(self, 1), own_cut(self, 0)
        return None if focus is None or reference is None else (focus.off / focus.rows, reference.off / reference.rows)

    @cached_property
    def products(self) -> list[Suspect]:
        """Products of two features that carry the gap."""
        from assay.diagnosis.products import product_suspects  # noqa: PLC0415 - it needs this module's record

        return product_suspects(self)

    @property
    def multiplied(self) -> set[int]:
        """Places of the features of those products."""
        names = {name for one in self.products for name in one.features}
        return {at for at, feature in enumerate(self.coded.features) if feature.name in names}

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The columns of codes."""
        return tuple(code.column for code in self.coded.codes)

    @cached_property
    def surrogate(self) -> Fit | None:
        """The score (without one: the decision) as a line of the features, the side beside them."""
        return line(self.coded.people, "t", ("1.0", "g", *self.codes))

    @cached_property
    def support(self) -> Support | None:
        """What the label has for each of the score's terms; None without score or label."""
        if not self.has_label or not self.coded.people.has_score or self.surrogate is None:
            return None
        return supported_by_label(self, self.surrogate)

    @cached_property
    def calibrations(self) -> Calibrations | None:
        """How the label follows the score on each side."""
        return self.worlds.calibrations() if self.has_label else None

    @cached_property
    def recalibrated(self) -> Gap | None:
        """The gap when all are decided by one cut of what each side's own curve makes of the score."""
        return None if self.calibrations is None else self.worlds.decided_by(recalibrated(self.calibrations))

    @property
    def before(self) -> Gap:
        """The gap when all are decided by one cut of the score as it is; the gap as it is, without a score."""
        return self.worlds.cut or self.worlds.now

    @cached_property
    def label_gap(self) -> tuple[float, float]:
        """The focus' base rate less the reference's, and its z."""
        from assay.diagnosis.arithmetic import two_rates  # noqa: PLC0415 - one call

        (y1, n1), (y0, n0) = (counts.labels for counts in self.sides.counts)
        return two_rates(y1, n1, y0, n0)
