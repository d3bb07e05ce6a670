"""Model card and report are what was logged with their verdict, or verification fails and names them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from pathlib import Path

CARD, REPORT, ISSUED, ISSUED_RECEIPT = "model-card.md", "report.html", "documents.json", "documents-receipt.json"


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a decided release, made once."""
    root: Path = tmp_path_factory.mktemp("decided")
    return root


@pytest.fixture
def project(decided: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    if not (decided / ".assay").exists():
        assert small_project(decided, capsys).say("run").code == 0
    shutil.copytree(decided, tmp_path, dirs_exist_ok=True)
    return SmallProject(tmp_path, capsys)


def problems(project: SmallProject) -> list[str]:
    said = project.say("verify", project.release, "--format", "json")
    found = json.loads(said.out)
    assert (said.code, found["verified"]) in {(0, True), (1, False)}
    return [str(one) for one in found.get("problems", [])]


def test_both_documents_are_proven(project: SmallProject):
    proven = json.loads(project.say("verify", project.release, "--format", "json").out)["proven"]
    assert [name for name in (CARD, REPORT) if any(one.startswith(f"{name} is, byte for byte") for one in proven)] == [
        CARD,
        REPORT,
    ]


@pytest.mark.parametrize("name", [CARD, REPORT])
def test_a_changed_document_fails_verification_by_name(project: SmallProject, name: str):
    with (project.release / name).open("ab") as stream:
        stream.write(b"\n")
    assert any(one.startswith(f"- {name}: was changed") for one in problems(project))


@pytest.mark.parametrize("name", [CARD, REPORT])
def test_a_missing_document_is_said(project: SmallProject, name: str):
    (project.release / name).unlink()
    found = json.loads(project.say("verify", project.release, "--format", "json").out)
    assert found["verified"]
    assert any(one.startswith(f"{name}: it was written and logged, and is not here") for one in found["not_checked"])


def test_documents_without_their_attestation_fail(project: SmallProject):
    for name in (ISSUED, ISSUED_RECEIPT):
        (project.release / name).unlink()
    assert sum(f"{ISSUED} is missing" in one for one in problems(project)) == 2


@pytest.mark.parametrize("name", [ISSUED, ISSUED_RECEIPT])
def test_half_an_attestation_fails(project: SmallProject, name: str):
    (project.release / name).unlink()
    assert any(name in one for one in problems(project))


@pytest.mark.parametrize("name", [ISSUED, ISSUED_RECEIPT])
def test_every_byte_of_an_attestation_counts(project: SmallProject, name: str):
    path = project.release / name
    content = path.read_bytes()
    for at in range(0, len(content), max(1, len(content) // 12)):
        flipped = bytearray(content)
        flipped[at] ^= 1
        path.write_bytes(bytes(flipped))
        assert problems(project), f"byte {at} of {name}"


def test_documents_of_another_verdict_fail(project: SmallProject):
    kept = {name: (project.release / name).read_bytes() for name in (CARD, REPORT, ISSUED, ISSUED_RECEIPT)}
    project.replace("policy.yaml", "max: 0.2", "max: 0.001")
    assert project.say("run").code != 0
    for name, content in kept.items():
        (project.release / name).write_bytes(content)
    assert any("another verdict" in one for one in problems(project))


def test_deciding_again_keeps_true_documents_and_replaces_others(project: SmallProject):
    before = (project.release / REPORT).read_bytes()
    assert project.say("gate", project.release).code == 0
    assert (project.release / REPORT).read_bytes() == before
    assert not problems(project)
    (project.release / REPORT).write_text("<p>all is well</p>")
    (project.release / CARD).unlink()
    assert project.say("gate", project.release).code == 0
    assert b"all is well" not in (project.release / REPORT).read_bytes()
    assert (project.release / CARD).is_file()
    assert not problems(project)


def test_the_signature_of_who_measured_belongs_to_a_release(project: SmallProject):
    (project.release / "evidence.dsse.json").unlink()
    assert "- evidence.dsse.json: missing" in problems(project)


def test_the_trail_knows_of_the_documents(project: SmallProject):
    assert project.say("trail", "inventory").code == 0
    with contextlib.closing(sqlite3.connect(project.root / ".assay/trail.sqlite")) as connection:
        rows = connection.execute(
            "SELECT body FROM event WHERE type = 'report.issued' AND signature = 'holds'"
        ).fetchall()
    told = {json.loads(body)["fields"]["report"]: json.loads(body)["fields"]["report_sha256"] for (body,) in rows}
    assert told == {name: hashlib.sha256((project.release / name).read_bytes()).hexdigest() for name in (CARD, REPORT)}
