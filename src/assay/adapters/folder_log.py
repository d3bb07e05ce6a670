"""Writing a log that is a plain C2SP tlog-tiles folder, with one writer at a time.

The folder holds ``checkpoint`` and ``tile/...`` and nothing else. Beside it stand ``<folder>.vkey``, the verifier key,
and ``<folder>.private/`` (`assay.adapters.log_private`).

The order of an append, so that a crash at any point loses nothing that was acknowledged and never forks the log:

1. ``pending`` names the old and the new size;
2. new tiles and bundles are written once, and read back;
3. ``guard``, the highest (size, root) that may bear the log's signature, moves from the old one to the new one;
4. the new checkpoint is signed and replaces the old one: now the entries are acknowledged;
5. partial tiles that a full one has replaced are deleted, and ``pending`` goes.

Before 3 a crash is undone, after 3 it is finished, by the next writer. A checkpoint that is not the guard's, with no
append under way, is a restored backup or an edited log: nothing is signed then.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.adapters.durable_files import NewFiles, remove_files, replace_file, storage_errors, temporary_name
from assay.adapters.folder_reader import CHECKPOINT, CheckReport, FolderReader, prove_in, vkey_path
from assay.adapters.log_private import LogPrivate, private_folder
from assay.errors import InputError, StorageError, VerificationError
from assay.tlog.checkpoint import Checkpoint
from assay.tlog.growth import Growth, grow, read_edge
from assay.tlog.merkle import EMPTY_ROOT, hash_leaf
from assay.tlog.signer import SignerKey, sign_note
from assay.tlog.tile import TILE_WIDTH, tile_path, tiles_between
from assay.tlog.vkey import is_key_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from assay.attest.bundle import Inclusion
    from assay.tlog.proof import Proof
    from assay.tlog.signed_checkpoint import SignedCheckpoint

_MAX_ORIGIN_BYTES = 255
_ADVICE = "Nothing that was acknowledged is lost; mend this and run again"


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a batch of entries went.

    Attributes:
        first: index of the first entry.
        leaves: leaf hashes of the entries, in their order.
        checkpoint: the checkpoint that covers them.
    """

    first: int
    leaves: tuple[bytes, ...]
    checkpoint: SignedCheckpoint


def default_origin(system: str) -> str:
    """Return the origin of a project's log: ``assay.invalid/<system>``, with ``-`` for what an origin cannot hold.

    ``.invalid`` belongs to nobody (RFC 2606), so that a log that nobody named claims no host. Give a log that others
    will witness a name of your own: ``assay log init LOG --origin logs.example.com/credit``.
    """
    return f"assay.invalid/{re.sub('[^A-Za-z0-9._-]+', '-', system).strip('-.') or 'log'}"[:_MAX_ORIGIN_BYTES]


def check_origin(origin: str) -> None:
    """Check that a log may have this origin (C2SP tlog-checkpoint: a URL without scheme, without trailing slash).

    Raises:
        InputError: when it may not.
    """
    fits = len(origin.encode("utf-8", "replace")) <= _MAX_ORIGIN_BYTES
    if not is_key_name(origin) or not fits or "://" in origin or origin.endswith("/"):
        raise InputError(
            f"origin {origin!r}: expected a name like logs.example.com/credit, without scheme, space, '+' or trailing "
            f"slash, at most {_MAX_ORIGIN_BYTES} bytes"
        )


def open_log(folder: Path, system: str) -> FolderLog:
    """Open a project's log; make it when the project has none yet."""
    private = LogPrivate(private_folder(folder))
    began = private_folder(folder).is_dir() or not (folder / CHECKPOINT).exists()
    if began and not private.has_guard() and not (folder / "tile").exists():
        try:
            return FolderLog.init(folder, default_origin(system))
        except InputError:
            if not private.has_guard():
                raise  # otherwise another process made the log meanwhile
    return FolderLog.open(folder)


