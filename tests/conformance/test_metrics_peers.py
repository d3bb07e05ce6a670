"""Fairlearn, scikit-learn and SciPy define some of the same things; there the numbers are theirs to 1e-9."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from fairlearn import metrics as fairlearn
from scipy import stats
from sklearn import metrics as sklearn

from assay.metrics import measure
from assay.records.tally import EXACT_ROWS, Roles
from assay.tabular import tally_rows
from unit.metrics.counted_rows import tally_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.records.measurement import Measurement

NEAR = pytest.approx
TOLERANCE = 1e-9
COMPAS = Path(__file__).parents[3] / "shared" / "data" / "compas-two-years.csv"


class Rows:
    """Random rows with two attributes and, where asked, weights."""

    def __init__(self, seed: int, count: int = 1500) -> None:
        draw = np.random.default_rng(seed)
        self.a = draw.choice(["x", "y", "z"], count, p=[0.5, 0.3, 0.2])
        self.b = draw.integers(0, 2, count)
        self.score = np.round(draw.beta(2, 2, count), 3)
        self.label = (draw.random(count) < self.score * 0.8 + 0.1 * (self.a == "x")).astype(int)
        self.prediction = (self.score + draw.normal(0, 0.1, count) > 0.5).astype(int)
        self.weight = np.round(draw.random(count) * 3 + 0.1, 4)
        self.groups = [(str(a), int(b)) for a, b in zip(self.a, self.b, strict=True)]

    def tally(self, **changes: Any) -> Any:  # noqa: ANN401 - forwards to the counter
        columns: dict[str, Any] = {
            "names": ("a", "b"),
            "label": self.label.tolist(),
            "prediction": self.prediction.tolist(),
            "score": self.score.tolist(),
        }
        return tally_of(self.groups, **(columns | changes))


def find(
    found: tuple[Measurement, ...], metric: str, group: dict[str, Any] | None = None, over: str | None = None
) -> Measurement:
    hits = [
        each
        for each in found
        if each.metric == metric
        and each.group == (group or {})
        and (getattr(each.over, "attribute", None) == over or (over is None and group is not None))
    ]
    assert len(hits) == 1, (metric, group, over, len(hits))
    return hits[0]


PER_GROUP: dict[str, Callable[..., float]] = {
    "selection_rate": fairlearn.selection_rate,
    "true_positive_rate": fairlearn.true_positive_rate,
    "false_positive_rate": fairlearn.false_positive_rate,
    "true_negative_rate": fairlearn.true_negative_rate,
    "false_negative_rate": fairlearn.false_negative_rate,
    "precision": sklearn.precision_score,
    "accuracy": sklearn.accuracy_score,
    "f1": sklearn.f1_score,
    "matthews_correlation": sklearn.matthews_corrcoef,
    "count": lambda y_true, y_pred, **_: fairlearn.count(y_true, y_pred),
}
PER_GROUP_SCORE: dict[str, Callable[..., float]] = {
    "brier_score": sklearn.brier_score_loss,
    "log_loss": lambda y_true, y_pred, **more: sklearn.log_loss(y_true, y_pred, labels=[0, 1], **more),
    "roc_auc": sklearn.roc_auc_score,
    "mean_score": fairlearn.mean_prediction,
}
BETWEEN: dict[str, Callable[..., float]] = {
    "demographic_parity_difference": fairlearn.demographic_parity_difference,
    "demographic_parity_ratio": fairlearn.demographic_parity_ratio,
    "equal_opportunity_difference": fairlearn.equal_opportunity_difference,
    "equal_opportunity_ratio": fairlearn.equal_opportunity_ratio,
    "equalized_odds_difference": fairlearn.equalized_odds_difference,
    "equalized_odds_ratio": fairlearn.equalized_odds_ratio,
    "accuracy_difference": fairlearn.accuracy_score_difference,
    "false_positive_rate_difference": fairlearn.false_positive_rate_difference,
    "false_negative_rate_difference": fairlearn.false_negative_rate_difference,
    "predictive_parity_difference": fairlearn.make_derived_metric(
        metric=sklearn.precision_score, transform="difference"
    ),
    "worst_group_accuracy": fairlearn.accuracy_score_group_min,
    "worst_group_true_positive_rate": fairlearn.make_derived_metric(
        metric=fairlearn.true_positive_rate, transform="group_min"
    ),
    "worst_group_false_positive_rate": fairlearn.make_derived_metric(
        metric=fairlearn.false_positive_rate, transform="group_max"
    ),
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_each_group_equals_metric_frame(seed: int, weighted: bool) -> None:
    rows = Rows(seed)
    found = measure(rows.tally(weight=rows.weight.tolist() if weighted else None), intersections=True)
    frame = pd.DataFrame({"a": rows.a, "b": rows.b})
    metrics = dict(PER_GROUP)
    scores = {name: peer for name, peer in PER_GROUP_SCORE.items() if not (weighted and name == "roc_auc")}
    for names, prediction in ((metrics, rows.prediction), (scores, rows.score)):
        for name, peer in names.items():
            parameters = {"sample_weight": rows.weight} if weighted and name != "count" else {}
            for columns in (["a"], ["b"], ["a", "b"]):
                theirs = fairlearn.MetricFrame(
                    metrics=peer,
                    y_true=rows.label,
                    y_pred=prediction,
                    sensitive_features=frame[columns],
                    sample_params=parameters,
                )
                assert find(found, name).value == NEAR(theirs.overall, abs=TOLERANCE), name
                for key, value in theirs.by_group.items():
                    values = key if isinstance(key, tuple) else (key,)
                    group = {c: v if isinstance(v, str) else int(v) for c, v in zip(columns, values, strict=True)}
                    assert find(found, name, group).value == NEAR(value, abs=TOLERANCE), (name, group)


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("weighted", [False, True])
def test_comparisons_equal_fairlearns(seed: int, weighted: bool) -> None:
    rows = Rows(seed)
    found = measure(rows.tally(weight=rows.weight.tolist() if weighted else None), intersections=True)
    frame = pd.DataFrame({"a": rows.a, "b": rows.b})
    extra = {"sample_weight": rows.weight} if weighted else {}
    for name, peer in BETWEEN.items():
        for columns in (["a"], ["b"], ["a", "b"]):
            theirs = peer(rows.label, rows.prediction, sensitive_features=frame[columns], **extra)
            assert find(found, name, None, ",".join(columns)).value == NEAR(theirs, abs=TOLERANCE), (name, columns)


def test_histogram_values_stay_within_their_bound_of_scikit_learn() -> None:
    rows = Rows(5)
    found = measure(rows.tally(bins=True))
    area = find(found, "roc_auc")
    assert isinstance(area.bound, float)
    assert 0 < area.bound < 0.01
    assert abs((area.value or 0) - sklearn.roc_auc_score(rows.label, rows.score)) <= area.bound
    error = find(found, "expected_calibration_error")
    place = np.minimum((rows.score * 10).astype(int), 9)
    gaps = np.bincount(place, rows.score - rows.label, 10)
    assert isinstance(error.bound, float)
    assert abs((error.value or 0) - np.abs(gaps).sum() / len(place)) <= error.bound
    exact = find(measure(rows.tally()), "expected_calibration_error")
    assert exact.value == NEAR(np.abs(gaps).sum() / len(place), abs=TOLERANCE)


def test_the_weighted_area_stays_within_its_bound_of_scikit_learn() -> None:
    rows = Rows(11)
    mine = find(measure(rows.tally(weight=rows.weight.tolist())), "roc_auc")
    assert isinstance(mine.bound, float)
    assert mine.bound < 0.01
    theirs = sklearn.roc_auc_score(rows.label, rows.score, sample_weight=rows.weight)
    assert abs((mine.value or 0) - theirs) <= mine.bound


SCALES = pytest.mark.parametrize(("count", "scale"), [(300, 1.0), (20_000, 1.0), (300, 1 / 300), (300, 1e6)])


@SCALES
def test_weighted_scores_counted_by_the_engine_equal_scikit_learns(count: int, scale: float) -> None:
    rows = Rows(12, count)
    rows.score = np.clip(rows.score + np.arange(count) / count * 1e-3, 0.0, 1.0)
    weight = rows.weight * scale
    frame = pl.DataFrame({"y": rows.label, "s": rows.score, "w": weight, "a": rows.a})
    tally = tally_rows(frame, Roles(label="y", score="s", weight="w", protected=("a",)))
    found = measure(tally)
    assert tally.scores is not None
    assert all(bool(cell.bins) == (count > EXACT_ROWS) for cell in tally.scores.cells)
    for group in [None, *sorted(set(rows.a))]:
        part = np.full(count, True) if group is None else rows.a == group
        values = {
            "mean_score": np.average(rows.score[part], weights=weight[part]),
            "brier_score": sklearn.brier_score_loss(rows.label[part], rows.score[part], sample_weight=weight[part]),
            "log_loss": sklearn.log_loss(rows.label[part], rows.score[part], sample_weight=weight[part]),
            "calibration_in_the_large": np.average((rows.score - rows.label)[part], weights=weight[part]),
        }
        for name, theirs in values.items():
            mine = find(found, name, None if group is None else {"a": group})
            assert mine.value == NEAR(theirs, abs=TOLERANCE), name
            assert mine.interval is not None
            assert mine.interval[0] < theirs < mine.interval[1]


@pytest.mark.parametrize("weighted", [False, True])
@SCALES
def test_errors_counted_by_the_engine_equal_scikit_learns(count: int, scale: float, weighted: bool) -> None:
    rows = Rows(13, count)
    label, weight = rows.score * 100 - 30, rows.weight * scale
    prediction = label * 0.8 + rows.weight
    frame = pl.DataFrame({"y": label, "p": prediction, "w": weight, "a": rows.a})
    roles = Roles(label="y", prediction="p", weight="w" if weighted else None, protected=("a",), task="regression")
    found = measure(tally_rows(frame, roles))
    for group in [None, *sorted(set(rows.a))]:
        part = np.full(count, True) if group is None else rows.a == group
        given = (label[part], prediction[part])
        extra = {"sample_weight": weight[part]} if weighted else {}
        values = {
            "mean_absolute_error": sklearn.mean_absolute_error(*given, **extra),
            "root_mean_squared_error": sklearn.root_mean_squared_error(*given, **extra),
            "mean_error": np.average(given[1] - given[0], weights=weight[part] if weighted else None),
            "r2": sklearn.r2_score(*given, **extra),
        }
        for name, theirs in values.items():
            mine = find(found, name, None if group is None else {"a": group})
            assert mine.value == NEAR(theirs, abs=TOLERANCE), name
            if name != "r2" or not weighted:
                assert mine.interval is not None, name
                assert mine.interval[0] < theirs < mine.interval[1]


def test_delong_variance_equals_its_definition() -> None:
    rows = Rows(6, 200)
    positive, negative = rows.score[rows.label == 1], rows.score[rows.label == 0]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    variance = wins.mean(1).var(ddof=1) / len(positive) + wins.mean(0).var(ddof=1) / len(negative)
    area = wins.mean()
    half = stats.norm.ppf(0.975) * np.sqrt(variance) / (area * (1 - area))
    interval = find(measure(rows.tally()), "roc_auc").interval
    odds = np.log(area / (1 - area))
    assert interval == NEAR((1 / (1 + np.exp(half - odds)), 1 / (1 + np.exp(-half - odds))), rel=0.002)


def test_wilson_equals_scipys() -> None:
    rows = Rows(7, 300)
    found = find(measure(rows.tally()), "selection_rate")
    theirs = stats.binomtest(int(rows.prediction.sum()), 300).proportion_ci(0.95, method="wilson")
    assert found.interval == NEAR((theirs.low, theirs.high), abs=TOLERANCE)


@pytest.mark.parametrize("seed", range(8))
def test_fisher_and_z_equal_scipys(seed: int) -> None:
    rows = Rows(seed, 300)
    found = measure(rows.tally(), metrics=["selection_rate", "fisher_exact_p", "two_proportion_z"])
    table = pd.crosstab(rows.a, rows.prediction)
    top = (table[1] / table.sum(axis=1)).idxmax()
    for name in table.index:
        p, z = (find(found, metric, {"a": name}) for metric in ("fisher_exact_p", "two_proportion_z"))
        if name == top:
            assert p.value is None
            continue
        pair = table.loc[[name, top]].to_numpy()
        assert p.value == NEAR(stats.fisher_exact(pair).pvalue, abs=TOLERANCE)
        chi = stats.chi2_contingency(pair, correction=False).statistic
        assert (z.value or 0) ** 2 == NEAR(chi, rel=TOLERANCE)
        assert (z.value or 0) <= 0


def test_regression_equals_scikit_learn() -> None:
    draw = np.random.default_rng(8)
    label = draw.normal(10, 3, 500)
    prediction = label + draw.normal(0.3, 1, 500)
    groups = [(str(value),) for value in draw.choice(["p", "q"], 500)]
    found = measure(tally_of(groups, label=label.tolist(), prediction=prediction.tolist(), task="regression"))
    assert find(found, "mean_absolute_error").value == NEAR(sklearn.mean_absolute_error(label, prediction), abs=1e-9)
    squared = sklearn.root_mean_squared_error(label, prediction)
    assert find(found, "root_mean_squared_error").value == NEAR(squared, abs=TOLERANCE)
    assert find(found, "r2").value == NEAR(sklearn.r2_score(label, prediction), abs=TOLERANCE)
    assert find(found, "mean_error").value == NEAR((prediction - label).mean(), abs=TOLERANCE)
    by = pd.Series(np.abs(prediction - label)).groupby([key[0] for key in groups]).mean()
    gap = find(found, "mean_absolute_error_difference", None, "group")
    assert gap.value == NEAR(by.max() - by.min(), abs=TOLERANCE)


@pytest.mark.parametrize("weighted", [False, True])
def test_many_classes_equal_scikit_learn(weighted: bool) -> None:
    draw = np.random.default_rng(9)
    label = draw.choice(["a", "b", "c"], 600, p=[0.6, 0.3, 0.1])
    prediction = np.where(draw.random(600) < 0.7, label, draw.choice(["a", "b", "c"], 600))
    weight = draw.random(600).round(3) + 0.5
    groups = [(int(value),) for value in draw.integers(0, 2, 600)]
    tally = tally_of(
        groups,
        label=label.tolist(),
        prediction=prediction.tolist(),
        weight=weight.tolist() if weighted else None,
        task="multiclass",
    )
    found = measure(tally)
    extra = {"sample_weight": weight} if weighted else {}
    for name, peer in (
        ("macro_f1", sklearn.f1_score),
        ("macro_precision", sklearn.precision_score),
        ("macro_recall", sklearn.recall_score),
    ):
        assert find(found, name).value == NEAR(peer(label, prediction, average="macro", **extra), abs=TOLERANCE)
    assert find(found, "accuracy").value == NEAR(sklearn.accuracy_score(label, prediction, **extra), abs=TOLERANCE)
    for each in "abc":
        one = [m for m in found if m.metric == "true_positive_rate" and m.one_of == each and not m.group]
        theirs = fairlearn.true_positive_rate(label == each, prediction == each, pos_label=True, **extra)
        assert one[0].value == NEAR(theirs, abs=TOLERANCE)
        over = [m for m in found if m.metric == "demographic_parity_difference" and m.one_of == each]
        gap = fairlearn.demographic_parity_difference(
            (label == each).astype(int),
            (prediction == each).astype(int),
            sensitive_features=[key[0] for key in groups],
            **extra,
        )
        assert over[0].value == NEAR(gap, abs=TOLERANCE)


@pytest.mark.skipif(not COMPAS.exists(), reason="../shared/data/compas-two-years.csv is not there")
def test_compas_equals_propublicas_table() -> None:
    rows = pd.read_csv(COMPAS)
    found = measure(
        tally_of(
            [(race,) for race in rows["race"]],
            names=("race",),
            label=rows["two_year_recid"].tolist(),
            prediction=(rows["score_text"] != "Low").astype(int).tolist(),
        )
    )

    def percent(metric: str, group: dict[str, Any] | None = None) -> float:
        return round(100 * (find(found, metric, group).value or 0), 2)

    assert (percent("false_positive_rate"), percent("false_negative_rate")) == (32.35, 37.40)
    for race, rates in {"African-American": (44.85, 27.99), "Caucasian": (23.45, 47.72)}.items():
        group = {"race": race}
        assert (percent("false_positive_rate", group), percent("false_negative_rate", group)) == rates
