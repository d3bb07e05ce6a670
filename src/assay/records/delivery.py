"""What a pipeline delivers to a server: the next entries of its project's log, as they are, and what they name.

The project's log is the spool: a delivery is its entries from the index that the server has reached, under the
checkpoint that the log signed. Delivered once follows from the indices. The document is JSON in one form, sealed by the
digest over itself, so that what was changed on the way is refused whatever it was.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from assay.errors import DocumentError, InputError, Problem
from assay.records.canonical import parse_record, sha256_hex
from assay.records.tally import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DELIVERY_BYTES = 32 * 1024 * 1024
"""Cap on a whole delivery, as it is sent."""

MAX_DOCUMENT_BYTES = 20 * 1024 * 1024
"""Cap on one document; with its base64 it fits a delivery."""

CHUNK_BYTES = 4 * 1024 * 1024
"""What a sender puts into one delivery, about; one document may be longer."""

MAX_ENTRIES = 2_000
MAX_ENTRY_BYTES = 65_535
MAX_DOCUMENTS = 2_000
MAX_RELEASES = 200
MAX_FILES = 2_000
MAX_PEOPLE = 1_000
MAX_ASKED = 10_000
"""Caps on what one delivery, or one question for known documents, holds."""

MAX_HANDOVERS = 256
"""How often a log's key may have been replaced."""

MAX_OFFICERS = 16
"""Cap on the keys of those who may erase in a project."""

MAX_ATTESTERS = 64
"""Cap on the keys of those who have attested in what is delivered."""

MAX_ROLES = 64

MAX_PROOF = 64
"""Cap on the hashes of a consistency proof: a tree of 2^63 entries needs no more."""

Sha256: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Within: TypeAlias = Annotated[str, Meta(pattern=r"^(|data|training|monitoring/[A-Za-z0-9][A-Za-z0-9._+-]{0,127})\Z")]
_Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=512)]
_Keys: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100_000)]
_Note: TypeAlias = Annotated[str, Meta(min_length=1, max_length=1_000_000)]
_Code: TypeAlias = Annotated[str, Meta(pattern=r"^p_[0-9a-f]{32}\Z")]

RELEASE_FILES = (
    "evidence.json", "evidence.dsse.json", "tally.json", "verdict.json", "bundle.json", "receipt.json", "model-card.md",
    "report.html", "datasheet.md", "explanation.json", "documents.json", "documents-receipt.json",
)  # fmt: skip
"""Files of a release folder that are delivered; consents and erasures beside them go by their folders."""

SIGNED_FILES = ("evidence.json", "evidence.dsse.json", "tally.json", "verdict.json", "bundle.json", "receipt.json")
"""Files without which a release is not whole."""

_BESIDE = re.compile(r"(consents/[0-9a-f]{16}\.(json|txt)|erasures/[A-Za-z0-9][A-Za-z0-9._-]{0,127})\Z")
_SOURCE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}\Z")


class DeliveredRelease(Frozen, kw_only=True):
    """One release folder: a model version at one stage.

    Attributes:
        model: name of the model.
        version: its version.
        within: where in the version's folder: empty for the release itself, ``data``, ``monitoring/<window>``.
        files: name of each file to the digest of its bytes.
    """

    model: _Text
    version: _Text
    within: Within = ""
    files: dict[str, Sha256]


class ShownAttester(Frozen, kw_only=True):
    """Somebody who attests in a project, as its trust file knows them.

    Attributes:
        key: their public key, PEM.
        roles: the roles that the project gives them.
    """

    key: _Keys
    roles: Annotated[tuple[_Text, ...], Meta(min_length=1, max_length=MAX_ROLES)]


class Delivery(Frozen, kw_only=True):
    """The next entries of one log, and what belongs to them.

    Attributes:
        schema: the document's version.
        system: the AI system that the log is of.
        origin: the log's name.
        keys: its Ed25519 keys by the sizes that each may sign, a line each (`assay.tlog.log_keys`), the last the one
            that signs now; they count where the server knows none of this log yet, or knows it by the first of them.
        handovers: entries of it, ``key.rotated``, each signed with a key and with the one that follows it.
        first: index of the first entry.
        entries: the entries as they stand in the log; none, when documents go ahead of them.
        checkpoint: the signed note over a tree that is no shorter than what is delivered.
        proof: consistency of the tree up to the last entry delivered with the checkpoint's, hashes of RFC 6962 section
            2.1.2, hexadecimal; empty where they are one.
        documents: bytes by their SHA-256.
        releases: release folders that the entries have changed.
        sources: the project's own files (`assay.yaml`, the policy and those it extends) by name, as digests.
        people: pseudonym to name, of those whose names the sender was told to disclose.
        officers: public keys, PEM, of those who may erase in the project, where something was erased in the releases;
            one counts when an administrator of the server has accepted it.
        attesters: of those who have signed attestations among the entries; they count on the same terms.
        sha256: digest of this document with this field empty.
    """

    schema: Literal["assay.delivery/v1"] = "assay.delivery/v1"
    system: _Text
    origin: _Text
    keys: _Keys
    handovers: Annotated[tuple[bytes, ...], Meta(max_length=MAX_HANDOVERS)] = ()
    first: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    entries: Annotated[tuple[bytes, ...], Meta(max_length=MAX_ENTRIES)] = ()
    checkpoint: _Note
    proof: Annotated[tuple[Sha256, ...], Meta(max_length=MAX_PROOF)] = ()
    documents: Annotated[dict[Sha256, bytes], Meta(max_length=MAX_DOCUMENTS)] = {}
    releases: Annotated[tuple[DeliveredRelease, ...], Meta(max_length=MAX_RELEASES)] = ()
    sources: Annotated[dict[str, Sha256], Meta(max_length=MAX_FILES)] = {}
    people: Annotated[dict[_Code, _Text], Meta(max_length=MAX_PEOPLE)] = {}
    officers: Annotated[tuple[_Keys, ...], Meta(max_length=MAX_OFFICERS)] = ()
    attesters: Annotated[tuple[ShownAttester, ...], Meta(max_length=MAX_ATTESTERS)] = ()
    sha256: str = ""

    @property
    def end(self) -> int:
        """Index after the last entry."""
        return self.first + len(self.entries)


