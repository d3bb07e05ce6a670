from __future__ import annotations

import pytest

from assay.checks import CHECKS, Check, run_check
from assay.checks.control import Control, Terms
from assay.policy.cases import ShortMeasurement
from assay.policy.parse import parse_policy
from assay.policy.replay import replay
from assay.records.tally import FileDigest
from policy_cases import APPROVALS, FAILS, GAP, OPEN, PASSES, WAIVERS, approval, evidence, gap, policy, verdict, waiver


def test_everything_passes_and_it_is_allowed() -> None:
    found = verdict(policy(), evidence(PASSES))
    assert found.decision == "allow"
    assert found.reason == "Allowed: 1 of 1 findings pass."


def test_a_fail_denies_and_the_reason_names_it() -> None:
    found = verdict(policy(), evidence(FAILS))
    assert found.decision == "deny"
    assert found.reason.startswith(
        "Denied: 'Rates are similar' fails (gap/race): demographic_parity_difference over race"
    )


def test_an_unknown_leaves_it_undecided() -> None:
    found = verdict(policy(), evidence(OPEN))
    assert found.decision == "undecided"
    assert "more people would settle it" in found.reason


def test_a_fail_outweighs_an_unknown() -> None:
    two = policy(GAP, GAP.replace("id: gap", "id: two").replace("[race]", "[sex]"))
    assert verdict(two, evidence(FAILS)).decision == "deny"


@pytest.mark.parametrize(("measured", "decision"), [(FAILS, "warn"), (OPEN, "warn"), (PASSES, "allow")])
def test_enforcement_warn_warns(measured: ShortMeasurement, decision: str) -> None:
    assert verdict(policy(GAP[:-1] + ", enforcement: warn}"), evidence(measured)).decision == decision


def test_enforcement_audit_is_recorded_only() -> None:
    found = verdict(policy(GAP[:-1] + ", enforcement: audit}"), evidence(FAILS))
    assert found.decision == "allow"
    assert found.findings[0].status == "fail"


def test_nothing_checked_is_undecided_never_allowed() -> None:
    found = verdict(policy(GAP[:-1] + ", stage: monitoring}"), evidence(PASSES))
    assert [f.status for f in found.findings] == ["not-applicable"]
    assert found.decision == "undecided"
    assert "nothing was checked" in found.reason


def test_a_system_that_no_rule_fits_is_undecided() -> None:
    rules = "materiality: [{exposure: low, purpose: '*', tier: small}]\ntiers: {small: {}}\n"
    found = verdict(policy(more=rules), evidence(PASSES))
    assert found.decision == "undecided"
    assert "no rule of the policy gives a tier to exposure 'high'" in found.reason


def test_the_tier_chooses_the_limit_and_the_approvals() -> None:
    rules = (
        "materiality: [{exposure: high, purpose: '*', tier: top}, {exposure: '*', purpose: '*', tier: rest}]\n"
        "tiers: {top: {approvals: [{role: validator}], evidence_age_days: 10}, rest: {}}\n"
    )
    control = GAP.replace("limit: {max: 0.1}", "limits: {top: {max: 0.01}, rest: {max: 0.5}}")
    top = verdict(policy(control, more=rules), evidence(FAILS))
    assert (top.policy.tier, top.decision, top.approvals[0].role) == ("top", "deny", "validator")
    rest = verdict(policy(control, more=rules), evidence(FAILS, exposure="low"))
    assert (rest.policy.tier, rest.decision, rest.approvals) == ("rest", "allow", ())


@pytest.mark.parametrize("measured_at", ["2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z", "never", "2026-11-23"])
def test_stale_future_and_timeless_evidence_is_unknown(measured_at: str) -> None:
    found = verdict(policy(more="evidence_age_days: 30\n"), evidence(PASSES, measured_at=measured_at))
    assert found.decision == "undecided"
    assert found.findings[-1].id == "evidence-fresh"


def test_evidence_from_the_future_is_unknown_even_where_any_age_is_permitted() -> None:
    assert verdict(policy(), evidence(PASSES, measured_at="2027-01-01T00:00:00Z")).decision == "undecided"


def test_required_coverage_is_checked_without_a_control_for_it() -> None:
    found = verdict(policy(more="coverage: {attributes: [race, sex]}\n"), evidence(PASSES))
    assert found.decision == "undecided"
    assert "sex was not measured" in {f.id: f.reason for f in found.findings}["coverage/sex"]


def test_a_control_without_attributes_compares_every_one_measured() -> None:
    found = verdict(policy(GAP.replace("attributes: [race], ", "")), evidence(PASSES, ShortMeasurement(
        metric="demographic_parity_difference", over="sex", value=0.4, interval=(0.3, 0.5))))  # fmt: skip
    assert {f.id: f.status for f in found.findings} == {"gap/race": "pass", "gap/sex": "fail"}


def test_the_breach_is_told_in_people() -> None:
    rates = [
        ShortMeasurement(metric="selection_rate", group={"race": "white"}, value=0.9, interval=(0.88, 0.92), n=800),
        ShortMeasurement(metric="selection_rate", group={"race": "Black"}, value=0.65, interval=(0.55, 0.74), n=100),
    ]
    words = "words: {favourable: approvals, people: applicants}\n"
    found = verdict(policy(more=words), evidence(gap(0.25, 0.15, 0.35), *rates))
    assert found.findings[0].people == (
        "15 more approvals among the 100 applicants with race Black would reach the limit "
        "(0.65 now; 0.9 for race white)."
    )


