from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.metrics import measure
from assay.records.measurement import Over, joined, taken_apart
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


@given(names=st.lists(st.text(alphabet="ab,\\ \n", min_size=1), min_size=1, max_size=4))
def test_names_are_joined_and_taken_apart_again(names: list[str]) -> None:
    assert Over(attribute=joined(names)).names == tuple(names)


@given(text=st.text(alphabet="ab,\\\n"))
def test_whatever_a_person_writes_is_some_names(text: str) -> None:
    names = taken_apart(text)
    assert taken_apart(joined(names)) == names


@pytest.mark.parametrize(
    ("names", "written"),
    [
        (("a", "b"), "a,b"),
        (("a,b", "c"), r"a\,b,c"),
        ((r"a\b",), r"a\b"),
        (("a\\,b",), r"a\\\,b"),
        (("a\\", "b"), r"a\\,b"),
    ],
)
def test_names_are_written_as_a_person_would(names: tuple[str, ...], written: str) -> None:
    assert joined(names) == written
