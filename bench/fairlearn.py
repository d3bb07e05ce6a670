"""Fairlearn's MetricFrame and Assay on the same rows: CPU seconds of whole processes, nothing multiplied up.

Run it with::

    python -m bench.fairlearn [ROWS]            # 10 million unless told otherwise; takes half an hour or more

Both read the same Parquet file and measure everybody, each of three attributes, and their 60 intersections. Assay
gives all of its metrics with intervals, the comparisons between groups too. Fairlearn gives the metrics that both
have, by group, with `difference` and `ratio`, and no intervals: those would be a thousand resamples, each at that cost
again. The metrics of labels and predictions are told apart from those of scores: each number stands by itself.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from itertools import accumulate
from pathlib import Path

from bench.main_job import write_table
from bench.measured import Cost, cost_of, machine
from bench.metrics import ATTRIBUTES, WHOLE

ROWS = 10_000_000
REPEATS = 3
PEER = "import sys; from bench.fairlearn import peer; peer(sys.argv[1])"


def _metrics() -> dict[str, dict[str, object]]:
    """Return Fairlearn's and scikit-learn's functions by the column that they judge."""
    from fairlearn import metrics as fairlearn  # noqa: PLC0415 - only the peer needs it
    from sklearn import metrics as sklearn  # noqa: PLC0415 - as above

    return {
        "prediction": {
            "selection_rate": fairlearn.selection_rate,
            "true_positive_rate": fairlearn.true_positive_rate,
            "false_positive_rate": fairlearn.false_positive_rate,
            "true_negative_rate": fairlearn.true_negative_rate,
            "false_negative_rate": fairlearn.false_negative_rate,
            "precision": sklearn.precision_score,
            "accuracy": sklearn.accuracy_score,
            "f1": sklearn.f1_score,
        },
        "score": {
            "mean_score": fairlearn.mean_prediction,
            "brier_score": sklearn.brier_score_loss,
            "log_loss": sklearn.log_loss,
            "roc_auc": sklearn.roc_auc_score,
        },
    }


def peer(table: str) -> None:
    """Measure, and print the CPU seconds of the process so far after each step: a line of JSON a step."""
    import pandas as pd  # noqa: PLC0415 - only the peer needs it
    from fairlearn.metrics import MetricFrame  # noqa: PLC0415 - as above

    def tell(step: str) -> None:
        print(json.dumps({"step": step, "cpu": time.process_time()}), flush=True)
        print(f"  {step}: {time.process_time():,.0f} s so far", file=sys.stderr, flush=True)

    frame = pd.read_parquet(table, columns=["label", "prediction", "score", *ATTRIBUTES])
    tell("read")
    for column, metrics in _metrics().items():
        for names in [*([name] for name in ATTRIBUTES), [*ATTRIBUTES]]:
            found = MetricFrame(
                metrics=metrics, y_true=frame["label"], y_pred=frame[column], sensitive_features=frame[names]
            )
            found.difference()
            found.ratio()
            tell(f"{len(metrics)} metrics of {column} by {', '.join(names)}")


def steps(cost: Cost) -> list[tuple[str, float]]:
    """Return each step of the peer with its own CPU seconds."""
    found = [json.loads(line) for line in cost.output.splitlines()]
    before = [0.0, *(step["cpu"] for step in found)]
    return [(step["step"], step["cpu"] - start) for step, start in zip(found, before, strict=False)]


def main(rows: int) -> None:
    """Run both and print one Markdown table."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        table = Path(folder) / "rows.parquet"
        write_table(table, rows)
        runs = [cost_of([sys.executable, "-c", WHOLE, str(table)]) for _ in range(REPEATS + 1)][1:]
        mine, memory = statistics.median(run.cpu for run in runs), max(run.memory for run in runs)
        print(f"Assay: {mine:.2f} s; now Fairlearn ...", file=sys.stderr, flush=True)
        theirs = cost_of([sys.executable, "-c", PEER, str(table)])
    print(f"| {rows:,} rows, 60 groups, whole processes | CPU s | over Assay | peak MB |\n|---|---:|---:|---:|")
    print(f"| Assay: all metrics, intervals, comparisons | {mine:.2f} | 1 | {memory:,.0f} |")
    found = steps(theirs)
    for (step, cost), total in zip(found, accumulate(cost for _, cost in found), strict=True):
        print(f"| Fairlearn: {step} | {cost:,.0f} | {cost / mine:,.0f} (so far {total / mine:,.0f}) | |")
    print(f"| Fairlearn, whole | {theirs.cpu:,.0f} | {theirs.cpu / mine:,.0f} | {theirs.memory:,.0f} |")
    print(f"\n{machine()}")


if __name__ == "__main__":
    main(int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else ROWS)
