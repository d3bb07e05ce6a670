"""Auditor bundles in memory, written by the rooms that write logs and statements; any part of them can be bent."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from assay.attest import dsse
from assay.attest.keys import PrivateKey, Signer
from assay.tlog.checkpoint import Checkpoint
from assay.tlog.merkle import hash_leaf
from assay.tlog.note import Note
from assay.tlog.proof import Proof
from assay.tlog.signer import signer_key
from assay.tlog.tree import MemoryTree, inclusion_proof

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assay.tlog.signer import SignerKey

    Edit = Callable[[dict[str, Any]], object]

ROLES = {"mila": "data-scientist", "vera": "validator", "rosa": "risk-owner", "eve": "validator"}
ORIGIN = "logs.example.com/lending"
FOLDER = "releases/lending/1"
RESULT = "https://in-toto.io/attestation/test-result/v0.1"
VERIFIED = "https://in-toto.io/attestation/svr/v0.2"
MEASURED = "https://assay/event/evidence.measured/v1"
APPROVED = "https://assay/event/approval.granted/v1"
WAIVED = "https://assay/event/waiver.granted/v1"
REVOKED = "https://assay/event/approval.revoked/v1"
COMMENT = b"Looked at the intervals by race."


def seed(name: str) -> bytes:
    """Return the private key of a test's person: fixed, and worthless."""
    return sha256(b"assay test key " + name.encode()).digest()


def person(name: str) -> Signer:
    return Signer(name, PrivateKey(seed(name)))


def key_of(name: str) -> str:
    return base64.b64encode(person(name).public.der).decode()


LOG = signer_key(ORIGIN, seed("log"))
WITNESSES = {name: signer_key(f"{name}.example.com", seed(name), 4) for name in ("w1", "w2", "w3")}


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def dumps(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def manifest(members: Mapping[str, bytes], releases: Sequence[str] = (FOLDER,)) -> dict[str, bytes]:
    """Return the members with a manifest that agrees with them, whatever they are."""
    others = {name: content for name, content in members.items() if name != "MANIFEST.json"}
    digests = {name: digest(content) for name, content in others.items()}
    document = {"schema": "assay.auditor-bundle/v1", "releases": list(releases), "members": digests}
    return {**others, "MANIFEST.json": dumps(document)}


def trust_document() -> dict[str, Any]:
    people = [{"name": name, "roles": [role], "key": key_of(name)} for name, role in ROLES.items() if name != "eve"]
    return {"schema": "assay.auditor-trust/v1", "people": people, "logs": [str(LOG.verifier)]}


def subjects(digests: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"name": name, "digest": {"sha256": one}} for name, one in digests.items()]


