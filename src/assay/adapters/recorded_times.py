"""When a log's own sequencer committed entries: known where the log is written, and to nobody else."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from assay.adapters.log_places import opened_sequencer, read_places
from assay.adapters.log_private import LogPrivate, may_write, private_folder
from assay.lifecycle.log_trust import at_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def recorded_times(log: Path) -> Callable[[int], str | None]:
    """Return what tells when an entry was committed, RFC 3339 in UTC by the clock of the log's writer.

    It tells None where that is not known: on another machine, without the right to write, or in the database of an
    earlier version. It may raise a `StorageError` when the database cannot be read.
    """
    private = LogPrivate(private_folder(log)) if may_write(log) else None

    @cache
    def recorded(index: int) -> str | None:
        if private is None:
            return None
        places = read_places(private.path)
        if places.postgres is None and not private.database.is_file():
            return None
        with opened_sequencer(private, places, leased=False) as sequencer:
            at = sequencer.recorded(index)
        return None if at is None else at_time(at)

    return recorded
