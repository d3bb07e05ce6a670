"""What people sign: statements of approval, waiver and revocation.

The subjects are the digests that a consent is bound to: the model, the datasets, the policy and the evidence; for a
revocation the statement that is revoked. The predicate is the act, as `assay.records.consent` defines it, save that an
approver's free words are replaced by their SHA-256, so that the statement may be logged while the words stay beside
the log::

    {"subject": [{"name": "model", "digest": {"sha256": "..."}}, {"name": "evidence.json", ...}],
     "predicateType": "https://assay/event/approval.granted/v1",
     "predicate": {"schema": "assay.approval/v1", "role": "risk-officer", "by": "...", "commentSha256": "...", ...}}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

from assay.attest.dsse import verify
from assay.attest.statement import make_statement, parse_statement
from assay.errors import AssayError, DocumentError, Problem, VerificationError
from assay.records.canonical import canonical_json, sha256_hex
from assay.records.consent import Approval, Bound, Revocation, SignedConsent, Waiver

if TYPE_CHECKING:
    from assay.attest.dsse import Envelope
    from assay.attest.statement import Statement
    from assay.attest.trust import Trust

Act: TypeAlias = Approval | Waiver | Revocation

APPROVED = "https://assay/event/approval.granted/v1"
WAIVED = "https://assay/event/waiver.granted/v1"
REVOKED = "https://assay/event/approval.revoked/v1"

ID_DIGITS = 16
"""Hexadecimal digits of a consent's id."""

_KINDS: dict[str, type[Act]] = {APPROVED: Approval, WAIVED: Waiver, REVOKED: Revocation}
_COMMENT, _COMMENT_DIGEST, _SALT = "comment", "commentSha256", "salt"


def consent_id(payload: bytes) -> str:
    """Return a consent's id: the first 16 hexadecimal digits of the SHA-256 of the signed statement's bytes."""
    return sha256_hex(payload)[:ID_DIGITS]


def consent_entry(envelope: Envelope) -> bytes:
    """Return what a log should hold of a consent: its digest, and nothing that names a person.

    The digest is over the whole envelope. Nobody can guess an envelope, whose signature only the signer can make, so
    the entry reveals neither who consented nor in which words; whoever holds the envelope can prove when it was logged.
    """
    content = envelope.content()
    return canonical_json({"schema": "assay.consent-digest/v1", "envelopeSha256": sha256_hex(content)})


def _bound_subjects(bound: Bound) -> dict[str, str]:
    return {
        "model": bound.model_sha256,
        **{f"dataset:{role}": digest for role, digest in sorted(bound.datasets.items())},
        "policy": bound.policy_sha256,
        "evidence.json": bound.evidence_sha256,
    }


def consent_statement(act: Act, *, revoked_sha256: str | None = None) -> bytes:
    """Return the statement that a person signs.

    Args:
        act: what the person does.
        revoked_sha256: for a revocation: SHA-256 of the revoked statement's bytes; ``act.revokes`` is its start.

    Raises:
        ValueError: for a revocation without the digest of what it revokes, or with another's.
    """
    kind = next(uri for uri, record in _KINDS.items() if isinstance(act, record))
    if isinstance(act, Revocation):
        if revoked_sha256 is None or not act.revokes or not revoked_sha256.startswith(act.revokes):
            raise ValueError(f"expected the SHA-256 of the statement {act.revokes} that is revoked")
        subjects = {f"consent:{act.revokes}": revoked_sha256}
    else:
        subjects = _bound_subjects(act.bound)
    predicate = msgspec.to_builtins(act)
    comment = predicate.pop(_COMMENT, "")
    if not act.salt:
        del predicate[_SALT]  # a consent without one is as it was before there were salts
    if comment:
        predicate[_COMMENT_DIGEST] = sha256_hex(comment.encode())
    return make_statement(subjects, kind, predicate)


def consent_says(statement: Statement) -> tuple[str, str]:
    """Return of which kind a consent is (``waiver.granted``) and the model that it names; empty where it says neither.

    Nothing is checked: this tells which consents are worth reading (`read_consent`).
    """
    kind = statement.predicate_type
    model = statement.predicate.get("model")
    return kind.split("/")[-2] if kind in _KINDS else "", model if isinstance(model, str) else ""


def parse_consent(payload: bytes, *, comment: str = "", name: str = "consent") -> Act:
    """Parse the payload of a consent.

    Args:
        payload: the statement.
        comment: the approver's words, where they are kept; they must be the ones that were signed.
        name: what the user calls the file.

    Raises:
        DocumentError: when it is not a consent.
        VerificationError: when the subjects are not those of the act, or the words are others.
    """
    statement = parse_statement(payload, name=name)
    kind = _KINDS.get(statement.predicate_type)
    if kind is None:
        message = f"expected one of {', '.join(_KINDS)}, found {statement.predicate_type!r}"
        raise DocumentError([Problem(name, 0, 0, "$.predicateType", message)])
    predicate = dict(statement.predicate)
    digest = predicate.pop(_COMMENT_DIGEST, None)
    if comment and digest != sha256_hex(comment.encode()):
        raise VerificationError(f"{name}: the comment is not the one that was signed")
    try:
        act: Act = msgspec.convert(predicate, kind)
    except msgspec.ValidationError as error:
        raise DocumentError([Problem(name, 0, 0, "$.predicate", str(error))]) from None
    _check_subjects(act, statement.digests(), name)
    if isinstance(act, Approval) and comment:
        return msgspec.structs.replace(act, comment=comment)
    return act


def _check_subjects(act: Act, found: dict[str, str], name: str) -> None:
    if isinstance(act, Revocation):
        digest = found.get(f"consent:{act.revokes}", "")
        right = len(found) == 1 and bool(act.revokes) and digest.startswith(act.revokes)
    else:
        right = found == _bound_subjects(act.bound)
    if not right:
        raise VerificationError(f"{name}: the statement's subjects are not the digests that the act is bound to")


def read_consent(envelope: Envelope, trust: Trust, *, comment: str = "", name: str = "consent") -> SignedConsent:
    """Read a signed consent for `policy.decide`; a signature that does not count is told, not raised.

    Args:
        envelope: the parsed envelope.
        trust: who people are.
        comment: the approver's words, where they are kept.
        name: what the user calls the file.

    Raises:
        DocumentError: when it is not a consent at all.
        VerificationError: when its parts contradict each other.
    """
    from assay.attest.dsse import decode_base64  # noqa: PLC0415 - beside its only use

    payload = decode_base64(envelope.payload, name)
    act = parse_consent(payload, comment=comment, name=name)
    try:
        verified = verify(envelope, trust.keys())
    except AssayError as error:
        return SignedConsent(id=consent_id(payload), signer=None, problem=str(error), act=act)
    identity = trust.identity_of(verified.keys[0].key_id)
    if identity is None or len(verified.keys) != 1:
        return SignedConsent(
            id=consent_id(payload), signer=None, problem="expected one signature, by one person", act=act
        )
    signer, roles = identity
    problem = None if signer == act.by else f"signed by {signer}, but says that it is by {act.by}"
    return SignedConsent(id=consent_id(payload), signer=signer, roles=roles, problem=problem, act=act)
