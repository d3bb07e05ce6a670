"""Profiles on a real Spark with two executor processes: equal to those of DuckDB on the same rows, bin for bin."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

import assay
from assay.errors import DataError
from assay.lifecycle.comparing import compare_rows, profile_rows
from integration import spark_session

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

pytestmark = spark_session.MARKS
spark = spark_session.spark

ROWS = 70_000
ODD = (None, float("nan"), float("inf"), float("-inf"))


def table(seed: int, rows: int, *, shift: float = 0.0) -> pa.Table:
    """Return a table with a column of each kind; ``bell`` and ``tail`` have too many values to be kept one by one."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    draw = random.Random(seed)
    epoch = dt.datetime(2026, 3, 8, 2, 30)  # noqa: DTZ001 - a time without a zone, and no time at all in some zones
    columns: dict[str, list[Any]] = {
        "bell": [draw.gauss(shift, 1) for _ in range(rows)],
        "tail": [draw.choice(ODD) if draw.random() < 0.01 else draw.lognormvariate(0, 2) for _ in range(rows)],
        "few": [draw.choice([None, 1, 2, 3, 50]) for _ in range(rows)],
        "several": [draw.randrange(2_000) for _ in range(rows)],
        "money": [Decimal(draw.randrange(10_000)) / 100 for _ in range(rows)],
        "name": [draw.choice(["Größe", "it's", "", "z", None, f"new {seed}"]) for _ in range(rows)],
        "truth": [draw.choice([True, False, None]) for _ in range(rows)],
        "day": [dt.date(2026, 1, 1) + dt.timedelta(days=draw.randrange(300)) for _ in range(rows)],
        "time": [epoch + dt.timedelta(microseconds=draw.randrange(10**12)) for _ in range(rows)],
        "identifier": [f"c{number}" for number in range(rows)],
    }
    return pa.table(columns)


@pytest.fixture(scope="module")
def reference() -> pa.Table:
    return table(1, ROWS)


@pytest.fixture(scope="module")
def current() -> pa.Table:
    return table(2, ROWS // 2, shift=0.4)


@pytest.fixture
def spread(spark: SparkSession) -> Callable[..., DataFrame]:
    """Return what makes a frame of a table."""
    return partial(spark_session.spread, spark)


def test_a_profile_is_that_of_the_rows_bin_for_bin(spread: Callable[..., DataFrame], reference: pa.Table) -> None:
    found = assay.profile_spark(spread(reference))
    wanted = profile_rows(reference)
    for one, other in zip(found.columns, wanted.columns, strict=True):
        assert one == other, one.column
    assert msgspec.structs.replace(found, files=()) == msgspec.structs.replace(wanted, files=())
    assert not {one.column: one.exact for one in found.columns}["bell"]


def test_partitions_change_nothing(spread: Callable[..., DataFrame], current: pa.Table) -> None:
    profiles = [assay.profile_spark(spread(current, parts), without=("identifier",)) for parts in (1, 7)]
    assert profiles[0] == profiles[1]


def test_a_comparison_is_that_of_the_rows(
    spread: Callable[..., DataFrame], reference: pa.Table, current: pa.Table
) -> None:
    profile = profile_rows(reference)
    found = assay.compare_spark(profile, spread(current))
    wanted = compare_rows(profile, current)
    for one, other in zip(found.comparison.columns, wanted.comparison.columns, strict=True):
        assert one == other, one.column
    assert found.measurements == wanted.measurements


def test_what_cannot_be_profiled_is_said(
    spark: SparkSession, spread: Callable[..., DataFrame], current: pa.Table
) -> None:
    frame = spread(current)
    with pytest.raises(DataError, match=r"no column 'bel' .*did you mean 'bell'"):
        assay.profile_spark(frame, columns=("bel",))
    with pytest.raises(DataError, match="expected rows, found none"):
        assay.profile_spark(frame.filter("few = 77"))
    nested = assay.profile_spark(frame.selectExpr("array(few) AS list", "few"))
    assert nested.columns[0].kind == "incomparable"
    with pytest.raises(DataError, match="no_such_table"):
        assay.profile_spark("no_such_table", spark=spark)
