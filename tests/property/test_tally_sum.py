"""Tallies form a commutative monoid, and the tally of the whole is the sum of its shards, bit for bit."""

from __future__ import annotations

import math
import random
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from assay.errors import DataError
from assay.records import _tally_sum as tally_sum
from assay.records.tally import (
    Cell,
    ErrorCell,
    ErrorMoments,
    Errors,
    Gap,
    Roles,
    ScoreCell,
    Scores,
    Source,
    Tally,
    WeightedErrors,
    WeightedScores,
)
from assay.tabular import Tallier, tally_rows

ROLES = Roles(label="y", prediction="p", score="s", weight="w", protected=("g",))
ROLES_OF_SCORES = Roles(label="y", score="s")
GROUPS = st.sampled_from(["a", "b", 1, True, None])
COUNT = st.integers(1, 10**12)
SUM = st.integers(-(10**30), 10**30)
SETTINGS = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def cells() -> st.SearchStrategy[tuple[Cell, ...]]:
    weights = {"weight": COUNT, "weight_squares": COUNT}
    classes = st.sampled_from([0, 1, None])
    one = st.builds(Cell, group=st.tuples(GROUPS), label=classes, prediction=classes, count=COUNT, **weights)
    return st.lists(one, max_size=6).map(tally_sum.add_cells)


@st.composite
def scores(draw: st.DrawFn, *, exact: bool | None = None) -> Scores:
    found: dict[Any, ScoreCell] = {}
    by_value = draw(st.booleans()) if exact is None else exact
    for _ in range(draw(st.integers(0, 4))):
        group, label = (draw(GROUPS),), draw(st.sampled_from([0, 1, None]))
        values = draw(st.dictionaries(st.floats(0, 1), COUNT, min_size=1, max_size=5))
        cell = ScoreCell(
            group=group,
            label=label,
            values=tuple(sorted((value + 0.0, count) for value, count in values.items())),
            count=sum(values.values()),
            total=draw(SUM),
            squares=draw(SUM),
            log_losses=None if label is None else draw(SUM),
            weighted_bins=((3, draw(COUNT)),),
            weighted=draw(st.builds(WeightedScores, total=SUM, squares=SUM, log_losses=st.just(None) | SUM)),
        )
        found[tally_sum.cell_order(group, label)] = cell if by_value else tally_sum.binned(cell, 0.0, 1.0)
    return Scores(low=0.0, high=1.0, cells=tuple(found[key] for key in sorted(found)))


def parts(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.just(msgspec.UNSET) | st.builds(kind, **(dict.fromkeys(kind.__struct_fields__, SUM) | fields))


@st.composite
def errors(draw: st.DrawFn) -> Errors:
    high, found = 2.0 ** draw(st.integers(-5, 8)), {}
    names = ["labels", "label_squares", "predictions", "errors", "absolute_errors", "squared_errors"]
    for _ in range(draw(st.integers(0, 3))):
        group = (draw(GROUPS),)
        bins = tuple(sorted(draw(st.dictionaries(st.integers(0, 511), COUNT, max_size=5)).items()))
        sums = {name: draw(SUM) for name in names}
        found[tally_sum.cell_order(group)] = ErrorCell(
            group=group,
            count=draw(COUNT),
            bins=bins,
            weighted=draw(parts(WeightedErrors, weighted_bins=st.just(bins))),
            moments=draw(parts(ErrorMoments)),
            **sums,
        )
    return Errors(low=-high, high=high, cells=tuple(found[key] for key in sorted(found)))


def tallies() -> st.SearchStrategy[Tally]:
    gaps = st.lists(st.builds(Gap, column=st.sampled_from("ys"), kind=st.just("null"), count=COUNT), max_size=3)
    sources = st.lists(st.builds(Source, engine=st.just("duckdb"), sql=st.sampled_from("abc")), max_size=2)
    return st.builds(
        Tally,
        roles=st.just(ROLES),
        rows=COUNT,
        cells=cells(),
        scores=st.none() | scores(),
        errors=st.none() | errors(),
        gaps=gaps.map(tally_sum.add_gaps),
        sources=sources.map(lambda found: tuple(sorted(found, key=msgspec.json.encode))),
    )


@SETTINGS
@given(tallies(), tallies(), tallies())
def test_the_sum_is_commutative_and_associative_and_has_an_identity(a: Tally, b: Tally, c: Tally):
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Tally(roles=ROLES, rows=0) == a == Tally(roles=ROLES, rows=0) + a


@SETTINGS
@given(a=scores(exact=True), b=scores(exact=True), c=scores(exact=True))
def test_values_become_bins_at_the_same_union_in_any_order(a: Scores, b: Scores, c: Scores):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally_sum, "EXACT_SCORES", 6)
        patch.setattr(tally_sum, "EXACT_ROWS", 9)
        x, y, z = (Tally(roles=ROLES, rows=1, scores=part) for part in (a, b, c))
        total = (x + y) + z
        assert total == x + (y + z) == (z + x) + y
        assert total.scores is not None
        union = {value for part in (a, b, c) for cell in part.cells for value, _ in cell.values or ()}
        kept_by_value = all(cell.values is not None for cell in total.scores.cells)
        rows = sum(cell.count for part in (a, b, c) for cell in part.cells)
        assert kept_by_value == (len(union) <= 6 or rows <= 9)


