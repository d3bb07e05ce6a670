"""A table as a reference profile, and a later table counted against one: the reference's rows are not needed again.

The later table is read in one pass for everything that sums need, in one more for all columns in narrow bins, and
once for each column whose values are few.
"""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from assay.errors import DataError, suggest
from assay.records.comparison import Category, ColumnCounts, Side, Step, TableComparison
from assay.records.profile import Bin, ColumnProfile, Named, Profile
from assay.tabular.binning import count_in_bins
from assay.tabular.comparison import EXACT_VALUES, MEMORY, MOST_CATEGORIES, NARROW_BINS
from assay.tabular.narrow_bins import interpolated, narrow_bins
from assay.tabular.sql import any_float, identifier, literal
from assay.tabular.summing import Summed, as_double, sum_up
from assay.tabular.typed import EMPTY, Typed, family, open_typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assay.tabular.column_source import Columns
    from assay.tabular.engine import Session
    from assay.tabular.narrow_bins import Asks, NarrowBins

MOST_KEPT = 1_000
"""Different values that a profile keeps of a column, one by one: beyond it, numbers are binned and names left out."""

FEW_NAMES = 20
"""So many names are categories in a table of any size; of more, a name must stand for two rows on average."""

OWN_BIN = 0.1
"""A value with this share of the rows is a bin of its own, as `assay.metrics.drift` has it."""


@dataclass(frozen=True)
class _Table:
    """A table that the engine reads, and what one pass over it says of its numeric columns."""

    session: Session
    typed: Typed
    summed: dict[str, Summed] = field(default_factory=dict)
    numbers: dict[str, tuple[Side, int]] = field(default_factory=dict)

    def rows(self, sql: str) -> list[Any]:
        return self.session.rows(sql, name=self.typed.name)

    def value(self, column: str, kind: str) -> str:
        """Return SQL for a column as it is compared: numbers and times as DOUBLE, all else as text."""
        name = identifier(column)
        if family(kind) == "truth":
            return f"{name}::BOOLEAN::VARCHAR"
        if family(kind) == "category":
            return f"{name}::VARCHAR"
        value = as_double(column, time=family(kind) == "time")
        return value if self.summed[column].finite else any_float(value)

    def summarise(self, kinds: dict[str, str]) -> None:
        """Read, in one pass, every column's side and about how many different numbers it has."""
        numbers = {
            column: as_double(column, time=family(kind) == "time")
            for column, kind in kinds.items()
            if family(kind) in {"number", "time"}
        }
        self.summed.update(sum_up(self.rows, self.typed.relation, self.typed.rows, kinds, numbers))
        self.numbers.update((column, (self.summed[column].side, self.summed[column].different)) for column in numbers)

    def histograms(self, wanted: dict[str, list[float]], kinds: dict[str, str]) -> dict[str, list[int]]:
        """Count columns in bins that end at given edges; the last count is of the rows beyond."""
        rows = {
            column: f"SELECT {self.value(column, kinds[column])} AS v FROM {self.typed.relation}" for column in wanted
        }
        return {column: count_in_bins(self.rows, rows[column], edges) for column, edges in wanted.items()}

    def missing(self, column: str) -> Side:
        """Return the side of a column that is no number."""
        kind = self.typed.types[column]
        if column not in self.summed:
            self.summed.update(sum_up(self.rows, self.typed.relation, self.typed.rows, {column: kind}, {}))
        shown = "VARCHAR" if kind == EMPTY else kind
        return Side(type=shown, rows=self.typed.rows, missing=self.summed[column].side.missing)

    def each(self, column: str, kind: str, *, most: int | None = None) -> list[tuple[Any, int]]:
        """Count each value of a column, ascending."""
        usable = "isfinite(v)" if family(kind) in {"number", "time"} else "v IS NOT NULL"
        limit = "" if most is None else f" LIMIT {most + 1}"
        value = self.value(column, kind)
        asked = f"SELECT v, count(*) FROM (SELECT {value} AS v FROM {self.typed.relation})"
        return self.rows(f"{asked} WHERE {usable} GROUP BY v ORDER BY v{limit}")

    def narrow(self, column: str, kind: str, side: Side) -> NarrowBins | None:
        """Count a column in narrow bins of its own."""
        rows = f"SELECT {self.value(column, kind)} AS v FROM {self.typed.relation}"
        return narrow_column(self.rows, rows, side)

    def below(self, column: str, kind: str, low: float) -> tuple[int, float | None]:
        """Count the rows below a value, and return the greatest of them."""
        value = f"SELECT {self.value(column, kind)} AS v FROM {self.typed.relation}"
        found: tuple[int, float | None] = self.rows(
            f"SELECT count(*), max(v) FROM ({value}) WHERE isfinite(v) AND v < {literal(low)}"
        )[0]
        return found


