"""A search for a remedy on a small table: what is tried, judged, refused and told."""

from __future__ import annotations

import importlib
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("fairlearn", reason="the extra mitigation is not installed")

import joblib

import assay
from assay.cli import answer

if TYPE_CHECKING:
    from pathlib import Path

    from assay.records.mitigation import Chosen, Mitigation, Performance, Trial

ROLES = assay.Roles(label="y", prediction="d", score="s", protected=("race",))
QUICK = ("threshold", "reweighing", "drop_feature")


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    """Write rows as CSV and return the path as text."""
    names = list(rows[0])
    lines = [",".join(names), *(",".join("" if row[n] is None else str(row[n]) for n in names) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def people(count: int, seed: int) -> list[dict[str, Any]]:
    """Return people of two groups: one is poorer, and lives in the north; the denied version turns it away."""
    chance, found = random.Random(seed), []
    for _ in range(count):
        black = chance.random() < 0.4
        income = chance.gauss(42 if black else 52, 12)
        good = chance.random() < 1 / (1 + 2.718 ** (-(income - 40) / 8))
        score = min(max((income - 20) / 60 - 0.15 * black, 0.01), 0.99)
        found.append(
            {
                "income": round(income, 2),
                "area": "north" if chance.random() < (0.8 if black else 0.2) else "south",
                "debt": None if chance.random() < 0.05 else round(chance.gauss(30, 8), 1),
                "race": "black" if black else "white",
                "y": int(good), "d": int(score >= 0.5), "s": round(score, 4),
            }
        )  # fmt: skip
    return found


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("tables")
    return write(folder / "train.csv", people(1500, 1)), write(folder / "test.csv", people(1200, 2))


@pytest.fixture(scope="module")
def found(tables: tuple[str, str]) -> Mitigation:
    train, test = tables
    return assay.mitigate(
        rows=test, train=train, roles=ROLES, metric="demographic_parity_difference", limit=0.15,
        features=("income", "area", "debt"), allow_attribute=True, seed=3, budget_seconds=600,
    ).mitigation  # fmt: skip


def trial(found: Mitigation, name: str) -> Trial:
    """Return a candidate that there must be."""
    one = found.trial(name)
    assert one is not None
    return one


def performance(found: Mitigation, name: str) -> Performance:
    """Return what a candidate must have."""
    one = trial(found, name).performance
    assert one is not None
    return one


def chosen(one: Trial) -> Chosen:
    """Return how a candidate does on the rows that choose."""
    assert one.on_choosing_rows is not None
    return one.on_choosing_rows


def test_every_candidate_is_on_record(found: Mitigation) -> None:
    assert {one.method for one in found.trials} == {
        "as_is", "threshold", "reweighing", "resampling", "drop_feature", "grid_search", "exponentiated_gradient",
        "recalibration", "threshold_by_group", "repair_feature", "more_rows",
    }  # fmt: skip
    for one in found.trials:
        assert (one.performance is None) == (one.reason is not None), one.name
    assert not [one.name for one in found.trials if one.status in {"failed", "timed-out", "not-tried"}]


def test_remedies_are_held_against_the_denied_version_on_held_out_rows(found: Mitigation) -> None:
    assert found.rows == {"fit": 1125, "choose": 375, "report": 1200}
    assert found.compared_with == "denied"
    assert not found.crossed
    assert found.before is not None
    assert (found.before.aim or 0) > 0.3
    assert found.before.holds == "fail"
    mended = performance(found, "threshold_by_group")
    assert mended.aim is not None
    assert mended.aim < 0.15
    assert mended.holds in {"pass", "unknown"}
    assert (performance(found, "as_is").aim or 0) > mended.aim
    assert found.recommended is not None


def test_what_got_worse_is_named_by_group(found: Mitigation) -> None:
    everyone = trial(found, "threshold_by_group")
    lost = [one for one in everyone.worse if one.metric == "selection_rate" and one.group == {"race": "white"}]
    gained = [one for one in everyone.better if one.metric == "selection_rate" and one.group == {"race": "black"}]
    assert lost or gained
    assert all(one.interval is not None for one in (*lost, *gained))
    changes = [one for one in (*everyone.worse, *everyone.better) if one.interval is not None]
    for one in changes:
        assert one.interval is not None
        assert one.sure == (one.interval[0] > 0 or one.interval[1] < 0)


def test_who_needs_the_group_to_predict_says_so_and_is_refused_by_default(
    tables: tuple[str, str], found: Mitigation
) -> None:
    asking = {one.method for one in found.trials if one.needs_attribute}
    assert asking == {"recalibration", "threshold_by_group", "repair_feature"}
    refused = assay.mitigate(
        rows=tables[1], train=tables[0], roles=ROLES, metric="demographic_parity_difference", limit=0.15,
        features=("income", "debt"), candidates=("threshold_by_group",), seed=3,
    ).mitigation  # fmt: skip
    assert trial(refused, "threshold_by_group").status == "refused"
    assert "--allow-attribute" in (trial(refused, "threshold_by_group").reason or "")


def test_the_same_seed_gives_the_same_decisions(tables: tuple[str, str]) -> None:
    both = [
        assay.mitigate(
            rows=tables[1], train=tables[0], roles=ROLES, metric="equal_opportunity_difference", limit=0.1,
            features=("income", "area", "debt"), candidates=("resampling", "exponentiated_gradient"), seed=5,
            budget_seconds=600,
        ).mitigation
        for _ in range(2)
    ]  # fmt: skip
    digests = [[one.decisions_sha256 for one in search.trials] for search in both]
    assert digests[0] == digests[1]
    assert None not in digests[0]


def test_without_held_out_rows_each_row_is_reported_by_a_fit_of_others(tables: tuple[str, str]) -> None:
    searched = assay.mitigate(
        rows=tables[1], roles=ROLES, metric="demographic_parity_difference", limit=0.15, features=("income", "debt"),
        candidates=("threshold",), seed=1,
    )  # fmt: skip
    assert searched.mitigation.crossed
    assert searched.mitigation.compared_with == "denied"
    seen = [set(part.fit.tolist()) | set(part.choose.tolist()) for part in searched.case.work.plan.parts]
    reported = [set(part.report.tolist()) for part in searched.case.work.plan.parts]
    assert all(not fitted & told for fitted, told in zip(seen, reported, strict=True))
    assert set().union(*reported) == set(range(1200))


def test_rows_that_are_tested_and_learnt_from_are_not_held_out(tables: tuple[str, str]) -> None:
    found = assay.mitigate(
        rows=tables[0], train=tables[0], roles=ROLES, metric="demographic_parity_difference", limit=0.15,
        features=("income", "debt"), candidates=("threshold",),
    ).mitigation  # fmt: skip
    assert found.crossed
    assert "100% of the rows" in found.held_out


def test_a_budget_is_kept_and_what_was_not_tried_is_told(tables: tuple[str, str]) -> None:
    found = assay.mitigate(
        rows=tables[1], train=tables[0], roles=ROLES, metric="demographic_parity_difference", limit=0.15,
        features=("income", "area", "debt"), budget_seconds=3.0, search="lda",
    ).mitigation  # fmt: skip
    assert found.spent_seconds < 3 + 3  # what was measured is put into words after the budget
    left = [one for one in found.trials if one.status in {"not-tried", "timed-out"}]
    assert left
    assert all(one.reason for one in left)


def test_alternatives_are_searched_within_reach_of_the_best_accuracy(tables: tuple[str, str]) -> None:
    some = tuple(
        f"alternative.{name}" for name in (
            "given_drop0_weigh0_cut", "given_drop1_weigh1", "logistic0.1_drop0_weigh0.5", "logistic0.01_drop1_weigh1",
        )
    )  # fmt: skip
    found = assay.mitigate(
        rows=tables[1], train=tables[0], roles=ROLES, metric="demographic_parity_difference", limit=0.15,
        features=("income", "area", "debt"), candidates=some, budget_seconds=600, search="lda", within=0.02,
    ).mitigation  # fmt: skip
    assert [one.status for one in found.trials] == ["measured"] * 5
    measured = [one for one in found.trials if one.performance is not None]
    there = {one.name: chosen(one) for one in measured}
    best = max(one.accuracy for one in there.values())
    near = {name: one for name, one in there.items() if one.accuracy >= best - 0.02}
    assert found.recommended in near
    assert near[found.recommended].aim == min(one.aim or 0 for one in near.values())
    assert not any(one.needs_attribute for one in measured)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"y": 1}, "constant label"),
        ({"race": "white"}, "at least two groups"),
    ],
)
def test_rows_that_nothing_can_be_learnt_from_are_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    rows = write(tmp_path / "rows.csv", [{**row, **change} for row in people(200, 3)])
    with pytest.raises(assay.InputError, match=told):
        assay.mitigate(rows=rows, roles=ROLES, metric="demographic_parity_difference", limit=0.1)


