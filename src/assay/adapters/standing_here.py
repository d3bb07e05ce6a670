"""The trail of a folder on this machine, open for long: what a server holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.adapters.folder_shards import trail_of
from assay.lifecycle.project import LOG, STATE
from assay.lifecycle.standing_trail import StandingTrail

if TYPE_CHECKING:
    from pathlib import Path


def open_standing_trail(home: Path, *, trust: Path | None = None) -> StandingTrail:
    """Open the trail of a folder that holds ``.assay`` and ``trust.yaml``, for many questions from many threads.

    Args:
        home: the folder; nothing need be recorded yet.
        trust: the file that names people; by default ``trust.yaml`` in the folder. It may come later.

    Raises:
        StorageError: when the projection cannot be opened.
    """
    state = home / STATE
    return StandingTrail(state, lambda: trail_of(state / LOG)[0], trust=trust or home / "trust.yaml", root=home)
