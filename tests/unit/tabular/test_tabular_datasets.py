"""Counts of datasets, held against plain Python over the same rows; the same from CSV and Parquet, in any order."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec
import pytest

from assay.errors import DataError
from assay.records.dataset_counts import DatasetCounts, DatasetQuestions, Expected
from assay.tabular.dataset import count_datasets

if TYPE_CHECKING:
    from pathlib import Path

NOW = "2026-11-23T00:00:00Z"
ASKED = DatasetQuestions(
    measured_on="train",
    label="y",
    protected=("race",),
    features=("a", "b", "c"),
    identifier="id",
    source="site",
    out_of_sample="p",
    expect={
        "a": Expected(type="number", min=0, max=9, missing=0.0),
        "c": Expected(allowed=("x", "z")),
        "id": Expected(unique=True),
    },
    now=NOW,
)  # fmt: skip
HEAD = ("id", "race", "a", "b", "c", "site", "y", "p")
Row = tuple[Any, ...]


def rows(count: int, seed: int) -> list[Row]:
    """Return rows of few different values, so that there are repeats, twins and conflicts; None is missing."""
    draw = random.Random(seed)
    return [
        (
            draw.randrange(count), draw.choice(("u", "v")), draw.choice((None, 0, 1, 2.5)), draw.randrange(3),
            draw.choice("xyz"), draw.choice(("n", "s")), draw.randrange(2), draw.randrange(11) / 10,
        )
        for _ in range(count)
    ]  # fmt: skip


def write(path: Path, content: list[Row]) -> Path:
    """Write rows as CSV or Parquet."""
    if path.suffix == ".csv":
        lines = [",".join("" if one is None else str(one) for one in row) for row in content]
        path.write_text("\n".join([",".join(HEAD), *lines]) + "\n")
        return path
    kinds = ("BIGINT", "VARCHAR", "DOUBLE", "INTEGER", "VARCHAR", "VARCHAR", "TINYINT", "DOUBLE")
    with duckdb.connect() as made:
        made.execute(f"CREATE TABLE t ({', '.join(map(' '.join, zip(HEAD, kinds, strict=True)))})")
        made.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(HEAD))})", [list(row) for row in content])
        made.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    return path


def counted(folder: Path, suffix: str, train: list[Row], test: list[Row]) -> DatasetCounts:
    datasets = {
        "train": str(write(folder / f"train{suffix}", train)),
        "test": str(write(folder / f"test{suffix}", test)),
    }
    return count_datasets(datasets, ASKED, metrics=())[0]


TRAIN, TEST = rows(300, 1), rows(120, 2)


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> DatasetCounts:
    return counted(tmp_path_factory.mktemp("datasets"), ".csv", TRAIN, TEST)


def test_repeats_and_overlap_are_those_of_plain_python(counts: DatasetCounts) -> None:
    train, test = counts.repeats
    assert (train.rows, train.repeated) == (300, 300 - len(set(TRAIN)))
    assert train.identifier_repeated == 300 - len({row[0] for row in TRAIN})
    assert (test.dataset, test.rows) == ("test", 120)
    (overlap,) = counts.overlaps
    there = {row[2:5] for row in TRAIN}
    assert overlap.same == sum(row[2:5] in there for row in TEST)
    assert overlap.same_identifier == sum(row[0] in {one[0] for one in TRAIN} for row in TEST)


def test_conflicts_are_those_of_plain_python(counts: DatasetCounts) -> None:
    labels: dict[Row, set[int]] = defaultdict(set)
    many = Counter(row[2:5] for row in TRAIN)
    for row in TRAIN:
        labels[row[2:5]].add(row[6])
    for one in counts.conflicts:
        mine = [row for row in TRAIN if (row[1],) == one.group]
        assert one.rows == len(mine)
        assert one.twins == sum(many[row[2:5]] > 1 for row in mine)
        assert one.conflicting == sum(len(labels[row[2:5]]) > 1 for row in mine)


def test_labels_of_several_classes_conflict_whichever_they_are(tmp_path: Path) -> None:
    # 1 is the positive class: 0 and 2 are the same to whoever asks for it, and contradict each other all the same
    train = [
        (*row[:6], draw, row[7]) for row, draw in zip(TRAIN, random.Random(9).choices((0, 1, 2), k=300), strict=True)
    ]
    labels: dict[Row, set[int]] = defaultdict(set)
    for row in train:
        labels[row[2:5]].add(row[6])
    unlike = [key for key, found in labels.items() if found == {0, 2}]
    assert unlike, "such rows are what is looked at"
    asked = msgspec.structs.replace(ASKED, several=True)
    counts = count_datasets({"train": str(write(tmp_path / "train.csv", train))}, asked, metrics=())[0]
    for one in counts.conflicts:
        mine = [row for row in train if (row[1],) == one.group]
        assert one.conflicting == sum(len(labels[row[2:5]]) > 1 for row in mine)
    assert {one.source: one.positives for one in counts.sources} == {
        site: sum(row[6] == 1 for row in train if row[5] == site) for site in "ns"
    }


def test_missing_sources_and_groups_are_those_of_plain_python(counts: DatasetCounts) -> None:
    assert {one.group: one.rows for one in counts.groups} == Counter((row[1],) for row in TRAIN)
    (column,) = [one for one in counts.missing if one.column == "a"]
    assert sum(cell.missing for cell in column.cells) == sum(row[2] is None for row in TRAIN)
    assert {one.source: (one.rows, one.positives) for one in counts.sources} == {
        site: (sum(row[5] == site for row in TRAIN), sum(row[6] for row in TRAIN if row[5] == site)) for site in "ns"
    }


def test_label_noise_follows_the_papers_thresholds(counts: DatasetCounts) -> None:
    p = [(row[7], row[6]) for row in TRAIN]
    low = sum(1 - one for one, y in p if not y) / sum(not y for _, y in p)
    high = sum(one for one, y in p if y) / sum(y for _, y in p)
    assert counts.noise.thresholds == pytest.approx((low, high))
    joint: Counter[tuple[int, int]] = Counter()
    for one, y in p:
        reached = [(share, at) for at, share, bar in ((0, 1 - one, low), (1, one, high)) if share >= bar]
        if reached:
            joint[y, max(reached, key=lambda pair: (pair[0], -pair[1]))[1]] += 1
    for given in (0, 1):
        cells = [cell for cell in counts.noise.cells if cell.given == given]
        assert sum(cell.confident_negative for cell in cells) == joint[given, 0]
        assert sum(cell.confident_positive for cell in cells) == joint[given, 1]


def test_features_hold_every_row_once(counts: DatasetCounts) -> None:
    assert [one.column for one in counts.features] == ["a", "b", "c"]
    for feature in counts.features:
        assert sum(cell.rows for cell in feature.cells) == 300
    (feature,) = [one for one in counts.features if one.column == "a"]
    assert sum(cell.rows for cell in feature.cells if cell.bin == -1) == sum(row[2] is None for row in TRAIN)


def test_expectations_are_counted_row_by_row(counts: DatasetCounts) -> None:
    broken = {(one.column, one.expectation): one for one in counts.broken}
    assert broken["a", "at most 9"].broken == 0
    assert broken["c", "allowed values"].broken == sum(row[4] == "y" for row in TRAIN)
    assert broken["c", "allowed values"].found == "y"
    assert broken["id", "unique"].broken == 300 - len({row[0] for row in TRAIN})
    assert broken["a", "missing in at most 0 of the rows"].broken == sum(row[2] is None for row in TRAIN)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_neither_the_order_of_rows_nor_the_format_changes_a_count(
    counts: DatasetCounts, tmp_path: Path, suffix: str
) -> None:
    shuffled = list(TRAIN)
    random.Random(5).shuffle(shuffled)
    again = counted(tmp_path, suffix, shuffled, TEST[::-1])
    for field in ("rows", "groups", "repeats", "overlaps", "conflicts", "noise", "sources", "broken", "features"):
        mine, its = getattr(again, field), getattr(counts, field)
        if field == "features":
            mine, its = ([sorted(map(msgspec.json.encode, one.cells)) for one in side] for side in (mine, its))
        if field == "noise":
            assert mine.thresholds == pytest.approx(its.thresholds)
            mine, its = mine.cells, its.cells
        assert mine == its, field


def test_probabilities_and_sources_that_are_none_are_told(tmp_path: Path) -> None:
    path = str(write(tmp_path / "train.csv", [(*row[:7], row[7] * 3) for row in TRAIN]))
    asked = msgspec.structs.replace(ASKED, source="c", features=("a", "b"))
    found = count_datasets({"train": path}, asked, metrics=())[0]
    assert "lie outside of 0 to 1" in (found.noise.reason or "")
    assert {one.source for one in found.sources} == {"x", "y", "z"}


def test_a_dataset_without_rows_is_refused(tmp_path: Path) -> None:
    path = str(write(tmp_path / "train.csv", []))
    with pytest.raises(DataError, match="expected rows"):
        count_datasets({"train": path}, ASKED, metrics=())
