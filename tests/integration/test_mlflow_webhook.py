"""A real MLflow tells a real Assay server by its webhooks, and guards ask it: both ends over HTTP."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import shutil
import subprocess
import threading
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import msgspec
import pytest
import uvicorn
from cryptography.fernet import Fernet

import assay
from assay.adapters.guard_judges import judge_of
from assay.adapters.guard_judging import Move, Question
from assay.adapters.guard_settings import Governed, GuardSettings
from assay.errors import NotThereError
from assay.lifecycle.storing import list_model
from assay.server.acting import Actor
from assay.server.app import create_app
from assay.server.home import STATE, Home, open_home
from assay.server.registries import Registries, registries_of
from assay.server.routes import ROUTES
from assay.server.signing_in import opaque
from assay.server.starting import start
from assay.server.store import pipelines
from assay.server.today import put_in_force
from integration.mlflow_server import Mlflow, install_guard, mlflow_python, mlflow_server
from integration.projects import write_project
from live_server import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from assay.server.serving import Server

pytestmark = pytest.mark.service
SECRET, PIPELINE_SECRET = "a secret of the webhook", "a-pipeline's-secret"
WAIT_S = 30

REGISTER = """
import sys, mlflow
from mlflow import MlflowClient
mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()
events = ["model_version_alias.created", "model_version_tag.set", "model_version.created"]
client.create_webhook("assay", sys.argv[2], events=events, secret=sys.argv[3])
"""


@dataclass(frozen=True)
class Both:
    """A registry and a server that watches it.

    Attributes:
        mlflow: the registry.
        server: the Assay server, in this process.
        good: folder of files that were released.
        bad: folder of files that were not.
    """

    mlflow: Mlflow
    server: Server
    good: Path
    bad: Path

    @property
    def webhook(self) -> str:
        """The address that MLflow tells."""
        return f"{self.server.home.settings.origin}/api/v1/mlflow/test/webhook"

    def aliases(self, name: str) -> dict[str, str]:
        """Return the aliases of a registered model."""
        found = self.mlflow.api("GET", f"registered-models/get?name={name}")["registered_model"]
        return {one["alias"]: one["version"] for one in found.get("aliases", ())}

    def told(self, kind: str, model: str) -> list[Any]:
        """Return what the server's log says about a registered model."""
        self.server.entrance.outbox.flush()
        return [one.said for one in self.server.inside.view().facts(kind) if one.said.model == model]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("told")
    environ = {
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": Fernet.generate_key().decode(),
    }  # fmt: skip
    with mlflow_server(folder / "mlflow", environ=environ) as mlflow, _assay(folder, mlflow) as (server, good, bad):
        yield Both(mlflow, server, good, bad)


def _home(folder: Path, mlflow: Mlflow) -> tuple[Home, Path]:
    project = folder / "project"
    write_project(project, "allow")
    assert assay.run(project).verdict.decision == "allow"
    secret = folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    port = free_port()
    root = folder / "home"
    root.mkdir(mode=0o700)
    (root / "server.yaml").write_text(
        f"name: integration\nlisten: 127.0.0.1:{port}\nregistries:\n  test:\n    url: {mlflow.address}\n"
        f"    webhook_secret_file: {secret}\n    poll_minutes: 0\n"
    )
    shutil.copytree(project / ".assay", root / STATE)
    home = open_home(root)
    return home, project


@contextlib.contextmanager
def _assay(folder: Path, mlflow: Mlflow) -> Iterator[tuple[Server, Path, Path]]:
    home, project = _home(folder, mlflow)
    good, bad = folder / "good", folder / "bad"
    for place in (good, bad):
        place.mkdir()
        shutil.copy(project / "model.bin", place)
    (bad / "model.bin").write_bytes(b"weights that nobody has measured")
    with start(home) as server, _answering(server):
        files = {"policy.yaml": (project / "policy.yaml").read_bytes()}
        put_in_force(server, "integration", files, by="rosa", at=server.entrance.at())
        with server.entrance.store.writing() as rows:
            made = pipelines.Pipeline(
                name="mlflow", systems=("integration",), created_by="ada", created_at=1, changed_at=1
            )
            pipelines.add(rows, made)
            pipelines.set_secret(rows, "mlflow", opaque.digest(PIPELINE_SECRET))
        yield server, good, bad


