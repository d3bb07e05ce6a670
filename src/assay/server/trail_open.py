"""The trail of a server that runs: opened once, brought up to the log by what is new whenever somebody asks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from assay.adapters.standing_here import open_standing_trail

if TYPE_CHECKING:
    from assay.lifecycle.asking import Trail
    from assay.lifecycle.standing_trail import StandingTrail
    from assay.server.serving import Server

_LOCK = threading.Lock()
_OPEN: WeakKeyDictionary[Server, StandingTrail] = WeakKeyDictionary()


def standing_trail(server: Server) -> StandingTrail:
    """Return a server's trail, which stays open; it is opened when somebody first asks.

    Raises:
        StorageError: when the projection cannot be opened.
    """
    with _LOCK:
        found = _OPEN.get(server)
        if found is None:
            found = _OPEN[server] = open_standing_trail(server.home.root, trust=server.home.trust)
        return found


def fresh_trail(server: Server) -> Trail:
    """Return a server's trail as it is now, for one answer.

    Raises:
        InputError: when nothing is recorded yet.
        VerificationError: when the log is not what was signed.
        StorageError: when the projection cannot be written.
    """
    found = standing_trail(server)
    found.refresh()
    return found.trail()