class Making:
    """One bundle in the making: each document passes the edit of its name, if there is one, before it is written."""

    def __init__(
        self,
        edits: Mapping[str, Edit] | None = None,
        *,
        signers: Mapping[str, Sequence[str]] | None = None,
        witnesses: Mapping[str, int] | None = None,
        log_key: SignerKey = LOG,
        second_key: SignerKey | None = None,
        policy: str | None = None,
    ) -> None:
        self.edits, self.signers = dict(edits or {}), dict(signers or {})
        self.witnesses, self.log_key, self.policy = dict(witnesses or {}), log_key, policy
        self.second_key = second_key
        self.entries = [b"entry %d" % number for number in range(5)]
        self.members: dict[str, bytes] = {}

    def edited(self, name: str, document: dict[str, Any]) -> dict[str, Any]:
        self.edits.get(name, lambda _: None)(document)
        return document

    def signed(self, name: str, kind: str, digests: Mapping[str, str], predicate: dict[str, Any], by: str) -> bytes:
        """Return a signed statement."""
        document = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": subjects(digests),
            "predicateType": kind,
            "predicate": predicate,
        }
        document = json.loads(dumps(document))  # what an edit changes is shared with nothing
        payload = dumps(self.edited(name, document))
        return dsse.sign(payload, [person(one) for one in self.signers.get(name, [by])]).content()

    def consent(self, name: str, kind: str, digests: Mapping[str, str], predicate: dict[str, Any]) -> str:
        """Put a consent into the bundle and return its id."""
        content = self.signed(name, kind, digests, predicate, predicate["by"])
        identity = digest(base64.b64decode(json.loads(content)["payload"]))[:16]
        entry = dumps({"schema": "assay.consent-digest/v1", "envelopeSha256": digest(content)})
        self.members[f"consents/{identity}.dsse.json"] = content
        self.entries.append(entry)
        self.members[f"consents/{identity}.tlog-proof"] = entry
        return identity

    def claim(self, stem: str, kind: str, digests: Mapping[str, str], predicate: dict[str, Any]) -> None:
        content = self.signed(stem, kind, digests, predicate, "mila")
        self.members[f"statements/{stem}.dsse.json"] = content
        if kind != MEASURED:
            self.entries.append(content)
            self.members[f"statements/{stem}.tlog-proof"] = content

    def make(self) -> dict[str, bytes]:
        """Return the members of the bundle."""
        tally = dumps({"rows": 2})
        version = {"name": "lending", "version": "1", "sha256": "a1" * 32}
        evidence = dumps(
            self.edited(
                "evidence",
                {
                    "system": "lending",
                    "model": version,
                    "datasets": [{"role": "test", "sha256": "b2" * 32}, {"role": "train", "sha256": "d4" * 32}],
                    "tally_sha256": digest(tally),
                },
            )
        )
        datasets = {"test": "b2" * 32, "train": "d4" * 32}
        policy = {"name": "fair", "version": "3", "sha256": "c3" * 32}
        about = {"lending": "a1" * 32, **{f"dataset:{role}": one for role, one in datasets.items()}}
        uses = self._consents(datasets, policy["sha256"], digest(evidence))
        findings = [
            {"id": "gap/sex", "control": "gap", "status": "pass"},
            {"id": "gap/sex=unknown", "control": "gap", "status": "not-applicable"},
            {"id": "auc", "control": "auc", "status": "fail"},
        ]
        verdict_document = {
            "decision": "allow", "system": "lending", "model": "lending", "version": "1",
            "model_sha256": "a1" * 32, "datasets": datasets, "policy": policy, "evidence_sha256": digest(evidence),
            "findings": findings, "consents": uses, "decided_at": "2026-11-23T04:00:01Z",
            "decided_by": {"identity": "mila", "key": person("mila").key_id},
        }  # fmt: skip
        verdict = dumps(self.edited("verdict", json.loads(dumps(verdict_document))))
        self.members |= {"evidence.json": evidence, "tally.json": tally, "verdict.json": verdict, "report.html": b"<p>"}
        measured = {**about, "tally.json": digest(tally), "evidence.json": digest(evidence)}
        self.claim("measured-evidence", MEASURED, measured, {"system": "lending"})
        self.claim("test-result", RESULT, measured, {"result": "FAILED", "passedTests": ["gap/sex"]})
        decided = {
            **about,
            "policy:fair": "c3" * 32,
            "evidence.json": digest(evidence),
            "verdict.json": digest(verdict),
        }
        properties = ["ASSAY_DECISION_ALLOW", "ASSAY_CONTROL_PASSED gap"]
        predicate = {"timeCreated": "2026-11-23T04:00:01Z", "properties": properties}
        self.claim("verification-result", VERIFIED, decided, predicate)
        return self._bundle()

    def _consents(self, datasets: dict[str, str], policy: str, evidence: str) -> list[dict[str, Any]]:
        digests = {
            "model": "a1" * 32,
            **{f"dataset:{role}": one for role, one in datasets.items()},
            "policy": policy,
            "evidence.json": evidence,
        }
        bound = {"model_sha256": "a1" * 32, "datasets": datasets, "policy_sha256": policy, "evidence_sha256": evidence}
        at = "2026-11-22T10:00:00Z"
        approval = {"by": "vera", "role": "validator", "bound": bound, "at": at, "commentSha256": digest(COMMENT)}
        waiver = {
            "by": "rosa",
            "role": "risk-owner",
            "bound": bound,
            "at": at,
            "control": "auc",
            "expires": "2027-01-01",
        }
        approved = self.consent("approval", APPROVED, digests, approval)
        waived = self.consent("waiver", WAIVED, digests, waiver)
        self.members[f"consents/{approved}.txt"] = COMMENT
        self.edits.get("more", lambda _: None)({"making": self, "approved": approved})
        return [
            {"id": approved, "kind": "approval", "by": "vera", "status": "counted"},
            {"id": waived, "kind": "waiver", "by": "rosa", "status": "obeyed"},
        ]

    def _bundle(self) -> dict[str, bytes]:
        tree = MemoryTree([hash_leaf(entry) for entry in self.entries])
        text = Checkpoint(ORIGIN, len(self.entries), tree.root()).text()
        marks = [self.log_key.sign(text), *(WITNESSES[name].cosign(text, at) for name, at in self.witnesses.items())]
        marks += [] if self.second_key is None else [self.second_key.cosign(text, 1)]
        note = Note(text, tuple(marks)).content()
        for name, entry in self.members.items():
            if name.endswith(".tlog-proof"):
                index = self.entries.index(entry)
                hashes = tuple(inclusion_proof(index, len(self.entries), tree.node))
                self.members[name] = Proof(index, hashes, note).content()
        found = {f"{FOLDER}/{name}": content for name, content in self.members.items()}
        found["trust.json"] = dumps(self.edited("trust", trust_document()))
        if self.policy is not None:
            found["tlog-policy.txt"] = self.policy.encode()
        return manifest(found)


def make(edits: Mapping[str, Edit] | None = None, **options: Any) -> dict[str, bytes]:  # noqa: ANN401 - the options of Making
    """Return the members of a bundle that holds, but for the edits."""
    return Making(edits, **options).make()


def changed(members: Mapping[str, bytes], name: str, change: Callable[[bytes], bytes]) -> dict[str, bytes]:
    """Return members of which one was changed, and the manifest with it."""
    return manifest({**members, name: change(members[name])})


def without(members: Mapping[str, bytes], *names: str) -> dict[str, bytes]:
    """Return members of which some are gone, from the manifest too."""
    return manifest({name: content for name, content in members.items() if name not in names})


def named(members: Mapping[str, bytes], start: str, end: str = "") -> list[str]:
    """Return the names of members in the release that begin and end so."""
    return sorted(name for name in members if name.startswith(f"{FOLDER}/{start}") and name.endswith(end))
