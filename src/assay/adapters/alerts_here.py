"""Alerts of a project on this machine, told to the channels that its `assay.yaml` names."""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.adapters.apprise_channel import send
from assay.adapters.here import project_at
from assay.adapters.trail_here import open_trail, record
from assay.errors import InputError
from assay.lifecycle.alert_message import Messages
from assay.lifecycle.alerting import Failure, Outgoing, Waiting, outbox, outcome_event
from assay.lifecycle.keyring import DEFAULT
from assay.lifecycle.project import Project
from assay.lifecycle.setting import now
from assay.lifecycle.storing import storage_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assay.lifecycle.alerts_section import AlertsSection

LOCK = "alerts.lock"


@dataclass(frozen=True, kw_only=True)
class Told:
    """One message, and what a channel made of it.

    Attributes:
        outgoing: the alerts it tells of, and the channel.
        title: its subject.
        body: its text.
        failure: why it was not taken; None when it was, or was only shown.
    """

    outgoing: Outgoing
    title: str
    body: str
    failure: Failure | None = None


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What a delivery has come to.

    Attributes:
        told: the messages.
        waiting: channels that are left alone for now.
        busy: whether somebody else was delivering; then nothing was done here.
    """

    told: tuple[Told, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    busy: bool = False

    @property
    def complete(self) -> bool:
        """Whether nothing is kept for later."""
        return not self.busy and not self.waiting and all(one.failure is None for one in self.told)


def deliver_alerts(
    project: Project | Path | str | None = None, *, key: str = DEFAULT, impatient: bool = False, dry: bool = False
) -> Delivery:
    """Tell the alerts that are not told yet, and record what each channel made of it.

    Args:
        project: itself, its `assay.yaml` or folder; by default the one the working folder belongs to.
        key: name of the key that signs the events.
        impatient: try a channel although it failed a moment ago.
        dry: send and record nothing; say what would be sent.

    Raises:
        InputError: when `assay.yaml` names no channel, or nothing is recorded yet.
        MissingExtraError: when Apprise is not installed.
    """
    project = project if isinstance(project, Project) else project_at(project)
    section = project.config.alerts
    if section is None:
        raise InputError(
            "expected channels under alerts: in assay.yaml, found none. Such as: alerts: {channels: {team: {url_from: "
            "ASSAY_TEAM_URL}}}"
        )
    with _alone(project.state) as free:
        if not free:
            return Delivery(busy=True)
        with open_trail(project) as opened:
            view = opened.view()
            found = outbox(view, section, now(), impatient=impatient)
            messages = Messages(project, view, section.runbook)
            written = [Told(outgoing=one, title=messages.title(one), body=messages.body(one)) for one in found.due]
        if not dry:
            written = list(_sent(project, section, written, key))
    return Delivery(told=tuple(written), waiting=found.waiting)


def _sent(project: Project, section: AlertsSection, written: list[Told], key: str) -> Iterator[Told]:
    late: set[str] = set()
    for one in written:
        channel = one.outgoing.channel
        if channel in late:  # it would keep everybody waiting, message after message
            yield Told(outgoing=one.outgoing, title=one.title, body=one.body, failure=Failure(why="late"))
            continue
        address = os.environ.get(section.channels[channel].url_from, "")
        failure = (
            send(
                address, one.title, one.body, severity=one.outgoing.severity, timeout_seconds=section.timeout_seconds,
                once=one.outgoing.once,
            )
            if address
            else Failure(why="not-configured")
        )  # fmt: skip
        if failure is not None and failure.why == "late":
            late.add(channel)
        record([outcome_event(one.outgoing, one.body, failure, now())], project, key=key)
        yield Told(outgoing=one.outgoing, title=one.title, body=one.body, failure=failure)


@contextlib.contextmanager
def _alone(state: Path) -> Iterator[bool]:
    """Say whether nobody else delivers from a state folder, and keep it so."""
    with storage_errors(state):
        state.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(state / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)
