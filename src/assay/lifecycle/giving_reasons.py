"""Give reasons to the people whom a model turns down: computed and fixed now, not made up later."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING, Any

import msgspec

from assay.diagnosis.reasons.budget import Budget, TimeUpError
from assay.diagnosis.reasons.contributions import TOLERANCE, contributions, typical_values
from assay.diagnosis.reasons.favour import Favour, rows_of
from assay.diagnosis.reasons.mapping import compare_features, parse_mapping, warnings_of
from assay.diagnosis.reasons.principal import Wording, reasons_of
from assay.diagnosis.reasons.standing_in import standing_in
from assay.errors import DataError, InputError, suggest
from assay.probing.asking import written
from assay.records.canonical import canonical_json, sha256_hex
from assay.records.reasons import Advice, Disclosed, ReasonsGiven, Reference
from assay.trail.people import commit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assay.diagnosis.reasons.change import Search
    from assay.diagnosis.reasons.contributions import Contributions
    from assay.diagnosis.reasons.mapping import ReasonsMapping
    from assay.probing.scorer import Scorer, Value
    from assay.records.reasons import PersonReasons
    from assay.tabular.person_rows import PersonRows

MOST_REFERENCE = 5_000
"""Rows that are read to compare with."""

FEWEST_PASSING = 30
"""At least so many of those who passed narrowly, where there are as many: a mean of fewer says little."""

SALT_BYTES = 32
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class About:
    """The model version that decides.

    Attributes:
        system: the AI system.
        model: name of the model.
        version: version of the model.
        sha256: root digest of its files.
    """

    system: str
    model: str
    version: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be decided and explained.

    Attributes:
        table: the people; whatever `tally_rows` takes.
        identifier: the column that names them.
        compared_with: rows that hold the reference applicants.
        mapping: the bytes of ``reasons.yaml``.
        mapping_name: what the user calls it.
        features: the model's columns, in its order; those of the mapping when None.
        positive: the model's positive class.
        favourable: the outcome that is good for a person.
        threshold: probability of the positive class from which on it is decided.
        protected: the protected attributes.
        stand_ins: feature to the attribute that it is declared to stand in for.
        only: these people alone.
        recorded: a column with what was decided before; it must be what the model decides now.
        search: how the smallest change is looked for; None where it is not.
        seed: of all chance.
        budget_seconds: what it may take; None: as long as it takes. Who has no reasons by then is told.
    """

    table: Any
    identifier: str
    compared_with: Any
    mapping: bytes
    mapping_name: str = "reasons.yaml"
    features: Sequence[str] | None = None
    positive: str | int | bool = 1
    favourable: str | int | bool = 1
    threshold: float = 0.5
    protected: Sequence[str] = ()
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    only: Sequence[str] = ()
    recorded: str | None = None
    search: Search | None = None
    seed: int = 0
    budget_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Given:
    """Reasons, fixed.

    Attributes:
        record: what names nobody.
        record_bytes: its canonical JSON: what is signed and kept.
        disclosed: what opens its commitments, one a person, in the order of their identifiers.
        warnings: what should be thought about, a line each.
        left: who was denied and has no reasons here, because the time was over.
    """

    record: ReasonsGiven
    record_bytes: bytes
    disclosed: tuple[Disclosed, ...]
    warnings: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def people(self) -> tuple[PersonReasons, ...]:
        """The reasons, person by person."""
        return tuple(one.person for one in self.disclosed)


def give_reasons(
    asked: Asked, scorer: Scorer, about: About, *, at: str, tell: Callable[[float], None] | None = None
) -> Given:
    """Decide on a table of people, and fix the reasons of those who are denied.

    Args:
        asked: people, model and words.
        scorer: the model.
        about: its version.
        at: now, RFC 3339 in UTC.
        tell: told the share done, from 0 to 1.

    Raises:
        InputError: when the budget is over before anybody has reasons.
        DocumentError: for a mapping that is wrong, lacks a feature, or lacks words for what somebody has to be told.
        DataError: for rows that cannot be read or compared, and for contributions that do not sum to the score.
        ScorerError: for a model that cannot be asked.
    """
    budget = Budget(asked.budget_seconds, tell)
    try:
        return _given(asked, scorer, about, at=at, budget=budget)
    except TimeUpError:
        raise InputError(
            f"the budget of {asked.budget_seconds:g} s ended before anybody's reasons were computed: the model "
            f"({scorer.name}) is slow. Give it more time (--budget), or fewer people (--only)"
        ) from None


