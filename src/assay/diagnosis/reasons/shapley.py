"""Contributions of features that interact, by SHAP: exactly for few features, else along random orders of them.

SHAP's permutation explainer goes through each order forwards and backwards, so that the sum is exact by construction
and each value is exact for models of up to two interacting features
(https://shap.readthedocs.io/en/stable/generated/shap.PermutationExplainer.html). Two halves of the orders are drawn
apart; how far they differ says how far the values may be off. Values of any kind are given to SHAP as codes.
"""

from __future__ import annotations

import random
import warnings
from typing import TYPE_CHECKING, Any

from assay.diagnosis.reasons.budget import TimeUpError
from assay.diagnosis.reasons.contributions import Contributions
from assay.diagnosis.reasons.favour import rows_of, scaled
from assay.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assay.diagnosis.reasons.favour import Columns, Favour
    from assay.probing.scorer import Value
    from assay.records.reasons import Method, Scale

MOST_EXACT = 7
"""Features for which every coalition is asked about: 128 of them."""

MOST_REFERENCE = 100
"""Reference applicants that stand for all: each is asked about for each coalition of each person."""

ORDERS = 5
"""Orders of the features in each half, each forwards and backwards."""


def by_shap(
    favour: Favour, people: Columns, reference: Columns, scores: Sequence[float], scale: Scale, *, seed: int
) -> Contributions:
    """Return contributions by SHAP, person after person until the budget is over; whether they sum up is not checked.

    Args:
        favour: the model.
        people: those who are explained.
        reference: those whom they are compared with; a sample of them stands for all.
        scores: favourable probability of the people.
        scale: of the contributions.
        seed: of the sample and the orders.

    Raises:
        MissingExtraError: when SHAP is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what SHAP's own dependencies say when imported is not about these rows
            import numpy as np  # noqa: PLC0415 - comes with SHAP
            import shap  # noqa: PLC0415 - an extra, and heavy
    except ImportError:
        raise MissingExtraError(
            "the features of this model interact, and SHAP, which tells them apart,", "explanation"
        ) from None
    rows = len(next(iter(reference.values())))
    drawn = sorted(random.Random(seed).sample(range(rows), min(rows, MOST_REFERENCE)))  # noqa: S311 - to be repeated
    sample = rows_of(reference, drawn)
    codes = {name: _codes([*people[name], *sample[name]]) for name in people}
    matrix = np.array(
        [[codes[name][_key(v)] for v in (*people[name], *sample[name])] for name in people], dtype=float
    ).T
    asked, against = matrix[: len(scores)], matrix[len(scores) :]
    answer = _answering(favour, {name: [key[1] for key in found] for name, found in codes.items()}, scale)
    exact = len(people) <= MOST_EXACT
    base = float(answer(against).mean())
    explainers = [_explainer(shap, answer, against, exact=exact, seed=seed + half) for half in range(1 if exact else 2)]
    told, unsure = [], []
    for at in range(len(scores)):
        try:
            halves = [one(asked[at : at + 1]) for one in explainers]
        except TimeUpError:
            break
        told.append(sum(halves)[0] / len(halves))
        unsure.append(float(np.abs(halves[0] - halves[-1]).max()) / 2)
        favour.budget.tell((at + 1) / len(scores))
    method: Method = "shap-exact" if exact else "shap-permutation"
    return Contributions(
        method=method, engine=f"SHAP {shap.__version__}, {len(drawn)} reference applicants", scale=scale,
        reference=base, scores=tuple(scores[: len(told)]),
        of=tuple(dict(zip(people, map(float, row), strict=True)) for row in told),
        off_by=_off(told, base, scores[: len(told)], scale), unsure=tuple(unsure), left=len(scores) - len(told),
    )  # fmt: skip


def _off(values: Any, base: float, scores: Sequence[float], scale: Scale) -> float:  # noqa: ANN401 - an array of numpy
    return max(
        (abs(float(row.sum()) + base - scaled(one, scale)) for row, one in zip(values, scores, strict=True)),
        default=0.0,
    )


def _explainer(
    shap: Any,  # noqa: ANN401 - a module
    answer: Callable[[Any], Any],
    against: Any,  # noqa: ANN401 - an array of numpy
    *,
    exact: bool,
    seed: int,
) -> Callable[[Any], Any]:
    """Return what takes apart the answers about some people; of each person alone, whoever is asked about beside."""
    masker = shap.maskers.Independent(against, max_samples=len(against))
    features = against.shape[1]

    def values(asked: Any) -> Any:  # noqa: ANN401 - arrays of numpy
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if exact:
                return shap.explainers.Exact(answer, masker)(asked, max_evals=2**features + 1, silent=True).values
            explainer = shap.explainers.Permutation(answer, masker, seed=seed)
            return explainer(asked, max_evals=ORDERS * (2 * features + 1), silent=True).values

    return values


def _key(value: Value) -> tuple[str, Value]:
    return type(value).__name__, value


def _codes(values: Sequence[Value]) -> dict[tuple[str, Value], int]:
    return {key: code for code, key in enumerate(dict.fromkeys(map(_key, values)))}


def _answering(favour: Favour, values: dict[str, list[Value]], scale: Scale) -> Callable[[Any], Any]:
    import numpy as np  # noqa: PLC0415 - comes with SHAP

    def answer(matrix: Any) -> Any:  # noqa: ANN401 - an array of numpy
        columns = {
            name: [known[int(code)] for code in column]
            for (name, known), column in zip(values.items(), np.asarray(matrix).T, strict=True)
        }
        return np.array([scaled(min(max(one, 1e-12), 1 - 1e-12), scale) for one in favour(columns)])

    return answer
