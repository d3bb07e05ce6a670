"""What is kept of the windows of a release: which came, how fairness stands over all of them, which alerts are open.

It lies beside the windows' folders, as ``state.json``. The anytime-valid monitors take each window once, in the order
in which windows come: the one of metrics that need no label at once, the one of metrics that need labels when all
labels have come or their delay is over, so that nobody looks twice and no outcome chooses when to look.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from assay.errors import InputError
from assay.lifecycle.project import read_file
from assay.lifecycle.storing import publish, staging, storage_errors
from assay.metrics.multiclass import binary_tally
from assay.records.canonical import canonical_json, parse_record
from assay.records.tally import Frozen
from assay.sequential import WATCHABLE, SequentialMonitor, watch
from assay.sequential.state import MonitorState, freeze, thaw
from assay.sequential.telling import told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assay.lifecycle.project import Project
    from assay.policy import Policy
    from assay.records.tally import Roles, Tally
    from assay.records.window import WindowCounts
    from assay.sequential import Watch

STATE = "state.json"
CHECK = "fairness-over-time"
"""The check whose controls say what is watched over all windows."""

MOST_WINDOWS = 400
"""Windows that are remembered one by one; of older ones the sums stay."""


class Window(Frozen, kw_only=True):
    """A window that came.

    Attributes:
        name: its name.
        start: its first time; None without times.
        end: its last time.
        rows: its rows.
        rates: attribute to group to (selected rows, rows).
    """

    name: str
    start: str | None = None
    end: str | None = None
    rows: int
    rates: dict[str, dict[str, tuple[int, int]]] = msgspec.field(default_factory=dict)


class Watching(Frozen, kw_only=True):
    """A monitor over all windows.

    Attributes:
        of: what its metrics need.
        windows: how many it has taken.
        taken: the names of the last of them: a window that comes again is taken once.
        state: the monitor.
    """

    of: Literal["predictions", "labels"]
    windows: int
    taken: tuple[str, ...]
    state: MonitorState


class OpenAlert(Frozen, kw_only=True):
    """An alert that was raised and is not over.

    Attributes:
        alert: its id in the trail.
        finding: id of the finding that raised it.
        window: in which window.
    """

    alert: str
    finding: str
    window: str


class MonitoringState(Frozen, kw_only=True):
    """All that is kept.

    Attributes:
        schema: the record's version.
        windows: those that came, in the order in which they came.
        watching: the monitors over all of them.
        alerts: those that are open.
    """

    schema: Literal["assay.monitoring/v1"] = "assay.monitoring/v1"
    windows: tuple[Window, ...] = ()
    watching: tuple[Watching, ...] = ()
    alerts: tuple[OpenAlert, ...] = ()

    def before(self, window: str) -> tuple[str, str] | None:
        """Return name and end of the latest window that came before this one; None for the first."""
        ends = []
        for one in self.windows:
            if one.name == window:
                break
            if one.end is not None:
                ends.append((one.end, one.name))
        return (max(ends)[1], max(ends)[0]) if ends else None


class Asked(NamedTuple):
    """A control of the check ``fairness-over-time``, as it is watched."""

    control: str
    watch: Watch


def folder_of(project: Project) -> Path:
    """Return the folder of a release's windows."""
    return project.stage_folder("monitoring")


@contextlib.contextmanager
def one_monitor(project: Project) -> Iterator[None]:
    """Wait until no other window of this release is being measured: each is held against those before."""
    folder = folder_of(project)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_state(project: Project) -> MonitoringState:
    """Return what is kept of a release's windows; nothing before the first.

    Raises:
        DocumentError: when the file is no state: windows that nobody remembers would all be looked at again.
    """
    path = folder_of(project) / STATE
    if not path.is_file():
        return MonitoringState()
    return parse_record(read_file(path, "the state of monitoring"), MonitoringState, name=str(path))


def write_state(project: Project, state: MonitoringState) -> None:
    """Keep the state: whole, or as it was.

    Raises:
        StorageError: when it cannot be written.
    """
    folder = folder_of(project)
    state = msgspec.structs.replace(state, windows=state.windows[-MOST_WINDOWS:])
    with staging(folder / "state") as stage:
        publish(stage, folder, {STATE: canonical_json(state)})


