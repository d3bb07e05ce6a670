"""Sinks on the loopback that take what is sent to them: a web hook and a mail server, which can be slow, or refuse."""

from __future__ import annotations

import json
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Hook(ThreadingHTTPServer):
    """A web hook; `received` holds what it was sent, `keys` the idempotency key of each.

    ``taking`` counts what has begun to arrive, ``status`` is what it answers with, ``hold`` keeps it from answering
    until it is set.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _HookHandler)
        self.received: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.status = 200
        self.taking = 0
        self.hold: threading.Event | None = None

    @property
    def url(self) -> str:
        """Its address, as Apprise writes it; the path stands for a secret."""
        return f"json://127.0.0.1:{self.server_address[1]}/hook/s3cret"


class _HookHandler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.taking += 1
        if self.server.hold is not None:
            self.server.hold.wait(10)
        self.server.keys.append(self.headers["Idempotency-Key"])
        self.server.received.append(content)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server names it
        """Say nothing."""


class Mail(socketserver.ThreadingTCPServer):
    """A mail server (RFC 5321, as much of it as a client needs); `received` holds the messages as text."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _MailHandler)
        self.received: list[str] = []

    @property
    def url(self) -> str:
        """Its address, as Apprise writes it."""
        port = self.server_address[1]
        return f"mailto://127.0.0.1:{port}?from=assay@example.org&to=team@example.org&mode=insecure&format=text"


class _MailHandler(socketserver.StreamRequestHandler):
    server: Mail

    def handle(self) -> None:
        self.say("220 sink")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"DATA":
                self.say("354 go on")
                self.server.received.append(self.message())
            self.say("221 bye" if verb == b"QUIT" else "250 ok")
            if verb == b"QUIT":
                return

    def message(self) -> str:
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.removeprefix(b".").decode())
        return "".join(lines)

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def served(server: Any) -> Iterator[Any]:  # noqa: ANN401 - either sink
    """Run a sink until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
