"""Another key for the server's log, in the place of the one that a request names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.adapters.folder_log import FolderLog
from assay.adapters.folder_reader import published_keys
from assay.adapters.log_succession import rotate_key
from assay.errors import InputError
from assay.lifecycle.log_shards import last_shard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.server.home import Home

CAUSES = ("planned", "lost", "stolen", "algorithm")
"""Why a key is replaced, as the event ``key.rotated`` says it."""


def about_log_key(home: Home, cause: str) -> dict[str, str]:
    """Return what a request for another key of the log is about: the key that it is to take the place of, and why.

    Raises:
        InputError: for another cause.
    """
    if cause not in CAUSES:
        raise InputError(f"expected one of {', '.join(CAUSES)}, found {cause!r:.40}")
    log = FolderLog.open(last_shard(home.log_folder))
    return {"log": log.origin, "key": log.vkey, "cause": cause}


def replace_log_key(home: Home, about: Mapping[str, str], *, at: str) -> str:
    """Give the log another key, where it has the one that is to be replaced still; return what was done, in words.

    Interrupted, it goes on where it was; once it is done, doing it again does nothing.

    Args:
        home: the server's folder.
        about: as `about_log_key` returns it.
        at: now, RFC 3339.

    Raises:
        InputError: when the log that takes entries now is another one, or the key was not its last.
        StorageError: when the disk refuses.
    """
    folder = last_shard(home.log_folder)
    log = FolderLog.open(folder)
    if log.origin != about["log"]:
        raise InputError(f"expected the log {about['log']}, found {log.origin}, which goes on after it: ask again")
    if log.vkey == about["key"]:
        rotate_key(folder, about["cause"], at)
    ranges = published_keys(folder).ranges
    old = next((one for one in ranges if str(one.key) == about["key"] and one.end is not None), None)
    new = next(
        (one for one in ranges if old is not None and one.first == old.end and one.key.kind == old.key.kind), None
    )
    if old is None or new is None:
        raise InputError(
            f"expected {about['key']} to be a key of {log.origin}, found that it is not. Ask again: a request names "
            "the key that is the log's when it is made"
        )
    return (
        f"{log.origin} signs by {new.key} from {new.first} entries on; its key until then signs checkpoints of fewer "
        "entries alone, and its private half is gone. The log says so itself (key.rotated); whoever verifies this log "
        "without this server needs the new key, too."
    )
