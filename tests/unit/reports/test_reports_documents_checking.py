"""Numbers in texts that people wrote, held against the evidence."""

from __future__ import annotations

import pytest

from assay.errors import InputError
from assay.records.measurement import Measurement
from assay.reports.documents.checking import check_text

MEASURED = (
    Measurement(metric="accuracy", value=0.812, n=1000, unit="rate"),
    Measurement(metric="roc_auc", value=0.74, n=1000, unit="score"),
    Measurement(metric="selection_rate", group={"race": "black"}, value=0.68, n=100, unit="rate"),
    Measurement(metric="selection_rate", value=0.8, n=1000, unit="rate"),
)


def lines(text: str, name: str = "brochure.md") -> list[int]:
    return [one.line for one in check_text(text.encode(), name, MEASURED)]


@pytest.mark.parametrize(
    "text",
    [
        "It has an accuracy of 0.81.",
        "It has an accuracy of 81.2 %.",
        "The accuracy is at least 0.8.",
        "The selection rate for race: black is 0.68.",
        "We aim for an accuracy of 0.95.",
        "| metric | value |\n| --- | --- |\n| accuracy | 0.812 |",
        "<!doctype html><p>Its accuracy is <b>81</b> %.</p>",
        "<!doctype html><style>accuracy 0.95</style><p>Nothing here.</p>",
        "",
    ],
)
def test_what_was_measured_is_not_contradicted(text: str) -> None:
    assert lines(text) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# It\n\nIt has an accuracy of 0.95.\n", 3),
        ("It has an accuracy\nof 95 %.\n", 1),
        ("First.\n\n- **accuracy**: 0.95\n", 3),
        ("The selection rate for black applicants is 0.80.", 1),
        ("| metric | value |\n| --- | --- |\n| accuracy | 0.95 |\n", 3),
        ("<!doctype html>\n<html><body>\n<p>Its accuracy is <b>95</b> %.</p></body></html>", 3),
        ("<!doctype html>\n<table>\n<tr><th>accuracy</th><td>0.95</td></tr></table>", 3),
    ],
)
def test_what_was_not_measured_is_told_with_its_line(text: str, line: int) -> None:
    assert lines(text) == [line]


def test_two_wrong_numbers_are_two_findings() -> None:
    assert lines("Accuracy is 0.95.\n\nThe AUC is 0.99.\n") == [1, 3]


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(InputError, match="expected text in UTF-8"):
        check_text(b"%PDF-1.7\xff\xfe", "a.pdf", MEASURED)
