"""Documents that were issued about releases, or came back signed: each is what an entry of the log names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .claim import open_claim
from .strict import Refused, field, sha256_hex

if TYPE_CHECKING:
    from .findings import Findings
    from .logged import LogChecker
    from .trust import Trust

FOLDER, ENDING = "documents/", ".dsse.json"
KINDS = {
    "https://assay/event/report.issued/v1": ("report", "report_sha256", "issued"),
    "https://assay/event/document.filed/v1": ("document", "document_sha256", "filed"),
}
"""Type of event to the fields that name a document and its digest, and what was done with it."""


def check_documents(members: dict[str, bytes], trust: Trust, log: LogChecker, findings: Findings) -> None:
    """Check every document beside the releases of a bundle; an event without its document is a problem, too."""
    for name in sorted({one.partition(ENDING)[0] for one in members if one.startswith(FOLDER)}):
        stem = name.removesuffix(".stamped.tlog-proof").removesuffix(".tlog-proof")
        words = findings.attempt(_document, name, members, trust, log) if stem == name or stem not in members else None
        findings.proven += [words] if words else []


def _document(name: str, members: dict[str, bytes], trust: Trust, log: LogChecker) -> str:
    """Return what an event proves of a document, in words."""
    what = f"{name}{ENDING}"
    if what not in members or name not in members:
        raise Refused(f"{name}: expected the document and the signed event that names it, found one of them")
    claim = open_claim(members[what], trust.people, what)
    if claim.kind not in KINDS:
        raise Refused(f"{what}: expected an event that a document was issued or filed, found {claim.kind}")
    kind, digest, done = KINDS[claim.kind]
    said = field(claim.predicate, "fields", dict, what)
    if said.get(digest) != sha256_hex(members[name]):
        raise Refused(f"{name}: was changed after it was {done}: the log names another SHA-256")
    where = log.place(name, members[what], members)
    if where is None:
        raise Refused(f"{what}: expected a .tlog-proof of it that holds, found none")
    return f"{name} is what {claim.signers[0]} {done} as {said.get(kind)}; it is {where}."
