"""What happens to evidence, consents and releases between the verbs; whatever was changed is found."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from small_project import WAIVERS, SmallProject, files_under, small_project

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = {"mila": "data-scientist", "vera": "validator", "rosa": "risk-owner"}


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    return small_project(tmp_path, capsys)


def with_people(project: SmallProject, *, gap: float = 0.0, steps: str = "approvals: [{role: validator}]\n") -> None:
    """Give the project a trust file, approvals and waivers, and a model that is so unfair."""
    from small_project import rows  # noqa: PLC0415 - beside its only use

    text = "people:\n"
    for name, role in PEOPLE.items():
        pem = project.say("keys", "new", name).out
        text += f"  - name: {name}\n    key: |\n" + "".join(f"      {line}\n" for line in pem.splitlines())
        text += f"    roles: [{role}]\n"
    project.write("trust.yaml", text)
    project.replace("assay.yaml", "policy: policy.yaml", "policy: policy.yaml\ntrust: trust.yaml")
    policy = (project.root / "policy.yaml").read_text()
    project.write("policy.yaml", policy.replace("controls:", steps + WAIVERS + "controls:"))
    project.write("test.csv", rows(2000, gap=gap))


def decision(project: SmallProject) -> str:
    return str(json.loads((project.release / "verdict.json").read_text())["decision"])


WAIVE = ("waive", "--role", "risk-owner", "--control", "sex-gap", "--reason", "known", "--compensating", "second look")


def test_run_leaves_the_files_of_the_contract(project: SmallProject):
    assert project.say("run").code == 0
    names = {path.name for path in project.release.iterdir()}
    wanted = {
        "tally.json",
        "evidence.json",
        "verdict.json",
        "bundle.json",
        "receipt.json",
        "model-card.md",
        "report.html",
    }
    assert wanted <= names
    assert project.say("verify", project.release).code == 0


def test_an_unfair_model_is_denied_and_the_denial_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    project = small_project(tmp_path, capsys, gap=0.4)
    said = project.say("run", "--format", "json")
    assert said.code == 1
    assert json.loads(said.out)["verdict"]["decision"] == "deny"
    verified = project.say("verify", project.release, "--format", "json")
    assert (verified.code, json.loads(verified.out)["decision"]) == (0, "deny")


def test_assess_then_gate_is_run(project: SmallProject):
    assert project.say("assess").code == 0
    assert not (project.release / "verdict.json").exists()
    assert project.say("gate", project.release / "evidence.json").code == 0
    assert project.say("verify", project.release).code == 0


def test_a_run_that_fails_leaves_the_release_before_it_verifiable(project: SmallProject):
    assert project.say("run").code == 0
    before = files_under(project.release)
    key = project.root / ".assay/log.private/key"
    key.chmod(0o644)
    assert project.say("run").code == 2
    key.chmod(0o600)
    assert files_under(project.release) == before
    assert project.say("verify", project.release).code == 0


def test_a_key_that_was_never_made_signs_nothing(project: SmallProject):
    said = project.say("run", "--key", "nobody")
    assert said.code == 2
    assert "assay keys new nobody" in said.err
    assert not (project.root / ".assay/keys").exists()


def test_a_verdict_that_was_replaced_is_still_at_hand(project: SmallProject):
    project.say("run")
    first = (project.release / "verdict.json").read_bytes()
    project.write("model/weights.json", "{}")
    project.say("run")
    assert first in files_under(project.root / ".assay/evidence").values()


def test_gate_without_a_signature_decides_nothing(project: SmallProject):
    project.say("assess")
    (project.release / "evidence.dsse.json").unlink()
    said = project.say("gate", project.release / "evidence.json")
    assert said.code == 2
    assert "signature" in said.err
    assert not (project.release / "verdict.json").exists()


@pytest.mark.parametrize("name", ["evidence.json", "tally.json"])
def test_edited_evidence_decides_nothing(project: SmallProject, name: str):
    project.say("assess")
    path = project.release / name
    path.write_bytes(path.read_bytes().replace(b'"rows":2000', b'"rows":2001'))
    said = project.say("gate", project.release / "evidence.json")
    assert said.code in {1, 2}
    assert name in said.err
    assert not (project.release / "verdict.json").exists()


def test_evidence_signed_by_an_unknown_key(project: SmallProject):
    project.say("keys", "new", "stranger")
    project.say("assess", "--key", "stranger")
    for path in (project.root / ".assay/keys").glob("stranger*"):
        path.unlink()
    said = project.say("gate", project.release / "evidence.json")
    assert said.code == 1
    assert "unknown key" in said.err or "no key is trusted" in said.err


@pytest.mark.parametrize("change", ["changed", "added", "removed"])
def test_a_model_changed_since_the_evidence(project: SmallProject, change: str):
    project.write("model/other.json", "{}")
    project.say("assess")
    path = project.root / "model/other.json"
    if change == "changed":
        path.write_text("{ }")
    elif change == "added":
        project.write("model/third.json", "{}")
    else:
        path.unlink()
    said = project.say("gate", project.release / "evidence.json")
    assert said.code == 1
    assert change in said.err
    assert not (project.release / "verdict.json").exists()


def test_a_model_gone_since_the_evidence(project: SmallProject):
    project.say("assess")
    (project.root / "model/weights.json").unlink()
    (project.root / "model").rmdir()
    assert project.say("gate", project.release / "evidence.json").code == 2


@pytest.mark.parametrize("name", ["tally.json", "evidence.json", "verdict.json", "bundle.json", "receipt.json"])
def test_any_edited_file_of_a_release_fails_verification(project: SmallProject, name: str):
    project.say("run")
    path = project.release / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    said = project.say("verify", project.release)
    assert said.code == 1, said
    assert "VERIFIED" not in said.out


def test_a_bundle_of_another_model(project: SmallProject, tmp_path: Path):
    project.say("run")
    other = (project.release / "bundle.json").read_bytes()
    project.replace("assay.yaml", "name: small", "name: another")
    project.say("run")
    (tmp_path / ".assay/releases/another/1/bundle.json").write_bytes(other)
    assert project.say("verify", ".assay/releases/another/1").code == 1


def test_an_approval_is_asked_for_and_counts(project: SmallProject):
    with_people(project)
    assert project.say("run", "--key", "mila").code == 3
    assert project.say("approve", "--as", "vera", "--role", "validator", "--comment", "read it").code == 0
    assert project.say("gate", project.release, "--key", "mila").code == 0
    assert decision(project) == "allow"
    assert not any(b"read it" in content for content in files_under(project.root / ".assay/log").values())


def test_a_verdict_does_not_verify_without_the_approval_it_rests_on(project: SmallProject):
    with_people(project)
    project.say("run", "--key", "mila")
    project.say("approve", "--as", "vera", "--role", "validator")
    assert project.say("gate", project.release, "--key", "mila").code == 0
    assert project.say("verify", project.release).code == 0
    [consent] = (project.release / "consents").glob("*.json")
    consent.unlink()
    said = project.say("verify", project.release)
    assert said.code == 1
    assert consent.name in said.err


def test_a_revoked_approval_counts_no_more(project: SmallProject):
    with_people(project)
    project.say("run", "--key", "mila")
    project.say("approve", "--as", "vera", "--role", "validator")
    [consent] = [path.stem for path in (project.release / "consents").glob("*.json")]
    assert project.say("revoke", consent, "--as", "vera", "--reason", "a doubt").code == 0
    assert project.say("gate", project.release, "--key", "mila").code == 3


def test_the_author_cannot_approve(project: SmallProject):
    with_people(project, steps="approvals: [{role: data-scientist}]\n")
    project.say("run", "--key", "mila")
    said = project.say("approve", "--as", "mila", "--role", "data-scientist")
    assert said.code == 2
    assert "author" in said.err


def test_a_role_that_the_person_has_not(project: SmallProject):
    with_people(project)
    project.say("run", "--key", "mila")
    assert "validator" in project.say("approve", "--as", "vera", "--role", "risk-owner").err


def test_an_approval_is_void_when_the_evidence_is_measured_anew(project: SmallProject):
    with_people(project)
    project.say("run", "--key", "mila")
    project.say("approve", "--as", "vera", "--role", "validator")
    project.write("model/weights.json", "{}")
    said = project.say("run", "--key", "mila")
    assert said.code == 3
    assert "void" in said.out or "changed" in said.out


def test_a_waiver_lets_pass_and_the_finding_stays_a_fail(project: SmallProject):
    with_people(project, gap=0.4, steps="")
    assert project.say("run", "--key", "mila").code == 1
    assert project.say(*WAIVE, "--as", "rosa", "--expires", soon()).code == 0
    assert project.say("gate", project.release, "--key", "mila").code == 0
    findings = json.loads((project.release / "verdict.json").read_text())["findings"]
    [gap] = [finding for finding in findings if finding["control"] == "sex-gap"]
    assert gap["status"] == "fail"
    assert gap["waiver"]
    assert "stays" in (project.release / "report.html").read_text()


def test_a_waiver_that_does_not_count_is_shown_and_not_obeyed(project: SmallProject):
    with_people(project, gap=0.4, steps="")
    project.say("run", "--key", "mila")
    assert project.say(*WAIVE, "--as", "rosa", "--expires", soon()).code == 0
    consents = files_under(project.release / "consents")
    project.replace("assay.yaml", 'version: "1"', 'version: "2"')
    project.say("run", "--key", "mila")
    for path, content in consents.items():
        project.write(f".assay/releases/small/2/consents/{path}", content)
    said = project.say("gate", ".assay/releases/small/2", "--key", "mila")
    assert said.code == 1, said
    assert "refused" in said.out or "not counted" in said.out, said.out


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("expired", "expired on 2026-01-01"),
        ("too-long", "the policy permits 90 days"),
        ("not-permitted", "lets risk-owner accept a risk, not 'validator'"),
    ],
)
def test_a_waiver_that_no_gate_would_obey_is_refused_at_once(project: SmallProject, fault: str, words: str):
    with_people(project, gap=0.4, steps="")
    project.say("run", "--key", "mila")
    log = files_under(project.root / ".assay/log")
    expires = {"expired": "2026-01-01", "too-long": "2099-01-01"}.get(fault, soon())
    role, name = ("validator", "vera") if fault == "not-permitted" else ("risk-owner", "rosa")
    waive = [part if part != "risk-owner" else role for part in WAIVE]
    said = project.say(*waive, "--as", name, "--expires", expires)
    assert said.code == 2, said
    assert words in said.err
    assert not (project.release / "consents").exists()
    assert files_under(project.root / ".assay/log") == log


def test_who_neither_gave_an_approval_nor_has_a_role_of_the_policy_cannot_take_it_back(project: SmallProject):
    with_people(project)
    project.say("run", "--key", "mila")
    project.say("approve", "--as", "vera", "--role", "validator")
    [consent] = [path.stem for path in (project.release / "consents").glob("*.json")]
    said = project.say("revoke", consent, "--as", "mila", "--reason", "I would rather not")
    assert said.code == 2, said
    assert "vera" in said.err
    assert len(list((project.release / "consents").glob("*.json"))) == 1
    assert project.say("revoke", consent, "--as", "rosa", "--reason", "the risk has changed").code == 0
    assert project.say("gate", project.release, "--key", "mila").code == 3


def test_a_waiver_by_the_author_is_refused(project: SmallProject):
    with_people(project, gap=0.4, steps="")
    project.say("run", "--key", "mila")
    assert project.say(*WAIVE, "--as", "mila", "--expires", soon()).code == 2


def soon() -> str:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - beside its only use

    return (datetime.now(UTC) + timedelta(days=30)).date().isoformat()


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from assay.cli import answer
sys.exit(answer(sys.argv[2:]))
"""


