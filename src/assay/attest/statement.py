"""In-toto statements v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md).

Three are made here. All have the model as their first subject, named as the evidence names it, with the OpenSSF
model-signing root as its digest; then ``dataset:<role>``, ``policy:<name>`` and the files of the release by name::

    {"_type": "https://in-toto.io/Statement/v1",
     "subject": [{"name": "mortgage-approval", "digest": {"sha256": "9274..."}},
                 {"name": "dataset:test", "digest": {"sha256": "ab01..."}},
                 {"name": "evidence.json", "digest": {"sha256": "77ae..."}}],
     "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
     "predicate": {"result": "PASSED", "configuration": [...], "passedTests": [...]}}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from assay.errors import InputError, VerificationError
from assay.records.canonical import canonical_json, parse_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding, Status, Verdict

STATEMENT = "https://in-toto.io/Statement/v1"
MEASURED = "https://assay/event/evidence.measured/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
VERIFICATION_RESULT = "https://in-toto.io/attestation/svr/v0.2"

TALLY, EVIDENCE, VERDICT = "tally.json", "evidence.json", "verdict.json"
"""Names of the subjects that are files of a release folder; their digest is over the stored bytes."""

MAX_IDS_BYTES = 16_384
"""Up to this many bytes the findings' ids are listed; an entry of the log holds 65,535 bytes after base64."""

MAX_SUBJECTS = 10_000
"""Cap on the subjects of a statement."""


class Subject(msgspec.Struct, frozen=True):
    """What a statement is about; fields that Assay does not use are ignored."""

    digest: dict[str, str]
    name: str = ""


class Statement(msgspec.Struct, frozen=True, rename={"type_": "_type", "predicate_type": "predicateType"}):
    """A parsed statement. Unknown fields are ignored, as the specification asks.

    Attributes:
        type_: the statement's version.
        subject: what it is about.
        predicate_type: what it says, by URI.
        predicate: what it says.
    """

    type_: str
    subject: tuple[Subject, ...]
    predicate_type: str
    predicate: dict[str, Any]

    def digests(self) -> dict[str, str]:
        """Return each subject's SHA-256 by the subject's name.

        Raises:
            VerificationError: when a name stands twice, or a subject has no SHA-256.
        """
        found: dict[str, str] = {}
        for subject in self.subject:
            digest = subject.digest.get("sha256")
            if digest is None or subject.name in found:
                raise VerificationError(
                    f"statement: expected each subject once and with a SHA-256, found {subject.name!r} otherwise"
                )
            found[subject.name] = digest
        return found


def parse_statement(payload: bytes, *, name: str = "statement") -> Statement:
    """Parse the payload of a verified envelope.

    Raises:
        DocumentError: when it is not JSON of this shape.
        VerificationError: when it is not an in-toto statement v1.
    """
    found = parse_record(payload, Statement, name=name)
    if found.type_ != STATEMENT:
        raise VerificationError(f"{name}: expected an in-toto statement {STATEMENT}, found {found.type_!r}")
    if not 1 <= len(found.subject) <= MAX_SUBJECTS:
        raise VerificationError(f"{name}: expected 1 to {MAX_SUBJECTS} subjects, found {len(found.subject)}")
    return found


def subject_digest(payload: bytes, subject: str) -> str:
    """Return the SHA-256 that a statement gives a subject.

    Raises:
        VerificationError: when the statement is not about it.
    """
    digests = parse_statement(payload).digests()
    if subject not in digests:
        raise VerificationError(f"statement: expected {subject} among its subjects, found {', '.join(digests)}")
    return digests[subject]


def make_statement(subjects: Mapping[str, str], predicate_type: str, predicate: Mapping[str, Any]) -> bytes:
    """Return a statement's bytes: canonical JSON, made once and kept.

    Args:
        subjects: name to hexadecimal SHA-256, in the order wanted.
        predicate_type: what is said, by URI.
        predicate: what is said.
    """
    return canonical_json(
        {
            "_type": STATEMENT,
            "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in subjects.items()],
            "predicateType": predicate_type,
            "predicate": dict(predicate),
        }
    )


def _with_model(name: str, digest: str, others: dict[str, str]) -> dict[str, str]:
    if name in others:
        raise InputError(f"model name {name!r}: another subject of the statement bears it; give the model another name")
    return {name: digest, **others}


def measured_subjects(evidence: Evidence, *, evidence_sha256: str) -> dict[str, str]:
    """Return the subjects of a statement about evidence: name to SHA-256.

    Raises:
        InputError: when the model is named as another subject is.
    """
    others = {
        **{f"dataset:{one.role}": one.sha256 for one in evidence.datasets},
        TALLY: evidence.tally_sha256,
        EVIDENCE: evidence_sha256,
    }
    return _with_model(evidence.model.name, evidence.model.sha256, others)


def measured_statement(evidence: Evidence, *, evidence_sha256: str) -> bytes:
    """Return what is signed when evidence is measured, before anything is decided.

    Args:
        evidence: what was measured.
        evidence_sha256: SHA-256 of the stored bytes of ``evidence.json``.
    """
    predicate = {
        "system": evidence.system,
        "stage": evidence.stage,
        "version": evidence.model.version,
        "policy": {"digest": {"sha256": evidence.policy_sha256}},
        "measuredAt": evidence.measured_at,
    }
    return make_statement(measured_subjects(evidence, evidence_sha256=evidence_sha256), MEASURED, predicate)