@contextlib.contextmanager
def _answering(server: Server) -> Iterator[None]:
    """Answer by HTTP, on the address that the server's settings say."""
    port = server.home.settings.port
    running = uvicorn.Server(uvicorn.Config(create_app(server, ROUTES), host="127.0.0.1", port=port, log_config=None))
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        until = time.monotonic() + WAIT_S
        while not running.started:
            assert time.monotonic() < until
            time.sleep(0.05)
        yield
    finally:
        running.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def told_of(both: Both) -> Both:
    """Return both, with a webhook made by MLflow's own client."""
    command = [str(mlflow_python()), "-c", REGISTER, both.mlflow.address, both.webhook, SECRET]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return both


def _until(found: Callable[[], Any], expected: object) -> None:
    until = time.monotonic() + WAIT_S
    while found() != expected:
        assert time.monotonic() < until, found()
        time.sleep(0.2)


def test_an_alias_without_a_clearance_is_set_back_within_seconds(told_of: Both) -> None:
    name, mlflow = "hooked.lender", told_of.mlflow
    mlflow.api("POST", "registered-models/create", {"name": name})
    good, bad = mlflow.version(name, told_of.good), mlflow.version(name, told_of.bad)
    mlflow.api("POST", "registered-models/alias", {"name": name, "alias": "champion", "version": good})
    _until(lambda: [one.version for one in told_of.told("registry.allowed", name)], [good])
    mlflow.api("POST", "registered-models/alias", {"name": name, "alias": "champion", "version": bad})
    _until(lambda: told_of.aliases(name), {"champion": good})
    _until(lambda: [one.outcome for one in told_of.told("registry.reverted", name)], ["reverted"])
    (told,) = told_of.told("registry.reverted", name)
    assert (told.registry, told.door, told.mark, told.version, told.to_version) == (
        "test", "alias", "champion", bad, good,
    )  # fmt: skip


def test_a_tag_that_names_a_stage_is_taken_away(told_of: Both) -> None:
    name, mlflow = "hooktag.lender", told_of.mlflow
    mlflow.api("POST", "registered-models/create", {"name": name})
    bad = mlflow.version(name, told_of.bad)
    mlflow.api("POST", "model-versions/set-tag", {"name": name, "version": bad, "key": "env", "value": "production"})
    _until(lambda: [one.door for one in told_of.told("registry.reverted", name)], ["tag"])
    found = mlflow.api("GET", f"model-versions/get?name={name}&version={bad}")["model_version"]
    assert not found.get("tags")


def test_the_round_sees_what_no_webhook_tells(both: Both) -> None:
    name, mlflow = "rounds.lender", both.mlflow
    mlflow.api("POST", "registered-models/create", {"name": name})
    bad = mlflow.version(name, both.bad)
    staged = {"name": name, "version": bad, "stage": "Production"}
    mlflow.api("POST", "model-versions/transition-stage", staged)
    here = both.server.home.settings.registries["test"]
    both.server.home.settings.registries["test"] = msgspec.structs.replace(here, poll_minutes=1)
    rounds = Registries(both.server)
    try:
        rounds.start()
        _until(lambda: [one.mark for one in both.told("registry.reverted", name)], ["Production"])
    finally:
        rounds.stop()
        both.server.home.settings.registries["test"] = here
    assert (
        mlflow.api("GET", f"model-versions/get?name={name}&version={bad}")["model_version"]["current_stage"] == "None"
    )


