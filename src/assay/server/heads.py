"""Heads of requests come whole within a time: who sends one a letter at a time holds no connection (slowloris).

A body has its times in `assay.server.bodies`; of one that is still coming when it was answered, nothing is waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

HEAD_SECONDS = 10.0
"""From the opening of a connection, or the first byte of a further request, to the end of the request's head."""


class InTime(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with a time for each head; between requests uvicorn's own time of rest counts."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came; while a head is not whole, the time that it began with goes on."""
        super().data_received(data)
        answered = self.conn.our_state is h11.DONE  # and what was not waited for is still coming
        if self.conn.their_state is not h11.IDLE and not answered:
            self._rest()
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._rest()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEAD_SECONDS, self.timeout_keep_alive_handler)

    def _rest(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
