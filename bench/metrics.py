"""Tally to all measurements, and Fairlearn's MetricFrame on the same rows: CPU seconds in one process each.

Run it with::

    python -m bench.metrics [REPEATS]

60 groups (three attributes and their whole intersection), scores in 512 bins, every metric and interval. The peer
computes seven metrics without intervals for the same groups.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections import Counter
from typing import Any

from assay.metrics import measure
from assay.metrics.intervals.extremes import pairs_quantile
from assay.records.tally import Cell, Roles, ScoreCell, Scores, Tally

ROWS = 100_000
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


def peer(rows: dict[str, list[Any]]) -> float:
    """Return the CPU seconds of Fairlearn's MetricFrame: each attribute and the intersection, no intervals."""
    import pandas as pd  # noqa: PLC0415 - only the peer needs it
    from fairlearn import metrics as fairlearn  # noqa: PLC0415
    from sklearn import metrics as sklearn  # noqa: PLC0415

    frame = pd.DataFrame(rows)
    metrics = {
        "selection_rate": fairlearn.selection_rate,
        "true_positive_rate": fairlearn.true_positive_rate,
        "false_positive_rate": fairlearn.false_positive_rate,
        "false_negative_rate": fairlearn.false_negative_rate,
        "precision": sklearn.precision_score,
        "accuracy": sklearn.accuracy_score,
        "f1": sklearn.f1_score,
    }
    began = time.process_time()
    for names in ([name] for name in (*ATTRIBUTES, ATTRIBUTES)):
        wanted = list(names[0]) if isinstance(names[0], tuple) else names
        found = fairlearn.MetricFrame(
            metrics=metrics,
            y_true=frame["label"],
            y_pred=frame["prediction"],
            sensitive_features=frame[wanted],
        )
        found.difference()
        found.ratio()
    return time.process_time() - began


def main(repeats: int) -> list[dict[str, float | str]]:
    """Return the median cost of measuring, and of the peer as a ratio to it."""
    rows = columns(ROWS)
    tally = tally_of(rows)
    costs = []
    for _ in range(repeats + 1):
        pairs_quantile.cache_clear()
        began = time.process_time()
        found = measure(tally, intersections=[ATTRIBUTES])
        costs.append(time.process_time() - began)
    mine = statistics.median(costs[1:])
    theirs = peer(rows)
    return [
        {"name": f"tally to {len(found):,} measurements, 60 groups", "cpu_s": mine, "ratio": 1.0},
        {"name": f"Fairlearn MetricFrame, 7 metrics, {ROWS:,} rows", "cpu_s": theirs, "ratio": theirs / mine},
    ]


if __name__ == "__main__":
    for line in main(int(sys.argv[1]) if len(sys.argv) > 1 else 9):
        print(f"{line['name']:55} {line['cpu_s']:9.4f} s {line['ratio']:9.1f}")