def _given(asked: Asked, scorer: Scorer, about: About, *, at: str, budget: Budget) -> Given:
    from assay.tabular.person_rows import people_rows, reference_rows  # noqa: PLC0415 - the engine is loaded for rows

    mapping = parse_mapping(asked.mapping, name=asked.mapping_name)
    features = tuple(asked.features if asked.features is not None else mapping.features)
    compare_features(mapping, features, name=asked.mapping_name)
    favours_positive = written(asked.favourable) == written(asked.positive)
    favour = Favour(scorer, favours_positive=favours_positive, threshold=asked.threshold, budget=budget)
    people = people_rows(asked.table, features, identifier=asked.identifier, recorded=asked.recorded)
    scores = favour(people.features)
    _require_recorded(people, scores, favour, asked)
    denied = _denied(people, scores, favour, asked.only)
    others = reference_rows(
        asked.compared_with, features, most=MOST_REFERENCE, seed=asked.seed, protected=asked.protected
    )
    asked, noted = _with_stand_ins(asked, mapping, others)
    reference = _reference(others, favour, mapping)
    found, reasoned, typical = _reasoned(people, denied, reference, favour, asked, mapping=mapping)
    told_reference = Reference(
        applicants=mapping.reference, rows=len(next(iter(reference.values()))), source=others.name,
        score=found.reference, typical=typical,
    )  # fmt: skip
    rest = {
        "system": about.system, "model": about.model, "version": about.version, "model_sha256": about.sha256,
        "answered_by": favour.name, "threshold": favour.threshold, "reference": told_reference, "most": mapping.most,
        "asked": len(asked.only) or people.count, "decided_at": at, "left": found.left,
        "budget_seconds": asked.budget_seconds,
    }  # fmt: skip
    left = tuple(people.ids[row] for row in denied[len(reasoned) :])
    told = (*warnings_of(mapping, asked.protected), *noted, *_sampled(found, reasoned, mapping.most))
    warned = (*told, *_unfinished(left, reasoned, asked))
    return _fixed(reasoned, found, asked, rest, warned=warned, left=left)


def _unfinished(left: Sequence[str], reasoned: Sequence[PersonReasons], asked: Asked) -> list[str]:
    """Say what there was no time for."""
    told = []
    ended = f"the budget of {asked.budget_seconds or 0:g} s ended"
    if left:
        more = f" and {len(left) - _SHOWN:,} more" if len(left) > _SHOWN else ""
        told.append(
            f"{ended} before {len(left):,} of {len(left) + len(reasoned):,} people who were denied had reasons: "
            f"{', '.join(left[:_SHOWN])}{more}. They have none yet: give them theirs with --only, or with more --budget"
        )
    without = sum(one.advice is not None and one.advice.status == "not-looked-for" for one in reasoned)
    if without:
        told.append(f"{ended} before a smallest change was looked for, for {without:,} of {len(reasoned):,} people")
    return told


def _reasoned(
    people: PersonRows, denied: Sequence[int], reference: dict[str, list[Value]], favour: Favour, asked: Asked, *,
    mapping: ReasonsMapping,
) -> tuple[Contributions, list[PersonReasons], dict[str, Value]]:  # fmt: skip
    """Return the contributions of the denied, their reasons, and the reference's means."""
    rows = rows_of(people.features, denied)
    whole = favour.budget
    favour.budget = whole.part(0.0, 1.0 if asked.search is None else 0.5)
    found = contributions(favour, rows, reference, seed=asked.seed)
    favour.budget = whole.part(0.5, 1.0)
    if denied and not found.of:
        raise TimeUpError
    denied = denied[: len(found.of)]
    rows = rows_of(people.features, denied)
    typical = typical_values(reference)
    wording = Wording(
        mapping=mapping, name=asked.mapping_name, typical=typical, protected=asked.protected, stand_ins=asked.stand_ins
    )
    each = [dict(zip(rows, cells, strict=True)) for cells in zip(*rows.values(), strict=True)]
    reasoned = reasons_of(found, [people.ids[row] for row in denied], each, wording)
    if asked.search is not None:
        reasoned = _advised(reasoned, asked, favour, mapping, reference, additive=found.method == "additive")
    return found, reasoned, typical


def _with_stand_ins(asked: Asked, mapping: ReasonsMapping, others: PersonRows) -> tuple[Asked, list[str]]:
    """Add the features that are measured to stand in for a protected attribute, say which, and what is not known."""
    noted = [
        f"{others.name} has no column {name}: which features stand in for it was not measured"
        for name in asked.protected
        if name not in others.groups
    ]
    found = standing_in(others.features, others.groups)
    measured = {name: one for name, one in found.items() if one[2] >= mapping.stand_in_from}
    measured = {name: one for name, one in measured.items() if name not in {*asked.protected, *asked.stand_ins}}
    noted += [
        f"features.{name}: tells {attribute} {group} from all others {area * 100:.0f} times in 100 (a coin: 50), so "
        "it stands in for it; each reason that rests on it is flagged"
        for name, (attribute, group, area) in measured.items()
    ]
    stand_ins = {**asked.stand_ins, **{name: one[0] for name, one in measured.items()}}
    return replace(asked, stand_ins=stand_ins), noted


def _denied(people: PersonRows, scores: Sequence[float], favour: Favour, only: Sequence[str]) -> list[int]:
    if only:
        unknown = [f"{one!r}{suggest(one, people.ids)}" for one in only if one not in people.ids]
        if unknown:
            raise DataError(f"{people.name}: nobody is called {', '.join(unknown)}")
    wanted = set(only)
    return [
        row
        for row, (identity, score) in enumerate(zip(people.ids, scores, strict=True))
        if not favour.approves(score) and (not only or identity in wanted)
    ]


