"""Export releases as one zip that an auditor can check with bare Python, offline, trusting nobody here.

Everything in it is made from files alone, in a fixed order, with fixed times and without compression, so the same
release and the same checkpoint of the log give the same bytes on any machine. What is handed over is first checked by
the very verifier that goes with it; a bundle that does not hold is not written.
"""

from __future__ import annotations

import base64
import io
import zipfile
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING

from assay.attest import dsse, statement
from assay.attest.bundle import Inclusion, leaf_sha256, parse_bundle, parse_receipt
from assay.attest.consent import consent_entry
from assay.errors import InputError, VerificationError
from assay.lifecycle.anchors import LOG, Anchors, find_anchors
from assay.lifecycle.issuing import ISSUED, ISSUED_RECEIPT, NAMES
from assay.lifecycle.log_files import LogFiles, all_log_files
from assay.lifecycle.log_shards import shards
from assay.lifecycle.log_trust import POLICY, VKEY, beside, trust_beside
from assay.lifecycle.outside_times import outside_times
from assay.lifecycle.project import read_file
from assay.lifecycle.setting import EVIDENCE_SIGNATURE
from assay.lifecycle.verified_erasures import ERASURES
from assay.records.canonical import canonical_json, sha256_hex
from assay.tlog.vkey import ED25519
from assay.tlog.witness_policy import parse_witness_policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from assay.attest.trust import Trust
    from assay.lifecycle.log_files import Archived
    from assay.tlog.log_keys import KeyRange
    from assay.tlog.signed_checkpoint import SignedCheckpoint
    from assay.verifier.findings import Findings

BUNDLE, RECEIPT, CONSENTS = "bundle.json", "receipt.json", "consents"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can state
_STEMS = {
    statement.TEST_RESULT: "test-result",
    statement.VERIFICATION_RESULT: "verification-result",
    statement.MEASURED: "measured-evidence",
}


@dataclass(frozen=True)
class Handover:
    """What goes into a bundle beside the releases.

    Attributes:
        anchors: people and keys that an auditor may trust, and whom to believe about the log.
        logs: the log and those that go on after it, where they are at hand; else the proofs of the receipts are taken.
        policy: the tlog-policy whose quorum the checkpoint must have; None for none.
        comments: whether approvers' words go with their approvals.
    """

    anchors: Anchors
    logs: tuple[LogFiles, ...]
    policy: bytes | None = None
    comments: bool = True

    @cached_property
    def stamped(self) -> list[tuple[LogFiles, Archived, SignedCheckpoint]]:
        """The archived checkpoints that bear timestamps, by log, smallest first; the log continues each of them."""
        wrong = [problem for log in self.logs for problem in outside_times(log).problems]
        if wrong:
            raise VerificationError("\n".join(wrong))
        return [
            (log, one, self.anchors.log.open(one.note)) for log in self.logs for one in log.archived() if one.timestamps
        ]

    def log_of(self, origin: str) -> LogFiles | None:
        """Return the log of a name, where it is at hand."""
        return next((one for one in self.logs if one.signed.checkpoint.origin == origin), None)

    def log_with(self, entry: bytes) -> LogFiles | None:
        """Return the first log that an entry stands in."""
        return next((one for one in self.logs if one.place_of(entry) is not None), None)


@dataclass(frozen=True)
class Exported:
    """A bundle: the zip's bytes, what its own verifier found, and the SHA-256 of the trust file in it."""

    content: bytes
    findings: Findings
    trust_sha256: str


