"""One small integer in place of protected attributes and bin: what the engine groups by when there are many bins.

A Parquet file keeps text as codes into a dictionary, so that looking each value up costs little; and the engine counts
by small integers in a table without hashing. Bins are then counted apart from the sums, which need no bins. The values
to look up are those that a first look saw. A row with a value that it did not see has no key: it is counted apart, and
all rows are counted again without keys. What is asked to be materialized feeds both countings in one pass: DuckDB
keeps none of it (EXPLAIN: CTE mode DIRECT).
"""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, TypeAlias

from assay.records.tally import SCORE_BINS
from assay.tabular.sql import indented, literal
from assay.tabular.statement import STATES, chosen, class_columns, positive, score_bin, score_lists, score_sums

if TYPE_CHECKING:
    from assay.tabular.statement import Edges, Plan
    from assay.tabular.values import Raw

Seen: TypeAlias = dict[str, list["Raw"]]
"""The values that were seen, by the name that the statement gives the column."""

BINS = SCORE_BINS + len(STATES)
"""Bins, and before them the states of scores that cannot be used (-6 to -1)."""

MOST_VALUES = 32
MOST_COMBINATIONS = (1 << 31) // BINS


_CLASSES = ("label", "prediction")
_SUMMED = ("total", "squares", "log_losses")


def packable(seen: Seen) -> bool:
    """Tell whether the values are few enough to be looked up one by one, and fit one integer together with a bin."""
    fit = all(1 <= len(values) <= MOST_VALUES and values != [None] for values in seen.values())
    plain = all(value is None or isinstance(value, (str, int)) for values in seen.values() for value in values)
    return fit and plain and prod(map(len, seen.values())) <= MOST_COMBINATIONS


def _lookups(seen: Seen, whole: str) -> tuple[str, list[str]]:
    """Return the number of a combination of values, a type ``whole``; and the columns made of that number again."""
    parts, columns, step = [], [], 1
    for name, values in seen.items():
        coded = [(value, f"{code * step}::{whole}") for code, value in enumerate(values)]
        lookup = (
            f"map {{{', '.join(f'{literal(value)}: {code}' for value, code in coded if value is not None)}}}[{name}]"
        )
        if values[-1] is None:
            lookup = f"CASE WHEN {name} IS NULL THEN {coded[-1][1]} ELSE {lookup} END"
        parts.append(lookup)
        listed = ", ".join("NULL" if value is None else literal(value) for value in values)
        columns.append(f"[{listed}][1 + binned.combination // {step} % {len(values)}] AS {name}")
        step *= len(values)
    return "\n      + ".join(parts) or f"0::{whole}", columns


def _last(plan: Plan, sums: dict[str, str]) -> list[str]:
    """Return the columns of the last step, those of `counting_sql` and the rows with values not seen."""
    found = [f"any_value({name}) AS {name}" if name in sums else f"NULL AS {name}" for name in _SUMMED]
    columns = [*plan.groups, *_CLASSES, "sum(n) AS n", *found, *score_lists(plan, "bin", "bin")]
    if plan.roles.label:
        columns.append(f"({positive(plan)}) AS positive")
    return [*columns, "sum(n) FILTER (WHERE combination IS NULL) AS unseen"]


def packed_sql(plan: Plan, edges: Edges, seen: Seen) -> str:
    """Return the statement that counts as `counting_sql` does; a last column counts rows with values not seen.

    Args:
        plan: what to count, with scores and without weights.
        edges: of the histogram of scores.
        seen: the values of the protected attributes.
    """
    assert plan.roles.score is not None  # noqa: S101 - asked for with a score only
    few = prod(map(len, seen.values())) * BINS <= 1 << 16
    number, columns = _lookups(seen, "UTINYINT" if few else "UINTEGER")
    whole = "USMALLINT" if few else "UINTEGER"  # of types so small the engine knows all values, and hashes none
    states = -min(STATES.values())
    binned = f"TRY_CAST(CAST(combination AS INTEGER) * {BINS} + (bin + {states}) AS {whole}) AS key"
    split = [f"key // {BINS} AS combination", f"CAST(key % {BINS} AS SMALLINT) - {states} AS bin"]
    sums = score_sums(plan, edges)
    same = " AND ".join(f"binned.{name} IS NOT DISTINCT FROM summed.{name}" for name in ("combination", *_CLASSES))
    first = [*chosen(plan), *class_columns(plan)]
    summed = ["combination", *_CLASSES, *(f"{found} AS {name}" for name, found in sums.items())]
    return (
        f"WITH chosen AS (\n  SELECT\n{indented(first)}\n  FROM {plan.opened.relation}\n),\n"
        "packed AS MATERIALIZED (\n"
        f"  SELECT\n    {number} AS combination,\n{indented([*_CLASSES, 'score'])}\n  FROM chosen\n),\n"
        f"summed AS (\n  SELECT\n{indented(summed)}\n"
        "  FROM packed\n  GROUP BY ALL\n),\n"
        f"counted AS (\n  SELECT\n{indented([binned, *_CLASSES, 'count(*) AS n'])}\n"
        f"  FROM (SELECT *, {score_bin(plan, plan.roles.score, edges)} FROM packed)\n  GROUP BY ALL\n),\n"
        f"binned AS (\n  SELECT\n{indented([*split, *_CLASSES, 'n'])}\n  FROM counted\n),\n"
        f"decoded AS (\n  SELECT\n{indented([*columns, 'binned.*', *sums])}\n"
        f"  FROM binned LEFT JOIN summed ON {same}\n)\n"
        f"SELECT\n{indented(_last(plan, sums), 2)}\nFROM decoded\nGROUP BY ALL;\n"
    )
