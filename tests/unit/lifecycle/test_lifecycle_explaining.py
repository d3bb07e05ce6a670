"""`assay explain VERDICT` as a user calls it, on a real project; and what is refused."""

from __future__ import annotations

import io
import json
import random
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from assay.records.explanation import CAUSE_KINDS
from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {"finding", "check", "measured", "limit", "causes", "remedies"}
CAUSE_KEYS = {"kind", "share", "confidence", "detail", "evidence"}


@pytest.fixture
def denied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    project = small_project(tmp_path, capsys, gap=0.3)
    assert project.say("run").code == 1
    return project


def explained(project: SmallProject, *arguments: str | Path, code: int = 1) -> dict[str, Any]:
    said = project.say("explain", *arguments, "--format", "json")
    assert said.code == code, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def test_the_json_is_what_the_contract_says(denied: SmallProject) -> None:
    found = explained(denied, denied.release)
    assert found["subject"] == "small/1"
    assert [one["finding"] for one in found["findings"]] == ["sex-gap/sex"]
    (one,) = found["findings"]
    assert one.keys() >= KEYS
    assert one["limit"] == {"max": 0.2, "min": None}
    assert one["measured"] == pytest.approx(0.3, abs=0.05)
    assert one["causes"]
    for cause in one["causes"]:
        assert cause.keys() >= CAUSE_KEYS
        assert cause["kind"] in CAUSE_KINDS
    assert one["causes"][0]["kind"] == "threshold.cut"  # women are cut higher, and that is all
    assert one["provenance"]["set_by"] == "Rosa"
    assert one["place"]["file"] == "policy.yaml"
    assert (one["place"]["line"], one["place"]["column"]) == (5, 5)
    assert "more favourable predictions among the 1,000 people with sex f would reach the limit" in one["people"]
    assert "half-widths" in one["certainty"]


def test_the_people_named_are_the_people_it_takes(denied: SmallProject) -> None:
    (one,) = explained(denied, denied.release)["findings"]
    count = int(one["people"].split(" ")[0])
    table = (denied.root / "test.csv").read_text().splitlines()
    rows = [line.split(",") for line in table[1:]]
    changed = 0
    for row in rows:
        if row[3] == "f" and row[1] == "0" and changed < count:
            row[1], changed = "1", changed + 1
    rates = [sum(r[1] == "1" for r in rows if r[3] == sex) / 1000 for sex in "mf"]
    assert rates[0] - rates[1] <= 0.2 + 1e-9
    assert rates[0] - (rates[1] - 1 / 1000) > 0.2


@pytest.mark.parametrize(("allowed", "offered"), [(None, True), ("true", True), ("false", False)])
def test_a_cut_for_each_group_is_offered_as_the_policy_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], allowed: str | None, offered: bool
) -> None:
    project, draw = small_project(tmp_path, capsys), random.Random(5)
    lines = ["approved,predicted,score,sex"]
    for number in range(4000):  # what is true of people differs, so no common cut is cheap
        sex = ("f", "m")[number % 2]
        score = draw.random() * (0.6 if sex == "f" else 1.0)
        lines.append(f"{int(draw.random() < score)},{int(score > 0.5)},{score:.4f},{sex}")
    project.write("test.csv", "\n".join(lines) + "\n")
    why = "{set_by: Counsel, when: 2026-10-01, source: memo 7, why: asked}"
    said = "" if allowed is None else f"by_group: {{allowed: {allowed}, provenance: {why}}}\n"
    written = project.root / "policy.yaml"
    written.write_text(written.read_text() + said)
    assert project.say("run").code == 1
    (one,) = explained(project, project.release)["findings"]
    cuts = [each for each in one["remedies"] if each["name"] == "threshold_by_group"]
    assert bool(cuts) == offered
    for cut in cuts:
        assert ("--allow-attribute" in cut["command"]) == (allowed is None)
        assert ("which the policy allows" in cut["detail"]) == (allowed == "true")
    words = project.say("policy", "explain", "policy.yaml").out
    assert ("rest on the protected attribute" in words) == (allowed is not None)


