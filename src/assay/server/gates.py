"""The gate of a server that runs: releases, adopted policies, the log and people's requests put together."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from assay.lifecycle.clearing import Clearings
from assay.lifecycle.image_builds import ImageBuilds
from assay.lifecycle.keyring import read_public_keys
from assay.lifecycle.known_releases import identity_of
from assay.lifecycle.log_shards import shards
from assay.server.break_glass import glasses_of
from assay.server.cluster_gate import ClusterGate
from assay.server.today import adopted, folder_of, rules_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from assay.lifecycle.admitting import Glass
    from assay.lifecycle.asking import Trail
    from assay.lifecycle.setting import Rules
    from assay.server.serving import Server

KIND = "admission"
"""The kind of secret that a cluster shows (`assay.server.store.pipelines.set_webhook`)."""

_LOCK = threading.Lock()
_CLEARINGS: WeakKeyDictionary[Server, Clearings] = WeakKeyDictionary()
_GATES: WeakKeyDictionary[Server, ClusterGate] = WeakKeyDictionary()


def clearings_of(server: Server) -> Clearings:
    """Return what a server clears by; it stays open."""
    with _LOCK:
        if server not in _CLEARINGS:
            _CLEARINGS[server] = _clearings(server)
        return _CLEARINGS[server]


def gate_of(server: Server) -> ClusterGate:
    """Return what answers clusters; it stays open until the server ends, and tells then what it has counted."""
    clearings = clearings_of(server)
    with _LOCK:
        if server not in _GATES:
            _GATES[server] = _gate(server, clearings)
            server.closing.append(_GATES[server].flush)
        return _GATES[server]


def knows_cluster(server: Server, cluster: str, secret: str) -> bool:
    """Say whether a secret is a cluster's.

    Raises:
        StorageError: when the database is absent or slow.
    """
    return server.entrance.webhook_holds(KIND, cluster, secret)


def _clearings(server: Server) -> Clearings:
    home, trail = server.home, server.inside.standing

    def watched() -> tuple[Path, ...]:
        return (*(one / "checkpoint" for one in shards(home.log_folder)), home.keys, home.trust)

    @contextlib.contextmanager
    def opened() -> Iterator[Trail]:
        trail.refresh()
        yield trail.trail()

    return Clearings(home.state, _Adopted(server), builds=ImageBuilds(opened, watched))


def _gate(server: Server, clearings: Clearings) -> ClusterGate:
    clusters = server.home.settings.clusters

    def in_force(cluster: str) -> Sequence[Glass]:
        with server.store.reading() as rows:
            return glasses_of(rows, cluster, clusters, at=server.clock())

    def tell(kind: str, fields: Mapping[str, Any], persons: Mapping[str, str | None]) -> None:
        server.outbox.tell(kind, fields, people=persons, at=server.entrance.at())

    return ClusterGate(
        clusters,
        clear=lambda asked: clearings.clear(asked, at=server.clock()),
        in_force=in_force,
        tell=tell,
        clock=server.clock,
        seconds=time.monotonic,
    )


class _Adopted:
    """Today's rules of systems, read again when another policy is adopted, or people or keys change.

    Whose signature on evidence counts: the people's, and the keys that the server knows (pipelines' among them).
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._kept: dict[str, tuple[object, Rules | None]] = {}

    def __call__(self, system: str) -> Rules | None:
        home, in_force = self._server.home, adopted(self._server, system)
        if not in_force:
            return None
        sha256 = in_force[0].sha256
        of = (sha256, identity_of(folder_of(home, system, sha256), home.trust, home.keys))
        before = self._kept.get(system)
        if before is not None and before[0] == of:
            return before[1]
        found = rules_of(self._server, system)
        if found is not None:
            known = frozenset(read_public_keys(home.keys).values())
            found = replace(found, measurers=found.measurers | known)
        self._kept[system] = (of, found)
        return found
