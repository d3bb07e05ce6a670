"""Starting a server: folder, tables, trail, and what waits for the log, opened together and closed again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from assay.lifecycle.setting import now
from assay.server.carrying_out import Carrier
from assay.server.deliveries import receiver_of
from assay.server.entrance import open_entrance
from assay.server.gates import warm
from assay.server.registries import registries_of
from assay.server.serving import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.server.home import Home
    from assay.server.serving import Clock


@contextlib.contextmanager
def start(home: Home, *, clock: Clock = now) -> Iterator[Server]:
    """Open a server: deliveries that a crash interrupted are finished; what waits for the log enters it before the end.

    Args:
        home: its folder.
        clock: the time.

    Raises:
        StorageError: when the database does not answer, or the trail cannot be opened.
        VerificationError: when the log is not what it has signed.
    """
    entrance = open_entrance(home, clock)
    with contextlib.ExitStack() as opened:
        opened.callback(entrance.close)
        server = Server(home, entrance=entrance, clock=clock)
        opened.callback(server.inside.close)
        opened.callback(server.close)
        receiver_of(server).finish_all()
        warm(server)
        entrance.outbox.start()
        registries = registries_of(server)
        opened.callback(registries.stop)
        registries.start()
        carrier = Carrier(server)
        server.soon = carrier.soon
        carrier.start()
        opened.callback(carrier.stop)
        yield server
