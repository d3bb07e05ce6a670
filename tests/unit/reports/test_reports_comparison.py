"""A comparison reads as a table: a row a column, nothing that could not be measured looks measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.records.comparison import ColumnMeasurement
from assay.reports.comparison import HEAD, comparison_markdown, comparison_text, rows

if TYPE_CHECKING:
    from assay.records.measurement import Unit


def measured(column: str, metric: str, value: float | None, unit: Unit = "score") -> ColumnMeasurement:
    reason = None if value is not None else "it is empty"
    return ColumnMeasurement(
        metric=metric, column=column, value=value, n=10, reference_n=10, unit=unit, reason=reason, method="a test"
    )


def test_each_column_is_a_row_in_the_order_of_the_measurements() -> None:
    found = rows([measured("b", "psi", 0.25), measured("a", "psi", 0.5), measured("b", "ks", 0.125)])

    assert [row[0] for row in found] == ["b", "a"]
    assert [row[HEAD.index("PSI")] for row in found] == ["0.250", "0.500"]
    assert [row[HEAD.index("KS")] for row in found] == ["0.125", ""]


def test_what_has_no_value_says_so() -> None:
    assert rows([measured("a", "psi", None)])[0][HEAD.index("PSI")] == "not measured"


def test_a_share_of_zero_is_shown() -> None:
    found = rows([measured("a", "unseen_share", 0.0, "rate")])

    assert found[0][HEAD.index("new or out of range")] == "0.000"


def test_names_that_would_break_a_table_do_not() -> None:
    text = comparison_markdown(1_000, 2, [measured("a|b\n\x1b[31m", "psi", 0.25)])
    row = text.splitlines()[-1]

    assert "1,000 rows before, 2 now." in text
    assert row.startswith("| a\\|b ")
    assert row.replace("\\|", "").count("|") == len(HEAD) + 1
    assert "\x1b" not in text


def test_the_text_is_aligned() -> None:
    lines = comparison_text(3, 4, [measured("a", "psi", 0.25), measured("longer", "psi", None)]).splitlines()

    assert lines[0] == "3 rows before, 4 now."
    ends = [
        line.index(cell) + len(cell) for line, cell in zip(lines[2:], ("PSI", "0.250", "not measured"), strict=True)
    ]
    assert len(set(ends)) == 1