class FolderLog:
    """A log's folder, to write."""

    def __init__(self, folder: Path, signer: SignerKey) -> None:
        self._folder = folder
        self._private = LogPrivate(private_folder(folder))
        self._signer = signer
        self.reader = FolderReader(folder, signer.verifier)

    @classmethod
    def init(cls, folder: Path, origin: str) -> FolderLog:
        """Make a new, empty log with a new key.

        Args:
            folder: where its tiles will be; must not hold anything yet.
            origin: the log's name; its key bears it too.

        Raises:
            InputError: when there is a log already, something else in the folder, or the origin cannot be one.
            StorageError: when the disk refuses.
        """
        check_origin(origin)
        path = private_folder(folder)
        with storage_errors(folder, "No log was made; mend this and run again"):
            folder.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o700, exist_ok=True)
            private = LogPrivate(path)
            with private.locked():
                begun = {CHECKPOINT, temporary_name(CHECKPOINT)}  # an init that was interrupted
                if private.has_guard() or {found.name for found in folder.iterdir()} - begun:
                    raise InputError(
                        f"expected nothing at {folder} yet, found a log or other files. Choose another folder"
                    )
                signer = private.key(make_for=origin)
                if signer.name != origin:
                    raise InputError(f"{path}: holds the key of {signer.name}, not of {origin}. Choose another folder")
                empty = Checkpoint(origin, 0, EMPTY_ROOT)
                replace_file(vkey_path(folder), f"{signer.verifier}\n".encode())
                replace_file(folder / CHECKPOINT, sign_note(empty.text(), [signer]))
                private.make_guard(empty)
        return cls(folder, signer)

    @classmethod
    def open(cls, folder: Path) -> FolderLog:
        """Open a log to write; its state is read when it is needed, in time that grows with the logarithm of its size.

        Raises:
            InputError: when there is no log, or its key is not here or readable by others.
        """
        private = private_folder(folder)
        if not folder.is_dir():
            raise InputError(f"expected a log's folder at {folder}, found none. Make one with: assay log init {folder}")
        if not private.is_dir():
            raise InputError(f"expected the log's key in {private}, found none: without it a log is only read")
        with storage_errors(private, "Nothing was changed"):
            return cls(folder, LogPrivate(private).key())

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._signer.name

    @property
    def vkey(self) -> str:
        """The text of the log's verifier key."""
        return str(self._signer.verifier)

    def append(self, entries: Sequence[bytes]) -> list[Inclusion]:
        """Append entries in order and return where each one is, with its proof.

        They are durable, and covered by a checkpoint, when this returns.

        Raises:
            InputError: when an entry is longer than 65,535 bytes; nothing is appended then.
            StorageError: when the disk refuses; the log is as it was.
            VerificationError: when the log is not the one that this key last signed.
        """
        from assay.attest.bundle import Inclusion  # noqa: PLC0415 - `assay log` does without it, and starts sooner

        done = self.extend(entries)
        tree = self.reader.tree(done.checkpoint.checkpoint.size)
        return [
            Inclusion(
                origin=self.origin,
                index=index,
                leaf_sha256=leaf.hex(),
                proof=prove_in(tree, done.checkpoint, index, leaf).content().decode(),
            )
            for index, leaf in enumerate(done.leaves, start=done.first)
        ]

    def extend(self, entries: Sequence[bytes]) -> Appended:
        """Append entries as `append` does, without making their proofs."""
        with self._writing() as signed:
            if not entries:
                return Appended(signed.checkpoint.size, (), signed)
            growth = self._grow(signed.checkpoint, entries)
            new = Checkpoint(self.origin, growth.edge.size, growth.edge.root())
            self._store(signed.checkpoint, new, growth)
            try:
                self._finish(signed.checkpoint.size, new)
            except OSError as error:
                raise StorageError(
                    f"entries {signed.checkpoint.size} to {new.size - 1} are in the log {self._folder}, but their "
                    f"checkpoint could not be published: {error.strerror}. Do not append them again: make room, then "
                    f"run: assay log checkpoint {self._folder}"
                ) from error
            return Appended(signed.checkpoint.size, growth.leaves, self.reader.checkpoint())

    def checkpoint(self) -> SignedCheckpoint:
        """Return the current checkpoint, after finishing or undoing an append that was interrupted."""
        with self._writing() as signed:
            return signed

    def prove(self, index: int) -> Proof:
        """Return the inclusion proof of an entry under the current checkpoint."""
        return self.reader.prove(index)

    def receipt(self, index: int) -> Inclusion:
        """Return where an entry is, with its proof, as `append` did."""
        from assay.attest.bundle import Inclusion  # noqa: PLC0415 - as above

        (entry,) = self.reader.entries(index, index + 1)
        proof = self.reader.prove(index)
        return Inclusion(
            origin=self.origin, index=index, leaf_sha256=hash_leaf(entry).hex(), proof=proof.content().decode()
        )

    def check(self, old: bytes | None = None) -> CheckReport:
        """Re-hash every stored byte, and compare the checkpoint with the guard.

        Args:
            old: a signed checkpoint seen earlier; the log must be a continuation of it.

        Raises:
            StorageError: when the disk refuses.
        """
        with storage_errors(self._folder, "Nothing was changed"), self._private.locked(shared=True):
            pending = self._private.pending()
            excused = {path for pair in [pending] if pair for path in _written(*pair)}
            report = self.reader.check(old, excused=excused)
            wrong = None if report.checkpoint is None else self._check_guard(report.checkpoint.checkpoint, pending)
            notes = ("an append was interrupted; the next one, or `assay log checkpoint`, finishes or undoes it",)
            problems = report.problems if wrong is None else (*report.problems, wrong)
            return CheckReport(report.checkpoint, report.files, problems, notes if pending else ())

    def _check_guard(self, now: Checkpoint, pending: tuple[int, int] | None) -> str | None:
        try:
            if pending == (now.size, self._private.guard().size):
                return None
            return self._private.compare_guard(now)
        except VerificationError as error:
            return str(error)

    # The steps of an append.

    @contextlib.contextmanager
    def _writing(self) -> Iterator[SignedCheckpoint]:
        with storage_errors(self._folder, _ADVICE), self._private.locked():
            yield self._recover()

    def _grow(self, now: Checkpoint, entries: Sequence[bytes]) -> Growth:
        edge = read_edge(self.reader.tree(now.size))
        if edge.root() != now.root:
            raise VerificationError(
                f"{self._folder}: the stored tiles do not hash to the root of the checkpoint of size {now.size}. "
                f"Nothing was appended. See what differs with: assay log check {self._folder}"
            )
        return grow(edge, entries)

    def _store(self, now: Checkpoint, new: Checkpoint, growth: Growth) -> None:
        for tile, _ in growth.files:
            if (self._folder / tile_path(tile)).exists():
                raise VerificationError(
                    f"{tile_path(tile)}: exists, though the log ends before it, at {now.size} entries. Was an older "
                    "checkpoint restored? Nothing was appended"
                )
        self._private.begin(now.size, new.size)
        try:
            self._write_tiles(growth)
            self._private.move_guard(now, new)
        except (OSError, VerificationError):
            if self._private.guard() == now:
                with contextlib.suppress(OSError):  # the first error is told; the next writer undoes what is left
                    self._undo(now.size, new.size)
            raise

    def _write_tiles(self, growth: Growth) -> None:
        files = NewFiles(self._folder)
        try:
            for tile, content in growth.files:
                files.create(self._folder / tile_path(tile), content)
            files.commit()
        finally:
            files.close()
        for tile, content in growth.files:
            if self.reader.fetch(tile_path(tile)) != content:
                raise VerificationError(f"{tile_path(tile)}: reads back other bytes than were written; check the disk")

    def _finish(self, old: int, new: Checkpoint) -> None:
        replace_file(self._folder / CHECKPOINT, sign_note(new.text(), [self._signer]))
        for tile in tiles_between(old, new.size):
            partial = self._folder / f"{tile_path(tile)}.p"
            if tile.width == TILE_WIDTH and partial.is_dir():
                shutil.rmtree(partial)
        self._private.end()

    def _undo(self, old: int, new: int) -> None:
        remove_files(self._folder / path for path in _written(old, new))
        self._private.end()

    def _recover(self) -> SignedCheckpoint:
        """Finish or undo an append that was interrupted, and check that the checkpoint is the one signed last."""
        pending, guard = self._private.pending(), self._private.guard()
        now = self.reader.checkpoint().checkpoint
        if pending is not None and guard.size == pending[0]:
            self._undo(*pending)
        elif pending is not None and (guard == now or pending == (now.size, guard.size)):
            if read_edge(self.reader.tree(guard.size)).root() != guard.root:
                raise VerificationError(
                    f"{self._folder}: the tiles of an interrupted append do not hash to the guard's root. Nothing was "
                    "signed"
                )
            self._finish(pending[0], guard)
        signed = self.reader.checkpoint()
        wrong = self._private.compare_guard(signed.checkpoint)
        if wrong is not None:
            raise VerificationError(f"{self._folder}: {wrong}. Nothing was signed")
        return signed


def _written(old: int, new: int) -> Iterator[str]:
    """Yield every path below the log that an append from one size to another may leave behind."""
    yield temporary_name(CHECKPOINT)
    for tile in tiles_between(old, new):
        folder, _, name = tile_path(tile).rpartition("/")
        yield f"{folder}/{name}"
        yield f"{folder}/{temporary_name(name)}"
