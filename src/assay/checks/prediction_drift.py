"""prediction-drift: how far predictions have moved from those that were approved."""

from __future__ import annotations

from assay.checks._observed import observed_check

CHECK = observed_check(
    "prediction-drift",
    "Predictions are spread as they were when the model was approved",
    (
        "selection_rate_shift",
        "score_psi",
        "score_jensen_shannon",
        "score_ks",
        "score_wasserstein",
        "prediction_psi",
        "prediction_jensen_shannon",
        "prediction_ks",
        "prediction_wasserstein",
    ),
    remedy="Find out who is asked about now: the people have changed, or an input has.",
)
