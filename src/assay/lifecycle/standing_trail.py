"""A trail that stays open: a server's, asked from many threads and brought up to the log by what is new alone.

One connection writes the projection, under a lock; each thread that asks has its own, and sees what was committed. What
was read stays read: of a log that has grown only the new entries are hashed, of a state folder with ten thousand
releases only the folders that changed are looked into, and of the standings only those that something new is about are
made anew. When people come or go, only entries that their keys may tell otherwise are read again.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from dataclasses import dataclass, field, replace
from heapq import merge
from typing import TYPE_CHECKING

from assay.errors import InputError, StorageError
from assay.lifecycle.asking import PROJECTION, Trail, all_keys, connect, finish_erasures, renew_standings
from assay.lifecycle.beside import Beside
from assay.lifecycle.keyring import read_public_keys
from assay.lifecycle.log_shards import next_path, shards
from assay.lifecycle.people import People
from assay.lifecycle.project import KEYS, LOG
from assay.lifecycle.replaying import LEDGER, read_ledger, replay
from assay.lifecycle.setting import read_trust
from assay.lifecycle.trail_shards import OpenShard, Shard, advance
from assay.trail import projection
from assay.trail.answers import ShardReach
from assay.trail.erasures import ERASED, Erasures
from assay.trail.marks import FILES, MODEL, named_by
from assay.trail.projection import EMPTY_ROOT
from assay.trail.reading import CONSENT_DIGEST
from assay.trail.standing_table import make_stale
from assay.trail.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from assay.attest.keys import PublicKey
    from assay.attest.trust import Trust

_FEW = 32
"""So many models at most are looked for below ``releases`` by name; for more, everywhere."""

_JOURNAL_BYTES = 64 * 1024 * 1024
"""What is left of the write-ahead log after a projection of the whole log has gone through it."""

_CACHE_KIB = 64 * 1024
"""Of the projection, so much is in memory while it is written: its indices are written all over."""

WAIT_SECONDS, FIRST_SECONDS = 20.0, 1.0
"""How long whoever asks waits for another thread that reads what is new; shorter before anything can be answered."""

_Stamp = tuple[int, ...] | None


@dataclass(frozen=True, kw_only=True)
class _Now:
    """What was known when the trail was last refreshed."""

    stamps: tuple[_Stamp, ...] = ()
    places: tuple[_Stamp, ...] = ()
    shards: tuple[Shard, ...] = ()
    opened: tuple[OpenShard, ...] = ()
    trust: Trust
    trust_sha256: str = ""
    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    erasures: Erasures = field(default_factory=Erasures)
    replayed: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Entries of all logs together."""
        return self.opened[-1].end if self.opened else 0


