"""A server as one process: what is said at its start, and the web server around it."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

import uvicorn

from assay.lifecycle.storing import storage_errors, write_durably
from assay.server.app import create_app
from assay.server.heads import InTime
from assay.server.home import OTHERS, open_home
from assay.server.routes import ROUTES
from assay.server.starting import start
from assay.server.tls import renewing, tls_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from litestar import Litestar

    from assay.server.home import Home
    from assay.server.serving import Server

KEEP_ALIVE_SECONDS = 15
STOP_SECONDS = 10
"""How long requests that are being answered may take once the process was told to end."""

INVITATION = "first-administrator"
"""Where the first administrator's link stands, in the server's folder, where nobody watches a terminal."""

WAITING = 512
"""Connections that may wait to be taken."""


def serve(root: Path, *, listen: str | None, name: str, demo: bool, say: Callable[[str], None]) -> None:
    """Run the server of a folder until the process is told to end.

    Args:
        root: the folder; made where it is missing or empty.
        listen: address and port of a new server.
        name: name of a new server.
        demo: fill a new server with the demonstration's project and people.
        say: tells a person something, on the terminal and nowhere else.

    Raises:
        AssayError: when folder, settings, database, log or certificate are not what they should be.
    """
    os.umask(OTHERS)  # nothing that this process writes is anybody else's to read
    home = open_home(root, name=name, listen=listen)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    with start(home) as server:
        if demo:
            from assay.server.demonstration import demonstrate  # noqa: PLC0415 - only where it is asked for

            demonstrate(server, say)
        say(f"Assay answers at {home.settings.origin}   (folder {home.root}; end it with Ctrl+C)")
        _invite_first(server, say)
        configured = configuration(create_app(server, ROUTES), home)
        configured.load()
        signal.signal(signal.SIGTERM, _told_to_end)
        with renewing(configured.ssl, tls_files(home)):
            uvicorn.Server(configured).run()


def _told_to_end(*_signal: object) -> None:
    """Do nothing: the web server ends, raises the signal again, and what is open is to be closed after that."""


def configuration(app: Litestar, home: Home) -> uvicorn.Config:
    """Return how the web server runs an application.

    Raises:
        InputError: when certificate or key are missing, or do not belong together.
    """
    files = tls_files(home)
    return uvicorn.Config(
        app,
        host=home.settings.host,
        port=home.settings.port,
        http=InTime,
        ws="none",
        log_config=None,
        access_log=False,  # who read what is in the log, without addresses
        server_header=False,
        proxy_headers=bool(home.settings.behind_proxy),
        forwarded_allow_ips=list(home.settings.behind_proxy),
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        backlog=WAITING,
        ssl_certfile=str(files[0]) if files else None,
        ssl_keyfile=str(files[1]) if files else None,
    )


def _invite_first(server: Server, say: Callable[[str], None]) -> None:
    """Tell how the first administrator comes in: the terminal, or a file that only the owner reads.

    Where nobody watches a terminal, what is printed is kept by somebody's log.
    """
    code = server.entrance.people.first(at=server.entrance.at())
    path = server.home.root / INVITATION
    if code is None:
        path.unlink(missing_ok=True)
        return
    link = f"{server.home.settings.origin}/sign-in/enrol#{code}"
    say("Nobody has come in yet. The first administrator does so by this link, once, within the hour:")
    if sys.stdout.isatty():
        say(f"  {link}")
        return
    with storage_errors(path):
        path.unlink(missing_ok=True)
        write_durably(path, f"{link}\n".encode())
    say(f"  it stands in {path}")
