"""Champion and challenger: a new version against the one in production, on the same people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from assay.errors import EXIT_ALLOW, EXIT_DENY, EXIT_UNDECIDED, InputError
from assay.lifecycle.contenders import Standing, find_contender
from assay.metrics.paired import SMALLEST, changes, measure_changes
from assay.metrics.paired_margin import decide_margin
from assay.records.challenge import Challenge, Contender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.lifecycle.project import Project
    from assay.metrics.paired_margin import SmallGroups
    from assay.policy import Plan
    from assay.records.measurement import Measurement
    from assay.records.paired import PairedCounts

_EXITS = {"better-or-equal": EXIT_ALLOW, "worse": EXIT_DENY, "undecided": EXIT_UNDECIDED}


@dataclass(frozen=True, kw_only=True)
class ChallengeQuestions:
    """What a person may say beyond whom they compare; what they leave out, a release says.

    Attributes:
        identifier: the column that names a person.
        label: column of the true outcome.
        prediction: column of predictions, on both sides.
        score: column of scores, on both sides.
        champion: the champion's own column of predictions.
        challenger: the challenger's.
        champion_score: the champion's own column of scores.
        challenger_score: the challenger's.
        protected: columns by which groups are compared.
        intersections: True for every combination of two attributes; or those that are named.
        positive: the class that rates count.
        favourable: the class that is good for the person.
        allow_unmatched: whether people whom only one version decided may be left out.
        level: two-sided confidence.
        margin: how much worse the challenger may be; None decides nothing.
        metrics: what the margin holds for.
        minimum_group: smaller groups are too few to tell.
        small_groups: what they do to the margin's decision.
    """

    identifier: str | None = None
    label: str | None = None
    prediction: str | None = None
    score: str | None = None
    champion: str | None = None
    challenger: str | None = None
    champion_score: str | None = None
    challenger_score: str | None = None
    protected: tuple[str, ...] = ()
    intersections: bool | Sequence[Sequence[str]] = False
    positive: str | int | bool | None = None
    favourable: str | int | bool | None = None
    allow_unmatched: bool = False
    level: float = 0.95
    margin: float | None = None
    metrics: tuple[str, ...] = ()
    minimum_group: int = 30
    small_groups: SmallGroups = "unknown"


@dataclass(frozen=True)
class Challenged:
    """A comparison of two versions on the same people, and the counts behind it."""

    challenge: Challenge
    counts: PairedCounts

    @property
    def exit_code(self) -> int:
        """0 better or equal within the margin, 1 worse, 3 undecided; 0 without a margin."""
        decided = self.challenge.decided
        return EXIT_ALLOW if decided is None else _EXITS[decided.outcome]

    def to_json(self) -> str:
        """Return the record ``assay.challenge/v1``."""
        return msgspec.json.format(msgspec.json.encode(self.challenge), indent=1).decode()


def challenge_rows(champion: Standing, challenger: Standing, asked: ChallengeQuestions) -> Challenged:
    """Compare two versions on the same people.

    Args:
        champion: the version in production; without rows of its own, its predictions are in the challenger's table.
        challenger: the new version.
        asked: columns, groups, level and margin.

    Raises:
        DataError: when a table cannot be read, or its people are not the other's.
        InputError: when it is not known which columns are meant.
    """
    from assay.tabular.pairing import PairQuestions, Side, pair_rows  # noqa: PLC0415 - the engine, when rows are read

    meant = _meant(champion, challenger, asked)
    old = _column(asked.champion or asked.prediction or champion.roles.prediction, "champion")
    new = _column(asked.challenger or asked.prediction or challenger.roles.prediction, "challenger")
    own = None if champion.rows is None else asked.score or champion.roles.score  # one table: not the challenger's
    scores = asked.champion_score or own, asked.challenger_score or asked.score or challenger.roles.score
    counts = pair_rows(
        Side(rows=None if _same_rows(champion, challenger) else champion.rows, prediction=old, score=scores[0],
             name="champion"),
        Side(rows=challenger.rows, prediction=new, score=scores[1], name="challenger"),
        PairQuestions(
            label=meant.label, protected=meant.protected, intersections=_combined(meant.protected, asked.intersections),
            positive=meant.positive, favourable=meant.favourable, identifier=asked.identifier,
            allow_unmatched=asked.allow_unmatched,
        ),
    )  # fmt: skip
    contenders = [
        Contender(name=one.name, version=one.version, prediction=column, score=score, files=counts.files[role])
        for one, column, score, role in zip(
            (champion, challenger), (old, new), scores, ("champion", "challenger"), strict=True
        )
    ]
    remarks = _remarks(counts, contenders, meant.weight)
    return Challenged(challenge_of(counts, contenders[0], contenders[1], asked, remarks), counts)


def challenge_of(
    counts: PairedCounts, champion: Contender, challenger: Contender, asked: ChallengeQuestions, remarks: Sequence[str]
) -> Challenge:
    """Return what paired counts come to; pure, and the same counts give the same record."""
    smallest = SMALLEST if asked.margin is None else asked.margin
    found, families = changes(counts, level=asked.level, smallest=smallest, minimum_groups=(asked.minimum_group,))
    decided = None
    if asked.margin is not None:
        decided = decide_margin(
            found, asked.margin, asked.metrics, minimum_group=asked.minimum_group, small_groups=asked.small_groups
        )
    return Challenge(
        champion=champion, challenger=challenger, rows=counts.rows, joined=counts.joined,
        favourable_is_positive=counts.favourable_is_positive, level=asked.level, smallest=smallest,
        minimum_group=asked.minimum_group, families=families, changes=found, decided=decided, gaps=counts.gaps,
        remarks=tuple(remarks),
    )  # fmt: skip


def _same_rows(champion: Standing, challenger: Standing) -> bool:
    return champion.rows is None or (champion.sha256 is not None and champion.sha256 == challenger.sha256)


def _column(name: str | None, who: str) -> str:
    if name is None:
        raise InputError(
            f"expected the {who}'s column of predictions, found none: name it with --prediction (both), or --{who}"
        )
    return name


def _meant(champion: Standing, challenger: Standing, asked: ChallengeQuestions) -> Any:  # noqa: ANN401 - roles
    """Return what columns mean: as the person says, else as the challenger's release says, else the champion's."""
    roles = challenger.roles if challenger.roles.prediction is not None else champion.roles
    given = {
        "label": asked.label, "protected": asked.protected, "positive": asked.positive, "favourable": asked.favourable,
    }  # fmt: skip
    if roles.task != "binary":
        raise InputError(
            f"decisions are compared pair by pair where they are yes or no: expected a binary task, found {roles.task}"
        )
    return msgspec.structs.replace(roles, **{key: value for key, value in given.items() if value not in {None, ()}})


def _combined(protected: tuple[str, ...], asked: bool | Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    if isinstance(asked, bool):
        pairs = [(a, b) for at, a in enumerate(protected) for b in protected[at + 1 :]]
        return tuple(pairs) if asked else ()
    return tuple(tuple(names) for names in asked if len(names) > 1 and set(names) <= set(protected))


def _remarks(counts: PairedCounts, contenders: Sequence[Contender], weight: str | None) -> list[str]:
    joined, told = counts.joined, []
    if joined.champion_only or joined.challenger_only:
        told.append(
            f"{joined.champion_only:,} people whom only the champion decided and {joined.challenger_only:,} whom only "
            "the challenger decided are left out: what is said here is not about them"
        )
    if not counts.labelled:
        told.append("there are no labels: only who is selected is compared, not whether rightly")
    if (contenders[0].score is None) != (contenders[1].score is None):
        lacks = contenders[0 if contenders[0].score is None else 1].name
        told.append(f"{lacks} has no scores: areas under the ROC curve are not compared")
    if counts.unranked:
        told.append(f"{counts.unranked:,} people with a label have a score that is missing or no finite number")
    if weight is not None:
        told.append(f"weights ({weight}) are not used: each person counts once")
    if not counts.attributes:
        told.append("no protected attribute was named: it is not seen for whom the challenger is better or worse")
    return told


def measure_champion(project: Project, wanted: Plan) -> tuple[tuple[Measurement, ...], dict[str, Any]]:
    """Compare a release with the version in production, as the section ``champion`` of `assay.yaml` says.

    Args:
        project: whose working folder is that of the process.
        wanted: what the policy needs measured.

    Returns:
        The changes as measurements, and the fact ``challenge``; nothing without the section, or where `production`
        names no version.

    Raises:
        InputError: when the champion's rows are gone.
        DataError: when its people are not those that are measured.
    """
    section, config = project.config.champion, project.config
    if section is None or config.production is None or config.production == "none":
        return (), {}
    dataset = config.datasets[config.measured_on]
    if dataset.query is not None:
        raise InputError("champion: expected the measured rows in a file, found a query on a database")
    name = config.model.name
    challenger = Standing(name=name, version=config.model.version, rows=dataset.path, roles=project.roles())
    if section.path is not None:
        champion = Standing(name=name, version=config.production, rows=section.path, roles=project.roles())
    elif section.identifier is None:
        champion = Standing(name=name, version=config.production, roles=project.roles())
    else:
        champion = find_contender(config.production, project)
        if isinstance(champion.rows, str) and Path(champion.rows).is_relative_to(project.root):
            shown = Path(champion.rows).relative_to(project.root).as_posix()  # on record: no machine's path
            champion = Standing(name=name, version=config.production, rows=shown, roles=champion.roles)
    asked = ChallengeQuestions(
        identifier=section.identifier, champion=section.prediction, champion_score=section.score,
        challenger=config.columns.prediction, challenger_score=config.columns.score, intersections=wanted.intersections,
        allow_unmatched=section.allow_unmatched, level=wanted.level, minimum_group=min(wanted.minimum_groups),
    )  # fmt: skip
    found = challenge_rows(champion, challenger, asked)
    every, _ = changes(found.counts, level=wanted.level, minimum_groups=wanted.minimum_groups)
    measured = measure_changes(msgspec.structs.replace(found.challenge, changes=every))
    return measured, {"challenge": msgspec.to_builtins(found.challenge)}
