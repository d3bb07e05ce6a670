"""The first line of a large file is its header, however many threads read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.tabular.delimited import read_delimited
from assay.tabular.engine import session

if TYPE_CHECKING:
    from pathlib import Path


def test_no_later_line_is_taken_for_the_header(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("y,p,sex\n" + "1,0,f\n0,1,m\n" * 1_500_000, encoding="utf-8")
    for _ in range(12):  # it went wrong about one time in three
        with session(memory="1GB") as engine:
            assert "sex" in read_delimited(engine, [table])