def test_a_check_that_breaks_leaves_an_unknown_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> tuple[()]:
        raise KeyError("lost")

    monkeypatch.setitem(CHECKS, "group-gap", Check(id="group-gap", title="", run=broken))
    found = verdict(policy(), evidence(PASSES))
    assert found.decision == "undecided"
    assert "the check group-gap broke on this evidence (KeyError: 'lost')" in found.findings[0].reason


def test_a_check_that_yields_nothing_and_one_nobody_knows_leave_an_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHECKS, "group-gap", Check(id="group-gap", title="", run=lambda *_: ()))
    assert verdict(policy(), evidence(PASSES)).decision == "undecided"
    (found,) = run_check(Control(id="x", title="x", check="gone"), evidence(), Terms(at=""))
    assert found.status == "unknown"


def test_changed_files_deny_and_cannot_be_waived() -> None:
    under = policy("{id: files, title: Same files, check: files-unchanged}", more=WAIVERS)
    before, after = (FileDigest(name="m", sha256=c * 64, size=1) for c in "ab")
    about = evidence(files=(before,))
    assert verdict(under, about, files_now=[before]).decision == "allow"
    assert verdict(under, about).decision == "undecided"
    found = verdict(under, about, waiver(under, about, control="files"), files_now=[after])
    assert found.decision == "deny"
    assert found.consents[0].reason == "files-unchanged cannot be waived"


def test_the_verdict_names_everything_it_rests_on() -> None:
    under, about = policy(more=APPROVALS), evidence()
    found = verdict(under, about, trust_sha256="e" * 64)
    assert found.policy.sha256 == under.sha256
    assert (found.trust_sha256, found.decided_by.identity) == ("e" * 64, "gate")
    assert found.reason.startswith("Undecided: 'Everybody whom the policy asks has approved' is not settled")


def test_replay_decides_the_same_again_and_another_under_another_policy() -> None:
    under, about = policy(), evidence(PASSES)
    then = verdict(under, about)
    assert replay(under, about, then).now == then
    stricter = replay(policy(GAP.replace("0.1", "0.01").replace("{max", "{max")), about, then)
    assert stricter.decisions == ("allow", "undecided")
    assert stricter.differs == (("gap/race", "pass", "unknown"),)


def test_approved_twice_over_and_accepted_it_is_allowed_and_the_finding_still_fails() -> None:
    under, about = policy(more=APPROVALS + WAIVERS), evidence(FAILS)
    given = [approval(under, about, by) for by in ("ada", "ben")]
    given += [approval(under, about, "rita", "risk-owner"), waiver(under, about)]
    found = verdict(under, about, *given)
    assert found.decision == "allow"
    assert found.findings[0].status == "fail"
    assert found.findings[0].waiver == given[-1].id
    assert "Accepted in writing until 2026-12-31, and still failing: gap/race." in found.reason


def test_replay_takes_the_consents_of_that_day_as_given_under_the_other_policy() -> None:
    under, about = policy(more=APPROVALS + WAIVERS), evidence(FAILS)
    given = [approval(under, about, by) for by in ("ada", "ben")]
    given += [approval(under, about, "rita", "risk-owner"), waiver(under, about)]
    then = verdict(under, about, *given)
    other = policy(GAP.replace("0.1", "0.05"), more=APPROVALS + WAIVERS)
    assert replay(other, about, then, consents=given).decisions == ("allow", "allow")
    stricter = policy(more=APPROVALS + WAIVERS.replace("sacred", "gap"))
    assert replay(stricter, about, then, consents=given).decisions == ("allow", "deny")


@pytest.mark.parametrize(
    ("asking", "line"),
    [
        ("tiers: {top: {approvals: [{role: validator}], evidence_age_days: 3}}\n", 3),
        ("approvals: [{role: validator}]\nevidence_age_days: 3\n", None),
    ],
)
def test_every_finding_points_at_the_line_that_asks_for_it(asking: str, line: int | None) -> None:
    rules = "materiality: [{exposure: high, purpose: '*', tier: top}]\n" if line else ""
    text = f'name: p\nversion: "1"\n{asking}{rules}coverage: {{attributes: [race]}}\ncontrols:\n  - {GAP}\n'
    found = verdict(parse_policy("p.yaml", lambda _: text.encode()), evidence(PASSES))
    lines = {f.control: f.place.line for f in found.findings if f.place}
    assert {f.control for f in found.findings if f.place is None} == set()
    assert (lines["approvals"], lines["evidence-fresh"]) == ((line, line) if line else (3, 4))


@pytest.mark.parametrize(
    ("exposure", "purpose", "tier"),
    [
        ("high", "credit decision", "top"),
        ("High ", "Credit decision", "top"),
        ("hihg", "credit decision", None),
        ("high", "credit decison", None),
        ("low", "credit decision", "rest"),
        ("high", "fraud decision", "rest"),
        ("severe", "hiring", "rest"),
    ],
)
def test_a_misspelt_materiality_does_not_slip_into_the_lenient_tier(
    exposure: str, purpose: str, tier: str | None
) -> None:
    rules = (
        "materiality: [{exposure: high, purpose: credit decision, tier: top}, "
        "{exposure: '*', purpose: '*', tier: rest}]\n"
        "tiers: {top: {}, rest: {}}\n"
    )
    under, about = policy(more=rules), evidence(PASSES, exposure=exposure, purpose=purpose)
    assert under.tier_of(about.materiality) == tier
    found = verdict(under, about)
    assert found.decision == ("undecided" if tier is None else "allow")
    if tier is None:
        assert "did you mean" in found.reason
