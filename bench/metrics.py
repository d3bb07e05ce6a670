"""Tally to all measurements, rows to all measurements, and Fairlearn's MetricFrame on the same rows: CPU seconds.

Run it with::

    python -m bench.metrics [ROWS] [REPEATS]

60 groups (three attributes and their whole intersection), scores in 512 bins, every metric and interval. The peer
computes seven metrics without intervals for the same groups. Its cost grows with rows, ours hardly does; so the rows
are said. Whole processes include start, imports and reading the Parquet file.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench.main_job import write_table
from bench.measured import cost_of

from assay.metrics import measure
from assay.metrics.intervals.extremes import pairs_quantile
from assay.records.tally import Cell, Roles, ScoreCell, Scores, Tally

ROWS = 1_000_000
COUNTED = 100_000
ATTRIBUTES = ("race", "sex", "age_band")
KINDS = (("white", "black", "hispanic", "asian", "other"), ("female", "male"), tuple("abcdef"))
SEED = 20_261_123


def columns(rows: int) -> dict[str, list[Any]]:
    """Return seeded rows: three attributes, label, prediction and score."""
    draw = random.Random(SEED)  # noqa: S311 - rows for a benchmark, not secrets
    found = {name: [draw.choice(kinds) for _ in range(rows)] for name, kinds in zip(ATTRIBUTES, KINDS, strict=True)}
    score = [draw.random() for _ in range(rows)]
    label = [int(draw.random() < value) for value in score]
    return {**found, "score": score, "label": label, "prediction": [int(value > 0.5) for value in score]}


def tally_of(rows: dict[str, list[Any]]) -> Tally:
    """Count the rows plainly; counting itself is what `bench.tally` times."""
    keys = list(zip(*(rows[name] for name in ATTRIBUTES), strict=True))
    cells = Counter(zip(keys, rows["label"], rows["prediction"], strict=True))
    scores: dict[tuple[tuple[str, ...], int], list[float]] = {}
    for key, label, score in zip(keys, rows["label"], rows["score"], strict=True):
        scores.setdefault((key, int(label)), []).append(float(score))
    return Tally(
        roles=Roles(label="label", prediction="prediction", score="score", protected=ATTRIBUTES),
        rows=len(keys),
        cells=tuple(
            Cell(group=key, label=label, prediction=guess, count=count)
            for (key, label, guess), count in sorted(cells.items())
        ),
        scores=Scores(
            low=0.0,
            high=1.0,
            cells=tuple(
                ScoreCell(
                    group=key,
                    label=label,
                    bins=tuple(sorted(Counter(int(value * 512) for value in values).items())),
                    count=len(values),
                    total=round(sum(values) * 1e12),
                    squares=round(sum(value * value for value in values) * 1e12),
                    log_losses=len(values) * 10**12,
                )
                for (key, label), values in sorted(scores.items())
            ),
        ),
    )


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


def measuring(repeats: int) -> tuple[int, float]:
    """Return how many measurements a tally gives, and the median CPU seconds of making them."""
    tally = tally_of(columns(COUNTED))
    costs = []
    for _ in range(repeats + 1):
        pairs_quantile.cache_clear()
        began = time.process_time()
        found = measure(tally, intersections=[ATTRIBUTES])
        costs.append(time.process_time() - began)
    return len(found), statistics.median(costs[1:])


def main(rows: int, repeats: int) -> list[tuple[str, float, str]]:
    """Return lines of what, CPU seconds, and ratio."""
    found, mine = measuring(repeats)
    with tempfile.TemporaryDirectory() as folder:
        table = str(Path(folder) / "rows.parquet")
        write_table(Path(table), rows)
        whole = statistics.median(cost_of([sys.executable, "-c", WHOLE, table]).cpu for _ in range(3))
        theirs = cost_of([sys.executable, "-c", PEER, table]).cpu
    return [
        (f"tally to {found:,} measurements, 60 groups, intervals", mine, ""),
        (f"{rows:,} rows to all of these, whole process", whole, "1.0"),
        (f"Fairlearn, 7 metrics, {rows:,} rows, whole process", theirs, f"{theirs / whole:.1f}"),
        ("Fairlearn over tally to measurements", theirs, f"{theirs / mine:.0f}"),
    ]


if __name__ == "__main__":
    asked = [int(number) for number in sys.argv[1:]]
    for what, cost, times in main(asked[0] if asked else ROWS, asked[1] if len(asked) > 1 else 9):
        print(f"{what:60} {cost:9.3f} s {times:>8}")
