"""What the guard of a registry knows without a registry: its settings, its doors, and what a clearance means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import pytest

import assay
from assay.adapters.guard_judging import Judged, Move, ProjectsJudge, ServerJudge, event_of, judge, read_token
from assay.adapters.guard_settings import GuardSettings, guard_settings
from assay.adapters.mlflow_doors import GUARDED, HARMLESS, require_known, routes_of
from assay.adapters.mlflow_files import UnreadableError, hash_place
from assay.adapters.mlflow_moves import MOVES
from assay.errors import InputError
from assay.lifecycle.clearing import Clearance
from assay.lifecycle.storing import list_model
from assay.trail.events import make_event
from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from collections.abc import Iterable

ONE = {"ASSAY_PROJECT": "/srv/credit"}
MOVE = Move(door="alias", mark="champion", model="small", version="3")
DIGEST = "ab" * 32


def cleared(**said: object) -> Clearance:
    given = {"allowed": True, "status": "approved", "words": "It is small 1.", "model": "small", "version": "1"}
    return msgspec.convert({**given, "verdict_sha256": "cd" * 32, **said}, Clearance)


class Answers:
    """A judge in memory."""

    def __init__(self, answer: Clearance | Exception) -> None:
        self.answer, self.kept = answer, []  # type: ignore[var-annotated]

    def clear(self, model_sha256: str) -> Clearance:
        if isinstance(self.answer, Exception):
            raise self.answer
        return msgspec.structs.replace(self.answer, model_sha256=model_sha256)

    def keep(self, move: Move, judged: Judged) -> None:
        self.kept.append((move, judged))


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
    assert [found.guards_alias(one) for one in ("CHAMPION", "prod-eu", "try")] == [True, True, False]
    assert [found.holds("prod.credit", one) for one in ("scoring", "credit")] == [True, False]


@pytest.mark.parametrize(
    "tag",
    [
        ("stage", "production"), ("is_production", "no"), ("env", "prod-eu"), ("status", "APPROVED"), ("x", "líve"),
        ("deployed", ""), ("\uff43hampion", "1"),
    ],
)  # fmt: skip
def test_a_tag_names_a_stage(tag: tuple[str, str]) -> None:
    assert GuardSettings().names_stage(*tag)


@pytest.mark.parametrize(
    "tag", [("note", "trained for production"), ("product", "loans"), ("x", "prod" * 30), ("", "")]
)
def test_a_tag_names_no_stage(tag: tuple[str, str]) -> None:
    assert not GuardSettings().names_stage(*tag)


def test_a_registered_model_holds_what_was_released_under_its_name() -> None:
    found = [GuardSettings().holds(one, "credit") for one in ("credit", "prod.risk.credit", "pricing", "credit.eu")]
    assert found == [True, True, False, False]


def test_what_is_not_cleared_is_refused_with_its_reason() -> None:
    words = "It was decided 'deny'. Measure it again"
    found = judge(MOVE, DIGEST, Answers(cleared(allowed=False, status="not-approved", words=words)), GuardSettings())
    assert (found.why, found.words, found.model_sha256) == ("not-cleared", words, DIGEST)


def test_a_clearance_of_another_model_is_none() -> None:
    found = judge(MOVE, DIGEST, Answers(cleared(model="pricing")), GuardSettings())
    assert found.why == "other-model"
    assert "ASSAY_GUARD_NAMES=small=pricing" in found.words
    assert judge(MOVE, DIGEST, Answers(cleared(model=None)), GuardSettings()).why == "other-model"


def test_who_does_not_answer_has_not_cleared() -> None:
    found = judge(MOVE, DIGEST, Answers(InputError("no answer within 20 s")), GuardSettings())
    assert (found.why, found.clearance) == ("no-answer", None)
    assert judge(MOVE, DIGEST, Answers(OSError("gone")), GuardSettings()).why == "no-answer"


def test_what_people_name_freely_stays_out_of_the_log() -> None:
    judged = judge(MOVE, DIGEST, Answers(cleared()), GuardSettings())
    assert event_of(MOVE, judged, GuardSettings())[1]["mark"] == "champion"
    freely = Move(door="alias", mark="for-alice", model="small", version="3")
    kind, said = event_of(freely, judged, GuardSettings())
    assert (kind, said["mark"]) == ("registry.allowed", "other")
    assert event_of(freely, judged, GuardSettings(aliases=("for-alice",)))[1]["mark"] == "for-alice"
    assert make_event(kind, said, claimed_at="2026-10-01T00:00:00Z").fields.verdict_sha256 == "cd" * 32


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    return small_project(tmp_path, capsys)


def test_projects_answer_by_their_releases_and_keep_what_was_asked(project: SmallProject) -> None:
    settings = GuardSettings(projects=(project.root,))
    sha256 = list_model(project.root / "model")[1]
    asked = ProjectsJudge(settings)
    before = judge(MOVE, sha256, asked, settings)
    assert (before.why, "assay run" in before.words) == ("not-cleared", True)
    assert assay.run(project.root).verdict.decision == "allow"
    after = judge(MOVE, sha256, asked, settings)
    assert after.why is None
    asked.keep(MOVE, before)
    asked.keep(MOVE, after)
    with assay.open_trail(project.root) as trail:
        assert [one.said.why for one in trail.view().facts("registry.refused")] == ["not-cleared"]
        assert [one.said.model_sha256 for one in trail.view().facts("registry.allowed")] == [sha256]
    ProjectsJudge(GuardSettings(projects=(project.root,), records=False)).keep(MOVE, after)
    with assay.open_trail(project.root) as trail:
        assert len(trail.view().facts("registry.allowed")) == 1
    project.write("model/weights.json", "{}")
    assert judge(MOVE, list_model(project.root / "model")[1], asked, settings).why == "not-cleared"


def test_a_project_that_is_not_there_keeps_the_guard_from_standing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found nothing there"):
        ProjectsJudge(GuardSettings(projects=(tmp_path / "none",)))


def test_a_server_that_is_down_has_cleared_nothing(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret\n")
    asked = ServerJudge(GuardSettings(server="http://127.0.0.1:9", token_file=token))
    found = judge(MOVE, DIGEST, asked, GuardSettings())
    assert found.why == "no-answer"
    assert "http://127.0.0.1:9 does not answer" in found.words
    assert "secret" not in found.words


def test_a_token_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    for path in (None, tmp_path / "none", tmp_path):
        with pytest.raises(InputError, match="expected a token"):
            read_token(path)
    (tmp_path / "empty").write_text(" \n")
    with pytest.raises(InputError, match="found none"):
        read_token(tmp_path / "empty")


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
