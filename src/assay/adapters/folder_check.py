"""Checking a log where it is written: every stored byte, in tiles and database, and the guard."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from assay.adapters.durable_files import storage_errors, temporary_name
from assay.adapters.folder_tiles import CHECKPOINT
from assay.adapters.log_places import opened_sequencer
from assay.errors import StorageError, VerificationError
from assay.lifecycle.publishing import contradiction
from assay.tlog.compact_range import read_compact_range
from assay.tlog.tile import parse_tile_path, tile_path, tiles_between

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.adapters.folder_reader import CheckReport, FolderReader
    from assay.adapters.log_places import LogSequencer, Places
    from assay.adapters.log_private import LogPrivate
    from assay.tlog.checkpoint import Checkpoint

_INTERRUPTED = "publishing was interrupted; the next append, or `assay log checkpoint`, finishes it"


def check_log(reader: FolderReader, private: LogPrivate, places: Places, old: bytes | None) -> CheckReport:
    """Check a log against its entries, its guard, and an older checkpoint if there is one.

    Args:
        reader: the log's folder.
        private: its private folder.
        places: where its entries wait.
        old: a signed checkpoint seen earlier.

    Raises:
        StorageError: when the disk refuses, or the lock is not to be had.
    """
    with storage_errors(private.database.parent, "Nothing was changed"), private.locked(shared=True):
        pending = private.pending()
        if pending is not None:
            report = reader.check(old, excused=set(written(*pending)).__contains__)
            return replace(report, notes=(*report.notes, _INTERRUPTED))
        if places.postgres is None and not private.database.is_file():
            report = reader.check(old)
            return replace(report, problems=(*report.problems, *_compare_guard(report, private, None)))
        try:
            with opened_sequencer(private, places, leased=False) as sequencer:
                return _check_with(sequencer, reader, private, old)
        except StorageError as error:
            report = reader.check(old)
            return replace(report, problems=(*report.problems, str(error)))


def written(old: int, new: int) -> Iterator[str]:
    """Yield every path below the log that an append of an earlier version may have left."""
    yield temporary_name(CHECKPOINT)
    for tile in tiles_between(old, new):
        folder, _, name = tile_path(tile).rpartition("/")
        yield f"{folder}/{name}"
        yield f"{folder}/{temporary_name(name)}"


def _check_with(sequencer: LogSequencer, reader: FolderReader, private: LogPrivate, old: bytes | None) -> CheckReport:
    size = sequencer.head().size
    now: Checkpoint | None = None
    with contextlib.suppress(VerificationError):  # the reader's own check tells of it
        now = reader.checkpoint().checkpoint
    published = size if now is None else now.size
    report = reader.check(old, excused=lambda path: _is_waiting(path, published, size))
    problems = [*report.problems, *_compare_guard(report, private, sequencer)]
    if not problems and now is not None:
        problems += _check_kept(sequencer, reader, now.size, private.database.name)
        problems += sequencer.problems(read_compact_range(now.size, reader.tree(now.size).node))
    notes = (f"{_INTERRUPTED} ({size - published} entries wait)",) if size > published else ()
    return replace(report, problems=tuple(problems), notes=notes)


def _check_kept(sequencer: LogSequencer, reader: FolderReader, size: int, name: str) -> list[str]:
    """Compare the published entries that the database still has with the bundles."""
    first, end = sequencer.kept_from(), min(size, sequencer.head().size)
    rows = zip(sequencer.entries(first, end), reader.entries(first, end), strict=True)
    wrong = next((index for index, (one, other) in enumerate(rows, start=first) if one != other), None)
    return [] if wrong is None else [f"{name}: entry {wrong} is not the one that was published"]


def _compare_guard(report: CheckReport, private: LogPrivate, sequencer: LogSequencer | None) -> list[str]:
    if report.checkpoint is None:
        return []
    now = report.checkpoint.checkpoint
    try:
        guard = private.read()
    except VerificationError as error:
        return [str(error)]
    wrong = contradiction(guard, now)
    known = None if sequencer is None else sequencer.root_at(guard.size)
    if wrong is None and guard.size > now.size and known != guard.root:
        wrong = f"guard: the log was cut or restored: it signed {guard.size} entries, the checkpoint has {now.size}"
    return [] if wrong is None else [wrong]


def _is_waiting(path: str, published: int, size: int) -> bool:
    """Return whether a path is one that a publisher on its way from one size to another may have left."""
    if published == size:
        return False
    folder, _, name = path.rpartition("/")
    if path == temporary_name(CHECKPOINT):
        return True
    whole = f"{folder}/{name.removeprefix('.').removesuffix('.new')}" if name.startswith(".") else path
    with contextlib.suppress(VerificationError):
        return published < parse_tile_path(whole).end <= size
    return False
