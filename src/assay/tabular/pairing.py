"""Two versions' decisions on the same people in, paired counts out.

The two tables are joined by an identifier within the engine, which may spill to disk. People whom only one version
decided, an identifier that occurs twice, and a label or group that the tables tell differently are counted and told.
"""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from assay.errors import DataError, suggest
from assay.records.paired import Joined, PairedCell, PairedCounts
from assay.records.tally import Gap, Roles
from assay.tabular.classes import Classes, binary_classes, check_seen
from assay.tabular.columns import check_columns
from assay.tabular.comparison import MEMORY
from assay.tabular.opening import Opened, open_rows
from assay.tabular.paired_ranks import RankQuestions, count_ranks
from assay.tabular.query import Query
from assay.tabular.sql import identifier
from assay.tabular.statement import Plan
from assay.tabular.tallying import group_reader, refuse_missing_predictions
from assay.tabular.typed import EMPTY, Typed, family, typed_of
from assay.tabular.values import is_nan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.tabular.engine import Session
    from assay.tabular.values import Raw

_PAIRED = "paired_rows"


@dataclass(frozen=True, kw_only=True)
class Side:
    """One version's decisions.

    Attributes:
        rows: whatever `tally_rows` takes; None for the table of the other side.
        prediction: its column of predictions.
        score: its column of scores.
        name: what messages call it: ``champion`` or ``challenger``.
    """

    rows: Any
    prediction: str
    score: str | None = None
    name: str


@dataclass(frozen=True, kw_only=True)
class PairQuestions:
    """What is asked of two versions' decisions.

    Attributes:
        label: column of the true outcome, of the same name on both sides.
        protected: columns by which groups are compared.
        intersections: combinations of them.
        positive: the class that rates count.
        favourable: the class that is good for the person.
        identifier: the column that names a person.
        allow_unmatched: whether people whom only one version decided may be left out.
    """

    label: str | None = None
    protected: tuple[str, ...] = ()
    intersections: tuple[tuple[str, ...], ...] = ()
    positive: str | int | bool | None = None
    favourable: str | int | bool | None = None
    identifier: str | None = None
    allow_unmatched: bool = False


def pair_rows(champion: Side, challenger: Side, asked: PairQuestions, *, memory: str = MEMORY) -> PairedCounts:
    """Count two versions' decisions on the same people.

    Args:
        champion: the version in production; ``rows`` None where the challenger's table holds its predictions, too.
        challenger: the new version.
        asked: what the columns mean.
        memory: the engine's budget.

    Raises:
        DataError: when a table cannot be read, or its people are not the other's; the message says how many.
        StorageError: when memory or disk are too small.
    """
    from assay.tabular.engine import session  # noqa: PLC0415 - the engine is loaded when rows are read

    with session(memory=memory) as engine:
        opened, joined, files = _paired(engine, champion, challenger, asked)
        counts = _count(engine, opened, joined, (champion, challenger), asked)
        read = {role: table.source("").files for role, table in files.items()}  # refuses files that changed meanwhile
    return msgspec.structs.replace(counts, files=read)


def _paired(
    engine: Session, champion: Side, challenger: Side, asked: PairQuestions
) -> tuple[Opened, Joined, dict[str, Opened]]:
    """Return one relation with a row a person, under our own column names."""
    new_opened, new = _open(engine, challenger, "challenger_rows")
    if champion.rows is None:
        _require(new, [(champion.prediction, "champion"), (challenger.prediction, "challenger"), *_meant(asked)])
        _require(new, [(one.score, f"{one.name}'s score") for one in (champion, challenger) if one.score])
        if champion.prediction == challenger.prediction:
            raise DataError(
                f"{new.name}: expected two columns of predictions, found {champion.prediction!r} for both: a version "
                "is not its own challenger"
            )
        tables = [(new, "k"), (new, "k")]
        source = f"{new.relation} AS k"
        joined = Joined(champion_rows=new.rows, challenger_rows=new.rows)
        files = {"champion": new_opened, "challenger": new_opened}
    else:
        old_opened, old = _open(engine, champion, "champion_rows")
        joined = _join(engine, old, new, (champion, challenger), asked)
        tables = [(old, "c"), (new, "k")]
        key = asked.identifier or ""
        source = f"{old.relation} AS c JOIN {new.relation} AS k ON {_key(old, key, 'c')} = {_key(new, key, 'k')}"
        files = {"champion": old_opened, "challenger": new_opened}
    is_text = any(table.is_text for table, _ in tables)
    columns = dict(_columns(tables, (champion, challenger), asked, as_text=is_text))
    listed = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in columns.items())
    name = files["challenger"].name if champion.rows is None else f"{files['champion'].name} and {new.name}"
    engine.rows(f"CREATE TEMP TABLE {_PAIRED} AS SELECT {listed} FROM {source}", name=name)
    kinds = {column: kind for column, kind, *_ in engine.rows(f"DESCRIBE {_PAIRED}", name=name)}
    return Opened(name=name, relation=_PAIRED, columns=kinds, is_text=is_text), joined, files


