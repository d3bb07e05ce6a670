"""Numbers as Prometheus reads them: the text exposition format, version 0.0.4.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "assay_"


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """A number by labels.

    Attributes:
        name: without the prefix; its unit stands at its end.
        says: what it is, in one line.
        samples: labels with their value.
    """

    name: str
    says: str
    samples: list[tuple[dict[str, str], float]] = field(default_factory=list)

    def add(self, value: float, **labels: str) -> None:
        """Add a value."""
        self.samples.append((labels, value))


def exposition(gauges: Iterable[Gauge]) -> str:
    """Return gauges as text; one without a value is left out, since no number stands for none."""
    lines: list[str] = []
    for gauge in gauges:
        if not gauge.samples:
            continue
        name = f"{PREFIX}{gauge.name}"
        lines += [f"# HELP {name} {_help(gauge.says)}", f"# TYPE {name} gauge"]
        for labels, value in gauge.samples:
            told = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
            lines.append(f"{name}{{{told}}} {_number(value)}" if told else f"{name} {_number(value)}")
    return "\n".join(lines) + "\n" if lines else ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _label(text: str) -> str:
    return _help(text).replace('"', '\\"')
