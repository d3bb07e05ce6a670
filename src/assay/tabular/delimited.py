"""CSV and TSV: read strictly as text, so that no sample of the rows decides what a column is."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from assay.errors import DataError
from assay.tabular.opening import columns_list, pattern
from assay.tabular.sql import identifier, literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assay.tabular.engine import Session

DELIMITERS = (",", "\t", ";", "|")
_NO_DELIMITER = "\x01"


def _first_line(session: Session, path: Path) -> str:
    """Return the first line, whatever the compression; by one thread, for several give whichever line came first."""
    found = session.rows(
        f"SELECT line FROM read_csv({pattern(path)}, auto_detect = false, header = false, parallel = false, "
        f"columns = {{'line': 'VARCHAR'}}, delim = {literal(_NO_DELIMITER)}, quote = '', escape = '') LIMIT 1",
        name=str(path),
    )
    if not found or not found[0][0]:
        raise DataError(f"{path}: expected a first line that names the columns, found none")
    return str(found[0][0]).removeprefix("\ufeff")


def _header(session: Session, path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the delimiter, the one that makes the most of the first line, and the columns' names."""
    line = _first_line(session, path)
    split: dict[str, list[str]] = {}
    problem = ""
    for candidate in DELIMITERS:
        try:
            split[candidate] = next(csv.reader([line], delimiter=candidate, strict=True))
        except csv.Error as error:  # the quotes do not fit this delimiter; another may
            problem = str(error)
    if not split:
        raise DataError(f"{path}:1: expected a first line that names the columns, found: {problem}")
    delimiter = max(split, key=lambda candidate: len(split[candidate]))
    names = tuple(name or f"column{number}" for number, name in enumerate(split[delimiter]))
    seen: dict[str, str] = {}
    for name in names:
        if name.casefold() in seen:
            raise DataError(
                f"{path}:1: expected each column to be named once, found {seen[name.casefold()]!r} and {name!r} "
                "(names that differ in case alone are one to the engine). Rename one of them"
            )
        seen[name.casefold()] = name
    return delimiter, names


def read_delimited(session: Session, paths: Sequence[Path]) -> str:
    """Return the relation that reads delimited text files, each by its own header, every column as text.

    Raises:
        DataError: when a header cannot be read, or the files do not hold the same columns.
    """
    kinds: dict[tuple[str, tuple[str, ...]], list[Path]] = {}
    for path in paths:
        kinds.setdefault(_header(session, path), []).append(path)
    (_, first), (example, *_) = next(iter(kinds.items()))
    for (_, names), (path, *_) in kinds.items():
        if odd := sorted(repr(name) for name in set(names) ^ set(first)):
            raise DataError(
                f"{path}: expected the same columns as in {example}, found a difference: {', '.join(odd)}. "
                "Name the files that belong together"
            )
    parts = [_read_csv(delimiter, names, files) for (delimiter, names), files in kinds.items()]
    if len(parts) == 1:
        return parts[0]
    chosen = columns_list(first)
    return "(\n" + "\nUNION ALL\n".join(f"SELECT {chosen} FROM {part}" for part in parts) + "\n)"


def _read_csv(delimiter: str, names: Sequence[str], files: Sequence[Path]) -> str:
    columns = ", ".join(f"{identifier(name)}: 'VARCHAR'" for name in names)
    return (
        f"read_csv([{', '.join(pattern(file) for file in files)}],\n"
        f"    auto_detect = false, header = true, delim = {literal(delimiter)}, quote = '\"', escape = '\"',\n"
        "    nullstr = '', strict_mode = true, null_padding = false, ignore_errors = false,\n"
        f"    columns = {{{columns}}})"
    )
