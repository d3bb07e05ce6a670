"""A log whose retention is over: its entries are deleted, the one that goes on says so, and that is no loss."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import shutil
from typing import TYPE_CHECKING

import pytest

import assay
from assay.adapters import log_retiring
from assay.adapters.folder_log import FolderLog
from assay.adapters.folder_reader import FolderReader
from assay.adapters.log_places import InS3, Places, write_places
from assay.adapters.log_private import LogPrivate, private_folder
from assay.adapters.log_retiring import retire
from assay.adapters.log_succession import freeze, open_next, own_event, rotate_key
from assay.adapters.places_azure import InAzure
from assay.cli import answer
from assay.errors import InputError, VerificationError
from assay.lifecycle.retired import retirement
from assay.tlog.merkle import hash_leaf
from assay.tlog.proof import Proof, parse_proof
from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from pathlib import Path

NOW = "2037-01-01T00:00:00Z"
NEXT = "example.com/small/2027"
DEPLOYED = (
    "trail", "append", "deployment.finished", "--as", "mila", "--at", "2027-01-02T09:30:00Z", "-f", "deployment=d-2",
    "-f", "model=small", "-f", "version=1", "-f", "model_sha256=@model/", "-f", "environment=production", "-f",
    "outcome=succeeded", "-f", "by=mila",
)  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A frozen log of three entries, one of them long; ``new`` goes on."""
    log = FolderLog.init(tmp_path / "old", "example.com/2026")
    log.extend(log.by_digest([b"one", b"x" * 70_000]))
    freeze(tmp_path / "old", "example.com/2027", NOW)
    open_next(tmp_path / "old", tmp_path / "new", NOW).append([b"two"])
    return tmp_path / "old"


def test_the_entries_go_and_the_log_that_goes_on_says_so(old: Path) -> None:
    receipt = FolderLog.open(old).prove(0)
    root = FolderReader.open(old).checkpoint().checkpoint.root
    done = retire(old, "retention-over", NOW, policy=b"ten years")
    assert sorted(one.name for one in old.parent.iterdir()) == [
        "new", "new.private", "new.vkey", "old", "old.checkpoints", "old.next", "old.retired", "old.vkey",
    ]  # fmt: skip
    assert [one.name for one in old.iterdir()] == ["checkpoint"]
    assert done.words() == (
        f"the 3 entries of the log example.com/2026 were deleted by policy on {NOW} (retention-over), as entry 2 of "
        "the log example.com/2027 says"
    )
    assert retire(old, "retention-over", NOW) == done == retirement(old)
    assert FolderReader.open(old).checkpoint().checkpoint.root == root
    receipt.verify(hash_leaf(b"one"), FolderReader.open(old).key)  # made before
    assert FolderLog.open(old.parent / "new").check().problems == ()
    for ask in (lambda: FolderReader.open(old).prove(0), lambda: FolderLog.open(old)):
        with pytest.raises(InputError, match="was retired, its entries deleted"):
            ask()
    found = assay.verify(old)
    assert done.words()[1:] in found.proven[0]


