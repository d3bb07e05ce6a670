"""What a benchmark says: work, its cost in CPU seconds, what it is held against, and the ratio."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        work: what was done.
        cpu: CPU seconds, user and system, of the whole process where it is one.
        against: what it is held against, in words; empty when it stands alone.
        against_cpu: CPU seconds of that.
        memory: largest resident memory in MB (10**6 bytes); None when it was not looked at.
        wanted: what the design wants of it.
    """

    work: str
    cpu: float
    against: str = ""
    against_cpu: float | None = None
    memory: float | None = None
    wanted: str = ""

    @property
    def ratio(self) -> float | None:
        """This work's CPU over that of what it is held against."""
        return self.cpu / self.against_cpu if self.against_cpu else None


@dataclass(frozen=True)
class Cost:
    """What a process cost: CPU seconds and largest resident memory in MB."""

    cpu: float
    memory: float
    output: str


def cost_of(
    command: Sequence[str], *, cwd: Path | None = None, exits: Iterable[int] = (0,), quiet: bool = False
) -> Cost:
    """Run a command to its end and return what it cost, compiled modules kept as an installed program has them.

    Args:
        command: what to run.
        cwd: where.
        exits: the exit codes that are no mistake.
        quiet: show what it says on standard error only when it made a mistake.

    Raises:
        RuntimeError: for any other exit code.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if quiet else {"stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=cwd, env=environment, text=True, **both) as process:  # type: ignore[call-overload]
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in tuple(exits):
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{output}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, output)


def machine() -> str:
    """Return the machine and the versions that the numbers depend on, in one line."""
    names = ("duckdb", "msgspec", "cryptography", "fairlearn", "pandas", "numpy", "scikit-learn")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {sys.version.split()[0]}, {versions}"
    )


def markdown(rows: Sequence[Row]) -> str:
    """Return the rows as one Markdown table."""
    lines = [
        "| work | CPU s | held against | its CPU s | ratio | peak MB | wanted |",
        "|---|---:|---|---:|---:|---:|---|",
    ]
    for row in rows:
        against = "" if row.against_cpu is None else seconds(row.against_cpu)
        ratio = "" if row.ratio is None else f"{row.ratio:,.2f}" if row.ratio < 100 else f"{row.ratio:,.0f}"
        memory = "" if row.memory is None else f"{row.memory:,.0f}"
        lines.append(
            f"| {row.work} | {seconds(row.cpu)} | {row.against} | {against} | {ratio} | {memory} | {row.wanted} |"
        )
    return "\n".join(lines)


def seconds(value: float) -> str:
    """Return seconds with three figures that mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 1 else f"{value:.3f}"
