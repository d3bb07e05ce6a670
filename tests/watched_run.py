"""A validation set and a project for tests of monitored training runs; numbers that are planted, not drawn twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """\
schema: assay.policy/v1
name: watched
version: "1"
controls:
  - id: sex-gap
    title: Both sexes are approved alike
    check: group-gap
    metric: demographic_parity_difference
    attributes: [sex]
    limit: {max: 0.1}
    provenance: {set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}
  - id: every-iteration
    title: Every iteration was measured
    check: training-run
    metric: iterations_failed
    limit: {max: 0}
    stage: training
    provenance: {set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}
  - id: files
    title: The files are those that were measured
    check: files-unchanged
    stage: release
"""

CONFIG = """\
system: watched
model: {name: watched, version: "1", path: model/, author: mila}
materiality: {exposure: low, purpose: test, justification: It decides about nobody at all.}
datasets:
  train: {path: train.csv}
  test: {path: test.csv}
columns:
  label: approved
  prediction: predicted
  protected: [sex]
policy: policy.yaml
"""


def watched_project(root: Path, policy: str = POLICY) -> Path:
    """Write a project whose training is to be watched, and return its folder."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "assay.yaml").write_text(CONFIG)
    (root / "policy.yaml").write_text(policy)
    (root / "train.csv").write_text("approved,sex\n1,f\n0,m\n")
    return root


@dataclass(frozen=True)
class Validation:
    """Labels, sex and, for any gap, scores of which women reach the threshold less often by just that gap."""

    labels: Any
    sex: Any

    def scores(self, gap: float = 0.0) -> Any:  # noqa: ANN401 - numpy's array
        """Return scores: half of the men are predicted positive, of the women less by ``gap``."""
        found = np.empty(len(self.sex))
        for sex, share in (("m", 0.5), ("f", 0.5 - gap)):
            rows = np.flatnonzero(self.sex == sex)
            found[rows] = np.where(np.arange(len(rows)) < round(share * len(rows)), 0.9, 0.1)
        return found


def validation(rows: int = 4000) -> Validation:
    """Return a validation set of as many women as men, half of them with the label 1."""
    at = np.arange(rows)
    return Validation(labels=(at // 2) % 2, sex=np.where(at % 2 == 0, "f", "m"))
