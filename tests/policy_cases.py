"""Policies, evidence and consents for the tests of the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from assay.policy import Policy, decide
from assay.policy.cases import ShortEvidence, ShortMeasurement
from assay.policy.consents import subject_of
from assay.records.canonical import digest
from assay.records.consent import Approval, Bound, Revocation, SignedConsent, Waiver
from assay.records.document import load_yaml
from assay.records.evidence import Actor, Evidence

if TYPE_CHECKING:
    from assay.records.verdict import Verdict

AT = "2026-11-23T12:00:00Z"
BY = Actor(identity="gate", key="9" * 64)
PROVENANCE = "provenance: {set_by: us, when: 2026-11-23, source: MR-7, why: agreed}"
GAP = (
    "{id: gap, title: Rates are similar, check: group-gap, metric: demographic_parity_difference, "
    f"attributes: [race], limit: {{max: 0.1}}, {PROVENANCE}}}"
)
WAIVERS = "waivers: {permitted_by: [risk-owner], longest_days: 90, not_for: [sacred]}\n"
APPROVALS = "approvals: [{role: validator, quorum: 2}, {role: risk-owner}]\n"


def policy(*controls: str, more: str = "") -> Policy:
    listed = "".join(f"  - {control}\n" for control in controls or (GAP,))
    return load_yaml(f'name: p\nversion: "1"\n{more}controls:\n{listed}'.encode(), Policy, name="p.yaml")


def gap(value: float | None, low: float = 0.0, high: float = 0.0, **more: Any) -> ShortMeasurement:  # noqa: ANN401 - the record's own fields, which it checks
    return ShortMeasurement(
        metric="demographic_parity_difference", over="race", value=value,
        interval=None if value is None else (low, high), **more,
    )  # fmt: skip


PASSES, FAILS, OPEN = gap(0.05, 0.0, 0.09), gap(0.3, 0.2, 0.4), gap(0.08, 0.02, 0.2)


def evidence(*measurements: ShortMeasurement, **more: Any) -> Evidence:  # noqa: ANN401 - the record's own fields, which it checks
    return ShortEvidence(measurements=measurements or (PASSES,), **more).record()


def bound(under: Policy, about: Evidence) -> Bound:
    return subject_of(under, about, evidence_sha256=digest(about), author_keys=(), at=AT).bound


def signed(act: Approval | Waiver | Revocation, *roles: str, **more: Any) -> SignedConsent:  # noqa: ANN401 - the record's own fields, which it checks
    found = {"signer": act.by, "roles": roles or ((act.role,) if not isinstance(act, Revocation) else ())} | more
    return SignedConsent(id=found.pop("id", digest(act)[:16]), act=act, **found)


def approval(
    under: Policy,
    about: Evidence,
    by: str,
    role: str = "validator",
    at: str = AT,
    **more: Any,  # noqa: ANN401 - as above
) -> SignedConsent:
    return signed(Approval(role=role, by=by, bound=bound(under, about), at=at), **more)


def waiver(under: Policy, about: Evidence, **changed: Any) -> SignedConsent:  # noqa: ANN401 - the record's own fields, which it checks
    act = Waiver(
        model="case", version="2", control="gap", role="risk-owner", by="rita", reason="197 people cannot settle it",
        compensating="every refusal is read by a person", expires="2026-12-31", bound=bound(under, about), at=AT,
    )  # fmt: skip
    signing = {key: changed.pop(key) for key in ("signer", "roles", "problem", "key") if key in changed}
    return signed(msgspec.structs.replace(act, **changed), **signing)


def verdict(under: Policy, about: Evidence, *consents: SignedConsent, **more: Any) -> Verdict:  # noqa: ANN401 - the record's own fields, which it checks
    settings: dict[str, Any] = {"at": AT, "by": BY, "evidence_sha256": digest(about)} | more
    return decide(under, about, consents=consents, **settings)
