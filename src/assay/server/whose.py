"""The system that each model belongs to, as what lies in the server's folder says it.

A model belongs to one system for good (`assay.lifecycle.received`), so what was read once is not read again; only names
that are new are looked into, and a name that is gone is forgotten.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import msgspec

from assay.attest.statement import EVIDENCE
from assay.errors import InputError
from assay.lifecycle.project import release_folder
from assay.lifecycle.received import FOLDER, Kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

RELEASES = "releases"
_RACY = 2_000_000_000
"""A folder that changed less than 2 s ago may change again without another time: it is looked into again."""


class _OfSystem(msgspec.Struct):
    """The one field of evidence that is asked of every model."""

    system: str


class Whose:
    """The models of a state folder, by the system that they belong to.

    Args:
        state: the folder.
    """

    def __init__(self, state: Path) -> None:
        self._state, self._kept = state, Kept(state)
        self._folders = (state / RELEASES, state / FOLDER / "models")
        self._seen: tuple[int, ...] = ()
        self._lock = threading.Lock()
        self._systems: dict[str, str] = {}
        self._models: dict[str, set[str]] = {}
        self._unknown: set[str] = set()

    def system_of(self, model: str) -> str | None:
        """Return the system of a model; None where nothing here says it."""
        found = self._systems.get(model)
        if found is None and (found := self._read(model)) is not None:
            with self._lock:
                self._take(model, found)
        return found

    def systems(self) -> set[str]:
        """Return the systems that anything here is about."""
        self._look()
        return {system for system, models in self._models.items() if models}

    def models_of(self, systems: Iterable[str]) -> tuple[str, ...]:
        """Return the models of some systems, in order."""
        self._look()
        with self._lock:
            return tuple(sorted(name for one in systems for name in self._models.get(one, ())))

    def _look(self) -> None:
        """Take in the names that are new, where a folder says that there are any."""
        with self._lock:
            now = tuple(_changed(folder) for folder in self._folders)
            if now == self._seen and not self._unknown:
                return
            names = set() if now == self._seen else {name for folder in self._folders for name in _names(folder)}
            if now != self._seen:
                for gone in set(self._systems) - names:
                    self._models[self._systems.pop(gone)].discard(gone)
                self._unknown &= names
            for name in (names - set(self._systems)) | self._unknown:
                found = self._read(name)
                if found is None:
                    self._unknown.add(name)
                else:
                    self._take(name, found)
            settled = time.time_ns() - max(now, default=0) > _RACY
            self._seen = now if settled else ()

    def _take(self, model: str, system: str) -> None:
        self._systems[model] = system
        self._models.setdefault(system, set()).add(model)
        self._unknown.discard(model)

    def _read(self, model: str) -> str | None:
        return next(self._said_of(model), None)

    def _said_of(self, model: str) -> Iterator[str]:
        try:
            folder = release_folder(self._state, model, "0").parent
        except InputError:
            return
        versions = sorted(one.name for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []
        for version in versions:
            for path in (folder / version / EVIDENCE, folder / version / "data" / EVIDENCE):
                if path.is_file():
                    yield msgspec.json.decode(path.read_bytes(), type=_OfSystem).system
        if (owner := self._kept.owner(model)) is not None:
            yield owner


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _names(folder: Path) -> Iterator[str]:
    """Yield the names of models that a folder has: folders of releases, or files of those they belong to."""
    try:
        with os.scandir(folder) as entries:
            for one in entries:
                if not one.name.startswith("."):
                    yield one.name if one.is_dir() else one.name.removesuffix(".json")
    except FileNotFoundError:
        return
