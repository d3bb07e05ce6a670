"""A log whose tiles are in two buckets, for tests: the parts that publishing needs, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.adapters.log_private import LogPrivate
from assay.adapters.object_lock import ObjectLock
from assay.adapters.s3_tiles import S3Tiles
from assay.adapters.sqlite_sequencer import SqliteSequencer
from assay.lifecycle.publishing import Publisher, Submission
from assay.tlog.audit import audit
from assay.tlog.checkpoint import Checkpoint
from assay.tlog.merkle import EMPTY_ROOT
from assay.tlog.signed_checkpoint import SignedCheckpoint, open_checkpoint
from assay.tlog.signer import sign_note

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from worm_scenarios import Store

ORIGIN = "example.com/log"


class S3Log:
    """A new log: key, guard and database in a folder, everything else in two new buckets of a store."""

    def __init__(self, folder: Path, store: Store, *, mode: str = "COMPLIANCE", prefix: str = "credit/2026/") -> None:
        self.locked, self.mutable = store.bucket(lock=True), store.bucket(lock=False)
        lock = ObjectLock(mode, store.until())
        self.tiles = S3Tiles(store.client, locked=self.locked, mutable=self.mutable, lock=lock, prefix=prefix)
        folder.mkdir(mode=0o700, exist_ok=True)
        self.private = LogPrivate(folder)
        self.signer = self.private.key(make_for=ORIGIN)
        empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
        SqliteSequencer.create(self.private.database)
        self.private.make_guard(empty)
        self.tiles.make_checkpoint(sign_note(empty.text(), [self.signer]))

    def opened(self) -> SignedCheckpoint:
        return open_checkpoint(self.tiles.fetch("checkpoint") or b"", self.signer.verifier)

    def append(self, entries: Sequence[bytes]) -> SignedCheckpoint:
        with SqliteSequencer(self.private.database) as sequencer:
            sequencer.append([Submission(entry) for entry in entries])
        return self.publish()

    def publish(self) -> SignedCheckpoint:
        with SqliteSequencer(self.private.database) as sequencer:
            publisher = Publisher(
                sequencer,
                self.private,
                self.tiles,
                sign=lambda checkpoint: sign_note(checkpoint.text(), [self.signer]),
                opened=self.opened,
            )
            return publisher.publish()

    def problems(self) -> list[str]:
        """Return what a check of everything stored finds."""
        paths = (path for path in self.tiles.paths() if path != "checkpoint")
        return audit(self.tiles.fetch, self.opened().checkpoint, paths) + self.tiles.problems()

    def stored(self) -> dict[str, bytes]:
        return {path: self.tiles.fetch(path) or b"" for path in self.tiles.paths()}
