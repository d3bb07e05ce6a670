"""Bad input ends in one clear message: expected, found, where, what to do."""

from __future__ import annotations

import gzip
import sqlite3
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.errors import DataError
from assay.records.tally import Roles
from assay.tabular import Query, Tallier, look_at, tally_rows

if TYPE_CHECKING:
    from pathlib import Path

BINARY = Roles(label="y", prediction="p", protected=("sex",))
SCORED = Roles(label="y", prediction="p", score="s", protected=("sex",))
WEIGHTED = Roles(label="y", prediction="p", weight="w")
GOOD = "sex,y,p,s,w\nf,1,1,0.9,1\nm,0,1,0.4,2\nf,0,0,0.2,1\n"


def write(folder: Path, text: str | bytes, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refusal(rows: object, roles: Roles = BINARY) -> str:
    with pytest.raises(DataError) as caught:
        tally_rows(rows, roles)
    message = str(caught.value)
    assert "Traceback" not in message
    return message


@pytest.mark.parametrize(
    ("text", "roles", "expected"),
    [
        ("", BINARY, "empty file"),
        ("sex,y,p\n", BINARY, "expected rows, found none"),
        ("sex,y,p\nf,1,1\nm,0\n", BINARY, r"rows.csv:3: expected 3 columns, as the header has, found 2"),
        ("sex,y,p\nf,1,1\nm,0,1,1\n", BINARY, r"rows.csv:3: expected 3 columns, as the header has, found 4"),
        ('sex,y,p\nf,1,"1\nm,0,1\n', BINARY, "closing double quote"),
        ("sexe,y,p\nf,1,1\n", BINARY, "did you mean 'sexe'?"),
        ("sex,y,p,Y\nf,1,1,1\n", BINARY, "named once"),
        ("sex,y,p\nf,,1\nm,,0\n", BINARY, "column 'y', found none in all 2 rows"),
        ("sex,y,p\n,1,1\n,0,0\n", BINARY, "column 'sex', found none in all 2 rows"),
        ("sex,y,p\nf,1,1\nm,0,\n", BINARY, "null or NaN in 1 of 2 rows. These rows were not decided"),
        ("sex,y,p\nf,1,1\nm,0,2\nm,2,2\n", BINARY, r"2 \(3 rows\).*--task multiclass"),
        ("sex,y,p\nf,yes,no\nm,no,no\n", BINARY, r"'no' \(3 rows\) and 'yes' \(1 rows\).*--positive"),
        ("sex,y,p\nf,1,0.7\nm,0,0.2\n", BINARY, "not whole: 0.2, 0.7.*--score"),
        ("sex,y,p\n1.5,1,1\n2.5,0,0\n", BINARY, "Bin the column"),
        ("sex,y,p,s\nf,1,1,high\nm,0,0,0.2\n", SCORED, "found text in 1 rows"),
        ("sex,y,p,s\nf,1,1,NA\nm,0,0,0.2\n", SCORED, "Leave a missing score empty"),
        ("sex,y,p,s\nf,1,1,\nm,0,0,\n", SCORED, "column 's', found none in all 2 rows"),
        ("sex,y,p,s\nf,1,1,1e12\nm,0,0,0.1\n", SCORED, "magnitude up to 1e\\+09"),
        ("y,p,w\n1,1,-1\n0,0,1\n", WEIGHTED, "1 rows where it is negative"),
        ("y,p,w\n1,1,\n0,0,1\n", WEIGHTED, "1 rows where it is null"),
        ("y,p,w\n1,1,nan\n0,0,1\n", WEIGHTED, "1 rows where it is nan"),
        ("y,p,w\n1,1,inf\n0,0,1\n", WEIGHTED, "1 rows where it is infinite"),
        ("y,p,w\n1,1,much\n0,0,1\n", WEIGHTED, "1 rows where it is not a number"),
        ("y,p,w\n1,1,2e9\n0,0,1\n", WEIGHTED, "greater than 1e\\+09"),
    ],
)
def test_csv(tmp_path: Path, text: str, roles: Roles, expected: str):
    with pytest.raises(DataError, match=expected):
        tally_rows(write(tmp_path, text), roles)


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (Roles(label="y", prediction="y"), "'y' as label and prediction"),
        (Roles(label="y", protected=("sex", "sex")), "'sex' as protected and protected"),
        (Roles(protected=("sex",)), "at least one of label, prediction and score"),
        (Roles(label="y", prediction="p", positive="yess"), "did you mean"),
        (
            Roles(label="y", prediction="p", positive="yes", favourable="non"),
            "favourable class 'non'.*did you mean 'no'",
        ),
        (Roles(label="y", prediction="p", score="s", task="multiclass"), "no score column"),
        (Roles(label="y", task="regression"), "both a label and a prediction"),
    ],
)
def test_roles(tmp_path: Path, roles: Roles, expected: str):
    path = write(tmp_path, "sex,y,p,s\nf,yes,no,0.1\nm,no,no,0.2\n")
    with pytest.raises(DataError, match=expected):
        tally_rows(path, roles)


