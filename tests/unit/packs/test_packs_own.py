"""The packs that come with Assay: complete against the reference beside the project, in words of their own."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.checks import CHECKS
from assay.errors import InputError
from assay.packs import clauses_of, own_shelf
from assay.packs.differences import differences
from assay.packs.lint import lint
from assay.packs.shelf import OWN, OWN_CROSSWALKS, Shelf, own_contents
from assay.policy import parse_policy
from assay.trail.clocks import clocks

REFERENCE = Path(__file__).parents[4] / "shared/reference/regulation"
TODAY = "2026-11-23"
SPLIT = {
    "Art.9.5.d": "9(5).deployers", "Art.9.8.a": "9(8).before-market", "Art.9.8.b": "9(8).thresholds",
    "Art.10.3.a": "10(3).quality", "Art.10.3.b": "10(3).statistics", "Art.11.1.a": "11(1).before-market",
    "Art.11.1.b": "11(1).convincing", "Art.11.1.c": "11(1).annex-iv", "Art.11.1.d": "11(1).simplified",
    "Art.15.4.a": "15(4).errors", "Art.15.4.b": "15(4).redundancy", "Art.15.4.c": "15(4).feedback",
    "Art.15.5.a": "15(5).alteration", "Art.15.5.b": "15(5).attacks", "Art.26.5.a": "26(5).watch",
    "Art.26.5.b": "26(5).danger", "Art.26.5.c": "26(5).incident", "Art.50.4.a": "50(4).deep-fakes",
    "Art.50.4.b": "50(4).texts", "AnnexXI.1.1": "annex-xi.1(1)", "AnnexXI.1.2": "annex-xi.1(2)",
    "AnnexXI.2": "annex-xi.2",
}  # fmt: skip
"""Ids of the reference that are finer than the paragraphs of the text, or a section of an annex."""


def reference(name: str) -> list[dict[str, Any]]:
    path = REFERENCE / f"{name}.yaml"
    if not path.is_file():
        pytest.skip(f"the reference of regulation is not beside the project: {path.name}")
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [*found["items"], *found.get("companions", [])]


def eu_id(name: str) -> str:
    if name in SPLIT:
        return SPLIT[name]
    head, *rest = name.removeprefix("Art.").split(".")
    head = re.sub(r"Annex([IVX]+)", lambda found: f"annex-{found[1].lower()}", head)
    return head + "".join(f"({part})" for part in rest)


def test_the_written_list_is_what_lies_in_the_folder() -> None:
    folder = files("assay.packs") / "frameworks"
    found = {one.name: sorted(each.name.removesuffix(".yaml") for each in one.iterdir()) for one in folder.iterdir()}
    assert {name: sorted(versions) for name, versions in OWN.items()} == found
    crosswalks = {one.name.removesuffix(".yaml") for one in (files("assay.packs") / "crosswalks").iterdir()}
    assert set(OWN_CROSSWALKS) == crosswalks


def test_the_linter_finds_nothing_against_the_reference() -> None:
    texts = [
        one["obligation"]
        for name in ("eu_ai_act", "nist_ai_rmf", "model_risk", "iso_42001", "nyc_ll144")
        for one in reference(name)
    ]
    assert lint(own_contents(), Shelf(()), checks=CHECKS, texts=texts) == []


def test_the_linter_sees_a_copied_paraphrase() -> None:
    text = reference("eu_ai_act")[40]["obligation"]
    content = own_contents()["frameworks/us-fcra/1997-09-30.yaml"].decode()
    says = re.search(r"(?m)^    says: .*$(\n {6}.*$)*", content)
    assert says is not None
    copied = content.replace(says.group(), f'    says: "{text}"')
    found = lint({"copied.yaml": copied.encode()}, Shelf(()), checks=CHECKS, texts=[f"It is so: {text}"])
    assert len(found) == 1
    assert "say it in your own" in found[0].message or "most of its words" in found[0].message
    assert found[0].line > 20


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("says", "кто отвечает за систему, тот назван в реестре банка"),
        ("title", "named in the register of the bank before"),
    ],
)
def test_a_copy_in_another_script_or_in_a_title_is_seen(key: str, words: str) -> None:
    content = own_contents()["frameworks/us-fcra/1997-09-30.yaml"].decode()
    copied = re.sub(rf"(?m)^    {key}: .*$(\n {{6}}.*$)*", f'    {key}: "{words}"', content, count=1)
    (found,) = lint({"copied.yaml": copied.encode()}, Shelf(()), checks=CHECKS, texts=[f"So: {words} it is used."])
    assert found.path == f"$.controls[0].{key}"


def test_from_when_agrees_with_the_reference() -> None:
    pack = own_shelf().versions("eu-ai-act")[-1]
    controls = {one.id: one for one in pack.controls}
    for item in reference("eu_ai_act"):
        schedule, said = pack.dates[controls[eu_id(item["id"])].dates], item["effective"]
        if said["certainty"] == "disputed":
            assert {schedule.starts, *schedule.by_route.values()} == set(said["candidates"]), item["id"]
        elif item["id"] != "Art.111.2":  # a rule about which systems are caught: it bites with the route's day
            by_route = {name.replace("_", "-"): day for name, day in said.get("by_route", {}).items()}
            assert (schedule.starts, schedule.by_route) == (said.get("from"), by_route), item["id"]
        assert schedule.certainty == said["certainty"], item["id"]


def test_no_limit_decides_about_the_citys_rules() -> None:
    """Local Law 144 fixes no limit: what shows that ratios were computed is that they are there, not what they are."""
    (pack,) = own_shelf().versions("nyc-ll144")
    assert {name for one in pack.controls for name in one.checks} == {"coverage"}
    ready = parse_policy("assay:hiring-nyc", lambda _: b"")
    limited = [one for one in ready.controls if one.limit is not None or one.limits]
    assert limited
    assert not [clause for one in limited for clause in one.clauses if clause.startswith("nyc-ll144:")]


def test_every_item_of_the_reference_is_a_control() -> None:
    shelf = own_shelf()
    act = {one.id for one in shelf.in_force("eu-ai-act", TODAY).controls}
    assert {eu_id(one["id"]) for one in reference("eu_ai_act")} <= act
    nist = {one.id for one in shelf.in_force("nist-ai-rmf", TODAY).controls}
    assert {one["id"].replace(" ", "-") for one in reference("nist_ai_rmf")} == nist
    assert {one["id"] for one in reference("iso_42001")} == {
        one.id for one in shelf.in_force("iso-42001", TODAY).controls
    }
    counted = {
        name: len(shelf.versions(name)[-1].controls) for name in ("sr-11-7", "sr-26-2", "pra-ss1-23", "nyc-ll144")
    }
    assert counted == {"sr-11-7": 22, "sr-26-2": 13, "pra-ss1-23": 23, "nyc-ll144": 26}


def test_what_can_be_shown_and_how_sure_it_is_agree_with_the_reference() -> None:
    pack = own_shelf().in_force("eu-ai-act", TODAY)
    for item in reference("eu_ai_act"):
        control = pack.control(eu_id(item["id"]))
        assert control is not None
        assert control.automation == item["automation"], control.id
        reading = pack.readings[control.verified]
        assert (reading.verified, reading.sure) == (item["verified"], item["confidence"]), control.id


def test_the_high_risk_duties_moved() -> None:
    old, new = own_shelf().versions("eu-ai-act")
    assert old.dates["high-risk"].by_route == {"annex-iii": "2026-08-02", "annex-i": "2027-08-02"}
    assert new.dates["high-risk"].by_route == {"annex-iii": "2027-12-02", "annex-i": "2028-08-02"}
    moved = {one.control for one in differences(old, new) if one.kind == "dates"}
    assert {"9(8).thresholds", "15(1)", "27(1)", "72(2)"} <= moved
    assert not moved & {"4", "5", "53(1)(a)"}


def test_article_10_5_became_4a() -> None:
    old, new = own_shelf().versions("eu-ai-act")
    assert old.control("10(5)") is not None
    assert new.control("10(5)") is None
    assert old.control("4a(1)") is None
    assert new.control("4a(1)(c)") is not None


@pytest.mark.parametrize(
    ("framework", "day", "version"),
    [
        ("eu-ai-act", "2026-07-26", "2024-08-01"),
        ("eu-ai-act", "2026-07-27", "2026-07-27"),
        ("us-reg-b", "2026-07-20", "2011-12-30"),
        ("us-reg-b", "2026-07-21", "2026-07-21"),
        ("sr-11-7", "2026-04-16", "2011-04-04"),
        ("sr-26-2", "2026-04-17", "2026-04-17"),
    ],
)
def test_the_pack_in_force_is_chosen_by_the_day(framework: str, day: str, version: str) -> None:
    assert own_shelf().in_force(framework, day).version == version


@pytest.mark.parametrize(
    ("framework", "day", "said"),
    [
        ("eu-ai-act", "2024-07-31", "before that there was no"),
        ("sr-11-7", "2026-04-17", "superseded on 2026-04-17 by sr-26-2"),
        ("sr-26-2", "2026-04-16", "On that day sr-11-7 counted"),
        ("nist-ai-rfm", TODAY, "did you mean 'nist-ai-rmf'"),
        ("eu-ai-act", "2026-02-30", "expected a day such as"),
    ],
)
def test_a_day_without_a_law_is_told(framework: str, day: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        own_shelf().in_force(framework, day)


def test_the_effects_test_is_gone() -> None:
    old, new = own_shelf().versions("us-reg-b")
    assert [one.id for one in old.controls if new.control(one.id) is None] == ["1002.6(a)"]


@pytest.mark.parametrize(
    ("cited", "said"),
    [
        ("eu-ai-act:9(2)(a)", None),
        ("eu-ai-act:9", None),
        ("eu-ai-act:15(4)", None),
        ("eu-ai-act:annex-iv", None),
        ("nist-ai-rmf:MEASURE-2.11", None),
        ("eu-ai-act:9(2)(e)", "no clause '9(2)(e)' (did you mean"),
        ("eu-ai:9", "no pack of 'eu-ai' (did you mean 'eu-ai-act'?)"),
    ],
)
def test_a_clause_exists_or_is_told(cited: str, said: str | None) -> None:
    found = clauses_of(own_shelf()).wrong(cited)
    assert (found is None) if said is None else (said in (found or ""))


def test_a_clause_of_the_past_names_the_present_one() -> None:
    clauses = clauses_of(own_shelf())
    assert clauses.past("sr-11-7:V.1", TODAY) == (
        "sr-11-7 was superseded on 2026-04-17; cite sr-26-2:V.conceptual instead"
    )
    assert clauses.past("sr-11-7:V.1", "2026-01-01") is None
    assert "has no 10(5) any more" in (clauses.past("eu-ai-act:10(5)", TODAY) or "")
    assert clauses.past("eu-ai-act:10(2)", TODAY) is None


def test_every_end_of_a_crosswalk_is_a_clause() -> None:
    clauses = clauses_of(own_shelf())
    for crosswalk in own_shelf().crosswalks:
        for row in crosswalk.rows:
            assert clauses.wrong(f"{crosswalk.left}:{row.left}") is None
            assert clauses.wrong(f"{crosswalk.right}:{row.right}") is None
            assert row.ours is True or row.source


def test_a_dangling_end_is_a_mistake() -> None:
    text = "schema: assay.crosswalk/v1\nfrom: eu-ai-act\nto: nist-ai-rmf\ntitle: x\nrows:\n"
    text += '  - {from: "9(99)", to: "MAP-1.1", relation: equal, ours: true}\n'
    found = lint({"cross.yaml": text.encode()}, own_shelf(), checks=CHECKS)
    assert [str(one) for one in found if "9(99)" in one.message]
    assert found[0].line == 6


def test_the_clocks_of_incidents_begin_when_the_pack_says() -> None:
    table, pack = clocks(), own_shelf().in_force("eu-ai-act", TODAY)
    schedule = pack.dates["attached"]
    assert table.applies_from == {"not-stated": schedule.starts, **schedule.by_route}
    clauses = clauses_of(own_shelf())
    assert [clauses.wrong(table.cited(one.clause)) for one in table.clocks] == [None] * len(table.clocks)
