"""Rows for a learner: in their order, numbers as numbers, text as text, and what is missing as missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pandas", reason="the extra mitigation is not installed")

import pandas as pd

from assay.errors import DataError
from assay.records.tally import Roles
from assay.tabular.learning_rows import AT_ONCE, read_learning_rows
from assay.tabular.writing import write_with_columns

if TYPE_CHECKING:
    from pathlib import Path

ROLES = Roles(label="y", prediction="d", protected=("g",))
TABLE = "y,d,g,income,area,since\n1,1,a,10.5,north,2020-01-01\n0,1,,,south,2021-01-01\n,0,b,30,,2022-01-01\n"


def test_columns_keep_their_order_and_kinds(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(TABLE, encoding="utf-8")
    found = read_learning_rows(str(tmp_path / "rows.csv"), ROLES, None, role="train")
    assert list(found.features.columns) == ["income", "area", "since"]
    assert found.features["income"].tolist()[0] == 10.5
    assert found.features["income"].isna().tolist() == [False, True, False]
    assert found.features["area"].tolist()[:2] == ["north", "south"]
    assert found.features["area"].isna().tolist() == [False, False, True]
    assert found.label == (1, 0, None)
    assert found.prediction == (1, 1, 0)
    assert found.groups == {"g": ("a", None, "b")}
    assert found.score is None


def test_features_that_are_not_there_are_told(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(TABLE, encoding="utf-8")
    found = read_learning_rows(str(tmp_path / "rows.csv"), ROLES, ("income", "debt"), role="test")
    assert found.lacking == ("debt",)
    assert list(found.features.columns) == ["income"]


def test_very_many_columns_are_read(tmp_path: Path) -> None:
    wide = pd.DataFrame({"y": [0, 1], "g": ["a", "b"]} | {f"c{at}": [at, at + 0.5] for at in range(2 * AT_ONCE + 1)})
    wide.to_parquet(tmp_path / "wide.parquet")
    found = read_learning_rows(str(tmp_path / "wide.parquet"), Roles(label="y", protected=("g",)), None, role="train")
    assert found.features[f"c{2 * AT_ONCE}"].tolist() == [2 * AT_ONCE, 2 * AT_ONCE + 0.5]
    assert len(found.features.columns) == 2 * AT_ONCE + 1


@pytest.mark.parametrize(
    ("roles", "told"),
    [
        (Roles(label="why", protected=("g",)), "'why'"),
        (Roles(label="y", protected=("gg",)), "'gg'"),
        (Roles(protected=("g",)), "a label"),
        (Roles(label="area", positive="north", protected=("g",), weight="w"), "'w'"),
    ],
)
def test_what_is_lacking_is_told(tmp_path: Path, roles: Roles, told: str) -> None:
    (tmp_path / "rows.csv").write_text(TABLE, encoding="utf-8")
    with pytest.raises(DataError, match=told):
        read_learning_rows(str(tmp_path / "rows.csv"), roles, None, role="train")


def test_a_third_class_is_refused() -> None:
    rows = pd.DataFrame({"y": ["yes", "no", "perhaps"], "g": ["a", "b", "a"], "x": [1.0, 2.0, 3.0]})
    with pytest.raises(DataError, match="two classes"):
        read_learning_rows(rows, Roles(label="y", positive="yes", protected=("g",)), None, role="train")


def test_predictions_are_written_beside_the_columns_row_by_row(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(TABLE, encoding="utf-8")
    new = pd.DataFrame({"d": [0, 0, 1], "s": [0.1, 0.2, 0.9]})
    write_with_columns(str(tmp_path / "rows.csv"), new, tmp_path / "out.parquet")
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert found["d"].tolist() == [0, 0, 1]
    assert found["s"].tolist() == [0.1, 0.2, 0.9]
    assert found["income"].tolist()[0] == 10.5
    assert found["area"].tolist()[:2] == ["north", "south"]
