"""Asks `assay explain` about one case, in a process of its own, as somebody at a terminal would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import joblib
from bench.causes.lending import FEATURES, Case, Plant, Strength, build
from bench.measured import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LEARNERS = ("sklearn", "numpy", "pandas", "scipy", "shap", "joblib")
"""What the base install does not hold."""

WHOLE = "from assay.cli import main; main()"
BARE = f"import sys; sys.modules.update(dict.fromkeys({LEARNERS!r})); {WHOLE}"
"""The command line as it is, and as it is where none of the learners can be imported."""


@dataclass(frozen=True)
class Answer:
    """What was said about one case.

    Attributes:
        plant: what was planted.
        strength: how strongly.
        seed: of the case.
        named: kinds of the causes, ranked; ``pass`` alone where the limit holds and no cause is given.
        passed: whether the limit holds.
        said: the first cause in words, or the message of a command that failed.
        cost: CPU seconds of the process.
    """

    plant: Plant
    strength: Strength
    seed: int
    named: tuple[str, ...]
    passed: bool
    said: str
    cost: float

    @property
    def first(self) -> str:
        """The kind named first; ``failed`` where there was no answer."""
        return self.named[0] if self.named else "failed"

    @property
    def right(self) -> bool:
        """Whether what was planted is named first; of nothing, whether nothing is blamed."""
        return self.first == self.plant.kind or (self.plant.kind == "none" and self.passed)


def command(case: Case, plant: Plant, folder: Path, seed: int) -> list[str]:
    """Write the case's files and return the command line; odd seeds bring the model, even ones write CSV."""
    ending = "parquet" if seed % 2 else "csv"
    places = {name: folder / f"{name}.{ending}" for name in ("rows", "train")}
    for name, place in places.items():
        written = getattr(case, name)
        _ = written.to_parquet(place) if seed % 2 else written.to_csv(place, index=False)
    asked = ["explain", "--data", str(places["rows"]), "--train", str(places["train"]), "--label", "repaid"]
    asked += ["--prediction", "approved", "--score", "score", "--protected", "group", "--features", ",".join(FEATURES)]
    asked += ["--metric", plant.metric, "--limit", f"{plant.limit:g}", "--format", "json"]
    if case.lender is not None and seed % 2:
        joblib.dump(case.lender, folder / "lender.joblib")
        asked += ["--model", str(folder / "lender.joblib")]
    return asked


def ask(plant: Plant, strength: Strength, seed: int, folder: Path, *, bare: bool) -> Answer:
    """Build one case, ask, and return the answer.

    Args:
        plant: what to plant.
        strength: how strongly.
        seed: of the case.
        folder: an empty one of its own.
        bare: ask where scikit-learn and its like cannot be imported.
    """
    own = zlib.crc32(f"{plant.kind} {plant.way}".encode()) + seed
    asked = command(build(plant, strength, own), plant, folder, seed)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(ROOT / "src")
    out, errors = folder / "out.json", folder / "errors.txt"
    with out.open("w") as answer, errors.open("w") as complaint:
        starting = [sys.executable, "-c", BARE if bare else WHOLE, *asked]
        with subprocess.Popen(starting, env=environment, stdout=answer, stderr=complaint) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    cost = usage.ru_utime + usage.ru_stime
    if process.returncode == 2 or not out.stat().st_size:
        return Answer(plant, strength, seed, (), passed=False, said=errors.read_text()[-400:], cost=cost)
    causes = json.loads(out.read_text())["findings"][0]["causes"]
    named = tuple(cause["kind"] for cause in causes)
    passed = process.returncode == 0
    said = causes[0]["detail"] if causes else ""
    return Answer(plant, strength, seed, named or ("pass",) * passed, passed=passed, said=said, cost=cost)
