"""Statements: what they are about, what they say of findings, and consents that hold or do not."""

from __future__ import annotations

import json
from typing import Literal

import msgspec
import pytest

from assay.attest import dsse, statement
from assay.attest.consent import consent_entry, consent_id, consent_statement, parse_consent, read_consent
from assay.attest.keys import PrivateKey, Signer
from assay.attest.trust import Person, Trust
from assay.errors import DocumentError, InputError, VerificationError
from assay.records.canonical import sha256_hex
from assay.records.consent import Approval, Bound, Revocation, Waiver
from assay.records.evidence import Actor
from assay.records.verdict import Finding, PolicyName, Status, Verdict

VERA = Signer("vera", PrivateKey(bytes(range(32))))
ROSA = Signer("rosa", PrivateKey(bytes(range(1, 33))))
TRUST = Trust((Person("vera", VERA.public, ("validator",)), Person("rosa", ROSA.public, ("owner",))))
BOUND = Bound(model_sha256="a" * 64, datasets={"test": "b" * 64}, policy_sha256="c" * 64, evidence_sha256="d" * 64)
APPROVAL = Approval(role="validator", by="vera", bound=BOUND, comment="Looks right.", at="2026-11-23T04:00:00Z")
WAIVER = Waiver(
    model="m", version="1", control="c", role="owner", by="rosa", reason="Small sample.", compensating="Review weekly.",
    expires="2027-01-01", bound=BOUND, at="2026-11-23T04:00:00Z",
)  # fmt: skip


def finding(name: str, status: Status, enforcement: Literal["deny", "warn", "audit"] = "deny") -> Finding:
    control = name.partition("/")[0]
    return Finding(
        id=name, control=control, check="group_gap", title=name, status=status, enforcement=enforcement, reason="..."
    )


def verdict(*findings: Finding, decision: Literal["allow", "warn", "deny", "undecided"] = "allow") -> Verdict:
    return Verdict(
        decision=decision, reason="...", system="s", model="m", version="1", model_sha256="a" * 64,
        datasets={"test": "b" * 64}, policy=PolicyName(name="p", version="1", sha256="c" * 64),
        evidence_sha256="d" * 64, findings=findings, decided_at="2026-11-23T04:00:00Z",
        decided_by=Actor(identity="ci", key="e" * 64),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ((finding("a", "pass"),), "PASSED"),
        ((finding("a", "pass"), finding("b", "not-applicable")), "PASSED"),
        ((finding("a", "pass"), finding("b", "fail", "warn")), "WARNED"),
        ((finding("a", "pass"), finding("b", "unknown", "audit")), "WARNED"),
        ((finding("a", "pass"), finding("b", "unknown")), "FAILED"),
        ((finding("a", "fail"),), "FAILED"),
        ((finding("a", "not-applicable"),), "FAILED"),
        ((), "FAILED"),
    ],
)
def test_unknown_and_nothing_never_pass(findings: tuple[Finding, ...], expected: str) -> None:
    assert statement.test_result(findings, {"policy:p": "c" * 64})["result"] == expected


def test_each_finding_stands_in_one_list() -> None:
    made = statement.test_result(
        (finding("a", "pass"), finding("b", "fail"), finding("c", "unknown"), finding("d", "fail", "warn"),
         finding("e", "unknown", "warn"), finding("f", "not-applicable")),
        {"policy:p": "c" * 64},
    )  # fmt: skip
    assert made == {
        "result": "FAILED",
        "configuration": [{"name": "policy:p", "digest": {"sha256": "c" * 64}}],
        "passedTests": ["a"],
        "failedTests": ["b", "c"],
        "warnedTests": ["d", "e"],
        "unknownTests": ["c", "e"],
        "notApplicableTests": ["f"],
    }


def test_only_passing_properties_stand_in_a_verification_result() -> None:
    findings = (
        finding("a/1", "pass"),
        finding("a/2", "unknown"),
        finding("b/1", "pass"),
        finding("c", "not-applicable"),
    )
    assert statement.verified_properties(verdict(*findings)) == ["ASSAY_DECISION_ALLOW", "ASSAY_CONTROL_PASSED b"]
    for decision in ("deny", "undecided"):
        denied = verdict(*findings, decision=decision)
        assert statement.verified_properties(denied) == ["ASSAY_CONTROL_PASSED b"]


def test_many_findings_still_fit_an_entry_of_the_log() -> None:
    findings = tuple(finding(f"control-{i % 40}/race=group {i},sex=female", "pass") for i in range(5000))
    made = verdict(*findings, finding("control-7/worst", "unknown"))
    payload = statement.make_statement({"m": "a" * 64}, statement.TEST_RESULT, statement.test_result(made.findings, {}))
    assert "control-7" in json.loads(payload)["predicate"]["failedTests"]
    assert len(json.loads(payload)["predicate"]["passedTests"]) == 39
    svr = statement.verdict_statement(made, verdict_sha256="e" * 64, verifier="https://assay/verifier/0")
    assert max(len(dsse.sign(one, [VERA]).content()) for one in (payload, svr)) < 65_535