def _require_recorded(people: PersonRows, scores: Sequence[float], favour: Favour, asked: Asked) -> None:
    """Refuse to explain decisions that the model does not take now: its reasons would be of another decision."""
    if not asked.recorded:
        return
    yes = written(asked.favourable)
    otherwise = [
        identity
        for identity, recorded, score in zip(people.ids, people.recorded, scores, strict=True)
        if recorded is None or (written(recorded) == yes) != favour.approves(score)
    ]
    if otherwise:
        more = f" and {len(otherwise) - _SHOWN:,} more" if len(otherwise) > _SHOWN else ""
        raise DataError(
            f"{people.name}: expected the decisions that the model takes now, found {asked.recorded!r} otherwise for "
            f"{len(otherwise):,} of {people.count:,}: {', '.join(otherwise[:_SHOWN])}{more}. Reasons are those of a "
            "decision when it is taken; of another model's decision they would be invented"
        )


def _reference(others: PersonRows, favour: Favour, mapping: ReasonsMapping) -> dict[str, list[Value]]:
    """Return the rows that the denied are compared with."""
    if mapping.reference == "all":
        return {name: list(values) for name, values in others.features.items()}
    scores = favour(others.features)
    passed = sorted((row for row, one in enumerate(scores) if favour.approves(one)), key=lambda row: (scores[row], row))
    if not passed:
        raise DataError(
            f"{others.name}: the model approves none of {others.count:,} rows, so nobody is there to compare with. Is "
            f"the threshold ({favour.threshold:g} of the favourable outcome) right, and is it this outcome's model?"
        )
    if mapping.reference == "passing":
        passed = passed[: max(FEWEST_PASSING, ceil(mapping.passing_share * len(passed)))]
    return rows_of(others.features, passed)


def _advised(
    people: Sequence[PersonReasons], asked: Asked, favour: Favour, mapping: ReasonsMapping,
    reference: Mapping[str, Sequence[Value]], *, additive: bool,
) -> list[PersonReasons]:  # fmt: skip
    from assay.diagnosis.reasons.change import Wanted, smallest_change  # noqa: PLC0415 - only where it is asked for

    assert asked.search is not None  # noqa: S101 - asked by the caller
    fixed = {*asked.protected, *asked.stand_ins}
    wanted = Wanted(favour=favour, mapping=mapping, reference=reference, fixed=frozenset(fixed), additive=additive)
    found = []
    for at, one in enumerate(people):
        try:
            favour.budget.require()
            advice = smallest_change(one.row, wanted, asked.search, seed=asked.seed)
        except TimeUpError:
            told = "There was no time to look for a change; that does not show there is none."
            advice = Advice(status="not-looked-for", told=told, engine=asked.search.engine)
        found.append(msgspec.structs.replace(one, advice=advice))
        favour.budget.tell((at + 1) / len(people))
    return found


def _fixed(
    people: Sequence[PersonReasons],
    found: Contributions,
    asked: Asked,
    rest: dict[str, Any],
    *,
    warned: tuple[str, ...],
    left: tuple[str, ...],
) -> Given:
    """Commit to each person's reasons under a salt of their own, and write down what they were fixed with."""
    batch = f"r{secrets.token_hex(8)}"
    disclosed, commitments = [], []
    for person in people:
        salt = secrets.token_bytes(SALT_BYTES)
        opened = commit("reasons", canonical_json(person).decode(), salt)
        disclosed.append(Disclosed(batch=batch, salt=opened.salt, person=person))
        commitments.append(opened.commitment)
    record = ReasonsGiven(
        **rest, batch=batch, mapping_sha256=sha256_hex(asked.mapping), favourable=written(asked.favourable),
        scale=found.scale, method=found.method, engine=found.engine, off_by=found.off_by, tolerance=TOLERANCE,
        seed=asked.seed, approved=rest["asked"] - len(people) - len(left), denied=len(people),
        flagged=sum(any(reason.flags for reason in one.reasons) for one in people),
        commitments=tuple(sorted(commitments)),
    )  # fmt: skip
    return Given(
        record=record, record_bytes=canonical_json(record), disclosed=tuple(disclosed), warnings=warned, left=left
    )


def _sampled(found: Contributions, people: Sequence[PersonReasons], most: int) -> list[str]:
    """Say for how many the last reason that is listed and the first that is not cannot be told apart."""
    close: Counter[bool] = Counter()
    for person, unsure in zip(people, found.unsure, strict=True):
        pulled = sorted(value for value in person.contributions.values() if value < 0)
        close[len(pulled) > most and pulled[most] - pulled[most - 1] < unsure] += 1
    if not close[True]:
        return []
    told = f"for {close[True]:,} of {len(people):,} people the last reason listed and the next one lie nearer together"
    return [f"{told} than {found.engine} can tell; list more of them, or ask for reasons with another seed"]
