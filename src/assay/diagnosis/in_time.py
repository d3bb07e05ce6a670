"""Somebody else's model, waited for no longer than there is time: what it does not answer by then is left behind."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from assay.probing.scorer import LateScorerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assay.probing.scorer import Scorer, Value


def within(work: Callable[[], Any], until: float, told: str) -> Any:  # noqa: ANN401 - whatever the work returns
    """Do somebody else's work in a thread, and leave it behind when the time is over.

    Args:
        work: what is done.
        until: on the monotonic clock.
        told: the message when it was not done by then.

    Raises:
        LateScorerError: when it was not done in time.
        Exception: whatever the work raised.
    """
    done: list[Any] = []
    broke: list[Exception] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:  # noqa: BLE001 - handed on to whoever waits
            broke.append(error)

    thread = threading.Thread(target=run, daemon=True)  # a model that never answers must not keep the process alive
    thread.start()
    thread.join(max(0.0, until - time.monotonic()))
    if broke:
        raise broke[0]
    if not done:
        raise LateScorerError(told)
    return done[0]


class TimelyScorer:
    """A model each of whose answers must come before the time is over.

    Attributes:
        name: of the model.
    """

    def __init__(self, scorer: Scorer, until: float, told: str) -> None:
        """Wrap a model.

        Args:
            scorer: the model.
            until: on the monotonic clock.
            told: the message of `LateScorerError` when it has not answered by then.
        """
        self.name = scorer.name
        self._scorer, self._until, self._told = scorer, until, told

    def score(self, columns: Mapping[str, Sequence[Value]]) -> Sequence[Any]:
        """Ask, and wait no longer than there is time.

        Raises:
            LateScorerError: when it has not answered by then.
        """
        answers: Sequence[Any] = within(lambda: self._scorer.score(columns), self._until, self._told)
        return answers
