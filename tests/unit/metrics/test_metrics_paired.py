"""Paired tests, intervals and verdicts against SciPy, published examples and arithmetic by hand."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import optimize, stats

from assay.errors import InputError
from assay.metrics.intervals.level import at_level
from assay.metrics.intervals.paired import tango
from assay.metrics.paired import changes, groups_of
from assay.metrics.paired_gaps import gap_changes
from assay.metrics.paired_margin import decide_margin
from assay.metrics.paired_tests import EXACT, MID_P, delong, holm, mcnemar
from assay.records.paired import Joined, PairedCell, PairedCounts, PairedRanks

if TYPE_CHECKING:
    from assay.records.challenge import Change

Z = 1.959963984540054
LEVEL = at_level(0.95)


def counts(*cells: tuple[Any, ...], attributes: tuple[str, ...] = ("sex",), **more: Any) -> PairedCounts:  # noqa: ANN401 - fields of the record
    """Return paired counts of (group, label, champion, challenger, count)."""
    return PairedCounts(
        attributes=attributes, labelled=any(cell[1] is not None for cell in cells), scored=False,
        rows=sum(cell[-1] for cell in cells), joined=Joined(champion_rows=1, challenger_rows=1),
        cells=tuple(
            PairedCell(group=group if isinstance(group, tuple) else (group,), label=label, champion=a, challenger=b,
                       count=n)
            for group, label, a, b, n in cells
        ), **more,
    )  # fmt: skip


def one(found: tuple[Change, ...], metric: str, **group: str) -> Change:
    return next(change for change in found if change.metric == metric and change.group == group)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (3, 9), (12, 12), (20, 4), (0, 24)])
def test_few_discordant_people_are_tested_exactly(b: int, c: int) -> None:
    p, name = mcnemar(b, c)
    assert name == EXACT
    assert p == pytest.approx(stats.binomtest(b, b + c).pvalue if b + c else 1.0, abs=1e-12)


@pytest.mark.parametrize(("b", "c"), [(25, 0), (0, 25), (10, 15), (40, 40), (300, 260), (50_000, 50_700), (1, 400)])
def test_many_discordant_people_are_tested_by_mid_p(b: int, c: int) -> None:
    p, name = mcnemar(b, c)
    least, binomial = min(b, c), stats.binom(b + c, 0.5)
    assert name == MID_P
    assert p == pytest.approx(min(1.0, 2 * binomial.cdf(least) - binomial.pmf(least)), rel=1e-6, abs=1e-15)


def test_the_interval_is_the_published_one() -> None:
    # Fagerland, Lydersen and Laake 2014, airway responsiveness before and after stem cell transplantation: Tango's
    # asymptotic score interval of (1 - 7) / 21.
    low, high = tango(1, 7, 21, Z)
    assert (round(low, 3), round(high, 3)) == (-0.517, -0.026)


@pytest.mark.parametrize(
    ("b", "c", "n"), [(1, 7, 21), (0, 0, 40), (30, 0, 30), (0, 5, 50), (120, 90, 1000), (5, 5, 10)]
)
def test_the_interval_inverts_the_score_test(b: int, c: int, n: int) -> None:
    """Hold the limits against a restricted likelihood that SciPy maximises by numbers alone."""

    def statistic(gap: float) -> float:
        def against(fallen: float) -> float:
            risen, same = fallen + gap, 1 - 2 * fallen - gap
            parts = [(b, risen), (c, fallen), (n - b - c, same)]
            return -sum(float(k * np.log(max(p, 1e-300))) for k, p in parts if k)

        ends = (max(0.0, -gap), (1 - gap) / 2)
        fallen = optimize.minimize_scalar(against, bounds=ends, method="bounded", options={"xatol": 1e-12}).x
        variance = n * (2 * fallen + gap - gap * gap)
        return float((b - c - n * gap) / np.sqrt(variance))

    low, high = tango(b, c, n, Z)
    assert low <= (b - c) / n <= high
    if low > -1 + 1e-9:
        assert statistic(low) == pytest.approx(Z, abs=0.02)
    if high < 1 - 1e-9:
        assert statistic(high) == pytest.approx(-Z, abs=0.02)


def test_interval_and_test_agree_at_no_difference() -> None:
    """McNemar's statistic without correction is that of the score test: where it is beyond z, 0 lies outside."""
    for b, c in itertools.product(range(40), repeat=2):
        if b + c and abs(abs(b - c) / np.sqrt(b + c) - Z) > 0.02:
            low, high = tango(b, c, 200, Z)
            assert (low > 0 or high < 0) == (abs(b - c) / np.sqrt(b + c) > Z), (b, c)


def test_holm_by_hand() -> None:
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert holm({}) == {}
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}


