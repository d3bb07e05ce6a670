"""Approvals, waivers and revocations: who signed them, and that they are about exactly what was decided."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .claim import open_claim
from .strict import Refused, field, objects, sha256_hex, texts

if TYPE_CHECKING:
    from .claim import Claim
    from .findings import Findings
    from .logged import LogChecker
    from .trust import Person, Trust

APPROVED = "https://assay/event/approval.granted/v1"
WAIVED = "https://assay/event/waiver.granted/v1"
REVOKED = "https://assay/event/approval.revoked/v1"

_FOLDER, _ENDING = "consents/", ".dsse.json"
_ID_DIGITS = 16
_USED = ("counted", "obeyed")


def consent_entry(envelope: bytes) -> bytes:
    """Return the log entry of a consent: its digest, and nothing that names a person (canonical JSON, RFC 8785)."""
    document = {"envelopeSha256": sha256_hex(envelope), "schema": "assay.consent-digest/v1"}
    return json.dumps(document, separators=(",", ":")).encode()


def check_consents(
    members: dict[str, bytes], verdict: dict[str, Any], trust: Trust, log: LogChecker, findings: Findings
) -> None:
    """Check every consent beside a release; one that the verdict rests on and that does not hold is a problem."""
    uses = {field(one, "id", str, "verdict.json"): one for one in objects(verdict, "consents", "verdict.json")}
    for name, content in members.items():
        if not name.startswith(_FOLDER) or not name.endswith(_ENDING):
            continue
        identity = name[len(_FOLDER) : -len(_ENDING)]
        use = uses.get(identity, {})
        used = use.get("status") in _USED
        try:
            claim = open_claim(content, trust.people, name)
            words = _consent(identity, claim, verdict if used else None)
            words += f" (consent {identity}; the verdict {use.get('status', 'does not know')} it)"
            findings.not_checked += _check_comment(name[: -len(_ENDING)], claim, members)
            where = log.place(name[: -len(_ENDING)], consent_entry(content), members)
            if where is not None:
                words += f"; its digest is {where}"
            else:
                findings.not_checked.append(f"{name}: no proof that it was logged, so nothing shows when it was given")
        except Refused as error:
            (findings.problems if used else findings.not_checked).append(str(error))
            continue
        findings.proven.append(f"{words}.")
        revoked = uses.get(str(claim.predicate.get("revokes")), {}) if claim.kind == REVOKED else {}
        if revoked.get("status") in _USED:
            findings.warnings.append(f"{words}: the verdict rests on what was revoked, and was not decided anew")
    for key, one in uses.items():
        if one.get("status") in _USED and f"{_FOLDER}{key}{_ENDING}" not in members:
            words, erased = f"the verdict rests on the {one.get('kind')} {key}", findings.erased.get(str(one.get("by")))
            told = f"{words} by {one.get('by')}, {erased or 'which is not in the bundle'}"
            (findings.not_checked if erased else findings.problems).append(told)


def _check_comment(stem: str, claim: Claim, members: dict[str, bytes]) -> list[str]:
    """Check the words that go with a consent; return what cannot be checked."""
    comment, digest = members.get(f"{stem}.txt"), claim.predicate.get("commentSha256")
    if comment is not None and sha256_hex(comment) != digest:
        raise Refused(f"{stem}.txt: is not the comment that was signed")
    return [] if digest is None or comment is not None else [f"{stem}.txt: the comment that was signed is not here"]


def _consent(identity: str, claim: Claim, verdict: dict[str, Any] | None) -> str:
    """Return a consent in words; it must be about what the verdict decided on, where one is given."""
    what, said = f"consent {identity}", claim.predicate
    if len(claim.signers) != 1 or sha256_hex(claim.payload)[:_ID_DIGITS] != identity:
        raise Refused(f"{what}: expected the statement of that id, signed by one person")
    (signer,) = claim.signers
    if said.get("by") != signer.name:
        raise Refused(f"{what}: says that it is by {said.get('by')!r}, and is signed by {signer.name!r}")
    if claim.kind == REVOKED:
        revokes = field(said, "revokes", str, what)
        if {name: digest[:_ID_DIGITS] for name, digest in claim.subjects.items()} != {f"consent:{revokes}": revokes}:
            raise Refused(f"{what}: is about another consent than the one that it revokes")
        return f"{signer} revoked {revokes} at {said.get('at')}"
    _check_role(what, claim, signer)
    if verdict is not None:
        _compare_bound(what, claim, verdict)
    if claim.kind == APPROVED:
        return f"{signer} approved as {said['role']} at {said.get('at')}"
    return f"{signer} accepted the risk of {said.get('control')} as {said['role']} until {said.get('expires')}"


def _check_role(what: str, claim: Claim, signer: Person) -> None:
    if claim.kind not in {APPROVED, WAIVED} or claim.predicate.get("role") not in signer.roles:
        raise Refused(f"{what}: expected an approval or waiver in a role that {signer} has")


def _compare_bound(what: str, claim: Claim, verdict: dict[str, Any]) -> None:
    datasets = texts(verdict, "datasets", "verdict.json")
    digests = {
        "model": verdict.get("model_sha256"),
        "policy": field(verdict, "policy", dict, "verdict.json").get("sha256"),
        "evidence": verdict.get("evidence_sha256"),
    }
    bound = {"datasets": datasets, **{f"{name}_sha256": digest for name, digest in digests.items()}}
    digests["evidence.json"] = digests.pop("evidence")
    subjects = {**{f"dataset:{role}": digest for role, digest in datasets.items()}, **digests}
    if claim.subjects != subjects or claim.predicate.get("bound") != bound:
        raise Refused(f"{what}: is about another model, data, policy or evidence than was decided on")
