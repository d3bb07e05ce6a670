"""The summary under Local Law 144: the rule's own example, unknowns, small categories, scores, classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import yaml

from assay.errors import InputError
from assay.records.tally import Cell, Roles, Tally
from assay.reports.documents import form_of
from assay.reports.documents.asking import fill
from assay.reports.documents.impact_tables import impact_table
from unit.reports.documents_material import Applicants, hired, scored, with_tally

if TYPE_CHECKING:
    from assay.reports.documents.form import Document, Part
    from assay.reports.documents.material import Material

RULE = Path(__file__).parents[4] / "shared" / "reference" / "regulation" / "nyc_ll144.yaml"
BOTH: Applicants = {
    ("White", "Male"): (100, 60), ("White", "Female"): (90, 45), ("Asian", "Male"): (50, 25),
    ("Asian", "Female"): (2, 1), ("White", None): (8, 4), (None, "Female"): (5, 5),
}  # fmt: skip


def made(material: Material) -> Document:
    return fill(form_of("ll144"), material)


def table(document: Document, title: str) -> Part:
    return next(item.parts[0] for item in document.items if item.title == title)


def rows(document: Document, title: str) -> dict[str, tuple[str, ...]]:
    return {row[0]: row for row in table(document, title).tables[0].rows}


def _example() -> list[dict[str, Any]]:
    if not RULE.exists():
        pytest.skip("the rule's example is not here (../shared/reference/regulation/nyc_ll144.yaml)")
    tables: list[dict[str, Any]] = yaml.safe_load(RULE.read_text())["meta"]["golden_test"]["tables"]
    return tables


def test_the_rules_first_worked_example_reproduces_all_23_ratios() -> None:
    compared = 0
    for one in _example():
        counts = {row["category"]: (row["applicants"], row["selected"]) for row in one["rows"]}
        found = {row.category: row.ratio for row in impact_table(counts, assessed=sum(n for n, _ in counts.values()))}
        for row in one["rows"]:
            ratio = found[row["category"]]
            assert ratio is not None
            assert round(ratio, one["decimals"]) == row["impact_ratio"], row["category"]
            compared += 1
    assert compared == 23


@pytest.mark.parametrize(("number", "title"), [(0, "By sex"), (1, "By race and ethnicity")])
def test_the_document_prints_the_rules_example(number: int, title: str) -> None:
    one = _example()[number]
    applicants: Applicants = {(row["category"],): (row["applicants"], row["selected"]) for row in one["rows"]}
    printed = rows(made(with_tally(hired(("sex" if number == 0 else "race",), applicants))), title)
    for row in one["rows"]:
        assert round(float(printed[row["category"]][4]), one["decimals"]) == row["impact_ratio"]


def test_the_document_prints_the_rules_intersections_and_the_sexes_that_they_add_up_to() -> None:
    sexes, _, crossed = _example()
    applicants: Applicants = {
        tuple(row["category"].rsplit(" ", 1)): (row["applicants"], row["selected"]) for row in crossed["rows"]
    }
    document = made(with_tally(hired(("race", "sex"), applicants)))
    both = rows(document, "By race and ethnicity, and sex")
    for row in crossed["rows"]:
        printed = both[", ".join(row["category"].rsplit(" ", 1))][4]
        assert round(float(printed), crossed["decimals"]) == row["impact_ratio"], row["category"]
    for row in sexes["rows"]:
        assert rows(document, "By sex")[row["category"]][1:3] == (f"{row['applicants']:,}", str(row["selected"]))
        assert round(float(rows(document, "By sex")[row["category"]][4]), 3) == row["impact_ratio"]


def test_ratios_are_divided_from_unrounded_rates() -> None:
    # 44 % over 52 % would be 0.846; the rule prints 0.84
    (low, high) = impact_table({"Black": (390, 170), "White": (797, 412)}, assessed=1187)
    assert low.ratio == pytest.approx((170 / 390) / (412 / 797))
    assert high.ratio == 1.0
    assert high.p is None
    assert low.p is not None


def test_unknown_people_are_counted_and_stand_in_no_row() -> None:
    document = made(with_tally(hired(("race", "sex"), BOTH)))
    assert set(rows(document, "By sex")) == {"Female", "Male"}
    assert table(document, "By sex").words[0].startswith("8 of 255 people assessed are of unknown category")
    assert table(document, "By race and ethnicity, and sex").words[0].startswith("13 of 255")
    told = next(item for item in document.items if item.id == "5").parts[0].words
    assert "Unknown race: 5 of 255 people assessed." in told


def test_values_that_are_said_to_be_unknown_are() -> None:
    applicants: Applicants = {("f",): (10, 5), ("m",): (10, 5), ("x",): (3, 1)}
    dossier = "hiring: {sex: sex, unknown: [x]}"
    document = made(with_tally(hired(("sex",), applicants), dossier))
    assert set(rows(document, "By sex")) == {"f", "m"}
    assert table(document, "By sex").words[0].startswith("3 of 23")


def test_a_value_that_no_category_holds_is_unknown_and_named() -> None:
    applicants: Applicants = {("f",): (10, 5), ("m",): (10, 5), ("d",): (3, 1)}
    dossier = "hiring: {sex_categories: [{name: Female, values: [f]}, {name: Male, values: [m]}]}"
    document = made(with_tally(hired(("sex",), applicants), dossier))
    assert set(rows(document, "By sex")) == {"Female", "Male"}
    categories = next(item for item in document.items if item.id == "4").parts[0]
    assert categories.filled == "evidence"
    assert "Counted as unknown: d." in categories.words


def test_categories_that_are_not_the_rules_are_missing() -> None:
    document = made(with_tally(hired(("sex",), {("f",): (10, 5), ("m",): (10, 5)})))
    categories = next(item for item in document.items if item.id == "4").parts[0]
    assert categories.filled == "missing"
    assert "hiring.sex_categories" in str(categories.remedy)


SMALL = "hiring: {excluded: [{category: 'Asian, Female', reason: two people}]"


def test_nothing_is_left_out_without_a_named_auditor() -> None:
    document = made(with_tally(hired(("race", "sex"), BOTH), SMALL + "}"))
    assert rows(document, "By race and ethnicity, and sex")["Asian, Female"][4] == "0.83333"
    assert "no independent auditor is named" in " ".join(document.warnings)


def test_the_auditor_may_leave_out_less_than_two_percent_and_count_and_rate_stay() -> None:
    document = made(with_tally(hired(("race", "sex"), BOTH), SMALL + ", auditor: An Auditor}"))
    row = rows(document, "By race and ethnicity, and sex")["Asian, Female"]
    assert row[1:5] == ("2", "1", "0.5000", "left out")
    assert "Asian, Female: two people" in " ".join(next(i for i in document.items if i.id == "6").parts[0].words)


def test_the_auditor_may_not_leave_out_more() -> None:
    dossier = "hiring: {auditor: An Auditor, excluded: [{category: Asian, reason: we would rather not}]}"
    document = made(with_tally(hired(("race", "sex"), BOTH), dossier))
    assert rows(document, "By race and ethnicity")["Asian"][4] != "left out"


def test_a_category_that_is_left_out_is_not_the_highest_either() -> None:
    (small, big) = impact_table({"A": (1, 1), "B": (99, 50)}, assessed=100, left_out={"A": "one person"})
    assert small.ratio is None
    assert big.ratio == 1.0


def test_scoring_rates_count_strictly_above_the_median() -> None:
    scores: dict[tuple[Any, ...], Any] = {("f",): [0.1, 0.2, 0.3, 0.9], ("m",): [0.3, 0.5, 0.6, 0.7]}
    document = made(with_tally(scored(("sex",), scores), "hiring: {rate: scoring}"))
    # all eight: median of 0.3 and 0.5 is 0.4: one of four, and three of four lie above
    assert rows(document, "By sex")["f"][2] == "1"
    assert rows(document, "By sex")["m"][2] == "3"
    assert rows(document, "By sex")["f"][4] == "0.33333"
    odd: dict[tuple[Any, ...], Any] = {("f",): [0.1, 0.5, 0.5], ("m",): [0.5, 0.9]}
    ties = made(with_tally(scored(("sex",), odd), "hiring: {rate: scoring}"))
    assert rows(ties, "By sex")["f"][2] == "0"
    assert rows(ties, "By sex")["m"][2] == "1"


def test_scores_out_of_bins_alone_give_no_rates() -> None:
    found = scored(("sex",), {("f",): [0.1], ("m",): [0.9]})
    assert found.scores is not None
    binned = tuple(msgspec.structs.replace(cell, values=None, bins=((1, 1),)) for cell in found.scores.cells)
    found = msgspec.structs.replace(found, scores=msgspec.structs.replace(found.scores, cells=binned))
    document = made(with_tally(found, "hiring: {rate: scoring}"))
    assert table(document, "By sex").filled == "missing"


def test_a_tool_that_classifies_has_tables_for_each_class() -> None:
    cells = tuple(
        Cell(group=(sex,), prediction=kind, count=count)
        for sex, kind, count in (("f", "A", 5), ("f", "B", 5), ("m", "A", 8), ("m", "B", 2))
    )
    roles = Roles(prediction="kind", protected=("sex",), task="multiclass")
    document = made(with_tally(Tally(roles=roles, rows=20, cells=cells)))
    titles = [section.title for section in document.sections]
    assert "Rates and impact ratios: classified as A" in titles
    assert "Rates and impact ratios: classified as B" in titles


def test_a_column_that_was_not_counted_is_refused_with_a_near_name() -> None:
    with pytest.raises(InputError, match=r"did you mean 'sex'"):
        made(with_tally(hired(("sex",), {("f",): (1, 1)}), "hiring: {sex: sexx}"))


def test_without_race_its_tables_are_missing_and_say_so() -> None:
    document = made(with_tally(hired(("sex",), {("Male",): (10, 5), ("Female",): (10, 4)})))
    assert table(document, "By sex").filled == "evidence"
    assert table(document, "By race and ethnicity").filled == "missing"
    assert table(document, "By race and ethnicity, and sex").filled == "missing"
    assert not document.finished


def test_days_that_cannot_be_are_told() -> None:
    dossier = (
        "hiring: {data_from: 2026-09-01, data_to: 2026-02-30, audit_date: 2024-01-01, distribution_date: 2026-01-01}"
    )
    told = " ".join(made(with_tally(hired(("sex",), {("f",): (1, 1)}), dossier)).warnings)
    assert "hiring.data_to is '2026-02-30'" in told
    assert "more than a year before" in told


def test_no_table_says_pass_or_fail() -> None:
    words = str(msgspec.to_builtins(made(with_tally(hired(("race", "sex"), BOTH))).sections)).lower()
    assert "compliant" not in words
    for row in rows(made(with_tally(hired(("race", "sex"), BOTH))), "By sex").values():
        assert not {"pass", "fail"} & {cell.lower() for cell in row}


def test_everything_said_makes_it_whole() -> None:
    categories = "sex_categories: [{name: Female, values: [f]}, {name: Male, values: [m]}]"
    races = "race_categories: [{name: White, values: [w]}, {name: Asian, values: [a]}]"
    people = (
        "source: our applicant system, explanation: all who applied, data_from: 2026-01-01, data_to: 2026-06-30, "
        "audit_date: 2026-07-15, distribution_date: 2026-08-01, auditor: An Auditor, independence: no part in the tool"
    )
    applicants: Applicants = {("w", "f"): (50, 20), ("a", "m"): (50, 25)}
    document = made(with_tally(hired(("race", "sex"), applicants), f"hiring: {{{categories}, {races}, {people}}}"))
    assert document.finished, [item.id for item in document.items if not item.whole]
    assert not document.banner()[0].startswith("NOT FINISHED")