def test_the_command_line_answers_in_json_and_by_its_exit_code(
    tables: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["mitigate", "--data", tables[1], "--train", tables[0], "--label", "y", "--prediction", "d", "--score", "s"]
    line += ["--protected", "race", "--features", "income,debt", "--metric", "demographic_parity_difference"]
    line += ["--budget", "10m"]
    code = answer([*line, "--limit", "0.9", "--candidates", "threshold", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "assay.mitigation/v1"
    assert code == 0
    assert answer([*line, "--limit", "0.000001", "--candidates", "as_is", "--format", "json"]) == 1
    capsys.readouterr()
    assert answer([*line, "--limit", "0.1", "--candidates", "treshold"]) == 2
    assert "did you mean 'threshold'" in capsys.readouterr().err


ODD_LEARNERS = """
import os, time
from sklearn.linear_model import LogisticRegression
class Slow(LogisticRegression):
    def fit(self, *rows, **more):
        time.sleep(600)
class Ends(LogisticRegression):
    def fit(self, *rows, **more):
        os._exit(9)
"""


@pytest.mark.parametrize("case", [("Slow", "timed-out", 5), ("Ends", "failed", 90)])
def test_a_learner_that_hangs_or_ends_its_process_is_told_and_stopped(
    tables: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[str, str, float]
) -> None:
    name, status, budget = case
    (tmp_path / "odd_learners.py").write_text(ODD_LEARNERS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    joblib.dump(getattr(importlib.import_module("odd_learners"), name)(), tmp_path / "odd.joblib")
    found = assay.mitigate(
        rows=tables[1], train=tables[0], roles=ROLES, metric="demographic_parity_difference", limit=0.15,
        features=("income", "debt"), candidates=("threshold",), estimator=tmp_path / "odd.joblib", trusted=True,
        budget_seconds=budget,
    ).mitigation  # fmt: skip
    assert found.spent_seconds < budget + 3
    assert found.recommended is None
    assert found.trials[0].status == status
    assert all(one.reason for one in found.trials)
