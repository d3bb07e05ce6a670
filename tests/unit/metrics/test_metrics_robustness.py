"""Robustness from counts: exact intervals, slices that pay for being many, medians of what an attack found."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from assay.metrics.intervals.clopper_pearson import clopper_pearson
from assay.metrics.robustness import measure_robustness
from assay.records.probe_counts import Evasion, Flips, ProbeCounts, Slice, Slices

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


@pytest.mark.parametrize(
    ("hits", "n"), [(0, 10), (3, 10), (10, 10), (1, 2000), (600, 2000), (1999, 2000), (9000, 50_000)]
)
def test_the_exact_interval_is_scipys(hits: int, n: int) -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is the oracle")
    expected = stats.binomtest(hits, n).proportion_ci(0.95, method="exact")
    assert clopper_pearson(hits, n, 0.95) == pytest.approx((expected.low, expected.high), abs=1e-9)


def _one(counts: ProbeCounts, metric: str) -> Measurement:
    (found,) = (one for one in measure_robustness(counts) if one.metric == metric)
    return found


def test_rows_without_an_answer_are_no_unchanged_decisions() -> None:
    counts = ProbeCounts(compared=10, agreed=9, flips=(Flips(probe="missing", tried=100, failed=60, changed=10),))
    assert _one(counts, "missing_flip_rate").value == 0.25
    assert _one(counts, "missing_flip_rate").n == 40
    assert _one(counts, "missing_failure_rate").value == 0.6


def test_a_model_that_was_not_asked_leaves_every_metric_without_a_value() -> None:
    found = measure_robustness(
        ProbeCounts(reason="down", asked=("noise", "missing", "range", "counterfactual", "evasion"))
    )
    assert {one.metric for one in found} == {
        "prediction_agreement", "noise_flip_rate", "missing_flip_rate", "missing_failure_rate", "range_flip_rate",
        "range_failure_rate", "counterfactual_flip_rate", "evasion_success_rate", "evasion_distance",
    }  # fmt: skip
    assert all(one.value is None and one.reason == "down" and one.interval is None for one in found)


def test_the_worst_of_many_equal_slices_is_rarely_above_nothing() -> None:
    draw, false_alarms = random.Random(3), 0
    for _ in range(200):
        slices = [
            Slice(name=str(at), rows=100, errors=sum(draw.random() < 0.2 for _ in range(100))) for at in range(30)
        ]
        counts = Slices(rows=3000, errors=sum(one.errors for one in slices), slices=tuple(slices), smallest=50)
        worst = _one(ProbeCounts(compared=1, agreed=1, slices=counts), "worst_slice_error_gap")
        assert worst.interval is not None
        assert worst.value is not None
        assert worst.interval[0] <= worst.value <= worst.interval[1]
        false_alarms += worst.interval[0] > 0
    assert false_alarms <= 12  # at most 5 % is promised; 12 of 200 leaves room for chance, and none for no correction


def test_a_median_beyond_what_was_found_has_no_value() -> None:
    def distance(*found: float | None) -> Measurement:
        attack = Evasion(attack="zoo", within=0.5, queries=10, distances=found)
        return _one(ProbeCounts(compared=1, agreed=1, evasions=(attack,)), "evasion_distance")

    assert distance(0.1, None, None).value is None
    assert "found no change at all for 2 of 3 rows" in str(distance(0.1, None, None).reason)
    many = distance(*[one / 10 for one in range(1, 12)])
    assert many.value == 0.6
    assert many.interval == (0.2, 1.0)  # ranks 2 and 10 of 11: 2 * (1 + 11) / 2^11 = 1.2 % outside
    few = distance(0.1, 0.2, 0.3)
    assert few.value == 0.2
    assert few.interval is None
    assert "too few" in str(few.method)
