"""What lies beside the log in a state folder, found by digest through an index that is kept.

Every release has a verdict, its evidence and people's consents; with ten thousand releases nobody wants to hash them
again for a question. The index says which file had which digest when it was last looked at, and is only a hint: what
is read is hashed again, and counts only if it is what was asked for. A wrong index hides something, and never deceives.
It is disposable, and holds no people's names: digests, places, which model files a consent is bound to, of which kind
it is, and which model a waiver names.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from assay.attest import dsse
from assay.attest.consent import consent_id, consent_says
from assay.attest.statement import parse_statement
from assay.errors import AssayError
from assay.lifecycle.connections import HeldConnection
from assay.lifecycle.storing import KEPT
from assay.records.canonical import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

INDEX, INDEXED = "beside.sqlite", ("folder", "file", "consent", "seen")
"""The index's file in the state folder, and its tables."""

RELEASES, CONSENTS = "releases", "consents"
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
"""Cap on a document beside the log that is looked at."""

_NAMES = ("verdict.json", "evidence.json")
_RACY = 2_000_000_000
"""A folder that changed less than 2 s ago may change again without another time: it is looked into again."""

_SCHEMA, _WITHOUT_KINDS = 3, 2
_ANY = "*"
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_TABLES = """
CREATE TABLE folder (path TEXT PRIMARY KEY, changed INTEGER NOT NULL, folders TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE file (
  path TEXT PRIMARY KEY, folder TEXT NOT NULL, stamp TEXT NOT NULL, sha256 TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE consent (
  sha256 TEXT PRIMARY KEY, model_sha256 TEXT NOT NULL, id TEXT NOT NULL, revokes TEXT NOT NULL, keys TEXT NOT NULL,
  kind TEXT NOT NULL, model TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE seen (one INTEGER PRIMARY KEY CHECK (one = 1), trust_sha256 TEXT NOT NULL) STRICT;
"""
_WITH_KINDS = f"""
BEGIN IMMEDIATE;
ALTER TABLE consent ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE consent ADD COLUMN model TEXT NOT NULL DEFAULT '';
PRAGMA user_version = {_SCHEMA};
COMMIT;
"""
"""Brings forward the index of a version that did not tell what kinds consents are of; `Beside` fills them in."""


class Consent(NamedTuple):
    """What the index keeps of a consent.

    Attributes:
        model_sha256: the model files that it is bound to; empty where it is a revocation.
        id: its id.
        revokes: the id of the consent that it takes back; empty otherwise.
        keys: ids of the keys that its signatures name; ``*`` for one that names none.
        kind: type of the event that it is, such as ``waiver.granted``.
        model: the model that it names; empty where it names none.
    """

    model_sha256: str
    id: str
    revokes: str
    keys: frozenset[str]
    kind: str
    model: str


class _Folder(NamedTuple):
    changed: int
    folders: tuple[str, ...]


