"""A Prefect flow that deploys a model version only when its gate lets it out."""

import os
import shlex
import subprocess
from pathlib import Path

from prefect import flow, task

ASSAY = shlex.split(os.environ.get("ASSAY", "assay"))  # the command, in an environment of its own
PROJECT = Path(os.environ.get("CREDIT_PROJECT", "/srv/credit"))  # the folder of assay.yaml


@task(retries=0)  # the same inputs give the same verdict
def gate(project: Path) -> None:
    """Fail on every exit code but 0: 1 denied, 2 wrong input, 3 undecided."""
    subprocess.run([*ASSAY, "run", "--project", project], check=True)


@task
def deploy(project: Path) -> None:
    """Put the version into production."""
    (project / "deployed").touch()


@flow
def model_release(project: Path = PROJECT) -> None:
    """Gate a version, then deploy it."""
    gate(project)
    deploy(project)


if __name__ == "__main__":
    model_release()
