r"""A column whose name holds a comma is written with ``\,`` wherever columns are named, and one row is one row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from assay.cli import answer
from assay.cli.options import Names

if TYPE_CHECKING:
    from pathlib import Path


ROWS = '"a,b",sex,y,p\n' + "m,f,1,1\nf,f,0,1\nm,m,1,0\nf,m,1,1\n" * 20


@pytest.mark.parametrize(
    ("text", "names"),
    [("a,b", ("a", "b")), (r"a\,b", ("a,b",)), (r"a\,b, c", ("a,b", "c")), (r"\,", (",",)), ("a", ("a",))],
)
def test_names_are_split_at_commas_that_are_not_escaped(text: str, names: tuple[str, ...]) -> None:
    assert Names().convert(text, None, None) == names


def test_a_protected_column_may_hold_a_comma(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "rows.csv"
    table.write_text(ROWS)
    about = ("--label", "y", "--prediction", "p", "--protected", r"a\,b,sex")
    assert answer(["measure", str(table), *about, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {key for one in found["measurements"] for key in one["group"]} == {"a,b", "sex"}
    assert answer(["compare", str(table), str(table), "--columns", r"a\,b", "--format", "json"]) == 0
    compared = json.loads(capsys.readouterr().out)
    assert {one["column"] for one in compared["measurements"]} == {"a,b"}


def test_one_row_is_one_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("sex,y,p\nf,1,1\n,1,1\nm,0,1\n")
    assert answer(["measure", str(table), "--label", "y", "--prediction", "p", "--protected", "sex"]) == 0
    said = capsys.readouterr()
    assert "1 rows" not in said.out + said.err
    assert "1 row" in said.out + said.err


def test_a_second_key_that_is_replaced_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "L"
    assert answer(["log", "init", str(folder), "--origin", "example.com/log", "--ml-dsa"]) == 0
    assert answer(["log", "rotate-key", str(folder)]) == 0
    assert "its ML-DSA-44 key was replaced, too" in capsys.readouterr().err
    assert answer(["log", "init", str(tmp_path / "one"), "--origin", "example.com/one"]) == 0
    assert answer(["log", "rotate-key", str(tmp_path / "one")]) == 0
    assert "ML-DSA-44" not in capsys.readouterr().err
