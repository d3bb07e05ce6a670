"""``server.yaml``: what a server is told by the people who run it.

::

    name: governance.example            # name of the server and of its log
    url: https://assay.example.org      # as browsers and pipelines reach it
    listen: 127.0.0.1:8600
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import urlsplit

from assay.errors import DocumentError, Problem
from assay.lifecycle.admitting import ClusterSection, cluster_problems
from assay.records.document import load_yaml
from assay.records.tally import Frozen
from assay.server.registry_section import RegistrySection, registry_problems
from assay.server.signing_in.providers import CiRule, Provider, ci_problems, oidc_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAME = "server.yaml"

DEFAULT_PORT = 8600
MAX_PORT = 65_535

SecondFactor: TypeAlias = Literal["required", "deciders", "offered"]
DECIDERS = frozenset({"approver", "validator", "administrator"})

_CLUSTER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


class Tls(Frozen, kw_only=True):
    """What the server shows itself with where it speaks TLS itself: PEM files, relative to its folder.

    Attributes:
        certificate: its certificate, and those that lead to the root.
        key: the private key of it.
    """

    certificate: str
    key: str


class Settings(Frozen, kw_only=True):
    """What `server.yaml` says; every key has a sane default.

    Attributes:
        name: name of the server, and of its log.
        url: as browsers and pipelines reach it: scheme, host and port, nothing after; by default the listening address.
        listen: address and port that it listens on.
        database: a PostgreSQL address for what people share; by default SQLite in the home folder.
        log: whether the log's tiles are for everybody, or for those who have signed in.
        behind_proxy: addresses of proxies whose word about the client's address counts.
        body_megabytes: the largest request that is read.
        tls: certificate and key, where no proxy speaks TLS for it; a file that is renewed is read again.
        clusters: what is exempt in each Kubernetes cluster that asks what may run, and how long a break-glass lasts.
        oidc: who vouches for people.
        ci: which CI jobs are which pipeline.
        second_factor: who does not come further than their own account by a password alone: everybody (``required``),
            who approves, validates or administers (``deciders``), or nobody (``offered``). A passkey, which its device
            opens for its user alone, is both factors; a provider of identities asks for its own. By default
            ``required`` where the server is reached under a name by TLS, and ``offered`` on this machine alone.
        calls_per_minute: calls of the API that each caller may make.
        lineage: OpenLineage namespace to the system that it belongs to; a namespace may end in ``*``.
        registries: what is governed in each MLflow registry, and how it is looked at.
    """

    name: str = "assay"
    url: str | None = None
    listen: str = f"127.0.0.1:{DEFAULT_PORT}"
    database: str | None = None
    log: Literal["public", "signed-in"] = "public"
    behind_proxy: tuple[str, ...] = ()
    body_megabytes: int = 64
    tls: Tls | None = None
    clusters: dict[str, ClusterSection] = {}  # noqa: RUF012 - msgspec gives each record its own copy
    oidc: tuple[Provider, ...] = ()
    ci: tuple[CiRule, ...] = ()
    second_factor: SecondFactor | None = None
    calls_per_minute: int = 6_000
    lineage: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each record its own copy
    registries: dict[str, RegistrySection] = {}  # noqa: RUF012

    @property
    def host(self) -> str:
        """The address to listen on."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to listen on."""
        return int(self.listen.rpartition(":")[2])

    @property
    def origin(self) -> str:
        """Scheme, host and port as browsers name them."""
        return (self.url or f"{'http' if self.tls is None else 'https'}://{self.listen}").rstrip("/")

    def asks_two_factors(self, roles: Iterable[str]) -> bool:
        """Say whether people with some roles come in by two factors alone."""
        named = not self._is_under_an_address and urlsplit(self.origin).hostname != "localhost"
        asked = self.second_factor or ("required" if self.is_https and named else "offered")
        return asked == "required" or (asked == "deciders" and bool(DECIDERS & set(roles)))

    @property
    def _is_under_an_address(self) -> bool:
        """Whether the server is reached under a bare IP address, where browsers make no passkeys (WebAuthn 5.1.2)."""
        try:
            ipaddress.ip_address(urlsplit(self.origin).hostname or "")
        except ValueError:
            return False
        return True

    @property
    def has_second_factor(self) -> bool:
        """Whether anybody can come in by two factors: by a passkey, or by a provider of identities."""
        return not self._is_under_an_address or bool(self.oidc)

    @property
    def is_https(self) -> bool:
        """Whether browsers come by TLS."""
        return self.origin.startswith("https:")


def read_settings(content: bytes, *, name: str = NAME) -> Settings:
    """Read a server's settings, strictly.

    Raises:
        DocumentError: with every problem found.
    """
    found = load_yaml(content, Settings, name=name)
    problems = [Problem(name, 0, 0, *one) for one in problems_of(found)]
    if problems:
        raise DocumentError(problems)
    return found


def problems_of(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield what is wrong beside the form: JSON path and message."""
    if not settings.name.strip() or any(sign.isspace() or sign == "+" for sign in settings.name):
        yield "$.name", f"expected one word without a plus sign (it names the log), found {settings.name!r}"
    host, _, port = settings.listen.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= MAX_PORT:
        yield "$.listen", f"expected ADDRESS:PORT such as 127.0.0.1:{DEFAULT_PORT}, found {settings.listen!r}"
    if settings.body_megabytes < 1:
        yield "$.body_megabytes", f"expected at least 1, found {settings.body_megabytes}"
    if settings.database is not None and not settings.database.startswith(("postgresql://", "postgres://")):
        yield "$.database", "expected postgresql://USER@HOST/DATABASE, or no such key for SQLite, found another"
    if settings.calls_per_minute < 1:
        yield "$.calls_per_minute", f"expected at least 1, found {settings.calls_per_minute}"
    if settings.second_factor in {"required", "deciders"} and not settings.has_second_factor:
        message = f"browsers make passkeys for names alone, and this server is reached at {settings.origin}, with no"
        yield (
            "$.second_factor",
            f"{message} provider under `oidc`: nobody could come in. Set `url` to a name, or offer it",
        )
    yield from oidc_problems(settings.oidc)
    yield from ci_problems(settings.ci)
    yield from _url_problems(settings)
    for name, section in settings.clusters.items():
        if not _CLUSTER.fullmatch(name):
            yield "$.clusters", f"expected a name of letters, digits and . _ - (an address holds it), found {name!r}"
        for path, message in cluster_problems(section):
            yield f"$.clusters.{name}{path}", message
    yield from registry_problems(settings.registries)


def _url_problems(settings: Settings) -> Iterator[tuple[str, str]]:
    parts = urlsplit(settings.origin)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query or parts.fragment:
        yield "$.url", f"expected scheme, host and port such as https://assay.example.org, found {settings.url!r}"
    elif parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        message = f"expected https, for passwords and tokens travel by it, found {settings.origin!r}"
        yield "$.url", f"{message}. Put a proxy with TLS before the server and name its address here"


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