def narrow_column(ask: Asks, rows: str, side: Side) -> NarrowBins | None:
    """Count a column in narrow bins of its own.

    Args:
        ask: runs a statement.
        rows: a query with one column ``v`` of DOUBLEs.
        side: of the column; some of it is usable.
    """
    if side.low is None or side.high is None:
        raise ValueError("a side with usable values has a least and a greatest one")
    return narrow_bins(ask, rows, None, low=side.low, high=side.high, rows=side.usable, bins=NARROW_BINS)


def profile_table(
    rows: Any,  # noqa: ANN401 - any table
    *,
    columns: Sequence[str] | None = None,
    without: Sequence[str] = (),
    memory: str = MEMORY,
) -> Profile:
    """Count every column of a table, as a reference for later ones.

    Args:
        rows: a CSV or Parquet file, a glob, a folder, bytes, a `Query`, or a frame.
        columns: the columns to keep; all when None.
        without: columns to leave out, such as identifiers.
        memory: the engine's budget.

    Raises:
        DataError: when the table cannot be read or has no rows, or a column is not in it.
    """
    from assay.tabular.engine import session  # noqa: PLC0415 - the engine is loaded when rows are read

    with session(memory=memory) as opened:
        return profile_columns(_Table(opened, open_typed(opened, rows, "reference_rows")), columns, without)


def profile_columns(table: Columns, columns: Sequence[str] | None, without: Sequence[str]) -> Profile:
    """Count every column of a table, wherever its rows are; see `profile_table`."""
    typed = table.typed
    if not typed.rows:
        raise DataError(f"{typed.name}: expected rows, found none: nothing can be compared with nothing")
    for wanted in (*(columns or ()), *without):
        if wanted not in typed.types:
            raise DataError(f"no column {wanted!r} in {typed.name}{suggest(wanted, typed.types)}")
    chosen = [name for name in columns or typed.types if name not in without]
    kinds = {name: typed.types[name] for name in chosen}
    table.summarise(kinds)
    kept = tuple(_profiled(table, column, kinds[column]) for column in chosen)
    return Profile(rows=typed.rows, text=typed.is_text, files=typed.files, columns=kept)


def _profiled(table: Columns, column: str, kind: str) -> ColumnProfile:
    if column in table.numbers:
        return _profiled_numbers(table, column, kind)
    side = table.missing(column)
    if family(side.type or "") == "other":
        reason = f"columns of type {side.type} are not compared"
        return ColumnProfile(column=column, kind="incomparable", side=side, reason=reason)
    if kind == EMPTY:
        return ColumnProfile(column=column, kind="category", side=side)
    counted = table.each(column, kind, most=MOST_KEPT)
    if len(counted) > MOST_KEPT or (len(counted) > FEW_NAMES and 2 * len(counted) > side.usable):
        reason = (
            f"it has {'more than 1,000' if len(counted) > MOST_KEPT else len(counted)} different values in "
            f"{side.usable:,} rows: a profile keeps no names. Compare a grouping of it"
        )
        return ColumnProfile(column=column, kind="incomparable", side=side, reason=reason)
    return ColumnProfile(
        column=column, kind="category", side=side, categories=tuple(Named(*one) for one in counted)
    )  # fmt: skip


