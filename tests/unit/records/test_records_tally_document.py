"""tally.json: sums survive as text, and only one spelling is accepted."""

import pytest

from assay.errors import DocumentError
from assay.records.tally import Cell, ErrorCell, Errors, Roles, ScoreCell, Scores, Tally
from assay.records.tally_document import parse_tally, print_tally

HUGE = 3 * 10**30

TALLY = Tally(
    roles=Roles(label="y", prediction="p", weight="17", protected=("sex",)),
    rows=3,
    cells=(Cell(group=("17",), label=1, prediction=0, count=3, weight=HUGE, weight_squares=7),),
    scores=Scores(
        low=0.0,
        high=1.0,
        cells=(ScoreCell(group=(None,), label=1, count=3, total=HUGE, squares=-1, weighted_bins=((4, HUGE),)),),
    ),
    errors=Errors(
        low=-1.0,
        high=1.0,
        cells=(
            ErrorCell(
                group=(True,), count=1, labels=HUGE, label_squares=1, predictions=2, errors=-HUGE,
                absolute_errors=3, squared_errors=4,
            ),
        ),
    ),
)  # fmt: skip


def test_sums_beyond_2_to_the_53_survive():
    assert parse_tally(print_tally(TALLY)) == TALLY


def test_digits_that_are_a_name_or_a_group_stay_text():
    again = parse_tally(print_tally(TALLY))
    assert (again.roles.weight, again.cells[0].group) == ("17", ("17",))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"weight":"3000000000000000000000000000000"', b'"weight":3000'),
        (b'"squares":"-1"', b'"squares":"-01"'),
        (b'"rows":3', b'"rows": 3'),
        (b'"rows":3', b'"rows":3,"rows":4'),
        (b'"rows":3', b'"lines":3'),
    ],
)
def test_another_spelling_is_refused(before: bytes, after: bytes):
    content = print_tally(TALLY)
    assert before in content
    with pytest.raises(DocumentError):
        parse_tally(content.replace(before, after))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"cells":1}', b'{"cells":[1]}', b'"x"'])
def test_another_document_is_refused(content: bytes):
    with pytest.raises(DocumentError):
        parse_tally(content)
