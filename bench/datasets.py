"""The data stage's counts of twenty columns, beside the engine's own one-pass profile of the same table.

    python -m bench.datasets [--rows 100000 1000000] [--columns 20 40]

Everything that the data stage counts, save what needs a fitted model: fingerprints, groups, conflicting labels, missing
values, features against label and groups. The engine's profile is DuckDB's SUMMARIZE. A second table of twice the
columns shows that the cost grows with columns, not with their square.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from bench.measured import Row, cost_of, machine, markdown

REPEATS = 3
SIZES = (100_000, 1_000_000)
COLUMNS = (20, 40)
PROFILE = """
import sys, duckdb
with duckdb.connect() as connection:
    connection.execute("SET threads = 2")
    connection.execute(f"SUMMARIZE SELECT * FROM '{sys.argv[1]}'").fetchall()
"""
COUNT = """
import sys
from assay.metrics.datasets import measure_datasets
from assay.records.dataset_counts import DatasetQuestions
from assay.tabular.dataset import count_datasets
asked = DatasetQuestions(
    measured_on="train", label="y", protected=("race", "sex"), identifier="id", now="2026-11-23T00:00:00Z"
)
counts, _ = count_datasets({"train": sys.argv[1]}, asked, metrics=())
assert len(measure_datasets(counts)) > 100
"""


def write_table(folder: Path, rows: int, columns: int) -> Path:
    """Write a table: half of the features numbers, half categories of 2 to 1,000 values."""
    import duckdb  # noqa: PLC0415 - only where tables are written

    path = folder / f"train-{rows}-{columns}.parquet"
    normal = "sqrt(-2 * ln(random() + 1e-12)) * cos(2 * pi() * random())"
    sizes = (2, 3, 5, 8, 10, 20, 50, 100, 200, 1000)
    listed = [f"{normal} * {index + 1} AS n{index}" for index in range(columns // 2)]
    listed += [f"'c' || floor(random() * {sizes[at % 10]})::INTEGER AS k{at}" for at in range(columns // 2)]
    listed += ["(random() < 0.4)::TINYINT AS y", "CASE WHEN random() < 0.2 THEN 'b' ELSE 'w' END AS race"]
    listed += ["CASE WHEN random() < 0.5 THEN 'f' ELSE 'm' END AS sex", "range AS id"]
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute("SELECT setseed(0.3)")
        sql = f"COPY (SELECT {', '.join(listed)} FROM range({rows})) TO '{path}' (COMPRESSION zstd)"  # noqa: S608 - all ours
        connection.execute(sql)
    return path


def rows_of(folder: Path, rows: int, columns: int) -> list[Row]:
    """Return the two lines of one size: the engine's profile, and everything that the data stage counts."""
    path = str(write_table(folder, rows, columns))
    profiles = [cost_of([sys.executable, "-c", PROFILE, path]) for _ in range(REPEATS)]
    counted = [cost_of([sys.executable, "-c", COUNT, path]) for _ in range(REPEATS)]
    profile, ours = (statistics.median(cost.cpu for cost in costs) for costs in (profiles, counted))
    peaks = [max(cost.memory for cost in costs) for costs in (profiles, counted)]
    name = f"DuckDB's SUMMARIZE of {rows:,} rows and {columns} features"
    return [
        Row(name, profile, memory=peaks[0]),
        Row("the data stage's counts of the same", ours, name, profile, peaks[1]),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.datasets", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, help="sizes of the tables")
    parser.add_argument("--columns", type=int, nargs="+", default=COLUMNS, help="features of the tables")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        pairs = [(rows, columns) for rows in asked.rows for columns in asked.columns]
        found = [row for rows, columns in pairs for row in rows_of(Path(name), rows, columns)]
    print(markdown(found))
    print(f"\n{machine()}")


if __name__ == "__main__":
    main()
