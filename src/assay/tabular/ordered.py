"""Rows in the order of a column, as a stream of small counts: the order, its ties and its holes are checked first."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from assay.errors import DataError
from assay.records._tally_sum import add_gaps
from assay.records.tally import Gap
from assay.tabular.classes import Classes, binary_classes, check_seen, named_value
from assay.tabular.columns import check_columns
from assay.tabular.engine import session
from assay.tabular.limits import MOST_CELLS
from assay.tabular.opening import open_rows
from assay.tabular.ordering import Order, find_order
from assay.tabular.sql import literal
from assay.tabular.statement import Plan
from assay.tabular.tallying import group_reader
from assay.tabular.values import is_nan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assay.records.tally import ClassValue, GroupValue, Roles
    from assay.tabular.engine import Session

_FETCH = 20_000


@dataclass(frozen=True, slots=True)
class Cell:
    """Rows of one group, label and prediction.

    Attributes:
        group: a value for each protected attribute.
        label: 1 or 0; None where there is none.
        prediction: likewise.
        count: rows.
        numbers: rows with a number (a score, or a regression's error).
        total: sum of the numbers in ``SUM_UNIT``; an integer, so that no order of rows changes it.
        magnitude: sum of their magnitudes in ``SUM_UNIT``.
        squares: sum of their squares in ``SUM_UNIT``.
    """

    group: tuple[GroupValue, ...]
    label: ClassValue
    prediction: ClassValue
    count: int
    numbers: int = 0
    total: int = 0
    magnitude: int = 0
    squares: int = 0


@dataclass(frozen=True, slots=True)
class Bucket:
    """Neighbouring rows, with all rows that share an order value.

    Attributes:
        number: they ascend; the same rows have the same numbers, however the stream is divided into tables.
        at: the order column's greatest value.
        ties: rows whose order value the row before has, too.
        cells: counts.
    """

    number: int
    at: str
    ties: int
    cells: list[Cell]


@dataclass(frozen=True)
class Stream:
    """Rows that can be read in their order, again and again.

    Attributes:
        engine: the session.
        plan: the source and its roles.
        order: how rows are ordered.
        rows: how many there are.
        gaps: what could not be counted in full.
        favourable_is_positive: whether the favourable outcome is the positive class.
        group_values: the values of each protected attribute.
        read: what raw cells mean, as far as they have been read.
    """

    engine: Session
    plan: Plan
    order: Order
    classes: Classes
    read_group: Callable[[tuple[Any, ...]], tuple[GroupValue, ...]]
    rows: int
    gaps: tuple[Gap, ...]
    favourable_is_positive: bool
    group_values: tuple[tuple[GroupValue, ...], ...]
    read: dict[tuple[Any, ...], tuple[tuple[GroupValue, ...], ClassValue, ClassValue]] = field(default_factory=dict)

    def buckets(self, fine: int, coarse: int, *, before: int = 0, after: str | None = None) -> Iterator[Bucket]:
        """Yield the rows in order: a bucket for every order value up to row ``fine``, then for every ``coarse`` rows.

        Args:
            fine: rows of the stream, those before this table included.
            coarse: rows of a bucket after that; a run of equal values is in the bucket of its first row.
            before: rows of the stream before this table's.
            after: only rows with a greater order value.
        """
        where = "" if after is None else f"WHERE o > {self._value(after)}"
        rank = f"{before} + rank() OVER (ORDER BY o) - 1"
        bucket = f"CASE WHEN r < {fine} THEN r ELSE {fine} + (r - {fine}) // {coarse} END"
        keys = [*self.plan.groups, "label", "prediction"]
        sql = (
            f"SELECT {bucket} AS bucket, CAST(max(o) AS VARCHAR) AS latest, count(*) FILTER (WHERE tied),\n"
            f"{', '.join([*keys, *self._sums()])}\n"
            f"FROM (SELECT *, {rank} AS r, o = lag(o) OVER (ORDER BY o) AS tied FROM ({self._chosen()}) {where})\n"
            f"GROUP BY {', '.join(['bucket', *keys])} ORDER BY bucket"
        )
        number: int | None = None
        cells: list[Cell] = []
        at, ties = "", 0
        for row in self.engine.stream(sql, name=self.plan.opened.name, by=_FETCH):
            if row[0] != number:
                if cells and number is not None:
                    yield Bucket(number, at, ties, cells)
                number, cells, at, ties = row[0], [], row[1], 0
            at = self._later(at, row[1])
            ties += row[2]
            cells.append(self._cell(row[3:]))
        if cells and number is not None:
            yield Bucket(number, at, ties, cells)

    def _later(self, one: str, other: str) -> str:
        if one == other:
            return one
        if self.order.kind.startswith("TIMESTAMP"):
            return max(one, other)
        return max(one, other, key=Decimal)

    def counted(self, relation: str, value: str) -> list[Cell]:
        """Return the counts of the rows whose order value is ``<`` or ``=`` another."""
        keys = [*self.plan.groups, "label", "prediction"]
        sql = (
            f"SELECT {', '.join([*keys, *self._sums()])} FROM ({self._chosen()}) "
            f"WHERE o {relation} {self._value(value)} GROUP BY {', '.join(keys)}"
        )
        return [self._cell(row) for row in self.engine.rows(sql, name=self.plan.opened.name)]

    def _value(self, text: str) -> str:
        return f"CAST({literal(text)} AS {self.order.kind})"

    def _chosen(self) -> str:
        return chosen_sql(self.plan, self.order)

    def _sums(self) -> list[str]:
        sums = ["count(*) AS n"]
        if self.plan.roles.score is not None or self.plan.roles.task == "regression":
            sums += ["count(x)", *(f"sum(CAST({term} * 1e12 AS HUGEINT))" for term in ("x", "abs(x)", "x * x"))]
        return sums

    def _cell(self, row: tuple[Any, ...]) -> Cell:
        keys = len(self.plan.groups) + 2
        raw = row[:keys]
        read = self.read.get(raw)
        if read is None:
            classed = self.plan.roles.task == "binary"
            label, prediction = (self.classes(value) if classed else None for value in raw[-2:])
            read = (self.read_group(raw[:-2]), label, prediction)
            if not any(map(is_nan, raw)):  # NaN equals nothing, and would be kept anew each time
                self.read[raw] = read
        return Cell(*read, row[keys], *(int(value or 0) for value in row[keys + 1 :]))


def chosen_sql(plan: Plan, order: Order) -> str:
    """Return the statement that chooses the columns: o, groups, label, prediction, and x, a number."""
    roles = plan.roles
    columns = [f"{order.sql} AS o"]
    columns += [f"{plan.value(name)} AS {group}" for group, name in zip(plan.groups, roles.protected, strict=True)]
    if roles.task == "regression":
        label, prediction = plan.number(roles.label or ""), plan.number(roles.prediction or "")
        columns += ["NULL AS label", "NULL AS prediction", f"({prediction}) - ({label}) AS number"]
    else:
        columns += [
            f"{plan.value(c) if c else 'NULL'} AS {r}"
            for r, c in (("label", roles.label), ("prediction", roles.prediction))
        ]
        columns.append(f"{plan.number(roles.score)} AS number" if roles.score is not None else "NULL::DOUBLE AS number")
    inner = f"SELECT {', '.join(columns)} FROM {plan.opened.relation}"
    return f"SELECT * EXCLUDE (number), CASE WHEN isfinite(number) THEN number END AS x, number FROM ({inner})"


@contextmanager
def open_stream(
    rows: Any,  # noqa: ANN401 - any table
    roles: Roles,
    order: str,
    *,
    outcomes: tuple[float, float] | None = None,
    partial: bool = False,
    name: str | None = None,
    memory: str = "1GB",
    threads: int | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Iterator[Stream]:
    """Open a table as a stream, after checking all of it.

    Args:
        rows: as in `tally_rows`.
        roles: which column means what; binary or regression.
        order: column that says which row came first: numbers, dates or times.
        outcomes: least and greatest score, or error of a regression; one beyond is refused.
        partial: whether the rows are a piece of a stream, in which a class may be missing.
        name: what messages call the rows.
        memory: the engine's budget; beyond it, it spills to a temporary folder.
        threads: at most so many; all cores if None. No number depends on it.
        on_progress: told the share done, from 0 to 1, from another thread.

    Raises:
        DataError: when the rows cannot be read, counted or ordered.
    """
    with session(memory=memory, threads=threads, on_progress=on_progress) as engine:
        opened = open_rows(engine, rows, name=name)
        plan = Plan(opened, roles, check_columns(opened, roles))
        if order in {roles.label, roles.prediction, roles.score, *roles.protected}:
            raise DataError(f"expected each column to have one role, found {order!r} as order and as another. Name one")
        ordered = find_order(engine, opened, order)
        found = _combinations(engine, plan, ordered)
        classes, favourable = _classes(plan, found, partial=partial)
        groups = [row[: len(plan.groups)] for row in found]
        read = group_reader(plan, groups)
        yield Stream(
            engine=engine,
            plan=plan,
            order=ordered,
            classes=classes,
            read_group=read,
            rows=sum(row[-1] for row in found),
            gaps=add_gaps([*_gaps(plan, found), *_number_gaps(engine, plan, ordered, outcomes)]),
            favourable_is_positive=favourable,
            group_values=tuple(tuple(dict.fromkeys(values)) for values in zip(*map(read, groups), strict=True)),
        )


def _combinations(engine: Session, plan: Plan, order: Order) -> list[tuple[Any, ...]]:
    """Return every combination of raw group, label and prediction, with its rows."""
    keys = ", ".join([*plan.groups, "label", "prediction"])
    sql = f"SELECT {keys}, count(*) FROM ({chosen_sql(plan, order)}) GROUP BY {keys}"
    found = engine.watched_rows(sql, name=plan.opened.name, most=MOST_CELLS + 1)
    if len(found) > MOST_CELLS:
        raise DataError(
            f"{plan.opened.name}: expected at most {MOST_CELLS} combinations of groups and classes, found more. "
            "Name fewer protected columns, or bin those with many values"
        )
    return found


def _classes(plan: Plan, found: list[tuple[Any, ...]], *, partial: bool) -> tuple[Classes, bool]:
    """Return what the raw classes mean, and whether the favourable outcome is the positive class."""
    roles, groups = plan.roles, len(plan.groups)
    counts: Counter[Any] = Counter()
    for row in found:
        for raw in row[groups : groups + 2]:
            if raw is not None and not is_nan(raw):
                counts[raw] += row[-1]
    if roles.task == "regression":
        return Classes(of={}, seen=Counter()), True
    classes = binary_classes(counts, roles, is_text=plan.opened.is_text)
    if not partial:
        return classes, check_seen(classes.seen, roles)
    same = roles.favourable is None or named_value(roles.favourable, classes.seen) == named_value(
        roles.positive, classes.seen
    )
    return classes, same


def _gaps(plan: Plan, found: list[tuple[Any, ...]]) -> Iterator[Gap]:
    roles, groups = plan.roles, len(plan.groups)
    columns = [*roles.protected, roles.label, roles.prediction]
    skipped = {roles.label, roles.prediction} if roles.task == "regression" else set()
    for row in found:
        for column, raw in zip(columns, row[: groups + 2], strict=True):
            if column is not None and column not in skipped and (raw is None or is_nan(raw)):
                yield Gap(column=column, kind="null" if raw is None else "nan", count=row[-1])


def _number_gaps(engine: Session, plan: Plan, order: Order, outcomes: tuple[float, float] | None) -> Iterator[Gap]:
    """Yield the rows without a usable score or error, and refuse those beyond the range."""
    roles = plan.roles
    if roles.score is None and roles.task != "regression":
        return
    low, high = outcomes or (0.0, 1.0)
    beyond = f"isinf(number) OR x < {literal(float(low))} OR x > {literal(float(high))}"
    sql = (
        "SELECT count(*) FILTER (WHERE number IS NULL), count(*) FILTER (WHERE isnan(number)), "
        f"count(*) FILTER (WHERE {beyond}), min(x), max(x) FROM ({chosen_sql(plan, order)})"
    )
    missing, nan, outside, least, greatest = engine.rows(sql, name=plan.opened.name)[0]
    what = f"scores in column {roles.score!r}" if roles.score else f"errors ({roles.prediction} minus {roles.label})"
    if outside:
        raise DataError(
            f"{plan.opened.name}: expected {what} from {low:g} to {high:g}, found {outside} rows beyond (from "
            f"{least!r} to {greatest!r}, or infinite). Give a range that holds for every row to come: --range LOW,HIGH"
        )
    column = roles.score or f"{roles.prediction} minus {roles.label}"
    for kind, count in (("null", missing), ("nan", nan)):
        if count:
            yield Gap(column=column, kind="null" if kind == "null" else "nan", count=count)
