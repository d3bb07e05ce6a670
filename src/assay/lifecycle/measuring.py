"""Measuring without a policy: rows in, measurements out."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from assay.errors import InputError
from assay.metrics import measure
from assay.tabular import Query, tally_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from assay.records.measurement import Measurement
    from assay.records.tally import Roles, Tally

WATCH_AFTER_SECONDS = 1.0


@dataclass(frozen=True)
class Measured:
    """A tally and everything measured from it."""

    tally: Tally
    measurements: tuple[Measurement, ...]

    @property
    def remarks(self) -> list[str]:
        """What could not be counted, in words."""
        return [
            f"{gap.count} {'row' if gap.count == 1 else 'rows'}: {gap.column} is {gap.kind}" for gap in self.tally.gaps
        ]

    def to_json(self) -> str:
        """Return ``{"rows": N, "measurements": [...], "gaps": [...]}``."""
        document = {"rows": self.tally.rows, "measurements": self.measurements, "gaps": self.tally.gaps}
        return msgspec.json.format(msgspec.json.encode(document), indent=1).decode()


def progress_bar(what: str = "counting rows") -> tuple[Callable[[float], None], Callable[[], None]] | tuple[None, None]:
    """Return a function that draws progress (0 to 1) and one that wipes it; none when nobody watches.

    Args:
        what: what is going on, in words.
    """
    if not sys.stderr.isatty():
        return None, None
    import time  # noqa: PLC0415 - only for a person who watches

    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task(what, total=1.0)
    started = time.monotonic()

    def draw(share: float) -> None:
        if not bar.live.is_started and time.monotonic() - started > WATCH_AFTER_SECONDS:
            bar.start()
        bar.update(task, completed=share)

    return draw, bar.stop


def count_rows(
    rows: Any, roles: Roles, *, query: str | None = None, watched: bool = False, count: str | None = None  # noqa: ANN401 - any table
) -> Tally:  # fmt: skip
    """Tally rows, drawing a progress bar for a person who waits longer than a second."""
    if query is not None:
        if not isinstance(rows, str):
            raise InputError("expected a database file or address as DATA beside a query, found standard input")
        rows = Query(database=rows, sql=query)
    draw, wipe = progress_bar() if watched else (None, None)
    try:
        return tally_rows(rows, roles, on_progress=draw, count=count)
    finally:
        if wipe is not None:
            wipe()


def measure_rows(
    rows: Any,  # noqa: ANN401 - any table
    roles: Roles,
    *,
    query: str | None = None,
    metrics: Collection[str] | None = None,
    intersections: bool | Sequence[Sequence[str]] = False,
    minimum_group: int = 1,
    level: float = 0.95,
    watched: bool = False,
    count: str | None = None,
) -> Measured:
    """Tally a table and measure everything that its columns allow; with ``count``, each row as often as that says.

    Raises:
        DataError: when the rows cannot be counted.
        InputError: when nothing can be measured.
    """
    if roles.prediction is None and roles.label is None and roles.score is None:
        raise InputError(
            "expected at least one of --label, --prediction and --score, found none: nothing can be measured"
        )
    tally = count_rows(rows, roles, query=query, watched=watched, count=count)
    found = measure(tally, level=level, intersections=intersections, minimum_group=minimum_group, metrics=metrics)
    return Measured(tally=tally, measurements=found)
