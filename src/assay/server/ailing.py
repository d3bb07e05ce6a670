"""What does not answer just now: the server goes on to be read, refuses what it could not keep, and says so."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

from assay.errors import AssayError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.server.store import Store

AILING: ContextVar[str] = ContextVar("ailing", default="")
"""While a request is answered: what people are told on every page; empty when all is well."""

EVERY_SECONDS = 2.0
"""How long what was found holds: a database that is down is not asked by every request."""

READ_ONLY = (
    "The database does not answer, so nothing can be changed just now; what you read is what was last recorded. "
    "The people who run the server find more in its own log."
)


class Health:
    """Looks after the database now and then.

    Args:
        store: the tables.
        seconds: a clock that only goes on.
    """

    def __init__(self, store: Store, seconds: Callable[[], float] = time.monotonic) -> None:
        self._store, self._seconds = store, seconds
        self._lock = threading.Lock()
        self._words, self._until = "", float("-inf")

    def words(self) -> str:
        """Return what is wrong, in words for everybody; empty when the database answers."""
        if self._seconds() >= self._until and self._lock.acquire(blocking=False):
            try:
                self._words = self._look()
                self._until = self._seconds() + EVERY_SECONDS
            finally:
                self._lock.release()
        return self._words

    def _look(self) -> str:
        try:
            with self._store.writing() as rows:  # one that can be read and not written is of no use for changes
                rows.execute("SELECT 1")
        except AssayError:
            return READ_ONLY  # the store's own words name the database's place, and that is not everybody's
        return ""
