"""Every type of event by its family, in the order in which the reference tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.trail import account_events as account
from assay.trail import admission_events as admission
from assay.trail import decision_events as decision
from assay.trail import delivery_events as delivery
from assay.trail import deployment_events as deployment
from assay.trail import explanation_events as explanation
from assay.trail import incident_events as incident
from assay.trail import lineage_events as lineage
from assay.trail import log_events as log
from assay.trail import mitigation_events as mitigation
from assay.trail import monitoring_events as monitoring
from assay.trail import obligation_events as obligation
from assay.trail import reasons_events as reasons
from assay.trail import record_events as record
from assay.trail import registry_events as registry
from assay.trail import run_events as run
from assay.trail import server_events as server
from assay.trail import validation_events as validation

if TYPE_CHECKING:
    from assay.trail.fields import Fields

FAMILIES: dict[str, dict[str, type[Fields]]] = {
    "log": {
        "log.opened": log.LogOpened,
        "log.frozen": log.LogFrozen,
        "log.retired": log.LogRetired,
        "key.rotated": log.KeyRotated,
        "witness.changed": log.WitnessChanged,
        "clock.skew": log.ClockSkew,
        "verify.run": log.VerifyRun,
        "log.delivered": delivery.LogDelivered,
    },
    "run, data": {
        "model.registered": run.ModelRegistered,
        "model.retired": run.ModelRetired,
        "run.started": run.RunStarted,
        "run.iterations": run.RunIterations,
        "run.finished": run.RunFinished,
        "dataset.registered": run.DatasetRegistered,
        "import.batch": run.ImportBatch,
        "lineage.reported": lineage.LineageReported,
    },
    "validation": {
        "validation.criteria": validation.ValidationCriteria,
        "validation.result": validation.ValidationResult,
        "validation.challenge": validation.ValidationChallenge,
        "review.comment": validation.ReviewComment,
        "finding.explained": explanation.FindingExplained,
        "mitigation.searched": mitigation.MitigationSearched,
    },
    "decision": {
        "approval.granted": decision.ApprovalGranted,
        "approval.denied": decision.ApprovalDenied,
        "approval.revoked": decision.ApprovalRevoked,
        "waiver.granted": decision.WaiverGranted,
        "override.granted": decision.OverrideGranted,
        "gate.decision": decision.GateDecision,
    },
    "deployment": {
        "deployment.started": deployment.DeploymentStarted,
        "deployment.finished": deployment.DeploymentFinished,
        "deployment.rolled_back": deployment.DeploymentRolledBack,
    },
    "admission": {
        "image.built": admission.ImageBuilt,
        "admission.decided": admission.AdmissionDecided,
        "admission.counted": admission.AdmissionCounted,
    },
    "deliveries": {
        "release.delivered": delivery.ReleaseDelivered,
    },
    "registries": {
        "registry.allowed": registry.RegistryAllowed,
        "registry.refused": registry.RegistryRefused,
        "registry.reverted": registry.RegistryReverted,
    },
    "monitoring": {
        "monitor.alert": monitoring.MonitorAlert,
        "monitor.ack": monitoring.MonitorAck,
        "monitor.resolved": monitoring.MonitorResolved,
        "remediation.opened": monitoring.RemediationOpened,
        "remediation.assigned": monitoring.RemediationAssigned,
        "remediation.acted": monitoring.RemediationActed,
        "remediation.closed": monitoring.RemediationClosed,
        "remediation.retested": monitoring.RemediationRetested,
    },
    "incidents": {
        "monitor.assigned": incident.MonitorAssigned,
        "incident.declared": incident.IncidentDeclared,
        "incident.reported": incident.IncidentReported,
        "alert.delivered": incident.AlertDelivered,
        "alert.undelivered": incident.AlertUndelivered,
    },
    "decisions on people": {
        "reasons.given": reasons.ReasonsGiven,
    },
    "obligations": {
        "control.attested": obligation.ControlAttested,
        "document.filed": obligation.DocumentFiled,
        "risk.recorded": obligation.RiskRecorded,
    },
    "reading": {
        "record.read": server.RecordRead,
    },
    "policies": {
        "policy.adopted": server.PolicyAdopted,
    },
    "accounts, sessions, requests": {
        "account.changed": account.AccountChanged,
        "pipeline.changed": account.PipelineChanged,
        "session.opened": account.SessionOpened,
        "session.closed": account.SessionClosed,
        "session.refused": account.SessionRefused,
        "request.opened": account.RequestOpened,
        "request.decided": account.RequestDecided,
    },
    "privacy, report": {
        "privacy.erasure": record.PrivacyErasure,
        "privacy.erasure.done": record.PrivacyErasureDone,
        "report.issued": record.ReportIssued,
    },
}
