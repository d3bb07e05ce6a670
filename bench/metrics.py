"""Tally to all measurements, rows to all measurements, and Fairlearn's MetricFrame on the same rows: CPU seconds.

Run it with::

    python -m bench.metrics [ROWS] [REPEATS]

60 groups (three attributes and their whole intersection), every metric and interval, for each way in which a tally
keeps scores: what that costs does not depend on the rows. The peer computes seven metrics without intervals for the
same groups; its cost grows with rows, so the rows are said. Whole processes include start, imports and reading the
Parquet file.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.main_job import write_table
from bench.measured import cost_of

from assay.metrics import measure
from assay.metrics.intervals.extremes import pairs_quantile
from assay.records.tally import EXACT_ROWS, EXACT_SCORES, Roles, Tally

ROWS = 1_000_000
COUNTED = 100_000
ATTRIBUTES = ("race", "sex", "age_band")
KINDS = (("white", "black", "hispanic", "asian", "other"), ("female", "male"), tuple("abcdef"))
BINS, DIFFERENT, PEOPLE, WEIGHTS = (
    "scores in 512 bins",
    f"{EXACT_SCORES} different scores",
    f"{EXACT_ROWS:,} rows, each with a score of its own",
    "scores in 512 bins, weights",
)
BUDGETED = 15
"""How many metrics the design's budget of 50 ms is for."""
SEED = 20_261_123


def columns(rows: int) -> dict[str, list[Any]]:
    """Return seeded rows: three attributes, label, prediction and score."""
    draw = random.Random(SEED)  # noqa: S311 - rows for a benchmark, not secrets
    found = {name: [draw.choice(kinds) for _ in range(rows)] for name, kinds in zip(ATTRIBUTES, KINDS, strict=True)}
    score = [draw.random() for _ in range(rows)]
    label = [int(draw.random() < value) for value in score]
    weight = [draw.uniform(0.5, 1.5) for _ in range(rows)]
    prediction = [int(value > 0.5) for value in score]
    return {**found, "score": score, "label": label, "prediction": prediction, "weight": weight}


def tally_of(rows: dict[str, list[Any]], kind: str) -> Tally:
    """Count rows by the engine; counting itself is what `bench.tally` times."""
    import pyarrow as pa  # noqa: PLC0415 - tables are only what the engine is given

    from assay.tabular import tally_rows  # noqa: PLC0415 - imports the engine

    few = EXACT_ROWS if kind == PEOPLE else len(rows["score"])
    table = pa.table({name: column[:few] for name, column in rows.items()})
    if kind == DIFFERENT:
        kept = [round(value * (EXACT_SCORES - 1)) / (EXACT_SCORES - 1) for value in rows["score"]]
        table = table.set_column(table.column_names.index("score"), "score", [kept])
    weight = "weight" if kind == WEIGHTS else None
    roles = Roles(label="label", prediction="prediction", score="score", weight=weight, protected=ATTRIBUTES)
    return tally_rows(table, roles)


def peer(table: str) -> None:
    """Run Fairlearn's MetricFrame on a table: each attribute and the intersection, seven metrics, no intervals."""
    import pandas as pd  # noqa: PLC0415 - only the peer needs it
    from fairlearn import metrics as fairlearn  # noqa: PLC0415
    from sklearn import metrics as sklearn  # noqa: PLC0415

    frame = pd.read_parquet(table, columns=["label", "prediction", *ATTRIBUTES])
    metrics = {
        "selection_rate": fairlearn.selection_rate,
        "true_positive_rate": fairlearn.true_positive_rate,
        "false_positive_rate": fairlearn.false_positive_rate,
        "false_negative_rate": fairlearn.false_negative_rate,
        "precision": sklearn.precision_score,
        "accuracy": sklearn.accuracy_score,
        "f1": sklearn.f1_score,
    }
    for names in [*([name] for name in ATTRIBUTES), [*ATTRIBUTES]]:
        found = fairlearn.MetricFrame(
            metrics=metrics, y_true=frame["label"], y_pred=frame["prediction"], sensitive_features=frame[names]
        )
        found.difference()
        found.ratio()


WHOLE = """
import sys
from assay.metrics import measure
from assay.records.tally import Roles
from assay.tabular import tally_rows
roles = Roles(label="label", prediction="prediction", score="score", protected=("race", "sex", "age_band"))
assert len(measure(tally_rows(sys.argv[1], roles), intersections=[("race", "sex", "age_band")])) > 1000
"""
PEER = "import sys; from bench.metrics import peer; peer(sys.argv[1])"


def measuring(tally: Tally, repeats: int) -> tuple[int, int, float]:
    """Return how many measurements of how many metrics a tally gives, and the median CPU seconds of making them."""
    costs = []
    for _ in range(repeats + 1):
        pairs_quantile.cache_clear()
        began = time.process_time()
        found = measure(tally, intersections=[ATTRIBUTES])
        costs.append(time.process_time() - began)
    return len(found), len({one.metric for one in found}), statistics.median(costs[1:])


def main(rows: int, repeats: int) -> list[tuple[str, float, str]]:
    """Return lines of what, CPU seconds, and ratio."""
    rows_counted = columns(COUNTED)
    tallies = {kind: tally_of(rows_counted, kind) for kind in (BINS, DIFFERENT, PEOPLE, WEIGHTS)}
    costs = {kind: measuring(tally, repeats) for kind, tally in tallies.items()}
    found, metrics, mine = max(costs.values(), key=lambda cost: cost[2])
    with tempfile.TemporaryDirectory() as folder:
        table = str(Path(folder) / "rows.parquet")
        write_table(Path(table), rows)
        whole = statistics.median(cost_of([sys.executable, "-c", WHOLE, table]).cpu for _ in range(3))
        theirs = cost_of([sys.executable, "-c", PEER, table]).cpu
    return [
        *((f"tally to {many:,} measurements: {kind}", cost, "") for kind, (many, _, cost) in costs.items()),
        (f"the dearest of them, of {metrics} metrics, for every {BUDGETED}", mine * BUDGETED / metrics, ""),
        (f"{rows:,} rows to {found:,} measurements, whole process", whole, "1.0"),
        (f"Fairlearn, 7 metrics, {rows:,} rows, whole process", theirs, f"{theirs / whole:.1f}"),
        ("Fairlearn over the dearest tally to measurements", theirs, f"{theirs / mine:.0f}"),
    ]


if __name__ == "__main__":
    asked = [int(number) for number in sys.argv[1:]]
    for what, cost, times in main(asked[0] if asked else ROWS, asked[1] if len(asked) > 1 else 9):
        print(f"{what:76} {cost:9.3f} s {times:>8}")
