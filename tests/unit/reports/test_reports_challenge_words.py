from __future__ import annotations

import pytest

from assay.records.challenge import Change
from assay.reports.challenge_words import change_words


def change(metric: str, gained: int, lost: int) -> Change:
    return Change(
        metric=metric, n=339, champion=0.5, challenger=0.5, value=0.0, level=0.95, gained=gained, lost=lost,
        higher_is_better=metric != "false_positive_rate", standing="too few people to tell", method="McNemar",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "gained", "lost", "says"),
    [
        ("selection_rate", 31, 4, "31 more decided favourably, 4 fewer: 27 more gain, of 339"),
        ("selection_rate", 4, 46, "4 more decided favourably, 46 fewer: 42 more lose, of 339"),
        ("false_positive_rate", 4, 46, "42 more decided wrongly, of 339 with a negative label"),
        ("false_positive_rate", 46, 4, "42 fewer decided wrongly, of 339 with a negative label"),
        ("true_positive_rate", 3, 5, "2 fewer decided rightly, of 339 with a positive label"),
        ("accuracy", 5, 3, "2 more decided rightly, of 339"),
        ("false_positive_rate", 3, 3, "as many decided wrongly as before"),
        ("accuracy", 0, 0, "nobody of 339 is decided otherwise"),
    ],
)
def test_a_change_is_told_as_what_it_is(metric: str, gained: int, lost: int, says: str) -> None:
    assert says in change_words(change(metric, gained, lost))


def test_a_wrong_decision_is_no_loss_of_the_person() -> None:
    for metric in ("false_positive_rate", "true_positive_rate", "accuracy"):
        assert "lose" not in change_words(change(metric, 1, 43))
