"""What clusters and pipelines are answered over HTTP, by a server with a released model, an image and people."""

from __future__ import annotations

import json
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from litestar.testing import TestClient

from admission_home import (
    BAD_IMAGE,
    CLUSTER,
    DENIED_IMAGE,
    GOOD_IMAGE,
    Released,
    policy_files,
    released_home,
    review,
    secret_for,
)
from assay.adapters.standing_here import open_standing_trail
from assay.errors import StorageError
from assay.server import admission_api
from assay.server.acting import NOBODY, Actor
from assay.server.app import create_app
from assay.server.break_glass import glasses_of
from assay.server.entrance import Entrance, open_entrance
from assay.server.gates import gate_of
from assay.server.outbox import time_of
from assay.server.serving import Server
from assay.server.store import two_person
from assay.server.today import put_in_force
from server_people import open_house

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx import Response
    from litestar import Litestar
    from litestar.connection import ASGIConnection

JSON = "application/json"


class Asking:
    """A server, its application and a cluster's secret."""

    def __init__(self, released: Released, entrance: Entrance, client: TestClient[Litestar], server: Server) -> None:
        self.released, self.entrance, self.client, self.server = released, entrance, client, server
        self.secret = secret_for(entrance)
        self.actor = NOBODY

    def post(self, body: Any, *, cluster: str = CLUSTER, secret: str | None = None, kind: str = JSON) -> Response:  # noqa: ANN401
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        path = f"/api/v1/admission/{cluster}/{secret or self.secret}"
        return self.client.post(path, content=content, headers={"content-type": kind})

    def ask(self, image_sha256: str | None, **changed: Any) -> dict[str, Any]:  # noqa: ANN401
        answered = self.post(review(image_sha256, **changed))
        assert answered.status_code == 200, answered.text
        found: dict[str, Any] = answered.json()["response"]
        return found

    def events(self) -> list[dict[str, Any]]:
        """Return what of admission entered the log, in order."""
        gate_of(self.server).flush()
        self.entrance.outbox.flush()
        trail = open_standing_trail(self.released.home.root)
        trail.refresh()
        facts = trail.view().facts_as_logged("admission.decided", "admission.counted")
        found = [{"type": fact.event.type, **_said(fact.said)} for fact in facts]
        trail.close()
        return found