def test_different_roles_and_edges_do_not_add():
    a = Tally(roles=ROLES, rows=1, favourable_is_positive=False)
    with pytest.raises(DataError, match="different protected"):
        _ = a + Tally(roles=Roles(label="y", prediction="p", score="s", weight="w"), rows=1)
    with pytest.raises(DataError, match="favourable"):
        _ = a + Tally(roles=ROLES, rows=1)
    cell = ScoreCell(group=("a",), bins=((1, 1),), count=1, total=1, squares=1)
    x = Tally(roles=ROLES, rows=1, scores=Scores(low=0, high=1, cells=(cell,)))
    y = Tally(roles=ROLES, rows=1, scores=Scores(low=0, high=2, cells=(cell,)))
    with pytest.raises(DataError, match="same edges"):
        _ = x + y
    outside = ScoreCell(group=("a",), values=((5.0, 1),), count=1, total=1, squares=1)
    z = Tally(roles=ROLES, rows=1, scores=Scores(low=5, high=5, cells=(outside,)))
    with pytest.raises(DataError, match="lie outside"):
        _ = x + z


def test_true_is_not_one():
    cells_ = [Cell(group=(True,), count=1), Cell(group=(1,), count=1), Cell(group=(None,), count=1)]
    assert [cell.count for cell in tally_sum.add_cells(cells_)] == [1, 1, 1]


@given(st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=1), st.integers(0, 3))
def test_bins_of_errors_nest(values: list[float], more: int):
    exponent = tally_sum.error_exponent(max(map(abs, values)))
    for value in values:
        fine = math.floor(value / (2.0**exponent / 256)) + 256
        assert 0 <= fine <= 511
        coarse = math.floor(value / (2.0 ** (exponent + more) / 256)) + 256
        assert ((fine - 256) >> more) + 256 == coarse


ROW = st.fixed_dictionaries(
    {
        "g": st.sampled_from(["a", "b", None]),
        "h": st.sampled_from([1.0, 2.0, None, math.nan]),
        "y": st.sampled_from(["yes", "no", None]),
        "p": st.sampled_from(["yes", "no"]),
        "s": st.none() | st.floats(0, 1) | st.sampled_from([math.nan, math.inf, 0.5]),
        "w": st.floats(0, 1e6),
    }
)
SCHEMA = {"g": pl.String, "h": pl.Float64, "y": pl.String, "p": pl.String, "s": pl.Float64, "w": pl.Float64}
FRAME_ROLES = Roles(label="y", prediction="p", score="s", weight="w", protected=("g", "h"), positive="yes")


def counts(tally: Tally) -> Tally:
    return msgspec.structs.replace(tally, sources=())


@settings(max_examples=12)
@given(rows=st.lists(ROW, min_size=2, max_size=40), data=st.data())
def test_the_whole_is_the_sum_of_its_shards_in_any_order(rows: list[dict[str, Any]], data: st.DataObject):
    assume(any(row["y"] for row in rows) and any(row["g"] for row in rows))
    assume(any(row["h"] is not None and row["h"] == row["h"] for row in rows))
    assume(any(row["s"] is not None and math.isfinite(row["s"]) for row in rows))
    assume(any("yes" in {row["y"], row["p"]} for row in rows))
    whole = tally_rows(pl.DataFrame(rows, schema=SCHEMA), FRAME_ROLES)
    cut = data.draw(st.integers(1, len(rows) - 1))
    shuffled = data.draw(st.permutations(rows))
    tallier = Tallier(FRAME_ROLES, threads=1)
    tallier.update(pl.DataFrame(shuffled[:cut], schema=SCHEMA))
    tallier.update(pl.DataFrame(shuffled[cut:], schema=SCHEMA))
    assert counts(tallier.tally) == counts(whole)


