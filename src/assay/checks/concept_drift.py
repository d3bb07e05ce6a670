"""concept-drift: performance and calibration of a window against the evidence that the release was approved by."""

from __future__ import annotations

from assay.checks._observed import observed_check

CHECK = observed_check(
    "concept-drift",
    "The model is as good as it was when it was approved",
    (
        "accuracy_shift",
        "true_positive_rate_shift",
        "false_positive_rate_shift",
        "precision_shift",
        "base_rate_shift",
        "roc_auc_shift",
        "brier_score_shift",
        "log_loss_shift",
        "expected_calibration_error_shift",
        "calibration_in_the_large_shift",
        "macro_f1_shift",
        "macro_precision_shift",
        "macro_recall_shift",
        "mean_error_shift",
        "mean_absolute_error_shift",
        "root_mean_squared_error_shift",
        "r2_shift",
    ),
    remedy="Train on newer rows, or recalibrate the scores.",
)
