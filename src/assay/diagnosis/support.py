"""What the label supports of the score's use of each feature, of the side itself, and of features on one side alone.

The score is a line of features and side, the label a logistic curve of the same terms. Were the score all that the
label supports, its coefficients would be the label's in proportion: ``label = steepness * score``. The steepness is the
weighted median of the ratios, so that one feature that is used without support does not move it (weighted least
absolute deviations through the origin: Bloomfield and Steiger 1983, Least Absolute Deviations, chapter 1); where the
score is a probability, one is as good as half of the features. What is over is use that the label does not support.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.diagnosis.fits import Fit, curve, line

if TYPE_CHECKING:
    from assay.diagnosis.case import Case

LEAST_STEEPNESS, MOST_STEEPNESS = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class Use:
    """A term's coefficient in the score, and what of it the label does not support, on the scale of ``t``.

    Attributes:
        whole: the coefficient.
        over: the unsupported part.
        error: standard error of that part.
    """

    whole: float
    over: float
    error: float

    @property
    def z(self) -> float:
        """Return the unsupported part in standard errors."""
        return self.over / self.error if self.error else 0.0


@dataclass(frozen=True, slots=True)
class Support:
    """The score's use of each term.

    Attributes:
        steepness: log odds of the label in one unit of the score.
        uses: of every code, and of ``g``.
        apart: of every code, the focus' use less the reference's.
    """

    steepness: float
    uses: dict[str, Use]
    apart: dict[str, Use]


def supported_by_label(case: Case, surrogate: Fit) -> Support | None:
    """Compare the score's line with the label's curve; None where the label cannot be fitted."""
    terms = ("1.0", "g", *case.codes)
    label = curve(case.coded.people, terms)
    if label is None:
        return None
    steepness = _steepness(surrogate, label, case.codes, odds=case.coded.people.odds)
    uses = {}
    for term in terms[1:]:
        (score, score_error), (mine, error) = surrogate.of(term), label.of(term)
        uses[term] = Use(score, score - mine / steepness, math.hypot(error / steepness, score_error))
    return Support(steepness, uses, _apart(case, steepness))


def _steepness(surrogate: Fit, label: Fit, codes: tuple[str, ...], *, odds: bool) -> float:
    """Return the weighted median of label over score."""
    ratios = []
    for code in codes:
        (score, _), (mine, error) = surrogate.of(code), label.of(code)
        if abs(score) > 1e-9 and error:  # noqa: PLR2004 - a feature that the score does not use
            ratios.append((mine / score, abs(score) / error))
    total = sum(weight for _, weight in ratios)
    if odds:
        ratios.append((1.0, 0.5 * total or 1.0))
    if not ratios:
        return 1.0
    half, seen = sum(weight for _, weight in ratios) / 2, 0.0
    for ratio, weight in sorted(ratios):
        seen += weight
        if seen >= half:
            return min(max(ratio, LEAST_STEEPNESS), MOST_STEEPNESS)
    return 1.0


def _apart(case: Case, steepness: float) -> dict[str, Use]:
    """Return by how much the focus' use of each code exceeds the reference's, and what of that the label lacks."""
    terms = ("1.0", *case.codes)
    lines = [line(case.coded.people, "t", terms, f"g = {side}") for side in (1, 0)]
    curves = [curve(case.coded.people, terms, f"g = {side}") for side in (1, 0)]
    if any(one is None for one in (*lines, *curves)):
        return {}
    found = {}
    for code in case.codes:
        (s1, e1), (s0, e0) = (one.of(code) for one in lines if one is not None)
        (y1, f1), (y0, f0) = (one.of(code) for one in curves if one is not None)
        error = math.hypot(e1, e0, f1 / steepness, f0 / steepness)
        found[code] = Use(s1 - s0, s1 - s0 - (y1 - y0) / steepness, error)
    return found
