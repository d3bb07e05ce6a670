"""What a monitored training run leaves: one file, a line for each thing that happened, written as it happens.

``.assay/runs/<run>/monitor.jsonl``: first a line about the run, then one for each iteration, at last how it ended. A
process that is killed leaves all the lines before; a line that was cut is left out when it is read. The file is
bounded: once there are `FULL_LINES` lines, every second iteration is written, then every fourth, and so on; those that
change the status, or are the best so far, always are, up to `MOST_LINES`.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from assay.errors import DocumentError, InputError, Problem
from assay.lifecycle.storing import storage_errors
from assay.records.canonical import sha256_hex
from assay.records.evidence import Code
from assay.records.tally import Cell, ClassValue, Frozen, GroupValue, Roles, Scores, Source, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RUNS, RECORD = "runs", "monitor.jsonl"
FULL_LINES, MOST_LINES = 5_000, 50_000
SYNC_SECONDS = 1.0
"""At most so much of a run is lost when the machine, not only the process, dies."""

HOW = "-- labels and groups were given once, predictions in each iteration; rows_sha256 is the digest of the former"

Status: TypeAlias = Literal["satisfied", "breached", "undecided", "failed"]
Action: TypeAlias = Literal["warn", "stop", "keep-best"]
Outcome: TypeAlias = Literal["complete", "stopped", "failed", "aborted"]


class Counted(Frozen, kw_only=True):
    """A validation set as it was counted once: all that a tally of an iteration needs beside who is positive.

    Attributes:
        roles: what the columns mean.
        favourable_is_positive: whether the favourable outcome is the positive class.
        cells: (group, label, rows), ordered as a tally's cells are.
        rows_sha256: digest of labels and groups.
    """

    roles: Roles
    favourable_is_positive: bool
    cells: tuple[tuple[tuple[GroupValue, ...], ClassValue, int], ...]
    rows_sha256: str


def counted_tally(
    counted: Counted, positives: Sequence[int], scores: Scores | None = None, *, engine: str = "assay monitor"
) -> Tally:
    """Return the tally of an iteration, of which so many rows are predicted positive, by cell."""
    found = []
    for (group, label, total), yes in zip(counted.cells, positives, strict=True):
        for prediction, count in ((0, total - yes), (1, yes)):
            if count:
                found.append(Cell(group=group, label=label, prediction=prediction, count=count))
    return Tally(
        roles=counted.roles if scores is None else msgspec.structs.replace(counted.roles, score="score"),
        favourable_is_positive=counted.favourable_is_positive,
        rows=sum(cell[2] for cell in counted.cells),
        cells=tuple(found),
        scores=scores,
        sources=(Source(rows_sha256=counted.rows_sha256, engine=engine, sql=HOW),),
    )


class Captured(Frozen, kw_only=True):
    """What was known of a run without asking.

    Attributes:
        hyperparameters: of the framework's own object, and those given; values as text.
        datasets: what it was trained and validated on, to SHA-256.
        code: the code version.
        environment: Python, packages, processor, accelerators.
        seed: what randomness began with; None when nobody said.
        framework: what trains.
    """

    hyperparameters: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each record its own copy
    datasets: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each record its own copy
    code: Code = Code()
    environment: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each record its own copy
    seed: str | None = None
    framework: str = ""


class RunLine(Frozen, kw_only=True, tag_field="line", tag="run"):
    """The first line: which run of what, watched how.

    Attributes:
        schema: the record's version.
        run: the run's id.
        system: the AI system's name.
        name: the model's name.
        version: its version.
        policy_sha256: digest of the policy, reduced to the controls that are watched.
        action: what a breach does.
        counted: the validation set.
        captured: what was known without asking.
        started_at: RFC 3339 time in UTC.
        best_by: what the best iteration is best by.
        process: the process's id, a claim.
    """

    schema: Literal["assay.run/v1"] = "assay.run/v1"
    run: str
    system: str
    name: str
    version: str
    policy_sha256: str
    action: Action
    counted: Counted
    captured: Captured
    started_at: str
    best_by: str = "accuracy"
    process: int = 0


class Watched(Frozen, kw_only=True):
    """One finding of one iteration, as short as a chart needs it.

    Attributes:
        id: the finding's id.
        metric: the metric.
        status: pass, fail, unknown.
        value: measured.
        interval: its interval.
        n: rows it rests on.
        limit: (least, most) that is allowed.
    """

    id: str
    metric: str
    status: str
    value: float | None = None
    interval: tuple[float, float] | None = None
    n: int | None = None
    limit: tuple[float | None, float | None] = (None, None)


class IterationLine(Frozen, kw_only=True, tag_field="line", tag="iteration", omit_defaults=True):
    """One iteration.

    Attributes:
        iteration: its number, as the framework counts.
        seconds: since the run began.
        status: what came of it.
        positives: rows predicted positive, by the cells of the first line; empty when it failed, and where that does
            not say everything: of more than two classes, of numbers, and with weights.
        tally_sha256: there, the digest of the iteration's tally; the kept iteration's and the last's are kept whole.
        found: the findings.
        progress: further numbers that the loop gave, such as a loss.
        best: whether it is the best so far that satisfies the policy.
        reason: why it is breached, undecided or failed.
    """

    iteration: int
    seconds: float
    status: Status
    positives: tuple[int, ...] = ()
    tally_sha256: str = ""
    found: tuple[Watched, ...] = ()
    progress: dict[str, float] = {}  # noqa: RUF012 - msgspec gives each record its own copy
    best: bool = False
    reason: str = ""


class Kept(Frozen, kw_only=True):
    """The iteration that is kept: the best that satisfies the policy.

    Attributes:
        iteration: its number.
        by: what it is best by.
        value: the value of that.
        sha256: digest of its state or model file; None when the run kept none.
        what: what the digest is of.
    """

    iteration: int
    by: str
    value: float
    sha256: str | None = None
    what: str = ""


class EndLine(Frozen, kw_only=True, tag_field="line", tag="end"):
    """The last line: how it ended.

    Attributes:
        outcome: complete, stopped by the monitor, failed by an exception, or aborted by a person.
        iterations: how many were seen, by status.
        first: the first iteration of each status.
        last: the last iteration; None when there was none.
        unwritten: iterations that have no line, for the file's bound.
        kept: the iteration kept.
        stopped_at: the iteration at which it was stopped.
        failures: what could not be done: measured, or recorded; the first of them.
        seconds: how long it took.
        ended_at: RFC 3339 time in UTC.
        outputs: what it made, to SHA-256.
    """

    outcome: Outcome
    iterations: dict[str, int]
    first: dict[str, int] = {}  # noqa: RUF012 - msgspec gives each record its own copy
    last: int | None = None
    unwritten: int = 0
    kept: Kept | None = None
    stopped_at: int | None = None
    failures: tuple[str, ...] = ()
    seconds: float
    ended_at: str
    outputs: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each record its own copy


Line: TypeAlias = RunLine | IterationLine | EndLine
_READER = msgspec.json.Decoder(Line)


class RunFile:
    """The file of a run while it is written: each line is with the operating system when `write` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with storage_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=False)
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self._size = 0
        self._lines = 0
        self._synced = time.monotonic()

    def wants(self, iteration: int, *, always: bool) -> bool:
        """Say whether an iteration gets a line."""
        if always:
            return self._lines < MOST_LINES
        return iteration % (1 << min(self._lines // FULL_LINES, 62)) == 0 and self._lines < MOST_LINES

    def write(self, line: Line) -> bytes:
        """Append a line and return it; a line that did not fit is taken back.

        Raises:
            StorageError: when the disk refuses.
        """
        content = msgspec.json.encode(line) + b"\n"
        with storage_errors(self.path):
            try:
                written = 0
                while written < len(content):
                    written += os.write(self._descriptor, content[written:])
            except OSError:
                os.ftruncate(self._descriptor, self._size)
                os.lseek(self._descriptor, self._size, os.SEEK_SET)
                raise
            self._size += len(content)
            self._lines += 1
            if time.monotonic() - self._synced > SYNC_SECONDS:
                self.synchronise()
        return content

    def synchronise(self) -> None:
        """Have all lines on the disk before returning."""
        os.fsync(self._descriptor)
        self._synced = time.monotonic()

    def close(self) -> None:
        """Synchronise and close.

        Raises:
            StorageError: when the disk refuses.
        """
        try:
            with storage_errors(self.path):
                self.synchronise()
        finally:
            os.close(self._descriptor)


@dataclass(frozen=True)
class RunRead:
    """A run, read back.

    Attributes:
        path: its file.
        sha256: digest of the file.
        about: the first line.
        iterations: the iterations that have a line.
        end: how it ended; None when it was killed, or runs still.
    """

    path: Path
    sha256: str
    about: RunLine
    iterations: list[IterationLine] = field(default_factory=list)
    end: EndLine | None = None


def read_run(path: Path) -> RunRead:
    """Read a run's file; what a killed process left is readable, up to its last whole line.

    Raises:
        InputError: when there is none, or it does not tell which run it is of.
        DocumentError: for a line that no monitor wrote.
    """
    content = path.read_bytes() if path.is_file() else b""
    whole = content[: content.rfind(b"\n") + 1]
    lines: list[Any] = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            lines.append(_READER.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            message = f"expected a line of a monitored run, found: {error}"
            raise DocumentError([Problem(str(path), number, 1, "", message)]) from None
    if not lines or not isinstance(lines[0], RunLine):
        raise InputError(f"expected the record of a monitored run at {path}, found none: the run ended before it began")
    found = RunRead(path, sha256_hex(content), lines[0], [one for one in lines if isinstance(one, IterationLine)])
    ends = [one for one in lines if isinstance(one, EndLine)]
    return RunRead(found.path, found.sha256, found.about, found.iterations, ends[-1] if ends else None)


def latest_run(state: Path, name: str, version: str) -> RunRead:
    """Return the run of a model version that began last.

    Raises:
        InputError: when no run of it was monitored.
    """
    found: list[tuple[str, str, Path]] = []
    for path in (state / RUNS).glob(f"*/{RECORD}"):
        with path.open("rb") as stream:
            first = stream.readline()
        if not first.endswith(b"\n"):
            continue  # it was killed before its first line was whole: there is nothing in it
        about = _READER.decode(first)
        if isinstance(about, RunLine) and (about.name, about.version) == (name, version):
            found.append((about.started_at, about.run, path))
    if not found:
        raise InputError(
            f"expected a monitored training run of {name} {version} in {state / RUNS}, found none. Watch the training "
            "with assay.FairnessMonitor (docs/how-to/watch-a-training-run.md), then decide on it here"
        )
    return read_run(max(found)[2])