class StandingTrail:
    """The trail of a state folder, open for long."""

    def __init__(
        self, state: Path, logs: Callable[[], Sequence[Shard]], *, trust: Path | None = None, root: Path | None = None
    ) -> None:
        """Open it; `refresh` before the first question.

        Args:
            state: the state folder, ``.assay``.
            logs: returns the log and those that go on after it, as they are now; called when one of them has changed
                in more than its entries.
            trust: the file that names people; one that is not there names nobody.
            root: the folder of the ledger of erasures; by default that of the state folder.

        Raises:
            StorageError: when the projection cannot be opened.
        """
        self._state, self._logs, self._trust_file = state, logs, trust
        self._root = state.parent if root is None else root
        self._lock = threading.RLock()
        self._mine = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._consents: dict[str, frozenset[int]] = {}
        self._unplaced: frozenset[int] = frozenset()
        self._kinds: dict[str, list[int]] = {}
        self._consents_to = 0
        self._now = _Now(trust=read_trust(None)[0])
        self._told, self._closing = "", False
        self.people = People(state)
        with self._storage_errors():
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._writer = connect(state / PROJECTION, shared=True)
            self._writer.execute("PRAGMA journal_mode = WAL")
            self._writer.execute(f"PRAGMA journal_size_limit = {_JOURNAL_BYTES}")
            self._writer.execute("PRAGMA synchronous = NORMAL")  # disposable: what a crash loses is projected again
            self._writer.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            (state / PROJECTION).chmod(0o600)
            self._beside = Beside(state)

    @contextlib.contextmanager
    def _storage_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"{self._state / PROJECTION}: {error}. It holds nothing that the log does not: remove it and ask again"
            ) from error

    @property
    def size(self) -> int:
        """Entries of all logs together, as of the last refresh."""
        return self._now.size

    def refresh(self) -> int:
        """Bring the projection up to the logs' present sizes; where nothing has changed this costs some file times.

        Returns:
            Entries of all logs together.

        Raises:
            VerificationError: when a log's entries are not those that it has signed.
            StorageError: when the projection cannot be written, or another thread has been reading what is new for
                long: then how far it is; what was known before is still answered from.
        """
        if self._stamps() == self._now.stamps:
            return self._now.size
        if not self._lock.acquire(timeout=WAIT_SECONDS if self._now.stamps else FIRST_SECONDS):
            raise StorageError(f"The log is being read: {self._told}. Ask again in a moment")
        try:
            with self._storage_errors():
                stamps = self._stamps()
                if stamps != self._now.stamps:
                    self._now = self._refreshed(stamps)
                return self._now.size
        finally:
            self._lock.release()

    @property
    def told(self) -> str:
        """How far the first reading of the log is, in words; empty once it was read."""
        return "" if self._now.stamps else self._told

    def _tell(self, words: str) -> None:
        self._told = words
        if self._closing:
            raise StorageError("The trail was closed while the log was being read; the next start goes on from there")

    def look_again(self) -> None:
        """Look at every document beside the log again, as after a restore; `refresh` looks only where something is new.

        Raises:
            StorageError: when the index cannot be written.
        """
        with self._lock, self._storage_errors():
            self._beside.scan(self._took_in, files=True)
            self._renew(self._now)

    def trail(self) -> Trail:
        """Return the trail as of the last refresh, with this thread's connection; for proofs, and for recording.

        Raises:
            InputError: when nothing is recorded yet.
        """
        now = self._now
        if not now.opened:
            raise InputError(f"expected a log at {self._state / LOG}, found none: nothing is recorded yet")
        return self._trail(now, self._connection())

    def view(self, size: int | None = None) -> View:
        """Return the trail as questions see it, as of the last refresh; before anything is recorded it is empty.

        Args:
            size: as it was at a size, entries of all logs together; by default at its last.
        """
        if not self._now.opened:
            nothing = ShardReach(origin="", first=0, size=0, root=EMPTY_ROOT)
            return View(connection=self._connection(), shards=(nothing,), people=self.people)
        return self.trail().view(size)

    def close(self) -> None:
        """Close every connection; whoever still asks has an error. What is being read is left where it is."""
        self.stop_reading()
        with self._lock:
            for one in (*self._readers, self._writer):
                one.close()
            self._beside.close()

    def stop_reading(self) -> None:
        """Have another thread leave what it reads of the log where it is."""
        self._closing = True

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's own connection, which reads only."""
        found: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if found is None:
            with self._storage_errors():
                found = connect(self._state / PROJECTION, shared=True)
                found.execute("PRAGMA query_only = ON")
            self._mine.connection = found
            with self._lock:
                self._readers.append(found)
        return found

    def _trail(self, now: _Now, connection: sqlite3.Connection) -> Trail:
        return Trail(
            shards=now.opened, connection=connection, documents=self._beside, trust=now.trust, people=self.people,
            keys=now.keys, erasures=now.erasures, replayed=now.replayed, consents=self._may_be_about,
            sayings=_Sayings(self._beside, self._kinds),
        )  # fmt: skip

    def _may_be_about(self, files: Collection[str]) -> Collection[int]:
        """Return the entries that are digests of consents bound to some model files, or to nobody knows which."""
        found = set(self._unplaced)
        for envelope in self._beside.envelopes_of(files):
            found |= self._consents.get(envelope, frozenset())
        return found

    def _stamps(self) -> tuple[_Stamp, ...]:
        """Return what tells that something has changed: the logs, who is known, the ledger."""
        folders = shards(self._state / LOG)
        ledger = self._root / LEDGER
        named = [self._trust_file] if self._trust_file is not None else []
        known = (*named, self._state / KEYS, ledger)
        return (*(_stamp(one / "checkpoint") for one in folders), *map(_stamp, known), *self._places(folders))

    def _places(self, folders: Sequence[Path]) -> tuple[_Stamp, ...]:
        """Return what tells that more than a log's entries has changed: its keys, what outsiders say, what follows."""
        beside = [one.with_name(f"{one.name}.{what}") for one in folders for what in ("keys", "vkey", "checkpoints")]
        first = [one / "checkpoint" for one in folders if not one.is_dir()]
        return tuple(_stamp(one) for one in (*beside, *(next_path(one) for one in folders), *first))

    def _refreshed(self, stamps: tuple[_Stamp, ...]) -> _Now:
        self._told = "just begun"
        try:
            return self._read_new(stamps)
        finally:
            self._told = ""

    def _read_new(self, stamps: tuple[_Stamp, ...]) -> _Now:
        before = self._now
        trust, digest = read_trust(self._trust_file if self._trust_file and self._trust_file.is_file() else None)
        now = replace(
            before, stamps=stamps, trust=trust, trust_sha256=digest or "", keys=read_public_keys(self._state / KEYS)
        )
        folders = shards(self._state / LOG)
        if not (folders[0] / "checkpoint").is_file():
            if projection.reach(self._writer) is None:
                projection.create(self._writer, "", "")
            return replace(now, opened=())
        places = self._places(folders)
        logs = tuple(self._logs()) if places != before.places or not before.shards else before.shards
        opened = advance(
            self._writer, logs, all_keys(trust, now.keys),
            tell=lambda done, size: self._tell(f"{done:,} of {size:,} entries are read"),
        )  # fmt: skip
        now = replace(now, places=places, shards=logs, opened=opened)
        now = self._erased(before, now)
        self._look(before, now)
        self._renew(now)
        return now

    def _erased(self, before: _Now, now: _Now) -> _Now:
        """Do again what was erased and is back, where an erasure is new, or at the start; then tell what is erased."""
        reads = tuple(projection.select(self._writer, ERASED, size=now.size))
        erasures = Erasures.of(reads, now.trust) + read_ledger(self._root, now.trust)
        if before.opened and erasures == before.erasures:
            return now
        replayed = replay(self._state, erasures, now.trust, self._trust_file)
        finish_erasures(self._root, self._state, now.opened, reads, now.trust)
        gone = {digest for one in erasures.known for digest in (*one.replaced, *one.destroyed)}
        self._took_in(gone)
        return replace(now, erasures=erasures, replayed=tuple(replayed))

    def _look(self, before: _Now, now: _Now) -> None:
        """Look for documents where something new may have come, and have done anew what rests on them."""
        news = self._take_consents(before, now)
        waiting = [row[0] for row in self._writer.execute("SELECT mark FROM stale LIMIT ?", (_FEW + 1,))]
        names = [one.removeprefix(MODEL) for one in waiting if one.startswith(MODEL)]
        everywhere = not before.opened or len(waiting) > _FEW or len(names) < len(waiting)
        changed = self._beside.scan(self._took_in, names=None if everywhere else names, files=not before.opened)
        if not everywhere and any(not self._beside.placed(one) for one in news):  # a consent to another model's version
            changed |= self._beside.scan(self._took_in)
        if now.trust_sha256 != self._beside.trust_sha256:
            self._took_in(self._bound_to_others(before, now))
            self._beside.trust_sha256 = now.trust_sha256
        if news or changed:
            unplaced = [held for envelope, held in self._consents.items() if not self._beside.placed(envelope)]
            self._unplaced = frozenset().union(*unplaced)
            self._kinds = _by_kind(self._beside, self._consents)

    def _bound_to_others(self, before: _Now, now: _Now) -> set[str]:
        """Return the model files with consents of people who came, went or changed; at the start nobody knows which."""
        if not before.opened:
            return self._beside.files_bound()
        known = {one.key.key_id: one for one in before.trust.people}
        after = {one.key.key_id: one for one in now.trust.people}
        other = {key for key in known.keys() | after.keys() if known.get(key) != after.get(key)}
        return self._beside.files_signed_with(other)

    def _take_consents(self, before: _Now, now: _Now) -> set[str]:
        """Take in the entries that are digests of consents; return the digests that are new."""
        if [one.signed.checkpoint.origin for one in before.opened] != [
            one.signed.checkpoint.origin for one in now.opened[: len(before.opened)]
        ]:
            self._consents, self._consents_to = {}, 0
        query = "SELECT idx, waits_for FROM event WHERE type = ? AND idx >= ?"
        found = self._writer.execute(query, (CONSENT_DIGEST, self._consents_to)).fetchall()
        for index, envelope in found:
            self._consents[envelope] = self._consents.get(envelope, frozenset()) | {index}
        self._consents_to = now.size
        return {envelope for _, envelope in found}

    def _took_in(self, changed: Collection[str]) -> None:
        """Have the standings made anew that rest on some documents, or are of some model files."""
        marks = {f"{FILES}{digest}" for digest in changed if digest}
        for digest in changed:
            query = "SELECT idx FROM event WHERE waits_for = ?"
            indices = [row[0] for row in self._writer.execute(query, (digest,))]
            for read in projection.select_indices(self._writer, indices):
                marks |= named_by(read.event) if read.event is not None else set()
        known = self._writer.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'tie'").fetchone()[0]
        tied = "SELECT 1 FROM tie WHERE mark = ? LIMIT 1"
        make_stale(
            self._writer,
            {
                one
                for one in marks
                if known and (one.startswith(MODEL) or self._writer.execute(tied, (one,)).fetchone())
            },
        )

    def _renew(self, now: _Now) -> None:
        if now.opened:
            renew_standings(
                self._trail(now, self._writer).view(),
                lambda left: self._tell(f"its entries are; how its models stand is looked at, {left:,} names are left"),
            )


@dataclass(frozen=True)
class _Sayings:
    """What the index beside the log tells of consents (`assay.trail.sayings.Sayings`)."""

    beside: Beside
    kinds: Mapping[str, list[int]]

    def of_kinds(self, kinds: Collection[str]) -> list[int]:
        """Return the entries of some kinds of consents, and of those whose kind is not known."""
        return list(merge(*(self.kinds.get(one, []) for one in ("", *kinds))))

    def said(self, envelope: str) -> tuple[str, str] | None:
        """Return of which kind a consent is, and the model that it names."""
        return self.beside.said(envelope)


def _by_kind(beside: Beside, consents: Mapping[str, frozenset[int]]) -> dict[str, list[int]]:
    """Return the entries of consents in order, by their kinds; by nothing those whose kind is not known."""
    found: dict[str, list[int]] = {}
    for envelope, indices in consents.items():
        kind, _ = beside.said(envelope) or ("", "")
        found.setdefault(kind, []).extend(indices)
    return {kind: sorted(indices) for kind, indices in found.items()}


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
