"""A server follows a project's log from each of its keys to the next one, by the event that both have signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assay.adapters.folder_reader import FolderReader
from assay.adapters.log_private import LogPrivate, private_folder
from assay.adapters.log_succession import own_event, rotate_key
from assay.attest.keys import PrivateKey
from assay.errors import VerificationError
from assay.lifecycle.log_handover import ed25519_keys, handovers
from assay.tlog.log_keys import always
from assay.tlog.signer import signer_key
from delivery_home import BareLog, DeliveryHome, decided_project, pipeline_of

if TYPE_CHECKING:
    from pathlib import Path

    from small_project import SmallProject

ANY = pipeline_of()
NOW = "2027-01-01T00:00:00Z"


@pytest.fixture
def home(tmp_path: Path) -> DeliveryHome:
    return DeliveryHome(tmp_path / "home")


@pytest.fixture
def log(tmp_path: Path) -> BareLog:
    made = BareLog(tmp_path / "project" / "log")
    made.append(b"entry 0", b"entry 1")
    return made


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    return decided_project(tmp_path / "project", capsys)


def test_a_log_is_followed_to_its_new_keys(home: DeliveryHome, log: BareLog) -> None:
    home.receiver.take(log.delivery(0), ANY)
    rotate_key(log.folder, "planned", NOW)
    rotate_key(log.folder, "planned", NOW)  # both at once for the server, which was not asked between
    log.append(b"entry 4")
    taken = home.receiver.take(log.delivery(2), ANY)
    assert (taken.new, taken.reached.size, taken.reached.vkey) == (3, 5, str(FolderReader.open(log.folder).key))
    rotate_key(log.folder, "planned", NOW)
    assert home.receiver.take(log.delivery(5), ANY).reached.size == 6
    assert home.receiver.take(log.delivery(6, handovers=()), ANY).reached.size == 6  # it knows the key by now


def test_a_project_whose_key_was_replaced_delivers_what_was_signed_before_and_after(
    home: DeliveryHome, project: SmallProject
) -> None:
    home.adopt(project.root / "policy.yaml")
    home.push(project.root)
    assert project.say("log", "rotate-key", ".assay/log").code == 0
    assert project.say("trail", "append", "monitor.ack", "--as", "default", "-f", "alert=a", "-f", "by=mila").code == 0
    pushed = home.push(project.root)
    reader = FolderReader.open(project.root / ".assay/log")
    assert [one.size for one in pushed.reached.values()] == [reader.checkpoint().checkpoint.size]


def test_a_first_delivery_after_a_replacement_brings_releases_that_the_old_key_had_signed_for(
    home: DeliveryHome, project: SmallProject
) -> None:
    home.adopt(project.root / "policy.yaml")
    assert project.say("log", "rotate-key", ".assay/log").code == 0
    pushed = home.push(project.root)
    assert [one.decision for one in pushed.outcomes] == ["allow"]


def test_what_the_old_key_has_not_signed_leads_nowhere(home: DeliveryHome, log: BareLog, tmp_path: Path) -> None:
    home.receiver.take(log.delivery(0), ANY)
    old = FolderReader.open(log.folder).key
    other = BareLog(tmp_path / "other" / "log")
    other.append(b"entry 0", b"entry 1")
    thief = LogPrivate(private_folder(other.folder)).key()
    known = PrivateKey(LogPrivate(private_folder(log.folder)).key().seed).public.key_id
    fields = {"whose": log.origin, "old_key_sha256": known, "new_key_sha256": PrivateKey(thief.seed).public.key_id,
              "from_size": 3, "reason": "planned"}  # fmt: skip
    forged = own_event("key.rotated", fields, NOW, [thief])
    other.append(forged)
    keys = f"key {old} 0 3\nkey {thief.verifier} 3\n"
    for events in ((), (forged,), (b"nothing",)):
        with pytest.raises(VerificationError, match=r"no event key\.rotated that leads there"):
            home.receiver.take(other.delivery(2, keys=keys, handovers=events), ANY)


@pytest.mark.parametrize(
    "change",
    [{"whose": "example.com/another"}, {"from_size": 4}, {"old_key_sha256": "0" * 64}, {"new_key_sha256": "0" * 64}],
)
def test_an_event_about_something_else_hands_nothing_over(
    home: DeliveryHome, log: BareLog, change: dict[str, object]
) -> None:
    home.receiver.take(log.delivery(0), ANY)
    own = LogPrivate(private_folder(log.folder)).key()
    new = signer_key(log.origin, bytes(32))
    said = {"whose": log.origin, "old_key_sha256": PrivateKey(own.seed).public.key_id,
            "new_key_sha256": PrivateKey(new.seed).public.key_id, "from_size": 3, "reason": "planned"}  # fmt: skip
    event = own_event("key.rotated", said | change, NOW, [own, new])
    keys = f"key {own.verifier} 0 3\nkey {new.verifier} 3\n"
    with pytest.raises(VerificationError, match=r"no event key\.rotated that leads there"):
        home.receiver.take(log.delivery(2, keys=keys, handovers=(event,)), ANY)


def test_the_old_key_signs_nothing_more_that_is_taken(home: DeliveryHome, log: BareLog) -> None:
    key = private_folder(log.folder) / "key"
    stolen = key.read_bytes()
    home.receiver.take(log.delivery(0), ANY)
    rotate_key(log.folder, "stolen", NOW)
    home.receiver.take(log.delivery(2), ANY)
    old = FolderReader.open(log.folder).keys.keys[0]
    key.write_bytes(stolen)
    log.folder.with_name("log.keys").unlink()
    log.folder.with_name("log.vkey").write_text(f"{old}\n")
    with pytest.raises(VerificationError, match="by which this server knows it, found another"):
        home.receiver.take(log.delivery(3), ANY)


def test_keys_and_their_events_are_told_apart(log: BareLog) -> None:
    reader = FolderReader.open(log.folder)
    assert handovers(reader) == ()
    rotate_key(log.folder, "planned", NOW)
    (event,) = handovers(FolderReader.open(log.folder))
    assert [event] == list(FolderReader.open(log.folder).entries(2, 3))
    with pytest.raises(VerificationError, match="expected a key of Ed25519"):
        ed25519_keys(always(signer_key("example.com/log", bytes(32), 6).verifier))
    published = log.folder.with_name("log.keys")
    published.write_text(published.read_text().replace(" 3\n", " 2\n"))
    with pytest.raises(VerificationError, match=r"expected the event key\.rotated by which its key was replaced"):
        handovers(FolderReader.open(log.folder))
