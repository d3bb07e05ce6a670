"""Events about obligations: what people attest about a control of a framework, and the risks that are managed."""

from __future__ import annotations

from typing import Literal

from assay.trail.fields import Count, Day, Fields, Label, Name, Person, Sha256


class ControlAttested(Fields, kw_only=True):
    """Somebody says how a control of a framework stands, until a day; the words are kept beside the log.

    Attributes:
        framework: the framework.
        pack: version of its text.
        control: the control's id in it.
        control_sha256: digest of the control as the pack has it: another text asks for another attestation.
        says: what is attested.
        model: the model's name.
        version: its version, where it is about one.
        model_sha256: root digest of that version's files; without it the attestation is about every version.
        until: the last day on which it counts.
        by: who attests.
        role: in which role.
        statement_sha256: digest of the words.
        document_sha256: digest of the signed document that it rests on, where one was filed.
    """

    framework: Name
    pack: Day
    control: Label
    control_sha256: Sha256
    says: Literal["met", "not-met", "not-applicable"]
    model: Name
    version: Name | None = None
    model_sha256: Sha256 | None = None
    until: Day
    by: Person
    role: Label
    statement_sha256: Sha256
    document_sha256: Sha256 | None = None


class DocumentFiled(Fields, kw_only=True):
    """A document that was signed outside came back, such as a declaration of conformity; it is kept beside the log.

    Attributes:
        document: what it is: ``annex-v``, or what people call it.
        document_sha256: digest of the file as it came back.
        draft_sha256: digest of the draft that Assay issued last for the version, where it issued one.
        model: the model's name.
        version: its version.
        model_sha256: root digest of its files.
        signed_on: the day on which it was signed, as whoever files it says.
        by: who stands by it, and files it.
        role: in which role.
        statement_sha256: digest of the words with which it was filed.
    """

    document: Label
    document_sha256: Sha256
    draft_sha256: Sha256 | None = None
    model: Name
    version: Name
    model_sha256: Sha256
    signed_on: Day
    by: Person
    role: Label
    statement_sha256: Sha256


class RiskRecorded(Fields, kw_only=True):
    """A hazard of a system, how likely and how severe its harm is, and what is done; recorded again, it is reviewed.

    Attributes:
        risk: the risk's id.
        model: the model's name.
        version: its version, where it is about one.
        harm: what it could harm.
        likelihood: how likely, 1 to 5, by the organisation's own scale.
        severity: how severe, 1 to 5.
        hazard_sha256: digest of the hazard in words, kept beside the log.
        measures_sha256: digest of the measures in words.
        measure: what kind of measure comes first (Art. 9(5)): by design, by control, by information.
        residual_likelihood: what is left of the likelihood.
        residual_severity: what is left of the severity.
        accepted: whether the person finds what is left acceptable.
        tests: controls of the policy whose findings test the measure.
        monitors: metrics or alerts that watch it.
        owner: who answers for it.
        by: who records it.
        role: in which role.
    """

    risk: Name
    model: Name
    version: Name | None = None
    harm: Literal["health", "safety", "fundamental-rights", "property-or-environment", "business"]
    likelihood: Count
    severity: Count
    hazard_sha256: Sha256
    measures_sha256: Sha256 | None = None
    measure: Literal["design", "control", "information", "none"] = "none"
    residual_likelihood: Count | None = None
    residual_severity: Count | None = None
    accepted: Literal["yes", "no", "not-judged"] = "not-judged"
    tests: tuple[Label, ...] = ()
    monitors: tuple[Label, ...] = ()
    owner: Person
    by: Person
    role: Label
