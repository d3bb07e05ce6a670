"""What a witness remembers: its keys, and for each log the checkpoint that it cosigned last.

A folder that only its owner can read (mode 0700), made whole the first time and never again::

    record.sqlite   the record, and the name and verifier keys of the witness
    key, key-pq     the signing keys, Ed25519 and ML-DSA-44 (mode 0600)
    forks/          signed checkpoints that contradict the record: proof that a log keeps two histories

A comparison with the record and its change are one transaction, committed before anybody sees the reply, so that no
crash and no other request can roll the record back. SQLite keeps it in one file (no write-ahead log that could be lost
apart from it), with ``synchronous=EXTRA``: the rollback journal's end is on the disk too, else a power cut could take
a commit back. A witness whose record is missing does not start: it would sign any history.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import threading
from hashlib import sha256
from typing import TYPE_CHECKING

from assay.adapters.durable_files import create_file, locked, open_folder, read_file, storage_errors
from assay.errors import InputError, StorageError, VerificationError
from assay.tlog.checkpoint import Checkpoint, parse_checkpoint
from assay.tlog.note import open_note, parse_note
from assay.tlog.signer import SEED_SIZE, SignerKey, parse_skey, signer_key
from assay.tlog.vkey import ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, is_key_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from assay.tlog.witness import Reply

RECORD, FORKS, LOCK = "record.sqlite", "forks", "lock"
KEYS = {"key": ED25519_COSIGNATURE, "key-pq": ML_DSA_44_COSIGNATURE}

MAX_FORKS = 1000
"""Cap on kept contradictions; one is enough to prove a log dishonest."""

_MAX_NAME_BYTES = 255
_SMALL = 4096
_BUSY_SECONDS = 10.0
_ADVICE = "Nothing was cosigned; mend this and start the witness again"

_TABLES = """
CREATE TABLE witness (vkey TEXT PRIMARY KEY) STRICT;
CREATE TABLE record (
  origin TEXT PRIMARY KEY, origin_sha256 TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, note BLOB NOT NULL
) STRICT;
CREATE TRIGGER record_grows BEFORE UPDATE ON record WHEN NEW.size < OLD.size OR NEW.origin <> OLD.origin
BEGIN SELECT RAISE(ABORT, 'a record never goes back'); END;
CREATE TRIGGER record_stays BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END;
"""


def check_witness_name(name: str) -> None:
    """Check that a witness may have this name.

    Raises:
        InputError: when it may not.
    """
    if not is_key_name(name) or len(name.encode("utf-8", "replace")) > _MAX_NAME_BYTES or "://" in name:
        raise InputError(
            f"witness name {name!r}: expected a name like example.com/witness, without scheme, space or '+', at most "
            f"{_MAX_NAME_BYTES} bytes"
        )


class WitnessState:
    """The record and the keys of one witness; safe to use from many threads, and beside another process."""

    def __init__(self, folder: Path, signers: tuple[SignerKey, ...], connection: sqlite3.Connection) -> None:
        self._folder = folder
        self._connection = connection
        self._lock = threading.Lock()
        self._own = [signer.verifier for signer in signers]
        self.signers = signers

    @classmethod
    def open(cls, folder: Path, name: str) -> WitnessState:
        """Open a witness's state; the first time, make record and keys.

        Args:
            folder: where it is, or will be.
            name: the witness's name, which its keys bear.

        Raises:
            InputError: when the name cannot be one, or the state is that of another witness.
            StorageError: when record or keys are missing or unreadable, or the disk refuses.
        """
        check_witness_name(name)
        with storage_errors(folder, _ADVICE):
            if not folder.exists() or not any(folder.iterdir()):
                _make(folder, name)
            _check_private(folder)
            signers = tuple(_read_key(folder / file, name, kind) for file, kind in KEYS.items())
            return cls(folder, signers, _connect(folder / RECORD, signers))

    def close(self) -> None:
        """Let the record go, after the transaction under way."""
        with self._lock:
            self._connection.close()

    def update(self, origin: str, decide: Callable[[Checkpoint | None], Reply]) -> Reply:
        """Compare with the record and change it in one step; when this returns, the change is durable.

        Args:
            origin: the log.
            decide: given the checkpoint cosigned last, or None, returns the reply; no other `update` runs meanwhile.

        Raises:
            StorageError: when the record cannot be read or written; the reply must not be sent then.
            VerificationError: when the record is damaged.
        """
        with self._lock, self._transaction():
            recorded = self._recorded(origin)
            reply = decide(recorded)
            if reply.record is not None:
                size = parse_checkpoint(open_note(reply.record, self._own).text).size
                self._connection.execute(
                    "INSERT INTO record VALUES (?, ?, ?, ?) "
                    "ON CONFLICT (origin) DO UPDATE SET size = excluded.size, note = excluded.note",
                    (origin, sha256(origin.encode()).hexdigest(), size, reply.record),
                )
        if reply.fork is not None:
            self._keep_fork(reply.fork)
        return reply

    def recorded(self, origin: str) -> Checkpoint | None:
        """Return the checkpoint of a log that was cosigned last; None when there was none."""
        with self._lock, _words(self._folder):
            return self._recorded(origin)

    def latest(self, origin_sha256: str) -> bytes | None:
        """Return the note recorded for the log whose origin has this hexadecimal SHA-256, or None."""
        query = "SELECT note FROM record WHERE origin_sha256 = ?"
        with self._lock, _words(self._folder):
            row = self._connection.execute(query, (origin_sha256,)).fetchone()
        return None if row is None else bytes(row[0])

    def _recorded(self, origin: str) -> Checkpoint | None:
        query = "SELECT size, note FROM record WHERE origin = ?"
        row = self._connection.execute(query, (origin,)).fetchone()
        if row is None:
            return None
        found = parse_checkpoint(open_note(bytes(row[1]), self._own).text)
        if (found.origin, found.size) != (origin, row[0]):
            raise VerificationError(f"{self._folder / RECORD}: the record of {origin} is another log's or size's")
        return found

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with _words(self._folder):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _keep_fork(self, note: bytes) -> None:
        forks = self._folder / FORKS
        advice = "The contradiction was not kept; it was refused all the same"
        with storage_errors(forks, advice), locked(self._folder / LOCK):
            forks.mkdir(mode=0o700, exist_ok=True)
            path = forks / f"{sha256(parse_note(note).text).hexdigest()}.note"
            if not path.exists() and sum(1 for _ in forks.iterdir()) < MAX_FORKS:
                create_file(path, note, mode=0o600)


@contextlib.contextmanager
def _words(folder: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(f"{folder / RECORD}: {error}. {_ADVICE}") from error


def _check_private(folder: Path) -> None:
    mode = folder.stat().st_mode & 0o777
    if mode & 0o077:
        raise InputError(
            f"{folder}: expected a folder that only its owner can enter, found mode {mode:04o}. If it holds a "
            f"witness's state and nobody has copied it: chmod 700 {folder}"
        )


def _make(folder: Path, name: str) -> None:
    """Make a state beside its place and move it there whole, so that a crash leaves none or all of it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    shutil.rmtree(new, ignore_errors=True)  # of a process of this number that was interrupted
    new.mkdir(mode=0o700)
    try:
        signers = {file: signer_key(name, os.urandom(SEED_SIZE), kind) for file, kind in KEYS.items()}
        with _words(folder), contextlib.closing(sqlite3.connect(new / RECORD, isolation_level=None)) as connection:
            connection.executescript(f"PRAGMA synchronous=EXTRA; BEGIN; {_TABLES}")
            for signer in signers.values():
                connection.execute("INSERT INTO witness VALUES (?)", (str(signer.verifier),))
            connection.execute("COMMIT")
        (new / RECORD).chmod(0o600)
        for file, signer in signers.items():
            create_file(new / file, f"{signer.private_form()}\n".encode(), mode=0o600)
        parent = open_folder(folder.parent)
        try:
            new.rename(folder)
            os.fsync(parent)
        finally:
            os.close(parent)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:  # else another process has made it meanwhile
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _connect(path: Path, signers: tuple[SignerKey, ...]) -> sqlite3.Connection:
    if not path.exists():
        raise StorageError(
            f"{path}: expected the record of what was cosigned, found keys without it. A witness that forgets signs "
            "any history: bring the record back, as it was last, or start another witness, with another name, in "
            "another folder"
        )
    with _words(path.parent):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _check_record(connection, path, {str(signer.verifier) for signer in signers})
        except BaseException:
            connection.close()
            raise
    return connection


def _check_record(connection: sqlite3.Connection, path: Path, vkeys: set[str]) -> None:
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("PRAGMA synchronous=EXTRA")
    (checked,) = connection.execute("PRAGMA quick_check").fetchone()
    if checked != "ok":
        raise StorageError(f"{path}: damaged: {checked}. {_ADVICE}")
    if {vkey for (vkey,) in connection.execute("SELECT vkey FROM witness")} != vkeys:
        raise StorageError(f"{path}: is the record of other keys than those beside it. {_ADVICE}")


def _read_key(path: Path, name: str, kind: int) -> SignerKey:
    content = read_file(path, _SMALL)
    if content is None:
        raise StorageError(f"{path}: expected a key of the witness, found none. {_ADVICE}")
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise InputError(
            f"{path}: expected a key that only its owner can read, found mode {mode:04o}. If nobody has copied it: "
            f"chmod 600 {path}"
        )
    found = parse_skey(content.decode("utf-8", "replace").removesuffix("\n"))
    if found.name != name or found.kind != kind:
        raise InputError(
            f"{path}: expected a key of type {kind} of the witness {name!r}, found type {found.kind} of {found.name!r}"
        )
    return found
