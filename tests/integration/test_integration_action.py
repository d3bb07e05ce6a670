"""The GitHub Action's own steps, run for each answer that Assay can give."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from assay.attest.keys import generate_key
from integration.action_runner import ROOT, run_action
from integration.projects import write_project

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED = {"allow": 0, "deny": 1, "undecided": 3}


@pytest.mark.parametrize("decision", sorted(EXPECTED))
def test_the_action_answers_with_the_decision(decision: str, tmp_path: Path) -> None:
    write_project(tmp_path / "work", decision)
    done = run_action(tmp_path / "work", tmp_path / "runner")
    gate = done.outputs["gate"]
    assert gate["decision"] == decision, done.log
    assert gate["exit-code"] == str(EXPECTED[decision])
    assert done.exit_code == EXPECTED[decision], done.log
    reports = tmp_path / "runner" / "assay-reports"
    assert {"summary.md", "assay.sarif", "assay.xml", "assay.json", "releases", "log-copy"} == names(reports)
    assert (reports / gate["evidence"]).is_file()
    assert json.loads((reports / "assay.json").read_text(encoding="utf-8"))["verdict"]["decision"] == decision
    assert done.summary == (reports / "summary.md").read_text(encoding="utf-8")
    assert done.used["github/codeql-action/upload-sarif"]["sarif_file"] == str(reports / "assay.sarif")
    assert done.used["actions/upload-artifact"]["path"] == str(reports)
    assert not [path for path in reports.rglob("*") if path.suffix == ".pem" or ".private" in path.name]


def names(folder: Path) -> set[str]:
    """Return what lies in a folder."""
    return {path.name for path in folder.iterdir()}


def test_undecided_is_handed_over_only_when_asked(tmp_path: Path) -> None:
    write_project(tmp_path / "work", "undecided")
    done = run_action(tmp_path / "work", tmp_path / "runner", {"on-undecided": "hand-over"})
    assert done.exit_code == 0, done.log
    assert done.outputs["gate"]["decision"] == "undecided"
    assert "Nothing is allowed yet" in done.log


def test_handing_over_does_not_help_a_denied_version(tmp_path: Path) -> None:
    write_project(tmp_path / "work", "deny")
    done = run_action(tmp_path / "work", tmp_path / "runner", {"on-undecided": "hand-over"})
    assert done.exit_code == 1, done.log


def test_a_later_job_decides_anew_on_kept_evidence_signed_by_the_same_key(tmp_path: Path) -> None:
    key = generate_key().pem().decode()
    write_project(tmp_path / "work", "undecided")
    first = run_action(tmp_path / "work", tmp_path / "runner", {"signing-key": key, "on-undecided": "hand-over"})
    assert first.outputs["gate"]["decision"] == "undecided", first.log

    # Another machine: a new checkout, the artifact unpacked as the example workflow does it.
    write_project(tmp_path / "later", "undecided")
    shutil.copytree(tmp_path / "runner" / "assay-reports", tmp_path / "later" / ".assay")
    evidence = f".assay/{first.outputs['gate']['evidence']}"
    again = run_action(tmp_path / "later", tmp_path / "second", {"signing-key": key, "evidence": evidence})
    assert again.outputs["gate"]["decision"] == "undecided", again.log
    assert again.exit_code == 3

    # Evidence that another key signed is nobody's word.
    write_project(tmp_path / "other", "undecided")
    shutil.copytree(tmp_path / "runner" / "assay-reports", tmp_path / "other" / ".assay")
    unknown = run_action(tmp_path / "other", tmp_path / "third", {"evidence": evidence})
    assert unknown.outputs["gate"]["decision"] == "error", unknown.log
    assert unknown.exit_code != 0


def test_a_key_in_the_checkout_is_refused(tmp_path: Path) -> None:
    write_project(tmp_path / "work", "allow")
    (tmp_path / "work" / ".assay" / "keys").mkdir(parents=True)
    (tmp_path / "work" / ".assay" / "keys" / "default.pem").write_text("committed by mistake", encoding="utf-8")
    done = run_action(tmp_path / "work", tmp_path / "runner", {"signing-key": generate_key().pem().decode()})
    assert done.exit_code == 2
    assert "does not belong in the checkout" in done.log


@pytest.mark.parametrize("missing", ["policy.yaml", "assay.yaml", "rows.csv"])
def test_a_missing_file_is_no_decision_and_fails(missing: str, tmp_path: Path) -> None:
    write_project(tmp_path / "work", "allow")
    (tmp_path / "work" / missing).unlink()
    done = run_action(tmp_path / "work", tmp_path / "runner", {"on-undecided": "hand-over"})
    assert done.outputs["gate"]["decision"] == "error", done.log
    assert done.exit_code == 2
    assert "decided nothing" in done.summary
    assert "github/codeql-action/upload-sarif" not in done.used


@pytest.mark.parametrize(("code", "verdict"), [(0, "deny"), (0, ""), (3, "allow"), (1, "allow"), (137, "")])
def test_an_answer_that_contradicts_itself_is_no_answer(code: int, verdict: str, tmp_path: Path) -> None:
    """A stand-in for a broken Assay: the one thing that cannot be had by running the real one."""
    (tmp_path / "work").mkdir()
    folder = tmp_path / "runner" / "assay" / "bin"
    done = run_action(tmp_path / "work", tmp_path / "runner", broken=broken(verdict, code))
    assert folder.is_dir()
    assert done.exit_code != 0, done.log
    assert done.outputs["gate"]["decision"] == "error"


def broken(verdict: str, code: int) -> str:
    """Return a program that writes a verdict and ends with a code, whatever it is asked."""
    text = json.dumps({"verdict": {"decision": verdict, "model": "m", "version": "1"}})
    writing = f"printf '{text}' > \"${{word#json=}}\";" if verdict else ":;"
    return f'#!/bin/sh\nfor word in "$@"; do case "$word" in json=*) {writing} esac; done\nexit {code}\n'


@pytest.mark.parametrize(
    "value", ["$(touch injected)", "`touch injected`", '"; touch injected; "', "x\ndecision=allow"]
)
def test_no_input_becomes_a_command_or_an_output(value: str, tmp_path: Path) -> None:
    write_project(tmp_path / "work", "deny")
    for name in ("stage", "evidence", "on-undecided"):
        done = run_action(tmp_path / "work", tmp_path / name, {name: value})
        assert done.exit_code != 0, done.log
        assert done.outputs["gate"]["decision"] != "allow"
    assert not list(tmp_path.rglob("injected"))


@pytest.mark.slow
def test_the_action_installs_itself_by_hash(tmp_path: Path) -> None:
    write_project(tmp_path / "work", "allow")
    done = run_action(tmp_path / "work", tmp_path / "runner", install=True)
    assert done.exit_code == 0, done.log
    assert not (ROOT / "build").exists()
