"""The tally on Spark against a bare Spark group-by of the same columns: CPU of the Java process and of this one.

``python -m bench.spark [ROWS] [REPEATS]``. Both read the same Parquet files in one Spark of two threads, in turns,
after warm-up turns; medians. The tally is timed whole: what Spark is asked, and what DuckDB and Python make of it. It
is not part of ``make bench``: it needs Java and the extra ``spark``.

Held against the limit is the group-by with the tally's own groups: scores beyond 1,024 different ones are counted by
bin. The group-by without bins is shown, too: what it costs to know the scores at all.
"""

# ruff: noqa: S608 - the statements are all here

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from bench.measured import Row, machine, markdown  # noqa: E402 - after the path
from bench.tally import MAKE, SEED, run  # noqa: E402 - after the path

from assay.adapters.spark_tally import tally_spark  # noqa: E402 - after the path
from assay.records.tally import Roles  # noqa: E402 - after the path
from integration import spark_session  # noqa: E402 - after the path

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import SparkSession

ROWS = 10_000_000
REPEATS = 5
WARM = 2
GROUPS = ("race", "sex", "age_band")
KEYS = ", ".join((*GROUPS, "label", "prediction"))
PLAIN = Roles(label="label", prediction="prediction", protected=GROUPS)
SCORED = Roles(label="label", prediction="prediction", score="score", protected=GROUPS)
FEW = Roles(label="label", prediction="prediction", score="rounded", protected=GROUPS)
WORK = {
    "no scores": (PLAIN, f"SELECT {KEYS}, count(*) FROM decisions GROUP BY ALL", "<= 1.2"),
    "101 scores": (FEW, f"SELECT {KEYS}, rounded, count(*) FROM decisions GROUP BY ALL", "<= 1.2"),
    "all scores different, the group-by into 512 bins, too": (
        SCORED,
        f"SELECT {KEYS}, floor(score * 512) AS bin, count(*), sum(score) FROM decisions GROUP BY ALL",
        "<= 1.2",
    ),
    "all scores different": (SCORED, f"SELECT {KEYS}, count(*), sum(score) FROM decisions GROUP BY ALL", ""),
}


def cpu(spark: SparkSession) -> float:
    """Return the CPU seconds that the Java process and this one have used."""
    gateway = spark.sparkContext._gateway  # noqa: SLF001 - Spark tells its process nowhere else
    assert gateway is not None  # noqa: S101 - a session of Spark's own has one
    java = gateway.proc.pid
    fields = Path(f"/proc/{java}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    own = os.times()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + own.user + own.system


def _collect(spark: SparkSession, sql: str) -> object:
    return spark.sql(sql).toArrow()


def turns(spark: SparkSession, kinds: list[Callable[[], object]], repeats: int) -> list[float]:
    """Return the median CPU seconds of each kind of work, done in turns."""
    found: list[list[float]] = [[] for _ in kinds]
    for turn in range(WARM + repeats):
        for kind, costs in zip(kinds, found, strict=True):
            before = cpu(spark)
            kind()
            if turn >= WARM:
                costs.append(cpu(spark) - before)
    return [statistics.median(costs) for costs in found]


def main() -> None:
    """Measure and print a Markdown table."""
    if absent := spark_session.missing():
        raise SystemExit(f"this benchmark needs {absent}")
    rows = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else ROWS
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else REPEATS
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        path = Path(folder) / "rows" / "1.parquet"
        path.parent.mkdir()
        run(MAKE, str(rows // 2), str(SEED), str(path))
        shutil.copy(path, path.with_name("2.parquet"))
        found = []
        with spark_session.running(folder, "local[2]", quick=False) as spark:
            frame = spark.read.parquet(str(path.parent)).selectExpr("*", "rint(score * 100) / 100 AS rounded")
            frame.createOrReplaceTempView("decisions")
            for what, (roles, sql, wanted) in WORK.items():
                bare, ours = partial(_collect, spark, sql), partial(tally_spark, "decisions", roles)
                floor, tally = turns(spark, [bare, ours], repeats)
                found.append(Row(f"tally, {rows:,} rows, {what}", tally, "Spark's group-by", floor, wanted=wanted))
    print(markdown(found))
    print(f"\n{machine()}, pyspark {metadata.version('pyspark')}")


if __name__ == "__main__":
    main()