@pytest.mark.parametrize("form", ["verdict.json", "bundle.json", "NAME/VERSION", "-"])
def test_every_way_to_name_a_verdict_gives_the_same(
    denied: SmallProject, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = explained(denied, denied.release)
    piped = io.TextIOWrapper(io.BytesIO((denied.release / "verdict.json").read_bytes()))
    monkeypatch.setattr("sys.stdin", piped)
    given: str | Path = {"NAME/VERSION": "small/1", "-": "-"}.get(form) or denied.release / form
    found = explained(denied, given)
    assert found["findings"] == expected["findings"]
    assert ("signature" in " ".join(found["remarks"])) == (form == "-")


def test_the_same_records_give_the_same_bytes(denied: SmallProject) -> None:
    first, second = (denied.say("explain", "small/1", "--format", "json").out for _ in range(2))
    assert first == second


def test_one_finding_may_be_asked_about_by_control_or_by_the_end_of_its_id(denied: SmallProject) -> None:
    for name in ("sex-gap/sex", "sex-gap", "sex"):
        assert [one["finding"] for one in explained(denied, "small/1", name)["findings"]] == ["sex-gap/sex"]


def test_a_pass_is_explained_as_one(denied: SmallProject) -> None:
    (one,) = explained(denied, "small/1", "files", code=0)["findings"]
    assert one["status"] == "pass"
    assert [cause["kind"] for cause in one["causes"]] == ["none"]
    assert one["remedies"] == []


def test_a_verdict_without_a_failure_has_nothing_to_explain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = small_project(tmp_path, capsys)
    assert project.say("run").code == 0
    assert explained(project, "small/1", code=0)["findings"] == []
    assert "every finding passes" in project.say("explain", "small/1").out


def test_an_unknown_finding_is_refused_with_near_names(denied: SmallProject) -> None:
    said = denied.say("explain", "small/1", "sex-gop")
    assert said.code == 2
    assert "did you mean 'sex-gap'" in said.err
    assert "Not a pass: sex-gap/sex" in said.err


def test_an_unknown_version_is_refused_with_near_names(denied: SmallProject) -> None:
    said = denied.say("explain", "small/2")
    assert said.code == 2
    assert "did you mean 'small/1'" in said.err


def test_an_edited_verdict_is_refused(denied: SmallProject) -> None:
    denied.replace(".assay/releases/small/1/verdict.json", '"measured":0.', '"measured":0.1')
    said = denied.say("explain", "small/1")
    assert said.code == 1
    assert "is not what was signed" in said.err


@pytest.mark.parametrize("name", ["evidence.json", "tally.json"])
def test_edited_records_beside_a_verdict_are_refused(denied: SmallProject, name: str) -> None:
    path = denied.release / name
    path.write_bytes(path.read_bytes().replace(b"1000", b"1001"))
    denied.write(f".assay/releases/small/1/{name}", path.read_bytes() + b" ")
    said = denied.say("explain", "small/1")
    assert said.code == 1
    assert f"{name} is not what the verdict rests on" in said.err


def test_without_the_tally_what_cannot_be_told_is_said(denied: SmallProject) -> None:
    (denied.release / "tally.json").unlink()
    (one,) = explained(denied, "small/1")["findings"]
    assert any("tally.json is not at hand" in told for told in one["unexamined"])
    assert "more favourable predictions" in one["people"]  # the gate said it, and it is in the verdict


def test_a_lone_verdict_elsewhere_is_explained_as_far_as_it_goes(denied: SmallProject, tmp_path: Path) -> None:
    lone = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    lone.mkdir()
    shutil.copy(denied.release / "verdict.json", lone / "verdict.json")
    other = SmallProject(lone, denied.capsys)
    found = explained(other, "verdict.json")
    (one,) = found["findings"]
    assert any("evidence.json is not at hand" in told for told in one["unexamined"])
    assert any("signature" in told for told in found["remarks"])
    assert one["causes"][0]["kind"] in CAUSE_KINDS


def test_a_verdict_of_another_project_is_told(denied: SmallProject, tmp_path: Path) -> None:
    other = SmallProject(tmp_path.parent / f"{tmp_path.name}-other", denied.capsys)
    other.root.mkdir()
    small = small_project(other.root, denied.capsys)
    small.replace("assay.yaml", "name: small", "name: large")
    shutil.copytree(denied.release, other.root / "handed-in")
    found = explained(other, "handed-in")
    assert any("the verdict is of small" in told for told in found["remarks"])
    assert found["findings"][0]["remedies"]


def test_a_changed_policy_is_told(denied: SmallProject) -> None:
    denied.replace("policy.yaml", "max: 0.2", "max: 0.1")
    found = explained(denied, "small/1")
    assert any("has changed since" in told for told in found["remarks"])
    assert found["findings"][0]["limit"]["max"] == 0.2


def test_what_is_no_verdict_is_refused(denied: SmallProject, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for given, told in (
        ("nothing.json", "does not exist"), ("assay.yaml", "assay.yaml"), ("empty", "Decide first"),
        (denied.release / "evidence.json", "evidence.json"),
    ):  # fmt: skip
        said = denied.say("explain", given)
        assert said.code == 2, said
        assert told in said.err
        assert "Traceback" not in said.err


def test_a_bundle_alone_holds_no_verdict(denied: SmallProject, tmp_path: Path) -> None:
    shutil.copy(denied.release / "bundle.json", tmp_path / "bundle.json")
    said = denied.say("explain", "bundle.json")
    assert said.code == 2
    assert "Bring the verdict along" in said.err


def test_text_and_markdown_say_the_same(denied: SmallProject) -> None:
    words = denied.say("explain", "small/1").out.split()
    plain = " ".join(words)
    marked = denied.say("explain", "small/1", "--format", "markdown").out
    for told in ("would reach the limit", "threshold.cut", "Rosa", "policy.yaml:5:5", "half-widths"):
        assert told in plain
        assert told in marked
