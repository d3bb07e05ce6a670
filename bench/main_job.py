"""The rest of the main job on the rows of `bench.tally`: rows to all measurements, and tally to all measurements."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from bench import tally
from bench.measured import Row

if TYPE_CHECKING:
    from pathlib import Path

REPEATS = 3
BARE = "the bare scan and group-by"
WHOLE = "rows to all metrics with intervals, and all intersections"

EVERYTHING = f"""{tally.TALLY}
from assay.metrics import measure
assert len(measure(tally, intersections=True)) > 1000
"""


def write_table(path: Path, rows: int) -> None:
    """Write the rows that `bench.tally` counts, so that what is measured here is measured on the same ones."""
    tally.run(tally.MAKE, str(rows), str(tally.SEED), str(path))


def rows_of(table: Path, rows: int) -> list[Row]:
    """Return the rows of the table about counting and measuring; each process whole, start and imports included."""
    floor, counted = tally.main(rows, REPEATS)
    floor_cpu = float(floor["cpu_s"])
    runs = [tally.run(EVERYTHING, str(table), str(rows)) for _ in range(REPEATS)]
    whole = statistics.median(cpu for cpu, _ in runs)
    memory = max(peak for _, peak in runs)
    return [
        Row(f"bare DuckDB scan and group-by, {rows:,} rows, 60 groups", floor_cpu, memory=float(floor["rss_mb"])),
        Row("rows to tally, with scores", float(counted["cpu_s"]), BARE, floor_cpu, float(counted["rss_mb"]), "<= 2"),
        Row(WHOLE, whole, BARE, floor_cpu, memory, "<= 3, < 1,500 MB"),
        Row(
            "tally to all metrics with intervals: each attribute",
            measuring(table, intersections=False),
            wanted="< 0.05 s",
        ),
        Row("the same, and every intersection of three attributes", measuring(table, intersections=True)),
    ]


def measuring(table: Path, *, intersections: bool) -> float:
    """Return the CPU seconds from tally to measurements, in this process, imports done: the median of some runs."""
    from assay.metrics import measure  # noqa: PLC0415 - imported before the clock runs
    from assay.records.tally import Roles  # noqa: PLC0415 - as above
    from assay.tabular import tally_rows  # noqa: PLC0415 - as above

    roles = Roles(label="label", prediction="prediction", score="score", protected=("race", "sex", "age_band"))
    counted = tally_rows(str(table), roles)
    taken = []
    for _ in range(REPEATS + 1):
        began = time.process_time()
        measure(counted, intersections=intersections)
        taken.append(time.process_time() - began)
    return statistics.median(taken[1:])
