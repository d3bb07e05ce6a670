"""Tallies on a real Spark with two executor processes: equal to those of DuckDB on the same rows, to the last count."""

from __future__ import annotations

import datetime as dt
import math
import random
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

import assay
from assay.errors import DataError
from assay.metrics import measure
from assay.records.tally import EXACT_ROWS, Roles, Tally
from assay.tabular import tally_rows
from integration import spark_session

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

pytestmark = spark_session.MARKS
spark = spark_session.spark

ROWS = 20_000


def people(
    score: Callable[[random.Random], float | None], **more: Callable[[random.Random], Any]
) -> dict[str, list[Any]]:
    """Return a table by column; the same one each time."""
    draw = random.Random(20_261_123)
    table: dict[str, list[Any]] = {
        "race": [draw.choice(["white", "black", "Größe 'x' \\ ${y}", "", None]) for _ in range(ROWS)],
        "sex": [draw.random() < 0.4 for _ in range(ROWS)],
        "label": [draw.choice([0, 1, None]) for _ in range(ROWS)],
        "prediction": [draw.randrange(2) for _ in range(ROWS)],
        "score": [score(draw) for _ in range(ROWS)],
    }
    return table | {name: [made(draw) for _ in range(ROWS)] for name, made in more.items()}


ODD = [math.nan, math.inf, -math.inf, None, 0.0, -0.0, 1.0]
LOCAL = dt.datetime(2026, 3, 8, 2, 30)  # noqa: DTZ001 - without a zone, and no time at all in some zones
BINARY = Roles(label="label", prediction="prediction", score="score", protected=("race", "sex"))
WEIGHTED = msgspec.structs.replace(BINARY, weight="weight")
NUMBERS = Roles(label="y", prediction="guess", protected=("race", "sex"), task="regression")


def regression(draw: random.Random, size: float) -> float:
    return draw.gauss(0, 1) * 10 ** draw.uniform(-9, size)


CASES: dict[str, tuple[Roles, dict[str, list[Any]]]] = {
    "scores of few values": (BINARY, people(lambda draw: draw.choice([*ODD, *(k / 64 for k in range(64))]))),
    "scores of many values": (BINARY, people(lambda draw: draw.choice(ODD) if draw.random() < 0.05 else draw.random())),
    "scores beyond 0 and 1": (BINARY, people(lambda draw: draw.gauss(3, 400))),
    "scores up to a thousand million": (BINARY, people(lambda draw: draw.uniform(-1e9, 1e9))),
    "weights": (
        WEIGHTED,
        people(
            lambda draw: draw.random(), weight=lambda draw: draw.choice([0.0, 0.5e-12, 2.5e-12, 1e9, draw.random() * 3])
        ),
    ),
    "weights and scores of few values": (
        WEIGHTED,
        people(
            lambda draw: draw.choice([None, 0.25, 0.5]), weight=lambda draw: draw.random() * 10 ** draw.randint(-12, 9)
        ),
    ),
    "weights and scores beyond 0 and 1": (
        WEIGHTED,
        people(lambda draw: draw.gauss(0, 1e3), weight=lambda draw: draw.random()),
    ),
    "text classes": (
        Roles(
            label="was",
            prediction="said",
            score="score",
            protected=("race",),
            positive="it's \\ ${so}",
            favourable="no",
        ),
        people(
            lambda draw: draw.random(),
            was=lambda draw: draw.choice(["it's \\ ${so}", "no", None]),
            said=lambda draw: draw.choice(["it's \\ ${so}", "no"]),
        ),
    ),
    "text that Java reads as a number": (
        Roles(label="was", score="score", positive=1),
        people(lambda draw: draw.random(), was=lambda draw: draw.choice(["1", "1d"])),
    ),
    "truth as label": (
        Roles(label="sex", score="score", protected=("race",), positive=False),
        people(lambda draw: draw.random()),
    ),
    "floats and decimals as classes": (
        Roles(label="f", prediction="d", score="score", protected=("race",)),
        people(
            lambda draw: draw.random(),
            f=lambda draw: draw.choice([0.0, -0.0, 1.0, math.nan, None]),
            d=lambda draw: draw.choice([Decimal("0.00"), Decimal("1.00")]),
        ),
    ),
    "groups of all kinds": (
        Roles(prediction="prediction", protected=("day", "at", "local", "amount", "number", "race")),
        people(
            lambda _: None,
            day=lambda draw: draw.choice([dt.date(1, 1, 1), dt.date(2026, 11, 23), None]),
            at=lambda draw: draw.choice(
                [
                    dt.datetime(2026, 7, 1, 12, 0, 0, 500_000, tzinfo=dt.UTC),
                    dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
                    None,
                ]
            ),
            local=lambda draw: draw.choice([LOCAL, LOCAL.replace(month=1, microsecond=1)]),
            amount=lambda draw: draw.choice([Decimal("10.00"), Decimal("-3.00"), None]),
            number=lambda draw: draw.choice([math.nan, 0.0, -0.0, 7.0, None]),
        ),
    ),
    "classes": (
        Roles(label="was", prediction="said", protected=("race",), task="multiclass"),
        people(
            lambda _: None,
            was=lambda draw: draw.choice(["a", "b", "c", None]),
            said=lambda draw: draw.choice(["a", "b", "c", "d"]),
        ),
    ),
    "errors": (
        NUMBERS,
        people(
            lambda _: None,
            y=lambda draw: draw.choice([None, math.nan]) if draw.random() < 0.02 else regression(draw, 3),
            guess=lambda draw: regression(draw, 3),
        ),
    ),
    "errors of the largest numbers": (
        NUMBERS,
        people(lambda _: None, y=lambda draw: draw.uniform(-1e9, 1e9), guess=lambda draw: draw.uniform(-1e9, 1e9)),
    ),
    "errors with weights": (
        msgspec.structs.replace(NUMBERS, weight="weight"),
        people(
            lambda _: None,
            y=lambda draw: draw.gauss(5, 3),
            guess=lambda draw: draw.gauss(5, 3),
            weight=lambda draw: draw.random(),
        ),
    ),
}


