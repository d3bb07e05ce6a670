"""The tally against the engine's own floor: CPU and peak memory, each run a process of its own.

The floor is a bare DuckDB scan and group-by of the same columns. Run it with::

    python bench/tally.py 10_000_000 5          # rows, repeats
    python bench/tally.py 100_000_000 1         # bounded memory: the same figures for a hundred million rows
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS = 10_000_000
REPEATS = 3
SEED = 20_261_123

MAKE = """
import duckdb, sys
rows, seed, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
duckdb.sql("SET enable_progress_bar = false; SET memory_limit = '4GB'; SET preserve_insertion_order = false")
duckdb.sql(f'''COPY (
  SELECT ['white', 'black', 'hispanic', 'asian', 'other'][1 + list_position([60, 75, 90, 97, 100],
           list_filter([60, 75, 90, 97, 100], lambda x: h % 100 < x)[1])::INT - 1] AS race,
         ['female', 'male'][1 + (h // 100 % 2)::INT] AS sex,
         ['18-25', '26-35', '36-45', '46-55', '56-65', '66+'][1 + (h // 200 % 6)::INT] AS age_band,
         (h // 1200 % 1000 / 1000.0 < s)::TINYINT AS label, (s > 0.5)::TINYINT AS prediction, s AS score
  FROM (SELECT hash(i + {seed}) AS h, (hash(i * 2 + {seed} + 1) >> 11)::DOUBLE / 9007199254740992.0 AS s
        FROM range({rows}) t(i))
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)''')
"""

FLOOR = """
import duckdb, sys
duckdb.sql("SET enable_progress_bar = false; SET memory_limit = '1GB'; SET preserve_insertion_order = false")
duckdb.sql(f'''SELECT race, sex, age_band, label, prediction, count(*), sum(score)
               FROM read_parquet('{sys.argv[1]}') GROUP BY ALL''').fetchall()
"""

TALLY = """
import sys
from assay.records.tally import Roles
from assay.tabular import tally_rows
roles = Roles(label="label", prediction="prediction", score="score", protected=("race", "sex", "age_band"))
tally = tally_rows(sys.argv[1], roles)
assert tally.rows == int(sys.argv[2]), tally.rows
assert len({cell.group for cell in tally.cells}) == 60
"""


def run(code: str, *arguments: str) -> tuple[float, float]:
    """Run code in a process of its own; return its CPU in seconds (user and system) and its peak memory in MB."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1] / "src")
    child = subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"a measured process failed with exit code {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main(size: int = ROWS, repeats: int = REPEATS) -> list[dict[str, float | str]]:
    """Measure floor and tally in turns; medians of CPU, greatest of peak memory, and the ratio to the floor's CPU."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        path = str(Path(folder) / "rows.parquet")
        run(MAKE, str(size), str(SEED), path)
        kinds = {f"DuckDB scan and group-by, {size:,} rows": FLOOR, f"Assay tally, {size:,} rows": TALLY}
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
        for turn in range(repeats + 1):
            for name, code in kinds.items():
                measured = run(code, path, str(size))
                if turn:  # the first turn warms the disk's cache and the compiled modules
                    found[name].append(measured)
    medians = {name: statistics.median(cpu for cpu, _ in runs) for name, runs in found.items()}
    floor = next(iter(medians.values()))
    return [
        {"name": name, "cpu_s": medians[name], "rss_mb": max(rss for _, rss in runs), "ratio": medians[name] / floor}
        for name, runs in found.items()
    ]


if __name__ == "__main__":
    size_wanted = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else ROWS
    repeats_wanted = int(sys.argv[2]) if len(sys.argv) > 2 else REPEATS
    print(f"{'':45} {'CPU s':>8} {'RSS MB':>8} {'x floor':>8}")
    for row in main(size_wanted, repeats_wanted):
        print(f"{row['name']:45} {row['cpu_s']:8.2f} {row['rss_mb']:8.0f} {row['ratio']:8.2f}")
