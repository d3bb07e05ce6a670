"""Cold start: CPU of whole processes that do a small case and end."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from bench.measured import Row, cost_of

REPEATS = 9
WANTED = "< 0.3 s"
COMMAND = [sys.executable, "-c", "from assay.cli import main; main()"]


def rows() -> list[Row]:
    """Return the median CPU of `--version`, `gate`, `verify` and of a bare interpreter, which is the floor."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small_case(folder)
        release = next(folder.glob(".assay/releases/*/*"))
        floor = median([sys.executable, "-c", "pass"], folder, exits=(0,))
        verbs = {
            "`assay --version`": ["--version"],
            "`assay gate` (decide, sign, log, card, report)": ["gate", str(release / "evidence.json")],
            "`assay verify`": ["verify", str(release)],
            "`assay policy lint`": ["policy", "lint", "policy.yaml"],
        }
        return [
            Row(work, median([*COMMAND, *words], folder, exits=(0, 1, 3)), "a bare interpreter", floor, wanted=WANTED)
            for work, words in verbs.items()
        ]


def small_case(folder: Path) -> None:
    """Make a small project, assessed once."""
    lines = "\n".join(f"{sex},{i % 3 == 0:d},{i % 2 == 0:d},0.{i % 10}" for sex in "mf" for i in range(500))
    (folder / "rows.csv").write_text(f"sex,approved,predicted,score\n{lines}\n", encoding="utf-8")
    cost_of([*COMMAND, "init", "rows.csv"], cwd=folder, quiet=True)
    cost_of([*COMMAND, "run"], cwd=folder, exits=(0, 1, 3), quiet=True)


def median(command: list[str], folder: Path, *, exits: tuple[int, ...]) -> float:
    """Return the median CPU seconds of some runs, after one that warms the caches."""
    cost_of(command, cwd=folder, exits=exits, quiet=True)
    return statistics.median(cost_of(command, cwd=folder, exits=exits, quiet=True).cpu for _ in range(REPEATS))
