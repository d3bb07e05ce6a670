"""Why a version is not allowed, in the page, in Markdown and in text; and what hostile words do to it: nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import msgspec
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from assay.records.canonical import canonical_json, parse_record
from assay.records.explanation import CAUSE_KINDS, Explanation
from assay.reports import words
from assay.reports.explanation import (
    explanation_json,
    explanation_markdown,
    explanation_schema,
    explanation_text,
    release_markdown,
)
from assay.reports.html import html
from assay.reports.markdown import markdown
from assay.reports.plain import plain_text
from assay.reports.why import why
from unit.reports.explained_release import explained_release, hostile_explained
from unit.reports.hostile import ATTACKS
from unit.reports.mortgage_release import release


def explanation() -> Explanation:
    found = explained_release().explanation
    assert found is not None
    return found


def test_every_kind_of_cause_has_words() -> None:
    assert set(words.CAUSES) == set(CAUSE_KINDS)


def test_the_page_tells_why_of_every_finding_that_is_no_pass() -> None:
    page = html(explained_release())
    assert '<h2 id="why">Why, and what would mend it</h2>' in page
    assert '<a href="#why">' in page
    open_ = [one for one in release().verdict.findings if one.status in {"fail", "unknown"}]
    assert page.count('<article class="why ') == len(open_)
    for told in why(explained_release()):
        for _, sentence in told.lines:
            assert sentence in re.sub(r"&#3[49];", "'", page).replace("&gt;", ">") or "'" in sentence


def test_the_same_records_give_the_same_page() -> None:
    assert html(explained_release()) == html(explained_release())


def test_nothing_is_told_where_nobody_asked() -> None:
    assert why(release()) == ()
    assert 'id="why"' not in html(release())
    assert release_markdown(release()) == markdown(release())
    assert "likeliest cause" not in plain_text(release())


def test_the_cut_chart_shades_only_cuts_that_tell_people_apart() -> None:
    found = explained_release()
    told = found.explanation
    assert told is not None
    assert not isinstance(told.cuts, msgspec.UnsetType)
    charts = [chart for one in why(found) for chart in one.charts if chart.id.startswith("cuts-")]
    assert charts
    expected = [span for span in told.cuts.spans if span.tells]
    for chart in charts:
        shaded = chart.spec["layer"][0]["data"]["values"]
        assert len(shaded) <= len(expected)
        assert ("Nothing is shaded" in chart.caption) == (not shaded)
        assert len(chart.rows) == len(told.cuts.points)


def test_causes_are_bars_in_their_order_with_the_table_behind_them() -> None:
    for told in why(explained_release()):
        for chart in told.charts:
            if chart.id.startswith("causes-"):
                assert [row[0] for row in chart.rows] == [cause.kind for cause in told.found.causes]
                drawn = chart.spec["data"]["values"]
                assert [bar["share"] for bar in drawn] == [c.share for c in told.found.causes if c.share is not None]


def test_the_text_names_the_likeliest_cause_in_one_line() -> None:
    text = " ".join(plain_text(explained_release()).split())
    assert re.search(r"(likeliest cause of \S+: .* More: |why, and what would mend it: )assay explain", text)


def test_markdown_holds_the_report_and_the_reasons() -> None:
    found = release_markdown(explained_release())
    assert found.startswith(markdown(explained_release()))
    assert "### Why, and what would mend it" in found


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_no_word_becomes_markup(name: str) -> None:
    hostile = hostile_explained(ATTACKS[name])
    page = html(hostile)
    assert "<script>alert" not in page
    assert " onload=alert(1) x='" not in page or "&#34; onload" in page
    assert hostile.explanation is not None
    for made in (explanation_text(hostile.explanation), explanation_markdown(hostile.explanation)):
        assert "\x1b" not in made
        assert "<script" not in made or made is explanation_text(hostile.explanation)
    assert "![i](http" not in explanation_markdown(hostile.explanation)


def test_the_json_is_what_its_schema_says() -> None:
    document = json.loads(explanation_json(explanation()))
    schema = explanation_schema()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(document)
    kinds = {cause["kind"] for one in document["findings"] for cause in one["causes"]}
    assert kinds <= set(CAUSE_KINDS)
    document["findings"][0]["causes"][0]["kind"] = "data.magic"
    assert not Draft202012Validator(schema).is_valid(document)


def test_the_document_reads_back_as_it_was_written() -> None:
    content = canonical_json(explanation())
    assert parse_record(content, Explanation, name="explanation.json") == explanation()


def test_an_explanation_with_nothing_to_tell_says_so() -> None:
    nothing = Explanation(subject="small/1", examined=(), findings=())
    assert "every finding passes" in explanation_text(nothing)
    assert "every finding passes" in explanation_markdown(nothing)
    assert 'id="why"' not in html(replace(release(), explanation=nothing))