def _profiled_numbers(table: Columns, column: str, kind: str) -> ColumnProfile:
    side, different = table.numbers[column]
    if not side.usable:
        return ColumnProfile(column=column, kind="numeric", side=side)
    if different > EXACT_VALUES and (found := table.narrow(column, kind, side)) is not None:
        steps, deciles, exact = [(at, rows) for at, rows, _ in found.steps], found.deciles, False
    else:
        counted = table.each(column, kind)
        upto = accumulate(rows for _, rows in counted)
        deciles = interpolated(zip((at for at, _ in counted), upto, strict=True), side.usable)
        exact = len(counted) <= MOST_KEPT
        steps = counted if exact else _thinned(counted, side.usable, deciles)
    return ColumnProfile(
        column=column, kind="numeric", side=side, deciles=tuple(deciles), bins=tuple(Bin(*one) for one in steps),
        exact=exact,
    )  # fmt: skip


def _thinned(counted: Sequence[tuple[float, int]], rows: int, deciles: Iterable[float]) -> list[tuple[float, int]]:
    """Return values in narrow bins that end at deciles, too; a value of a tenth of the rows has one of its own."""
    ends = set(deciles) | {counted[-1][0]}
    before = 0
    for at, (value, count) in enumerate(counted):
        if count >= OWN_BIN * rows:
            ends |= {math.nextafter(value, -math.inf), value}
        if at and before * NARROW_BINS // rows != (before + count) * NARROW_BINS // rows:
            ends.add(value)
        before += count
    edges = sorted(ends)
    totals = [0] * len(edges)
    for value, count in counted:
        totals[bisect_left(edges, value)] += count
    return list(zip(edges, totals, strict=True))


def compare_with_profile(
    profile: Profile,
    current: Any,  # noqa: ANN401 - any table
    *,
    columns: Sequence[str] | None = None,
    memory: str = MEMORY,
) -> TableComparison:
    """Count every column of a table in the bins and categories of a profile.

    Metrics of categories, of columns of few values, and those by deciles (``psi``, ``jensen_shannon``) are those of
    `compare_tables`; ``ks`` and ``wasserstein`` of other columns differ by at most the bound that they tell.

    Args:
        profile: the reference.
        current: a CSV or Parquet file, a glob, a folder, bytes, a `Query`, or a frame.
        columns: the columns to compare; all of both when None.
        memory: the engine's budget.

    Raises:
        DataError: when the table cannot be read or has no rows, or a column is in neither.
    """
    from assay.tabular.engine import session  # noqa: PLC0415 - the engine is loaded when rows are read

    with session(memory=memory) as opened:
        return compare_typed_with_profile(
            opened, profile, open_typed(opened, current, "current_rows"), columns=columns
        )  # fmt: skip


def compare_typed_with_profile(
    session: Session, profile: Profile, typed: Typed, *, columns: Sequence[str] | None = None
) -> TableComparison:
    """Count every column of an open table in the bins and categories of a profile; see `compare_with_profile`."""
    return compare_columns(profile, _Table(session, typed), columns=columns)


def compare_columns(profile: Profile, table: Columns, *, columns: Sequence[str] | None = None) -> TableComparison:
    """Count every column of a table, wherever its rows are, as a profile has it; see `compare_with_profile`."""
    typed = table.typed
    if not typed.rows:
        raise DataError(f"{typed.name}: expected rows, found none: nothing can be compared with nothing")
    known = {one.column: one for one in profile.columns}
    names = list(dict.fromkeys((*known, *typed.types)))
    for wanted in columns or ():
        if wanted not in names:
            raise DataError(f"no column {wanted!r} in the profile or {typed.name}{suggest(wanted, names)}")
    chosen = list(dict.fromkeys(columns or names))
    kinds = {name: _type(typed, name, known.get(name), text=profile.text) for name in chosen if name in typed.types}
    reasons = {name: _reason(name, known.get(name), kinds, typed) for name in chosen}
    usable = {name: kind for name, kind in kinds.items() if reasons[name] is None}
    table.summarise(usable)
    edges = {name: [part.at for part in known[name].bins] for name in usable if _is_binned(table, known[name])}
    counted = table.histograms(edges, usable)
    found = tuple(
        _compared(table, name, known.get(name), kinds, reason=reasons[name], counted=counted) for name in chosen
    )
    return TableComparison(reference_rows=profile.rows, current_rows=typed.rows, columns=found)


