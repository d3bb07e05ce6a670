"""A real MLflow server with the guard in it: each way to have a version serve is refused, until a verdict stands."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import assay
from integration.mlflow_server import (
    Mlflow,
    Said,
    install_guard,
    mlflow_python,
    mlflow_server,
    refuses_to_start,
)
from integration.projects import write_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.service

API = ("/api/2.0/mlflow", "/ajax-api/2.0/mlflow")
STRAY = """
from mlflow.server.fastapi_app import create_fastapi_app

def make(app):
    app.add_url_rule("/api/2.0/mlflow/model-versions/promote", "promote", lambda: "{}", methods=["POST"])
    return create_fastapi_app(app)
"""


@dataclass(frozen=True)
class Registry:
    """A guarded server, with versions to choose from.

    Attributes:
        server: it.
        project: the project whose releases count.
        good: folder of the files that were allowed.
        bad: folder of files that nobody has released.
    """

    server: Mlflow
    project: Path
    good: Path
    bad: Path

    def model(self, name: str) -> dict[bool, str]:
        """Register both versions under a name and return their numbers, by whether they were released."""
        self.server.api("POST", "registered-models/create", {"name": name})
        return {one: self.server.version(name, self.good if one else self.bad) for one in (True, False)}

    def standing(self, name: str) -> tuple[Any, ...]:
        """Return all that could say which version serves."""
        found = self.server.api("GET", f"registered-models/get?name={name}")["registered_model"]
        versions = self.server.api("GET", f"model-versions/search?filter=name%3D%27{name}%27")["model_versions"]
        marks = [(one["version"], one["current_stage"], one.get("tags")) for one in versions]
        return found.get("aliases"), found.get("tags"), sorted(marks, key=str)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_guard(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("guarded")
    project = folder / "project"
    write_project(project, "allow")
    assert assay.run(project).verdict.decision == "allow"
    good, bad = folder / "good", folder / "bad"
    for place in (good, bad):
        place.mkdir()
        shutil.copy(project / "model.bin", place)
    (bad / "model.bin").write_bytes(b"weights that nobody has measured")
    environ = {"PYTHONPATH": str(site), "ASSAY_PROJECT": str(project)}
    with mlflow_server(folder / "server", app="assay", environ=environ) as server:
        yield Registry(server, project, good, bad)


DOORS: dict[str, tuple[str, str, dict[str, object]]] = {
    "alias": ("POST", "registered-models/alias", {"alias": "champion"}),
    "alias-of-any-name": ("POST", "registered-models/alias", {"alias": "Chámpion"}),
    "stage-production": ("POST", "model-versions/transition-stage", {"stage": "Production"}),
    "stage-in-other-letters": (
        "POST", "model-versions/transition-stage", {"stage": "sTAGING", "archive_existing_versions": True},
    ),
    "tag-whose-key-names-a-stage": ("POST", "model-versions/set-tag", {"key": "is_production", "value": "yes"}),
    "tag-whose-value-names-a-stage": ("POST", "model-versions/set-tag", {"key": "env", "value": "PROD-eu"}),
}  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("api", API)
def test_a_version_comes_to_serve_only_when_it_was_released(registry: Registry, api: str, door: str) -> None:
    name = f"{api.strip('/').split('/')[0]}.{door}.lender"
    versions = registry.model(name)
    before = registry.standing(name)
    method, path, said = DOORS[door]
    answer = registry.server.ask(method, f"{api}/{path}", {"name": name, "version": versions[False], **said})
    assert "No release on record is about these files" in answer.refused
    assert f"{name} version {versions[False]}" in answer.refused
    assert "assay run" in answer.refused
    assert registry.standing(name) == before
    answer = registry.server.ask(method, f"{api}/{path}", {"name": name, "version": versions[True], **said})
    assert answer.status == 200, answer
    assert registry.standing(name) != before


def test_a_tag_on_the_model_must_name_a_version_that_was_released(registry: Registry) -> None:
    versions = registry.model("tagged.lender")
    before = registry.standing("tagged.lender")

    def tag(value: str) -> Said:
        said = {"name": "tagged.lender", "key": "production_version", "value": value}
        return registry.server.ask("POST", "/api/2.0/mlflow/registered-models/set-tag", said)

    assert "No release on record" in tag(versions[False]).refused
    assert "does not say which version" in tag("the newest").refused
    assert registry.standing("tagged.lender") == before
    assert tag(versions[True]).status == 200
    made = {"name": "born.lender", "tags": [{"key": "stage", "value": "production"}]}
    assert "does not say which" in registry.server.ask("POST", "/api/2.0/mlflow/registered-models/create", made).refused


def test_a_version_that_is_born_with_a_tag_must_be_released(registry: Registry) -> None:
    registry.model("new.lender")
    for good, folder in ((False, registry.bad), (True, registry.good)):
        place, run = registry.server.upload(folder)
        said = {"name": "new.lender", "source": place, "run_id": run, "tags": [{"key": "stage", "value": "live"}]}
        answer = registry.server.ask("POST", "/api/2.0/mlflow/model-versions/create", said)
        assert answer.status == (200 if good else 403), answer


def test_a_registered_model_of_production_takes_released_versions_alone(registry: Registry) -> None:
    versions = registry.model("credit.lender")
    registry.server.api("POST", "registered-models/create", {"name": "prod.lender"})
    place, run = registry.server.upload(registry.bad)
    create = "/api/2.0/mlflow/model-versions/create"
    answer = registry.server.ask("POST", create, {"name": "prod.lender", "source": place, "run_id": run})
    assert "No release on record" in answer.refused
    copied: dict[bool, dict[str, object]] = {
        one: {"name": "prod.lender", "source": f"models:/credit.lender/{versions[one]}"} for one in versions
    }
    assert "No release on record" in registry.server.ask("POST", create, copied[False]).refused
    assert registry.server.ask("POST", create, copied[True]).status == 200
    registry.server.api("POST", "registered-models/create", {"name": "prod.pricing"})
    answer = registry.server.ask("POST", create, {**copied[True], "name": "prod.pricing"})
    assert "names: prod.pricing=lender" in answer.refused


def test_another_name_is_another_permission(registry: Registry) -> None:
    versions = registry.model("old.lender")
    alias = {"name": "old.lender", "alias": "champion", "version": versions[True]}
    registry.server.api("POST", "registered-models/alias", alias)
    for path in API:
        renamed = {"name": "old.lender", "new_name": "pricing"}
        answer = registry.server.ask("POST", f"{path}/registered-models/rename", renamed)
        assert "released as lender 1, not as pricing" in answer.refused
    registry.server.api("POST", "registered-models/rename", {"name": "old.lender", "new_name": "newer.lender"})
    all_let = {"name": "newer.lender", "new_name": "production.lender"}
    answer = registry.server.ask("POST", "/api/2.0/mlflow/registered-models/rename", all_let)
    assert "No release on record" in answer.refused
    assert registry.standing("newer.lender")[0] == [{"alias": "champion", "version": versions[True]}]


def test_what_takes_away_or_says_nothing_is_let(registry: Registry) -> None:
    versions = registry.model("free.lender")
    named = {"name": "free.lender", "version": versions[False]}
    registry.server.api("POST", "model-versions/set-tag", {**named, "key": "note", "value": "trained for production"})
    registry.server.api("POST", "model-versions/transition-stage", {**named, "stage": "Archived"})
    registry.server.api("PATCH", "model-versions/update", {**named, "description": "a try"})
    alias = {"name": "free.lender", "alias": "champion"}
    registry.server.api("POST", "registered-models/alias", {**alias, "version": versions[True]})
    registry.server.api("DELETE", "registered-models/alias", alias)
    registry.server.api("DELETE", "model-versions/delete", named)


def test_a_prompt_has_no_files_and_needs_none(registry: Registry) -> None:
    prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    registry.server.api("POST", "registered-models/create", {"name": "greeting", "tags": prompt})
    text = [*prompt, {"key": "mlflow.prompt.text", "value": "Hello"}]
    made = {"name": "greeting", "source": "prompt-template", "tags": text}
    version = registry.server.api("POST", "model-versions/create", made)["model_version"]["version"]
    alias = {"name": "greeting", "alias": "champion", "version": version}
    registry.server.api("POST", "registered-models/alias", alias)


def test_a_model_that_calls_itself_a_prompt_is_none(registry: Registry) -> None:
    versions = registry.model("sly.lender")
    named = {"name": "sly.lender", "version": versions[False]}
    tag = {"key": "mlflow.prompt.is_prompt", "value": "true"}
    registry.server.ask("POST", "/api/2.0/mlflow/model-versions/set-tag", {**named, **tag})
    registry.server.ask("POST", "/api/2.0/mlflow/registered-models/set-tag", {"name": "sly.lender", **tag})
    answer = registry.server.ask("POST", "/api/2.0/mlflow/registered-models/alias", {**named, "alias": "champion"})
    assert answer.status == 403, answer


@pytest.mark.parametrize(
    "path",
    [
        "/api/2.0/mlflow/registered-models/alias/",
        "//api/2.0/mlflow/registered-models/alias",
        "/api/2.0/mlflow//registered-models/alias",
        "/api/2.0/mlflow/registered-models%2Falias",
        "/api/2.0/mlflow/x/../registered-models/alias",
        "/API/2.0/mlflow/registered-models/alias",
        "/api/2.0/preview/mlflow/registered-models/alias",
        "/api/3.0/mlflow/registered-models/alias",
        "/ajax-api/3.0/mlflow/registered-models/alias",
        "/api/2.0/mlflow/unity-catalog/registered-models/alias",
        "/api/2.1/unity-catalog/models/loose.lender/aliases/champion",
        "/api/2.0/mlflow/registered-models/batch-alias",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_no_spelling_of_a_path_leads_around(registry: Registry, method: str, path: str) -> None:
    found = registry.server.ask("GET", "/api/2.0/mlflow/registered-models/get?name=loose.lender")
    versions = registry.model("loose.lender") if found.status != 200 else {False: "2"}
    before = registry.standing("loose.lender")
    said = {"name": "loose.lender", "alias": "champion", "version": versions[False]}
    answer = registry.server.ask(method, path, said)
    assert answer.status >= 308, answer  # a redirect leads to the path that is guarded
    assert registry.standing("loose.lender") == before


@pytest.mark.parametrize(
    "query",
    [
        'mutation { mlflowSetRegisteredModelAlias(input: {name: "graph.lender", alias: "a"}) { __typename } }',
        'mutation { mlflowTransitionModelVersionStage(input: {name: "graph.lender", version: "1"}) { __typename } }',
        'mutation { mlflowSetModelVersionTag(input: {name: "graph.lender", version: "1", key: "a"}) { __typename } }',
    ],
)
def test_graphql_leads_nowhere(registry: Registry, query: str) -> None:
    found = registry.server.ask("GET", "/api/2.0/mlflow/registered-models/get?name=graph.lender")
    if found.status != 200:
        registry.model("graph.lender")
    before = registry.standing("graph.lender")
    answer = registry.server.ask("POST", "/graphql", {"query": query})
    assert answer.status >= 400 or answer.body["errors"], answer
    assert registry.standing("graph.lender") == before


def test_files_that_are_gone_are_refused(registry: Registry) -> None:
    registry.server.api("POST", "registered-models/create", {"name": "gone.lender"})
    _, run = registry.server.upload(registry.good)
    artifacts = f"mlflow-artifacts:/0/{run}/artifacts"
    create = {"name": "gone.lender", "source": f"{artifacts}/nothing", "run_id": run}
    version = registry.server.api("POST", "model-versions/create", create)["model_version"]["version"]
    alias = {"name": "gone.lender", "alias": "champion", "version": version}
    answer = registry.server.ask("POST", "/api/2.0/mlflow/registered-models/alias", alias)
    assert "its files cannot be" in answer.refused


def test_files_that_changed_are_not_those_that_were_released(registry: Registry) -> None:
    registry.server.api("POST", "registered-models/create", {"name": "changed.lender"})
    place, run = registry.server.upload(registry.good)
    create = {"name": "changed.lender", "source": place, "run_id": run}
    version = registry.server.api("POST", "model-versions/create", create)["model_version"]["version"]
    alias = {"name": "changed.lender", "alias": "champion", "version": version}
    registry.server.api("POST", "registered-models/alias", alias)
    registry.server.put(f"{place}/model.bin", b"other weights under the same name")
    answer = registry.server.ask("POST", "/api/2.0/mlflow/registered-models/alias", {**alias, "alias": "next"})
    assert "No release on record" in answer.refused


CLIENT = """
import sys, mlflow
from mlflow import MlflowClient
from mlflow.exceptions import RestException
mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()
try:
    client.set_registered_model_alias(sys.argv[2], "champion", sys.argv[3])
