"""A model version's page, its files and its charts, and the consents that people give there."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from assay.server.security import DOCUMENT_POLICY
from unit.server._home import ADA, DAN, IDA, MILA, PEOPLE, ROSA, SYSTEM, VERA, Browser, demo_home, person, waiting_home

if TYPE_CHECKING:
    from pathlib import Path


ONE, TWO = "/models/mortgage-approval/1", "/models/mortgage-approval/2"
GAP = "race-and-sex-gap/race,sex"
WAIVER = {
    "finding": GAP,
    "reason": "few people",
    "compensating": "every case is seen",
    "expires": (datetime.now(UTC).date() + timedelta(days=30)).isoformat(),
}
AT = "2026-11-24T09:00:00Z"


@pytest.mark.parametrize("name", PEOPLE)
def test_everybody_reads_a_version_and_its_reading_is_noted(tmp_path: Path, name: str) -> None:
    browser = Browser(demo_home(tmp_path), PEOPLE[name])
    shown = browser.get(ONE)
    assert shown.status_code == 200
    assert len(shown.content) < 200_000
    assert "Denied" in shown.text
    assert browser.noted == [(name, "model-version", ONE)]


def test_a_denied_version_says_why_with_causes_and_remedies(tmp_path: Path) -> None:
    page = Browser(demo_home(tmp_path), DAN).get(f"{ONE}.json").json()
    assert page["decision"] == "deny"
    first = page["failing"][0]
    assert first["finding"]["id"] == "race-gap/race"
    assert dict(first["numbers"])["limit"] == "at most 0.15"
    assert first["causes"][0]["kind"] in {"data.base_rate", "threshold.cut", "data.proxy", "model.feature"}
    assert first["remedies"]
    assert first["limit_set"].startswith("Rosa, risk owner on 2026-10-01")
    assert [one["index"] for one in page["timeline"]] == sorted((o["index"] for o in page["timeline"]), reverse=True)


def test_what_serves_says_where_and_since_when(tmp_path: Path) -> None:
    page = Browser(demo_home(tmp_path), DAN).get(f"{TWO}.json").json()
    (serving,) = page["serving"]
    assert (serving["environment"], serving["until"]) == ("production", None)
    assert page["incidents"]
    assert {one["name"] for one in page["windows"]} == {"week-1", "week-2"}


def test_links_of_the_page_lead_somewhere(tmp_path: Path) -> None:
    browser = Browser(demo_home(tmp_path), DAN)
    text = browser.get(ONE).text + browser.get(f"{ONE}/charts").text
    places = {html.unescape(one) for one in re.findall(r'(?:href|src)="(/models/[^"#]+)', text)}
    assert len(places) > 20
    wrong = {one: browser.get(one).status_code for one in places if ".svg" not in one}
    assert set(wrong.values()) == {200}
    (drawn,) = {one for one in places if one.endswith("limit-0.svg")}
    picture = browser.get(drawn)
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.headers["content-security-policy"] == DOCUMENT_POLICY
    assert "style=" not in picture.text
    assert "style=" not in text
    assert browser.get(f"{ONE}/lineage.svg").text.startswith("<svg")


def test_a_report_is_shown_in_a_sandbox_and_all_else_is_kept(tmp_path: Path) -> None:
    browser = Browser(demo_home(tmp_path), IDA)
    report, verdict = browser.get(f"{ONE}/files/report.html"), browser.get(f"{ONE}/files/verdict.json")
    assert report.headers["content-security-policy"] == DOCUMENT_POLICY
    assert report.headers["content-disposition"] == "inline"
    assert verdict.headers["content-type"] == "application/json"
    assert verdict.headers["content-disposition"] == 'attachment; filename="verdict.json"'
    assert verdict.json()["decision"] == "deny"
    inner = browser.get(f"{TWO}/files/monitoring/week-1/verdict.json")
    assert inner.headers["content-disposition"] == 'attachment; filename="monitoring-week-1-verdict.json"'


@pytest.mark.parametrize(
    "path",
    [
        "../2/verdict.json", "..%2f2%2fverdict.json", "%2e%2e/2/verdict.json",
        "%2e%2e%2f%2e%2e%2f%2e%2e%2fkeys%2fvera.pem",
        "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "link.json", "linked/vera.pem", ".hidden", "monitoring/.lock",
        "monitoring/state.json", "consents", "", "verdict.json/..", "verdict.json%00.html",
    ],
)  # fmt: skip
def test_no_download_leaves_the_release(tmp_path: Path, path: str) -> None:
    home = demo_home(tmp_path)
    folder = home.state / "releases" / "mortgage-approval" / "1"
    (folder / "link.json").symlink_to(home.state / "keys" / "vera.pem")
    (folder / "linked").symlink_to(home.state / "keys")
    (folder / ".hidden").write_text("x")
    found = Browser(home, IDA).client.get(f"{ONE}/files/{path}", follow_redirects=False)
    assert found.status_code == 404


def test_other_systems_are_not_there(tmp_path: Path) -> None:
    browser = Browser(demo_home(tmp_path), person("eve", "developer", systems=("other",)))
    for path in (ONE, f"{ONE}.json", f"{ONE}/charts", f"{ONE}/files/verdict.json", f"{ONE}/lineage.svg"):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert SYSTEM not in answer.text.replace(ONE, "")


@pytest.mark.parametrize("path", ["/models/none/1", "/models/mortgage-approval/9", "/models/..%2f..%2fkeys/1"])
def test_what_is_not_there_is_said_to_be_not_there(tmp_path: Path, path: str) -> None:
    assert Browser(demo_home(tmp_path), IDA).get(path).status_code == 404


def test_two_people_consent_and_the_gate_decides_again(tmp_path: Path) -> None:
    home = waiting_home(tmp_path)
    vera, rosa = Browser(home, VERA), Browser(home, ROSA)
    page = vera.get(f"{TWO}.json").json()
    assert page["decision"] == "undecided"
    assert page["approve"] == {"allowed": True, "role": "validator", "why": "It waits for an approval as validator"}
    approved = vera.post(f"{TWO}/approve", verdict_sha256=page["verdict_sha256"], comment="Tested by us.")
    assert (approved.status_code, approved.headers["location"]) == (303, TWO)
    after = rosa.get(f"{TWO}.json").json()
    assert after["steps"][0]["step"]["given"] == ["vera"]
    assert rosa.post(f"{TWO}/waive", verdict_sha256=after["verdict_sha256"], **WAIVER).status_code == 303
    last = rosa.get(f"{TWO}.json").json()
    assert last["decision"] == "allow"
    assert {one["use"]["status"] for one in last["consents"]} == {"counted", "obeyed"}
    assert any(one["finding"]["waiver"] for one in last["failing"])
    (words,) = (home.state / "releases" / "mortgage-approval" / "2" / "consents").glob("*.txt")
    assert words.read_text() == "Tested by us."


def test_nobody_approves_their_own_work(tmp_path: Path) -> None:
    mila = Browser(waiting_home(tmp_path), MILA)
    page = mila.get(TWO)
    assert "nobody judges their own work" in page.text
    assert f'action="{TWO}/approve"' not in page.text
    sha256 = mila.get(f"{TWO}.json").json()["verdict_sha256"]
    for act in ("approve", "waive"):
        answer = mila.post(f"{TWO}/{act}", verdict_sha256=sha256, **(WAIVER if act == "waive" else {}))
        assert answer.status_code == 403
        assert "nobody judges their own work" in answer.text


@pytest.mark.parametrize("actor", [DAN, IDA, ADA], ids=lambda one: one.name)
def test_roles_that_may_not_consent_see_no_form_and_are_refused(tmp_path: Path, actor: object) -> None:
    browser = Browser(waiting_home(tmp_path), actor)  # type: ignore[arg-type] # a person
    assert f'action="{TWO}/approve"' not in browser.get(TWO).text
    sha256 = browser.get(f"{TWO}.json").json()["verdict_sha256"]
    for act in ("approve", "waive", "revoke"):
        fields = WAIVER if act == "waive" else {"consent": "x", "reason": "x"} if act == "revoke" else {}
        answer = browser.post(f"{TWO}/{act}", verdict_sha256=sha256, **fields)
        assert answer.status_code == 403


def test_consent_to_a_decision_that_stands_no_more_is_refused(tmp_path: Path) -> None:
    answer = Browser(waiting_home(tmp_path), VERA).post(f"{TWO}/approve", verdict_sha256="0" * 64)
    assert answer.status_code == 403
    assert "something changed since the page was opened" in answer.text


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"expires": (datetime.now(UTC).date() + timedelta(days=400)).isoformat()}, "the policy permits 90 days"),
        ({"expires": "2020-01-01"}, "expired on 2020-01-01"),
        ({"expires": "soon"}, "YYYY-MM-DD"),
        ({"compensating": " "}, "compensating control"),
        ({"reason": ""}, "reason"),
        ({"finding": "nothing"}, "expected a finding of this version"),
        ({"finding": "approvals/validator"}, "Nobody may waive approvals"),
    ],
)
def test_a_waiver_that_the_policy_refuses_is_refused_before_it_is_signed(
    tmp_path: Path, change: dict[str, str], why: str
) -> None:
    home = waiting_home(tmp_path)
    rosa = Browser(home, ROSA)
    sha256 = rosa.get(f"{TWO}.json").json()["verdict_sha256"]
    answer = rosa.post(f"{TWO}/waive", verdict_sha256=sha256, **WAIVER | change)
    assert answer.status_code == 400
    assert why in answer.text
    assert not (home.state / "releases" / "mortgage-approval" / "2" / "consents").exists()


def test_the_form_says_beforehand_what_the_policy_refuses(tmp_path: Path) -> None:
    home = waiting_home(tmp_path)
    form = Browser(home, ROSA, clock=lambda: AT).get(f"{TWO}/waive?finding={GAP}")
    assert 'max="2027-02-22"' in form.text
    assert "90 days" in form.text
    assert "no such role" in Browser(home, VERA).get(f"{TWO}/waive?finding={GAP}").text
    refused = Browser(home, ROSA).get(f"{ONE}/waive?finding=race-gap/race").text
    assert "lets nobody waive race-gap" in refused
    assert '<form class="write"' not in refused


def test_a_consent_is_taken_back_with_a_reason(tmp_path: Path) -> None:
    vera = Browser(demo_home(tmp_path), VERA)
    page = vera.get(f"{TWO}.json").json()
    mine = next(one["use"]["id"] for one in page["consents"] if one["use"]["by"] == "vera")
    assert mine in page["revocable"]
    assert vera.post(f"{TWO}/revoke", consent=mine, reason=" ").status_code == 400
    assert vera.post(f"{TWO}/revoke", consent=mine, reason="The data was wrong").status_code == 303
    after = vera.get(f"{TWO}.json").json()
    assert after["decision"] == "undecided"
    assert {one["use"]["kind"]: one["use"]["status"] for one in after["consents"]}["revocation"] == "obeyed"
