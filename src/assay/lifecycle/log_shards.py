"""The shards of a log on disk: ``LOG.next``, beside a frozen log's folder, names the folder of the one that goes on.

It is a signpost and no proof: that is in the logs (`assay.adapters.folder_shards`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import VerificationError
from assay.lifecycle.project import read_file

if TYPE_CHECKING:
    from pathlib import Path

MAX_SHARDS = 1_000


def next_path(folder: Path) -> Path:
    """Return where a log's signpost to the next one is."""
    return folder.with_name(f"{folder.name}.next")


def next_shard(folder: Path) -> Path | None:
    """Return the folder of the log that goes on after a frozen one; None when there is none."""
    path = next_path(folder)
    if not path.is_file():
        return None
    return folder.parent / read_file(path, "the name of the log that goes on").decode("utf-8", "replace").strip()


def shards(folder: Path) -> list[Path]:
    """Return a log's folder and those of the logs that go on after it, in order.

    Raises:
        VerificationError: when they run in a circle.
    """
    found = [folder]
    while (following := next_shard(found[-1])) is not None:
        if following in found or len(found) == MAX_SHARDS:
            raise VerificationError(f"{next_path(found[-1])}: expected the log that goes on, found one before it")
        found.append(following)
    return found


def last_shard(folder: Path) -> Path:
    """Return the folder of the log that takes entries now."""
    return shards(folder)[-1]
