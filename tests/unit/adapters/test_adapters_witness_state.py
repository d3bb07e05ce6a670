"""A witness's record never goes back, and a witness that has lost it does not start."""

from __future__ import annotations

import contextlib
import sqlite3
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from assay.adapters.witness_state import FORKS, RECORD, WitnessState
from assay.errors import AssayError, InputError, StorageError, VerificationError
from assay.tlog.note import open_note
from assay.tlog.witness import AddCheckpoint, Reply, add_checkpoint, watched_logs
from unit.adapters.witness_cast import LOG, ORIGIN, Leaves, vkeys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "example.com/witness"
LOGS = watched_logs([LOG.verifier])
TREE = Leaves()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[WitnessState]:
    with contextlib.closing(WitnessState.open(tmp_path / "state", NAME)) as found:
        yield found


def submit(state: WitnessState, old: int, size: int, leaves: Leaves = TREE) -> Reply:
    hashes = tuple(leaves.prove(old, size)) if 0 < old < size else ()
    body = AddCheckpoint(old, hashes, leaves.note(size)).content()
    return state.update(ORIGIN, lambda recorded: add_checkpoint(body, recorded, LOGS, state.signers, 1))


def test_keys_are_made_once_and_are_private(tmp_path: Path) -> None:
    first = vkeys(tmp_path / "state")
    assert vkeys(tmp_path / "state") == first
    assert [vkey.split("+")[0] for vkey in first] == [NAME, NAME]
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()}
    assert modes == {RECORD: 0o600, "key": 0o600, "key-pq": 0o600}
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_what_was_cosigned_is_there_after_a_restart(tmp_path: Path) -> None:
    with contextlib.closing(WitnessState.open(tmp_path / "state", NAME)) as state:
        assert state.recorded(ORIGIN) is None
        assert submit(state, 0, 5).status == 200
        assert submit(state, 5, 9).status == 200
    with contextlib.closing(WitnessState.open(tmp_path / "state", NAME)) as state:
        assert state.recorded(ORIGIN) == TREE.checkpoint(9)
        note = state.latest(sha256(ORIGIN.encode()).hexdigest())
        assert note is not None
        keys = [LOG.verifier, *(signer.verifier for signer in state.signers)]
        assert open_note(note, keys).signed_by == tuple(keys)
        assert submit(state, 5, 9).body == b"9\n"


def test_a_refusal_changes_nothing(state: WitnessState) -> None:
    submit(state, 0, 5)
    assert submit(state, 5, 9, Leaves(b"other")).status == 422
    assert submit(state, 0, 9).status == 409
    assert state.recorded(ORIGIN) == TREE.checkpoint(5)


def test_a_failing_decision_changes_nothing(state: WitnessState) -> None:
    def decide(_recorded: object) -> Reply:
        raise VerificationError("no")

    submit(state, 0, 5)
    with pytest.raises(VerificationError, match="no"):
        state.update(ORIGIN, decide)
    assert submit(state, 5, 6).status == 200


def test_a_contradiction_is_kept_as_proof(state: WitnessState, tmp_path: Path) -> None:
    other = Leaves(b"other")
    submit(state, 0, 5)
    for _ in range(2):
        assert submit(state, 5, 5, other).status == 422
    (kept,) = (tmp_path / "state" / FORKS).iterdir()
    assert open_note(kept.read_bytes(), [LOG.verifier]).text == other.checkpoint(5).text()


def test_the_database_itself_refuses_to_go_back(state: WitnessState, tmp_path: Path) -> None:
    submit(state, 0, 5)
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / RECORD)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="never goes back"):
            connection.execute("UPDATE record SET size = 4")
        with pytest.raises(sqlite3.IntegrityError, match="never deleted"):
            connection.execute("DELETE FROM record")


def test_a_witness_without_its_record_does_not_start(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    vkeys(folder)
    (folder / RECORD).unlink()
    with pytest.raises(StorageError, match="signs any history"):
        WitnessState.open(folder, NAME)
    (folder / RECORD).touch()
    with pytest.raises(StorageError, match="no such table"):
        WitnessState.open(folder, NAME)
    assert not (folder / RECORD).stat().st_size


@pytest.mark.parametrize("lost", ["key", "key-pq"])
def test_a_witness_without_a_key_makes_no_other(tmp_path: Path, lost: str) -> None:
    folder = tmp_path / "state"
    vkeys(folder)
    (folder / lost).unlink()
    with pytest.raises(StorageError, match="expected a key of the witness"):
        WitnessState.open(folder, NAME)
    assert not (folder / lost).exists()


def test_the_state_of_another_witness_is_refused(tmp_path: Path) -> None:
    vkeys(tmp_path / "one")
    vkeys(tmp_path / "two")
    with pytest.raises(InputError, match=r"of the witness 'example\.com/else'"):
        WitnessState.open(tmp_path / "one", "example.com/else")
    (tmp_path / "two" / RECORD).replace(tmp_path / "one" / RECORD)
    with pytest.raises(StorageError, match="record of other keys"):
        WitnessState.open(tmp_path / "one", NAME)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "https://example.com", "x" * 256])
def test_names_that_no_key_can_bear(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="expected a name like"):
        WitnessState.open(tmp_path / "state", name)
    assert not list(tmp_path.iterdir())


def test_what_others_can_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    vkeys(folder)
    (folder / "key").chmod(0o644)
    with pytest.raises(InputError, match=r"chmod 600 .*key"):
        WitnessState.open(folder, NAME)
    folder.chmod(0o755)
    with pytest.raises(InputError, match="chmod 700"):
        WitnessState.open(folder, NAME)


def test_a_damaged_record_signs_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with contextlib.closing(WitnessState.open(folder, NAME)) as state:
        submit(state, 0, 5)
    content = (folder / RECORD).read_bytes()
    root = TREE.checkpoint(5).text().splitlines()[2]
    assert content.count(root) == 1
    (folder / RECORD).write_bytes(content.replace(root, TREE.checkpoint(6).text().splitlines()[2]))
    with (
        contextlib.closing(WitnessState.open(folder, NAME)) as state,
        pytest.raises(AssayError, match="does not match"),
    ):
        submit(state, 5, 9)
    (folder / RECORD).write_bytes(content[: len(content) // 2])
    with pytest.raises(StorageError, match=r"record\.sqlite"):
        WitnessState.open(folder, NAME)
