"""Regression: moments and a histogram of the errors, by group."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import DataError
from assay.records._tally_sum import add_cells, add_gaps, cell_order, error_exponent
from assay.records.tally import SCORE_BINS, Cell, ErrorCell, Errors, Gap, Tally
from assay.tabular.counting import group_cap, refuse_many_groups
from assay.tabular.limits import LARGEST, MOST_CELLS
from assay.tabular.sql import indented, literal
from assay.tabular.statement import (
    STATES,
    Plan,
    chosen,
    number_columns,
    number_state,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.records.tally import GroupValue
    from assay.tabular.engine import Session
    from assay.tabular.values import Raw

_SUMS = {
    "labels": "label",
    "label_squares": "label * label",
    "predictions": "prediction",
    "errors": "error",
    "absolute_errors": "abs(error)",
    "squared_errors": "error * error",
}


@dataclass(frozen=True, slots=True)
class RawErrors:
    """Rows of one raw group whose label and prediction have the same states; sums over them where both are usable."""

    group: tuple[Raw, ...]
    label_state: int
    prediction_state: int
    count: int
    sums: dict[str, int]
    bins: list[tuple[int, int]]


def _errors_sql(plan: Plan, exponent: int) -> str:
    """Return the statement that counts errors in bins between ``-2**exponent`` and ``2**exponent``."""
    roles = plan.roles
    assert roles.label is not None  # noqa: S101 - checked with the roles
    assert roles.prediction is not None  # noqa: S101 - checked with the roles
    columns, states = chosen(plan), []
    for role, column in (("label", roles.label), ("prediction", roles.prediction)):
        columns += number_columns(plan, role, column)
        usable = f"WHEN abs({role}) <= {LARGEST!r} THEN 0"
        states.append(f"{number_state(plan, role, column, usable=usable)} AS {role}_state")
    keys = [*plan.groups, "label_state", "prediction_state"]
    usable = "CASE WHEN label_state = 0 AND prediction_state = 0 THEN {} END AS {}"
    error = usable.format("prediction - label", "error")

    def both(role: str) -> str:
        return usable.format(role, role)

    inner = [
        f"{_error_bin(exponent)} AS bin",
        "count(*) AS n",
        *(f"sum(CAST({term} * 1e12 AS HUGEINT)) AS {name}" for name, term in _SUMS.items()),
    ]
    outer = [
        "sum(n) AS n",
        *(f"sum({name}) AS {name}" for name in _SUMS),
        "list(bin ORDER BY bin) FILTER (WHERE bin IS NOT NULL) AS bin_list",
        "list(n ORDER BY bin) FILTER (WHERE bin IS NOT NULL) AS n_list",
    ]
    return (
        f"WITH chosen AS (\n  SELECT\n{indented(columns)}\n  FROM {plan.opened.relation}\n),\n"
        f"placed AS (\n  SELECT\n{indented(['*', *states])}\n  FROM chosen\n),\n"
        f"paired AS (\n  SELECT * REPLACE ({both('label')}, {both('prediction')}),\n    {error}\n  FROM placed\n),\n"
        f"counted AS (\n  SELECT\n{indented([*keys, *inner])}\n  FROM paired\n  GROUP BY ALL\n)\n"
        f"SELECT\n{indented([*keys, *outer], 2)}\nFROM counted\nGROUP BY ALL;\n"
    )


def _error_bin(exponent: int) -> str:
    """Return the bin of an error.

    The first bin below 0 is asked for by its edges: the quotient of the least negative numbers and a width above 1 is
    rounded to 0, which would put an error into another bin the wider the bins are.
    """
    width = literal(2.0**exponent / (SCORE_BINS // 2))
    place = f"CASE WHEN error < 0 AND error >= -{width} THEN -1 ELSE CAST(floor(error / {width}) AS SMALLINT) END"
    return f"{place} + {SCORE_BINS // 2}"


def _greatest_error(session: Session, plan: Plan) -> float:
    assert plan.roles.label is not None  # noqa: S101 - checked with the roles
    assert plan.roles.prediction is not None  # noqa: S101 - checked with the roles
    label, prediction = plan.number(plan.roles.label), plan.number(plan.roles.prediction)
    usable = f"isfinite({label} - {prediction}) AND abs({label}) <= {LARGEST!r} AND abs({prediction}) <= {LARGEST!r}"
    sql = f"SELECT max(CASE WHEN {usable} THEN abs({prediction} - {label}) END) FROM {plan.opened.relation}"
    return float(session.rows(sql, name=plan.opened.name)[0][0] or 0.0)


def _raw(plan: Plan, found: list[tuple[Raw, ...]]) -> list[RawErrors]:
    cells, groups = [], len(plan.groups)
    for row in found:
        rest = iter(row[groups:])
        label, prediction = next(rest), next(rest)
        count = int(next(rest))
        sums = {name: next(rest) or 0 for name in _SUMS}
        bins = list(zip(next(rest) or [], next(rest) or [], strict=True))
        cells.append(RawErrors(row[:groups], label, prediction, count, sums, bins))
    return cells


def read_errors(session: Session, plan: Plan) -> tuple[list[RawErrors], float, str]:
    """Count the errors: the raw cells, the upper edge of the histogram, and the statement.

    Raises:
        DataError: when an attribute has too many values.
    """
    group_cap(session, plan)
    exponent = error_exponent(_greatest_error(session, plan))
    sql = _errors_sql(plan, exponent)
    found = session.watched_rows(sql, name=plan.opened.name, most=MOST_CELLS + 1)
    if len(found) > MOST_CELLS:
        refuse_many_groups(session, plan)
        raise DataError(
            f"{plan.opened.name}: expected at most {MOST_CELLS} groups, found more. Name fewer protected columns"
        )
    return _raw(plan, found), 2.0**exponent, sql


def refuse_unusable(plan: Plan, cells: list[RawErrors]) -> None:
    """Raise for predictions that are no numbers, and for labels that are text or too large.

    Raises:
        DataError: with the number of rows.
    """
    words = {STATES["null"]: "null", STATES["nan"]: "NaN", STATES["infinite"]: "infinite", STATES["text"]: "text"}
    words[STATES["outside"]] = f"of a magnitude beyond {LARGEST:g}"
    for column, state, allowed in (
        (plan.roles.prediction, "prediction_state", set[int]()),
        (plan.roles.label, "label_state", {STATES["null"], STATES["nan"], STATES["infinite"]}),
    ):
        wrong: defaultdict[int, int] = defaultdict(int)
        for cell in cells:
            found = getattr(cell, state)
            if found < 0 and found not in allowed:
                wrong[found] += cell.count
        if wrong:
            each = ", ".join(f"{rows} rows where it is {words[code]}" for code, rows in sorted(wrong.items()))
            raise DataError(
                f"{plan.opened.name}: expected numbers up to {LARGEST:g} in column {column!r}, found {each}. "
                "Leave out the rows that were not decided; rescale what is too large"
            )


def tally_errors(
    plan: Plan,
    cells: list[RawErrors],
    high: float,
    group: Callable[[tuple[Raw, ...]], tuple[GroupValue, ...]],
) -> Tally:
    """Return the tally of a regression: groups, errors and gaps, without its source."""
    found: dict[tuple[object, ...], tuple[tuple[GroupValue, ...], defaultdict[str, int], defaultdict[int, int]]] = {}
    gaps: list[Gap] = []
    for cell in cells:
        values = group(cell.group)
        if cell.label_state < 0 and plan.roles.label is not None:
            kinds = {STATES["null"]: "null", STATES["nan"]: "nan", STATES["infinite"]: "infinite"}
            gaps.append(Gap(column=plan.roles.label, kind=kinds[cell.label_state], count=cell.count))  # type: ignore[arg-type] # these three are kinds
            continue
        _, sums, bins = found.setdefault(cell_order(values), (values, defaultdict(int), defaultdict(int)))
        sums["count"] += cell.count
        for name, value in cell.sums.items():
            sums[name] += value
        for number, count in cell.bins:
            bins[number] += count
    error_cells = [
        ErrorCell(group=values, bins=tuple(sorted(bins.items())), **sums)
        for _, (values, sums, bins) in sorted(found.items(), key=lambda item: item[0])
    ]
    return Tally(
        roles=plan.roles,
        rows=sum(cell.count for cell in cells),
        cells=add_cells(Cell(group=group(c.group), count=c.count) for c in cells),
        errors=Errors(low=-high, high=high, cells=tuple(error_cells)),
        gaps=add_gaps(gaps),
    )
