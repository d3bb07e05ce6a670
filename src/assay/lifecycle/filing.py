"""Filing a document that was signed outside: kept beside the log by its digest, attesting the controls it is for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from assay.errors import InputError, suggest
from assay.lifecycle.attesting import Attest, attested_event, find_control, require_attestable
from assay.packs.dates import applicability, is_day
from assay.records.canonical import sha256_hex
from assay.trail.events import make_event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.attest.trust import Trust
    from assay.lifecycle.regulation_section import StandingSection
    from assay.packs.form import Pack, PackControl
    from assay.packs.shelf import Shelf
    from assay.trail.events import Event
    from assay.trail.view import View

_ID_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Filing:
    """What is filed.

    Attributes:
        content: the document's bytes, as they came back.
        name: what the file is called.
        target: a kind of document that packs name (``annex-v``), or a control (``framework:control``).
        role: in which role the person stands by it.
        until: the last day on which what it attests counts.
        signed_on: the day on which it was signed.
        words: why, in the person's words.
    """

    content: bytes
    name: str
    target: str
    role: str
    until: str
    signed_on: str
    words: str

    @property
    def document(self) -> str:
        """What it is: its kind, or the file's name where it is for one control."""
        return self.name if ":" in self.target else self.target


def controls_for(
    filing: Filing, shelf: Shelf, regulation: Mapping[str, StandingSection], day: str
) -> list[tuple[Pack, PackControl]]:
    """Return the controls that a document is for: the one named, or those whose pack names its kind and concern us.

    Raises:
        InputError: for a kind that no pack names; near ones are suggested.
    """
    if ":" in filing.target:
        return [find_control(filing.target, shelf, day)]
    packs = [one for one in shelf.all_in_force(day) if not regulation or one.framework in regulation]
    known = {kind for one in packs for control in one.controls for kind in control.documents}
    if filing.target not in known:
        raise InputError(
            f"expected a control (framework:control) or a document that the packs name ({', '.join(sorted(known))}), "
            f"found {filing.target!r}{suggest(filing.target, known)}"
        )
    found = [(one, control) for one in packs for control in one.controls if filing.target in control.documents]
    return [
        (one, control)
        for one, control in found
        if one.framework not in regulation
        or applicability(one, control, regulation[one.framework].standing, day).applies != "never"
    ]


def require_fileable(
    filing: Filing, controls: Sequence[tuple[Pack, PackControl]], regulation: Mapping[str, StandingSection], *,
    person: str, trust: Trust, day: str,
) -> None:  # fmt: skip
    """Refuse what would count for nothing, before anything is signed.

    Raises:
        InputError: for an empty file, a day of signing that is none or to come, no control that it is for, or an
            attestation that would not count.
    """
    if not filing.content:
        raise InputError(f"--document {filing.name}: expected the signed document, found an empty file")
    if not is_day(filing.signed_on) or filing.signed_on > day:
        raise InputError(f"--signed-on: expected a day up to {day}, YYYY-MM-DD, found {filing.signed_on!r}")
    if not controls:
        raise InputError(f"{filing.target}: no control that concerns this system names it: it would attest nothing")
    for pack, control in controls:
        act = _act(filing, pack, control)
        require_attestable(act, pack.framework, regulation.get(pack.framework), person=person, trust=trust, day=day)


def filing_events(
    filing: Filing, controls: Sequence[tuple[Pack, PackControl]], *, model: tuple[str, str, str], code: str,
    draft: str | None, at: str,
) -> list[Event]:  # fmt: skip
    """Return the event of the filing, and one for each control that it attests.

    Args:
        filing: what is filed.
        controls: what it is for.
        model: name, version and digest of the version that it is about.
        code: pseudonym of who files it.
        draft: digest of the draft that was issued last; None where none was.
        at: now, RFC 3339 in UTC.
    """
    name, version, model_sha256 = model
    digest = sha256_hex(filing.content)
    fields = {
        "document": filing.document, "document_sha256": digest, "draft_sha256": draft, "model": name,
        "version": version, "model_sha256": model_sha256, "signed_on": filing.signed_on, "by": code,
        "role": filing.role, "statement_sha256": sha256_hex(filing.words.encode()),
    }  # fmt: skip
    filed = make_event("document.filed", fields, claimed_at=at, identity=f"doc_{secrets.token_hex(_ID_BYTES)}")
    found = [filed]
    for pack, control in controls:
        event = attested_event(_act(filing, pack, control), pack, control, model=model, code=code, at=at)
        said = msgspec.structs.replace(event.fields, document_sha256=digest)
        found.append(msgspec.structs.replace(event, fields=said))
    return found


def last_draft(view: View, document: str, verdicts: Sequence[str]) -> str | None:
    """Return the digest of the draft that was issued last about one of some verdicts; None where none was."""
    drafts = [
        fact.said.report_sha256
        for fact in view.facts("report.issued")
        if fact.said.report.partition(".")[0] == document and fact.said.verdict_sha256 in verdicts
    ]
    return drafts[-1] if drafts else None


def _act(filing: Filing, pack: Pack, control: PackControl) -> Attest:
    return Attest(
        control=f"{pack.framework}:{control.id}", role=filing.role, until=filing.until, says="met", words=filing.words
    )
