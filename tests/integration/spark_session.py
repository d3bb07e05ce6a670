"""A real Spark for one test run: a driver and two executor processes of their own, on the loopback interface."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession


def missing() -> str | None:
    """Return what is not here of what Spark needs; None when all is."""
    absent = [name for name in ("pyspark", "pyarrow") if importlib.util.find_spec(name) is None]
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        absent.append("Java 17")
    return " and ".join(absent) or None


MARKS = [
    pytest.mark.service,
    pytest.mark.skipif(missing() is not None, reason=f"Spark needs {missing()}"),
    # Spark's own classes, on their way out: what a library does with its sockets is not ours to mend
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"),
]
"""What the tests of a module that starts Spark are marked with."""


def _home(folder: Path) -> str:
    """Return a home of links to what is installed: a cluster on one machine writes its executors' files there."""
    import pyspark  # noqa: PLC0415 - an extra

    home = folder / "home"
    home.mkdir()
    for part in ("bin", "jars"):
        (home / part).symlink_to(Path(pyspark.__file__).parent / part)
    return str(home)


@contextlib.contextmanager
def running(folder: str, master: str = "local-cluster[2,1,1024]", *, quick: bool = True) -> Iterator[SparkSession]:
    """Start Spark, and stop it at the end with all that it started.

    Args:
        folder: for its warehouse and temporary files.
        master: what runs the tasks.
        quick: compile little, which is faster for small tables.
    """
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra

    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
        "spark.local.dir": folder,
        # a zone with summer time, far from UTC: no count may depend on it
        "spark.sql.session.timeZone": "America/St_Johns",
        "spark.pyspark.python": sys.executable,
        "spark.log.level": "ERROR",
    }
    if quick:
        settings |= {f"spark.{part}.extraJavaOptions": "-XX:TieredStopAtLevel=1" for part in ("driver", "executor")}
    environment = {"SPARK_HOME": _home(Path(folder)), "SPARK_LOCAL_IP": "127.0.0.1"}  # the executors' address, too
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    builder = SparkSession.builder.master(master).appName("assay")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()
        for name, was in before.items():
            os.environ.pop(name) if was is None else os.environ.update({name: was})


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Have a Spark for the tests of one module: those of another may not ignore what it does when it stops."""
    with running(str(tmp_path_factory.mktemp("spark"))) as started:
        yield started


def spread(spark: SparkSession, rows: pa.Table, partitions: int = 5) -> DataFrame:
    """Return a table as Spark reads it from a Parquet file, in so many partitions: times without a zone stay so."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

    folder = Path(spark.conf.get("spark.local.dir") or "")
    file = folder / f"{len(list(folder.glob('*.parquet')))}.parquet"
    pq.write_table(rows, file)
    return spark.read.parquet(str(file)).repartition(partitions)
