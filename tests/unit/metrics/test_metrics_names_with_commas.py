from __future__ import annotations

from assay.metrics import measure
from assay.records.measurement import Over, joined
from assay.records.tally import Roles
from assay.tabular import tally_rows

ROWS = b'label,predicted,"race, or so",sex\n' + b"".join(
    b'1,%d,"%s",%s\n' % (one, race, sex)
    for race, sex, ones in ((b"x", b"f", 6), (b"x", b"m", 4), (b"y", b"f", 2), (b"y", b"m", 1))
    for one in [1] * ones + [0] * (8 - ones)
)
ROLES = Roles(label="label", prediction="predicted", protected=("race, or so", "sex"))


def test_an_attribute_with_a_comma_in_its_name_is_not_two() -> None:
    found = measure(
        tally_rows(ROWS, ROLES), metrics=["demographic_parity_difference"], intersections=[("race, or so", "sex")]
    )
    told = {one.over.names: (one.over.attribute, one.value) for one in found if isinstance(one.over, Over)}
    assert told[("race, or so",)] == (r"race\, or so", 7 / 16)
    assert told[("race, or so", "sex")] == (r"race\, or so,sex", 5 / 8)


def test_names_are_joined_and_taken_apart_again() -> None:
    for names in (("a",), ("a", "b"), ("a,b",), ("a,b", "c"), ("a", "b,c")):
        assert Over(attribute=joined(names)).names == names
