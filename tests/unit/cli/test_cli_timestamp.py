"""`assay log timestamp`: OpenSSL's authority puts a time to a checkpoint, and every verb that verifies tells it."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from small_project import SmallProject, small_project
from unit.adapters.openssl_authority import Authority, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    found = small_project(tmp_path / "project", capsys)
    for name in ("a-1", "a-2"):
        assert found.say("trail", "append", "monitor.ack", "-f", f"alert={name}", "-f", "by=mila").code == 0
    return found


@pytest.fixture
def tsa(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    authority = Authority(tmp_path / "tsa")
    with served(authority) as address:
        yield address, tmp_path / "tsa" / "root.pem"


def test_a_time_is_put_to_the_checkpoint_and_told_by_who_verifies(project: SmallProject, tsa: tuple[str, Path]) -> None:
    address, root = tsa
    said = project.say("log", "timestamp", ".assay/log", "--tsa", address, "--ca", str(root))
    assert said.code == 0
    assert ".assay/log.checkpoints/2.tsr: the log of 2 entries existed before 20" in said.out
    state = project.root / ".assay"
    assert (state / "log.tsa.pem").read_bytes() == root.read_bytes()
    assert (state / "log.checkpoints" / "2").read_bytes() == (state / "log" / "checkpoint").read_bytes()
    subprocess.run(
        ["openssl", "ts", "-verify", "-data", "2", "-in", "2.tsr", "-CAfile", root],
        cwd=state / "log.checkpoints", check=True, capture_output=True,
    )  # fmt: skip
    told = project.say("log", "check", ".assay/log")
    assert (told.code, "note: 2 entries existed before 20" in told.err) == (0, True)
    assert any(
        "CN=Test authority" in one
        for one in json.loads(project.say("verify", ".assay/log", "--format", "json").out)["proven"]
    )
    again = project.say("log", "timestamp", ".assay/log", "--tsa", "http://127.0.0.1:1/")
    assert (again.code, again.out) == (0, said.out)  # it is there already, and holds


def test_the_trail_tells_three_times(project: SmallProject, tsa: tuple[str, Path]) -> None:
    address, root = tsa
    fields = {"deployment": "d-1", "model": "small", "version": "1", "model_sha256": "0" * 64}
    given = [part for one in fields.items() for part in ("-f", "=".join(one))]
    given += ["-f", "environment=production", "-f", "outcome=succeeded", "--at", "2026-10-01T00:00:00Z"]
    assert project.say("trail", "append", "deployment.finished", *given).code == 0
    stamped = project.say("log", "checkpoint", ".assay/log", "--tsa", address, "--ca", str(root))
    assert "existed before 20" in stamped.err
    assert stamped.out.startswith("assay.invalid/small\n3\n")
    told = json.loads(project.say("trail", "query", "production", "--at", "2026-10-02", "--format", "json").out)
    (times,) = (one["times"] for one in told["cited"] if one["type"] == "deployment.finished")
    assert times["claimed"] == "2026-10-01T00:00:00Z"
    assert times["claimed"] < times["recorded"] <= times["proven_before"]
    assert times["proven_by"] == "the timestamp authority CN=Test authority"
    private = project.root / ".assay" / "log.private"
    shutil.move(private, project.root / "elsewhere")  # whoever may only read the log knows no time of its writer
    told = json.loads(project.say("trail", "query", "production", "--at", "2026-10-02", "--format", "json").out)
    (times,) = (one["times"] for one in told["cited"] if one["type"] == "deployment.finished")
    assert (times["recorded"], times["proven_before"] is None) == (None, False)


def test_what_does_not_hold_stops_every_answer(project: SmallProject, tsa: tuple[str, Path]) -> None:
    address, root = tsa
    project.say("log", "timestamp", ".assay/log", "--tsa", address, "--ca", str(root))
    token = project.root / ".assay" / "log.checkpoints" / "2.tsr"
    token.write_bytes(token.read_bytes()[:-2] + b"xx")
    for verb in (["log", "check", ".assay/log"], ["verify", ".assay/log"], ["trail", "inventory"]):
        said = project.say(*verb)
        assert (said.code, "2.tsr: timestamp" in said.out + said.err) == (1, True), verb


def test_what_is_missing_is_named(project: SmallProject, tsa: tuple[str, Path]) -> None:
    address, root = tsa
    for given, words in (
        ([address], "expected the certificates of the authority, found none: give them with --ca"),
        ([address, "--ca", "none.pem"], "none.pem"),
        ([address, "--ca", "assay.yaml"], "expected certificates in PEM"),
        ([address, "--ca", str(root), "--authority", "a/b"], "expected letters, digits"),
        (["http://127.0.0.1:1/", "--ca", str(root)], "no answer"),
    ):
        said = project.say("log", "timestamp", ".assay/log", "--tsa", *given)
        assert (said.code, words in said.err) == (2, True), said.err
    assert not (project.root / ".assay" / "log.tsa.pem").exists()
    assert "expected a log at" in project.say("log", "timestamp", "none", "--tsa", address).err
