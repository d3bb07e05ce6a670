"""Connections are bounded: so many at a time, each head whole within a time, each answer taken at a pace.

Who sends a head a letter at a time holds no connection (slowloris), nor who asks for much and does not read it. A body
has its times in `assay.server.bodies`; of one that is still coming when it was answered, nothing is waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

HEAD_SECONDS = 10.0
"""From the opening of a connection, or the first byte of a further request, to the end of the request's head."""


MOST_CONNECTIONS = 512
"""So many connections are open at a time; a further one is closed at once. Each costs some hundred kB at most."""

TAKING_SECONDS, TAKEN_BYTES = 20.0, 20_000
"""Whoever has an answer on the way takes that much of it in that time, or is not waited for."""


class InTime(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with a time for each head and a pace for each answer.

    Between requests uvicorn's own time of rest counts.
    """

    _waiting: asyncio.TimerHandle | None = None
    _watching: asyncio.TimerHandle | None = None
    _left, _went_on = 0, False
    _answering: object = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head; one connection too many is closed."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._wait()
        self._watch()

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
        if self._watching is not None:
            self._watching.cancel()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """Go on with an answer, of which most of what waited was taken."""
        self._went_on = True
        super().resume_writing()

    def _watch(self) -> None:
        """Look, time after time, whether what is on the way is taken; close a connection where it is not."""
        left = self.transport.get_write_buffer_size()
        went_on = self._went_on or self.cycle is not self._answering  # or what is left is of another answer
        if self._left and not went_on and left > max(self._left - TAKEN_BYTES, 0):
            self.transport.abort()
            return
        self._left, self._went_on, self._answering = left, False, self.cycle
        self._watching = self.loop.call_later(TAKING_SECONDS, self._watch)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEAD_SECONDS, self.timeout_keep_alive_handler)

    def _rest(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