def ranks(labels: np.ndarray, first: np.ndarray, second: np.ndarray) -> PairedRanks:
    """Return the sums by comparing everybody with everybody."""
    positive, negative = labels == 1, labels == 0

    def beaten(mine: np.ndarray, others: np.ndarray, *, above: bool) -> np.ndarray:
        difference = mine[:, None] - others[None, :]
        wins = difference > 0 if above else difference < 0
        return np.asarray((2 * wins + (difference == 0)).sum(1))

    u = [beaten(s[positive], s[negative], above=True) for s in (first, second)]
    w = [beaten(s[negative], s[positive], above=False) for s in (first, second)]
    squares = [tuple(int((a * b).sum()) for a, b in ((x[0], x[0]), (x[0], x[1]), (x[1], x[1]))) for x in (u, w)]
    return PairedRanks(
        positives=int(positive.sum()), negatives=int(negative.sum()),
        beaten=(int(u[0].sum()), int(u[1].sum())), positive_squares=squares[0], negative_squares=squares[1],  # type: ignore[arg-type]
    )  # fmt: skip


def test_delong_is_the_definition() -> None:
    draw = np.random.default_rng(7)
    labels = draw.integers(0, 2, 300)
    first, second = (np.round(labels * lift + draw.normal(size=300), 1) for lift in (0.6, 1.1))
    found = delong(ranks(labels, first, second), LEVEL)

    def components(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        difference = scores[labels == 1][:, None] - scores[labels == 0][None, :]
        wins = (difference > 0) + 0.5 * (difference == 0)
        return wins.mean(1), wins.mean(0)

    (v0, w0), (v1, w1) = components(first), components(second)
    spread = np.cov(v0, v1) / len(v0) + np.cov(w0, w1) / len(w0)
    error = np.sqrt(spread[0, 0] + spread[1, 1] - 2 * spread[0, 1])
    change = v1.mean() - v0.mean()
    assert (found.champion, found.challenger) == pytest.approx((v0.mean(), v1.mean()), abs=1e-14)
    assert found.interval == pytest.approx((change - Z * error, change + Z * error), abs=1e-12)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(change) / error), rel=1e-9)


def test_perfect_and_constant_scores_have_an_honest_interval() -> None:
    labels = np.array([0, 1] * 20)
    perfect, constant = labels.astype(float), np.zeros(40)
    both = delong(ranks(labels, perfect, perfect), LEVEL)
    assert both.champion == both.challenger == 1.0
    assert both.interval is not None
    assert both.interval[0] < -0.05, "twenty of each do not show that there is no difference"
    assert both.interval[1] > 0.05
    assert both.p_value is None
    fall = delong(ranks(labels, perfect, constant), LEVEL)
    assert (fall.champion, fall.challenger) == (1.0, 0.5)
    assert fall.interval is not None
    assert fall.interval[1] < -0.2
    same = delong(ranks(labels, constant, constant), LEVEL)
    assert same.interval is not None
    assert same.interval[0] < 0 < same.interval[1]


def test_people_are_counted_who_gain_and_who_lose() -> None:
    found, families = changes(
        counts(("f", 1, 0, 1, 31), ("f", 1, 1, 0, 4), ("f", 1, 1, 1, 200), ("f", 0, 0, 0, 100), ("f", 0, 0, 1, 5),
               ("m", 1, 1, 1, 300), ("m", 0, 0, 0, 300)),
    )  # fmt: skip
    women = one(found, "selection_rate", sex="f")
    assert (women.gained, women.lost, women.n) == (36, 4, 340)
    assert women.value == pytest.approx(32 / 340)
    assert women.standing == "better"
    right = one(found, "accuracy", sex="f")
    assert (right.gained, right.lost) == (31, 9)
    assert one(found, "true_positive_rate", sex="f").n == 235
    false = one(found, "false_positive_rate", sex="f")
    assert (false.gained, false.lost, false.higher_is_better) == (0, 5, False)
    men = one(found, "accuracy", sex="m")
    assert (men.gained, men.lost, men.p_value, men.standing) == (0, 0, 1.0, "no difference")
    assert families == dict.fromkeys(("selection_rate", "accuracy", "true_positive_rate", "false_positive_rate"), 2)


def test_where_the_favourable_outcome_is_the_negative_one_a_rise_hurts() -> None:
    found, _ = changes(counts(("f", None, 0, 1, 60), ("f", None, 0, 0, 100), favourable_is_positive=False))
    women = one(found, "selection_rate", sex="f")
    assert (women.gained, women.lost, women.standing) == (0, 60, "worse")


