"""Starting a server: folder, tables, trail, and what waits for the log, opened together and closed again."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING

from assay.errors import AssayError
from assay.lifecycle.setting import now
from assay.server.alone import alone
from assay.server.carrying_out import Carrier
from assay.server.deliveries import receiver_of
from assay.server.entrance import open_entrance
from assay.server.registries import registries_of
from assay.server.serving import Server
from assay.server.warming import warm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.server.home import Home
    from assay.server.serving import Clock


LOGGER = logging.getLogger("assay.server")

PATIENCE_SECONDS, TOLD_SECONDS = 5.0, 10.0
"""How long a start waits for what it reads, and how often it is told how far that is."""


@contextlib.contextmanager
def start(home: Home, *, clock: Clock = now) -> Iterator[Server]:
    """Open a server: deliveries that a crash interrupted are finished; what waits for the log enters it before the end.

    A log that was never read takes a while: then the server begins without it, refuses in words what rests on it, and
    tells how far it is (``/ready``, and its own log).

    Args:
        home: its folder.
        clock: the time.

    Raises:
        InputError: when another process serves the folder, or the database is another folder's.
        StorageError: when the database does not answer, or the trail cannot be opened.
        VerificationError: when the log is not what it has signed.
    """
    with contextlib.ExitStack() as opened:
        opened.enter_context(alone(home))
        entrance = open_entrance(home, clock)
        opened.callback(entrance.close)
        server = Server(home, entrance=entrance, clock=clock)
        opened.callback(server.inside.close)
        opened.callback(server.close)
        receiver_of(server).finish_all()
        opened.enter_context(_warming(server))
        entrance.outbox.start()
        registries = registries_of(server)
        opened.callback(registries.stop)
        registries.start()
        carrier = Carrier(server)
        server.soon = carrier.soon
        carrier.start()
        opened.callback(carrier.stop)
        yield server


@contextlib.contextmanager
def _warming(server: Server) -> Iterator[None]:
    """Read what pages and clusters rest on; where that takes long, beside what follows.

    Raises:
        AssayError: as it is found within the first seconds.
    """
    failed: list[AssayError] = []

    def read() -> None:
        try:
            warm(server)
        except AssayError as error:
            failed.append(error)

    _ = server.inside.standing  # opened once, before several threads ask for it
    thread = threading.Thread(target=read, name="assay warming", daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    if failed:
        raise failed[0]
    teller = threading.Thread(target=_tell, args=(server, thread, failed), name="assay telling", daemon=True)
    teller.start()
    try:
        yield
    finally:
        server.inside.stop_reading()
        thread.join()
        teller.join()


def _tell(server: Server, reading: threading.Thread, failed: list[AssayError]) -> None:
    """Tell in the server's own log how far the reading is, until it ends."""
    while reading.is_alive():
        LOGGER.info("the log is being read: %s", server.inside.told or "just begun")
        reading.join(TOLD_SECONDS)
    for error in failed:
        LOGGER.error("the trail: %s", error)
