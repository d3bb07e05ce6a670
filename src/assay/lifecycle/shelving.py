"""The packs of a project: those that come with Assay, and the organisation's own in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.checks import CHECKS
from assay.errors import InputError
from assay.lifecycle.project import read_file
from assay.packs.clauses import Clauses, clauses_of
from assay.packs.shelf import OWN, Shelf, own_shelf, shelf_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from assay.lifecycle.project import Project

MAX_FILES = 1000
"""More packs than there are laws; a folder with more is another one."""


def pack_files(paths: Iterable[Path]) -> dict[str, bytes]:
    """Return the packs and crosswalks among files and in folders, by path.

    Raises:
        InputError: when a path leads nowhere, or a folder holds none.
    """
    found: dict[str, bytes] = {}
    for path in paths:
        if path.is_dir():
            listed = sorted(one for one in path.rglob("*") if one.suffix in {".yaml", ".yml"} and one.is_file())
            if not 1 <= len(listed) <= MAX_FILES:
                raise InputError(f"expected 1 to {MAX_FILES} packs (*.yaml) in {path}, found {len(listed)}")
        else:
            listed = [path]
        found |= {one.as_posix(): read_file(one, "a pack, or a folder of packs") for one in listed}
    return found


def packs_folder(project: Project | None, given: Path | str | None) -> Path | None:
    """Return the folder of an organisation's packs: the one given, or the one that `assay.yaml` names."""
    if given is not None:
        return Path(given)
    if project is not None and project.config.packs is not None:
        return project.root / project.config.packs
    return None


def clauses_for(
    frameworks: frozenset[str], project: Callable[[], Project | None], *, packs: Path | str | None = None
) -> Clauses:
    """Return the clauses of some frameworks, reading no more packs than that takes.

    Args:
        frameworks: the frameworks wanted; what nobody has a pack of is left out.
        project: gives the project whose `assay.yaml` may name a folder of packs; asked when Assay has no pack of one.
        packs: a folder of packs, or one file, in its place.
    """
    own = own_shelf(frameworks)
    folder = packs_folder(None, packs)
    if folder is None and not frameworks <= set(OWN):
        folder = packs_folder(project(), None)
    shelf = own if folder is None else shelf_of(pack_files([folder]), own_shelf(), checks=CHECKS)
    return clauses_of(shelf, others=tuple(OWN))


def open_packs(project: Project | None = None, *, packs: Path | str | None = None) -> Shelf:
    """Return every pack: those that come with Assay, and an organisation's own.

    Args:
        project: the project whose `assay.yaml` may name a folder of packs.
        packs: a folder of packs, or one file, in its place.

    Raises:
        InputError: when the folder leads nowhere.
        DocumentError: with every mistake in the organisation's packs.
    """
    folder = packs_folder(project, packs)
    if folder is None:
        return own_shelf()
    return shelf_of(pack_files([folder]), own_shelf(), checks=CHECKS)
