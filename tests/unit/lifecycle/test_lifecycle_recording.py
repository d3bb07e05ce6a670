"""Recording on a real log in a folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from assay.adapters.folder_reader import FolderReader
from assay.adapters.here import log_of, project_at
from assay.errors import DocumentError, InputError
from assay.lifecycle.asking import open_trail
from assay.lifecycle.keyring import Keyring
from assay.lifecycle.people import pseudonym, read_people
from assay.lifecycle.recording import Nothing, Recorded, batch_id, imported_events, record, typed_fields
from assay.lifecycle.storing import keep_document
from assay.lifecycle.trail_shards import Shard
from assay.records.canonical import sha256_hex
from assay.trail.events import Event, make_event
from assay.trail.examples import AT, EXAMPLES, MILA, of
from small_project import small_project

if TYPE_CHECKING:
    from pathlib import Path

    from assay.lifecycle.project import Project


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    return project_at(small_project(tmp_path, capsys).root)


def ack(alert: str = "a-1", **head: Any) -> Event:  # noqa: ANN401 - as `make_event`
    return make_event("monitor.ack", {"alert": alert, "by": MILA}, claimed_at=AT, **head)


def write(project: Project, *events: Event) -> list[Recorded]:
    signer = Keyring(project.keys).signer("mila")
    if not (project.log / "checkpoint").exists():
        return record(events, log_of(project), signer, Nothing())
    with open_trail(project, [Shard(reader=FolderReader.open(project.log))]) as trail:
        return record(events, log_of(project), signer, trail)


def size(project: Project) -> int:
    return FolderReader.open(project.log).checkpoint().checkpoint.size


def test_an_event_is_recorded_once(project: Project) -> None:
    assert [(one.index, one.new) for one in write(project, ack("a"), ack("b"))] == [(0, True), (1, True)]
    assert [(one.index, one.new) for one in write(project, ack("c"), ack("b"), ack("c"))] == [
        (2, True), (1, False), (2, True),
    ]  # fmt: skip
    assert size(project) == 3


def test_an_id_stands_for_one_event(project: Project) -> None:
    with pytest.raises(InputError, match="found two with this one"):
        write(project, ack("a", identity="x"), ack("b", identity="x"))
    assert not project.log.exists()
    write(project, ack("a", identity="x"))
    with pytest.raises(InputError, match="entry 0 of the log has this id and says something else"):
        write(project, ack("new"), ack("b", identity="x"))
    assert size(project) == 1  # neither of the two


def test_what_is_recorded_is_signed_and_read_back(project: Project) -> None:
    event = ack("a", signed_by="ingest")
    write(project, event)
    with open_trail(project, [Shard(reader=FolderReader.open(project.log))]) as trail:
        found = trail.with_id(event.id)
    assert found is not None
    assert found.event == event
    assert found.counts


def test_a_correction_names_an_entry_of_its_own_type(project: Project) -> None:
    write(project, ack("a"))
    alert = make_event("monitor.alert", EXAMPLES["monitor.alert"], claimed_at=AT, corrects=0)
    for wrong, found in ((alert, "found a monitor.ack"), (ack("b", corrects=1), "found none")):
        with pytest.raises(InputError, match=found):
            write(project, wrong)
    assert write(project, ack("b", corrects=0))[0].index == 1


def test_a_person_keeps_one_pseudonym_until_erased(project: Project) -> None:
    first = pseudonym(project.state, "vera")
    assert pseudonym(project.state, "vera") == first
    assert pseudonym(project.state, "rosa") != first
    assert read_people(project.state)[first] == "vera"
    (project.state / "people" / f"{first}.json").unlink()
    assert pseudonym(project.state, "vera") != first


def test_fields_of_a_command_line_become_what_their_type_asks(project: Project, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("fine")
    found = typed_fields(
        "run.started",
        [("run", "r"), ("job", "12"), ("hyperparameters.C", "0.5"), ("hyperparameters.seed", "7"),
         ("inputs.train", f"@{tmp_path / 'words.txt'}")],
        project,
    )  # fmt: skip
    assert found == {"run": "r", "job": "12", "hyperparameters": {"C": "0.5", "seed": "7"},
                     "inputs": {"train": sha256_hex(b"fine")}}  # fmt: skip
    assert typed_fields("clock.skew", [("seconds", "95"), ("host", "95")], project) == {"seconds": 95, "host": "95"}
    assert typed_fields("privacy.erasure.done", [("stores", "a, b")], project) == {"stores": ["a", "b"]}
    by = typed_fields("monitor.ack", [("by", "vera")], project)["by"]
    assert read_people(project.state)[by] == "vera"
    assert typed_fields("monitor.ack", [("by", by)], project) == {"by": by}
    assert len(typed_fields("model.registered", [("model_sha256", f"@{project.model}")], project)["model_sha256"]) == 64


def test_a_field_given_twice_or_a_missing_file_is_told(project: Project) -> None:
    for pairs in ([("alert", "a"), ("alert", "b")], [("by", "a"), ("by", "b")]):
        with pytest.raises(InputError, match="found twice"):
            typed_fields("monitor.ack", pairs, project)
    with pytest.raises(InputError, match="found twice"):
        typed_fields("run.started", [("inputs.a", of("a")), ("inputs.a", of("b"))], project)
    with pytest.raises(InputError, match="does not exist"):
        typed_fields("review.comment", [("comment_sha256", "@nowhere.txt")], project)


def lines(*documents: object) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in documents)


def old(kind: str = "deployment.finished", at: str = "2023-05-01T00:00:00Z", **more: object) -> dict[str, object]:
    return {"type": kind, "claimed_at": at, "fields": EXAMPLES[kind], **more}


def test_old_history_is_a_claim_with_its_source_and_importer(project: Project) -> None:
    content = lines(old(), old("monitor.alert", "2022-01-01T00:00:00Z", id="legacy-1"))
    events = imported_events(
        content, source="old", form="assay-events", importer=MILA, name="h", at=AT, role="engineer"
    )
    batch = events[0].fields
    assert (batch.source_sha256, batch.events, batch.importer, batch.importer_role) == (
        sha256_hex(content), 2, MILA, "engineer",
    )  # fmt: skip
    assert (batch.earliest, batch.latest) == ("2022-01-01T00:00:00Z", "2023-05-01T00:00:00Z")
    assert {event.batch for event in events[1:]} == {batch_id(content)} == {events[0].id}
    assert {event.signed_by for event in events[1:]} == {"ingest"}
    assert events[2].id == "legacy-1"
    assert [one.index for one in write(project, *events)] == [0, 1, 2]
    assert keep_document(project.state, content) == sha256_hex(content)
    assert (project.state / "evidence" / sha256_hex(content)).read_bytes() == content


def test_every_problem_of_an_imported_file_is_told_with_its_line() -> None:
    content = (
        lines(old(), {"type": "x", "claimed_at": AT, "fields": {}}, old("import.batch"), {"kind": 1}) + b"no json\n"
    )
    with pytest.raises(DocumentError) as caught:
        imported_events(content, source="old", form="assay-events", importer=MILA, name="h.jsonl", at=AT)
    told = str(caught.value)
    for place in (
        "h.jsonl:2:1 $.type",
        "h.jsonl:3:1 $.type",
        "h.jsonl:4:1 $.kind",
        "h.jsonl:4:1 $.fields",
        "h.jsonl:5:1",
    ):
        assert place in told
    assert "h.jsonl:1" not in told


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_file_is_no_history(content: bytes) -> None:
    with pytest.raises(DocumentError, match="expected 1 to"):
        imported_events(content, source="old", form="assay-events", importer=MILA, name="h", at=AT)
