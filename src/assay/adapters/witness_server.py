"""A witness over HTTP (C2SP tlog-witness 1.0.0), on the standard library's server.

``POST /add-checkpoint`` asks for a cosignature; ``GET /<hexadecimal SHA-256 of the origin>/checkpoint`` shows what was
cosigned last. The server listens on the loopback interface unless told otherwise: put a reverse proxy with TLS in front
of it. A request has a cap on its bytes, a connection on its life, and the server on its connections.
"""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any

from assay.errors import AssayError, InputError, StorageError
from assay.tlog.witness import MAX_REQUEST_BYTES, OK, Reply, Submission, answer, open_submission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.adapters.witness_state import WitnessState
    from assay.tlog.vkey import VerifierKey

IDLE_SECONDS = 10.0
"""How long a connection may say nothing."""

CONNECTION_SECONDS = 60.0
"""How long a connection may live; what drips bytes is cut."""

MAX_CONNECTIONS = 64
"""Connections at once; further ones are closed unheard."""

_CHECKPOINT_PATH = re.compile(r"/([0-9a-f]{64})/checkpoint")
_LENGTH = re.compile(r"[0-9]{1,9}")
_MAX_PORT = 65_535


def parse_listen(text: str) -> tuple[str, int]:
    """Parse ``HOST:PORT``; an IPv6 host stands in brackets. Port 0 is any free one.

    Raises:
        InputError: when it is not one.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > _MAX_PORT:
        raise InputError(f"expected HOST:PORT to listen at, such as 127.0.0.1:7380, found {text!r}")
    return host, int(port)


class WitnessServer(ThreadingMixIn, TCPServer):
    """Serves one witness; `serve_forever` until `shutdown`, then `server_close` waits for the requests under way."""

    allow_reuse_address = True
    request_queue_size = MAX_CONNECTIONS

    def __init__(
        self, listen: tuple[str, int], state: WitnessState, logs: Mapping[str, tuple[VerifierKey, ...]]
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in listen[0] else socket.AF_INET
        self._state = state
        self._logs = logs
        self._open: dict[socket.socket, float] = {}
        self._open_lock = threading.Lock()
        try:
            super().__init__(listen, _Handler)
        except OSError as error:
            raise StorageError(f"cannot listen at {listen[0]}:{listen[1]}: {error.strerror or error}") from error

    @property
    def address(self) -> str:
        """Where it listens, as a client asks it."""
        host, port = self.server_address[:2]
        shown = host.decode() if isinstance(host, bytes | bytearray) else str(host)
        return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"

    def add_checkpoint(self, body: bytes) -> Reply:
        """Answer a request for a cosignature; what it changes is durable when this returns.

        Raises:
            AssayError: when the record cannot be read or written; then nothing may be sent.
        """
        submission = open_submission(body, self._logs)
        if isinstance(submission, Reply):
            return submission
        reply = self._state.update(
            submission.checkpoint.origin,
            lambda recorded: answer(submission, recorded, self._state.signers, int(time.time())),
        )
        _tell(submission, reply)
        return reply

    def latest(self, origin_sha256: str) -> bytes | None:
        """Return the note that was cosigned last for a log, or None."""
        return self._state.latest(origin_sha256)

    # Connections: few at once, and none for long.

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's signature
        """Serve a connection in a thread of its own, unless there are too many."""
        with self._open_lock:
            full = len(self._open) >= MAX_CONNECTIONS
            if not full:
                self._open[request] = time.monotonic()
        if full:
            super().shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - socketserver's signature
        """Close a connection that has ended."""
        with self._open_lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Cut connections that have lived too long; called twice a second."""
        self._cut(older_than=CONNECTION_SECONDS, how=socket.SHUT_RDWR)

    def server_close(self) -> None:
        """Hear no more, finish what was asked, and close."""
        self._cut(older_than=0.0, how=socket.SHUT_RD)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - socketserver's signature
        """Say what went wrong in one line; a client that leaves is no news."""
        error = sys.exception()
        if not isinstance(error, OSError):
            print(f"a defect of Assay: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - a server's log

    def _cut(self, older_than: float, how: int) -> None:
        now = time.monotonic()
        with self._open_lock:
            late = [request for request, since in self._open.items() if now - since >= older_than]
        for request in late:
            try:
                request.shutdown(how)
            except OSError:
                continue  # it has ended by itself


def _tell(submission: Submission, reply: Reply) -> None:
    """Write one line about a decision; only a log's own key can make the witness write."""
    now = submission.checkpoint
    reason = "cosigned" if reply.status == OK else reply.body.decode("utf-8", "replace").strip()
    where = " (kept in forks/)" if reply.fork is not None else ""
    line = f"{reply.status} {now.origin!a} size {now.size} root {now.root.hex()}: {reason}{where}"
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - a server's log


class _Handler(BaseHTTPRequestHandler):
    server: WitnessServer
    protocol_version = "HTTP/1.1"
    server_version = "assay-witness"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        found = _CHECKPOINT_PATH.fullmatch(self.path)
        try:
            note = None if found is None else self.server.latest(found[1])
        except AssayError as error:
            self._fail(error)
            return
        if note is None:
            self._send(Reply(404, b"nothing here\n"))
        else:
            self._send(Reply(OK, note))

    def do_POST(self) -> None:
        length = self._length()
        if isinstance(length, Reply):
            self.close_connection = True  # its body is not read, so what follows is no request
            self._send(length)
            return
        body = self.rfile.read(length)
        if len(body) != length:
            self.close_connection = True  # cut, or the server is closing: there is nobody to answer
            return
        if self.path != "/add-checkpoint":
            self._send(Reply(404, b"nothing here\n"))
            return
        try:
            reply = self.server.add_checkpoint(body)
        except AssayError as error:
            self._fail(error)
            return
        self._send(reply)

    def _length(self) -> int | Reply:
        lengths = self.headers.get_all("Content-Length") or []
        if self.headers.get("Transfer-Encoding") is not None or not lengths:
            return Reply(411, b"expected one Content-Length\n")
        if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
            return Reply(400, b"expected one Content-Length\n")
        if int(lengths[0]) > MAX_REQUEST_BYTES:
            return Reply(413, b"expected at most %d bytes\n" % MAX_REQUEST_BYTES)
        return int(lengths[0])

    def _fail(self, error: AssayError) -> None:
        print(f"500 {error}", file=sys.stderr, flush=True)  # noqa: T201 - a server's log
        self._send(Reply(500, b"the record cannot be read or written; nothing was cosigned\n"))

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - http.server's signature
        """Say nothing of requests that decide nothing: anybody could fill the log with them."""
