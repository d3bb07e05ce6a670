"""Small projects that a gate allows, denies or cannot decide; each is what its numbers make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Decision: people in each group, and how many of a hundred are predicted positive in group f and in group m.
SHAPES = {"allow": (2000, 50, 50), "deny": (2000, 20, 70), "undecided": (60, 45, 55)}

CONFIG = """\
system: integration
model: {name: lender, version: "1", path: model.bin}
materiality: {exposure: high, purpose: credit decision, justification: a small project that the tests gate}
datasets:
  test: {path: rows.csv}
columns: {label: approved, prediction: predicted, favourable: 1, protected: [sex]}
policy: policy.yaml
"""

POLICY = """\
name: integration
version: "1"
coverage: {attributes: [sex], metrics: [demographic_parity_difference]}
controls:
  - id: approval-gap
    title: Approval rates differ by at most a tenth
    check: group-gap
    metric: demographic_parity_difference
    limit: {max: 0.1}
    provenance: {set_by: the tests, when: "2026-01-01", source: none, why: a gap that the shapes clear or breach}
"""


def write_project(folder: Path, decision: str) -> None:
    """Write a project whose numbers lead to a decision."""
    people, *favoured = SHAPES[decision]
    rows = [
        f"{sex},{i % 2},{int(i * 37 % 100 < share)}"
        for sex, share in zip("fm", favoured, strict=True)
        for i in range(people)
    ]
    folder.mkdir(parents=True)
    (folder / "rows.csv").write_text("sex,approved,predicted\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "model.bin").write_bytes(b"the weights of a lender")
    (folder / "assay.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
