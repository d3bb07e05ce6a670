"""Watching a stream again and again: look, wait, look, until somebody says stop.

Nothing passes for lack of data: rows that do not come are counted round by round, and when too many rounds brought none
that is an alert of its own. Rows that cannot be taken (a clock that went back, a table that was rewritten, a file that
is not there) are told, and bring nothing either; the next round looks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import EXIT_DENY, EXIT_UNDECIDED, EXIT_WRONG, AssayError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assay.lifecycle.watching import Watched
    from assay.sequential import Alert


@dataclass(frozen=True, kw_only=True)
class Round:
    """One look at a stream.

    Attributes:
        number: from 1.
        watched: what became of the stream; None when its rows could not be taken.
        problem: why not, in words.
        new_rows: rows that are new in this round; all there are in the first.
        new_alerts: limits found breached in this round; all there are in the first.
        empty: how many rounds in a row have brought no row.
        no_data: whether those are too many.
        alerted: whether any round has found a limit breached.
    """

    number: int
    watched: Watched | None
    problem: str | None
    new_rows: int
    new_alerts: tuple[Alert, ...]
    empty: int
    no_data: bool
    alerted: bool

    @property
    def exit_code(self) -> int:
        """Return 1 once a limit is breached, 2 for rows that cannot be taken, 3 for none, else the stream's."""
        if self.alerted:
            return EXIT_DENY
        if self.watched is None:
            return EXIT_WRONG
        return EXIT_UNDECIDED if self.no_data else self.watched.exit_code


def rounds(look: Callable[[], Watched], wait: Callable[[], bool], *, no_data_after: int) -> Iterator[Round]:
    """Yield one round after the other.

    Args:
        look: looks at the stream, with a state file: each row counts once.
        wait: waits for the next round, and says whether there is to be one.
        no_data_after: so many rounds in a row without a new row are too many.
    """
    number = rows = empty = 0
    known: set[tuple[str, str]] = set()
    while True:
        number += 1
        watched, problem = _looked(look)
        new_rows = 0 if watched is None else watched.rows - rows
        alerts = () if watched is None else watched.alerts
        new = tuple(one for one in alerts if (one.metric, one.over.attribute) not in known)
        known |= {(one.metric, one.over.attribute) for one in new}
        rows += new_rows
        empty = 0 if new_rows > 0 else empty + 1
        yield Round(
            number=number, watched=watched, problem=problem, new_rows=new_rows, new_alerts=new, empty=empty,
            no_data=empty >= no_data_after, alerted=bool(known),
        )  # fmt: skip
        if not wait():
            return


def _looked(look: Callable[[], Watched]) -> tuple[Watched | None, str | None]:
    try:
        return look(), None
    except AssayError as error:
        return None, error.diagnostics()
