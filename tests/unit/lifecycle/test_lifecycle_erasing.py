"""Erasing a person from a real project: nothing is left, every proof holds, and no backup brings it back."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from approved_project import ERASE, NAME, approved_project
from assay.errors import StorageError
from assay.lifecycle import erasing
from assay.trail.searching import Search
from small_project import SmallProject, files_under

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def approved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which a person approved a release that is in production."""
    return tmp_path_factory.mktemp("approved")


@pytest.fixture
def project(approved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    if not (approved / "assay.yaml").exists():
        approved_project(approved, capsys)
    shutil.copytree(approved, tmp_path / "copy")
    return SmallProject(tmp_path / "copy", capsys)


def holding(folder: Path) -> list[str]:
    """Return every file that holds the name, by a search of our own."""
    return [name for name, content in files_under(folder).items() if Search(NAME).found_in(content) or NAME in name]


def test_nothing_is_left_and_every_proof_holds(project: SmallProject) -> None:
    assert len(holding(project.root)) > 7
    assert project.say("trail", "erase", "--scan", NAME).code == 1
    said = project.say(*ERASE, NAME)
    assert said.code == 0, said
    assert holding(project.root) == []
    assert project.say("trail", "erase", "--scan", NAME).code == 0
    assert project.say("log", "check", project.root / ".assay/log").code == 0
    assert project.say("trail", "check").code == 0
    verified = project.say("verify", project.release)
    assert verified.code == 0, verified
    assert "erased on" in verified.out
    assert "by dora" in verified.out
    answer = project.say("trail", "query", "production")
    assert answer.code == 0
    assert "erased on" in answer.out
    assert "approved it as validator" in " ".join(answer.out.split())
    assert NAME not in answer.out
    assert "ticket" not in (project.root / "erasures.jsonl").read_text()


def test_a_dry_run_and_a_scan_change_nothing(project: SmallProject) -> None:
    def stored() -> dict[str, bytes]:
        return {name: content for name, content in files_under(project.root).items() if "trail." not in name}

    before = stored()
    said = project.say(*ERASE, "--dry-run", NAME, "--format", "json")
    assert said.code == 0
    steps = {step["path"]: step["act"] for step in json.loads(said.out)["steps"]}
    assert steps["trust.yaml"] == "rewrite"
    assert steps[f".assay/keys/{NAME}.pem"] == "remove"
    assert project.say("trail", "erase", "--scan", NAME, "--format", "json").code == 1
    assert stored() == before


def test_a_restored_backup_is_erased_again(project: SmallProject, tmp_path: Path) -> None:
    shutil.copytree(project.root / ".assay", tmp_path / "backup")
    assert project.say(*ERASE, NAME).code == 0
    for store in ("releases", "people", "evidence", "keys"):
        shutil.copytree(tmp_path / "backup" / store, project.root / ".assay" / store, dirs_exist_ok=True)
    assert holding(project.root)
    said = project.say("trail", "query", "production")
    assert "it was back" in said.err
    assert holding(project.root) == []
    assert project.say("verify", project.release).code == 0


@pytest.mark.parametrize("people", [True, False], ids=["with people", "without people"])
def test_a_restored_log_does_not_bring_people_back(project: SmallProject, tmp_path: Path, people: bool) -> None:
    shutil.copytree(project.root / ".assay", tmp_path / "backup")
    assert project.say(*ERASE, NAME).code == 0
    shutil.rmtree(project.root / ".assay")
    shutil.copytree(tmp_path / "backup", project.root / ".assay")
    if not people:
        shutil.rmtree(project.root / ".assay/people")
    assert "not in this log" in project.say("trail", "query", "production").err
    assert holding(project.root) == []
    assert project.say("trail", "erase", "--replay").code == 0
    assert project.say("log", "check", project.root / ".assay/log").code == 0
    assert project.say("verify", project.release).code == (0 if people else 1)
    assert project.say("trail", "erase", "--replay").out.startswith("0 erasures")


def test_an_erasure_that_was_interrupted_is_finished_at_the_next_opening(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_plan: object) -> None:
        raise StorageError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "apply_plan", fails)
        assert project.say(*ERASE, NAME).code == 2
    assert holding(project.root)
    assert project.say("trail", "query", "decisions").code == 0
    assert holding(project.root) == []
    assert project.say("verify", project.release).code == 0


