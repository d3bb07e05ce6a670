"""Data that stops coming is an alert in the trail, and one that comes again ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.adapters.stream_alerts import StreamAlerts
from assay.adapters.trail_here import open_trail
from assay.lifecycle.watch_rounds import Round
from assay.trail.incidents import incidents
from incident_project import incident_project

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def of_rows(new_rows: int, *, no_data: bool) -> Round:
    return Round(
        number=1, watched=None, problem=None, new_rows=new_rows, new_alerts=(), empty=0, no_data=no_data, alerted=False
    )


def test_no_data_is_raised_once_ends_when_rows_come_and_is_raised_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = incident_project(tmp_path, capsys)
    alerts = StreamAlerts(project.root, severity="critical", key="mila")
    assert alerts.take(of_rows(100, no_data=False)) == []
    assert not (project.root / ".assay/log/checkpoint").exists()  # nothing to say, nothing written
    assert alerts.take(of_rows(0, no_data=True)) == ["small/1/stream/no-data"]
    assert alerts.take(of_rows(0, no_data=True)) == []
    alerts.take(of_rows(5, no_data=False))
    with open_trail(project.root) as opened:
        found = incidents(opened.view())[0]
        assert (found.status, found.severity, found.alert.metric) == ("resolved", "critical", "rows")
    assert alerts.take(of_rows(0, no_data=True)) == ["small/1/stream/no-data"]
