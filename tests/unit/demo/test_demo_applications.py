"""The shipped table is the one that its datasheet describes."""

from __future__ import annotations

import hashlib
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import Any

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


def shipped(columns: dict[str, str]) -> dict[str, list[Any]]:
    return read_columns(SHIPPED, columns)


def test_races_and_approval_rates_are_those_of_the_study() -> None:
    people = shipped({"race": "race", "approved": "approved"})
    rates = {}
    for race in sorted(set(people["race"])):
        outcomes = [yes for group, yes in zip(people["race"], people["approved"], strict=True) if group == race]
        rates[race] = (len(outcomes), round(sum(outcomes) / len(outcomes), 3))

    assert rates == {"black": (197, 0.675), "hispanic": (111, 0.766), "white": (1681, 0.908)}


@pytest.mark.parametrize(
    ("column", "gaps"),
    [
        ("sex", 15),
        ("married", 3),
        ("dependents", 3),
        ("over_two_credit_reports", 9),
        ("meets_guidelines", 2),
        ("two_or_more_units", 4),
        ("tract_minority_over_30", 183),
        ("race", 0),
        ("approved", 0),
    ],
)
def test_what_was_missing_is_still_missing(column: str, gaps: int) -> None:
    assert shipped({column: column})[column].count(None) == gaps


def test_the_smallest_groups_are_as_small_as_the_datasheet_says() -> None:
    people = shipped({"race": "race", "sex": "sex"})
    women = Counter(race for race, sex in zip(people["race"], people["sex"], strict=True) if sex == "female")

    assert women == {"black": 51, "hispanic": 22, "white": 296}


def columns_of(table: Path) -> list[str]:
    with duckdb.connect() as connection:
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet($table)", {"table": str(table)}).fetchall()
    return [name for name, *_ in described]


def test_the_datasheet_names_every_column() -> None:
    sheet = (SHIPPED.parent / DATASHEET).read_text("utf-8")

    assert len(columns_of(SHIPPED)) == 31
    assert [name for name in columns_of(SHIPPED) if f"`{name}`" not in sheet] == []


@pytest.mark.parametrize("name", ["action", "reject"])
def test_columns_that_give_the_outcome_away_are_not_in_it(name: str) -> None:
    assert name not in columns_of(SHIPPED)


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
    columns: dict[str, tuple[str, list[Any]]] = {
        "race": ("VARCHAR", ["a", None, "b's"]),
        "p": ("DOUBLE", [0.1, 0.2, 0.3]),
    }
    for name in ("one", "two"):
        write_predictions(tmp_path / name / "it's.parquet", columns)

    digests = {hashlib.sha256((tmp_path / name / "it's.parquet").read_bytes()).hexdigest() for name in ("one", "two")}
    assert len(digests) == 1
    assert read_columns(tmp_path / "one" / "it's.parquet", {"race": "race", "p": "p"}) == {
        "race": ["a", None, "b's"],
        "p": [0.1, 0.2, 0.3],
    }
