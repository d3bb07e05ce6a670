"""What people sign: approvals, waivers and revocations; and who the people are."""

from __future__ import annotations

from typing import Literal

from assay.records.tally import Frozen


class Bound(Frozen, kw_only=True):
    """The digests an approval or waiver is bound to; when one changes, the consent is void."""

    model_sha256: str
    datasets: dict[str, str]
    policy_sha256: str
    evidence_sha256: str


class Approval(Frozen, kw_only=True):
    """A signed consent to what was tested.

    Attributes:
        role: the role in which the person consents.
        by: identity, as the trust file names it.
        bound: what exactly was consented to.
        comment: free words of the approver; kept beside the trail, never in it.
        at: RFC 3339 time in UTC.
        salt: random, so that nobody can guess the statement behind its digest; empty in consents of earlier versions.
    """

    schema: Literal["assay.approval/v1"] = "assay.approval/v1"
    role: str
    by: str
    bound: Bound
    comment: str = ""
    at: str
    salt: str = ""


class Waiver(Frozen, kw_only=True):
    """A signed, scoped, expiring acceptance of one finding; the finding stays what it is.

    Attributes:
        model: name of the model.
        version: version of the model.
        control: id of the control whose findings are accepted, or ``control/finding`` for one of them.
        role: the role in which the person accepts.
        by: identity, as the trust file names it.
        reason: why the risk is acceptable.
        compensating: what limits the harm meanwhile.
        expires: RFC 3339 date (UTC, end of that day).
        bound: what exactly it is about.
        at: RFC 3339 time in UTC.
        salt: as in `Approval`.
    """

    schema: Literal["assay.waiver/v1"] = "assay.waiver/v1"
    model: str
    version: str
    control: str
    role: str
    by: str
    reason: str
    compensating: str
    expires: str
    bound: Bound
    at: str
    salt: str = ""


class Revocation(Frozen, kw_only=True):
    """A signed withdrawal of an approval or waiver, by its signer or by a role that the trust file names."""

    schema: Literal["assay.revocation/v1"] = "assay.revocation/v1"
    revokes: str
    by: str
    reason: str
    at: str
    salt: str = ""


class SignedConsent(Frozen, kw_only=True):
    """An approval, waiver or revocation after its signature was looked at; what ``policy.decide`` is given.

    Attributes:
        id: first 16 hexadecimal digits of the SHA-256 of the signed statement's bytes.
        signer: identity that the trust file gives the verified key; None when the key is unknown or the signature
            is wrong.
        roles: roles that the trust file gives that identity.
        problem: why the signature does not count; None when it does.
        key: hexadecimal SHA-256 of the signer's SubjectPublicKeyInfo, as in `Actor`; None when it is not known.
        act: what was signed.
    """

    id: str
    signer: str | None
    roles: tuple[str, ...] = ()
    problem: str | None = None
    key: str | None = None
    act: Approval | Waiver | Revocation
