"""Publishing a log: from entries that a sequencer has made durable to a signed checkpoint over tiles.

The order of operations (C2SP tlog-tiles logs such as Sunlight use the same) is what makes a crash harmless:

1. the sequencer commits entries, and the (size, root) that follows from them: indices are acknowledged;
2. tiles and bundles are written, each once, and read back;
3. the guard, the highest (size, root) that may bear the log's signature, moves from the old one to the new one;
4. the checkpoint is signed; 5. witnesses cosign it; 6. it replaces the old one; partial tiles that a full one has
   replaced are deleted, and the sequencer may forget what is published.

Until 3 nothing is signed, and the next publisher begins again. After 3 it finishes: signing the guarded (size, root)
again is safe, so no two roots of one size can ever bear the log's signature. Whatever does not agree (a restored
database, restored tiles, a restored guard) is told, and nothing is signed.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from assay.errors import StorageError, VerificationError
from assay.tlog.checkpoint import Checkpoint
from assay.tlog.compact_range import read_compact_range
from assay.tlog.growth import grow, read_edge
from assay.tlog.merkle import hash_leaf
from assay.tlog.tile import TILE_WIDTH, tile_path
from assay.tlog.tiled_tree import TiledTree
from assay.tlog.tree import consistency_proof

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from assay.tlog.compact_range import CompactRange
    from assay.tlog.growth import Edge, Growth
    from assay.tlog.signed_checkpoint import SignedCheckpoint

MAX_STEP = 8_192
"""Entries between two sizes that a sequencer names, at most: it bounds the publisher's memory."""

FROZEN = "the log is frozen: nothing was appended"
"""What a log says that takes no entries any more."""


class PublishingWaitsError(StorageError):
    """Entries are in the log, durably, and no published checkpoint covers them yet: do not append them again.

    Attributes:
        indices: their indices, in the order of the entries.
    """

    def __init__(self, indices: Sequence[int], message: str) -> None:
        self.indices = tuple(indices)
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody wants in the log.

    Attributes:
        content: the entry, at most 65,535 bytes.
        event_id: the submitter's own name for it, any bytes: the same name with the same content gets the same index,
            however often it is submitted. None: each submission is an entry.
    """

    content: bytes
    event_id: bytes | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """What a sequencer has committed: this many entries, with this root."""

    size: int
    root: bytes


class Sequencer(Protocol):
    """Gives entries their indices, and keeps them until they are published."""

    def append(self, submissions: Sequence[Submission]) -> list[int]:
        """Commit submissions in their order and return the index of each; durable, exactly once by event id.

        Raises:
            InputError: when an entry is too long, or an event id is taken by another content; then none is appended.
            StorageError: when the store refuses.
        """

    def head(self) -> Head:
        """Return size and root of everything committed."""

    def root_at(self, size: int) -> bytes | None:
        """Return the root at a size that was committed and is not forgotten yet; None for any other size."""

    def step(self, after: int) -> Head | None:
        """Return the next size to publish, at most `MAX_STEP` entries on; None when there is nothing more."""

    def kept_from(self) -> int:
        """Return the index of the first entry that is kept; the head's size when none is."""

    def entries(self, first: int, end: int) -> Iterable[bytes]:
        """Return entries that are kept, in order."""

    def catch_up(self, tree: CompactRange) -> None:
        """Go on after the end of a published tree that is longer than what is known here."""

    def release(self, size: int) -> None:
        """Allow the entries below a published size to be forgotten."""


class Guard(Protocol):
    """Holds the highest checkpoint that may be signed, in another store than sequencer and tiles."""

    def read(self) -> Checkpoint:
        """Return it.

        Raises:
            VerificationError: when it is missing; only the making of a log makes it.
        """

    def swap(self, old: Checkpoint, new: Checkpoint) -> None:
        """Replace the old one by the new one, atomically and durably.

        Raises:
            VerificationError: when it is not the old one.
        """


