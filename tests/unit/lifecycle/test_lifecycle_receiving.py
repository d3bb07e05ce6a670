"""A server takes a project's log once and in order, finds one that was changed, and decides by itself."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from assay.adapters.folder_reader import FolderReader
from assay.adapters.here import project_at
from assay.attest.keys import generate_key
from assay.errors import DocumentError, InputError, RefusedError, StorageError, VerificationError
from assay.lifecycle import delivering
from assay.lifecycle.keyring import read_public_keys
from assay.lifecycle.people import read_people
from assay.lifecycle.received import Place
from assay.lifecycle.receiving_checks import ForkError, Pipeline
from assay.lifecycle.verification import verify_release
from assay.records.canonical import sha256_hex
from assay.records.delivery import OutOfStepError, parse_delivery, seal_delivery
from assay.tlog.log_keys import always
from assay.tlog.signer import signer_key
from assay.trail.delivered import DELIVERED
from assay.trail.reading import read_entry
from delivery_home import SYSTEM, BareLog, DeliveryHome, decided_project, pipeline_of
from small_project import small_project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assay.adapters.project_log import ProjectLog
    from assay.lifecycle.publishing import Submission
    from small_project import SmallProject

ANY = pipeline_of()
RELEASE = Place(model="small", version="1")


@pytest.fixture
def home(tmp_path: Path) -> DeliveryHome:
    return DeliveryHome(tmp_path / "home")


@pytest.fixture
def log(tmp_path: Path) -> BareLog:
    made = BareLog(tmp_path / "project" / "log")
    made.append(*(f"entry {number}".encode() for number in range(7)))
    return made


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    return decided_project(tmp_path / "project", capsys)


def types(home: DeliveryHome) -> list[str]:
    return [read_entry(index, entry, ()).type for index, entry in enumerate(home.entries())]


def test_entries_are_taken_as_they_are_and_the_server_says_so_after_them(home: DeliveryHome, log: BareLog) -> None:
    taken = home.receiver.take(log.delivery(0), ANY)
    assert (taken.new, taken.reached.size) == (7, 7)
    assert home.entries()[:7] == [f"entry {number}".encode() for number in range(7)]
    assert types(home)[7:] == [DELIVERED]


def test_a_repeated_delivery_is_acknowledged_and_adds_nothing(home: DeliveryHome, log: BareLog) -> None:
    first = log.delivery(0, 4)
    home.receiver.take(first, ANY)
    home.receiver.take(log.delivery(4), ANY)
    before = home.entries()
    again = home.receiver.take(first, ANY)
    assert (again.new, again.reached.size) == (0, 7)
    assert home.entries() == before


def test_entries_that_were_taken_in_other_pieces_are_compared_and_not_taken_again(
    home: DeliveryHome, log: BareLog
) -> None:
    home.receiver.take(log.delivery(0, 5), ANY)
    taken = home.receiver.take(log.delivery(3), ANY)
    assert (taken.new, taken.reached.size) == (2, 7)
    assert [entry for entry in home.entries() if entry.startswith(b"entry")] == [
        f"entry {number}".encode() for number in range(7)
    ]


def test_documents_go_ahead_of_entries_under_any_later_checkpoint(home: DeliveryHome, log: BareLog) -> None:
    home.receiver.take(log.delivery(0, 4), ANY)
    document = b"a document"
    ahead = log.delivery(4, 4, documents={sha256_hex(document): document}, proof=())
    assert home.receiver.take(ahead, ANY).reached.size == 4
    assert home.receiver.unknown(log.origin, [sha256_hex(document)]) == ()


def test_an_old_checkpoint_over_what_was_taken_adds_nothing(home: DeliveryHome, log: BareLog) -> None:
    old = log.delivery(2)
    log.append(b"entry 7")
    home.receiver.take(log.delivery(0), ANY)
    assert home.receiver.take(old, ANY).new == 0


def test_a_gap_is_told_with_where_to_go_on(home: DeliveryHome, log: BareLog) -> None:
    home.receiver.take(log.delivery(0, 2), ANY)
    with pytest.raises(OutOfStepError, match="expected its next entry, 2") as caught:
        home.receiver.take(log.delivery(3), ANY)
    assert caught.value.reached.size == 2


def test_a_log_that_was_cut_is_refused(home: DeliveryHome, log: BareLog, tmp_path: Path) -> None:
    shutil.copytree(log.folder.parent, tmp_path / "old")
    log.append(b"entry 7")
    home.receiver.take(log.delivery(0), ANY)
    with pytest.raises(VerificationError, match="8 of its entries were delivered, and it signs 7 now: it was cut"):
        home.receiver.take(BareLog(tmp_path / "old" / "log").delivery(7), ANY)


def test_entries_beyond_an_old_checkpoint_are_refused(home: DeliveryHome, log: BareLog) -> None:
    old = parse_delivery(log.delivery(0)).checkpoint
    log.append(b"entry 7", b"entry 8")
    home.receiver.take(log.delivery(0, 8), ANY)
    with pytest.raises(InputError, match="2 beyond its size 7"):
        home.receiver.take(log.delivery(7, 9, checkpoint=old), ANY)


@pytest.mark.parametrize("at", [0, 3, 6])
def test_a_log_that_was_forked_is_refused_and_its_word_kept(
    home: DeliveryHome, log: BareLog, tmp_path: Path, at: int
) -> None:
    """The same key signs another history: what an operator could do who wants an entry to be gone."""
    fork = forked(log, tmp_path / "fork", at)
    home.receiver.take(log.delivery(0), ANY)
    note = parse_delivery(fork.delivery(7)).checkpoint
    with pytest.raises(ForkError, match="rewritten or forked"):
        home.receiver.take(fork.delivery(7), ANY)
    assert (home.state / "evidence" / sha256_hex(note.encode())).read_text() == note
    with pytest.raises(ForkError, match=f"its entry {at} is another one"):
        home.receiver.take(fork.delivery(at), ANY)
    assert home.receiver.reached(log.origin).size == 7


def forked(log: BareLog, folder: Path, at: int) -> BareLog:
    """Return another log with the same key: the same up to an entry, and longer."""
    private = folder / "log.private"
    private.mkdir(mode=0o700, parents=True)
    (private / "key").write_bytes((log.folder.with_name("log.private") / "key").read_bytes())
    (private / "key").chmod(0o600)
    fork = BareLog(folder / "log")
    fork.append(*(b"other" if number == at else f"entry {number}".encode() for number in range(9)))
    return fork


def test_another_log_of_the_same_name_is_refused(home: DeliveryHome, log: BareLog, tmp_path: Path) -> None:
    home.receiver.take(log.delivery(0), ANY)
    other = BareLog(tmp_path / "other" / "log")
    other.append(*(f"entry {number}".encode() for number in range(9)))
    with pytest.raises(VerificationError, match="another log under the same name"):
        home.receiver.take(other.delivery(7), ANY)


def test_a_key_that_was_registered_beforehand_is_the_one(home: DeliveryHome, log: BareLog) -> None:
    vkeys = {log.origin: always(signer_key(log.origin, bytes(32)).verifier)}
    registered = Pipeline(name="ci", systems=None, keys=(), vkeys=vkeys)
    with pytest.raises(VerificationError, match="by which this server knows it, found another"):
        home.receiver.take(log.delivery(0), registered)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"entries": (b"another",)}, "do not give the root"),
        ({"proof": ("0" * 64,)}, "do not give the root"),
        ({"checkpoint": "example.com/small\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"}, "note"),
    ],
)
def test_what_the_log_has_not_signed_is_refused(
    home: DeliveryHome, log: BareLog, changes: dict[str, object], expected: str
) -> None:
    with pytest.raises(VerificationError, match=expected):
        home.receiver.take(log.delivery(0, None, **changes), ANY)
    assert not (home.state / "log").exists()


def test_a_pipeline_delivers_for_its_own_systems_alone(home: DeliveryHome, log: BareLog) -> None:
    with pytest.raises(RefusedError, match="expected one that the pipeline ci is registered for"):
        home.receiver.take(log.delivery(0, system="another"), ANY)
    home.receiver.take(log.delivery(0, 3), ANY)
    with pytest.raises(InputError, match="delivered for another system"):
        home.receiver.take(log.delivery(3, system="another"), pipeline_of(systems=None))


def test_a_servers_log_is_not_delivered_to_a_server(home: DeliveryHome, log: BareLog) -> None:
    home.receiver.take(log.delivery(0), ANY)
    log.append(home.entries()[-1])
    with pytest.raises(InputError, match="found a server's"):
        home.receiver.take(log.delivery(7), ANY)


def test_a_document_is_kept_only_when_something_names_it(home: DeliveryHome, log: BareLog) -> None:
    named, other = b"a document", b"another one"
    log.append(b'{"sha256": "' + sha256_hex(named).encode() + b'"}')
    both = {sha256_hex(one): one for one in (named, other)}
    assert home.receiver.unknown(log.origin, both) == tuple(both)
    home.receiver.take(log.delivery(0, 0, documents=both), ANY)
    assert home.receiver.unknown(log.origin, both) == ()
    assert not (home.state / "evidence").exists()
    home.receiver.take(log.delivery(0), ANY)
    assert [path.name for path in (home.state / "evidence").iterdir()] == [sha256_hex(named)]


class Broken:
    """A log whose disk refuses, before or after it has taken the entries."""

    def __init__(self, log: ProjectLog, *, after: bool) -> None:
        self.log, self.after = log, after
        self.append, self.entries = log.append, log.entries

    def take(self, submissions: Sequence[Submission]) -> tuple[str, list[int]]:
        if self.after:
            self.log.take(submissions)
        raise StorageError("no space left")


@pytest.mark.parametrize("after", [False, True])
def test_what_a_crash_left_is_finished_by_whoever_comes_next(home: DeliveryHome, log: BareLog, after: bool) -> None:
    from assay.adapters.project_log import ProjectLog  # noqa: PLC0415 - here alone

    home.log = Broken(ProjectLog(home.state / "log", "server"), after=after)
    with pytest.raises(StorageError):
        home.receiver.take(log.delivery(0, 4), ANY)
    home.log = None
    assert home.receiver.reached(log.origin).size == 4
    home.receiver.take(log.delivery(4), ANY)
    whole = DeliveryHome(home.root.with_name("whole"))
    whole.receiver.take(log.delivery(0, 4), ANY)
    whole.receiver.take(log.delivery(4), ANY)
    assert [e for e in home.entries() if e.startswith(b"entry")] == [
        e for e in whole.entries() if e.startswith(b"entry")
    ]
    assert types(home) == types(whole)


def test_any_flipped_byte_of_a_delivery_is_refused(home: DeliveryHome, log: BareLog) -> None:
    content = log.delivery(0)
    for position in range(0, len(content), 7):
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        with pytest.raises((DocumentError, VerificationError)):
            home.receiver.take(bytes(changed), ANY)
    assert not (home.state / "log").exists()


# Releases.


def test_without_an_adopted_policy_a_release_waits_and_nothing_lets_it_out(
    home: DeliveryHome, project: SmallProject
) -> None:
    pushed = home.push(project.root)
    assert [(one.outcome, one.decision) for one in pushed.outcomes] == [("waits", None)]
    assert "nobody has adopted a policy for small" in pushed.outcomes[0].words
    folder = home.state / "releases/small/1"
    assert sorted(path.name for path in folder.iterdir()) == ["evidence.dsse.json", "evidence.json", "tally.json"]
    with pytest.raises(VerificationError, match=r"verdict\.json: missing"):
        verify_release(folder)
    assert home.receiver.judge.sources(RELEASE).keys() == {"assay.yaml", "policy.yaml"}
    waiting = home.receiver.judge.waiting
    assert [one.place for one in waiting()] == [one.place for one in waiting(SYSTEM, models=["small"])] == [RELEASE]
    assert list(waiting(SYSTEM, models=["other"])) == list(waiting("another")) == []


def test_the_server_decides_by_itself_and_its_release_verifies(home: DeliveryHome, project: SmallProject) -> None:
    home.push(project.root)
    home.adopt(project.root / "policy.yaml")
    (outcome,) = home.receiver.judge.decide_waiting(SYSTEM)
    assert (outcome.outcome, outcome.decision) == ("decided", "allow")
    folder = home.state / "releases/small/1"
    assert verify_release(folder).decision == "allow"
    delivered = home.receiver.kept.release(RELEASE)
    assert delivered is not None
    own, theirs = (folder / "verdict.json").read_bytes(), (project.release / "verdict.json").read_bytes()
    assert delivered.verdict_sha256 == sha256_hex(own) != delivered.files["verdict.json"] == sha256_hex(theirs)
    assert home.receiver.kept.document(sha256_hex(theirs)) == theirs  # kept as evidence
    assert list(home.receiver.judge.waiting()) == []


def test_a_looser_policy_of_the_pipeline_lets_nothing_out(
    home: DeliveryHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = small_project(tmp_path / "project", capsys, gap=0.5)
    adopted = project.write("adopted/policy.yaml", (project.root / "policy.yaml").read_bytes())
    project.replace("policy.yaml", "limit: {max: 0.2}", "limit: {max: 0.9}")
    assert project.say("run").code == 0
    home.adopt(adopted)
    (outcome,) = home.push(project.root).outcomes
    assert (outcome.outcome, outcome.decision) == ("waits", None)
    assert "which nobody has adopted" in outcome.words
    project.write("policy.yaml", adopted.read_bytes())
    assert project.say("run").code == 1
    (outcome,) = home.push(project.root).outcomes
    assert (outcome.outcome, outcome.decision) == ("decided", "deny")


def test_evidence_by_a_key_of_nobody_registered_is_refused_whole(home: DeliveryHome, project: SmallProject) -> None:
    pushed = home.push(project.root, pipeline_of(generate_key().public))
    assert "registered for the pipeline ci" in pushed.refused[0].words
    assert (pushed.outcomes, home.receiver.kept.release(RELEASE)) == ([], None)


def test_a_name_belongs_to_the_system_that_delivered_it_first(
    home: DeliveryHome, project: SmallProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.push(project.root)
    other = small_project(tmp_path / "other", capsys)
    other.replace("assay.yaml", "system: small", "system: other")
    assert other.say("run").code == 0
    key = tuple(read_public_keys(other.root / ".assay/keys").values())
    pushed = home.push(other.root, pipeline_of(*key, systems=("other",)))
    assert "the name belongs to another system" in pushed.refused[0].words


@pytest.mark.parametrize("name", ["evidence.json", "verdict.json", "tally.json", "receipt.json", "bundle.json"])
def test_a_release_that_was_edited_is_refused(home: DeliveryHome, project: SmallProject, name: str) -> None:
    path = project.release / name
    content = path.read_bytes()
    at = content.rindex(b"1")
    path.write_bytes(content[:at] + b"2" + content[at + 1 :])
    pushed = home.push(project.root)
    assert [one.place for one in pushed.refused] == [("small", "1", "")]
    assert (pushed.outcomes, home.receiver.kept.release(RELEASE)) == ([], None)


def test_many_deliveries_and_few_give_the_same_log(
    home: DeliveryHome, project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.push(project.root)
    monkeypatch.setattr(delivering, "MAX_ENTRIES", 2)
    monkeypatch.setattr(delivering, "CHUNK_BYTES", 20_000)
    small = DeliveryHome(home.root.with_name("small"))
    pushed = small.push(project.root)
    assert [one.outcome for one in pushed.outcomes] == ["waits"]
    theirs = list(FolderReader.open(project_at(project.root).log).entries(0, 10**6))
    for one in (home, small):
        assert [entry for entry in one.entries() if entry in theirs] == theirs


def test_names_are_delivered_only_when_they_are_wanted(
    home: DeliveryHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = small_project(tmp_path / "named", capsys)
    project.replace("assay.yaml", "author: mila", "author: mila, owner: Rosa Diaz")
    assert project.say("run").code == 0
    home.push(project.root)
    assert read_people(home.state) == {}
    home.push(project.root, with_names=True)
    assert "Rosa Diaz" in read_people(home.state).values()


def test_a_pseudonym_that_stands_for_somebody_else_is_refused(home: DeliveryHome, log: BareLog) -> None:
    code = "p_" + "a" * 32
    home.receiver.take(log.delivery(0, people={code: "vera"}), ANY)
    log.append(b"entry 7")
    with pytest.raises(InputError, match="stand for another"):
        home.receiver.take(log.delivery(7, people={code: "mila"}), ANY)


def test_a_server_that_knows_more_of_the_log_is_told_by_the_sender(
    home: DeliveryHome, project: SmallProject, tmp_path: Path
) -> None:
    shutil.copytree(project.root, tmp_path / "backup")
    assert project.say("run").code == 0
    home.push(project.root)
    with pytest.raises(VerificationError, match="cut, or restored"):
        home.push(tmp_path / "backup")


def test_a_delivery_reads_back_as_it_was_sealed(log: BareLog) -> None:
    content = log.delivery(0)
    assert seal_delivery(parse_delivery(content)) == content


def test_a_delivery_that_is_not_in_its_one_form_is_refused(log: BareLog) -> None:
    content = log.delivery(0)
    with pytest.raises(DocumentError, match="changed on the way"):
        parse_delivery(content.replace(b'":', b'": ', 1))