def _worst(findings: Iterable[Finding]) -> Status:
    """Return what a control comes to: fail before unknown, unknown before pass, pass before not-applicable."""
    found = {one.status for one in findings}
    order: tuple[Status, ...] = ("fail", "unknown", "pass")
    return next((status for status in order if status in found), "not-applicable")


def _by_control(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    controls: dict[str, list[Finding]] = {}
    for one in findings:
        controls.setdefault(one.control, []).append(one)
    return controls


def _tests(findings: tuple[Finding, ...]) -> list[tuple[str, Status, bool]]:
    """Return (name, status, denies) of each finding; of each control when the findings' ids would not fit an entry."""
    if sum(len(one.id.encode()) for one in findings) <= MAX_IDS_BYTES:
        return [(one.id, one.status, one.enforcement == "deny") for one in findings]
    return [
        (control, _worst(members), any(one.enforcement == "deny" for one in members))
        for control, members in _by_control(findings).items()
    ]


def test_result(
    findings: tuple[Finding, ...],
    configuration: Mapping[str, str],
    *,
    stage: str = "release",  # noqa: PT028 - no test: the predicate
) -> dict[str, Any]:
    """Return a test-result v0.1 predicate.

    A finding that passes is a passed test. One that fails or is unknown is a failed test when its enforcement is deny,
    else a warned one: unknown never passes, and ``unknownTests``, an extra field, says which they are. A waived finding
    stays failed. What does not apply was not tested, and stands in ``notApplicableTests``, an extra field. Where the
    findings are too many for a log entry, each control is a test, and is as bad as its worst finding.

    Args:
        findings: what was found.
        configuration: the policy, as name to SHA-256.
        stage: what was tested; said, as an extra field, where it is no release.
    """
    tests = _tests(findings)
    passed = [name for name, status, _ in tests if status == "pass"]
    failed = [name for name, status, denies in tests if status in {"fail", "unknown"} and denies]
    warned = [name for name, status, denies in tests if status in {"fail", "unknown"} and not denies]
    return {
        "result": "FAILED" if failed or not passed else "WARNED" if warned else "PASSED",
        "configuration": [{"name": name, "digest": {"sha256": digest}} for name, digest in configuration.items()],
        "passedTests": passed,
        "warnedTests": warned,
        "failedTests": failed,
        "unknownTests": [name for name, status, _ in tests if status == "unknown"],
        "notApplicableTests": [name for name, status, _ in tests if status == "not-applicable"],
        **({} if stage == "release" else {"stage": stage}),
    }


def evidence_statement(evidence: Evidence, verdict: Verdict, *, evidence_sha256: str) -> bytes:
    """Return the test-result statement: what each check found in the evidence.

    Args:
        evidence: what was measured.
        verdict: what the checks found in it.
        evidence_sha256: SHA-256 of the stored bytes of ``evidence.json``.
    """
    configuration = {f"policy:{verdict.policy.name}": verdict.policy.sha256}
    predicate = test_result(verdict.findings, configuration, stage=evidence.stage)
    return make_statement(measured_subjects(evidence, evidence_sha256=evidence_sha256), TEST_RESULT, predicate)


def verified_properties(verdict: Verdict) -> list[str]:
    """Return the properties that a verdict lets one rely on: the decision if it lets pass, and each passing control.

    Only the stage ``release`` decides on a release: what another stage allows is named for that stage, so that nobody
    takes a data gate or a monitored window for it.
    """
    stage = "" if verdict.stage is msgspec.UNSET else f"{verdict.stage.upper()}_"
    passes = verdict.decision in {"allow", "warn"}
    decision = [f"ASSAY_{stage}DECISION_{verdict.decision.upper()}"] if passes else []
    controls = _by_control(verdict.findings)
    return [*decision, *(f"ASSAY_CONTROL_PASSED {name}" for name, one in controls.items() if _worst(one) == "pass")]


def verdict_subjects(verdict: Verdict, *, verdict_sha256: str) -> dict[str, str]:
    """Return the subjects of a statement about a verdict: name to SHA-256.

    Raises:
        InputError: when the model is named as another subject is.
    """
    others = {
        **{f"dataset:{role}": digest for role, digest in verdict.datasets.items()},
        f"policy:{verdict.policy.name}": verdict.policy.sha256,
        EVIDENCE: verdict.evidence_sha256,
        VERDICT: verdict_sha256,
    }
    return _with_model(verdict.model, verdict.model_sha256, others)


def verdict_statement(verdict: Verdict, *, verdict_sha256: str, verifier: str) -> bytes:
    """Return the simple verification result: which properties the model version has, by which policy, and when.

    Only passing properties stand in it, so a denied model has no ``ASSAY_DECISION_...``; that it was decided, and how,
    is in ``verdict.json``, which is among the subjects.

    Args:
        verdict: the decision.
        verdict_sha256: SHA-256 of the stored bytes of ``verdict.json``.
        verifier: URI of the verifier with its version, such as ``https://assay/verifier/0.1.0``.
    """
    predicate = {
        "verifier": {
            "id": verifier,
            "policies": [{"name": verdict.policy.name, "digest": {"sha256": verdict.policy.sha256}}],
        },
        "timeCreated": verdict.decided_at,
        "properties": verified_properties(verdict),
    }
    return make_statement(verdict_subjects(verdict, verdict_sha256=verdict_sha256), VERIFICATION_RESULT, predicate)