except RestException as error:
    print(error.error_code, error.get_http_status_code(), error.message)
else:
    print("set:", client.get_model_version_by_alias(sys.argv[2], "champion").version)
"""


def _client(server: Mlflow, name: str, version: str) -> str:
    command = [str(mlflow_python()), "-c", CLIENT, server.address, name, version]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=180).stdout


def test_the_client_is_refused_until_a_verdict_stands_and_the_trail_keeps_both(
    registry: Registry, tmp_path: Path
) -> None:
    name = "client.lender"
    registry.server.api("POST", "registered-models/create", {"name": name})
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"the next weights of a lender")
    version = registry.server.version(name, folder)
    said = _client(registry.server, name, version)
    assert said.startswith("PERMISSION_DENIED 403 ")
    assert "assay run" in said
    config = registry.project / "assay.yaml"
    config.write_text(config.read_text().replace('version: "1"', 'version: "2"'))
    shutil.copy(folder / "model.bin", registry.project)
    assert assay.run(registry.project).verdict.decision == "allow"
    assert _client(registry.server, name, version) == f"set: {version}\n"
    with assay.open_trail(registry.project) as trail:
        told = [one.said for one in trail.view().facts("registry.refused") if one.said.model == name]
        let = [one.said for one in trail.view().facts("registry.allowed") if one.said.model == name]
    assert [(one.door, one.mark, one.version, one.why) for one in told] == [("alias", "champion", "1", "not-cleared")]
    assert [(one.door, one.mark, one.model_sha256) for one in let] == [("alias", "champion", told[0].model_sha256)]


@pytest.fixture(scope="module")
def stray(site: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment in which MLflow has a route that the guard does not know."""
    folder = tmp_path_factory.mktemp("stray")
    (folder / "stray_app.py").write_text(STRAY)
    told = folder / "stray_app-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: stray-app\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text("[mlflow.app]\nstray = stray_app:make\n")
    write_project(folder / "project", "allow")
    return {
        "PYTHONPATH": f"{site}:{folder}", "ASSAY_PROJECT": str(folder / "project"), "ASSAY_GUARD_APP": "stray",
    }  # fmt: skip


