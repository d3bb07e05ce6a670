"""Names of logs (C2SP tlog-checkpoint calls them origins)."""

from __future__ import annotations

import re

from assay.errors import InputError
from assay.tlog.vkey import is_key_name

_MAX_ORIGIN_BYTES = 255


def default_origin(system: str) -> str:
    """Return the origin of a project's log: ``assay.invalid/<system>``, with ``-`` for what an origin cannot hold.

    ``.invalid`` belongs to nobody (RFC 2606), so that a log that nobody named claims no host. Give a log that others
    will witness a name of your own: ``assay log init LOG --origin logs.example.com/credit``.
    """
    return f"assay.invalid/{re.sub('[^A-Za-z0-9._-]+', '-', system).strip('-.') or 'log'}"[:_MAX_ORIGIN_BYTES]


def check_origin(origin: str) -> None:
    """Check that a log may have this origin (C2SP tlog-checkpoint: a URL without scheme, without trailing slash).

    Raises:
        InputError: when it may not.
    """
    fits = len(origin.encode("utf-8", "replace")) <= _MAX_ORIGIN_BYTES
    if not is_key_name(origin) or not fits or "://" in origin or origin.endswith("/"):
        raise InputError(
            f"origin {origin!r}: expected a name like logs.example.com/credit, without scheme, space, '+' or trailing "
            f"slash, at most {_MAX_ORIGIN_BYTES} bytes"
        )
