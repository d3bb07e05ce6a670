"""Events about decisions: the gate's, and what people consent to, refuse, accept, override and take back."""

from __future__ import annotations

from typing import Literal

from assay.trail.fields import Day, Fields, Label, Name, Person, Sha256


class ApprovalGranted(Fields, kw_only=True):
    """Somebody consented to exactly what was tested; void when one of the digests changes.

    Attributes:
        model: the model's name; a signed consent names only its digest.
        version: its version.
        model_sha256: root digest of the model's files.
        policy_sha256: digest of the policy.
        evidence_sha256: digest of the evidence.
        by: who consented.
        role: in which role.
        comment_sha256: digest of their words.
        consent: the consent's id, which a revocation names.
    """

    model: Name | None = None
    version: Name | None = None
    model_sha256: Sha256
    policy_sha256: Sha256 | None = None
    evidence_sha256: Sha256 | None = None
    by: Person
    role: Label
    comment_sha256: Sha256 | None = None
    consent: Name


class ApprovalDenied(Fields, kw_only=True):
    """Somebody refused to consent.

    Attributes:
        model: the model's name.
        version: its version.
        model_sha256: root digest of the model's files.
        by: who refused.
        role: in which role.
        comment_sha256: digest of their words.
    """

    model: Name
    version: Name
    model_sha256: Sha256
    by: Person
    role: Label
    comment_sha256: Sha256 | None = None


class ApprovalRevoked(Fields, kw_only=True):
    """A consent, an approval or a waiver, was taken back.

    Attributes:
        consent: id of the consent.
        by: who took it back.
        second: who confirmed it, where two must.
        reason_sha256: digest of the reason.
    """

    consent: Name
    by: Person
    second: Person | None = None
    reason_sha256: Sha256 | None = None


class WaiverGranted(Fields, kw_only=True):
    """Somebody accepted the risk of a finding until a day; the finding stays what it is.

    Attributes:
        model: the model's name.
        version: its version.
        model_sha256: root digest of the model's files.
        policy_sha256: digest of the policy.
        evidence_sha256: digest of the evidence.
        control: the control, or ``control/finding``.
        expires: the last day on which it holds.
        by: who accepted.
        role: in which role.
        reason_sha256: digest of the reason.
        compensating_sha256: digest of the compensating control.
        consent: the consent's id, which a revocation names.
    """

    model: Name
    version: Name
    model_sha256: Sha256
    policy_sha256: Sha256 | None = None
    evidence_sha256: Sha256 | None = None
    control: Label
    expires: Day
    by: Person
    role: Label
    reason_sha256: Sha256
    compensating_sha256: Sha256
    consent: Name


class OverrideGranted(Fields, kw_only=True):
    """Somebody let a version pass against the decision. It is told wherever the version is.

    Attributes:
        model: the model's name.
        version: its version.
        model_sha256: root digest of the model's files.
        decision: what the gate had decided.
        by: who let it pass.
        role: in which role.
        second: who else agreed.
        reason_sha256: digest of the reason.
        expires: the last day on which it holds.
    """

    model: Name
    version: Name
    model_sha256: Sha256
    decision: Literal["warn", "deny", "undecided"]
    by: Person
    role: Label
    second: Person | None = None
    reason_sha256: Sha256
    expires: Day


class GateDecision(Fields, kw_only=True):
    """A gate decided about a version under a policy.

    Attributes:
        model: the model's name.
        version: the version; an in-toto verification result does not say it, its ``verdict.json`` does.
        model_sha256: root digest of the model's files.
        decision: the word; ``not-stated`` when it is in a ``verdict.json`` that is not at hand, and not a pass.
        policy: the policy's name.
        policy_sha256: digest of the resolved policy.
        evidence_sha256: digest of the evidence decided on.
        verdict_sha256: digest of ``verdict.json``.
        controls_passed: controls that pass.
        consents: ids of the consents that counted.
        stage: what was decided on, where it was no release.
    """

    model: Label
    version: Name | None = None
    model_sha256: Sha256
    decision: Literal["allow", "warn", "deny", "undecided", "not-stated"]
    policy: Label
    policy_sha256: Sha256
    evidence_sha256: Sha256 | None = None
    verdict_sha256: Sha256 | None = None
    controls_passed: tuple[Label, ...] = ()
    consents: tuple[Name, ...] = ()
    stage: Literal["data", "training", "monitoring"] | None = None