def find_handover(
    state: Path, *, trust: Trust | None = None, policy: bytes | None = None, comments: bool = True
) -> Handover:
    """Find what goes with the releases of a project.

    Args:
        state: the project's state folder (``.assay``).
        trust: the people; by default ``trust.yaml`` beside the state folder.
        policy: a tlog-policy; by default ``log.policy`` beside the log, which publishing waits for.
        comments: whether approvers' words go with their approvals.

    Raises:
        InputError: when the log's verifier key is missing.
    """
    trusted = trust_beside(state / LOG)
    if not any(key.kind == ED25519 for one in trusted.logs for key in one.keys):
        where = beside(state / LOG, VKEY)
        raise InputError(f"expected an Ed25519 verifier key (type 1) of the log in {where}, found none")
    if policy is not None:
        trusted = replace(trusted, policy=parse_witness_policy(policy, name="policy"))
    else:
        policy = _policy_beside(state / LOG)
    anchors = find_anchors(state / "releases", log=trusted)
    if trust is not None:
        anchors = replace(anchors, trust=trust)
    return Handover(anchors, all_log_files(state / LOG, trusted), policy, comments)


def _policy_beside(log: Path) -> bytes | None:
    """Return the tlog-policy beside a log, or beside those that go on after it; they must be the same."""
    paths = [beside(one, POLICY) for one in shards(log)]
    found = {path: read_file(path, "the log's tlog-policy") for path in paths if path.is_file()}
    if len(set(found.values())) > 1:
        named = ", ".join(path.name for path in found)
        raise InputError(f"expected one tlog-policy for all shards of the log, found different ones: {named}. Give "
                         "the one that all checkpoints shall meet with --policy")  # fmt: skip
    return next(iter(found.values()), None)


@dataclass(frozen=True)
class IssuedFile:
    """A document that was issued about a release, or filed, and the entry of the log that records it.

    Attributes:
        name: what it is called in the bundle; entry and kind, for a kind may be issued often.
        content: its bytes.
        entry: the signed event.
        proof: that the entry stands in the log.
    """

    name: str
    content: bytes
    entry: bytes
    proof: bytes


def export_bundle(folders: Sequence[Path], handover: Handover, documents: Sequence[IssuedFile] = ()) -> Exported:
    """Return the auditor bundle of some releases.

    Args:
        folders: release folders, ``.../<name>/<version>``.
        handover: what goes with them.
        documents: what was issued about them for regulators, or filed, as far as a copy is kept.

    Raises:
        InputError: when a release is missing or was never decided.
        VerificationError: when what would be handed over does not hold; every problem is named.
    """
    from assay.verifier.bundle import POLICY as POLICY_MEMBER  # noqa: PLC0415 - only when a bundle is made
    from assay.verifier.bundle import check_bundle  # noqa: PLC0415 - only when a bundle is made

    names = sorted({f"releases/{folder.parent.name}/{folder.name}": folder for folder in folders}.items())
    members: dict[str, bytes] = {}
    for name, folder in names:
        members |= {f"{name}/{file}": content for file, content in _release_members(folder, handover).items()}
    for one in documents:
        stem = f"documents/{one.name}"
        members |= {stem: one.content, f"{stem}.dsse.json": one.entry, f"{stem}.tlog-proof": one.proof}
    members["trust.json"] = trust_json(handover.anchors)
    members["verify.pyz"] = verifier_zipapp()
    if handover.policy is not None:
        members[POLICY_MEMBER] = handover.policy
    members |= _timestamps(handover)
    members["README.txt"] = _readme([name for name, _ in names]).encode()
    members["MANIFEST.json"] = _manifest([name for name, _ in names], members)
    findings = check_bundle(members)
    if findings.problems:
        listed = "\n".join(f"- {problem}" for problem in findings.problems)
        raise VerificationError(f"the bundle would not hold, so it was not written:\n{listed}")
    return Exported(pack(members), findings, sha256_hex(members["trust.json"]))


