"""`make bench`: one Markdown table of ratios, all of them from this run on this machine.

Absolute seconds are one machine's; ratios are what carries over. Nothing here is asserted.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from bench import cold_start
from bench.main_job import write_table
from bench.measured import Row, cost_of, machine, markdown

RESAMPLES = 1000
"""What Fairlearn's intervals are commonly drawn from; a few are run, and their cost is multiplied."""


def say(text: str) -> None:
    """Tell a person who waits what is going on; the table alone goes to standard output."""
    print(text, file=sys.stderr)


def step(name: str, table: Path) -> tuple[float, float]:
    """Return the CPU seconds of a step's work and the largest memory of its process in MB."""
    say(f"  {name} ...")
    cost = cost_of([sys.executable, "-m", "bench.main_job", name, str(table)])
    return float(json.loads(cost.output)), cost.memory


def main_job(table: Path, rows: int) -> list[Row]:
    """Return the rows of the table about counting and measuring."""
    step("floor", table)  # warms the page cache
    (floor, floor_memory), (tally, tally_memory), (whole, whole_memory), (small, _) = (
        step(name, table) for name in ("floor", "tally", "everything", "measurements")
    )
    bare = "bare DuckDB scan and group-by"
    return [
        Row(f"{bare}, {rows:,} rows, 60 groups", floor, memory=floor_memory),
        Row("rows to tally, scores and file digest too", tally, bare, floor, tally_memory, "<= 2"),
        Row("rows to all metrics, intervals, intersections", whole, bare, floor, whole_memory, "<= 3, < 1,500 MB"),
        Row("tally to all metrics, intervals, intersections", small, wanted="< 0.05 s"),
    ]


def peer(table: Path, rows: int, whole: Row) -> list[Row]:
    """Return what Fairlearn's MetricFrame costs on the same rows, without and with intervals."""
    say("  Fairlearn's MetricFrame ...")
    cost = cost_of([sys.executable, "-m", "bench.peer", str(table), "2"])
    found = json.loads(cost.output)
    point = found["read"] + found["measure"]
    boot = found["read"] + RESAMPLES * found["resample"]
    ours = "rows to all metrics, intervals, intersections"
    return [
        Row(f"Fairlearn MetricFrame, 7 metrics, {rows:,} rows, no intervals", point, ours, whole.cpu, cost.memory),
        Row(
            f"the same with intervals (2 resamples measured, cost of {RESAMPLES:,})", boot, ours, whole.cpu,
            cost.memory, ">= 500",
        ),
    ]  # fmt: skip


def main() -> None:
    """Run the benchmarks and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of the table (default 10,000,000)")
    parser.add_argument("--no-peer", action="store_true", help="leave Fairlearn out: it takes minutes")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        table = Path(name) / "rows.parquet"
        say(f"writing {asked.rows:,} rows ...")
        write_table(table, asked.rows)
        rows = main_job(table, asked.rows)
        if not asked.no_peer:
            rows += peer(table, asked.rows, rows[2])
    say("cold start ...")
    rows += cold_start.rows()
    print(markdown(rows))
    print(f"\n{machine()}")


if __name__ == "__main__":
    main()
