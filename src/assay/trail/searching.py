"""Finding a value in bytes, in every spelling in which files keep text, and taking it out of text.

A value is looked for as UTF-8, UTF-16 in both byte orders and Latin-1; as JSON, HTML and URLs escape it; composed and
decomposed (Unicode NFC and NFD); in small and capital letters; and as its SHA-256, SHA-1 and MD5, since a plain hash
of a name can be guessed. Runs of base64 and hexadecimal digits are decoded and searched again, as are gzip streams and
the members of zips, to a depth of `DEPTH`.

A value that begins or ends with an ASCII letter or digit is looked for as a word: ``vera`` is not in ``average``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import io
import json
import re
import unicodedata
import zipfile
import zlib
from typing import TYPE_CHECKING
from urllib.parse import quote

from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEPTH = 4
"""How many layers of coding are taken off: base64 in base64 in a zip is three."""

MIN_CHARACTERS = 3
"""A shorter value stands by chance in anything that was decoded."""

MAX_UNPACKED_BYTES = 1 << 28
"""Cap on what one compressed member is unpacked to."""

_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_-]{4,}")
_HEX_RUN = re.compile(rb"[0-9A-Fa-f]{6,}")
_STANDARD = bytes.maketrans(b"-_", b"+/")
_BEFORE = rb"(?:(?<![0-9A-Za-z])|(?<=\\[nrtbf])|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2})|(?<=\\x[0-9A-Fa-f]{2}))"
_AFTER = rb"(?![0-9A-Za-z])"
_GZIP, _ZIP = b"\x1f\x8b\x08", b"PK\x03\x04"
_OPAQUE: Mapping[bytes, str] = {
    b"PAR1": "Parquet", b"\x28\xb5\x2f\xfd": "Zstandard", b"\xfd7zXZ\x00": "xz", b"BZh": "bzip2", b"%PDF": "PDF",
    b"ARROW1": "Arrow",
}  # fmt: skip


class Search:
    """A search for one value.

    Attributes:
        value: what is looked for.
    """

    def __init__(self, value: str) -> None:
        """Take a value of at least `MIN_CHARACTERS`.

        Raises:
            InputError: for a shorter one.
        """
        self.value = value.strip()
        if len(self.value) < MIN_CHARACTERS:
            raise InputError(
                f"expected a value of at least {MIN_CHARACTERS} characters, found {len(self.value)}: a shorter one "
                "stands by chance in anything"
            )
        self._shortest = len(self.value)
        self._written = tuple(_alike(dict(_escapes(self.value))))
        self._patterns = [(name, _word(text)) for name, text in self._written] + list(_wide(self.value))
        self._bare = [(name, re.compile(re.escape(text), re.IGNORECASE)) for name, text in self._written]

    def found_in(self, content: bytes) -> tuple[str, ...]:
        """Return how the value is spelled wherever it stands in some bytes, such as ``base64 > UTF-8``; sorted."""
        return tuple(sorted(set(self._spellings(content, DEPTH))))

    def residue_in(self, content: bytes) -> bool:
        """Say whether the value stands in some bytes at all, be it as a part of a word: for pages of databases."""
        return any(pattern.search(content) for _, pattern in self._bare)

    def redacted(self, content: bytes, code: str) -> bytes:
        """Return text with a code in the place of the value, however it is escaped there; what is coded stays."""
        for _, text in self._written:
            content = _word(text).sub(code.encode("ascii"), content)
        return content

    def _spellings(self, content: bytes, depth: int) -> Iterator[str]:
        for name, pattern in self._patterns:
            if pattern.search(content):
                yield name
        if depth and content:
            for name, layer in _layers(content, self._shortest):
                for spelling in self._spellings(layer, depth - 1):
                    yield f"{name} > {spelling}"


def opaque(start: bytes) -> str | None:
    """Return the name of a compressed form that is not looked into, by its first bytes; None for what is searched."""
    return next((name for magic, name in _OPAQUE.items() if start.startswith(magic)), None)


def _escapes(value: str) -> Iterator[tuple[str, str]]:
    """Yield every way in which text files write a value, by its name."""
    for form in ("NFC", "NFD"):
        text = unicodedata.normalize(form, value)
        tail = "" if text == value else f" ({form})"
        yield f"UTF-8{tail}", text
        yield f"JSON{tail}", json.dumps(text)[1:-1]
        yield f"JSON, quotes escaped{tail}", json.dumps(text, ensure_ascii=False)[1:-1]
        yield f"JSON, slashes escaped{tail}", json.dumps(text)[1:-1].replace("/", "\\/")
        yield f"HTML{tail}", html.escape(text)
        yield f"HTML, quotes as they are{tail}", html.escape(text, quote=False)
        yield f"HTML, by number{tail}", html.escape(text).encode("ascii", "xmlcharrefreplace").decode()
        yield f"URL{tail}", quote(text, safe="")
        yield f"URL, plus for a space{tail}", quote(text, safe=" ").replace(" ", "+")


def _alike(written: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield each different spelling once; letters beyond ASCII in small and in capital, as patterns fold only ASCII."""
    known: set[bytes] = set()
    for name, text in written.items():
        for variant in (text, text.lower(), text.upper(), text.title()):
            content = variant.encode()
            if content.lower() not in known:
                known.add(content.lower())
                yield name, content


