"""What has happened about a release beside its decision, in its page."""

from __future__ import annotations

import re

from assay.reports.html import html
from assay.reports.since import Since
from unit.reports.hostile import ATTACKS
from unit.reports.mortgage_release import release
from unit.reports.since_release import FINDING, release_since

HEADINGS = (
    "What is done about its findings", "What was tried to mend it", "Champion and challenger",
    "Reasons given to people",
)  # fmt: skip


def test_all_of_it_is_in_the_report_and_in_its_contents() -> None:
    page = html(release_since())
    for heading in HEADINGS:
        assert page.count(heading) == 2, heading  # in the contents, and where it stands
    assert f'href="#finding-{FINDING}"' in page
    assert f'id="finding-{FINDING}"' in page
    assert 'href="#finding-gone/race"' not in page
    assert "recommended" in page
    assert "Chosen:</strong> threshold, which is version 2" in page
    assert "300 people" in page
    assert "30 more lose" in page


def test_what_is_gone_is_told_by_its_event_alone() -> None:
    page = html(release_since())
    assert "10 candidates" in page
    assert "Version 3 against version 2" in page


def test_where_nothing_has_happened_there_is_no_section() -> None:
    page = html(release())
    assert not [heading for heading in HEADINGS if heading in page]
    assert not Since(size=3)


def test_no_word_becomes_markup_and_every_id_stands_once() -> None:
    page = html(release_since(ATTACKS["script"]))
    assert ATTACKS["script"] not in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
