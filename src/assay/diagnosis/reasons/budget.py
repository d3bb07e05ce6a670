"""The time that reasons may take: said beforehand, kept, and what was not done by then told as not done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from assay.diagnosis.in_time import within
from assay.probing.scorer import LateScorerError

if TYPE_CHECKING:
    from collections.abc import Callable


class TimeUpError(Exception):
    """The budget is over; caught where a partial answer can be given, and told to people as what it is."""


class Budget:
    """A time, and who is told how far it is.

    Attributes:
        seconds: what everything may take; None: as long as it takes.
    """

    def __init__(self, seconds: float | None = None, tell: Callable[[float], None] | None = None) -> None:
        """Start the clock.

        Args:
            seconds: the budget.
            tell: told the share done, from 0 to 1.
        """
        self.seconds = seconds
        self._until = None if seconds is None else time.monotonic() + seconds
        self._tell = tell

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return self._until is not None and time.monotonic() > self._until

    def require(self) -> None:
        """Go on only where there is time.

        Raises:
            TimeUpError: when there is none.
        """
        if self.over:
            raise TimeUpError

    def wait_for(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the work returns
        """Do somebody else's work, and wait no longer than there is time.

        Raises:
            TimeUpError: when there is none left.
            Exception: whatever the work raised.
        """
        if self._until is None:
            return work()
        self.require()
        try:
            return within(work, self._until, "")
        except LateScorerError:
            if not self.over:
                raise  # the model's own time limit, not ours
            raise TimeUpError from None

    def tell(self, share: float) -> None:
        """Say how far it is."""
        if self._tell is not None:
            self._tell(min(share, 1.0))

    def part(self, low: float, high: float) -> Budget:
        """Return the same budget, whose progress from 0 to 1 is told as a part of the whole."""
        found = Budget(tell=lambda share: self.tell(low + share * (high - low)))
        found.seconds, found._until = self.seconds, self._until
        return found
