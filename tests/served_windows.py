"""A small project with a released model, and windows of what it served, for tests of monitoring."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

MONITORING = """\
monitoring:
  reference: test
  identifier: id
  time: at
  labels: {path: labels.csv, key: id}
  label_delay_days: 30
"""

CONTROLS = """\
  - id: inputs
    title: The income is spread as it was
    check: drift
    metric: psi
    columns: [income]
    limit: {max: 0.1}
    stage: monitoring
    provenance: {set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}
  - id: predictions
    title: As many are selected as were
    check: prediction-drift
    metric: selection_rate_shift
    limit: {min: -0.1, max: 0.1}
    stage: monitoring
    provenance: {set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}
  - id: all-windows
    title: Both sexes are approved alike in all windows
    check: fairness-over-time
    metric: demographic_parity_difference
    attributes: [sex]
    limit: {max: 0.2}
    stage: monitoring
    provenance: {set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}
"""


def people(
    count: int, *, seed: int, gap: float = 0.0, shift: float = 0.0, day: int | None = None, label: bool = True,
    wrong: float = 0.0,
) -> tuple[str, str]:  # fmt: skip
    """Return rows as CSV, and their labels as CSV.

    Args:
        count: how many.
        seed: of the draw.
        gap: by how much women's scores are held to a higher threshold.
        shift: by how much incomes have moved, in standard deviations.
        day: of November 2026, for a window with identifiers and times; None for the release's rows.
        label: whether the rows bear their label.
        wrong: chance that a label has nothing to do with the score.
    """
    draw = random.Random(seed)
    head = [*(["id", "at"] if day else []), *(["approved"] if label else []), "predicted", "score", "sex", "income"]
    lines, labels = [",".join(head)], ["id,approved"]
    for number in range(count):
        sex = ("f", "m")[number % 2]
        score = round(draw.random(), 4)
        told = int(draw.random() < (0.5 if draw.random() < wrong else score))
        cells = [f"{int(score > 0.4 + (gap if sex == 'f' else 0.0))},{score:.4f},{sex},{draw.gauss(shift, 1):.4f}"]
        cells = [f"{told}", *cells] if label else cells
        name = f"c{seed}-{number}"
        if day:
            minute = number * 1439 // count
            cells = [f"{name},2026-11-{day:02}T{minute // 60:02}:{minute % 60:02}:00", *cells]
        lines.append(",".join(cells))
        labels.append(f"{name},{told}")
    return "\n".join(lines) + "\n", "\n".join(labels) + "\n"


def served_project(root: Path, capsys: pytest.CaptureFixture[str], *, count: int = 3000) -> SmallProject:
    """Write a project with monitoring, and release its model."""
    project = small_project(root, capsys)
    project.write("test.csv", people(count, seed=1)[0])
    project.write("assay.yaml", (root / "assay.yaml").read_text() + MONITORING)
    project.write("policy.yaml", (root / "policy.yaml").read_text() + CONTROLS)
    said = project.say("run")
    assert said.code == 0, said.err
    return project


def window(project: SmallProject, day: int, count: int = 2000, **moved: float) -> Path:
    """Write the window of a day, without labels."""
    rows, labels = people(count, seed=100 + day, day=day, label=False, **moved)
    project.write(f"labels-{day}.csv", labels)
    return project.write(f"served-{day}.csv", rows)
