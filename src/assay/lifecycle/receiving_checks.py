"""Looking at a delivery before anything of it is taken: does the log go on, and does each release hold?

The server is an outside observer of the project's log: it keeps the tree over the entries that it has seen, so that a
log which was cut, forked or rewritten is found by the next checkpoint that it signs.
"""

from __future__ import annotations

import base64
import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assay.attest import dsse
from assay.attest.bundle import parse_bundle, parse_receipt
from assay.attest.keys import parse_public_key
from assay.errors import AssayError, InputError, RefusedError, VerificationError
from assay.lifecycle.log_handover import ed25519_keys, is_handed_over
from assay.lifecycle.log_trust import LogTrust
from assay.lifecycle.project import is_safe_name
from assay.lifecycle.receiving_erasures import who_erases
from assay.lifecycle.setting import EVIDENCE_SIGNATURE
from assay.lifecycle.storing import storage_errors
from assay.lifecycle.verification import verify_release
from assay.records.canonical import parse_record, sha256_hex
from assay.records.evidence import Evidence
from assay.records.verdict import Verdict
from assay.tlog.log_keys import parse_log_keys
from assay.tlog.merkle import hash_leaf, verify_consistency
from assay.trail.delivered import delivered_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from assay.attest.keys import PublicKey
    from assay.attest.trust import Trust
    from assay.lifecycle.received import KeptReach
    from assay.records.delivery import DeliveredRelease, Delivery
    from assay.tlog.checkpoint import Checkpoint
    from assay.tlog.compact_range import CompactRange
    from assay.tlog.log_keys import LogKeys


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """A pipeline as an administrator registered it.

    Attributes:
        name: its name.
        systems: the systems that it delivers for; None: all.
        keys: whose signatures on its evidence count.
        vkeys: the keys of logs by their names, where an administrator has accepted them (`UnvouchedError`).
        officers: keys of those who erase in its projects, where an administrator has accepted them
            (`assay.lifecycle.receiving_erasures`).
    """

    name: str
    systems: tuple[str, ...] | None
    keys: tuple[PublicKey, ...]
    vkeys: Mapping[str, LogKeys]
    officers: tuple[PublicKey, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CheckedRelease:
    """A delivered release that holds."""

    delivered: DeliveredRelease
    evidence: Evidence
    verdict: Verdict


class UnvouchedError(VerificationError):
    """A log shows keys that none of those by which it is known has handed it over to: they wait for an administrator.

    Attributes:
        keys: the keys that it shows, by sizes.
    """

    def __init__(self, message: str, keys: LogKeys) -> None:
        self.keys = keys
        super().__init__(message)


class ForkError(VerificationError):
    """A log is not the one that was delivered before.

    Attributes:
        note: the signed checkpoint that contradicts the one that is kept; both together convict the log.
    """

    def __init__(self, message: str, note: str) -> None:
        self.note = note
        super().__init__(message)


def require_scope(delivery: Delivery, pipeline: Pipeline, kept: KeptReach | None) -> None:
    """Refuse what a pipeline may not deliver.

    Raises:
        InputError: for a system that is none of its own, or a log that is another system's.
    """
    if pipeline.systems is not None and delivery.system not in pipeline.systems:
        raise RefusedError(
            f"system {delivery.system!r}: expected one that the pipeline {pipeline.name} is registered for "
            f"({', '.join(pipeline.systems) or 'none'}). An administrator of the server can add it"
        )
    if kept is not None and kept.system != delivery.system:
        raise InputError(
            f"log {delivery.origin}: expected one of {delivery.system}, found one delivered for another system. Give "
            "each system's log a name of its own: assay log init LOG --origin NAME"
        )
    if any(map(delivered_here, delivery.entries)):
        raise InputError(
            f"log {delivery.origin}: expected a project's log, found a server's: it takes deliveries itself"
        )


def log_keys(delivery: Delivery, pipeline: Pipeline, kept: KeptReach | None) -> LogKeys:
    """Return the keys that a log is known by: pinned at its first delivery, or registered before it, and followed.

    A key that was replaced leads to the next one by the event that both have signed (`assay.lifecycle.log_handover`).

    Raises:
        UnvouchedError: when the delivery shows another, and no administrator has accepted it.
        InputError: when it is none, or of another log.
        DocumentError: when the keys are not as a log publishes them.
    """
    given = ed25519_keys(parse_log_keys(delivery.keys.encode(), name=f"log {delivery.origin}: keys"))
    registered = pipeline.vkeys.get(delivery.origin)
    if given.origin != delivery.origin:
        raise InputError(f"log {delivery.origin}: expected its own key, found that of {given.origin}")
    known = registered if kept is None else kept.known_by
    if known is not None and given != registered and not is_handed_over(known, given, delivery.handovers):
        raise UnvouchedError(
            f"log {delivery.origin}: expected the key {str(known.newest)[:60]}, by which this server knows it, found "
            "another, and no event key.rotated that leads there from the one: it is another log under the same name, "
            "or its key was lost. An administrator of the server can accept it (People, Logs). Where "
            "each job begins a log anew, let its folder outlive the job (state: in assay.yaml), or give the new log a "
            "name of its own: assay log init LOG --origin NAME. Nothing was taken",
            given,
        )
    return given


def grown(delivery: Delivery, keys: LogKeys, before: CompactRange, new: Sequence[bytes]) -> CompactRange:
    """Return the tree after a delivery's new entries, shown to be one with what the log has signed.

    Args:
        delivery: the delivery.
        keys: the keys that the log is known by.
        before: the tree over what was taken.
        new: the entries that are not taken yet.

    Raises:
        VerificationError: when the checkpoint is not signed by the log.
        ForkError: when the log was cut, forked or rewritten.
    """
    now = keys.open(delivery.checkpoint.encode()).checkpoint
    if now.size < before.size and not new:
        if delivery.entries or delivery.documents:
            return before  # what was taken, sent again in other pieces and compared; or documents that go ahead
        raise VerificationError(
            f"log {now.origin}: {before.size} of its entries were delivered, and it signs {now.size} now: it was cut, "
            "or this is an old checkpoint of it. Nothing was taken. Restore the log from its backup, and deliver again"
        )
    if not new and (now.size > before.size or now.root == before.root()):
        return before  # nothing is taken that a checkpoint would have to cover
    tree = before.add(map(hash_leaf, new))
    if tree.size > now.size:
        raise InputError(
            f"log {now.origin}: expected entries that its checkpoint covers, found {tree.size - now.size} beyond its "
            f"size {now.size}"
        )
    if not _continues(tree, now, delivery.proof):
        raise ForkError(
            f"log {now.origin}: it is not the log whose {before.size} entries were delivered before, or an entry is "
            f"not one of its own: they do not give the root that it signs at size {now.size}. It was rewritten or "
            "forked, or the entries were changed on the way. Nothing was taken",
            delivery.checkpoint,
        )
    return tree


def _continues(tree: CompactRange, now: Checkpoint, proof: Sequence[str]) -> bool:
    if tree.size == now.size:
        return tree.root() == now.root and not proof
    if not tree.size:
        return not proof  # every log continues the empty one
    hashes = [bytes.fromhex(one) for one in proof]
    return verify_consistency(tree.size, now.size, tree.root(), now.root, hashes)


def check_release(
    delivered: DeliveredRelease,
    delivery: Delivery,
    pipeline: Pipeline,
    *,
    keys: LogKeys,
    read: Callable[[str], bytes | None],
    entry: Callable[[int], bytes | None],
    trust: Trust,
    beside: Path,
) -> CheckedRelease:
    """Check that a release is whole, signed by the pipeline, in the log, and about one of its systems.

    Args:
        delivered: the release.
        delivery: what it came in.
        pipeline: who delivers.
        keys: the keys that its log is known by.
        read: returns a document by its digest, None when it is not here.
        entry: returns an entry of the project's log that was taken, or is about to be; None where it cannot be told.
        trust: the people that this server knows.
        beside: folder in which a place to look at it is made for a moment.

    Raises:
        InputError: when a file is missing, or the release is about something else than it says.
        VerificationError: with everything that does not hold.
    """
    name = f"release {delivered.model} {delivered.version} {delivered.within}".rstrip()
    for what, text in (("model name", delivered.model), ("version", delivered.version)):
        if not is_safe_name(text):
            raise InputError(f"{name}: expected a {what} of letters, digits and . _ + -, found {text!r}")
    contents = _contents(name, delivered, read)
    evidence = parse_record(contents["evidence.json"], Evidence, name=f"{name}: evidence.json")
    verdict = parse_record(contents["verdict.json"], Verdict, name=f"{name}: verdict.json")
    _require_about(name, delivered, delivery, evidence)
    _require_signed(name, contents[EVIDENCE_SIGNATURE], pipeline)
    erasing = who_erases(name, contents, delivery, pipeline, trust)
    with laid_out(contents, beside) as folder:
        public = {f"{pipeline.name}/{key.key_id:.8}": key for key in pipeline.keys}
        try:
            verify_release(folder, trust=erasing, keys=public, log=LogTrust((keys,)))
        except VerificationError as error:
            raise VerificationError(str(error).replace(f"the release in {folder}", name)) from None
    _require_logged(name, contents, delivery, entry)
    return CheckedRelease(delivered=delivered, evidence=evidence, verdict=verdict)


def _contents(name: str, delivered: DeliveredRelease, read: Callable[[str], bytes | None]) -> dict[str, bytes]:
    contents, missing = {}, []
    for file, sha256 in delivered.files.items():
        content = read(sha256)
        if content is None:
            missing.append(file)
        else:
            contents[file] = content
    if missing:
        raise InputError(
            f"{name}: expected the documents {', '.join(missing)} with the delivery or ahead of it, found none of "
            "their digests. Ask which are not known, and send those"
        )
    return contents


def _require_about(name: str, delivered: DeliveredRelease, delivery: Delivery, evidence: Evidence) -> None:
    stage = delivered.within.partition("/")[0] or "release"
    said = (evidence.system, evidence.model.name, evidence.model.version, evidence.stage)
    expected = (delivery.system, delivered.model, delivered.version, stage)
    if said != expected:
        raise InputError(f"{name}: expected evidence about {' '.join(expected)}, found some about {' '.join(said)}")


def _require_signed(name: str, signature: bytes, pipeline: Pipeline) -> None:
    """Check that the evidence is signed by a key that was registered for this very pipeline."""
    try:
        dsse.verify(dsse.parse(signature, name=EVIDENCE_SIGNATURE), pipeline.keys)
    except AssayError as error:
        raise VerificationError(
            f"{name}: expected evidence signed by a key that is registered for the pipeline {pipeline.name}, found "
            f"none ({error}). An administrator of the server registers it; assay keys public NAME prints it"
        ) from None


def _require_logged(
    name: str, contents: Mapping[str, bytes], delivery: Delivery, entry: Callable[[int], bytes | None]
) -> None:
    """Check that the attestations are the very entries that were delivered; their proofs hold already."""
    bundle = parse_bundle(contents["bundle.json"])
    for attestation, place in zip(bundle.attestations, parse_receipt(contents["receipt.json"]), strict=True):
        if place.origin != delivery.origin:
            raise VerificationError(f"{name}: expected a receipt of the log {delivery.origin}, found {place.origin}")
        held = entry(place.index)
        if held is not None and held != attestation:
            raise VerificationError(
                f"{name}: its attestation is not the entry {place.index} of {delivery.origin} that was delivered"
            )


@contextlib.contextmanager
def laid_out(contents: Mapping[str, bytes], beside: Path) -> Iterator[Path]:
    """Give files in a folder of their own for a moment; nobody else can open it.

    Args:
        contents: name to content, of a release or beside `assay.yaml`.
        beside: where the folder is made.
    """
    with storage_errors(beside):
        beside.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="release-", dir=beside))
        try:
            for file, content in contents.items():
                path = folder / file
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def key_text(key: PublicKey) -> str:
    """Return a public key as base64."""
    return base64.b64encode(key.der).decode("ascii")


def keys_of(texts: Sequence[str]) -> tuple[PublicKey, ...]:
    """Return the public keys that `key_text` gave, or PEM."""
    return tuple(parse_public_key(text, name=f"key {sha256_hex(text.encode()):.8}") for text in texts)
