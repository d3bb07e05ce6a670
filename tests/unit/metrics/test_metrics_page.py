"""The reference page lists exactly the metrics that there are, as they are."""

from __future__ import annotations

import re
from pathlib import Path

from assay.metrics import METRICS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"


def test_the_page_lists_exactly_the_metrics() -> None:
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    # The page tells the metrics of a group first, then those between groups.
    order = sorted(METRICS.values(), key=lambda metric: metric.scope == "between")
    assert [name for name, _ in rows] == [metric.name for metric in order]
    for name, rest in rows:
        metric = METRICS[name]
        cells = [cell.replace("\\|", "|") for cell in rest.removesuffix(" |").split(" | ")]
        assert cells[0] == metric.title
        assert cells[1] == metric.formula
        assert cells[2] == metric.unit
        assert cells[-1] == metric.source
