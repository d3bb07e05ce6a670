"""Writing a log that is a plain C2SP tlog-tiles folder.

The folder holds ``checkpoint`` and ``tile/...`` and nothing else. Beside it stand ``<folder>.vkey``, the verifier key,
and ``<folder>.private/`` (`assay.adapters.log_private`).

Entries are first committed to a database, which gives them their indices (`assay.adapters.sqlite_sequencer`), then
published as tiles under a signed checkpoint (`assay.lifecycle.publishing`, which says what a crash can do). `append`
does both; `submit` does the first alone, for many processes at once, and `publish` the second.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assay.adapters.durable_files import remove_files, replace_file, storage_errors, temporary_name
from assay.adapters.folder_reader import (
    CheckReport,
    FolderReader,
    prove_in,
    published_keys,
    second_vkey_path,
    vkey_path,
)
from assay.adapters.folder_tiles import CHECKPOINT, FolderTiles
from assay.adapters.log_origin import check_origin, default_origin
from assay.adapters.log_places import Places, make_sequencer, opened_sequencer, read_places, write_places
from assay.adapters.log_private import LogPrivate, missing_key, private_folder
from assay.adapters.log_signing import cosigner_of, sign_checkpoint
from assay.adapters.mirrored_tiles import MirroredTiles
from assay.errors import AssayError, InputError, VerificationError
from assay.lifecycle.log_shards import last_shard, missing_log
from assay.lifecycle.publishing import FROZEN, Publisher, PublishingWaitsError, Submission
from assay.tlog.checkpoint import Checkpoint
from assay.tlog.entry_bundle import MAX_ENTRY_BYTES, check_entries
from assay.tlog.merkle import EMPTY_ROOT, hash_leaf

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from assay.adapters.log_places import LogSequencer
    from assay.attest.bundle import Inclusion
    from assay.tlog.proof import Proof
    from assay.tlog.signed_checkpoint import SignedCheckpoint
    from assay.tlog.signer import SignerKey

_HERE = Places()
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


def open_log(folder: Path, system: str) -> FolderLog:
    """Open a project's log, of its shards the last; make it when the project has none yet."""
    folder = last_shard(folder)
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
        self._places = read_places(self._private.path)
        self._know(signer)

    @classmethod
    def init(cls, folder: Path, origin: str, *, ml_dsa: bool = False, places: Places = _HERE) -> FolderLog:
        """Make a new, empty log with a new key.

        Args:
            folder: where its tiles will be; must not hold anything yet.
            origin: the log's name; its key bears it too.
            ml_dsa: sign checkpoints with a second key, too, ML-DSA-44 (FIPS 204), which withstands quantum computers.
            places: where its entries wait and its tiles go, if not in its folders alone.

        Raises:
            InputError: when there is a log already, something else in the folder, or the origin cannot be one.
            StorageError: when the disk, or another place, refuses.
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
                if vkey_path(folder).exists() and not (path / "key").exists():
                    raise InputError(
                        f"{folder}: a log was here, says {vkey_path(folder).name}; folder and key are gone. Bring them "
                        "back, or choose another folder"
                    )
                signer = private.key(make_for=origin)
                if signer.name != origin:
                    raise InputError(f"{path}: holds the key of {signer.name}, not of {origin}. Choose another folder")
                replace_file(vkey_path(folder), f"{signer.verifier}\n".encode())
                second = private.second_key(make_for=origin if ml_dsa else None)
                if second is not None:
                    replace_file(second_vkey_path(folder), f"{second.verifier}\n".encode())
                write_places(path, places)
                made, empty = cls(folder, signer), Checkpoint(origin, 0, EMPTY_ROOT)
                make_sequencer(private, made._places)
                replace_file(folder / CHECKPOINT, sign_checkpoint(empty, private))
                tiles = made._tiles()
                if isinstance(tiles, MirroredTiles):
                    tiles.settle(made.reader.checkpoint(), made.reader.opened)
                private.make_guard(empty)
        return made

    @classmethod
    def open(cls, folder: Path) -> FolderLog:
        """Open a log to write; its state is read when it is needed, in time that grows with the logarithm of its size.

        Raises:
            InputError: when there is no log, or its key is not here or readable by others.
        """
        private = private_folder(folder)
        if not folder.is_dir():
            raise missing_log(folder, "a log's folder", f". Make one with: assay log init {folder}")
        if not private.is_dir():
            raise missing_key(folder)
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

    def by_digest(self, contents: Sequence[bytes]) -> list[bytes]:
        """Return entries for some contents: themselves, or, where too long for a log, the records of their digests.

        Those too long are durable in the store beside the log (`assay.adapters.evidence_store`) when this returns.
        """
        if all(len(one) <= MAX_ENTRY_BYTES for one in contents):
            return list(contents)
        from assay.adapters.evidence_store import EvidenceStore, evidence_folder  # noqa: PLC0415 - rarely needed

        with storage_errors(self._folder, "Nothing was appended; mend this and run again"), self._private.locked():
            return EvidenceStore(evidence_folder(self._folder)).entries(contents)

    def extend(self, entries: Sequence[bytes], *, event_id: bytes | None = None) -> Appended:
        """Append entries as `append` does, without making their proofs.

        Args:
            entries: what to append.
            event_id: a name for the one entry given: appended under it again, it gets the same index.

        Raises:
            InputError: as `append`; also when the event id is that of another content, or there are several entries.
        """
        if event_id is not None and len(entries) != 1:
            raise InputError(f"an event id names one entry: expected one, found {len(entries)}")
        indices, signed = self._submit([Submission(entry, event_id) for entry in entries])
        first = indices[0] if indices else signed.checkpoint.size
        return Appended(first, tuple(map(hash_leaf, entries)), signed)

    def take(self, submissions: Sequence[Submission]) -> list[int]:
        """Append entries, each once by its event id, and return where each one is, however often they come.

        They are durable, and covered by a checkpoint, when this returns. Those that are new stand one after another.

        Raises:
            InputError: as `append`; also when an event id is that of another content.
            StorageError: when the disk refuses; the log is as it was.
            VerificationError: when the log is not the one that this key last signed.
        """
        return self._submit(submissions)[0]

    def _submit(self, submissions: Sequence[Submission]) -> tuple[list[int], SignedCheckpoint]:
        check_entries([one.content for one in submissions])
        with self._publishing() as (sequencer, publisher):
            if submissions and self._private.is_frozen():  # also where the database that knows was lost
                raise InputError(f"{self._folder}: {FROZEN}. Its last entry names the log that goes on")
            publisher.prepare()  # before anything is committed: a log that does not hold takes no entries
            indices = sequencer.append(submissions) if submissions else []
            try:
                return indices, self._publish(publisher)
            except (OSError, AssayError) as error:
                if not indices:
                    raise
                raise self._waits(indices, error) from error

    def freeze(self, last: bytes) -> SignedCheckpoint:
        """Append the last entry, refuse every other from then on, and return the final checkpoint.

        A log that is frozen already is published, and left as it is.
        """
        with self._publishing() as (sequencer, publisher):
            publisher.prepare()
            sequencer.freeze(last)
            self._private.mark_frozen()
            return self._publish(publisher)

    @property
    def is_frozen(self) -> bool:
        """Whether the log takes no entries any more."""
        return self._private.is_frozen()

    @contextlib.contextmanager
    def sequencing(self) -> Iterator[LogSequencer]:
        """Open the log to submit entries, which `publish` covers with a checkpoint later.

        What its ``append`` returned is durable. Any number of processes and threads may have the log open.

        Raises:
            VerificationError: when database, guard, tiles and checkpoint are not of one history.
        """
        with self._publishing() as (_, publisher):
            publisher.prepare()
        with (
            storage_errors(self._folder, _ADVICE),
            opened_sequencer(self._private, self._places, leased=False) as sequencer,
        ):
            yield sequencer

    def publish(self) -> SignedCheckpoint:
        """Publish everything that was submitted, finish what was interrupted, and return the checkpoint."""
        with self._publishing() as (_, publisher):
            return self._publish(publisher)

    def collect(self) -> int:
        """Remove every partial tile that a full one has replaced, and return how many files went.

        Publishing does so by itself; this finds those that an interrupted one left.
        """
        with storage_errors(self._folder, _ADVICE), self._private.locked():
            size = self.reader.checkpoint().checkpoint.size
            return self._tiles().collect(size)

    def archive(self) -> None:
        """Keep the current checkpoint in write-once storage, if the log has any."""
        tiles = self._tiles()
        if isinstance(tiles, MirroredTiles):
            tiles.archive(self.reader.checkpoint())

    def write_once(self) -> MirroredTiles:
        """Return the log's write-once storage.

        Raises:
            InputError: when it has none.
        """
        tiles = self._tiles()
        if not isinstance(tiles, MirroredTiles):
            raise InputError(
                f"{self._folder}: expected a log in write-once storage, found one in its folder alone. Make one with: "
                "assay log init LOG --s3 s3://BUCKET, or --azure CONTAINER"
            )
        return tiles

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
        """Re-hash every stored byte, in tiles and database, and compare the checkpoint with the guard.

        Args:
            old: a signed checkpoint seen earlier; the log must be a continuation of it.

        Raises:
            StorageError: when the disk refuses.
        """
        from assay.adapters.folder_check import check_log  # noqa: PLC0415 - an append does without it

        report = check_log(self.reader, self._private, self._places, old)
        store = None if report.checkpoint is None else self._places.audited()
        if store is None:
            return report
        stored = MirroredTiles(FolderTiles(self._folder, self._private.marker), store)
        objects, problems = stored.problems(self.reader.opened, self._private.read().size)
        return replace(report, files=report.files + objects, problems=(*report.problems, *problems))

    # The steps of an append.

    def _know(self, signer: SignerKey) -> None:
        """Take the log's keys as they are now; they may be replaced while this process has the log open."""
        self._signer, second = signer, self._private.second_key()
        known = [signer.verifier, *([] if second is None else [second.verifier])]
        self.reader = FolderReader(self._folder, published_keys(self._folder, known))

    @contextlib.contextmanager
    def _publishing(self) -> Iterator[tuple[LogSequencer, Publisher]]:
        with storage_errors(self._folder, _ADVICE), self._private.locked():
            self._finish_earlier_version()
            self._know(self._private.key())
            tiles = self._tiles()
            if isinstance(tiles, MirroredTiles):
                tiles.check_behind(self._private.read(), self.reader.opened)
            with opened_sequencer(self._private, self._places, leased=True) as sequencer:
                publisher = Publisher(
                    sequencer,
                    self._private,
                    tiles,
                    sign=lambda checkpoint: sign_checkpoint(checkpoint, self._private),
                    opened=self.reader.checkpoint,
                    cosign=cosigner_of(self._folder),
                )
                yield sequencer, publisher

    def _publish(self, publisher: Publisher) -> SignedCheckpoint:
        signed, tiles = publisher.publish(), publisher.tiles
        if isinstance(tiles, MirroredTiles):
            tiles.settle(signed, self.reader.opened)
        return signed

    def _tiles(self) -> FolderTiles | MirroredTiles:
        folder, store = FolderTiles(self._folder, self._private.marker), self._places.write_once
        return folder if store is None else MirroredTiles(folder, store.tiles())

    def _finish_earlier_version(self) -> None:
        """Undo the append that a version without a database left before its guard had moved."""
        pending = self._private.pending()
        if pending is None:
            return
        from assay.adapters.folder_check import written  # noqa: PLC0415 - rarely needed

        undone = self._private.read().size == pending[0]  # otherwise it is finished as every other one
        paths = [self._folder / path for path in written(*pending)]
        remove_files(path for path in paths if undone or path.name.startswith("."))
        self._private.end()

    def _waits(self, indices: Sequence[int], error: Exception) -> AssayError:
        words = error.strerror if isinstance(error, OSError) else str(error)
        message = (
            f"entries {indices[0]} to {indices[-1]} are in the log {self._folder}, but their checkpoint could not be "
            f"published: {words}\nDo not append them again: mend this, then run: assay log checkpoint {self._folder}"
        )
        if isinstance(error, VerificationError):
            return VerificationError(message)
        return PublishingWaitsError(indices, message)
