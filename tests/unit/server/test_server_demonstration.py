"""What `assay serve --demo` leaves: a delivered project, and people who can do all that the console is for."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from litestar.testing import TestClient

from assay.server.acting import Actor
from assay.server.app import create_app
from assay.server.demonstration import demonstrate
from assay.server.home import open_home
from assay.server.routes import ROUTES
from assay.server.security import DOCUMENT_POLICY, csrf_token
from assay.server.starting import start
from assay.server.store import accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from httpx import Response

    from assay.server.serving import Server

ONE, TWO = "/models/mortgage-approval/1", "/models/mortgage-approval/2"


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, told: list[str]) -> Iterator[Server]:
    with start(open_home(tmp_path_factory.mktemp("demonstration") / "home")) as opened:
        demonstrate(opened, told.append)
        yield opened


class Somebody:
    """One of the demonstration's people, signed in."""

    def __init__(self, server: Server, name: str) -> None:
        with server.store.reading() as rows:
            account = next(one for one in accounts.every(rows) if one.name == name)
        self.server = server
        self.actor = Actor(
            kind="person", name=name, roles=account.roles, titles=account.titles, systems=account.systems,
            session="s" * 64,
        )  # fmt: skip
        app, origin = create_app(server, ROUTES), server.home.settings.origin
        self.client = TestClient(app, base_url=origin, raise_server_exceptions=False)
        self.headers = {"origin": origin, "sec-fetch-site": "same-origin"}

    def get(self, path: str) -> Response:
        self.server.identify = lambda _connection: self.actor
        return self.client.get(path, headers={"accept": "text/html"}, follow_redirects=False)

    def post(self, path: str, **fields: str) -> Response:
        self.server.identify = lambda _connection: self.actor
        sent = {"csrf": csrf_token(self.actor), **fields}
        return self.client.post(path, data=sent, headers=self.headers, follow_redirects=False)

    def page(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"{path}.json").json()
        return found


def test_each_of_its_people_is_told_once_how_to_sign_in(server: Server, told: list[str]) -> None:
    names = [line.split()[0] for line in told if line.startswith("  ")]
    assert names == ["administrator", "mila", "vera", "rosa", "ida"]
    again: list[str] = []
    demonstrate(server, again.append)
    assert again == []


def test_a_delivered_version_has_its_card_its_reports_and_its_windows(server: Server) -> None:
    ida = Somebody(server, "ida")
    page = ida.page(TWO)
    said = {section["title"]: dict(section["said"]) for section in page["card"]}
    assert said["Model details"]["License"] == ["Apache-2.0"]
    assert len(said["Intended use"]["Out of scope"]) == 2
    assert [(one["name"], one["decision"]) for one in page["windows"]] == [("week-2", "deny"), ("week-1", "warn")]
    assert [one["path"] for one in page["reports"]][:3] == ["report.html", "report.md", "model-card.md"]
    assert "data/report.html" in {one["path"] for one in ida.page(ONE)["reports"]}


@pytest.mark.parametrize("version", [ONE, TWO])
def test_every_link_of_a_version_leads_somewhere(server: Server, version: str) -> None:
    ida = Somebody(server, "ida")
    places = {html.unescape(one) for one in re.findall(r'href="(/[^"#]+)', ida.get(version).text)}
    assert any(place.endswith("/reports/model-card.md") for place in places)
    assert {place: ida.get(place).status_code for place in places if ida.get(place).status_code != 200} == {}


def test_a_report_tells_what_was_decided_here_and_opens_in_a_sandbox(server: Server) -> None:
    ida = Somebody(server, "ida")
    shown = ida.get(f"{TWO}/reports/report.html")
    assert shown.headers["content-security-policy"] == DOCUMENT_POLICY
    assert shown.headers["content-disposition"] == "inline"
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    card = ida.get(f"{TWO}/reports/model-card.md")
    assert card.headers["content-disposition"] == 'attachment; filename="model-card.md"'
    assert f"**{ida.page(TWO)['decision']}**" in card.text
    assert "Apache-2.0" in card.text


@pytest.mark.parametrize("path", ["", "other.html", "data%2f..%2freport.html", "%2e%2e/1/report.html"])
def test_no_other_report_is_there(server: Server, path: str) -> None:
    assert Somebody(server, "ida").get(f"{TWO}/reports/{path}").status_code == 404


@pytest.mark.parametrize(
    "place",
    [
        "/models", ONE, TWO, f"{TWO}/charts", "/inbox", "/production", "/incidents", "/policies", "/trail", "/trail/0",
        "/policies/mortgage-approval", "/policies/mortgage-approval/replay", "/requests", "/account",
        "/incidents/mortgage-approval~2~week-2~applicants-as-before~debt_ratio",
        f"{TWO}/waive?finding=race-and-sex-gap%2Frace%2Csex",
    ],
)  # fmt: skip
def test_what_a_label_or_a_link_names_is_there_once(server: Server, place: str) -> None:
    text = Somebody(server, "rosa").get(place).text
    names = re.findall(r' id="([^"]+)"', text)
    assert [name for name in names if names.count(name) > 1] == []
    wanted = re.findall(r' (?:for|aria-labelledby|aria-describedby)="([^"]+)"', text) + re.findall(
        r'href="#(.+?)"', text
    )
    assert set(wanted) <= set(names)


def test_people_see_why_consent_accept_and_find_what_served(server: Server) -> None:
    """The whole of what the console is for, in the order in which the issue says it."""
    mila, vera, rosa = (Somebody(server, name) for name in ("mila", "vera", "rosa"))
    denied = mila.page(ONE)
    assert denied["decision"] == "deny"
    assert denied["failing"][0]["causes"]
    waiting = mila.page(TWO)
    assert not waiting["approve"]["allowed"]
    assert mila.post(f"{TWO}/approve", verdict_sha256=waiting["verdict_sha256"], comment="").status_code == 403
    assert vera.post(f"{TWO}/approve", verdict_sha256=waiting["verdict_sha256"], comment="Tested.").status_code == 303
    finding = next(one["finding"]["id"] for one in waiting["failing"] if one["finding"]["id"].startswith("race-and"))
    terms = {"finding": finding, "reason": "few people", "compensating": "every case is seen"}
    seen = rosa.page(TWO)["verdict_sha256"]
    today = datetime.now(UTC).date()  # asked here: a run may begin before midnight
    late = (today + timedelta(days=400)).isoformat()
    assert rosa.post(f"{TWO}/waive", verdict_sha256=seen, expires=late, **terms).status_code == 400
    soon = (today + timedelta(days=30)).isoformat()
    assert rosa.post(f"{TWO}/waive", verdict_sha256=seen, expires=soon, **terms).status_code == 303
    assert rosa.page(TWO)["decision"] == "allow"
    answer = rosa.get(f"/production.json?model=mortgage-approval&environment=production&on={today}").json()["answer"]
    assert [row["version"] for row in answer["rows"]] == ["2"]