KILLED = """
import os, signal, sys
from pathlib import Path
from assay.lifecycle import erasing
module, step = sys.argv[1].rsplit(".", 1)
setattr(__import__(module, fromlist=[step]), step, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
from assay.cli import main
main(sys.argv[2:])
"""


@pytest.mark.parametrize(
    "step",
    [
        "assay.lifecycle.erasing.remember", "assay.lifecycle.replaying.tell", "assay.lifecycle.replaying.publish",
        "assay.lifecycle.erasing.apply_plan",
    ],
)  # fmt: skip
@pytest.mark.parametrize("again", [True, False], ids=["state restored", "as it was left"])
def test_an_erasure_that_was_killed_is_in_ledger_and_releases_at_the_next_opening(
    project: SmallProject, tmp_path: Path, step: str, again: bool
) -> None:
    """Between the log and all else; at a release, or at its files; before anything was destroyed."""
    shutil.copytree(project.root / ".assay", tmp_path / "backup")
    command = [sys.executable, "-c", KILLED, step, *ERASE, NAME]
    done = subprocess.run(command, cwd=project.root, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b""), done.stderr.decode()
    ledger = project.root / "erasures.jsonl"
    assert ledger.exists() == step.endswith("apply_plan")
    assert holding(project.root)
    said = project.say("trail", "query", "production")
    assert said.code == 0, said.err
    assert holding(project.root) == []
    lines = ledger.read_bytes().splitlines()
    kept = [one.read_bytes() for one in sorted((project.release / "erasures").glob("*.dsse.json"))]
    assert lines == kept
    assert len(lines) == 1
    verified = project.say("verify", project.release)
    assert (verified.code, "by dora" in verified.out) == (0, True), verified
    assert project.say("trail", "erase", "--scan", NAME).code == 0
    if again:  # the ledger alone brings it about
        shutil.rmtree(project.root / ".assay")
        shutil.copytree(tmp_path / "backup", project.root / ".assay")
        assert project.say("trail", "query", "production").code == 0
        assert holding(project.root) == []
    assert project.say("trail", "query", "production").code == 0
    assert ledger.read_bytes().splitlines() == lines  # told once


def test_what_is_signed_may_be_kept(project: SmallProject) -> None:
    before = (project.release / "verdict.json").read_bytes()
    said = project.say(*ERASE, "--keep-signed", NAME, "--format", "json")
    assert said.code == 1
    told = json.loads(said.out)
    assert ".assay/releases/small/1/verdict.json" in {one["path"] for one in told["left"]}
    assert (project.release / "verdict.json").read_bytes() == before
    assert holding(project.root / ".assay/people") == []
    assert project.say("verify", project.release).code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--as", "mila"), "data-protection-officer"),
        (("--as", "nobody"), "expected one of the keys"),
        (("--as", "dora", "--reason", f"because of {NAME}"), "do not repeat"),
        (("--as", "dora", "dora"), "somebody else"),
        (("--as", "dora", "nowhere-at-all"), "something to erase"),
        (("--as", "dora", "ab"), "at least 3"),
    ],
)
def test_who_may_not_erase_erases_nothing(project: SmallProject, arguments: tuple[str, ...], message: str) -> None:
    given = ("trail", "erase", "--ground", "request", "--reason", "ticket", *arguments)
    names = () if len(arguments) % 2 else (NAME,)
    said = project.say(*given, *names)
    assert (said.code, message in said.err) == (2, True), said
    assert (project.root / f".assay/keys/{NAME}.pem").exists()
    assert not (project.root / "erasures.jsonl").exists()


def test_an_erasure_that_says_too_little_is_refused(project: SmallProject) -> None:
    said = project.say("trail", "erase", NAME)
    assert said.code == 2
    assert "--as, --ground, --reason" in said.err
    assert project.say("trail", "erase").code == 2


def test_an_erasure_by_somebody_else_erases_nothing_for_a_verifier(project: SmallProject) -> None:
    assert project.say(*ERASE, NAME).code == 0
    project.replace("trust.yaml", "roles: [data-protection-officer]", "roles: [intern]")
    said = project.say("verify", project.release)
    assert said.code == 1
    assert "it erases nothing" in said.err
    assert "was changed after it was signed" in said.err