def test_the_verb_names_what_it_does_not_reach(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    until = dt.datetime(2036, 12, 31, tzinfo=dt.UTC)
    in_s3, in_azure = (
        InS3("tiles", "tiles-head", "credit/", "COMPLIANCE", until),
        InAzure("w", "h", "", "Locked", None, 30),
    )
    write_places(private_folder(old), Places(s3=in_s3, azure=in_azure))
    with contextlib.chdir(old.parent):
        assert answer(["log", "retire", "old"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("the 3 entries of the log example.com/2026 were deleted by policy")
    assert err.splitlines() == [
        f"note: not deleted: {one}: delete it there, what is locked once its lock has ended"
        for one in (
            "s3://tiles/credit/ (COMPLIANCE, until 2036-12-31)",
            "s3://tiles-head/credit/ (not locked)",
            "Azure container w/ (Locked, 30 days from writing)",
            "Azure container h/ (not locked)",
        )
    ]
    assert not private_folder(old).exists()


def test_what_may_not_be_retired_stays(old: Path) -> None:
    with pytest.raises(InputError, match="expected a frozen log that another goes on after"):
        retire(old.with_name("new"), "retention-over", NOW)
    freeze(old.with_name("new"), "example.com/2028", NOW)
    open_next(old.with_name("new"), old.with_name("newest"), NOW)
    with pytest.raises(InputError, match="old comes before it and has its entries: retire that one first"):
        retire(old.with_name("new"), "retention-over", NOW)
    bundle = next((old / "tile" / "entries").rglob("3"))
    bundle.write_bytes(bundle.read_bytes().replace(b"one", b"two"))
    with pytest.raises(VerificationError, match="does not hold, so nothing was deleted; it may be evidence"):
        retire(old, "retention-over", NOW)
    assert bundle.exists()
    assert retirement(old) is None
    bundle.write_bytes(bundle.read_bytes().replace(b"two", b"one", 1))
    assert retire(old, "legal-obligation", NOW).log == "example.com/2028"
    assert retire(old.with_name("new"), "retention-over", NOW).entry == 2  # the next one, in its turn


@pytest.mark.parametrize("step", ["archive_checkpoint", "_told", "replace_file", "_delete", "sync_folder"])
def test_a_retirement_that_was_interrupted_is_finished(old: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unplugged(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(log_retiring, step, unplugged)
        with pytest.raises(KeyboardInterrupt):
            retire(old, "retention-over", NOW)
    assert (old / "tile").exists() == (step != "sync_folder")
    retire(old, "retention-over", "2037-01-02T00:00:00Z")
    assert [one.name for one in old.iterdir()] == ["checkpoint"]
    events = [one for one in FolderReader.open(old.with_name("new")).entries(2, 9) if b"payloadType" in one]
    assert len(events) == 1  # told once
    assert not list(old.parent.glob("old.retiring*"))


@pytest.mark.parametrize("meanwhile", ["another key", "another log"])
@pytest.mark.parametrize("step", ["_told", "replace_file"])
def test_the_log_that_says_so_may_change_before_it_is_finished(
    old: Path, step: str, meanwhile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the event was appended, or between it and its proof."""
    new = old.with_name("new")

    def unplugged(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(
            log_retiring if step == "replace_file" else FolderLog, {"_told": "extend"}.get(step, step), unplugged
        )
        with pytest.raises(KeyboardInterrupt):
            retire(old, "retention-over", NOW)
    if meanwhile == "another key":
        rotate_key(new, "planned", NOW)
    else:
        freeze(new, "example.com/2028", NOW)
        open_next(new, new.with_name("newest"), NOW)
    done = retire(old, "retention-over", NOW)
    assert done == retirement(old)
    assert done.log == ("example.com/2027" if meanwhile == "another key" else "example.com/2028")
    assert not list(old.parent.glob("old.retiring*"))


def test_a_forged_retirement_is_no_retirement(old: Path) -> None:
    """Who deleted a log's entries cannot say afterwards that the trail had said so."""
    shutil.copytree(old.parent, old.parent / "before")
    retire(old, "retention-over", NOW)
    proof, where = parse_proof(old.with_name("old.retired").read_bytes()), old.with_name("old.retired")
    new = FolderLog.open(old.with_name("new"))
    now = FolderReader.open(old).checkpoint().checkpoint
    fields = {"origin": "example.com/2027", "retired": now.origin, "size": now.size, "root": now.root.hex(),
              "checkpoint_sha256": "0" * 64, "ground": "retention-over"}  # fmt: skip
    thief = LogPrivate(private_folder(old.parent / "before" / "old")).key()
    own = LogPrivate(private_folder(old.with_name("new"))).key()
    forged = (
        own_event("log.retired", fields, NOW, [thief]),
        own_event("log.retired", {**fields, "size": 2}, NOW, [own]),
        own_event("log.retired", {**fields, "origin": "example.com/2026"}, NOW, [own]),
        b"nothing",
    )
    for entry in forged:
        (place,) = (one.index for one in new.append([entry]))
        proved = new.prove(place)
        where.write_bytes(Proof(proved.index, proved.hashes, proved.checkpoint, extra=entry).content())
        with pytest.raises(VerificationError, match="its entries are missing, and nothing says why"):
            retirement(old)
    where.write_bytes(Proof(proof.index, proof.hashes, proof.checkpoint, extra=forged[0]).content())
    with pytest.raises(VerificationError, match="does not stand at index 2"):
        retirement(old)
    where.write_bytes(Proof(proof.index, proof.hashes, proof.checkpoint).content())
    with pytest.raises(VerificationError, match="does not stand at index 2"):
        retirement(old)


def test_a_lost_log_is_called_lost_and_no_new_one_takes_its_place(old: Path) -> None:
    shutil.rmtree(old)
    with pytest.raises(VerificationError, match=r"lost: the log's folder is gone, though old\.next, old\.vkey beside"):
        FolderReader.open(old)
    shutil.rmtree(old.with_name("old.private"))
    with pytest.raises(InputError, match="a log was here"):
        FolderLog.init(old, "example.com/2026")
    with pytest.raises(InputError, match="expected a log's folder"):
        FolderReader.open(old.with_name("never"))


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    made = small_project(tmp_path, capsys)
    for line in (
        ("keys", "new", "mila"),
        ("run", "--key", "mila"),
        ("log", "freeze", ".assay/log", "--successor", NEXT),
        ("log", "init", ".assay/log-2027", "--after", ".assay/log"),
        DEPLOYED,
    ):
        said = made.say(*line)
        assert said.code == 0, said.err
    return made


def test_the_trail_goes_on_and_names_what_is_not_there(project: SmallProject) -> None:
    ask = ("trail", "query", "production", "--at", "2027-03-01", "--format", "json")
    before = json.loads(project.say(*ask).out)
    said = project.say("log", "retire", ".assay/log")
    assert said.code == 0, said.err
    assert project.say("log", "check", ".assay/log").out.startswith(f"{before['shards'][0]['origin']}: retired: the ")
    after = json.loads(project.say(*ask, "--proofs", "proofs").out)
    assert after["shards"][0] == before["shards"][0]  # counted, so that every entry keeps its number
    assert {one["index"] for one in after["cited"]} == {one["index"] for one in before["cited"] if one["shard"] == NEXT}
    assert after["missing"][0].endswith("says; nothing that they say is counted")
    assert "were deleted by policy on" in after["missing"][0]
    assert "were deleted by policy on" in project.say("trail", "lineage", "--model", "small").out
    assert project.say("trail", "check").code == 0
    first = before["shards"][0]["size"]
    said = project.say(*ask, "--size", str(first - 1))
    assert (said.code, "were deleted by policy on" in said.err) == (2, True)
    assert project.say(*ask, "--size", str(first)).code in {0, 3}
    rows = json.loads(project.say("trail", "query", "log", "--format", "json").out)["rows"]
    assert [row["event"] for row in rows] == ["log.opened", "log.retired"]
    said = project.say("verify", ".assay/releases/small/1")  # by the proofs that the release brings
    assert (said.code, "the log that the receipt is of: the " in said.out) == (0, True)
    assert project.say(*DEPLOYED[:6], "2027-01-03T09:30:00Z", *DEPLOYED[7:]).code == 0


def test_a_release_is_not_verified_beside_a_forged_retirement(project: SmallProject) -> None:
    assert project.say("log", "retire", ".assay/log").code == 0
    retired = project.root / ".assay/log.retired"
    retired.write_bytes(retired.read_bytes().replace(b"index 2", b"index 1"))
    said = project.say("verify", ".assay/releases/small/1")
    assert (said.code, "log.retired: inclusion proof" in said.err) == (1, True)


def test_the_trail_of_a_lost_log_is_not_answered(project: SmallProject) -> None:
    shutil.rmtree(project.root / ".assay/log")
    said = project.say("trail", "query", "production", "--at", "2027-03-01")
    assert (said.code, "lost: the log's folder is gone" in said.err) == (1, True)
    assert project.say("trail", "query", "inventory").code != 0
