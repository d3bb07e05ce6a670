"""Two tables become counts by column: equal to pandas' and SciPy's on the rows, from any format, and never silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import assay.tabular.comparison as room
from assay.errors import DataError
from assay.metrics.drift import compare_counts
from assay.tabular import Query
from assay.tabular.comparison import compare_tables

if TYPE_CHECKING:
    from pathlib import Path

    from assay.records.comparison import ColumnCounts, ColumnMeasurement


def table(rows: int, shift: float, seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "income": generator.normal(50 + shift, 10, rows).round(3),
            "children": generator.poisson(1 + shift / 10, rows),
            "region": generator.choice(["north", "south", 'é, "quoted"'], rows),
            "postcode": [f"{code:05d}" for code in generator.integers(0, 40, rows)],
            "owner": generator.random(rows) < 0.5,
            "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(generator.integers(0, 90, rows), unit="D"),
        }
    )


REFERENCE, CURRENT = table(900, 0, 1), table(700, 3, 2)


def column(name: str, reference: object = REFERENCE, current: object = CURRENT) -> ColumnCounts:
    return compare_tables(reference, current, columns=[name]).columns[0]


def measured(reference: object, current: object) -> dict[tuple[str, str], ColumnMeasurement]:
    return {(one.column, one.metric): one for one in compare_counts(compare_tables(reference, current))}


@pytest.mark.parametrize("name", ["income", "children"])
def test_drift_of_numbers_equals_scipy_on_the_rows(name: str) -> None:
    found = measured(REFERENCE, CURRENT)
    before, now = REFERENCE[name], CURRENT[name]

    assert found[name, "ks"].value == pytest.approx(stats.ks_2samp(before, now).statistic, abs=1e-12)
    assert found[name, "wasserstein"].value == pytest.approx(stats.wasserstein_distance(before, now), abs=1e-9)


def test_psi_of_numbers_is_that_of_the_references_deciles() -> None:
    edges = np.quantile(REFERENCE["income"], np.arange(1, 10) / 10)
    p = np.bincount(np.searchsorted(edges, REFERENCE["income"]), minlength=10) / len(REFERENCE)
    q = np.bincount(np.searchsorted(edges, CURRENT["income"]), minlength=10) / len(CURRENT)

    expected = float(((q - p) * np.log(q / p)).sum())
    assert measured(REFERENCE, CURRENT)["income", "psi"].value == pytest.approx(expected, abs=1e-9)


def test_categories_are_counted_exactly() -> None:
    found = column("region")

    assert {c.name: c.reference for c in found.categories} == REFERENCE["region"].value_counts().to_dict()
    assert {c.name: c.current for c in found.categories} == CURRENT["region"].value_counts().to_dict()


def test_chi_squared_equals_scipy_on_the_rows() -> None:
    found = measured(REFERENCE, CURRENT)["postcode", "chi_squared"].value
    both = pd.concat([REFERENCE["postcode"], CURRENT["postcode"]])
    side = [0] * len(REFERENCE) + [1] * len(CURRENT)

    assert found == pytest.approx(stats.chi2_contingency(pd.crosstab(both, np.array(side)), correction=False).statistic)


@pytest.mark.parametrize("formats", [("csv", "csv"), ("parquet", "csv"), ("csv", "parquet"), ("parquet", "frame")])
def test_every_format_gives_the_same_measurements(formats: tuple[str, str], tmp_path: Path) -> None:
    sides: list[object] = []
    for name, frame, form in zip(("before", "now"), (REFERENCE, CURRENT), formats, strict=True):
        path = tmp_path / f"{name}.{form}"
        if form == "csv":
            frame.to_csv(path, index=False)
        elif form == "parquet":
            frame.to_parquet(path)
        sides.append(frame if form == "frame" else str(path))
    found, wanted = measured(*sides), measured(REFERENCE, CURRENT)

    assert found.keys() == wanted.keys()
    for key, one in found.items():
        if key[1] != "type_change":
            assert one.value == pytest.approx(wanted[key].value, abs=1e-12), key
    assert all(one.value == 0 for key, one in found.items() if key[1] == "type_change")


def test_missing_values_of_every_kind_are_counted() -> None:
    values = [1.0, 2.0, None, float("nan"), float("inf"), -float("inf"), 3.0]
    counts = column("x", pd.DataFrame({"x": [1.0, 2.0, 3.0]}), pd.DataFrame({"x": values}))

    assert counts.current.missing == 2
    assert counts.current.infinite == 2
    assert counts.current.usable == 3
    assert sum(step.current for step in counts.steps) == 3


@pytest.mark.parametrize("values", ["1\n2\n", "a\nb\n", "true\nfalse\n", "2026-01-01\n2026-01-02\n"])
def test_a_text_column_that_became_empty_is_of_the_type_that_it_had(values: str, tmp_path: Path) -> None:
    before, now = tmp_path / "before.csv", tmp_path / "now.csv"
    before.write_text("x\n" + values)
    now.write_text('x\n""\n""\n')
    found = measured(str(before), str(now))

    assert found["x", "type_change"].value == 0
    assert found["x", "missing_share"].value == 1
    assert found["x", "psi"].value is None
    assert found["x", "psi"].reason == "the current table has no usable value in this column"


def test_leading_zeros_are_no_number(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("code\n01234\n00042\n")

    assert column("code", str(path), str(path)).kind == "category"


def test_values_outside_the_range_of_the_reference_are_counted() -> None:
    counts = column("x", pd.DataFrame({"x": [1.0, 5.0]}), pd.DataFrame({"x": [0.0, 1.0, 5.0, 6.0, 7.0]}))

    assert counts.out_of_range == 3


def test_many_values_are_counted_in_narrow_bins_within_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = measured(REFERENCE[["income"]], CURRENT[["income"]])
    monkeypatch.setattr(room, "EXACT_VALUES", 200)
    monkeypatch.setattr(room, "NARROW_BINS", 50)
    counts = column("income")
    narrow = measured(REFERENCE[["income"]], CURRENT[["income"]])

    assert not counts.exact
    assert sum(step.reference for step in counts.steps) == len(REFERENCE)
    assert sum(step.current for step in counts.steps) == len(CURRENT)
    assert narrow["income", "psi"].value == pytest.approx(exact["income", "psi"].value, abs=1e-12)
    for metric in ("ks", "wasserstein"):
        truth, found = exact["income", metric].value, narrow["income", metric]
        assert truth is not None
        assert found.value is not None
        assert abs(found.value - truth) <= found.bound
        assert found.bound > 0


def test_too_many_categories_are_no_categories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_CATEGORIES", 30)
    found = measured(REFERENCE[["postcode"]], CURRENT[["postcode"]])["postcode", "psi"]

    assert found.value is None
    assert found.reason == "it has more than 30 different values: compare a grouping of it"


def test_a_column_that_vanished_has_no_value_and_says_so() -> None:
    found = measured(REFERENCE, CURRENT.drop(columns="income"))

    assert found["income", "psi"].value is None
    assert "has no column 'income'" in str(found["income", "psi"].reason)


def test_a_new_column_has_no_value_and_says_so() -> None:
    found = measured(REFERENCE, CURRENT.assign(extra=1))["extra", "psi"]

    assert found.value is None
    assert "has no column 'extra'" in str(found.reason)


def test_a_column_that_changed_its_kind_has_no_value_and_says_so() -> None:
    found = measured(REFERENCE[["children"]], CURRENT[["children"]].astype(str) + " children")

    assert found["children", "psi"].value is None
    assert "type has changed" in str(found["children", "psi"].reason)
    assert found["children", "type_change"].value == 1


def test_columns_that_hold_lists_are_not_compared() -> None:
    frame = pd.DataFrame({"x": [[1, 2], [3]]})

    assert "not compared" in str(measured(frame, frame)["x", "psi"].reason)


def test_a_column_without_any_value_has_no_drift() -> None:
    found = measured(REFERENCE[["income"]], pd.DataFrame({"income": [float("nan")] * 4}))

    assert found["income", "missing_share"].value == 1
    assert found["income", "ks"].value is None


@pytest.mark.parametrize("side", ["reference", "current"])
def test_a_table_without_rows_is_an_error(side: str, tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("income\n")
    full = tmp_path / "full.csv"
    full.write_text("income\n1\n")
    sides = (str(path), str(full)) if side == "reference" else (str(full), str(path))

    with pytest.raises(DataError, match="expected rows in the"):
        compare_tables(*sides)


def test_an_unknown_column_is_an_error_with_a_near_name() -> None:
    with pytest.raises(DataError, match=r"no column 'incom'.*\(did you mean 'income'\?\)"):
        compare_tables(REFERENCE, CURRENT, columns=["incom"])


def test_the_same_tables_give_the_same_counts() -> None:
    assert compare_tables(REFERENCE, CURRENT) == compare_tables(REFERENCE, CURRENT)


def test_the_order_of_the_rows_does_not_matter() -> None:
    shuffled = CURRENT.sample(frac=1, random_state=3)

    assert compare_tables(REFERENCE, shuffled) == compare_tables(REFERENCE, CURRENT)


def test_column_names_are_only_names() -> None:
    frame = pd.DataFrame({'a"; DROP TABLE x; --': [1.0, 2.0], "select": ["p", "q"]})

    assert {one.column for one in compare_tables(frame, frame).columns} == {'a"; DROP TABLE x; --', "select"}


def test_queries_on_two_databases_are_compared(tmp_path: Path):
    for name, high in (("before", 10), ("after", 20)):
        with duckdb.connect(tmp_path / name) as database:
            database.execute(f"CREATE TABLE loans AS SELECT i::DOUBLE AS income FROM range({high}) t(i)")
    queries = [Query(str(tmp_path / name), "SELECT * FROM loans") for name in ("before", "after")]
    found = compare_tables(*queries)
    assert (found.reference_rows, found.current_rows) == (10, 20)
    assert (found.columns[0].reference.high, found.columns[0].current.high) == (9.0, 19.0)
