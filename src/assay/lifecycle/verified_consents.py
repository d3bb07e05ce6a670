"""Verify the consents that lie beside a release: who signed them, and which of them the verdict rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.attest import dsse
from assay.attest.consent import read_consent
from assay.errors import AssayError, VerificationError
from assay.records.consent import Approval, Waiver

if TYPE_CHECKING:
    from pathlib import Path

    from assay.attest.trust import Trust
    from assay.records.consent import SignedConsent
    from assay.records.verdict import Verdict
    from assay.trail.erasures import Erasures

CONSENTS = "consents"
_USED = ("counted", "obeyed")


def check_consents(
    folder: Path, verdict: Verdict, trust: Trust, erasures: Erasures | None = None
) -> tuple[list[str], list[str], list[str]]:
    """Check every consent in a release folder.

    Args:
        folder: the release folder; its consents are in ``consents/<id>.json``, an approver's words in ``<id>.txt``.
        verdict: the verdict, which names the consents that it was given.
        trust: who people are.
        erasures: what was erased, by whom; verified by the caller.

    Returns:
        What is wrong, what was proven, and what was not checked; a sentence each.
    """
    problems: list[str] = []
    proven: list[str] = []
    not_checked: list[str] = []
    uses = {use.id: use for use in verdict.consents}
    paths = sorted((folder / CONSENTS).glob("*.json"))
    for path in paths:
        name = f"{CONSENTS}/{path.name}"
        try:
            consent = _read(path, name, trust)
        except AssayError as error:
            problems += error.diagnostics().split("\n")
            continue
        use = uses.pop(consent.id, None)
        used = use is not None and use.status in _USED
        if consent.problem is not None and used and trust.people:
            problems.append(f"{name}: the verdict rests on it, and its signature does not count: {consent.problem}")
        elif consent.problem is not None:
            not_checked.append(f"{name}: {consent.problem}")
        else:
            became = f"the verdict {use.status} it" if use is not None else "the verdict does not know it"
            proven.append(f"{_words(consent)} (consent {consent.id}; {became}).")
    erased = {} if erasures is None else erasures.people
    not_checked += [
        f"the {use.kind} by {use.by}, which the verdict {use.status}: {erased[use.by].told}. Its digest is in the log"
        for use in uses.values()
        if use.status in _USED and use.by in erased
    ]
    problems += [
        f"{CONSENTS}/{use.id}.json: the verdict rests on this {use.kind} by {use.by or 'nobody known'}, "
        "and it is not here"
        for use in uses.values()
        if use.status in _USED and use.by not in erased
    ]
    return problems, proven, not_checked


def _read(path: Path, name: str, trust: Trust) -> SignedConsent:
    content, words = path.read_bytes(), path.with_suffix(".txt")
    envelope = dsse.parse(content, name=name)
    comment = words.read_text("utf-8", "replace") if words.is_file() else ""
    consent = read_consent(envelope, trust, comment=comment, name=name)
    if consent.id != path.stem or envelope.content() != content:
        raise VerificationError(f"{name}: is not the consent of that id in the form that Assay writes: it was edited")
    return consent


def _words(consent: SignedConsent) -> str:
    act = consent.act
    if isinstance(act, Approval):
        return f"{consent.signer} approved as {act.role} at {act.at}"
    if isinstance(act, Waiver):
        return f"{consent.signer} accepted the risk of {act.control} as {act.role} until {act.expires}"
    return f"{consent.signer} revoked {act.revokes} at {act.at}"
