"""A search for a remedy as text, Markdown, JSON and a page: nothing is left out, and what got worse is there."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from assay.reports.mitigation import mitigation_json, mitigation_markdown, mitigation_text
from assay.reports.mitigation_figures import pareto
from assay.reports.mitigation_page import mitigation_html
from unit.reports.mitigation_search import left, search, trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.records.mitigation import Mitigation


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
