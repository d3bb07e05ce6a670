"""A small project with people and their keys, in which monitoring has raised an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.adapters.here import project_at
from assay.adapters.trail_here import record
from assay.lifecycle.keyring import Keyring
from assay.lifecycle.setting import now
from assay.trail.events import make_event
from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PEOPLE = {"mila": "data-scientist", "vera": "validator", "rosa": "risk-owner"}


def incident_project(root: Path, capsys: pytest.CaptureFixture[str], config: str = "") -> SmallProject:
    """Write a project with a trust file of three people; ``config`` is added to `assay.yaml`."""
    project = small_project(root, capsys, count=20)
    lines = ["people:"]
    for name, role in PEOPLE.items():
        key = Keyring(root / ".assay/keys").signer(name).public.pem()
        text = "".join(f"      {line}\n" for line in key.splitlines())
        lines.append(f"  - name: {name}\n    key: |\n{text}    roles: [{role}]")
    project.write("trust.yaml", "\n".join(lines) + "\n")
    project.write("assay.yaml", (root / "assay.yaml").read_text() + "trust: trust.yaml\n" + config)
    project.write("shown.txt", "what shows it\n")
    return project


def alert(project: SmallProject, name: str = "a-1", /, *, at: str | None = None, **fields: Any) -> None:  # noqa: ANN401 - fields of an event
    """Raise an alert, as monitoring does."""
    said = {
        "alert": name, "model": "small", "version": "1", "kind": "fairness", "metric": "selection_rate",
        "group": {"sex": "f"}, "measured": "0.41", "limit": "0.55", "severity": "high", **fields,
    }  # fmt: skip
    record([make_event("monitor.alert", said, claimed_at=at or now())], project_at(project.root), key="mila")
