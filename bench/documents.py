"""Wall time of documents: `python -m bench.documents [--runs 3]`, on the demonstration's project.

Each command runs so many times in a process of its own; the quickest is told, for on a busy machine the others tell of
its neighbours. Ends with 1 when one takes longer than is wanted.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.cold_start import COMMAND, small_case
from bench.measured import ROOT
from bench.status import VERSIONS, many_versions

PAGE_SECONDS, PDF_SECONDS, STATUS_SECONDS = 3.0, 10.0, 5.0
"""What issue and design want: any document, as PDF, and the status of a thousand versions over all packs."""

KINDS = ("annex-iv", "annex-v", "instructions-for-use", "validation", "fria", "nist-profile", "ll144")


@dataclass(frozen=True)
class Timed:
    """One command's quickest run: what it is, wall and CPU seconds, and what is wanted of the wall time."""

    work: str
    wall: float
    cpu: float
    wanted: float

    @property
    def good(self) -> bool:
        """Whether it was quick enough."""
        return self.wall < self.wanted


def timed(work: str, arguments: list[str], folder: Path, *, wanted: float, runs: int) -> Timed:
    """Run a command several times and return the quickest."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(ROOT / "src")
    found = []
    for _ in range(runs):
        before, began = os.times(), time.monotonic()
        done = subprocess.run([*COMMAND, *arguments], cwd=folder, env=environment, capture_output=True, check=False)
        wall, after = time.monotonic() - began, os.times()
        if done.returncode == 2:
            sys.exit(f"{work}: {done.stderr.decode()}")
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        found.append((wall, cpu))
    return Timed(work, *min(found), wanted)


def rows(runs: int) -> list[Timed]:
    """Return the time of documents of the demonstration, and of the status of many versions."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([*COMMAND, "demo", str(folder)], check=True, capture_output=True, env={
            **os.environ, "PYTHONPATH": str(ROOT / "src")
        })  # fmt: skip
        for kind in KINDS:
            for form, wanted in (("html", PAGE_SECONDS), ("pdf", PDF_SECONDS)):
                arguments = ["report", kind, "-o", f"{kind}.{form}", "--no-record"]
                found.append(timed(f"{kind} as {form}", arguments, folder, wanted=wanted, runs=runs))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small_case(folder)
        many_versions(folder, VERSIONS)
        what = f"status of {VERSIONS:,} versions over all packs"
        asked = ["status", "--all", "--format", "json"]
        found.append(timed(what, asked, folder, wanted=STATUS_SECONDS, runs=runs))
    return found


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m bench.documents", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of each; the quickest is told (default 3)")
    found = rows(parser.parse_args().runs)
    print("| work | wall s | CPU s | wanted s |\n|---|---|---|---|")
    for one in found:
        print(f"| {one.work} | {one.wall:.2f} | {one.cpu:.2f} | < {one.wanted:g}{'' if one.good else ': TOO SLOW'} |")
    sys.exit(0 if all(one.good for one in found) else 1)


if __name__ == "__main__":
    main()
