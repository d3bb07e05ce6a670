"""The kinds of evidence that controls may ask for: a closed vocabulary, so that a misspelt one is found."""

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