def _said(fields: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of any type of event
    return {name: getattr(fields, name) for name in fields.__struct_fields__}


@contextmanager
def serving(released: Released) -> Iterator[Asking]:
    entrance = open_entrance(released.home)
    server = Server(released.home, entrance=entrance)
    with TestClient(create_app(server, admission_api.ROUTES), raise_server_exceptions=False) as client:
        asking = Asking(released, entrance, client, server)

        def identify(_connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
            return asking.actor

        server.identify = identify
        yield asking
    server.close()
    server.inside.standing.close()
    entrance.close()


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    with serving(released_home(tmp_path)) as found:
        yield found


def test_an_image_that_was_released_may_run_and_others_may_not(asking: Asking) -> None:
    assert asking.ask(GOOD_IMAGE) == {"uid": "u-1", "allowed": True}
    denied = asking.ask(DENIED_IMAGE)
    assert (denied["allowed"], denied["status"]["code"]) == (False, 403)
    assert "It is small 2, which was decided" in denied["status"]["message"]
    assert "No signed entry of the log says which model" in asking.ask(BAD_IMAGE)["status"]["message"]
    assert "pin it by digest" in asking.ask(None, reference="registry.example.com/small:1")["status"]["message"]
    assert asking.ask(None, reference="istio/proxyv2:1.2")["allowed"]


def test_what_was_decided_enters_the_log_without_names(asking: Asking) -> None:
    for _ in range(5):
        asking.ask(GOOD_IMAGE)
        asking.ask(DENIED_IMAGE)
    decided, counted = asking.events()
    assert (decided["type"], decided["outcome"], decided["status"]) == ("admission.decided", "denied", "not-approved")
    assert (decided["model"], decided["version"], decided["workload"]) == ("small", "2", "credit/scorecard-1")
    assert decided["by"].startswith("p_")
    assert (counted["type"], counted["allowed"], counted["denied_again"]) == ("admission.counted", 5, 4)
    assert counted["versions"] == {"small/1": 5}
    log = b"".join(path.read_bytes() for path in asking.released.home.log_folder.rglob("*") if path.is_file())
    assert b"serviceaccount" not in log


def test_a_new_image_is_known_at_once(asking: Asking) -> None:
    assert not asking.ask(BAD_IMAGE)["allowed"]
    fields = {
        "image": "registry.example.com/small", "image_sha256": BAD_IMAGE, "model": "small", "version": "1",
        "model_sha256": asking.released.model_sha256,
    }  # fmt: skip
    with asking.entrance.store.writing() as rows:
        asking.entrance.outbox.say(rows, "image.built", fields, people={}, at=asking.entrance.at())
    asking.entrance.outbox.flush()
    assert asking.ask(BAD_IMAGE)["allowed"]


def test_a_policy_that_is_tightened_stops_what_it_would_not_let_out(asking: Asking) -> None:
    assert asking.ask(GOOD_IMAGE)["allowed"]
    tighter = {
        name: text.replace(b"limit: {max: 0.2}", b"limit: {max: 0.0001}") for name, text in policy_files().items()
    }
    put_in_force(asking.server, "small", tighter, by="rosa", at=asking.entrance.at())
    found = asking.ask(GOOD_IMAGE)
    assert not found["allowed"]
    assert "the policy adopted now" in found["status"]["message"]
    put_in_force(asking.server, "small", policy_files(), by="rosa", at=asking.entrance.at())
    assert asking.ask(GOOD_IMAGE)["allowed"]
    with asking.entrance.store.writing() as rows:
        rows.execute("DELETE FROM adopted")
    assert "nobody has adopted a policy" in asking.ask(GOOD_IMAGE)["status"]["message"]


@pytest.mark.parametrize(
    ("cluster", "secret"), [(CLUSTER, "x" * 43), ("other", None), ("a b", None), ("prod-eu%0a", None)]
)
def test_who_is_no_cluster_is_told_nothing(asking: Asking, cluster: str, secret: str | None) -> None:
    answered = asking.post(review(GOOD_IMAGE), cluster=cluster, secret=secret)
    assert answered.status_code == 404
    assert "expected a cluster and its secret" in answered.json()["error"]["message"]


def test_a_new_secret_takes_the_place_of_the_old_one(asking: Asking) -> None:
    before = asking.secret
    asking.secret = secret_for(asking.entrance)
    assert asking.ask(GOOD_IMAGE)["allowed"]
    assert asking.post(review(GOOD_IMAGE), secret=before).status_code == 404


def test_what_is_no_review_is_refused(asking: Asking) -> None:
    assert asking.post(b"{}").status_code == 400
    assert asking.post(b"").status_code == 400
    assert asking.post(review(GOOD_IMAGE), kind="text/plain").status_code == 415
    assert asking.post(b"[" * (9 << 20)).status_code == 413
    wrong = asking.post(review(GOOD_IMAGE, operation="PATCH"))
    assert (wrong.status_code, wrong.json()["response"]["status"]["code"]) == (200, 400)


def test_a_slow_answer_is_no_and_in_time(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission_api, "ANSWER_SECONDS", 0.2)
    gate = gate_of(asking.server)
    monkeypatch.setattr(gate, "decide", lambda *_: time.sleep(1.0))
    begun = time.monotonic()
    found = asking.ask(GOOD_IMAGE)
    assert time.monotonic() - begun < 0.9
    assert not found["allowed"]
    assert "no answer was ready in 0.2 seconds" in found["status"]["message"]
    assert [one["status"] for one in asking.events()] == ["late"]


def test_a_fault_is_no_and_no_secret_is_in_any_log(
    asking: Asking, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(gate_of(asking.server), "decide", fails)
    with caplog.at_level(logging.DEBUG):
        found = asking.ask(GOOD_IMAGE)
    assert not found["allowed"]
    assert "the server failed" in found["status"]["message"]
    assert "ZeroDivisionError" in caplog.text
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("assay")]
    assert ours
    assert asking.secret not in "".join(ours) + str([one.exc_text for one in caplog.records])


def test_without_a_database_nothing_runs_and_it_says_so(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise StorageError("the database does not answer")

    monkeypatch.setattr(asking.entrance.store, "reading", gone)
    answered = asking.post(review(GOOD_IMAGE))
    assert answered.status_code == 503
    assert "the database does not answer" in answered.json()["error"]["message"]


# Break-glass: asked for by one, agreed to by another.


def agree(asking: Asking, **about: str) -> str:
    at = asking.entrance.at()
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at + 3600))
    request = two_person.Request(
        id=f"q_{len(about):032x}", what="break-glass",
        about={"cluster": CLUSTER, "namespace": "credit", "until": until, **about},
        reason="the one before leaks", asked_by="ada", asked_at=at, expires_at=at + 7200, state="consented",
        decided_by="vera", decided_at=at,
    )  # fmt: skip
    with asking.entrance.store.writing() as rows:
        two_person.add(rows, request)
    return request.id


def test_break_glass_lets_in_for_a_time_and_each_use_is_an_event(asking: Asking) -> None:
    identity = agree(asking, image_sha256=DENIED_IMAGE)
    found = asking.ask(DENIED_IMAGE)
    assert found["allowed"]
    assert f"break-glass {identity} lets in container 'c'" in found["warnings"][0]
    assert not asking.ask(DENIED_IMAGE, namespace="web")["allowed"]
    assert not asking.ask(BAD_IMAGE)["allowed"]
    used = [one for one in asking.events() if one.get("outcome") == "break-glass"]
    assert [(one["break_glass"], one["model"], one["version"]) for one in used] == [(identity, "small", "2")]


# Clearance for pipelines and people.

PIPELINE = Actor(kind="pipeline", name="ci", roles=("pipeline",), systems=("small",))


def test_a_pipeline_is_told_whether_its_model_may_run(asking: Asking) -> None:
    asking.actor = PIPELINE
    sha256 = asking.released.model_sha256
    for query in (
        f"image_sha256=sha256:{GOOD_IMAGE}",
        f"model_sha256={sha256}",
        "model=small&version=1",
        f"model=small&version=1&model_sha256={sha256}",
    ):
        found = asking.client.get(f"/api/v1/clearance?{query}").json()
        assert (found["allowed"], found["status"], found["system"]) == (True, "approved", "small"), query
    assert asking.client.get("/api/v1/clearance?model=small&version=2").json()["allowed"] is False


@pytest.mark.parametrize(
    "query",
    [
        "",
        "model=small",
        "version=1",
        "image_sha256=x",
        f"model_sha256={'A' * 64}",
        f"image_sha256={GOOD_IMAGE}&model=a&version=1",
    ],
)
def test_a_question_without_an_object_is_wrong(asking: Asking, query: str) -> None:
    asking.actor = PIPELINE
    assert asking.client.get(f"/api/v1/clearance?{query}").status_code == 400


def test_a_pipeline_is_told_nothing_of_others_systems(asking: Asking) -> None:
    assert asking.client.get("/api/v1/clearance?model=small&version=1").status_code == 401
    asking.actor = Actor(kind="pipeline", name="ci", roles=("pipeline",), systems=("other",))
    assert asking.client.get("/api/v1/clearance?model=small&version=1").status_code == 404
    found = asking.client.get("/api/v1/clearance?model=smal&version=1").json()
    assert found["words"] == "No release that you may see is about this."


def test_two_people_break_the_glass_in_their_browsers(tmp_path: Path) -> None:
    for house in open_house(tmp_path, "clusters: {prod-eu: {break_glass_hours: 3}}\n"):
        ada = house.administrator()
        vera = house.person(ada, "vera", "validator")
        form = {
            "cluster": "prod-eu", "namespace": "credit", "image_sha256": f"sha256:{BAD_IMAGE}",
            "reason": "the one before leaks", "hours": "2",
        }  # fmt: skip
        for wrong in ({"hours": "4"}, {"hours": "0"}, {"image_sha256": "latest"}, {"namespace": ""}):
            assert ada.send("/requests/break-glass", seen="/requests", **{**form, **wrong}).status_code == 400, wrong
        assert ada.send("/requests/break-glass", seen="/requests", **form).status_code == 303
        with house.entrance.store.reading() as rows:
            (asked,) = two_person.latest(rows)
        at = time_of(house.entrance.at())
        sections = house.home.settings.clusters

        def in_force(at: str) -> list[str]:
            with house.entrance.store.reading() as rows:  # noqa: B023 - called within the loop
                return [one.until for one in glasses_of(rows, "prod-eu", sections, at=at)]  # noqa: B023 - as above

        assert in_force(at) == []
        assert ada.send(f"/requests/{asked.id}/consent", seen="/requests", words="me too").status_code == 403
        assert in_force(at) == []
        assert vera.send(f"/requests/{asked.id}/consent", seen="/requests", words="agreed").status_code == 303
        assert in_force(at) == [asked.about["until"]]
        assert in_force(asked.about["until"]) == []
        assert ada.send("/requests", what="break-glass", about="prod-eu", reason="x").status_code == 400
        assert "request.decided" in " ".join(house.said())