def test_lack_of_people_is_never_sameness() -> None:
    found, _ = changes(counts(("f", 1, 1, 1, 20), ("f", 0, 0, 0, 20), ("m", 1, 1, 1, 5), ("x", None, 1, 1, 40)))
    assert one(found, "accuracy", sex="f").standing == "too few people to tell"
    assert one(found, "accuracy", sex="m").reason == "5 people, under the minimum of 30"
    assert one(found, "accuracy", sex="x").standing == "not measured"
    assert one(found, "accuracy", sex="x").value is None
    assert one(found, "true_positive_rate", sex="x").reason == "nobody here has a positive label"


def test_among_many_groups_chance_alone_convicts_nobody() -> None:
    """Twenty groups without any true change: a single p of 0.03 is no finding among them."""
    cells = [(f"g{at}", None, 1, 1, 100) for at in range(20)]
    cells += [(f"g{at}", None, 0, 1, 5) for at in range(20)] + [(f"g{at}", None, 1, 0, 5) for at in range(1, 20)]
    found, _ = changes(counts(*cells, ("g0", None, 1, 0, 16)), smallest=0.3)
    alone = one(found, "selection_rate", sex="g0")
    assert alone.p_value is not None
    assert alone.p_value < 0.05
    assert alone.holm_p_value is not None
    assert alone.holm_p_value > 0.05
    assert alone.standing == "no difference"
    assert alone.simultaneous is not None
    assert alone.interval is not None
    assert alone.simultaneous[0] < alone.interval[0] < alone.interval[1] < alone.simultaneous[1]


def test_a_gap_that_closes_is_better() -> None:
    shared = [("f", None, 1, 1, 400), ("f", None, 0, 0, 200), ("m", None, 1, 1, 900), ("m", None, 0, 0, 100)]
    closed = counts(*shared, ("f", None, 0, 1, 400))
    (gap,) = [change for change in changes(closed)[0] if change.over]
    assert gap.champion == pytest.approx(0.9 - 0.4)
    assert gap.challenger == pytest.approx(0.9 - 0.8)
    assert gap.value == pytest.approx(-0.4)
    assert gap.interval is not None
    assert gap.interval[0] < -0.4 < gap.interval[1] < 0
    assert gap.standing == "better"
    alone = counts(("f", None, 1, 1, 400), ("m", None, 1, 1, 10), (None, None, 1, 1, 90))
    (none,) = list(gap_changes(alone, LEVEL, 30))
    assert none.value is None
    assert none.reason == "fewer than two groups are large enough to be compared"


def test_intersections_are_groups_too() -> None:
    made = counts(
        (("f", "b"), None, 1, 1, 50), (("m", "b"), None, 1, 0, 50), attributes=("sex", "race"),
        intersections=(("sex", "race"),),
    )  # fmt: skip
    assert [group for group, _ in groups_of(made)] == [
        {}, {"sex": "f"}, {"sex": "m"}, {"race": "b"}, {"sex": "f", "race": "b"}, {"sex": "m", "race": "b"},
    ]  # fmt: skip
    assert one(changes(made)[0], "selection_rate", sex="m", race="b").standing == "worse"


@pytest.mark.parametrize(
    ("cells", "margin", "outcome"),
    [
        ([("f", 1, 1, 1, 2000), ("m", 1, 1, 1, 2000)], 0.02, "better-or-equal"),
        ([("f", 1, 1, 1, 2000), ("m", 1, 1, 1, 1700), ("m", 1, 1, 0, 300)], 0.02, "worse"),
        ([("f", 1, 1, 1, 2000), ("m", 1, 1, 1, 95), ("m", 1, 1, 0, 5)], 0.02, "undecided"),
        ([("f", 1, 1, 1, 2000), ("m", 1, 1, 1, 12)], 0.02, "undecided"),
        ([("f", 1, 1, 1, 2000), (None, 1, 1, 0, 5)], 0.02, "better-or-equal"),
    ],
)
def test_a_margin_decides(cells: list[Any], margin: float, outcome: str) -> None:
    found, _ = changes(counts(*cells), smallest=margin)
    decided = decide_margin(found, margin, minimum_group=30)
    assert decided.metrics == ("accuracy",)
    assert decided.outcome == outcome
    assert bool(decided.grounds) == (outcome != "better-or-equal")


def test_small_groups_may_be_reported_only_and_metrics_must_exist() -> None:
    found, _ = changes(counts(("f", 1, 1, 1, 2000), ("m", 1, 1, 1, 12)))
    assert decide_margin(found, 0.02, minimum_group=30, small_groups="report").outcome == "better-or-equal"
    with pytest.raises(InputError, match="did you mean 'accuracy'"):
        decide_margin(found, 0.02, ("acuracy",), minimum_group=30)
    gap = decide_margin(found, 0.02, ("demographic_parity_difference",), minimum_group=30)
    assert gap.outcome == "undecided"
