"""The data stage in reports: a datasheet of what people say and what was measured; a page without a model's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assay.errors import DocumentError
from assay.reports.datasheet import ONLY_PEOPLE, examine_datasheet, read_datasheet
from assay.reports.datasheet_page import QUESTIONS
from data_project import data_project

if TYPE_CHECKING:
    from pathlib import Path

SHEET = """\
motivation: {purpose: To learn who is approved., creators: TODO}
composition: {instances: One application., sampling: Everybody., sensitive: Race.}
"""
DOCUMENTED = """\
  - id: sheet
    title: People have written the datasheet
    check: documentation
    stage: data
"""


def test_every_field_has_a_question_and_every_wanted_one_is_a_field() -> None:
    sheet = read_datasheet(b"{}", "datasheet.yaml")
    for name, (_, questions) in QUESTIONS.items():
        assert set(getattr(sheet, name).__struct_fields__) == set(questions)
        assert set(ONLY_PEOPLE[name]) <= set(questions)
    assert set(QUESTIONS) == set(sheet.__struct_fields__) == set(ONLY_PEOPLE)


def test_what_nobody_wrote_is_missing_and_a_placeholder_is_told() -> None:
    found = examine_datasheet(read_datasheet(SHEET.encode(), "datasheet.yaml"), ())
    assert found.present == ("composition",)
    assert "motivation.creators" in found.missing
    assert "maintenance" in found.missing
    assert found.placeholders == ("$.motivation.creators",)
    assert set(examine_datasheet(None, ()).missing) == set(ONLY_PEOPLE)


def test_a_strange_key_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(DocumentError, match="motivation"):
        read_datasheet(b"motivaton: {purpose: x}\n", "datasheet.yaml")


@pytest.fixture
def reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, str, str]:
    """Return the page and the datasheet of a gated project, and what the verb writes."""
    project, _, _ = data_project(tmp_path, capsys)
    project.write("datasheet.yaml", SHEET)
    project.replace("assay.yaml", "data:\n", "data:\n  datasheet: datasheet.yaml\n")
    project.write("policy.yaml", (tmp_path / "policy.yaml").read_text() + DOCUMENTED)
    said = project.say("run", "--stage", "data")
    assert said.code == 1, "a placeholder stands in the datasheet"
    assert "motivation.creators" in said.out
    folder = project.release / "data"
    written = project.say("report", "datasheet")
    assert written.code == 0
    assert project.say("verify", folder).code == 0
    return (folder / "report.html").read_text(), (folder / "datasheet.md").read_text(), written.out


def test_the_datasheet_holds_what_people_say_and_what_was_measured(reported: tuple[str, str, str]) -> None:
    _, sheet, again = reported
    assert sheet.strip() == again.strip()
    for words in ("To learn who is approved", "Nobody has answered this", "3,000 rows; train.csv", "*(measured)*"):
        assert words in sheet
    assert "TODO" not in sheet


def test_the_page_of_data_speaks_of_no_model_card(reported: tuple[str, str, str]) -> None:
    page, _, _ = reported
    assert "may not be learnt from" in page
    assert "Groups of race against the population" in page
    assert '<h2 id="datasheet">Datasheet</h2>' in page
    for words in ("Model files", "may not be released", "blocks the release", "there is no card", "Calibration"):
        assert words not in page
