"""Delivering: what a server has not taken yet of a project's log goes to it, in order, with what it names.

The log is the spool: nothing else is kept of what waits. The server says how far it has come, and the next entries are
sent from there; whoever else delivers at the same time makes that no different.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import msgspec

from assay.attest.bundle import parse_receipt
from assay.errors import InputError, VerificationError
from assay.lifecycle.consenting import CONSENTS
from assay.lifecycle.log_handover import ed25519_keys, handovers
from assay.lifecycle.naming_digests import digests_in
from assay.lifecycle.people import read_people
from assay.lifecycle.project import CONFIG_NAME, read_file
from assay.lifecycle.storing import KEPT
from assay.policy import parse_policy
from assay.records.canonical import sha256_hex
from assay.records.delivery import (
    CHUNK_BYTES,
    MAX_ASKED,
    MAX_DOCUMENT_BYTES,
    MAX_DOCUMENTS,
    MAX_ENTRIES,
    MAX_RELEASES,
    SIGNED_FILES,
    Asked,
    DeliveredRelease,
    Delivery,
    OutOfStepError,
    Reached,
    is_release_file,
    is_source_file,
    seal_delivery,
)
from assay.tlog.tree import consistency_proof

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from assay.lifecycle.project import Project
    from assay.lifecycle.trail_shards import LogReader
    from assay.records.delivery import Outcome, Taken, Unknown
    from assay.tlog.signed_checkpoint import SignedCheckpoint

MAX_STEPS = 100
"""How often a delivery begins anew where another one came between."""

_RECEIPTS = ("receipt.json", "documents-receipt.json")


class Server(Protocol):
    """A server that takes deliveries."""

    def reached(self, origin: str) -> Reached:
        """Return how far a log is taken."""
        ...

    def unknown(self, asked: Asked) -> Unknown:
        """Return which documents are to be sent."""
        ...

    def deliver(self, content: bytes) -> Taken:
        """Deliver; return once it is durable there.

        Raises:
            OutOfStepError: when another delivery came between.
        """
        ...


@dataclass
class Pushed:
    """What a delivery of everything that waited came to.

    Attributes:
        entries: entries that were taken now.
        reached: how far each log is taken.
        outcomes: what became of the releases that were delivered now, in order.
    """

    entries: int = 0
    reached: dict[str, Reached] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)


@dataclass(frozen=True)
class _Release:
    """A release folder at hand, and the last entry of its own in a log."""

    delivered: DeliveredRelease
    origin: str
    last: int
    contents: Mapping[str, bytes]

    @property
    def consents(self) -> set[str]:
        """The digests of the consents in it."""
        return {sha for name, sha in self.delivered.files.items() if name.startswith(f"{CONSENTS}/")}


def deliver_project(
    project: Project, readers: Sequence[LogReader], server: Server, *, with_names: bool = False
) -> Pushed:
    """Deliver everything that a server has not taken yet.

    Args:
        project: whose log it is.
        readers: the project's log, and those that go on after it, in order.
        server: where to.
        with_names: disclose who is behind the pseudonyms, too.

    Raises:
        VerificationError: when the server knows more of the log than there is here, or another log of its name; or when
            it refuses what was delivered.
        AssayError: what the server, or the way to it, says.
    """
    pushed = Pushed()
    for reader in readers:
        _Sender(project, reader, server, with_names=with_names).send_all(pushed)
    return pushed


class _Sender:
    def __init__(self, project: Project, reader: LogReader, server: Server, *, with_names: bool) -> None:
        self._project, self._reader, self._server, self._with_names = project, reader, server, with_names
        self._keys = ed25519_keys(reader.keys)

    def send_all(self, pushed: Pushed) -> None:
        """Send one log's entries until the server has all of them."""
        origin = self._reader.key.name
        reached, anew = self._server.reached(origin), 0
        while True:
            signed = self._reader.checkpoint()
            self._require_known(reached, signed)
            pushed.reached[origin] = reached
            if reached.size == signed.checkpoint.size:
                if self._with_names and not pushed.entries:
                    self._server.deliver(seal_delivery(self._delivery(reached, signed)))
                return
            try:
                taken = self._send_next(reached, signed)
            except OutOfStepError as error:
                anew += 1
                if anew > MAX_STEPS:
                    raise
                reached = error.reached  # somebody else delivers, too
                continue
            reached = taken.reached
            pushed.entries += taken.new
            pushed.outcomes += taken.outcomes

    def _require_known(self, reached: Reached, signed: SignedCheckpoint) -> None:
        now = signed.checkpoint
        if reached.vkey is not None and reached.vkey not in map(str, self._reader.keys.keys):
            raise VerificationError(
                f"log {now.origin}: the server knows another log of this name, by the key {reached.vkey:.60}. Where "
                "each job begins a log anew, let its folder outlive the job (state: in assay.yaml), or give this one a "
                "name of its own: assay log init LOG --origin NAME"
            )
        if reached.size > now.size:
            raise VerificationError(
                f"log {now.origin}: the server has taken {reached.size} entries, here are {now.size}: this log was "
                "cut, or restored from an old backup. Restore what is missing; nothing was delivered"
            )
        if reached.size == now.size and reached.root != now.root.hex():
            raise VerificationError(
                f"log {now.origin}: the server has taken {reached.size} entries with another root than this log signs: "
                "it was rewritten, or forked. Nothing was delivered"
            )

    def _send_next(self, reached: Reached, signed: SignedCheckpoint) -> Taken:
        entries = tuple(self._next(reached.size, signed.checkpoint.size))
        end, size = reached.size + len(entries), signed.checkpoint.size
        releases = list(self._touched(reached.size, end, entries))
        sources = self._sources() if releases else {}
        contents = {sha256_hex(content): content for one in releases for content in one.contents.values()}
        contents |= {sha256_hex(content): content for content in sources.values()}
        named = {sha for entry in entries for sha in digests_in(entry)} - contents.keys()
        wanted = self._unknown([*contents, *sorted(sha for sha in named if self._path(sha) is not None)])
        proof = () if end == size else consistency_proof(end, size, self._reader.tree(size).node)
        whole = msgspec.structs.replace(
            self._delivery(reached, signed),
            entries=entries,
            proof=tuple(one.hex() for one in proof),
            releases=tuple(one.delivered for one in releases),
            sources={name: sha256_hex(content) for name, content in sources.items()},
        )
        documents = ((sha, contents[sha] if sha in contents else self._document(sha)) for sha in wanted)
        return self._send(whole, documents)

    def _delivery(self, reached: Reached, signed: SignedCheckpoint) -> Delivery:
        """Return a delivery of nothing but the names, if they are to be disclosed."""
        return Delivery(
            system=self._project.config.system,
            origin=signed.checkpoint.origin,
            keys=self._keys.content().decode(),
            handovers=() if reached.vkey == str(self._keys.newest) else handovers(self._reader),
            first=reached.size,
            checkpoint=signed.note.decode(),
            people=read_people(self._project.state) if self._with_names else {},
        )

    def _send(self, whole: Delivery, documents: Iterable[tuple[str, bytes]]) -> Taken:
        """Send a delivery; documents that do not fit go ahead of it."""
        rest: dict[str, bytes] = {}
        used = sum(map(len, whole.entries))
        for sha256, content in documents:
            if rest and (used + len(content) > CHUNK_BYTES or len(rest) == MAX_DOCUMENTS):
                ahead = msgspec.structs.replace(
                    whole, entries=(), proof=(), releases=(), sources={}, people={}, documents=rest
                )
                self._server.deliver(seal_delivery(ahead))
                rest, used = {}, sum(map(len, whole.entries))
            rest[sha256] = content
            used += len(content)
        return self._server.deliver(seal_delivery(msgspec.structs.replace(whole, documents=rest)))

    def _next(self, first: int, size: int) -> Iterator[bytes]:
        """Yield the next entries, as many as go into one delivery."""
        used = 0
        for entry in self._reader.entries(first, min(size, first + MAX_ENTRIES)):
            used += len(entry)
            if used > CHUNK_BYTES // 2 and used > len(entry):
                return
            yield entry

    def _touched(self, first: int, end: int, entries: Sequence[bytes]) -> Iterator[_Release]:
        """Yield the releases that the entries have changed: decided by them, or consented to."""
        origin, count = self._reader.key.name, 0
        named = {sha for entry in entries for sha in digests_in(entry)}
        for folder, model, version, within in release_folders(self._project.state):
            last = _last_entry(folder)
            if last is None:
                continue
            decided = last[0] == origin and first <= last[1] < end
            consented = last[0] != origin or last[1] < first
            if decided or (consented and _has_consent(folder, named)):
                count += 1
                if count > MAX_RELEASES:
                    raise InputError(f"expected at most {MAX_RELEASES} releases in one delivery, found more")
                contents = dict(_files(folder))
                files = {name: sha256_hex(content) for name, content in contents.items()}
                delivered = DeliveredRelease(model=model, version=version, within=within, files=files)
                yield _Release(delivered, *last, contents)

    def _sources(self) -> dict[str, bytes]:
        """Return assay.yaml, the policy and those it extends, by the names of their files."""
        root, policy = self._project.root, self._project.root / self._project.config.policy
        found = {CONFIG_NAME: read_file(root / CONFIG_NAME, "a project file")}

        def read(name: str) -> bytes:
            found[name] = read_file(policy.parent / name, "a policy")
            return found[name]

        parse_policy(policy.name, read)
        return {name: content for name, content in found.items() if is_source_file(name)}

    def _unknown(self, digests: Sequence[str]) -> list[str]:
        found: list[str] = []
        for start in range(0, len(digests), MAX_ASKED):
            asked = Asked(origin=self._reader.key.name, sha256=tuple(digests[start : start + MAX_ASKED]))
            found += self._server.unknown(asked).sha256
        return found

    def _path(self, sha256: str) -> Path | None:
        """Return where a document lies that an entry names by digest; None where it is not at hand."""
        state = self._project.state
        for path in (state / KEPT / sha256, state / "log.evidence" / sha256[:2] / sha256):
            if path.is_file() and path.stat().st_size <= MAX_DOCUMENT_BYTES:
                return path
        return None

    def _document(self, sha256: str) -> bytes:
        path = self._path(sha256)
        content = b"" if path is None else path.read_bytes()
        if sha256_hex(content) != sha256:
            raise VerificationError(f"{path}: its bytes do not hash to its name. Restore it from a backup")
        return content


def release_folders(state: Path) -> Iterator[tuple[Path, str, str, str]]:
    """Yield every release folder of a state folder, with model, version and where in the version's folder it is."""
    for folder in sorted((state / "releases").glob("*/*")):
        inner = [folder, folder / "data", folder / "training", *sorted((folder / "monitoring").glob("*"))]
        for one in inner:
            if all((one / name).is_file() for name in SIGNED_FILES):
                within = one.relative_to(folder).as_posix()
                yield one, folder.parent.name, folder.name, "" if within == "." else within


def _last_entry(folder: Path) -> tuple[str, int] | None:
    """Return the last entry that a release stands in: the log's name, and the index."""
    places = [
        (place.origin, place.index)
        for name in _RECEIPTS
        if (folder / name).is_file()
        for place in parse_receipt((folder / name).read_bytes(), name=name)
    ]
    return max(places, key=lambda one: one[1]) if places else None


def _has_consent(folder: Path, named: set[str]) -> bool:
    return any(sha256_hex(path.read_bytes()) in named for path in (folder / CONSENTS).glob("*.json"))


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and is_release_file(name):
            yield name, path.read_bytes()
