"""Drift and data quality of twenty columns, beside the engine's own one-pass profile of the same two tables.

    python -m bench.compare [--rows 100000 1000000 10000000]

The engine's profile is DuckDB's SUMMARIZE: least, greatest, mean, deviation, quartiles and different values of a
column, approximate where ours are exact. Each process is measured whole. Ten columns are numbers (nine continuous, one
of them with a long tail, and one with few values), ten are categories of 2 to 1,000 values.
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
PROFILE = """
import sys, duckdb
with duckdb.connect() as connection:
    connection.execute("SET threads = 2")
    for path in sys.argv[1:]:
        connection.execute(f"SUMMARIZE SELECT * FROM '{path}'").fetchall()
"""


def write_pair(folder: Path, rows: int) -> tuple[Path, Path]:
    """Write a reference and a current table, three columns of which have moved."""
    import duckdb  # noqa: PLC0415 - only where tables are written

    normal = "sqrt(-2 * ln(random() + 1e-12)) * cos(2 * pi() * random())"
    paths = folder / f"reference-{rows}.parquet", folder / f"current-{rows}.parquet"
    for path, shift, seed in zip(paths, (0.0, 0.1), (0.1, 0.2), strict=True):
        numbers = [f"({normal} + {shift if index < 3 else 0}) * {index + 1} AS n{index}" for index in range(8)]
        numbers += [f"exp({normal}) AS n8", "floor(random() * 80)::INTEGER AS n9"]
        sizes = (2, 3, 5, 8, 10, 20, 50, 100, 200, 1000)
        names = [f"'c' || floor(random() * {size})::INTEGER AS k{index}" for index, size in enumerate(sizes)]
        with duckdb.connect() as connection:
            connection.execute("SET threads = 1")
            connection.execute(f"SELECT setseed({seed})")
            listed = ", ".join(numbers + names)
            connection.execute(f"COPY (SELECT {listed} FROM range({rows})) TO '{path}' (COMPRESSION zstd)")  # noqa: S608 - all ours
    return paths


def rows_of(folder: Path, rows: int) -> list[Row]:
    """Return the two lines of one size: the engine's profile, and all drift and quality metrics."""
    pair = [str(path) for path in write_pair(folder, rows)]
    profiles = [cost_of([sys.executable, "-c", PROFILE, *pair]) for _ in range(REPEATS)]
    compared = [cost_of([sys.executable, "-m", "assay", "compare", *pair, "--format", "json"]) for _ in range(REPEATS)]
    profile, ours = (statistics.median(cost.cpu for cost in costs) for costs in (profiles, compared))
    peaks = [max(cost.memory for cost in costs) for costs in (profiles, compared)]
    name = f"DuckDB's SUMMARIZE of two tables, {rows:,} rows and 20 columns each"
    return [
        Row(name, profile, memory=peaks[0]),
        Row("assay compare of the same: drift and quality", ours, name, profile, peaks[1], "<= 1.5"),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, help="sizes of the tables")
    with tempfile.TemporaryDirectory() as name:
        found = [row for rows in parser.parse_args().rows for row in rows_of(Path(name), rows)]
    print(markdown(found))
    print(f"\n{machine()}")


if __name__ == "__main__":
    main()
