"""One request, with a deadline for all of it and a cap on the answer; no redirects, no proxies, no retries."""

from __future__ import annotations

import hashlib
import http.client
import socket
import ssl
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlencode, urlsplit

from assay.errors import AssayError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CHUNK = 64 * 1024
_MAX_SHOWN = 200


class NoAnswerError(AssayError):
    """Another machine is down, slow, or does not speak HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: HTTP status.
        content_type: of the body; empty when none was given.
        body: the body, whole.
        retry_after: what the answer says about when to come again; empty when it says nothing.
    """

    status: int
    content_type: str
    body: bytes
    retry_after: str = ""

    def with_body(self, body: bytes) -> Answer:
        """Return the answer with this body."""
        return Answer(self.status, self.content_type, body, self.retry_after)

    def words(self) -> str:
        """Return the status, and the start of the body as a message may show it."""
        text = " ".join(self.body.decode("utf-8", "replace").split())
        return f"HTTP {self.status}: {ascii(text[:_MAX_SHOWN])[1:-1]}" if text else f"HTTP {self.status}"


def check_address(address: str) -> SplitResult:
    """Split an address to post to.

    Raises:
        InputError: unless it is http or https, with a host, and without user, query or fragment.
    """
    try:
        split = urlsplit(address)
        port = split.port
    except ValueError:
        split, port = SplitResult("", "", "", "", ""), None
    plain = address.isascii() and address.isprintable() and " " not in address and "@" not in split.netloc
    if split.scheme not in {"http", "https"} or not split.hostname or port == 0 or not plain or "?" in address:
        raise InputError(f"address {address!r}: expected one like https://example.com/path")
    if "#" in address:
        raise InputError(f"address {address!r}: expected no fragment, found one")
    return split


class _Deadline:
    """Cuts a connection when its time is over, whoever drips bytes on it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, connected: socket.socket) -> None:
        self._socket = connected
        if self.over():
            self._cut()

    def over(self) -> bool:
        return time.monotonic() >= self._until

    def end(self) -> None:
        self._timer.cancel()

    def _cut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it has ended by itself
                self._socket.shutdown(socket.SHUT_RDWR)


def _connection(split: SplitResult, seconds: float) -> http.client.HTTPConnection:
    host = split.hostname or ""
    if split.scheme == "https":
        return http.client.HTTPSConnection(host, split.port, timeout=seconds, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, split.port, timeout=seconds)


def post(
    address: str,
    body: bytes,
    content_type: str,
    *,
    timeout_s: float,
    cap: int,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Post a body and return the answer, whatever its status.

    Args:
        address: where to.
        body: what.
        content_type: of the body.
        timeout_s: seconds for everything together, the slowest drip of bytes included.
        cap: bytes that the answer's body may have.
        headers: further headers.

    Raises:
        InputError: for an address that cannot be posted to.
        NoAnswerError: when there is no whole answer in time, or it is too long.
    """
    found = bytearray()
    headers = {**(headers or {}), "Content-Type": content_type}
    request = _Request("POST", check_address(address), body=body, headers=headers)
    return _answer(request, found.extend, timeout_s=timeout_s, cap=cap).with_body(bytes(found))


def send(
    method: str,
    address: str,
    body: bytes,
    content_type: str,
    *,
    timeout_s: float,
    cap: int,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send a body by another method than POST and return the answer; the rest is as for `post`."""
    found = bytearray()
    said = {**(headers or {}), "Content-Type": content_type}
    request = _Request(method, check_address(address), body=body, headers=said)
    return _answer(request, found.extend, timeout_s=timeout_s, cap=cap).with_body(bytes(found))


def get(
    address: str,
    query: Mapping[str, str] | None = None,
    *,
    timeout_s: float,
    cap: int,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Get what is at an address, whatever the status of the answer.

    Args:
        address: where; without a query of its own.
        query: the query.
        timeout_s: seconds for everything together.
        cap: bytes that the answer's body may have.
        headers: further headers.

    Raises:
        InputError: for an address that cannot be asked.
        NoAnswerError: when there is no whole answer in time, or it is too long.
    """
    found = bytearray()
    request = _Request("GET", check_address(address), query=query or {}, headers=headers or {})
    return _answer(request, found.extend, timeout_s=timeout_s, cap=cap).with_body(bytes(found))


def get_digest(
    address: str,
    query: Mapping[str, str] | None = None,
    *,
    timeout_s: float,
    cap: int,
    headers: Mapping[str, str] | None = None,
) -> tuple[Answer, str, int]:
    """Get what is at an address and return the answer without its body, the body's SHA-256 and its size in bytes.

    Raises:
        InputError: for an address that cannot be asked.
        NoAnswerError: when there is no whole answer in time, or it is too long.
    """
    hashed, size = hashlib.sha256(), 0

    def take(chunk: bytes) -> None:
        nonlocal size
        hashed.update(chunk)
        size += len(chunk)

    request = _Request("GET", check_address(address), query=query or {}, headers=headers or {})
    answer = _answer(request, take, timeout_s=timeout_s, cap=cap)
    return answer, hashed.hexdigest(), size


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    address: SplitResult
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """What stands in the request line."""
        return f"{self.address.path or '/'}{'?' if self.query else ''}{urlencode(self.query)}"


def _answer(request: _Request, take: Callable[[bytes], None], *, timeout_s: float, cap: int) -> Answer:
    late = NoAnswerError(f"no answer within {timeout_s:g} s")
    deadline = _Deadline(timeout_s)
    headers = {**request.headers, "Connection": "close"}
    try:
        with closing(_connection(request.address, timeout_s)) as connection:
            connection.connect()
            deadline.watch(connection.sock)
            connection.request(request.method, request.target, request.body, headers)
            found = _read(connection.getresponse(), take, cap)
    except (OSError, http.client.HTTPException) as error:
        if deadline.over() or isinstance(error, TimeoutError):
            raise late from None
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise NoAnswerError(f"no answer: {ascii(reason)[1:-1][:_MAX_SHOWN]}") from None
    finally:
        deadline.end()
    if deadline.over():  # what was cut looks whole when no length was given
        raise late
    return found


def _read(response: http.client.HTTPResponse, take: Callable[[bytes], None], cap: int) -> Answer:
    size = 0
    while size <= cap and (chunk := response.read(min(_CHUNK, cap + 1 - size))):
        size += len(chunk)
        take(chunk)
    if size > cap:
        raise NoAnswerError(f"answered with more than {cap} bytes")
    length = response.getheader("Content-Length")
    if length is not None and length != str(size):
        raise NoAnswerError(f"answered with {size} of {length!a} bytes")
    said = response.getheader("Retry-After") or ""
    return Answer(response.status, response.getheader("Content-Type") or "", b"", said)
