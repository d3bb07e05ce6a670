"""Delivering: what a server has not taken yet of a project's log goes to it, in order, with what it names.

The log is the spool: nothing else is kept of what waits. The server says how far it has come, and the next entries are
sent from there; whoever else delivers at the same time makes that no different.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import msgspec

from assay.errors import InputError, VerificationError
from assay.lifecycle.dossier import dossier_path
from assay.lifecycle.log_handover import ed25519_keys, handovers
from assay.lifecycle.naming_digests import digests_in
from assay.lifecycle.people import read_people
from assay.lifecycle.project import CONFIG_NAME, read_file
from assay.lifecycle.releases_at_hand import has_consent, last_entry, release_at, release_folders
from assay.lifecycle.setting import read_trust
from assay.lifecycle.storing import KEPT
from assay.policy import parse_policy
from assay.records.canonical import sha256_hex
from assay.records.delivery import (
    CHUNK_BYTES,
    MAX_ASKED,
    MAX_ATTESTERS,
    MAX_DOCUMENT_BYTES,
    MAX_DOCUMENTS,
    MAX_ENTRIES,
    MAX_RELEASES,
    Asked,
    Delivery,
    OutOfStepError,
    Reached,
    ShownAttester,
    is_source_file,
    seal_delivery,
)
from assay.records.tally import Frozen
from assay.tlog.tree import consistency_proof
from assay.trail.attestations import ATTESTED
from assay.trail.erasures import ERASER
from assay.trail.reading import read_entry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from assay.lifecycle.project import Project
    from assay.lifecycle.releases_at_hand import ReleaseAtHand
    from assay.lifecycle.trail_shards import LogReader
    from assay.records.delivery import Outcome, Taken, Unknown
    from assay.tlog.signed_checkpoint import SignedCheckpoint

MAX_STEPS = 100
"""How often a delivery begins anew where another one came between."""


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
        refused: releases that the server did not take, now or before; the entries of the log went on without them.
    """

    entries: int = 0
    reached: dict[str, Reached] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