def _release_members(folder: Path, handover: Handover) -> dict[str, bytes]:
    """Return the files of one release by their names in its folder of the bundle."""
    if not (folder / BUNDLE).is_file():
        raise InputError(f"expected a decided release at {folder}, found none. Decide with: assay run (or assay gate)")
    found = {
        name: read_file(folder / name, "a record") for name in (statement.TALLY, statement.EVIDENCE, statement.VERDICT)
    }
    found |= _document_members(folder, handover)
    bundle = parse_bundle(read_file(folder / BUNDLE, "the attestations"), name=BUNDLE)
    inclusions = parse_receipt(read_file(folder / RECEIPT, "the receipt"), name=RECEIPT)
    if len(inclusions) != len(bundle.attestations):
        raise VerificationError(f"{folder / RECEIPT}: expected one inclusion an attestation of {BUNDLE}")
    for entry, inclusion in zip(bundle.attestations, inclusions, strict=True):
        stem = _stem(entry)
        found[f"statements/{stem}.dsse.json"] = entry
        log = handover.log_of(inclusion.origin)
        found[f"statements/{stem}.tlog-proof"] = _attestation_proof(entry, inclusion, log)
        found |= _stamped_proof(f"statements/{stem}", entry, inclusion.index, handover, log)
    if (folder / EVIDENCE_SIGNATURE).is_file():
        measured = read_file(folder / EVIDENCE_SIGNATURE, "the evidence's signature")
        found[f"statements/{_STEMS[statement.MEASURED]}.dsse.json"] = measured
    return found | _consent_members(folder / CONSENTS, handover) | _erasure_members(folder / ERASURES)


def _document_members(folder: Path, handover: Handover) -> dict[str, bytes]:
    """Return the views of a release, and for each the signed event that names its digest, with its proof."""
    found = {name: read_file(folder / name, "a document") for name in NAMES if (folder / name).is_file()}
    if not (folder / ISSUED).is_file():
        return found
    bundle = parse_bundle(read_file(folder / ISSUED, "the documents' attestations"), name=ISSUED)
    inclusions = parse_receipt(read_file(folder / ISSUED_RECEIPT, "the documents' receipt"), name=ISSUED_RECEIPT)
    if len(inclusions) != len(bundle.attestations):
        raise VerificationError(f"{folder / ISSUED_RECEIPT}: expected one inclusion an attestation of {ISSUED}")
    for entry, inclusion in zip(bundle.attestations, inclusions, strict=True):
        envelope = dsse.parse(entry, name=ISSUED)
        payload = dsse.decode_base64(envelope.payload, ISSUED)
        name = str(statement.parse_statement(payload).predicate.get("fields", {}).get("report"))
        if name in found:
            log, stem = handover.log_of(inclusion.origin), f"documents/{name}"
            found[f"{stem}.dsse.json"] = entry
            found[f"{stem}.tlog-proof"] = _attestation_proof(entry, inclusion, log)
            found |= _stamped_proof(stem, entry, inclusion.index, handover, log)
    return found


def _erasure_members(folder: Path) -> dict[str, bytes]:
    """Return the erasures that changed something in a release, each with its proof."""
    paths = [path for path in sorted(folder.glob("*")) if path.name.endswith((".dsse.json", ".tlog-proof"))]
    return {f"{ERASURES}/{path.name}": read_file(path, "an erasure") for path in paths}


def _stem(entry: bytes) -> str:
    envelope = dsse.parse(entry, name="attestation")
    kind = statement.parse_statement(dsse.decode_base64(envelope.payload, "attestation")).predicate_type
    return _STEMS.get(kind, sha256_hex(kind.encode())[:16])


def _attestation_proof(entry: bytes, inclusion: Inclusion, log: LogFiles | None) -> bytes:
    if inclusion.leaf_sha256 != leaf_sha256(entry):
        raise VerificationError(f"{RECEIPT}: is about another entry than the attestation in {BUNDLE}")
    proof = None if log is None else log.prove(entry, inclusion.index)
    return proof or inclusion.proof.encode()


