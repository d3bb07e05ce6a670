"""Asking a real project's trail, as its users do, and what is told when the log is not what it was."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from assay.adapters.folder_log import FolderLog
from assay.adapters.folder_reader import FolderReader
from assay.adapters.here import project_at
from assay.errors import AssayError, InputError, VerificationError
from assay.lifecycle.asking import Documents, open_trail
from assay.lifecycle.trail_shards import Shard
from assay.records.canonical import sha256_hex
from assay.tlog.merkle import hash_leaf
from assay.tlog.proof import parse_proof
from assay.trail.questions import production
from assay.trail.view import Anchor
from small_project import SmallProject, files_under, small_project

if TYPE_CHECKING:
    from pathlib import Path

DEPLOY = (
    "trail", "append", "deployment.finished", "--as", "mila", "--at", "2026-10-01T09:30:00Z", "-f", "deployment=d-1",
    "-f", "model=small", "-f", "version=1", "-f", "model_sha256=@model/", "-f", "environment=production", "-f",
    "outcome=succeeded", "-f", "by=mila",
)  # fmt: skip


CRITERIA, RESULT, DECISION = 2, 4, 5
"""Entries of the first run; it leaves DEPLOYED entries, in this order: dataset, run started, criteria, run finished,
result, decision, and two documents."""

DEPLOYED = 8
SIZE = DEPLOYED + 1


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    made = small_project(tmp_path, capsys)
    assert made.say("keys", "new", "mila").code == 0
    assert made.say("run", "--key", "mila").code == 0
    assert made.say(*DEPLOY).code == 0
    return made


def test_who_was_in_production_is_one_command(project: SmallProject) -> None:
    said = project.say("trail", "query", "production", "--at", "2026-10-03")
    assert said.code == 0
    assert "Version 1 of small" in said.out
    assert "The gate had decided: allow" in said.out
    assert "2 of 3" not in said.out
    answer = json.loads(project.say("trail", "query", "production", "--at", "2026-10-03", "--format", "json").out)
    assert answer["rows"][0]["decision"] == "allow"
    assert [one["index"] for one in answer["proofs"]] == [CRITERIA, RESULT, DECISION, DEPLOYED]
    assert "checkpoint" not in answer  # which has more than one form; it goes with --proofs
    verdict = json.loads((project.release / "verdict.json").read_text())
    assert answer["rows"][0]["policy_sha256"] == verdict["policy"]["sha256"]
    assert project.say("trail", "query", "production", "--at", "2026-09-30").code == 3
    assert project.say("trail", "query", "production", "--at", "soon").code == 2
    assert project.say("trail", "query", "decisions", "--at", "2026-10-03").code == 2


def test_the_same_question_has_the_same_bytes_and_survives_its_projection(project: SmallProject) -> None:
    ask = ("trail", "query", "production", "--at", "2026-10-03", "--size", str(SIZE), "--format", "json")
    before = project.say(*ask).out
    (project.root / ".assay/trail.sqlite").unlink()
    assert project.say(*ask).out == before
    project.say("trail", "append", "monitor.ack", "--as", "mila", "-f", "alert=a", "-f", "by=mila")
    assert project.say(*ask).out == before  # though the log has gone on since
    text = [*ask[:-1], "markdown"]
    assert project.say(*text).out.count(f"size {SIZE}") == 1


@pytest.mark.parametrize("question", ["inventory", "validations", "runs", "alerts", "remediations", "decisions"])
def test_a_report_of_a_size_is_the_same_for_ever(project: SmallProject, question: str) -> None:
    ask = ("trail", "query", question, "--size", str(SIZE), "--format", "markdown")
    before = project.say(*ask).out
    assert "proven to stand in it" in before
    assert project.say("trail", "append", "monitor.ack", "--as", "mila", "-f", "alert=a", "-f", "by=mila").code == 0
    assert project.say(*ask).out == before


def test_an_archived_checkpoint_proves_an_answer_of_its_size(project: SmallProject) -> None:
    key = FolderReader.open(project.root / ".assay/log").key
    archive = project.root / ".assay/log.checkpoints"
    archive.mkdir(exist_ok=True)
    shutil.copy(project.root / ".assay/log/checkpoint", archive / str(SIZE))
    assert project.say("trail", "append", "monitor.ack", "--as", "mila", "-f", "alert=a", "-f", "by=mila").code == 0
    ask = ("trail", "query", "production", "--at", "2026-10-03", "--size", str(SIZE), "--proofs", "p3")
    assert project.say(*ask).code == 0
    proof = parse_proof((project.root / f"p3/{DEPLOYED}.tlog-proof").read_bytes())
    entry = (project.root / f"p3/{DEPLOYED}.entry").read_bytes()
    assert proof.verify(hash_leaf(entry), key).checkpoint.size == SIZE


def test_proofs_verify_with_the_logs_key_alone(project: SmallProject) -> None:
    assert project.say("trail", "query", "production", "--at", "2026-10-03", "--proofs", "proofs").code == 0
    key = FolderReader.open(project.root / ".assay/log").key
    for index in (CRITERIA, RESULT, DECISION, DEPLOYED):
        entry = (project.root / f"proofs/{index}.entry").read_bytes()
        proof = parse_proof((project.root / f"proofs/{index}.tlog-proof").read_bytes())
        assert proof.verify(hash_leaf(entry), key).checkpoint.size == SIZE
        with pytest.raises(VerificationError):
            proof.verify(hash_leaf(entry + b" "), key)
    said = project.say("trail", "query", "production", "--at", "2026-10-03", "--size", str(DEPLOYED), "--proofs", "p2")
    assert said.code == 2
    assert "checkpoint" in said.err


def test_every_verb_answers_in_every_form(project: SmallProject) -> None:
    for verb in (("query", "decisions"), ("query", "validations"), ("inventory",)):
        for form in ("text", "json", "markdown"):
            said = project.say("trail", *verb, "--format", form)
            assert said.code == 0, said.err
            assert "small" in said.out
            assert said.out == project.say("trail", *verb, "--format", form).out
    for form in ("text", "json", "svg", "openlineage"):
        assert project.say("trail", "lineage", "--model", "small", "--format", form).code == 0
    for question in ("alerts", "remediations"):
        assert project.say("trail", "query", question).code == 3
    assert project.say("trail", "lineage", "--model", "nothing").code == 3
    assert project.say("trail", "lineage", "--version", "1").code == 2
    assert project.say("trail", "inventory", "-o", "inventory.md", "--format", "markdown").out == ""
    assert "small" in (project.root / "inventory.md").read_text()
    assert "waiver.granted" in project.say("trail", "types").out
    assert "accepted the risk" in project.say("trail", "types", "waiver.granted").out
    assert project.say("trail", "types", "waiver").code == 2


def test_the_same_event_twice_is_one_entry(project: SmallProject) -> None:
    said = project.say(*DEPLOY, "--format", "json")
    assert json.loads(said.out) | {"id": ""} == {"id": "", "index": DEPLOYED, "new": False}
    before = files_under(project.root / ".assay/log")
    for wrong in (
        ("trail", "append", "deployment.finised"),
        ("trail", "append", "monitor.ack", "-f", "alert=a b", "-f", "by=mila"),
        ("trail", "append", "monitor.ack", "-f", "alert"),
        ("trail", "append", "monitor.ack", "--as", "nobody", "-f", "alert=a", "-f", "by=mila"),
    ):
        said = project.say(*wrong)
        assert said.code == 2
        assert said.err.startswith("assay: ")
    assert files_under(project.root / ".assay/log") == before


def test_a_name_stands_beside_the_log_and_can_be_erased(project: SmallProject) -> None:
    project.say("trail", "append", "monitor.ack", "--as", "mila", "-f", "alert=a", "-f", "by=Vera Novak")
    everything = {**files_under(project.root / ".assay/log"), "p": (project.root / ".assay/trail.sqlite").read_bytes()}
    assert not any(b"Novak" in content for content in everything.values())
    people = {path: path.read_text() for path in (project.root / ".assay/people").glob("*.json")}
    erased = next(path for path, text in people.items() if "Novak" in text)
    erased.unlink()
    assert project.say("trail", "check").code == 0
    assert project.say("log", "check", ".assay/log").code == 0


def test_a_changed_projection_is_named_and_answers_nothing(project: SmallProject) -> None:
    ask = ("trail", "query", "production", "--at", "2026-10-03")
    before = project.say(*ask)
    with contextlib.closing(sqlite3.connect(project.root / ".assay/trail.sqlite", isolation_level=None)) as connection:
        connection.execute("UPDATE event SET body = replace(body, '\"1\"', '\"9\"') WHERE idx = ?", (DEPLOYED,))
    said = project.say("trail", "check")
    assert said.code == 1
    assert f"event {DEPLOYED}: the projection says otherwise than the log" in said.err
    assert project.say(*ask).code == 1
    assert f"entry {DEPLOYED}: the projection says otherwise" in project.say(*ask).err
    assert project.say(*ask, "--rebuild") == before


def test_a_row_taken_from_the_projection_is_found_by_check_and_by_reading_anew(project: SmallProject) -> None:
    ask = ("trail", "query", "production", "--at", "2026-10-03")
    before = project.say(*ask)
    with contextlib.closing(sqlite3.connect(project.root / ".assay/trail.sqlite", isolation_level=None)) as connection:
        connection.execute("UPDATE event SET type = 'x' WHERE idx = ?", (DEPLOYED,))
    assert project.say("trail", "check").code == 1
    assert project.say(*ask, "--rebuild") == before


def test_a_projection_that_is_no_database_is_told(project: SmallProject) -> None:
    (project.root / ".assay/trail.sqlite").write_bytes(b"no database at all, but long enough to look at" * 40)
    said = project.say("trail", "inventory")
    assert said.code == 2
    assert "remove it and ask again" in said.err


def bundle(project: SmallProject) -> Path:
    return max((project.root / ".assay/log/tile/entries").rglob("*.p/*"), key=lambda path: int(path.name))


@pytest.mark.parametrize("seen_before", [True, False])
@pytest.mark.parametrize("place", [0, 2, 100, -1, -200])
def test_a_changed_entry_answers_nothing(project: SmallProject, place: int, *, seen_before: bool) -> None:
    if not seen_before:
        (project.root / ".assay/trail.sqlite").unlink()
    else:
        project.say("trail", "inventory")
    path = bundle(project)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    said = project.say("trail", "query", "production", "--at", "2026-10-03")
    assert said.code == 1
    assert said.out == ""


def test_an_entry_swapped_for_another_valid_one_is_told(project: SmallProject) -> None:
    (project.root / ".assay/trail.sqlite").unlink()
    path = bundle(project)
    content, entries = path.read_bytes(), []
    while content:
        length = struct.unpack(">H", content[:2])[0]
        entries.append(content[2 : 2 + length])
        content = content[2 + length :]
    path.write_bytes(b"".join(struct.pack(">H", len(one)) + one for one in (entries[1], entries[0], *entries[2:])))
    assert project.say("trail", "inventory").code == 1


def test_a_cut_or_rewritten_log_is_told_by_what_was_seen(project: SmallProject, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(project.root / ".assay/log", old)
    project.say("trail", "append", "monitor.ack", "--as", "mila", "-f", "alert=a", "-f", "by=mila")
    project.say("trail", "inventory")
    shutil.rmtree(project.root / ".assay/log")
    shutil.copytree(old, project.root / ".assay/log")
    said = project.say("trail", "inventory")
    assert said.code == 1
    assert f"cut: its projection has seen {SIZE + 1} entries, it has {SIZE} now" in said.err


def test_another_log_is_projected_anew(project: SmallProject) -> None:
    project.say("trail", "inventory")
    for name in ("log", "log.private"):
        shutil.rmtree(project.root / ".assay" / name)
    (project.root / ".assay/log.vkey").unlink()
    FolderLog.init(project.root / ".assay/log", "example.com/other")
    assert project.say("trail", "inventory").code == 3


def test_an_answer_that_is_given_out_is_recorded_by_its_digest(project: SmallProject) -> None:
    said = project.say("trail", "query", "decisions", "--format", "markdown", "-o", "d.md", "--issue", "mila")
    assert said.code == 0
    digest = sha256_hex((project.root / "d.md").read_bytes())
    assert f"entry {SIZE} of the log: SHA-256 {digest}" in said.err
    loaded = project_at(project.root)
    with open_trail(loaded, [Shard(reader=FolderReader.open(loaded.log))]) as trail:
        found = trail.at_index(SIZE)
    assert found is not None
    assert found.event is not None
    assert (found.event.fields.report_sha256, found.event.fields.size) == (digest, SIZE)


def test_many_recorders_at_once_record_each_event_once(project: SmallProject) -> None:
    code = "import sys; from assay.cli import main; main(sys.argv[1:])"
    said = ("trail", "append", "monitor.ack", "--as", "mila", "--at", "2026-10-01T00:00:00Z", "-f", "by=a new name")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, *said, "-f", f"alert=a{number % 3}"],
            cwd=project.root, env=environment, stdout=subprocess.DEVNULL,
        )
        for number in range(9)
    ]  # fmt: skip
    assert [process.wait(60) for process in running] == [0] * 9
    assert FolderReader.open(project.root / ".assay/log").checkpoint().checkpoint.size == SIZE + 3
    assert project.say("trail", "check").code == 0


def test_before_anything_is_recorded_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = small_project(tmp_path, capsys).say("trail", "inventory")
    assert said.code == 2
    assert "nothing is recorded yet" in said.err


def test_old_history_is_imported_once_and_labelled(project: SmallProject) -> None:
    line = {"type": "deployment.finished", "claimed_at": "2023-05-01T00:00:00Z",
            "fields": {"deployment": "d-0", "model": "small", "version": "0", "model_sha256": "0" * 64,
                       "environment": "production", "outcome": "succeeded"}}  # fmt: skip
    project.write("history.jsonl", json.dumps(line))
    assert project.say("trail", "import", "history.jsonl", "--source", "old", "--as", "mila").code == 0
    said = project.say("trail", "query", "production", "--at", "2023-06-01")
    assert "imported: a claim about the past" in re.sub(r"\s+", " ", said.out)
    again = project.say("trail", "import", "history.jsonl", "--source", "old", "--as", "mila")
    assert f"imported before, as entry {SIZE}" in again.out
    project.write("broken.jsonl", '{"type": "deployment.finished"}\n')
    assert project.say("trail", "import", "broken.jsonl", "--source", "old").code == 2


def test_documents_are_found_by_what_they_hold(project: SmallProject) -> None:
    documents = Documents(project.root / ".assay")
    evidence = (project.release / "evidence.json").read_bytes()
    digest = next(one for one in documents if documents[one] == evidence)
    assert len(documents) == len(list(documents))
    (project.release / "evidence.json").write_bytes(evidence + b" ")
    assert documents.get(digest) is None


def test_a_size_beyond_the_log_is_refused(project: SmallProject) -> None:
    loaded = project_at(project.root)
    with (
        open_trail(loaded, [Shard(reader=FolderReader.open(loaded.log))]) as trail,
        pytest.raises(InputError, match=f"from 0 to {SIZE}"),
    ):
        trail.view(SIZE + 1)
    assert project.say("trail", "inventory", "--size", str(SIZE + 1)).code == 2


def test_an_anchor_proves_a_time_for_what_it_covers(project: SmallProject) -> None:
    loaded = project_at(project.root)
    anchors = (Anchor(DEPLOYED, "2026-10-02T00:00:00Z", "tsa"), Anchor(SIZE, "2026-10-03T00:00:00Z", "witness"))
    with open_trail(loaded, [Shard(reader=FolderReader.open(loaded.log), anchors=anchors)]) as trail:
        answer = production(trail.view(), "small", "2026-10-03")
        earlier = production(trail.view(DEPLOYED), "small", "2026-10-03")
    assert [(one.index, one.times.proven_by) for one in answer.cited] == [
        (CRITERIA, "tsa"),
        (RESULT, "tsa"),
        (DECISION, "tsa"),
        (DEPLOYED, "witness"),
    ]
    assert not earlier.answered


def test_an_answer_that_does_not_stand_in_the_log_is_refused(project: SmallProject) -> None:
    import msgspec  # noqa: PLC0415 - this test alone forges a record

    loaded = project_at(project.root)
    with open_trail(loaded, [Shard(reader=FolderReader.open(loaded.log))]) as trail:
        answer = production(trail.view(), "small", "2026-10-03")
        forged = msgspec.structs.replace(
            answer, cited=(msgspec.structs.replace(answer.cited[0], leaf_sha256="0" * 64), *answer.cited[1:])
        )
        with pytest.raises(AssayError, match=f"entry {CRITERIA}: it does not stand in the log"):
            trail.proven(forged)
