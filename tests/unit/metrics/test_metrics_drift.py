"""Drift is measured from counts: equal to SciPy where both define it, and never fine for lack of data."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from assay.metrics.drift import binned, chi_squared, chi_squared_tail, compare_counts, jensen_shannon, psi
from assay.records.comparison import Category, ColumnCounts, ColumnMeasurement, Side, Step, TableComparison

VALUES = st.lists(st.integers(-50, 50).map(lambda whole: whole / 4), min_size=3, max_size=60)
COUNTS = st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), min_size=2, max_size=12)


def numeric(reference: list[float], current: list[float], /, **changes: object) -> ColumnCounts:
    steps = tuple(Step(at, reference.count(at), current.count(at)) for at in sorted({*reference, *current}))
    ordered = sorted(reference)
    low, high = min(reference), max(reference)
    kept = {
        "column": "x",
        "kind": "numeric",
        "reference": Side(type="DOUBLE", rows=len(reference), low=low, high=high),
        "current": Side(type="DOUBLE", rows=len(current), low=min(current), high=max(current)),
        "deciles": tuple(ordered[math.ceil(len(ordered) * tenth / 10) - 1] for tenth in range(1, 10)),
        "steps": steps,
        "out_of_range": sum(not low <= value <= high for value in current),
    }
    return ColumnCounts(**{**kept, **changes})  # type: ignore[arg-type]


def categories(pairs: dict[str, tuple[int, int]], /, **changes: object) -> ColumnCounts:
    kept = {
        "column": "c",
        "kind": "category",
        "reference": Side(type="VARCHAR", rows=sum(a for a, _ in pairs.values())),
        "current": Side(type="VARCHAR", rows=sum(b for _, b in pairs.values())),
        "categories": tuple(Category(name, *counts) for name, counts in sorted(pairs.items())),
    }
    return ColumnCounts(**{**kept, **changes})  # type: ignore[arg-type]


def measured(counts: ColumnCounts) -> dict[str, ColumnMeasurement]:
    table = TableComparison(reference_rows=counts.reference.rows, current_rows=counts.current.rows, columns=(counts,))
    return {one.metric: one for one in compare_counts(table)}


@given(VALUES, VALUES)
def test_ks_and_wasserstein_equal_scipy(reference: list[float], current: list[float]) -> None:
    found = measured(numeric(reference, current))

    assert found["ks"].value == pytest.approx(stats.ks_2samp(reference, current, method="asymp").statistic, abs=1e-12)
    assert found["wasserstein"].value == pytest.approx(stats.wasserstein_distance(reference, current), abs=1e-9)


@given(COUNTS)
def test_chi_squared_and_jensen_shannon_equal_scipy(pairs: list[tuple[int, int]]) -> None:
    p, q = [a for a, _ in pairs], [b for _, b in pairs]
    statistic, freedom = chi_squared(p, q)
    oracle = stats.chi2_contingency([p, q], correction=False)

    assert statistic == pytest.approx(oracle.statistic, rel=1e-9, abs=1e-9)
    assert freedom == oracle.dof
    assert chi_squared_tail(statistic, freedom) == pytest.approx(oracle.pvalue, rel=1e-9, abs=1e-12)
    assert jensen_shannon(p, q) == pytest.approx(float(jensenshannon(p, q, base=2)), abs=1e-7)
    assert jensen_shannon(p, q) ** 2 == pytest.approx(float(jensenshannon(p, q, base=2)) ** 2, abs=1e-12)


@pytest.mark.parametrize("statistic", [1e-6, 0.1, 1.0, 3.84, 40.0, 700.0])
@pytest.mark.parametrize("freedom", [1, 2, 9, 100, 400])
def test_the_tail_of_chi_squared_equals_scipy(statistic: float, freedom: int) -> None:
    assert chi_squared_tail(statistic, freedom) == pytest.approx(stats.chi2.sf(statistic, freedom), rel=1e-9, abs=1e-13)


def test_psi_is_its_formula() -> None:
    assert psi([50, 50], [25, 75]) == pytest.approx(-0.25 * math.log(0.5) + 0.25 * math.log(1.5))


def test_psi_counts_half_a_row_in_a_bin_that_is_empty_on_one_side() -> None:
    expected = (0.5 - 0.005) * math.log(0.5 / 0.005) + (0.5 - 1) * math.log(0.5 / 1)

    assert psi([100, 0], [50, 50]) == pytest.approx(expected)


@given(COUNTS)
def test_equal_shares_have_not_drifted(pairs: list[tuple[int, int]]) -> None:
    p = [a for a, _ in pairs]

    assert psi(p, [3 * a for a in p]) == pytest.approx(0, abs=1e-12)
    assert jensen_shannon(p, [3 * a for a in p]) == 0.0


def test_nothing_shared_is_a_jensen_shannon_distance_of_one() -> None:
    assert jensen_shannon([5, 0], [0, 9]) == 1.0


def test_a_value_that_holds_a_tenth_of_the_reference_has_a_bin_of_its_own() -> None:
    reference = [0.0] * 7 + [1.0] * 93
    p, q = binned(numeric(reference, [0.0] * 50 + [1.0] * 50))

    assert (p, q) == ([7, 93], [50, 50])


def test_every_row_is_in_one_bin() -> None:
    counts = numeric([float(value) for value in range(100)], [-5.0, 200.0, 3.5, 50.0])
    p, q = binned(counts)

    assert sum(p) == 100
    assert sum(q) == 4
    assert len(p) == 10


def test_values_outside_the_range_of_the_reference_are_a_share_with_an_interval() -> None:
    found = measured(numeric([1.0, 2.0, 3.0], [0.0, 2.0, 2.5, 9.0]))["out_of_range_share"]

    assert found.value == 0.5
    assert found.interval is not None
    assert found.interval[0] < 0.5 < found.interval[1]


def test_narrow_bins_bound_their_error() -> None:
    exact = numeric([float(value) for value in range(1000)], [float(value) * 1.1 for value in range(1000)])
    every = [float(value) for value in range(-1, 1200, 40)]
    merged = []
    for low, high in zip([-math.inf, *every], [*every, 1200.0], strict=True):
        within = [step for step in exact.steps if low < step.at <= high]
        merged.append(Step(high, sum(s.reference for s in within), sum(s.current for s in within)))
    coarse = measured(msgspec.structs.replace(exact, steps=tuple(merged), exact=False))
    fine = measured(exact)

    for metric in ("ks", "wasserstein"):
        truth, found = fine[metric].value, coarse[metric].value
        assert truth is not None
        assert found is not None
        assert abs(truth - found) <= coarse[metric].bound
        assert coarse[metric].bound > 0
    assert fine["ks"].bound == 0


def test_new_categories_are_named_and_counted() -> None:
    found = measured(categories({"a": (10, 5), "b": (10, 0), "z": (0, 5)}))

    assert found["new_categories"].value == 1
    assert found["new_categories"].reason == "not in the reference: 'z'"
    assert found["unseen_share"].value == 0.5


def test_one_category_on_both_sides_has_no_chi_squared() -> None:
    found = measured(categories({"a": (10, 5)}))

    assert found["chi_squared"].value is None
    assert found["chi_squared"].reason == "one category on both sides: nothing can differ"


@pytest.mark.parametrize("side", ["reference", "current"])
def test_a_column_that_vanished_has_no_value_anywhere(side: str) -> None:
    gone = Side(type=None, rows=10)
    there = Side(type="DOUBLE", rows=10)
    counts = ColumnCounts(
        column="x",
        kind="incomparable",
        reference=gone if side == "reference" else there,
        current=gone if side == "current" else there,
        reason=f"the {side} has no column 'x'",
    )
    found = measured(counts)

    for metric in ("psi", "jensen_shannon", "missing_share_difference"):
        assert found[metric].value is None
        assert found[metric].reason == counts.reason


@pytest.mark.parametrize("kind", ["numeric", "category"])
@pytest.mark.parametrize("side", ["reference", "current"])
def test_a_side_without_usable_values_has_no_drift(kind: str, side: str) -> None:
    empty = {side: Side(type="DOUBLE", rows=5, missing=5)}
    counts = numeric([1.0], [1.0], **empty) if kind == "numeric" else categories({"a": (1, 1)}, **empty)
    found = measured(counts)

    drift = [one for metric, one in found.items() if "missing" not in metric and metric != "type_change"]
    assert drift
    assert all(one.value is None and one.reason for one in drift)
    assert found["missing_share" if side == "current" else "reference_missing_share"].value == 1.0


def test_a_changed_type_is_said() -> None:
    found = measured(numeric([1.0], [1.0], current=Side(type="BIGINT", rows=1, low=1.0, high=1.0)))["type_change"]

    assert found.value == 1
    assert found.reason == "DOUBLE in the reference, BIGINT now"


@pytest.mark.slow
def test_the_interval_of_ks_covers() -> None:
    generator = np.random.default_rng(1990)
    truth = 2 * stats.norm.cdf(0.15) - 1
    covered = 0
    for _ in range(1000):
        first, second = generator.normal(0, 1, 100).tolist(), generator.normal(0.3, 1, 100).tolist()
        interval = measured(numeric(first, second))["ks"].interval
        assert interval is not None
        covered += interval[0] <= truth <= interval[1]
    assert covered >= 950
