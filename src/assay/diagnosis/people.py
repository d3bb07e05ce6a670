"""The rows as people of two sides: label, decision, score and features of each, in one table of the engine.

Of a side with many rows a part is taken, evenly through the file; rows with weights are taken in proportion to them
(systematic sampling: Madow 1949, Annals of Mathematical Statistics 20:333-354), a row of much weight more than once.
What was taken is said.
"""

# ruff: noqa: S608 - every name and value in this SQL has passed assay.tabular.sql

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.errors import DataError, suggest
from assay.tabular.sql import identifier, literal
from assay.tabular.typed import EMPTY, Typed, family

if TYPE_CHECKING:
    from assay.diagnosis.sides import Key, Sides
    from assay.records.tally import Roles
    from assay.tabular.engine import Session

MOST_ROWS = 60_000
"""Rows taken of each side; a share of 50 % is then known to 0.4 points."""

MOST_FEATURES = 30
"""Features looked at closely; of more those that tell most of the score, the label or the group are taken."""

AT_ONCE = 100
"""Columns that are looked at in one pass."""

FAR = 5.3
"""Log odds beyond which a probability is as good as sure (0.5 % or 99.5 %): scores are drawn in to it."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A column that the model decides by.

    Attributes:
        name: its name.
        column: its name in the table of people: ``f0``, ``f1``, ...
        number: whether its values have an order; categories have none.
    """

    name: str
    column: str
    number: bool


@dataclass(frozen=True, slots=True)
class People:
    """The table ``people``, with the columns rid, h (0 or 1: half), g (1: focus), y, d, s, t, f0, f1, ...

    Attributes:
        session: the engine.
        name: what messages call the rows.
        features: those that can be looked at.
        odds: whether ``t`` is the score's log odds; else it is the score in standard deviations.
        has_score: whether there is a score at all; else ``t`` is the decision.
        rows: rows of focus and reference in the table.
        taken: which part of the rows was taken, in words; empty when all were.
        left_out: features that cannot be looked at, and why.
        attribute_used: whether an attribute that is compared is itself among the features.
    """

    session: Session
    name: str
    features: tuple[Feature, ...]
    odds: bool
    has_score: bool
    rows: tuple[int, int]
    taken: str
    left_out: tuple[str, ...]
    attribute_used: bool

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement."""
        return self.session.rows(sql, name=self.name)

    def value(self, sql: str) -> Any:  # noqa: ANN401 - whatever the statement selects
        """Run a statement and return the one value it selects."""
        return self.ask(sql)[0][0]


def yes_or_no(typed: Typed, column: str, positive: object) -> str:
    """Return SQL: 1 for the positive class, 0 for another, NULL for none."""
    value = typed.value(column)
    written = f"lower(trim(CAST({value} AS VARCHAR)))"
    wanted = str(positive).strip().lower()
    if positive is None or wanted in {"1", "1.0", "true"}:
        found = "('1', '1.0', 'true')"
    elif wanted in {"0", "0.0", "false"}:
        found = "('0', '0.0', 'false')"
    else:
        found = f"({literal(wanted)})"
    return f"CASE WHEN {value} IS NULL THEN NULL WHEN {written} IN {found} THEN 1 ELSE 0 END"


def side_of(typed: Typed, sides: Sides) -> str:
    """Return SQL: 1 for the focus, 0 for the reference, NULL for others."""
    keys = [f"regexp_replace(lower({typed.written(one)}), '\\.0+$', '')" for one in sides.attributes]

    def among(groups: tuple[Key, ...]) -> str:
        listed = (", ".join(literal(str(value).strip().lower()) for value in group) for group in groups)
        return f"({', '.join(keys)}) IN ({', '.join(f'({one})' for one in listed)})"

    return f"CASE WHEN {among(sides.focus)} THEN 1 WHEN {among(sides.reference)} THEN 0 END"


def require_features(typed: Typed, roles: Roles, features: tuple[str, ...]) -> None:
    """Refuse features that are no columns, or that are the label, the prediction or the score.

    Raises:
        DataError: with all of them at once.
    """
    taken = {roles.label: "label", roles.prediction: "prediction", roles.score: "score", roles.weight: "weight"}
    problems = [
        f"no column {name!r} (feature){suggest(name, typed.types)}"
        if name not in typed.types
        else f"the feature {name!r} is the {taken[name]}, which no model decides by"
        for name in features
        if name not in typed.types or name in taken
    ]
    if problems:
        shown = "; ".join(problems[:10]) + (f"; and {len(problems) - 10} more" if len(problems) > 10 else "")  # noqa: PLR2004 - what fits a message
        raise DataError(f"{typed.name}: {shown}. Correct --features")


def readable(typed: Typed, names: tuple[str, ...], attributes: tuple[str, ...]) -> tuple[list[Feature], list[str]]:
    """Return the features that can be looked at, and why the others cannot."""
    kept: list[Feature] = []
    told: list[str] = []
    for name in names:
        kind = family(typed.types[name])
        if name in attributes:
            continue
        if typed.types[name] == EMPTY:
            told.append(f"{name}: no row has a value in it")
        elif kind == "other":
            told.append(f"{name}: its type {typed.types[name]} holds no single values")
        else:
            kept.append(Feature(name, f"f{len(kept)}", kind != "category"))
    return kept, told


def column_of(typed: Typed, feature: Feature) -> str:
    """Return SQL of a feature's values: numbers as they are, times as seconds, truth as 0 or 1, texts trimmed."""
    plain, kind = typed.plain(feature.name), family(typed.types[feature.name])
    if kind == "time":
        return f"CAST(epoch({plain}) AS DOUBLE)"
    if kind == "truth":
        return f"CAST(CAST({plain} AS INTEGER) AS DOUBLE)"
    if kind == "number":  # written once more than `plain` would: of thousands of columns each word counts
        number = f"CAST({identifier(feature.name)} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {number} END"
    return f"nullif(trim({plain}), '')"


