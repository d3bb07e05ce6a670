"""A window of monitoring from its rows to the trail: measured, decided, recorded, and remembered for the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from assay.lifecycle.monitoring_alerts import Alerts, alerts_of, entries_of
from assay.lifecycle.monitoring_state import (
    Counted,
    MonitoringState,
    Window,
    asked_of,
    one_monitor,
    rates_of,
    read_state,
    take_window,
    write_state,
)
from assay.lifecycle.release import Released, run
from assay.records.window import WindowCounts

if TYPE_CHECKING:
    from assay.lifecycle.project import Project
    from assay.lifecycle.setting import Log, Setting


@dataclass(frozen=True)
class Monitored(Released):
    """A window that is decided and recorded, and what became of alerts."""

    alerts: Alerts


def monitor_window(project: Project, setting: Setting, log: Log, *, watched: bool = False) -> Monitored:
    """Measure a window, decide, attest, record and report; tell the trail of alerts, and keep the state.

    Raises:
        InputError: when anything named is missing or wrong; nothing is written then.
        StorageError: when the disk is full; what was there before is unchanged.
    """
    with one_monitor(project):
        released = run(project, setting, log, stage="monitoring", watched=watched)
        state = _remembered(project, setting, released)
        name = str(released.evidence.facts["monitoring"]["window"]["name"])
        alerts = alerts_of(state, released.report, name)
        entries = entries_of(alerts, released.report, setting)
        if entries:
            with setting.keyring.kept():
                log.append(entries)
        write_state(project, msgspec.structs.replace(state, alerts=(*alerts.open, *alerts.raised)))
    return Monitored(released.report, released.folder, alerts)


def _remembered(project: Project, setting: Setting, released: Released) -> MonitoringState:
    """Return the state after a window: from its tally, as it was when it was measured."""
    facts, tally = released.evidence.facts["monitoring"], released.report.tally
    if tally is None:
        raise ValueError("a window that was just measured has its tally")
    window = Window(**facts["window"], rates=rates_of(tally))
    counts = WindowCounts(
        rows=tally.rows, repeated=0, labelled=facts["labelled"], due=facts["due"], overdue=facts["overdue"],
        known=facts["known"], errors=None if facts["errors"] is None else tuple(facts["errors"]),
    )  # fmt: skip
    asked = asked_of(setting.policy, project)
    counted = Counted(window=window, tally=tally, counts=counts)
    return take_window(read_state(project), counted, setting.policy, asked)[0]
