"""Serving equals approved: every way in which what runs is something else, or no longer approved."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from assay.adapters.serving_places import ANNOTATIONS
from assay.lifecycle import serving
from assay.lifecycle.project import load_project
from assay.lifecycle.setting import setting_of
from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DIGEST = ANNOTATIONS["sha256"]


@pytest.fixture
def released(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    project = small_project(tmp_path, capsys)
    assert project.say("run").code == 0
    return project


def checked(project: SmallProject, *arguments: str | Path) -> tuple[int, list[dict[str, Any]]]:
    said = project.say("serving", "check", *arguments, "--format", "json")
    return said.code, json.loads(said.out)["serving"]


def digest_of(project: SmallProject) -> str:
    found: str = json.loads((project.release / "verdict.json").read_text())["model_sha256"]
    return found


def deployment(name: str, annotation: str | None, *, kind: str = "Deployment") -> str:
    told = f"annotations: {{{DIGEST}: '{annotation}'}}" if annotation is not None else "labels: {app: x}"
    template = f"template: {{metadata: {{{told}}}}}"
    spec = f"jobTemplate: {{spec: {{{template}}}}}" if kind == "CronJob" else template
    return f"kind: {kind}\nmetadata: {{name: {name}, namespace: prod}}\nspec: {{{spec}}}\n"


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/health"
        finally:
            server.shutdown()
            thread.join()


def test_a_folder_with_the_released_files_is_approved(released: SmallProject) -> None:
    code, (found,) = checked(released, "--folder", "model")
    assert (code, found["status"], found["model"], found["version"]) == (0, "approved", "small", "1")
    assert "approved" in released.say("serving", "check", "--folder", "model").out


def test_one_changed_byte_is_something_else(released: SmallProject) -> None:
    released.write("served/weights.json", '{"threshold": 0.5}')
    code, (found,) = checked(released, "--folder", "served")
    assert (code, found["status"]) == (1, "not-approved")
    assert "No release on record is about these files" in found["words"]


def test_a_denied_version_is_not_approved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = small_project(tmp_path, capsys, gap=0.5)
    assert project.say("run").code == 1
    code, (found,) = checked(project, "--folder", "model")
    assert (code, found["status"]) == (1, "not-approved")
    assert "was decided 'deny'" in found["words"]


def test_a_record_that_was_altered_approves_nothing(released: SmallProject) -> None:
    path = released.release / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b'"rows":2000', b'"rows":2001'))
    code, (found,) = checked(released, "--folder", "model")
    assert (code, found["status"]) == (1, "not-approved")
    assert "the record of its release does not hold" in found["words"]


def test_evidence_that_has_aged_lapses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = small_project(tmp_path, capsys)
    project.replace("policy.yaml", 'version: "1"\n', 'version: "1"\nevidence_age_days: 30\n')
    assert project.say("run").code == 0
    found = load_project(tmp_path)
    running = [serving.Serving(where="here", sha256=digest_of(project))]
    (checked_now,) = serving.check_serving(running, found.state, setting_of(found), at="2126-01-01T00:00:00Z")
    assert checked_now.status == "lapsed"
    assert "has lapsed" in checked_now.words


def test_what_gives_no_digest_is_unknown(released: SmallProject) -> None:
    released.write("k8s.yaml", deployment("credit", None))
    code, (found,) = checked(released, "--manifest", "k8s.yaml")
    assert (code, found["status"]) == (3, "unknown")
    assert f"annotation {DIGEST} is missing" in found["words"]


@pytest.mark.parametrize("kind", ["Deployment", "CronJob", "InferenceService"])
def test_workloads_are_known_by_their_annotation(released: SmallProject, kind: str) -> None:
    both = deployment("good", digest_of(released), kind=kind) + "---\n" + deployment("bad", "0" * 64, kind=kind)
    released.write("k8s.yaml", both)
    code, found = checked(released, "--manifest", "k8s.yaml")
    assert code == 1
    assert [one["status"] for one in found] == ["approved", "not-approved"]
    assert "as it reports itself" in found[0]["words"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: [", "expected YAML"),
        ("kind: Service\n", "found Service"),
        ("", "found nothing"),
        ("- 1\n", "found nothing"),
    ],
)
def test_a_manifest_without_workloads_is_wrong_input(released: SmallProject, content: str, words: str) -> None:
    released.write("k8s.yaml", content)
    said = released.say("serving", "check", "--manifest", "k8s.yaml")
    assert said.code == 2
    assert words in said.err


@pytest.mark.parametrize(
    ("body", "status", "field", "expected"),
    [
        ("DIGEST", 200, "model.sha256", (0, "approved")),
        ('{"model": {}}', 200, "model.sha256", (3, "is missing")),
        ('{"model": {"sha256": "abc"}}', 200, "model.sha256", (3, "64 hexadecimal digits")),
        ("[]", 200, "model.sha256", (3, "is missing")),
        ("<html>", 200, "model.sha256", (3, "not JSON")),
        ("gone", 503, "model.sha256", (3, "HTTP 503")),
    ],
)
def test_an_endpoint_tells_its_digest(
    released: SmallProject, body: str, status: int, field: str, expected: tuple[int, str]
) -> None:
    content = json.dumps({"model": {"sha256": digest_of(released)}}) if body == "DIGEST" else body
    with answering(content.encode(), status) as address:
        code, (found,) = checked(released, "--endpoint", address, "--field", field)
    assert code == expected[0]
    assert expected[1] in f"{found['status']}: {found['words']}"


def test_an_endpoint_that_is_down_is_unknown(released: SmallProject) -> None:
    code, (found,) = checked(released, "--endpoint", "http://127.0.0.1:9/health")
    assert (code, found["status"]) == (3, "unknown")


def test_the_worst_place_decides(released: SmallProject) -> None:
    released.write("k8s.yaml", deployment("credit", None))
    assert checked(released, "--folder", "model", "--manifest", "k8s.yaml")[0] == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "expected a place where a model runs"),
        (["--folder", "nowhere"], "found nothing there"),
        (["--endpoint", "ftp://x"], "expected one like https"),
        (["--mlflow", "http://127.0.0.1:9", "--alias", "champion"], "expected an MLflow server"),
        (["--mlflow", "http://127.0.0.1:9"], "an alias or a version"),
    ],
)
def test_wrong_input_says_what_was_expected(released: SmallProject, arguments: list[str], words: str) -> None:
    said = released.say("serving", "check", *arguments)
    assert said.code == 2
    assert words in said.err
