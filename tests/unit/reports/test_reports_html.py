from __future__ import annotations

import re

import msgspec
import pytest

from assay.reports.figures import sections
from assay.reports.html import html
from assay.reports.release import Release
from assay.reports.score_groups import BARS, by_attribute, wilson
from unit.reports.mortgage_counts import SIZES, tally
from unit.reports.mortgage_release import release

PAGE = html(release())
TEXT = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", PAGE))


def test_same_records_give_the_same_bytes() -> None:
    assert html(release()) == PAGE


def test_page_asks_nobody_for_anything() -> None:
    assert not re.search(r"<(script|link|img|iframe|object|embed|video|audio|base)\b", PAGE, re.IGNORECASE)
    assert not re.search(r"\b(src|srcset|href|action|data)=\"(?!#)", PAGE)
    assert not re.search(r"url\((?!#)|@import", PAGE)


@pytest.mark.parametrize(
    "said",
    [
        "mortgage-approval", "Decision: deny", "1 critical finding fails", "tier high", "at least 0.8", "197 people",
        "Limit set by Fair lending committee on 2026-05-04 after 29 CFR 1607.4(D)", "Maps to ecoa:1002.4(a)",
        "What to do.", "the finding stays a fail", "Ends 2027-01-31", "validator: 1 of 1 given", "2 still needed",
        "The key is not in the trust file", "sex: 15 rows null", "a1" * 32, "c3" * 32, "07" * 32, "18" * 32,
        "assay verify .assay/releases/mortgage-approval/1", "Newcombe (1998) method 10, at 95 %", "policy.yaml:14:5",
        "15 people of unknown sex are fewer than the 30", "unknown key", "Two people review every refusal",
    ],
)  # fmt: skip
def test_page_states(said: str) -> None:
    assert said in TEXT


def test_page_never_says_compliant() -> None:
    assert "complian" not in PAGE.lower()


def test_every_chart_has_title_description_and_table() -> None:
    charts = [chart for section in sections(release()) for chart in section.charts]
    assert len(charts) == PAGE.count("<svg ")
    for chart in charts:
        assert chart.caption
        assert chart.head
        assert all(len(row) == len(chart.head) for row in chart.rows)
        assert PAGE.count(f'<title id="{chart.id}-t">') == 1
        assert PAGE.count(f'<desc id="{chart.id}-d">') == 1


def test_ids_are_unique() -> None:
    ids = re.findall(r'\bid="([^"]*)"', PAGE)
    assert len(set(ids)) == len(ids)


def test_chart_colours_are_the_page_s_own() -> None:
    drawn = "".join(re.findall(r"<svg .*?</svg>", PAGE, re.DOTALL))
    assert "var(--mark)" in drawn
    assert not re.search(r'"(#[0-9a-f]{3,6}|black|white)"', drawn.replace('fill="#000"', ""))


def test_without_a_tally_the_page_says_why_scores_are_missing() -> None:
    page = html(release(with_tally=False))
    assert "The tally is not at hand, so scores by group cannot be drawn." in page
    assert "Scores, race" not in page


def test_without_a_score_column_the_page_says_so() -> None:
    bare = msgspec.structs.replace(tally(), scores=None)
    page = html(Release(evidence=release().evidence, verdict=release().verdict, tally=bare))
    assert page.count("No score column was named, so there are no scores to draw.") == 2


def test_limit_line_stands_at_four_fifths_of_the_highest_rate() -> None:
    rates = next(section for section in sections(release()) if section.title == "Results by group")
    layer = rates.charts[0].spec["layer"][0]
    assert layer["data"]["values"][0]["value"] == pytest.approx(0.8 * 1567 / 1681)
    assert "the limit of control four-fifths" in rates.charts[0].caption


def test_scores_by_group_lose_nobody() -> None:
    groups = {group.value: group for group in by_attribute(tally(), "race")}
    assert {value: group.n for value, group in groups.items()} == SIZES
    assert {value: sum(group.people) for value, group in groups.items()} == SIZES


def test_score_of_one_stands_in_the_last_bar() -> None:
    whole = tally()
    assert whole.scores is not None
    cell = msgspec.structs.replace(whole.scores.cells[0], bins=(), values=((0.0, 2), (1.0, 3)), label=1)
    scores = msgspec.structs.replace(whole.scores, cells=(cell,))
    (group,) = by_attribute(msgspec.structs.replace(whole, scores=scores), "race")
    assert group.bars == [2, *[0] * (BARS - 2), 3]
    assert group.positives[-1] == 3


def test_wilson_interval() -> None:
    low, high = wilson(81, 263)  # Newcombe 1998, Statistics in Medicine 17, 857, table I: 0.2553 to 0.3662
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 10)[0] == 0.0


def test_a_verdict_without_findings_or_measurements_still_makes_a_page() -> None:
    found = release()
    evidence = msgspec.structs.replace(found.evidence, measurements=(), gaps=())
    verdict = msgspec.structs.replace(found.verdict, findings=(), approvals=(), consents=(), decision="undecided")
    page = html(Release(evidence=evidence, verdict=verdict))
    assert "The policy asked for no check." in page
    assert "Nothing was measured." in page
