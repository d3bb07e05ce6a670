"""Every verb that reads a file reads standard input for ``-``."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from small_project import Said, SmallProject, small_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    return small_project(tmp_path, capsys)


def piped(project: SmallProject, monkeypatch: pytest.MonkeyPatch, content: bytes, *arguments: str) -> Said:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    return project.say(*arguments)


def tar_of(folder: Path, *, name: str = "1") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(folder, arcname=name)
    return stream.getvalue()


def test_verify_reads_a_release_in_three_forms(project: SmallProject, monkeypatch: pytest.MonkeyPatch):
    assert project.say("run").code == 0
    keys = ("--key", "default=.assay/keys/default.pub", "--vkey", ".assay/log.vkey")
    assert piped(project, monkeypatch, tar_of(project.release), "verify", "-", *keys).code == 0
    bundle = (project.release / "bundle.json").read_bytes()
    said = piped(project, monkeypatch, bundle, "verify", "-")
    assert (said.code, "VERIFIED: small 1" in said.out) == (0, True)
    assert project.say("trail", "export", "--output", "bundle.zip").code == 0
    assert piped(project, monkeypatch, (project.root / "bundle.zip").read_bytes(), "verify", "-").code == 0
    path = project.release / "verdict.json"
    path.write_bytes(path.read_bytes().replace(b"allow", b"alloy"))
    assert piped(project, monkeypatch, tar_of(project.release), "verify", "-", *keys).code == 1
    assert piped(project, monkeypatch, bundle, "verify", "-").code == 1


@pytest.mark.parametrize("content", [b"", b"hello", b"{}", b"PK\x03\x04 and no zip", b"\x00" * 2048])
def test_verify_refuses_what_is_no_bundle(project: SmallProject, monkeypatch: pytest.MonkeyPatch, content: bytes):
    said = piped(project, monkeypatch, content, "verify", "-")
    assert said.code in {1, 2}, said
    assert said.out == ""
    assert "defect" not in said.err


def test_verify_writes_nothing_outside_of_its_folder(project: SmallProject, monkeypatch: pytest.MonkeyPatch):
    project.write("evil/bundle.json", "{}")
    said = piped(project, monkeypatch, tar_of(project.root / "evil", name="../../outside"), "verify", "-")
    assert said.code == 2
    assert "stay in their folder" in said.err
    assert not (project.root.parent.parent / "outside").exists()


def test_the_other_verbs_read_it_too(project: SmallProject, monkeypatch: pytest.MonkeyPatch):
    assert project.say("run").code == 0
    table = (project.root / "test.csv").read_bytes()
    rules = (project.root / "policy.yaml").read_bytes()
    evidence = (project.release / "evidence.json").read_bytes()
    columns = ("--label", "approved", "--prediction", "predicted", "--protected", "sex")
    event = {"alert": "a", "how": "accepted"}
    line = json.dumps({"type": "monitor.resolved", "claimed_at": "2023-05-01T00:00:00Z", "fields": event}).encode()
    for content, arguments in (
        (table, ("measure", "-", *columns)),
        (table, ("compare", "test.csv", "-")),
        (rules, ("policy", "lint", "-")),
        (rules, ("policy", "explain", "-")),
        (evidence, ("policy", "explain", "policy.yaml", "-")),
        (rules, ("policy", "diff", "policy.yaml", "-")),
        (rules, ("policy", "replay", "-")),
        (rules, ("gate", str(project.release), "--policy", "-")),
        (line, ("log", "append", ".assay/log", "-")),
        (line, ("trail", "import", "-", "--source", "old")),
    ):
        said = piped(project, monkeypatch, content, *arguments)
        assert said.code == 0, (arguments, said)
