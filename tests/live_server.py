"""An application behind real HTTP on this machine."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

import uvicorn

from assay.server.running import configuration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from litestar import Litestar

    from assay.server.home import Home

_SECONDS = 30.0


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


@contextlib.contextmanager
def serving(app: Litestar, port: int) -> Iterator[str]:
    """Serve an application on 127.0.0.1 until the block ends; yield its address."""
    configured = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    with _running(configured):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def serving_as_configured(app: Litestar, home: Home) -> Iterator[int]:
    """Serve an application as `assay serve` does, but on a free port, until the block ends; yield the port."""
    configured = configuration(app, home)
    configured.port, configured.lifespan = free_port(), "off"
    with _running(configured):
        yield configured.port


@contextlib.contextmanager
def _running(configured: uvicorn.Config) -> Iterator[None]:
    server = uvicorn.Server(configured)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + _SECONDS
    while not server.started:
        if time.monotonic() > end or not thread.is_alive():
            raise RuntimeError(f"expected a server on port {configured.port} within {_SECONDS} s, found none")
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_SECONDS)
