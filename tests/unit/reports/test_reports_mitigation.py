"""A search for a remedy as text, Markdown, JSON and a page: nothing is left out, and what got worse is there."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from assay.records.mitigation import Aim, Attempted, Change, Chosen, Mitigation, Performance, Trial
from assay.records.verdict import Finding, Limit, Status
from assay.reports.mitigation import mitigation_json, mitigation_markdown, mitigation_text
from assay.reports.mitigation_figures import pareto
from assay.reports.mitigation_page import mitigation_html

if TYPE_CHECKING:
    from collections.abc import Callable

WORSE = Change(
    metric="true_positive_rate", group={"race": "black"}, before=0.71, after=0.55, change=-0.16, interval=(-0.2, -0.1),
    sure=True, n=200,
)  # fmt: skip


def trial(
    name: str, accuracy: float, aim: float, holds: Status, worse: tuple[Change, ...] = (), *, asks: bool = False
) -> Trial:
    found = Finding(id="race-gap/race", control="race-gap", check="group-gap", title="alike", status=holds, reason="r")
    return Trial(
        name=name, method=name, title="It does something.", source="somebody", status="measured", seed=1,
        determinism="Nothing is drawn.", findings=(found,),
        performance=Performance(
            accuracy=accuracy, accuracy_interval=(accuracy - 0.02, accuracy + 0.02), aim=aim,
            aim_interval=(aim - 0.05, aim + 0.05), holds=holds,
        ),
        on_choosing_rows=Chosen(accuracy=accuracy, aim=aim, beyond=0.0, rows=100), holds_widened=holds, worse=worse,
        needs_attribute=asks,
    )  # fmt: skip


def left(name: str, status: Attempted, reason: str) -> Trial:
    return Trial(name=name, method=name, title="t", source="s", status=status, reason=reason, seed=1, determinism="d")


def search(**changes: object) -> Mitigation:
    trials = (
        trial("as_is", 0.92, 0.31, "fail"),
        trial("threshold", 0.9, 0.08, "pass", (WORSE,), asks=True),
        left("grid_search", "failed", "ValueError: no"),
        left("repair_feature.half", "refused", "it needs race"),
        left("repair_feature.whole", "refused", "it needs race"),
        left("more_rows", "not-tried", "the budget was spent"),
    )
    given: dict[str, Any] = {
        "search": "remedies", "subject": "lending 1", "policy_sha256": "0" * 64, "compared_with": "denied",
        "aim": Aim(metric="demographic_parity_difference", over="race", attributes=("race",), limit=Limit(max=0.1),
                   finding="race-gap/race"),
        "before": Performance(accuracy=0.86, aim=0.33, aim_interval=(0.25, 0.4), holds="fail"),
        "estimator": "logistic regression", "features": ("income", "a|b"), "held_out": "Held out.", "crossed": False,
        "multiplicity": "Two were judged.", "rows": {"fit": 10}, "trials": trials, "front": ("as_is", "threshold"),
        "recommended": "threshold", "recommendation": "threshold is the one.", "within": 0.01, "budget_seconds": 60.0,
        "spent_seconds": 12.0, "seed": 1, "searched_at": "2026-11-23T10:00:00Z",
    }  # fmt: skip
    return Mitigation(**{**given, **changes})


@pytest.mark.parametrize("form", [mitigation_text, mitigation_markdown, mitigation_html, mitigation_json])
def test_every_candidate_and_what_got_worse_is_told(form: Callable[[Mitigation], str]) -> None:
    told = re.sub(r"\s+", " ", form(search()))
    for name in ("as_is", "threshold", "grid_search", "repair_feature.half", "repair_feature.whole", "more_rows"):
        assert name in told
    for reason in ("ValueError: no", "it needs race", "the budget was spent"):
        assert reason in told
    if form is not mitigation_json:
        assert "true positive rate, race: black: 0.71" in told
        assert "a legal question in many places" in told
        assert "Two were judged." in told


def test_the_same_reason_is_said_once() -> None:
    assert mitigation_text(search()).count("it needs race") == 1


def test_the_record_is_read_back() -> None:
    assert json.loads(mitigation_json(search()))["schema"] == "assay.mitigation/v1"


def test_the_chart_joins_the_front_and_marks_limit_and_denied_version() -> None:
    chart = pareto(search())
    assert chart is not None
    assert [row[:2] for row in chart.rows] == [("D", "lending 1"), ("1", "threshold"), ("2", "as_is")]
    drawn = json.dumps(chart.spec)
    assert '"limit": 0.1' in drawn
    assert sum(layer.get("mark", {}).get("type") == "line" for layer in chart.spec["layer"]) == 1


def test_points_that_touch_have_one_text() -> None:
    twins = (trial("a", 0.9, 0.1, "pass"), trial("b", 0.9001, 0.1001, "pass"))
    chart = pareto(search(trials=twins, front=("b", "a"), recommended="a"))
    assert chart is not None
    points = chart.spec["data"]["values"]
    assert [one["shown"] for one in points] == ["D", "1, 2", ""]


def test_a_search_in_which_nothing_was_measured_is_told() -> None:
    empty = search(trials=(left("as_is", "timed-out", "stopped after 3 seconds"),), front=(), recommended=None)
    assert pareto(search(trials=(), front=(), recommended=None, before=None)) is None
    for form in (mitigation_text, mitigation_markdown, mitigation_html):
        assert "stopped after 3 seconds" in form(empty)
    assert "nothing can be chosen" in mitigation_text(empty)


def test_the_page_escapes_names() -> None:
    assert "<script>" not in mitigation_html(search(subject="<script>"))
