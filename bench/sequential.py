"""The sequential monitor: rows and tallies a second, and its delay and false alarms against hourly z-tests.

Run it with::

    python -m bench.sequential [ROWS]          # speed, then the table of delays
    python -m bench.sequential --table         # the table alone, as the documents show it

Speed is held against the engine's bare sort of the same rows into the same buckets. Delays and alarms are seeded
simulations; an hour is 500 rows, and each z-test is of the last 5,000 rows at the same 5 %.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measured import Row, cost_of, markdown

from assay.records.tally import Cell, Roles, Tally
from assay.sequential import SequentialMonitor, watch
from assay.sequential.counts import Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Rates = Callable[[int], Sequence[float]]

PARITY = "demographic_parity_difference"
ROWS = 10_000_000
SEED = 20_261_123
ALPHA = 0.05
HOUR, WINDOW = 500, 5000
LENGTH = 40_000
RUNS = 60
TALLIES, TALLY_ROWS = 5000, 1000

MAKE = """
import duckdb, sys
duckdb.sql("SET enable_progress_bar = false")
duckdb.sql(f'''COPY (SELECT i AS place, CASE WHEN hash(i) % 2 = 0 THEN 'female' ELSE 'male' END AS sex,
  (hash(i * 3 + 1) % 100 < 30)::TINYINT AS p FROM range({sys.argv[2]}) t(i)) TO '{sys.argv[1]}' (FORMAT parquet)''')
"""

FLOOR = """
import duckdb, sys
engine = duckdb.connect(config={"memory_limit": "1GB", "preserve_insertion_order": False})
found = engine.execute(f'''SELECT r // 64 AS bucket, sex, p, count(*)
  FROM (SELECT sex, p, rank() OVER (ORDER BY place) AS r
  FROM read_parquet('{sys.argv[1]}')) GROUP BY ALL ORDER BY bucket''')
while found.fetchmany(20000): pass
"""

WATCH = """
import sys, assay
found = assay.monitor(sys.argv[1], order="place", prediction="p", protected="sex", limit=0.05,
                      metric="demographic_parity_difference")
assert found.rows == int(sys.argv[2]) and not found.alerts
"""


def stream(rows: int) -> list[Row]:
    """Return the cost of watching a table, against the engine's bare sort and count."""
    with tempfile.TemporaryDirectory() as folder:
        table = str(Path(folder) / "rows.parquet")
        cost_of([sys.executable, "-c", MAKE, table, str(rows)])
        floor = cost_of([sys.executable, "-c", FLOOR, table])
        found = cost_of([sys.executable, "-c", WATCH, table, str(rows)])
    against = "DuckDB: the same rows sorted and counted by 64"
    return [Row(f"`assay monitor`, {rows:,} rows to the decision", found.cpu, against, floor.cpu, found.memory)]


def tallies() -> list[Row]:
    """Return the cost of a million decisions from tallies of a thousand."""
    cells = [("f", 1, 150), ("f", 0, 350), ("m", 1, 155), ("m", 0, 345)]
    tally = Tally(
        roles=Roles(prediction="p", protected=("sex",)),
        rows=TALLY_ROWS,
        cells=tuple(Cell(group=(group,), prediction=p, count=n) for group, p, n in cells),
    )
    monitor = SequentialMonitor([watch(PARITY, 0.05)], ["sex"])
    started = time.process_time()
    for _ in range(TALLIES):
        monitor.update(tally)
    cpu = (time.process_time() - started) / (TALLIES * TALLY_ROWS) * 1e6
    return [Row("a million decisions from tallies of 1,000", cpu, wanted="<= 1")]


def still(*rates: float) -> Rates:
    """Return rates that stay."""
    return lambda _row: rates


def turning(change: int, before: Sequence[float], after: Sequence[float]) -> Rates:
    """Return rates that change once."""
    return lambda row: before if row < change else after


TURNS = turning(10_000, (0.4, 0.4), (0.5, 0.3))
TURNS_FAR = turning(10_000, (0.4, 0.4), (0.6, 0.2))

CASES: tuple[tuple[str, tuple[float, float], Rates, float, int], ...] = (
    ("fair: 0.4 and 0.4, limit 0", (0.5, 0.5), still(0.4, 0.4), 0.0, -1),
    ("fair: 0.35 and 0.30, limit 0.05", (0.5, 0.5), still(0.35, 0.30), 0.05, -1),
    ("fair: the same, groups 90/10", (0.9, 0.1), still(0.35, 0.30), 0.05, -1),
    ("unfair from the start: 0.6 and 0.4, limit 0.05", (0.5, 0.5), still(0.6, 0.4), 0.05, 0),
    ("unfair from the start: 0.45 and 0.35, limit 0", (0.5, 0.5), still(0.45, 0.35), 0.0, 0),
    ("the same, groups 90/10", (0.9, 0.1), still(0.45, 0.35), 0.0, 0),
    ("0.4 and 0.4, at row 10,000 0.5 and 0.3, limit 0.05", (0.5, 0.5), TURNS, 0.05, 10_000),
    ("0.4 and 0.4, at row 10,000 0.6 and 0.2, limit 0.05", (0.5, 0.5), TURNS_FAR, 0.05, 10_000),
)  # fmt: skip
"""What a stream is, its groups' shares, its rates, the limit, and the row from which on it is unfair (-1: never)."""


