"""The principal reasons of a denied person: what pulled the score below the reference, the strongest first, in words.

Comment 9(b)(2)-5 of Regulation B's official interpretations describes two methods for a scored decision: the factors on
which the person fell furthest below the average of those whose total score was at or slightly above the least that
passes, or below the average of all applicants. Contributions (`assay.diagnosis.reasons.contributions`) are that
distance, in score. Features with the same words are one reason, whose contributions add up. None that is principal is
left out, a protected attribute or its stand-in neither: it is flagged, and a person has to look.
https://www.consumerfinance.gov/rules-policy/regulations/1002/interp-9/
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.diagnosis.reasons.mapping import statement_of
from assay.errors import DataError, DocumentError, Problem
from assay.records.reasons import PersonReasons, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.diagnosis.reasons.contributions import Contributions
    from assay.diagnosis.reasons.mapping import ReasonsMapping
    from assay.records.reasons import Cell

PROTECTED, STAND_IN = "protected", "stand-in"

NEGLIGIBLE = 1e-9
"""Contributions nearer to zero than this are none."""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What turns contributions into reasons.

    Attributes:
        mapping: features in words.
        name: what the user calls the mapping.
        typical: the reference's means.
        protected: the protected attributes.
        stand_ins: feature to the attribute that it is declared to stand in for, beside what the mapping says.
    """

    mapping: ReasonsMapping
    name: str
    typical: Mapping[str, Cell]
    protected: Sequence[str] = ()
    stand_ins: Mapping[str, str] = field(default_factory=dict)

    def flag(self, feature: str) -> str | None:
        """Return why a feature must not be a reason unseen; None when nothing is known against it."""
        if feature in self.protected:
            return f"{PROTECTED}:{feature}"
        attribute = self.mapping.features[feature].stands_in_for or self.stand_ins.get(feature)
        return None if attribute is None else f"{STAND_IN}:{attribute}"

    def principal(self, reasons: Sequence[Reason]) -> list[Reason]:
        """Return the reasons that are principal, of all, the strongest first."""
        most, least = self.mapping.most, self.mapping.least_share
        return [one for rank, one in enumerate(reasons[:most]) if rank == 0 or one.share >= least]


def reasons_of(
    found: Contributions, ids: Sequence[str], rows: Sequence[Mapping[str, Cell]], wording: Wording
) -> list[PersonReasons]:
    """Return the reasons of each denied person.

    Args:
        found: contributions, person by person.
        ids: of the people.
        rows: their features.
        wording: the words.

    Raises:
        DocumentError: when the mapping lacks words for what a person has to be told; all of it at once.
        DataError: when nothing pulled a denied person's score below the reference's.
    """
    lacking: Counter[tuple[str, str]] = Counter()
    people = []
    for place, (identity, row) in enumerate(zip(ids, rows, strict=True)):
        merged, missing = _worded(found.of[place], row, wording)
        lacking.update(missing)
        if not merged and not missing:
            raise DataError(
                f"{identity}: nothing pulled this score below the reference's, and yet it is denied: the reference "
                f"({wording.mapping.reference}) does not reach the threshold. Compare with those who pass: write "
                "reference: passing in the mapping"
            )
        listed = wording.principal(merged)
        people.append(
            PersonReasons(
                id=identity, score=found.scores[place], from_reference=math.fsum(found.of[place].values()),
                reasons=tuple(listed), listed_share=min(1.0, math.fsum(one.share for one in listed)),
                contributions=dict(found.of[place]), row=dict(row),
            )
        )  # fmt: skip
    if lacking:
        raise DocumentError(
            Problem(
                wording.name, 0, 0, f"$.features.{feature}.{key}",
                f"expected words for {count:,} of the denied whose {_case(key)} pulled the score down, found none",
            )
            for (feature, key), count in sorted(lacking.items())
        )  # fmt: skip
    return people


def _case(key: str) -> str:
    cases = {"missing": "missing value", "low": "low value", "high": "high value", "statement": "value"}
    return cases.get(key, f"value {key.removeprefix('values.')!r}")


def _worded(
    contributions: Mapping[str, float], row: Mapping[str, Cell], wording: Wording
) -> tuple[list[Reason], set[tuple[str, str]]]:
    """Return the reasons, the strongest first, and what principal ones lack words."""
    pulled = {name: value for name, value in contributions.items() if value < -NEGLIGIBLE}
    total = math.fsum(pulled.values())
    by_words: dict[str, list[str]] = {}
    lacking: dict[str, str] = {}
    for name in sorted(pulled, key=lambda one: (pulled[one], one)):
        words, key = statement_of(wording.mapping.features[name], row[name], wording.typical[name])
        if words is None:
            lacking[name] = key
        by_words.setdefault(words or f"\0{name}", []).append(name)
    reasons = [_reason(words, names, pulled, total, wording) for words, names in by_words.items()]
    reasons.sort(key=lambda one: (one.contribution, one.features))
    listed = {name for one in wording.principal(reasons) for name in one.features}
    return reasons, {(name, key) for name, key in lacking.items() if name in listed}


def _reason(words: str, names: Sequence[str], pulled: Mapping[str, float], total: float, wording: Wording) -> Reason:
    contribution = math.fsum(pulled[name] for name in names)
    flags = dict.fromkeys(flag for name in names if (flag := wording.flag(name)) is not None)
    return Reason(
        statement=words, features=tuple(names), contribution=contribution, share=contribution / total,
        flags=tuple(flags),
    )  # fmt: skip
