"""A release and measurements as plain text, for pipes and logs: the same lines as on a terminal, without rich."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from assay.reports.lines import measurement_lines, release_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assay.records.measurement import Measurement
    from assay.reports.lines import Line
    from assay.reports.release import Release

WIDTH = 80
"""Columns of the page when nobody says otherwise."""


def plain_text(release: Release, *, width: int = WIDTH) -> str:
    """Return the report of a release as plain text of this many columns."""
    return wrapped_lines(release_lines(release), width)


def measurements_text(measurements: Sequence[Measurement], *, width: int = WIDTH) -> str:
    """Return measurements as plain text of this many columns."""
    return wrapped_lines(measurement_lines(measurements, width), width)


def wrapped_lines(lines: Iterable[Line], width: int) -> str:
    """Return paragraphs as plain text of this many columns."""
    return "".join(f"{_wrapped(line, width)}\n" for line in lines)


def _wrapped(line: Line, width: int) -> str:
    first = line.label[0].ljust(line.indent)
    if len(first) + len(line.text) <= width:
        return f"{first}{line.text}".rstrip()
    indent = " " * line.indent
    return textwrap.fill(
        line.text, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False, drop_whitespace=True
    )
