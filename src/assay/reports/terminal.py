"""A release and measurements on a terminal, with rich: wrapped to its width, coloured where colours are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports.explanation import explanation_lines
from assay.reports.lines import measurement_lines, release_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from assay.records.explanation import Explanation
    from assay.records.measurement import Measurement
    from assay.reports.lines import Line
    from assay.reports.release import Release


def print_release(release: Release, console: Console) -> None:
    """Print the report of a release.

    Args:
        release: evidence and verdict.
        console: a rich console; its width, colours and ``NO_COLOR`` are honoured.
    """
    _print(release_lines(release), console)


def print_measurements(measurements: Sequence[Measurement], console: Console) -> None:
    """Print measurements, metric by metric.

    Args:
        measurements: any; metrics keep the order in which each first appears.
        console: a rich console.
    """
    _print(measurement_lines(measurements, console.width), console)


def print_explanation(explanation: Explanation, console: Console) -> None:
    """Print why findings are not a pass.

    Args:
        explanation: of a verdict, or of rows.
        console: a rich console.
    """
    _print(explanation_lines(explanation), console)


def _print(lines: Iterable[Line], console: Console) -> None:
    """Print paragraphs; nothing in them is read as rich's markup."""
    from rich.text import Text  # noqa: PLC0415 - rich is loaded only where people read

    for line in lines:
        first = Text(line.label[0].ljust(line.indent), style=line.label[1])
        wrapped = Text.assemble(*line.parts).wrap(console, max(console.width - line.indent, 20))
        for part in wrapped or [Text()]:
            part.rstrip()
            whole = Text.assemble(first, part)
            whole.rstrip()
            console.print(whole, soft_wrap=True, highlight=False)
            first = Text(" " * line.indent)
