"""A message to a channel through Apprise (https://appriseit.com): mail, chat, pager, webhook.

An address may hold a secret, so no message of ours, and none of Apprise's, is passed on that could hold one.
"""

from __future__ import annotations

import logging
import re
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any

from assay.errors import MissingExtraError
from assay.lifecycle.alerting import Failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_GRACE_SECONDS = 1.0
"""What Apprise may take beyond the time of its sockets."""

IDEMPOTENCY = "Idempotency-Key"
"""https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/"""

_STATUS = re.compile(r"\berror=(\d{3})\b")


class _Heard(logging.Handler):
    """Takes what Apprise logs, so that nothing of it reaches the terminal, and keeps the HTTP status alone."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.status: int | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the status of an answer."""
        found = _STATUS.search(record.getMessage())
        if found is not None:
            self.status = int(found[1])


def send(
    address: str, title: str, body: str, *, severity: str, timeout_seconds: float, once: str = ""
) -> Failure | None:  # fmt: skip
    """Send a message; return why it was not taken, or None when it was.

    Args:
        address: where to, as Apprise writes it.
        title: the subject.
        body: plain text.
        severity: how bad it is; channels that can show it do.
        timeout_seconds: how long the channel may take for all of it.
        once: what is the same whenever this message is sent again; receivers that ask for such a thing are given it.

    Raises:
        MissingExtraError: when Apprise is not installed.
    """
    apprise = _apprise()
    heard, logger = _Heard(), logging.getLogger("apprise")
    before = logger.propagate
    logger.addHandler(heard)
    logger.propagate = False
    try:
        place = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False, secure_logging=True))
        if not _added(place, address):
            return Failure(why="not-understood")
        for service in place:
            service.socket_connect_timeout = service.socket_read_timeout = timeout_seconds
            _mark(service, once)
        kind = apprise.NotifyType.FAILURE if severity in {"high", "critical"} else apprise.NotifyType.WARNING
        started = time.monotonic()
        taken = _within(timeout_seconds, lambda: bool(place.notify(body=body, title=title, notify_type=kind,
                                                                   body_format=apprise.NotifyFormat.TEXT)))  # fmt: skip
    finally:
        logger.removeHandler(heard)
        logger.propagate = before
    if taken:
        return None
    late = heard.status is None and time.monotonic() - started >= timeout_seconds
    return Failure(why="late") if late else Failure(why="refused", status=heard.status)


def _added(place: Any, address: str) -> bool:  # noqa: ANN401 - an Apprise
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of all its plugins, which it loads to know the address
        return bool(place.add(address)) and len(place) == 1


def _mark(service: Any, once: str) -> None:  # noqa: ANN401 - a plugin of Apprise
    """Give a webhook the header ``Idempotency-Key``, and PagerDuty its key of deduplication, unless the address has."""
    if not once:
        return
    if isinstance(getattr(service, "headers", None), dict):
        service.headers.setdefault(IDEMPOTENCY, once)
    if getattr(service, "dedup", once) is None:
        service.dedup = once


def _within(seconds: float, attempt: Callable[[], bool]) -> bool:
    """Return whether an attempt succeeded in time."""
    outcome: list[bool] = []

    def run() -> None:
        try:
            outcome.append(attempt())
        except Exception:  # noqa: BLE001 - whatever a plugin raises: the channel has not taken it, and that is recorded
            outcome.append(False)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds + _GRACE_SECONDS)
    return bool(outcome) and outcome[0]


def _apprise() -> ModuleType:
    try:
        import apprise  # noqa: PLC0415 - an extra, imported only when something is sent
    except ImportError:
        raise MissingExtraError("Apprise, which sends alerts,", "alerts") from None
    return apprise