def arrow(table: dict[str, list[Any]]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - an extra

    return pa.table(table)


def spread(spark: SparkSession, table: dict[str, list[Any]], partitions: int = 3) -> DataFrame:
    """Return the table as Spark reads it from a Parquet file, in so many partitions."""
    known = [name for name, found in table.items() if set(found) != {None}]
    return spark_session.spread(spark, arrow(table).select(known), partitions)


def without_losses(tally: Tally) -> Tally:
    """Return a tally without its source and log losses."""
    if tally.scores is None:
        return msgspec.structs.replace(tally, sources=())
    cells = tuple(
        msgspec.structs.replace(
            cell,
            log_losses=None,
            weighted=msgspec.UNSET
            if cell.weighted is msgspec.UNSET
            else msgspec.structs.replace(cell.weighted, log_losses=None),
        )
        for cell in tally.scores.cells
    )
    return msgspec.structs.replace(tally, sources=(), scores=msgspec.structs.replace(tally.scores, cells=cells))


def units_apart(one: Tally, other: Tally) -> list[tuple[int, int]]:
    """Return by how many units of 1e-12 the log losses of each cell differ, and how many rows each cell has."""
    assert one.scores is not None
    assert other.scores is not None
    pairs = zip(one.scores.cells, other.scores.cells, strict=True)
    assert all((a.log_losses is None) == (b.log_losses is None) for a, b in pairs)
    pairs = zip(one.scores.cells, other.scores.cells, strict=True)
    return [(abs((a.log_losses or 0) - (b.log_losses or 0)), a.count) for a, b in pairs]


@pytest.mark.parametrize("case", CASES)
def test_equal_to_duckdb(spark: SparkSession, case: str) -> None:
    roles, table = CASES[case]
    expected = tally_rows(arrow(table), roles)
    found = assay.tally_spark(spread(spark, table), roles)
    assert without_losses(found) == without_losses(expected)
    if expected.scores is not None:
        assert all(units <= rows for units, rows in units_apart(found, expected))
        if expected.scores.cells[0].values is not None:  # by value: DuckDB's own logarithm
            assert msgspec.structs.replace(found, sources=()) == msgspec.structs.replace(expected, sources=())
    assert [m.metric for m in measure(found)] == [m.metric for m in measure(expected)]
    for ours, theirs in zip(measure(found), measure(expected), strict=True):
        if ours.value is None or theirs.value is None or "log" not in ours.metric:
            assert ours == theirs
        else:
            assert ours.value == pytest.approx(theirs.value, abs=1e-12, rel=1e-12)


def test_cases_do_what_they_say() -> None:
    def kept(case: str) -> bool:
        tally = tally_rows(arrow(CASES[case][1]), CASES[case][0])
        assert tally.scores is not None
        return tally.scores.cells[0].values is not None

    assert kept("scores of few values")
    assert not kept("scores of many values")
    assert not kept("scores beyond 0 and 1")
    assert len(set(CASES["weights"][1]["score"])) > EXACT_ROWS


def test_partitions_change_nothing(spark: SparkSession) -> None:
    roles, table = CASES["scores of many values"]
    tallies = [assay.tally_spark(spread(spark, table, partitions), roles, name="rows") for partitions in (1, 11)]
    assert tallies[0] == tallies[1]


def test_by_name_and_without_ansi(spark: SparkSession) -> None:
    roles, table = CASES["weights"]
    spread(spark, table).createOrReplaceTempView("decisions")
    expected = without_losses(tally_rows(arrow(table), roles))
    before = [view.name for view in spark.catalog.listTables()]
    found = assay.tally_spark("decisions", roles)
    assert without_losses(found) == expected
    assert [view.name for view in spark.catalog.listTables()] == before
    spark.conf.set("spark.sql.ansi.enabled", "false")
    try:
        assert without_losses(assay.tally_spark("decisions", roles, spark=spark)) == expected
    finally:
        spark.conf.set("spark.sql.ansi.enabled", "true")


def test_the_record_is_what_spark_ran(spark: SparkSession) -> None:
    roles, table = CASES["weights"]
    spread(spark, table).createOrReplaceTempView("recorded")
    tally = assay.tally_spark("recorded", roles)
    (source,) = tally.sources
    assert source.engine == f"spark {spark.version}"
    assert source.rows_sha256 is None
    assert source.files == ()
    statement, last = source.sql.split(";\n", 1)
    counted = spark.sql(statement).toArrow()
    assert sum(counted.column("n").to_pylist()) == tally.rows == ROWS
    import duckdb  # noqa: PLC0415 - as an auditor would

    connection = duckdb.connect()
    connection.register("answered", counted)
    cells = connection.execute(last).fetchall()
    assert sum(cell[5] for cell in cells) == ROWS


BAD: dict[str, tuple[Roles, dict[str, list[Any]]]] = {
    "a third class": (
        Roles(label="three", protected=("race",)),
        people(lambda _: None, three=lambda draw: draw.randrange(3)),
    ),
    "predictions missing": (
        Roles(prediction="said", protected=("race",)),
        people(lambda _: None, said=lambda draw: draw.choice([0, 1, None])),
    ),
    "too many groups": (
        Roles(prediction="prediction", protected=("postcode",)),
        people(lambda _: None, postcode=lambda draw: draw.randrange(5_000)),
    ),
    "weights below 0": (WEIGHTED, people(lambda draw: draw.random(), weight=lambda draw: draw.gauss(0, 1))),
    "weights of no use": (WEIGHTED, people(lambda draw: draw.random(), weight=lambda draw: draw.choice([*ODD, 1e300]))),
    "scores too large": (BINARY, people(lambda draw: draw.choice([0.5, 2e9]))),
    "no such column": (Roles(label="lable"), people(lambda _: None)),
    "text as score": (Roles(score="race"), people(lambda _: None)),
    "groups that are no whole numbers": (
        Roles(prediction="prediction", protected=("income",)),
        people(lambda _: None, income=lambda draw: draw.choice([0.5, 1.5])),
    ),
    "sums too large": (
        msgspec.structs.replace(NUMBERS, weight="weight"),
        people(lambda _: None, y=lambda _: 1e9, guess=lambda _: -1e9, weight=lambda _: 1e9),
    ),
    "errors of missing predictions": (
        NUMBERS,
        people(lambda _: None, y=lambda _: 1.5, guess=lambda draw: draw.choice([None, 1.0, math.nan, math.inf])),
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_refused_alike(spark: SparkSession, case: str) -> None:
    roles, table = BAD[case]
    with pytest.raises(DataError) as expected:
        tally_rows(arrow(table), roles, name="rows")
    with pytest.raises(DataError) as found:
        assay.tally_spark(spread(spark, table), roles, name="rows")
    if case == "no such column":  # the columns that there are differ: a column without any value has no type in Spark
        assert str(found.value).partition(" The columns")[0] == str(expected.value).partition(" The columns")[0]
    else:
        assert str(found.value) == str(expected.value)


def test_no_rows_and_no_table(spark: SparkSession) -> None:
    empty = spark.sql("SELECT 1 AS label, 'x' AS race WHERE FALSE")
    with pytest.raises(DataError, match="expected rows, found none"):
        assay.tally_spark(empty, Roles(label="label", protected=("race",)))
    with pytest.raises(DataError, match="nowhere: Spark could not read or count this") as caught:
        assay.tally_spark("nowhere", Roles(label="label"))
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="expected a DataFrame of Spark or the name of a table, found dict"):
        assay.tally_spark({}, Roles(label="label"))
    twice = spark.sql("SELECT 1 AS label, 2 AS `Label`")
    with pytest.raises(DataError, match="to be named once, found 2"):
        assay.tally_spark(twice, Roles(label="label"))
    nested = spark.sql("SELECT array(1) AS label")
    with pytest.raises(DataError, match="expected single values in column 'label'"):
        assay.tally_spark(nested, Roles(label="label"))
    strange = spark.sql("SELECT 1 AS label").withColumnRenamed("label", "a${b}")
    with pytest.raises(DataError, match="reads as a variable"):
        assay.tally_spark(strange, Roles(label="a${b}"))
    broken = spark.range(9).selectExpr("IF(id > 5, raise_error('the disk is gone'), 1) AS label")
    with pytest.raises(
        DataError, match=r"the DataFrame: Spark could not read or count this: .*the disk is gone"
    ) as caught:
        assay.tally_spark(broken, Roles(label="label"))
    assert "\n" not in str(caught.value)
    vanished = spread(spark, {"label": [0, 1]}, 1)
    Path(vanished.inputFiles()[0].removeprefix("file://")).unlink()
    with pytest.raises(DataError, match=r"the DataFrame: Spark could not read or count this: .*parquet"):
        assay.tally_spark(vanished, Roles(label="label"))
    rate = spark.readStream.format("rate").load()
    with pytest.raises(DataError, match="found a stream"):
        assay.tally_spark(rate, Roles(label="value"))


def test_names_that_need_quotes(spark: SparkSession) -> None:
    table: dict[str, list[Any]] = {'a `b` "c".d': [0, 1, 1], "select": ["x", "y", "x"], "g1": [1, 0, 1]}
    roles = Roles(label='a `b` "c".d', prediction="g1", protected=("select",))
    found = assay.tally_spark(spread(spark, table, 2), roles)
    assert without_losses(found) == without_losses(tally_rows(arrow(table), roles))


def test_scores_that_the_first_look_took_for_few(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first look at 100 rows sees few scores; all rows have too many to be kept by value or to come to the driver."""
    from assay.adapters import spark_tally  # noqa: PLC0415 - its limit is set

    table = people(lambda draw: draw.random())
    table["score"][:3_000] = [0.5] * 3_000
    expected = without_losses(tally_rows(arrow(table), BINARY))
    monkeypatch.setattr(spark_tally, "MOST_COUNTED", EXACT_ROWS + 100)
    monkeypatch.setattr(spark_tally, "LOOK_ROWS", 100)
    frame = spread(spark, table).coalesce(2)
    assert without_losses(assay.tally_spark(frame, BINARY)) == expected
    monkeypatch.setattr(spark_tally, "MOST_COUNTED", 10)
    with pytest.raises(DataError, match="expected at most 10 combinations"):
        assay.tally_spark(frame, Roles(label="label", prediction="prediction", protected=("race", "sex")))


def test_how_often_the_rows_are_read(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many different scores are counted by bin at once; few rows with one, again by value; none, without a look."""
    from assay.adapters import spark_tally  # noqa: PLC0415 - what it asks of Spark is counted

    asked: list[str] = []

    def noted(kind: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*given: Any) -> Any:  # noqa: ANN401 - an Arrow table
            asked.append(kind)
            return ask(*given)

        return answer

    monkeypatch.setattr(spark_tally, "collected", noted("count", spark_tally.collected))
    monkeypatch.setattr(spark_tally, "first_rows", noted("look", spark_tally.first_rows))
    many = people(lambda draw: draw.random())
    few = {**many, "score": [score if row % 4 else None for row, score in enumerate(many["score"])]}
    plain = msgspec.structs.replace(BINARY, score=None)
    for table, roles, wanted in (
        (many, BINARY, ["look", "count"]),
        (few, BINARY, ["look", "count", "count"]),
        (many, plain, ["count"]),
    ):
        asked.clear()
        found = assay.tally_spark(spread(spark, table), roles)
        assert asked == wanted
        assert without_losses(found) == without_losses(tally_rows(arrow(table), roles))