def test_the_form_of_a_verification_result() -> None:
    payload = statement.verdict_statement(
        verdict(finding("a", "pass")), verdict_sha256="f" * 64, verifier="https://v/1"
    )
    assert json.loads(payload) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": "m", "digest": {"sha256": "a" * 64}},
            {"name": "dataset:test", "digest": {"sha256": "b" * 64}},
            {"name": "policy:p", "digest": {"sha256": "c" * 64}},
            {"name": "evidence.json", "digest": {"sha256": "d" * 64}},
            {"name": "verdict.json", "digest": {"sha256": "f" * 64}},
        ],
        "predicateType": "https://in-toto.io/attestation/svr/v0.2",
        "predicate": {
            "verifier": {"id": "https://v/1", "policies": [{"name": "p", "digest": {"sha256": "c" * 64}}]},
            "timeCreated": "2026-11-23T04:00:00Z",
            "properties": ["ASSAY_DECISION_ALLOW", "ASSAY_CONTROL_PASSED a"],
        },
    }
    assert statement.subject_digest(payload, "verdict.json") == "f" * 64
    with pytest.raises(VerificationError, match=r"expected tally\.json among its subjects"):
        statement.subject_digest(payload, "tally.json")


def test_a_model_named_as_a_file_is_refused() -> None:
    named = msgspec.structs.replace(verdict(), model="evidence.json")
    with pytest.raises(InputError, match="another subject"):
        statement.verdict_subjects(named, verdict_sha256="f" * 64)


@pytest.mark.parametrize(
    "change",
    [{"_type": "https://in-toto.io/Statement/v0.1"}, {"subject": []},
     {"subject": [{"name": "a", "digest": {"sha1": "00"}}]},
     {"subject": [{"name": "a", "digest": {"sha256": "00"}}] * 2}],
)  # fmt: skip
def test_what_is_no_statement(change: dict[str, object]) -> None:
    document = {"_type": statement.STATEMENT, "subject": [{"digest": {"sha256": "00"}}], "predicateType": "x",
                "predicate": {}}  # fmt: skip
    assert statement.parse_statement(json.dumps(document).encode()).digests() == {"": "00"}
    with pytest.raises(VerificationError):
        statement.parse_statement(json.dumps(document | change).encode()).digests()


@pytest.mark.parametrize("act", [APPROVAL, WAIVER, msgspec.structs.replace(APPROVAL, comment="")])
def test_a_consent_is_read_as_it_was_signed(act: Approval | Waiver) -> None:
    payload = consent_statement(act)
    comment = act.comment if isinstance(act, Approval) else ""
    assert parse_consent(payload, comment=comment) == act
    assert statement.parse_statement(payload).digests() == {
        "model": "a" * 64, "dataset:test": "b" * 64, "policy": "c" * 64, "evidence.json": "d" * 64,
    }  # fmt: skip


def test_a_comment_stays_beside_the_trail() -> None:
    payload = consent_statement(APPROVAL)
    assert b"Looks right" not in payload
    assert sha256_hex(b"Looks right.").encode() in payload
    with pytest.raises(VerificationError, match="comment is not the one"):
        parse_consent(payload, comment="Looks wrong.")
    bare = parse_consent(payload)
    assert isinstance(bare, Approval)
    assert bare.comment == ""


def test_a_log_entry_of_a_consent_names_nobody() -> None:
    envelope = dsse.sign(consent_statement(WAIVER), [ROSA])
    entry = json.loads(consent_entry(envelope))
    assert entry == {"schema": "assay.consent-digest/v1", "envelopeSha256": sha256_hex(envelope.content())}


def test_a_revocation_names_what_it_revokes() -> None:
    payload = consent_statement(APPROVAL)
    act = Revocation(revokes=consent_id(payload), by="vera", reason="New data.", at="2026-11-24T04:00:00Z")
    revoked = consent_statement(act, revoked_sha256=sha256_hex(payload))
    assert parse_consent(revoked) == act
    with pytest.raises(ValueError, match="is revoked"):
        consent_statement(act)
    with pytest.raises(ValueError, match="is revoked"):
        consent_statement(act, revoked_sha256="0" * 64)


def test_who_signed_is_told() -> None:
    payload = consent_statement(APPROVAL)
    counted = read_consent(dsse.sign(payload, [VERA]), TRUST, comment="Looks right.")
    assert (counted.id, counted.signer, counted.roles, counted.problem) == (
        consent_id(payload),
        "vera",
        ("validator",),
        None,
    )
    assert counted.act == APPROVAL
    other = read_consent(dsse.sign(payload, [ROSA]), TRUST)
    assert other.problem == "signed by rosa, but says that it is by vera"
    unknown = read_consent(dsse.sign(payload, [ROSA]), Trust(TRUST.people[:1]))
    assert unknown.signer is None
    assert "signed by unknown keys" in str(unknown.problem)
    both = read_consent(dsse.sign(payload, [VERA, ROSA]), TRUST)
    assert (both.signer, both.problem) == (None, "expected one signature, by one person")


def test_a_consent_whose_parts_disagree_is_refused() -> None:
    payload = consent_statement(APPROVAL)
    with pytest.raises(VerificationError, match="subjects are not the digests"):
        parse_consent(payload.replace(b"b" * 64, b"e" * 64, 1))
    with pytest.raises(DocumentError, match="expected one of"):
        parse_consent(payload.replace(b"approval.granted", b"approval.imagined"))
    with pytest.raises(DocumentError, match="rule"):
        parse_consent(payload.replace(b'"role"', b'"rule"'))