def gather(
    session: Session,
    typed: Typed,
    roles: Roles,
    sides: Sides,
    names: tuple[str, ...],
    *,
    for_a_weight: float | None = None,
) -> People:
    """Make the table ``people``.

    Args:
        session: the engine.
        typed: the rows.
        roles: which column means what.
        sides: who stands against whom.
        names: the features.
        for_a_weight: how many people a unit of weight stands for (`effective`); None where rows have no weights.

    Raises:
        DataError: when a feature is no column.
    """
    require_features(typed, roles, names)
    features, left_out = readable(typed, names, sides.attributes)
    features, unseen = _telling_most(session, typed, roles, sides, features)
    left_out += unseen
    counted = _everybody(session, typed, roles, sides, features)
    if for_a_weight is not None:
        counted = _by_weight(session, typed, for_a_weight)
    every = {side: max(1, -(-rows // MOST_ROWS)) for side, rows in counted.items()}
    low, high, mean, spread = session.rows(
        "SELECT min(s), max(s), avg(s), stddev_pop(s) FROM everybody WHERE g IS NOT NULL", name=typed.name
    )[0]
    has_score = low is not None and low < high
    odds = has_score and low >= 0 and high <= 1
    taken = f"place % CASE WHEN g = 1 THEN {every.get(1, 1)} ELSE {every.get(0, 1)} END = 0"
    scale = _scale(odds=odds, has_score=has_score, mean=mean or 0.0, spread=spread or 1.0)
    session.rows(
        "CREATE TEMP TABLE people AS SELECT * EXCLUDE (rid, place), rid, CAST(hash(rid) % 2 AS TINYINT) AS h, "
        f"{scale} AS t FROM everybody WHERE g IS NOT NULL AND {taken} ORDER BY place",
        name=typed.name,
    )
    session.rows("DROP TABLE everybody", name=typed.name)
    kept = {side: rows // every[side] for side, rows in counted.items()}
    part = [
        f"every {every[side]}th row of {sides.named(bool(side))} ({kept[side]:,} of {counted[side]:,})"
        for side in sorted(counted, reverse=True)
        if every[side] > 1
    ]
    if for_a_weight is not None:
        drawn = f"{kept.get(1, 0) + kept.get(0, 0):,} people, drawn from the rows in proportion to {roles.weight}"
        part.insert(0, drawn)
    return People(
        session=session, name=typed.name, features=tuple(features), odds=odds, has_score=has_score,
        rows=(kept.get(1, 0), kept.get(0, 0)), taken=" and ".join(part), left_out=tuple(left_out),
        attribute_used=any(one in names for one in sides.attributes),
    )  # fmt: skip


def _telling_most(
    session: Session, typed: Typed, roles: Roles, sides: Sides, features: list[Feature]
) -> tuple[list[Feature], list[str]]:
    """Return the features that tell most of score, label or group (by correlation), and how many were left out."""
    if len(features) <= MOST_FEATURES:
        return features, []
    others = {"g": side_of(typed, sides), "s": _score(typed, roles)}
    others["y"] = yes_or_no(typed, roles.label, roles.positive) if roles.label else "NULL::INTEGER"
    others["d"] = yes_or_no(typed, roles.prediction, roles.positive) if roles.prediction else "NULL::INTEGER"
    keys = ", ".join(f"{sql} AS {name}" for name, sql in others.items())
    found: list[float] = []
    for start in range(0, len(features), AT_ONCE):
        part = features[start : start + AT_ONCE]
        columns = ", ".join(f"{column_of(typed, one)} AS {one.column}" for one in part)
        asked = []
        for one in part:
            x = one.column if one.number else f"CAST(hash({one.column}) % 1000 AS DOUBLE)"
            asked += [f"corr({x}, {name})" for name in others]
            asked.append(f"corr(CAST({one.column} IS NULL AS INTEGER), g)")
        row = session.rows(
            f"SELECT {', '.join(asked)} FROM (SELECT {keys}, {columns} FROM {typed.relation})", name=typed.name
        )[0]
        numbers = [abs(value) if value is not None and value == value else 0.0 for value in row]  # noqa: PLR0124 - NaN
        width = len(others) + 1
        found += [max(numbers[width * at : width * (at + 1)]) for at in range(len(part))]
    best = sorted(sorted(range(len(features)), key=lambda at: (-found[at], at))[:MOST_FEATURES])
    left = len(features) - MOST_FEATURES
    told = f"{left:,} of {len(features):,} features: those that tell least of score, label and group by correlation"
    return [Feature(features[at].name, f"f{new}", features[at].number) for new, at in enumerate(best)], [told]


def _everybody(session: Session, typed: Typed, roles: Roles, sides: Sides, features: list[Feature]) -> dict[int, int]:
    """Make the table ``everybody``, and return the rows of each side."""
    parts = [
        f"{side_of(typed, sides)} AS g",
        f"{yes_or_no(typed, roles.label, roles.positive) if roles.label else 'NULL::INTEGER'} AS y",
        f"{yes_or_no(typed, roles.prediction, roles.positive) if roles.prediction else 'NULL::INTEGER'} AS d",
        f"{_score(typed, roles)} AS s",
        f"{typed.plain(roles.weight) if roles.weight else '1.0'} AS w",
        *(f"{column_of(typed, feature)} AS {feature.column}" for feature in features),
    ]
    session.rows("DROP TABLE IF EXISTS everybody; DROP TABLE IF EXISTS people", name=typed.name)
    session.rows(
        f"CREATE TEMP TABLE everybody AS SELECT *, rid AS place FROM (SELECT row_number() OVER () AS rid, "
        f"{', '.join(parts)} FROM {typed.relation})",
        name=typed.name,
    )
    return dict(session.rows("SELECT g, count(*) FROM everybody WHERE g IS NOT NULL GROUP BY g", name=typed.name))


def _by_weight(session: Session, typed: Typed, for_a_weight: float) -> dict[int, int]:
    """Take everybody as often as their weights say, and return the people of each side."""
    share = literal(for_a_weight)
    upto = f"{share} * sum(w) OVER (PARTITION BY g ORDER BY rid)"
    session.rows(
        f"CREATE TEMP TABLE drawn AS SELECT * EXCLUDE (n), row_number() OVER (ORDER BY rid) AS place FROM (SELECT * "
        f"EXCLUDE (place, upto), unnest(range(CAST(floor(upto) - floor(upto - {share} * w) AS BIGINT))) "
        f"AS n FROM (SELECT *, {upto} AS upto FROM everybody WHERE g IS NOT NULL AND w > 0)) ORDER BY place",
        name=typed.name,
    )
    session.rows("DROP TABLE everybody; ALTER TABLE drawn RENAME TO everybody", name=typed.name)
    return dict(session.rows("SELECT g, count(*) FROM everybody GROUP BY g", name=typed.name))


def _score(typed: Typed, roles: Roles) -> str:
    if roles.score is None:
        return "NULL::DOUBLE"
    return f"CASE WHEN isfinite({typed.plain(roles.score)}) THEN {typed.plain(roles.score)} END"


def _scale(*, odds: bool, has_score: bool, mean: float, spread: float) -> str:
    if not has_score:
        return "CAST(d AS DOUBLE)"
    if odds:
        inside = f"greatest(-{FAR}, least({FAR}, ln(s / (1 - s))))"
        return f"CASE WHEN s <= 0 THEN -{FAR} WHEN s >= 1 THEN {FAR} ELSE {inside} END"
    return f"(s - {literal(mean)}) / {literal(spread or 1.0)}"
