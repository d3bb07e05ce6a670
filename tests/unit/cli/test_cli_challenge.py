"""`assay challenge` as its user calls it: versions, release folders and tables; exit codes; the trail; the gate."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from small_project import CONFIG, SmallProject, small_project

if TYPE_CHECKING:
    from pathlib import Path

CONTROL = """\
  - id: nobody-falls-behind
    title: Nobody is decided rightly less often than by the version in production
    check: not-worse-than-champion
    metric: accuracy_change
    limit: {min: -0.1}
    provenance: {set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}
"""


def table(*, worse_for: str = "", people: int = 1200, start: int = 0, errors: float = 0.1) -> str:
    """Return decisions about the same people whoever asks; one sex is decided wrongly more often."""
    lines = ["id,approved,sex,predicted,score"]
    for at in range(start, start + people):
        draw = random.Random(at)
        truth, sex = int(draw.random() < 0.6), "fm"[at % 2]
        wrong = draw.random() < (0.5 if sex == worse_for else errors)
        said = 1 - truth if wrong else truth
        lines.append(f"{at},{truth},{sex},{said},{0.8 * said + 0.2 * draw.random():.4f}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    """Return a project with two released versions; the second one is worse for women."""
    project = small_project(tmp_path, capsys)
    project.write("policy.yaml", (tmp_path / "policy.yaml").read_text().replace("{max: 0.2}", "{max: 0.9}"))
    project.write("test.csv", table())
    assert project.say("run").code == 0
    (tmp_path / "test.csv").rename(tmp_path / "test-1.csv")
    project.write("test.csv", table(worse_for="f"))
    project.replace("assay.yaml", 'version: "1"', 'version: "2"')
    assert project.say("run").code == 0
    return project


def found(text: str, metric: str, **group: str) -> dict[str, Any]:
    changes = json.loads(text)["changes"]
    return next(one for one in changes if one["metric"] == metric and one.get("group", {}) == group)


def test_two_versions_of_a_project(two: SmallProject) -> None:
    """The first version's rows have moved: they are found by what they hold."""
    said = two.say("challenge", "1", "2", "--id", "id", "--format", "json")
    assert said.code == 0
    record = json.loads(said.out)
    assert record["schema"] == "assay.challenge/v1"
    assert (record["champion"]["version"], record["challenger"]["version"], record["rows"]) == ("1", "2", 1200)
    women, men = (found(said.out, "accuracy", sex=sex) for sex in "fm")
    assert (women["standing"], men["standing"]) == ("worse", "no difference")
    assert women["lost"] > women["gained"]
    assert found(said.out, "roc_auc", sex="f")["standing"] == "worse"
    assert record["families"]["accuracy"] == 2
    assert "recorded: entry" in said.err
    trail = two.say("trail", "query", "validations")
    assert "held small 2 against 1: 1,200 people, compared; worse:" in " ".join(trail.out.split())
    assert "accuracy/sex=f" in trail.out


def test_text_says_for_whom(two: SmallProject) -> None:
    said = two.say("challenge", "1", "2", "--id", "id", "--no-record")
    assert "small 2 against small 1, on the same 1,200 people, joined by id" in said.out
    worse = said.out.partition("Worse:")[2].partition("No difference")[0]
    assert "sex: f, accuracy:" in worse
    assert "no longer" in worse
    assert "sex: m" not in worse
    assert "Holm" in said.out
    assert "recorded" not in said.err
    markdown = two.say("challenge", "1", "2", "--id", "id", "--no-record", "--format", "markdown").out
    assert markdown.startswith("## small 2 against small 1")
    assert "| sex: f |" in markdown


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("1", "2", "--margin", "0.02"), 1, "Worse: somebody is worse off by more than 2.0 points of accuracy"),
        (("2", "1", "--margin", "0.04"), 0, "Nobody is worse off by more than 4.0 points"),
        (("2", "1", "--margin", "0.04", "--minimum-group", "700"), 3, "under the minimum of 700"),
        (("2", "1", "--margin", "0.04", "--minimum-group", "700", "--small-groups", "report"), 0, "Nobody is worse"),
        (("1", "2", "--margin", "0.02", "--metric", "true_positive_rate"), 1, "true positive rate"),
    ],
)
def test_a_margin_sets_the_exit_code(two: SmallProject, arguments: tuple[str, ...], code: int, words: str) -> None:
    said = two.say("challenge", *arguments, "--id", "id", "--no-record")
    assert (said.code, words in said.out) == (code, True), said.out


def test_the_version_in_production_is_that_of_the_trail_else_of_the_project(two: SmallProject) -> None:
    two.write("assay.yaml", (two.root / "assay.yaml").read_text() + 'production: "1"\n')
    said = two.say("challenge", "production", "2", "--id", "id", "--format", "json", "--no-record")
    assert json.loads(said.out)["champion"]["version"] == "1"
    for name, text in (("deployment", "d-1"), ("version", "2")):
        assert text, name
    evidence = json.loads((two.root / ".assay/releases/small/2/evidence.json").read_text())
    recorded = two.say(
        "trail", "append", "deployment.finished", "-f", "deployment=d-1", "-f", "model=small", "-f", "version=2",
        "-f", f"model_sha256={evidence['model']['sha256']}", "-f", "environment=production", "-f", "outcome=succeeded",
        "-f", "by=default",
    )  # fmt: skip
    assert recorded.code == 0, recorded.err
    said = two.say("challenge", "production", "1", "--id", "id", "--format", "json", "--no-record")
    assert json.loads(said.out)["champion"]["version"] == "2", "what runs is told by the trail"