def test_positive_in_one_column_is_enough(tmp_path: Path):
    path = write(tmp_path, "y,p\nyes,no\nno,no\n")
    tally = tally_rows(path, Roles(label="y", prediction="p", positive="yes"))
    assert {cell.prediction for cell in tally.cells} == {0}


def test_wrong_encoding_says_the_line(tmp_path: Path):
    path = write(tmp_path, "sex,y,p,name\nf,1,1,Ann\nm,0,1,José\n".encode("latin1"))
    assert "rows.csv:3: expected text in UTF-8" in refusal(path)
    packed = write(tmp_path, gzip.compress("sex,y,p\né,1,1\n".encode("latin1")), "rows.csv.gz")
    assert "UTF-8" in refusal(packed)


@pytest.mark.parametrize(
    ("encoding", "word", "named"),
    [
        ("utf-16", "José", "UTF-16"),
        ("utf-16-le", "José", "UTF-16LE"),
        ("utf-16-le", "Ann", "UTF-16LE"),
        ("utf-32", "José", "UTF-32"),
        ("latin1", "José", "LATIN1"),
    ],
)
def test_a_remedy_names_the_encoding_that_the_file_looks_to_be_in(tmp_path: Path, encoding: str, word: str, named: str):
    message = refusal(write(tmp_path, f"sex,y,p,name\nf,1,1,{word}\n".encode(encoding)))
    assert "expected text in UTF-8" in message
    assert f"iconv -f {named} -t UTF-8" in message


def test_a_cut_character_at_the_end_is_wrong_encoding(tmp_path: Path):
    assert "UTF-8" in refusal(write(tmp_path, b"sex,y,p\nf,1,1\nm,0,1\xc3"))


def test_parquet_that_is_truncated_or_something_else(tmp_path: Path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"sex": ["f", "m"], "y": [1, 0], "p": [1, 0]}), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "truncated" in refusal(path)
    assert "truncated" in refusal(write(tmp_path, "sex,y,p\n", "named.parquet"))
    assert "empty file" in refusal(write(tmp_path, b"", "empty.parquet"))


def test_missing_file_suggests_its_neighbour(tmp_path: Path):
    write(tmp_path, GOOD, "predictions.csv")
    assert "did you mean 'predictions.csv'" in refusal(tmp_path / "prediction.csv")
    assert "no such file" in refusal(str(tmp_path / "*.tsv"))


def test_folder_without_rows_and_folder_of_two_kinds(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    assert "found none" in refusal(tmp_path / "empty")
    write(tmp_path, GOOD)
    pq.write_table(pa.table({"sex": ["f"], "y": [1], "p": [1]}), tmp_path / "rows.parquet")
    assert "files of one kind" in refusal(tmp_path)


def test_files_that_do_not_belong_together(tmp_path: Path):
    write(tmp_path, GOOD, "a.csv")
    write(tmp_path, "sex,y,q\nf,1,1\n", "b.csv")
    assert "'q'" in refusal(tmp_path)
    shards = tmp_path / "shards"
    shards.mkdir()
    pq.write_table(pa.table({"sex": ["f"], "y": [1], "p": [1]}), shards / "a.parquet")
    pq.write_table(pa.table({"sex": ["f"], "y": [1]}), shards / "b.parquet")
    assert "'p'" in refusal(shards)


def test_spreadsheet_is_named(tmp_path: Path):
    assert "found a .xlsx file" in refusal(write(tmp_path, b"PK", "rows.xlsx"))


def test_typed_columns_of_the_wrong_type(tmp_path: Path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"sex": [["f"], ["m"]], "y": [1, 0], "p": [1, 0], "s": ["0.1", "0.2"]}), path)
    assert "expected single values in column 'sex'" in refusal(path)
    assert "expected numbers in column 's' (score), found VARCHAR" in refusal(path, Roles(label="y", score="s"))


def test_too_many_groups_are_counted_and_told(tmp_path: Path):
    text = "sex,y,p\n" + "".join(f"person {i},1,0\n" for i in range(70_000))
    assert "found 70000. Bin it" in refusal(write(tmp_path, text))


def test_too_many_groups_that_the_first_look_does_not_see(tmp_path: Path):
    text = "sex,y,p\n" + "f,1,0\n" * 70_000 + "".join(f"person {i},1,0\n" for i in range(300))
    assert "found 301. Bin it" in refusal(write(tmp_path, text))


def test_too_many_cells(tmp_path: Path):
    rows = [f"{a},{b},{c},1\n" for a in range(60) for b in range(60) for c in range(30)]
    path = write(tmp_path, "a,b,c,y\n" + "".join(rows))
    assert "at most 100000 combinations" in refusal(path, Roles(label="y", protected=("a", "b", "c")))


