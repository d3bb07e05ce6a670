"""Drift against a reference's profile, beside the rows themselves, the engine's own profile, and Evidently.

    python -m bench.monitoring [--rows 100000 1000000]

Evidently is no dependency: it is looked for in ``.venv/evidently``, or in the virtual environment that
``ASSAY_BENCH_EVIDENTLY`` names, made by::

    python -m venv .venv/evidently
    .venv/evidently/bin/pip install evidently==0.7.23 'pandas<3' pyarrow

Where it is not, that is said. Each process is measured whole.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from bench.compare import PROFILE, REPEATS, write_pair
from bench.measured import ROOT, Row, cost_of, machine, markdown

EVIDENTLY_ROWS = 100_000
ELSEWHERE = "ASSAY_BENCH_EVIDENTLY"
PEER = """
import sys, pandas
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset, DataSummaryPreset
reference, current = (pandas.read_parquet(path) for path in sys.argv[1:])
numbers = [name for name in reference if name.startswith("n")]
definition = DataDefinition(numerical_columns=numbers, categorical_columns=[n for n in reference if n not in numbers])
tables = [Dataset.from_pandas(one, data_definition=definition) for one in (current, reference)]
Report([DataDriftPreset(), DataSummaryPreset()]).run(*tables).json()
"""


def evidently() -> Path | None:
    """Return the interpreter that has Evidently; None where there is none."""
    folder = Path(os.environ.get(ELSEWHERE, ROOT / ".venv" / "evidently"))
    python = folder / "bin" / "python"
    return python if python.is_file() else None


def _median(command: list[str], repeats: int = REPEATS) -> tuple[float, float]:
    costs = [cost_of(command, quiet=True) for _ in range(repeats)]
    return statistics.median(one.cpu for one in costs), max(one.memory for one in costs)


def rows_of(folder: Path, rows: int) -> list[Row]:
    """Return the lines of one size."""
    reference, current = map(str, write_pair(folder, rows))
    profile = str(folder / f"profile-{rows}.json")
    assay = [sys.executable, "-m", "assay"]
    made, made_memory = _median([*assay, "profile", reference, "--output", profile])
    summary, memory = _median([sys.executable, "-c", PROFILE, reference, current])
    against, peak = _median([*assay, "compare", profile, current, "--format", "json"])
    whole, whole_peak = _median([*assay, "compare", reference, current, "--format", "json"])
    name = f"DuckDB's SUMMARIZE of two tables, {rows:,} rows and 20 columns each"
    found = [
        Row(name, summary, memory=memory),
        Row("assay compare of the two", whole, name, summary, whole_peak, "<= 1.5"),
        Row("assay compare with a profile of the reference", against, "assay compare of the two", whole, peak, "<= 1"),
        Row("assay profile of the reference, once", made, name, summary, made_memory),
    ]
    python = evidently()
    if rows == EVIDENTLY_ROWS and python is not None:
        peer, peer_memory = _median([str(python), "-c", PEER, reference, current], repeats=1)
        found.append(
            Row(
                "Evidently, data drift and data summary of the same",
                peer,
                "assay compare of the two",
                whole,
                peer_memory,
                ">= 20",
            )
        )
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.monitoring", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=(EVIDENTLY_ROWS, 1_000_000), help="sizes of the tables")
    with tempfile.TemporaryDirectory() as name:
        found = [row for rows in parser.parse_args().rows for row in rows_of(Path(name), rows)]
    print(markdown(found))
    if evidently() is None:
        print(f"\nEvidently is not installed in .venv/evidently, nor where {ELSEWHERE} says: it was not measured.")
    print(f"\n{machine()}")


if __name__ == "__main__":
    main()
