"""What `measure` promises: who is measured, who is compared, what is undefined and why, and in which order."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from assay.errors import InputError
from assay.metrics import METRICS, measure
from assay.metrics.metric import Metric
from assay.records.tally import Cell, Roles, Tally
from unit.metrics.counted_rows import tally_of

if TYPE_CHECKING:
    from assay.records.measurement import Measurement

GROUPS = [("a",)] * 6 + [("b",)] * 4
LABELS = [1, 1, 1, 0, 0, 0, 1, 1, 0, 0]
GUESSES = [1, 1, 0, 1, 0, 0, 1, 0, 0, 0]


def only(found: tuple[Measurement, ...], metric: str, **about: Any) -> Measurement:  # noqa: ANN401 - any field's value
    hits = [m for m in found if m.metric == metric and all(getattr(m, key) == value for key, value in about.items())]
    assert len(hits) == 1, hits
    return hits[0]


def test_a_group_s_rates_and_their_denominators() -> None:
    found = measure(tally_of(GROUPS, label=LABELS, prediction=GUESSES))
    group = {"group": "a"}
    assert only(found, "count", group=group).value == 6
    rate = only(found, "true_positive_rate", group=group)
    assert rate.value == pytest.approx(2 / 3)
    assert (rate.n, rate.unit) == (3, "rate")
    assert only(found, "selection_rate", group={}).value == pytest.approx(0.4)
    gap = only(found, "demographic_parity_difference")
    assert gap.value == pytest.approx(0.5 - 0.25)
    assert (gap.lowest, gap.highest, gap.n) == ({"group": "b"}, {"group": "a"}, 10)
    assert getattr(gap.over, "attribute", None) == "group"


def test_rows_without_a_label_count_for_what_needs_none() -> None:
    found = measure(tally_of([*GROUPS, ("a",)], label=[*LABELS, None], prediction=[*GUESSES, 1]))
    assert only(found, "selection_rate", group={"group": "a"}).n == 7
    assert only(found, "accuracy", group={"group": "a"}).n == 6


def test_without_label_or_score_only_the_rest_is_measured() -> None:
    found = measure(tally_of(GROUPS, prediction=GUESSES))
    names = {m.metric for m in found}
    assert "demographic_parity_ratio" in names
    assert "impact_ratio" in names
    assert names.isdisjoint({"accuracy", "roc_auc", "base_rate", "equalized_odds_difference"})


def test_what_was_asked_for_by_name_is_never_skipped_in_silence() -> None:
    found = measure(tally_of(GROUPS, prediction=GUESSES), metrics=["roc_auc", "selection_rate"])
    missing = only(found, "roc_auc")
    assert missing.value is None
    assert missing.reason == "no label and no score column was named"
    assert measure(tally_of(GROUPS, prediction=GUESSES), metrics=["macro_f1"])[0].reason is not None


def test_people_of_unknown_membership_are_measured_and_not_compared() -> None:
    found = measure(tally_of([*GROUPS, (None,), (None,)], label=[*LABELS, 0, 0], prediction=[*GUESSES, 1, 1]))
    assert only(found, "selection_rate", group={"group": None}).value == 1.0
    gap = only(found, "demographic_parity_difference")
    assert gap.value == pytest.approx(0.25)
    assert gap.left_out == ({"group": None},)
    ratio = only(found, "impact_ratio", group={"group": None})
    assert ratio.value is None
    assert "not known" in (ratio.reason or "")


def test_groups_under_the_minimum_decide_nothing() -> None:
    tally = tally_of([*GROUPS, ("tiny",)], label=[*LABELS, 1], prediction=[*GUESSES, 1])
    found = measure(tally, minimum_group=2)
    gap = only(found, "demographic_parity_difference")
    assert gap.value == pytest.approx(0.25)
    assert gap.left_out == ({"group": "tiny"},)
    assert gap.minimum_group == 2
    assert only(found, "selection_rate", group={"group": "tiny"}).value == 1.0
    small = only(found, "impact_ratio", group={"group": "tiny"})
    assert small.value is None
    assert "1 rows, fewer than the minimum of 2" in (small.reason or "")
    assert only(measure(tally), "demographic_parity_difference").value == pytest.approx(0.75)


def test_an_undefined_group_makes_the_comparison_undefined_and_is_named() -> None:
    tally = tally_of([*GROUPS, ("c",)], label=[*LABELS, 0], prediction=[*GUESSES, 0])
    found = measure(tally)
    for name in ("equal_opportunity_difference", "equalized_odds_ratio", "worst_group_true_positive_rate"):
        gap = only(found, name)
        assert gap.value is None
        assert gap.interval is None
        assert "group 'c'" in (gap.reason or "")
    assert only(measure(tally, minimum_group=2), "equal_opportunity_difference").value is not None


def test_one_group_cannot_be_compared() -> None:
    found = measure(tally_of([("a",)] * 4, label=[1, 0, 1, 0], prediction=[1, 0, 0, 0]))
    gap = only(found, "demographic_parity_difference")
    assert gap.value is None
    assert "found 1" in (gap.reason or "")
    assert only(found, "impact_ratio", group={"group": "a"}).value is None


def test_an_empty_tally_has_reasons_and_no_numbers() -> None:
    tally = Tally(roles=Roles(label="y", prediction="p", score="s", protected=("g",)), rows=0)
    found = measure(tally)
    assert found
    for each in found:
        assert (each.value is None and each.reason) or (each.metric, each.value) == ("count", 0)


def test_zero_over_zero_is_no_ratio() -> None:
    found = measure(tally_of(GROUPS, label=LABELS, prediction=[0] * 10))
    for each in found:
        if each.metric in {"demographic_parity_ratio", "impact_ratio"}:
            assert each.value is None
            assert "0 / 0" in (each.reason or "")
    assert only(found, "precision", group={}).reason == "nobody with a label is predicted positive"


def test_intersections_all_or_by_name() -> None:
    groups = [(a, b, c) for a in "xy" for b in (0, 1) for c in (True, False)] * 3
    draw = random.Random(1)
    guesses = [draw.randint(0, 1) for _ in groups]
    tally = tally_of(groups, names=("a", "b", "c"), prediction=guesses)

    def over(asked: Any) -> list[str]:  # noqa: ANN401 - both forms
        found = measure(tally, intersections=asked, metrics=["demographic_parity_difference"])
        return [getattr(m.over, "attribute", "") for m in found]

    assert over(False) == ["a", "b", "c"]
    assert over(True) == ["a", "b", "c", "a,b", "a,c", "b,c", "a,b,c"]
    assert over([["c", "a"], ("a", "c")]) == ["a", "b", "c", "a,c"]
    found = measure(tally, intersections=[["c", "a"]], metrics=["count"])
    assert {"a": "x", "c": True} in [m.group for m in found]
    with pytest.raises(InputError, match=r"found 'cc' \(did you mean"):
        measure(tally_of(groups, names=("a", "b", "ccc"), prediction=guesses), intersections=[["a", "cc"]])
    with pytest.raises(InputError, match="at least two different attributes"):
        measure(tally, intersections=[["a", "a"]])


def test_one_and_true_are_two_groups() -> None:
    cells = tuple(Cell(group=(value,), prediction=p, count=5) for value in (True, 1) for p in (0, 1))
    found = measure(Tally(roles=Roles(prediction="p", protected=("g",)), rows=20, cells=cells), metrics=["count"])
    assert [(type(m.group["g"]), m.value) for m in found if m.group] == [(bool, 10), (int, 10)]


def test_unknown_metrics_are_refused_all_at_once() -> None:
    with pytest.raises(InputError) as error:
        measure(tally_of(GROUPS, prediction=GUESSES), metrics=["selection_rat", "xyzzy"])
    assert "'selection_rat' (did you mean 'selection_rate'?); 'xyzzy'" in str(error.value)


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0, 95, float("nan")])
def test_levels_out_of_range_are_refused(level: float) -> None:
    with pytest.raises(InputError, match="confidence level"):
        measure(tally_of(GROUPS, prediction=GUESSES), level=level)


def test_a_wider_level_is_wider_and_is_told() -> None:
    tally = tally_of(GROUPS, label=LABELS, prediction=GUESSES)
    narrow, wide = (only(measure(tally, level=level), "accuracy", group={}) for level in (0.9, 0.99))
    assert narrow.interval is not None
    assert wide.interval is not None
    assert wide.interval[0] < narrow.interval[0] < narrow.interval[1] < wide.interval[1]
    assert (narrow.level, wide.level) == (0.9, 0.99)


def test_order_and_bytes_are_the_same_each_time() -> None:
    draw = random.Random(4)
    groups = [(draw.choice("xyz"), draw.choice([None, 1, 2])) for _ in range(300)]
    score = [round(draw.random(), 2) for _ in groups]
    label = [int(draw.random() < value) for value in score]
    tally = tally_of(groups, names=("a", "b"), label=label, prediction=[int(s > 0.5) for s in score], score=score)
    first, second = (msgspec.json.encode(measure(tally, intersections=True)) for _ in range(2))
    assert first == second
    places = [list(METRICS).index(m.metric) for m in measure(tally, intersections=True)]
    assert places == sorted(places)
    assert {m.metric for m in measure(tally)} == {name for name, metric in METRICS.items() if "binary" in metric.tasks}


def test_weights_without_their_squares_give_values_and_no_intervals() -> None:
    weights = [1.0, 2.0, 1.0, 3.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0]
    tally = tally_of(GROUPS, label=LABELS, prediction=GUESSES, weight=weights)
    with_squares = measure(tally)
    rate = only(with_squares, "selection_rate", group={})
    assert rate.value == pytest.approx(8 / 14)
    assert "Kish" in str(rate.method)
    bare = msgspec.structs.replace(
        tally, cells=tuple(msgspec.structs.replace(cell, weight_squares=None) for cell in tally.cells)
    )
    for each in measure(bare):
        if each.value is not None and each.metric != "count":
            assert each.interval is None
            assert each.method


def test_equal_weights_give_the_unweighted_intervals() -> None:
    plain = measure(tally_of(GROUPS, label=LABELS, prediction=GUESSES))
    weighted = measure(tally_of(GROUPS, label=LABELS, prediction=GUESSES, weight=[0.5] * 10))
    for one, other in zip(plain, weighted, strict=True):
        if one.metric.endswith("fisher_exact_p"):
            continue
        assert one.metric == other.metric
        assert other.value == pytest.approx(one.value)
        assert (other.interval is None) == (one.interval is None)
        if one.interval is not None:
            assert other.interval == pytest.approx(one.interval, rel=1e-6, abs=1e-6), one.metric


def test_scores_that_are_no_probabilities() -> None:
    score = [float(value) for value in (30, 5, 4, 8, 2, 1, 9, 3, 2, 1)]
    found = measure(tally_of(GROUPS, label=LABELS, score=score))
    assert only(found, "brier_score", group={}).reason == "scores are not all within [0, 1]"
    assert only(found, "roc_auc", group={}).value is not None
    assert only(found, "mean_score", group={}).value == pytest.approx(6.5)


def test_regression_and_many_classes_have_between_metrics_of_their_own() -> None:
    label = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    guess = [value + (0.5 if number % 2 else -1.0) for number, value in enumerate(label)]
    found = measure(tally_of(GROUPS, label=label, prediction=guess, task="regression"))
    assert only(found, "count", group={"group": "a"}).value == 6
    assert only(found, "mean_error_difference").value is not None
    kinds = ["x", "y", "z", "x", "y", "z", "x", "y", "z", "x"]
    found = measure(
        tally_of(GROUPS, label=kinds, prediction=["x"] * 10, task="multiclass", favourable="x"),
    )
    assert only(found, "macro_precision", group={}).value is None
    assert "'y' is never predicted" in str(only(found, "macro_precision", group={}).reason)
    assert only(found, "impact_ratio", group={"group": "b"}).value == 1.0
    assert only(found, "accuracy", group={}).one_of is msgspec.UNSET
    assert {m.one_of for m in found if m.metric == "selection_rate"} == {"x", "y", "z"}


def test_weighted_errors_are_not_passed_off_as_measured() -> None:
    tally = tally_of(GROUPS, label=[1.0] * 10, prediction=[2.0] * 10, weight=[2.0] * 10, task="regression")
    found = only(measure(tally), "mean_absolute_error", group={})
    assert found.value is None
    assert found.reason == "the tally keeps no weighted errors: count the rows again"


def test_the_list_of_metrics_is_whole() -> None:
    for name, metric in METRICS.items():
        assert isinstance(metric, Metric)
        assert metric.name == name
        assert metric.range[0] < metric.range[1]
        assert metric.title
        assert metric.formula
        assert metric.source


def test_of_many_classes_one_must_be_named_favourable_for_an_impact_ratio() -> None:
    kinds: list[Any] = [2, 1, 0, 2, 1, 0, 2, 2, 1, 0]
    for name in ("impact_ratio", "two_proportion_z", "fisher_exact_p"):
        found = measure(tally_of(GROUPS, label=kinds, prediction=kinds, task="multiclass"), metrics=[name])
        assert {each.metric for each in found} == {name}
        assert all(each.value is None and each.n > 0 and "--favourable" in str(each.reason) for each in found)
    of_text = measure(tally_of(GROUPS, label=kinds, prediction=kinds, task="multiclass", favourable="2"))
    of_number = measure(tally_of(GROUPS, label=kinds, prediction=kinds, task="multiclass", favourable=2))
    assert of_text == of_number
    assert {each.value is None for each in of_number if each.metric == "impact_ratio"} == {False}


def test_r2_has_no_interval_where_its_moments_are_missing_or_lost() -> None:
    label = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    guess = [value + (-1) ** number * 0.5 for number, value in enumerate(label)]
    whole = tally_of(GROUPS, label=label, prediction=guess, task="regression")
    assert only(measure(whole), "r2", group={}).interval is not None
    far = tally_of(GROUPS, label=[v + 1e5 for v in label], prediction=[v + 1e5 for v in guess], task="regression")
    found = only(measure(far), "r2", group={})
    assert found.value == pytest.approx(only(measure(whole), "r2", group={}).value)
    assert (found.interval, found.method) == (None, "no interval: the labels lie too close together for their size")
    assert whole.errors is not None
    cells = tuple(msgspec.structs.replace(cell, moments=msgspec.UNSET) for cell in whole.errors.cells)
    older = msgspec.structs.replace(whole, errors=msgspec.structs.replace(whole.errors, cells=cells))
    assert "no joint moments" in str(only(measure(older), "r2", group={}).method)


def test_counts_too_great_for_a_lane_give_the_values_that_small_ones_give() -> None:
    draw = random.Random(4)
    scores = [draw.random() for _ in range(600)]
    tally = tally_of(
        [(draw.choice("ab"),) for _ in scores],
        label=[int(draw.random() < score) for score in scores],
        prediction=[int(score > 0.5) for score in scores],
        score=scores,
        bins=True,
    )
    assert tally.scores is not None
    times = 2**34
    scale: dict[str, Any] = {name: lambda value: value * times for name in ("count", "total", "squares", "log_losses")}
    great = msgspec.structs.replace(
        tally,
        rows=tally.rows * times,
        cells=tuple(msgspec.structs.replace(cell, count=cell.count * times) for cell in tally.cells),
        scores=msgspec.structs.replace(
            tally.scores,
            cells=tuple(
                msgspec.structs.replace(
                    cell,
                    bins=tuple((place, count * times) for place, count in cell.bins),
                    **{name: change(getattr(cell, name)) for name, change in scale.items()},
                )
                for cell in tally.scores.cells
            ),
        ),
    )
    names = ("expected_calibration_error", "brier_score", "log_loss", "roc_auc", "scoring_impact_ratio")
    small, large = measure(tally, metrics=names), measure(great, metrics=names)
    assert [each.value for each in large] == pytest.approx([each.value for each in small], rel=1e-12)
    for each in large:
        assert each.interval is None or each.interval[1] - each.interval[0] < 1e-4, (
            "of 10**13 people nothing is left open"
        )
