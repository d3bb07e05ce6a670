"""A stream that is watched in pieces: what came, what waits, and how the next table goes on from it.

A table is either the next batch (no row is older than the last one seen) or the same table grown (it holds every row
seen so far, unchanged). Anything else is refused: a clock went back, or the past was rewritten. The bucket that the
last row is in waits for its end, so that the outcome is, to the last bit, that of all rows at once.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

from assay.errors import InputError
from assay.lifecycle.watch_rows import counts_of
from assay.records.canonical import canonical_json, parse_record
from assay.records.tally import ClassValue, Frozen, GroupValue, Roles
from assay.sequential.schedule import COARSE_ROWS, FINE_ROWS
from assay.sequential.state import MonitorState, freeze, thaw
from assay.tabular.ordered import Cell

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from assay.sequential import SequentialMonitor
    from assay.tabular.ordered import Stream


class KeptCell(Frozen, kw_only=True):
    """A cell with its exact sums as digits, which JSON numbers cannot all hold."""

    group: tuple[GroupValue, ...]
    label: ClassValue
    prediction: ClassValue
    count: int
    sums: tuple[str, str, str, str]


class StreamState(Frozen, kw_only=True):
    """What is kept of a stream.

    Attributes:
        schema: the record's version.
        monitor: the monitor.
        roles: which column means what.
        order: the order column.
        kind: what its values are compared as.
        rows: rows so far.
        last: the order column's greatest value; None before the first row.
        run: cells of the rows that have it.
        seen: cells of all rows.
        bucket: number of the bucket that waits for its end; -1 when none does.
        waiting: its cells.
    """

    schema: Literal["assay.stream/v1"] = "assay.stream/v1"
    monitor: MonitorState
    roles: Roles
    order: str
    kind: str
    rows: int
    last: str | None
    run: tuple[KeptCell, ...]
    seen: tuple[KeptCell, ...]
    bucket: int
    waiting: tuple[KeptCell, ...]


class Cells:
    """Cells that add and subtract."""

    def __init__(self, cells: Iterable[Cell] = ()) -> None:
        self.sums: dict[tuple[object, ...], tuple[Cell, Counter[str]]] = {}
        self.add(cells)

    def add(self, cells: Iterable[Cell], sign: int = 1) -> None:
        """Add cells, or take them away."""
        for cell in cells:
            key = (*((type(value), value) for value in cell.group), cell.label, cell.prediction)
            _, sums = self.sums.setdefault(key, (cell, Counter()))
            for name in ("count", "numbers", "total", "magnitude", "squares"):
                sums[name] += sign * getattr(cell, name)

    def cells(self) -> list[Cell]:
        """Return the cells that are not empty."""
        return [
            Cell(cell.group, cell.label, cell.prediction, sums["count"], sums["numbers"], sums["total"],
                 sums["magnitude"], sums["squares"])
            for cell, sums in self.sums.values()
            if any(sums.values())
        ]  # fmt: skip

    @property
    def rows(self) -> int:
        """Return the rows."""
        return sum(sums["count"] for _, sums in self.sums.values())


def less(one: Cells, other: Cells) -> Cells:
    """Return the cells of one without those of another."""
    found = Cells(one.cells())
    found.add(other.cells(), -1)
    return found


class Going:
    """A stream under way."""

    def __init__(self, monitor: SequentialMonitor, roles: Roles, order: str, kind: str) -> None:
        self.monitor, self.roles, self.order, self.kind = monitor, roles, order, kind
        self.rows = 0
        self.last: str | None = None
        self.run, self.seen = Cells(), Cells()
        self.bucket, self.waiting = -1, Cells()

    @classmethod
    def start(cls, monitor: SequentialMonitor, stream: Stream) -> Going:
        """Start with no rows."""
        monitor.favourable_is_positive = stream.favourable_is_positive
        return cls(monitor, stream.plan.roles, stream.order.column, stream.order.kind)

    def take(self, stream: Stream) -> int:
        """Take the rows of a table that are new, and return how many share their order value with the row before.

        Raises:
            InputError: when the table is neither the next batch nor the same table grown.
        """
        ties = 0
        if not stream.rows:
            return ties
        if self.last is not None:
            if stream.order.kind != self.kind:
                raise InputError(
                    f"{stream.plan.opened.name}: expected column {self.order!r} (order) as {self.kind}, as in the rows "
                    f"before, found {stream.order.kind}. Write its values alike"
                )
            ties += self._take_ties(stream, self.last)
            self._check_groups(stream)
        else:
            self.kind = stream.order.kind
        after, last = self.last, self.last
        for bucket in stream.buckets(FINE_ROWS, COARSE_ROWS, before=self.rows, after=after):
            if bucket.number != self.bucket:
                self._feed(last)
                self.bucket = bucket.number
            self.waiting.add(bucket.cells)
            self.seen.add(bucket.cells)
            self.rows += sum(cell.count for cell in bucket.cells)
            last = bucket.at
            ties += bucket.ties
        if last is not None and last != after:
            self.last, self.run = last, Cells(stream.counted("=", last))
        return ties

    def _check_groups(self, stream: Stream) -> None:
        """Refuse a group that is written as a number here, and was text before: it would be taken for a new one."""
        for place, column in enumerate(self.roles.protected):
            known = {cell.group[place] for cell in self.seen.cells()}
            kinds = {str(value): type(value) for value in known if value is not None}
            for value in stream.group_values[place]:
                if value is not None and kinds.get(str(value), type(value)) is not type(value):
                    raise InputError(
                        f"{stream.plan.opened.name}: expected the groups of column {column!r} as in the rows before, "
                        f"found {value!r}, which was {kinds[str(value)].__name__} there. A CSV column is read by "
                        "all of its values: write the groups as words, or use Parquet"
                    )

    def _take_ties(self, stream: Stream, last: str) -> int:
        """Take new rows that share the last order value, and count them; refuse what is older and new."""
        older, equal = Cells(stream.counted("<", last)), Cells(stream.counted("=", last))
        before = less(self.seen, self.run)
        grown = older.rows > 0 or (not before.rows and not _any_below(less(equal, self.run)))
        if grown and (less(older, before).cells() or _any_below(less(equal, self.run))):
            raise InputError(
                f"{stream.plan.opened.name}: expected the next rows, none older than {self.order} {last}, or the same "
                f"table grown, with the {self.rows} rows seen before; found {older.rows} older rows that are not "
                "those. A clock went back, rows came late, or the past was rewritten: start a new state file, or mend "
                "the rows (labels that come later: watch them in a stream ordered by when the label came)"
            )
        new = less(equal, self.run).cells() if grown else equal.cells()
        self.waiting.add(new)
        self.seen.add(new)
        self.run.add(new)
        added = sum(cell.count for cell in new)
        self.rows += added
        return added

    def _feed(self, at: str | None) -> None:
        """Give the bucket that has ended to the monitor."""
        if self.waiting.rows:
            self.monitor.update(counts_of(self.waiting.cells()), at=at)
        self.waiting = Cells()


def _any_below(cells: Cells) -> bool:
    return any(cell.count < 0 or cell.numbers < 0 for cell in cells.cells())


def _keep(cells: Cells) -> tuple[KeptCell, ...]:
    return tuple(
        KeptCell(
            group=cell.group, label=cell.label, prediction=cell.prediction, count=cell.count,
            sums=(str(cell.numbers), str(cell.total), str(cell.magnitude), str(cell.squares)),
        )
        for cell in cells.cells()
    )  # fmt: skip


def _take_up(kept: Iterable[KeptCell]) -> Cells:
    return Cells(Cell(one.group, one.label, one.prediction, one.count, *map(int, one.sums)) for one in kept)


def print_going(going: Going) -> bytes:
    """Return a stream's state as canonical JSON."""
    return canonical_json(
        StreamState(
            monitor=freeze(going.monitor), roles=going.roles, order=going.order, kind=going.kind, rows=going.rows,
            last=going.last, run=_keep(going.run), seen=_keep(going.seen), bucket=going.bucket,
            waiting=_keep(going.waiting),
        )
    )  # fmt: skip


