"""A log that goes on in another: shards, one a year, each a log of its own with keys of its own.

``LOG.next``, beside the folder of a log that is frozen, names the folder of the log that goes on. It is a signpost; the
proof is in the logs: the last entry of the one is ``log.frozen`` and names the other, entry 0 of the other is
``log.opened`` and holds size, root and digest of the final checkpoint of the one.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from assay.adapters.durable_files import create_file
from assay.adapters.folder_reader import FolderReader
from assay.adapters.recorded_times import recorded_times
from assay.errors import AssayError
from assay.lifecycle.log_files import archived_checkpoints
from assay.lifecycle.log_shards import next_path, next_shard, shards
from assay.lifecycle.outside_times import anchors_of
from assay.lifecycle.retired import retirement
from assay.lifecycle.trail_shards import Shard

if TYPE_CHECKING:
    from pathlib import Path


def trail_of(log: Path) -> tuple[list[Shard], list[str]]:
    """Return a log and those that go on after it, as a trail reads them, with what outsiders have said of each.

    Args:
        log: folder of the first.

    Returns:
        The logs, in order; and what was not checked, and why.

    Raises:
        VerificationError: when one is lost, or a checkpoint archived beside one, a timestamp, or what is said of one
            that was retired, is not what was signed.
    """
    found: list[Shard] = []
    left: list[str] = []
    for folder in shards(log):
        reader, gone = FolderReader.open(folder), retirement(folder)
        if gone is not None:
            found.append(Shard(reader=reader, keys=reader.keys, retired=gone.words()))
            continue
        times = anchors_of(folder)
        found.append(
            Shard(
                reader=reader,
                keys=reader.keys,
                anchors=times.anchors,
                recorded=recorded_times(folder),
                archived=archived_checkpoints(folder),
            )
        )
        left += times.not_checked
    return found, left


def point_to(folder: Path, following: Path) -> None:
    """Set the signpost from a frozen log to the one that goes on."""
    target = following.resolve()
    try:
        name = target.relative_to(folder.resolve().parent).as_posix()
    except ValueError:
        name = str(target)
    if next_shard(folder) is None:
        create_file(next_path(folder), f"{name}\n".encode())


def event_of(entry: bytes, kind: str) -> dict[str, Any] | None:
    """Return what an entry says as an event of a type, its signature not looked at; None when it is no such event."""
    try:
        statement = json.loads(base64.b64decode(json.loads(entry)["payload"]))
        if f"/{kind}/v" in statement["predicateType"]:
            found: dict[str, Any] = statement["predicate"]["fields"]
            return found
    except (ValueError, KeyError, TypeError):
        pass
    return None


def link_problem(before: FolderReader, after: FolderReader) -> str | None:
    """Return why one log does not go on after another, in words; None when it does."""
    try:
        now = before.checkpoint().checkpoint
        (last,) = before.entries(now.size - 1, now.size) if now.size else (b"",)
        first = next(iter(after.entries(0, 1)), b"")
    except AssayError as error:
        return str(error)
    frozen, opened = event_of(last, "log.frozen"), event_of(first, "log.opened")
    if frozen is None or frozen.get("successor") != after.key.name:
        return f"{now.origin}: expected its last entry to be log.frozen, naming {after.key.name}"
    wanted = {
        "predecessor": now.origin,
        "predecessor_size": now.size,
        "predecessor_root": now.root.hex(),
    }
    # Size and root are the tree; the note may gain cosignatures after it was digested.
    if opened is None or {name: opened.get(name) for name in wanted} != wanted:
        return f"{after.key.name}: expected entry 0 to be log.opened, after {now.size} entries of {now.origin}"
    return None
