"""A real MLflow server, started by the test, with or without our guard in it; spoken to over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError

import pytest

from live_server import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path(os.environ.get("ASSAY_MLFLOW_PYTHON", ROOT / ".venv/mlflow/bin/python"))
START_S = 240


@dataclass(frozen=True)
class Said:
    """What a server answered."""

    status: int
    body: Any

    @property
    def refused(self) -> str:
        """The message of a refusal, which this must be."""
        assert (self.status, self.body["error_code"]) == (403, "PERMISSION_DENIED"), self
        return str(self.body["message"])


@dataclass(frozen=True)
class Mlflow:
    """A running server."""

    address: str
    log: Path

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Said:
        """Send one request and return what came back, whatever its status."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.address}{path}", content, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
                return Said(answer.status, _parsed(answer.read()))
        except HTTPError as error:
            with error:
                return Said(error.code, _parsed(error.read()))

    def api(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Send a request of the REST API that must succeed, and return the answer."""
        said = self.ask(method, f"/api/2.0/mlflow/{path}", body)
        assert said.status == 200, said
        return said.body

    def upload(self, folder: Path) -> tuple[str, str]:
        """Put a folder's files into a new run's artifacts; return where they are, and the run."""
        run = self.api("POST", "runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]
        place = f"{run['artifact_uri']}/model"
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            self.put(f"{place}/{path.relative_to(folder).as_posix()}", path.read_bytes())
        return place, run["run_id"]

    def put(self, place: str, content: bytes) -> None:
        """Write one artifact."""
        name = place.removeprefix("mlflow-artifacts:/")
        where = f"{self.address}/api/2.0/mlflow-artifacts/artifacts/{name}"
        request = urllib.request.Request(where, content, method="PUT")  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=60):  # noqa: S310 - loopback
            pass

    def version(self, model: str, folder: Path, **more: object) -> str:
        """Register a folder's files as a version and return its number."""
        place, run = self.upload(folder)
        made = self.api("POST", "model-versions/create", {"name": model, "source": place, "run_id": run, **more})
        return str(made["model_version"]["version"])


def _parsed(content: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")


def mlflow_python() -> Path:
    """Return the interpreter of MLflow's environment, or skip and say what is missing."""
    if not PYTHON.exists():
        pytest.skip("MLflow is not installed in .venv/mlflow; run .ci/services")
    return PYTHON


def install_guard(folder: Path) -> Path:
    """Install this checkout into a folder, as pip does, so that its entry points are found there."""
    probe = subprocess.run([mlflow_python(), "-c", "import msgspec, rfc8785, yaml"], check=False, capture_output=True)
    if probe.returncode:
        pytest.skip("what Assay needs is not installed in .venv/mlflow (requirements/mlflow.txt); run .ci/services")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--no-compile", "--target", folder, ROOT], check=True, timeout=300)
    return folder


@contextlib.contextmanager
def mlflow_server(
    folder: Path, *, app: str | None = None, environ: Mapping[str, str] | None = None, options: tuple[str, ...] = ()
) -> Iterator[Mlflow]:
    """Start a server with its database and artifacts in a folder; it has stopped when this ends.

    Args:
        folder: where it works.
        app: name of the app plugin.
        environ: what its environment says besides ours.
        options: further options of ``mlflow server``.
    """
    with _started(folder, app, environ or {}, options) as (process, server):
        until = time.monotonic() + START_S
        prefix = options[options.index("--static-prefix") + 1] if "--static-prefix" in options else ""
        while not _healthy(f"{server.address}{prefix}"):
            assert process.poll() is None, server.log.read_text()
            assert time.monotonic() < until, server.log.read_text()
            time.sleep(0.3)
        yield server


@contextlib.contextmanager
def _started(
    folder: Path, app: str | None, environ: Mapping[str, str], options: tuple[str, ...]
) -> Iterator[tuple[subprocess.Popen[bytes], Mlflow]]:
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [
        str(mlflow_python()), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/artifacts",
        *(("--app-name", app) if app else ()), *options,
    ]  # fmt: skip
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ASSAY_", "PYTHONPATH"))}
    given = {**inherited, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **environ}
    log = folder / "server.log"
    with (
        log.open("wb") as written,
        subprocess.Popen(
            command, cwd=folder, env=given, stdout=written, stderr=written, start_new_session=True
        ) as process,
    ):
        try:
            yield process, Mlflow(f"http://127.0.0.1:{port}", log)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def refuses_to_start(folder: Path, *, app: str, environ: Mapping[str, str]) -> str:
    """Start a server that must end by itself without ever serving, and return what it has said."""
    with _started(folder, app, environ, ()) as (process, server):
        until = time.monotonic() + START_S
        while process.poll() is None:
            assert not _healthy(server.address), server.log.read_text()
            assert time.monotonic() < until, server.log.read_text()
            time.sleep(0.3)
        return server.log.read_text()


def _healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=2) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
