"""Release: decide on evidence under a policy, attest, record, report. `run` is assess and then this."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from assay import __version__
from assay.attest import dsse
from assay.attest.bundle import make_bundle, receipt_content
from assay.attest.statement import (
    EVIDENCE,
    TALLY,
    VERDICT,
    evidence_statement,
    subject_digest,
    verdict_statement,
)
from assay.errors import InputError, VerificationError
from assay.lifecycle.consenting import read_consents
from assay.lifecycle.documents import REPORT, read_card_of, write_documents
from assay.lifecycle.project import read_file
from assay.lifecycle.setting import EVIDENCE_SIGNATURE, now, whoami
from assay.lifecycle.storing import compare_model, keep_document, publish, staging
from assay.policy import decide
from assay.records.canonical import canonical_json, parse_record, sha256_hex
from assay.records.evidence import Evidence
from assay.records.tally_document import parse_tally
from assay.records.verdict import Verdict
from assay.reports.release import Release

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assay.attest.trust import Trust
    from assay.lifecycle.project import Project
    from assay.lifecycle.setting import Log, Setting
    from assay.records.tally import FileDigest, Tally

BUNDLE, RECEIPT = "bundle.json", "receipt.json"
ROOM_BYTES = 1 << 18
"""Room that verdict, bundle, receipt and the log's tiles need at most; asked for before anything is said."""

VERIFIER = f"https://assay/verifier/{__version__}"


@dataclass(frozen=True)
class SignedEvidence:
    """Evidence whose signature was looked at.

    Attributes:
        evidence: the record.
        content: its bytes.
        folder: where the decision is written.
        unwritten: files of a measurement that was just made; they are written together with the decision, so that a
            run that fails leaves the release that was there before as it was.
    """

    evidence: Evidence
    content: bytes
    folder: Path
    unwritten: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """The digest that verdict and consents are bound to."""
        return sha256_hex(self.content)


@dataclass(frozen=True)
class Released:
    """A decided release: everything reports are made from, and the folder it is in."""

    folder: Path
    report: Release

    @property
    def verdict(self) -> Verdict:
        """The decision with its grounds."""
        return self.report.verdict

    @property
    def evidence(self) -> Evidence:
        """What it rests on."""
        return self.report.evidence


def read_signed(path: Path, setting: Setting, signature: Path | None = None) -> SignedEvidence:
    """Read evidence (its file, its folder, or ``-``) and check who signed it.

    The decision is written beside the evidence; evidence from standard input goes to the project's release folder.

    Raises:
        InputError: when evidence or signature is missing.
        VerificationError: when the evidence was edited after it was signed, or the signer is not known here.
    """
    if path.is_dir():
        path /= EVIDENCE
    content = sys.stdin.buffer.read() if str(path) == "-" else read_file(path, "evidence")
    evidence = parse_record(content, Evidence, name=path.name)
    signature = signature or path.parent / EVIDENCE_SIGNATURE
    if not signature.is_file():
        raise InputError(
            f"expected the signature of the evidence at {signature}, found none: evidence that nobody signed decides "
            "nothing. Measure with: assay assess (or assay run)"
        )
    envelope = dsse.parse(read_file(signature, "the evidence's signature"), name=signature.name)
    signed = dsse.verify(envelope, setting.trust.keys() | setting.keyring.public_keys())
    expected = subject_digest(signed.payload, EVIDENCE)
    if expected != sha256_hex(content):
        raise VerificationError(
            f"{path} is not what was signed: expected SHA-256 {expected[:16]}..., found {sha256_hex(content)[:16]}.... "
            "It was changed after it was measured; measure again with: assay assess"
        )
    if str(path) != "-":
        return SignedEvidence(evidence, content, path.resolve().parent)
    if setting.project is None:
        raise InputError("expected a project (assay.yaml) to decide in, found none: evidence came by standard input")
    return SignedEvidence(evidence, content, setting.project.release(evidence.model.version))


