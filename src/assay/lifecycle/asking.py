"""Asking the trail: a projection that is brought up to the log's size, a view of it, and proofs of what answers cite.

The projection is a file in the state folder, and disposable: it is built anew when it is of another log or other keys.
Every entry that enters it is hashed, and together they must give the root that the log has signed, so no answer can
rest on an entry that was changed, put in or left out.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from assay.errors import InputError, StorageError, VerificationError
from assay.lifecycle.connections import HeldConnection
from assay.lifecycle.keyring import read_public_keys
from assay.lifecycle.people import read_people
from assay.lifecycle.replaying import read_ledger, remember_again, replay
from assay.lifecycle.setting import read_trust
from assay.lifecycle.storing import KEPT
from assay.lifecycle.trail_shards import LogReader, OpenShard, Shard, advance
from assay.records.canonical import sha256_hex
from assay.tlog.merkle import verify_inclusion
from assay.tlog.proof import Proof
from assay.tlog.tile import TILE_WIDTH
from assay.tlog.tree import inclusion_proof
from assay.trail import projection
from assay.trail.answers import Answer, InclusionProof, ShardReach, shard_of
from assay.trail.erasures import ERASED, Erasures
from assay.trail.events import Times
from assay.trail.reading import Read, read_entry
from assay.trail.standing import renew
from assay.trail.view import Anchor, View, times_by

if TYPE_CHECKING:
    from pathlib import Path

    from assay.attest.keys import PublicKey
    from assay.attest.trust import Trust
    from assay.lifecycle.project import Project
    from assay.tlog.tiled_tree import TiledTree
    from assay.trail.sayings import Sayings

PROJECTION = "trail.sqlite"

MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
"""Cap on a document beside the log that is looked at."""

_NAMED = (
    "releases/**/verdict.json",
    "releases/**/evidence.json",
    "releases/**/consents/*.json",
    f"{KEPT}/*",
)


class Documents(Mapping[str, bytes]):
    """What lies beside the log in a state folder, by SHA-256; files are hashed when the first one is asked for."""

    def __init__(self, state: Path) -> None:
        self._state = state

    @cached_property
    def _paths(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for pattern in _NAMED:
            for path in sorted(self._state.glob(pattern)):
                if path.is_file() and path.stat().st_size <= MAX_DOCUMENT_BYTES:
                    found[sha256_hex(path.read_bytes())] = path
        return found

    def __getitem__(self, sha256: str) -> bytes:
        """Return the document with a digest; it is compared again when it is read."""
        content = self._paths[sha256].read_bytes()
        if sha256_hex(content) != sha256:
            raise KeyError(sha256)
        return content

    def __iter__(self) -> Iterator[str]:
        """Yield the digests of what is there."""
        return iter(self._paths)

    def __len__(self) -> int:
        """Return how many documents there are."""
        return len(self._paths)


@dataclass(frozen=True, kw_only=True)
class Trail:
    """A log, and those that go on after it, with their projection, open for questions.

    Entries are counted through all logs, in order, from 0; so are sizes.

    Attributes:
        shards: the logs.
        connection: the projection.
        documents: what lies beside the log.
        trust: who people are.
        people: pseudonym to name.
        keys: the known keys by name.
        erasures: what was erased.
        replayed: what was there again though it was erased, and was erased again, a line each.
        consents: tells which entries that are digests of consents may be about some model files; None: any of them.
        sayings: tells of which kinds consents are; None: each is read for it.
    """

    shards: tuple[OpenShard, ...]
    connection: sqlite3.Connection
    documents: Mapping[str, bytes]
    trust: Trust
    people: Mapping[str, str]
    keys: Mapping[str, PublicKey]
    erasures: Erasures = field(default_factory=Erasures)
    replayed: tuple[str, ...] = ()
    consents: Callable[[Collection[str]], Collection[int]] | None = None
    sayings: Sayings | None = None

    @property
    def size(self) -> int:
        """Entries of all logs together."""
        return self.shards[-1].end

    @property
    def first(self) -> int:
        """Entries of the logs before the one that takes entries now."""
        return self.shards[-1].first

    def view(self, size: int | None = None) -> View:
        """Return the trail as it was at a size; by default at its last.

        Args:
            size: entries of all logs together: the first logs whole, the last one that it reaches in part.

        Raises:
            InputError: when the trail is not that long.
        """
        at = self.size if size is None else size
        if not 0 <= at <= self.size:
            raise InputError(f"expected a size of the log from 0 to {self.size}, found {at}")
        reached, gone = [], []
        for one in self.shards:
            length = min(at - one.first, one.signed.checkpoint.size)
            if length > 0 or one.first == 0:
                reached.append(one.at(length, one.root(length)))
                gone += [one.retired] if one.retired and length else []
        return View(
            connection=self.connection, shards=tuple(reached), documents=self.documents, trust=self.trust,
            people=self.people, key_names={key.key_id: name for name, key in self.keys.items()} | self._log_names(),
            times=times_by(self._anchors(at), self._recorded), erasures=self.erasures, consents=self.consents,
            sayings=self.sayings, gone=tuple(f"{one}; nothing that they say is counted" for one in gone),
        )  # fmt: skip

    def _log_names(self) -> dict[str, str]:
        return {key: name for one in self.shards for key, name in one.own.names().items()}

    def _anchors(self, size: int) -> Iterator[Anchor]:
        """Yield the outside proofs, by sizes of the trail: entry 0 of a log holds the root of the one before."""
        for shard in self.shards:
            for one in shard.anchors:
                if one.size and shard.first + one.size <= size:
                    yield replace(one, size=shard.first + one.size)

    def _recorded(self, index: int) -> str | None:
        shard = self._shard(index)
        return shard.recorded(index - shard.first)

    def _shard(self, index: int) -> OpenShard:
        return next(one for one in reversed(self.shards) if one.first <= index)

    def with_id(self, identity: str) -> Read | None:
        """Return the entry whose event has an id; None when there is none."""
        return projection.with_id(self.connection, identity)

    def at_index(self, index: int) -> Read | None:
        """Return the entry at an index; None when there is none."""
        return projection.at_index(self.connection, index)

    def read_again(self, read: Read, keys: Collection[PublicKey]) -> Read:
        """Return an entry as some keys tell it; a VerificationError where it is not the one that was read before."""
        shard = self._shard(read.index)
        tree = shard.reader.tree(shard.signed.checkpoint.size)
        again = read_entry(read.index, tree.entry(read.index - shard.first), keys)
        if again.leaf_sha256 != read.leaf_sha256:
            raise VerificationError(f"entry {read.index}: it is not the one that was read before")
        return again

    def proven(self, answer: Answer) -> Answer:
        """Add to an answer the proof of every entry that it cites, each read again from the log and verified.

        Raises:
            VerificationError: when one does not hold, or the projection says of it what the log does not.
        """
        keys = all_keys(self.trust, self.keys)
        trees: dict[int, TiledTree] = {}
        bundles: dict[tuple[int, int], list[bytes]] = {}
        proofs = []
        for one in answer.cited:
            reach, shard = shard_of(answer.shards, one.index), self._shard(one.index)
            tree = trees.setdefault(reach.first, shard.reader.tree(reach.size))
            bundle, place = divmod(one.entry, TILE_WIDTH)
            if (reach.first, bundle) not in bundles:  # what is cited comes in order: one bundle at a time
                bundles = {(reach.first, bundle): tree.entries(bundle)}
            entry = bundles[reach.first, bundle][place]
            if read_entry(one.index, entry, keys, own=shard.own, first=shard.first) != self.at_index(one.index):
                raise VerificationError(
                    f"entry {one.index}: the projection says otherwise than the log. Compare with: assay trail check"
                )
            hashes = inclusion_proof(one.entry, reach.size, tree.node)
            leaf, root = bytes.fromhex(one.leaf_sha256), bytes.fromhex(reach.root)
            if not verify_inclusion(one.entry, reach.size, leaf, hashes, root):
                raise VerificationError(f"entry {one.index}: it does not stand in the log at size {answer.size}")
            proofs.append(
                InclusionProof(
                    index=one.index, shard=one.shard, entry=one.entry, leaf_sha256=one.leaf_sha256,
                    hashes=tuple(hash_.hex() for hash_ in hashes),
                )
            )  # fmt: skip
        return msgspec.structs.replace(answer, proofs=tuple(proofs))

    def signed_at(self, reach: ShardReach) -> bytes | None:
        """Return what a log signed of a size: its present checkpoint, or one that is archived beside it.

        Raises:
            VerificationError: when it signed another root of that size.
        """
        shard = self._shard(reach.first)
        present = reach.size == shard.signed.checkpoint.size
        signed = shard.signed if present else shard.archived.get(reach.size)
        if signed is not None and signed.checkpoint.root.hex() != reach.root:
            raise VerificationError(
                f"log {reach.origin}: split view: its archived checkpoint of size {reach.size} has another root than "
                "its entries. Keep both: together they convict it"
            )
        return None if signed is None else signed.note

    def proof_files(self, answer: Answer) -> dict[str, bytes]:
        """Return ``<index>.tlog-proof`` and ``<index>.entry`` for each entry that an answer cites.

        The index is that of the trail; the proof names its log, and the entry's place in it.

        Raises:
            InputError: when a log has gone on since, so that no checkpoint of that size is at hand.
        """
        files: dict[str, bytes] = {}
        for reach in answer.shards:
            proofs = [one for one in answer.proofs if reach.first <= one.index < reach.end]
            note = self.signed_at(reach)
            if note is None:
                raise InputError(
                    f"expected an answer about the log's present size, {self.size}, found one about {answer.size}: no "
                    f"checkpoint that {reach.origin} signed of size {reach.size} is kept here, and a proof file needs "
                    "one"
                )
            tree = self._shard(reach.first).reader.tree(reach.size)
            for one in proofs:
                hashes = tuple(bytes.fromhex(hash_) for hash_ in one.hashes)
                files[f"{one.index}.tlog-proof"] = Proof(one.entry, hashes, note).content()
                files[f"{one.index}.entry"] = tree.entry(one.entry)
        return files

    def rebuilt(self) -> list[str]:
        """Build the projection again in memory and compare; return what differs, a line each."""
        with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
            advance(fresh, self.shards, all_keys(self.trust, self.keys), reached=self.shards)
            for connection in (fresh, self.connection):
                renew_standings(replace(self.view(), connection=connection))
            return projection.differences(self.connection, fresh)


def renew_standings(view: View, tell: Callable[[int], None] = lambda _left: None) -> None:
    """Make the standings anew that something new is about, some at a time, each time in a transaction of its own.

    Args:
        view: the whole trail at its present size, with a connection that may write where anything is to be made anew.
        tell: is told after each step how many models are left, about; what it raises ends it, and what was made stays.
    """
    connection = view.connection
    quick = replace(view, times=lambda _index: Times())  # a row says nothing of when an entry was recorded
    left = connection.execute("SELECT 1 FROM stale LIMIT 1").fetchone() is not None
    while left:
        connection.execute("BEGIN IMMEDIATE")
        try:
            left = renew(quick)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        if left:
            tell(connection.execute("SELECT count(*) FROM stale").fetchone()[0])


def entry_with_proof(readers: Iterable[LogReader], index: int) -> tuple[bytes, bytes]:
    """Return an entry of a trail, and the proof file that it stands in its log at that log's present size.

    Args:
        readers: the logs, in order.
        index: where it stands, counted through all of them.

    Raises:
        InputError: when they hold no such entry.
    """
    before = 0
    for reader in readers:
        signed = reader.checkpoint()
        size, tree = signed.checkpoint.size, reader.tree(signed.checkpoint.size)
        entry = index - before
        if entry < size:
            hashes = tuple(inclusion_proof(entry, size, tree.node))
            return tree.entry(entry), Proof(entry, hashes, signed.note).content()
        before += size
    raise InputError(f"expected an entry from 0 to {before - 1}, found {index}")


def finish_erasures(root: Path, state: Path, opened: Sequence[OpenShard], erased: Iterable[Read], trust: Trust) -> None:
    """Put into the ledger, and beside releases, the erasures that a crash left in the log alone.

    Args:
        root: the folder that holds the ledger.
        state: the state folder.
        opened: the logs; only in the one that takes entries now can anything be unfinished.
        erased: the entries of erasures.
        trust: who people are.
    """
    last = opened[-1]
    held = (one for one in erased if one.index >= last.first)
    remember_again(root, state, held, trust, prove=lambda index: entry_with_proof([last.reader], index - last.first))


@contextlib.contextmanager
def open_trail(project: Project, shards: Sequence[Shard], *, rebuild: bool = False) -> Iterator[Trail]:
    """Open a project's trail: its projection is brought up to the logs' present sizes first.

    Args:
        project: the project.
        shards: its log, and those that go on after it, in order.
        rebuild: read the whole log again, into memory, and look at no projection that is kept.

    Raises:
        VerificationError: when a log's entries are not those that it has signed, or it does not go on after the one
            before it.
        StorageError: when the projection cannot be written.
    """
    trust_file = project.root / project.config.trust if project.config.trust else None
    trust, _ = read_trust(trust_file)
    keys = read_public_keys(project.keys)
    try:
        project.state.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(connect(":memory:" if rebuild else project.state / PROJECTION)) as connection:
            opened = advance(connection, shards, all_keys(trust, keys))
            erased = tuple(projection.select(connection, ERASED, size=opened[-1].end))
            erasures = Erasures.of(erased, trust) + read_ledger(project.root, trust)
            replayed = replay(project.state, erasures, trust, trust_file)  # before anything beside the log is read
            finish_erasures(project.root, project.state, opened, erased, trust)
            yield Trail(
                erasures=erasures,
                replayed=tuple(replayed),
                shards=opened,
                connection=connection,
                documents=Documents(project.state),
                trust=trust,
                people=read_people(project.state),
                keys=keys,
            )
    except (sqlite3.Error, OSError) as error:
        raise StorageError(
            f"{project.state / PROJECTION}: {error}. It holds nothing that the log does not: remove it and ask again"
        ) from error


def all_keys(trust: Trust, keys: Mapping[str, PublicKey]) -> frozenset[PublicKey]:
    """Return every key whose signature counts: people's, and those of this place."""
    return trust.keys() | frozenset(keys.values())


def connect(path: Path | str, *, shared: bool = False) -> sqlite3.Connection:
    """Open a projection's database.

    Args:
        path: the file, or ``:memory:``.
        shared: threads take turns with it, and their owner sees to that.
    """
    held = HeldConnection if shared else sqlite3.Connection
    connection = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=not shared, factory=held)
    try:
        connection.execute("PRAGMA secure_delete = ON")  # what is dropped from it is overwritten
    except sqlite3.Error:
        connection.close()
        raise
    return connection
