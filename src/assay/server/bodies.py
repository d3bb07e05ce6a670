"""What a request brings: JSON is read as strictly as every record, and whoever sends must go on sending."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from litestar import Request
from litestar.enums import ScopeType

from assay.records.canonical import parse_record

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Scope, Send

SILENT_SECONDS = 20.0
"""So long a sender may be silent within a request; then it is answered as one that went away."""

WHOLE_SECONDS = 300.0
"""So long a whole request may take to come, however steadily: the largest delivery over a line of 1 Mbit/s."""

GONE = "client disconnected prematurely"
"""What the framework says of a request whose end never came (Litestar 2.25)."""


class StrictRequest(Request[Any, Any, Any]):
    """A request whose JSON holds each key once, in UTF-8, and no deeper than can be read."""

    async def json(self) -> Any:  # noqa: ANN401 - as the framework has it
        """Return the body, which is JSON.

        Raises:
            DocumentError: saying why it is not.
        """
        content = await self.body()
        return parse_record(content, Any, name="the request") if content else None


def in_time(app: ASGIApp) -> ASGIApp:
    """Return an application for which a sender that falls silent within a request, or never ends it, has gone away."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        whole, ends = False, asyncio.get_running_loop().time() + WHOLE_SECONDS

        async def received() -> Any:  # noqa: ANN401 - ASGI messages
            nonlocal whole
            if whole or scope["type"] != ScopeType.HTTP:
                return await receive()
            try:
                async with asyncio.timeout(min(SILENT_SECONDS, ends - asyncio.get_running_loop().time())):
                    message: Any = await receive()
            except TimeoutError:
                return {"type": "http.disconnect"}
            whole = not message.get("more_body", False)
            return message

        await app(scope, received, send)

    return answering