def gate(signed: SignedEvidence, setting: Setting, log: Log) -> Released:
    """Decide on signed evidence, attest the verdict, record evidence and verdict in the log, and write them.

    Raises:
        InputError: when the model is missing; nothing is written then.
        VerificationError: when the tally or the model is not what was measured.
        StorageError: when the disk is full; what was there before is unchanged.
    """
    evidence, folder = signed.evidence, signed.folder
    tally = _read_tally(signed)
    verdict = decide(
        setting.policy,
        evidence,
        evidence_sha256=signed.sha256,
        consents=read_consents(folder, setting.trust),
        trust_sha256=setting.trust_sha256,
        at=now(),
        by=whoami(setting.keyring, setting.key),
        author_keys=_author_keys(setting.trust, evidence),
        files_now=_files_now(setting.project, evidence),
    )
    before = _verdict_before(folder / VERDICT)
    _record(signed, verdict, setting, log)
    report = Release(evidence=evidence, verdict=verdict, tally=tally, card=read_card_of(setting.project, evidence))
    if (folder / REPORT).exists() and not _same_substance(before, verdict):
        write_documents(folder, report)  # a report that tells another decision than the verdict would be untrue
    return Released(folder=folder, report=report)


def run(project: Project, setting: Setting, log: Log, *, watched: bool = False) -> Released:
    """Assess, decide, attest, record and report: the one line for CI.

    Raises:
        InputError: when anything named is missing or wrong; nothing is written then.
        VerificationError: when something changed while it ran.
        StorageError: when the disk is full; what was there before is unchanged.
    """
    from assay.lifecycle.assessment import measure_release  # noqa: PLC0415 - the engine, only when rows are read

    found = measure_release(project, setting.policy, setting.keyring, key=setting.key, watched=watched)
    signed = SignedEvidence(found.evidence, found.contents[EVIDENCE], found.folder.resolve(), found.contents)
    released = gate(signed, setting, log)
    write_documents(released.folder, released.report)
    return released


def _read_tally(signed: SignedEvidence) -> Tally | None:
    path = signed.folder / TALLY
    content = signed.unwritten.get(TALLY)
    if content is None:
        if not path.is_file():
            return None
        content = read_file(path, "a tally")
    if sha256_hex(content) != signed.evidence.tally_sha256:
        raise VerificationError(
            f"{path} is not the tally that the evidence was measured from. Measure again: assay run"
        )
    return parse_tally(content, name=path.name)


def _files_now(project: Project | None, evidence: Evidence) -> tuple[FileDigest, ...] | None:
    """Hash the project's model again and hold it against the evidence; none when the project is about another."""
    if project is None or project.config.model.name != evidence.model.name:
        return None
    if project.config.model.version != evidence.model.version:
        return None
    return compare_model(project.model, evidence.model.sha256, evidence.model.files)


def _author_keys(trust: Trust, evidence: Evidence) -> set[str]:
    """Return the keys that the author, or who measured, signs with; none of them can consent."""
    return {person.key.key_id for person in trust.people if person.name == evidence.model.author} | {
        evidence.measured_by.key
    }


def _verdict_before(path: Path) -> Verdict | None:
    return parse_record(read_file(path, "a verdict"), Verdict, name=path.name) if path.is_file() else None


def _same_substance(before: Verdict | None, verdict: Verdict) -> bool:
    """Say whether two verdicts differ in nothing but when and by whom they were reached."""
    if before is None:
        return False
    return msgspec.structs.replace(before, decided_at=verdict.decided_at, decided_by=verdict.decided_by) == verdict


def _record(signed: SignedEvidence, verdict: Verdict, setting: Setting, log: Log) -> None:
    """Sign evidence and verdict, append both to the log, and write verdict, bundle and receipt together."""
    signer = setting.keyring.signer(setting.key)
    content = canonical_json(verdict)
    envelopes = [
        dsse.sign(evidence_statement(signed.evidence, verdict, evidence_sha256=signed.sha256), [signer]),
        dsse.sign(verdict_statement(verdict, verdict_sha256=sha256_hex(content), verifier=VERIFIER), [signer]),
    ]
    bundle = make_bundle(envelopes, [signer.public])
    with staging(signed.folder) as stage:
        # A full disk is met here, before the log says anything.
        (stage / "room").write_bytes(b"\0" * (ROOM_BYTES + sum(map(len, signed.unwritten.values()))))
        (stage / "room").unlink()
        if setting.project is not None:
            keep_document(setting.project.state, content)  # the next verdict replaces this one; the trail tells of both
        inclusions = log.append(bundle.attestations)
        publish(
            stage,
            signed.folder,
            {
                **signed.unwritten,
                VERDICT: content,
                BUNDLE: bundle.content(),
                RECEIPT: receipt_content(inclusions),
            },
        )
