"""What pages ask of a server's folder: the trail, the releases, who people are, and whose a model is.

Records are kept in memory as long as their files do not change; each is checked when it is read. Nothing here decides.
"""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from assay.attest.statement import EVIDENCE, TALLY, VERDICT
from assay.errors import DocumentError, InputError, NotThereError, VerificationError
from assay.lifecycle.documents import read_release
from assay.lifecycle.issuing import EXPLANATION
from assay.lifecycle.keyring import Keyring
from assay.lifecycle.project import read_file, release_folder
from assay.lifecycle.setting import read_trust
from assay.records.canonical import parse_record, sha256_hex
from assay.records.evidence import Evidence
from assay.records.verdict import Verdict
from assay.server.permits import require
from assay.server.whose import Whose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from assay.attest.trust import Trust
    from assay.lifecycle.asking import Trail
    from assay.lifecycle.standing_trail import StandingTrail
    from assay.reports.card import Card
    from assay.reports.figures import Section
    from assay.reports.release import Release
    from assay.reports.why import Told
    from assay.server.acting import Actor
    from assay.server.home import Home
    from assay.server.store.deliveries import Adopted
    from assay.server.store.project_keys import ProjectKey
    from assay.trail.view import View

T = TypeVar("T")

KEPT_RELEASES = 48
"""So many releases' records stay in memory: the tally of one that was looked at may take some megabytes."""

_RECORDS = (EVIDENCE, VERDICT, TALLY, EXPLANATION)


class _Author(msgspec.Struct):
    author: str | None = None


class _Authored(msgspec.Struct):
    """The one field of evidence that is asked of many versions at once."""

    model: _Author


