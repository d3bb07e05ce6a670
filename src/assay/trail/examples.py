"""An example of every type of event; the pages of reference are made of them, and a test reads each one back."""

from __future__ import annotations

from typing import Any

from assay.records.canonical import sha256_hex

AT = "2026-10-01T09:30:00Z"
VERA, ROSA, MILA = (f"p_{digit * 32}" for digit in "abc")


def of(what: str) -> str:
    """Return the digest of a word, in the place of the digest of a thing."""
    return sha256_hex(what.encode())


_VERSION = {"model": "mortgage-approval", "version": "2"}
_FILES = {**_VERSION, "model_sha256": of("model 2")}
_TESTED = {**_FILES, "policy_sha256": of("policy"), "evidence_sha256": of("evidence")}

EXAMPLES: dict[str, dict[str, Any]] = {
    "log.opened": {
        "origin": "logs.example.com/credit/2027",
        "predecessor": "logs.example.com/credit/2026",
        "predecessor_size": 70000,
        "predecessor_root": of("root"),
        "predecessor_checkpoint_sha256": of("checkpoint"),
    },
    "log.frozen": {"origin": "logs.example.com/credit/2026", "successor": "logs.example.com/credit/2027"},
    "key.rotated": {
        "whose": "logs.example.com/credit/2026",
        "old_key_sha256": of("old key"),
        "new_key_sha256": of("new key"),
        "from_size": 41000,
        "reason": "planned",
    },
    "witness.changed": {"witness": "witness.example.org", "key_sha256": of("key"), "change": "added", "quorum": 2},
    "clock.skew": {"host": "ci-7", "seconds": 95, "direction": "ahead", "measured_against": "tsa.example.org"},
    "verify.run": {
        "size": 70000,
        "root": of("root"),
        "outcome": "clean",
        "problems": 0,
        "report_sha256": of("report"),
        "finished_at": AT,
    },
    "log.delivered": {
        "origin": "logs.example.com/credit/2026",
        "pipeline": "credit-ci",
        "first": 70000,
        "entries": 9,
        "root": of("root"),
        "checkpoint_sha256": of("checkpoint"),
        "delivery_sha256": of("delivery"),
        "apart": [5, 6],
    },
    "release.delivered": {
        **_TESTED, "origin": "logs.example.com/credit/2026", "pipeline": "credit-ci", "system": "mortgage-approval",
        "stage": "release", "decision": "allow", "verdict_sha256": of("verdict"),
    },
    "model.registered": {
        **_FILES, "owner": ROSA, "exposure": "high", "purpose": "credit-decision", "tier": "high", "author": MILA,
    },
    "model.retired": {**_VERSION, "by": ROSA, "reason_sha256": of("reason")},
    "run.started": {
        "run": "train-2026-09-28",
        "job": "train-mortgage-approval",
        "kind": "training",
        "code_sha256": of("commit"),
        "hyperparameters": {"penalty": "l2", "C": "0.5"},
        "inputs": {"train": of("train")},
    },
    "run.iterations": {
        "run": "train-2026-09-28",
        "first": 0,
        "last": 99,
        "satisfied": 96,
        "breached": 3,
        "undecided": 1,
        "failed": 0,
        "first_breached": 97,
        "metrics": {"race-gap/race": "0.1634"},
        "lines_sha256": of("lines"),
    },
    "run.finished": {
        "run": "train-2026-09-28",
        "job": "train-mortgage-approval",
        "outcome": "complete",
        "metrics": {"roc_auc": "0.8213"},
        "outputs": {"mortgage-approval": of("model 2")},
    },
    "dataset.registered": {
        "dataset": "loans-2026-09",
        "dataset_sha256": of("train"),
        "role": "train",
        "rows": 391,
        "source": "postgres://warehouse/loans.applications",
    },
    "import.batch": {
        "source": "old-registry",
        "source_sha256": of("history.jsonl"),
        "form": "assay-events",
        "events": 412,
        "earliest": "2023-01-09T08:00:00Z",
        "latest": "2026-08-31T16:00:00Z",
        "importer": MILA,
        "importer_role": "platform engineer",
    },
    "validation.criteria": {
        **_VERSION, "policy": "fair-lending", "policy_sha256": of("policy"), "dataset_sha256": of("test"), "by": VERA,
    },
    "mitigation.searched": {
        **_FILES,
        "verdict_sha256": of("verdict"),
        "policy_sha256": of("policy"),
        "search": "remedies",
        "record_sha256": of("search"),
        "metric": "demographic_parity_difference",
        "over": "race",
        "candidates": 13,
        "measured": 9,
        "holding": 2,
        "recommended": "threshold",
        "chosen": "threshold",
        "new_version": "3",
        "new_model_sha256": of("model 3"),
        "by": MILA,
    },
    "validation.result": {
        **_TESTED,
        "outcome": "failed",
        "policy": "fair-lending",
        "passed": ["four-fifths/race=black", "ranks-well"],
        "failed": ["race-gap/race"],
        "unknown": ["race-gap/race"],
    },
    "validation.challenge": {
        "model": "mortgage-approval", "version": "2", "champion": "1", "people": 1989, "outcome": "worse",
        "margin": "0.02", "worse": ["accuracy/race=black"], "better": ["selection_rate/race=black"],
        "challenge_sha256": of("challenge"), "by": VERA,
    },
    "review.comment": {
        **_VERSION, "about": "race-gap/race", "comment_sha256": of("words"), "by": VERA, "role": "validator",
    },
    "approval.granted": {
        **_TESTED, "by": VERA, "role": "validator", "comment_sha256": of("words"), "consent": "792a2086316c5fd3",
    },
    "approval.denied": {**_FILES, "by": VERA, "role": "validator", "comment_sha256": of("words")},
    "approval.revoked": {
        "consent": "792a2086316c5fd3", "by": VERA, "second": ROSA, "reason_sha256": of("reason"),
    },
    "waiver.granted": {
        **_TESTED,
        "control": "race-and-sex-gap",
        "expires": "2027-01-22",
        "by": ROSA,
        "role": "risk-owner",
        "reason_sha256": of("reason"),
        "compensating_sha256": of("compensating"),
        "consent": "0d12fc4617ef1398",
    },
    "override.granted": {
        **_FILES,
        "decision": "undecided",
        "by": ROSA,
        "role": "risk-owner",
        "second": VERA,
        "reason_sha256": of("reason"),
        "expires": "2026-10-15",
    },
    "gate.decision": {
        **_TESTED,
        "decision": "allow",
        "policy": "fair-lending",
        "verdict_sha256": of("verdict"),
        "controls_passed": ["four-fifths", "ranks-well"],
        "consents": ["792a2086316c5fd3"],
    },
    "deployment.started": {"deployment": "d-418", **_FILES, "environment": "production", "by": MILA},
    "deployment.finished": {
        "deployment": "d-418", **_FILES, "environment": "production", "outcome": "succeeded", "by": MILA,
    },
    "deployment.rolled_back": {
        "deployment": "d-418",
        **_VERSION,
        "environment": "production",
        "to_version": "1",
        "to_model_sha256": of("model 1"),
        "reason_sha256": of("reason"),
        "by": MILA,
    },
    "image.built": {"image": "registry.example.com/credit/scorecard", "image_sha256": of("image 2"), **_FILES},
    "record.read": {"what": "model-version", "which": "/models/mortgage-approval/2", "by": VERA},
    "admission.decided": {
        "cluster": "prod-eu",
        "request": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "operation": "CREATE",
        "kind": "Deployment",
        "workload": "credit/scorecard",
        "outcome": "denied",
        "status": "lapsed",
        "reference": f"registry.example.com/credit/scorecard@sha256:{of('image 2')}",
        "image_sha256": of("image 2"),
        **_FILES,
        "verdict_sha256": of("verdict"),
        "by": MILA,
    },
    "admission.counted": {
        "cluster": "prod-eu",
        "first": "2026-10-01T09:20:00Z",
        "last": AT,
        "allowed": 118,
        "exempt": 12,
        "denied_again": 31,
        "versions": {"mortgage-approval/2": 118},
    },
    "registry.allowed": {
        "registry": "mlflow-production", "door": "alias", "mark": "champion", **_FILES,
        "verdict_sha256": of("verdict"),
    },
    "registry.refused": {
        "registry": "mlflow-production", "door": "stage", "mark": "Production", **_FILES, "why": "not-cleared",
    },
    "registry.reverted": {
        "registry": "mlflow-production", "door": "alias", "mark": "champion", **_VERSION,
        "model_sha256": of("model 2"), "why": "not-cleared", "to_version": "1", "outcome": "reverted",
    },
    "monitor.alert": {
        "alert": "a-77",
        **_VERSION,
        "kind": "fairness",
        "metric": "selection_rate",
        "group": {"race": "black"},
        "measured": "0.41",
        "limit": "0.55",
        "severity": "high",
        "evidence_sha256": of("measured"),
    },
    "monitor.ack": {"alert": "a-77", "by": MILA},
    "monitor.resolved": {"alert": "a-77", "how": "remediated", "evidence_sha256": of("measured"), "by": MILA},
    "remediation.opened": {
        "remediation": "r-12",
        **_VERSION,
        "finding": "race-gap/race",
        "severity": "high",
        "owner": MILA,
        "due": "2026-11-30",
        "plan_sha256": of("plan"),
    },
    "remediation.assigned": {"remediation": "r-12", "owner": MILA, "due": "2026-12-15", "by": VERA},
    "remediation.acted": {"remediation": "r-12", "by": MILA, "evidence_sha256": of("what was done")},
    "remediation.closed": {"remediation": "r-12", "by": MILA, "evidence_sha256": of("evidence")},
    "remediation.retested": {
        "remediation": "r-12", "outcome": "passed", "by": VERA, "evidence_sha256": of("retest"),
    },
    "monitor.assigned": {"alert": "a-77", "owner": MILA, "due": "2026-11-30", "by": VERA},
    "incident.declared": {
        "incident": "a-77",
        "alert": "a-77",
        **_VERSION,
        "harms": ["fundamental-rights"],
        "aware_at": "2026-10-01T08:00:00Z",
        "clause": "eu-ai-act:73(2)",
        "due_at": "2026-10-16T08:00:00Z",
        "route": "not-stated",
        "applies_from": "2026-08-02",
        "clocks_sha256": of("clocks"),
        "by": ROSA,
    },
    "incident.reported": {
        "incident": "a-77", "form": "initial", "authority": "market-surveillance.example", "by": ROSA,
        "report_sha256": of("report"),
    },
    "alert.delivered": {"channel": "team", "alerts": ["a-77"], "message_sha256": of("message"), "attempt": 2},
    "alert.undelivered": {
        "channel": "team", "alerts": ["a-77"], "message_sha256": of("message"), "attempt": 1, "why": "refused",
        "status": 500, "next_at": "2026-10-01T09:31:00Z",
    },
    "reasons.given": {
        **_FILES, "batch": "r00112233445566aa", "reasons_sha256": of("reasons"), "mapping_sha256": of("reasons.yaml"),
        "method": "additive", "reference": "passing", "asked": 250, "denied": 41, "flagged": 0,
    },
    "control.attested": {
        "framework": "eu-ai-act",
        "pack": "2026-07-27",
        "control": "9(5)",
        "control_sha256": of("control"),
        "says": "met",
        **_FILES,
        "until": "2027-10-01",
        "by": ROSA,
        "role": "risk-owner",
        "statement_sha256": of("words"),
    },
    "risk.recorded": {
        "risk": "refused-by-postcode",
        **_VERSION,
        "harm": "fundamental-rights",
        "likelihood": 3,
        "severity": 4,
        "hazard_sha256": of("hazard"),
        "measures_sha256": of("measures"),
        "measure": "design",
        "residual_likelihood": 1,
        "residual_severity": 4,
        "accepted": "yes",
        "tests": ["race-gap", "no-turn-on-stand-ins"],
        "monitors": ["selection_rate"],
        "owner": ROSA,
        "by": ROSA,
        "role": "risk-owner",
    },
    "account.changed": {
        "account": VERA, "change": "permitted", "roles": ["validator", "risk-owner"], "systems": ["mortgage-approval"],
        "key_sha256": of("key of Vera"), "by": ROSA,
    },
    "pipeline.changed": {
        "pipeline": "credit-nightly", "change": "registered", "systems": ["mortgage-approval"], "by": ROSA,
    },
    "session.opened": {
        "session": "s_8d3c64c5ab05a7a2e6b1bfc2b8c3a1d0", "account": VERA, "how": "passkey",
        "origin": "2N0dYrRyYB3vpWUXLsmZl4MHyJVeFkpY5bbgPZ4d5Zc",
    },
    "session.closed": {
        "session": "s_8d3c64c5ab05a7a2e6b1bfc2b8c3a1d0", "account": VERA, "reason": "signed-out", "by": VERA,
    },
    "session.refused": {
        "account": VERA, "how": "password", "reason": "wrong",
        "origin": "2N0dYrRyYB3vpWUXLsmZl4MHyJVeFkpY5bbgPZ4d5Zc",
    },
    "request.opened": {
        "request": "q_1f0c64c5ab05a7a2e6b1bfc2b8c3a1d0", "what": "erasure", "expires_at": AT,
        "about_commitment": "2N0dYrRyYB3vpWUXLsmZl4MHyJVeFkpY5bbgPZ4d5Zc",
        "reason_commitment": "kT8dYrRyYB3vpWUXLsmZl4MHyJVeFkpY5bbgPZ4d5Zc", "asked_by": ROSA,
    },
    "request.decided": {
        "request": "q_1f0c64c5ab05a7a2e6b1bfc2b8c3a1d0", "what": "erasure", "outcome": "consented",
        "said_commitment": "2N0dYrRyYB3vpWUXLsmZl4MHyJVeFkpY5bbgPZ4d5Zc", "asked_by": ROSA, "by": VERA,
    },
    "privacy.erasure": {
        "erasure": "x-3", "person": VERA, "ground": "request", "disclosures": 2, "role": "data-protection-officer",
        "reason_commitment": "2N0dYrRyYB3vpWUXLsmZl4MHyJVeFkpY5bbgPZ4d5Zc",
        "replaced": {of("verdict"): of("verdict without her")}, "destroyed": [of("minutes")],
    },
    "privacy.erasure.done": {
        "erasure": "x-3", "stores": ["people", "projection", "exports"], "disclosures": 2, "left": 0,
    },
    "report.issued": {
        "report": "production", "report_sha256": of("report"), "size": 70000, "template": "assay-0.1.0", "to": ROSA,
    },
}  # fmt: skip
