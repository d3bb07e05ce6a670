"""The data stage's metrics, held against SciPy, scikit-learn and the papers' own formulas in NumPy."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from assay.metrics.datasets import measure_datasets
from assay.metrics.foretelling import area_of
from assay.metrics.goodness_of_fit import CHI_SQUARED, EXACT, goodness_of_fit
from assay.metrics.observed import OBSERVED
from assay.metrics.representation import shortfall
from assay.records.benchmark import Benchmark
from assay.records.dataset_counts import (
    Broken,
    ColumnMissing,
    Conflicts,
    DatasetCounts,
    FeatureCell,
    FeatureCounts,
    GroupRows,
    Joint,
    MissingCell,
    Newest,
    Noise,
    NoiseCell,
    Overlap,
    Repeats,
    SourceLabels,
)

if TYPE_CHECKING:
    from assay.records.measurement import Measurement

DRAW = random.Random(11)


@pytest.mark.parametrize("seed", range(5))
def test_goodness_of_fit_is_scipys_chi_squared(seed: int) -> None:
    draw = np.random.default_rng(seed)
    shares = draw.dirichlet([3, 2, 1, 4])
    counts = draw.multinomial(5000, draw.dirichlet([30, 20, 10, 40]))
    chance, test = goodness_of_fit(counts.tolist(), shares.tolist())
    assert test == CHI_SQUARED
    assert chance == pytest.approx(stats.chisquare(counts, shares * 5000).pvalue, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("counts", [(3, 1, 4), (0, 2, 6), (5, 5, 5), (1, 0, 0)])
def test_goodness_of_fit_of_few_rows_sums_the_multinomial(counts: tuple[int, ...]) -> None:
    shares = [0.5, 0.2, 0.3]
    n = sum(counts)
    law = stats.multinomial(n, shares)
    outcomes = [one for one in itertools.product(range(n + 1), repeat=3) if sum(one) == n]
    expected = sum(law.pmf(one) for one in outcomes if law.pmf(one) <= law.pmf(counts) * (1 + 1e-7))
    chance, test = goodness_of_fit(counts, shares)
    assert test == EXACT
    assert chance == pytest.approx(expected, rel=1e-9)


def test_what_cannot_be_was_found() -> None:
    assert goodness_of_fit([5, 1], [1.0, 0.0])[0] == 0.0


@pytest.mark.parametrize(("rows", "n", "wanted"), [(10, 100, 0.3), (0, 7, 0.5), (30, 100, 0.3), (99, 100, 0.2)])
def test_the_shortfall_is_the_least_number_of_rows_that_reaches_the_share(rows: int, n: int, wanted: float) -> None:
    lacking = shortfall(rows, n, wanted)
    assert (rows + lacking) / (n + lacking) >= wanted - 1e-12
    assert lacking == 0 or (rows + lacking - 1) / (n + lacking - 1) < wanted


@pytest.mark.parametrize("seed", range(4))
def test_the_area_is_scikit_learns_and_its_variance_delongs(seed: int) -> None:
    draw = np.random.default_rng(seed)
    halves: list[dict[int, list[int]]] = [{}, {}]
    rows: list[tuple[int, int, int]] = []
    for _ in range(800):
        value = int(draw.integers(12))
        target = int(draw.random() < 0.1 + 0.06 * value)
        half = int(draw.integers(2))
        halves[half].setdefault(value, [0, 0])[target] += 1
        rows.append((half, value, target))
    area, variance = area_of(halves[0], halves[1])
    average = sum(one[1] for one in halves[0].values()) / sum(sum(one) for one in halves[0].values())
    score = {value: (one[1] + average) / (sum(one) + 1) for value, one in halves[0].items()}
    tried = [(score.get(value, average), target) for half, value, target in rows if half]
    scores, targets = np.array([one for one, _ in tried]), np.array([one for _, one in tried])
    assert area == pytest.approx(roc_auc_score(targets, scores), rel=1e-12)
    inside, outside = scores[targets == 1], scores[targets == 0]
    psi = (inside[:, None] > outside[None, :]) + 0.5 * (inside[:, None] == outside[None, :])
    delong = psi.mean(1).var(ddof=1) / len(inside) + psi.mean(0).var(ddof=1) / len(outside)
    assert variance == pytest.approx(delong, rel=1e-9)


def counts() -> DatasetCounts:
    """Return small counts of every kind, of two attributes."""
    groups = [("black", "f", 30), ("black", "m", 50), ("white", "f", 200), ("white", "m", 220), ("white", None, 4)]
    cells = tuple(
        FeatureCell(bin=one, half=half, group=(race, sex), label=label, rows=DRAW.randint(3, 9))
        for one in range(3)
        for half in (0, 1)
        for race, sex, _ in groups
        for label in (0, 1)
    )
    return DatasetCounts(
        measured_on="train",
        attributes=("race", "sex"),
        rows=504,
        groups=tuple(GroupRows(group=(race, sex), rows=n) for race, sex, n in groups),
        repeats=(Repeats(dataset="train", rows=504, repeated=4, identified=500, identifier_repeated=2),),
        overlaps=(Overlap(dataset="test", other="train", rows=100, same=7, reason="no column 'id'"),),
        conflicts=tuple(Conflicts(group=(r, s), rows=n, twins=4, conflicting=2) for r, s, n in groups),
        noise=Noise(
            cells=tuple(
                NoiseCell(group=(r, s), given=given, rows=n // 2, confident_negative=9, confident_positive=13)
                for r, s, n in groups
                for given in (0, 1)
            ),
            thresholds=(0.6, 0.7),
            made_by="a test",
        ),
        sources=(
            SourceLabels(source="a", rows=200, positives=90),
            SourceLabels(source="b", rows=250, positives=170),
            SourceLabels(source=None, rows=54, positives=20),
        ),
        missing=(
            ColumnMissing(
                column="income",
                cells=tuple(
                    MissingCell(group=(r, s), rows=n, missing=n // (3 if r == "black" else 20)) for r, s, n in groups
                ),
            ),
        ),
        features=(FeatureCounts(column="income", bins=3, cells=cells), FeatureCounts(column="note", reason="too many")),
        joint=Joint(reason="scikit-learn is not installed"),
        broken=(Broken(column="income", expectation="at least 0", rows=504, broken=3, found="-5"),),
        newest=Newest(column="day", rows=504, seconds=86_400.0 * 3),
    )  # fmt: skip


def found(measured: tuple[Measurement, ...], metric: str) -> list[Measurement]:
    return [one for one in measured if one.metric == metric]


RACES = Benchmark(attributes=("race",), shares={"black": 0.3, "white": 0.69, "asian": 0.01}, source="a register")


def test_every_number_lies_in_its_interval_and_every_gap_has_a_reason() -> None:
    measured = measure_datasets(counts(), [RACES], intersections=[("race", "sex")])
    assert {one.metric for one in measured} <= OBSERVED.keys()
    assert len(measured) > 60
    for one in measured:
        if one.value is None:
            assert one.reason
            assert one.interval is None
        elif one.interval is not None:
            assert one.interval[0] <= one.value <= one.interval[1], one


def test_representation_is_a_share_with_wilsons_interval_over_the_benchmark() -> None:
    measured = measure_datasets(counts(), [RACES])
    shares = {one.group["race"]: one for one in found(measured, "representation_share") if "race" in one.group}
    ratios = {one.group["race"]: one for one in found(measured, "representation_ratio") if "race" in one.group}
    expected = stats.binomtest(80, 504).proportion_ci(method="wilson")
    assert shares["black"].interval == pytest.approx((expected.low, expected.high), rel=1e-9)
    assert ratios["black"].value == pytest.approx(80 / 504 / 0.3)
    assert ratios["black"].interval == pytest.approx((expected.low / 0.3, expected.high / 0.3), rel=1e-9)
    assert ratios["asian"].value == 0.0, "a group of the benchmark that is not in the data is not forgotten"
    lacking = {one.group["race"]: one.value for one in found(measured, "representation_shortfall") if one.group}
    assert lacking["black"] == shortfall(80, 504, 0.3)
    (sex,) = [one for one in found(measured, "representation_ratio") if one.over]
    assert "no benchmark population is declared for sex" in (sex.reason or "")


def test_a_group_that_the_benchmark_does_not_know_is_unknown() -> None:
    narrow = Benchmark(attributes=("race",), shares={"white": 1.0}, source="a register")
    measured = measure_datasets(counts(), [narrow])
    ratios = {one.group["race"]: one for one in found(measured, "representation_ratio") if "race" in one.group}
    assert ratios["black"].value is None
    (chance,) = [one for one in found(measured, "representation_p_value") if one.over and one.over.attribute == "race"]
    assert chance.value is None
    assert "black" in (chance.reason or "")


def test_label_shift_is_scipys_chi_squared() -> None:
    table = np.array([[90, 110], [170, 80], [20, 34]])
    (chance,) = found(measure_datasets(counts()), "label_source_p_value")
    assert chance.value == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, rel=1e-9)
    differences = {
        dict(one.about)["source"]: one.value  # type: ignore[arg-type]
        for one in found(measure_datasets(counts()), "label_source_difference")
    }
    assert differences["a"] == pytest.approx(abs(90 / 200 - 190 / 304))


def test_label_noise_is_the_calibrated_joint_of_the_paper() -> None:
    joint = np.array([[9.0, 13.0], [9.0, 13.0]]) * 5  # five groups alike; rows: given 0 and 1
    given = np.array([252.0, 252.0])
    calibrated = joint / joint.sum(1, keepdims=True) * given[:, None]  # equation 3
    calibrated /= calibrated.sum()
    everybody = found(measure_datasets(counts()), "label_noise_share")[0]
    assert everybody.value == pytest.approx(1 - np.trace(calibrated), rel=1e-9)


def test_what_is_about_the_rows_themselves_is_exact() -> None:
    measured = measure_datasets(counts())
    for metric in ("duplicate_share", "overlap_share", "expectation_broken_share", "newest_age_days"):
        (one,) = found(measured, metric)
        assert one.interval == (one.value, one.value)
    (age,) = found(measured, "newest_age_days")
    assert age.value == 3.0
