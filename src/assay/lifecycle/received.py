"""What a server keeps of deliveries, beside its log: how far each log is taken, whose a name is, what came of releases.

::

    deliveries/logs/<32 digits of the origin's SHA-256>/
        reach.json     size, root and tree of what is taken; the key that the log is known by
        taken          a line a delivery: its digest, where its entries begin, how many, and where they stand here
        intent.json    a delivery that is being taken; a crash leaves it, and whoever comes next finishes it
        documents/     what was sent ahead of the entries that name it
    deliveries/models/<model>.json                    the system that a model's name belongs to
    deliveries/releases/<model>/<version>/<stage>.json   what was delivered last, and what the server has decided

None of it is evidence: that is in the log, and in ``evidence/`` by digest.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from assay.errors import InputError, StorageError, VerificationError
from assay.lifecycle.storing import KEPT, publish, staging, storage_errors, synchronise, write_durably
from assay.records.canonical import canonical_json, parse_record, sha256_hex
from assay.records.delivery import Outcome, Reached
from assay.records.tally import Frozen
from assay.tlog.compact_range import CompactRange
from assay.tlog.log_keys import always, parse_log_keys
from assay.tlog.vkey import parse_vkey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from assay.tlog.log_keys import LogKeys

FOLDER = "deliveries"
_DIGITS = 32
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_REACH, _TAKEN, _INTENT, _LOCK, _AHEAD = "reach.json", "taken", "intent.json", "lock", "documents"

MAX_AHEAD_BYTES = 1 << 30
"""Cap on the documents of one log that were sent ahead of what names them."""

T = TypeVar("T")


class Place(Frozen, kw_only=True):
    """Which release: a model version, and where in its folder."""

    model: str
    version: str
    within: str = ""


class KeptReach(Frozen, kw_only=True):
    """How far a log is taken.

    Attributes:
        origin: its name.
        system: the system that it is of.
        vkey: the verifier key that it is known by.
        keys: that key and those before it, by the sizes that each may sign; empty where it has had one alone.
        size: entries taken.
        peaks: roots of the perfect subtrees over them, hexadecimal, the largest first.
        checkpoint: the signed note that the last of them came under.
        undecided: releases that were taken and not decided on yet.
    """

    origin: str
    system: str
    vkey: str
    size: int
    peaks: tuple[str, ...]
    checkpoint: str
    undecided: tuple[Place, ...] = ()
    keys: str = ""

    @property
    def known_by(self) -> LogKeys:
        """The keys that it is known by."""
        return parse_log_keys(self.keys.encode()) if self.keys else always(parse_vkey(self.vkey))

    @property
    def tree(self) -> CompactRange:
        """The tree over what is taken."""
        return CompactRange(self.size, tuple(map(bytes.fromhex, self.peaks)))


class Range(Frozen, kw_only=True):
    """Where the entries of one delivery stand.

    Attributes:
        delivery: digest of the delivery.
        first: index of the first of its new entries in their own log.
        count: how many they are.
        log: name of the log here that they stand in.
        index: where the first of them stands in it.
    """

    delivery: str
    first: int
    count: int
    log: str
    index: int


class Delivered(Frozen, kw_only=True):
    """A release as it was delivered last, and what the server has made of it.

    Attributes:
        place: which release.
        system: the system that it belongs to.
        origin: the log that it is recorded in.
        pipeline: who delivered it.
        keys: public keys of the pipeline when it delivered, base64.
        files: name of each file to its digest; the bytes are in ``evidence/``.
        sources: the project's own files, as digests.
        model_sha256: root digest of the model's files.
        policy: name of the policy that it was decided under where it comes from.
        policy_sha256: its digest.
        decision: what was decided there.
        delivered_at: when it was taken, RFC 3339.
        outcome: what the server has decided, or why it waits.
        verdict_sha256: digest of the server's own verdict.
    """

    place: Place
    system: str
    origin: str
    pipeline: str
    keys: tuple[str, ...]
    files: dict[str, str]
    sources: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each record its own copy
    model_sha256: str
    policy: str
    policy_sha256: str
    decision: str
    delivered_at: str
    outcome: Outcome
    verdict_sha256: str | None = None


class Intent(Frozen, kw_only=True):
    """Everything that taking a delivery does, fixed before the first of it is done.

    Attributes:
        delivery: its digest.
        first: index of its first new entry in its own log.
        new: how many new entries it has.
        entries: what goes into the log here: event id and content, in order.
        reach: how far the log is taken afterwards.
        releases: what becomes of the releases in it.
        people: pseudonym to name, as disclosed.
    """

    delivery: str
    first: int
    new: int
    entries: tuple[tuple[bytes, bytes], ...]
    reach: KeptReach
    releases: tuple[Delivered, ...] = ()
    people: dict[str, str] = {}  # noqa: RUF012 - as above


class _Claim(Frozen, kw_only=True):
    system: str


class LogKept:
    """What is kept of one log that delivers; its caller holds the lock."""

    def __init__(self, folder: Path, origin: str) -> None:
        self._folder, self._origin = folder, origin

    def reach(self) -> KeptReach | None:
        """Return how far it is taken; None when nothing was."""
        return _read(self._folder / _REACH, KeptReach)

    def reached(self) -> Reached:
        """Return the same as it is told to whoever delivers."""
        kept = self.reach()
        if kept is None:
            return Reached(origin=self._origin, size=0, root=CompactRange().root().hex())
        return Reached(origin=kept.origin, size=kept.size, root=kept.tree.root().hex(), vkey=kept.vkey)

    def write_reach(self, reach: KeptReach) -> None:
        """Replace how far it is taken."""
        _write(self._folder / _REACH, reach)

    def intent(self) -> Intent | None:
        """Return the delivery that is being taken; None when there is none."""
        path = self._folder / _INTENT
        return msgspec.json.decode(path.read_bytes(), type=Intent) if path.is_file() else None

    def write_intent(self, intent: Intent) -> None:
        """Fix what is going to be done; from here on it will be."""
        _put(self._folder / _INTENT, msgspec.json.encode(intent))

    def end_intent(self) -> None:
        """Say that it is done."""
        with storage_errors(self._folder):
            (self._folder / _INTENT).unlink(missing_ok=True)
            synchronise(self._folder)

    def ranges(self) -> list[Range]:
        """Return where the entries of each delivery stand; a line that a crash cut off is none."""
        path = self._folder / _TAKEN
        if not path.is_file():
            return []
        found = {}
        for line in path.read_text("utf-8").splitlines(keepends=True):
            parts = line.split()
            if line.endswith("\n") and len(parts) == len(Range.__struct_fields__):
                delivery, first, count, log, index = parts
                found[delivery] = Range(
                    delivery=delivery, first=int(first), count=int(count), log=log, index=int(index)
                )
        return list(found.values())

    def add_range(self, one: Range) -> None:
        """Remember where a delivery's entries stand."""
        line = f"\n{one.delivery} {one.first} {one.count} {one.log} {one.index}\n"
        with storage_errors(self._folder), (self._folder / _TAKEN).open("ab") as stream:
            stream.write(line.encode())
            stream.flush()
            os.fsync(stream.fileno())

    def put_ahead(self, documents: Mapping[str, bytes]) -> None:
        """Keep documents until something that is delivered names them.

        Raises:
            StorageError: when too much waits already.
        """
        folder = self._folder / _AHEAD
        new = {name: content for name, content in documents.items() if not (folder / name).is_file()}
        waiting = sum(path.stat().st_size for path in folder.glob("*")) if folder.is_dir() else 0
        if waiting + sum(map(len, new.values())) > MAX_AHEAD_BYTES:
            raise StorageError(
                f"{self._origin}: expected at most {MAX_AHEAD_BYTES} bytes of documents that no entry names yet, found "
                "more. Deliver the entries that name them"
            )
        if new:
            with staging(folder) as stage:
                publish(stage, folder, new)

    def ahead(self, sha256: str) -> bytes | None:
        """Return a document that was sent ahead; None when there is none."""
        return _document(self._folder / _AHEAD / sha256, sha256)

    def drop_ahead(self, names: set[str]) -> None:
        """Let documents go that are kept elsewhere now."""
        with storage_errors(self._folder):
            for name in names:
                (self._folder / _AHEAD / name).unlink(missing_ok=True)


