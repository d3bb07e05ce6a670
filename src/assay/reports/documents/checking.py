"""Numbers in any text that people wrote, held against the evidence: Markdown, HTML or plain text, line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING, TypeAlias

from assay.errors import InputError
from assay.reports.card_claims import contradictions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.records.measurement import Measurement

_BLOCKS = frozenset({
    "address", "article", "blockquote", "br", "caption", "dd", "div", "dl", "dt", "figcaption", "footer", "h1", "h2",
    "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "summary", "table", "title",
    "tr", "ul",
})  # fmt: skip
"""Elements that end a sentence."""

_FRONT = re.compile(r"---\n.*?^---\n", re.DOTALL | re.MULTILINE)
"""What programs read at the head of a page (a model card's metadata); people wrote none of it."""

_RULE = re.compile(r":?-*:?")
_CELLS = frozenset({"td", "th"})
_OF_TABLES = frozenset({"table", "tr", "caption"})
_UNSEEN = frozenset({"script", "style", "template"})
_HTML = re.compile(rb"\A\s*(<!doctype html|<html|<\?xml)", re.IGNORECASE)
_MARKUP = re.compile(r"\\(?=[^\w\s])|[*_`~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}|^[#>\s-]+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A number that the evidence contradicts.

    Attributes:
        line: where it stands, counted from 1.
        says: what is claimed and what was measured.
    """

    line: int
    says: str


def check_text(content: bytes, name: str, measurements: Sequence[Measurement]) -> list[Contradiction]:
    """Return every number of a text that stands beside a metric's name and is not what was measured.

    Args:
        content: the file's bytes, UTF-8.
        name: what the user calls it.
        measurements: the evidence.

    Raises:
        InputError: when it is no text.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise InputError(
            f"{name}: expected text in UTF-8, Markdown or HTML, found other bytes. Of a PDF, check the Markdown or "
            "HTML that it was made from"
        ) from None
    lines, rows = _read_html(text) if _HTML.match(content) else _read_markdown(text)
    found = []
    for in_table, each in ((False, _joined(lines)), (True, list(cells(rows)))):
        for number, line in each:
            told = contradictions((), [("", _MARKUP.sub("", line))], measurements, in_table=in_table)
            found += [Contradiction(number, one.removeprefix(": ")) for one in told]
    return sorted(dict.fromkeys(found), key=lambda one: one.line)


Lines: TypeAlias = "list[tuple[int, str]]"
Rows: TypeAlias = "list[tuple[int, list[str]]]"
"""Rows of tables, each with its line; an empty one ends a table."""


def cells(rows: Rows) -> Iterator[tuple[int, str]]:
    """Yield each cell of a table's body that has a digit as a sentence: its column's head, its row's words, itself."""
    head: list[str] | None = None
    for line, row in rows:
        if not row:
            head = None
        elif head is None and not any(map(_has_digit, row)):
            head = row
        else:
            labels = " ".join(cell for cell in row if cell and not _has_digit(cell))
            named = zip((*(head or ()), *[""] * len(row)), row, strict=False)
            yield from ((line, f"{name} {labels}: {cell}".lstrip()) for name, cell in named if _has_digit(cell))


def _has_digit(cell: str) -> bool:
    return any(map(str.isdigit, cell))


def _read_markdown(text: str) -> tuple[Lines, Rows]:
    lines: Lines = []
    rows: Rows = []
    front = _FRONT.match(text)
    blank = text[: front.end()].count("\n") if front is not None else 0
    for number, line in enumerate(text.splitlines()[blank:], start=blank + 1):
        if line.lstrip().startswith("|"):
            row = [cell.strip() for cell in line.strip().strip("|").split("|")]
            rows += [] if all(_RULE.fullmatch(cell) for cell in row) else [(number, row)]
            lines.append((number, ""))
        else:
            lines.append((number, line))
            rows.append((number, []))
    return lines, rows


def _joined(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return lines that go on in the next one as one, so that a sentence is read whole."""
    found: list[tuple[int, str]] = []
    for number, line in lines:
        goes_on = found and line.strip() and _goes_on(found[-1][1]) and not line.lstrip().startswith(("-", "#", "*"))
        if goes_on:
            first, before = found[-1]
            found[-1] = (first, f"{before} {line.strip()}")
        elif line.strip():
            found.append((number, line))
        else:
            found.append((number, "."))
    return found


def _goes_on(before: str) -> bool:
    return not before.rstrip().endswith((".", "!", "?", ":", ";")) and not before.lstrip().startswith("#")


class _Reader(HTMLParser):
    """Reads what a person sees of a page, a line a block, with the line in the file."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: Lines = []
        self.rows: Rows = []
        self._row: list[str] = []
        self._in_cell = False
        self._parts: list[str] = []
        self._at: int | None = None
        self._unseen = 0

    def _end_cell(self) -> None:
        """Close the cell that was being read; its end tag may be left out."""
        if self._in_cell:
            self._row.append(" ".join("".join(self._parts).split()))
            self._parts.clear()
        self._in_cell = False

    def _end_block(self, tag: str) -> None:
        if self._in_cell and tag not in _OF_TABLES:
            self._parts.append(" ")  # a paragraph in a cell ends no row
        else:
            self.end_line()

    def end_line(self) -> None:
        """Close the line that was being read."""
        self._end_cell()
        text = " ".join("".join(self._parts).split())
        if self._row:
            self.rows.append((self._at or self.getpos()[0], self._row))
            self._row = []
        elif text:
            self.lines.append((self._at or self.getpos()[0], f"{text}." if text[-1].isalnum() else text))
        self._parts.clear()
        self._at = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - as html.parser calls it
        if tag in _BLOCKS:
            self._end_block(tag)
        if tag == "table":
            self.rows.append((self.getpos()[0], []))
        self._unseen += tag in _UNSEEN
        if tag in _CELLS:
            self._end_cell()
            self._parts.clear()
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        if tag in _CELLS:
            self._end_cell()
        if tag in _BLOCKS:
            self._end_block(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen and data.strip():
            self._at = self._at or self.getpos()[0]
            self._parts.append(data)
        elif not self._unseen:
            self._parts.append(" ")


def _read_html(text: str) -> tuple[Lines, Rows]:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.end_line()
    return reader.lines, reader.rows