def test_another_change_beside_an_erasure_is_seen(project: SmallProject) -> None:
    assert project.say(*ERASE, NAME).code == 0
    verdict = project.release / "verdict.json"
    verdict.write_bytes(verdict.read_bytes().replace(b"small", b"smell"))
    assert project.say("verify", project.release).code == 1


def test_a_missing_proof_of_an_erasure_is_told(project: SmallProject) -> None:
    assert project.say(*ERASE, NAME).code == 0
    for proof in (project.release / "erasures").glob("*.tlog-proof"):
        proof.unlink()
    assert project.say("verify", project.release).code == 1


def test_pages_that_a_database_freed_are_searched(project: SmallProject) -> None:
    path = project.root / ".assay/cache.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE held (pad TEXT, name TEXT)")
        connection.executemany("INSERT INTO held VALUES (?, ?)", [("x" * 900, NAME)] * 40)
        connection.commit()
        connection.execute("DELETE FROM held")
        connection.commit()
    said = project.say("trail", "erase", "--scan", NAME, "--format", "json")
    hits = {hit["path"]: hit["spelled"] for hit in json.loads(said.out)["hits"]}
    assert "free page of a database" in hits[".assay/cache.sqlite"]


def test_a_backup_is_searched_where_it_is_named(project: SmallProject, tmp_path: Path) -> None:
    assert project.say(*ERASE, NAME).code == 0
    backup = tmp_path / "elsewhere.txt"
    backup.write_text(f"by {NAME}")
    assert project.say("trail", "erase", "--scan", NAME, "--also", backup).code == 1
    assert project.say("trail", "erase", "--scan", NAME, "--also", tmp_path / "absent").code == 2


def test_an_auditor_is_told_of_an_erasure_and_nothing_of_the_person(project: SmallProject) -> None:
    assert project.say(*ERASE, NAME).code == 0
    assert project.say("trail", "export", "-o", "bundle.zip").code == 0
    assert holding(project.root) == []
    with zipfile.ZipFile(project.root / "bundle.zip") as archive:
        archive.extractall(project.root / "bundle")
    command = [sys.executable, "verify.pyz", "--json"]
    said = subprocess.run(command, cwd=project.root / "bundle", capture_output=True, text=True, check=False)
    told = json.loads(said.stdout)
    assert (said.returncode, told["problems"]) == (0, [])
    assert any("erased by dora" in line for line in told["not_checked"])
    assert any("a record was rewritten by an erasure" in line for line in told["not_checked"])


def test_a_bundle_without_the_erasure_does_not_hold(project: SmallProject) -> None:
    assert project.say(*ERASE, NAME).code == 0
    shutil.rmtree(project.release / "erasures")
    said = project.say("trail", "export", "-o", "bundle.zip")
    assert said.code == 1
    assert "not what the verification result was signed about" in said.err
    assert not (project.root / "bundle.zip").exists()


def test_two_people_are_erased_one_after_the_other(project: SmallProject) -> None:
    assert project.say(*ERASE, NAME).code == 0
    project.replace("assay.yaml", "author: mila", "author: somebody")
    said = project.say(*ERASE, "mila")
    assert said.code == 0, said
    assert project.say("trail", "erase", "--scan", "mila").code == 0
    verified = project.say("verify", project.release)
    assert verified.code == 0, verified


def test_documents_that_name_the_person_are_found_rewritten_and_told(project: SmallProject) -> None:
    typst = pytest.importorskip("typst", reason="PDF is an extra")
    assert typst
    project.write("dossier.yaml", f"system:\n  misuse: {NAME} decides what it is for.\n")
    assert project.say("report", "annex-iv", "--out", "handed", "--as", "mila").code == 0
    assert NAME in (project.root / "handed/annex-iv.md").read_text()
    project.write("dossier.yaml", "system:\n  misuse: It ranks applications.\n")
    erased = project.say(*ERASE, NAME, "--format", "json")
    told = json.loads(erased.out)
    became = {one["document"]: one["became"] for one in told["documents"]}
    assert became["annex-iv.html"] == became["annex-iv.md"] == "rewritten"
    assert became["annex-iv.pdf"] == "shredded"
    assert {"handed/annex-iv.pdf", "handed/annex-iv.md"} <= {*told["copies"]}
    assert erased.code == 1
    kept = [path.read_bytes() for path in (project.root / ".assay/evidence").rglob("*") if path.is_file()]
    assert kept
    assert not [one for one in kept if NAME.encode() in one]
