"""A real MLflow registry without a guard: what came to serve without a clearance is put back."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import assay
from assay.adapters.guard_judges import judge_of
from assay.adapters.guard_judging import Judging
from assay.adapters.guard_settings import Governed, GuardSettings
from assay.adapters.mlflow_api import MlflowApi
from assay.adapters.registry_watch import RegistryWatch
from assay.errors import StorageError
from integration.mlflow_server import Mlflow, mlflow_server
from integration.projects import write_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.service


@dataclass(frozen=True)
class Watched:
    """A registry, the project whose releases count, and folders of files that were released or were not."""

    server: Mlflow
    project: Path
    good: Path
    bad: Path
    watch: RegistryWatch

    def model(self, name: str, *released: bool) -> list[str]:
        """Register versions under a name, released or not, and return their numbers."""
        self.server.api("POST", "registered-models/create", {"name": name})
        return [self.server.version(name, self.good if one else self.bad) for one in released]

    def alias(self, name: str, version: str, alias: str = "champion") -> None:
        """Set an alias."""
        said = {"name": name, "alias": alias, "version": version}
        self.server.api("POST", "registered-models/alias", said)

    def aliases(self, name: str) -> dict[str, str]:
        """Return the aliases of a registered model."""
        found = self.server.api("GET", f"registered-models/get?name={name}")["registered_model"]
        return {one["alias"]: one["version"] for one in found.get("aliases", ())}

    def told(self, kind: str, name: str) -> list[Any]:
        """Return what the trail says about a registered model."""
        with assay.open_trail(self.project) as trail:
            return [one.said for one in trail.view().facts(kind) if one.said.model == name]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    project = folder / "project"
    write_project(project, "allow")
    assert assay.run(project).verdict.decision == "allow"
    good, bad = folder / "good", folder / "bad"
    for place in (good, bad):
        place.mkdir()
        shutil.copy(project / "model.bin", place)
    (bad / "model.bin").write_bytes(b"weights that nobody has measured")
    with mlflow_server(folder / "server") as server:
        yield Watched(server, project, good, bad, _watch(server.address, project, folder / "let.json"))


def _watch(address: str, project: Path, kept: Path) -> RegistryWatch:
    judging = judge_of(GuardSettings(projects=(project,), governed=Governed()))
    assert isinstance(judging, Judging)
    return RegistryWatch(MlflowApi(address, folders=False), judging, kept)


def test_an_alias_is_set_back_to_the_version_that_was_let(watched: Watched) -> None:
    good, bad = watched.model("back.lender", True, False)
    watched.alias("back.lender", good)
    assert [one.outcome for one in watched.watch.look_at("back.lender")] == ["let"]
    assert watched.watch.look_at("back.lender") == ()
    watched.alias("back.lender", bad)
    (seen,) = watched.watch.look_at("back.lender")
    assert (seen.outcome, seen.to_version) == ("reverted", good)
    assert "No release on record" in seen.words
    assert watched.aliases("back.lender") == {"champion": good}
    assert watched.watch.look_at("back.lender") == ()
    (told,) = watched.told("registry.reverted", "back.lender")
    assert (told.door, told.mark, told.version, told.to_version, told.outcome, told.why) == (
        "alias", "champion", bad, good, "reverted", "not-cleared",
    )  # fmt: skip
    assert len(watched.told("registry.allowed", "back.lender")) == 1


def test_an_alias_with_nothing_before_it_is_taken_away(watched: Watched) -> None:
    (bad,) = watched.model("first.lender", False)
    watched.alias("first.lender", bad)
    assert [one.to_version for one in watched.watch.look_at("first.lender")] == [None]
    assert watched.aliases("first.lender") == {}


def test_an_alias_is_not_set_back_to_files_that_changed(watched: Watched) -> None:
    place, run = watched.server.upload(watched.good)
    watched.server.api("POST", "registered-models/create", {"name": "tampered.lender"})
    made = {"name": "tampered.lender", "source": place, "run_id": run}
    good = watched.server.api("POST", "model-versions/create", made)["model_version"]["version"]
    watched.alias("tampered.lender", good)
    assert [one.outcome for one in watched.watch.look_at("tampered.lender")] == ["let"]
    watched.server.put(f"{place}/model.bin", b"changed after it was let")
    watched.alias("tampered.lender", watched.server.version("tampered.lender", watched.bad))
    assert [one.to_version for one in watched.watch.look_at("tampered.lender")] == [None]
    assert watched.aliases("tampered.lender") == {}


def test_stages_and_tags_are_taken_away_on_the_round(watched: Watched) -> None:
    good, bad = watched.model("staged.lender", True, False)
    for version in (good, bad):
        named = {"name": "staged.lender", "version": version}
        watched.server.api("POST", "model-versions/transition-stage", {**named, "stage": "Production"})
        watched.server.api("POST", "model-versions/set-tag", {**named, "key": "env", "value": "prod"})
    tag = {"name": "staged.lender", "key": "production_version", "value": bad}
    watched.server.api("POST", "registered-models/set-tag", tag)
    seen = [one for one in watched.watch.look_at_all() if one.move.model == "staged.lender"]
    assert {(one.move.door, one.move.version, one.outcome) for one in seen} == {
        ("stage", good, "let"), ("tag", good, "let"),
        ("stage", bad, "reverted"), ("tag", bad, "reverted"), ("model-tag", bad, "reverted"),
    }  # fmt: skip
    found = watched.server.api("GET", "model-versions/search?filter=name%3D%27staged.lender%27")["model_versions"]
    assert {one["version"]: (one["current_stage"], bool(one.get("tags"))) for one in found} == {
        good: ("Production", True), bad: ("None", False),
    }  # fmt: skip


def test_files_that_change_are_seen_on_the_round(watched: Watched) -> None:
    place, run = watched.server.upload(watched.good)
    watched.server.api("POST", "registered-models/create", {"name": "later.lender"})
    made = {"name": "later.lender", "source": place, "run_id": run}
    version = watched.server.api("POST", "model-versions/create", made)["model_version"]["version"]
    watched.alias("later.lender", version)
    assert [one.outcome for one in watched.watch.look_at("later.lender")] == ["let"]
    watched.server.put(f"{place}/model.bin", b"changed while it serves")
    assert watched.watch.look_at("later.lender") == ()
    seen = [one for one in watched.watch.look_at_all() if one.move.model == "later.lender"]
    assert [(one.outcome, one.to_version) for one in seen] == [("reverted", None)]


def test_a_prompt_is_left_alone_and_a_model_that_is_gone_is_nothing(watched: Watched) -> None:
    prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    watched.server.api("POST", "registered-models/create", {"name": "greeting", "tags": prompt})
    made = {"name": "greeting", "source": "prompt-template", "tags": prompt}
    version = watched.server.api("POST", "model-versions/create", made)["model_version"]["version"]
    watched.alias("greeting", version)
    assert watched.watch.look_at("greeting") == ()
    assert watched.aliases("greeting") == {"champion": version}
    assert watched.watch.look_at("nothing of this name") == ()


def test_a_registry_that_is_down_and_records_that_cannot_be_kept_are_told(watched: Watched, tmp_path: Path) -> None:
    down = _watch("http://127.0.0.1:9", watched.project, tmp_path / "let.json")
    with pytest.raises(StorageError, match="cannot be told"):
        down.look_at("lender")
    with pytest.raises(StorageError, match="cannot be read"):
        down.look_at_all()
    (tmp_path / "torn.json").write_text("{")
    (good,) = watched.model("torn.lender", True)
    watched.alias("torn.lender", good)
    with pytest.raises(StorageError, match="what was let to serve"):
        _watch(watched.server.address, watched.project, tmp_path / "torn.json").look_at("torn.lender")
    assert watched.aliases("torn.lender") == {"champion": good}
