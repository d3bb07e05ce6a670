"""A risk of a system as it stands: what could happen, what is done, what is left, and what is left to do."""

from __future__ import annotations

from assay.records.tally import Frozen


class RiskTest(Frozen, kw_only=True):
    """A control of the policy that tests a risk's measure, and what its findings said last; None without any."""

    control: str
    says: str | None
    sha256: str | None = None
    entry: int | None = None


class Risk(Frozen, kw_only=True):
    """One risk as it stands.

    Attributes:
        risk: its id.
        model: the model's name.
        version: the version that it is about; None for every one.
        harm: what it could harm.
        hazard: the hazard in words, as far as they are kept.
        likelihood: 1 to 5.
        severity: 1 to 5.
        measure: the kind of measure; ``none`` where there is none.
        measures: the measures in words.
        residual_likelihood: what is left.
        residual_severity: what is left.
        accepted: whether what is left was found acceptable.
        by: who recorded it last, and in which role.
        owner: who answers for it.
        tests: what tests its measure.
        monitors: metrics or alerts that watch it.
        alerts: ids of open alerts of what watches it.
        reviews: how many times it was recorded.
        at: when it was recorded last.
        entry: the entry of that.
        open: what is left to do about it.
    """

    risk: str
    model: str
    version: str | None
    harm: str
    hazard: str | None
    likelihood: int
    severity: int
    measure: str
    measures: str | None
    residual_likelihood: int | None
    residual_severity: int | None
    accepted: str
    by: str
    owner: str
    tests: tuple[RiskTest, ...]
    monitors: tuple[str, ...]
    alerts: tuple[str, ...]
    reviews: int
    at: str
    entry: int
    open: tuple[str, ...]

    @property
    def score(self) -> int:
        """Likelihood times severity, before measures."""
        return self.likelihood * self.severity
