"""Which constraint of Fairlearn a metric asks for, and its learner: a classifier on numbers, weighted by rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.diagnosis.mitigation.lesson import NoRemedyError
from assay.errors import MissingExtraError

if TYPE_CHECKING:
    from assay.diagnosis.requirement import Requirement

CONSTRAINTS = {
    "demographic_parity": "DemographicParity",
    "selection_rate": "DemographicParity",
    "impact_ratio": "DemographicParity",
    "equal_opportunity": "TruePositiveRateParity",
    "true_positive_rate": "TruePositiveRateParity",
    "false_negative_rate": "TruePositiveRateParity",
    "equalized_odds": "EqualizedOdds",
    "false_positive_rate": "FalsePositiveRateParity",
    "true_negative_rate": "FalsePositiveRateParity",
    "accuracy": "ErrorRateParity",
}
"""How a metric's name begins, and the constraint (Fairlearn's class) that evens it out."""

POSTPROCESSED = {
    "DemographicParity": "demographic_parity",
    "TruePositiveRateParity": "true_positive_rate_parity",
    "FalsePositiveRateParity": "false_positive_rate_parity",
    "EqualizedOdds": "equalized_odds",
}
"""The same constraints as Fairlearn's threshold optimiser names them."""


SLACK = 0.5
"""Share of an absolute limit that a fit may leave between groups: it sees other rows than those that judge."""


def difference_left(aim: Requirement) -> float | None:
    """Return the difference between groups that a fit may leave; None where the limit is no difference."""
    most = aim.limit.max if aim.metric.endswith("_difference") else None
    return SLACK * most if most else None


def constraint_name(metric: str) -> str:
    """Return the constraint that a metric asks for.

    Raises:
        NoRemedyError: when no constraint of Fairlearn is about it.
    """
    for begins, name in CONSTRAINTS.items():
        if metric.startswith(begins):
            return name
    raise NoRemedyError(f"no constraint of Fairlearn is about {metric}")


def constraint(metric: str, difference: float | None = None) -> Any:  # noqa: ANN401 - one of Fairlearn's moments
    """Return Fairlearn's constraint for a metric; with a difference, the one that may be left."""
    try:
        from fairlearn import reductions  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("Fairlearn", "mitigation") from None
    kind = getattr(reductions, constraint_name(metric))
    return kind() if difference is None else kind(difference_bound=difference)
