"""The section ``server`` of `assay.yaml`: to which server a project delivers; read strictly."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator


class ServerSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where `assay run` and `assay push` deliver.

    Attributes:
        url: the server's address: scheme, host and port.
        names: whether the names behind pseudonyms are delivered, too.
    """

    url: str
    names: bool = False


def server_problems(section: ServerSection | None) -> Iterator[tuple[str, str]]:
    """Yield everything that is wrong in the section: JSON path and message."""
    if section is not None and (wrong := address_problem(section.url)) is not None:
        yield "$.server.url", wrong


def address_problem(url: str) -> str | None:
    """Return why nothing can be delivered to an address; None when it can."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return f"expected an address such as https://assay.example.org, found {url!r}"
    beyond = parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme not in {"https", "http"} or not host or port == 0 or beyond or not url.isascii():
        return f"expected an address such as https://assay.example.org, found {url!r}"
    if parts.scheme == "http" and not _is_loopback(host):
        return f"expected https, for what is delivered and the token travel by it, found {url!r}"
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
