"""What `assay.yaml` says of alerts: who is told, how, and from which severity on.

An address may hold a secret (a token in a webhook's path, a password of a mail server), so the file names environment
variables, never addresses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

from assay.records.verdict import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_LONGEST_SECONDS = 300
_NO_VARIABLE = (
    "expected the name of an environment variable, such as ASSAY_TEAM_URL, found something else (not shown). An "
    "address can hold a secret, and does not belong in a file"
)


class ChannelSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place that alerts go to.

    Attributes:
        url_from: environment variable that holds the address, as Apprise writes them (https://appriseit.com).
        severity: from which severity on; by default that of the whole section.
    """

    url_from: str
    severity: Severity | None = None


class AlertsSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told of alerts.

    Attributes:
        channels: the places by name.
        severity: from which severity on.
        group_by: ``model``: one message tells of all new alerts of a model version; ``alert``: each has its own.
        repeat_after_hours: an alert about the same thing is not told again before, unless the former was resolved.
        runbook: address of what to do, for the message.
        timeout_seconds: how long a channel may take.
    """

    channels: dict[str, ChannelSection]
    severity: Severity = "low"
    group_by: Literal["model", "alert"] = "model"
    repeat_after_hours: int | float = 24
    runbook: str | None = None
    timeout_seconds: int | float = 15


def alerts_problems(section: AlertsSection | None) -> Iterator[tuple[str, str]]:
    """Yield what is wrong in the section: JSON path and message."""
    if section is None:
        return
    if not section.channels:
        yield "$.alerts.channels", "expected at least one channel, found none"
    for name, channel in section.channels.items():
        path = f"$.alerts.channels.{name}"
        if not _CHANNEL.match(name):
            yield path, f"expected a channel's name of letters, digits and . _ -, found {name!r}"
        if not _VARIABLE.match(channel.url_from):
            yield f"{path}.url_from", _NO_VARIABLE
    if not 0 <= section.repeat_after_hours < float("inf"):
        yield "$.alerts.repeat_after_hours", f"expected hours from 0 on, found {section.repeat_after_hours}"
    if not 0 < section.timeout_seconds <= _LONGEST_SECONDS:
        found = section.timeout_seconds
        yield "$.alerts.timeout_seconds", f"expected seconds above 0 and up to {_LONGEST_SECONDS}, found {found}"
