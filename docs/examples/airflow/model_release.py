"""An Airflow DAG that deploys a model version only when its gate lets it out."""

import os

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

ASSAY = os.environ.get("ASSAY", "assay")  # the command, in an environment of its own
PROJECT = os.environ.get("CREDIT_PROJECT", "/srv/credit")  # the folder of assay.yaml

with DAG("model_release", schedule=None):
    gate = BashOperator(
        task_id="gate",
        bash_command=f"{ASSAY} run --project {PROJECT}",
        skip_on_exit_code=None,  # every exit code but 0 fails the task: 1 denied, 2 wrong input, 3 undecided
        retries=0,  # the same inputs give the same verdict
    )
    deploy = BashOperator(task_id="deploy", bash_command=f"touch {PROJECT}/deployed")
    gate >> deploy
