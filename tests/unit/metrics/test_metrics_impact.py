"""Impact ratios: the rule's own worked example, the favourable outcome, the median, and how often intervals hold."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
import yaml

from assay.metrics import measure
from assay.metrics.intervals.fisher import fisher_exact, pooled_z
from assay.metrics.intervals.ratio import fold, koopman
from assay.records.tally import Cell, Roles, Tally
from unit.metrics.counted_rows import tally_of
from unit.metrics.coverage import Z, sides, simulate

RULE = Path(__file__).parents[4] / "shared" / "reference" / "regulation" / "nyc_ll144.yaml"


@pytest.mark.skipif(not RULE.exists(), reason="../shared/reference/regulation/nyc_ll144.yaml is not there")
def test_all_23_ratios_of_the_rule_s_example() -> None:
    tables = yaml.safe_load(RULE.read_text())["meta"]["golden_test"]["tables"]
    seen = 0
    for table in tables:
        cells = tuple(
            Cell(group=(row["category"],), prediction=chosen, count=count)
            for row in table["rows"]
            for chosen, count in ((0, row["applicants"] - row["selected"]), (1, row["selected"]))
        )
        rows = sum(cell.count for cell in cells)
        tally = Tally(roles=Roles(prediction="p", protected=("category",)), rows=rows, cells=cells)
        found = {m.group["category"]: m for m in measure(tally, metrics=["impact_ratio"])}
        for row in table["rows"]:
            ratio = found[row["category"]].value
            assert ratio is not None
            assert round(ratio, table["decimals"]) == row["impact_ratio"], row
            seen += 1
    assert seen == 23


def test_it_counts_the_favourable_outcome() -> None:
    groups = [("a",)] * 10 + [("b",)] * 10
    guesses = [1] * 4 + [0] * 6 + [1] * 8 + [0] * 2
    for positive, ratios in ((True, {"a": 0.5, "b": 1.0}), (False, {"a": 1.0, "b": 1 / 3})):
        tally = tally_of(groups, prediction=guesses, favourable_is_positive=positive)
        found = measure(tally, metrics=["impact_ratio"])
        assert {m.group["group"]: m.value for m in found} == pytest.approx(ratios)
        assert all(getattr(m.over, "attribute", None) == "group" for m in found)


def _scored(score: list[float], groups: list[tuple[Any, ...]], *, bins: bool) -> dict[Any, Any]:
    found = measure(tally_of(groups, score=score, bins=bins), metrics=["scoring_impact_ratio"])
    return {m.group["group"]: m for m in found}


def test_the_share_strictly_above_the_median_of_all() -> None:
    draw = np.random.default_rng(1)
    for count in (9, 10, 400, 401):
        score = [float(value) for value in np.round(draw.random(count), 1 if count < 100 else 3)]
        groups = [(str(value),) for value in draw.choice(["a", "b"], count)]
        middle = median(score)
        rates = {
            name: np.mean([value > middle for value, (group,) in zip(score, groups, strict=True) if group == name])
            for name in ("a", "b")
        }
        for name, each in _scored(score, groups, bins=False).items():
            assert each.value == pytest.approx(rates[name] / max(rates.values()), abs=1e-12)
        for name, each in _scored(score, groups, bins=True).items():
            bound = each.bound if isinstance(each.bound, float) else 0.0
            assert abs(each.value - rates[name] / max(rates.values())) <= bound + 1e-9, count


def test_z_and_fisher_beside_it() -> None:
    # 9 of 20 against 16 of 20: -0.35 / sqrt(0.625 * 0.375 * 0.1).
    assert pooled_z(9, 20, 16, 20) == pytest.approx(-2.28619, abs=5e-6)
    # Fisher's tea taster, 3 of 4 against 1 of 4: (1 + 16 + 16 + 1) of the 70 tables.
    assert fisher_exact(3, 4, 1, 4) == pytest.approx(34 / 70, abs=1e-12)
    assert fisher_exact(0, 5, 0, 9) == 1.0
    assert pooled_z(0, 5, 0, 9) is None


def coverage(truth: tuple[float, ...], n: int, draws: int) -> tuple[float, float]:
    """Return how often the interval of the first group's ratio lies above, and below, the truth."""

    def once(draw: np.random.Generator) -> tuple[bool, bool]:
        hits = draw.binomial(n, truth)
        top = int(hits.argmax())
        if top == 0 or hits[top] == 0:
            return False, False
        low, high = fold(*koopman(int(hits[0]), n, int(hits[top]), n, Z))
        return sides((low, high), truth[0] / max(truth))

    return simulate(draws, 11, once)


@pytest.mark.parametrize("n", [30, 100, 1000])
def test_two_groups_cover(n: int) -> None:
    assert 0.93 - 0.02 <= 1 - sum(coverage((0.3, 0.5), n, 600)) <= 0.99


def test_many_groups_of_the_highest_rate_make_it_lie_too_low() -> None:
    above, below = coverage((0.4, 0.5, 0.5, 0.5, 0.5, 0.5), 100, 600)
    assert above <= 0.02
    assert 0.05 <= below <= 0.25
