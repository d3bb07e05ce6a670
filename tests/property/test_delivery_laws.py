"""However deliveries, crashes and repetitions fall together, the server's log holds each entry once and in order."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from assay.adapters.project_log import ProjectLog
from assay.errors import StorageError
from assay.records.delivery import OutOfStepError
from delivery_home import BareLog, DeliveryHome, pipeline_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.lifecycle.publishing import Submission

ANY = pipeline_of()

STEPS = st.one_of(
    st.tuples(st.just("append"), st.integers(1, 3), st.just(0)),
    st.tuples(st.just("deliver"), st.integers(0, 9), st.integers(0, 4)),
    st.tuples(st.just("crash before"), st.integers(0, 2), st.integers(1, 4)),
    st.tuples(st.just("crash after"), st.integers(0, 2), st.integers(1, 4)),
    st.tuples(st.just("repeat"), st.just(0), st.just(0)),
)


class Dying:
    """A log that fails before or after it has taken its entries, as a process does that dies there."""

    def __init__(self, log: ProjectLog, *, after: bool) -> None:
        self.log, self.after = log, after
        self.append, self.entries = log.append, log.entries

    def take(self, submissions: Sequence[Submission]) -> tuple[str, list[int]]:
        if self.after:
            self.log.take(submissions)
        raise StorageError("it died here")


@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(STEPS, min_size=1, max_size=10))
def test_random_interleavings_end_in_the_same_log(steps: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log, home = BareLog(Path(folder) / "project" / "log"), DeliveryHome(Path(folder) / "home")
        log.append(b"entry 0")
        count, sent = 1, list[bytes]()
        for what, one, two in steps:
            if what == "append":
                log.append(*(f"entry {count + number}".encode() for number in range(one)))
                count += one
            elif what == "repeat":
                for content in sent[-2:]:
                    assert home.receiver.take(content, ANY).new == 0
            else:
                first = min(one, count) if what == "deliver" else home.receiver.reached(log.origin).size
                content = log.delivery(first, min(first + two, count))
                if what != "deliver":
                    home.log = Dying(ProjectLog(home.state / "log", "server"), after=what == "crash after")
                try:
                    home.receiver.take(content, ANY)
                    sent += [content] if two and first < count else []  # one of nothing is no delivery
                except OutOfStepError:
                    assert home.receiver.reached(log.origin).size < first
                except StorageError:
                    pass
                home.log = None
        reached = home.receiver.reached(log.origin).size
        home.receiver.take(log.delivery(reached), ANY)
        theirs = [f"entry {number}".encode() for number in range(count)]
        assert [entry for entry in home.entries() if entry.startswith(b"entry")] == theirs
