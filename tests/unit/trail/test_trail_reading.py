from __future__ import annotations

import json

import pytest

from assay.attest import dsse
from assay.attest.bundle import leaf_sha256
from assay.attest.statement import make_statement
from assay.attest.trust import Trust
from assay.records.canonical import canonical_json
from assay.trail.decision_events import ApprovalGranted, GateDecision, WaiverGranted
from assay.trail.examples import EXAMPLES, of
from assay.trail.reading import CONSENT_DIGEST, UNKNOWN, Read, disclose, read_entry
from assay.trail.validation_events import ValidationResult
from unit.trail.memory_trail import EVIDENCE, MILA, MODEL, POLICY, STRANGER, TRUST, MemoryTrail

KEYS = TRUST.keys()


def read(trail: MemoryTrail, index: int = 0) -> Read:
    return read_entry(index, trail.entries[index], KEYS)


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"a line of another program",
        b"\xff\x00",
        b"{}",
        b"[1, 2]",
        b'{"payload": 1}',
        b'{"envelopeSha256": 1}',
        b"{" * 5000,
    ],
)
def test_what_is_no_statement_is_kept_and_told(entry: bytes) -> None:
    found = read_entry(7, entry, KEYS)
    assert (found.index, found.type, found.event, found.counts) == (7, UNKNOWN, None, False)
    assert found.leaf_sha256 == leaf_sha256(entry)
    assert "no signed statement" in found.told


@pytest.mark.parametrize(
    "uri", ["https://assay/event/monitor.alert/v9", "https://assay/event/new.type/v1", "https://example.com/x"]
)
def test_an_unknown_type_is_kept_and_told(uri: str) -> None:
    trail = MemoryTrail()
    trail.sign(make_statement({"a": of("a")}, uri, {"anything": 1}))
    found = read(trail)
    assert found.type == UNKNOWN
    assert found.event is None
    assert uri in found.told
    assert found.signature == "holds"


def test_an_event_with_a_wrong_field_is_told_with_the_reason() -> None:
    trail = MemoryTrail()
    predicate = {
        "id": "x",
        "claimed_at": "2026-10-01T09:30:00Z",
        "signed_by": "actor",
        "batch": None,
        "corrects": None,
        "fields": {**EXAMPLES["monitor.ack"], "by": "vera@example.com"},
    }
    trail.sign(make_statement({"a": of("a")}, "https://assay/event/monitor.ack/v1", predicate))
    assert read(trail).event is None
    assert "random pseudonym" in read(trail).told


def test_another_payload_type_is_told() -> None:
    envelope = dsse.sign(b"{}", [MILA], payload_type="text/plain")
    assert "text/plain" in read_entry(0, envelope.content(), KEYS).told


def test_who_signed_is_told_and_a_stranger_does_not_count() -> None:
    trail = MemoryTrail()
    trail.say("monitor.ack", **EXAMPLES["monitor.ack"])
    trail.say("monitor.ack", signer=STRANGER, **EXAMPLES["monitor.ack"])
    known, unknown = read(trail, 0), read(trail, 1)
    assert known.counts
    assert known.keys == (MILA.key_id,)
    assert unknown.event == known.event
    assert not unknown.counts
    assert "unknown keys" in unknown.told


def test_a_changed_payload_does_not_count() -> None:
    trail = MemoryTrail()
    trail.say("monitor.ack", **EXAMPLES["monitor.ack"])
    document = json.loads(trail.entries[0])
    other = MemoryTrail()
    other.say("monitor.ack", **{**EXAMPLES["monitor.ack"], "alert": "a-78"})
    document["payload"] = json.loads(other.entries[0])["payload"]
    found = read_entry(0, json.dumps(document).encode(), KEYS)
    assert not found.counts
    assert "changed after signing" in found.told


def test_what_a_run_appends_is_a_result_and_a_decision() -> None:
    trail = MemoryTrail()
    trail.release()
    result, decision = read(trail, 0), read(trail, 1)
    assert result.event is not None
    assert decision.event is not None
    assert result.event.fields == ValidationResult(
        model="credit",
        model_sha256=MODEL,
        outcome="warned",
        policy="lending",
        policy_sha256=POLICY,
        evidence_sha256=EVIDENCE,
        passed=("a", "b"),
        warned=("c/group=New England",),
    )
    assert decision.event.fields == GateDecision(
        model="credit",
        model_sha256=MODEL,
        decision="allow",
        policy="lending",
        policy_sha256=POLICY,
        evidence_sha256=EVIDENCE,
        verdict_sha256=of("verdict"),
        controls_passed=("a",),
    )
    assert decision.event.claimed_at == "2026-09-30T08:00:00Z"
    assert result.event.claimed_at is None


def test_a_decision_that_lists_no_pass_is_none() -> None:
    trail = MemoryTrail()
    predicate = {
        "verifier": {"id": "v", "policies": []},
        "timeCreated": "2026-09-30T08:00:00Z",
        "properties": ["OTHER"],
    }
    trail.sign(make_statement({"credit": MODEL}, "https://in-toto.io/attestation/svr/v0.2", predicate))
    assert read(trail).type == UNKNOWN  # no policy is named: nothing is known under which it was decided
    predicate["verifier"] = {"id": "v", "policies": [{"name": "p", "digest": {"sha256": POLICY}}]}
    trail.sign(make_statement({"credit": MODEL}, "https://in-toto.io/attestation/svr/v0.2", predicate))
    event = read(trail, 1).event
    assert event is not None
    assert event.fields.decision == "not-stated"


def test_consents_are_digests_until_they_are_disclosed() -> None:
    trail = MemoryTrail()
    _, approval = trail.approve()
    _, waiver = trail.waive()
    found = [read(trail, index) for index in (0, 1)]
    assert {one.type for one in found} == {CONSENT_DIGEST}
    assert b"vera" not in canonical_json(found)
    approved, waived = (disclose(one, trail.documents, TRUST) for one in found)
    assert approved.event is not None
    assert waived.event is not None
    assert isinstance(approved.event.fields, ApprovalGranted)
    assert isinstance(waived.event.fields, WaiverGranted)
    assert (approved.event.fields.consent, waived.event.fields.consent) == (approval, waiver)
    assert approved.event.fields.comment_sha256 == of("fine")
    assert approved.names == {approved.event.fields.by: "vera"}
    assert approved.counts
    assert waived.counts
    assert b"vera" not in canonical_json(approved.event)


def test_without_the_document_less_is_known_and_nothing_else() -> None:
    trail = MemoryTrail()
    trail.approve()
    found = read(trail)
    hidden = disclose(found, {}, TRUST)
    assert hidden.event is None
    assert "not at hand" in hidden.told
    swapped = disclose(found, {found.waits_for or "": b"{}"}, TRUST)
    assert swapped.event is None
    assert "not at hand" in swapped.told


def test_a_consent_by_nobody_known_does_not_count() -> None:
    trail = MemoryTrail()
    trail.approve()
    found = disclose(read(trail), trail.documents, Trust())
    assert found.event is not None
    assert not found.counts


def test_a_document_that_is_none_of_its_kind_is_told() -> None:
    trail = MemoryTrail()
    trail.release()
    for index in (0, 1):
        found = read(trail, index)
        content = b'{"no": "verdict"}'
        odd = Read(
            **{name: getattr(found, name) for name in found.__struct_fields__} | {"waits_for": of('{"no": "verdict"}')}
        )
        told = disclose(odd, {of('{"no": "verdict"}'): content}, TRUST)
        assert "of no use" in told.told
        assert told.event == found.event
