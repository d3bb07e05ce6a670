"""The promise, by simulation: false alarms stay under alpha, and the delay is near the best.

A stream within its limits raises an alert with chance at most alpha, ever. Counts of alarms are held to the 99.9 %
quantile of the binomial distribution at alpha, and the looks are at every block, the most there can be.
"""

from __future__ import annotations

from math import sin
from typing import TYPE_CHECKING

import numpy as np
import pytest

from unit.sequential.streams import first_alert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Rates = Sequence[float] | Callable[[int], Sequence[float]]

ALPHA = 0.05
EVEN, UNEVEN = (0.5, 0.5), (0.9, 0.1)


def together(row: int) -> Sequence[float]:
    """Both groups' rates move together through the day; they never differ."""
    rate = 0.4 + 0.3 * sin(row / 400)
    return rate, rate


def mixed(row: int) -> Sequence[float]:
    """Who comes moves with the day, too: the whole stream's rates differ by far (Simpson), those of an hour do not."""
    share = 0.5 + 0.45 * sin(row / 400)
    return share, 1 - share


def apart(row: int) -> Sequence[float]:
    """Of one group nobody comes at some hours, and of the other nobody at others."""
    share = 0.5 + 0.5 * sin(row / 400)
    return share, 1 - share


NULLS: dict[str, tuple[Rates, Rates, float, str]] = {
    "no difference": (EVEN, (0.5, 0.5), 0.0, "demographic_parity_difference"),
    "no difference, rare": (EVEN, (0.02, 0.02), 0.0, "demographic_parity_difference"),
    "no difference, common": (UNEVEN, (0.98, 0.98), 0.0, "demographic_parity_difference"),
    "at the limit": (EVEN, (0.35, 0.30), 0.05, "demographic_parity_difference"),
    "at the limit, 90/10": (UNEVEN, (0.35, 0.30), 0.05, "demographic_parity_difference"),
    "at the limit, 10/90": (UNEVEN, (0.30, 0.35), 0.05, "demographic_parity_difference"),
    "below the limit": (EVEN, (0.5, 0.48), 0.05, "demographic_parity_difference"),
    "at the ratio": ((0.7, 0.3), (0.5, 0.4), 0.8, "demographic_parity_ratio"),
    "at the bound": (EVEN, (0.3, 0.2), 0.3, "worst_group_false_positive_rate"),
    "three groups": ((0.5, 0.3, 0.2), (0.3, 0.3, 0.3), 0.0, "demographic_parity_difference"),
    "ten groups": ((0.1,) * 10, (0.3,) * 10, 0.0, "demographic_parity_difference"),
    "drift together": (EVEN, together, 0.0, "demographic_parity_difference"),
    "drift of rates and of who comes": (mixed, together, 0.0, "demographic_parity_difference"),
    "drift of rates, and of who comes at all": (apart, together, 0.0, "demographic_parity_difference"),
}
QUICK = {
    "no difference": 3000,
    "at the limit, 90/10": 3000,
    "drift of rates and of who comes": 12_000,  # blocks that are too long are deceived after some waves
}


def most(runs: int, alpha: float) -> int:
    """Return the count of alarms that a chance of alpha exceeds once in a thousand times."""
    from scipy import stats  # noqa: PLC0415 - for one quantile

    return int(stats.binom.ppf(0.999, runs, alpha))


def alarms(name: str, runs: int, rows: int) -> int:
    shares, rates, limit, metric = NULLS[name]
    draw = np.random.default_rng([len(name), runs])
    if metric.startswith("worst_group_false"):
        return sum(bound_alert(draw, rows, limit) for _ in range(runs))
    found = (first_alert(draw, rows, shares, rates, limit, metric=metric, alpha=ALPHA) for _ in range(runs))
    return sum(row is not None for row in found)


def bound_alert(draw: np.random.Generator, rows: int, limit: float) -> bool:
    from assay.sequential import SequentialMonitor, watch  # noqa: PLC0415 - one case alone
    from assay.sequential.counts import Counts  # noqa: PLC0415

    monitor = SequentialMonitor([watch("worst_group_false_positive_rate", limit)], ["group"], alpha=ALPHA)
    for _ in range(rows // 64):
        counts = Counts()
        for group, rate in enumerate((limit, 0.2)):
            hits = int(draw.binomial(32, rate))
            counts.add((group,), 0, 1, hits)
            counts.add((group,), 0, 0, 32 - hits)
        if monitor.update(counts):
            return True
    return False


@pytest.mark.parametrize("name", list(QUICK))
def test_a_stream_within_its_limit_is_left_alone(name: str) -> None:
    runs = 100
    assert alarms(name, runs, QUICK[name]) <= most(runs, ALPHA)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(NULLS))
def test_a_thousand_streams_within_their_limit_are_left_alone(name: str) -> None:
    runs = 1000
    rows = 4000 if name == "ten groups" else 20_000
    assert alarms(name, runs, rows) <= most(runs, ALPHA)


