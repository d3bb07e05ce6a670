from __future__ import annotations

import pytest

from assay.diagnosis.arithmetic import sigmoid
from assay.diagnosis.turned import Cell, Moved, Turned, fitted, joint

PLACES = [x / 2 for x in range(-8, 9)]


def people(many: int, chance: dict[bool, object], few: int | None = None) -> list[Cell]:
    """Return cells in which exactly as many are positive as the chance says."""
    return [
        Cell((1.0, x), rows * chance[asked](x), rows, asked)  # type: ignore[operator]
        for asked, rows in ((True, many), (False, few or many))
        for x in PLACES
    ]


@pytest.mark.parametrize(("e0", "e1"), [(0.0, 0.4), (0.3, 0.0), (0.2, 0.2), (0.0, 0.0)])
def test_turned_labels_are_recovered_with_the_curve(e0: float, e1: float) -> None:
    cells = people(
        500, {True: lambda x: e0 + (1 - e0 - e1) * sigmoid(1.3 * x - 0.2), False: lambda x: sigmoid(1.3 * x - 0.2)}
    )
    account = fitted(Turned(), cells)
    assert account.parameters == pytest.approx((e0, e1), abs=0.002)
    assert account.curve == pytest.approx((-0.2, 1.3), abs=0.01)
    assert account.deviance <= fitted(Moved(), cells).deviance + 1e-6


@pytest.mark.parametrize(("shift", "slope"), [(1.0, 1.0), (0.0, 0.4), (-0.5, -0.6)])
def test_moved_odds_are_recovered_with_the_curve(shift: float, slope: float) -> None:
    cells = people(500, {True: lambda x: sigmoid(shift + slope * x), False: sigmoid})
    account = fitted(Moved(), cells)
    assert account.parameters == pytest.approx((shift, slope), abs=0.01)
    assert account.deviance < fitted(Turned(), cells).deviance


def test_an_account_never_fits_worse_than_one_curve_for_all() -> None:
    cells = people(40, {True: lambda x: 0.1 + 0.2 * (x > 1), False: lambda x: sigmoid(2 * x)})
    assert max(fitted(side, cells).deviance for side in (Turned(), Moved())) < joint(cells).deviance


def test_a_curve_known_from_few_people_is_not_held_against_many() -> None:
    """Counts of a bench's case with no turned label: at the low end one side has 11 people, the other 66."""
    counts = [
        (-3.5, 1, 13, 0, 3), (-3.0, 3, 25, 0, 8), (-2.0, 35, 173, 7, 75), (-1.0, 171, 501, 67, 221),
        (0.0, 419, 777, 213, 398), (1.0, 508, 677, 285, 411), (2.0, 281, 315, 183, 210), (3.0, 86, 91, 74, 78),
        (4.0, 17, 19, 8, 8),
    ]  # fmt: skip

    def better(weight: float) -> float:
        """Return by how much turned labels fit better, with so many times as many people on the other side."""
        cells = [
            Cell((1.0, x, x * x, x**3), float(y) * times, float(n) * times, asked)
            for x, y1, n1, y0, n0 in counts
            for asked, y, n, times in ((True, y1, n1, 1.0), (False, y0, n0, weight))
        ]
        return fitted(Moved(), cells).deviance - fitted(Turned(), cells).deviance

    assert better(1.0) < 3.0 < better(100.0)
