"""Ranks and lanes: two ways to the same sums, and no lane that runs into its neighbour."""

from __future__ import annotations

import random

import msgspec
import pyarrow as pa
import pytest

from assay.metrics import histogram, lanes, measure
from assay.records.tally import Roles, Tally
from assay.tabular import tally_rows

SEED = 20_261_123


def people(rows: int, digits: int, *, weight: bool = False) -> Tally:
    """Return a tally of seeded people in two groups and one that is unknown, a fifth without a label."""
    draw = random.Random(SEED + digits)
    table = pa.table(
        {
            "y": [draw.choice([1, 0, 1, 0, None]) for _ in range(rows)],
            "s": [round(draw.random(), digits) for _ in range(rows)],
            "w": [draw.random() for _ in range(rows)],
            "g": [draw.choice(["a", "b", None]) for _ in range(rows)],
            "h": [draw.choice(["x", "y"]) for _ in range(rows)],
        }
    )
    return tally_rows(table, Roles(label="y", score="s", weight="w" if weight else None, protected=("g", "h")))


@pytest.mark.parametrize("digits", [1, 2, 3, 15])
def test_person_by_person_and_point_by_point_give_the_same(digits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tally = people(700, digits)
    found = []
    for sparse in (0, 10**9):
        monkeypatch.setattr(histogram, "_SPARSE", sparse)
        axis = histogram.points(tally.scores, weighted=False) if tally.scores is not None else None
        assert axis is not None
        assert (axis.order is None) == bool(sparse)
        found.append(measure(tally, intersections=True))
    by_person, by_point = found
    assert any(one.metric == "roc_auc" and one.interval is not None for one in by_person)
    assert by_person == by_point


def test_weights_of_one_give_what_no_weights_give() -> None:
    plain, weighted = people(400, 2), people(400, 2, weight=True)
    assert weighted.scores is not None
    ones = msgspec.structs.replace(
        weighted.scores,
        cells=tuple(
            msgspec.structs.replace(cell, weighted_bins=tuple((place, n * 10**12) for place, n in bins))
            for cell in weighted.scores.cells
            for bins in [_bins(cell.values or ())]
        ),
    )
    mine = {str(one.group): one for one in measure(plain, metrics=["roc_auc"])}
    for one in measure(msgspec.structs.replace(weighted, scores=ones), metrics=["roc_auc"]):
        # At two digits a bin holds one score, so bins and values rank alike.
        assert one.value == mine[str(one.group)].value


def _bins(values: tuple[tuple[float, int], ...]) -> list[tuple[int, int]]:
    found: dict[int, int] = {}
    for score, count in values:
        place = min(int(score * 512), 511)
        found[place] = found.get(place, 0) + count
    return sorted(found.items())


@pytest.mark.parametrize("words", [1, 2, 3])
def test_lanes_hold_what_was_packed(words: int) -> None:
    draw = random.Random(words)
    greatest = 2 ** (64 * words) - 1
    assert lanes.words_for(greatest) == words
    assert lanes.words_for(greatest + 1) == words + 1
    rows = [[draw.choice([0, 1, greatest // 4, draw.getrandbits(64 * words - 3)]) for _ in range(8)] for _ in range(3)]
    packed = [lanes.pack(row, words) for row in rows]
    assert [lanes.unpack(one, 8, words) for one in packed] == rows
    sums = list(map(sum, zip(*rows, strict=True)))
    assert lanes.unpack(sum(packed), 8, words) == sums
    assert [lanes.unpack(column, 3, words) for column in lanes.transposed(packed, 8, words)] == list(
        map(list, zip(*rows, strict=True))
    )
    small = lanes.pack(range(8), words)
    assert lanes.together(small, 8, words, 4) == [6, 22]


def test_a_sum_that_no_lane_holds_is_refused() -> None:
    with pytest.raises(OverflowError):
        lanes.unpack(lanes.pack([0, 2**63], 1) * 2, 2, 1)
