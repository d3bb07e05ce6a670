"""Rows that were counted elsewhere: the tally is that of the rows themselves."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec
import pytest

from assay import Roles, tally_rows
from assay.cli import answer
from assay.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from assay.records.tally import Tally

ROWS = 20_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write rows as CSV and as Parquet, and counts of them as any warehouse's GROUP BY gives them."""
    draw = random.Random(6)
    lines = ["sex,race,label,prediction,level,score,fine"]
    for _ in range(ROWS):
        score = round(draw.random(), 2)
        fine = draw.randrange(40_000) / 20_000 if draw.random() > 0.01 else ""
        cells = (draw.choice("fm"), draw.choice(["a", "b", ""]), draw.choice(["0", "1", ""]), draw.randrange(2),
                 draw.choice(["low", "mid", "high"]), score, fine)  # fmt: skip
        lines.append(",".join(map(str, cells)))
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    read = f"read_csv('{tmp_path}/rows.csv', all_varchar = true)"
    duckdb.sql(f"COPY (SELECT * FROM '{tmp_path}/rows.csv') TO '{tmp_path}/rows.parquet'")
    for name, columns in KEYS.items():
        grouped = f"SELECT {columns}, count(*) AS n FROM {read} GROUP BY {columns}"
        duckdb.sql(f"COPY (SELECT * FROM ({grouped}) UNION ALL SELECT {ABSENT[name]}, 0) TO '{tmp_path}/{name}.csv'")
        typed = f"SELECT {columns}, count(*) AS n FROM '{tmp_path}/rows.parquet' GROUP BY {columns}"
        duckdb.sql(f"COPY ({typed}) TO '{tmp_path}/{name}.parquet'")
    return tmp_path


KEYS = {
    "plain": "sex, race, label, prediction",
    "scores": "sex, race, label, prediction, score",
    "bins": "sex, race, label, prediction, fine",
    "classes": "sex, level, label",
}
ABSENT = {
    "plain": "'nobody', 'a', '1', '1'", "scores": "'nobody', 'a', '1', '1', '0.5'",
    "bins": "'nobody', 'a', '1', '1', '0.5'", "classes": "'nobody', 'low', '1'",
}  # fmt: skip
ROLES = {
    "plain": Roles(label="label", prediction="prediction", protected=("sex", "race")),
    "scores": Roles(label="label", prediction="prediction", score="score", protected=("sex", "race")),
    "bins": Roles(label="label", prediction="prediction", score="fine", protected=("sex", "race")),
    "classes": Roles(label="level", protected=("sex",), task="multiclass"),
}


def plain(tally: Tally) -> Tally:
    """Return a tally without where it came from."""
    return msgspec.structs.replace(tally, sources=())


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("what", KEYS)
def test_the_tally_is_that_of_the_rows(folder: Path, what: str, form: str) -> None:
    rows = tally_rows(folder / f"rows.{form}", ROLES[what])
    counted = tally_rows(folder / f"{what}.{form}", ROLES[what], count="n")
    assert counted.rows == ROWS
    assert plain(counted) == plain(rows)
    assert counted.sources[0].sql != rows.sources[0].sql


@pytest.mark.parametrize(
    ("count", "says"),
    [("-1", "found numbers from -1 to -1 in 1 rows"), ("2.5", "2.5"), ("many", "no number"), ("", "no number"),
     ("1e300", "1e\\+300")],
)  # fmt: skip
def test_a_count_that_is_none_is_refused(tmp_path: Path, count: str, says: str) -> None:
    path = tmp_path / "counts.csv"
    path.write_text(f"sex,prediction,n\nf,1,3\nm,0,{count}\n")
    with pytest.raises(DataError, match=says):
        tally_rows(path, Roles(prediction="prediction", protected=("sex",)), count="n")


@pytest.mark.parametrize(
    ("roles", "count", "says"),
    [
        (Roles(prediction="prediction", protected=("sex",)), "m", "no column 'm'"),
        (Roles(prediction="n", protected=("sex",)), "n", "one role"),
        (Roles(prediction="prediction", weight="w", protected=("sex",)), "n", "with weights"),
        (Roles(prediction="prediction", label="w", protected=("sex",), task="regression"), "n", "with a regression"),
    ],
)
def test_counts_go_with_no_second_role(tmp_path: Path, roles: Roles, count: str, says: str) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("sex,prediction,w,n\nf,1,1,3\nm,0,2,4\n")
    with pytest.raises(DataError, match=says):
        tally_rows(path, roles, count=count)


def test_counts_that_are_all_nothing_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("sex,prediction,n\nf,1,0\nm,0,0\n")
    with pytest.raises(DataError, match="expected rows, found none"):
        tally_rows(path, Roles(prediction="prediction", protected=("sex",)), count="n")


def test_the_verb_measures_counted_rows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def say(*arguments: str) -> Any:  # noqa: ANN401 - what JSON holds
        named = ("--label", "label", "--prediction", "prediction", "--protected", "sex", "--format", "json")
        assert answer(["measure", *arguments, *named]) == 0
        return json.loads(capsys.readouterr().out)

    assert say(f"{folder}/plain.csv", "--count", "n") == say(f"{folder}/rows.csv")
