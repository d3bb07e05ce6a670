"""A project of data alone, before there is a model: sound data, and ways to poison them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from small_project import SmallProject

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CONFIG = """\
system: small
model: {name: small, version: "1", path: model/, author: mila}
materiality: {exposure: low, purpose: test, justification: It decides about nobody at all.}
datasets:
  train: {path: train.csv}
  test: {path: test.csv}
columns:
  label: approved
  protected: [race]
data:
  identifier: id
  time: decided_on
  source: branch
  out_of_sample: p_honest
  features: [income, debt, street]
  benchmark:
    - attributes: [race]
      shares: {black: 0.3, white: 0.7}
      source: a made up register of 2026
  expect:
    income: {type: number, min: 0, max: 200, missing: 0.01}
    race: {allowed: [black, white]}
    id: {unique: true}
policy: policy.yaml
"""

CONTROL = """\
  - id: {name}
    title: {title}
    check: {check}
    metric: {metric}
    limit: {limit}
    stage: data
    provenance: {{set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}}
"""

CONTROLS = (
    ("share", "Races are there as in the register", "representation", "representation_ratio", "{min: 0.7}"),
    ("labels", "Few labels are probably wrong", "label-noise", "label_noise_share", "{max: 0.25}"),
    ("branches", "Branches label alike", "label-shift", "label_source_difference", "{max: 0.15}"),
    ("missing", "Values are there for all alike", "missingness", "missing_gap", "{max: 0.1}"),
    ("twice", "No row is there twice", "duplicates", "duplicate_share", "{max: 0}"),
    ("people", "Nobody is tested who was learnt from", "leakage", "identifier_overlap_share", "{max: 0}"),
    ("rows", "No row is tested that was learnt from", "leakage", "overlap_share", "{max: 0}"),
    ("answer", "No feature is the answer", "leakage", "feature_label_auc", "{max: 0.9}"),
    ("stand-in", "No feature stands in for race", "stand-in-features", "feature_attribute_auc", "{max: 0.7}"),
    ("columns", "Columns are as expected", "schema", "expectation_broken_share", "{max: 0}"),
    ("recent", "The newest row is recent", "freshness", "newest_age_days", "{max: 36500}"),
    ("aligned", "Train and test are distributed alike", "drift", "ks", "{max: 0.15}"),
)

POLICY = 'schema: assay.policy/v1\nname: small\nversion: "1"\ncontrols:\n' + "".join(
    CONTROL.format(name=name, title=title, check=check, metric=metric, limit=limit)
    for name, title, check, metric, limit in CONTROLS
)

HEAD = ("id", "race", "income", "debt", "street", "branch", "decided_on", "approved", "p_honest")
Row = dict[str, str]


def people(count: int, *, first: int = 0, seed: int = 1) -> list[Row]:
    """Return sound rows: the label follows income and debt, never race; three rows in ten are of black people."""
    draw = random.Random(seed)
    rows = []
    for number in range(first, first + count):
        income, debt = draw.uniform(10, 150), draw.uniform(0, 80)
        chance = 1 / (1 + 2.718281828459045 ** (-(income - debt - 30) / 15))
        rows.append({
            "id": f"a{number:06d}",
            "race": "black" if draw.random() < 0.3 else "white",
            "income": f"{income:.3f}",
            "debt": f"{debt:.3f}",
            "street": draw.choice(("oak", "elm", "ash", "fir")),
            "branch": draw.choice(("north", "south")),
            "decided_on": f"2026-0{1 + number % 9}-11",
            "approved": str(int(draw.random() < chance)),
            "p_honest": f"{chance:.4f}",
        })  # fmt: skip
    return rows


def as_csv(rows: list[Row]) -> str:
    """Return rows as CSV."""
    return "\n".join([",".join(HEAD), *(",".join(row[name] for name in HEAD) for row in rows)]) + "\n"


def data_project(root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[SmallProject, list[Row], list[Row]]:
    """Write a sound project; return it with its training and test rows."""
    project = SmallProject(root, capsys)
    train, test = people(3000), people(1000, first=3000, seed=2)
    project.write("assay.yaml", CONFIG)
    project.write("policy.yaml", POLICY)
    project.write("train.csv", as_csv(train))
    project.write("test.csv", as_csv(test))
    return project, train, test