def _sent(address: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    sent = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(address, body, sent, method="POST")  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def _signed(body: bytes, secret: str = SECRET, at: int | None = None) -> dict[str, str]:
    stamp = str(int(time.time()) if at is None else at)
    mac = hmac.new(secret.encode(), f"d-1.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "X-MLflow-Delivery-Id": "d-1", "X-MLflow-Timestamp": stamp,
        "X-MLflow-Signature": f"v1,{base64.b64encode(mac).decode()}",
    }  # fmt: skip


def test_what_is_not_signed_lately_is_not_believed(both: Both) -> None:
    body = b'{"entity": "model_version_alias", "action": "created", "data": {"name": "nobody"}}'
    assert _sent(both.webhook, body, _signed(body)) == (
        200, {"event": "model_version_alias.created", "let": [], "reverted": []},
    )  # fmt: skip
    assert _sent(both.webhook, body, {})[0] == 403
    status, said = _sent(both.webhook, body, _signed(body, secret="guessed"))
    assert (status, SECRET in json.dumps(said)) == (403, False)
    assert _sent(both.webhook, body, _signed(body, at=1_000_000_000))[0] == 403
    assert _sent(both.webhook.replace("/test/", "/other/"), body, _signed(body))[0] == 404
    assert _sent(both.webhook, b"[]", _signed(b"[]"))[0] == 400


def test_a_registry_that_does_not_answer_is_503_so_that_mlflow_tells_again(both: Both) -> None:
    registries = registries_of(both.server)
    body = b'{"entity": "model_version_alias", "action": "created", "data": {"name": "lender"}}'
    watch, here = registries.watch("test"), both.server.home.settings.registries["test"]
    both.server.home.settings.registries["test"] = msgspec.structs.replace(here, url="http://127.0.0.1:9")
    try:
        status, said = _sent(both.webhook, body, _signed(body))
    finally:
        both.server.home.settings.registries["test"] = here
    assert (status, "cannot be told" in said["error"]["message"]) == (503, True)
    assert registries.watch("test") is watch


def test_a_guard_in_mlflow_asks_the_server(both: Both, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(f"mlflow:{PIPELINE_SECRET}")
    token.chmod(0o600)
    environ = {
        "PYTHONPATH": str(install_guard(tmp_path / "site")), "ASSAY_SERVER": both.server.home.settings.origin,
        "ASSAY_TOKEN_FILE": str(token), "ASSAY_GUARD_REGISTRY": "test",
    }  # fmt: skip
    name = "asked.lender"
    with mlflow_server(tmp_path / "guarded", app="assay", environ=environ) as guarded:
        guarded.api("POST", "registered-models/create", {"name": name})
        good, bad = guarded.version(name, both.good), guarded.version(name, both.bad)
        alias = {"name": name, "alias": "champion"}
        path = "/api/2.0/mlflow/registered-models/alias"
        assert "No release that you may see" in guarded.ask("POST", path, {**alias, "version": bad}).refused
        assert guarded.ask("POST", path, {**alias, "version": good}).status == 200
        token.write_text("mlflow:another secret")  # the token in hand goes on until it ends
        assert PIPELINE_SECRET not in guarded.log.read_text()
    assert [one.why for one in both.told("registry.refused", name)] == ["not-cleared"]
    assert [one.version for one in both.told("registry.allowed", name)] == [good]


def test_a_pipeline_of_other_systems_is_cleared_nothing(both: Both) -> None:
    sha256 = list_model(both.good)[1]
    asked = Question(move=Move(door="alias", mark="champion", model="lender", version="7"), model_sha256=sha256)
    for systems, why in ((("integration",), None), (("others",), "not-cleared")):
        actor = Actor(kind="pipeline", name="mlflow", roles=("pipeline",), systems=systems)
        found = registries_of(both.server).judge("test", asked, actor)
        assert (found.why, "lender 1" in found.words) == (why, False)
    with pytest.raises(NotThereError):
        registries_of(both.server).judge("nowhere", asked, Actor(kind="pipeline", name="mlflow"))


def test_a_guard_whose_server_is_down_refuses(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(f"mlflow:{PIPELINE_SECRET}")
    governed = GuardSettings(server=f"http://127.0.0.1:{free_port()}", registry="test", governed=Governed())
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ASSAY_TOKEN_FILE", str(token))
        found = judge_of(governed).judge(Move(door="alias", mark="champion", model="lender", version="1"), "ab" * 32)
    assert (found.why, "could not be reached" in found.words) == ("no-answer", True)
