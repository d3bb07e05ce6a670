"""Performance without labels: how often its interval holds what labels say later, and when it is not told."""

from __future__ import annotations

import random

import pytest

from assay.metrics import measure
from assay.metrics.estimated_performance import calibrate, estimated_performance
from assay.metrics.intervals.level import at_level
from assay.records.tally import Cell, Roles, ScoreCell, Scores, Source, Tally

LEVEL = at_level(0.95)


def tally(
    seed: int, count: int, *, wrong: float = 0.0, by: str = "label", low: int = 0
) -> tuple[Tally, dict[str, float]]:
    """Return a tally of rows whose label follows the score's square, and what labels say of them."""
    draw = random.Random(seed)
    cells: dict[tuple[int, int], int] = {}
    scores: dict[int, dict[float, int]] = {}
    for _ in range(count):
        score = round(draw.randint(low, 100) / 100, 2)
        label = int(draw.random() < (0.5 if draw.random() < wrong else score * score))
        prediction = int(score >= 0.6)
        cells[label, prediction] = cells.get((label, prediction), 0) + 1
        points = scores.setdefault(label if by == "label" else prediction, {})
        points[score] = points.get(score, 0) + 1
    made = Tally(
        roles=Roles(label="y", prediction="p" if by == "label" else None, score="s"), rows=count,
        cells=tuple(Cell(group=(), label=y, prediction=p, count=n) for (y, p), n in sorted(cells.items())),
        scores=Scores(low=0.0, high=1.0, cells=tuple(
            ScoreCell(group=(), label=one, values=tuple(sorted(points.items())), count=sum(points.values()),
                      total=0, squares=0)
            for one, points in sorted(scores.items())
        )),
        sources=(Source(engine="none", sql=""),),
    )  # fmt: skip
    rows = sum(cells.values())
    right = cells.get((1, 1), 0) + cells.get((0, 0), 0)
    positive = cells.get((1, 1), 0) + cells.get((1, 0), 0)
    return made, {"estimated_accuracy": right / rows, "estimated_true_positive_rate": cells.get((1, 1), 0) / positive}


def estimates(window: Tally, release: Tally | None) -> dict[str, tuple[float, float] | None]:
    return {one.metric: one.interval for one in estimated_performance(window, release, (), LEVEL, why="none")}


@pytest.mark.parametrize("count", [300, 2000])
def test_the_interval_holds_what_labels_say_later(count: int) -> None:
    held = total = 0
    for seed in range(60):
        release, _ = tally(seed, 3000)
        window, truth = tally(1000 + seed, count, by="prediction")
        found = estimates(window, release)
        for metric, value in truth.items():
            interval = found[metric]
            assert interval is not None
            held += interval[0] <= value <= interval[1]
            total += 1
    assert held / total >= 0.9


def test_calibration_never_falls_with_the_score() -> None:
    blocks = calibrate({0.1: 5, 0.2: 1, 0.3: 8}, {0.1: 5, 0.2: 9, 0.3: 2})
    assert [round(one.rate, 3) for one in blocks] == sorted(round(one.rate, 3) for one in blocks)
    assert sum(one.rows for one in blocks) == 30
    assert blocks[-1].end == 0.3


def test_without_a_release_nothing_is_expected() -> None:
    window, _ = tally(1, 300, by="prediction")
    assert set(estimates(window, None).values()) == {None}


def test_scores_beyond_those_of_the_release_are_not_guessed() -> None:
    release, _ = tally(1, 3000, low=50)
    window, _ = tally(2, 300, by="prediction")
    found = list(estimated_performance(window, release, (), LEVEL))
    assert all(one.value is None for one in found)
    assert "beyond those of the release" in (found[0].reason or "")


def test_labels_that_contradict_it_take_its_value() -> None:
    release, _ = tally(1, 3000)
    window, _ = tally(2, 3000, by="prediction", wrong=1.0)
    labelled, _ = tally(2, 3000, wrong=1.0)
    found = {one.metric: one for one in estimated_performance(window, release, measure(labelled), LEVEL)}
    assert found["estimated_accuracy"].value is None
    assert "not to be believed" in (found["estimated_accuracy"].reason or "")
