"""Files: which ones a path means, what they hold (SHA-256), and what kind they are."""

from __future__ import annotations

import codecs
import hashlib
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import DataError, StorageError
from assay.records.tally import FileDigest

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 20
PARQUET = (".parquet", ".pq")
TEXT = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".csv.zst", ".tsv.zst")
COMPRESSED = (".gz", ".zst")
NOT_READ = {
    ".xlsx",
    ".xls",
    ".json",
    ".jsonl",
    ".arrow",
    ".feather",
    ".ipc",
    ".pkl",
    ".pickle",
    ".orc",
    ".avro",
    ".zip",
}
PARQUET_MAGIC = b"PAR1"

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
"""How a text says that it is not UTF-8; the longer marks first, for one begins as another does."""


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise DataError(f"{path}: expected a file that can be read, found: {error.strerror or error}") from None


def digest_file(path: str | Path, *, name: str | None = None) -> FileDigest:
    """Return the SHA-256 and size of a file, read in chunks.

    Args:
        path: the file.
        name: what the record calls it; the path as given, if None.

    Raises:
        DataError: when the file cannot be read.
    """
    sha256, size = hashlib.sha256(), 0
    for chunk in _chunks(Path(path)):
        sha256.update(chunk)
        size += len(chunk)
    return FileDigest(name=name or str(path), sha256=sha256.hexdigest(), size=size)


def digest_text(path: Path, *, name: str) -> FileDigest:
    """Return the SHA-256 and size of a text file, and make sure that all of it is UTF-8.

    Raises:
        DataError: when the file cannot be read or is not UTF-8; the message says at which line.
    """
    sha256, size, line, head = hashlib.sha256(), 0, 1, b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in _chunks(path):
        sha256.update(chunk)
        size += len(chunk)
        head = head or chunk[:64]
        if b"\0" in head:
            raise DataError(_not_utf8(name, 1, head))
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise DataError(_not_utf8(name, line + error.object[: error.start].count(b"\n"), head)) from None
        line += chunk.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise DataError(_not_utf8(name, line, head)) from None
    return FileDigest(name=name, sha256=sha256.hexdigest(), size=size)


def _not_utf8(name: str, line: int, head: bytes) -> str:
    wide = next((word for mark, word in _MARKS if head.startswith(mark)), "UTF-16LE" if b"\0" in head else None)
    found = f"what looks like {wide}" if wide else "bytes that are not"
    return (
        f"{name}:{line}: expected text in UTF-8, found {found}. Convert the file, "
        f"for example with: iconv -f {wide or 'LATIN1'} -t UTF-8 IN > OUT"
    )


def _suffix(path: Path) -> str:
    return "".join(path.suffixes[-2:]).lower() if path.suffix.lower() in COMPRESSED else path.suffix.lower()


def is_parquet(path: Path) -> bool:
    """Tell Parquet from delimited text, by name and by the first four bytes."""
    if path.suffix.lower() in PARQUET:
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    except OSError as error:
        raise DataError(f"{path}: expected a file that can be read, found: {error.strerror or error}") from None


def is_compressed(path: Path) -> bool:
    """Tell whether the name says that the text is compressed."""
    return path.suffix.lower() in COMPRESSED


def _in_folder(folder: Path) -> list[Path]:
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and _suffix(path) in (*PARQUET, *TEXT)
        and not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
    )
    if not found:
        raise DataError(
            f"{folder}: expected a folder with Parquet, CSV or TSV files, found none. "
            "Name a file, or a folder that holds some (names that begin with '.' or '_' are not read)"
        )
    return found


def expand(rows: str | Path) -> list[Path]:
    """Return the files that a path, a folder or a glob means, in order of name.

    Raises:
        DataError: when there is none, or one is of a kind that is not read.
    """
    path = Path(rows)
    try:
        if path.is_dir():
            found = _in_folder(path)
        elif path.exists():
            found = [path]
        else:
            found = sorted(Path(name) for name in glob(str(rows), recursive=True) if Path(name).is_file())  # noqa: PTH207 - pathlib's globs are relative to a folder
    except (OSError, ValueError) as error:
        raise DataError(f"{rows}: expected a path, found: {error}") from None
    if not found:
        raise DataError(f"{rows}: no such file{_nearby(path)}. Expected a CSV, TSV or Parquet file, a folder or a glob")
    if unread := [file for file in found if file.suffix.lower() in NOT_READ]:
        raise DataError(
            f"{unread[0]}: expected CSV, TSV or Parquet, found a {unread[0].suffix} file. "
            "Save it as one of these, or pass a table in memory"
        )
    return found


def _nearby(path: Path) -> str:
    from assay.errors import suggest  # noqa: PLC0415 - only when a file is missing

    parent = path.parent
    return suggest(path.name, [entry.name for entry in parent.iterdir()]) if parent.is_dir() else ""


def stamp(path: Path) -> tuple[int, int]:
    """Return what tells a file that was changed meanwhile: its size and its time of modification.

    Raises:
        StorageError: when the file is gone.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise StorageError(f"{path}: the file went away while it was read: {error.strerror}") from None
    return found.st_size, found.st_mtime_ns
