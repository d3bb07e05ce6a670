"""What has happened about a version beside its decision, as the trail tells it: for the release's report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.errors import AssayError
from assay.records.canonical import parse_record
from assay.records.challenge import Challenge
from assay.records.mitigation import Mitigation
from assay.reports.since import Compared, Mending, Reasoned, Searched, Since
from assay.trail.answers import entries_words
from assay.trail.remediation_telling import next_words, status_words
from assay.trail.remediations import release_remediations

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.trail.remediations import Remediation
    from assay.trail.view import Fact, View


def since_of(view: View, name: str, version: str) -> Since:
    """Return what the trail tells of a version: remediations, searches, reasons given, challenges.

    Args:
        view: the trail.
        name: the model's name.
        version: its version.
    """
    searches = [one for one in view.facts("mitigation.searched") if one.said.model == name]
    mine = [one for one in searches if version in {one.said.version, one.said.new_version}]
    before = {one.said.version for one in searches if one.said.new_version == version}
    challenges = [
        one
        for one in view.facts("validation.challenge")
        if one.said.model == name and version in {one.said.version, one.said.champion}
    ]
    return Since(
        size=view.size,
        mendings=tuple(
            _mending(view, one)
            for one in release_remediations(view)
            if one.opened.said.model == name and one.opened.said.version in {version, *before}
        ),
        searches=tuple(
            _searched(view, *ones)
            for ones in _of_each(mine, lambda said: (said.version, said.search, said.new_version))
        ),
        reasons=tuple(
            _reasoned(view, one)
            for one in view.facts("reasons.given")
            if (one.said.model, one.said.version) == (name, version)
        ),
        challenges=tuple(
            _compared(view, *ones) for ones in _of_each(challenges, lambda said: (said.version, said.champion))
        ),
    )


def _of_each(facts: list[Fact], same: Callable[[Any], object]) -> list[list[Fact]]:
    """Return the events that are about the same together, in the log's order."""
    found: dict[object, list[Fact]] = {}
    for one in facts:
        found.setdefault(same(one.said), []).append(one)
    return list(found.values())


def _place(view: View, *facts: Fact) -> str:
    return entries_words(view.shards, tuple(one.index for one in facts))


def _last_place(view: View, *facts: Fact) -> str:
    """Return where the last of several stands, which is the one that is told, and where the others do."""
    before = f"; earlier ones: {_place(view, *facts[:-1])}" if len(facts) > 1 else ""
    return _place(view, facts[-1]) + before


def _mending(view: View, about: Remediation) -> Mending:
    said = about.opened.said
    return Mending(
        name=about.name, finding=said.finding, version=said.version, status=about.status,
        owner=view.person(about.owner, about.assigned or about.opened), due=about.due, told=status_words(view, about),
        next=next_words(view, about), entries=_place(view, *about.facts()),
    )  # fmt: skip


def _searched(view: View, *facts: Fact) -> Searched:
    fact = facts[-1]
    said = fact.said
    told = (
        f"{said.candidates:,} candidates against {said.metric}; {said.measured:,} measured, {said.holding:,} of them "
        f"keep every limit that rows can tell of; recommended: {said.recommended or 'none'}. The search's record is "
        "not beside the log any more."
    )
    return Searched(
        record=_record(view, said.record_sha256, Mitigation), version=said.version, chosen=said.chosen,
        new_version=said.new_version, told=told, entry=_last_place(view, *facts),
    )  # fmt: skip


def _reasoned(view: View, fact: Fact) -> Reasoned:
    said = fact.said
    flagged = f"; {said.flagged:,} of them rest on what is, or stands in for, a protected attribute" * bool(
        said.flagged
    )
    told = (
        f"Batch {said.batch}: {said.asked:,} people decided on, {said.denied:,} turned down and given reasons (method "
        f"{said.method}, compared with {said.reference}){flagged}."
    )
    return Reasoned(batch=said.batch, told=told, at=view.when(fact), entry=_place(view, fact))


def _compared(view: View, *facts: Fact) -> Compared:
    fact = facts[-1]
    said = fact.said
    told = (
        f"Version {said.version} against version {said.champion}, on {said.people:,} people: {said.outcome}. Signed by "
        f"{', '.join(view.signers(fact.read))}."
    )
    return Compared(record=_record(view, said.challenge_sha256, Challenge), told=told, entry=_last_place(view, *facts))


def _record(view: View, sha256: str, kind: type[Any]) -> Any:  # noqa: ANN401 - a record of that kind
    """Return a record beside the log; None where it is gone, or was written by a version with another form."""
    content = view.documents.get(sha256)
    try:
        return None if content is None else parse_record(content, kind, name=f"{sha256[:16]}...")
    except AssayError:
        return None  # told by its event alone, which says that the record is not at hand
