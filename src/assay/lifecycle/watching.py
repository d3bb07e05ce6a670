"""Watching a stream: rows in the order of a column go through a monitor, and what it raised comes out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from assay.errors import EXIT_ALLOW, EXIT_DENY, EXIT_UNDECIDED, InputError
from assay.lifecycle.watch_limits import watches
from assay.lifecycle.watch_rows import counts_of
from assay.records.tally import Roles
from assay.sequential import WATCHABLE, Open, SequentialMonitor
from assay.sequential.schedule import COARSE_ROWS, FINE_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.tally import Gap, Task
    from assay.sequential import Alert, Standing, Watch
    from assay.tabular.ordered import Stream


@dataclass(frozen=True)
class Watched:
    """What became of a stream.

    Attributes:
        rows: rows of the stream.
        alerts: limits that are breached, in the order of their rows.
        undecided: metrics of which the rows say too little.
        standings: every metric after the last row.
        gaps: what could not be counted in full.
        remarks: what a person should know of the rows, in words.
        monitor: the monitor, to go on with.
    """

    rows: int
    alerts: tuple[Alert, ...]
    undecided: tuple[Open, ...]
    standings: tuple[Standing, ...]
    gaps: tuple[Gap, ...]
    monitor: SequentialMonitor = field(repr=False)
    remarks: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 1 for an alert, else 3 when something is undecided, else 0."""
        return EXIT_DENY if self.alerts else EXIT_UNDECIDED if self.undecided else EXIT_ALLOW

    @property
    def decision(self) -> Literal["alert", "undecided", "no alert"]:
        """Return the same as a word."""
        return "alert" if self.alerts else "undecided" if self.undecided else "no alert"

    def to_json(self) -> str:
        """Return ``{"rows": N, "alerts": [...], "undecided": [...], "standings": [...], "gaps": [...]}``."""
        document = {
            "rows": self.rows, "alerts": self.alerts, "undecided": self.undecided, "standings": self.standings,
            "gaps": self.gaps, "alpha": self.monitor.alpha,
        }  # fmt: skip
        return msgspec.json.format(msgspec.json.encode(document), indent=1).decode()


def monitor(
    rows: Any,  # noqa: ANN401 - any table
    *,
    order: str,
    metric: str | Sequence[str],
    limit: float | str | Sequence[float | str],
    protected: str | Sequence[str],
    prediction: str | None = None,
    label: str | None = None,
    score: str | None = None,
    positive: str | int | bool | None = None,
    favourable: str | int | bool | None = None,
    intersections: bool = False,
    alpha: float = 0.05,
    minimum_group: int = 1,
    outcomes: tuple[float, float] | None = None,
    state: Path | str | None = None,
    watched: bool = False,
) -> Watched:
    """Watch limits of fairness over rows that came one after another, with one false-alarm rate for all time.

    Args:
        rows: a CSV or Parquet file, a glob, a folder, bytes, a `Query` or a frame.
        order: column that says which row came first: numbers, dates or times. Rows of equal value are taken together.
        metric: what to watch: one of `assay.sequential.WATCHABLE`, or several.
        limit: greatest difference, least ratio, or bound; for several metrics ``"METRIC=0.05"``.
        protected: columns by which groups are compared.
        prediction: column of the predicted outcome.
        label: column of the true outcome, for metrics that need it.
        score: column of the score, for metrics that need it.
        positive: the class that rates count.
        favourable: the outcome that is good for the person.
        intersections: compare groups by several attributes at once, too.
        alpha: chance that any alert is ever raised while no limit is breached.
        minimum_group: a group takes part from its so-manieth row on.
        outcomes: least and greatest score, or error of a regression.
        state: file to go on from, and to leave the state in.
        watched: whether a person waits, who is shown progress after a second.

    Raises:
        InputError: when a metric, a limit, a column or the rows are wrong.
    """
    metrics = (metric,) if isinstance(metric, str) else tuple(metric)
    limits = (limit,) if isinstance(limit, (str, float, int)) else tuple(limit)
    chosen = watches(metrics, limits, outcomes=outcomes)
    roles = _roles(
        chosen, label=label, prediction=prediction, score=score, positive=positive, favourable=favourable,
        protected=(protected,) if isinstance(protected, str) else tuple(protected),
    )  # fmt: skip
    started = SequentialMonitor(
        chosen, roles.protected, comparisons=_comparisons(roles.protected, intersections=intersections),
        alpha=alpha, minimum_group=minimum_group,
    )  # fmt: skip
    from assay.lifecycle.measuring import progress_bar  # noqa: PLC0415 - the engine is loaded when rows are read
    from assay.tabular.ordered import open_stream  # noqa: PLC0415

    draw, wipe = progress_bar() if watched else (None, None)
    try:
        partial = state is not None and Path(state).exists()
        with open_stream(rows, roles, order, outcomes=outcomes, partial=partial, on_progress=draw) as stream:
            if state is not None:
                return _go_on(stream, started, Path(state))
            started.favourable_is_positive = stream.favourable_is_positive
            at, ties = None, 0
            for bucket in stream.buckets(FINE_ROWS, COARSE_ROWS):
                at, ties = bucket.at, ties + bucket.ties
                started.update(counts_of(bucket.cells), at=at)
            started.close(at=at)
            return _finished(started, stream, started.rows, ties)
    finally:
        if wipe is not None:
            wipe()


