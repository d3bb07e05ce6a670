from __future__ import annotations

import pytest

from assay.policy import changes
from assay.policy.lint import lint
from policy_cases import GAP, policy

REMEDY = ", remedy: look at the features}"
SOUND = "coverage: {attributes: [race]}\nevidence_age_days: 30\n"
GOOD = GAP[:-1] + REMEDY


def test_a_sound_policy_needs_no_second_look() -> None:
    assert lint(policy(GOOD, more=SOUND)) == ()


@pytest.mark.parametrize(
    ("control", "more", "what", "words"),
    [
        (GOOD, "evidence_age_days: 30\n", "coverage", "no attribute must have been measured"),
        (GOOD, "coverage: {attributes: [race]}\n", "evidence_age_days", "of any age"),
        (GOOD, "coverage: {attributes: [race]}\nevidence_age_days: 800\n", "evidence_age_days", "more than a year"),
        (GOOD, SOUND + "minimum_group: 5\n", "minimum_group", "swing widely"),
        (GOOD, SOUND + "waivers: {permitted_by: [r], longest_days: 800}\n", "waivers", "is a changed policy"),
        (GOOD[:-1] + ", enforcement: warn}", SOUND, "controls", "no control blocks a release"),
        (GAP, SOUND, "gap", "no remedy"),
        (GOOD.replace("max: 0.1", "max: 0"), SOUND, "gap", "an interval never lies wholly"),
        (GOOD.replace("max: 0.1", "min: 0.1"), SOUND, "gap", "is the limit on the right side?"),
        (GOOD[:-1] + ", decide: point}", SOUND, "gap", "without a clause that fixes one"),
    ],
)
def test_what_is_worth_a_second_look(control: str, more: str, what: str, words: str) -> None:
    found = lint(policy(control, more=more))
    assert any(key == what and words in told for key, told in found), found


TIERS = (
    "materiality: [{exposure: '*', purpose: '*', tier: a}]\n"
    "tiers: {a: {approvals: [{role: v, quorum: 2}, {role: w}]}}\n"
)


@pytest.mark.parametrize(
    ("old", "new", "direction", "words"),
    [
        ("quorum: 2", "quorum: 1", "loosens", "tier a: approvals by v: 2 becomes 1"),
        ("quorum: 1", "quorum: 2", "tightens", "tier a: approvals by v: 1 becomes 2"),
        ("{role: v, quorum: 2}, {role: w}", "{role: w}, {role: v, quorum: 2}", "loosens", "the order of approvals"),
        (", {role: w}", "", "loosens", "w no longer there"),
        ("tier: a}", "tier: b}", "loosens", "which system belongs to which tier"),
        ("{a: {approvals", "{b: {}, a: {approvals", "changes", "the tier b is new"),
        ("{b: {}, a: {approvals", "{a: {approvals", "loosens", "the tier b is gone"),
        (
            "{a: {approvals",
            "{a: {evidence_age_days: 9, approvals",
            "tightens",
            "any age becomes evidence of at most 9 days",
        ),
        ("{a: {approvals", "{a: {minimum_group: 9, approvals", "loosens", "the minimum group of the policy becomes 9"),
    ],
)
def test_a_change_of_tiers_in_words(old: str, new: str, direction: str, words: str) -> None:
    before = TIERS if old in TIERS else TIERS.replace(new, old)
    found = changes(policy(more=before), policy(more=before.replace(old, new)))
    assert any(c.direction == direction and words in c.words for c in found), found


def test_limits_by_tier_are_compared_tier_by_tier() -> None:
    by_tier = GAP.replace("limit: {max: 0.1}", "limits: {a: {max: 0.1}, b: {max: 0.2}}")
    tiers = TIERS.replace("tiers: {", "tiers: {b: {}, ")
    found = changes(policy(by_tier, more=tiers), policy(by_tier.replace("b: {max: 0.2}", "b: {max: 0.3}"), more=tiers))
    assert [(c.direction, c.words) for c in found] == [
        ("loosens", "gap: limit at most 0.2 becomes at most 0.3 (tier b)")
    ]


def test_words_for_people_change_nothing_that_decides() -> None:
    found = changes(policy(), policy(more="words: {people: applicants}\n"))
    assert [c.direction for c in found] == ["changes"]


FORBIDDEN = "by_group: {allowed: false, provenance: {set_by: Counsel, when: 2026-10-01, source: memo 7, why: ECOA}}\n"
ALLOWED = FORBIDDEN.replace("false", "true")


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ("", FORBIDDEN, "tightens"),
        (FORBIDDEN, "", "loosens"),
        ("", ALLOWED, "loosens"),
        (ALLOWED, FORBIDDEN, "tightens"),
        (FORBIDDEN, FORBIDDEN.replace("memo 7", "memo 8"), "changes"),
    ],
)
def test_who_may_decide_by_group_is_compared(before: str, after: str, direction: str) -> None:
    (found,) = changes(policy(more=before), policy(more=after))
    assert (found.direction, found.what) == (direction, "by_group")
