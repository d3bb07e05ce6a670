"""Entries of a log, as bytes, in; events out. What is not understood is kept and told, never dropped.

Three kinds of entries are read:

* a signed statement of an event (`assay.trail.events`);
* what `assay run` appends: an in-toto test result is a ``validation.result``, a simple verification result a
  ``gate.decision``. They name ``evidence.json`` and ``verdict.json`` by digest, which hold the version, the time of the
  measurement and the word;
* the digest of a signed consent, which names a person and is therefore kept beside the log.

`read_entry` looks at an entry alone, so what it returns follows from the log and nothing else. `disclose` adds what
lies beside the log, after comparing its digest with the one in the entry: without it, less is known and nothing else.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec

from assay.attest import consent, dsse
from assay.attest.bundle import leaf_sha256
from assay.attest.oms import root as files_root
from assay.attest.statement import (
    EVIDENCE,
    TEST_RESULT,
    VERDICT,
    VERIFICATION_RESULT,
    Statement,
    parse_statement,
)
from assay.errors import AssayError
from assay.records.canonical import parse_record, sha256_hex
from assay.records.consent import Approval, Revocation, SignedConsent, Waiver
from assay.records.tally import Frozen
from assay.trail.decision_events import ApprovalGranted, ApprovalRevoked, GateDecision, WaiverGranted
from assay.trail.digested import evidence_says, verdict_says
from assay.trail.erasures import ErasedConsent
from assay.trail.events import PREFIX, Event, event_from_json, event_json, parse_event
from assay.trail.predicates import ConsentDigest, NamedPolicy, Stage, TestResult, VerificationResult
from assay.trail.validation_events import ValidationResult

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from assay.attest.keys import PublicKey
    from assay.attest.trust import Trust
    from assay.trail.erasures import Erasures
    from assay.trail.own_acts import OwnKeys

CONSENT_DIGEST = "consent.digest"
"""Type of an entry that is the digest of a consent, until the consent is disclosed."""

UNKNOWN = "unknown"

ID_DIGITS = 32

NO_FILES = files_root([])  # of a model that has none yet: what is decided about it is about data

_CONSENT_SCHEMA = "assay.consent-digest/v1"
_OUTCOMES: dict[str, Literal["passed", "warned", "failed"]] = {
    "PASSED": "passed",
    "WARNED": "warned",
    "FAILED": "failed",
}


class Read(Frozen, kw_only=True):
    """One entry of a log as it was understood.

    Attributes:
        index: where it stands in the trail, whose logs are counted through.
        leaf_sha256: its leaf hash.
        type: type of the event, ``consent.digest``, or ``unknown``.
        event: the event; None when the entry is not one, or waits for what lies beside the log.
        statement_sha256: digest of the signed statement.
        signature: whether a known key's signature holds.
        keys: ids of the known keys whose signatures hold.
        unmatched: how many signatures on it are by no known key.
        told: why it is not an event, or is not wholly known; empty otherwise.
        waits_for: digest of the document that tells more.
        names: pseudonym or commitment to name, as far as disclosed.
    """

    index: int
    leaf_sha256: str
    type: str
    event: Event | None = None
    statement_sha256: str | None = None
    signature: Literal["holds", "unknown-key", "none"] = "none"
    keys: tuple[str, ...] = ()
    unmatched: int = 0
    told: str = ""
    waits_for: str | None = None
    names: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each record its own copy

    @property
    def counts(self) -> bool:
        """Whether a known key signed it; what nobody known has signed is told, and answers nothing."""
        return self.signature == "holds"


def read_entry(
    index: int, entry: bytes, keys: Collection[PublicKey], *, own: OwnKeys | None = None, first: int = 0
) -> Read:
    """Read one entry; this never fails: what is wrong with it is told.

    Args:
        index: where it stands in the trail.
        entry: its bytes.
        keys: the keys that are known.
        own: the keys of the log that it stands in, which count for what the log says of itself.
        first: how many entries of the trail stand in logs before this one.
    """
    leaf = leaf_sha256(entry)
    try:
        if b"envelopeSha256" in entry and b"payloadType" not in entry:
            held = parse_record(entry, ConsentDigest, name=f"entry {index}")
            told = "the digest of a consent; who consented is kept beside the log"
            return Read(index=index, leaf_sha256=leaf, type=CONSENT_DIGEST, told=told, waits_for=held.envelope_sha256)
        envelope = dsse.parse(entry, name=f"entry {index}")
        payload = dsse.decode_base64(envelope.payload, f"entry {index}")
        if envelope.payload_type != dsse.IN_TOTO:
            told = f"a payload of type {envelope.payload_type!r}"
            return Read(index=index, leaf_sha256=leaf, type=UNKNOWN, told=told)
    except AssayError:
        told = f"no signed statement: {len(entry)} bytes of another kind"
        return Read(index=index, leaf_sha256=leaf, type=UNKNOWN, told=told)
    signature, signers, wrong = _signed_by(envelope, keys)
    found = Read(
        index=index, leaf_sha256=leaf, type=UNKNOWN, statement_sha256=sha256_hex(payload), signature=signature,
        keys=signers, unmatched=len(envelope.signatures) - len(signers),
    )  # fmt: skip
    try:
        statement = parse_statement(payload, name=f"entry {index}")
        understood = _understood(found, statement)
        if own is not None and understood.event is not None and not understood.counts:
            signature, signers, by_log = _signed_by(envelope, own.signing(index - first, understood.event))
            if signature == "holds":
                left = len(envelope.signatures) - len(signers)
                wrong, understood = (
                    by_log,
                    msgspec.structs.replace(understood, signature=signature, keys=signers, unmatched=left),
                )
        return msgspec.structs.replace(understood, told="; ".join(part for part in (understood.told, wrong) if part))
    except (AssayError, msgspec.ValidationError) as error:
        kind = _type_claimed(payload)
        told = f"{kind}: not understood here: {error}" if kind else f"not understood here: {error}"
        return msgspec.structs.replace(found, told="; ".join(part for part in (told, wrong) if part))


def _type_claimed(payload: bytes) -> str:
    try:
        document = msgspec.json.decode(payload)
    except ValueError:
        return ""
    found = document.get("predicateType") if isinstance(document, dict) else None
    return found if isinstance(found, str) else ""


def _signed_by(
    envelope: dsse.Envelope, keys: Collection[PublicKey]
) -> tuple[Literal["holds", "unknown-key"], tuple[str, ...], str]:
    try:
        verified = dsse.verify(envelope, keys)
    except AssayError as error:
        return "unknown-key", (), str(error)
    return "holds", tuple(key.key_id for key in verified.keys), ""


def _understood(found: Read, statement: Statement) -> Read:
    readers = {TEST_RESULT: _validation, VERIFICATION_RESULT: _decision}
    reader = readers.get(statement.predicate_type)
    if reader is not None:
        return reader(found, statement)
    if statement.predicate_type.startswith(PREFIX):
        event = parse_event(statement, name=f"entry {found.index}")
        return msgspec.structs.replace(found, type=event.type, event=event)
    return msgspec.structs.replace(found, type=UNKNOWN, told=f"a statement of type {statement.predicate_type!r}")


def _derived_id(found: Read) -> str:
    return f"s_{(found.statement_sha256 or '')[:ID_DIGITS]}"


def _own_event(found: Read, kind: str, subjects: Mapping[str, str], at: str | None, fields: Any) -> Event:  # noqa: ANN401
    event = Event(type=kind, id=_derived_id(found), claimed_at=at, subjects=dict(subjects), fields=fields)
    return event_from_json(event_json(event))  # strictly: what another tool wrote may hold anything


def _first_subject(statement: Statement) -> tuple[str, str]:
    """Return name and digest of the model: the first subject, as `assay.attest.statement` writes it."""
    first = statement.subject[0]
    return first.name, first.digest.get("sha256", "")


def _validation(found: Read, statement: Statement) -> Read:
    said = msgspec.convert(statement.predicate, TestResult)
    name, sha256 = _first_subject(statement)
    policy = said.configuration[0] if said.configuration else NamedPolicy({}, "")
    fields = ValidationResult(
        model=name,
        model_sha256=sha256,
        outcome=_OUTCOMES.get(said.result, "failed"),
        policy=policy.name.removeprefix("policy:"),
        policy_sha256=policy.digest.get("sha256", ""),
        evidence_sha256=statement.digests().get(EVIDENCE),
        passed=said.passed_tests,
        warned=said.warned_tests,
        failed=said.failed_tests,
        unknown=said.unknown_tests,
        stage=said.stage,
    )
    event = _own_event(found, "validation.result", statement.digests(), None, fields)
    return msgspec.structs.replace(found, type=event.type, event=event, waits_for=fields.evidence_sha256)


def _word(properties: tuple[str, ...]) -> tuple[Literal["allow", "warn", "not-stated"], Stage | None]:
    """Return the word of a verification result, and the stage where it was no release; a denial states neither."""
    words: tuple[Literal["allow", "warn"], ...] = ("allow", "warn")
    for word in words:
        if f"ASSAY_DECISION_{word.upper()}" in properties:
            return word, None
        for stage in get_args(Stage):
            if f"ASSAY_{stage.upper()}_DECISION_{word.upper()}" in properties:
                return word, stage
    return "not-stated", None


def _decision(found: Read, statement: Statement) -> Read:
    said = msgspec.convert(statement.predicate, VerificationResult)
    name, sha256 = _first_subject(statement)
    policy = said.verifier.policies[0] if said.verifier.policies else NamedPolicy({}, "")
    digests = statement.digests()
    decision, stage = _word(said.properties)
    fields = GateDecision(
        model=name,
        model_sha256=sha256,
        decision=decision,
        policy=policy.name,
        policy_sha256=policy.digest.get("sha256", ""),
        evidence_sha256=digests.get(EVIDENCE),
        verdict_sha256=digests.get(VERDICT),
        controls_passed=tuple(
            one.removeprefix("ASSAY_CONTROL_PASSED ")
            for one in said.properties
            if one.startswith("ASSAY_CONTROL_PASSED ")
        ),
        stage="data" if sha256 == NO_FILES else stage,
    )
    event = _own_event(found, "gate.decision", digests, said.time_created, fields)
    return msgspec.structs.replace(found, type=event.type, event=event, waits_for=digests.get(VERDICT))


def disclose(read: Read, documents: Mapping[str, bytes], trust: Trust, erasures: Erasures | None = None) -> Read:
    """Add what lies beside the log to an entry that waits for it; without it the entry stays as it is, and says so.

    Args:
        read: the entry.
        documents: what is at hand, by SHA-256.
        trust: who people are.
        erasures: what was erased; the document may be there without the value, and the entry says so.
    """
    if read.waits_for is None:
        return read
    content = documents.get(read.waits_for)
    if content is None and erasures is not None and erasures.told(read.waits_for):
        return _after_erasure(read, documents, erasures)
    if content is None or sha256_hex(content) != read.waits_for:
        lacking = f"the document with SHA-256 {read.waits_for} is not at hand"
        return msgspec.structs.replace(read, told="; ".join(part for part in (read.told, lacking) if part))
    try:
        if read.type == CONSENT_DIGEST:
            return _consent(read, content, trust)
        return _evidence(read, content) if read.type == "validation.result" else _verdict(read, content)
    except AssayError as error:
        return msgspec.structs.replace(read, told=f"the document with SHA-256 {read.waits_for} is of no use: {error}")


def _after_erasure(read: Read, documents: Mapping[str, bytes], erasures: Erasures) -> Read:
    """Read what an erasure has left of a document; it is what the erasure's signer says is left."""
    waits_for = read.waits_for or ""
    told = f"something personal in the document with SHA-256 {waits_for} was {erasures.told(waits_for)}"
    after = erasures.after(waits_for)
    content = None if after is None else documents.get(after[0])
    if content is None or after is None or sha256_hex(content) != after[0]:
        told = f"the document with SHA-256 {waits_for} was {erasures.told(waits_for)}"
    else:
        try:
            readers = {CONSENT_DIGEST: _erased_consent, "validation.result": _evidence}
            read = readers.get(read.type, _verdict)(read, content)
        except (AssayError, msgspec.ValidationError) as error:
            told += f"; what is left is of no use: {error}"
    return msgspec.structs.replace(read, told="; ".join(part for part in (read.told, told) if part))


