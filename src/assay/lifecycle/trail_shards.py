"""The logs that a trail is kept in, one after another, and its projection brought up to their present sizes.

Every entry that enters the projection is hashed, and together those of a log must give the root that it has signed. Of
two logs that follow each other the first must end with ``log.frozen``, which names the second, and the second begin
with ``log.opened``, which holds size and root of the first; each signed with the log's own key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from assay import __version__
from assay.errors import InputError, VerificationError
from assay.records.canonical import digest
from assay.tlog.growth import Edge, grow, read_edge
from assay.tlog.log_keys import LogKeys, always
from assay.tlog.tree import root_hash
from assay.trail import projection
from assay.trail.answers import ShardReach
from assay.trail.own_acts import FROZEN, OPENED, OwnKeys
from assay.trail.reading import Read, read_entry

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from assay.attest.keys import PublicKey
    from assay.tlog.signed_checkpoint import SignedCheckpoint
    from assay.tlog.tiled_tree import TiledTree
    from assay.tlog.vkey import VerifierKey
    from assay.trail.view import Anchor

_CHUNK = 4096
"""So many entries are projected in a transaction of their own."""

Tell = Callable[[int, int], None]
"""Is told how many entries are projected, and of how many."""


def quiet(_done: int, _all: int) -> None:
    """Tell nobody how far it is."""


class LogReader(Protocol):
    """A log that can be read: a folder, or a copy of one."""

    @property
    def key(self) -> VerifierKey:
        """The log's verifier key."""
        ...

    @property
    def keys(self) -> LogKeys:
        """Every key that it has had, by the sizes that each may sign."""
        ...

    def checkpoint(self) -> SignedCheckpoint:
        """Return the current checkpoint, its signature verified."""
        ...

    def tree(self, size: int) -> TiledTree:
        """Return the tree of a size, read from the tiles."""
        ...

    def entries(self, first: int, end: int) -> Iterator[bytes]:
        """Yield the entries from ``first`` up to ``end``; they are not verified."""
        ...


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One log of a trail, and what is known of it.

    Attributes:
        reader: the log.
        keys: every key that it has had, by sizes; by default the reader's alone.
        anchors: outside proofs of when it had which size, verified by the caller.
        recorded: tells when its sequencer committed an entry, where that is known.
        archived: signed checkpoints of former sizes that are kept, verified by the caller.
        retired: where its entries were deleted by policy, that they were, in words; verified by the caller.
    """

    reader: LogReader
    keys: LogKeys | None = None
    anchors: tuple[Anchor, ...] = ()
    recorded: Callable[[int], str | None] = lambda _entry: None
    archived: Mapping[int, SignedCheckpoint] = field(default_factory=dict)
    retired: str = ""

    @property
    def own(self) -> OwnKeys:
        """Its keys as those that sign what it says of itself."""
        return OwnKeys(self.keys or always(self.reader.key))

    @property
    def read_by(self) -> str:
        """Digest of what tells otherwise how its entries are read: its keys, and whether they are there."""
        return digest([*self.own.lines(), *([self.retired] if self.retired else [])])


@dataclass(frozen=True, kw_only=True)
class OpenShard(Shard):
    """One log of a trail that is open for questions.

    Attributes:
        signed: the checkpoint that the projection reaches.
        first: how many entries the logs before it hold.
    """

    signed: SignedCheckpoint
    first: int

    @property
    def end(self) -> int:
        """Entries of the trail up to its end."""
        return self.first + self.signed.checkpoint.size

    def root(self, size: int) -> bytes:
        """Return the log's root at a size of its own: as it was signed, or as its tiles give it.

        Raises:
            InputError: for another size than the last of a log whose entries were deleted.
        """
        if size == self.signed.checkpoint.size:
            return self.signed.checkpoint.root
        if self.retired:
            raise InputError(
                f"expected a size of the trail of at least {self.end}, found {self.first + size}: {self.retired}"
            )
        return root_hash(size, self.reader.tree(self.signed.checkpoint.size).node)

    def at(self, size: int, root: bytes) -> ShardReach:
        """Return the log as far as a size of its own."""
        return ShardReach(origin=self.signed.checkpoint.origin, first=self.first, size=size, root=root.hex())


def advance(
    connection: sqlite3.Connection,
    shards: Sequence[Shard],
    keys: frozenset[PublicKey],
    *,
    reached: Sequence[OpenShard] = (),
    tell: Tell = quiet,
) -> tuple[OpenShard, ...]:
    """Project the entries that are not projected yet, and hold all of them against the roots that the logs signed.

    Some thousand at a time are kept, so that what a crash interrupts goes on from there; they hash to the log's own
    tiles. Nothing is answered from them before all are there and give the root that was signed.

    Args:
        connection: the projection.
        shards: the logs, in order, at least one.
        keys: the keys of people and machines that are known.
        reached: the same logs as they were opened: go as far as that, and not to their present sizes.
        tell: is told how far it is; what it raises ends it, and what was projected stays.

    Raises:
        VerificationError: when a log is not the one that was seen before, not what it has signed, or does not go on
            after the one before it.
    """
    opened, done = tuple(reached), False
    while not done:
        connection.execute("BEGIN IMMEDIATE")  # two who ask at once: the second finds what the first has projected
        try:
            opened = opened or _opened(shards)
            done = _advance_some(connection, opened, keys)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        tell(projection.require(connection, 0).size, opened[-1].end)
    return opened


def _advance_some(connection: sqlite3.Connection, opened: Sequence[OpenShard], keys: frozenset[PublicKey]) -> bool:
    """Project some entries, in the caller's transaction; say whether that was all."""
    before = _begin(connection, opened, keys)
    for number, shard in enumerate(opened):
        if number == len(before.shards):
            projection.begin_shard(connection, shard.signed.checkpoint.origin, shard.read_by)
            before = projection.require(connection, 0)
        if not _extend(connection, shard, before.shards[number], keys, last=number == len(before.shards) - 1):
            return False
        if number:
            _require_link(connection, opened[number - 1], shard)
    return True


