"""One self-contained HTML page: no request, no script; charts inline; readable on a phone, in the dark and on paper."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import msgspec

from assay.reports import words
from assay.reports.datasheet_page import datasheet_sections
from assay.reports.figures import sections
from assay.reports.matrix import about_everybody, between_groups, by_group, row_name, too_small, unmeasured
from assay.reports.page import page
from assay.reports.since import CLOSED, SEARCH_HEAD, Since, challenge_told, search_told
from assay.reports.why import why

if TYPE_CHECKING:
    from assay.reports.release import Release


def html(release: Release) -> str:
    """Return the report of a release as one HTML document.

    Args:
        release: evidence and verdict; with a tally, scores and calibration by group are drawn too.
    """
    since = release.since or Since(size=0)
    compared = [found for found in [between_groups(release.evidence.measurements)] if found]
    return page(
        "release.html.j2",
        release=release,
        evidence=release.evidence,
        verdict=release.verdict,
        words=words,
        row_name=row_name,
        sections=sections(release),
        why=why(release),
        remarks=() if release.explanation is None else release.explanation.remarks,
        since=since,
        searches=[search_told(place, one) for place, one in enumerate(since.searches)],
        search_head=SEARCH_HEAD,
        challenges=[challenge_told(place, one) for place, one in enumerate(since.challenges)],
        closed=CLOSED,
        shown={finding.id for finding in release.with_status("fail", "unknown")},
        datasheet=datasheet_sections(release) if release.evidence.stage == "data" else [],
        methods=_methods(release),
        overall=about_everybody(release.evidence.measurements),
        too_small=too_small(release.evidence.measurements),
        matrices=[*compared, *by_group(release.evidence.measurements)],
        unmeasured=unmeasured(release.evidence.measurements),
        verify=f"assay verify {shlex.quote(_folder(release))}",
    )


def _folder(release: Release) -> str:
    stage = words.stage_of(release.verdict)
    within = "" if stage == "release" else f"/{stage}"
    return words.plain(f".assay/releases/{release.verdict.model}/{release.verdict.version}{within}")


def _methods(release: Release) -> list[tuple[str, list[str]]]:
    """Return each method of interval with the metrics it was used for, in the order of the evidence."""
    used: dict[str, list[str]] = {}
    for found in release.evidence.measurements:
        if found.method is msgspec.UNSET:
            continue
        at = f", at {words.level_words(found.level)}" if found.interval else ""
        names = used.setdefault(f"{words.plain(found.method)}{at}", [])
        if words.metric_words(found.metric) not in names:
            names.append(words.metric_words(found.metric))
    return list(used.items())