def _consent_members(folder: Path, handover: Handover) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in sorted(folder.glob("*.json")):
        content = read_file(path, "a consent")
        found[f"{CONSENTS}/{path.stem}.dsse.json"] = content
        entry = consent_entry(dsse.parse(content, name=path.name))
        log = handover.log_with(entry)
        place = None if log is None else log.place_of(entry)
        proof = None if log is None else log.prove(entry, place)
        if proof is not None and place is not None:
            found[f"{CONSENTS}/{path.stem}.tlog-proof"] = proof
            found |= _stamped_proof(f"{CONSENTS}/{path.stem}", entry, place, handover, log)
        if handover.comments and path.with_suffix(".txt").is_file():
            found[f"{CONSENTS}/{path.stem}.txt"] = read_file(path.with_suffix(".txt"), "an approver's words")
    return found


def _stamped_proof(stem: str, entry: bytes, index: int, handover: Handover, log: LogFiles | None) -> dict[str, bytes]:
    """Return the proof of an entry under the first checkpoint that covers it and bears a timestamp, if there is one."""
    covering = (signed for one, _, signed in handover.stamped if one == log and signed.checkpoint.size > index)
    first = next(covering, None)
    if first is None or log is None:
        return {}
    return {f"{stem}.stamped.tlog-proof": log.prove_under(first, entry, index)}


def _timestamps(handover: Handover) -> dict[str, bytes]:
    """Return the timestamps over archived checkpoints, the checkpoints, and the certificates that stand behind them."""
    found: dict[str, bytes] = {}
    for log, archived, signed in handover.stamped:
        number = handover.logs.index(log)
        shard = f"{number + 1}-" if number else ""
        found[f"timestamps/{shard}{signed.checkpoint.size}"] = archived.note
        found |= {f"timestamps/{shard}{name}": content for name, content in archived.timestamps.items()}
    if found and handover.anchors.log.roots:
        found["timestamps/authorities.pem"] = handover.anchors.log.roots
    return found


def trust_json(anchors: Anchors) -> bytes:
    """Return the trust file of a bundle: people with their roles, further keys by name, and the log's keys by size."""
    people = [
        {"name": one.name, "roles": list(one.roles), "key": base64.b64encode(one.key.der).decode("ascii")}
        for one in anchors.trust.people
    ]
    taken = {one.name for one in anchors.trust.people}
    known = anchors.trust.keys()
    for name, key in sorted(anchors.keys.items()):
        if key not in known:
            shown = f"key {name}" if name in taken else name
            people.append({"name": shown, "roles": [], "key": base64.b64encode(key.der).decode("ascii")})
    logs = [_log_key(one) for log in anchors.log.logs for one in log.ranges]
    return canonical_json({"schema": "assay.auditor-trust/v1", "people": people, "logs": logs}) + b"\n"


def _log_key(one: KeyRange) -> str:
    """Return a verifier key; with the sizes that it is for, when those are not all."""
    return str(one.key) if (one.first, one.end) == (0, None) else one.line().partition(" ")[2]


def verifier_zipapp() -> bytes:
    """Return ``verify.pyz``: the source of `assay.verifier`, run by ``python verify.pyz``."""
    files = {
        f"verifier/{one.name}": one.read_bytes()
        for one in resources.files("assay.verifier").iterdir()
        if one.name.endswith(".py")
    }
    start = b"import sys\n\nfrom verifier.__main__ import main\n\nsys.exit(main())\n"
    return pack({**files, "__main__.py": start})


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return a zip of some files: ordered by name, times fixed, nothing compressed; the same bytes everywhere."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, members[name])
    return stream.getvalue()


def _manifest(releases: Sequence[str], members: Mapping[str, bytes]) -> bytes:
    digests = {name: sha256_hex(content) for name, content in members.items()}
    return canonical_json({"schema": "assay.auditor-bundle/v1", "releases": list(releases), "members": digests}) + b"\n"


def _readme(releases: Sequence[str]) -> str:
    text = resources.files("assay.lifecycle").joinpath("auditor-readme.txt").read_text("utf-8")
    return text.replace("@RELEASES@", "\n".join(f"  {name}" for name in releases))
