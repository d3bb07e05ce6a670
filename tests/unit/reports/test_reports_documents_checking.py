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


@pytest.mark.parametrize(
    "claim",
    [
        "An accuracy of 95 percent was reached.",
        "Accuracy is 950 per mille.",
        "Accuracy: 950‰",
        "Die accuracy beträgt 0,95.",
        "Genauigkeit (accuracy): 95,0 Prozent",
        "L'accuracy est de 95,0 %.",
        "Accuracy is .95",
        "accuracy = 9.5e-1",
        "Accuracy: 19/20",
        "Nineteen in twenty are predicted right: accuracy 19/20.",
        "Accuracy is ninety-five percent.",
        "95 % of predictions are accurate.",
        "It is right in 95 % of cases (accuracy).",
        "An accuracy of 97.5 was seen.",
        "Accuracy lies between 0.95 and 0.97.",
        "Accuracy: 95 to 97 %",
        "Its accuracy, measured in 2026 on 1,989 rows, is 0.95.",
        "Accuracy is 0.95 (95 % confidence interval 0.93 to 0.97).",
        "Accuracy and AUC are 0.81 and 0.99.",
        "The selection rate of black applicants is one in two.",
        "One in two black applicants is selected (selection rate).",
        "Selection rates: black 80 %.",
        "| group | selection rate |\n|---|---|\n| black | 0.80 |",
        "| metric | black |\n|---|---|\n| selection rate | 80 % |",
        "<!doctype html><table><tr><th>group<th>selection rate</tr><tr><td><p>black</p><td>0.80</table>",
        "<!doctype html><table><tr><th>group</th><th>selection rate</th></tr><tr><td>black<td>0.8</table>",
    ],
)
def test_however_a_number_is_written_it_is_held_against_the_evidence(claim: str) -> None:
    assert len(lines(claim)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Accuracy is 812 per mille.",
        "Die accuracy beträgt 0,81.",
        "Accuracy is .81",
        "accuracy = 8.12e-1",
        "Accuracy is about eight in ten.",
        "Accuracy lies between 0.78 and 0.84.",
        "An accuracy of 81.2 was seen.",
        "Accuracy and AUC are 0.81 and 0.74.",
        "On 95 % of the rows, accuracy was 0.81.",
        "We measured accuracy on 20 % of the data: 0.81.",
        "Accuracy fell by 0.02.",
        "The difference in accuracy is 0.02.",
        "It is 2.5 % less accurate.",
        "Accuracy, see section 4.2 and Annex 1.3",
        "Accuracy v1.2 is documented.",
        "accuracy (n = 900.5)",
        "Accuracy is 0.812 ± 0.015.",
        "Accuracy, Wilson score, at 95 %",
        "Accuracy over 2.5 years",
        "One in two groups has its accuracy reported.",
        "Accuracy for black applicants is 0.9.",  # not measured for that group: no evidence speaks against it
        "---\nvalue: 0.95\nname: accuracy of 0.95\n---\n\n# Card\n",
        "| metric | value | 95 % interval |\n|---|---|---|\n| accuracy | 0.812 | 0.78 to 0.84 |",
        "Selection rates by race\n\n| metric | value |\n|---|---|\n| selection rate | 0.68 |",
    ],
)
def test_what_only_looks_like_a_claim_is_left_alone(text: str) -> None:
    assert lines(text) == []


def test_two_wrong_numbers_are_two_findings() -> None:
    assert lines("Accuracy is 0.95.\n\nThe AUC is 0.99.\n") == [1, 3]


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(InputError, match="expected text in UTF-8"):
        check_text(b"%PDF-1.7\xff\xfe", "a.pdf", MEASURED)
