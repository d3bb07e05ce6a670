"""The examples for Airflow, Prefect and Kubeflow, run by the real ones: what was denied is not deployed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from integration.projects import write_project

pytestmark = [pytest.mark.service, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs/examples"
LONGEST_S = 600

KUBEFLOW = """
import sys
from kfp import local
examples, root, assay, project = sys.argv[1:]
sys.path.insert(0, examples)
local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=root)
from model_release import model_release
model_release(assay=assay, project=project)
"""


def _python(name: str) -> Path:
    found = Path(os.environ.get(f"ASSAY_{name.upper()}_PYTHON", ROOT / f".venv/{name}/bin/python"))
    if not found.exists():
        pytest.skip(f"{name} is not installed in .venv/{name}; run .ci/services orchestrators")
    return found


@pytest.fixture(params=["deny", "allow"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    write_project(tmp_path / request.param, request.param)
    return tmp_path / str(request.param)


def _run(project: Path, *command: str | Path, **said: str) -> subprocess.CompletedProcess[str]:
    """Run an orchestrator in the project's parent folder; it finds the command of this checkout."""
    assay = f"env PYTHONPATH={ROOT / 'src'} {sys.executable} -m assay"
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    given = {**inherited, "ASSAY": assay, "CREDIT_PROJECT": str(project), "DO_NOT_TRACK": "1", **said}
    return subprocess.run(
        command, cwd=project.parent, env=given, capture_output=True, text=True, timeout=LONGEST_S, check=False
    )


def _deployed_only_when_allowed(project: Path, done: subprocess.CompletedProcess[str]) -> None:
    assert (project / ".assay/releases/lender/1/verdict.json").is_file(), done.stderr
    allowed = project.name == "allow"
    assert (done.returncode == 0) == allowed, done.stderr
    assert (project / "deployed").exists() == allowed, done.stderr


def test_airflow(project: Path, tmp_path: Path) -> None:
    airflow = _python("airflow").with_name("airflow")
    said = {
        "AIRFLOW_HOME": str(tmp_path / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES / "airflow"), "PATH": f"{airflow.parent}:{os.environ['PATH']}",
    }  # fmt: skip
    assert _run(project, airflow, "db", "migrate", **said).returncode == 0
    _deployed_only_when_allowed(project, _run(project, airflow, "dags", "test", "model_release", **said))


def test_prefect(project: Path, tmp_path: Path) -> None:
    said = {
        "PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
    }  # fmt: skip
    done = _run(project, _python("prefect"), EXAMPLES / "prefect/model_release.py", **said)
    _deployed_only_when_allowed(project, done)


def test_kubeflow(project: Path, tmp_path: Path) -> None:
    python, root = _python("kubeflow"), str(tmp_path / "kubeflow")
    assay = f"env PYTHONPATH={ROOT / 'src'} {sys.executable} -m assay"
    done = _run(project, python, "-c", KUBEFLOW, str(EXAMPLES / "kubeflow"), root, assay, str(project))
    _deployed_only_when_allowed(project, done)
