from __future__ import annotations

import re

import pytest

from assay.checks import CHECKS
from assay.errors import DocumentError
from assay.packs import parse_crosswalk, parse_pack, shelf_of
from assay.packs.form import MAX_SAYS

PACK = """\
schema: assay.pack/v1
framework: house-rules
version: 2026-01-01
title: House rules on AI
issuer: The bank
force: internal
text: {id: HR-7, kind: internal, cite: House rules no. 7}
in_force: {from: 2026-01-01}
roles: {owner: who answers for it}
readings:
  ours: {verified: true, by: the rules themselves, when: 2026-01-02, sure: high}
dates:
  start: {from: 2026-02-01, certainty: settled, source: "rule 9"}
controls:
  - id: "1(a)"
    title: Every model has an owner
    says: Somebody answers for it by name.
    roles: [owner]
    dates: start
    automation: partial
    evidence: [raci]
    checks: [approvals]
    verified: ours
"""
SECOND = """\
schema: assay.pack/v1
framework: house-rules
version: 2027-01-01
title: House rules on AI
issuer: The bank
force: internal
text: {id: HR-8, kind: internal, cite: House rules no. 8}
in_force: {from: 2027-01-01}
amends: 2026-01-01
roles: {owner: who answers for it}
readings: {}
dates: {}
controls:
  - id: "1(b)"
    title: And a second one
    says: Somebody stands in.
    roles: [owner]
    dates: start
    automation: manual
    evidence: []
    verified: ours
"""


def problems(text: str, name: str = "house.yaml") -> str:
    with pytest.raises(DocumentError) as caught:
        parse_pack(text.encode(), name, checks=CHECKS)
    return str(caught.value)


def test_a_pack_is_read() -> None:
    pack = parse_pack(PACK.encode(), "house.yaml", checks=CHECKS)
    assert pack.name == "house-rules@2026-01-01"
    assert pack.controls[0].cited == "1(a)"
    assert len(pack.sha256) == 64


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("dates: start\n", "dates: strat\n", "no such dates: 'strat' (did you mean 'start'?)"),
        ("verified: ours\n", "verified: theirs\n", "no such reading: 'theirs'"),
        ("roles: [owner]", "roles: [onwer]", "no such role: 'onwer' (did you mean 'owner'?)"),
        ("roles: [owner]", "roles: []", "whose duty it is"),
        ("evidence: [raci]", "evidence: [racy]", "no such kind of evidence: 'racy' (did you mean 'raci'?)"),
        ("checks: [approvals]", "checks: [aprovals]", "no such check: 'aprovals' (did you mean 'approvals'?)"),
        ("checks: [approvals]", "documents: [annex-4]", "no such document: 'annex-4'"),
        ("version: 2026-01-01", "version: 2026-01-31", "expected 2026-01-31, the version"),
        ("in_force: {from: 2026-01-01}", "in_force: {from: 2026-01-01, to: 2025-01-01}", "on or after 2026-01-01"),
        ("version: 2026-01-01", "version: 2026-02-30", "expected a day such as"),
        ("{from: 2026-02-01,", "{from: 2025-02-01,", "on or after 2026-01-01, from which the text counts"),
        ("{from: 2026-02-01, certainty: settled", "{certainty: settled", "expected from when"),
        ("certainty: settled", "certainty: argued", "the days argued for"),
        ("{from: 2026-02-01,", "{from: 2026-02-01, by_role: {boss: 2026-03-01},", "no such role: 'boss'"),
        ("kind: internal, cite", "kind: celex, cite", "expected a CELEX number"),
        ("{id: HR-7, kind: internal,", "{id: 02024R1689-20260727, kind: celex,", "expected the text of 2026-01-01"),
        ("framework: house-rules", "framework: House Rules", "lower-case words"),
        ('id: "1(a)"', 'id: "1 (a)"', "without spaces"),
        ("title: Every model", "tilte: Every model", "unknown key 'tilte' (did you mean 'title'?)"),
        ("force: internal\n", "force: internal\nremoves: [x]\n", "nothing is amended"),
        ("evidence: [raci]\n    checks: [approvals]", "evidence: []", "what would show it"),
        ("Somebody answers for it by name.", "TODO", "expected our own words"),
        ('source: "rule 9"', "source: ''", "dates.start.source: expected words that somebody stands by"),
        ("owner: who answers for it", "owner: TODO", "roles.owner: expected words that somebody stands by"),
        ("evidence: [raci]", "evidence: [raci, raci]", "'raci' stands here twice"),
        ("readings:\n", "conditions: {afar: from afar}\nreadings:\n", "no control uses 'afar'"),
        ("readings:\n", "readings:\n  odd: {verified: false, by: x, when: 2026-01-02, sure: low}\n", "no control uses"),
        ("dates:\n", "dates:\n  old: {from: 2026-03-01, certainty: settled, source: x}\n", "no control uses 'old'"),
        ("sure: high", "sure: low", "one of the two is wrong"),
        (
            'source: "rule 9"}',
            "source: rule 9, legacy: {placed_before: 2030-01-01, from: 2026-03-01, source: x}}",
            "caught from then on or later",
        ),
        (
            "in_force: {from: 2026-01-01}",
            "in_force: {from: 2026-01-01, to: 2026-02-28}\nsuperseded: {on: 2026-09-01, by: sr-26-2, source: x}",
            "expected 2026-03-01, the day after the last on which it counts",
        ),
        (
            "in_force: {from: 2026-01-01}",
            "in_force: {from: 2026-01-01, to: 2026-02-28}\nsuperseded: {on: 2026-03-01, by: house-rules, source: x}",
            "expected another framework than house-rules",
        ),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(before: str, after: str, said: str) -> None:
    assert before in PACK
    found = problems(PACK.replace(before, after, 1) if before != "version: 2026-01-01" else PACK.replace(before, after))
    assert said in found
    assert re.match(r"house\.yaml:\d+:\d+ \$", found)


