"""A watched stream as text and as a page: what was raised, what is undecided, and nothing that a name could break."""

from __future__ import annotations

import re

import pytest

from assay.records.tally import Cell, Roles, Tally
from assay.reports.stream import stream_text
from assay.reports.stream_page import stream_html
from assay.sequential import SequentialMonitor, watch


def stream(m: int, *, blocks: int = 60, name: str = "f") -> SequentialMonitor:
    monitor = SequentialMonitor([watch("demographic_parity_difference", 0.05)], ["sex"])
    cells = [(name, 1, 12), (name, 0, 20), ("m", 1, m), ("m", 0, 32 - m)]
    for _ in range(blocks):
        monitor.update(
            Tally(
                roles=Roles(prediction="p", protected=("sex",)),
                rows=64,
                cells=tuple(Cell(group=(group,), prediction=p, count=n) for group, p, n in cells),
            )
        )
    return monitor


@pytest.mark.parametrize(("m", "blocks", "says"), [(24, 60, "Alert"), (12, 60, "No alert"), (12, 1, "Undecided")])
def test_text_and_page_say_the_same(m: int, blocks: int, says: str) -> None:
    monitor = stream(m, blocks=blocks)
    if says == "Undecided":
        monitor = SequentialMonitor([watch("demographic_parity_difference", 0.05)], ["sex"])
    text, page = stream_text(monitor), stream_html(monitor, "rows.csv")
    assert text.splitlines()[-1].startswith(says)
    assert re.search(rf'<p class="word">{says}', page)
    assert page.count("<svg") == (0 if says == "Undecided" else 2)
    assert ("ALERT at row" in text) == (says == "Alert")


def test_a_name_cannot_break_the_page() -> None:
    monitor = stream(24, name="<script>alert(1)</script>\u202e")
    page = stream_html(monitor, "<b>rows</b>")
    assert "<script" not in page
    assert "<b>rows" not in page
    assert "\u202e" not in page
    assert "\u202e" not in stream_text(monitor)


def test_the_page_asks_for_nothing() -> None:
    page = stream_html(stream(24), "rows.csv")
    assert not re.search(r'(?:src|href)="(?!#)', page)
