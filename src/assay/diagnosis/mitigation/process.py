"""The process that candidates are tried in: started once, stopped when a candidate's time is over, started again."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.diagnosis.mitigation.lesson import Candidate
    from assay.diagnosis.mitigation.trying import Work

MODULE = "assay.diagnosis.mitigation.worker"

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT"), "1")
"""One thread, so that no number depends on how many cores a machine has."""


class Worker:
    """One process that tries candidates, one after the other.

    Args:
        work: what all candidates share.
    """

    def __init__(self, work: Work) -> None:
        self._work = pickle.dumps(work)
        self._process: subprocess.Popen[bytes] | None = None
        self._said: queue.Queue[tuple[str, Any]] = queue.Queue()

    def attempt(
        self, candidate: Candidate, seconds: float, tell: Callable[[float], None] = lambda _share: None
    ) -> tuple[str, Any]:
        """Try one candidate.

        Args:
            candidate: the method and its settings.
            seconds: what it may take, the start of the process and the judging included.
            tell: told the share that is done.

        Returns:
            ``("done", (Answers, judged))``, ``("refused", why)``, ``("failed", why)`` or ``("timed-out", None)``.
        """
        from time import monotonic  # noqa: PLC0415 - diagnosis may look at a clock

        until = monotonic() + seconds
        try:
            if self._process is None:
                self._start()
            self._send(pickle.dumps(candidate))
        except (BrokenPipeError, OSError) as error:
            self.stop()
            return "failed", f"the process ended: {error}"
        while True:
            try:
                kind, what = self._said.get(timeout=max(until - monotonic(), 0.001))
            except queue.Empty:
                self.stop()
                return "timed-out", None
            if kind == "share":
                tell(what)
            elif kind in {"broken", "ended"}:
                self.stop()
                return "failed", what
            elif kind != "ready":
                return kind, what

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):  # what it never read is lost with it
                        stream.close()
            self._process = None

    def __enter__(self) -> Self:
        """Return itself; the process starts with the first candidate."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.stop()

    def _start(self) -> None:
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)  # noqa: PTH109 - what an empty entry means
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": paths},
        )  # fmt: skip
        self._said = queue.Queue()
        threading.Thread(target=self._listen, args=(self._process, self._said), daemon=True).start()
        self._send(self._work)

    def _send(self, content: bytes) -> None:
        assert self._process is not None  # noqa: S101 - started by the caller
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write(content)
        self._process.stdin.flush()

    @staticmethod
    def _listen(process: subprocess.Popen[bytes], said: queue.Queue[tuple[str, Any]]) -> None:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        while True:
            try:
                said.put(pickle.load(process.stdout))  # noqa: S301 - from the child that this process started
            except (EOFError, OSError, ValueError, pickle.UnpicklingError):
                code = process.poll()
                said.put(("ended", f"the process that tried it ended{'' if code is None else f' (code {code})'}"))
                return
