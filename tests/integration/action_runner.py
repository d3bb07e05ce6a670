"""Run the shell steps of `action.yml` as a GitHub runner does: bash, environment, GITHUB_OUTPUT and the summary.

Steps that use another action are not run; they are listed with the inputs they would get. Only the expressions that
`action.yml` uses are understood; any other is an error, so that the test breaks before the action does.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")


@dataclass
class ActionRun:
    """One run of the action, in a workspace.

    Attributes:
        workspace: the checked-out repository of the action's user.
        temporary: RUNNER_TEMP.
        inputs: the action's inputs, defaults filled in.
        outputs: what each step gave, by step and name.
        used: the other actions that would have run, with their inputs.
        log: everything that was printed.
        exit_code: of the first step that failed; 0 when none did.
    """

    workspace: Path
    temporary: Path
    inputs: dict[str, str]
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    used: dict[str, dict[str, str]] = field(default_factory=dict)
    log: str = ""
    exit_code: int = 0

    @property
    def summary(self) -> str:
        """The step summary."""
        path = self.temporary / "summary"
        return path.read_text(encoding="utf-8") if path.exists() else ""


def action() -> dict[str, Any]:
    """Return `action.yml`."""
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return parsed


def run_action(
    workspace: Path,
    temporary: Path,
    inputs: Mapping[str, str] | None = None,
    *,
    install: bool = False,
    broken: str | None = None,
) -> ActionRun:
    """Run the action's shell steps in order; stop at the first that fails.

    Args:
        workspace: holds the user's files.
        temporary: RUNNER_TEMP.
        inputs: the action's inputs; those left out have their defaults.
        install: run the installing step for real; otherwise this checkout answers under the name it would have.
        broken: a program that stands in Assay's place.
    """
    described = action()
    given = dict(inputs or {})
    unknown = given.keys() - described["inputs"].keys()
    assert not unknown, f"action.yml has no inputs {unknown}"
    filled = {name: given.get(name, str(text.get("default", ""))) for name, text in described["inputs"].items()}
    done = ActionRun(workspace=workspace, temporary=temporary, inputs=filled)
    temporary.mkdir(parents=True, exist_ok=True)
    steps = described["runs"]["steps"]
    if not install:
        steps = [step for step in steps if not step["name"].startswith("Install ")]
        assert len(steps) == len(described["runs"]["steps"]) - 1
        write_commands(temporary / "assay" / "bin")
    if broken is not None:
        (temporary / "assay" / "bin" / "assay").write_text(broken, encoding="utf-8")
    for step in steps:
        if done.exit_code == 0 and ("if" not in step or holds(step["if"], done)):
            run_step(step, done)
    return done


def write_commands(folder: Path) -> None:
    """Put `assay` and `python` of this checkout into a folder."""
    folder.mkdir(parents=True)
    (folder / "assay").write_text(f"#!{sys.executable}\nfrom assay.cli import main\nmain()\n", encoding="utf-8")
    (folder / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    (folder / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    for path in folder.iterdir():
        path.chmod(0o755)


def run_step(step: dict[str, Any], done: ActionRun) -> None:
    """Run one step, or note the action it uses."""
    if "uses" in step:
        done.used[step["uses"].split("@")[0]] = {key: expand(str(value), done) for key, value in step["with"].items()}
        return
    output = done.temporary / "output"
    output.write_text("", encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "ASSAY_"))},
        "PYTHONPATH": str(ROOT / "src"),
        "RUNNER_TEMP": str(done.temporary),
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_WORKSPACE": str(done.workspace),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(done.temporary / "summary"),
        **{name: expand(str(value), done) for name, value in step.get("env", {}).items()},
    }
    assert "${{" not in step["run"], "an expression inside a script can inject code"
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=done.workspace / expand(step.get("working-directory", "."), done),
        env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    done.log += ran.stdout + ran.stderr
    done.exit_code = ran.returncode
    pairs = (line.partition("=") for line in output.read_text(encoding="utf-8").splitlines())
    done.outputs.setdefault(step.get("id", ""), {}).update({name: value for name, _, value in pairs})


def value_of(reference: str, done: ActionRun) -> str:
    """Return what a reference such as `inputs.stage` stands for."""
    if reference == "runner.temp":
        return str(done.temporary)
    if match := re.fullmatch(r"inputs\.([\w-]+)", reference):
        return done.inputs[match[1]]
    if match := re.fullmatch(r"steps\.([\w-]+)\.outputs\.([\w-]+)", reference):
        return done.outputs.get(match[1], {}).get(match[2], "")
    if match := re.fullmatch(r"'([^']*)'", reference):
        return match[1]
    raise AssertionError(f"action.yml uses an expression that this runner does not know: {reference}")


def expand(text: str, done: ActionRun) -> str:
    """Replace the expressions in a text."""
    return EXPRESSION.sub(lambda match: value_of(match[1], done), text)


def holds(condition: str, done: ActionRun) -> bool:
    """Whether a step's `if` holds: comparisons joined by `&&`."""
    for part in condition.split(" && "):
        left, operator, right = part.partition(" == ") if " == " in part else part.partition(" != ")
        if (value_of(left.strip(), done) == value_of(right.strip(), done)) != (operator == " == "):
            return False
    return True