def _erased_consent(read: Read, content: bytes) -> Read:
    left = parse_record(content, ErasedConsent, name="erased consent")
    event = event_from_json(msgspec.json.encode(left.event))
    holds: Literal["holds", "none"] = "holds" if left.keys else "none"
    return msgspec.structs.replace(read, type=event.type, event=event, signature=holds, keys=left.keys, told="")


def _evidence(read: Read, content: bytes) -> Read:
    evidence = evidence_says(sha256_hex(content), content)
    event = read.event
    if event is None or not isinstance(event.fields, ValidationResult):
        return read
    fields = msgspec.structs.replace(event.fields, version=evidence.version)
    at = event.claimed_at or evidence.measured_at
    return msgspec.structs.replace(read, event=msgspec.structs.replace(event, fields=fields, claimed_at=at))


def _verdict(read: Read, content: bytes) -> Read:
    verdict = verdict_says(sha256_hex(content), content)
    event = read.event
    if event is None or not isinstance(event.fields, GateDecision):
        return read
    fields = msgspec.structs.replace(
        event.fields, version=verdict.version, stage=verdict.stage, decision=verdict.decision,
        consents=verdict.consents,
    )  # fmt: skip
    return msgspec.structs.replace(read, event=msgspec.structs.replace(event, fields=fields))


