from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest

from assay.cli import answer
from assay.policy.starter import starter_text
from assay.records.canonical import canonical_json, sha256_hex
from policy_cases import FAILS, PASSES, evidence, gap, policy, verdict

if TYPE_CHECKING:
    from pathlib import Path

CASES = """
policy: policy.yaml
cases:
  - name: a wide gap is denied
    evidence:
      measurements:
        - {metric: demographic_parity_difference, over: race, value: 0.4, interval: [0.3, 0.5]}
    decision: deny
    findings:
      - {id: favourable-rates/race, status: fail}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.yaml").write_text(starter_text(), encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text(starter_text().replace("max: 0.2", "max: 2"), encoding="utf-8")
    (tmp_path / "policy-tests.yaml").write_text(CASES, encoding="utf-8")
    return tmp_path


def call(*arguments: str) -> int:
    return answer(["policy", *arguments])


@pytest.mark.usefixtures("folder")
def test_lint_of_a_good_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("lint", "policy.yaml") == 0
    assert "1 policy: no mistake" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["text", "json", "sarif"])
@pytest.mark.usefixtures("folder")
def test_lint_of_a_wrong_policy_is_2_in_every_format(capsys: pytest.CaptureFixture[str], form: str) -> None:
    assert call("lint", "--format", form, "policy.yaml", "wrong.yaml") == 2
    out = capsys.readouterr().out
    if form == "text":
        assert "error   wrong.yaml:" in out
        assert "nothing could breach 2" in out
    elif form == "json":
        found = json.loads(out)
        assert found["valid"] is False
        assert {p["file"] for p in found["problems"] if p["level"] == "error"} == {"wrong.yaml"}
    else:
        results = json.loads(out)["runs"][0]["results"]
        assert results[0]["locations"][0]["physicalLocation"]["region"]["startLine"] > 1


@pytest.mark.parametrize("name", ["nope.yaml", ".", "policy-tests.yaml"])
@pytest.mark.usefixtures("folder")
def test_lint_of_what_is_no_policy(name: str) -> None:
    assert call("lint", name) == 2


def test_explain_without_and_with_evidence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("explain", "policy.yaml") == 0
    assert "at most 0.2; the interval decides; blocks a release (high)" in capsys.readouterr().out
    (folder / "evidence.json").write_bytes(canonical_json(evidence(gap(0.4, 0.3, 0.5))))
    assert call("explain", "policy.yaml", "evidence.json") == 0
    assert "On case 2 (tier high): deny" in capsys.readouterr().out
    assert call("explain", "policy.yaml", "evidence.json", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["verdict"]["decision"] == "deny"


def test_explain_of_evidence_that_is_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "evidence.json").write_text("{}", encoding="utf-8")
    assert call("explain", "policy.yaml", "evidence.json") == 2
    assert call("explain", "policy.yaml", "evidenc.json") == 2
    assert "did you mean 'evidence.json'?" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["text", "json", "junit"])
@pytest.mark.usefixtures("folder")
def test_cases_as_expected(capsys: pytest.CaptureFixture[str], form: str) -> None:
    assert call("test", "--format", form) == 0
    out = capsys.readouterr().out
    if form == "junit":
        assert ET.fromstring(out).attrib["failures"] == "0"  # noqa: S314 - our own output
    elif form == "json":
        assert json.loads(out)["failed"] == 0


@pytest.mark.parametrize("form", ["text", "json", "junit"])
def test_cases_not_as_expected_are_1(folder: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    text = CASES.replace("decision: deny", "decision: allow").replace("status: fail", "status: pass")
    (folder / "policy-tests.yaml").write_text(text, encoding="utf-8")
    assert call("test", "--format", form) == 1
    assert "expected the decision allow, found deny" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CASES.replace("policy: policy.yaml\n", ""), "names no policy"),
        (CASES.replace("    decision: deny\n", "").partition("    findings")[0], "the case expects nothing"),
        (CASES.replace("demographic_parity_difference", "dpd"), "no such metric: 'dpd'"),
        ("policy: policy.yaml\ncases: []\n", "expected at least one case"),
        (
            "policy: policy.yaml\ncases: [{name: x, evidence: gone.json, decision: deny}]\n",
            "expected evidence at gone.json",
        ),
        (CASES.replace("policy: policy.yaml", "policy: polcy.yaml"), "did you mean 'policy.yaml'?"),
    ],
)
def test_cases_that_cannot_be_run_are_2(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    (folder / "policy-tests.yaml").write_text(text, encoding="utf-8")
    assert call("test") == 2
    assert words in capsys.readouterr().err


def test_diff_says_what_loosens(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "new.yaml").write_text(starter_text().replace("max: 0.2", "max: 0.3"), encoding="utf-8")
    assert call("diff", "policy.yaml", "new.yaml") == 0
    assert "loosens   favourable-rates: limit at most 0.2 becomes at most 0.3" in capsys.readouterr().out
    assert call("diff", "new.yaml", "policy.yaml", "--format", "json") == 0
    assert {c["direction"] for c in json.loads(capsys.readouterr().out)["changes"]} == {"tightens"}
    assert call("diff", "policy.yaml", "wrong.yaml") == 2


def test_replay_decides_stored_releases_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release = folder / ".assay" / "releases" / "case" / "2"
    release.mkdir(parents=True)
    about = evidence(PASSES)
    (release / "evidence.json").write_bytes(canonical_json(about))
    recorded = verdict(policy(), about, evidence_sha256=sha256_hex(canonical_json(about)))
    (release / "verdict.json").write_bytes(canonical_json(recorded))
    assert call("replay", "policy.yaml") == 0
    assert "case 2 (2026-11-23T12:00:00Z): allow becomes undecided" in capsys.readouterr().out
    assert call("replay", "policy.yaml", ".assay/releases", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["releases"][0]["then"] == "allow"
    (release / "evidence.json").write_bytes(canonical_json(evidence(FAILS)))
    other = release.with_name("3")
    other.mkdir()
    (other / "evidence.json").write_bytes(canonical_json(about))
    (other / "verdict.json").write_bytes(canonical_json(recorded))
    assert call("replay", "policy.yaml") == 1
    said = capsys.readouterr()
    assert "decided on other evidence" in said.err
    assert "case 2 (2026-11-23T12:00:00Z): allow becomes undecided" in said.out
    assert "1 more could not be decided again" in said.out
    assert call("replay", "policy.yaml", "--format", "json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (len(found["releases"]), [one["release"][-2:] for one in found["inconsistent"]]) == (1, ["/2"])


@pytest.mark.usefixtures("folder")
def test_replay_without_releases_is_2() -> None:
    assert call("replay", "policy.yaml") == 2


@pytest.mark.parametrize("document", ["policy", "policy-tests", "assay.yaml", "evidence", "verdict"])
@pytest.mark.usefixtures("folder")
def test_schemas_are_schemas(capsys: pytest.CaptureFixture[str], document: str) -> None:
    assert call("schema", document) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    samples = {
        "policy": policy(),
        "evidence": evidence(PASSES),
        "verdict": verdict(policy(), evidence(PASSES)),
    }
    if document in samples:
        validator = jsonschema.Draft202012Validator(schema)
        record = json.loads(msgspec.json.encode(samples[document]))
        assert not list(validator.iter_errors(record))
        assert list(validator.iter_errors(record | {"unknown": 1}))


@pytest.mark.usefixtures("folder")
def test_schema_of_what_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("schema", "verdct") == 2
    assert "did you mean 'verdict'?" in capsys.readouterr().err


def test_every_verb_has_examples_in_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("lint", "explain", "test", "diff", "replay", "schema"):
        assert call(verb, "--help") == 0
        assert f"assay policy {verb}" in capsys.readouterr().out.partition("Examples:")[2]
