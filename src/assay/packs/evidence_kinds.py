"""The kinds of evidence that controls may ask for: a closed vocabulary, so that a misspelt one is found.

Assay holds some of them; what would record each stands here. Of all others it knows nothing, whatever lies in a drawer:
what rests on those alone only a person can say, and attests.
"""

from __future__ import annotations

_LIST = """
    access_policy accessibility_report adversarial_test_report adverse_action_notice alert_record annotation_record
    approval_record architecture_doc artifact_signature attachment attestation audit_export authorisation_record
    backtest_report benchmark_report bias_audit_report bias_report ce_marking_record challenge_record change_assessment
    change_log change_procedure ci_record classification_assessment code_adherence_record code_commit committee_minutes
    communication_log compute_record conformity_assessment_record conformity_checklist consent_record
    consistency_report contingency_plan contract control_record corrective_action_record crawl_log data_gap_log
    data_quality_report data_transform_record dataset_lineage dataset_profile dataset_snapshot_hash datasheet
    declaration_of_conformity decommission_record deletion_record dependency_graph design_doc design_review_record dpia
    drift_report dual_verification_log egress_log energy_record env_lock eval_results evidence_freeze exception_record
    explanation_record fallback_test feature_list feedback_loop_analysis feedback_record findings_tracker fria
    hazard_analysis impact_assessment incident_drill incident_record incident_report_submission input_schema
    instructions_for_use intended_purpose_record internal_audit_record licence_record log_integrity_proof
    log_retention_policy log_schema_check management_review_record materiality_tiering metric_rationale
    metric_threshold_predeclaration misuse_scenarios model_card model_inventory_entry model_version_record
    monitoring_plan monitoring_report mrm_report notification_record notified_body_certificate override_log
    oversight_assignment oversight_design oversight_test parity_test performance_monitoring policy_document policy_pack
    predetermined_change_plan privacy_test_report procedure_document process_verification published_summary qms_manual
    raci record_index registration_record release_record representativeness_report request_log residual_risk_signoff
    resource_plan restriction_record retention_check review_record risk_register risk_review_record robustness_report
    ropa_entry runtime_log sbom_mlbom security_scan sensitivity_analysis special_category_access_log standards_list
    stop_control_test subgroup_metrics supplier_record technical_documentation test_log test_plan test_report_signed
    threat_model trade_off_record training_content_summary training_record training_run_record url_snapshot
    usability_test_report usage_policy_check user_disclosure user_profile_record validation_report vuln_record
    watermark_check
"""

KINDS = frozenset(_LIST.split())

_RUN, _MONITORING = "assay run", "assay run --stage monitoring"
_RISK = "assay risk record"


def _run_with(*checks: str) -> str:
    return f"{_RUN}, under a control of the check {' or '.join(checks)}"


RECORDED: dict[str, str] = {
    "adversarial_test_report": _run_with("evasion"),
    "alert_record": _MONITORING,
    "approval_record": "assay approve",
    "artifact_signature": _RUN,
    "bias_report": _run_with("group-gap", "impact-ratio"),
    "code_commit": f"{_RUN}, in a folder under git",
    "control_record": f"{_RISK} --measure",
    "data_gap_log": _run_with("data-gaps"),
    "data_quality_report": _run_with("missingness", "duplicates", "schema"),
    "dataset_lineage": "assay.monitor in the training script",
    "dataset_profile": "assay run --stage data",
    "dataset_snapshot_hash": _RUN,
    "datasheet": "assay run --stage data, under a control of the check documentation",
    "drift_report": _run_with("drift"),
    "eval_results": _RUN,
    "explanation_record": "assay reasons",
    "findings_tracker": "assay remediation open",
    "hazard_analysis": _RISK,
    "incident_record": "assay incident declare-serious",
    "incident_report_submission": "assay incident report",
    "log_integrity_proof": _RUN,
    "materiality_tiering": f"{_RUN}, under a policy with tiers",
    "metric_threshold_predeclaration": f"{_RUN}, before the same files are tested under another policy",
    "model_card": _run_with("documentation"),
    "model_inventory_entry": _RUN,
    "model_version_record": _RUN,
    "monitoring_report": _MONITORING,
    "performance_monitoring": _MONITORING,
    "release_record": _RUN,
    "representativeness_report": _run_with("representation"),
    "residual_risk_signoff": f"{_RISK} --accepted",
    "risk_register": _RISK,
    "risk_review_record": f"{_RISK}, of a risk that is there",
    "robustness_report": _run_with("robustness", "worst-slice"),
    "subgroup_metrics": _RUN,
    "test_report_signed": _RUN,
    "training_run_record": "assay.monitor in the training script",
}
"""The kinds that Assay holds, each with what records it; the trail's holdings are these and no others."""
