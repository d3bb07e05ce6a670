"""Recording a monitored run while it goes on: its file at once, the trail in batches; a failure never ends the run."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.errors import AssayError
from assay.lifecycle.run_record import RECORD, RUNS, EndLine, IterationLine, RunFile, RunLine
from assay.lifecycle.setting import now
from assay.lifecycle.storing import publish, staging
from assay.records.canonical import sha256_hex
from assay.records.tally_document import print_tally

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from assay.lifecycle.run_trail import RunTrail
    from assay.records.tally import Tally

BATCH_SECONDS, BATCH_LINES = 30.0, 1_000
"""The trail gets a batch of iterations when so much time has passed, or so many wait."""


def tally_name(iteration: int | str) -> str:
    """Return the file that keeps an iteration's tally, where its scores matter."""
    return f"tally-{iteration}.json"


@dataclass
class RunRecorder:
    """Where a run is recorded.

    Attributes:
        state: the state folder; None when nothing is written.
        trail: the project's trail; None when there is none.
        failed: told of each thing that could not be recorded.
        folder: the run's folder, once it began.
        unwritten: iterations without a line.
    """

    state: Path | None
    trail: RunTrail | None
    failed: Callable[[str, Exception], None]
    folder: Path | None = None
    unwritten: int = 0
    _file: RunFile | None = None
    _about: RunLine | None = None
    _lines: list[IterationLine] = field(default_factory=list)
    _content: list[bytes] = field(default_factory=list)
    _flushed: float = field(default_factory=time.monotonic)
    _last: IterationLine | None = None
    _left_out: IterationLine | None = None
    _tallies: dict[int, Tally] = field(default_factory=dict)

    def begin(self, about: RunLine) -> None:
        """Write the first line, and tell the trail."""
        self._about = about
        if self.state is None:
            return
        folder = self.state / RUNS / about.run
        try:
            self._file = RunFile(folder / RECORD)
            self._file.write(about)
            self.folder = folder
        except AssayError as error:
            self.failed("the run's record", error)
        self._tell(lambda trail: trail.began(about))

    def iteration(self, line: IterationLine, *, always: bool) -> None:
        """Write an iteration's line; ``always``: even where the file's bound leaves most out."""
        self._last = line
        self._left_out = None
        if self._file is None or not self._file.wants(line.iteration, always=always):
            self.unwritten += self.state is not None
            self._left_out = line
            return
        self._write(line)

    def _write(self, line: IterationLine) -> None:
        if self._file is None:
            return
        try:
            self._content.append(self._file.write(line))
            self._lines.append(line)
        except AssayError as error:
            self.unwritten += 1
            self.failed(f"iteration {line.iteration}'s line", error)
        if time.monotonic() - self._flushed > BATCH_SECONDS or len(self._lines) >= BATCH_LINES:
            self.flush()

    def keep(self, tallies: dict[int, Tally]) -> None:
        """Note the tallies, by iteration, that are to be kept whole with the next batch: those with scores."""
        self._tallies = tallies

    def flush(self) -> None:
        """Give the trail the iterations that wait."""
        self._flushed = time.monotonic()
        self._write_tallies()
        lines, content = self._lines, b"".join(self._content)
        self._lines, self._content = [], []
        about = self._about
        if lines and about is not None:
            self._tell(lambda trail: trail.iterations(about, lines, content, now()))

    def end(self, end: EndLine) -> None:
        """Write the last line, and tell the trail; the last iteration has a line, whatever the file's bound."""
        if self._left_out is not None:
            self._write(self._left_out)
        self.flush()
        sha256 = None
        if self._file is not None:
            try:
                self._file.write(end)
                self._file.close()
                sha256 = sha256_hex(self._file.path.read_bytes())
            except (AssayError, OSError) as error:
                self.failed("the end of the run's record", error)
            self._file = None
        about = self._about
        if about is not None:
            self._tell(lambda trail: trail.ended(about, end, self._last, sha256))

    def _tell(self, what: Callable[[RunTrail], None]) -> None:
        if self.trail is None:
            return
        try:
            what(self.trail)
        except Exception as error:  # noqa: BLE001 - a trail of whatever kind ends no run
            self.failed("the trail", error)

    def _write_tallies(self) -> None:
        if self.folder is None or not self._tallies:
            return
        try:
            with staging(self.folder / "tallies") as stage:
                contents = {tally_name(number): print_tally(tally) for number, tally in self._tallies.items()}
                publish(stage, self.folder, contents)
            for path in self.folder.glob(tally_name("*")):
                if path.name not in contents:
                    path.unlink()
        except AssayError as error:
            self.failed("the tallies with scores", error)
