"""A first look tells which two-valued column a threshold of a number makes, and nothing that it does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from assay.tabular import look_at

if TYPE_CHECKING:
    from pathlib import Path

SCORES = (0.1, 0.4, 0.5, 0.6, 0.9, None, float("nan"))
ABOVE = ("no", "no", "no", "yes", "yes", "yes", "no")


def _cuts(**columns: object) -> dict[str, tuple[str, ...]]:
    return {one.name: one.cut_of for one in look_at(pa.table(columns)).columns}


def test_a_column_that_a_threshold_makes_names_the_number_whichever_way_it_points() -> None:
    below = tuple({"no": True, "yes": False}[one] for one in ABOVE)
    other = ("no", "yes", "no", "yes", "no", "no", "no")
    found = _cuts(score=SCORES, above=ABOVE, below=below, other=other, text=tuple("aabcccd"))
    assert found == {"score": (), "above": ("score",), "below": ("score",), "other": (), "text": ()}


def test_a_score_rounded_to_the_threshold_may_stand_on_both_sides() -> None:
    assert _cuts(score=(0.1, 0.5, 0.5, 0.9), made=(0, 0, 1, 1))["made"] == ("score",)
    assert _cuts(score=(0.1, 0.5, 0.5, 0.4), made=(0, 0, 1, 1))["made"] == ()


def test_a_value_without_any_number_is_not_known_to_be_cut() -> None:
    assert _cuts(score=(0.1, 0.2, 0.3, None), made=(0, 0, 0, 1))["made"] == ()


@pytest.mark.parametrize("sign", [",", ";"])
def test_numbers_of_a_text_file_are_read_as_numbers(tmp_path: Path, sign: str) -> None:
    lines = [("score", "made"), ("9", "x"), ("10", "y"), ("8", "x"), ("100", "y")]
    (tmp_path / "rows.csv").write_text("".join(f"{sign.join(line)}\n" for line in lines))
    assert [one.cut_of for one in look_at(str(tmp_path / "rows.csv")).columns] == [(), ("score",)]