def test_a_door_that_is_not_known_keeps_the_server_from_starting(stray: dict[str, str], tmp_path: Path) -> None:
    said = refuses_to_start(tmp_path, app="assay", environ=stray)
    assert "Traceback" not in said
    assert "does not know: POST /api/2.0/mlflow/model-versions/promote" in said
    assert "ASSAY_GUARD_ACCEPT='POST /api/2.0/mlflow/model-versions/promote'" in said


def test_an_accepted_door_a_prefix_and_an_app_behind(stray: dict[str, str], tmp_path: Path) -> None:
    accepted = {**stray, "ASSAY_GUARD_ACCEPT": "POST /api/2.0/mlflow/model-versions/promote"}
    options = ("--static-prefix", "/mlops")
    with mlflow_server(tmp_path / "server", app="assay", environ=accepted, options=options) as server:
        made = {"name": "lender", "tags": [{"key": "stage", "value": "live"}]}
        paths = [f"{prefix}/{api}/2.0" for prefix in ("", "/mlops") for api in ("api", "ajax-api")]
        said = {path: server.ask("POST", f"{path}/mlflow/registered-models/create", made) for path in paths}
        assert {path: one.status for path, one in said.items() if one.status != 404} == {
            "/mlops/api/2.0": 403, "/mlops/ajax-api/2.0": 403,
        }  # fmt: skip
        assert server.ask("POST", "/api/2.0/mlflow/model-versions/promote").status == 200