class Kept(Generic[T]):
    """Values that are made once and kept while they are asked for, by key and by what they were made from."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._held: OrderedDict[object, tuple[object, T]] = OrderedDict()

    def get(self, key: object, of: object, make: Callable[[], T]) -> T:
        """Return the value of a key; it is made anew when it was made from something else."""
        with self._lock:
            found = self._held.get(key)
            if found is not None and found[0] == of:
                self._held.move_to_end(key)
                return found[1]
        made = make()
        with self._lock:
            self._held[key] = (of, made)
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        return made


@dataclass(frozen=True, kw_only=True)
class Held:
    """A release that lies in the server's folder; what takes time to read or to draw is made when it is asked for.

    Attributes:
        state: the server's state folder.
        folder: where.
        evidence: what was measured.
        verdict: what was decided; None while nothing was decided on it here.
        verdict_sha256: digest of the verdict; empty while there is none.
        became: tells what an erasure left of a document, digest to digest.
    """

    state: Path
    folder: Path
    evidence: Evidence
    verdict: Verdict | None = None
    verdict_sha256: str = ""
    became: Callable[[str], str] = str

    @property
    def author(self) -> str | None:
        """Who made the version."""
        return self.evidence.model.author

    @functools.cached_property
    def report(self) -> Release | None:
        """All its records; None while nothing was decided on it here."""
        return None if self.verdict is None else read_release(self.folder, became=self.became)

    @functools.cached_property
    def sections(self) -> tuple[Section, ...]:
        """The sections of its charts."""
        from assay.reports.figures import sections  # noqa: PLC0415 - charts are heavy

        return () if self.report is None else tuple(sections(self.report))

    @functools.cached_property
    def why(self) -> tuple[Told, ...]:
        """Why it is not allowed, finding by finding."""
        from assay.reports.why import why  # noqa: PLC0415 - as above

        return () if self.report is None else why(self.report)

    @property
    def card_sha256(self) -> str:
        """Digest of what only people can say of it, as it lies here now; empty where they said nothing."""
        sha256 = self.evidence.documentation.sha256
        return self.became(sha256) if sha256 else ""

    @property
    def card(self) -> Card | None:
        """What only people can say of it, as it was delivered; None where it was not, or cannot be read.

        It is read each time, and not kept in memory: what was erased from it must not be shown.
        """
        from assay.lifecycle.received import Kept as Documents  # noqa: PLC0415 - as above
        from assay.reports.card import read_card  # noqa: PLC0415

        content = Documents(self.state).document(self.card_sha256)
        try:
            return None if content is None else read_card(content, "card.yaml")
        except DocumentError:
            return None  # the evidence about it says what is missing, and whoever measured it was told


class Inside:
    """What a server's folder holds, for pages.

    Attributes:
        home: the folder.
        adopted: what was adopted for each system, as the database said it last (`assay.server.today`).
        attesters: the keys of projects' attesters, as the database said them last (`assay.server.attesters`).
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self._releases: Kept[Held] = Kept(KEPT_RELEASES)
        self._whose = Whose(home.state)
        self.adopted: dict[str, list[Adopted]] = {}
        self.attesters: tuple[ProjectKey, ...] | None = None
        self._trust: Kept[tuple[Trust, str | None]] = Kept(1)
        self._standing: StandingTrail | None = None
        self._opening = threading.Lock()

    def trust(self) -> tuple[Trust, str | None]:
        """Return the people that the server knows, and the digest of the file that names them."""
        path = self.home.trust if self.home.trust.is_file() else None
        return self._trust.get("trust", _stamp(path) if path else None, lambda: read_trust(path))

    def signers(self) -> tuple[str, ...]:
        """Return the names of those who can sign here."""
        return Keyring(self.home.keys).names()

    @property
    def standing(self) -> StandingTrail:
        """The trail, open as long as the server runs; one for all threads that ask."""
        from assay.adapters.folder_shards import trail_of  # noqa: PLC0415 - only where the trail is asked
        from assay.lifecycle.standing_trail import StandingTrail  # noqa: PLC0415

        with self._opening:
            if self._standing is None:
                home = self.home
                self._standing = StandingTrail(
                    home.state, lambda: trail_of(home.log_folder)[0], trust=home.trust, root=home.root
                )
            return self._standing

    @property
    def told(self) -> str:
        """How far the log is read, in words; empty once it was read."""
        return self.standing.told

    def stop_reading(self) -> None:
        """Leave what is being read of the log where it is; the next start goes on from there."""
        self.standing.stop_reading()

    def view(self) -> View:
        """Return the trail as questions see it, up to the log's present size.

        Raises:
            VerificationError: when the log is not what was signed.
        """
        self.standing.refresh()
        return self.standing.view()

    def close(self) -> None:
        """Let the trail go."""
        if self._standing is not None:
            self._standing.close()

    def trail(self) -> Trail:
        """Return the trail for proofs and for recording, up to the log's present size.

        Raises:
            InputError: while nothing is recorded.
            VerificationError: when the log is not what was signed.
        """
        self.standing.refresh()
        return self.standing.trail()

    def system_of(self, model: str) -> str | None:
        """Return the system that a model belongs to; None where no evidence about it lies here."""
        return self._whose.system_of(model)

    def author_of(self, model: str, version: str) -> str | None:
        """Return who made a version, as its evidence says; None where it does not, or none lies here."""
        path = _safe(self.home.state, model, version) / EVIDENCE
        return msgspec.json.decode(path.read_bytes(), type=_Authored).model.author if path.is_file() else None

    def models_in(self, system: str) -> tuple[str, ...]:
        """Return the models of a system, in order."""
        return self._whose.models_of((system,))

    def systems(self) -> set[str]:
        """Return the systems that evidence here is about."""
        return self._whose.systems()

    def models_of(self, actor: Actor) -> tuple[str, ...] | None:
        """Return the models that somebody has to do with; None: all."""
        return None if actor.systems is None else self._whose.models_of(actor.systems)

    def sees(self, actor: Actor, model: str) -> bool:
        """Say whether somebody has to do with a model."""
        return actor.systems is None or self.system_of(model) in actor.systems

    def has(self, model: str, version: str) -> bool:
        """Say whether evidence about a version lies here."""
        try:
            return (_safe(self.home.state, model, version) / EVIDENCE).is_file()
        except NotThereError:
            return False

    def _became(self, sha256: str) -> str:
        """Return the digest of what an erasure left of a document; its own where none did anything to it."""
        found = self.standing.trail().erasures.after(sha256) if self.standing.refresh() else None
        return sha256 if found is None else found[0]

    def release(self, actor: Actor, model: str, version: str) -> Held:
        """Return a release that somebody may see.

        Raises:
            NotThereError: when there is none, or it is of a system that they have nothing to do with.
            VerificationError: when its records are not of one release.
        """
        folder = _safe(self.home.state, model, version)
        if not (folder / EVIDENCE).is_file():
            raise NotThereError(f"expected a version of a model here, found none of the name {model} {version}")
        held = self._releases.get(folder, _stamps(folder), lambda: _read(self.home.state, folder, self._became))
        require(actor, "models.read", system=held.evidence.system)
        return held


def _safe(state: Path, model: str, version: str) -> Path:
    try:
        return release_folder(state, model, version)
    except InputError as error:
        raise NotThereError(str(error)) from None


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size


def _stamps(folder: Path) -> tuple[tuple[int, int] | None, ...]:
    return tuple(_stamp(folder / name) for name in _RECORDS)


def _read(state: Path, folder: Path, became: Callable[[str], str]) -> Held:
    content = read_file(folder / EVIDENCE, "evidence")
    evidence = parse_record(content, Evidence, name=EVIDENCE)
    if not (folder / VERDICT).is_file():
        return Held(state=state, folder=folder, evidence=evidence)
    decided = read_file(folder / VERDICT, "a verdict")
    verdict = parse_record(decided, Verdict, name=VERDICT)
    measured = sha256_hex(content)
    if measured not in {verdict.evidence_sha256, became(verdict.evidence_sha256)}:
        raise VerificationError(
            f"{evidence.model.name} {evidence.model.version}: {VERDICT} was decided on other evidence than lies there"
        )
    return Held(
        state=state, folder=folder, evidence=evidence, verdict=verdict, verdict_sha256=sha256_hex(decided),
        became=became,
    )  # fmt: skip
