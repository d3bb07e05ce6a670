"""What a log keeps to itself, in a folder that only its owner can read (mode 0700).

``key`` (0600) holds the signing key, ``key-ml-dsa`` the second one of a log that has two; ``key.next`` and
``key-ml-dsa.next`` are about to replace them. ``guard`` holds the highest
(size, root) that may bear the log's signature, as the text of a checkpoint: it is made with the log and never again; a
log without its guard is not signed for. ``entries.db`` holds entries until they are published. ``lock`` is held by who
publishes, and ``publishing`` stands while tiles are written.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from assay.adapters.durable_files import create_file, locked, read_file, replace_file, sync_folder
from assay.errors import InputError, VerificationError
from assay.lifecycle.retired import deleted, is_retired
from assay.tlog.checkpoint import MAX_CHECKPOINT_BYTES, Checkpoint, parse_checkpoint
from assay.tlog.encoding import decode_number
from assay.tlog.signer import SEED_SIZE, SignerKey, parse_skey, signer_key
from assay.tlog.vkey import ED25519, ML_DSA_44_COSIGNATURE

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

_SMALL = 4096


def private_folder(folder: Path) -> Path:
    """Return where a log's key, guard and lock are."""
    return folder.with_name(f"{folder.name}.private")


def missing_key(folder: Path) -> InputError:
    """Return what to raise where a log is to be written and its private folder is not here."""
    if is_retired(folder):
        return deleted(folder)
    return InputError(f"expected the log's key in {private_folder(folder)}, found none: without it a log is only read")


def may_write(folder: Path) -> bool:
    """Return whether this user, here, may use a log's private folder; an auditor may not, and needs not."""
    private = private_folder(folder)
    return private.is_dir() and os.access(private, os.R_OK | os.W_OK | os.X_OK)


class LogPrivate:
    """The private folder of one log; it is the log's guard, too (`assay.lifecycle.publishing.Guard`)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def locked(self, *, shared: bool = False) -> AbstractContextManager[None]:
        """Hold the writer's lock, or share it among readers."""
        return locked(self._path / "lock", shared=shared)

    def key(self, make_for: str | None = None) -> SignerKey:
        """Return the signing key.

        Args:
            make_for: the origin to make a key for, when there is none yet.

        Raises:
            InputError: when there is none, or others can read it.
        """
        found = self._key("key", ED25519, make_for)
        if found is None:
            raise InputError(
                f"expected the log's key at {self._path / 'key'}, found none: a log cannot be written without it"
            )
        return found

    def second_key(self, make_for: str | None = None) -> SignerKey | None:
        """Return the ML-DSA-44 key that a log may have beside its first one; None when it has none."""
        return self._key("key-ml-dsa", ML_DSA_44_COSIGNATURE, make_for)

    def next_key(self, make_for: str | None = None) -> SignerKey | None:
        """Return the key that is about to replace the first one; None when none is."""
        return self._key("key.next", ED25519, make_for)

    def next_second_key(self, make_for: str | None = None) -> SignerKey | None:
        """Return the ML-DSA-44 key that is about to replace the second one; None when none is."""
        return self._key("key-ml-dsa.next", ML_DSA_44_COSIGNATURE, make_for)

    def finish_rotation(self) -> None:
        """Let the next keys take the places of those before them, which are gone then.

        The first key moves last: while ``key.next`` stands, the rotation is not over.
        """
        for name in ("key-ml-dsa", "key"):
            following = self._path / f"{name}.next"
            if following.exists():
                following.replace(self._path / name)
                sync_folder(self._path)

    def _key(self, name: str, kind: int, make_for: str | None) -> SignerKey | None:
        path = self._path / name
        if make_for is not None and not path.exists():
            made = signer_key(make_for, os.urandom(SEED_SIZE), kind)
            create_file(path, f"{made.private_form()}\n".encode(), mode=0o600)
        content = read_file(path, _SMALL)
        if content is None:
            return None
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            raise InputError(
                f"{path}: expected a key that only its owner can read, found mode {mode:04o}. If nobody has copied it: "
                f"chmod 600 {path}"
            )
        return parse_skey(content.decode("utf-8", "replace").removesuffix("\n"))

    @property
    def path(self) -> Path:
        """The folder."""
        return self._path

    @property
    def database(self) -> Path:
        """Where the sequencer's database is."""
        return self._path / "entries.db"

    @property
    def marker(self) -> Path:
        """Where a file stands while tiles are being written."""
        return self._path / "publishing"

    def has_guard(self) -> bool:
        """Return whether a log was made here."""
        return (self._path / "guard").exists()

    def make_guard(self, empty: Checkpoint) -> None:
        """Write the guard of a new log."""
        create_file(self._path / "guard", empty.text())

    def read(self) -> Checkpoint:
        """Return the guard: the highest checkpoint that may be signed.

        Raises:
            VerificationError: when it is missing or damaged.
        """
        content = read_file(self._path / "guard", MAX_CHECKPOINT_BYTES)
        if content is None:
            raise VerificationError(
                f"{self._path / 'guard'}: expected the highest checkpoint that was signed, found none. Only `assay log "
                "init` makes it: bring it back"
            )
        return parse_checkpoint(content)

    def swap(self, old: Checkpoint, new: Checkpoint) -> None:
        """Compare and swap the guard, under the lock.

        Raises:
            VerificationError: when it is not the old one; then nothing may be signed.
        """
        if self.read() != old:
            raise VerificationError(f"{self._path / 'guard'}: changed under the writer. Nothing was signed")
        replace_file(self._path / "guard", new.text())

    def is_frozen(self) -> bool:
        """Return whether the log takes no entries any more."""
        return (self._path / "frozen").exists()

    def mark_frozen(self) -> None:
        """Note that the log takes no entries any more."""
        if not self.is_frozen():
            create_file(self._path / "frozen", b"")

    def pending(self) -> tuple[int, int] | None:
        """Return the old and the new size of an append that an earlier version of Assay began and did not end."""
        path = self._path / "pending"
        content = read_file(path, _SMALL)
        if content is None:
            return None
        old, _, new = content.decode("ascii", "replace").removesuffix("\n").partition("\n")
        return decode_number(old, str(path)), decode_number(new, str(path))

    def end(self) -> None:
        """Forget the note of an append that an earlier version of Assay left."""
        (self._path / "pending").unlink(missing_ok=True)