REAL_ROW = st.fixed_dictionaries(
    {
        "g": st.sampled_from(["a", "b"]),
        "y": st.none() | st.floats(-1e9, 1e9) | st.just(math.nan),
        "p": st.floats(-1e9, 1e9) | st.just(0.0),
        "w": st.floats(0, 10),
    }
)


NO_LABEL = {"g": "a", "y": None, "p": 0.0, "w": 1.0}
LEAST = {"g": "a", "y": 5e-324, "p": 0.0, "w": 1.0}
WIDE = {"g": "a", "y": 0.0, "p": 256.0, "w": 1.0}


@settings(max_examples=12)
@example(rows=[NO_LABEL, NO_LABEL, LEAST, WIDE], weight=None, draw=random.Random(0))
@example(rows=[LEAST, {**WIDE, "g": "b", "p": 5e-324}, WIDE], weight="w", draw=random.Random(0))
@given(
    rows=st.lists(REAL_ROW, min_size=2, max_size=30),
    weight=st.sampled_from([None, "w"]),
    draw=st.randoms(use_true_random=False),
)
def test_regression_shards(rows: list[dict[str, Any]], weight: str | None, draw: random.Random):
    assume(any(row["y"] is not None and row["y"] == row["y"] for row in rows))
    schema = {"g": pl.String, "y": pl.Float64, "p": pl.Float64, "w": pl.Float64}
    roles = Roles(label="y", prediction="p", protected=("g",), weight=weight, task="regression")
    whole = tally_rows(pl.DataFrame(rows, schema=schema), roles)
    tallier = Tallier(roles)
    for row in draw.sample(rows, len(rows)):
        tallier.update(pl.DataFrame([row], schema=schema))
    assert counts(tallier.tally) == counts(whole)


@settings(max_examples=12)
@example(edges=(-1.0, 2.0**29), scores_=[5e-324, -5e-324, 0.0, 2.0**29], draw=random.Random(0))
@example(edges=(0.0, 5e-324), scores_=[0.0, 5e-324], draw=random.Random(0))
@example(edges=(-5e-324, 2e-321), scores_=[0.0, 5e-324, 1e-321, 2e-321], draw=random.Random(0))
@given(
    edges=st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)).filter(lambda edges: edges[0] < edges[1]),
    scores_=st.lists(st.floats(0, 1), min_size=2, max_size=30),
    draw=st.randoms(use_true_random=False),
)
def test_score_shards_between_any_edges_by_value_and_by_bin(
    edges: tuple[float, float], scores_: list[float], draw: random.Random
):
    low, high = edges
    values = [max(low, min(high, score if high - low < 1e-300 else low + score * (high - low))) for score in scores_]
    frame = pl.DataFrame({"y": [number % 2 for number, _ in enumerate(values)], "s": values})
    order = draw.sample(range(len(values)), len(values))
    found = []
    for most in (10_000, 0):  # by value, then by bin: each as a whole, row by row, and the first in the other's bins
        with pytest.MonkeyPatch.context() as patch:
            for module in ("assay.records._tally_sum", "assay.tabular.counting", "assay.tabular.statement"):
                patch.setattr(f"{module}.EXACT_SCORES", most)
                patch.setattr(f"{module}.EXACT_ROWS", most)
            whole, parts = Tallier(ROLES_OF_SCORES, low=low, high=high), Tallier(ROLES_OF_SCORES, low=low, high=high)
            whole.update(frame)
            for number in order:
                parts.update(frame[number : number + 1])
            assert counts(parts.tally) == counts(whole.tally)
            found.append(whole.tally.scores)
    by_value, by_bin = found
    assert by_value is not None
    assert by_bin is not None
    cells_ = tuple(tally_sum.binned(cell, low, high) for cell in by_value.cells)
    assert cells_ == by_bin.cells


@pytest.mark.parametrize("low_high", [(0.0, 1.0), (-3.0, 7.0)])
def test_binned_whole_is_the_sum_of_exact_shards_and_threads_change_nothing(low_high: tuple[float, float]):
    low, high = low_high
    span = (high - low) / 39_999
    frame = pl.DataFrame({"y": [i % 2 for i in range(40_000)], "s": [low + span * i for i in range(40_000)]})
    roles = Roles(label="y", score="s")
    tallier = Tallier(roles, low=low, high=max(high, *frame["s"].to_list()))
    for start in range(0, 40_000, 10_000):
        tallier.update(frame[start : start + 10_000])
    whole = counts(tally_rows(frame, roles, threads=1))
    assert counts(tally_rows(frame.sample(fraction=1.0, shuffle=True, seed=1), roles, threads=2)) == whole
    assert counts(tallier.tally) == whole
