from __future__ import annotations

from typing import TYPE_CHECKING

from assay.records.measurement import Measurement, Over
from assay.reports.matrix import about_everybody, between_groups, by_group, too_small, unmeasured
from unit.reports.mortgage_counts import measurements

if TYPE_CHECKING:
    from assay.records.tally import GroupValue


def difference(attribute: str, smallest: int, value: float, n: int = 100) -> Measurement:
    return Measurement(
        metric="demographic_parity_difference",
        over=Over(attribute=attribute),
        value=value,
        n=n,
        unit="difference",
        minimum_group=smallest,
        left_out=({"sex": None},),
        lowest={"sex": "female"},
        highest={"sex": "male"},
    )


def test_every_measurement_stands_in_exactly_one_table() -> None:
    everything = measurements()
    compared = between_groups(everything)
    assert compared is not None
    cells = [one for matrix in [compared, *by_group(everything)] for _, row in matrix.rows for one in row if one]
    assert len(cells) + len(about_everybody(everything)) == len(everything)


def test_groups_are_columns_and_people_of_unknown_sex_are_one_of_them() -> None:
    race, sex = by_group(measurements())
    assert (race.title, race.groups) == ("By race", ("white", "black", "hispanic"))
    assert (sex.title, sex.groups) == ("By sex", ("male", "female", "not known"))
    assert dict(sex.rows)["ROC AUC"][0] is None


def test_smaller_minimum_group_is_a_column_of_its_own_only_when_it_changed_something() -> None:
    same = [difference("sex", 30, 0.1), difference("sex", 20, 0.1)]
    other = [*same, difference("sex", 10, 0.1, n=120)]
    first, second = between_groups(same), between_groups(other)
    assert first is not None
    assert second is not None
    assert first.groups == ("sex, groups of 30 or more",)
    assert second.groups == ("sex, groups of 30 or more", "sex, groups of 10 or more")


def test_crossings_stand_apart() -> None:
    found = [difference("sex", 30, 0.1), difference("race,sex", 30, 0.2)]
    crossed = between_groups(found, crossed=True)
    assert crossed is not None
    assert crossed.groups == ("race and sex, groups of 30 or more",)
    assert between_groups(found[:1], crossed=True) is None


def test_a_measured_value_is_not_hidden_by_one_that_a_larger_minimum_refused() -> None:
    group: dict[str, GroupValue] = {"race": "hispanic"}
    refused = Measurement(metric="impact_ratio", group=group, value=None, n=22, unit="ratio", reason="22 rows")
    found = Measurement(metric="impact_ratio", group=group, value=0.8, n=22, unit="ratio")
    for order in ([refused, found], [found, refused]):
        (matrix,) = by_group(order)
        assert matrix.rows == (("impact ratio", (found,)),)


def test_what_is_missing_is_told() -> None:
    assert unmeasured(measurements()) == [("sex: not known", "ROC AUC", "15 people, fewer than the 30 asked for")]
    assert too_small(measurements()) == [("fewer than 30", ["sex: not known"])]
