"""Policies in force, with who set their limits; what a change would have blocked; who may adopt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assay.server.pages import replay
from assay.server.pages.candidates import Candidate
from assay.server.pages.policies import changed
from assay.server.store import deliveries
from assay.server.today import folder_of, keep_policy, kept_policy
from unit.server._home import (
    ADA,
    DAN,
    IDA,
    MILA,
    PEOPLE,
    ROSA,
    SYSTEM,
    VERA,
    Browser,
    demo_home,
    demo_project,
    person,
)

if TYPE_CHECKING:
    from pathlib import Path

PLACE = f"/policies/{SYSTEM}"
TIGHTER = {"limit: {max: 0.15}": "limit: {max: 0.01}", 'version: "1.0.0"': 'version: "1.1.0"'}


def policy_text(changes: dict[str, str] | None = None) -> str:
    text = (demo_project() / "policy.yaml").read_text()
    for old, new in (changes or {}).items():
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("name", PEOPLE)
def test_everybody_reads_policies(tmp_path: Path, name: str) -> None:
    browser = Browser(demo_home(tmp_path), PEOPLE[name])
    listed, shown = browser.get("/policies"), browser.get(PLACE)
    assert (listed.status_code, shown.status_code) == (200, 200)
    assert "fair-lending 1.0.0" in listed.text
    assert "Rosa, risk owner" in shown.text
    assert "style=" not in shown.text
    assert browser.get(f"{PLACE}/replay").status_code == (403 if name == "ada" else 200)


def test_limits_come_with_who_set_them(tmp_path: Path) -> None:
    page = Browser(demo_home(tmp_path), IDA).get(f"{PLACE}.json").json()
    gap = next(one for one in page["limits"] if one["id"] == "race-gap")
    assert (gap["limit"], gap["set_by"], gap["when"]) == ("at most 0.15", "Rosa, risk owner", "2026-10-01")
    assert "waivers: by risk-owner, 90 days at most" in " ".join(page["asks"])
    assert [one["by"] for one in page["history"]] == ["rosa"]


def test_policies_of_others_systems_are_not_there(tmp_path: Path) -> None:
    browser = Browser(demo_home(tmp_path), person("eve", "developer", "validator", systems=("other",)))
    assert browser.get("/policies.json").json()["rows"] == []
    assert 'class="empty"' in browser.get("/policies").text
    for path in (PLACE, f"{PLACE}/replay", "/policies/nothing"):
        assert browser.get(path).status_code == 404
    assert browser.post(f"{PLACE}/replay", content=policy_text()).status_code == 404
    assert browser.post(f"{PLACE}/adopt", sha256="0" * 64).status_code == 404


def test_a_change_is_told_with_what_it_would_have_blocked(tmp_path: Path) -> None:
    browser = Browser(demo_home(tmp_path), DAN)
    same = browser.post(f"{PLACE}/replay", content=policy_text())
    assert "All 2 versions would have been decided as they were" in same.text
    tighter = browser.post(f"{PLACE}/replay", content=policy_text(TIGHTER))
    assert "1 of 2 versions would have been decided otherwise" in tighter.text
    assert ">deny<" in tighter.text
    assert "<code>sex-gap/sex</code>" in tighter.text or "sex" in tighter.text
    assert "tightens" in tighter.text
    assert browser.get(f"{PLACE}.json").json()["name"] == "fair-lending 1.0.0"


def test_history_that_is_too_long_for_one_answer_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "SECONDS", -1.0)
    browser = Browser(demo_home(tmp_path), DAN)
    first = browser.post(f"{PLACE}/replay", content=policy_text(TIGHTER)).text
    assert "1 to 1 of 2 versions that the log tells of" in first
    assert "1 older version was not reached" in first
    assert 'name="offset" value="1"' in first
    last = browser.post(f"{PLACE}/replay", content=policy_text(TIGHTER), offset="1").text
    assert "2 to 2 of 2 versions" in last
    assert "not reached" not in last
    told = (first + last).count("1 of 1 version would have been decided otherwise")
    assert told == 1, "each version is told once"
    beyond = browser.post(f"{PLACE}/replay", content=policy_text(TIGHTER), offset="99").text
    assert "would have been decided otherwise" not in beyond


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("level: 2", "expected"),
        ("x: [", "not YAML"),
        ("", "expected"),
        ("extends: ../../trust.yaml\nname: x\nversion: '1'", "stands alone"),
        ("extends: /etc/passwd\nname: x\nversion: '1'", "stands alone"),
    ],
)
def test_a_policy_that_cannot_be_read_is_told_in_words(tmp_path: Path, content: str, why: str) -> None:
    answer = Browser(demo_home(tmp_path), DAN).post(f"{PLACE}/replay", content=content)
    assert answer.status_code in {200, 400}
    assert why in answer.text
    assert "PUBLIC KEY" not in answer.text


def test_a_policy_that_was_tampered_with_decides_nothing(tmp_path: Path) -> None:
    home = demo_home(tmp_path)
    browser = Browser(home, VERA)
    sha256 = browser.get(f"{PLACE}.json").json()["sha256"]
    path = folder_of(home, SYSTEM, sha256) / "policy.yaml"
    path.write_text(policy_text(TIGHTER))
    assert kept_policy(home, SYSTEM, sha256) is None
    assert "not whole" in browser.get(PLACE).text
    assert browser.get("/models/mortgage-approval/2").status_code == 503


@pytest.mark.parametrize("actor", [DAN, IDA, ADA], ids=lambda one: one.name)
def test_who_may_not_adopt_is_refused(tmp_path: Path, actor: object) -> None:
    browser = Browser(demo_home(tmp_path), actor)  # type: ignore[arg-type] # a person
    assert browser.post(f"{PLACE}/adopt", sha256="0" * 64).status_code == 403


def test_what_nobody_delivered_cannot_be_adopted(tmp_path: Path) -> None:
    assert Browser(demo_home(tmp_path), VERA).post(f"{PLACE}/adopt", sha256="0" * 64).status_code == 404


def test_who_made_the_version_does_not_adopt_its_policy(tmp_path: Path) -> None:
    home = demo_home(tmp_path)
    files = {"policy.yaml": policy_text().encode()}
    one = Candidate(
        policy=keep_policy(home, SYSTEM, files), files=files, system=SYSTEM, delivered_by="ci",
        delivered_at="2026-11-23T12:00:00Z", about=("mortgage-approval 2",), authors=("mila",),
    )  # fmt: skip
    assert "nobody judges their own work" in one.refusal(MILA)
    assert one.refusal(ROSA) == ""
    assert "expected one of the roles" in one.refusal(DAN)


def test_history_tells_what_each_policy_changed(tmp_path: Path) -> None:
    home = demo_home(tmp_path)
    browser = Browser(home, IDA)
    kept = keep_policy(home, SYSTEM, {"policy.yaml": policy_text(TIGHTER).encode()})
    with browser.server.entrance.store.writing() as rows:
        deliveries.adopt(rows, SYSTEM, kept.sha256, by="vera", at=1_770_000_000)
    page = browser.get(f"{PLACE}.json").json()
    assert [one["by"] for one in page["history"]] == ["vera", "rosa"]
    assert {one["way"] for one in page["history"][0]["changed"]} == {"tightens"}
    assert page["history"][1]["changed"] == []
    version = browser.get("/models/mortgage-approval/2.json").json()
    assert version["decision"] == "allow"
    assert changed(None, kept) == ()
    assert "Decide again under today" in Browser(home, VERA).get("/models/mortgage-approval/2").text
