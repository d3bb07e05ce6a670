"""Numbers in any text that people wrote, held against the evidence: Markdown, HTML or plain text, line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from assay.errors import InputError
from assay.reports.card_claims import contradictions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.measurement import Measurement

_BLOCKS = frozenset({
    "address", "article", "blockquote", "br", "caption", "dd", "div", "dl", "dt", "figcaption", "footer", "h1", "h2",
    "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "summary", "table", "title",
    "tr", "ul",
})  # fmt: skip
"""Elements that end a sentence."""

_UNSEEN = frozenset({"script", "style", "template"})
_HTML = re.compile(rb"\A\s*(<!doctype html|<html|<\?xml)", re.IGNORECASE)
_MARKUP = re.compile(r"[*_`~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}|^[#>\s-]+", re.MULTILINE)


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
    lines = _lines_of_html(text) if _HTML.match(content) else list(enumerate(text.splitlines(), start=1))
    found = []
    for number, line in _joined(lines):
        told = contradictions((), [("", _MARKUP.sub("", line))], measurements)
        found += [Contradiction(number, one.removeprefix(": ")) for one in told]
    return found


def _joined(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return lines that go on in the next one as one, so that a sentence is read whole; a table's row stands alone."""
    found: list[tuple[int, str]] = []
    for number, line in lines:
        goes_on = (
            found and line.strip() and _goes_on(found[-1][1]) and not line.lstrip().startswith(("|", "-", "#", "*"))
        )
        if goes_on:
            first, before = found[-1]
            found[-1] = (first, f"{before} {line.strip()}")
        elif line.strip():
            found.append((number, line))
        else:
            found.append((number, "."))
    return found


def _goes_on(before: str) -> bool:
    return not before.rstrip().endswith((".", "!", "?", ":", ";", "|")) and not before.lstrip().startswith(("#", "|"))


class _Reader(HTMLParser):
    """Reads what a person sees of a page, a line a block, with the line in the file."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[tuple[int, str]] = []
        self._parts: list[str] = []
        self._at: int | None = None
        self._unseen = 0

    def end_line(self) -> None:
        """Close the line that was being read."""
        text = " ".join("".join(self._parts).split())
        if text:
            self.lines.append((self._at or self.getpos()[0], f"{text}." if text[-1].isalnum() else text))
        self._parts.clear()
        self._at = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - as html.parser calls it
        if tag in _BLOCKS:
            self.end_line()
        self._unseen += tag in _UNSEEN
        if tag in {"td", "th"}:
            self._parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        if tag in _BLOCKS:
            self.end_line()

    def handle_data(self, data: str) -> None:
        if not self._unseen and data.strip():
            self._at = self._at or self.getpos()[0]
            self._parts.append(data)
        elif not self._unseen:
            self._parts.append(" ")


def _lines_of_html(text: str) -> list[tuple[int, str]]:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.end_line()
    return reader.lines