class Kept:
    """What a server keeps of deliveries, in its state folder."""

    def __init__(self, state: Path) -> None:
        self.state, self._folder = state, state / FOLDER

    @contextlib.contextmanager
    def log(self, origin: str) -> Iterator[LogKept]:
        """Hold one log, waiting until nobody else does."""
        folder = self._folder / "logs" / sha256_hex(origin.encode())[:_DIGITS]
        with _held(folder):
            yield LogKept(folder, origin)

    @contextlib.contextmanager
    def versions(self, name: str) -> Iterator[None]:
        """Hold a model's releases, waiting until nobody else does."""
        with _held(self._folder / "releases" / name):
            yield

    def reaches(self) -> list[KeptReach]:
        """Return how far each log is taken, of those of which anything is."""
        paths = sorted(self._folder.glob(f"logs/*/{_REACH}"))
        return [parse_record(path.read_bytes(), KeptReach, name=path.name) for path in paths]

    def origins(self) -> list[str]:
        """Return the names of the logs of which anything is taken."""
        return [one.origin for one in self.reaches()] + [
            msgspec.json.decode(path.read_bytes(), type=Intent).reach.origin
            for path in sorted(self._folder.glob(f"logs/*/{_INTENT}"))
            if not (path.parent / _REACH).is_file()
        ]

    def owner(self, model: str) -> str | None:
        """Return the system that a model's name belongs to; None while it is nobody's."""
        found = _read(self._folder / "models" / f"{model}.json", _Claim)
        return None if found is None else found.system

    def claim(self, model: str, system: str) -> None:
        """Give a model's name to a system, unless it belongs to one.

        Raises:
            InputError: when it belongs to another.
        """
        folder = self._folder / "models"
        with _held(folder):
            owner = self.owner(model)
            if owner is None:
                _write(folder / f"{model}.json", _Claim(system=system))
            else:
                require_owner(model, owner, system)

    def release(self, place: Place) -> Delivered | None:
        """Return a release as it was delivered last; None when it never was."""
        return _read(self._path(place), Delivered)

    def write_release(self, one: Delivered) -> None:
        """Keep what was delivered, and what became of it."""
        _write(self._path(one.place), one)

    def releases(self, models: Iterable[str] | None = None) -> Iterator[Delivered]:
        """Yield every release that was delivered, of all models or of some, ordered by model and version."""
        folder = self._folder / "releases"
        found = (
            folder.glob("*/*/**/*.json")
            if models is None
            else (path for name in models for path in (folder / name).glob("*/**/*.json"))
        )
        for path in sorted(found):
            yield parse_record(path.read_bytes(), Delivered, name=path.name)

    def document(self, sha256: str) -> bytes | None:
        """Return a document that is kept by its digest; None when it is not, or the name is no digest."""
        return _document(self.state / KEPT / sha256, sha256) if _DIGEST.match(sha256) else None

    def has_document(self, sha256: str) -> bool:
        """Say whether a document is kept."""
        return (self.state / KEPT / sha256).is_file()

    def keep_documents(self, documents: Mapping[str, bytes]) -> None:
        """Keep documents by their digests."""
        folder = self.state / KEPT
        new = {name: content for name, content in documents.items() if not (folder / name).is_file()}
        if new:
            with staging(folder) as stage:
                publish(stage, folder, new)

    def _path(self, place: Place) -> Path:
        return self._folder / "releases" / place.model / place.version / f"{place.within or 'release'}.json"


def require_owner(model: str, owner: str, system: str) -> None:
    """Refuse a model's name that belongs to another system.

    Raises:
        InputError: when it does.
    """
    if owner != system:
        raise InputError(
            f"model {model}: the name belongs to another system at this server, which delivered it first. Give the "
            f"model of {system} a name of its own in assay.yaml"
        )


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    with storage_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / f".{_LOCK}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(path: Path, kind: type[T]) -> T | None:
    return parse_record(path.read_bytes(), kind, name=path.name) if path.is_file() else None


def _write(path: Path, record: Any) -> None:  # noqa: ANN401 - any record
    _put(path, canonical_json(record))


def _put(path: Path, content: bytes) -> None:
    with staging(path.parent) as stage, storage_errors(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(stage / path.name, content)
        (stage / path.name).replace(path)
        synchronise(path.parent)


def _document(path: Path, sha256: str) -> bytes | None:
    if not path.is_file():
        return None
    content = path.read_bytes()
    if sha256_hex(content) != sha256:
        raise VerificationError(f"{path}: its bytes do not hash to its name: restore it from a backup")
    return content
