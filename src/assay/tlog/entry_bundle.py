r"""Entry bundles (C2SP tlog-tiles 0.1.0, https://c2sp.org/tlog-tiles): entries as they were appended, byte for byte.

Each entry stands behind its length, an unsigned 16-bit big-endian number, so an entry has at most 65,535 bytes.

>>> join_entries([b"one", b"two"])
b'\x00\x03one\x00\x03two'
>>> split_entries(b'\x00\x03one\x00\x03two', 2, "bundle")
[b'one', b'two']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import InputError, VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ENTRY_BYTES = 65_535
"""Longest entry that the format can carry."""

_LENGTH_SIZE = 2


def check_entries(entries: Iterable[bytes]) -> None:
    """Check that each entry can be carried.

    Raises:
        InputError: naming the first that is longer than `MAX_ENTRY_BYTES` by its position.
    """
    for position, entry in enumerate(entries):
        if len(entry) > MAX_ENTRY_BYTES:
            raise InputError(
                f"entry {position}: expected at most {MAX_ENTRY_BYTES} bytes (the limit of C2SP tlog-tiles), found "
                f"{len(entry)}. Keep the content elsewhere and append its SHA-256"
            )


def join_entries(entries: Iterable[bytes]) -> bytes:
    """Return the bundle of some entries, each at most `MAX_ENTRY_BYTES` long (see `check_entries`)."""
    return b"".join(part for entry in entries for part in (len(entry).to_bytes(_LENGTH_SIZE, "big"), entry))


def split_entries(content: bytes, count: int, name: str) -> list[bytes]:
    """Return the entries of a bundle.

    Args:
        content: the bundle.
        count: entries that it must hold.
        name: what messages call it.

    Raises:
        VerificationError: when it holds more, fewer, or a part of one.
    """
    borders = _borders(content, count, name)
    return [content[borders[i] + _LENGTH_SIZE : borders[i + 1]] for i in range(count)]


def entry_of(content: bytes, count: int, place: int, name: str) -> bytes:
    """Return the entry at a place of a bundle, after looking at the whole bundle as `split_entries` does."""
    borders = _borders(content, count, name)
    return content[borders[place] + _LENGTH_SIZE : borders[place + 1]]


def _borders(content: bytes, count: int, name: str) -> list[int]:
    """Return where each entry's length begins, and where the last entry ends."""
    borders = [0]
    position, end = 0, len(content)
    while position < end and len(borders) <= count:
        start = position + _LENGTH_SIZE
        if start > end:
            raise VerificationError(f"{name}: entry {len(borders) - 1} of the bundle is cut off")
        position = start + (content[position] << 8 | content[position + 1])
        if position > end:
            raise VerificationError(f"{name}: entry {len(borders) - 1} of the bundle is cut off")
        borders.append(position)
    if len(borders) != count + 1 or position != end:
        raise VerificationError(
            f"{name}: expected exactly {count} entries, found {len(borders) - 1} and {end - position} bytes after them"
        )
    return borders
