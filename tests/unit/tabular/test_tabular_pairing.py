"""Two versions' tables in, paired counts out; and what is refused."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from assay.errors import DataError
from assay.tabular.pairing import PairQuestions, Side, pair_rows

if TYPE_CHECKING:
    from pathlib import Path

    from assay.records.paired import PairedCounts

ASKED = PairQuestions(label="y", protected=("race", "sex"), intersections=(("race", "sex"),))


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    draw = random.Random(3)
    lines = ["id,y,race,sex,p0,s0,p1,s1"]
    for at in range(600):
        y = int(draw.random() < 0.5)
        s0, s1 = (round(min(0.99, max(0.0, 0.3 * y + draw.random() * 0.7)), 1) for _ in range(2))
        race, sex = draw.choice(["w", "b", ""]), draw.choice("fm")
        lines.append(f"{at},{y if at else ''},{race},{sex},{int(s0 > 0.4)},{s0},{int(s1 > 0.5)},{s1}")
    (tmp_path / "both.csv").write_text("\n".join(lines))
    duckdb.sql(
        f"COPY (SELECT id, y, race, sex, p0 AS p, s0 AS s FROM '{tmp_path}/both.csv') TO '{tmp_path}/old.parquet'"
    )
    duckdb.sql(
        f"COPY (SELECT id, y, race, sex, p1 AS p, s1 AS s FROM '{tmp_path}/both.csv' ORDER BY hash(id)) "
        f"TO '{tmp_path}/new.csv'"
    )
    return tmp_path


def side(name: str, rows: object, suffix: str = "", score: str | None = "s") -> Side:
    return Side(rows=rows, prediction=f"p{suffix}", score=None if score is None else f"{score}{suffix}", name=name)


def joined(folder: Path, old: str = "old.parquet", new: str = "new.csv", **asked: Any) -> PairedCounts:  # noqa: ANN401 - fields of the questions
    rows = [str(folder / name) for name in (old, new)]
    return pair_rows(
        side("champion", rows[0]), side("challenger", rows[1]),
        replace(ASKED, **({"identifier": "id"} | asked)),
    )  # fmt: skip


def test_one_table_and_two_joined_ones_count_alike(tables: Path) -> None:
    rows = str(tables / "both.csv")
    one = pair_rows(side("champion", None, "0"), side("challenger", rows, "1"), ASKED)
    two = joined(tables)
    assert one.cells == two.cells
    assert one.ranks == two.ranks
    assert sum(cell.count for cell in two.cells) == two.rows == 600
    assert {gap.column: gap.count for gap in two.gaps}["y"] == 1
    assert any(cell.group[0] is None for cell in two.cells)
    assert two.joined.identifier == "id"
    assert set(two.files) == {"champion", "challenger"}
    assert {len(ranks.group) for ranks in two.ranks} == {0, 1, 2}


def test_ranks_are_those_of_comparing_everybody(tables: Path) -> None:
    two = joined(tables)
    asked = f"SELECT y, s0, s1 FROM '{tables}/both.csv' WHERE y IS NOT NULL"
    rows = duckdb.execute(asked).fetchall()
    everybody = next(ranks for ranks in two.ranks if not ranks.group)
    positive = [row[1:] for row in rows if row[0] == 1]
    negative = [row[1:] for row in rows if row[0] == 0]
    u = [[sum(2 * (x[s] > o[s]) + (x[s] == o[s]) for o in negative) for s in (0, 1)] for x in positive]
    w = [[sum(2 * (x[s] < o[s]) + (x[s] == o[s]) for o in positive) for s in (0, 1)] for x in negative]
    assert (everybody.positives, everybody.negatives) == (len(positive), len(negative))
    assert everybody.beaten == tuple(sum(one[s] for one in u) for s in (0, 1))
    pairs = ((0, 0), (0, 1), (1, 1))
    assert everybody.positive_squares == tuple(sum(one[a] * one[b] for one in u) for a, b in pairs)
    assert everybody.negative_squares == tuple(sum(one[a] * one[b] for one in w) for a, b in pairs)


@pytest.mark.parametrize(
    "select", ["SELECT * EXCLUDE (y) REPLACE (id::DOUBLE AS id)", "SELECT * REPLACE (y::DOUBLE AS y)"]
)
def test_types_may_differ_where_values_do_not(tables: Path, select: str) -> None:
    duckdb.sql(f"COPY ({select} FROM '{tables}/old.parquet') TO '{tables}/other.parquet'")
    assert joined(tables, old="other.parquet").cells == joined(tables).cells


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "SELECT * FROM old UNION ALL SELECT * FROM old WHERE id = 7",
            "each 'id' once, found 1 rows too many .*'7', 2",
        ),
        (
            "SELECT * FROM old WHERE id <> 7",
            "found 0 of 599 that only the champion .* and 1 of 600 that only the chall",
        ),
        ("SELECT * REPLACE (nullif(id, 7) AS id) FROM old", "expected a 'id' in every row, found none in 1 of 600"),
        ("SELECT * REPLACE (CASE WHEN id < 4 THEN 1 - y ELSE y END AS y) FROM old", "another label 'y' of 3 people"),
        ("SELECT * REPLACE ('x' AS sex) FROM old", "another protected 'sex' of 600 people"),
        ("SELECT * REPLACE (id + 9000 AS id) FROM old", "found no 'id' that both hold"),
        ("SELECT * REPLACE (nullif(p, 1) AS p) FROM old", "'p of the champion' null or NaN in"),
        ("SELECT * REPLACE (p + id % 3 AS p) FROM old", "expected 0 and 1"),
        ("SELECT * EXCLUDE (p) FROM old", r"no column 'p' \(champion's prediction\)"),
        ("SELECT * EXCLUDE (id) FROM old", r"no column 'id' \(id\)"),
        ("SELECT * REPLACE ('high' AS s) FROM old", "expected numbers in column 's'"),
        ("SELECT * FROM old WHERE false", "expected rows of the champion, found none"),
    ],
)
def test_people_that_are_not_the_same_are_refused(tables: Path, sql: str, message: str) -> None:
    asked = sql.replace("FROM old", f"FROM '{tables}/old.parquet'")
    duckdb.sql(f"COPY ({asked}) TO '{tables}/odd.parquet'")
    with pytest.raises(DataError, match=message):
        joined(tables, old="odd.parquet")


def test_unmatched_people_may_be_left_out_and_are_counted(tables: Path) -> None:
    duckdb.sql(f"COPY (SELECT * FROM '{tables}/old.parquet' WHERE id >= 10) TO '{tables}/fewer.parquet'")
    found = joined(tables, old="fewer.parquet", allow_unmatched=True)
    assert (found.rows, found.joined.champion_only, found.joined.challenger_only) == (590, 0, 10)


def test_rows_are_not_paired_by_their_order(tables: Path) -> None:
    with pytest.raises(DataError, match="--id COLUMN"):
        joined(tables, identifier=None)
    rows = str(tables / "both.csv")
    with pytest.raises(DataError, match="not its own challenger"):
        pair_rows(side("champion", None, "0"), side("challenger", rows, "0"), ASKED)


def test_scores_that_cannot_be_used_are_counted(tables: Path) -> None:
    duckdb.sql(
        "COPY (SELECT * REPLACE (CASE WHEN id IN (1, 2) THEN 'nan'::DOUBLE ELSE s END AS s) "
        f"FROM '{tables}/old.parquet') TO '{tables}/odd.parquet'"
    )
    found = joined(tables, old="odd.parquet")
    assert found.unranked == 2
    everybody = next(ranks for ranks in found.ranks if not ranks.group)
    assert everybody.positives + everybody.negatives == 597
