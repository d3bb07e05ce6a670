"""So many changed decisions reach the limit, and one fewer does not; the gate's sentence says the same number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assay.checks import Control, Terms, Words, run_check
from assay.checks._people import in_people, one_in_people
from assay.diagnosis.changed_decisions import Changed, at_limit, changed, changes_to_pass
from assay.diagnosis.requirement import Requirement, hold
from assay.metrics.measuring import measure
from assay.records.tally import Cell, Roles, Tally
from assay.records.verdict import Limit, Provenance
from policy_cases import evidence

if TYPE_CHECKING:
    from assay.records.evidence import Evidence

COMPARED = {
    "demographic_parity_difference": Limit(max=0.08),
    "demographic_parity_ratio": Limit(min=0.8),
    "equal_opportunity_difference": Limit(max=0.05),
    "equal_opportunity_ratio": Limit(min=0.9),
    "equalized_odds_difference": Limit(max=0.1),
    "accuracy_difference": Limit(max=0.03),
    "false_positive_rate_difference": Limit(max=0.05),
    "false_negative_rate_difference": Limit(max=0.05),
    "predictive_parity_difference": Limit(max=0.05),
    "worst_group_accuracy": Limit(min=0.8),
    "worst_group_true_positive_rate": Limit(min=0.8),
    "worst_group_false_positive_rate": Limit(max=0.2),
    "worst_group_precision": Limit(min=0.8),
}
OF_ONE = {
    "accuracy": Limit(min=0.9),
    "true_positive_rate": Limit(min=0.9),
    "false_positive_rate": Limit(max=0.1),
    "true_negative_rate": Limit(min=0.9),
    "selection_rate": Limit(min=0.7),
    "precision": Limit(min=0.9),
}
WORDS = Words(favourable="approvals", people="applicants")
COUNTS = st.lists(st.integers(3, 60), min_size=12, max_size=12)


def tally_of_counts(counts: list[int]) -> Tally:
    """Return a tally of three groups from counts by group, label and prediction."""
    names = [(group, label, prediction) for group in "abc" for label in (0, 1) for prediction in (0, 1)]
    cells = tuple(
        Cell(group=(group,), label=label, prediction=prediction, count=count)
        for (group, label, prediction), count in zip(names, counts, strict=True)
    )
    return Tally(roles=Roles(label="y", prediction="d", protected=("race",)), rows=sum(counts), cells=cells)


def seen(tally: Tally) -> Evidence:
    return msgspec.structs.replace(evidence(), measurements=measure(tally), rows=tally.rows)


def told_counts(sentence: str | None) -> list[int]:
    return sorted(int(found) for found in re.findall(r"(\d+) (?:more|fewer)", sentence or ""))


@settings(max_examples=60)
@given(counts=COUNTS, metric=st.sampled_from(sorted(COMPARED)))
def test_the_changes_named_reach_the_limit_and_one_fewer_does_not(counts: list[int], metric: str) -> None:
    tally = tally_of_counts(counts)
    asked = Requirement(metric=metric, limit=COMPARED[metric], attributes=("race",))
    changes = changes_to_pass(tally, asked, by_point=True)
    assume(changes)
    assert changes is not None
    assert hold(applied(tally, changes), (at_limit(asked),))[0].by_point == "pass"
    for number, one in enumerate(changes):
        fewer = list(changes)
        fewer[number] = Changed(one.group, one.lever, one.count - 1, one.of, one.before, one.after)
        assert hold(applied(tally, tuple(fewer)), (asked,))[0].by_point == "fail"


@settings(max_examples=60)
@given(counts=COUNTS, metric=st.sampled_from(sorted(COMPARED)))
def test_the_gate_says_the_same_numbers_in_its_sentence(counts: list[int], metric: str) -> None:
    tally = tally_of_counts(counts)
    asked = Requirement(metric=metric, limit=COMPARED[metric], attributes=("race",))
    changes = changes_to_pass(tally, asked, by_point=True)
    sentence = in_people(seen(tally), metric, ("race",), asked.limit, Terms(at="", minimum_group=1, words=WORDS))
    assert told_counts(sentence) == sorted(one.count for one in changes or ())


@settings(max_examples=20)
@given(counts=COUNTS, metric=st.sampled_from(sorted(OF_ONE)), group=st.sampled_from(["a", None]))
def test_floors_of_one_group_are_told_in_people(counts: list[int], metric: str, group: str | None) -> None:
    tally = tally_of_counts(counts)
    named = {} if group is None else {"race": group}
    asked = Requirement(metric=metric, limit=OF_ONE[metric], attributes=tuple(named), group=dict(named))
    changes = changes_to_pass(tally, asked, by_point=True)
    assume(changes is not None)
    assert changes is not None
    found = seen(tally)
    one = next(m for m in found.measurements if m.metric == metric and m.group == named)
    sentence = one_in_people(found, one, asked.limit, Terms(at="", words=WORDS))
    assert told_counts(sentence) == sorted(one.count for one in changes)


def applied(tally: Tally, changes: tuple[Changed, ...]) -> Tally:
    for one in changes:
        tally = changed(tally, tuple(one.group), tuple(one.group.values()), one.lever, one.count)
    return tally


def test_the_whole_interval_asks_more_people_than_the_point() -> None:
    tally = tally_of_counts([20, 40, 40, 300, 40, 20, 40, 100, 20, 40, 40, 300])
    asked = Requirement(metric="demographic_parity_difference", limit=Limit(max=0.15), attributes=("race",))
    point = changes_to_pass(tally, asked, by_point=True)
    gate = changes_to_pass(tally, asked)
    assert point
    assert gate
    assert gate[0].count > point[0].count
    assert hold(applied(tally, gate), (asked,))[0].status == "pass"
    assert hold(applied(tally, point), (asked,))[0].status == "unknown"


def test_two_groups_that_are_short_are_both_named() -> None:
    tally = tally_of_counts([10, 90, 10, 90, 40, 60, 40, 60, 30, 70, 30, 70])
    terms = Terms(at="", minimum_group=1, words=WORDS)
    sentence = in_people(seen(tally), "demographic_parity_difference", ("race",), Limit(max=0.1), terms)
    assert sentence == (
        "40 more approvals among the 200 applicants with race b and 20 more among the 200 with race c would reach the "
        "limit (0.6 and 0.7 now; 0.9 for race a)."
    )


def test_groups_too_small_to_see_are_settled_by_no_decision() -> None:
    tally = tally_of_counts([3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3])
    asked = Requirement(metric="demographic_parity_difference", limit=Limit(max=0.05), attributes=("race",))
    assert changes_to_pass(tally, asked) is None


def test_where_denial_is_favourable_more_of_it_mends() -> None:
    tally = tally_of_counts([10, 90, 10, 90, 40, 60, 40, 60, 30, 70, 30, 70])
    bad = Tally(roles=tally.roles, rows=tally.rows, cells=tally.cells, favourable_is_positive=False)
    asked = Requirement(metric="demographic_parity_difference", limit=Limit(max=0.1), attributes=("race",))
    changes = changes_to_pass(bad, asked, by_point=True)
    assert changes is not None
    assert [(one.group["race"], one.count, one.before) for one in changes] == [("a", 40, 0.1), ("c", 0, 0.3)][:1]
    assert in_people(
        seen(bad),
        "demographic_parity_difference",
        ("race",),
        Limit(max=0.1),
        Terms(at="", minimum_group=1, words=WORDS),
    ) == ("40 more approvals among the 200 applicants with race a would reach the limit (0.1 now; 0.4 for race b).")


def test_weighted_rows_are_no_people_to_count() -> None:
    cells = tuple(
        Cell(group=(name,), label=1, prediction=hit, count=40, weight=round(w * 1e12), weight_squares=1)
        for name, hit, w in (("a", 1, 33.3), ("a", 0, 10.1), ("b", 1, 5.5), ("b", 0, 31.7))
    )
    tally = Tally(roles=Roles(label="y", prediction="d", weight="w", protected=("race",)), rows=160, cells=cells)
    asked = Requirement(metric="demographic_parity_difference", limit=Limit(max=0.1), attributes=("race",))
    assert changes_to_pass(tally, asked) is None
    assert in_people(seen(tally), asked.metric, ("race",), asked.limit, Terms(at="", minimum_group=1)) is None


def test_a_control_says_it_in_its_finding() -> None:
    provenance = Provenance(set_by="us", when="2026-11-23", source="MR-7", why="agreed")
    control = Control(
        id="floor", title="floor", check="group-floor", metric="accuracy", attributes=("race",), limit=Limit(min=0.9),
        provenance=provenance, decide="point",
    )  # fmt: skip
    tally = tally_of_counts([50, 10, 10, 50, 60, 0, 0, 60, 60, 0, 0, 60])
    terms = Terms(at="", minimum_group=1, attributes=(("race",),), limit=Limit(min=0.9), words=WORDS)
    found = {one.id: one.people for one in run_check(control, seen(tally), terms)}
    assert found["floor/race=a"] == (
        "8 more correct predictions among the 120 applicants with race a would reach the limit (0.8333 now)."
    )
    assert found["floor/race=b"] is None


@pytest.mark.parametrize("metric", ["roc_auc", "brier_score", "calibration_gap"])
def test_what_is_no_rate_of_people_is_not_told_in_people(metric: str) -> None:
    attributes = ("race",) if metric == "calibration_gap" else ()
    asked = Requirement(metric=metric, limit=Limit(max=0.1), attributes=attributes)
    assert changes_to_pass(tally_of_counts([9] * 12), asked) is None
