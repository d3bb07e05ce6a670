"""How far each feature moved a person's score from the reference's: exact where features do not interact.

A contribution is the Shapley value of the feature (Shapley 1953; Lundberg and Lee 2017, "A unified approach to
interpreting model predictions", NeurIPS, https://arxiv.org/abs/1705.07874) in the game whose value of a coalition is
the mean score with the coalition's features as the person has them and all others as the reference applicants have
them (interventional: Janzing, Minorics and Bloebaum 2020, https://arxiv.org/abs/1910.13413). Contributions sum to the
person's score less the reference's mean score; that sum is verified for every person, and refused where it fails.

Where features do not interact, score(x) = c + sum of g_j(x_j), the value is g_j(x_j) less its mean over the reference,
and g_j can be read off one feature at a time. A logistic regression is such a model on the scale of log-odds, whatever
is done to each feature by itself before it; its contribution is then weight x (value - mean of the reference). That a
model is one is not believed but checked: with every person's and every reference applicant's own score.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.diagnosis.reasons.favour import scaled
from assay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.diagnosis.reasons.favour import Columns, Favour
    from assay.probing.scorer import Value
    from assay.records.reasons import Method, Scale

TOLERANCE = 1e-4
"""The most by which the sum of contributions may miss the distance from the reference: log-odds, or probability."""

_CERTAIN = 1e-9
"""Nearer to 0 or 1 than this a probability has no log-odds worth the name."""


@dataclass(frozen=True, kw_only=True)
class Contributions:
    """What moved the scores of some people.

    Attributes:
        method: how it was computed.
        engine: with what.
        scale: of scores and contributions.
        reference: mean score of the reference.
        scores: favourable probability of each person.
        of: feature to contribution, person by person; they sum to the score, on the scale, less ``reference``.
        off_by: the greatest difference found in that sum.
        unsure: how far sampling may be off, person by person; 0 where nothing is sampled.
        left: people at the end of the list for whom there was no time.
    """

    method: Method
    engine: str
    scale: Scale
    reference: float
    scores: tuple[float, ...]
    of: tuple[dict[str, float], ...]
    off_by: float
    unsure: tuple[float, ...]
    left: int = 0


def contributions(favour: Favour, people: Columns, reference: Columns, *, seed: int) -> Contributions:
    """Return the contributions of each feature to each person's score.

    Args:
        favour: the model.
        people: those who are explained.
        reference: those whom they are compared with.
        seed: of the sampling, where features interact.

    Raises:
        DataError: when the sum of contributions misses the score.
        MissingExtraError: when features interact, and SHAP is not installed.
        ScorerError: when the model cannot be asked.
        TimeUpError: when the budget is over before anybody is explained.
    """
    scores, others = favour(people), favour(reference)
    every: list[Scale] = ["log-odds", "probability"]
    certain = any(not _CERTAIN < one < 1 - _CERTAIN for one in (*scores, *others))
    for scale in every[certain:]:
        found = _additive(favour, people, reference, (scores, others), scale)
        if found is not None:
            return found
    from assay.diagnosis.reasons.shapley import by_shap  # noqa: PLC0415 - an extra, and heavy

    found = by_shap(favour, people, reference, scores, every[certain], seed=seed)
    require_sum(found)
    return found


def _additive(
    favour: Favour, people: Columns, reference: Columns, answers: tuple[Sequence[float], Sequence[float]], scale: Scale
) -> Contributions | None:
    """Return exact contributions where no two features interact; None where they do."""
    scores, others = answers
    anchor = {name: values[0] for name, values in reference.items()}
    start = scaled(others[0], scale)
    moved: dict[str, list[float]] = {}
    for name in people:
        values = [*people[name], *reference[name]]
        keys = [(type(value).__name__, value) for value in values]
        different = list(dict.fromkeys(keys))
        alone = favour({**{one: [anchor[one]] * len(different) for one in people}, name: [key[1] for key in different]})
        if scale == "log-odds" and any(not _CERTAIN < one < 1 - _CERTAIN for one in alone):
            return None
        parts = dict(zip(different, (scaled(one, scale) - start for one in alone), strict=True))
        moved[name] = [parts[key] for key in keys]
    count = len(scores)
    own = [scaled(one, scale) for one in (*scores, *others)]
    off_by = max(abs(own[row] - start - math.fsum(moved[name][row] for name in moved)) for row in range(len(own)))
    if off_by > TOLERANCE:
        return None
    means = {name: math.fsum(parts[count:]) / len(others) for name, parts in moved.items()}
    of = tuple({name: moved[name][row] - means[name] for name in moved} for row in range(count))
    mean = math.fsum(own[count:]) / len(others)
    return Contributions(
        method="additive", engine="one feature at a time", scale=scale, reference=mean, scores=tuple(scores), of=of,
        off_by=_off(of, own[:count], mean), unsure=(0.0,) * count,
    )  # fmt: skip


def _off(of: Sequence[dict[str, float]], own: Sequence[float], mean: float) -> float:
    return max((abs(math.fsum(one.values()) - (score - mean)) for one, score in zip(of, own, strict=True)), default=0.0)


def require_sum(found: Contributions) -> None:
    """Check that the contributions of every person sum to the distance from the reference.

    Raises:
        DataError: when they do not: what does not sum up explains something else than the score.
    """
    off_by = _off(found.of, [scaled(one, found.scale) for one in found.scores], found.reference)
    if not off_by <= TOLERANCE:
        raise DataError(
            f"expected contributions that sum to the score less the reference's within {TOLERANCE:g}, found {off_by:g} "
            f"({found.engine}): they explain something else than this score, so no reasons are given. A model that "
            "answers differently each time it is asked cannot be explained"
        )


def typical_values(reference: Columns) -> dict[str, Value]:
    """Return each feature's mean, or its most frequent value where it is no number; None where all is missing."""
    return {name: _typical([one for one in values if one is not None]) for name, values in reference.items()}


def _typical(known: list[Value]) -> Value:
    if not known:
        return None
    numbers = [float(one) for one in known if isinstance(one, (int, float)) and not isinstance(one, bool)]
    if len(numbers) == len(known):
        return math.fsum(numbers) / len(numbers)
    return max(sorted(set(known), key=str), key=known.count)
