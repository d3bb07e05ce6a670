"""Files that are on the disk when a call returns, and that appear whole or not at all.

The discipline: hold the folder's descriptor before writing; write under a temporary name (opened to exist newly),
fsync, then link (a file that is written once) or rename (a file that is replaced); fsync the folder through the
descriptor held all along, so that an error of writing back cannot be lost between two opens
(transparency-dev/tessera#749).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from typing import TYPE_CHECKING

from assay.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

LOCK_SECONDS = 60.0
"""How long a writer waits for another one."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_POLL_SECONDS = 0.005
_PIECE = 1 << 20


def temporary_name(name: str) -> str:
    """Return the name under which a file is written before it appears; one writer at a time, so one name."""
    return f".{name}.new"


def open_folder(path: Path) -> int:
    """Open a folder's descriptor."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _write_temporary(folder: int, name: str, content: bytes, mode: int) -> int:
    """Write a temporary file and return its descriptor; nothing is durable yet."""
    temporary = temporary_name(name)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)  # of a writer that was interrupted
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, mode, dir_fd=folder)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:
        os.close(descriptor)
        _drop_temporary(folder, name)
        raise
    return descriptor


def _drop_temporary(folder: int, name: str) -> None:
    with contextlib.suppress(OSError):  # an error before this one is the one to tell
        os.unlink(temporary_name(name), dir_fd=folder)


def _durable_temporary(folder: int, name: str, content: bytes, mode: int) -> str:
    descriptor = _write_temporary(folder, name, content, mode)
    try:
        os.fsync(descriptor)
    except OSError:
        _drop_temporary(folder, name)
        raise
    finally:
        os.close(descriptor)
    return temporary_name(name)


class NewFiles:
    """A batch of files that are written once, in folders made as needed; they appear, durably, with `commit`.

    All are written before the first one is synchronised: a journalling file system then writes its journal once.
    """

    def __init__(self, root: Path) -> None:
        self._held: dict[Path, int] = {root: open_folder(root)}
        self._changed: set[Path] = set()
        self._written: list[tuple[Path, int]] = []

    def create(self, path: Path, content: bytes) -> None:
        """Write a new file below the root, under a temporary name; at most some hundred in a batch."""
        self._written.append((path, _write_temporary(self._folder(path.parent), path.name, content, 0o644)))

    def commit(self) -> None:
        """Make the files durable, give them their names, and make every folder that changed durable.

        Raises:
            FileExistsError: when there is one of a name.
        """
        for _, descriptor in self._written:
            os.fsync(descriptor)
        for path, _ in self._written:
            folder = self._held[path.parent]
            os.link(temporary_name(path.name), path.name, src_dir_fd=folder, dst_dir_fd=folder)
            os.unlink(temporary_name(path.name), dir_fd=folder)
            self._changed.add(path.parent)
        for path in sorted(self._changed):
            os.fsync(self._held[path])
        for _, descriptor in self._written:
            os.close(descriptor)
        self._written.clear()
        self._changed.clear()

    def close(self) -> None:
        """Let files and folders go; a temporary name that is left goes, too."""
        for path, descriptor in self._written:
            os.close(descriptor)
            _drop_temporary(self._held[path.parent], path.name)
        for descriptor in self._held.values():
            os.close(descriptor)
        self._written.clear()
        self._held.clear()

    def _folder(self, path: Path) -> int:
        if path not in self._held:
            parent = self._folder(path.parent)
            try:
                os.mkdir(path.name, dir_fd=parent)
                self._changed.add(path.parent)
            except FileExistsError:
                pass  # made earlier
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
            self._held[path] = os.open(path.name, flags, dir_fd=parent)
        return self._held[path]


def replace_file(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Replace a file, or write the first one; readers see the old or the new one, never a part."""
    folder = open_folder(path.parent)
    try:
        temporary = _durable_temporary(folder, path.name, content, mode)
        os.rename(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    finally:
        os.close(folder)


def create_file(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write a file that must not exist yet, with its mode from the first byte on.

    Raises:
        FileExistsError: when there is one of that name.
    """
    folder = open_folder(path.parent)
    try:
        temporary = _durable_temporary(folder, path.name, content, mode)
        try:
            os.link(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            os.unlink(temporary, dir_fd=folder)
        os.fsync(folder)
    finally:
        os.close(folder)


def settle_file(path: Path) -> None:
    """Finish what an interrupted `create_file` may have left of a file that is there: its temporary name goes."""
    folder = open_folder(path.parent)
    try:
        _drop_temporary(folder, path.name)
        os.fsync(folder)
    finally:
        os.close(folder)


def sync_folder(path: Path) -> None:
    """Make what a folder lists durable."""
    descriptor = open_folder(path)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_files(paths: Iterable[Path]) -> None:
    """Remove files that may be there, and make their absence durable; a folder that is left empty goes too."""
    folders: set[Path] = set()
    for path in paths:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
            folders.add(path.parent)
    for folder in sorted(folders):
        sync_folder(folder)
        with contextlib.suppress(OSError):  # not empty: something else lives there
            folder.rmdir()


def read_file(path: Path, cap: int) -> bytes | None:
    """Return a file's bytes, at most ``cap`` of them and one more; None when there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        wanted = cap + 1
        found = os.read(descriptor, min(os.fstat(descriptor).st_size + 1, wanted))
        while len(found) < wanted and (more := os.read(descriptor, min(_PIECE, wanted - len(found)))):
            found += more
    except IsADirectoryError:
        return None
    finally:
        os.close(descriptor)
    return found


@contextlib.contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock file, waiting for its holder at most `LOCK_SECONDS`. The kernel frees it when a process dies.

    Raises:
        StorageError: when another process keeps it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StorageError(
                        f"another process has held {path} for {LOCK_SECONDS:.0f} s. A log has one writer at a time: "
                        "wait for it to end, then run again"
                    ) from None
                time.sleep(_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def storage_errors(where: Path, advice: str) -> Iterator[None]:
    """Turn an error of the file system into words.

    Raises:
        StorageError: for every `OSError`.
    """
    try:
        yield
    except OSError as error:
        reason = "no space left" if error.errno in _FULL else error.strerror or str(error)
        place = error.filename if isinstance(error.filename, str) else ""
        raise StorageError(f"{where}: {reason}{f' ({place})' if place else ''}. {advice}") from error
