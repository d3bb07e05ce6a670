"""Scanning every store of a project for a value: what a search of the bytes themselves finds, and what it cannot see.

Searched are all files of the project's folder, names and contents: state, log, databases with their free pages and
write-ahead logs, keys, configuration, data; and any further place that is named (backups, exports). `LIMITS` says
what a search of bytes cannot show.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import InputError
from assay.trail.searching import opaque

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from assay.trail.searching import Search

LIMITS = (
    "a value that is split, abbreviated, misspelled or transliterated is another value: search for it, too",
    "a value is found as a word; parts of longer words are not it",
    "compressed or encrypted files of other kinds than gzip and zip are listed, not looked into",
    "what a file system, a disk or a snapshot keeps of files that were overwritten or removed is not files",
    "copies elsewhere (backups, exports, mail, version control of other machines) are searched where they are named",
)

_SQLITE = b"SQLite format 3\x00"
_HISTORY = {".git", ".hg", ".svn"}


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that holds the value.

    Attributes:
        path: of the file.
        spelled: how it is written there, such as ``base64 > UTF-8``; ``file name`` when it is in the name.
    """

    path: Path
    spelled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found.

    Attributes:
        hits: places that hold the value, in order.
        files: how many files were searched.
        size: how many bytes they have.
        not_searched: what could not be looked into, and why.
    """

    hits: tuple[Hit, ...]
    files: int
    size: int
    not_searched: tuple[tuple[Path, str], ...]


def scan(places: Sequence[Path], search: Search) -> Scan:
    """Search files and whole folders.

    Raises:
        InputError: when a place is not there.
    """
    hits: list[Hit] = []
    closed: list[tuple[Path, str]] = []
    files = size = 0
    for place in places:
        if not place.exists():
            raise InputError(f"expected a file or folder to search at {place}, found nothing there")
        for path in walk(place, closed):
            files += 1
            try:
                content = path.read_bytes()
            except OSError as error:
                closed.append((path, error.strerror or str(error)))
                content = b""
            size += len(content)
            form = opaque(content[:8])
            if form is not None:
                closed.append((path, f"{form}: compressed, so only its raw bytes were searched"))
            spelled = (*_in_name(path, place, search), *search.found_in(content), *_in_database(path, content, search))
            if spelled:
                hits.append(Hit(path, spelled))
    return Scan(tuple(hits), files, size, tuple(closed))


def walk(place: Path, closed: list[tuple[Path, str]] | None = None) -> Iterator[Path]:
    """Yield the regular files at and below a place, in order; what is not entered is added to ``closed``."""
    told = [] if closed is None else closed
    if place.is_symlink():
        told.append((place, "a symbolic link: name what it leads to, if that is to be searched"))
    elif place.is_file():
        yield place
    elif place.is_dir() and place.name in _HISTORY:
        told.append((place, "version control: what was committed stays in its history until that is rewritten"))
    elif place.is_dir():
        if not os.access(place, os.R_OK | os.X_OK):
            told.append((place, "this folder may not be read"))
            return
        for inner in sorted(place.iterdir()):
            yield from walk(inner, told)


def _in_name(path: Path, place: Path, search: Search) -> tuple[str, ...]:
    below = path.relative_to(place.parent).as_posix() if place in path.parents else path.name
    return ("file name",) if search.found_in(below.encode("utf-8", "surrogateescape")) else ()


def _in_database(path: Path, content: bytes, search: Search) -> tuple[str, ...]:
    """Search a SQLite database's rows, and its pages for what no row holds any more."""
    if not content.startswith(_SQLITE):
        return ()
    rows = _rows(path)
    if rows is None:
        return ()
    joined = b"\n".join(rows)
    found = tuple(f"database row > {one}" for one in search.found_in(joined))
    residue = search.residue_in(content) and not search.residue_in(joined)
    return (*found, "free page of a database") if residue else found


def _rows(path: Path) -> list[bytes] | None:
    """Return the texts and blobs of every row; None for what is no database after all."""
    found: list[bytes] = []
    try:
        logged = path.with_name(f"{path.name}-wal").exists()
        how = "mode=ro" if logged else "immutable=1"  # without a write-ahead log, opening it must not make one
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True)) as connection:
            names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            for (name,) in names:
                quoted = name.replace('"', '""')
                for row in connection.execute(f'SELECT * FROM "{quoted}"'):  # noqa: S608 - a name of the schema, quoted
                    found += [value.encode() if isinstance(value, str) else value for value in row
                              if isinstance(value, (str, bytes))]  # fmt: skip
    except sqlite3.Error:
        return None  # its raw bytes were searched
    return found
