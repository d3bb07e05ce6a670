"""A few connections that threads take in turn; one that failed is closed, and another is opened when it is needed."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from assay.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _Closes(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=_Closes)

MOST = 8
"""Connections at once."""

SILENT_SECONDS = 2.0
"""Who waits longer than this and fails has met a database that does not answer; so long nobody asks it again."""

PATIENCE_SECONDS = 5.0
"""How long a thread waits for a connection, and a statement for an answer."""


class Pool(Generic[C]):
    """Connections to one database.

    Args:
        where: the database, for messages.
        connect: opens one.
    """

    def __init__(self, where: str, connect: Callable[[], C]) -> None:
        self._where, self._connect = where, connect
        self._turns = threading.BoundedSemaphore(MOST)
        self._lock = threading.Lock()
        self._free: list[C] = []
        self._closed = False
        self._silent = {False: 0.0, True: 0.0}

    @contextlib.contextmanager
    def connection(self, *, writing: bool = False) -> Iterator[C]:
        """Take a connection; it is closed when its user fails, since its state is not known then.

        Who waited for the database in vain waited for all: for `SILENT_SECONDS` nobody else does, and then one first.

        Args:
            writing: whether it is to write; where others' locks keep from writing, it can still be read.

        Raises:
            StorageError: when all are busy for `PATIENCE_SECONDS`, the database was silent a moment ago, or the store
                is closed.
        """
        kinds = {False, writing}
        self._require_answering(kinds)
        began = time.monotonic()
        try:
            with self._taken() as taken:
                yield taken
        except StorageError:
            if time.monotonic() - began >= SILENT_SECONDS or self._silent[writing]:
                self._silent[writing] = time.monotonic() + SILENT_SECONDS
            raise
        except BaseException:
            self._answers(kinds)  # it is its user that failed
            raise
        self._answers(kinds)

    def _answers(self, kinds: set[bool]) -> None:
        for kind in kinds:
            self._silent[kind] = 0.0

    def _require_answering(self, kinds: set[bool]) -> None:
        with self._lock:
            now = time.monotonic()
            if any(now < self._silent[kind] for kind in kinds):
                raise StorageError(f"{self._where}: it did not answer a moment ago. Try again in some seconds")
            for kind in kinds:
                if self._silent[kind]:  # this one tries, the others go on being told
                    self._silent[kind] = now + PATIENCE_SECONDS + SILENT_SECONDS

    @contextlib.contextmanager
    def _taken(self) -> Iterator[C]:
        if self._closed:
            raise StorageError(f"{self._where}: expected an open store, found it closed")
        if not self._turns.acquire(timeout=PATIENCE_SECONDS):
            raise StorageError(
                f"{self._where}: all {MOST} connections were busy for {PATIENCE_SECONDS:.0f} s. Try again"
            )
        try:
            with self._lock:
                taken = self._free.pop() if self._free else None
            taken = taken or self._connect()
            try:
                yield taken
            except BaseException:
                taken.close()
                raise
            self._give_back(taken)
        finally:
            self._turns.release()

    def _give_back(self, taken: C) -> None:
        with self._lock:
            if not self._closed:
                self._free.append(taken)
                return
        taken.close()

    def drop(self) -> None:
        """Close the connections that nobody uses: others may be found broken as one was."""
        with self._lock:
            free, self._free = self._free, []
        for one in free:
            one.close()

    def close(self) -> None:
        """Close every connection, those in use when they are given back."""
        self._closed = True
        self.drop()
