"""Our statements in Spark's SQL, without Spark: what each piece becomes, and that nothing unknown slips through."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assay
from assay.adapters.spark_sql import (
    DIGIT_BITS,
    ROWS,
    joined,
    parse,
    relation,
    spark_sql,
    split_inner,
    split_last,
    text_of,
)
from assay.errors import DataError, MissingExtraError
from assay.records.tally import Roles
from assay.tabular.columns import check_columns
from assay.tabular.opening import Opened
from assay.tabular.statement import Plan, counting_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

BASE = 1 << DIGIT_BITS


def translated(sql: str) -> str:
    return spark_sql(parse(sql), "`rows`")


@pytest.mark.parametrize(
    ("ours", "sparks"),
    [
        ('"a ""b"" `c`"', '`a "b" ``c```'),
        ("'plain'", "'plain'"),
        ("'it''s'", "CAST(X'69742773' AS STRING)"),
        ("'\\'", "CAST(X'5C' AS STRING)"),
        ("'${x}'", "CAST(X'247B787D' AS STRING)"),
        ("'(' = '\"'", "'(' = '\"'"),
        ("'-1e-05'::DOUBLE", "CAST('-1e-05' AS DOUBLE)"),
        ("x <= 1000000000.0 + 2.2e-16 * 5", "x <= 1000000000.0D + 2.2e-16D * 5"),
        ("NOT isfinite(x)", "NOT (abs(x) < CAST('Infinity' AS DOUBLE))"),
        ("isinf(x)", "(abs(x) = CAST('Infinity' AS DOUBLE))"),
        ("CAST(floor(x * 512) AS SMALLINT)", "CAST(floor(x * 512) AS SMALLINT)"),
        ("floor(x)", "(rint(x) - CASE WHEN rint(x) > x THEN 1.0D ELSE 0.0D END)"),
        ("round(x)", "(rint(x) + CASE WHEN x - rint(x) = 0.5D THEN 1.0D ELSE 0.0D END)"),
        ('CAST("day" AS VARCHAR)', "CAST(`day` AS STRING)"),
        ("SELECT * REPLACE (a AS x, b AS y),\n c", "SELECT * EXCEPT (x, y),\n    a AS x, b AS y,\n c"),
        ("7 + ((v - 1.5) * 2.0)::INTEGER", "7 + CAST(rint((v - 1.5D) * 2.0D) AS INT)"),
        ("0::BIGINT", "CAST(0 AS BIGINT)"),
        (f"SELECT 1 FROM {ROWS}", "SELECT 1 FROM `rows`"),
    ],
)
def test_each_piece(ours: str, sparks: str) -> None:
    assert translated(ours) == sparks
    assert text_of(parse(ours)) == ours


def test_texts_are_read_as_numbers_only_where_duckdb_does() -> None:
    expected = "CASE WHEN translate(label, '0123456789.eE+- ', '') = '' THEN try_cast(label AS DOUBLE) END"
    assert translated("TRY_CAST(label AS DOUBLE)") == expected


@pytest.mark.parametrize("sql", ["list(x)", "CAST(x AS BIGINT)", "TRY_CAST(x AS HUGEINT)", "hash(x)", "(x"])
def test_what_is_unknown_is_refused(sql: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        translated(sql)


def test_a_name_that_spark_would_read_as_a_variable() -> None:
    with pytest.raises(DataError, match="Rename it"):
        translated('"${secret}"')


def test_sums_are_split_and_joined() -> None:
    sql = translated(
        "sum(CASE WHEN bin >= 0 THEN CAST(w AS HUGEINT) END) AS total,\nsum(TRY_CAST(v * 1e12 AS BIGINT)) AS s FROM t"
    )
    assert sql.count("sum(CASE WHEN bin >= 0 THEN CAST(rint(") == 5
    assert sql.count("sum(CASE WHEN abs(summed_0) < 1125899906842624.0D THEN CAST(rint(summed_0") == 1
    assert sql.count("sum(CASE WHEN abs(summed_0) < 1125899906842624.0D THEN CAST(rint((summed_0)") == 1
    assert sql.endswith("FROM (SELECT *, v * 1e12D AS summed_0 FROM t)"), "computed once, not once a digit"
    assert all(f"AS total__{place}" in sql for place in range(5))
    columns = ["g1", "n", "s__0", "s__1"]
    assert joined(columns) == f'"g1", "n", CAST("s__0" AS HUGEINT) * 1 + CAST("s__1" AS HUGEINT) * {BASE} AS "s"'


def digits(number: float, count: int) -> Sequence[int]:
    """Compute digits as `assay.adapters.spark_sql.digit` has Spark do it; Python rounds half to even, as rint does."""

    def quotient(power: int) -> float:
        return float(round(number / float(BASE) ** power))

    return [int(quotient(k) - (quotient(k + 1) * BASE if k + 1 < count else 0.0)) for k in range(count)]


@given(st.floats(-1.7e38, 1.7e38), st.just(5))
def test_digits_of_any_number_are_exact_and_small(number: float, count: int) -> None:
    found = digits(number, count)
    assert sum(digit * BASE**place for place, digit in enumerate(found)) == round(number)
    assert all(abs(digit) <= BASE // 2 + 1 for digit in found)


def test_split() -> None:
    steps, last = split_last(parse("WITH counted AS (SELECT 1) SELECT list(x) FROM counted WHERE (SELECT 2) < 3"))
    assert text_of(steps) == "WITH counted AS (SELECT 1) "
    assert last == "SELECT list(x) FROM counted WHERE (SELECT 2) < 3"
    inner, outer = split_inner(parse("SELECT count(*) FROM (SELECT 1 LIMIT 2)"))
    assert (text_of(inner), outer) == ("SELECT 1 LIMIT 2", "SELECT count(*) FROM counted")


def test_times_are_written_in_utc() -> None:
    assert relation("t", {}) == "t"
    sql = relation("t", {"day": "date", "at": "timestamp"})
    assert sql.startswith("(SELECT * EXCEPT (`day`, `at`), CAST(`day` AS STRING) AS `day`, concat(CAST(timestampadd(")


@pytest.mark.parametrize("edges", [None, (0.0, 1.0), (-3.5, math.pi)])
@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize("kind", ["VARCHAR", "BOOLEAN", "DOUBLE", "DATE"])
def test_every_statement_has_a_translation(edges: tuple[float, float] | None, weight: str | None, kind: str) -> None:
    columns = {"y": kind, "s": "DOUBLE", "w": "DECIMAL(9,2)", "race": "DATE"}
    roles = Roles(label="y", score="s", weight=weight, protected=("race",), positive="it's")
    opened = Opened(name="rows", relation=ROWS, columns=columns)
    steps, _ = split_last(parse(counting_sql(Plan(opened, roles, check_columns(opened, roles)), edges).rstrip(";\n")))
    sql = spark_sql(steps, "`rows`")
    assert "HUGEINT" not in sql
    assert "::" not in sql
    assert '"' not in sql


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyspark", "pyspark.errors", "pyspark.sql"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"Install it with: pip install 'assay\[spark\]'"):
        assay.tally_spark("table", Roles(label="y"))
