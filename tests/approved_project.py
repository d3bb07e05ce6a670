"""A small project in which a person has approved a release that is in production, and an officer who may erase them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from small_project import WAIVERS, small_project

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from small_project import SmallProject

NAME = "vera.lang"
APPROVALS = """\
approvals:
  - {role: validator, quorum: 1}
"""
ERASE = ("trail", "erase", "--as", "dora", "--ground", "request", "--reason", "ticket 4711")
DEPLOY = (
    "trail", "append", "deployment.finished", "--as", "mila", "--at", "2026-10-01T09:30:00Z", "-f", "deployment=d-1",
    "-f", "model=small", "-f", "version=1", "-f", "model_sha256=@model/", "-f", "environment=production", "-f",
    "outcome=succeeded", "-f", f"by={NAME}",
)  # fmt: skip


def trust_of(project: SmallProject, **roles: str) -> str:
    """Make a key for each person who has none, and return a trust file that names them; ``_`` stands for ``.``."""
    lines = ["people:"]
    for name, role in roles.items():
        named = name.replace("_", ".")
        if not (project.root / f".assay/keys/{named}.pub").exists():
            assert project.say("keys", "new", named).code == 0
        key = (project.root / f".assay/keys/{named}.pub").read_text().strip().replace("\n", "\n      ")
        lines.append(f"  - name: {named}\n    key: |\n      {key}\n    roles: [{role}]")
    return "\n".join(lines) + "\n"


def approved_project(root: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    """Make the project: measured by mila, approved by `NAME`, and dora may erase."""
    made = small_project(root, capsys, count=400)
    made.write("policy.yaml", (made.root / "policy.yaml").read_text() + APPROVALS + WAIVERS)
    made.write("assay.yaml", (made.root / "assay.yaml").read_text() + "trust: trust.yaml\n")
    people = trust_of(made, mila="data-scientist", vera_lang="validator", dora="data-protection-officer")
    made.write("trust.yaml", people)
    assert made.say("run", "--key", "mila").code == 3
    said = made.say("approve", "--as", NAME, "--role", "validator", "--comment", f"I, {NAME}, looked at all of it.")
    assert said.code == 0, said.err
    decided = made.say("gate", made.release / "evidence.json", "--key", "mila")
    assert decided.code == 0, decided
    assert made.say(*DEPLOY).code == 0
    history = {"type": "monitor.ack", "claimed_at": "2020-01-01T00:00:00Z",
               "fields": {"alert": "a-1", "by": f"p_{'1' * 32}"}}  # fmt: skip
    made.write("history.jsonl", json.dumps(history) + "\n")
    assert made.say("trail", "import", "history.jsonl", "--source", "old", "--as", "mila").code == 0
    assert made.say("trail", "query", "production").code == 0
    return made
