"""Genuine Airflow with its OpenLineage provider reports to a server, with no code of ours in it.

Airflow lives in an environment of its own: ``ASSAY_AIRFLOW_PYTHON``, or one that the test makes with uv.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from assay.server.serving import Server
from assay.trail.lineage import lineage
from live_server import free_port, serving
from server_home import application, home_at

pytestmark = pytest.mark.service

PACKAGES = ("apache-airflow==3.3.2", "apache-airflow-providers-openlineage==2.20.3")
SECONDS = 400

DAG = """
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def measured():
    return 1


def refused():
    raise ValueError("the gate denies")


with DAG("credit", schedule=None, catchup=False, default_args={"owner": "vera.novak"}):
    PythonOperator(task_id="measure", python_callable=measured) >> PythonOperator(
        task_id="gate", python_callable=refused
    )
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the airflow command of an environment that has it."""
    given = os.environ.get("ASSAY_AIRFLOW_PYTHON")
    if given is not None:
        return Path(given).with_name("airflow")
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("Airflow is not here: set ASSAY_AIRFLOW_PYTHON, or install uv, and the test makes an environment")
    folder = tmp_path_factory.mktemp("airflow") / "venv"
    commands: tuple[list[str | Path], ...] = (
        [uv, "venv", "-q", folder],
        [uv, "pip", "install", "-q", "--python", folder / "bin/python", *PACKAGES],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        if done.returncode != 0:
            pytest.skip(f"Airflow cannot be installed here: {done.stderr.strip()[-200:]}")
    return folder / "bin/airflow"


def test_a_run_of_airflow_stands_in_the_trail(airflow: Path, tmp_path: Path) -> None:
    home = home_at(tmp_path / "home", lineage="{gov: credit}")
    (tmp_path / "airflow/dags").mkdir(parents=True)
    (tmp_path / "airflow/dags/credit.py").write_text(DAG)
    with serving(application(home), free_port()) as address:
        auth = {"type": "api_key", "apiKey": "pipeline"}
        transport = {"type": "http", "url": address, "endpoint": "api/v1/lineage", "auth": auth}
        environment = {
            "PATH": f"{airflow.parent}:/usr/bin:/bin", "HOME": str(tmp_path), "AIRFLOW_HOME": str(tmp_path / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__OPENLINEAGE__NAMESPACE": "gov",
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport), "AIRFLOW__OPENLINEAGE__EXECUTION_TIMEOUT": "60",
        }  # fmt: skip
        for command in (("db", "migrate"), ("dags", "test", "credit")):
            done = subprocess.run(
                [airflow, *command], env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
            )
            assert "db" not in command or done.returncode == 0, done.stderr[-2000:]
    trail = Server(home).inside.trail()
    view = trail.view()
    said = [fact.said for fact in view.facts("lineage.reported")]
    assert {one.state for one in said} >= {"start", "complete", "fail"}, done.stdout[-3000:]
    assert {one.pipeline for one in said} == {"credit-airflow"}
    assert {one.system for one in said} == {"credit"}
    assert {"credit.measure", "credit.gate"} <= {one.label for one in lineage(view).nodes}
    log = home.log_folder
    assert not any(b"vera" in path.read_bytes() for path in log.rglob("*") if path.is_file())