def _open(engine: Session, side: Side, table: str) -> tuple[Opened, Typed]:
    opened = open_rows(engine, side.rows, name=f"the {side.name}" if isinstance(side.rows, bytes) else None)
    typed = typed_of(engine, opened, table, copied=opened.is_text or isinstance(side.rows, Query))
    if not typed.rows:
        raise DataError(f"{typed.name}: expected rows of the {side.name}, found none")
    if typed.relation == table:
        opened = replace(opened, relation=table)
    return opened, typed


def _meant(asked: PairQuestions) -> list[tuple[str, str]]:
    label = [(asked.label, "label")] if asked.label is not None else []
    return [*label, *((column, "protected") for column in asked.protected)]


def _require(table: Typed, columns: Sequence[tuple[str, str]]) -> None:
    absent = [
        f"no column {name!r} ({role}){suggest(name, table.types)}" for name, role in columns if name not in table.types
    ]
    if absent:
        known = ", ".join(map(repr, list(table.types)[:30]))
        raise DataError(f"{table.name}: {'; '.join(absent)}. The columns are: {known}")


def _key(table: Typed, column: str, alias: str) -> str:
    return table.written(column).replace(identifier(column), f"{alias}.{identifier(column)}")


def _join(engine: Session, old: Typed, new: Typed, sides: tuple[Side, Side], asked: PairQuestions) -> Joined:
    """Hold the people of two tables against each other, and say what differs.

    Raises:
        DataError: for no identifier, one that is missing or occurs twice, people of one table alone, and values that
            the tables tell differently.
    """
    key = asked.identifier
    if key is None:
        raise DataError(
            f"{old.name} and {new.name}: expected the column that names a person in both, found none: rows of two "
            "tables are not the same people because they stand in the same order. Name it with --id COLUMN"
        )
    for table, side in ((old, sides[0]), (new, sides[1])):
        scores = [(side.score, f"{side.name}'s score")] if side.score is not None else []
        _require(table, [(key, "id"), (side.prediction, f"{side.name}'s prediction"), *scores])
        _require_unique(engine, table, key)
    _require(new, _meant(asked))
    keys = [f"SELECT {table.written(key)} AS the_key FROM {table.relation}" for table in (old, new)]
    missing = [
        engine.rows(f"SELECT count(*) FROM ({a}) WHERE the_key NOT IN ({b})", name=f"{old.name} and {new.name}")[0][0]
        for a, b in (keys, keys[::-1])
    ]
    found = Joined(
        identifier=key, champion_rows=old.rows, challenger_rows=new.rows,
        champion_only=missing[0], challenger_only=missing[1],
    )  # fmt: skip
    if old.rows == missing[0]:
        raise DataError(f"{old.name} and {new.name}: expected people in both tables, found no {key!r} that both hold")
    if any(missing) and not asked.allow_unmatched:
        raise DataError(
            f"{old.name} and {new.name}: expected the same people in both tables, found {missing[0]:,} of "
            f"{old.rows:,} that only the champion decided and {missing[1]:,} of {new.rows:,} that only the challenger "
            "decided. Compare the others with --allow-unmatched, and say why these are not in both"
        )
    _require_alike(engine, old, new, asked)
    return found


def _require_unique(engine: Session, table: Typed, key: str) -> None:
    written = table.written(key)
    asked = f"SELECT count(*) - count({written}), count({written}) - count(DISTINCT {written}) FROM {table.relation}"
    unnamed, repeated = engine.rows(asked, name=table.name)[0]
    if unnamed:
        raise DataError(f"{table.name}: expected a {key!r} in every row, found none in {unnamed:,} of {table.rows:,}")
    if repeated:
        example = engine.rows(
            f"SELECT {written} AS v, count(*) FROM {table.relation} GROUP BY v HAVING count(*) > 1 ORDER BY v LIMIT 1",
            name=table.name,
        )[0]
        raise DataError(
            f"{table.name}: expected each {key!r} once, found {repeated:,} rows too many (for instance {example[0]!r}, "
            f"{example[1]} times): it is not known which of them is the decision"
        )


def _require_alike(engine: Session, old: Typed, new: Typed, asked: PairQuestions) -> None:
    """Refuse people whose label or group is another in the other table."""
    shared = [(name, role) for name, role in _meant(asked) if name in old.types]
    if not shared:
        return
    key = asked.identifier or ""
    parts = []
    for name, _ in shared:
        alike = family(old.types[name]) == family(new.types[name]) and EMPTY not in {old.types[name], new.types[name]}
        values = [
            (table.plain(name) if alike else table.written(name)).replace(
                identifier(name), f"{alias}.{identifier(name)}"
            )
            for table, alias in ((old, "c"), (new, "k"))
        ]
        parts.append(f"count(*) FILTER ({values[0]} IS DISTINCT FROM {values[1]})")
    source = f"{old.relation} AS c JOIN {new.relation} AS k ON {_key(old, key, 'c')} = {_key(new, key, 'k')}"
    found = engine.rows(f"SELECT {', '.join(parts)} FROM {source}", name=f"{old.name} and {new.name}")[0]
    told = [f"{role} {name!r} of {rows:,} people" for (name, role), rows in zip(shared, found, strict=True) if rows]
    if told:
        raise DataError(
            f"{old.name} and {new.name}: expected both tables to say the same of a person, found another "
            f"{'; another '.join(told)}. Take both from one table of outcomes, and compare again"
        )


