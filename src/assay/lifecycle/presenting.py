"""Evidence as it is handed in at a gate: its signature is looked at, and what belongs to it is read beside it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.attest import dsse
from assay.attest.consent import consent_id
from assay.attest.statement import EVIDENCE, TALLY, subject_digest
from assay.errors import InputError, VerificationError
from assay.lifecycle.consenting import CONSENTS, consent_files, read_consents
from assay.lifecycle.project import read_file
from assay.lifecycle.setting import EVIDENCE_SIGNATURE
from assay.records.canonical import parse_record, sha256_hex
from assay.records.evidence import Evidence
from assay.records.tally_document import parse_tally

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assay.lifecycle.setting import Rules
    from assay.records.consent import SignedConsent
    from assay.records.tally import Tally

STDIN = "-"
_ENVELOPE = b'{"payload":"'
"""How a signature begins in the form that Assay writes; it may follow the evidence on standard input."""


@dataclass(frozen=True, kw_only=True)
class Papers:
    """Where what belongs to evidence is; what is not said lies beside it, or is not there.

    Attributes:
        signature: the signature of who measured.
        tally: the counts behind the evidence.
        consents: approvals, waivers and revocations: files, or folders of them.
    """

    signature: Path | None = None
    tally: Path | None = None
    consents: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SignedEvidence:
    """Evidence whose signature was looked at, and what belongs to it.

    Attributes:
        evidence: the record.
        content: its bytes.
        signature: the envelope's bytes.
        tally: the bytes of the counts behind it; None when they are not at hand.
        consents: what people signed about it, as bytes by the name in a release folder.
        folder: where it lies; None when it came by standard input.
        fresh: whether it was just measured and is not written yet.
    """

    evidence: Evidence
    content: bytes
    signature: bytes
    tally: bytes | None = None
    consents: Mapping[str, bytes] = field(default_factory=dict)
    folder: Path | None = None
    fresh: bool = False

    @property
    def sha256(self) -> str:
        """The digest that verdict and consents are bound to."""
        return sha256_hex(self.content)

    def read_tally(self) -> Tally | None:
        """Return the counts behind it; None when they are not at hand.

        Raises:
            VerificationError: when they are not those that the evidence was measured from.
        """
        if self.tally is None:
            return None
        if sha256_hex(self.tally) != self.evidence.tally_sha256:
            where = TALLY if self.folder is None else self.folder / TALLY
            raise VerificationError(
                f"{where} is not the tally that the evidence was measured from. Measure again: assay run"
            )
        return parse_tally(self.tally, name=TALLY)

    def read_consents(self, rules: Rules) -> tuple[SignedConsent, ...]:
        """Return what people signed about it; a signature that does not count is told, not left out."""
        return read_consents(self.consents, rules.trust)

    def files_for(self, folder: Path) -> dict[str, bytes]:
        """Return the files that a release folder needs of it: all of them, unless it lies there."""
        if self.folder is not None and self.folder == folder.resolve() and not self.fresh:
            return {}
        tally = {} if self.tally is None else {TALLY: self.tally}
        kept = {} if self.fresh else self.consents  # those of a fresh one are read from the release folder itself
        return {**tally, EVIDENCE: self.content, EVIDENCE_SIGNATURE: self.signature, **kept}


def read_signed(path: Path, rules: Rules, papers: Papers | None = None) -> SignedEvidence:
    """Read evidence (its file, its folder, or ``-``) and check who signed it.

    On standard input the signature may follow the evidence: ``cat evidence.json evidence.dsse.json | assay gate -``.

    Raises:
        InputError: when evidence or signature is missing.
        VerificationError: when the evidence was edited after it was signed, or the signer is not known here.
    """
    papers = papers or Papers()
    if path.is_dir():
        path /= EVIDENCE
    piped = str(path) == STDIN
    content, follows = _split(sys.stdin.buffer.read()) if piped else (read_file(path, "evidence"), b"")
    evidence = parse_record(content, Evidence, name=path.name)
    folder = None if piped else path.resolve().parent
    signature = _signature(papers.signature, folder, follows)
    envelope = dsse.parse(signature, name=EVIDENCE_SIGNATURE)
    signed = dsse.verify(envelope, rules.evidence_keys())
    expected = subject_digest(signed.payload, EVIDENCE)
    if expected != sha256_hex(content):
        raise VerificationError(
            f"{path} is not what was signed: expected SHA-256 {expected[:16]}..., found {sha256_hex(content)[:16]}.... "
            "It was changed after it was measured; measure again with: assay assess"
        )
    beside = () if folder is None else (folder / CONSENTS,)
    return SignedEvidence(
        evidence=evidence,
        content=content,
        signature=signature,
        tally=_tally(papers.tally, folder),
        consents={**consent_files(beside), **_by_id(consent_files(papers.consents))},
        folder=folder,
    )


def _by_id(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return consents under the names that their ids give them in a release folder, whatever they are called here."""
    found: dict[str, bytes] = {}
    for path, content in files.items():
        if path.endswith(".json"):
            payload = dsse.decode_base64(dsse.parse(content, name=path).payload, path)
            words = files.get(path.removesuffix(".json") + ".txt")
            named = f"{CONSENTS}/{consent_id(payload)}"
            found |= {f"{named}.json": content} | ({} if words is None else {f"{named}.txt": words})
    return found


def _split(content: bytes) -> tuple[bytes, bytes]:
    """Return what came by standard input as evidence and the signature that follows it, if one does."""
    at = content.rfind(_ENVELOPE)
    return (content[:at], content[at:]) if at > 0 and content[:at].rstrip().endswith(b"}") else (content, b"")


def _signature(given: Path | None, folder: Path | None, follows: bytes) -> bytes:
    if given is None and follows:
        return follows
    if given is None and folder is None:
        raise InputError(
            "expected the signature of the evidence, found none: evidence that nobody signed decides nothing. Send it "
            f"along (cat evidence.json {EVIDENCE_SIGNATURE} | assay gate -), or name it with --signature FILE"
        )
    path = given or (folder / EVIDENCE_SIGNATURE if folder is not None else None)
    if path is None or not path.is_file():
        raise InputError(
            f"expected the signature of the evidence at {path}, found none: evidence that nobody signed decides "
            f"nothing. Bring {EVIDENCE_SIGNATURE} along, or measure with: assay assess (or assay run)"
        )
    return read_file(path, "the evidence's signature")


def _tally(given: Path | None, folder: Path | None) -> bytes | None:
    if given is not None:
        return read_file(given, "a tally")
    path = None if folder is None else folder / TALLY
    return read_file(path, "a tally") if path is not None and path.is_file() else None