def draw_stream(draw: Any, shares: Sequence[float], rates: Rates) -> list[list[tuple[int, int]]]:  # noqa: ANN401 - numpy's
    """Return (rows, positives) of both groups, for each eight rows of a stream, then for each 64."""
    found = []
    row = 0
    while row < LENGTH:
        size = 8 if row < 1024 else 64
        rate = rates(row)
        found.append(
            [(int(n), int(draw.binomial(n, rate[group]))) for group, n in enumerate(draw.multinomial(size, shares))]
        )
        row += size
    return found


def ours(pieces: list[list[tuple[int, int]]], limit: float) -> int | None:
    """Return the row of the monitor's first alert."""
    monitor = SequentialMonitor([watch(PARITY, limit)], ["group"], alpha=ALPHA)
    for piece in pieces:
        counts = Counts()
        for group, (n, hits) in enumerate(piece):
            counts.add((group,), None, 1, hits)
            counts.add((group,), None, 0, n - hits)
        if alerts := monitor.update(counts):
            return alerts[0].row
    return None


def windows(pieces: list[list[tuple[int, int]]], limit: float, *, looks: int) -> int | None:
    """Return the row of the first hourly look at which a z-test of the last rows is beyond its quantile.

    Args:
        pieces: the stream.
        limit: greatest gap; the test is of gaps beyond it, to either side.
        looks: the level is divided by so many looks: 1 for what people do, all of them for Bonferroni.
    """
    from statistics import NormalDist  # noqa: PLC0415 - one quantile

    quantile = NormalDist().inv_cdf(1 - ALPHA / 2 / looks)
    sums, past, row, due = [[0, 0], [0, 0]], [], 0, HOUR
    for piece in pieces:
        past.append(piece)
        row += sum(n for n, _ in piece)
        for group, (n, hits) in enumerate(piece):
            sums[group][0] += n
            sums[group][1] += hits
        while sums[0][0] + sums[1][0] > WINDOW:
            for group, (n, hits) in enumerate(past.pop(0)):
                sums[group][0] -= n
                sums[group][1] -= hits
        if row >= due and min(sums[0][0], sums[1][0]):
            due += HOUR
            (n, a), (m, b) = sums
            p, q = a / n, b / m
            error = (p * (1 - p) / n + q * (1 - q) / m) ** 0.5
            if error and abs(p - q) - limit > quantile * error:
                return row
    return None


def told(found: list[int | None], unfair: int) -> str:
    """Return the share of streams with an alarm, or with the median delay and what was raised too early."""
    alarms = [row for row in found if row is not None]
    if unfair < 0:
        return f"{len(alarms) / len(found):.0%} alarms"
    early = sum(row <= unfair for row in alarms)
    late = sorted(row - unfair if row is not None else 10**9 for row in found if row is None or row > unfair)
    median = late[len(late) // 2] if late else 0
    delay = f"{median:,}" if median < 10**9 else "not found"
    return f"{delay} rows" + (f", {early / len(found):.0%} before it was so" if unfair else "")


def table(runs: int = RUNS) -> str:
    """Return the table of false alarms and delays, as Markdown."""
    import numpy as np  # noqa: PLC0415 - only simulations need it

    looks = LENGTH // HOUR
    tests = f"z-test every {HOUR} rows | the same, Bonferroni over {looks} looks"
    head = f"| stream of {LENGTH:,} rows | `assay monitor` | {tests} |"
    lines = [head, "|---|---:|---:|---:|"]
    for name, shares, rates, limit, unfair in CASES:
        draw = np.random.default_rng(SEED)
        streams = [draw_stream(draw, shares, rates) for _ in range(runs)]
        columns = (
            [ours(pieces, limit) for pieces in streams],
            [windows(pieces, limit, looks=1) for pieces in streams],
            [windows(pieces, limit, looks=looks) for pieces in streams],
        )
        lines.append(f"| {name} | {' | '.join(told(column, unfair) for column in columns)} |")
    return "\n".join(lines)


def rows(count: int = ROWS) -> list[Row]:
    """Return the benchmark's rows."""
    return [*stream(count), *tallies()]


if __name__ == "__main__":
    if "--table" not in sys.argv:
        wanted = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else ROWS
        print(markdown(rows(wanted)) + "\n")
    print(table())
