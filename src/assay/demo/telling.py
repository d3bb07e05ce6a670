"""How the story is told: in colour on a terminal, as plain text elsewhere."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH = 100

_PAINT = {"heading": "bold", "command": "cyan", "good": "green", "bad": "red", "open": "yellow", "plain": ""}


class Teller:
    """Tells a story line by line.

    Attributes:
        write: takes a line and its style, one of ``heading``, ``command``, ``good``, ``bad``, ``open``, ``plain``.
    """

    def __init__(self, write: Callable[[str, str], None]) -> None:
        self._write = write
        self._chapter = 0

    def chapter(self, title: str) -> None:
        """Begin a numbered chapter."""
        self._chapter += 1
        self._write("", "plain")
        self._write(f"{self._chapter}. {title}", "heading")

    def say(self, text: str, style: str = "plain", *, indent: int = 3) -> None:
        """Tell a paragraph, wrapped."""
        margin = " " * indent
        for line in textwrap.wrap(
            text, WIDTH, initial_indent=margin, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
        ):
            self._write(line, style)

    def item(self, mark: str, text: str, style: str = "plain") -> None:
        """Tell one item of a list."""
        first = f"   {mark} "
        lines = textwrap.wrap(
            text,
            WIDTH,
            initial_indent=first,
            subsequent_indent=" " * len(first),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines:
            self._write(line, style)

    def command(self, *lines: str) -> None:
        """Show the command that a person would have typed."""
        for number, line in enumerate(lines):
            lead, end = ("$ " if number == 0 else "    "), (" \\" if number < len(lines) - 1 else "")
            self._write(f"   {lead}{line}{end}", "command")

    def table(self, rows: Sequence[tuple[str, ...]]) -> None:
        """Tell a table of texts; the first row is its head."""
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            cells = [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
            self._write("     " + "  ".join(cells), "plain")


def plain_writer(out: Callable[[str], object]) -> Callable[[str, str], None]:
    """Return a writer of lines without colour."""

    def write(line: str, _style: str) -> None:
        out(line + "\n")

    return write


def terminal_writer() -> Callable[[str, str], None]:
    """Return a writer of lines in colour, for a terminal."""
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True)

    def write(line: str, style: str) -> None:
        console.print(Text(line, style=_PAINT[style]))

    return write
