"""Regression: moments and a histogram of the errors, by group."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from assay.errors import DataError
from assay.records._tally_sum import add_cells, add_gaps, cell_order, error_exponent
from assay.records.tally import SCORE_BINS, Cell, ErrorCell, ErrorMoments, Errors, Gap, Tally, WeightedErrors
from assay.tabular.counting import group_cap, refuse_many_groups
from assay.tabular.limits import LARGEST, MOST_CELLS
from assay.tabular.sql import indented, literal
from assay.tabular.statement import (
    STATES,
    Plan,
    chosen,
    number_columns,
    number_state,
    weight_state,
    weight_sums,
    weighted_sum,
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
_WEIGHTED = {name: term for name, term in _SUMS.items() if name != "predictions"}
_MOMENTS = {
    "label_cubes": "label * label * label",
    "label_fourths": "label * label * (label * label)",
    "error_fourths": "error * error * (error * error)",
    "label_error_squares": "label * (error * error)",
    "label_square_error_squares": "label * label * (error * error)",
}
_SPLIT = 1 << 40
"""Fourth powers are too large for the engine's integers in units of 1e-12: whole multiples of this, and the rest."""


@dataclass(frozen=True, slots=True)
class RawErrors:
    """Rows of one raw group whose label and prediction have the same states; sums over them where both are usable.

    ``bins`` holds (bin, rows, weights); weights are 0 without a weight column.
    """

    group: tuple[Raw, ...]
    label_state: int
    prediction_state: int
    weight_state: int
    count: int
    weight: int | None
    weight_squares: int | None
    sums: dict[str, int]
    weighted: dict[str, int]
    moments: dict[str, int]
    bins: list[tuple[int, int, int]]


def _moment_sums() -> dict[str, str]:
    sums = {}
    for name, term in _MOMENTS.items():
        whole = f"floor({term} / {_SPLIT})"
        sums[f"{name}_whole"] = f"sum(CAST({whole} AS HUGEINT))"
        sums[f"{name}_rest"] = f"sum(CAST(({term} - {whole} * {_SPLIT}) * 1e12 AS HUGEINT))"
    return sums


def _more_sums(plan: Plan) -> dict[str, str]:
    """Return the sums beside those of errors: with weights the weighted ones, without them the higher moments."""
    if plan.roles.weight is None:
        return _moment_sums()
    return {f"weighted_{name}": weighted_sum(term, "error IS NOT NULL") for name, term in _WEIGHTED.items()}


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
    states += weight_state(plan)
    weights, weights_again = weight_sums(plan)
    keys = [*plan.groups, "label_state", "prediction_state", *(["weight_state"] if roles.weight else [])]
    usable = "CASE WHEN label_state = 0 AND prediction_state = 0 THEN {} END AS {}"
    error = usable.format("prediction - label", "error")

    def both(role: str) -> str:
        return usable.format(role, role)

    inner = [
        f"{_error_bin(exponent)} AS bin",
        "count(*) AS n",
        *weights,
        *(f"sum(CAST({term} * 1e12 AS HUGEINT)) AS {name}" for name, term in _SUMS.items()),
        *(f"{found} AS {name}" for name, found in _more_sums(plan).items()),
    ]
    lists = ["bin", "n", *(["weight"] if roles.weight else [])]
    outer = [
        "sum(n) AS n",
        *weights_again,
        *(f"sum({name}) AS {name}" for name in (*_SUMS, *_more_sums(plan))),
        *(f"list({name} ORDER BY bin) FILTER (WHERE bin IS NOT NULL) AS {name}_list" for name in lists),
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
    """Give the columns of `_errors_sql` their names."""
    cells, groups = [], len(plan.groups)
    is_weighted = plan.roles.weight is not None
    for row in found:
        rest = iter(row[groups:])
        label, prediction = next(rest), next(rest)
        weighing = next(rest) if is_weighted else 0
        count = int(next(rest))
        weight, squares = (next(rest), next(rest)) if is_weighted else (None, None)
        sums = {name: next(rest) or 0 for name in _SUMS}
        more = {name: next(rest) or 0 for name in _more_sums(plan)}
        weighted = {name: more[f"weighted_{name}"] for name in _WEIGHTED} if is_weighted else {}
        moments = {}
        if not is_weighted:
            moments = {n: more[f"{n}_whole"] * _SPLIT * 10**12 + more[f"{n}_rest"] for n in _MOMENTS}
        places, rows = next(rest) or [], next(rest) or []
        weights = (next(rest) if is_weighted else None) or [0] * len(places)
        bins = list(zip(places, rows, weights, strict=True))
        cells.append(
            RawErrors(row[:groups], label, prediction, weighing, count, weight, squares, sums, weighted, moments, bins)
        )
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


class _ErrorSum:
    """An error cell while raw cells are added to it."""

    def __init__(self, group: tuple[GroupValue, ...]) -> None:
        self.group = group
        self.sums, self.weighted, self.moments = Counter[str](), Counter[str](), Counter[str]()
        self.bins, self.weighted_bins = Counter[int](), Counter[int]()

    def add(self, raw: RawErrors) -> None:
        self.sums.update({**raw.sums, "count": raw.count})
        self.moments.update(raw.moments)
        self.weighted.update({**raw.weighted, "weight": raw.weight or 0, "weight_squares": raw.weight_squares or 0})
        for number, count, weight in raw.bins:
            self.bins[number] += count
            self.weighted_bins[number] += weight

    def cell(self, *, is_weighted: bool) -> ErrorCell:
        bins = tuple(sorted(self.weighted_bins.items()))
        weighted = WeightedErrors(**self.weighted, weighted_bins=bins) if is_weighted else msgspec.UNSET
        moments = msgspec.UNSET if is_weighted else ErrorMoments(**self.moments)
        sums = msgspec.convert({**self.sums, "group": self.group}, ErrorCell)
        return msgspec.structs.replace(sums, bins=tuple(sorted(self.bins.items())), weighted=weighted, moments=moments)


def tally_errors(
    plan: Plan,
    cells: list[RawErrors],
    high: float,
    group: Callable[[tuple[Raw, ...]], tuple[GroupValue, ...]],
) -> Tally:
    """Return the tally of a regression: groups, errors and gaps, without its source."""
    found: dict[tuple[object, ...], _ErrorSum] = {}
    gaps: list[Gap] = []
    kinds = {STATES["null"]: "null", STATES["nan"]: "nan", STATES["infinite"]: "infinite"}
    for cell in cells:
        values = group(cell.group)
        if cell.label_state < 0 and plan.roles.label is not None:
            gaps.append(Gap(column=plan.roles.label, kind=kinds[cell.label_state], count=cell.count))  # type: ignore[arg-type] # these three are kinds
            continue
        found.setdefault(cell_order(values), _ErrorSum(values)).add(cell)
    is_weighted = plan.roles.weight is not None
    error_cells = tuple(found[key].cell(is_weighted=is_weighted) for key in sorted(found))
    return Tally(
        roles=plan.roles,
        rows=sum(cell.count for cell in cells),
        cells=add_cells(
            Cell(group=group(c.group), count=c.count, weight=c.weight, weight_squares=c.weight_squares) for c in cells
        ),
        errors=Errors(low=-high, high=high, cells=error_cells),
        gaps=add_gaps(gaps),
    )
