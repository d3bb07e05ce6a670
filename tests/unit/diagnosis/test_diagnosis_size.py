from __future__ import annotations

import pytest

from assay.adapters.explaining_here import explain
from assay.records.tally import Roles

ROLES = Roles(label="paid", prediction="approved", protected=("group",))


def causes(limit: float = 0.05, **groups: tuple[int, int]) -> dict[str, float]:
    """Return the causes named of groups given as (approved, people), and their confidences, in order."""
    lines = ["group,paid,approved"]
    for group, (approved, people) in groups.items():
        lines += [f"{group},{at % 2},{int(at < approved)}" for at in range(people)]
    told = explain(
        rows="\n".join(lines).encode(),
        roles=ROLES,
        metric="demographic_parity_difference",
        limit=limit,
        minimum_group=1,
    )
    return {one.kind: one.confidence for one in told.findings[0].causes}


@pytest.mark.parametrize(("people", "named"), [(40, True), (130, True), (140, False)])
def test_a_sample_that_could_not_tell_twelve_points_is_too_small(people: int, named: bool) -> None:
    found = causes(a=(2000, 4000), b=(int(people * 0.42), people))
    assert ("data.sample_size" in found) is named, found


def test_a_gap_that_is_surely_there_is_not_one_of_size() -> None:
    assert "data.sample_size" in causes(a=(2000, 4000), b=(9, 40))
    assert "data.sample_size" not in causes(a=(2000, 4000), b=(0, 40))


def test_between_groups_that_may_be_alike_the_smallest_of_all_leaves_it_open() -> None:
    # c, between a and b, has the fewest people; a and b are farther apart, and may be alike.
    found = causes(a=(1000, 2000), b=(480, 1000), c=(20, 40))
    assert "data.sample_size" in found
    assert "data.sample_size" not in causes(a=(1000, 2000), b=(480, 1000), c=(500, 1000))
    # When a and b surely differ, c has nothing to do with it.
    assert "data.sample_size" not in causes(a=(1000, 2000), b=(400, 1000), c=(18, 40))
