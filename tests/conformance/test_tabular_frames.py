"""The same counts as polars and pandas, to the last integer, on seeded rows."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pandas as pd
import polars as pl
import pytest

from assay.records.tally import SCORE_BINS, Roles
from assay.tabular import tally_rows

ROLES = Roles(label="y", prediction="p", score="s", protected=("race", "sex", "age"))
ATTRIBUTES = list(ROLES.protected)


@pytest.fixture(scope="module")
def columns() -> dict[str, list[Any]]:
    draw = random.Random(7)
    rows = 50_000
    return {
        "race": draw.choices(["white", "black", "hispanic", "asian", None], k=rows),
        "sex": draw.choices([0, 1], k=rows),
        "age": draw.choices(["18-25", "26-35", "36+"], k=rows),
        "y": draw.choices([0, 1, None], weights=[5, 4, 1], k=rows),
        "p": draw.choices([0, 1], k=rows),
        "s": [draw.random() for _ in range(rows)],
    }


def ours(columns: dict[str, list[Any]]) -> dict[tuple[Any, ...], int]:
    tally = tally_rows(pl.DataFrame(columns), ROLES)
    return {(*cell.group, cell.label, cell.prediction): cell.count for cell in tally.cells}


def test_polars_counts_the_same(columns: dict[str, list[Any]]):
    found = pl.DataFrame(columns).group_by([*ATTRIBUTES, "y", "p"]).len()
    assert ours(columns) == {tuple(row[:-1]): row[-1] for row in found.rows()}


def test_pandas_counts_the_same(columns: dict[str, list[Any]]):
    frame = pd.DataFrame(columns).astype(object)
    found = frame.groupby([*ATTRIBUTES, "y", "p"], dropna=False).size()
    keys = found.index.to_frame(index=False).itertuples(index=False, name=None)
    told = {tuple(None if pd.isna(v) else v for v in key): int(n) for key, n in zip(keys, found, strict=True)}
    assert ours(columns) == told


def test_bins_and_sums_are_those_of_plain_arithmetic(columns: dict[str, list[Any]]):
    tally = tally_rows(pl.DataFrame(columns), ROLES)
    assert tally.scores is not None
    bins: dict[Any, dict[int, int]] = {}
    totals: dict[Any, int] = {}
    squares: dict[Any, int] = {}
    for *group, label, _, score in zip(*columns.values(), strict=True):
        key = (tuple(group), label)
        number = min(int(score * SCORE_BINS), SCORE_BINS - 1)
        bins.setdefault(key, {})
        bins[key][number] = bins[key].get(number, 0) + 1
        totals[key] = totals.get(key, 0) + round(Fraction(score * 1e12))
        squares[key] = squares.get(key, 0) + round(Fraction(score * score * 1e12))
    for cell in tally.scores.cells:
        key = (cell.group, cell.label)
        assert dict(cell.bins) == bins[key]
        assert (cell.total, cell.squares) == (totals[key], squares[key])
    assert len(tally.scores.cells) == len(bins)
