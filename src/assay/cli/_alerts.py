"""What came of telling alerts, in words and as JSON; and the telling at the end of a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from assay.errors import AssayError

if TYPE_CHECKING:
    from assay.adapters.alerts_here import Delivery, Told
    from assay.lifecycle.project import Project

WHY = {
    "not-configured": "its environment variable is not set",
    "not-understood": "Apprise does not understand its address",
    "refused": "it did not take the message",
    "late": "it did not answer in time",
}


def _outcome(told: Told) -> str:
    names = ", ".join(one.name for one in told.outgoing.alerts)
    if told.failure is None:
        return f"{told.outgoing.channel}: told of {names}."
    status = "" if told.failure.status is None else f" (HTTP {told.failure.status})"
    return f"{told.outgoing.channel}: {WHY[told.failure.why]}{status}; {names} kept, and tried again."


def delivery_text(found: Delivery, *, dry: bool = False) -> str:
    """Return what was told to whom, and what is kept."""
    if found.busy:
        return "Somebody else is delivering just now; nothing was done here.\n"
    lines = []
    for one in found.told:
        shown = f"To {one.outgoing.channel}:\n\n{one.title}\n\n{one.body}"
        lines.append(shown if dry else _outcome(one))
    lines += [
        f"{one.channel}: it failed before, and is left alone until {one.until}; {', '.join(one.alerts)} kept. To try "
        "it now: assay incident deliver --now"
        for one in found.waiting
    ]
    return "\n".join(lines or ["Nothing is left to tell."]) + "\n"


def delivery_document(found: Delivery, *, dry: bool = False) -> str:
    """Return the same as JSON."""
    told = [
        {"channel": one.outgoing.channel, "alerts": [alert.name for alert in one.outgoing.alerts], "title": one.title,
         "body": one.body, "attempt": one.outgoing.attempt, "taken": not dry and one.failure is None,
         "why": one.failure and one.failure.why, "status": one.failure and one.failure.status}
        for one in found.told
    ]  # fmt: skip
    waiting = [{"channel": one.channel, "alerts": list(one.alerts), "until": one.until} for one in found.waiting]
    document = {"told": told, "waiting": waiting, "busy": found.busy, "complete": found.complete and not dry}
    return json.dumps(document, ensure_ascii=False, indent=1)


def deliver_after(project: Project, key: str) -> None:
    """Tell alerts at the end of a run, where there are channels; what fails is told, and changes no exit code."""
    if project.config.alerts is None:
        return
    from assay.adapters.alerts_here import deliver_alerts  # noqa: PLC0415 - only where there are channels

    try:
        found = deliver_alerts(project, key=key)
    except AssayError as error:
        click.echo(f"note: alerts are not told: {error.diagnostics()}", err=True)
        return
    if found.told or found.waiting:
        click.echo(delivery_text(found), err=True, nl=False)
