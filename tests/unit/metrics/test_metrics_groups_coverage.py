"""Intervals of a group's metrics hold the truth as often as they say, or as seldom as their docstrings say.

Each case draws samples from a known population. The quick suite takes one population a metric, the slow one all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from assay.metrics import measure
from unit.metrics.counted_rows import tally_of
from unit.metrics.coverage import sides, simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.records.tally import Tally

# (share predicted positive among positives, among negatives), with 40 % positives.
DECISIONS = ((0.8, 0.1), (0.95, 0.02), (0.6, 0.3))
# Beta distributions of calibrated scores.
SCORES = ((2.0, 2.0), (1.0, 9.0), (0.5, 0.5))
# Least coverage that the docstrings claim, where it is under 93 %.
LEAST = {
    ("matthews_correlation", 30): 0.90,
    ("brier_score", 30): 0.91,
    ("log_loss", 30): 0.88,
    ("calibration_in_the_large", 30): 0.90,
}
# One side of these can hardly miss, or few people say little: they cover more than 97 %.
MOST = 0.995


def decisions(n: int, right: float, wrong: float) -> Callable[[np.random.Generator], Tally]:
    def once(draw: np.random.Generator) -> Tally:
        label = (draw.random(n) < 0.4).astype(int)
        prediction = (draw.random(n) < np.where(label == 1, right, wrong)).astype(int)
        return tally_of([()] * n, names=(), label=label.tolist(), prediction=prediction.tolist())

    return once


def scores(n: int, a: float, b: float) -> Callable[[np.random.Generator], Tally]:
    def once(draw: np.random.Generator) -> Tally:
        score = draw.beta(a, b, n)
        label = (draw.random(n) < score).astype(int)
        return tally_of([()] * n, names=(), label=label.tolist(), score=score.tolist())

    return once


def decision_truth(right: float, wrong: float) -> dict[str, float]:
    tp, fn, fp, tn = 0.4 * right, 0.4 * (1 - right), 0.6 * wrong, 0.6 * (1 - wrong)
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    mean = tp + tn + 2 * fp
    return {
        "f1": 2 * tp / (2 * tp + fp + fn),
        "matthews_correlation": (tp * tn - fp * fn) / product**0.5,
        "generalized_entropy_index": ((tp + tn + 4 * fp) / mean**2 - 1) / 2,
    }


def score_truth(a: float, b: float) -> dict[str, float]:
    from scipy import stats  # noqa: PLC0415 - only for the population's values

    # Quantiles of the distribution stand for the population.
    score = np.clip(stats.beta(a, b).ppf((np.arange(200_000) + 0.5) / 200_000), 1e-12, 1 - 1e-12)
    below = np.cumsum(1 - score) - (1 - score) / 2
    return {
        "mean_score": a / (a + b),
        "brier_score": float((score * (1 - score)).mean()),
        "log_loss": float(-(score * np.log(score) + (1 - score) * np.log(1 - score)).mean()),
        "calibration_in_the_large": 0.0,
        "expected_calibration_error": 0.0,
        "roc_auc": float((score * below).sum() / (score.sum() * (1 - score).sum())),
    }


def coverage(truths: dict[str, float], make: Callable[[np.random.Generator], Tally], draws: int) -> dict[str, float]:
    missed = dict.fromkeys(truths, 0)
    draw = np.random.default_rng(20261123)
    for _ in range(draws):
        for found in measure(make(draw), metrics=list(truths)):
            if found.interval is not None:
                missed[found.metric] += any(sides(found.interval, truths[found.metric]))
    return {name: 1 - count / draws for name, count in missed.items()}


def check(n: int, found: dict[str, float], slack: float) -> None:
    for name, share in found.items():
        least = LEAST.get((name, n), 0.93)
        assert least - slack <= share <= MOST + slack, (name, n, share)


@pytest.mark.parametrize("n", [30, 100, 1000])
def test_one_population(n: int) -> None:
    # 200 draws tell coverage to within three standard errors of 1.5 %.
    draws = 200
    check(n, coverage(decision_truth(0.8, 0.1), decisions(n, 0.8, 0.1), draws), 0.035)
    check(n, coverage(score_truth(2.0, 2.0), scores(n, 2.0, 2.0), draws if n < 1000 else 60), 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("n", [30, 100, 1000])
def test_every_population(n: int) -> None:
    draws = 2000
    for rates in DECISIONS:
        check(n, coverage(decision_truth(*rates), decisions(n, *rates), draws), 0.005)
    for shape in SCORES:
        check(n, coverage(score_truth(*shape), scores(n, *shape), draws), 0.005)


def test_the_simulation_can_fail() -> None:
    def once(draw: np.random.Generator) -> tuple[bool, bool]:
        value: Any = draw.normal()
        return sides((value - 1.0, value + 1.0), 0.0)

    above, below = simulate(2000, 1, once)
    assert above + below == pytest.approx(0.317, abs=0.03)
