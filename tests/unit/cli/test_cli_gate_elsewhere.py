"""`assay gate` where there is no project: the evidence, a policy and the people are all that it takes."""

from __future__ import annotations

import io
import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

import assay
from assay.lifecycle.project import release_folder
from assay.lifecycle.storing import list_model
from small_project import Said, SmallProject, files_under, inside, small_project

if TYPE_CHECKING:
    from pathlib import Path

AT = "2026-12-01T09:30:00Z"


@pytest.fixture
def near(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    """A project near the data, in which a version was measured."""
    project = small_project(tmp_path / "near", capsys)
    assert project.say("assess").code == 0
    return project


@pytest.fixture
def away(near: SmallProject, tmp_path: Path) -> SmallProject:
    """Another folder, with what was handed over and nothing of the project."""
    there = SmallProject(tmp_path / "away", near.capsys)
    shutil.copytree(near.release, there.root / "handed")
    there.write("policy.yaml", (near.root / "policy.yaml").read_bytes())
    there.write("measurer.pub", (near.root / ".assay/keys/default.pub").read_bytes())
    return there


RULES = ("--policy", "policy.yaml", "--measured-by", "measurer.pub")


def with_stdin(project: SmallProject, monkeypatch: pytest.MonkeyPatch, content: bytes, *arguments: str) -> Said:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    return project.say(*arguments)


def as_decided(path: Path) -> dict[str, Any]:
    verdict: dict[str, Any] = json.loads(path.read_text())
    return {key: verdict[key] for key in verdict.keys() - {"decided_at", "decided_by"}}


def test_a_decision_elsewhere_writes_nothing(near: SmallProject, away: SmallProject):
    before = files_under(away.root)
    said = away.say("gate", "handed", *RULES, "--model", near.root / "model", "--format", "json")
    assert said.code == 0, said
    assert json.loads(said.out)["verdict"]["decision"] == "allow"
    assert "neither signed nor recorded" in said.err
    assert files_under(away.root) == before


def test_without_the_model_it_is_unknown_whether_it_changed(away: SmallProject):
    said = away.say("gate", "handed/evidence.json", *RULES)
    assert said.code == 3, said
    assert "was not given the model's files" in said.out
    policy = (away.root / "policy.yaml").read_text()
    away.write("policy.yaml", policy[: policy.index("  - id: files")])
    assert away.say("gate", "handed/evidence.json", *RULES).code == 0


def test_a_model_that_is_another_is_refused(away: SmallProject):
    away.write("model/weights.json", "{}")
    said = away.say("gate", "handed", *RULES, "--model", "model")
    assert said.code == 1
    assert "changed: weights.json" in said.err


def test_the_verdict_is_the_same_inside_and_elsewhere(near: SmallProject, away: SmallProject):
    assert away.say("gate", "handed", *RULES, "--model", near.root / "model", "--output", "verdict=v.json").code == 0
    assert near.say("gate", near.release).code == 0
    assert as_decided(away.root / "v.json") == as_decided(near.release / "verdict.json")


def test_the_same_time_gives_the_same_bytes_on_standard_input_too(
    near: SmallProject, away: SmallProject, monkeypatch: pytest.MonkeyPatch
):
    rest = (*RULES, "--model", str(near.root / "model"), "--at", AT, "--output")
    assert away.say("gate", "handed", *rest, "verdict=a.json").code == 0
    handed = away.root / "handed"
    both = (handed / "evidence.json").read_bytes() + (handed / "evidence.dsse.json").read_bytes()
    assert with_stdin(away, monkeypatch, both, "gate", "-", *rest, "verdict=b.json").code == 0
    assert (away.root / "a.json").read_bytes() == (away.root / "b.json").read_bytes()


def test_standard_input_without_a_signature_decides_nothing(away: SmallProject, monkeypatch: pytest.MonkeyPatch):
    content = (away.root / "handed/evidence.json").read_bytes()
    said = with_stdin(away, monkeypatch, content, "gate", "-", *RULES)
    assert said.code == 2
    assert "nobody signed" in said.err
    signature = ("--signature", "handed/evidence.dsse.json")
    assert with_stdin(away, monkeypatch, content, "gate", "-", *RULES, *signature).code == 3


def test_edited_evidence_on_standard_input_is_found(away: SmallProject, monkeypatch: pytest.MonkeyPatch):
    handed = away.root / "handed"
    edited = (handed / "evidence.json").read_bytes().replace(b'"rows":2000', b'"rows":2001')
    said = with_stdin(away, monkeypatch, edited + (handed / "evidence.dsse.json").read_bytes(), "gate", "-", *RULES)
    assert said.code == 1
    assert "not what was signed" in said.err


def test_what_is_not_given_is_asked_for(away: SmallProject):
    said = away.say("gate", "handed")
    assert said.code == 2
    assert "--policy" in said.err
    assert "--trust" in said.err
    said = away.say("gate", "handed", "--policy", "policy.yaml")
    assert (said.code, "--trust" in said.err) == (2, True)


def test_a_stranger_measured_it(away: SmallProject):
    trust = "people:\n  - name: vera\n    key: |\n" + "".join(f"      {line}\n" for line in _another_key().splitlines())
    away.write("trust.yaml", f"{trust}    roles: [validator]\n")
    said = away.say("gate", "handed", "--policy", "policy.yaml", "--trust", "trust.yaml")
    assert said.code == 1, said


def _another_key() -> str:
    from assay.attest.keys import generate_key  # noqa: PLC0415 - beside its only use

    return generate_key().public.pem().strip()


@pytest.mark.parametrize(
    "more",
    [("--key", "mila"), ("--at", "yesterday"), ("--at", AT, "--state", "st"), ("--state", "st", "--key", "mila")],
)
def test_options_that_mean_nothing_here_are_refused(away: SmallProject, more: tuple[str, ...]):
    said = away.say("gate", "handed", *RULES, *more)
    assert said.code == 2, said
    assert more[0] in said.err or "mila" in said.err
    assert not (away.root / "st").exists()


def test_a_state_folder_signs_and_records(near: SmallProject, away: SmallProject):
    said = away.say("gate", "handed", *RULES, "--model", near.root / "model", "--state", "st")
    assert said.code == 0, said
    assert (away.root / "st/keys/default.pem").stat().st_mode & 0o077 == 0
    verified = away.say(
        "verify", "st/releases/small/1", "--key", "here=st/keys/default.pub", "--key", "near=measurer.pub",
        "--model", near.root / "model",
    )  # fmt: skip
    assert verified.code == 0, verified
    assert away.say("log", "check", "st/log").code == 0


def test_what_is_recorded_keeps_the_counts(away: SmallProject):
    (away.root / "handed/tally.json").unlink()
    said = away.say("gate", "handed", *RULES, "--state", "st")
    assert said.code == 2
    assert "--tally" in said.err
    assert not (away.root / "st").exists()


@pytest.mark.parametrize(("name", "version"), [("../small", "1"), ("small", ".."), ("small", "a/b"), ("", "1")])
def test_evidence_cannot_name_a_folder_outside(tmp_path: Path, name: str, version: str):
    with pytest.raises(assay.InputError, match="names a folder"):
        release_folder(tmp_path, name, version)


def test_a_gate_that_fails_leaves_no_new_key(near: SmallProject, away: SmallProject):
    near.say("run")  # makes the log
    state = near.root / ".assay"
    for name in ("default.pem", "default.pub"):
        (state / "keys" / name).unlink()
    (state / "keys/measurer.pub").write_bytes((away.root / "measurer.pub").read_bytes())
    (state / "log.private/key").chmod(0o644)
    said = near.say("gate", near.release)
    assert said.code == 2, said
    assert sorted(path.name for path in (state / "keys").iterdir()) == ["measurer.pub"]
    (state / "log.private/key").chmod(0o600)
    assert near.say("gate", near.release).code == 0
    assert "default.pem" in {path.name for path in (state / "keys").iterdir()}


def test_a_state_folder_whose_log_fails_is_left_without_a_key(away: SmallProject):
    away.write("st/log/tile/0/stray", "somebody else's")
    said = away.say("gate", "handed", *RULES, "--state", "st")
    assert said.code == 2, said
    assert not (away.root / "st/keys").exists()


def test_python_decides_anywhere(near: SmallProject, away: SmallProject):
    with inside(away.root):
        decided = assay.gate(
            "handed", policy="policy.yaml", measured_by=["measurer.pub"], model=str(near.root / "model"), at=AT
        )
    assert decided.verdict.decision == "allow"
    assert decided.verdict.decided_at == AT
    assert decided.verdict.decided_by.key == "0" * 64
    assert decided.verdict.model_sha256 == list_model(near.root / "model")[1]