def _consent(read: Read, content: bytes, trust: Trust) -> Read:
    envelope = dsse.parse(content, name="consent")
    signed = consent.read_consent(envelope, trust)
    person = base64.urlsafe_b64encode(bytes.fromhex(read.waits_for or "")).rstrip(b"=").decode("ascii")
    payload = dsse.decode_base64(envelope.payload, "consent")
    statement = parse_statement(payload)
    kind, fields = _act(signed, person, statement.predicate.get("commentSha256"))
    subjects = statement.digests()
    event = Event(type=kind, id=f"s_{sha256_hex(payload)[:ID_DIGITS]}", claimed_at=signed.act.at, subjects=subjects,
                  fields=fields)  # fmt: skip
    return msgspec.structs.replace(
        read,
        type=kind,
        event=event,
        statement_sha256=sha256_hex(payload),
        signature="holds" if signed.problem is None else "unknown-key",
        keys=() if signed.problem is not None else _signed_by(envelope, trust.keys())[1],
        told=signed.problem or "",
        names={person: signed.act.by},
    )


def _act(signed: SignedConsent, person: str, comment_sha256: str | None) -> tuple[str, Any]:
    act = signed.act
    if isinstance(act, Approval):
        return "approval.granted", ApprovalGranted(
            model_sha256=act.bound.model_sha256,
            policy_sha256=act.bound.policy_sha256,
            evidence_sha256=act.bound.evidence_sha256,
            by=person,
            role=act.role,
            comment_sha256=comment_sha256,
            consent=signed.id,
        )
    if isinstance(act, Waiver):
        return "waiver.granted", WaiverGranted(
            model=act.model,
            version=act.version,
            model_sha256=act.bound.model_sha256,
            policy_sha256=act.bound.policy_sha256,
            evidence_sha256=act.bound.evidence_sha256,
            control=act.control,
            expires=act.expires,
            by=person,
            role=act.role,
            reason_sha256=sha256_hex(act.reason.encode()),
            compensating_sha256=sha256_hex(act.compensating.encode()),
            consent=signed.id,
        )
    assert isinstance(act, Revocation)  # noqa: S101 - the third of three
    return "approval.revoked", ApprovalRevoked(
        consent=act.revokes, by=person, reason_sha256=sha256_hex(act.reason.encode())
    )
