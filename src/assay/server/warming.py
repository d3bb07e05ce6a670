"""What pages and clusters rest on and what takes long to read, read once at the start and told in the server's own log.

Nobody's first click pays for it: the trail, which releases there are and whose the models are, the policies in force,
templates, and the engine that draws charts.
"""

from __future__ import annotations

import importlib
import logging
import time
from typing import TYPE_CHECKING

from assay.server.gates import clearings_of, gate_of
from assay.server.page import compile_templates
from assay.server.today import in_force, kept_policy, learn_adopted

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.server.serving import Server

LOGGER = logging.getLogger("assay.server")

_TOLD_SECONDS = 0.5
"""What took no longer is not worth a line."""

_LATER = (
    "assay.lifecycle.documents", "assay.lifecycle.received", "assay.reports.card", "assay.reports.charts",
    "assay.reports.figures", "assay.reports.why", "assay.trail.drawing", "assay.trail.lineage",
)  # fmt: skip
"""Modules that pages import when they are first asked for."""


def warm(server: Server) -> None:
    """Read what answers rest on, before the first cluster or person waits for it.

    Raises:
        AssayError: when the log is not what it has signed, or cannot be read.
    """
    for what, read in _STEPS:
        begun = time.monotonic()
        read(server)
        took = time.monotonic() - begun
        if took > _TOLD_SECONDS:
            LOGGER.info("%s: read in %.1f s", what, took)
    server.ready.set()


def _trail(server: Server) -> None:
    server.inside.view()


def _releases(server: Server) -> None:
    clearings_of(server).look_again()
    gate_of(server)


def _models(server: Server) -> None:
    server.inside.systems()


def _policies(server: Server) -> None:
    learn_adopted(server)
    for system, one in in_force(server).items():
        kept_policy(server.home, system, one.sha256)


def _pages(_server: Server) -> None:
    compile_templates()
    for name in _LATER:
        importlib.import_module(name)


def _charts(_server: Server) -> None:
    from assay.reports.charts import Chart, svg  # noqa: PLC0415 - loads a JavaScript engine
    from assay.server.pages.version_files import drawing  # noqa: PLC0415 - as above

    with drawing:
        svg(Chart(id="first", title="", caption="", spec=_CHART))


_AXIS = {"field": "a", "title": "some words"}
_CHART = {
    "mark": "bar", "data": {"values": [{"a": 1}]},
    "encoding": {"x": {**_AXIS, "type": "quantitative"}, "y": {**_AXIS, "type": "nominal"}},
}  # fmt: skip
"""A chart with what most have: bars, axes and words, whose letters are measured."""

_STEPS: tuple[tuple[str, Callable[[Server], None]], ...] = (
    ("the trail", _trail),
    ("the releases that may run", _releases),
    ("whose the models are", _models),
    ("the policies in force", _policies),
    ("pages", _pages),
    ("the engine that draws charts", _charts),
)
