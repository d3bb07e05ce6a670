"""A trail in memory: events, consents and other entries in, a view for questions out."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any

from assay.attest import dsse
from assay.attest.consent import consent_entry, consent_id, consent_statement
from assay.attest.keys import PrivateKey, Signer
from assay.attest.statement import make_statement
from assay.attest.trust import Person, Trust
from assay.lifecycle.connections import HeldConnection
from assay.records.canonical import sha256_hex
from assay.records.consent import Approval, Bound, Revocation, Waiver
from assay.tlog.merkle import hash_leaf
from assay.tlog.tree import MemoryTree
from assay.trail import projection
from assay.trail.answers import ShardReach
from assay.trail.events import event_statement, make_event
from assay.trail.examples import of
from assay.trail.reading import read_entry
from assay.trail.view import View

MILA, VERA, ROSA, STRANGER = (
    Signer(name, PrivateKey(bytes([number]) * 32))
    for number, name in enumerate(("mila", "vera", "rosa", "stranger"), 1)
)
TRUST = Trust(
    (
        Person("mila", MILA.public, ("data-scientist",)),
        Person("vera", VERA.public, ("validator",)),
        Person("rosa", ROSA.public, ("risk-owner",)),
    )
)
MODEL, POLICY, EVIDENCE = of("model 2"), of("policy"), of("evidence")
BOUND = Bound(model_sha256=MODEL, datasets={"test": of("test")}, policy_sha256=POLICY, evidence_sha256=EVIDENCE)
FILES: dict[str, Any] = {"model": "credit", "version": "2", "model_sha256": MODEL}


def in_memory() -> sqlite3.Connection:
    """Return an empty database of its own."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, factory=HeldConnection)


@dataclass
class MemoryTrail:
    """Entries, and what lies beside them."""

    entries: list[bytes] = field(default_factory=list)
    documents: dict[str, bytes] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)

    def add(self, entry: bytes) -> int:
        """Append an entry and return its index."""
        self.entries.append(entry)
        return len(self.entries) - 1

    def sign(self, payload: bytes, signer: Signer = MILA) -> int:
        """Append a signed statement."""
        return self.add(dsse.sign(payload, [signer]).content())

    def say(self, kind: str, at: str = "2026-10-01T09:00:00Z", /, *, signer: Signer = MILA, **fields: Any) -> int:  # noqa: ANN401 - as `make_event`
        """Append an event; head of the event by names that begin with an underscore."""
        head = {name.removeprefix("_"): fields.pop(name) for name in list(fields) if name.startswith("_")}
        event = make_event(kind, fields, claimed_at=at, identity=head.pop("id", None), **head)
        return self.sign(event_statement(event), signer)

    def deploy(self, at: str, version: str = "2", digest: str = MODEL, **more: Any) -> int:  # noqa: ANN401 - as `make_event`
        """Append a deployment to production."""
        fields = {
            "model": "credit",
            "version": version,
            "model_sha256": digest,
            "environment": "production",
            "deployment": f"d-{version}-{at[:10]}",
            "outcome": "succeeded",
        }
        return self.say("deployment.finished", at, **(fields | more))

    def release(self) -> tuple[int, int]:
        """Append what `assay run` does: a test result and a verification result that allows."""
        subjects = {
            "credit": MODEL,
            "dataset:test": of("test"),
            "dataset:train": of("train"),
            "evidence.json": EVIDENCE,
        }
        test = {
            "result": "WARNED",
            "configuration": [{"name": "policy:lending", "digest": {"sha256": POLICY}}],
            "passedTests": ["a", "b"],
            "warnedTests": ["c/group=New England"],
            "failedTests": [],
            "unknownTests": [],
        }
        result = self.sign(make_statement(subjects, "https://in-toto.io/attestation/test-result/v0.1", test))
        svr = {
            "verifier": {
                "id": "https://assay/verifier/0",
                "policies": [{"name": "lending", "digest": {"sha256": POLICY}}],
            },
            "timeCreated": "2026-09-30T08:00:00Z",
            "properties": ["ASSAY_DECISION_ALLOW", "ASSAY_CONTROL_PASSED a"],
        }
        decided = self.sign(
            make_statement({**subjects, "verdict.json": of("verdict")}, "https://in-toto.io/attestation/svr/v0.2", svr)
        )
        return result, decided

    def consent(self, act: Approval | Waiver | Revocation, signer: Signer, *, revoked: bytes = b"") -> tuple[int, str]:
        """Sign an act, append its digest, keep it beside the log; return index and id."""
        payload = consent_statement(act, revoked_sha256=sha256_hex(revoked) if revoked else None)
        envelope = dsse.sign(payload, [signer])
        self.documents[sha256_hex(envelope.content())] = envelope.content()
        return self.add(consent_entry(envelope)), consent_id(payload)

    def approve(self, signer: Signer = VERA, at: str = "2026-09-29T10:00:00Z") -> tuple[int, str]:
        """Append an approval of the version."""
        return self.consent(Approval(role="validator", by=signer.name, bound=BOUND, comment="fine", at=at), signer)

    def waive(self, expires: str = "2026-12-31") -> tuple[int, str]:
        """Append the acceptance of a finding."""
        act = Waiver(
            model="credit",
            version="2",
            control="c",
            role="risk-owner",
            by="rosa",
            reason="few",
            compensating="a second look",
            expires=expires,
            bound=BOUND,
            at="2026-09-29T11:00:00Z",
        )
        return self.consent(act, ROSA)

    def revoke(self, consent: str, at: str) -> int:
        """Append the revocation of a consent."""
        found = next(
            payload
            for content in self.documents.values()
            if b"payloadType" in content
            if (payload := dsse.decode_base64(dsse.parse(content, name="c").payload, "c"))
            and consent_id(payload) == consent
        )
        return self.consent(Revocation(revokes=consent, by="vera", reason="r", at=at), VERA, revoked=found)[0]

    def root(self, size: int | None = None) -> str:
        """Return the root of the tree."""
        tree = MemoryTree(hash_leaf(entry) for entry in self.entries[:size])
        return tree.root().hex()

    def connection(self) -> sqlite3.Connection:
        """Return a projection of all entries."""
        connection = in_memory()
        projection.create(connection, "example.com/log", of("keys"))
        reads = [read_entry(index, entry, TRUST.keys()) for index, entry in enumerate(self.entries)]
        projection.project(connection, reads, size=len(reads), root=self.root())
        return connection

    def view(self, size: int | None = None, **more: Any) -> View:  # noqa: ANN401 - as `make_event`
        """Return a view of the first entries, or of all."""
        reached = len(self.entries) if size is None else size
        return View(
            connection=self.connection(),
            shards=(ShardReach(origin="example.com/log", first=0, size=reached, root=self.root(size)),),
            documents=self.documents,
            trust=TRUST,
            people=self.people,
            **more,
        )