def read_going(path: Path, asked: SequentialMonitor, stream: Stream) -> Going:
    """Read a stream's state, and check that it is of the same question.

    Raises:
        DocumentError: when the file is no state.
        InputError: when it is another question's.
    """
    from assay.lifecycle.storing import storage_errors  # noqa: PLC0415 - only with a state

    with storage_errors(path):
        content = path.read_bytes()
    state = parse_record(content, StreamState, name=str(path))
    names = ("watches", "protected", "comparisons", "alpha", "minimum_group")
    differing = [name for name in names if getattr(state.monitor, name) != getattr(asked, name)]
    differing += ["columns"] if state.roles != stream.plan.roles else []
    differing += ["order"] if state.order != stream.order.column else []
    if differing:
        raise InputError(
            f"{path}: expected the state of the same question, found another: {', '.join(differing)} differ. "
            "A promise over the whole stream is made once: ask as before, or start a new state file"
        )
    going = Going(thaw(state.monitor), state.roles, state.order, state.kind)
    going.rows, going.last, going.bucket = state.rows, state.last, state.bucket
    going.run, going.seen, going.waiting = _take_up(state.run), _take_up(state.seen), _take_up(state.waiting)
    return going


def write_going(path: Path, going: Going) -> None:
    """Write a stream's state: whole, or not at all.

    Raises:
        StorageError: when the disk is full or the folder cannot be written.
    """
    from assay.lifecycle.storing import staging, storage_errors, write_durably  # noqa: PLC0415 - only with a state

    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    with staging(path) as stage, storage_errors(path.parent):
        write_durably(stage / path.name, print_going(going))
        (stage / path.name).replace(path)
