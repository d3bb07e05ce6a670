"""Laws of the decision: unknown never passes, order does not matter, what is printed reads the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.policy import Policy, changes
from assay.policy.cases import ShortMeasurement
from assay.records.canonical import canonical_json
from assay.records.consent import Revocation
from assay.records.document import load_yaml
from policy_cases import APPROVALS, GAP, WAIVERS, approval, evidence, gap, policy, signed, verdict, waiver

if TYPE_CHECKING:
    from assay.records.measurement import Measurement

UNIT = st.floats(0, 1)
METRIC = "demographic_parity_difference"


@st.composite
def measured(draw: st.DrawFn) -> ShortMeasurement:
    value = draw(st.none() | UNIT)
    ends = sorted((draw(UNIT), draw(UNIT)))
    return ShortMeasurement(
        metric=draw(st.sampled_from([METRIC, "selection_rate", "accuracy"])),
        over=draw(st.sampled_from([None, "race", "sex"])),
        value=value,
        interval=None if value is None or draw(st.booleans()) else (ends[0], ends[1]),
        n=draw(st.integers(0, 10_000)),
        minimum_group=draw(st.sampled_from([None, 30, 5])),
        left_out=draw(st.sampled_from([(), ({"race": "x"},)])),
        level=draw(st.sampled_from([0.95, 0.9])),
    )


def clearly_within(one: Measurement) -> bool:
    return one.value is not None and one.interval is not None and one.interval[1] <= 0.1 and one.level >= 0.95


@settings(max_examples=300)
@given(st.lists(measured(), max_size=6))
def test_unknown_never_passes(listed: list[ShortMeasurement]) -> None:
    about = evidence(*listed) if listed else msgspec.structs.replace(evidence(), measurements=())
    found = verdict(policy(), about)
    about_race = [
        m for m in about.measurements if m.metric == METRIC and m.over != msgspec.UNSET and m.over.attribute == "race"
    ]
    if found.decision == "allow":
        assert all(f.status in {"pass", "not-applicable"} for f in found.findings)
        assert any(f.status == "pass" for f in found.findings)
        assert about_race
        assert any(clearly_within(m) and m.minimum_group == 30 for m in about_race)
    for finding in found.findings:
        assert finding.reason
        if finding.status == "unknown":
            assert found.decision in {"undecided", "deny"}


@settings(max_examples=200)
@given(UNIT, UNIT, UNIT, st.floats(0.01, 0.99))
def test_an_interval_across_the_limit_is_never_decided(a: float, b: float, c: float, limit: float) -> None:
    low, value, high = sorted((a, b, c))
    under = policy(GAP.replace("0.1", repr(limit)))
    (finding,) = verdict(under, evidence(gap(value, low, high))).findings
    expected = "pass" if high <= limit else "fail" if low > limit else "unknown"
    assert finding.status == expected


UNDER = policy(more=APPROVALS + WAIVERS)
ABOUT = evidence(gap(0.3, 0.2, 0.4))
PEOPLE = st.sampled_from(["ada", "ben", "rita", "case"])
TIMES = st.sampled_from(["2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z", "2026-12-01T00:00:00Z"])


@st.composite
def consents(draw: st.DrawFn) -> list[object]:
    given_: list[object] = []
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["approval", "waiver", "revocation"]))
        by, at = draw(PEOPLE), draw(TIMES)
        if kind == "approval":
            given_.append(approval(UNDER, ABOUT, by, draw(st.sampled_from(["validator", "risk-owner"])), at))
        elif kind == "waiver":
            given_.append(waiver(UNDER, ABOUT, by=by, at=at))
        elif given_:
            revokes = draw(st.sampled_from(given_)).id  # type: ignore[attr-defined]
            given_.append(signed(Revocation(revokes=revokes, by=by, reason="r", at=at), "validator"))
    return given_


@settings(max_examples=100)
@given(consents(), st.randoms())
def test_the_order_of_consents_does_not_matter(given_: list, shuffle: object) -> None:  # type: ignore[type-arg]
    first = canonical_json(verdict(UNDER, ABOUT, *given_))
    shuffle.shuffle(given_)  # type: ignore[attr-defined]
    assert canonical_json(verdict(UNDER, ABOUT, *given_)) == first


@settings(max_examples=100)
@given(consents())
def test_every_consent_is_accounted_for_and_no_author_counts(given_: list) -> None:  # type: ignore[type-arg]
    found = verdict(UNDER, ABOUT, *given_)
    assert {use.id for use in found.consents} == {one.id for one in given_}
    assert all(use.reason for use in found.consents)
    assert not any(use.by == "case" and use.kind != "revocation" and use.status != "refused" for use in found.consents)
    counted = [by for step in found.approvals for by in step.given]
    assert len(counted) == len(set(counted)), "one person counts once"


@st.composite
def written(draw: st.DrawFn) -> Policy:
    limit = draw(st.floats(0.001, 0.999))
    control = GAP.replace("{max: 0.1}", f"{{{draw(st.sampled_from(['max', 'min']))}: {limit!r}}}")
    more = draw(st.sampled_from(["", "level: 0.9\n", "minimum_group: 10\n", "evidence_age_days: 7\n"]))
    more += draw(st.sampled_from(["", APPROVALS])) + draw(st.sampled_from(["", WAIVERS]))
    extra = draw(st.sampled_from(["", ", enforcement: warn", ", decide: point", ", stage: release"]))
    return policy(control[:-1] + extra + "}", more=more)


@settings(max_examples=100)
@given(written())
def test_a_policy_printed_and_read_again_is_the_same(under: Policy) -> None:
    printed = json.dumps(msgspec.to_builtins(under)).encode()
    again = load_yaml(printed, Policy, name="printed")
    assert again == under
    assert again.sha256 == under.sha256


@settings(max_examples=200)
@given(written(), written())
def test_a_difference_is_always_told_and_turns_round(old: Policy, new: Policy) -> None:
    found = changes(old, new)
    assert (found == ()) == (old == new)
    limits = [c for c in found if ": limit " in c.words]
    back = [c for c in changes(new, old) if ": limit " in c.words]
    assert len(limits) == len(back)
    if limits and {c.direction for c in limits} == {"tightens"}:
        assert {c.direction for c in back} == {"loosens"}
