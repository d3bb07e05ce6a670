"""The monitor: what it raises, what it leaves undecided; pieces, order within a block and restarts change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec
import numpy as np
import pytest

from assay.errors import InputError
from assay.records.tally import Cell, Roles, ScoreCell, Scores, Tally
from assay.sequential import WATCHABLE, SequentialMonitor, watch
from assay.sequential.counts import Counts
from assay.sequential.state import freeze, parse_state, print_state, thaw
from unit.sequential.streams import drawn

if TYPE_CHECKING:
    from assay.sequential import Alert, Watch

PARITY = "demographic_parity_difference"

Rows: TypeAlias = "dict[tuple[str, int | None, int | None], int]"


def tally(cells: Rows) -> Tally:
    return Tally(
        roles=Roles(label="y", prediction="p", protected=("sex",)),
        rows=sum(cells.values()),
        cells=tuple(Cell(group=(g,), label=y, prediction=p, count=n) for (g, y, p), n in cells.items()),
    )


def monitor(*watches: Watch, **options: object) -> SequentialMonitor:
    return SequentialMonitor(watches or [watch(PARITY, 0.05)], ["sex"], **options)  # type: ignore[arg-type]


UNFAIR: Rows = {("f", 1, 0): 20, ("f", 0, 1): 12, ("m", 1, 1): 25, ("m", 0, 0): 7}
FAIR: Rows = {(group, label, decision): 8 for group in "fm" for label in (0, 1) for decision in (0, 1)}


def test_an_unfair_stream_is_told_once() -> None:
    watching = monitor()
    raised = [alert for _ in range(40) for alert in watching.update(tally(UNFAIR))]
    assert len(raised) == 1
    assert watching.alerts == tuple(raised)
    (alert,) = raised
    assert alert.metric == PARITY
    assert alert.over.attribute == "sex"
    assert alert.row % 64 == 0
    assert alert.e_value >= 20
    assert alert.estimate == pytest.approx(25 / 32 - 12 / 32)
    assert alert.interval[0] <= alert.estimate <= alert.interval[1]
    assert alert.interval[0] >= 0.05
    assert (alert.highest, alert.lowest) == ({"sex": "m"}, {"sex": "f"})
    assert alert.since.row == 1


def test_a_fair_stream_is_not_told() -> None:
    watching = monitor()
    assert not any(watching.update(tally(FAIR)) for _ in range(200))
    assert watching.undecided() == ()
    (standing,) = watching.standings()
    assert standing.estimate == 0
    assert standing.e_value < 1


def test_no_order_within_a_block_matters() -> None:
    one, other = monitor(), monitor()
    cells = list(UNFAIR.items())
    for _ in range(10):
        one.update(tally(dict(cells)))
        other.update(tally(dict(reversed(cells))))
    assert print_state(freeze(one)) == print_state(freeze(other))


def test_a_state_goes_on_to_the_last_bit() -> None:
    draw = np.random.default_rng(1)
    pieces = [drawn(draw, 40, [0.5, 0.3, 0.2], [0.5, 0.4, 0.3]) for _ in range(80)]
    whole = SequentialMonitor([watch(PARITY, 0.02), watch("demographic_parity_ratio", 0.9)], ["group"])
    parts = SequentialMonitor([watch(PARITY, 0.02), watch("demographic_parity_ratio", 0.9)], ["group"])
    for piece in pieces:
        whole.update(piece)
        parts.update(piece)
        kept = print_state(freeze(parts))
        parts = thaw(parse_state(kept, name="state"))
        assert print_state(freeze(parts)) == kept
    assert print_state(freeze(whole)) == print_state(freeze(parts))
    assert whole.alerts


def test_an_edited_state_is_refused() -> None:
    from assay.errors import DocumentError  # noqa: PLC0415 - only here

    content = print_state(freeze(monitor()))
    with pytest.raises(DocumentError, match="edited"):
        parse_state(content + b"\n", name="state")


def test_one_big_tally_is_one_block() -> None:
    watching = monitor()
    large = tally({key: 1000 * n for key, n in UNFAIR.items()})
    assert not watching.update(large)  # the first is learned from: nobody knew the rates to bet around
    (alert,) = watching.update(large)
    assert alert.row == 128_000
    assert alert.e_value > 1e6


def test_large_tallies_of_rare_outcomes_lose_no_capital_to_guesses() -> None:
    rare: Rows = {("f", 1, 1): 2000, ("f", 0, 0): 98_000, ("m", 1, 1): 3000, ("m", 0, 0): 97_000}
    watching = monitor(watch(PARITY, 0.005))
    assert not watching.update(tally(rare))
    assert watching.update(tally(rare))


def test_every_metric_that_needs_no_numbers_finds_its_own() -> None:
    # f: every decision wrong; m: every decision right. Each rate differs as much as it can.
    wrong: Rows = {("f", 1, 0): 16, ("f", 0, 1): 16, ("m", 1, 1): 16, ("m", 0, 0): 16}
    for name in (
        "equal_opportunity_difference", "false_positive_rate_difference", "false_negative_rate_difference",
        "accuracy_difference", "equalized_odds_difference", "predictive_parity_difference",
    ):  # fmt: skip
        watching = monitor(watch(name, 0.5))
        alerts = [alert for _ in range(30) for alert in watching.update(tally(wrong))]
        assert [alert.metric for alert in alerts] == [name]
        assert alerts[0].estimate == pytest.approx(1.0)


def test_a_bound_is_held_by_every_group() -> None:
    watching = monitor(watch("worst_group_accuracy", 0.6))
    alerts = [alert for _ in range(60) for alert in watching.update(tally(UNFAIR))]
    assert alerts[0].highest == {"sex": "f"}
    assert alerts[0].estimate == pytest.approx(0.0)
    assert alerts[0].interval[1] <= 0.6


def test_a_ratio_is_held() -> None:
    watching = monitor(watch("impact_ratio", 0.8), favourable_is_positive=True)
    alerts = [alert for _ in range(60) for alert in watching.update(tally(UNFAIR))]
    assert alerts[0].estimate == pytest.approx(12 / 25, abs=0.01)
    assert alerts[0].interval[1] <= 0.8
    turned = monitor(watch("impact_ratio", 0.8), favourable_is_positive=False)
    assert [alert.lowest for _ in range(60) for alert in turned.update(tally(UNFAIR))] == [{"sex": "m"}]


def scored(f: float, m: float) -> Tally:
    def cell(group: str, mean: float) -> ScoreCell:
        total, squares = round(32 * mean * 1e12), round(32 * (mean * mean + 0.01) * 1e12)
        return ScoreCell(group=(group,), label=None, count=32, total=total, squares=squares)

    cells = tuple(Cell(group=(group,), count=32) for group in "fm")
    scores = Scores(low=0.0, high=1.0, cells=(cell("f", f), cell("m", m)))
    return Tally(roles=Roles(score="s", protected=("sex",)), rows=64, cells=cells, scores=scores)


def test_mean_scores_are_compared() -> None:
    watching = monitor(watch("mean_score_difference", 0.05))
    alerts = [alert for _ in range(60) for alert in watching.update(scored(0.4, 0.6))]
    assert alerts[0].estimate == pytest.approx(0.2)
    fair = monitor(watch("mean_score_difference", 0.05))
    assert not any(fair.update(scored(0.5, 0.52)) for _ in range(100))


def test_less_spread_is_less_delay() -> None:
    # The same means as 0 and 1 take longer: what is bet on is the scores, not the greatest spread they could have.
    scores, coins = monitor(watch("mean_score_difference", 0.0)), monitor(watch(PARITY, 0.0))
    of_scores = next(alert.row for _ in range(400) for alert in scores.update(scored(0.45, 0.55)))
    coin: Rows = {("f", None, 1): 29, ("f", None, 0): 35, ("m", None, 1): 35, ("m", None, 0): 29}
    of_coins = next(alert.row for _ in range(400) for alert in coins.update(tally(coin)))
    assert of_scores < of_coins


def test_people_of_unknown_group_take_no_part() -> None:
    watching = monitor()
    for _ in range(50):
        counts = Counts.of(tally(FAIR))
        counts.add((None,), 1, 0, 64)
        assert not watching.update(counts)
    assert watching.rows == 50 * 128
    assert len(watching.seen["sex",]) == 2


def test_groups_that_come_in_runs_are_compared() -> None:
    # 300 of one group, then 300 of the other, all day long: no 64 rows hold both.
    watching = monitor(watch(PARITY, 0.05))
    raised: list[Alert] = []
    for run in range(40):
        group, hits = ("f", 3) if run % 2 else ("m", 5)
        for _ in range(30):
            raised += watching.update(tally({(group, None, 1): hits, (group, None, 0): 10 - hits}))
    assert [alert.metric for alert in raised] == [PARITY]
    assert raised[0].row < 6000


def test_groups_that_never_come_together_are_undecided() -> None:
    watching = monitor(watch(PARITY, 0.05))
    for group in "fm":
        for _ in range(500):
            assert not watching.update(tally({(group, None, 1): 5, (group, None, 0): 5}))
    assert "too few rows that came together" in watching.undecided()[0].reason


def test_a_small_group_waits_for_its_rows() -> None:
    watching = monitor(minimum_group=100)
    watching.update(tally(UNFAIR))
    assert watching.undecided()[0].reason == "every group has fewer than 100 rows"


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({("f", 1, 1): 64}, "expected at least two groups, found one group only: 'f'"),
        ({("f", 1, 1): 4, ("m", 1, 1): 4}, "too few rows that came together"),
        ({("f", None, 1): 32, ("m", None, 1): 32}, "nothing to count in: sex: f (no row for true positive rate)"),
        ({("f", 0, 1): 32, ("m", 1, 1): 32}, "nothing to count in: sex: f (no row for true positive rate)"),
    ],
)
def test_nothing_passes_for_lack_of_rows(cells: Rows, reason: str) -> None:
    watching = monitor(watch("equal_opportunity_difference", 0.1))
    watching.update(tally(cells))
    (found,) = watching.undecided()
    assert reason in found.reason


def test_no_rows_at_all_are_undecided() -> None:
    assert monitor().undecided()[0].reason == "there are no rows"


def test_many_metrics_share_one_promise() -> None:
    names = (PARITY, "false_negative_rate_difference", "equal_opportunity_difference")
    alone, many = monitor(), monitor(*(watch(name, 0.05) for name in names))
    hit: Rows = {("f", 1, 1): 16, ("f", 0, 0): 16, ("m", 1, 1): 16, ("m", 0, 0): 10, ("m", 0, 1): 6}
    first = next(alert.row for _ in range(999) for alert in alone.update(tally(hit)))
    later = next(alert for _ in range(999) for alert in many.update(tally(hit)))
    assert later.metric == PARITY
    assert later.row > first
    assert later.e_value >= 20


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 7.0, float("nan")])
def test_alpha_is_a_chance(alpha: float) -> None:
    with pytest.raises(InputError, match="alpha between 0 and 1"):
        monitor(alpha=alpha)


@pytest.mark.parametrize(
    ("name", "limit", "says"),
    [
        ("demographic_parity_differenc", 0.1, "did you mean 'demographic_parity_difference'"),
        ("roc_auc_difference", 0.1, "cannot be watched"),
        (PARITY, 1.0, "from 0 to under 1"),
        (PARITY, -0.1, "from 0 to under 1"),
        (PARITY, float("nan"), "from 0 to under 1"),
        ("demographic_parity_ratio", 0.0, "above 0, at most 1"),
        ("demographic_parity_ratio", 1.1, "above 0, at most 1"),
        ("worst_group_accuracy", 0.0, "above 0, at most 1"),
        ("selection_rate", 0.3, "<=0.3 or >=0.1"),
        ("mean_error_difference", 0.3, "--range LOW,HIGH"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(name: str, limit: float, says: str) -> None:
    with pytest.raises(InputError) as refused:
        watch(name, limit)
    assert says in str(refused.value)


def test_another_tally_is_refused() -> None:
    with pytest.raises(InputError, match="expected a tally by sex"):
        monitor().update(msgspec.structs.replace(tally(FAIR), roles=Roles(prediction="p", protected=("race",))))


def test_every_watchable_metric_can_be_watched() -> None:
    for name, found in WATCHABLE.items():
        limit = 0.5 if found.kind != "at-least" else 0.4
        made = watch(name, limit, bound=None if found.kind else "at-most", outcomes=(-1.0, 1.0))
        assert made.width > 0
