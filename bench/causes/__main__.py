"""`make bench-causes`: how often the diagnosis names first what was planted.

    python -m bench.causes [--quick] [--bare] [--seeds 4] [--jobs 2] [--only data.proxy ...]

Prints the confusion matrix of each strength, every case that was named otherwise, and the share named right; ends with
1 when that is below 90 % of the strong cases, 75 % of the medium ones or 95 % where nothing was planted. Same answers
on every run. The default run takes some ten minutes on two cores; `--quick` a fourth of that.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from bench.causes.asking import Answer, ask
from bench.causes.plants import PLANTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.causes.lending import Plant, Strength

WANTED: dict[Strength, float] = {"strong": 0.9, "medium": 0.75, "null": 0.95}
"""Share that must be named right; weak plants are shown, and nothing is wanted of them."""

STRENGTHS: tuple[Strength, ...] = ("strong", "medium", "weak", "null")
NULLS = 3
"""Times as many seeds for each kind of nothing: a share of 95 % needs more cases than one of 75 %."""


def cases(seeds: int, only: Sequence[str], *, quick: bool) -> list[tuple[Plant, Strength, int]]:
    """Return what to ask about: every plant at each of its strengths, with as many seeds as are asked for."""
    return [
        (plant, strength, seed)
        for plant in PLANTS
        if not only or plant.kind in only
        for strength in plant.amounts
        if not (quick and strength == "weak")
        for seed in range(1, 1 + seeds * (NULLS if strength == "null" and not quick else 1))
    ]


def answered(asked: Iterable[tuple[Plant, Strength, int]], jobs: int, *, bare: bool) -> list[Answer]:
    """Ask about each case, and tell a person who waits how far it is."""

    def one(case: tuple[Plant, Strength, int]) -> Answer:
        with tempfile.TemporaryDirectory() as folder:
            answer = ask(*case, Path(folder), bare=bare)
        mark = "right" if answer.right else f"NAMED {', '.join(answer.named[:2]) or 'nothing'}"
        about = f"{answer.plant.kind}, {answer.plant.way}, {answer.strength}, seed {answer.seed}"
        print(f"{about}: {mark} ({answer.cost:.1f} s of CPU)", file=sys.stderr, flush=True)
        return answer

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, asked))


def matrix(answers: Sequence[Answer]) -> str:
    """Return the confusion matrix as a Markdown table: planted down, named first across."""
    counted = Counter((answer.plant.kind, answer.first) for answer in answers)
    planted = list(dict.fromkeys(answer.plant.kind for answer in answers))
    named = [*planted, *sorted({first for _, first in counted} - set(planted))]
    head = "| planted \\ named | " + " | ".join(named) + " |"
    lines = [head, "|---" * (len(named) + 1) + "|"]
    lines += [f"| {kind} | " + " | ".join(str(counted[kind, name] or "") for name in named) + " |" for kind in planted]
    return "\n".join(lines)


def otherwise(answers: Iterable[Answer]) -> str:
    """Return each case that was named otherwise, one a line, with what was said."""
    return "\n".join(
        f"- {answer.plant.kind} ({answer.plant.way}, {answer.strength}, seed {answer.seed}): "
        f"{', '.join(answer.named[:3]) or 'no answer'}: {answer.said}"
        for answer in answers
        if not answer.right
    )


def report(answers: Sequence[Answer]) -> bool:
    """Print what was found, and return whether it is what is wanted."""
    good = True
    for strength in STRENGTHS:
        some = [answer for answer in answers if answer.strength == strength]
        if not some:
            continue
        right = sum(answer.right for answer in some)
        wanted = WANTED.get(strength)
        enough = wanted is None or right >= wanted * len(some)
        good &= enough
        of = "" if wanted is None else f", wanted {wanted:.0%}{'' if enough else ': TOO FEW'}"
        print(f"\n## {strength}: {right} of {len(some)} named right ({right / len(some):.1%}{of})\n")
        print(matrix(some))
        if right < len(some):
            print(f"\n{otherwise(some)}")
    spent = sum(answer.cost for answer in answers)
    print(
        f"\n{len(answers)} cases, {spent:,.0f} s of CPU in the diagnosis, at most {max(a.cost for a in answers):.1f} s"
    )
    return good


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m bench.causes", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, no weak plants")
    parser.add_argument("--bare", action="store_true", help="as the base install: without scikit-learn and its like")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of each plant at each strength (default 3)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (default 2)")
    parser.add_argument("--only", nargs="+", default=(), metavar="KIND", help="plants of these kinds alone")
    wanted = parser.parse_args()
    asked = cases(1 if wanted.quick else wanted.seeds, wanted.only, quick=wanted.quick)
    sys.exit(0 if asked and report(answered(asked, wanted.jobs, bare=wanted.bare)) else 1)


if __name__ == "__main__":
    main()
