"""Rows in, tally out: every kind of source, every kind of column."""

# ruff: noqa: PD011, ANN401 - `values` of a record are no pandas values; the SQL is ours; tables are of any kind

from __future__ import annotations

import gzip
import math
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.errors import DataError
from assay.records.canonical import sha256_hex
from assay.records.tally import EXACT_ROWS, EXACT_SCORES, Cell, Gap, Roles, Tally, WeightedErrors
from assay.records.tally_document import parse_tally, print_tally
from assay.tabular import Query, Tallier, digest_file, look_at, tally_rows
from assay.tabular.comparison import compare_tables
from assay.tabular.engine import Session

if TYPE_CHECKING:
    from pathlib import Path

ROLES = Roles(label="y", prediction="p", score="s", weight="w", protected=("race", "sex"))
TEXT = "race,sex,y,p,s,w\nwhite,0,1,1,0.9,1\nblack,1,0,1,0.4,0.5\n,1,,0,,2\nwhite,0,1,1,0.9,1\n"
TABLE = {
    "race": ["white", "black", None, "white"],
    "sex": [0, 1, 1, 0],
    "y": [1, 0, None, 1],
    "p": [1, 1, 0, 1],
    "s": [0.9, 0.4, None, 0.9],
    "w": [1.0, 0.5, 2.0, 1.0],
}
UNIT = 10**12


def counts(tally: Tally) -> tuple[Any, ...]:
    return tally.rows, tally.cells, tally.scores, tally.gaps


@pytest.fixture
def expected(tmp_path: Path) -> tuple[Any, ...]:
    path = tmp_path / "expected.csv"
    path.write_text(TEXT)
    return counts(tally_rows(path, ROLES))