def _go_on(stream: Stream, started: SequentialMonitor, path: Path) -> Watched:
    from assay.lifecycle.watch_state import Going, read_going, write_going  # noqa: PLC0415 - only with a state

    going = read_going(path, started, stream) if path.exists() else Going.start(started, stream)
    before = going.rows
    ties = going.take(stream)
    write_going(path, going)
    found = _finished(going.monitor, stream, going.rows, ties)
    return found if not before or going.rows > before else _nothing_new(found, stream, going.last)


def _nothing_new(found: Watched, stream: Stream, last: str | None) -> Watched:
    """Return a look that brought no row: it says so, and a batch without any row settles nothing."""
    told = (*found.remarks, f"no new row since {stream.order.column} {last}")
    if stream.rows:  # the same table as before, which has not grown
        return replace(found, remarks=told)
    known = {(one.metric, one.over) for one in found.alerts} | {(one.metric, one.over) for one in found.undecided}
    reason = "the batch has no rows: nothing came, or an export stopped"
    empty = [
        Open(metric=one.metric, over=one.over, reason=reason)
        for one in found.standings
        if (one.metric, one.over) not in known
    ]
    return replace(found, remarks=told, undecided=(*found.undecided, *empty))


def _roles(chosen: Sequence[Watch], **columns: Any) -> Roles:  # noqa: ANN401 - names and values of columns
    tasks = {WATCHABLE[one.metric].task for one in chosen}
    if len(tasks) > 1:
        raise InputError(
            "expected metrics of one kind of outcome, found classes and errors of a regression: watch them apart"
        )
    needs = {need for one in chosen for need in WATCHABLE[one.metric].needs}
    lacking = [need for need in ("label", "prediction", "score") if need in needs and columns[need] is None]
    if lacking:
        asking = ", ".join(
            f"{one.metric} needs {' and '.join(WATCHABLE[one.metric].needs)}"
            for one in chosen
            if set(lacking) & set(WATCHABLE[one.metric].needs)
        )
        raise InputError(f"expected {' and '.join('--' + need for need in lacking)}, found none: {asking}")
    task: Task = "regression" if tasks == {"regression"} else "binary"
    if "score" not in needs:
        columns["score"] = None
    return Roles(task=task, **columns)


def _comparisons(protected: Sequence[str], *, intersections: bool) -> list[tuple[str, ...]]:
    from itertools import combinations  # noqa: PLC0415 - a line's worth

    alone = [(name,) for name in protected]
    pairs = list(combinations(protected, 2)) if intersections else []
    whole = [tuple(protected)] if intersections and len(protected) > 2 else []  # noqa: PLR2004 - two are a pair already
    return [*alone, *pairs, *whole]


def _remarks(stream: Stream, ties: int) -> list[str]:
    said = [f"{gap.count} rows: {gap.column} is {gap.kind}" for gap in stream.gaps]
    if ties:
        said.append(
            f"{ties} rows share their value of {stream.order.column} with a row before: rows of equal value are "
            "taken together, so that the file's order among them decides nothing"
        )
    return said


def _finished(monitor: SequentialMonitor, stream: Stream, rows: int, ties: int) -> Watched:
    return Watched(
        rows=rows, alerts=monitor.alerts, undecided=monitor.undecided(), standings=monitor.standings(),
        gaps=stream.gaps, monitor=monitor, remarks=tuple(_remarks(stream, ties)),
    )  # fmt: skip
