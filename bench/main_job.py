"""The main job on many rows, one step a process: `python -m bench.main_job STEP TABLE`.

Each step prints the CPU seconds of its work alone, all threads, without starting Python and importing modules.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from assay.records.tally import Roles, Tally

ATTRIBUTES = ("a", "b", "c")
FLOOR = """
SELECT a, b, c, label, prediction, count(*), sum(score)
FROM read_parquet(?) GROUP BY a, b, c, label, prediction
"""
ROWS = """
COPY (
  SELECT 'a' || (hash(i) % 5) AS a, 'b' || (hash(i + 1) % 4) AS b, 'c' || (hash(i + 2) % 3) AS c,
    (hash(i + 3) % 1000000) / 1000000.0::DOUBLE AS score,
    CAST((hash(i + 4) % 1000) / 1000.0 < 0.2 + 0.5 * score AS TINYINT) AS label,
    CAST(score > 0.45 + 0.03 * (hash(i) % 5) AS TINYINT) AS prediction
  FROM range({rows}) AS numbers(i)
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""


def write_table(path: Path, rows: int) -> None:
    """Write rows of three attributes (5 x 4 x 3 = 60 groups), a label, a prediction and a score; always the same."""
    import duckdb  # noqa: PLC0415 - only here and at the floor

    with duckdb.connect() as connection:
        connection.execute(ROWS.format(rows=rows, path=str(path).replace("'", "''")))


def roles() -> Roles:
    """Return what the columns mean."""
    from assay.records.tally import Roles  # noqa: PLC0415 - imported before the clock runs

    return Roles(label="label", prediction="prediction", score="score", protected=ATTRIBUTES)


def floor(table: str) -> float:
    """Scan and group the same columns with the bare engine."""
    import duckdb  # noqa: PLC0415 - what is measured is the query

    began = time.process_time()
    with duckdb.connect() as connection:
        connection.execute(FLOOR, [table]).fetchall()
    return time.process_time() - began


def counted(table: str) -> tuple[Tally, float]:
    """Tally the rows, file digest included."""
    import duckdb  # noqa: F401, PLC0415 - imported before the clock runs, as at the floor

    from assay.tabular import tally_rows  # noqa: PLC0415

    meaning = roles()
    began = time.process_time()
    tally = tally_rows(table, meaning)
    return tally, time.process_time() - began


def tally(table: str) -> float:
    """Rows to tally."""
    return counted(table)[1]


def everything(table: str) -> float:
    """Rows to all measurements with intervals, every intersection too."""
    from assay.metrics import measure  # noqa: PLC0415 - imported before the clock runs

    rows, seconds = counted(table)
    began = time.process_time()
    measure(rows, intersections=True)
    return seconds + time.process_time() - began


def measurements(table: str) -> float:
    """Tally to all measurements, the tally once read: 60 groups with their intersections."""
    from assay.metrics import measure  # noqa: PLC0415 - imported before the clock runs

    rows, _ = counted(table)
    began = time.process_time()
    measure(rows, intersections=True)
    return time.process_time() - began


STEPS = {"floor": floor, "tally": tally, "everything": everything, "measurements": measurements}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](sys.argv[2])))