class Beside(Mapping[str, bytes]):
    """The documents of a state folder by SHA-256; one thread scans, any may read."""

    def __init__(self, state: Path) -> None:
        """Open the index of a state folder; one that cannot be read is made anew."""
        self._state = state
        self._index = self._opened(state / INDEX)
        self._load()

    @staticmethod
    def _opened(path: Path) -> sqlite3.Connection:
        for again in (False, True):
            index = sqlite3.connect(
                path, timeout=30.0, isolation_level=None, check_same_thread=False, factory=HeldConnection
            )
            try:
                index.execute("PRAGMA secure_delete = ON")
                found = index.execute("PRAGMA user_version").fetchone()[0]
                if found == _WITHOUT_KINDS:
                    index.executescript(_WITH_KINDS)
                elif found != _SCHEMA:
                    index.execute("PRAGMA journal_mode = WAL")
                    for name in INDEXED:
                        index.execute(f"DROP TABLE IF EXISTS {name}")
                    index.executescript(f"{_TABLES} PRAGMA user_version = {_SCHEMA};")
            except sqlite3.DatabaseError:
                index.close()
                if again:
                    raise
                path.unlink()
            else:
                path.chmod(0o600)
                return index
        raise AssertionError  # the loop returns, or raises

    def _load(self) -> None:
        self._folders: dict[str, _Folder] = {}
        self._files: dict[str, dict[str, tuple[str, str]]] = {}  # by folder: name to stamp and digest
        self._places: dict[str, frozenset[str]] = {}
        self._consents: dict[str, Consent] = {}
        self._bound: dict[str, frozenset[str]] = {}
        self._ids: dict[str, str] = {}
        self._takers: dict[str, frozenset[str]] = {}  # by the id of a consent: those that take it back
        for path, changed, folders in self._index.execute("SELECT * FROM folder"):
            self._folders[path] = _Folder(changed, tuple(folders.split("/")) if folders else ())
        for path, folder, stamp, sha256 in self._index.execute("SELECT * FROM file"):
            self._files.setdefault(folder, {})[path.rpartition("/")[2]] = (stamp, sha256)
            self._places[sha256] = self._places.get(sha256, frozenset()) | {path}
        query = "SELECT sha256, model_sha256, id, revokes, keys, kind, model FROM consent"
        for sha256, files, identity, revokes, keys, kind, model in self._index.execute(query).fetchall():
            held = Consent(files, identity, revokes, frozenset(keys.split()), kind, model)
            self._hold(sha256, held if kind else self._with_kind(sha256, held))

    def _with_kind(self, sha256: str, held: Consent) -> Consent:
        """Read again of which kind a consent is that was taken in before the index told it."""
        read = _consent_of(self.get(sha256, b""))
        if read is None:
            return held
        self._index.execute("UPDATE consent SET kind = ?, model = ? WHERE sha256 = ?", (read.kind, read.model, sha256))
        return read

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def __getitem__(self, sha256: str) -> bytes:
        """Return the document with a digest; it is hashed again when it is read."""
        kept = [f"{KEPT}/{sha256}"] if _DIGEST.match(sha256) else []
        for path in (*self._places.get(sha256, ()), *kept):
            content = self._read(path)
            if content is not None and sha256_hex(content) == sha256:
                return content
        raise KeyError(sha256)

    def __iter__(self) -> Iterator[str]:
        """Yield the digests of what is there."""
        kept = self._state / KEPT
        names = [path.name for path in kept.iterdir()] if kept.is_dir() else []
        yield from dict.fromkeys([*self._places, *(name for name in names if _DIGEST.match(name))])

    def __len__(self) -> int:
        """Return how many documents there are."""
        return sum(1 for _ in self)

    def _read(self, path: str) -> bytes | None:
        try:
            with (self._state / path).open("rb") as stream:
                content = stream.read(MAX_DOCUMENT_BYTES + 1)
        except OSError:
            return None
        return content if len(content) <= MAX_DOCUMENT_BYTES else None

    def envelopes_of(self, files: Iterable[str]) -> set[str]:
        """Return the digests of the consents that are bound to some model files, or take back one that is."""
        return {sha256 for one in files for sha256 in self._bound.get(one, ())}

    def placed(self, envelope: str) -> bool:
        """Say whether it is known which model files a consent is bound to."""
        found = self._consents.get(envelope)
        return found is not None and bool(found.model_sha256 or found.revokes in self._ids)

    def said(self, envelope: str) -> tuple[str, str] | None:
        """Return of which kind a consent is, and the model that it names or nothing; None where that is not known."""
        found = self._consents.get(envelope)
        return (found.kind, found.model) if found is not None and found.kind else None

    @property
    def trust_sha256(self) -> str:
        """Digest of the trust file under which consents were looked at last; empty when none was."""
        row = self._index.execute("SELECT trust_sha256 FROM seen").fetchone()
        return "" if row is None else str(row[0])

    @trust_sha256.setter
    def trust_sha256(self, digest: str) -> None:
        self._index.execute("INSERT OR REPLACE INTO seen VALUES (1, ?)", (digest,))

    def files_bound(self) -> set[str]:
        """Return the model files that any consent is bound to."""
        return {one.model_sha256 for one in self._consents.values()} - {""}

    def files_signed_with(self, keys: Collection[str]) -> set[str]:
        """Return the model files that consents are bound to whose signatures name one of some keys."""
        asked = {*keys, _ANY}
        found = [one for one in self._consents.values() if not one.keys.isdisjoint(asked)]
        return {one.model_sha256 or self._ids.get(one.revokes, "") for one in found} - {""}

    def scan(
        self,
        then: Callable[[set[str]], None],
        *,
        names: Collection[str] | None = None,
        files: bool = False,
    ) -> set[str]:
        """Look for what came, changed or went.

        Args:
            then: is told of it before the index keeps it, so that after a crash it is told again.
            names: only below the releases of these models; by default everywhere.
            files: look at every file; by default only into folders that have changed.

        Returns:
            The digests of documents that came or went; of consents that did, those of the model files, too.
        """
        top = [RELEASES] if names is None else [f"{RELEASES}/{name}" for name in names if "/" not in name]
        changed: set[str] = set()
        self._index.execute("BEGIN IMMEDIATE")
        try:
            for path in top:
                self._scan_folder(path, changed, files=files)
            then(changed)
        except BaseException:
            self._index.execute("ROLLBACK")
            self._load()  # as it was: what came is told again
            raise
        self._index.execute("COMMIT")
        return changed

    def _scan_folder(self, path: str, changed: set[str], *, files: bool) -> None:
        """Look into a folder and those below it; what is known of one that is gone is dropped."""
        waiting = [path]
        while waiting:
            folder = waiting.pop()
            before = self._folders.get(folder, _Folder(0, ()))
            try:
                now = os.stat(self._state / folder).st_mtime_ns  # noqa: PTH116 - tens of thousands of them
            except (FileNotFoundError, NotADirectoryError):
                self._drop(folder, changed)
                continue
            if now != before.changed or files:
                before = self._look_into(folder, now, before, changed)
            waiting += [f"{folder}/{name}" for name in before.folders]

    def _look_into(self, folder: str, now: int, before: _Folder, changed: set[str]) -> _Folder:
        """List a folder and take in what is new in it."""
        with os.scandir(self._state / folder) as entries:
            listed = [one for one in entries if not one.is_symlink()]
        below = tuple(sorted(one.name for one in listed if one.is_dir() and not one.name.startswith(".")))
        settled = now if time.time_ns() - now > _RACY else 0
        in_consents = folder.endswith(f"/{CONSENTS}")
        known = self._files.get(folder, {})
        there: dict[str, tuple[str, str]] = {}
        for one in listed:
            if one.name in _NAMES or (in_consents and one.name.endswith(".json")):
                stat = one.stat()
                stamp = f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"
                held = known.get(one.name)
                if held is not None and held[0] == stamp:
                    there[one.name] = held
                elif (content := self._read(f"{folder}/{one.name}")) is not None:
                    there[one.name] = (stamp, sha256_hex(content))
                    self._take_in(content, there[one.name][1], changed, is_consent=in_consents)
        self._put_files(folder, known, there, changed)
        for gone in set(before.folders) - set(below):
            self._drop(f"{folder}/{gone}", changed)
        self._folders[folder] = _Folder(settled, below)
        self._index.execute("INSERT OR REPLACE INTO folder VALUES (?, ?, ?)", (folder, settled, "/".join(below)))
        return self._folders[folder]

    def _put_files(
        self, folder: str, known: dict[str, tuple[str, str]], there: dict[str, tuple[str, str]], changed: set[str]
    ) -> None:
        for name, (_, sha256) in known.items():
            if name not in there or there[name][1] != sha256:
                self._forget(f"{folder}/{name}", sha256, changed)
        for name, (stamp, sha256) in there.items():
            path = f"{folder}/{name}"
            if known.get(name) != (stamp, sha256):
                self._index.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)", (path, folder, stamp, sha256))
            self._places[sha256] = self._places.get(sha256, frozenset()) | {path}
        if there or known:
            self._files[folder] = there

    def _drop(self, folder: str, changed: set[str]) -> None:
        """Forget a folder that is gone, with all below it."""
        for one in [name for name in self._folders if name == folder or name.startswith(f"{folder}/")]:
            self._put_files(one, self._files.get(one, {}), {}, changed)
            del self._folders[one]
            self._index.execute("DELETE FROM folder WHERE path = ?", (one,))

    def _forget(self, path: str, sha256: str, changed: set[str]) -> None:
        self._index.execute("DELETE FROM file WHERE path = ?", (path,))
        left = self._places.get(sha256, frozenset()) - {path}
        if left:
            self._places[sha256] = left
            return
        self._places.pop(sha256, None)
        changed.add(sha256)
        held = self._consents.pop(sha256, None)
        if held is not None:
            self._index.execute("DELETE FROM consent WHERE sha256 = ?", (sha256,))
            files = held.model_sha256 or self._ids.get(held.revokes, "")
            changed.add(files)
            self._bound[files] = self._bound.get(files, frozenset()) - {sha256}
            if held.revokes:
                self._takers[held.revokes] = self._takers.get(held.revokes, frozenset()) - {sha256}
            else:
                self._ids.pop(held.id, None)

    def _take_in(self, content: bytes, sha256: str, changed: set[str], *, is_consent: bool) -> None:
        changed.add(sha256)
        held = _consent_of(content) if is_consent else None
        if held is None:
            return
        row = (sha256, held.model_sha256, held.id, held.revokes, " ".join(sorted(held.keys)), held.kind, held.model)
        self._index.execute("INSERT OR REPLACE INTO consent VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        self._hold(sha256, held)
        changed.add(held.model_sha256 or self._ids.get(held.revokes, ""))

    def _hold(self, sha256: str, held: Consent) -> None:
        self._consents[sha256] = held
        if held.revokes:
            self._takers[held.revokes] = self._takers.get(held.revokes, frozenset()) | {sha256}
            if held.revokes in self._ids:
                self._bind(self._ids[held.revokes], sha256)
            return
        self._ids[held.id] = held.model_sha256
        for envelope in {sha256, *self._takers.get(held.id, ())}:
            self._bind(held.model_sha256, envelope)

    def _bind(self, files: str, envelope: str) -> None:
        self._bound[files] = self._bound.get(files, frozenset()) | {envelope}


def _consent_of(content: bytes) -> Consent | None:
    """Return what a file says as a consent, its signature not looked at; None when it is none."""
    try:
        envelope = dsse.parse(content, name="consent")
        payload = dsse.decode_base64(envelope.payload, "consent")
        statement = parse_statement(payload, name="consent")
    except AssayError:
        return None
    keys = frozenset(one.keyid or _ANY for one in envelope.signatures)
    digests = statement.digests()
    revokes = next((name.partition(":")[2] for name in digests if name.startswith("consent:")), "")
    files = digests.get("model", "") if not revokes else ""
    return Consent(files, consent_id(payload), revokes, keys, *consent_says(statement))