def test_query_must_be_one_select(tmp_path: Path):
    assert "found 1 (CREATE)" in refusal(Query(":memory:", "CREATE TABLE t AS SELECT 1"))
    assert "found 2" in refusal(Query(":memory:", "SELECT 1 AS y; SELECT 2 AS y"))
    assert "expected one SELECT" in refusal(Query(":memory:", "SELEC 1"))
    assert "the query" in refusal(Query("", "SELECT nothing FROM nowhere"))
    assert "no such file" in refusal(Query(str(tmp_path / "none.duckdb"), "SELECT 1 AS y"))


def test_missing_extension_is_said_and_no_password_shown():
    message = refusal(Query("postgresql://ann:secret@127.0.0.1/db", "SELECT 1 AS y"))
    assert "extension postgres" in message
    assert "INSTALL postgres" in message
    assert "secret" not in message


def test_sqlite_needs_its_extension(tmp_path: Path):
    import sqlite3  # noqa: PLC0415 - one test needs it

    path = tmp_path / "rows.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t AS SELECT 1 AS y")
    connection.commit()
    connection.close()
    assert "extension sqlite" in refusal(Query(str(path), "SELECT * FROM t"), Roles(label="y"))


def test_what_is_no_table():
    assert "found int" in refusal(3)
    assert "found nothing" in refusal(b"  ")


def test_memory_that_makes_no_sense(tmp_path: Path):
    with pytest.raises(DataError, match="expected memory such as"):
        tally_rows(write(tmp_path, GOOD), BINARY, memory="lots")


def test_standard_input_is_not_called_by_its_temporary_name():
    message = refusal(b"sex,y,p\nf,1\n")
    assert "/tmp" not in message  # noqa: S108 - it must not be there


def test_tallier_refuses_what_only_all_batches_can_tell():
    tallier = Tallier(Roles(label="y", positive="yes"))
    with pytest.raises(DataError, match="expected rows, found none"):
        _ = tallier.tally
    tallier.update(pa.table({"y": ["no", "no"]}))
    with pytest.raises(DataError, match="positive class 'yes'"):
        _ = tallier.tally
    tallier.update(pa.table({"y": ["yes"]}))
    assert tallier.tally.rows == 3
    with pytest.raises(DataError, match="maybe"):
        tallier.update(pa.table({"y": ["maybe"]}))
    assert tallier.tally.rows == 3


def test_tallier_edges():
    tallier = Tallier(Roles(score="s"))
    with pytest.raises(DataError, match="1 rows outside"):
        tallier.update(pa.table({"s": [0.5, 1.5]}))
    with pytest.raises(DataError, match="low < high"):
        Tallier(Roles(score="s"), low=1, high=1)


def test_look_at_nothing(tmp_path: Path):
    with pytest.raises(DataError, match="found none"):
        look_at(write(tmp_path, "a,b\n"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y,p\n1.5,\n2,1\n", "1 rows where it is null"),
        ("y,p\n1.5,nan\n2,1\n", "1 rows where it is NaN"),
        ("y,p\n1.5,inf\n2,1\n", "1 rows where it is infinite"),
        ("y,p\n1.5,many\n2,1\n", "1 rows where it is text"),
        ("y,p\n1e10,1\n2,1\n", "column 'y', found 1 rows where it is of a magnitude beyond"),
    ],
)
def test_regression(tmp_path: Path, text: str, expected: str):
    with pytest.raises(DataError, match=expected):
        tally_rows(write(tmp_path, text), Roles(label="y", prediction="p", task="regression"))


def test_multiclass_written_in_two_ways(tmp_path: Path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"y": [1, 2, 3], "p": ["1", "2", "3"]}), path)
    assert "both to write the classes alike" in refusal(path, Roles(label="y", prediction="p", task="multiclass"))
    many = "y\n" + "".join(f"c{i}\n" for i in range(300))
    assert "at most 200 classes, found 300" in refusal(write(tmp_path, many), Roles(label="y", task="multiclass"))


def test_a_database_asks_for_its_query(tmp_path: Path):
    lite, duck = tmp_path / "rows.db", tmp_path / "rows.duckdb"
    with sqlite3.connect(lite) as connection:
        connection.execute("CREATE TABLE loans (y, p, sex)")
    connection.close()
    duckdb.connect(str(duck)).close()
    for path, kind in ((lite, "SQLite"), (duck, "DuckDB")):
        message = refusal(path)
        assert f"found a {kind} database" in message
        assert '--query "SELECT * FROM TABLE"' in message


@pytest.mark.parametrize("word", ["favourable", "positive"])
def test_a_named_class_must_be_among_many(tmp_path: Path, word: str):
    path = write(tmp_path, "y,p\nlow,low\nmid,high\nhigh,low\n")
    roles = Roles(label="y", prediction="p", task="multiclass", **{word: "hgih"})  # type: ignore[arg-type]
    message = refusal(path, roles)
    assert f"expected the {word} class 'hgih'" in message
    assert "did you mean 'high'?" in message
