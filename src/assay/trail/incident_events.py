"""Events of handling an alert: who has it in hand, serious incidents and their clocks, messages about it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from assay.trail.fields import Count, Day, Fields, Label, Name, Person, Sha256, Time

Harm: TypeAlias = Literal[
    "death",
    "health",
    "critical-infrastructure",
    "widespread-infringement",
    "fundamental-rights",
    "property-or-environment",
]
"""What a serious incident did, in the classes of Art. 3(49) and 3(61) of Regulation (EU) 2024/1689."""

Route: TypeAlias = Literal["annex-iii", "annex-i", "not-stated"]
"""By which route a system is high-risk: the duties begin on another day for each."""


class MonitorAssigned(Fields, kw_only=True):
    """An alert has an owner, who is to deal with it by a day.

    Attributes:
        alert: the alert's id.
        owner: who deals with it.
        due: by when.
        by: who says so.
    """

    alert: Name
    owner: Person
    due: Day
    by: Person


class IncidentDeclared(Fields, kw_only=True):
    """Somebody declares a serious incident; from awareness on a regulator's clock runs.

    The same incident may be declared again when more becomes known; each declaration has its clock, and the one that
    ends first is the one that counts.

    Attributes:
        incident: the incident's id; that of the alert, where one raised it.
        alert: the alert that raised it.
        model: the model's name.
        version: its version.
        harms: what it did; of several the shortest limit counts.
        aware_at: when the provider became aware, from which the limit counts.
        clause: the clause that sets the limit.
        due_at: when the limit ends.
        route: by which route the system is high-risk, as the project states.
        applies_from: day from which the duty applies on that route.
        clocks_sha256: digest of the table of limits.
        by: who declares it.
    """

    incident: Name
    alert: Name | None = None
    model: Name
    version: Name
    harms: tuple[Harm, ...]
    aware_at: Time
    clause: Label
    due_at: Time
    route: Route
    applies_from: Day
    clocks_sha256: Sha256
    by: Person


class IncidentReported(Fields, kw_only=True):
    """A serious incident was reported to an authority.

    Attributes:
        incident: the incident's id.
        form: whether the report is a first, incomplete one or the complete one.
        authority: to whom.
        report_sha256: digest of what was sent.
        by: who sent it.
    """

    incident: Name
    form: Literal["initial", "complete"]
    authority: Name
    report_sha256: Sha256
    by: Person


class AlertDelivered(Fields, kw_only=True):
    """A message about alerts was taken by a channel.

    Attributes:
        channel: the channel, as the project names it.
        alerts: ids of the alerts that it tells of.
        message_sha256: digest of the message.
        attempt: the how-manieth attempt it was, from 1.
    """

    channel: Name
    alerts: tuple[Name, ...]
    message_sha256: Sha256
    attempt: Count


class AlertUndelivered(Fields, kw_only=True):
    """A channel did not take a message about alerts; it is kept, and tried again.

    Attributes:
        channel: the channel, as the project names it.
        alerts: ids of the alerts that it would have told of.
        message_sha256: digest of the message.
        attempt: the how-manieth attempt it was, from 1.
        why: what was wrong.
        status: the HTTP status that it answered with, where there was one.
        next_at: before when it is not tried again.
    """

    channel: Name
    alerts: tuple[Name, ...]
    message_sha256: Sha256
    attempt: Count
    why: Literal["not-configured", "not-understood", "refused", "late"]
    status: Count | None = None
    next_at: Time
