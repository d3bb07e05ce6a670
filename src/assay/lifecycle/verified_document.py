"""Verify a document by itself: whether it is, byte for byte, what the log records; altered; or recorded by nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import VerificationError
from assay.records.canonical import sha256_hex
from assay.trail.view import sentence

if TYPE_CHECKING:
    from assay.lifecycle.asking import Trail
    from assay.trail.view import Fact, View

SUFFIXES = (".html", ".htm", ".pdf", ".md", ".json")
_MARK = re.compile(rb"assay-document ([a-z0-9-]{1,64}) size=(none|\d{1,16}) verdict=([0-9a-f]{64}) from=([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class VerifiedDocument:
    """A document that the log records.

    Attributes:
        name: the file.
        report: what kind of report the log says it is.
        entry: index of the entry that records it.
        proven: what was proven and by whom, a sentence each.
        not_checked: what was not checked, and why, a sentence each.
    """

    name: str
    report: str
    entry: int
    proven: tuple[str, ...]
    not_checked: tuple[str, ...]

    @property
    def title(self) -> str:
        """What holds, in words."""
        return f"{self.name}, recorded as {self.report}"


def verify_document(content: bytes, name: str, trail: Trail) -> VerifiedDocument:
    """Find the entry of the log that records a document, and prove it.

    Args:
        content: the document's bytes.
        name: what the user calls it.
        trail: the project's trail.

    Raises:
        VerificationError: when it was altered, or is not recorded; the message says which.
    """
    view, digest = trail.view(), sha256_hex(content)
    issued = view.facts("report.issued")
    found = next((fact for fact in issued if fact.said.report_sha256 == digest), None)
    filed = next((fact for fact in view.facts("document.filed") if fact.said.document_sha256 == digest), None)
    if filed is not None:
        return _filed(filed, name, digest, trail)
    if found is None:
        raise VerificationError(_why_not(content, name, digest, issued, view))
    said = sentence("recorded", found)
    answer = view.answer("report", {"sha256": digest}, [said], rows=[{"entry": found.index}], missing=(), facts=[found])
    trail.proven(answer)
    signers = ", ".join(view.signers(found.read))
    told = [
        f"{name} is, byte for byte, what was recorded as {found.said.report} (SHA-256 {digest}).",
        (
            f"It is {view.place(found.index)} of {view.origin}, signed by {signers}, {view.when(found)}, by an "
            f"inclusion proof at size {view.size} under the checkpoint that the log's key has signed."
        ),
    ]
    told += _about(found, view)
    left = ["that what it says is right: verify the release that it tells of, and read what it names as missing"]
    return VerifiedDocument(name, str(found.said.report), found.index, tuple(told), tuple(left))


def _filed(found: Fact, name: str, digest: str, trail: Trail) -> VerifiedDocument:
    """Prove a document that was signed outside and came back."""
    view, said = trail.view(), found.said
    filed, row = sentence("filed", found), {"entry": found.index}
    answer = view.answer("report", {"sha256": digest}, [filed], rows=[row], missing=(), facts=[found])
    trail.proven(answer)
    who = view.person(said.by, found)
    told = [
        (
            f"{name} is, byte for byte, what {who} filed in the role {said.role} as {said.document} of {said.model} "
            f"{said.version}, signed on {said.signed_on} as they say (SHA-256 {digest})."
        ),
        (
            f"It is {view.place(found.index)} of {view.origin}, signed by {', '.join(view.signers(found.read))}, "
            f"{view.when(found)}, by an inclusion proof at size {view.size} under the checkpoint that the log's key "
            "has signed."
        ),
    ]
    if said.draft_sha256:
        told.append(f"The draft issued before it has the SHA-256 {said.draft_sha256}.")
    left = ("the signature within the file: who signed it by hand or by another tool, and when, rests on who filed it",)
    return VerifiedDocument(name, str(said.document), found.index, tuple(told), left)


def _about(found: Fact, view: View) -> list[str]:
    told = []
    if found.said.size is not None:
        told.append(f"It tells of the log's first {found.said.size} entries.")
    verdicts = [
        one
        for one in view.facts("gate.decision")
        if found.said.verdict_sha256 is not None and one.said.verdict_sha256 == found.said.verdict_sha256
    ]
    told += [
        f"It tells of the verdict {one.said.verdict_sha256[:16]}... ({one.said.decision} about {one.said.model} "
        f"{one.said.version or ''}), {view.place(one.index)}."
        for one in verdicts[:1]
    ]
    return told


def _why_not(content: bytes, name: str, digest: str, issued: list[Fact], view: View) -> str:
    """Return why a document does not verify: altered, never recorded, or not one of Assay's."""
    mark = _MARK.search(content)
    if mark is None:
        return (
            f"{name}: not recorded: no entry of the log {view.origin} names its SHA-256 {digest:.16}..., and it bears "
            "no mark of a document of Assay. If it is one, it was altered, or is of another project"
        )
    kind, size, verdict, _ = (group.decode() for group in mark.groups())
    suffix = Path(name).suffix.lower()
    form = f"{kind}{'.html' if suffix == '.htm' else suffix}"
    like = [
        fact
        for fact in issued
        if fact.said.report == form
        and str(fact.said.size if fact.said.size is not None else "none") == size
        and fact.said.verdict_sha256 == verdict
    ]
    if like:
        places = ", ".join(view.place(fact.index) for fact in like)
        return (
            f"{name}: altered: it says that it is {kind} of the log's first {size} entries, which {places} records; "
            f"but what was recorded has another SHA-256 than this file's {digest:.16}.... Make it anew with: "
            f"assay report {kind} --size {size}"
        )
    return (
        f"{name}: not recorded: it says that it is {kind} of the log's first {size} entries about the verdict "
        f"{verdict:.16}..., and no entry of the log {view.origin} records such a file. Write it with: "
        f"assay report {kind} -o FILE"
    )
