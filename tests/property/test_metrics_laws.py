"""Laws of measurements: they do not hang on the order of rows or the names of groups, and never say what cannot be."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.metrics import METRICS, measure
from unit.metrics.counted_rows import tally_of

Row = tuple[str, int | None, int | None, int, float]

ROWS = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.sampled_from([0, 1, 2, None]),
        st.sampled_from([0, 1, None]),
        st.integers(0, 1),
        st.integers(0, 20).map(lambda value: value / 20),
    ),
    min_size=1,
    max_size=60,
)


def tally(rows: list[Row], *, bins: bool = False, weights: list[float] | None = None) -> Any:  # noqa: ANN401 - a Tally
    return tally_of(
        [row[:2] for row in rows],
        names=("one", "two"),
        label=[row[2] for row in rows],
        prediction=[row[3] for row in rows],
        score=[row[4] for row in rows],
        bins=bins,
        weight=weights,
    )


@settings(max_examples=40)
@given(ROWS, st.booleans(), st.booleans())
def test_every_measurement_is_possible_and_explained(rows: list[Row], bins: bool, weighted: bool) -> None:
    weights = [1.0 + number % 3 for number in range(len(rows))] if weighted else None
    for each in measure(tally(rows, bins=bins, weights=weights), intersections=True, minimum_group=2):
        low, high = METRICS[each.metric].range
        assert (each.value is None) == (each.reason is not None), each
        if each.value is None:
            assert each.interval is None
            continue
        assert low - 1e-12 <= each.value <= high + 1e-12, each
        assert each.interval is not None or isinstance(each.method, str), each
        if each.interval is not None:
            assert low <= each.interval[0] <= each.value <= each.interval[1] <= high, each


@settings(max_examples=25)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_byte(rows: list[Row], shuffle: Any) -> None:  # noqa: ANN401 - a random.Random
    mixed = list(rows)
    shuffle.shuffle(mixed)
    first, second = (msgspec.json.encode(measure(tally(each), intersections=True)) for each in (rows, mixed))
    assert first == second


@settings(max_examples=25)
@given(ROWS)
def test_the_names_of_groups_change_no_value(rows: list[Row]) -> None:
    renamed = [("dcba"["abcd".index(row[0])], *row[1:]) for row in rows]
    back = {new: old for old, new in zip("abcd", "dcba", strict=True)}

    def values(found: Any, names: dict[str, str]) -> dict[Any, Any]:  # noqa: ANN401 - measurements
        return {
            (m.metric, str(m.over), str({key: names.get(str(v), v) for key, v in sorted(m.group.items())})): m
            for m in found
        }

    first = values(measure(tally(rows)), {})
    second = values(measure(tally(renamed)), back)
    assert first.keys() == second.keys()
    for key, one in first.items():
        # Two groups with the same highest rate: the first by name is the one others are held against.
        if "impact" in key[0] or "fisher" in key[0] or "_z" in key[0]:
            continue
        other = second[key].value
        assert (one.value is None) == (other is None)
        if one.value is not None:
            assert abs(one.value - other) < 1e-9, key


@settings(max_examples=25)
@given(ROWS)
def test_mirrored_predictions_swap_the_rates(rows: list[Row]) -> None:
    flipped = [(a, b, None if y is None else 1 - y, 1 - p, s) for a, b, y, p, s in rows]
    first = {(m.metric, str(m.group)): m for m in measure(tally(rows)) if not m.over}
    second = {(m.metric, str(m.group)): m for m in measure(tally(flipped)) if not m.over}
    for metric, mirror in (
        ("true_positive_rate", "true_negative_rate"),
        ("false_positive_rate", "false_negative_rate"),
        ("precision", "negative_predictive_value"),
        ("accuracy", "accuracy"),
        ("matthews_correlation", "matthews_correlation"),
    ):
        for key, one in first.items():
            if key[0] == metric:
                other = second[mirror, key[1]]
                assert (one.value, one.n) == (other.value, other.n)


@settings(max_examples=25)
@given(ROWS)
def test_two_copies_of_the_rows_keep_values_and_narrow_rates(rows: list[Row]) -> None:
    once, twice = measure(tally(rows)), measure(tally(rows * 2))
    for one, two in zip(once, twice, strict=True):
        assert one.metric == two.metric
        if one.metric in {"selection_rate", "accuracy", "true_positive_rate"} and one.interval and two.interval:
            assert one.value == two.value
            assert two.interval[1] - two.interval[0] < one.interval[1] - one.interval[0]