@pytest.mark.parametrize("room", [100, 1_000, 4_000, 20_000, 100_000])
def test_a_full_disk_leaves_what_was_there(project: SmallProject, room: int):
    assert project.say("run").code == 0
    before = files_under(project.release)
    log = files_under(project.root / ".assay/log")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(room), "run"], cwd=project.root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr
    assert "full" in done.stderr or "too large" in done.stderr
    after = files_under(project.release)
    assert {name: after[name] for name in ("verdict.json", "bundle.json", "receipt.json")} == {
        name: before[name] for name in ("verdict.json", "bundle.json", "receipt.json")
    }
    assert not list((project.root / ".assay/releases").rglob(".*")), "a half-written folder is left"
    assert log.keys() <= files_under(project.root / ".assay/log").keys()
    assert project.say("log", "check", ".assay/log").code == 0
    assert project.say("run").code == 0


def test_json_is_alone_on_standard_output(project: SmallProject):
    said = project.say("run", "--format", "json")
    json.loads(said.out)
    assert "written" not in said.out


@pytest.mark.parametrize("form", ["text", "json", "markdown", "sarif", "junit"])
def test_every_format_has_the_same_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str):
    project = small_project(tmp_path, capsys, gap=0.4)
    said = project.say("run", "--format", form, "--output", f"{form}={tmp_path / 'out.txt'}")
    assert said.code == 1
    assert (tmp_path / "out.txt").read_text() == said.out


def test_order_of_output_is_the_same_each_time(project: SmallProject):
    first = project.say("measure", "test.csv", "--label", "approved", "--prediction", "predicted", "--protected", "sex",
                        "--score", "score", "--format", "json").out  # fmt: skip
    again = project.say("measure", "test.csv", "--label", "approved", "--prediction", "predicted", "--protected", "sex",
                        "--score", "score", "--format", "json").out  # fmt: skip
    assert first == again