class Reached(Frozen, kw_only=True):
    """How far a server has taken a log.

    Attributes:
        origin: the log's name.
        size: entries taken.
        root: root of the tree over them, hexadecimal.
        vkey: the verifier key that it is known by; None while nothing was delivered.
    """

    origin: str
    size: int
    root: Sha256
    vkey: str | None = None


class OutOfStepError(InputError):
    """A delivery does not begin where the log is taken to.

    Attributes:
        reached: how far it is taken.
    """

    def __init__(self, message: str, reached: Reached) -> None:
        self.reached = reached
        super().__init__(message)


class Outcome(Frozen, kw_only=True):
    """What became of one release that was delivered.

    Attributes:
        model: name of the model.
        version: its version.
        within: where in the version's folder.
        outcome: whether the server has decided on it, or it waits.
        decision: the server's own decision; None while it waits.
        words: why, and what to do, in a sentence or two.
    """

    model: str
    version: str
    within: str = ""
    outcome: Literal["decided", "waits"]
    decision: Literal["allow", "warn", "deny", "undecided"] | None = None
    words: str


class Taken(Frozen, kw_only=True):
    """The acknowledgement of a delivery: what it tells is durable at the server.

    Attributes:
        reached: how far the log is taken now.
        new: entries that this delivery has added; none, when it was a repeated one.
        outcomes: what became of each release in it.
    """

    reached: Reached
    new: int
    outcomes: tuple[Outcome, ...] = ()


class Asked(Frozen, kw_only=True):
    """A question before documents are sent: which of these are not known yet?"""

    origin: _Text
    sha256: Annotated[tuple[Sha256, ...], Meta(max_length=MAX_ASKED)]


class Unknown(Frozen, kw_only=True):
    """The answer: documents to send."""

    sha256: tuple[Sha256, ...]


def seal_delivery(delivery: Delivery) -> bytes:
    """Return a delivery as it is sent, sealed by the digest over itself."""
    return msgspec.json.encode(msgspec.structs.replace(delivery, sha256=_seal(delivery)))


def parse_delivery(content: bytes, *, name: str = "delivery") -> Delivery:
    """Parse a delivery; only the one form that `seal_delivery` gives is accepted.

    Raises:
        DocumentError: with every problem found in it.
    """
    if len(content) > MAX_DELIVERY_BYTES:
        message = f"expected at most {MAX_DELIVERY_BYTES} bytes, found {len(content)}: send it in several deliveries"
        raise DocumentError([Problem(name, 0, 0, "", message)])
    found = parse_record(content, Delivery, name=name)
    problems = [Problem(name, 0, 0, path, message) for path, message in _problems(found, content)]
    if problems:
        raise DocumentError(problems)
    return found


def is_release_file(name: str) -> bool:
    """Say whether a file of a release folder is one that is delivered."""
    return name in RELEASE_FILES or _BESIDE.match(name) is not None


def is_source_file(name: str) -> bool:
    """Say whether a name is that of a file beside `assay.yaml`."""
    return _SOURCE.match(name) is not None and ".." not in name


def _seal(delivery: Delivery) -> str:
    return sha256_hex(msgspec.json.encode(msgspec.structs.replace(delivery, sha256="")))


def _problems(found: Delivery, content: bytes) -> Iterator[tuple[str, str]]:
    if found.sha256 != _seal(found) or msgspec.json.encode(found) != content:
        yield "$.sha256", "expected the digest over this delivery, found another: it was changed on the way. Send again"
        return
    for position, entry in enumerate(found.entries):
        if not 1 <= len(entry) <= MAX_ENTRY_BYTES:
            yield f"$.entries[{position}]", f"expected 1 to {MAX_ENTRY_BYTES} bytes, found {len(entry)}"
    for sha256, document in found.documents.items():
        if len(document) > MAX_DOCUMENT_BYTES:
            yield f"$.documents.{sha256}", f"expected at most {MAX_DOCUMENT_BYTES} bytes, found {len(document)}"
        elif sha256_hex(document) != sha256:
            yield f"$.documents.{sha256}", "expected the document with this SHA-256, found another one"
    yield from _release_problems(found)
    for name in found.sources:
        if not is_source_file(name):
            yield f"$.sources.{name}", "expected the name of a file beside assay.yaml"


def _release_problems(found: Delivery) -> Iterator[tuple[str, str]]:
    seen = set()
    for position, one in enumerate(found.releases):
        path = f"$.releases[{position}]"
        if (one.model, one.version, one.within) in seen:
            yield path, f"expected each release once, found {one.model} {one.version} {one.within} again"
        seen.add((one.model, one.version, one.within))
        missing = [name for name in SIGNED_FILES if name not in one.files]
        if missing:
            yield f"{path}.files", f"expected {', '.join(missing)}, found none: a release is delivered whole"
        if len(one.files) > MAX_FILES:
            yield f"{path}.files", f"expected at most {MAX_FILES} files, found {len(one.files)}"
        for name in one.files:
            if not is_release_file(name):
                yield f"{path}.files.{name}", "expected a file of a release"
