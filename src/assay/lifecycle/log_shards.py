"""The shards of a log on disk: ``LOG.next``, beside a frozen log's folder, names the folder of the one that goes on.

It is a signpost and no proof: that is in the logs (`assay.adapters.folder_shards`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import InputError, VerificationError
from assay.lifecycle.project import read_file

if TYPE_CHECKING:
    from pathlib import Path

    from assay.errors import AssayError

MAX_SHARDS = 1_000
NOTHING_YET = ": nothing is recorded yet. Record something with: assay run, or assay trail append"


def next_path(folder: Path) -> Path:
    """Return where a log's signpost to the next one is."""
    return folder.with_name(f"{folder.name}.next")


def next_shard(folder: Path) -> Path | None:
    """Return the folder of the log that goes on after a frozen one; None when there is none."""
    path = next_path(folder)
    if not path.is_file():
        return None
    return folder.parent / read_file(path, "the name of the log that goes on").decode("utf-8", "replace").strip()


def missing_log(folder: Path, what: str, advice: str) -> AssayError:
    """Return what to raise where a log is not: one that was never made is told from one that is lost.

    Args:
        folder: the log.
        what: how to call it.
        advice: what to do where none was made.
    """
    beside = [folder.with_name(f"{folder.name}.{one}") for one in ("next", "vkey", "keys", "retired")]
    left = ", ".join(one.name for one in beside if one.exists())
    if left and not folder.is_dir():
        return VerificationError(
            f"{folder}: lost: the log's folder is gone, though {left} beside it is there. Bring it back from a copy; "
            "of a log that was retired its checkpoint stays in the folder, and LOG.checkpoints has a copy"
        )
    return InputError(f"expected {what} at {folder}, found none{advice}")


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