def asked_of(policy: Policy, project: Project) -> tuple[Asked, ...]:
    """Return what a policy wants watched over all windows of a project's model.

    Raises:
        InputError: for a metric that cannot be watched, or a limit that nothing could breach.
    """
    tier, section = policy.tier_of(project.config.materiality), project.config.monitoring
    errors = None if section is None else section.error_range
    found, problems = [], []
    for control in policy.controls:
        limit = control.limit_in(tier)
        if control.check != CHECK or control.stage not in {None, "monitoring"} or limit is None:
            continue
        bound = limit.max if limit.max is not None else limit.min
        try:
            side: Literal["at-most", "at-least"] = "at-least" if limit.max is None else "at-most"
            metric = control.metric or ""
            known = WATCHABLE.get(metric)
            if known is not None:
                _require(metric, known.task, project.roles(), errors)
            kind, outcomes = (known.kind, errors if known.task == "regression" else None) if known else (None, None)
            limited = watch(metric, bound or 0.0, bound=None if kind else side, outcomes=outcomes)
            found.append(Asked(control.id, limited))
        except InputError as error:
            problems.append(f"control {control.id}: {error}")
    if problems:
        raise InputError("\n".join(problems))
    return tuple(found)


def _require(metric: str, needed: str, roles: Roles, errors: tuple[float, float] | None) -> None:
    """Refuse a metric of another kind of outcome, errors without bounds, and classes of which none is watched."""
    if (needed == "regression") != (roles.task == "regression"):
        raise InputError(f"{metric} is watched of {needed} outcomes; columns.task is {roles.task}")
    if roles.task == "regression" and errors is None:
        raise InputError(
            f"{metric}: a bet on errors without bounds promises nothing: give the least and the greatest that one row "
            "can have, as monitoring.error_range: [LOW, HIGH] in assay.yaml"
        )
    if roles.task == "multiclass" and watched_class(roles) is None:
        raise InputError(
            f"{metric}: of more than two classes one is watched against the rest: "
            "name it as columns.favourable (or columns.positive) in assay.yaml"
        )


def watched_class(roles: Roles) -> str | int | None:
    """Return the class that is watched against the rest: the favourable one, else the positive one, if one is named."""
    named = roles.favourable if roles.favourable is not None else roles.positive
    return int(named) if isinstance(named, bool) else named


