"""Asking the trail: a projection that is brought up to the log's size, a view of it, and proofs of what answers cite.

The projection is a file in the state folder, and disposable: it is built anew when it is of another log or other keys.
Every entry that enters it is hashed, and together they must give the root that the log has signed, so no answer can
rest on an entry that was changed, put in or left out.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Protocol

import msgspec

from assay import __version__
from assay.errors import InputError, StorageError, VerificationError
from assay.lifecycle.keyring import read_public_keys
from assay.lifecycle.people import read_people
from assay.lifecycle.replaying import read_ledger, replay
from assay.lifecycle.setting import read_trust
from assay.lifecycle.storing import KEPT
from assay.records.canonical import digest, sha256_hex
from assay.tlog.growth import Edge, grow, read_edge
from assay.tlog.merkle import verify_inclusion
from assay.tlog.proof import Proof
from assay.tlog.tile import TILE_WIDTH
from assay.tlog.tree import inclusion_proof, root_hash
from assay.trail import projection
from assay.trail.answers import Answer, InclusionProof
from assay.trail.erasures import ERASED, Erasures
from assay.trail.reading import Read, read_entry
from assay.trail.view import Anchor, View, times_by

if TYPE_CHECKING:
    from pathlib import Path

    from assay.attest.keys import PublicKey
    from assay.attest.trust import Trust
    from assay.lifecycle.project import Project
    from assay.tlog.signed_checkpoint import SignedCheckpoint
    from assay.tlog.tiled_tree import TiledTree
    from assay.tlog.vkey import VerifierKey

PROJECTION = "trail.sqlite"

MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
"""Cap on a document beside the log that is looked at."""

_CHUNK = 4096
_NAMED = (
    "releases/**/verdict.json",
    "releases/**/evidence.json",
    "releases/**/consents/*.json",
    f"{KEPT}/*",
)


class LogReader(Protocol):
    """A log that can be read: a folder, or a copy of one."""

    @property
    def key(self) -> VerifierKey:
        """The log's verifier key."""
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
    """A log with its projection, open for questions.

    Attributes:
        reader: the log.
        signed: the checkpoint that the projection reaches.
        connection: the projection.
        documents: what lies beside the log.
        trust: who people are.
        people: pseudonym to name.
        keys: the known keys by name.
        anchors: outside proofs of when the log had which size, verified.
        recorded: tells when the log's sequencer committed an entry, where that is known.
        erasures: what was erased.
        archived: signed checkpoints of former sizes that are kept, verified by the caller.
        replayed: what was there again though it was erased, and was erased again, a line each.
    """

    reader: LogReader
    signed: SignedCheckpoint
    connection: sqlite3.Connection
    documents: Mapping[str, bytes]
    trust: Trust
    people: Mapping[str, str]
    keys: Mapping[str, PublicKey]
    anchors: tuple[Anchor, ...] = ()
    recorded: Callable[[int], str | None] = lambda _index: None
    erasures: Erasures = field(default_factory=Erasures)
    archived: Mapping[int, SignedCheckpoint] = field(default_factory=dict)
    replayed: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Entries of the log."""
        return self.signed.checkpoint.size

    def view(self, size: int | None = None) -> View:
        """Return the trail as it was at a size of the log; by default at its last.

        Raises:
            InputError: when the log is not that long.
        """
        at = self.size if size is None else size
        if not 0 <= at <= self.size:
            raise InputError(f"expected a size of the log from 0 to {self.size}, found {at}")
        return View(
            connection=self.connection,
            origin=self.signed.checkpoint.origin,
            size=at,
            root=root_hash(at, self.reader.tree(at).node).hex(),
            documents=self.documents,
            trust=self.trust,
            people=self.people,
            key_names={key.key_id: name for name, key in self.keys.items()},
            times=times_by((one for one in self.anchors if one.size <= at), self.recorded),
            erasures=self.erasures,
        )

    def with_id(self, identity: str) -> Read | None:
        """Return the entry whose event has an id; None when there is none."""
        return projection.with_id(self.connection, identity)

    def at_index(self, index: int) -> Read | None:
        """Return the entry at an index; None when there is none."""
        return projection.at_index(self.connection, index)

    def proven(self, answer: Answer) -> Answer:
        """Add to an answer the proof of every entry that it cites, each read again from the log and verified.

        Raises:
            VerificationError: when one does not hold, or the projection says of it what the log does not.
        """
        tree, root = self.reader.tree(answer.size), bytes.fromhex(answer.root)
        keys = _all_keys(self.trust, self.keys)
        bundles: dict[int, list[bytes]] = {}
        proofs = []
        for one in answer.cited:
            bundle, place = divmod(one.index, TILE_WIDTH)
            if bundle not in bundles:
                bundles = {bundle: tree.entries(bundle)}  # what is cited comes in order: one bundle at a time
            if read_entry(one.index, bundles[bundle][place], keys) != projection.at_index(self.connection, one.index):
                raise VerificationError(
                    f"entry {one.index}: the projection says otherwise than the log. Compare with: assay trail check"
                )
            hashes = inclusion_proof(one.index, answer.size, tree.node)
            if not verify_inclusion(one.index, answer.size, bytes.fromhex(one.leaf_sha256), hashes, root):
                raise VerificationError(f"entry {one.index}: it does not stand in the log at size {answer.size}")
            proofs.append(
                InclusionProof(
                    index=one.index, leaf_sha256=one.leaf_sha256, hashes=tuple(hash_.hex() for hash_ in hashes)
                )
            )
        return msgspec.structs.replace(answer, proofs=tuple(proofs))

    def signed_at(self, answer: Answer) -> bytes | None:
        """Return what the log signed of an answer's size: its present checkpoint, or one that is archived beside it.

        Raises:
            VerificationError: when it signed another root of that size.
        """
        signed = self.signed if answer.size == self.size else self.archived.get(answer.size)
        if signed is not None and signed.checkpoint.root.hex() != answer.root:
            raise VerificationError(
                f"log {answer.origin}: split view: its archived checkpoint of size {answer.size} has another root than "
                "its entries. Keep both: together they convict it"
            )
        return None if signed is None else signed.note

    def proof_files(self, answer: Answer) -> dict[str, bytes]:
        """Return ``<index>.tlog-proof`` and ``<index>.entry`` for each entry that an answer cites.

        Raises:
            InputError: when the log has gone on since, so that no checkpoint of that size is at hand.
        """
        note = self.signed_at(answer)
        if note is None:
            raise InputError(
                f"expected an answer about the log's present size, {self.size}, found one about {answer.size}: no "
                "signed checkpoint of that size is kept here, and a proof file needs one"
            )
        tree, files = self.reader.tree(answer.size), {}
        for one in answer.proofs:
            hashes = tuple(bytes.fromhex(hash_) for hash_ in one.hashes)
            files[f"{one.index}.tlog-proof"] = Proof(one.index, hashes, note).content()
            files[f"{one.index}.entry"] = tree.entry(one.index)
        return files

    def rebuilt(self) -> list[str]:
        """Build the projection again in memory and compare; return what differs, a line each."""
        with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
            _advance(fresh, self.reader, _all_keys(self.trust, self.keys), signed=self.signed)
            return projection.differences(self.connection, fresh)


def entry_with_proof(reader: LogReader, index: int) -> tuple[bytes, bytes]:
    """Return an entry of a log, and the proof file that it stands in it at its present size."""
    signed = reader.checkpoint()
    size, tree = signed.checkpoint.size, reader.tree(signed.checkpoint.size)
    return tree.entry(index), Proof(index, tuple(inclusion_proof(index, size, tree.node)), signed.note).content()


@contextlib.contextmanager
def open_trail(
    project: Project,
    reader: LogReader,
    *,
    anchors: Sequence[Anchor] = (),
    recorded: Callable[[int], str | None] = lambda _index: None,
    archived: Mapping[int, SignedCheckpoint] | None = None,
    rebuild: bool = False,
) -> Iterator[Trail]:
    """Open a project's trail: its projection is brought up to the log's present size first.

    Args:
        project: the project.
        reader: its log.
        anchors: outside proofs of when the log had which size, verified by the caller.
        recorded: tells when the log's sequencer committed an entry, where that is known.
        archived: signed checkpoints of former sizes that are kept, verified by the caller.
        rebuild: read the whole log again, into memory, and look at no projection that is kept.

    Raises:
        VerificationError: when the log's entries are not those that it has signed.
        StorageError: when the projection cannot be written.
    """
    trust_file = project.root / project.config.trust if project.config.trust else None
    trust, _ = read_trust(trust_file)
    keys = read_public_keys(project.keys)
    try:
        project.state.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(_connect(":memory:" if rebuild else project.state / PROJECTION)) as connection:
            signed = _advance(connection, reader, _all_keys(trust, keys))
            erased = projection.select(connection, ERASED, size=signed.checkpoint.size)
            erasures = Erasures.of(erased, trust) + read_ledger(project.root, trust)
            replayed = replay(project.state, erasures, trust, trust_file)  # before anything beside the log is read
            yield Trail(
                erasures=erasures,
                replayed=tuple(replayed),
                reader=reader,
                signed=signed,
                connection=connection,
                documents=Documents(project.state),
                trust=trust,
                people=read_people(project.state),
                keys=keys,
                anchors=tuple(anchors),
                recorded=recorded,
                archived=archived or {},
            )
    except (sqlite3.Error, OSError) as error:
        raise StorageError(
            f"{project.state / PROJECTION}: {error}. It holds nothing that the log does not: remove it and ask again"
        ) from error


def _all_keys(trust: Trust, keys: Mapping[str, PublicKey]) -> frozenset[PublicKey]:
    return trust.keys() | frozenset(keys.values())


def _connect(path: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
    connection.execute("PRAGMA secure_delete = ON")  # what is dropped from it is overwritten
    return connection


def _advance(
    connection: sqlite3.Connection,
    reader: LogReader,
    keys: frozenset[PublicKey],
    *,
    signed: SignedCheckpoint | None = None,
) -> SignedCheckpoint:
    """Project the entries that are not projected yet, and hold all of them against the signed root.

    Returns:
        The checkpoint that the projection reaches: the one given, or the log's present one.
    """
    connection.execute("BEGIN IMMEDIATE")  # two who ask at once: the second finds what the first has projected
    try:
        signed = signed or reader.checkpoint()
        now = signed.checkpoint
        reach = _begin(connection, now.origin, digest([__version__, *sorted(key.key_id for key in keys)]))
        new = _Verifying(reader, _edge_before(reader, reach, now.size), now.size, now.root, keys)
        projection.project(connection, new, size=now.size, root=now.root.hex())
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return signed


def _begin(connection: sqlite3.Connection, origin: str, known: str) -> projection.Reach:
    reach = projection.reach(connection)
    if reach is None or (reach.origin, reach.keys_sha256) != (origin, known):
        projection.create(connection, origin, known)
    return projection.require(connection, 0)


def _edge_before(reader: LogReader, reach: projection.Reach, size: int) -> Edge:
    """Return the log's edge at what was seen before, when its first entries are still those."""
    if reach.size > size:
        raise VerificationError(
            f"log {reach.origin}: cut: its projection has seen {reach.size} entries, it has {size} now. If a backup "
            f"was restored, look for the log's checkpoint of size {reach.size}"
        )
    edge = read_edge(reader.tree(reach.size)) if reach.size else Edge()
    if edge.root().hex() != reach.root:
        raise VerificationError(
            f"log {reach.origin}: rewritten: its first {reach.size} entries are not those seen before"
        )
    return edge


class _Verifying:
    """The new entries, read; at the end their hashes must have given the signed root, or nothing is projected."""

    def __init__(self, reader: LogReader, edge: Edge, size: int, root: bytes, keys: frozenset[PublicKey]) -> None:
        self._reader, self._edge, self._size, self._root, self._keys = reader, edge, size, root, keys

    def __iter__(self) -> Iterator[Read]:
        """Yield the entries, and raise at their end when they are not those that the log has signed."""
        edge = self._edge
        entries = self._reader.entries(edge.size, self._size)
        while chunk := list(islice(entries, _CHUNK)):
            first = edge.size
            edge = grow(edge, chunk).edge
            for position, entry in enumerate(chunk):
                yield read_entry(first + position, entry, self._keys)
        if (edge.size, edge.root()) != (self._size, self._root):
            raise VerificationError(
                f"log: its {edge.size} entries do not hash to the root that it has signed at size {self._size}. See "
                "what differs with: assay log check"
            )