def test_cells_scores_and_gaps(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text(TEXT)
    tally = tally_rows(path, ROLES)
    assert tally.rows == 4
    assert tally.cells == (
        Cell(group=("black", 1), label=0, prediction=1, count=1, weight=UNIT // 2, weight_squares=UNIT // 4),
        Cell(group=("white", 0), label=1, prediction=1, count=2, weight=2 * UNIT, weight_squares=2 * UNIT),
        Cell(group=(None, 1), label=None, prediction=0, count=1, weight=2 * UNIT, weight_squares=4 * UNIT),
    )
    assert tally.gaps == tuple(Gap(column=column, kind="null", count=1) for column in ("race", "s", "y"))
    assert tally.scores is not None
    assert (tally.scores.low, tally.scores.high) == (0.0, 1.0)
    black, white = tally.scores.cells
    assert black.values == ((0.4, 1),)
    assert white.values == ((0.9, 2),)
    assert white.bins == ()
    assert (white.count, white.total, white.squares) == (2, 18 * UNIT // 10, 162 * UNIT // 100)
    assert white.log_losses == pytest.approx(-2 * math.log(0.9) * UNIT, abs=2)
    assert white.weighted_bins == ((460, 2 * UNIT),)
    assert tally.sources[0].files == (digest_file(path),)
    assert tally.sources[0].files[0].sha256 == sha256_hex(TEXT.encode())
    assert tally.sources[0].engine == f"duckdb {duckdb.__version__}"


def test_the_recorded_sql_gives_the_counts_again(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text(TEXT)
    tally = tally_rows(path, ROLES)
    found = duckdb.execute(tally.sources[0].sql)
    n = [name for name, *_ in found.description or ()].index("n")
    assert sorted(row[n] for row in found.fetchall()) == sorted(cell.count for cell in tally.cells)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("rows.tsv", lambda path: path.write_text(TEXT.replace(",", "\t"))),
        ("semicolon.csv", lambda path: path.write_text(TEXT.replace(",", ";"))),
        ("crlf.csv", lambda path: path.write_text(TEXT.replace("\n", "\r\n"), newline="")),
        ("bom.csv", lambda path: path.write_text("\ufeff" + TEXT, encoding="utf-8")),
        ("quoted.csv", lambda path: path.write_text(TEXT.replace("white", '"white"'))),
        ("rows.csv.gz", lambda path: path.write_bytes(gzip.compress(TEXT.encode()))),
        ("rows.parquet", lambda path: pq.write_table(pa.table(TABLE), path)),
        ("no-suffix", lambda path: pq.write_table(pa.table(TABLE), path)),
        ("it's [odd]*?.csv", lambda path: path.write_text(TEXT)),
    ],
)
def test_files(tmp_path: Path, expected: tuple[Any, ...], name: str, write: Any):
    path = tmp_path / name
    write(path)
    assert counts(tally_rows(path, ROLES)) == expected
    assert counts(tally_rows(str(path), ROLES)) == expected
    assert counts(tally_rows(path.read_bytes(), ROLES)) == expected if not name.endswith(".gz") else True


def test_zstandard_csv(tmp_path: Path, expected: tuple[Any, ...]):
    path = tmp_path / "rows.csv.zst"
    duckdb.from_arrow(pa.table(TABLE)).to_csv(str(path), compression="zstd")
    assert counts(tally_rows(path, ROLES)) == expected


def test_glob_and_folder_and_columns_in_another_order(tmp_path: Path, expected: tuple[Any, ...]):
    lines = TEXT.splitlines(keepends=True)
    folder = tmp_path / "shards"
    folder.mkdir()
    (folder / "a.csv").write_text("".join(lines[:3]))
    (folder / "b.csv").write_text("w,s,p,y,sex,race\n2,,0,,1,\n1,0.9,1,1,0,white\n")
    assert counts(tally_rows(folder, ROLES)) == expected
    tally = tally_rows(str(folder / "*.csv"), ROLES)
    assert counts(tally) == expected
    assert [file.name for file in tally.sources[0].files] == [str(folder / "a.csv"), str(folder / "b.csv")]


def test_parquet_folder_with_wider_types_and_hive_partitions(tmp_path: Path):
    for sex, labels in ((0, [1, 1]), (1, [0.0, None])):
        folder = tmp_path / "parts" / f"sex={sex}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"y": labels}), folder / "part.parquet")
    tally = tally_rows(tmp_path / "parts", Roles(label="y", protected=("sex",)))
    assert [(cell.group, cell.label, cell.count) for cell in tally.cells] == [
        ((0,), 1, 2),
        ((1,), 0, 1),
        ((1,), None, 1),
    ]
    for glob in ("**/*.parquet", "*/part.parquet"):
        found = tally_rows(tmp_path / "parts" / glob, Roles(label="y", protected=("sex",)))
        assert found.cells == tally.cells


def test_booleans_in_one_column_of_text_and_numbers_in_the_other(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text("y,p\nTrue,1\nFALSE,1.0\nfalse,0\n")
    tally = tally_rows(path, Roles(label="y", prediction="p"))
    assert [(cell.label, cell.prediction, cell.count) for cell in tally.cells] == [(0, 0, 1), (0, 1, 1), (1, 1, 1)]
    path.write_text("y,p\nTrue,2\nFalse,1\n")
    with pytest.raises(DataError, match="found 4 classes"):
        tally_rows(path, Roles(label="y", prediction="p"))


def test_numbers_that_json_does_not_carry_are_kept_by_their_digits(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text(f"y,p,g\n1,{10**26},{2**53}\n1,7,{2**53 - 1}\n{10**26},7,-{10**30}\n")
    tally = tally_rows(path, Roles(label="y", prediction="p", protected=("g",), task="multiclass"))
    assert {cell.group for cell in tally.cells} == {(2**53 - 1,), (str(2**53),), (str(-(10**30)),)}
    assert {cell.label for cell in tally.cells} == {1, str(10**26)}
    assert parse_tally(print_tally(tally)) == tally


class Stream:
    """A table that offers an Arrow stream, once, and nothing else."""

    def __init__(self, table: pa.Table) -> None:
        self.table: pa.Table | None = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        table, self.table = self.table, None
        assert table is not None
        return table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    "make",
    [
        pa.table,
        lambda table: pa.table(table).to_batches()[0],
        lambda table: pa.table(table).to_reader(),
        lambda table: Stream(pa.table(table)),
        pd.DataFrame,
        lambda table: pd.DataFrame(table).astype({"race": "category"}),
        lambda table: pd.DataFrame(table).astype(object),
        pl.DataFrame,
        lambda table: pl.DataFrame(table).lazy(),
        lambda table: pl.DataFrame(table).with_columns(pl.col("race").cast(pl.Categorical)),
    ],
    ids=["table", "batch", "reader", "stream", "pandas", "category", "objects", "polars", "lazy", "polars categorical"],
)
def test_frames(make: Any, expected: tuple[Any, ...]):
    first, second = tally_rows(make(TABLE), ROLES), tally_rows(make(TABLE), ROLES)
    assert counts(first)[:3] == expected[:3]
    assert [(gap.column, gap.count) for gap in first.gaps] == [(gap.column, gap.count) for gap in expected[3]]
    assert first.sources == second.sources
    assert first.sources[0].files == ()
    assert len(first.sources[0].rows_sha256 or "") == 64
    other = {**TABLE, "w": [1.0, 0.5, 2.0, 1.5]}
    assert tally_rows(make(other), ROLES).sources[0].rows_sha256 != first.sources[0].rows_sha256


def test_queries(tmp_path: Path, expected: tuple[Any, ...]):
    parquet, database = tmp_path / "rows.parquet", tmp_path / "rows.duckdb"
    pq.write_table(pa.table(TABLE), parquet)
    connection = duckdb.connect(str(database))
    connection.execute(f"CREATE TABLE decisions AS SELECT * FROM '{parquet}'")
    connection.close()
    assert counts(tally_rows(Query(":memory:", f"SELECT * FROM read_parquet('{parquet}') -- all"), ROLES)) == expected
    tally = tally_rows(Query(str(database), "SELECT * FROM decisions;"), ROLES)
    assert counts(tally) == expected
    assert "READ_ONLY" in tally.sources[0].sql
    assert "FROM decisions" in tally.sources[0].sql
    assert tally.sources[0].files == (digest_file(database),)


def test_standard_input_is_named_so_in_the_record():
    tally = tally_rows(TEXT.encode(), ROLES, name="-")
    assert tally.sources[0].files[0].name == "-"
    assert "'/dev/stdin'" in tally.sources[0].sql
    assert "assay-" not in tally.sources[0].sql


@pytest.mark.parametrize(
    "odd", ['a"b', "a'b", "a b", "größe", "select", "g1", "label", "score", "n", "bin", "a;--", "{}"]
)
def test_odd_column_names_and_values(odd: str):
    table = pa.table({odd: [odd, odd, None], "y": [1, 0, 1], "p": [1, 0, 0], "s": [0.1, 0.2, 0.3]})
    tally = tally_rows(table, Roles(label="y", prediction="p", score="s", protected=(odd,)))
    assert {cell.group for cell in tally.cells} == {(odd,), (None,)}
    swapped = tally_rows(table.rename_columns(["y", odd, "p", "s"]), Roles(label=odd, protected=("y",)))
    assert swapped.rows == 3


def test_odd_column_names_in_csv(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text('"a ""b\'",,"größe, cm"\n1,x,1\n0,y,0\n')
    tally = tally_rows(path, Roles(label="a \"b'", prediction="größe, cm", protected=("column1",)))
    assert {cell.group for cell in tally.cells} == {("x",), ("y",)}


@pytest.mark.parametrize(
    ("values", "positive", "favourable", "expected"),
    [
        ([True, False], None, None, [1, 0]),
        ([True, False], False, None, [0, 1]),
        ([1.0, 0.0], None, None, [1, 0]),
        ([1, 0], "1", None, [1, 0]),
        ([1, 2], 2, 1, [0, 1]),
        ([-1, 1], "1", None, [0, 1]),
        (["yes", "no"], "yes", "no", [1, 0]),
        (["True", "False"], True, None, [1, 0]),
        (["1", "0"], 1, None, [1, 0]),
        ([1, 1], None, 0, [1, 1]),
    ],
)
def test_binary(values: list[Any], positive: Any, favourable: Any, expected: list[int]):
    roles = Roles(label="y", prediction="p", score="s", positive=positive, favourable=favourable)
    tally = tally_rows(pa.table({"y": values, "p": values, "s": [0.9, 0.2]}), roles)
    assert sorted(str(cell.label) for cell in tally.cells for _ in range(cell.count)) == sorted(map(str, expected))
    assert tally.favourable_is_positive == (favourable is None)
    assert tally.scores is not None
    losses = sum(cell.log_losses or 0 for cell in tally.scores.cells)
    told = [-math.log(s if label else 1 - s) for s, label in zip([0.9, 0.2], expected, strict=True)]
    assert losses == pytest.approx(sum(told) * UNIT, abs=4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1\n0\n", [0, 1]),
        ("1.0\n0\n", [0, 1]),
        ("True\nfalse\n", [False, True]),
        ("01\n1\n", ["01", "1"]),
        ("NA\n1\n", ["1", "NA"]),
        ("-3\n+7\n", [-3, 7]),
        ("1990-01-01\nnull\n", ["1990-01-01", "null"]),
    ],
)
def test_csv_groups_are_read_by_all_their_values(tmp_path: Path, text: str, expected: list[Any]):
    path = tmp_path / "rows.csv"
    path.write_text("g,y\n" + "".join(f"{line},1\n" for line in text.splitlines()))
    found = [cell.group[0] for cell in tally_rows(path, Roles(label="y", protected=("g",))).cells]
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


def test_a_late_text_makes_the_whole_csv_column_text(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text("g,y\n" + "1,1\n" * 70_000 + "x,1\n")
    found = tally_rows(path, Roles(label="y", protected=("g",))).cells
    assert [(cell.group, cell.count) for cell in found] == [(("1",), 70_000), (("x",), 1)]


def test_nan_and_infinite_scores_are_gaps():
    scores = [0.5, None, math.nan, math.inf, -math.inf, -0.0]
    table = pl.DataFrame({"y": [1, 1, 1, 1, 0, 0], "s": scores})
    tally = tally_rows(table, Roles(label="y", score="s"))
    kinds = {gap.kind: gap.count for gap in tally.gaps}
    assert kinds == {"null": 1, "nan": 1, "infinite": 2}
    assert tally.scores is not None
    assert [cell.values for cell in tally.scores.cells] == [((0.0, 1),), ((0.5, 1),)]
    assert sum(cell.count for cell in tally.cells) == 6


def test_nan_in_attribute_and_label():
    table = pl.DataFrame({"y": [1.0, math.nan, 0.0], "g": [1.0, math.nan, 2.0]})
    tally = tally_rows(table, Roles(label="y", protected=("g",)))
    assert [(cell.group, cell.label) for cell in tally.cells] == [((1,), 1), ((2,), 0), ((None,), None)]
    assert tally.gaps == (Gap(column="g", kind="nan", count=1), Gap(column="y", kind="nan", count=1))


def test_dates_and_decimals_as_groups():
    query = Query("", "SELECT DATE '2020-01-02' AS d, 3.00::DECIMAL(5,2) AS m, 1 AS y")
    tally = tally_rows(query, Roles(label="y", protected=("d", "m")))
    assert tally.cells[0].group == ("2020-01-02", 3)


def many_scores(rows: int, low: float = 0.0, high: float = 1.0) -> pa.Table:
    step = (high - low) / (rows - 1)
    values = [low + i * step for i in range(rows - 1)] + [high]
    return pa.table({"y": [i % 3 == 0 for i in range(rows)], "s": values})


def test_many_scores_are_kept_by_bin():
    tally = tally_rows(many_scores(EXACT_ROWS + 1), Roles(label="y", score="s"))
    assert tally.scores is not None
    assert all(cell.values is None for cell in tally.scores.cells)
    assert sum(n for cell in tally.scores.cells for _, n in cell.bins) == EXACT_ROWS + 1
    assert max(b for cell in tally.scores.cells for b, _ in cell.bins) == 511
    few = tally_rows(many_scores(EXACT_ROWS), Roles(label="y", score="s"))
    assert few.scores is not None
    assert all(cell.values is not None for cell in few.scores.cells)


@pytest.mark.parametrize("different", [EXACT_SCORES, EXACT_SCORES + 1])
def test_scores_of_many_rows_are_kept_by_value_while_few_differ(different: int):
    scores = [number % different / different for number in range(2 * EXACT_ROWS)]
    # What is no score is no different score either, and its rows do not count.
    table = pa.table({"s": [*scores, float("nan"), float("inf"), None]})
    tally = tally_rows(table, Roles(score="s"))
    assert tally.scores is not None
    assert [cell.values is None for cell in tally.scores.cells] == [different > EXACT_SCORES]
    few = tally_rows(pa.table({"s": [*scores[:EXACT_ROWS], *[None] * EXACT_ROWS]}), Roles(score="s"))
    assert few.scores is not None
    assert few.scores.cells[0].values is not None
    assert (tally_rows(pa.table({"s": scores[:EXACT_ROWS]}), Roles(score="s")) + few).scores == (
        tally_rows(pa.table({"s": scores[:EXACT_ROWS] * 2}), Roles(score="s")).scores
    )


@pytest.mark.parametrize("look", [0, 100])
@pytest.mark.parametrize("scored", [EXACT_ROWS, EXACT_ROWS + 1])
@pytest.mark.parametrize("high", [1.0, 7.0])
def test_a_short_look_changes_no_number(monkeypatch: pytest.MonkeyPatch, look: int, scored: int, high: float):
    scores = many_scores(scored, high=high)["s"].to_pylist()
    table = pa.table({"y": [0, 1] * scored, "s": [*scores, *[None] * scored]})
    roles = Roles(label="y", score="s")
    expected = tally_rows(table, roles)
    monkeypatch.setattr(Session, "look_rows", look)
    assert counts(tally_rows(table, roles)) == counts(expected)


def test_scores_that_begin_after_the_first_look():
    late = pa.table({"s": [None] * 70_000 + [number / 20_000 for number in range(20_000)]})
    tally = tally_rows(late, Roles(score="s"))
    assert tally.scores is not None
    assert tally.scores.cells[0].count == 20_000
    assert tally.scores.cells[0].values is None


def test_scores_outside_the_unit_interval():
    tally = tally_rows(many_scores(40_000, -3.0, 9.0), Roles(label="y", score="s"))
    assert tally.scores is not None
    assert (tally.scores.low, tally.scores.high) == (-3.0, 9.0)
    assert all(cell.log_losses is None and cell.values is None for cell in tally.scores.cells)
    assert {b for cell in tally.scores.cells for b, _ in cell.bins} == set(range(512))


def test_many_rows_with_few_scores_stay_exact_even_if_the_first_are_alike():
    table = pa.table({"s": [0.25] * 70_000 + [0.5]})
    tally = tally_rows(table, Roles(score="s"))
    assert tally.scores is not None
    assert tally.scores.cells[0].values == ((0.25, 70_000), (0.5, 1))
    late = pa.concat_tables([table, many_scores(20_000).select(["s"])])
    tally = tally_rows(late, Roles(score="s"))
    assert tally.scores is not None
    assert tally.scores.cells[0].values is None
    assert tally.scores.cells[0].count == 90_001


@pytest.mark.parametrize("odd", ["it's", None])
@pytest.mark.parametrize("weighted", [False, True])
def test_parquet_with_many_scores_counts_as_a_table_does(tmp_path: Path, odd: str | None, weighted: bool):
    rows = 90_000
    table = pa.table(
        {
            "race": [("white", "black", odd)[i % 3] for i in range(rows)],
            "sex": [i % 2 == 0 for i in range(rows)],
            "y": [(1, 0, None)[i % 7 % 3] for i in range(rows)],
            "p": [int(i % 5 == 0) for i in range(rows)],
            "s": [None if i % 11 == 0 else i / rows for i in range(rows)],
            "w": [1.0 + i % 3 for i in range(rows)],
        }
    )
    roles = Roles(label="y", prediction="p", score="s", weight="w" if weighted else None, protected=("race", "sex"))
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path)
    found = tally_rows(path, roles)
    assert counts(found) == counts(tally_rows(table, roles))
    assert ("map {" in found.sources[0].sql) == (not weighted)
    again = duckdb.execute(found.sources[0].sql)
    n = [name for name, *_ in again.description or ()].index("n")
    assert sum(row[n] for row in again.fetchall()) == rows
    late = pa.table(
        {"race": ["late", None], "sex": [None, True], "y": [1, 1], "p": [1, 1], "s": [0.5, 1.0], "w": [1.0, 1]}
    )
    longer = pa.concat_tables([table, late], promote_options="permissive")
    pq.write_table(longer, path)
    seen_late = tally_rows(path, roles)
    assert counts(seen_late) == counts(tally_rows(longer, roles))
    assert {("late", None), (None, True)} <= {cell.group for cell in seen_late.cells}


def test_multiclass():
    table = pa.table({"y": ["cat", "dog", "emu", None], "p": ["cat", "cat", "emu", "dog"], "g": [1, 1, 2, 2]})
    tally = tally_rows(table, Roles(label="y", prediction="p", protected=("g",), task="multiclass"))
    assert [(cell.group, cell.label, cell.prediction) for cell in tally.cells] == [
        ((1,), "cat", "cat"),
        ((1,), "dog", "cat"),
        ((2,), "emu", "emu"),
        ((2,), None, "dog"),
    ]


def test_multiclass_numbers_from_csv(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text("y,p\n1,1.0\n2,3\n")
    tally = tally_rows(path, Roles(label="y", prediction="p", task="multiclass"))
    assert [(cell.label, cell.prediction) for cell in tally.cells] == [(1, 1), (2, 3)]


def test_regression(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text("y,p,g,w\n1,1.5,a,1\n2,1,a,1\n,3,a,2\n10,10,b,1\n")
    tally = tally_rows(path, Roles(label="y", prediction="p", protected=("g",), task="regression"))
    assert tally.rows == 4
    assert [(cell.group, cell.count) for cell in tally.cells] == [(("a",), 3), (("b",), 1)]
    assert tally.gaps == (Gap(column="y", kind="null", count=1),)
    assert tally.errors is not None
    assert (tally.errors.low, tally.errors.high) == (-2.0, 2.0)
    a, b = tally.errors.cells
    assert (a.count, a.labels, a.predictions, a.errors) == (2, 3 * UNIT, 25 * UNIT // 10, -UNIT // 2)
    assert (a.absolute_errors, a.squared_errors, a.label_squares) == (15 * UNIT // 10, 125 * UNIT // 100, 5 * UNIT)
    assert a.bins == ((128, 1), (320, 1))
    assert b.bins == ((256, 1),)


def test_sums_too_large_for_the_engine_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("assay.tabular.regression.LARGEST", 1e12)  # 43 such rows instead of 43 million
    table = pa.table({"y": [1e12] * 60, "p": [-1e12] * 60})
    with pytest.raises(DataError, match="too large to be summed exactly"):
        tally_rows(table, Roles(label="y", prediction="p", task="regression"))


def test_tallier_is_the_sum_of_its_batches():
    roles = Roles(label="y", prediction="p", score="s", weight="w", protected=("race", "sex"))
    tallier, frame = Tallier(roles), pl.DataFrame(TABLE)
    for number in range(4):
        tallier.update(frame[number : number + 1])
    assert counts(tallier.tally) == counts(tally_rows(frame, roles))
    assert len(tallier.tally.sources) == 1
    assert "4 batches" in tallier.tally.sources[0].sql


def test_tallier_with_own_edges():
    tallier = Tallier(Roles(score="s"), low=-10, high=10)
    tallier.update(pa.table({"s": [-10.0, 10.0, 0.5]}))
    assert tallier.tally.scores is not None
    assert (tallier.tally.scores.low, tallier.tally.scores.high) == (-10.0, 10.0)


def test_look_at(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text("id,when,score,ok,who,empty\n1,2020-01-01,0.5,true,ann,\n2,2020-01-02,1e-3,false,ann,\n3,,,,bob,\n")
    view = look_at(path)
    assert view.rows == 3
    assert {column.name: column.type for column in view.columns} == {
        "id": "BIGINT",
        "when": "DATE",
        "score": "DOUBLE",
        "ok": "BOOLEAN",
        "who": "VARCHAR",
        "empty": "VARCHAR",
    }
    by_name = {column.name: column for column in view.columns}
    assert by_name["who"].samples == ("ann", "bob")
    assert (by_name["who"].distinct, by_name["who"].nulls) == (2, 0)
    assert (by_name["empty"].distinct, by_name["empty"].nulls, by_name["empty"].samples) == (0, 3, ())
    assert by_name["score"].samples == (0.001, 0.5)
    nested = look_at(pa.table({"l": [[1], [2]], "x": [1.0, math.nan]}))
    assert [column.nulls for column in nested.columns] == [0, 1]


def test_tally_json_keeps_every_digit(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text("s\n" + "999999.25\n" * 20_000)
    tally = tally_rows(path, Roles(score="s"))
    assert tally.scores is not None
    assert tally.scores.cells[0].squares > 2**64
    assert parse_tally(print_tally(tally)) == tally


@pytest.mark.parametrize("attributes", [(), ("few",), ("few", "many")])
def test_packed_groups_count_as_a_table_does(tmp_path: Path, attributes: tuple[str, ...]):
    rows = 70_000
    table = pa.table(
        {
            "few": [
                (None, "a", "b'", "late" if i > 66_000 and attributes == ("few",) else "c")[i % 4] for i in range(rows)
            ],
            "many": [i % 32 for i in range(rows)],
            "y": [i % 3 == 0 for i in range(rows)],
            "p": [("yes", "no")[i % 5 % 2] for i in range(rows)],
            "s": [1 - i * 8 / rows if i % 11 else math.nan for i in range(rows)],
        }
    )
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path)
    roles = Roles(label="y", score="s", protected=attributes)
    found = tally_rows(path, roles)
    assert counts(found) == counts(tally_rows(table, roles))
    if attributes != ("few",):  # there a value that the first look does not see
        assert " AS combination" in found.sources[0].sql


@pytest.mark.parametrize("low", [0.0, -7.0])
@pytest.mark.parametrize("rows", [500, 70_000])
def test_nan_that_a_file_leaves_out_of_its_statistics(tmp_path: Path, low: float, rows: int):
    scores = [math.nan if i % 11 == 0 else low + (0.9 - low) * i / rows for i in range(rows)]
    table = pa.table({"s": scores, "y": [i % 2 for i in range(rows)], "w": [abs(score) for score in scores]})
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path)
    missing = sum(math.isnan(score) for score in scores)
    tally = tally_rows(path, Roles(score="s", label="y"))
    assert counts(tally) == counts(tally_rows(table, Roles(score="s", label="y")))
    assert tally.gaps == (Gap(column="s", kind="nan", count=missing),)
    with pytest.raises(DataError, match=f"{missing} rows where it is nan"):
        tally_rows(path, Roles(label="y", weight="w"))
    with pytest.raises(DataError, match=f"{missing} rows where it is NaN"):
        tally_rows(path, Roles(label="y", prediction="s", task="regression"))
    assert look_at(path).columns[0].nulls == missing
    compared = compare_tables(path, table, columns=["s"]).columns[0]
    assert (compared.reference.missing, compared.current.missing) == (missing, missing)


def test_weighted_errors():
    table = pa.table({"y": [1.0, None, 0.0], "p": [2.0, 1.0, -0.5], "w": [3.0, 5.0, 0.5]})
    roles = Roles(label="y", prediction="p", weight="w", task="regression")
    tally = tally_rows(table, roles)
    assert tally.cells == (Cell(group=(), count=3, weight=UNIT * 17 // 2, weight_squares=UNIT * 137 // 4),)
    assert tally.errors is not None
    (cell,) = tally.errors.cells
    assert (cell.count, cell.errors, cell.moments) == (2, UNIT // 2, msgspec.UNSET)
    assert cell.weighted == WeightedErrors(
        weight=UNIT * 7 // 2,
        weight_squares=UNIT * 37 // 4,
        labels=3 * UNIT,
        label_squares=3 * UNIT,
        errors=UNIT * 11 // 4,
        absolute_errors=UNIT * 13 // 4,
        squared_errors=UNIT * 25 // 8,
        weighted_bins=((192, UNIT // 2), (384, 3 * UNIT)),
    )
    assert parse_tally(print_tally(tally)) == tally


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_weights_that_are_none_are_refused_and_too_large_ones_are_not_summed_in_part(task: Any):
    roles = Roles(label="y", prediction="p", weight="w", task=task)
    for weight, found in ((None, "1 rows where it is null"), (math.nan, "nan"), (-1.0, "negative"), (2e9, "greater")):
        table = pa.table({"y": [1.0, 0.0], "p": [1.0, 1.0], "w": [1.0, weight]})
        with pytest.raises(DataError, match=rf"expected weights from 0 to 1e\+09 in column 'w', found.*{found}"):
            tally_rows(table, roles)
    table = pa.table({"y": [1e9], "p": [-1e9], "w": [1e9]})
    with pytest.raises(DataError, match="too large to be summed exactly"):
        tally_rows(table, Roles(label="y", prediction="p", weight="w", task="regression"))


def test_progress_is_told():
    told: list[float] = []
    tally_rows(
        Query(":memory:", "SELECT i % 2 AS y FROM range(100_000_000) t(i)"), Roles(label="y"), on_progress=told.append
    )
    assert told[-1] == 1.0
    assert all(0.0 <= share <= 1.0 for share in told)


def test_no_temporary_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tally_rows(TEXT.encode(), ROLES)
    assert list(tmp_path.iterdir()) == []


def test_importing_loads_no_engine():
    code = "import sys, assay.tabular; sys.exit('duckdb' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