def _word(text: bytes) -> re.Pattern[bytes]:
    before = _BEFORE if text[:1].isalnum() else b""
    after = _AFTER if text[-1:].isalnum() else b""
    return re.compile(before + re.escape(text) + after, re.IGNORECASE)


def _wide(value: str) -> Iterator[tuple[str, re.Pattern[bytes]]]:
    for name in ("UTF-16-LE", "UTF-16-BE"):
        for variant in dict.fromkeys((value, value.lower(), value.upper())):
            yield name, re.compile(re.escape(variant.encode(name)), re.IGNORECASE)
    try:
        latin = value.encode("latin-1")
    except UnicodeEncodeError:
        latin = b""
    if latin and not value.isascii():
        yield "Latin-1", _word(latin)
    for name in ("SHA-256", "SHA-1", "MD5"):
        for text in dict.fromkeys((value, value.lower())):
            digest = hashlib.new(name.replace("-", "").lower(), text.encode(), usedforsecurity=False).digest()
            yield f"{name} of it", re.compile(re.escape(digest))


def _layers(content: bytes, shortest: int) -> Iterator[tuple[str, bytes]]:
    """Yield what is coded or packed in some bytes, decoded; runs that are too short for the value are left out."""
    runs = [run for run in _HEX_RUN.findall(content) if len(run) >= 2 * shortest]
    for shift in (0, 1):  # what stands before a run may be a digit, too
        yield "hexadecimal", b"\n".join(binascii.unhexlify(_even(run[shift:])) for run in runs)
    digits = [run.translate(_STANDARD) for run in _BASE64_RUN.findall(content) if 3 * len(run) >= 4 * shortest]
    for shift in range(4):  # or up to three letters
        yield "base64", b"\n".join(_decoded(run[shift:]) for run in digits)
    if content.startswith(_GZIP):
        yield "gzip", _inflated(content)
    if content.startswith(_ZIP):
        yield from _members(content)


def _even(run: bytes) -> bytes:
    return run[: len(run) - len(run) % 2]


def _decoded(run: bytes) -> bytes:
    whole = run[: len(run) - (len(run) % 4 == 1)]
    return base64.b64decode(whole + b"=" * (-len(whole) % 4))


def _inflated(content: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(content, MAX_UNPACKED_BYTES)
    except zlib.error:
        return b""  # not gzip after all: its raw bytes were searched


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                with archive.open(member) as stream:
                    yield f"zip member {member.filename}", stream.read(MAX_UNPACKED_BYTES)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error):
        return  # not a zip after all, or encrypted: its raw bytes were searched
