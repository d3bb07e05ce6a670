"""Champion and challenger on this machine: versions found, compared, and the comparison told to the project's trail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assay.adapters.here import project_at
from assay.adapters.trail_here import open_trail
from assay.adapters.trail_here import record as record_events
from assay.errors import InputError
from assay.lifecycle.challenging import Challenged, ChallengeQuestions, challenge_rows
from assay.lifecycle.contenders import Standing, find_contender
from assay.lifecycle.keyring import DEFAULT
from assay.lifecycle.people import pseudonym
from assay.lifecycle.recording import one_recorder
from assay.lifecycle.setting import now
from assay.lifecycle.storing import keep_document
from assay.records.canonical import canonical_json
from assay.trail.events import make_event

if TYPE_CHECKING:
    from pathlib import Path

    from assay.lifecycle.project import Project

PRODUCTION = "production"
"""What a person may write in place of the champion's version."""


@dataclass(frozen=True, kw_only=True)
class ChallengeDone:
    """A comparison, and where it stands in the trail.

    Attributes:
        challenged: the comparison.
        index: index of its entry; None where nothing was recorded.
        told: what a person should know, a line each.
    """

    challenged: Challenged
    index: int | None = None
    told: tuple[str, ...] = ()


def challenge(
    champion: str,
    challenger: str | None = None,
    *,
    project: Path | str | None = None,
    key: str = DEFAULT,
    record: bool = True,
    data: tuple[str | None, str | None] = (None, None),
    champion_column: str | None = None,
    challenger_column: str | None = None,
    **asked: Any,  # noqa: ANN401 - the fields of `ChallengeQuestions`
) -> ChallengeDone:
    """Compare a new version with the one in production, on the same people.

    Args:
        champion: a version of the project, ``production``, a release folder, or a table.
        challenger: the same; by default both have their predictions in the champion's table.
        project: `assay.yaml` or its folder; by default the one the working folder belongs to, where there is one.
        key: name of the key that signs the event.
        record: whether a comparison of two versions of the project is told to its trail.
        data: tables that hold the rows of champion and challenger, where a release's have moved.
        champion_column: the champion's own column of predictions.
        challenger_column: the challenger's.
        asked: the other fields of `ChallengeQuestions`.

    Raises:
        AssayError: when something is missing or wrong.
    """
    here = _project_or_none(project)
    if champion == challenger == "-":
        raise InputError("expected two tables, found standard input twice: name a file for one of them")
    if champion == PRODUCTION:
        champion = _in_production(here)
    first = find_contender(champion, here, table=data[0])
    if challenger is None:
        if champion_column is None or challenger_column is None:
            raise InputError(
                f"expected a challenger beside {champion}, found none: name a second table or version; or, of one "
                "table, both columns of predictions with --champion and --challenger"
            )
        second = replace(first, name=challenger_column)
        first = Standing(name=champion_column, roles=first.roles)
    else:
        second = find_contender(challenger, here, table=data[1])
    rows = [replace(one, rows=_bytes(one.rows)) for one in (first, second)]
    questions = ChallengeQuestions(
        champion=champion_column, challenger=challenger_column, **_of_project(here, first, second, asked)
    )
    challenged = challenge_rows(rows[0], rows[1], questions)
    if here is None or not record or first.version is None or second.version is None:
        return ChallengeDone(challenged=challenged)
    index = _record(here, challenged, first, second, key)
    return ChallengeDone(challenged=challenged, index=index, told=(f"recorded: entry {index} of the log",))


def _bytes(rows: object) -> object:
    if rows != "-":
        return rows
    import sys  # noqa: PLC0415 - only for standard input

    content = sys.stdin.buffer.read()
    if not content:
        raise InputError("expected a CSV or Parquet table on standard input, found nothing")
    return content


def _project_or_none(path: Path | str | None) -> Project | None:
    try:
        return project_at(path)
    except InputError:
        if path is not None:
            raise
        return None


def _of_project(project: Project | None, first: Standing, second: Standing, asked: dict[str, Any]) -> dict[str, Any]:
    """Return what is asked, with what the section ``champion`` says of two versions of the project."""
    section = None if project is None else project.config.champion
    if section is None or first.version is None or second.version is None:
        return asked
    return {
        **asked,
        "identifier": asked.get("identifier") or section.identifier,
        "allow_unmatched": asked.get("allow_unmatched") or section.allow_unmatched,
    }


def _in_production(project: Project | None) -> str:
    """Return the version in production: as the trail tells it, else as `assay.yaml` says."""
    if project is None:
        raise InputError(f"{PRODUCTION}: expected a project here or above, found none: name a version or a table")
    said = project.config.production
    served = _served(project)
    if len(served) > 1:
        raise InputError(
            f"{PRODUCTION}: expected one version of {project.config.model.name} in production, found "
            f"{', '.join(served)}: name one of them"
        )
    if not served and said in {None, "none"}:
        raise InputError(
            f"{PRODUCTION}: expected a version in production, found none in the trail (deployment.finished) and "
            "none in assay.yaml (`production: VERSION`)"
        )
    return served[0] if served else str(said)


def _served(project: Project) -> list[str]:
    from assay.trail.questions import production  # noqa: PLC0415 - only when the trail is asked

    if not (project.log / "checkpoint").is_file():
        return []
    with open_trail(project) as trail:
        rows = production(trail.view(), project.config.model.name, now()).rows
    return list(dict.fromkeys(str(row["version"]) for row in rows))


def _record(project: Project, challenged: Challenged, first: Standing, second: Standing, key: str) -> int:
    """Keep the comparison beside the log, and tell the trail of it by its digest."""
    found = challenged.challenge
    digest = keep_document(project.state, canonical_json(found))
    with one_recorder(project.state):
        person = pseudonym(project.state, key)
    decided = found.decided
    fields = {
        "model": project.config.model.name,
        "version": second.version,
        "champion": first.version,
        "people": found.rows,
        "outcome": "compared" if decided is None else decided.outcome,
        "margin": None if decided is None else f"{decided.margin:f}",
        "worse": _groups(found, "worse"),
        "better": _groups(found, "better"),
        "challenge_sha256": digest,
        "by": person,
    }
    event = make_event("validation.challenge", fields, claimed_at=now())
    return record_events([event], project, key=key)[0].index


_MOST = 50


def _groups(found: Any, standing: str) -> list[str]:  # noqa: ANN401 - a challenge
    """Return the first changes of a standing, as labels: ``accuracy/race=black``."""
    told = []
    for one in found.changes:
        if one.standing == standing:
            about = one.over.attribute if one.over else ",".join(f"{name}={value}" for name, value in one.group.items())
            told.append(f"{one.metric}/{about}" if about else one.metric)
    return [label[:200] for label in told[:_MOST]]