def test_release_folders_and_tables(two: SmallProject, tmp_path: Path) -> None:
    folders = [tmp_path / ".assay/releases/small" / version for version in ("1", "2")]
    by_folder = two.say("challenge", *folders, "--id", "id", "--format", "json", "--no-record").out
    assert (found(by_folder, "accuracy")["n"], json.loads(by_folder)["champion"]["version"]) == (1200, "1")
    columns = (
        "--id",
        "id",
        "--label",
        "approved",
        "--prediction",
        "predicted",
        "--score",
        "score",
        "--protected",
        "sex",
    )
    by_table = two.say("challenge", "test-1.csv", "test.csv", *columns, "--format", "json").out
    assert json.loads(by_folder)["changes"] == json.loads(by_table)["changes"]
    page = tmp_path / "who.html"
    assert two.say("challenge", "test-1.csv", "test.csv", *columns, "--report", page).code == 0
    html = page.read_text()
    assert html.count("<svg") == 6
    assert "Better for whom, worse for whom" in html


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("1", "3"), "nothing called '3'; released here: 1, 2"),
        (("1", "2"), "Name it with --id COLUMN"),
        (("test.csv",), "both columns of predictions with --champion and --challenger"),
        (("test.csv", "test-1.csv", "--id", "id"), "column of predictions, found none"),
        (("production", "2", "--id", "id"), "expected a version in production"),
        (("1", "2", "--id", "id", "--champion-data", "test.csv"), "expected the rows that small 1 was measured on"),
        (("1", "2", "--id", "id", "--margin", "0.1", "--metric", "accurracy"), "did you mean 'accuracy'"),
        (("-", "-"), "found standard input twice"),
        (("1", "2", "--id", "idd"), r"did you mean 'id'"),
    ],
)
def test_what_cannot_be_compared_is_said(two: SmallProject, arguments: tuple[str, ...], message: str) -> None:
    said = two.say("challenge", *arguments)
    assert said.code == 2
    assert message in said.err
    assert said.out == ""


def test_rows_that_are_gone_are_not_replaced_by_others(two: SmallProject) -> None:
    (two.root / "test-1.csv").unlink()
    said = two.say("challenge", "1", "2", "--id", "id")
    assert said.code == 2
    assert "found other rows there, and none in that folder" in said.err


def test_people_of_one_side_alone(two: SmallProject) -> None:
    two.write("new.csv", table(start=200))
    columns = ("--id", "id", "--label", "approved", "--prediction", "predicted", "--protected", "sex")
    said = two.say("challenge", "test-1.csv", "new.csv", *columns)
    assert said.code == 2
    assert "found 200 of 1,200 that only the champion decided and 200 of 1,200" in said.err
    said = two.say("challenge", "test-1.csv", "new.csv", *columns, "--allow-unmatched")
    assert said.code == 0
    assert "200 people whom only the champion decided" in said.err
    assert "the same 1,000 people" in said.out


def test_one_table_with_two_predictions_and_a_score_that_one_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = SmallProject(tmp_path, capsys)
    lines = ["y,g,a,b,s"] + [
        f"{at % 2},{'xy'[at % 3 == 0]},{at % 2},{int(at % 5 > 0)},{at % 7 / 7}" for at in range(900)
    ]
    project.write("one.csv", "\n".join(lines))
    said = project.say(
        "challenge", "one.csv", "--label", "y", "--champion", "a", "--challenger", "b", "--challenger-score", "s",
        "--protected", "g", "--format", "json",
    )  # fmt: skip
    assert said.code == 0
    assert "a has no scores" in said.err
    assert {one["metric"] for one in json.loads(said.out)["changes"]}.isdisjoint({"roc_auc"})
    assert found(said.out, "accuracy")["standing"] == "worse"
    without = project.say("challenge", "one.csv", "--champion", "a", "--challenger", "b")
    assert without.code == 0
    assert "no labels" in without.err
    assert "no protected attribute" in without.err


def test_the_gate_holds_a_release_against_the_champion(two: SmallProject) -> None:
    config = CONFIG.replace('version: "1"', 'version: "2"') + 'production: "1"\nchampion: {identifier: id}\n'
    two.write("assay.yaml", config)
    two.write("policy.yaml", (two.root / "policy.yaml").read_text() + CONTROL)
    said = two.say("run", "--format", "json")
    assert said.code == 1
    folder = two.root / ".assay/releases/small/2"
    findings = {one["id"]: one for one in json.loads((folder / "verdict.json").read_text())["findings"]}
    failed = findings["nobody-falls-behind/small 1,sex=f"]
    assert failed["status"] == "fail"
    assert "fewer are decided rightly" in failed["people"]
    assert findings["nobody-falls-behind/small 1,sex=m"]["status"] == "pass"
    report = (folder / "report.html").read_text()
    assert "Against the version in production" in report
    assert "small 2 against small 1" in report
    evidence = json.loads((folder / "evidence.json").read_text())
    assert str(two.root) not in json.dumps(evidence), "no machine's path is on record"
    assert two.say("verify", folder).code == 0


def test_the_section_champion_is_read_strictly(two: SmallProject) -> None:
    two.write("assay.yaml", CONFIG + "champion: {allow_unmatched: true}\n")
    said = two.say("run")
    assert said.code == 2
    assert "$.champion.identifier: expected the column that names a person" in said.err