def test_the_simulation_can_fail() -> None:
    draw = np.random.default_rng(1)
    found = [first_alert(draw, 3000, EVEN, (0.6, 0.4), 0.05) for _ in range(20)]
    assert sum(row is not None for row in found) > most(20, ALPHA)


def test_peeking_at_a_z_test_raises_what_we_do_not() -> None:
    # What is promised is not promised by what people use: looks at every 100 rows, at 5 % each.
    draw = np.random.default_rng(2)
    found = 0
    for _ in range(200):
        hits = draw.binomial(50, 0.5, size=(60, 2)).cumsum(axis=0)
        n = 50.0 * np.arange(1, 61)
        gap, pooled = (hits[:, 0] - hits[:, 1]) / n, hits.sum(axis=1) / (2 * n)
        found += bool((np.abs(gap) > 1.96 * np.sqrt(2 * pooled * (1 - pooled) / n)).any())
    assert found > most(200, ALPHA)


# Rows that an alert may take (median of the runs), and what a test that knew both rates would take: ln(1/alpha) over
# the growth of the best bet, gap**2 * shares' product / (2 p (1 - p)).
POWER: dict[str, tuple[Rates, Rates, float, int]] = {
    "0.6 against 0.4": (EVEN, (0.6, 0.4), 0.0, 450),
    "0.55 against 0.45": (EVEN, (0.55, 0.45), 0.0, 1500),
    "0.6 against 0.4, 90/10": (UNEVEN, (0.6, 0.4), 0.0, 1300),
    "0.75 against 0.25": (EVEN, (0.75, 0.25), 0.0, 110),
    "0.4 against 0.25, limit 0.05": (EVEN, (0.4, 0.25), 0.05, 1400),
    "0.05 against 0.02": (EVEN, (0.05, 0.02), 0.0, 3300),
}


@pytest.mark.parametrize("name", list(POWER))
def test_a_breach_is_found_in_time(name: str) -> None:
    shares, rates, limit, wanted = POWER[name]
    draw = np.random.default_rng(3)
    found = sorted(first_alert(draw, 20_000, shares, rates, limit) or 10**9 for _ in range(15))
    assert found[7] <= wanted


@pytest.mark.parametrize("change", [1000, 6000])
def test_a_stream_that_turns_is_found_in_time(change: int) -> None:
    draw = np.random.default_rng(4)

    def rates(row: int) -> Sequence[float]:
        return (0.4, 0.4) if row < change else (0.5, 0.3)

    found = sorted(first_alert(draw, change + 4000, EVEN, rates, 0.05) or 10**9 for _ in range(15))
    assert found[7] - change <= 1300


def test_an_alert_tells_the_gap_and_when_it_began() -> None:
    from assay.sequential import SequentialMonitor, watch  # noqa: PLC0415 - one test alone
    from unit.sequential.streams import drawn  # noqa: PLC0415

    draw = np.random.default_rng(5)
    held = began = 0
    runs, change = 20, 3000
    for _ in range(runs):
        monitor = SequentialMonitor([watch("demographic_parity_difference", 0.05)], ["group"])
        row = 0
        while not monitor.alerts:
            size = 8 if row < 1024 else 64
            monitor.update(drawn(draw, size, EVEN, (0.4, 0.4) if row < change else (0.5, 0.3)))
            row += size
        (alert,) = monitor.alerts
        held += alert.interval[0] <= 0.2 <= alert.interval[1]
        began += alert.since.low <= change + 1 <= alert.since.high
        assert alert.interval[0] >= 0.05
        assert alert.estimate == pytest.approx(0.2, abs=0.15)
    assert runs - held <= most(runs, ALPHA)
    assert runs - began <= most(runs, ALPHA)


def test_many_metrics_and_attributes_keep_one_rate() -> None:
    from assay.sequential import SequentialMonitor, watch  # noqa: PLC0415 - one test alone
    from assay.sequential.counts import Counts  # noqa: PLC0415

    draw = np.random.default_rng(9)
    names = ("demographic_parity_difference", "equal_opportunity_difference", "accuracy_difference")
    runs, alpha, alarmed = 40, 0.2, 0
    for _ in range(runs):
        monitor = SequentialMonitor(
            [*(watch(name, 0.0) for name in names), watch("demographic_parity_ratio", 1.0)], ["a", "b"],
            comparisons=[("a",), ("b",), ("a", "b")], alpha=alpha,
        )  # fmt: skip
        for _ in range(40):
            counts = Counts()
            for cell, n in enumerate(draw.multinomial(64, [0.125] * 8)):
                group, label, hits = (cell % 2, cell // 2 % 2), cell // 4, int(draw.binomial(n, 0.5))
                counts.add(group, label, 1, hits)
                counts.add(group, label, 0, int(n) - hits)
            monitor.update(counts)
        alarmed += bool(monitor.alerts)
    assert alarmed <= most(runs, alpha)
