"""A profile of the reference in the place of its rows: the same numbers, within the bounds that are told."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import msgspec
import pytest

from assay.errors import DataError, DocumentError
from assay.metrics.drift import compare_counts
from assay.records.profile import parse_profile, print_profile
from assay.tabular.comparison import compare_tables
from assay.tabular.profiling import compare_with_profile, profile_table

if TYPE_CHECKING:
    from pathlib import Path


def table(path: Path, seed: int, shift: float, rows: int = 4000) -> Path:
    draw = random.Random(seed)
    lines = ["id,income,heavy,age,region,member,when"]
    for number in range(rows):
        heavy = 0.0 if draw.random() < 0.3 else round(draw.gauss(shift, 1), 5)
        income = "" if draw.random() < 0.02 else f"{draw.lognormvariate(shift, 1):.6f}"
        lines.append(
            f"p{number},{income},{heavy},{draw.randint(18, 90)},{draw.choice('nsew' if seed < 2 else 'nsewx')},"
            f"{draw.choice(('true', 'false'))},2026-11-{draw.randint(1, 28):02}T00:00:00"
        )
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_profile_measures_as_the_rows_do(tmp_path: Path) -> None:
    then, now = table(tmp_path / "then.csv", 1, 0.0), table(tmp_path / "now.csv", 2, 0.3)
    profile = parse_profile(print_profile(profile_table(then, without=("id",))), name="p")
    columns = [one.column for one in profile.columns]
    rows = compare_counts(compare_tables(then, now, columns=columns))
    counts = compare_counts(compare_with_profile(profile, now, columns=columns))
    assert [(one.column, one.metric) for one in rows] == [(one.column, one.metric) for one in counts]
    for one, other in zip(rows, counts, strict=True):
        assert (one.value is None) == (other.value is None), (one, other)
        if one.metric in {"ks", "wasserstein"}:
            assert abs((one.value or 0) - (other.value or 0)) <= one.bound + other.bound + 1e-12
        elif one.value is not None:
            assert other.value == pytest.approx(one.value, rel=1e-12), (one, other)


def test_a_profile_keeps_no_identifiers(tmp_path: Path) -> None:
    profile = profile_table(table(tmp_path / "then.csv", 1, 0.0))
    by_name = {one.column: one for one in profile.columns}
    assert by_name["id"].kind == "incomparable"
    assert not by_name["id"].categories
    assert b"p17" not in print_profile(profile)
    assert len(by_name["income"].bins) <= 1020


def test_the_same_rows_give_the_same_file(tmp_path: Path) -> None:
    first, second = (profile_table(table(tmp_path / name, 1, 0.0)) for name in ("a.csv", "a.csv"))
    assert print_profile(first) == print_profile(second)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda one: one | {"schema": "assay.profile/v2"}, "assay.profile"),
        (lambda one: one | {"rows": 7}, "rows"),
        (lambda one: one | {"more": 1}, "more"),
        (lambda one: one | {"columns": [*one["columns"], one["columns"][0]]}, "twice"),
    ],
)
def test_a_profile_of_another_schema_or_edited_is_refused(tmp_path: Path, change: object, told: str) -> None:
    content = json.loads(print_profile(profile_table(table(tmp_path / "then.csv", 1, 0.0, rows=50))))
    with pytest.raises(DocumentError, match=told):
        parse_profile(msgspec.json.encode(change(content)), name="p.json")  # type: ignore[operator]


def test_a_column_that_vanished_or_changed_its_type_has_no_value(tmp_path: Path) -> None:
    profile = profile_table(table(tmp_path / "then.csv", 1, 0.0))
    (tmp_path / "now.csv").write_text("income,age\nmuch,30\nlittle,40\n")
    found = {
        (one.column, one.metric): one for one in compare_counts(compare_with_profile(profile, tmp_path / "now.csv"))
    }  # fmt: skip
    assert "type has changed" in (found["income", "psi"].reason or "")
    assert "no column 'region'" in (found["region", "psi"].reason or "")
    assert found["age", "psi"].value is not None


def test_nothing_is_compared_with_no_rows(tmp_path: Path) -> None:
    profile = profile_table(table(tmp_path / "then.csv", 1, 0.0, rows=50))
    (tmp_path / "now.csv").write_text("income,age\n")
    with pytest.raises(DataError, match="expected rows"):
        compare_with_profile(profile, tmp_path / "now.csv")