class Refused(Frozen, kw_only=True):
    """A release that a server did not take; it is delivered again with the next push.

    Attributes:
        model: name of the model.
        version: its version.
        within: where in the version's folder.
        words: why.
    """

    model: str
    version: str
    within: str = ""
    words: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Which release."""
        return self.model, self.version, self.within


def deliver_project(
    project: Project,
    readers: Sequence[LogReader],
    server: Server,
    *,
    with_names: bool = False,
    again: Sequence[Refused] = (),
) -> Pushed:
    """Deliver everything that a server has not taken yet; a release that it refuses holds nothing else up.

    Args:
        project: whose log it is.
        readers: the project's log, and those that go on after it, in order.
        server: where to.
        with_names: disclose who is behind the pseudonyms, too.
        again: releases that the server has refused before.

    Raises:
        VerificationError: when the server knows more of the log than there is here, or another log of its name; or when
            it refuses its entries.
        AssayError: what the server, or the way to it, says.
    """
    pushed = Pushed()
    for reader in readers:
        sender = _Sender(project, reader, server, with_names=with_names)
        sender.send_all(pushed)
        sender.send_again({one.place for one in again}, pushed)
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
                taken = self._send_next(reached, signed, pushed)
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

    def send_again(self, places: set[tuple[str, str, str]], pushed: Pushed) -> None:
        """Send releases of this log that were refused before."""
        signed = self._reader.checkpoint()
        told = {(one.model, one.version, one.within) for one in pushed.outcomes} | {one.place for one in pushed.refused}
        for folder, *place in release_folders(self._project.state):
            model, version, within = place
            last = last_entry(folder)
            if (model, version, within) in places - told and last is not None and last[0] == signed.checkpoint.origin:
                self._send_alone(release_at(folder, model, version, within, last), signed, pushed)

    def _send_alone(self, one: ReleaseAtHand, signed: SignedCheckpoint, pushed: Pushed) -> None:
        """Send one release whose entries are taken."""
        reached = self._server.reached(signed.checkpoint.origin)
        delivery = self._delivery(reached, signed)
        try:
            pushed.outcomes += self._send_with(delivery, [one], named=()).outcomes
        except (VerificationError, InputError) as error:
            said = one.delivered
            pushed.refused.append(
                Refused(model=said.model, version=said.version, within=said.within, words=error.diagnostics())
            )

    def _send_next(self, reached: Reached, signed: SignedCheckpoint, pushed: Pushed) -> Taken:
        """Send the next entries with the releases that they changed: together, or, where one is refused, one by one."""
        entries = tuple(self._next(reached.size, signed.checkpoint.size))
        end, size = reached.size + len(entries), signed.checkpoint.size
        releases = list(self._touched(reached.size, end, entries))
        proof = () if end == size else consistency_proof(end, size, self._reader.tree(size).node)
        whole = msgspec.structs.replace(
            self._delivery(reached, signed),
            entries=entries,
            proof=tuple(one.hex() for one in proof),
            attesters=self._attesters(entries),
        )
        named = {sha for entry in entries for sha in digests_in(entry)}
        try:
            return self._send_with(whole, releases, named=named)
        except OutOfStepError:
            raise
        except (VerificationError, InputError):
            if not releases:
                raise
        taken = self._send_with(whole, (), named=named)
        for one in releases:
            self._send_alone(one, signed, pushed)
        return taken

    def _send_with(self, whole: Delivery, releases: Sequence[ReleaseAtHand], *, named: Collection[str]) -> Taken:
        """Send a delivery with releases and all documents that these or its entries name, and are not known yet."""
        sources = self._sources() if releases else {}
        contents = {sha256_hex(content): content for one in releases for content in one.contents.values()}
        contents |= {sha256_hex(content): content for content in sources.values()}
        beside = sorted(sha for sha in named if sha not in contents and self._path(sha) is not None)
        wanted = self._unknown([*contents, *beside])
        whole = msgspec.structs.replace(
            whole,
            releases=tuple(one.delivered for one in releases),
            sources={name: sha256_hex(content) for name, content in sources.items()},
            officers=self._officers() if any(one.erasures for one in releases) else (),
        )
        documents = ((sha, contents[sha] if sha in contents else self._document(sha)) for sha in wanted)
        return self._send(whole, documents)

    def _officers(self) -> tuple[str, ...]:
        """Return the public keys of those who may erase here: the server cannot know them by itself."""
        trust, _ = read_trust(self._project.trust_file)
        return tuple(one.key.pem() for one in trust.people if ERASER in one.roles)

    def _attesters(self, entries: Sequence[bytes]) -> tuple[ShownAttester, ...]:
        """Return who has attested in some entries, with the roles that the project gives them."""
        trust, _ = read_trust(self._project.trust_file)
        reads = (read_entry(index, entry, trust.keys()) for index, entry in enumerate(entries if trust.people else ()))
        keys = {key for read in reads if read.type == ATTESTED for key in read.keys}
        found = [ShownAttester(key=one.key.pem(), roles=one.roles) for one in trust.people if one.key.key_id in keys]
        return tuple(found[:MAX_ATTESTERS])

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
                    whole,
                    entries=(),
                    proof=(),
                    releases=(),
                    sources={},
                    people={},
                    officers=(),
                    attesters=(),
                    documents=rest,
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

    def _touched(self, first: int, end: int, entries: Sequence[bytes]) -> Iterator[ReleaseAtHand]:
        """Yield the releases that the entries have changed: decided by them, or consented to."""
        origin, count = self._reader.key.name, 0
        named = {sha for entry in entries for sha in digests_in(entry)}
        for folder, model, version, within in release_folders(self._project.state):
            last = last_entry(folder)
            if last is None:
                continue
            decided = last[0] == origin and first <= last[1] < end
            consented = last[0] != origin or last[1] < first
            if decided or (consented and has_consent(folder, named)):
                count += 1
                if count > MAX_RELEASES:
                    raise InputError(f"expected at most {MAX_RELEASES} releases in one delivery, found more")
                yield release_at(folder, model, version, within, last)

    def _sources(self) -> dict[str, bytes]:
        """Return assay.yaml, the policy and those it extends, and the words of people, by their files' names."""
        root, policy = self._project.root, self._project.root / self._project.config.policy
        found = {CONFIG_NAME: read_file(root / CONFIG_NAME, "a project file")}

        def read(name: str) -> bytes:
            found[name] = read_file(policy.parent / name, "a policy")
            return found[name]

        parse_policy(policy.name, read)
        config = self._project.config
        words = (config.documentation, None if config.data is None else config.data.datasheet)
        for path in (dossier_path(self._project), *(root / one for one in words if one is not None)):
            if path.is_file():
                found.setdefault(path.name, read_file(path, "what people wrote"))
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