def _opened(shards: Sequence[Shard]) -> tuple[OpenShard, ...]:
    """Read the present checkpoint of each log."""
    found: list[OpenShard] = []
    for one in shards:
        signed, first = one.reader.checkpoint(), found[-1].end if found else 0
        found.append(
            OpenShard(
                reader=one.reader,
                keys=one.keys,
                anchors=one.anchors,
                recorded=one.recorded,
                archived=one.archived,
                retired=one.retired,
                signed=signed,
                first=first,
            )
        )
    return tuple(found)


def _begin(connection: sqlite3.Connection, opened: Sequence[OpenShard], keys: frozenset[PublicKey]) -> projection.Reach:
    """Return how far the projection reaches; it is begun anew when it is of other logs, or was read in another way.

    Where people came or went, only what their keys may tell otherwise is read again.
    """
    origins = [one.signed.checkpoint.origin for one in opened]
    own = [one.read_by for one in opened]
    read_with, known = digest([__version__]), sorted(key.key_id for key in keys)
    reach = projection.reach(connection)
    seen = [] if reach is None else [one.origin for one in reach.shards]
    same = reach is not None and reach.read_with == read_with and seen[: len(origins)] == origins[: len(seen)]
    if reach is None or not same or list(reach.own_sha256[: len(own)]) != own[: len(seen)]:
        projection.create(connection, origins[0], read_with, own[0], keys=known)
    elif len(seen) > len(origins):
        raise VerificationError(
            f"log {origins[-1]}: cut: its projection has seen that {seen[len(origins)]} goes on after it, and there is "
            "none now"
        )
    elif list(reach.keys) != known:
        indices = projection.to_read_again(connection, set(reach.keys) - set(known))
        projection.sign_again(connection, _read_again(connection, opened, indices, keys), known)
    return projection.require(connection, 0)


def _read_again(
    connection: sqlite3.Connection, opened: Sequence[OpenShard], indices: Sequence[int], keys: frozenset[PublicKey]
) -> Iterator[Read]:
    """Yield entries as other keys tell them; each must be the one that was hashed when it was first read."""
    trees: dict[int, TiledTree] = {}
    for index in indices:
        shard = next(one for one in reversed(opened) if one.first <= index)
        tree = trees.setdefault(shard.first, shard.reader.tree(shard.signed.checkpoint.size))
        before = projection.at_index(connection, index)
        if index >= shard.end or before is None:
            raise VerificationError(f"log {shard.signed.checkpoint.origin}: cut: entry {index} was there before")
        read = read_entry(index, tree.entry(index - shard.first), keys, own=shard.own, first=shard.first)
        if read.leaf_sha256 != before.leaf_sha256:
            raise VerificationError(
                f"log {shard.signed.checkpoint.origin}: rewritten: entry {index} is not the one seen before"
            )
        yield read


