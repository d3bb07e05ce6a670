"""Laws of the status: whatever is held, nothing is shown that nothing shows."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.checks import CHECKS
from assay.packs import own_shelf
from assay.packs.dates import Standing
from assay.packs.evidence_kinds import KINDS
from assay.packs.status import Attested, Held, Plan, contradictions, plan, statuses
from assay.records.status import STATES, Shown

DAYS = ("2024-09-01", "2026-08-02", "2026-11-23", "2027-12-02", "2030-01-01")


@cache
def planned(framework: str, day: str, role: str, route: str | None, ahead: bool) -> Plan:
    pack = own_shelf().in_force(framework, day)
    return plan(pack, Standing(roles=(role,) if role else (), route=route), day, ahead=ahead)


plans = st.builds(
    planned,
    st.just("eu-ai-act"),
    st.sampled_from(DAYS),
    st.sampled_from(("", "provider", "deployer")),
    st.sampled_from((None, "annex-iii", "annex-i", "not-high-risk")),
    st.booleans(),
)
findings = st.builds(
    Shown,
    kind=st.just("finding"),
    name=st.text("abc", min_size=1, max_size=3),
    says=st.sampled_from(("pass", "fail", "unknown")),
    stale=st.sampled_from(("", "too old")),
)
records = st.builds(
    Shown, kind=st.just("record"), name=st.just("r"), says=st.just("held"), stale=st.sampled_from(("", "old"))
)
said = st.builds(
    Shown, kind=st.just("attestation"), name=st.just("rosa"), says=st.sampled_from(("met", "not-met", "not-applicable"))
)
attested = st.one_of(
    st.builds(Attested, counts=said),
    st.builds(Attested, lapsed=said),
    st.builds(Attested, against=st.tuples(said, said)),
)
names = [f"eu-ai-act:{one.id}" for one in own_shelf().versions("eu-ai-act")[-1].controls]
holdings = st.builds(
    Held,
    checks=st.dictionaries(st.sampled_from(sorted(CHECKS)), st.lists(findings, min_size=1, max_size=3).map(tuple)),
    records=st.dictionaries(st.sampled_from(sorted(KINDS)), records),
    attested=st.dictionaries(st.sampled_from(names), attested),
)


@given(plans, holdings)
@settings(max_examples=60)
def test_no_state_without_what_shows_it(found: Plan, held: Held) -> None:
    rows = statuses(found, held)
    assert [row.control for row in rows] == [one.name for one in found.controls]
    for row in rows:
        assert row.state in STATES
        assert row.reason
        says = {shown.says for shown in row.shown if not shown.stale}
        if row.automation == "manual":
            assert row.state != "computed"
        if row.outcome == "pass":
            assert "pass" in says
            assert not says & {"fail", "unknown"}
        if row.state == "computed":
            assert row.shown
            assert says & {"pass", "fail", "held"}
        if row.state == "attested":
            assert held.attested[row.control].counts is not None
        if row.state in {"missing", "stale"}:
            assert row.outcome is None
            assert row.open
        assert bool(row.mend) is row.open
        if row.state == "computed" and (row.automation == "partial" or row.lacking):
            assert row.in_part
        if "fail" in says and row.state in {"computed", "attested"}:
            assert row.outcome == "fail"
    contradictions(found, held)


@given(plans)
@settings(max_examples=40)
def test_where_nothing_is_held_nothing_is_shown(found: Plan) -> None:
    assert {row.state for row in statuses(found, Held())} <= {"missing", "not-applicable"}


@given(plans, holdings)
@settings(max_examples=30)
def test_without_a_role_nothing_is_left_out_as_somebody_elses(found: Plan, held: Held) -> None:
    if found.standing.roles:
        return
    rows = statuses(found, held)
    left = {row.control for row in rows if row.state == "not-applicable"}
    signed = {
        name for name, one in held.attested.items() if one.counts is not None and one.counts.says == "not-applicable"
    }
    assert left <= signed
