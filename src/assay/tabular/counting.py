"""One pass over the rows: what SQL counted, as raw cells by group, label and prediction."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import DataError
from assay.records.tally import EXACT_ROWS, EXACT_SCORES
from assay.tabular.limits import LARGEST, MOST_CELLS, MOST_GROUP_VALUES
from assay.tabular.packing import packable, packed_sql
from assay.tabular.statement import SCORE_STATES, UNIT, counting_sql

if TYPE_CHECKING:
    from assay.tabular.engine import Session
    from assay.tabular.packing import Seen
    from assay.tabular.statement import Edges, Plan
    from assay.tabular.values import Raw


@dataclass(frozen=True, slots=True)
class RawScores:
    """Scores of one raw cell: sums over the usable ones, rows by value or by bin, and rows that are not usable."""

    total: int
    squares: int
    log_losses: int | None
    weighted: tuple[int, int, int]
    keys: list[float]
    counts: list[int]
    weights: list[int]
    unusable: dict[str, int]


@dataclass(frozen=True, slots=True)
class RawCell:
    """Rows of one group, label and prediction, each as the engine returns it."""

    group: tuple[Raw, ...]
    label: Raw
    prediction: Raw
    count: int
    weight: int | None
    weight_squares: int | None
    weight_state: int
    positive: bool | None
    scores: RawScores | None


@dataclass(frozen=True, slots=True)
class Counted:
    """All raw cells of one source.

    Attributes:
        cells: the cells.
        edges: of the histogram of scores; None while scores are kept by value.
        sql: the statement that made them.
    """

    cells: list[RawCell]
    edges: Edges | None
    sql: str


def _raw_cells(plan: Plan, found: list[tuple[Raw, ...]]) -> list[RawCell]:
    """Give the columns of `counting_sql` their names."""
    roles, cells = plan.roles, []
    groups = len(plan.groups)
    for row in found:
        rest = iter(row[groups:])
        label, prediction = next(rest), next(rest)
        state = next(rest) if roles.weight else 0
        count = int(next(rest))
        weight, squares = (next(rest), next(rest)) if roles.weight else (None, None)
        scores = None
        if roles.score:
            total, score_squares, log_losses = (next(rest) for _ in range(3))
            first, second, third = (next(rest) or 0 for _ in range(3)) if roles.weight else (0, 0, 0)
            keys, counts = next(rest), next(rest)
            weights = next(rest) if roles.weight else None
            unusable = {why: int(next(rest) or 0) for why in SCORE_STATES}
            scores = RawScores(
                total or 0,
                score_squares or 0,
                log_losses,
                (first, second, third),
                keys or [],
                counts or [],
                weights or [],
                unusable,
            )
        positive = next(rest) if roles.score and roles.label else None
        cells.append(RawCell(row[:groups], label, prediction, count, weight, squares, state, positive, scores))
    return cells


def group_cap(session: Session, plan: Plan) -> tuple[int, int, int]:
    """Look at some rows, if the session does, and refuse an attribute that already there has too many values.

    Returns:
        How many rows were seen, how many scores and how many different ones; none decides any number.

    Raises:
        DataError: when an attribute has too many values.
    """
    if not session.look_rows:
        return 0, 0, 0
    columns = [plan.value(column) for column in plan.roles.protected]
    score = plan.number(plan.roles.score) if plan.roles.score else "NULL"
    names = [f"{column} AS {group}" for group, column in zip(plan.groups, columns, strict=True)]
    usable = "FILTER (WHERE isfinite(score))"
    counts = ["count(*)", f"count(score) {usable}", *(f"count(DISTINCT {group})" for group in plan.groups)]
    distinct = [*counts, f"count(DISTINCT score) {usable}"]
    some = f"SELECT {', '.join([*names, f'{score} AS score'])} FROM {plan.opened.relation} LIMIT {session.look_rows}"
    rows, scored, *values, scores = session.rows(f"SELECT {', '.join(distinct)} FROM ({some})", name=plan.opened.name)[
        0
    ]
    if any(value > MOST_GROUP_VALUES for value in values):
        refuse_many_groups(session, plan)
    return rows, scored, scores


def refuse_many_groups(session: Session, plan: Plan) -> None:
    """Raise if a protected attribute has too many values, with their number.

    Raises:
        DataError: naming every such attribute.
    """
    counts = ", ".join(f"count(DISTINCT {plan.value(column)})" for column in plan.roles.protected)
    found = session.rows(f"SELECT {counts} FROM {plan.opened.relation}", name=plan.opened.name)[0]
    for column, count in zip(plan.roles.protected, found, strict=True):
        if count > MOST_GROUP_VALUES:
            raise DataError(
                f"{plan.opened.name}: expected at most {MOST_GROUP_VALUES} different values in protected column "
                f"{column!r}, found {count}. Bin it (ages into bands), or name another column"
            )


def _values_seen(session: Session, plan: Plan) -> Seen | None:
    """Return the values of some rows, for a Parquet file whose protected columns can be packed into one integer."""
    columns = dict(zip(plan.groups, plan.roles.protected, strict=True))
    kinds = {plan.kinds[column] for column in columns.values()}
    apart = plan.roles.weight is not None or plan.counted_by is not None
    if not plan.opened.is_parquet or apart or not kinds <= {"text", "integer", "boolean"}:
        return None
    if not columns:
        return {}
    some = ", ".join(f"{plan.value(column)} AS {name}" for name, column in columns.items())
    lists = ", ".join(f"list(DISTINCT {name})" for name in columns)
    sql = f"SELECT {lists} FROM (SELECT {some} FROM {plan.opened.relation} LIMIT {session.look_rows})"
    found = session.rows(sql, name=plan.opened.name)[0]
    seen = {
        name: [
            *sorted(value for value in values or [] if value is not None),
            *([None] if None in (values or []) else []),
        ]
        for name, values in zip(columns, found, strict=True)
    }
    return seen if packable(seen) else None


def _run(session: Session, plan: Plan, edges: Edges | None) -> Counted:
    seen = _values_seen(session, plan) if edges is not None else None
    sql = counting_sql(plan, edges) if edges is None or seen is None else packed_sql(plan, edges, seen)
    found = session.watched_rows(sql, name=plan.opened.name, most=MOST_CELLS + 1)
    if len(found) > MOST_CELLS:
        if plan.roles.protected:
            refuse_many_groups(session, plan)
        raise DataError(
            f"{plan.opened.name}: expected at most {MOST_CELLS} combinations of {', '.join(plan.roles.protected)}, "
            "label and prediction, found more. Name fewer protected columns, or bin those with many values"
        )
    if seen is not None and any(row[-1] for row in found):
        sql = counting_sql(plan, edges)
        found = session.watched_rows(sql, name=plan.opened.name, most=MOST_CELLS + 1)
    return Counted(_raw_cells(plan, found), edges, sql)


def _score_edges(session: Session, plan: Plan) -> Edges:
    """Return the least and the greatest usable score, or 0 and 1 when all lie within."""
    assert plan.roles.score is not None  # noqa: S101 - asked for with a score only
    number = plan.number(plan.roles.score)
    sql = f"SELECT min(s), max(s) FROM (SELECT {number} + 0.0 AS s FROM {plan.opened.relation}) WHERE isfinite(s)"
    low, high = session.rows(sql, name=plan.opened.name)[0]
    if low is None or (low >= 0.0 and high <= 1.0):
        return UNIT
    if max(-low, high) > LARGEST:
        raise DataError(
            f"{plan.opened.name}: expected scores of magnitude up to {LARGEST:g} in column {plan.roles.score!r}, "
            f"found them from {low!r} to {high!r}. Rescale the column"
        )
    return float(low), float(high)


def count(session: Session, plan: Plan, edges: Edges | None) -> Counted:
    """Count the rows in one pass: scores by value while there are few, else by bin.

    Args:
        session: the engine.
        plan: what to count.
        edges: of the histogram, where they are given; a score outside is left for the caller to see.
    """
    rows, scored, distinct = group_cap(session, plan)
    if plan.roles.score is None:
        return _run(session, plan, None)
    if distinct <= EXACT_SCORES or (rows < session.look_rows and scored <= EXACT_ROWS):
        counted = _run(session, plan, None)
        if counted.cells:
            return counted
    counted = _run(session, plan, edges or UNIT)
    found = [cell.scores for cell in counted.cells if cell.scores]
    if sum(sum(scores.counts) + scores.unusable["outside"] for scores in found) <= EXACT_ROWS:
        return _run(session, plan, None)
    if edges is None and any(scores.unusable["outside"] for scores in found):
        counted = _run(session, plan, _score_edges(session, plan))
    return counted
