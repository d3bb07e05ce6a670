"""What has happened about a release beside its decision: the section of the HTML page, with its charts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assay.reports import challenge_words, mitigation_words, words
from assay.reports.challenge_figures import challenge_charts
from assay.reports.mitigation_figures import pareto

if TYPE_CHECKING:
    from assay.records.challenge import Challenge
    from assay.records.mitigation import Mitigation
    from assay.reports.charts import Chart

MOST_CHARTS = 2
"""Charts of one challenge that are drawn here; all of them are on the challenge's own page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending:
    """The remediation of one finding.

    Attributes:
        name: its id.
        finding: the finding's id.
        version: the version whose finding it is.
        status: how it stands.
        owner: who mends it.
        due: by when.
        told: how it stands, in a sentence or two.
        next: what comes next; empty when it is closed.
        entries: where its acts stand in the log.
    """

    name: str
    finding: str
    version: str
    status: str
    owner: str
    due: str
    told: str
    next: str
    entries: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """A search for a remedy.

    Attributes:
        record: the whole search; None where it is not beside the log any more.
        version: the version that was to be mended.
        chosen: the candidate that was taken out; None where none was.
        new_version: the version that it became.
        told: what the log says of the search, in a sentence.
        entry: where it stands in the log.
    """

    record: Mitigation | None
    version: str
    chosen: str | None
    new_version: str | None
    told: str
    entry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoned:
    """Reasons that were given to people who were turned down.

    Attributes:
        batch: their name.
        told: how many, by which method, in a sentence.
        at: when.
        entry: where they were fixed in the log.
    """

    batch: str
    told: str
    at: str
    entry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A challenge in which the version stood on either side.

    Attributes:
        record: the comparison; None where it is not beside the log any more.
        told: what the log says of it, in a sentence.
        entry: where it stands in the log.
    """

    record: Challenge | None
    told: str
    entry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What the trail tells of a version beside its decision.

    Attributes:
        size: entries of the log that were looked at.
        mendings: remediations of its findings, and of those that it is to mend.
        searches: searches for a remedy of it, and the one that it came from.
        reasons: reasons given by it.
        challenges: comparisons with another version.
    """

    size: int
    mendings: tuple[Mending, ...] = ()
    searches: tuple[Searched, ...] = ()
    reasons: tuple[Reasoned, ...] = ()
    challenges: tuple[Compared, ...] = ()

    def __bool__(self) -> bool:
        """Say whether anything is told."""
        return bool(self.mendings or self.searches or self.reasons or self.challenges)


@dataclass(frozen=True, slots=True)
class SearchTold:
    """A search as the page tells it: its headline, its candidates under `SEARCH_HEAD`, its chart."""

    about: Searched
    lines: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    untried: tuple[tuple[str, str, str], ...]
    chart: Chart | None


@dataclass(frozen=True, slots=True)
class ChallengeTold:
    """A challenge as the page tells it: who stands against whom, for whom it is worse and better, its charts."""

    about: Compared
    title: str
    lines: tuple[str, ...]
    summary: tuple[tuple[str, tuple[str, ...]], ...]
    charts: tuple[Chart, ...]


SEARCH_HEAD = ("candidate", "accuracy", "aim", "limits", "surely worse", "surely better", "")
CLOSED = {"closed": "pass", "awaiting-close": "unknown", "awaiting-retest": "unknown"}
"""Status of a remediation to the colour that it is told in; every other is open, and so a fail still."""


def search_told(place: int, about: Searched) -> SearchTold:
    """Return a search as the page tells it.

    Args:
        place: which of the page's searches it is: its chart needs an id of its own.
        about: the search.
    """
    found = about.record
    if found is None:
        return SearchTold(about, (about.told,), (), (), None)
    lines = (
        f"Aim: {mitigation_words.aim_words(found)}. {mitigation_words.before_words(found)}",
        words.plain(found.recommendation),
        mitigation_words.budget_words(found),
    )
    untried = tuple((", ".join(names), status, why) for names, status, why in mitigation_words.reasons(found))
    rows = tuple(_row(found, about, one.name) for one in mitigation_words.measured(found))
    chart = pareto(found)
    return SearchTold(about, lines, rows, untried, chart if chart is None else _renamed(chart, f"pareto-{place}"))


def _row(found: Mitigation, about: Searched, name: str) -> tuple[str, ...]:
    trial = found.trial(name)
    assert trial is not None  # noqa: S101 - it is one of the search's
    cells = dict(zip(mitigation_words.HEAD, mitigation_words.trial_row(trial), strict=True))
    told = [
        word
        for word, true in (
            ("chosen", name == about.chosen),
            ("recommended", name == found.recommended),
            ("on the front", name in found.front),
            ("asks the group", trial.needs_attribute),
        )
        if true
    ]
    sure = [str(sum(one.sure for one in changes)) for changes in (trial.worse, trial.better)]
    return name, cells["accuracy"], cells["aim"], cells["limits"], *sure, ", ".join(told)


def challenge_told(place: int, about: Compared) -> ChallengeTold:
    """Return a challenge as the page tells it; see `search_told`."""
    found = about.record
    if found is None:
        return ChallengeTold(about, about.told, (), (), ())
    summary = tuple(
        (standing, tuple(names))
        for standing, names in challenge_words.summary(found)
        if standing in {"worse", "better"}
    )
    charts = tuple(_renamed(one, f"challenge-{place}-{one.id}") for one in challenge_charts(found)[:MOST_CHARTS])
    return ChallengeTold(about, challenge_words.title(found), (challenge_words.verdict_words(found),), summary, charts)


def _renamed(chart: Chart, name: str) -> Chart:
    return replace(chart, id=name)
