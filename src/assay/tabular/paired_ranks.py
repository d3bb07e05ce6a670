"""Two scores of the same people in, sums over midranks out: what the areas under both curves and their covariance need.

A person's score is held against those of the other class, by counting them value by value: no person is compared with
another one by one, and nothing is sorted twice.
"""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from assay.records.paired import PairedRanks
from assay.tabular.classes import positive_sql
from assay.tabular.sql import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assay.records.tally import GroupValue
    from assay.tabular.engine import Session
    from assay.tabular.statement import Plan
    from assay.tabular.values import Raw

_RANKED, _CODES = "ranked_rows", "group_codes"

_SUMS = ("u0", "u1", "u0 * u0", "u0 * u1", "u1 * u1")


@dataclass(frozen=True, slots=True)
class RankQuestions:
    """What is ranked.

    Attributes:
        plan: the joined rows, with a label and protected attributes.
        scores: names of the champion's and the challenger's score columns.
        raws: every combination of raw group values that occurs.
        read: reads one as group values.
        intersections: combinations of attributes that are ranked, too.
    """

    plan: Plan
    scores: tuple[str, str]
    raws: Sequence[tuple[Raw, ...]]
    read: Callable[[tuple[Raw, ...]], tuple[GroupValue, ...]]
    intersections: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True)
class CountedRanks:
    """The sums of each group, and how many labelled people have a score that cannot be used."""

    groups: tuple[PairedRanks, ...]
    unusable: int


def count_ranks(engine: Session, relation: str, asked: RankQuestions) -> CountedRanks:
    """Sum midranks of everybody, of each attribute's groups, and of each intersection's.

    Args:
        engine: the session.
        relation: the joined rows.
        asked: what is ranked.
    """
    name = asked.plan.opened.name
    attributes = asked.plan.roles.protected
    sets = [(), *((one,) for one in attributes), *(tuple(names) for names in asked.intersections if len(names) > 1)]
    sets = list(dict.fromkeys(sets))
    numbered = [_numbered(names, asked) for names in sets]
    _write_codes(engine, asked, [codes for codes, _ in numbered])
    _write_ranked(engine, relation, asked, len(sets))
    unusable = engine.rows(f"SELECT count(*) FROM {_RANKED} WHERE NOT usable", name=name)[0][0]
    found: list[PairedRanks] = []
    for at, (names, (_, groups)) in enumerate(zip(sets, numbered, strict=True)):
        sums = {row[0]: row for row in engine.rows(_sums_sql(at), name=name)}
        for code, values in enumerate(groups):
            if code in sums:
                found.append(_ranks(dict(zip(names, values, strict=True)), sums[code]))
    return CountedRanks(tuple(found), unusable)


def _numbered(names: Sequence[str], asked: RankQuestions) -> tuple[list[int], list[tuple[GroupValue, ...]]]:
    """Return the number of each raw combination's group, and the groups by number."""
    places = [asked.plan.roles.protected.index(name) for name in names]
    groups: dict[tuple[GroupValue, ...], int] = {}
    codes = []
    for raw in asked.raws:
        values = asked.read(raw)
        codes.append(groups.setdefault(tuple(values[place] for place in places), len(groups)))
    return codes, list(groups)


def _write_codes(engine: Session, asked: RankQuestions, codes: Sequence[Sequence[int]]) -> None:
    """Write which raw combination belongs to which group of which set of attributes."""
    keys = [*(f"r{at}" for at, _ in enumerate(asked.plan.roles.protected)), *(f"k{at}" for at, _ in enumerate(codes))]
    lines = [
        f"({', '.join([*map(_literal, raw), *(str(one[at]) for one in codes)])})" for at, raw in enumerate(asked.raws)
    ]
    engine.rows(
        f"CREATE TEMP TABLE {_CODES} AS SELECT * FROM (VALUES {', '.join(lines)}) AS v({', '.join(keys)})",
        name=asked.plan.opened.name,
    )


def _literal(raw: Raw) -> str:
    if raw is None:
        return "NULL"
    return str(raw) if isinstance(raw, Decimal) else literal(raw)


def _write_ranked(engine: Session, relation: str, asked: RankQuestions, sets: int) -> None:
    """Write a row a labelled person: group numbers, label as 0 or 1, and both scores."""
    plan = asked.plan
    label = plan.roles.label or ""
    kind = plan.kinds[label]
    positive = positive_sql(plan.roles, "text" if kind == "written" else kind)
    columns = [f"{plan.value(column)} AS r{at}" for at, column in enumerate(plan.roles.protected)]
    columns += [
        f"{plan.value(label)} AS label",
        *(f"{identifier(one)} AS s{at}" for at, one in enumerate(asked.scores)),
    ]
    same = " AND ".join(f"p.r{at} IS NOT DISTINCT FROM g.r{at}" for at, _ in enumerate(plan.roles.protected)) or "TRUE"
    keys = ", ".join(f"k{at}" for at in range(sets))
    usable = "coalesce(isfinite(s0), FALSE) AND coalesce(isfinite(s1), FALSE)"
    engine.rows(
        f"CREATE TEMP TABLE {_RANKED} AS SELECT {keys}, s0, s1, {usable} AS usable, "
        f"CASE WHEN {positive} THEN 1 ELSE 0 END AS y "
        f"FROM (SELECT {', '.join(columns)} FROM {relation}) AS p JOIN {_CODES} AS g ON {same} WHERE label IS NOT NULL",
        name=plan.opened.name,
    )


def _sums_sql(at: int) -> str:
    """Return SQL of the sums of one set of attributes: a row a group and label."""
    tables = ", ".join(
        f"c{s} AS (SELECT k{at} AS k, s{s} AS s, "
        f"2 * sum(sum(1 - y)) OVER below - sum(1 - y) AS under, "
        f"2 * sum(sum(y)) OVER above - sum(y) AS over "
        f"FROM {_RANKED} WHERE usable GROUP BY k{at}, s{s} "
        f"WINDOW below AS (PARTITION BY k{at} ORDER BY s{s}), above AS (PARTITION BY k{at} ORDER BY s{s} DESC))"
        for s in (0, 1)
    )
    ranked = (
        "SELECT k, y, (CASE y WHEN 1 THEN a.under ELSE a.over END)::HUGEINT AS u0, "
        "(CASE y WHEN 1 THEN b.under ELSE b.over END)::HUGEINT AS u1 "
        f"FROM (SELECT k{at} AS k, y, s0, s1 FROM {_RANKED} WHERE usable) AS p "
        "JOIN c0 AS a USING (k) JOIN c1 AS b USING (k) WHERE a.s = p.s0 AND b.s = p.s1"
    )
    parts = ["count(*) FILTER (y = 1)", "count(*) FILTER (y = 0)"]
    parts += [f"coalesce(sum({term}) FILTER (y = {label}), 0)::HUGEINT" for label in (1, 0) for term in _SUMS]
    return f"WITH {tables} SELECT k, {', '.join(parts)} FROM ({ranked}) GROUP BY k ORDER BY k"


def _ranks(group: dict[str, Any], row: tuple[Any, ...]) -> PairedRanks:
    _, positives, negatives, *sums = row
    whole = [int(one) for one in sums]
    return PairedRanks(
        group=group, positives=positives, negatives=negatives, beaten=(whole[0], whole[1]),
        positive_squares=(whole[2], whole[3], whole[4]), negative_squares=(whole[7], whole[8], whole[9]),
    )  # fmt: skip
