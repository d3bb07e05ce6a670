"""The releases of a state folder, by name and by the digest of their files: found in microseconds among thousands.

What stands here only says where to look. Whoever asks reads the folder that is named and judges what is in it, so an
entry that is old can hide a release for a moment, and can never let one out.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import msgspec

from assay.attest.statement import VERDICT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RELEASES = "releases"
T = TypeVar("T")

Identity: TypeAlias = tuple[tuple[str, int, int, int, int], ...]
"""Names of files with their inode, size, and times of change; it changes when any of them is written or replaced."""

AGAIN_S = 1.0
"""A search that finds nothing looks through the folders again, at most this often, and then for a twentieth of the time
at most: callers who ask for what is not there must not keep the disk busy."""

_SHARE = 20


class _Head(msgspec.Struct):
    """What the index needs of a verdict; whoever uses the release reads all of it, strictly."""

    model_sha256: str
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    changed: tuple[int, int]
    model_sha256: str | None


def identity_of(*paths: Path) -> Identity:
    """Return the identity of files, and of the files in folders; what is not there is a part of it."""
    found = []
    for path in paths:
        if path.is_dir():
            with os.scandir(path) as entries:
                named = sorted((f"{path}/{one.name}", one.stat()) for one in entries if one.is_file())
            found += [(name, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns) for name, one in named]
        elif path.is_file():
            one = path.stat()
            found.append((str(path), one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns))
        else:
            found.append((str(path), 0, 0, 0, 0))
    return tuple(found)


class KnownReleases:
    """Where the releases of a state folder are, by the digest of the model's files."""

    def __init__(self, state: Path) -> None:
        self._folder = state / RELEASES
        self._seen: dict[str, dict[str, _Seen]] = {}  # by the model's folder: that of each version
        self._by_digest: dict[str, tuple[str, ...]] = {}
        self._unreadable: dict[str, tuple[str, ...]] = {}  # by the model's folder
        self._lock = Lock()
        self._next = 0.0

    @property
    def unreadable(self) -> tuple[str, ...]:
        """The releases whose verdict could not be read, as ``model/version``."""
        found = [folder for folders in list(self._unreadable.values()) for folder in folders]
        return tuple("/".join(Path(folder).parts[-2:]) for folder in found)

    def with_files(self, model_sha256: str) -> list[Path]:
        """Return the folders of the releases that are about files of a digest, as far as is known."""
        return [Path(folder) for folder in self._by_digest.get(model_sha256, ())]

    def look_again(self, *, now: bool = False) -> bool:
        """Find out what was written since the last time; say whether it was looked.

        Args:
            now: even when that was a moment ago: something has just been written.
        """
        with self._lock:
            begun = time.monotonic()
            if begun < self._next and not now:
                return False
            there = _models(self._folder)
            for gone in set(self._seen) - set(there):
                self._look_into(gone)
            for model in there:
                self._look_into(model)
            ended = time.monotonic()
            self._next = ended + max(AGAIN_S, _SHARE * (ended - begun))
            return True

    def look_at(self, models: Iterable[str]) -> None:
        """Find out what was written of some models, by name, a moment ago; of others nothing."""
        with self._lock:
            for name in models:
                self._look_into(str(self._folder / name))

    def _look_into(self, model: str) -> None:
        before = self._seen.get(model, {})
        found = {
            folder: known if (known := before.get(folder)) is not None and known.changed == changed
            else _read(folder, changed)
            for folder, changed in _versions(model)
        }  # fmt: skip
        for folder, one in before.items():
            if one.model_sha256 is not None and found.get(folder) is not one:
                left = tuple(held for held in self._by_digest[one.model_sha256] if held != folder)
                _put(self._by_digest, one.model_sha256, left)
        for folder, one in found.items():
            if one.model_sha256 is not None and before.get(folder) is not one:
                self._by_digest[one.model_sha256] = (*self._by_digest.get(one.model_sha256, ()), folder)
        _put(self._seen, model, found)
        _put(self._unreadable, model, tuple(folder for folder, one in found.items() if one.model_sha256 is None))


def _put(table: dict[str, T], name: str, what: T) -> None:
    """Put something in a table by name; nothing is not kept."""
    if what:
        table[name] = what
    else:
        table.pop(name, None)


def _models(releases: Path) -> list[str]:
    """Return the folders of the models that anything was released of."""
    try:
        with os.scandir(releases) as entries:
            return sorted(one.path for one in entries if one.is_dir())
    except FileNotFoundError:
        return []  # nothing was released yet


def _versions(model: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield each release's folder, with when names in it were last changed (a verdict is renamed into its place)."""
    try:
        with os.scandir(model) as versions:
            for one in versions:
                if one.is_dir():
                    stat = one.stat()
                    yield one.path, (stat.st_mtime_ns, stat.st_ctime_ns)
    except FileNotFoundError:
        return  # it is gone


def _read(folder: str, changed: tuple[int, int]) -> _Seen:
    """Read which files a release is about; of a version without a verdict of its release, about none."""
    try:
        content = Path(folder, VERDICT).read_bytes()
        head = msgspec.json.decode(content, type=_Head)
    except FileNotFoundError:
        return _Seen(changed, "")
    except (OSError, msgspec.MsgspecError):
        return _Seen(changed, None)
    return _Seen(changed, head.model_sha256 if head.stage is None else "")
