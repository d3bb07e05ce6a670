"""How often somebody may try: fewer and fewer times after failures, and so many calls of the API a minute.

A try is counted before it is looked at, so that a hundred at once are a hundred; what succeeds is taken back. Names and
addresses are counted under a keyed digest, in the store, so that neither a restart nor a second process forgets them.
OWASP ASVS 4.0.3, 2.2.1: at most 100 failed tries an hour on one account; here at most about 20.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import msgspec

from assay.errors import TooManyError
from assay.server.signing_in.opaque import derived
from assay.server.store import counters

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.server.store import Store

FREE_BY_ACCOUNT, FREE_BY_ADDRESS = 5, 20
"""Failures in a row that cost no wait yet."""

LONGEST_WAIT_SECONDS = 900
FORGOTTEN_AFTER_SECONDS = 3_600

_MOST_DOUBLINGS = 12


class Limits:
    """Counts tries.

    Args:
        store: where.
        secret: the server's, under which names and addresses are counted.
    """

    def __init__(self, store: Store, secret: bytes) -> None:
        self._store, self._secret = store, secret

    def begin(self, door: str, *, account: str, address: str, at: int) -> None:
        """Count a try before it is looked at.

        Args:
            door: what is tried, such as ``sign-in``.
            account: whose, whether there is such an account or not.
            address: from where.
            at: when.

        Raises:
            TooManyError: when somebody must wait; how long, is in it.
            StorageError: when the database is absent: then nobody signs in.
        """
        with self._store.writing() as rows:
            found = [(name, free, counters.counted(rows, name)) for name, free in self._names(door, account, address)]
            wait = max(counter.until for _, _, counter in found) - at
            if wait > 0:
                refused = wait
            else:
                refused = 0
                counters.forget_old(rows, before=at - 24 * FORGOTTEN_AFTER_SECONDS)
                for name, free, counter in found:
                    counters.count(rows, name, _failed(counter, free, at))
        if refused:
            raise TooManyError(f"expected a pause after many tries, found another one: wait {refused} s", refused)

    def succeeded(self, door: str, *, account: str, address: str) -> None:
        """Take back what was counted: all of the account's, and one of the address's, which may hold many people."""
        (of_account, _), (of_address, _) = self._names(door, account, address)
        with self._store.writing() as rows:
            counters.forget(rows, of_account)
            counter = counters.counted(rows, of_address)
            counters.count(
                rows, of_address, msgspec.structs.replace(counter, failures=max(counter.failures - 1, 0), until=0)
            )

    def _names(self, door: str, account: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
        return (
            (derived(self._secret, "tries", door, "account", account), FREE_BY_ACCOUNT),
            (derived(self._secret, "tries", door, "address", address), FREE_BY_ADDRESS),
        )


def _failed(counter: counters.Counter, free: int, at: int) -> counters.Counter:
    before = 0 if at - counter.last_at > FORGOTTEN_AFTER_SECONDS else counter.failures
    failures = before + 1
    over = failures - free
    wait = 0 if over <= 0 else min(2 ** min(over, _MOST_DOUBLINGS), LONGEST_WAIT_SECONDS)
    return counters.Counter(failures=failures, last_at=at, until=at + wait)


class Pace:
    """So many calls a minute for each caller, with room for a burst; kept in memory, for this process.

    Args:
        per_minute: calls a minute.
        burst: calls at once.
        clock: seconds that only grow.
    """

    _MOST_CALLERS = 50_000

    def __init__(self, per_minute: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = per_minute / 60, burst, clock
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def step(self, caller: str) -> None:
        """Count a call.

        Raises:
            TooManyError: when the caller is too fast; how long to wait, is in it.
        """
        now = self._clock()
        with self._lock:
            if len(self._left) >= self._MOST_CALLERS:
                full = now - self._burst / self._rate
                self._left = {one: kept for one, kept in self._left.items() if kept[1] > full}
            left, since = self._left.get(caller, (float(self._burst), now))
            left = min(self._burst, left + (now - since) * self._rate)
            self._left[caller] = (max(left - 1, 0) if left >= 1 else left, now)
        if left < 1:
            wait = max(1, round((1 - left) / self._rate + 0.5))
            raise TooManyError(
                f"expected fewer calls, found more than {self._rate * 60:.0f} a minute: wait {wait} s", wait
            )
