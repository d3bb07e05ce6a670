"""Documents of a decided release written anew: the decision stays, what has happened since is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assay.attest.bundle import receipt_content
from assay.attest.statement import EVIDENCE, VERDICT
from assay.errors import InputError, VerificationError
from assay.lifecycle.documents import read_release, render_documents
from assay.lifecycle.issuing import CARD, ISSUED, ISSUED_RECEIPT, issue
from assay.lifecycle.setting import now
from assay.lifecycle.storing import publish, staging
from assay.records.canonical import sha256_hex

if TYPE_CHECKING:
    from pathlib import Path

    from assay.lifecycle.project import Project
    from assay.lifecycle.setting import Log, Setting


def renew_documents(folder: Path, project: Project, setting: Setting, log: Log) -> tuple[Path, ...]:
    """Write card, report and explanation of a decided release anew, and record the digest of each.

    What people wrote about the model may have changed since the evidence was measured: then the card that was issued
    stays, for a new one would say less.

    Args:
        folder: the release's.
        project: whose it is.
        setting: whose key signs, and what the trail tells.
        log: where they are recorded.

    Returns:
        The files written.

    Raises:
        InputError: when nothing was decided there.
        VerificationError: when the records are not of one release.
        StorageError: when the disk refuses; what was there before is unchanged.
    """
    if not (folder / VERDICT).is_file():
        raise InputError(f"expected a decided release at {folder}, found none. Decide with: assay run (or assay gate)")
    release = read_release(folder, project)
    if release.evidence.stage == "release" and setting.since is not None:
        release = replace(release, since=setting.since(release.verdict.model, release.verdict.version))
    documents = render_documents(release)
    if release.card is None and (folder / CARD).is_file():
        documents[CARD] = (folder / CARD).read_bytes()
    content = (folder / VERDICT).read_bytes()
    if sha256_hex((folder / EVIDENCE).read_bytes()) != release.verdict.evidence_sha256:
        raise VerificationError(f"{folder / EVIDENCE} changed while its documents were written; run it again")
    issued = issue(documents, setting.keyring.signer(setting.key), verdict_sha256=sha256_hex(content), at=now())
    if issued is None:
        raise InputError(f"expected documents of the release at {folder}, found none to write")
    with staging(folder) as stage:
        with setting.keyring.kept():
            inclusions = log.append(issued.attestations)
        written = {**documents, ISSUED: issued.content(), ISSUED_RECEIPT: receipt_content(inclusions)}
        publish(stage, folder, written)
    return tuple(folder / name for name in documents)
