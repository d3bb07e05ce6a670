"""The shipped table is the one that its datasheet describes."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

import duckdb
import pytest

from assay.demo.applications import (
    CREDIT,
    DATASHEET,
    LINES,
    STAND_INS,
    TABLE,
    copy_table,
    read_columns,
    write_predictions,
)

SHIPPED = Path(str(resources.files("assay.demo"))) / TABLE


def test_the_table_is_small() -> None:
    assert SHIPPED.stat().st_size < 100_000


def test_races_and_approval_rates_are_those_of_the_study() -> None:
    found = duckdb.sql(
        f"SELECT race, count(*), round(avg(approved), 3) FROM read_parquet('{SHIPPED}') GROUP BY race ORDER BY race"
    ).fetchall()

    assert found == [("black", 197, 0.675), ("hispanic", 111, 0.766), ("white", 1681, 0.908)]


def test_what_was_missing_is_still_missing() -> None:
    columns = ("sex", "married", "dependents", "over_two_credit_reports", "meets_guidelines", "two_or_more_units")
    counted = ", ".join(f"count(*) - count({column})" for column in (*columns, "tract_minority_over_30"))

    assert duckdb.sql(f"SELECT {counted} FROM read_parquet('{SHIPPED}')").fetchall() == [(15, 3, 3, 9, 2, 4, 183)]


def test_the_smallest_groups_are_as_small_as_the_datasheet_says() -> None:
    found = duckdb.sql(
        f"SELECT race, count(*) FROM read_parquet('{SHIPPED}') WHERE sex = 'female' GROUP BY race ORDER BY race"
    ).fetchall()

    assert found == [("black", 51), ("hispanic", 22), ("white", 296)]


def test_the_datasheet_names_every_column() -> None:
    described = (SHIPPED.parent / DATASHEET).read_text("utf-8")
    columns = [name for name, *_ in duckdb.sql(f"DESCRIBE SELECT * FROM read_parquet('{SHIPPED}')").fetchall()]

    assert len(columns) == 31
    assert [name for name in columns if f"`{name}`" not in described] == []


@pytest.mark.parametrize("name", ["action", "reject"])
def test_columns_that_give_the_outcome_away_are_not_in_it(name: str) -> None:
    columns = [column for column, *_ in duckdb.sql(f"DESCRIBE SELECT * FROM read_parquet('{SHIPPED}')").fetchall()]

    assert name not in columns


def test_no_feature_is_a_protected_attribute_or_the_outcome() -> None:
    used = " ".join([*CREDIT.values(), *LINES.values(), *STAND_INS.values()])

    assert not {"race", "sex", "approved"} & set(used.replace("(", " ").replace(",", " ").split())


def test_every_feature_can_be_computed_and_varies(tmp_path: Path) -> None:
    table = copy_table(tmp_path)
    columns = read_columns(table, {name: f"({sql})::DOUBLE" for name, sql in {**CREDIT, **LINES, **STAND_INS}.items()})

    assert {len(values) for values in columns.values()} == {1989}
    assert [name for name, values in columns.items() if len(set(values)) < 2] == []


def test_the_table_and_its_datasheet_are_copied_whole(tmp_path: Path) -> None:
    table = copy_table(tmp_path / "new" / "data")

    assert table.read_bytes() == SHIPPED.read_bytes()
    assert (table.parent / "README.md").read_text("utf-8").startswith("# Datasheet")


def test_the_same_predictions_are_the_same_bytes(tmp_path: Path) -> None:
    columns = {"race": ("VARCHAR", ["a", None, "b's"]), "p": ("DOUBLE", [0.1, 0.2, 0.3])}
    for name in ("one", "two"):
        write_predictions(tmp_path / name / "it's.parquet", columns)

    digests = {hashlib.sha256((tmp_path / name / "it's.parquet").read_bytes()).hexdigest() for name in ("one", "two")}
    assert len(digests) == 1
    assert read_columns(tmp_path / "one" / "it's.parquet", {"race": "race", "p": "p"}) == {
        "race": ["a", None, "b's"],
        "p": [0.1, 0.2, 0.3],
    }