class TileStore(Protocol):
    """Where tiles, bundles and the checkpoint are served from."""

    def fetch(self, path: str) -> bytes | None:
        """Return the bytes of a path below the log, or None."""

    def create(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Write new files durably; one that is there already must hold the same bytes.

        Raises:
            VerificationError: when it holds others, or what was written reads back differently.
        """

    def replace_checkpoint(self, old: bytes, new: bytes) -> None:
        """Replace the signed checkpoint durably.

        Raises:
            VerificationError: when it is not the old one.
        """

    def sweep(self, old: int, size: int) -> None:
        """Remove what an interrupted `create` between two sizes left beside the files themselves."""

    def remove_partials(self, old: int, size: int) -> None:
        """Remove the partial tiles that the growth between two published sizes replaced by full ones."""


class Cosigner(Protocol):
    """Gathers the cosignatures that publishing waits for."""

    def __call__(self, note: bytes, prove: Callable[[int, int], Sequence[bytes]]) -> bytes:
        """Return the note with cosignatures that make the quorum.

        Raises:
            AssayError: when they do not; the entries stay durable, and publishing waits.
        """


class Publisher:
    """Moves a log's checkpoint on. One at a time: its caller holds the log's lock."""

    def __init__(
        self,
        sequencer: Sequencer,
        guard: Guard,
        tiles: TileStore,
        *,
        sign: Callable[[Checkpoint], bytes],
        opened: Callable[[], SignedCheckpoint],
        cosign: Cosigner | None = None,
    ) -> None:
        """Take the parts.

        Args:
            sequencer: where entries come from.
            guard: what may be signed.
            tiles: where they go.
            sign: returns the signed note of a checkpoint.
            opened: returns the current checkpoint, its signature verified.
            cosign: asks witnesses; None when no quorum is wanted.
        """
        self._sequencer, self._guard, self._tiles = sequencer, guard, tiles
        self._sign, self._opened, self._cosign = sign, opened, cosign
        self._prepared = False

    @property
    def tiles(self) -> TileStore:
        """Where tiles go."""
        return self._tiles

    def prepare(self) -> SignedCheckpoint:
        """Check that sequencer, guard, tiles and checkpoint are of one history; sign nothing.

        A sequencer that knows less than was published (it was restored, or is new) goes on from the tiles.

        Raises:
            VerificationError: when they are not.
        """
        signed = self._opened()
        now, guard, head = signed.checkpoint, self._guard.read(), self._sequencer.head()
        wrong = contradiction(guard, now)
        if wrong is not None:
            raise VerificationError(f"{wrong}. Nothing was signed")
        if max(head.size, guard.size) > now.size:
            self._tiles.sweep(now.size, max(head.size, guard.size))
        self._edge(now)
        if guard.size > now.size:
            self._check_ahead(now, guard)
        if head.size < guard.size:
            self._catch_up(guard)
        elif self._sequencer.root_at(guard.size) != guard.root:
            raise VerificationError(
                f"sequencer: its database holds {head.size} entries of another history than the {guard.size} that the "
                "log signed. Was it restored and written to? Nothing was signed"
            )
        self._prepared = True
        return signed

    def publish(self) -> SignedCheckpoint:
        """Publish everything that the sequencer has committed, and return the checkpoint that covers it.

        Raises:
            VerificationError: when the parts of the log do not agree; nothing is signed then.
            AssayError: when the quorum of witnesses is missing.
        """
        signed = self._opened() if self._prepared else self.prepare()
        self._prepared = False
        guard = self._guard.read()
        if guard.size > signed.checkpoint.size:
            self._write(self._edge(signed.checkpoint), self._between(signed.checkpoint.size, guard.size))
            signed = self._finish(signed, guard)
        elif self._cosign is not None and self._sequencer.step(guard.size) is None:
            return self._cosigned_again(signed, self._cosign)
        while (step := self._sequencer.step(signed.checkpoint.size)) is not None:
            signed = self._advance(signed, step)
        return signed

    def _cosigned_again(self, signed: SignedCheckpoint, cosign: Cosigner) -> SignedCheckpoint:
        """Ask the witnesses who have not cosigned the published checkpoint yet: it may be older than the quorum."""
        if not signed.checkpoint.size:
            return signed  # nothing stands in it that a witness could have seen
        note = cosign(signed.note, self._prove)
        if note == signed.note:
            return signed
        self._tiles.replace_checkpoint(signed.note, note)
        return self._opened()

    def _prove(self, old: int, size: int) -> Sequence[bytes]:
        return consistency_proof(old, size, self._tree(size).node)

    def _advance(self, signed: SignedCheckpoint, step: Head) -> SignedCheckpoint:
        now = signed.checkpoint
        new = Checkpoint(now.origin, step.size, step.root)
        growth = grow(self._edge(now), list(self._sequencer.entries(now.size, step.size)))
        if growth.edge.root() != step.root:
            raise VerificationError(
                f"sequencer: the entries {now.size} to {step.size - 1} in its database do not hash to the root that "
                "was committed with them; check the disk. Nothing was signed"
            )
        self._create(growth)
        self._guard.swap(now, new)
        return self._finish(signed, new)

    def _write(self, edge: Edge, entries: Iterable[bytes]) -> None:
        """Write what follows from entries after an edge, `MAX_STEP` of them at a time."""
        rest = iter(entries)
        while part := list(islice(rest, MAX_STEP)):
            growth = grow(edge, part)
            self._create(growth)
            edge = growth.edge

    def _create(self, growth: Growth) -> None:
        self._tiles.create([(tile_path(tile), content) for tile, content in growth.files])

    def _finish(self, signed: SignedCheckpoint, new: Checkpoint) -> SignedCheckpoint:
        note = self._sign(new)
        if self._cosign is not None:
            note = self._cosign(note, self._prove)
        self._tiles.replace_checkpoint(signed.note, note)
        self._tiles.remove_partials(signed.checkpoint.size, new.size)
        self._sequencer.release(new.size)
        return self._opened()

    def _tree(self, size: int) -> TiledTree:
        return TiledTree(self._tiles.fetch, size)

    def _edge(self, now: Checkpoint) -> Edge:
        edge = read_edge(self._tree(now.size))
        if edge.root() != now.root:
            raise VerificationError(
                f"the stored tiles do not hash to the root of the checkpoint of size {now.size}. Nothing was signed. "
                "See what differs with: assay log check"
            )
        return edge

    def _between(self, first: int, end: int) -> Iterator[bytes]:
        """Yield entries that are guarded and not published, from the sequencer if it kept them, else from bundles."""
        if self._sequencer.kept_from() <= first and self._sequencer.head().size >= end:
            yield from self._sequencer.entries(first, end)
            return
        yield from _bundled(self._tree(end), first, end)

    def _check_ahead(self, now: Checkpoint, guard: Checkpoint) -> None:
        tree = read_compact_range(now.size, self._tree(now.size).node)
        with contextlib.suppress(VerificationError):  # a bundle that is missing: then the log was cut
            if tree.add(map(hash_leaf, self._between(now.size, guard.size))).root() == guard.root:
                return
        raise VerificationError(
            f"guard: the log was cut or restored: it signed {guard.size} entries, the checkpoint has {now.size}, and "
            "what is between is not here. Bring tiles and checkpoint back. Nothing was signed"
        )

    def _catch_up(self, guard: Checkpoint) -> None:
        size, kept = self._sequencer.head().size, self._sequencer.kept_from()
        published = self._tree(guard.size)
        tree = read_compact_range(guard.size, published.node)
        agrees = all(
            one == other
            for one, other in zip(self._sequencer.entries(kept, size), _bundled(published, kept, size), strict=True)
        )
        if tree.root() != guard.root or not agrees:
            raise VerificationError(
                f"sequencer: its database holds {size} entries that are not the first of the {guard.size} that the log "
                "signed. Was it restored and written to? Nothing was signed"
            )
        self._sequencer.catch_up(tree)


def contradiction(guard: Checkpoint, now: Checkpoint) -> str | None:
    """Return why a checkpoint cannot be one that the guard let pass, in words; None when it can."""
    if guard.origin != now.origin:
        return f"guard: is that of {guard.origin}, not of {now.origin}"
    if guard.size == now.size and guard.root != now.root:
        return f"guard: the log signed another root at size {now.size}: two histories bear its key"
    if guard.size < now.size:
        return f"guard: was restored: it knows {guard.size} entries, the checkpoint has {now.size}"
    return None


def _bundled(tree: TiledTree, first: int, end: int) -> Iterator[bytes]:
    for bundle in range(first // TILE_WIDTH, -(-end // TILE_WIDTH)):
        start = bundle * TILE_WIDTH
        yield from tree.entries(bundle)[max(first - start, 0) : end - start]
