"""The application as such: acts, roles, headers, own pages, errors, and the twin of each page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.testing import TestClient

from assay.errors import DocumentError, Problem, StorageError
from assay.server.acting import NOBODY, Actor, Role
from assay.server.app import create_app
from assay.server.home import open_home
from assay.server.page import page
from assay.server.security import csrf_token
from assay.server.serving import By, Here, Server

if TYPE_CHECKING:
    from pathlib import Path

    from litestar import Litestar
    from litestar.connection import ASGIConnection


class Shown(msgspec.Struct):
    """What the page of this test says."""

    status: int
    told: dict[str, Any]


@page("/things/{name:str}", template="error.html", act="models.read", noted="thing")
def things(server: Here, actor: By, name: FromPath[str], size: FromQuery[int] = 1) -> Shown:
    """Show a thing."""
    if name == "broken":
        raise ZeroDivisionError(actor.name)
    if name == "wrong":
        raise DocumentError([Problem("a.yaml", 1, 2, "$.x", "expected a, found b")])
    if name == "full":
        raise StorageError(f"could not write in {server.home.root.name}")
    return Shown(status=200, told={"message": f"<b>{name}</b> {size}", "problems": []})


@post("/change", opt={"act": "approve"}, sync_to_thread=True)
def change(actor: By) -> dict[str, str]:
    """Change something."""
    return {"by": actor.name}


def person(*roles: Role, session: str | None = "s" * 64) -> Actor:
    return Actor(kind="person", name="vera", roles=roles, session=session)


def application(tmp_path: Path, actor: Actor, noted: list[tuple[str, str, str]] | None = None) -> Litestar:
    home = open_home(tmp_path / "home")

    def identify(_connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
        return actor

    def note(who: Actor, what: str, which: str) -> None:
        if noted is not None:
            noted.append((who.name, what, which))

    return create_app(Server(home, identify=identify, note=note), [things, change])


def client(app: Litestar) -> TestClient[Litestar]:
    return TestClient(app, base_url="http://127.0.0.1:8600", raise_server_exceptions=False)


def test_a_page_and_its_twin_tell_the_same(tmp_path: Path) -> None:
    noted: list[tuple[str, str, str]] = []
    with client(application(tmp_path, person("developer"), noted)) as asked:
        html = asked.get("/things/one?size=3")
        twin = asked.get("/things/one.json?size=3")
    assert html.status_code == 200
    assert "&lt;b&gt;one&lt;/b&gt; 3" in html.text
    assert twin.json() == {"status": 200, "told": {"message": "<b>one</b> 3", "problems": []}}
    assert noted == [("vera", "thing", "/things/one"), ("vera", "thing", "/things/one.json")]


def test_both_stand_in_the_openapi_document(tmp_path: Path) -> None:
    with client(application(tmp_path, NOBODY)) as asked:
        document = asked.get("/api/v1/openapi.json").json()
    assert {"/things/{name}", "/things/{name}.json", "/change"} <= set(document["paths"])
    names = {one["name"] for one in document["paths"]["/things/{name}.json"]["get"]["parameters"]}
    assert names == {"name", "size"}


def test_who_has_not_signed_in_is_sent_there_or_told(tmp_path: Path) -> None:
    with client(application(tmp_path, NOBODY)) as asked:
        page_ = asked.get("/things/one", headers={"accept": "text/html"}, follow_redirects=False)
        twin = asked.get("/things/one.json")
    assert (page_.status_code, page_.headers["location"]) == (303, "/sign-in")
    assert twin.status_code == 401
    assert "nobody" in twin.json()["error"]["message"]


def test_a_role_that_may_not_is_refused_with_who_may(tmp_path: Path) -> None:
    with client(application(tmp_path, person("auditor"))) as asked:
        answer = asked.post("/change", headers={"X-CSRF-Token": csrf_token(person("auditor"))})
    assert answer.status_code == 403
    assert "validator, approver" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"X-CSRF-Token": "0" * 64}, 403),
        ({"X-CSRF-Token": "right", "origin": "https://evil.example"}, 403),
        ({"X-CSRF-Token": "right", "sec-fetch-site": "cross-site"}, 403),
        ({"X-CSRF-Token": "right"}, 201),
        ({"X-CSRF-Token": "right", "origin": "http://127.0.0.1:8600", "sec-fetch-site": "same-origin"}, 201),
    ],
)
def test_a_change_comes_from_our_own_pages(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    sent = {key: csrf_token(person("approver")) if value == "right" else value for key, value in headers.items()}
    with client(application(tmp_path, person("approver"))) as asked:
        assert asked.post("/change", headers=sent).status_code == status


def test_a_form_carries_the_token_too(tmp_path: Path) -> None:
    with client(application(tmp_path, person("approver"))) as asked:
        assert asked.post("/change", data={"csrf": csrf_token(person("approver"))}).status_code == 201


def test_who_comes_with_a_token_needs_no_form(tmp_path: Path) -> None:
    with client(application(tmp_path, person("approver", session=None))) as asked:
        assert asked.post("/change", headers={"origin": "https://elsewhere.example"}).status_code == 201


@pytest.mark.parametrize(("name", "status"), [("wrong", 400), ("full", 503), ("broken", 500)])
def test_an_error_is_an_answer_and_never_a_traceback(tmp_path: Path, name: str, status: int) -> None:
    with client(application(tmp_path, person("developer"))) as asked:
        twin = asked.get(f"/things/{name}.json")
        html = asked.get(f"/things/{name}", headers={"accept": "text/html"})
    assert (twin.status_code, html.status_code) == (status, status)
    assert "Traceback" not in twin.text + html.text
    assert "ZeroDivisionError" not in twin.text + html.text
    if name == "wrong":
        assert twin.json()["error"]["problems"] == ["a.yaml:1:2 $.x: expected a, found b"]
    if name == "broken":
        assert twin.json()["error"]["reference"]


def test_a_query_that_is_no_number_is_refused_by_its_name(tmp_path: Path) -> None:
    with client(application(tmp_path, person("developer"))) as asked:
        answer = asked.get("/things/one.json?size=many")
    assert answer.status_code == 400
    assert "size" in answer.json()["error"]["problems"][0]


@pytest.mark.parametrize("path", ["/health", "/static/console.css", "/things/one", "/nothing", "/static/../home.py"])
def test_every_answer_carries_the_headers(tmp_path: Path, path: str) -> None:
    with client(application(tmp_path, person("developer"))) as asked:
        answer = asked.get(path)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers


def test_a_route_without_an_act_cannot_start(tmp_path: Path) -> None:
    @get("/open", sync_to_thread=False)
    def unguarded() -> str:
        return "everything"

    with pytest.raises(ValueError, match=r"/open: expected the act"):
        create_app(Server(open_home(tmp_path / "home")), [unguarded])