def _as_watched(tally: Tally) -> Tally:
    """Return a tally as a monitor takes it: of more than two classes, the one that is watched against the rest."""
    named = watched_class(tally.roles)
    return tally if tally.roles.task != "multiclass" or named is None else binary_tally(tally, named)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A window with its counts.

    Attributes:
        window: the window.
        tally: its counts.
        counts: what of it has come.
    """

    window: Window
    tally: Tally
    counts: WindowCounts


def take_window(
    state: MonitoringState, counted: Counted, policy: Policy, asked: tuple[Asked, ...]
) -> tuple[MonitoringState, dict[str, Any]]:
    """Return the state after a window, and what the evidence says of fairness over all windows.

    Args:
        state: before it.
        counted: the window.
        policy: whose level and minimum group hold.
        asked: what is watched.
    """
    window, tally = counted.window, _as_watched(counted.tally)
    known = next((one for one in state.windows if one.name == window.name), None)
    groups: dict[str, list[Asked]] = {"predictions": [], "labels": []}
    for one in asked:
        groups["labels" if "label" in WATCHABLE[one.watch.metric].needs else "predictions"].append(one)
    parts = [(of, wanted) for of, wanted in groups.items() if wanted]
    kept, facts = [], []
    for of, wanted in parts:
        watching = _monitor(state, of, wanted, tally, policy, alpha=round((1 - policy.level) / len(parts), 12))
        why = None if window.name in watching.taken else _not_yet(of, counted, state, watching)
        if why is None and window.name not in watching.taken:
            monitor = thaw(watching.state)
            monitor.update(tally, at=window.name)
            monitor.close(at=window.name)
            taken = (*watching.taken, window.name)[-MOST_WINDOWS:]
            watching = msgspec.structs.replace(
                watching, windows=watching.windows + 1, taken=taken, state=freeze(monitor)
            )  # fmt: skip
        kept.append(watching)
        facts.append(_fact(watching, why))
    windows = tuple(window if one.name == window.name else one for one in state.windows)
    if known is None:
        windows = (*state.windows, window)
    told_of = [{"name": one.name, "rates": one.rates} for one in windows[-60:]]
    after = msgspec.structs.replace(state, windows=windows, watching=tuple(kept))
    return after, {"watched": facts, "windows": told_of}


def _monitor(
    state: MonitoringState, of: str, wanted: list[Asked], tally: Tally, policy: Policy, *, alpha: float
) -> Watching:  # fmt: skip
    """Return the monitor that goes on, or a new one where another question is asked: a promise is made once."""
    watches = tuple(dict.fromkeys(one.watch for one in wanted))
    for one in state.watching:
        if one.of == of and one.state.watches == watches and one.state.alpha == alpha:
            return one
    monitor = SequentialMonitor(
        watches, tally.roles.protected, alpha=alpha, minimum_group=policy.minimum_group,
        favourable_is_positive=tally.favourable_is_positive,
    )  # fmt: skip
    return Watching(of="labels" if of == "labels" else "predictions", windows=0, taken=(), state=freeze(monitor))


def _not_yet(of: str, counted: Counted, state: MonitoringState, watching: Watching) -> str | None:
    """Return why a window is not taken, or not yet."""
    window, tally, counts = counted.window, counted.tally, counted.counts
    before = state.before(window.name)
    if before is not None and window.start is not None and window.start < before[1]:
        return (
            f"it starts at {window.start}, before the end of {before[0]} ({before[1]}): rows would be looked at twice"
        )
    if tally.roles.protected != watching.state.protected:
        late = ", ".join(name for name in watching.state.protected if name not in tally.roles.protected)
        return f"the attributes have not all come ({late or 'others came'})"
    if of == "predictions":
        return None
    labelled = counts.labelled or 0
    over = counts.due is not None and counts.due == counts.rows
    if labelled == counts.rows or (labelled and (over or counts.due is None)):
        return _beyond(counts, watching)
    return f"{labelled:,} of {counts.rows:,} rows have labels: it is taken when all have, or their delay is over"


def _beyond(counts: WindowCounts, watching: Watching) -> str | None:
    """Return why a window's errors cannot be bet on: one of them lies beyond the range that was promised."""
    if counts.errors is None:
        return None
    low, high = counts.errors
    for one in watching.state.watches:
        magnitude = one.of == ("mean_absolute_error",)
        least, most = (0.0, max(abs(low), abs(high))) if magnitude else (low, high)
        if not one.range[0] <= least <= most <= one.range[1]:
            return (
                f"an error lies beyond monitoring.error_range: they go from {low:g} to {high:g}. A bet on errors "
                "without bounds promises nothing: give the least and the greatest that can occur"
            )
    return None


def _fact(watching: Watching, why: str | None) -> dict[str, Any]:
    monitor = thaw(watching.state)
    history = [
        {
            "metric": family.watch.metric, "over": family.over.attribute,
            "points": [[point.row, *told(family.evidence, point.worst, monitor.alpha), min(point.e_value, 1e9)]
                       for point in family.points],
        }
        for family in monitor.families
    ]  # fmt: skip
    return {
        "of": watching.of, "alpha": monitor.alpha, "windows": watching.windows, "rows": monitor.rows,
        "not_taken": why,
        "standings": [msgspec.to_builtins(one) for one in monitor.standings()],
        "alerts": [msgspec.to_builtins(one) for one in monitor.alerts],
        "undecided": [msgspec.to_builtins(one) for one in monitor.undecided()],
        "history": history,
    }  # fmt: skip


def rates_of(tally: Tally) -> dict[str, dict[str, tuple[int, int]]]:
    """Return selected rows and rows of each group, attribute by attribute; nothing where no class is selected."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    tally = _as_watched(tally)
    if tally.roles.task != "binary":
        return found
    for place, name in enumerate(tally.roles.protected):
        groups = found.setdefault(name, {})
        for cell in tally.cells:
            group = "not known" if cell.group[place] is None else str(cell.group[place])
            selected, rows = groups.get(group, (0, 0))
            groups[group] = (selected + cell.count * (cell.prediction == 1), rows + cell.count)
    return found
