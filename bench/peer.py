"""The peer: Fairlearn's MetricFrame on a table of predictions, in a process of its own.

Run as `python -m bench.peer TABLE [RESAMPLES]`. It prints the CPU seconds of reading the columns, of the MetricFrame,
and of the intervals (`n_boot` resamples), which is how Fairlearn gives them.
"""

from __future__ import annotations

import json
import sys
import time

ATTRIBUTES = ["race", "sex", "age_band"]


def main(table: str, resamples: int) -> dict[str, float]:
    """Measure the metrics that both have, by group and overall, and return the seconds of each part."""
    import pandas as pd  # noqa: PLC0415 - what reading costs is part of the measurement
    from fairlearn.metrics import MetricFrame, false_negative_rate, false_positive_rate, selection_rate  # noqa: PLC0415
    from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score  # noqa: PLC0415

    metrics = {
        "selection_rate": selection_rate,
        "true_positive_rate": recall_score,
        "false_positive_rate": false_positive_rate,
        "false_negative_rate": false_negative_rate,
        "precision": precision_score,
        "accuracy": accuracy_score,
        "f1": f1_score,
    }
    began = time.process_time()
    frame = pd.read_parquet(table, columns=["label", "prediction", *ATTRIBUTES])
    read = time.process_time()

    def measure(n_boot: int | None) -> None:
        found = MetricFrame(
            metrics=metrics, y_true=frame["label"], y_pred=frame["prediction"], sensitive_features=frame[ATTRIBUTES],
            n_boot=n_boot, ci_quantiles=[0.025, 0.975] if n_boot else None, random_state=0,
        )  # fmt: skip
        found.difference()
        found.ratio()

    measure(None)
    measured = time.process_time()
    if resamples:
        measure(resamples)
    return {
        "read": read - began,
        "measure": measured - read,
        "resample": (time.process_time() - measured) / resamples if resamples else 0.0,
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)))
