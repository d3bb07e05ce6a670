"""What the guard of a registry knows without a registry: its settings, its doors, and what a clearance means."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import pytest

import assay
from assay.adapters.guard_judges import judge_of
from assay.adapters.guard_judging import Judged, Judging, Move, Question, question
from assay.adapters.guard_settings import Governed, GuardSettings, guard_settings
from assay.adapters.mlflow_doors import GUARDED, HARMLESS, require_known, routes_of
from assay.adapters.mlflow_files import UnreadableError, hash_place
from assay.adapters.mlflow_moves import MOVES
from assay.errors import InputError, StorageError
from assay.lifecycle.clearing import Clearance
from assay.lifecycle.storing import list_model
from assay.trail.events import make_event
from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ONE = {"ASSAY_PROJECT": "/srv/credit"}
MOVE = Move(door="alias", mark="champion", model="small", version="3")
DIGEST = "ab" * 32


def cleared(**said: object) -> Clearance:
    given = {"allowed": True, "status": "approved", "words": "It is small 1.", "model": "small", "version": "1"}
    return msgspec.convert({**given, "verdict_sha256": "cd" * 32, **said}, Clearance)


@dataclass
class Known:
    """What was released, and the trail, in memory."""

    answer: Clearance | Exception
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    full: bool = False

    def clear(self, model_sha256: str) -> Clearance:
        if isinstance(self.answer, Exception):
            raise self.answer
        return msgspec.structs.replace(self.answer, model_sha256=model_sha256)

    def tell(self, kind: str, said: Mapping[str, Any]) -> None:
        if self.full:
            raise StorageError("no space left")
        make_event(kind, said, claimed_at="2026-10-01T00:00:00Z")
        self.told.append((kind, dict(said)))

    def judging(self, governed: Governed | None = None) -> Judging:
        return Judging(clear=self.clear, tell=self.tell, governed=governed or Governed(), registry="mlflow")


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "found neither"),
        ({**ONE, "ASSAY_SERVER": "https://assay.example"}, "found both"),
        ({"ASSAY_SERVER": "https://assay.example"}, "expected ASSAY_TOKEN_FILE"),
        ({**ONE, "ASSAY_GUARD_ALIAS": "champion"}, "did you mean 'ASSAY_GUARD_ALIASES'"),
        ({**ONE, "ASSAY_GUARD_NAMES": "prod.credit"}, "expected REGISTERED=RELEASED"),
        ({**ONE, "ASSAY_GUARD_RECORD": "perhaps"}, "expected yes or no"),
    ],
)
def test_settings_that_say_nothing_clear_are_refused(environ: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        guard_settings(environ)


def test_settings_are_read() -> None:
    found = guard_settings({
        "ASSAY_PROJECT": "/srv/a:/srv/b", "ASSAY_GUARD_ALIASES": "Champion, prod-*", "ASSAY_GUARD_RECORD": "no",
        "ASSAY_GUARD_NAMES": "prod.credit=scoring", "ASSAY_GUARD_ACCEPT": "POST /a; mutation b", "PATH": "/bin",
    })  # fmt: skip
    assert found.projects == (Path("/srv/a"), Path("/srv/b"))
    assert found.accepted == {"POST /a", "mutation b"}
    assert not found.records
    assert [found.governed.guards_alias(one) for one in ("CHAMPION", "prod-eu", "try")] == [True, True, False]
    assert [found.governed.holds("prod.credit", one) for one in ("scoring", "credit")] == [True, False]


@pytest.mark.parametrize(
    "tag",
    [
        ("stage", "production"), ("is_production", "no"), ("env", "prod-eu"), ("status", "APPROVED"), ("x", "líve"),
        ("deployed", ""), ("\uff43hampion", "1"),
    ],
)  # fmt: skip
def test_a_tag_names_a_stage(tag: tuple[str, str]) -> None:
    assert Governed().names_stage(*tag)


@pytest.mark.parametrize(
    "tag", [("note", "trained for production"), ("product", "loans"), ("x", "prod" * 30), ("", "")]
)
def test_a_tag_names_no_stage(tag: tuple[str, str]) -> None:
    assert not Governed().names_stage(*tag)


def test_a_registered_model_holds_what_was_released_under_its_name() -> None:
    found = [Governed().holds(one, "credit") for one in ("credit", "prod.risk.credit", "pricing", "credit.eu")]
    assert found == [True, True, False, False]


def test_what_is_not_cleared_is_refused_with_its_reason_and_told() -> None:
    words = "It was decided 'deny'. Measure it again"
    known = Known(cleared(allowed=False, status="not-approved", words=words))
    found = known.judging().judge(MOVE, DIGEST)
    assert (found.why, found.words, found.model_sha256) == ("not-cleared", words, DIGEST)
    assert [(kind, said["why"]) for kind, said in known.told] == [("registry.refused", "not-cleared")]


def test_a_clearance_of_another_model_is_none() -> None:
    found = Known(cleared(model="pricing")).judging().judge(MOVE, DIGEST)
    assert found.why == "other-model"
    assert "names: small=pricing" in found.words
    assert Known(cleared(model=None)).judging().judge(MOVE, DIGEST).why == "other-model"
    named = Governed(names={"small": "pricing"})
    assert Known(cleared(model="pricing")).judging(named).judge(MOVE, DIGEST).why is None


@pytest.mark.parametrize("error", [InputError("no answer within 20 s"), OSError("gone")])
def test_who_does_not_answer_has_not_cleared(error: Exception) -> None:
    found = Known(error).judging().judge(MOVE, DIGEST)
    assert (found.why, found.verdict_sha256) == ("no-answer", None)
    assert str(error) in found.words


def test_what_cannot_be_recorded_may_not_be() -> None:
    assert Known(cleared()).judging().judge(MOVE, DIGEST).why is None
    found = Known(cleared(), full=True).judging().judge(MOVE, DIGEST)
    assert (found.why, "no space left" in found.words) == ("no-answer", True)
    refused = Judged(why="unreadable", words="What it is cannot be told.")
    assert Known(cleared(), full=True).judging().judge(MOVE, refused) == refused


def test_what_people_name_freely_stays_out_of_the_log() -> None:
    freely = Move(door="alias", mark="for-alice", model="small", version="3")
    known = Known(cleared())
    known.judging().judge(MOVE, DIGEST)
    known.judging().judge(freely, DIGEST)
    known.judging(Governed(aliases=("for-alice",))).judge(freely, DIGEST)
    assert [said["mark"] for _, said in known.told] == ["champion", "other", "for-alice"]


def test_a_question_says_to_a_server_what_was_found() -> None:
    for found in (DIGEST, Judged(why="no-version", words="which?")):
        asked = msgspec.json.decode(question(MOVE, found), type=Question)
        assert asked.move == MOVE
        told = asked.found()
        assert told == found if isinstance(found, str) else isinstance(told, Judged) and told.why == found.why
    silent = Question(move=MOVE).found()
    assert isinstance(silent, Judged)
    assert silent.why == "unreadable"


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    return small_project(tmp_path, capsys)


def test_projects_answer_by_their_releases_and_keep_what_was_asked(project: SmallProject) -> None:
    settings = GuardSettings(projects=(project.root,), governed=Governed())
    sha256 = list_model(project.root / "model")[1]
    asked = judge_of(settings)
    assert assay.run(project.root).verdict.decision == "allow"
    project.write("model/weights.json", "{}")
    before = asked.judge(MOVE, list_model(project.root / "model")[1])
    assert (before.why, "assay run" in before.words) == ("not-cleared", True)
    assert asked.judge(MOVE, sha256).why is None
    silent = judge_of(GuardSettings(projects=(project.root,), governed=Governed(), records=False))
    assert silent.judge(MOVE, sha256).why is None
    with assay.open_trail(project.root) as trail:
        assert [one.said.why for one in trail.view().facts("registry.refused")] == ["not-cleared"]
        assert [one.said.model_sha256 for one in trail.view().facts("registry.allowed")] == [sha256]


def test_a_project_that_is_not_there_keeps_the_guard_from_standing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found nothing there"):
        judge_of(GuardSettings(projects=(tmp_path / "none",), governed=Governed()))


def test_files_are_hashed_in_a_folder_and_looked_at_nowhere_strange(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"w")
    expected = list_model(tmp_path)[1]
    assert hash_place(str(tmp_path)) == hash_place(tmp_path.as_uri()) == expected
    for place in ("https://example.com/model", "http://127.0.0.1/model", "ftp://example.com/m", "models:/m/1"):
        with pytest.raises(UnreadableError, match="which is not looked at"):
            hash_place(place)
    with pytest.raises(UnreadableError, match="found nothing there"):
        hash_place(str(tmp_path / "none"))
    (tmp_path / "link").symlink_to(tmp_path / "weights")
    with pytest.raises(UnreadableError, match="symbolic link"):
        hash_place(str(tmp_path))


def store_with(*more: str, less: frozenset[str] = frozenset()) -> object:
    names = (GUARDED | HARMLESS | set(more)) - less
    return type("Store", (), dict.fromkeys(names, lambda _store: None))()


def test_each_door_is_guarded_and_none_is_both() -> None:
    assert set(MOVES) == GUARDED
    assert not GUARDED & HARMLESS
    require_known(store_with(), ["POST /api/2.0/mlflow/runs/create"], [], frozenset())


@pytest.mark.parametrize(
    ("more", "routes", "mutations", "named"),
    [
        ("promote_model_version", (), (), "Store.promote_model_version"),
        ("", ("POST /api/3.0/mlflow/registered-models/alias",), (), "POST /api/3.0/mlflow/registered-models/alias"),
        ("", ("PUT /api/2.0/mlflow/go-live",), (), "PUT /api/2.0/mlflow/go-live"),
        ("", (), ("mlflowSetAlias",), "mutation mlflowSetAlias"),
    ],
)
def test_a_door_that_is_not_known_is_named(
    more: str, routes: Iterable[str], mutations: Iterable[str], named: str
) -> None:
    store = store_with(*((more,) if more else ()))
    with pytest.raises(InputError, match="does not know: ") as refused:
        require_known(store, routes, mutations, frozenset())
    assert f"ASSAY_GUARD_ACCEPT='{named}'" in str(refused.value)
    require_known(store, routes, mutations, frozenset({named}))


def test_a_store_without_a_door_is_another_mlflow() -> None:
    with pytest.raises(InputError, match="expected the registry's store Store to have set_registered_model_alias"):
        require_known(store_with(less=frozenset({"set_registered_model_alias"})), [], [], frozenset())


class _Rule:
    def __init__(self, rule: str, *methods: str) -> None:
        self.rule, self.methods = rule, methods


class _Flask:
    class url_map:  # noqa: N801 - Flask's name
        @staticmethod
        def iter_rules() -> list[_Rule]:
            return [_Rule("/mlops/ajax-api/2.0/mlflow/a", "GET", "POST", "OPTIONS"), _Rule("/mlops/", "GET")]


class _Included:
    routes: ClassVar[list[Any]] = []

    def effective_candidates(self) -> list[Any]:
        route = type("Route", (), {"methods": {"PATCH"}, "path": "/api/3.0/mlflow/b"})
        return [route()]


def test_routes_are_seen_through_prefixes_and_routers() -> None:
    asgi = type("Asgi", (), {"routes": [_Included(), type("Mount", (), {})()]})
    found = list(routes_of(_Flask, asgi, prefix="/mlops"))
    assert found == ["POST /api/2.0/mlflow/a", "PATCH /api/3.0/mlflow/b"]
    blind = type("Asgi", (), {"routes": [type("Tunnel", (), {})()]})
    with pytest.raises(InputError, match="found Tunnel"):
        list(routes_of(_Flask, blind, prefix=""))
