"""Rows in, tally out."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from assay.errors import DataError
from assay.records._tally_sum import add_cells, add_gaps
from assay.records.tally import Cell, Gap, Tally
from assay.tabular.classes import Classes, binary_classes, check_named, check_seen, written_classes
from assay.tabular.columns import check_columns
from assay.tabular.copies import counted_plan
from assay.tabular.counting import Counted, count
from assay.tabular.engine import session
from assay.tabular.limits import LARGEST, MOST_GROUP_VALUES
from assay.tabular.opening import Opened, open_rows
from assay.tabular.regression import read_errors, refuse_unusable, tally_errors
from assay.tabular.scoring import check_scores, scores_of
from assay.tabular.statement import STATES, Edges, Plan
from assay.tabular.values import group_values, is_nan, look_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from assay.records.tally import GroupValue, Roles
    from assay.tabular.counting import RawCell
    from assay.tabular.engine import Session
    from assay.tabular.query import Query
    from assay.tabular.regression import RawErrors
    from assay.tabular.values import Raw, Value


def tally_rows(
    rows: str | Path | bytes | Query | Any,  # noqa: ANN401 - any table of pandas, polars or Arrow
    roles: Roles,
    *,
    name: str | None = None,
    memory: str = "1GB",
    threads: int | None = None,
    on_progress: Callable[[float], None] | None = None,
    count: str | None = None,
) -> Tally:
    """Count rows: cells by group, label and prediction, histograms of scores, moments of errors, and gaps.

    Args:
        rows: a CSV, TSV or Parquet file (text also compressed: .gz, .zst), a glob, a folder; the bytes of such a file;
            a `Query`; a table of pandas, polars or Arrow, or anything that offers ``__arrow_c_stream__``.
        roles: which column means what.
        name: what messages and the record call the rows; ``-`` for standard input.
        memory: the engine's budget; beyond it, it spills to a temporary folder.
        threads: at most so many; all cores if None. No number depends on it.
        on_progress: told the share done, from 0 to 1, from another thread.
        count: column that says for how many rows each row stands, where they were grouped and counted elsewhere.

    Raises:
        DataError: when the rows cannot be read or counted; the message says what was expected and what to do.
        StorageError: when memory or disk are too small.
    """
    with session(memory=memory, threads=threads, on_progress=on_progress) as engine:
        seen: Counter[Value] = Counter()
        tally = tally_batch(engine, rows, roles, name=name, seen=seen, counted_by=count)
    return checked(tally, seen, name=name or _name(rows))


UNUSABLE: tuple[Literal["null"], Literal["nan"], Literal["infinite"]] = ("null", "nan", "infinite")
"""Scores that are told as gaps; the others are errors."""


def _name(rows: object) -> str:
    return str(rows) if hasattr(rows, "__fspath__") or isinstance(rows, str) else "the rows"


def tally_batch(
    engine: Session,
    rows: Any,  # noqa: ANN401 - any table
    roles: Roles,
    *,
    name: str | None,
    seen: Counter[Value],
    edges: Edges | None = None,
    counted_by: str | None = None,
) -> Tally:
    """Count one batch; what can only be known of all batches together is left to `checked`.

    Args:
        engine: the session.
        rows: as in `tally_rows`; or rows that are open in this session.
        roles: which column means what.
        name: what messages call the rows.
        seen: rows by value of label and prediction in the batches before; this batch is added to it.
        edges: of the histogram of scores, where they are given.
        counted_by: column that says for how many rows each row stands.
    """
    opened = rows if isinstance(rows, Opened) else open_rows(engine, rows, name=name)
    plan = Plan(opened, roles, check_columns(opened, roles))
    if counted_by is not None:
        plan = counted_plan(engine, plan, counted_by)
    if roles.task == "regression":
        return _tally_regression(engine, plan)
    counted = count(engine, plan, edges)
    _check_weights(counted.cells, plan)
    _check_predictions(counted, plan)
    check_scores(counted, plan, edges)
    classes = _classes(counted, plan, seen)
    group = group_reader(plan, [cell.group for cell in counted.cells])
    cells = add_cells(
        Cell(
            group=group(cell.group),
            label=classes(cell.label),
            prediction=classes(cell.prediction),
            count=cell.count,
            weight=cell.weight,
            weight_squares=cell.weight_squares,
        )
        for cell in counted.cells
    )
    seen.clear()
    seen.update(classes.seen)
    return Tally(
        roles=roles,
        rows=sum(cell.count for cell in counted.cells),
        cells=cells,
        scores=scores_of(counted, plan, classes, group, edges) if roles.score else None,
        gaps=add_gaps(_gaps(counted, plan)),
        sources=(opened.source(counted.sql),),
    )


def _tally_regression(engine: Session, plan: Plan) -> Tally:
    cells, high, sql = read_errors(engine, plan)
    _check_weights(cells, plan)
    refuse_unusable(plan, cells)
    group = group_reader(plan, [cell.group for cell in cells])
    tally = tally_errors(plan, cells, high, group)
    missing = [
        Gap(column=column, kind="null" if raw is None else "nan", count=cell.count)
        for cell in cells
        for column, raw in zip(plan.roles.protected, cell.group, strict=True)
        if raw is None or is_nan(raw)
    ]
    return msgspec.structs.replace(tally, gaps=add_gaps([*tally.gaps, *missing]), sources=(plan.opened.source(sql),))


def group_reader(plan: Plan, groups: list[tuple[Raw, ...]]) -> Callable[[tuple[Raw, ...]], tuple[GroupValue, ...]]:
    """Return a function that reads a raw group as values.

    Raises:
        DataError: when an attribute has too many values, or values that are no groups.
    """
    tables = []
    for number, column in enumerate(plan.roles.protected):
        raws = {group[number] for group in groups}
        table = group_values(raws, column, plan.kinds[column], is_text=plan.opened.is_text)
        if len(set(table.values())) > MOST_GROUP_VALUES:
            raise DataError(
                f"{plan.opened.name}: expected at most {MOST_GROUP_VALUES} different values in protected column "
                f"{column!r}, found {len(set(table.values()))}. Bin it (ages into bands), or name another column"
            )
        tables.append(table)

    def read(group: tuple[Raw, ...]) -> tuple[GroupValue, ...]:
        return tuple(look_up(raw, table) for raw, table in zip(group, tables, strict=True))  # type: ignore[arg-type,misc] # no floats in these tables

    return read


def _classes(counted: Counted, plan: Plan, seen: Counter[Value]) -> Classes:
    counts: Counter[Raw] = Counter()
    for cell in counted.cells:
        for raw in (cell.label, cell.prediction):
            if raw is not None and not is_nan(raw):
                counts[raw] += cell.count
    if plan.roles.task == "binary":
        classes = binary_classes(counts, plan.roles, is_text=plan.opened.is_text, before=seen)
        for cell in counted.cells:
            if cell.positive is not None and not is_nan(cell.label) and cell.positive != (classes(cell.label) == 1):
                raise DataError(
                    f"{plan.opened.name}: expected column {plan.roles.label!r} to write its classes alike, "
                    f"found {cell.label!r}. Write each class in one way only"
                )
        return classes
    columns = [column for column in (plan.roles.label, plan.roles.prediction) if column is not None]
    texts = {plan.kinds[column] in {"text", "written"} for column in columns}
    return written_classes(counts, plan.roles, texts, is_text=plan.opened.is_text)


def _check_weights(cells: Iterable[RawCell | RawErrors], plan: Plan) -> None:
    wrong: defaultdict[int, int] = defaultdict(int)
    for cell in cells:
        if cell.weight_state < 0:
            wrong[cell.weight_state] += cell.count
    if wrong:
        words = {code: why for why, code in STATES.items()}
        words[STATES["outside"]] = f"greater than {LARGEST:g}"
        words[STATES["text"]] = "not a number"
        found = ", ".join(f"{rows} rows where it is {words[state]}" for state, rows in sorted(wrong.items()))
        raise DataError(
            f"{plan.opened.name}: expected weights from 0 to {LARGEST:g} in column {plan.roles.weight!r}, "
            f"found {found}. Mend these rows, or give them weight 0"
        )


def _check_predictions(counted: Counted, plan: Plan) -> None:
    column = plan.roles.prediction
    if column is None:
        return
    missing = sum(cell.count for cell in counted.cells if cell.prediction is None or is_nan(cell.prediction))
    rows = sum(cell.count for cell in counted.cells)
    if missing:
        refuse_missing_predictions(plan, column, missing, rows)


def refuse_missing_predictions(plan: Plan, column: str, missing: int, rows: int) -> None:
    """Raise: rows without a prediction were not decided.

    Raises:
        DataError: always.
    """
    raise DataError(
        f"{plan.opened.name}: expected a prediction in every row, found column {column!r} null or NaN in {missing} of "
        f"{rows} rows. These rows were not decided: leave them out, or predict them, and count again"
    )


def _gaps(counted: Counted, plan: Plan) -> list[Gap]:
    gaps: list[Gap] = []

    def add(column: str, raw: Raw, rows: int) -> None:
        if raw is None or is_nan(raw):
            gaps.append(Gap(column=column, kind="null" if raw is None else "nan", count=rows))

    for cell in counted.cells:
        if plan.roles.label is not None:
            add(plan.roles.label, cell.label, cell.count)
        for column, raw in zip(plan.roles.protected, cell.group, strict=True):
            add(column, raw, cell.count)
        if plan.roles.score is not None and cell.scores is not None:
            unusable = cell.scores.unusable
            score = plan.roles.score
            gaps.extend(Gap(column=score, kind=kind, count=unusable[kind]) for kind in UNUSABLE if unusable[kind])
    return gaps


def checked(tally: Tally, seen: Counter[Value], *, name: str) -> Tally:
    """Return the tally of all rows, after checking what only all of them together can tell.

    Raises:
        DataError: for no rows, a column that is null throughout, or a positive class that does not occur.
    """
    if tally.rows == 0:
        raise DataError(f"{name}: expected rows, found none. Check the file, the filter or the query that made it")
    for gap_column in {gap.column for gap in tally.gaps}:
        missing = sum(gap.count for gap in tally.gaps if gap.column == gap_column)
        if missing == tally.rows:
            raise DataError(
                f"{name}: expected values in column {gap_column!r}, found none in all {tally.rows} rows. "
                "Name another column, or leave this role out"
            )
    if tally.roles.task == "multiclass":
        check_named({value for cell in tally.cells for value in (cell.label, cell.prediction)}, tally.roles)
    if tally.roles.task != "binary":
        return tally
    favourable_is_positive = check_seen(seen, tally.roles)
    return msgspec.structs.replace(tally, favourable_is_positive=favourable_is_positive)