def _type(typed: Typed, column: str, before: ColumnProfile | None, *, text: bool) -> str:
    """Return a column's type; that of the profile where this one holds nothing, or reads alike and is text."""
    own = typed.types[column]
    foreign = None if before is None else before.side.type
    if own == EMPTY:
        return foreign or "VARCHAR"
    lends = foreign is not None and family(foreign) == family(own) and (typed.is_text or text)
    return foreign if lends and foreign is not None else own


def _reason(column: str, before: ColumnProfile | None, kinds: dict[str, str], typed: Typed) -> str | None:
    if before is None:
        return f"the profile has no column {column!r}"
    if column not in kinds:
        return f"{typed.name} has no column {column!r}"
    if before.reason is not None:
        return before.reason
    families = family(before.side.type or ""), family(kinds[column])
    if families[0] != families[1] and before.side.usable:
        return f"the column's type has changed: {before.side.type} in the reference, {kinds[column]} now"
    return f"columns of type {kinds[column]} are not compared" if families[1] == "other" else None


def _is_binned(table: Columns, before: ColumnProfile) -> bool:
    if before.column not in table.numbers or not before.bins:
        return False
    side, different = table.numbers[before.column]
    return side.usable > 0 and not (before.exact and different <= EXACT_VALUES)


def _compared(
    table: Columns, column: str, before: ColumnProfile | None, kinds: dict[str, str], *, reason: str | None,
    counted: dict[str, list[int]],
) -> ColumnCounts:  # fmt: skip
    gone = Side(type=None, rows=table.typed.rows)
    if reason is not None or before is None:
        reference = Side(type=None, rows=0) if before is None else before.side
        current = table.missing(column) if column in kinds else gone
        return ColumnCounts(column=column, kind="incomparable", reference=reference, current=current, reason=reason)
    if column in table.numbers:
        return _compared_numbers(table, before, kinds[column], counted.get(column))
    side = table.missing(column)
    now = dict(table.each(column, kinds[column], most=MOST_CATEGORIES))
    if len(now) > MOST_CATEGORIES:
        reason = f"it has more than {MOST_CATEGORIES:,} different values: compare a grouping of it"
        return ColumnCounts(column=column, kind="incomparable", reference=before.side, current=side, reason=reason)
    then = {one.name: one.rows for one in before.categories}
    named = tuple(Category(name, then.get(name, 0), now.get(name, 0)) for name in sorted({*then, *now}))
    return ColumnCounts(column=column, kind="category", reference=before.side, current=side, categories=named)


def _compared_numbers(table: Columns, before: ColumnProfile, kind: str, counted: list[int] | None) -> ColumnCounts:
    side = table.numbers[before.column][0]
    counts = ColumnCounts(column=before.column, kind="numeric", reference=before.side, current=side)
    if not side.usable or not before.side.usable:
        return counts
    low, high = before.side.low, before.side.high
    if low is None or high is None or side.low is None or side.high is None:
        raise ValueError("a side with usable values has a least and a greatest one")
    if counted is None:
        now = dict(table.each(before.column, kind))
        then = {part.at: part.rows for part in before.bins}
        steps = [Step(at, then.get(at, 0), now.get(at, 0)) for at in sorted({*then, *now})]
        outside = sum(rows for at, rows in now.items() if not low <= at <= high)
        exact = True
    else:
        under, below = table.below(before.column, kind, low) if side.low < low else (0, None)
        steps = [Step(part.at, part.rows, rows) for part, rows in zip(before.bins, counted, strict=False)]
        steps[0] = Step(steps[0].at, steps[0].reference, steps[0].current - under)
        steps = [*([Step(below, 0, under)] if below is not None else []), *steps]
        steps += [Step(side.high, 0, counted[-1])] if counted[-1] else []
        outside, exact = under + counted[-1], False
    return ColumnCounts(
        column=before.column, kind="numeric", reference=before.side, current=side, deciles=before.deciles,
        steps=tuple(steps), exact=exact, out_of_range=outside,
    )  # fmt: skip
