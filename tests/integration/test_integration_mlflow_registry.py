"""What serves in a real MLflow registry is known by its artifacts, whatever its alias and tags say."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from typing import TYPE_CHECKING

import pytest

from assay.adapters.mlflow_registry import in_registry
from assay.errors import InputError
from assay.lifecycle.storing import list_model
from integration.mlflow_server import mlflow_python, mlflow_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.service

REGISTER = """
import sys, mlflow
from mlflow import MlflowClient
server, *folders = sys.argv[1:]
mlflow.set_tracking_uri(server)
client = MlflowClient()
client.create_registered_model("credit")
for folder in folders:
    with mlflow.start_run() as run:
        mlflow.log_artifacts(folder, "model")
        made = client.create_model_version("credit", f"{run.info.artifact_uri}/model", run.info.run_id)
client.set_registered_model_alias("credit", "champion", "1")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as started:
        yield started.address


@pytest.fixture(scope="module")
def folders(server: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("models")
    found = root / "one", root / "two"
    for number, folder in enumerate(found):
        (folder / "deep er").mkdir(parents=True)
        (folder / "weights.json").write_text(json.dumps({"threshold": number}))
        (folder / "deep er" / "größe.bin").write_bytes(bytes(range(256)) * 5000)
    subprocess.run(
        [mlflow_python(), "-c", REGISTER, server, *map(str, found)], check=True, capture_output=True, timeout=300
    )
    return found


def test_an_alias_is_followed_to_the_files(server: str, folders: tuple[Path, Path]) -> None:
    found = in_registry(server, "credit", alias="champion")
    assert (found.sha256, found.version, found.reported) == (list_model(folders[0])[1], "1", False)


def test_a_version_is_hashed(server: str, folders: tuple[Path, Path]) -> None:
    assert in_registry(server, "credit", version="2").sha256 == list_model(folders[1])[1]


def test_a_moved_alias_is_seen(server: str, folders: tuple[Path, Path]) -> None:
    body = json.dumps({"name": "credit", "alias": "moved", "version": "2"}).encode()
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{server}/api/2.0/mlflow/registered-models/alias", body, {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - loopback
        pass
    assert in_registry(server, "credit", alias="moved").sha256 == list_model(folders[1])[1]


def test_what_is_not_there_is_said(server: str, folders: tuple[Path, Path]) -> None:
    assert folders
    with pytest.raises(InputError, match="alias 'nobody'"):
        in_registry(server, "credit", alias="nobody")
