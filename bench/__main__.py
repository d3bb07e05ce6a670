"""`make bench`: one Markdown table of ratios, all of them from this run on this machine.

Absolute seconds are one machine's; ratios are what carries over. Nothing here is asserted.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from bench import cold_start, compare, datasets, monitoring, sequential, status, training
from bench.main_job import WHOLE, rows_of, write_table
from bench.measured import Row, cost_of, machine, markdown

RESAMPLES = 1000
"""What Fairlearn's intervals are commonly drawn from; a few are run, and their cost is multiplied."""


def say(text: str) -> None:
    """Tell a person who waits what is going on; the table alone goes to standard output."""
    print(text, file=sys.stderr)


def peer(table: Path, sample: int, rows: int, whole: Row) -> list[Row]:
    """Return what Fairlearn's MetricFrame costs, without and with intervals.

    Args:
        table: the sample.
        sample: its rows; the cost grows with rows, and is multiplied up to all of them.
        rows: rows of the whole table.
        whole: Assay's cost of all of them.
    """
    say(f"Fairlearn's MetricFrame on {sample:,} rows ...")
    cost = cost_of([sys.executable, "-m", "bench.peer", str(table), "1"])
    found = json.loads(cost.output)
    times = rows / sample
    point = times * (found["read"] + found["measure"])
    boot = times * (found["read"] + RESAMPLES * found["resample"])
    how = "" if times == 1 else f" (measured on {sample:,}, times {times:g})"
    return [
        Row(f"Fairlearn MetricFrame, 7 metrics, no intervals{how}", point, WHOLE, whole.cpu, cost.memory),
        Row(
            f"the same, intervals of {RESAMPLES:,} resamples (1 measured){how}", boot, WHOLE, whole.cpu, wanted=">= 500"
        ),
    ]


def main() -> None:
    """Run the benchmarks and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of the table (default 10,000,000)")
    parser.add_argument("--peer-rows", type=int, default=1_000_000, help="rows that Fairlearn gets (default 1,000,000)")
    parser.add_argument("--no-peer", action="store_true", help="leave Fairlearn out: it takes minutes")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        table = Path(name) / "rows.parquet"
        say(f"writing {asked.rows:,} rows ...")
        write_table(table, asked.rows)
        say("counting and measuring ...")
        rows = rows_of(table, asked.rows)
        if not asked.no_peer:
            sample = min(asked.rows, asked.peer_rows)
            if sample < asked.rows:
                write_table(table, sample)
            rows += peer(table, sample, asked.rows, rows[2])
        say("two tables, column by column ...")
        rows += compare.rows_of(Path(name), min(asked.rows, 1_000_000))
        say("a window against a reference's profile, and Evidently where it is installed ...")
        rows += monitoring.rows_of(Path(name), min(asked.rows, monitoring.EVIDENTLY_ROWS))
        say("a dataset before training ...")
        rows += datasets.rows_of(Path(name), min(asked.rows, 1_000_000), 20)
    say("watching a training run ...")
    rows += training.rows(min(asked.rows, training.ROWS))
    say("watching a stream ...")
    rows += sequential.rows(asked.rows)
    say("status of many versions ...")
    rows += status.rows()
    say("cold start ...")
    rows += cold_start.rows()
    print(markdown(rows))
    print(f"\n{machine()}")


if __name__ == "__main__":
    main()