def test_every_mistake_is_told_at_once() -> None:
    text = PACK.replace("dates: start\n", "dates: strat\n").replace("roles: [owner]", "roles: [x]", 1)
    assert len(problems(text.replace("checks: [approvals]", "checks: [nothing]")).splitlines()) == 3


def test_a_paraphrase_that_is_too_long_is_refused() -> None:
    assert f"at most {MAX_SAYS} letters" in problems(PACK.replace("Somebody answers for it by name.", "word " * 60))


def test_two_controls_with_one_id_are_refused() -> None:
    again = PACK[PACK.index('  - id: "1(a)"') :]
    assert "two controls have the id '1(a)'" in problems(PACK + again)


def test_an_amendment_is_laid_over_what_it_amends() -> None:
    ended = PACK.replace("in_force: {from: 2026-01-01}", "in_force: {from: 2026-01-01, to: 2026-12-31}")
    shelf = shelf_of({"a.yaml": ended.encode(), "b.yaml": SECOND.encode()})
    old, new = shelf.versions("house-rules")
    assert [one.id for one in old.controls] == ["1(a)"]
    assert [one.id for one in new.controls] == ["1(a)", "1(b)"]
    assert shelf.in_force("house-rules", "2026-06-01") is old
    assert shelf.in_force("house-rules", "2027-01-01") is new


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SECOND, "counts on days on which house-rules@2026-01-01 does too"),
        (SECOND.replace("amends: 2026-01-01", "amends: 2025-01-01"), "no such version of house-rules: 2025-01-01"),
        (SECOND.replace("HR-8", "HR-7"), "expected another text"),
        (SECOND.replace("amends: 2026-01-01", 'amends: 2026-01-01\nremoves: ["9"]'), "has no control '9'"),
        (SECOND.replace("dates: start", "dates: never"), "no such dates: 'never'"),
        (SECOND.replace("amends: 2026-01-01", "amends: 2027-01-01"), "expected an earlier version"),
    ],
)
def test_an_amendment_that_does_not_fit_is_refused(text: str, said: str) -> None:
    with pytest.raises(DocumentError, match=re.escape(said)):
        shelf_of({"a.yaml": PACK.encode(), "b.yaml": text.encode()})


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ('{from: "1", to: "2", relation: equal}', "either `source`"),
        ('{from: "1", to: "2", relation: equal, source: x, ours: true}', "either `source`"),
        ('{from: "1", to: "2", relation: same, ours: true}', "equal | subset"),
    ],
)
def test_a_row_of_a_crosswalk_says_whose_reading_it_is(rows: str, said: str) -> None:
    text = f"schema: assay.crosswalk/v1\nfrom: a\nto: b\ntitle: x\nrows:\n  - {rows}\n"
    with pytest.raises(DocumentError, match=re.escape(said)):
        parse_crosswalk(text.encode(), "cross.yaml")
