"""A few connections that threads take in turn; one that failed is closed, and another is opened when it is needed."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from assay.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _Closes(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=_Closes)

MOST = 8
"""Connections at once."""

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

    @contextlib.contextmanager
    def connection(self) -> Iterator[C]:
        """Take a connection; it is closed when its user fails, since its state is not known then.

        Raises:
            StorageError: when all are busy for `PATIENCE_SECONDS`, or the store is closed.
        """
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
