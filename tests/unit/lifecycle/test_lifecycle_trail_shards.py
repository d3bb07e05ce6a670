"""A log that goes on in others is one trail: asked, proven, checked and recorded in through all of them."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import assay
from assay.adapters.folder_log import FolderLog
from assay.adapters.folder_reader import FolderReader
from assay.adapters.folder_shards import trail_of
from assay.adapters.here import project_at
from assay.lifecycle.asking import open_trail
from assay.lifecycle.log_shards import next_path
from assay.tlog.merkle import hash_leaf
from assay.tlog.proof import parse_proof
from assay.trail.log_history import log_history
from assay.trail.questions import production
from assay.trail.view import Anchor
from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from pathlib import Path

AT = "2026-01-01T00:00:00Z"
NEXT = "example.com/small/2027"
ACK = ("trail", "append", "monitor.ack", "--as", "mila", "-f", "alert=a", "-f", "by=mila")


def deploy(version: str, at: str) -> tuple[str, ...]:
    return (
        "trail", "append", "deployment.finished", "--as", "mila", "--at", at, "-f", f"deployment=d-{version}",
        "-f", "model=small", "-f", "version=1", "-f", "model_sha256=@model/", "-f", "environment=production", "-f",
        "outcome=succeeded", "-f", "by=mila",
    )  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    made = small_project(tmp_path, capsys)
    for line in (
        ("keys", "new", "mila"),
        ("run", "--key", "mila"),
        deploy("1", "2026-10-01T09:30:00Z"),
        ("log", "freeze", ".assay/log", "--successor", NEXT),
        ("log", "init", ".assay/log-2027", "--after", ".assay/log"),
        deploy("2", "2027-01-02T09:30:00Z"),
    ):
        said = made.say(*line)
        assert said.code == 0, said.err
    return made


def ended(project: SmallProject) -> int:
    return FolderReader.open(project.root / ".assay/log").checkpoint().checkpoint.size


def test_an_answer_rests_on_entries_of_both_and_names_them(project: SmallProject) -> None:
    first, origin = ended(project), FolderReader.open(project.root / ".assay/log").key.name
    said = project.say("trail", "query", "production", "--at", "2027-03-01")
    assert said.code == 0
    assert "goes on" not in said.err
    assert f"entry 1 of {NEXT}]" in " ".join(said.out.split())
    assert f"size {first}, root" in said.out
    assert f"{first + 2} entries in all" in " ".join(said.out.split())
    asked = project.say("trail", "query", "production", "--at", "2027-03-01", "--format", "json", "--proofs", "proofs")
    answer = json.loads(asked.out)
    assert [(one["origin"], one["first"], one["size"]) for one in answer["shards"]] == [
        (origin, 0, first),
        (NEXT, first, 2),
    ]
    assert (answer["size"], answer["origin"]) == (first + 2, NEXT)
    assert {one["shard"] for one in answer["proofs"]} == {origin, NEXT}
    for one in answer["proofs"]:
        key = FolderReader.open(project.root / (".assay/log" if one["shard"] == origin else ".assay/log-2027")).key
        entry = (project.root / f"proofs/{one['index']}.entry").read_bytes()
        proof = parse_proof((project.root / f"proofs/{one['index']}.tlog-proof").read_bytes())
        assert proof.index == one["entry"]
        assert proof.verify(hash_leaf(entry), key).checkpoint.origin == one["shard"]
    markdown = project.say("trail", "query", "production", "--at", "2027-03-01", "--format", "markdown").out
    assert f'<a id="entry-{first + 1}"></a>1 of {NEXT.replace("_", "-")}' in markdown


def test_a_size_counts_through_all_and_its_answer_stays_as_it_was(project: SmallProject) -> None:
    first = ended(project)
    ask = ("trail", "query", "production", "--at", "2026-10-03", "--format", "json", "--size")
    alone = json.loads(project.say(*ask, str(first)).out)
    assert [one["size"] for one in alone["shards"]] == [first]
    assert project.say(*ask, str(first + 2), "--proofs", "p1").code == 0
    assert project.say(*ask, str(first + 3)).code == 2
    before = project.say(*ask, str(first + 1)).out
    assert project.say(*ACK).out.strip().endswith(f"is entry 2 of the log that goes on ({first + 2} of the trail).")
    assert project.say(*ask, str(first + 1)).out == before
    (project.root / ".assay/trail.sqlite").unlink()
    assert project.say(*ask, str(first + 1)).out == before
    assert project.say(*ask, str(first + 1), "--proofs", "p2").code == 2  # no checkpoint of one entry is kept


def test_every_verb_reads_all_shards(project: SmallProject) -> None:
    said = project.say("trail", "check")
    assert (said.code, said.out) == (0, f"The projection says what the log says, up to size {ended(project) + 2}.\n")
    assert project.say("trail", "inventory").code == 0
    assert (
        NEXT
        in project.say("trail", "lineage", "--model", "small").out
        + project.say("trail", "lineage", "--model", "small", "--format", "svg").out
    )
    with assay.open_trail(project.root) as trail:
        answer = trail.proven(production(trail.view(), "small", "2027-03-01"))
        assert (trail.first, trail.size) == (ended(project), answer.size)
        assert trail.rebuilt() == []
    batch = project.root / "old.jsonl"
    batch.write_text(
        json.dumps({"type": "monitor.ack", "claimed_at": AT, "fields": {"alert": "a", "by": f"p_{'0' * 32}"}})
    )
    first = project.say("trail", "import", "old.jsonl", "--source", "old", "--as", "mila")
    assert first.code == 0, first.err
    assert "of the log that goes on" in first.out
    assert "nothing was recorded" in project.say("trail", "import", "old.jsonl", "--source", "old", "--as", "mila").out


def test_the_log_tells_of_itself_with_its_own_keys(project: SmallProject) -> None:
    assert project.say("log", "rotate-key", ".assay/log-2027").code == 0
    answer = json.loads(project.say("trail", "query", "log", "--format", "json").out)
    assert [row["event"] for row in answer["rows"]] == ["log.frozen", "log.opened", "key.rotated"]
    assert [one["signed_by"][0] for one in answer["cited"]][1:] == [f"the log {NEXT}"] * 2
    assert answer["missing"] == []
    said = project.say("trail", "query", "log").out
    assert " ".join(said.split()).count("as the log itself says") == 3
    assert project.say("trail", "query", "log", "--model", "small").code == 2
    assert project.say("trail", "check").code == 0


def test_a_logs_key_says_nothing_about_another_log_or_a_model(project: SmallProject) -> None:
    from assay.adapters.log_private import LogPrivate, private_folder  # noqa: PLC0415 - what an operator has
    from assay.attest import dsse  # noqa: PLC0415 - as above
    from assay.attest.keys import PrivateKey, Signer  # noqa: PLC0415 - as above
    from assay.trail.events import event_statement, make_event  # noqa: PLC0415 - as above

    folder = project.root / ".assay/log-2027"
    key = LogPrivate(private_folder(folder)).key()
    events = (
        make_event("log.frozen", {"origin": "example.com/other", "successor": "example.com/x"}, claimed_at=AT),
        make_event("monitor.ack", {"alert": "a", "by": f"p_{'0' * 32}"}, claimed_at=AT),
    )
    signer = Signer(key.name, PrivateKey(key.seed))
    FolderLog.open(folder).append([dsse.sign(event_statement(one), [signer]).content() for one in events])
    with assay.open_trail(project.root) as trail:
        last = [trail.at_index(trail.size - 2), trail.at_index(trail.size - 1)]
        assert [one is not None and one.counts for one in last] == [False, False]
        assert "answers nothing" in log_history(trail.view()).missing[0]


def test_a_shard_that_does_not_go_on_is_refused(project: SmallProject) -> None:
    assert project.say("trail", "check").code == 0
    signpost = next_path(project.root / ".assay/log")
    kept = signpost.read_bytes()
    signpost.unlink()
    said = project.say("trail", "query", "decisions")
    assert (said.code, f"cut: its projection has seen that {NEXT} goes on" in said.err) == (1, True)
    other = FolderLog.init(project.root / ".assay/other", NEXT)
    other.append([b"one", b"two"])
    signpost.write_text("other\n")
    said = project.say("trail", "query", "decisions")
    assert (said.code, "expected entry 0 to be log.opened, signed with its key" in said.err) == (1, True)
    FolderLog.init(project.root / ".assay/third", "example.com/third").append([b"one"])
    signpost.write_text("third\n")
    said = project.say("trail", "query", "decisions")
    assert (said.code, "expected its last entry to be log.frozen" in said.err) == (1, True)
    signpost.write_bytes(kept)
    assert project.say("trail", "check").code == 0


def test_who_has_seen_the_next_log_has_seen_the_end_of_the_last(project: SmallProject) -> None:
    first, seen = ended(project), "2027-01-03T00:00:00Z"
    shards, left = trail_of(project.root / ".assay/log")
    assert left == []
    shards[1] = replace(shards[1], anchors=(Anchor(0, AT, "a witness"), Anchor(1, seen, "a witness")))
    with open_trail(project_at(project.root), shards) as trail:
        times = trail.view().times
        assert [times(index).proven_before for index in (0, first - 1, first, first + 1)] == [seen, seen, seen, None]
        assert trail.view(first).times(0).proven_before is None


def test_a_bundle_over_both_holds_on_bare_python(project: SmallProject) -> None:
    config = project.root / "assay.yaml"
    assert project.say("log", "rotate-key", ".assay/log-2027").code == 0
    config.write_text(config.read_text().replace('version: "1"', 'version: "2"'))
    assert project.say("run", "--key", "mila").code == 0
    said = project.say("trail", "export", "--release", "small/1", "--release", "small/2", "-o", "bundle.zip")
    assert said.code == 0, said.err
    with zipfile.ZipFile(project.root / "bundle.zip") as archive:
        trust = json.loads(archive.read("trust.json"))
        (project.root / "verify.pyz").write_bytes(archive.read("verify.pyz"))
    assert [line.rpartition("+")[2].split(" ")[1:] for line in trust["logs"]] == [[], ["0", "3"], ["3"]]
    command = [sys.executable, "-I", "-S", "verify.pyz", "bundle.zip"]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    origin = FolderReader.open(project.root / ".assay/log").key.name
    results = [line for line in done.stdout.splitlines() if "the test result is entry" in line]
    assert [f"of the log {name}," in line for name, line in zip((origin, NEXT), results, strict=True)] == [True, True]
    for version in ("1", "2"):
        verified = project.say("verify", f".assay/releases/small/{version}")
        assert verified.code == 0, verified.err
        assert "it is another one than the receipt's" not in verified.out + verified.err
