"""The inventory, the inbox, who was in production, and incidents: what each role sees there and may do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from assay.server.inside import Inside
from assay.server.pages.changes import changes
from unit.server._home import DAN, IDA, MILA, MODEL, PEOPLE, ROSA, VERA, Browser, demo_home, person, waiting_home

if TYPE_CHECKING:
    from pathlib import Path

EVE = person("eve", "developer", systems=("other",))
ALERT = "mortgage-approval~2~week-2~applicants-as-before~debt_ratio"
LATER = (datetime.now(UTC).date() + timedelta(days=10)).isoformat()
PAGES = ("/models", "/inbox", "/production", "/production?model=mortgage-approval", "/incidents", f"/incidents/{ALERT}")


@pytest.mark.parametrize("name", PEOPLE)
def test_everybody_reads_every_page(tmp_path: Path, name: str) -> None:
    browser = Browser(demo_home(tmp_path), PEOPLE[name])
    for path in PAGES:
        shown = browser.get(path)
        assert shown.status_code == 200, path
        assert MODEL in shown.text or path == "/inbox"
        assert "style=" not in shown.text
        assert len(shown.content) < 200_000


def test_lists_of_others_systems_are_empty_in_words(tmp_path: Path) -> None:
    browser = Browser(demo_home(tmp_path), EVE)
    for path in ("/models", "/inbox", "/production", "/incidents"):
        shown = browser.get(path)
        assert shown.status_code == 200
        assert MODEL not in shown.text
        assert 'class="empty"' in shown.text
    assert browser.get("/models.json").json()["total"] == 0
    assert [one["count"] for one in browser.get("/models.json").json()["counts"]] == [0, 0, 0, 0, 0]
    assert browser.get("/production?model=mortgage-approval").status_code == 404
    assert browser.get(f"/incidents/{ALERT}").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["1", "2"]),
        ("order=-findings", ["1", "2"]),
        ("order=newest", ["2", "1"]),
        ("decision=deny", ["1"]),
        ("status=serving", ["2"]),
        ("tier=high", ["1", "2"]),
        ("tier=ordinary", []),
        ("q=credit+decision", ["1", "2"]),
        ("q=rosa", ["1", "2"]),
        ("q=%25", []),
        ("q=nobody", []),
        ("environment=production", ["2"]),
        ("attention=yes", ["2"]),
        ("findings=none", []),
        ("within=90", ["2"]),
        ("within=1", []),
        ("offset=1", ["2"]),
    ],
)
def test_the_inventory_is_filtered_and_sorted(tmp_path: Path, query: str, found: list[str]) -> None:
    page = Browser(demo_home(tmp_path), IDA).get(f"/models.json?{query}").json()
    assert [one["version"] for one in page["rows"]] == found


@pytest.mark.parametrize("query", ["within=soon", "within=-1", "order=none", "offset=-5", "offset=x", "findings=some"])
def test_a_filter_that_is_none_is_refused_in_words(tmp_path: Path, query: str) -> None:
    answer = Browser(demo_home(tmp_path), IDA).get(f"/models.json?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_a_row_says_how_a_version_stands(tmp_path: Path) -> None:
    one, two = Browser(demo_home(tmp_path), IDA).get("/models.json").json()["rows"]
    assert (one["decision"], one["open_findings"], one["owner"], one["tier"]) == ("deny", 8, "rosa", "high")
    assert (two["serves_in"], two["open_alerts"]) == (["production"], 2)
    assert two["expires"] > datetime.now(UTC).date().isoformat()


def test_the_inbox_brings_to_each_person_what_they_may_give(tmp_path: Path) -> None:
    home = waiting_home(tmp_path)
    vera, rosa = Browser(home, VERA).get("/inbox.json").json(), Browser(home, ROSA).get("/inbox.json").json()
    assert [one["version"] for one in vera["mine"]] == ["2"]
    assert vera["mine"][0]["approve"]["allowed"]
    assert not rosa["mine"][0]["approve"]["allowed"]
    assert [one["may"]["allowed"] for one in rosa["mine"][0]["risks"]] == [True]
    for actor in (MILA, DAN, IDA):
        page = Browser(home, actor).get("/inbox")
        assert "Nothing waits for you" in page.text
        assert "/approve" not in page.text
        assert ">Accept this risk" not in page.text
    denied = next(one for one in rosa["others"] if one["version"] == "1")
    assert len(denied["blocking"]) == 3


def test_what_was_replaced_by_a_version_that_was_let_out_waits_no_more(tmp_path: Path) -> None:
    page = Browser(demo_home(tmp_path), VERA).get("/inbox")
    assert "Nothing waits: every version" in page.text


def test_changes_tell_what_is_otherwise_and_what_is_not(tmp_path: Path) -> None:
    inside = Inside(demo_home(tmp_path))
    one, two = (inside.release(IDA, MODEL, version) for version in ("1", "2"))
    assert one.verdict is not None
    assert two.verdict is not None
    found = changes((two.evidence, two.verdict), (one.evidence, one.verdict), (None, None))
    assert (found.version, found.decision) == ("2", "allow")
    assert any(moved.surely for moved in found.numbers)
    assert {way.way for way in found.findings} >= {"worse"}
    assert found.files
    assert "policy" in found.same
    nothing = changes((two.evidence, two.verdict), (two.evidence, two.verdict), (None, None))
    assert set(nothing.same) == {"policy", "data", "files", "people", "findings", "numbers"}


def test_production_is_answered_with_the_entries_that_prove_it(tmp_path: Path) -> None:
    browser = Browser(demo_home(tmp_path), IDA)
    page = browser.get("/production?model=mortgage-approval")
    assert "Version 2 of mortgage-approval" in page.text
    assert 'href="/trail/' in page.text
    assert browser.noted[-1][1] == "production"
    before = browser.get("/production?model=mortgage-approval&on=2020-01-01")
    assert "The log says of no version that it was" in before.text
    assert browser.get("/production?model=mortgage-approval&on=yesterday").status_code == 400
    assert browser.get("/production.json").json()["now"][0]["version"] == "2"


def act(browser: Browser, what: str, **fields: str) -> Any:  # noqa: ANN401 - an answer
    return browser.post(f"/incidents/{ALERT}/{what}", **fields)


def test_an_alert_is_taken_up_given_an_owner_and_declared_with_its_clock(tmp_path: Path) -> None:
    home = demo_home(tmp_path)
    vera = Browser(home, VERA)
    early = act(vera, "assign", owner="mila", due=LATER)
    assert early.status_code == 400
    assert "taken it up" in early.text
    assert act(vera, "acknowledge").status_code == 303
    assert act(vera, "acknowledge").status_code == 400
    assert act(vera, "assign", owner="nobody", due=LATER).status_code == 400
    assert act(vera, "assign", owner="mila", due=LATER).status_code == 303
    assert act(vera, "resolve", how="accepted").status_code == 400
    assert act(vera, "declare", harm="nothing").status_code == 400
    assert act(vera, "declare", harm="fundamental-rights").status_code == 303
    page = vera.get(f"/incidents/{ALERT}.json").json()
    assert page["row"]["owner"] == "mila"
    assert page["clocks"][0]["row"]["clause"].startswith("eu-ai-act:73")
    assert act(vera, "report", form="initial", authority="authority.example", words="").status_code == 400
    assert act(vera, "report", form="initial", authority="authority.example", words="What we know.").status_code == 303
    assert act(vera, "resolve", how="accepted", words="Rates came down").status_code == 303
    told = vera.get(f"/incidents/{ALERT}.json").json()["told"]
    assert [one["what"] for one in told] == [
        "monitor.resolved", "incident.reported", "incident.declared", "monitor.assigned", "monitor.ack",
        "monitor.alert",
    ]  # fmt: skip


@pytest.mark.parametrize("actor", [IDA, PEOPLE["ada"]], ids=lambda one: one.name)
def test_who_may_not_act_is_refused_and_sees_no_form(tmp_path: Path, actor: Any) -> None:  # noqa: ANN401 - a person
    browser = Browser(demo_home(tmp_path), actor)
    assert '<form class="write' not in browser.get(f"/incidents/{ALERT}").text
    assert act(browser, "acknowledge").status_code == 403


def test_who_has_no_key_here_signs_nothing(tmp_path: Path) -> None:
    answer = act(Browser(demo_home(tmp_path), DAN), "acknowledge")
    assert answer.status_code == 403
    assert "a key of dan" in answer.text


def test_an_act_that_is_none_is_not_there(tmp_path: Path) -> None:
    assert act(Browser(demo_home(tmp_path), VERA), "erase").status_code == 404