def _own(side: Side, column: str | None) -> str:
    """Return what a column of one version is called beside the other's."""
    return f"{column} of the {side.name}"


def _columns(
    tables: Sequence[tuple[Typed, str]], sides: tuple[Side, Side], asked: PairQuestions, *, as_text: bool
) -> Iterator[tuple[str, str]]:
    """Yield the name of each column of the joined rows, and the SQL that reads it."""

    def plain(alias: str, column: str) -> str:
        sql = f"{alias}.{identifier(column)}"
        return f"CAST({sql} AS VARCHAR)" if as_text else sql

    for column, _ in _meant(asked):
        yield column, plain(tables[1][1], column)
    for (_, alias), side in zip(tables, sides, strict=True):
        yield _own(side, side.prediction), plain(alias, side.prediction)
    if sides[0].score is None or sides[1].score is None:
        return
    for (table, alias), side in zip(tables, sides, strict=True):
        column = side.score or ""
        if family(table.types[column]) != "number":
            found = "nothing" if table.types[column] == EMPTY else table.types[column]
            raise DataError(
                f"{table.name}: expected numbers in column {column!r} (the {side.name}'s score), found {found}"
            )
        yield _own(side, column), f"TRY_CAST({alias}.{identifier(column)} AS DOUBLE)"


def _count(
    engine: Session, opened: Opened, joined: Joined, sides: tuple[Side, Side], asked: PairQuestions
) -> PairedCounts:
    old, new = (_own(side, side.prediction) for side in sides)
    roles = Roles(
        label=asked.label, prediction=new, protected=asked.protected, positive=asked.positive,
        favourable=asked.favourable,
    )  # fmt: skip
    plan = Plan(opened, roles, {**check_columns(opened, roles), **check_columns(opened, Roles(prediction=old))})
    keys = [plan.value(column) for column in asked.protected]
    parts = [*keys, plan.value(asked.label) if asked.label else "NULL", plan.value(old), plan.value(new)]
    found = engine.rows(f"SELECT {', '.join(parts)}, count(*) FROM {_PAIRED} GROUP BY ALL", name=opened.name)
    for column, at in ((old, -3), (new, -2)):
        missing = sum(row[-1] for row in found if row[at] is None or is_nan(row[at]))
        if missing:
            refuse_missing_predictions(plan, column, missing, joined.challenger_rows - joined.challenger_only)
    classes = _classes(found, roles, is_text=opened.is_text)
    raws = list({repr(row[: len(keys)]): row[: len(keys)] for row in found}.values())  # NaN equals nothing, not itself
    read = group_reader(plan, raws)
    cells: Counter[tuple[Any, ...]] = Counter()
    for *group, truth, before, after, rows in found:
        cells[read(tuple(group)), classes(truth), classes(before), classes(after)] += rows
    counts = PairedCounts(
        attributes=asked.protected,
        intersections=asked.intersections,
        labelled=asked.label is not None,
        scored=all(side.score is not None for side in sides),
        favourable_is_positive=check_seen(classes.seen, roles),
        rows=sum(cells.values()),
        joined=joined,
        cells=tuple(_ordered(cells)),
        gaps=tuple(_gaps(cells, asked)),
    )
    if not counts.scored or asked.label is None:
        return counts
    scores = tuple(_own(side, side.score) for side in sides)
    ranks = count_ranks(engine, _PAIRED, RankQuestions(plan, (scores[0], scores[1]), raws, read, asked.intersections))
    return msgspec.structs.replace(counts, ranks=ranks.groups, unranked=ranks.unusable)


def _classes(found: Sequence[tuple[Raw, ...]], roles: Roles, *, is_text: bool) -> Classes:
    seen: Counter[Raw] = Counter()
    for *_, truth, before, after, rows in found:
        for raw in (truth, before, after):
            if raw is not None and not is_nan(raw):
                seen[raw] += rows
    return binary_classes(seen, roles, is_text=is_text)


def _ordered(cells: Counter[tuple[Any, ...]]) -> Iterator[PairedCell]:
    def place(key: tuple[Any, ...]) -> tuple[Any, ...]:
        group, label, before, after = key
        return ([(value is None, str(value)) for value in group], label is None, label or 0, before, after)

    for group, label, before, after in sorted(cells, key=place):
        yield PairedCell(
            group=group, label=label, champion=before, challenger=after, count=cells[group, label, before, after]
        )


def _gaps(cells: Counter[tuple[Any, ...]], asked: PairQuestions) -> Iterator[Gap]:
    if asked.label is not None and (rows := sum(n for key, n in cells.items() if key[1] is None)):
        yield Gap(column=asked.label, kind="null", count=rows)
    for at, column in enumerate(asked.protected):
        if rows := sum(n for key, n in cells.items() if key[0][at] is None):
            yield Gap(column=column, kind="null", count=rows)
