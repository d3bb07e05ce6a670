"""Alerts of monitoring: a finding that fails raises one, told to the trail once; one that passes again ends it.

Who hears of an alert is decided elsewhere: here is only what happened, and what is still open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from assay.attest import dsse
from assay.lifecycle.chronicle import decimal_of, name_of
from assay.lifecycle.monitoring_state import OpenAlert
from assay.trail.events import event_statement, make_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.lifecycle.monitoring_state import MonitoringState
    from assay.lifecycle.setting import Setting
    from assay.records.verdict import Finding
    from assay.reports.release import Release
    from assay.trail.events import Event

Kind = Literal["drift", "fairness", "performance", "data-quality"]

_KINDS: dict[str, Kind] = {
    "drift": "drift", "prediction-drift": "drift",
    "concept-drift": "performance", "estimated-performance": "performance", "performance-floor": "performance",
    "not-worse-than": "performance",
    "labels-late": "data-quality", "window-order": "data-quality", "data-gaps": "data-quality",
    "missingness": "data-quality", "duplicates": "data-quality", "schema": "data-quality",
    "freshness": "data-quality",
}  # fmt: skip
_QUALITY = frozenset({
    "missing_share", "missing_share_difference", "out_of_range_share", "unseen_share", "new_categories", "type_change",
})  # fmt: skip


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of alerts in a window.

    Attributes:
        raised: those that are new.
        open: those of before that are still open.
        over: those that ended.
    """

    raised: tuple[OpenAlert, ...] = ()
    open: tuple[OpenAlert, ...] = ()
    over: tuple[OpenAlert, ...] = ()


def alerts_of(state: MonitoringState, release: Release, window: str) -> Alerts:
    """Return which alerts a window raises, which stay open, and which end.

    A finding that is not settled ends nothing: nobody knows that it is over. Nor does a window from before the alert,
    measured again when its labels came.

    Args:
        state: after it.
        release: the verdict on the window.
        window: its name.
    """
    findings = {finding.id: finding for finding in release.verdict.findings}
    known = {alert.finding for alert in state.alerts}
    about = release.evidence.model
    raised = tuple(
        OpenAlert(alert=name_of(f"{about.name}/{about.version}/{window}/{one.id}"), finding=one.id, window=window)
        for one in findings.values()
        if one.status == "fail" and one.id not in known and one.measured is not None and one.limit is not None
    )
    came = [one.name for one in state.windows]
    over = tuple(
        one for one in state.alerts
        if one.finding in findings and findings[one.finding].status == "pass"
        and (one.window not in came or came.index(one.window) <= came.index(window))
    )  # fmt: skip
    return Alerts(raised=raised, open=tuple(one for one in state.alerts if one not in over), over=over)


def entries_of(alerts: Alerts, release: Release, setting: Setting) -> list[bytes]:
    """Return the entries that tell the trail of alerts that are new, and of those that are over."""
    signer = setting.keyring.signer(setting.key)
    return [dsse.sign(event_statement(event), [signer]).content() for event in _events(alerts, release)]


def _events(alerts: Alerts, release: Release) -> Iterator[Event]:
    verdict = release.verdict
    findings = {finding.id: finding for finding in verdict.findings}
    for alert in alerts.raised:
        one = findings[alert.finding]
        fields = {
            "alert": alert.alert,
            "model": name_of(verdict.model),
            "version": name_of(verdict.version),
            "kind": kind_of(one),
            "metric": name_of(one.metric or one.check),
            "group": {name_of(name): name_of(str(value)) for name, value in one.group.items()},
            "column": _column(release, one),
            "measured": decimal_of(one.measured or 0.0),
            "limit": decimal_of(_limit(one)),
            "severity": one.severity,
            "evidence_sha256": verdict.evidence_sha256,
        }
        yield make_event("monitor.alert", fields, claimed_at=verdict.decided_at)
    for alert in alerts.over:
        over = {"alert": alert.alert, "how": "back-within-limit", "evidence_sha256": verdict.evidence_sha256}
        yield make_event("monitor.resolved", over, claimed_at=verdict.decided_at)


def kind_of(finding: Finding) -> Kind:
    """Return what has moved, in the words of the trail."""
    if finding.check == "drift" and finding.metric in _QUALITY:
        return "data-quality"
    return _KINDS.get(finding.check, "fairness")


def _column(release: Release, finding: Finding) -> str | None:
    measured = release.measurement_of(finding)
    if measured is None or measured.about is msgspec.UNSET or "column" not in measured.about:
        return None
    return name_of(measured.about["column"])


def _limit(finding: Finding) -> float:
    """Return the bound that was crossed."""
    limit, measured = finding.limit, finding.measured
    if limit is None or measured is None:
        return 0.0
    if limit.max is not None and (limit.min is None or measured > limit.max):
        return limit.max
    return limit.min if limit.min is not None else 0.0
