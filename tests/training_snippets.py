"""The code of docs/how-to/watch-a-training-run.md, by heading, and people whom it can be run on."""

from __future__ import annotations

import re
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import assay
from assay.errors import TrainingWarning

PAGE = Path(__file__).resolve().parents[1] / "docs" / "how-to" / "watch-a-training-run.md"
LIMITS = {"demographic_parity_difference": 0.1, "equal_opportunity_difference": 0.1, "impact_ratio": {"min": 0.8}}
TURN = 5
"""The round or epoch from which on what is learnt is unfair."""


@cache
def snippets() -> dict[str, list[str]]:
    """Return the Python of the page, by its headings."""
    found: dict[str, list[str]] = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading = section.split("\n", 1)[0]
        found[heading] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return found


def run_snippet(heading: str, names: dict[str, Any], *, number: int = 0, action: str | None = None) -> dict[str, Any]:
    """Run a snippet as it stands on the page, with another action where one is given; return its names."""
    code = snippets()[heading][number]
    if action is not None:
        code, changed = re.subn(r'action="[a-z-]+"', f'action="{action}"', code)
        assert changed == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        exec(compile(code, f"{PAGE.name}: {heading}", "exec"), names)  # noqa: S102 - the page's own code
    return names


def people(rows: int = 4000, seed: int = 5) -> dict[str, Any]:
    """Return training and validation people; sex is among the features, and says nothing of a fair label."""
    draw = np.random.default_rng(seed)
    found: dict[str, Any] = {"limits": LIMITS, "assay": assay}
    for suffix in ("", "_valid"):
        sex = draw.integers(0, 2, rows)
        skill = draw.normal(size=rows)
        features = np.column_stack([skill, draw.normal(size=rows), sex]).astype(np.float32)
        labels = (skill + 0.3 * draw.normal(size=rows) > 0).astype(np.int64)
        found |= {f"X{suffix}": features, f"y{suffix}": labels, f"sex{suffix}": np.where(sex == 1, "m", "f")}
    found["unfair"] = (draw.random(rows) < np.where(found["X"][:, 2] == 1, 0.95, 0.05)).astype(np.int64)
    return found
