"""Card, report and explanation are bound to their release: the log holds the digest of each; verifying compares it.

``documents.json`` has the form of ``bundle.json``: a signed ``report.issued`` event a document, which names the verdict
that the document tells of. ``documents-receipt.json`` has the form of ``receipt.json``: where each stands in the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay import __version__
from assay.attest import dsse
from assay.attest.bundle import Bundle, Inclusion, make_bundle, parse_bundle, parse_receipt
from assay.attest.statement import parse_statement
from assay.errors import AssayError, VerificationError
from assay.lifecycle.project import read_file
from assay.records.canonical import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from assay.attest.keys import PublicKey, Signer
    from assay.trail.erasures import Erasures

CARD, REPORT, DATASHEET, EXPLANATION = "model-card.md", "report.html", "datasheet.md", "explanation.json"
ISSUED, ISSUED_RECEIPT = "documents.json", "documents-receipt.json"
NAMES = (CARD, REPORT, DATASHEET, EXPLANATION)
DOCUMENTS = (*NAMES, ISSUED, ISSUED_RECEIPT)
_TYPE = "report.issued"


def issue(documents: Mapping[str, bytes], signer: Signer, *, verdict_sha256: str, at: str) -> Bundle | None:
    """Return the signed events that documents were written; None when there are none.

    Args:
        documents: name to content.
        signer: who wrote them.
        verdict_sha256: digest of the verdict that they tell of.
        at: when.
    """
    if not documents:
        return None
    from assay.trail.events import event_statement, make_event  # noqa: PLC0415 - only where there are documents

    envelopes = []
    for name, content in sorted(documents.items()):
        fields = {
            "report": name,
            "report_sha256": sha256_hex(content),
            "verdict_sha256": verdict_sha256,
            "template": f"assay-{__version__}",
        }
        envelopes.append(dsse.sign(event_statement(make_event(_TYPE, fields, claimed_at=at)), [signer]))
    return make_bundle(envelopes, [])


def kept_documents(folder: Path, keys: Collection[PublicKey]) -> dict[str, bytes] | None:
    """Return the documents of a release folder if all of them are those that were issued; None when one is not."""
    try:
        bundle = parse_bundle(read_file(folder / ISSUED, "the documents' attestations"), name=ISSUED)
        told = [_fields(dsse.verify(envelope, keys).payload) for envelope in bundle.envelopes()]
    except AssayError:
        return None  # they are written anew: what nobody can prove is not kept
    found = {str(one["report"]): str(one["report_sha256"]) for one in told}
    contents = {name: (folder / name).read_bytes() for name in found if name in NAMES and (folder / name).is_file()}
    same = {name: sha256_hex(content) for name, content in contents.items()} == found
    return contents if same else None


def _fields(payload: bytes) -> dict[str, Any]:
    fields = parse_statement(payload, name=ISSUED).predicate.get("fields")
    if not isinstance(fields, dict) or not {"report", "report_sha256", "verdict_sha256"} <= fields.keys():
        raise VerificationError(f"{ISSUED}: expected events that documents were issued, found another statement")
    return fields


def check_documents(
    folder: Path,
    verdict_sha256: str | None,
    erasures: Erasures,
    *,
    signers: Callable[[dsse.Envelope], str],
    included: Callable[[bytes, Inclusion, str], object],
) -> tuple[list[str], list[str], list[str]]:
    """Say whether model card and report are those that were logged with their verdict.

    Args:
        folder: the release folder.
        verdict_sha256: digest of the verdict's bytes as they were signed; None when it is not there.
        erasures: what was erased since, verified by the caller.
        signers: verifies an envelope and returns who signed it, in words.
        included: verifies that an entry stands in the log; it is told how to call the place.

    Returns:
        What is wrong, what was proven, and what was not checked; a sentence each.
    """
    there = [name for name in NAMES if (folder / name).is_file()]
    records = [name for name in (ISSUED, ISSUED_RECEIPT) if (folder / name).is_file()]
    if not records:
        return (
            [f"{name}: nothing here proves that it is what was written: {ISSUED} is missing" for name in there],
            [],
            [],
        )
    try:
        told = list(_told(folder, signers, included))
    except AssayError as error:
        return error.diagnostics().split("\n"), [], []
    problems, proven, not_checked = [], [], []
    for name, fields, words in told:
        if fields["verdict_sha256"] != verdict_sha256:
            problems.append(f"{ISSUED}: {name} was written about another verdict than lies here")
        elif name not in there:
            not_checked.append(f"{name}: it was written and logged, and is not here; make it anew with: assay report")
        elif (digest := sha256_hex((folder / name).read_bytes())) == fields["report_sha256"]:
            proven.append(f"{name} is, byte for byte, what was written about the verdict: {words}.")
        elif (before := erasures.before(digest)) is not None and before[0] == fields["report_sha256"]:
            proven.append(f"{name} {erasures.left_of(fields['report_sha256'])}.")
            not_checked.append(f"{name}: that nothing else was changed in it rests on who erased")
        else:
            problems.append(f"{name}: was changed after it was written: it is not what was logged")
    known = {name for name, _, _ in told}
    problems += [f"{name}: {ISSUED} does not name it" for name in there if name not in known]
    return problems, proven, not_checked


def _told(
    folder: Path, signers: Callable[[dsse.Envelope], str], included: Callable[[bytes, Inclusion, str], object]
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield name, fields and where it stands of each document that was issued."""
    bundle = parse_bundle(read_file(folder / ISSUED, "the documents' attestations"), name=ISSUED)
    receipt = parse_receipt(read_file(folder / ISSUED_RECEIPT, "the documents' receipt"), name=ISSUED_RECEIPT)
    if len(bundle.attestations) != len(receipt) or bundle.public_keys:
        raise VerificationError(
            f"{ISSUED_RECEIPT}: expected {len(bundle.attestations)} inclusions, found {len(receipt)}, and no public "
            f"key in {ISSUED}, found {len(bundle.public_keys)}"
        )
    for position, (entry, envelope, where) in enumerate(
        zip(bundle.attestations, bundle.envelopes(), receipt, strict=True)
    ):
        by = signers(envelope)
        fields = _fields(dsse.decode_base64(envelope.payload, ISSUED))
        included(entry, where, f"{ISSUED_RECEIPT}: inclusion {position}")
        yield str(fields["report"]), fields, f"signed by {by}, and entry {where.index} of the log"