def _extend(
    connection: sqlite3.Connection, shard: OpenShard, seen: ShardReach, keys: frozenset[PublicKey], *, last: bool
) -> bool:
    """Project some of what is new in one log, and say whether it was all; one that others follow has nothing new."""
    now = shard.signed.checkpoint
    if shard.retired and last and not seen.size:
        projection.project(connection, (), size=shard.end, root=now.root.hex(), gone=True)
    if shard.retired:
        return True
    edge = _edge_before(shard.reader, seen, now.size)
    if not last and seen.size != now.size:
        raise VerificationError(
            f"log {seen.origin}: it ended with {seen.size} entries, and has {now.size} now though another goes on"
        )
    if not last:
        return True
    end = min(now.size, (seen.size // _CHUNK + 1) * _CHUNK)
    root = shard.root(end)
    projection.project(connection, _Verifying(shard, edge, keys, (end, root)), size=shard.first + end, root=root.hex())
    return end == now.size


def _require_link(connection: sqlite3.Connection, before: OpenShard, shard: OpenShard) -> None:
    """Require that a log goes on after another: both say so, each signed with its own key."""
    ended, now = before.signed.checkpoint, shard.signed.checkpoint
    last, first = projection.at_index(connection, shard.first - 1), projection.at_index(connection, shard.first)
    frozen = last is not None and last.counts and last.event is not None and last.type == FROZEN
    named = frozen and last is not None and last.event is not None and last.event.fields.successor == now.origin
    if not named and not before.retired:  # then entry 0 of the log that goes on says alone how it ended
        raise VerificationError(
            f"log {ended.origin}: expected its last entry to be log.frozen, signed with its key and naming {now.origin}"
        )
    opened = first is not None and first.counts and first.event is not None and first.type == OPENED
    wanted = (ended.origin, ended.size, ended.root.hex())
    said = first.event.fields if opened and first is not None and first.event is not None else None
    if said is None or (said.predecessor, said.predecessor_size, said.predecessor_root) != wanted:
        raise VerificationError(
            f"log {now.origin}: expected entry 0 to be log.opened, signed with its key, after {ended.size} entries of "
            f"{ended.origin}"
        )


def _edge_before(reader: LogReader, seen: ShardReach, size: int) -> Edge:
    """Return the log's edge at what was seen before, when its first entries are still those."""
    if seen.size > size:
        raise VerificationError(
            f"log {seen.origin}: cut: its projection has seen {seen.size} entries, it has {size} now. If a backup "
            f"was restored, look for the log's checkpoint of size {seen.size}"
        )
    edge = read_edge(reader.tree(size), seen.size) if seen.size else Edge()
    if edge.root().hex() != seen.root:
        raise VerificationError(
            f"log {seen.origin}: rewritten: its first {seen.size} entries are not those seen before"
        )
    return edge


class _Verifying:
    """Some new entries, read; at the end their hashes must have given the log's root there, or none is projected."""

    def __init__(self, shard: OpenShard, edge: Edge, keys: frozenset[PublicKey], goal: tuple[int, bytes]) -> None:
        self._shard, self._edge, self._keys, self._goal = shard, edge, keys, goal

    def __iter__(self) -> Iterator[Read]:
        """Yield the entries, and raise at their end when they are not those that the log has signed."""
        edge, (size, root), own = self._edge, self._goal, self._shard.own
        first = self._shard.first
        new = list(islice(self._shard.reader.entries(edge.size, size), _CHUNK))
        start = first + edge.size
        edge = grow(edge, new).edge
        for position, entry in enumerate(new, start):
            yield read_entry(position, entry, self._keys, own=own, first=first)
        if (edge.size, edge.root()) != (size, root):
            raise VerificationError(
                f"log: its {edge.size} entries do not hash to the root that it has at size {size}. See what differs "
                "with: assay log check"
            )
