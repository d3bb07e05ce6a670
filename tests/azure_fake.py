"""A strict in-memory Azure container with version-level immutability: the rules as Microsoft documents them.

It answers as `assay.adapters.azure_container.Container`, with the clock in the test's hand. Rules: Microsoft Learn,
"Version-level write-once, read-many (WORM) policies for immutable blob data" and the Blob service REST API (Put Blob,
Delete Blob, Set Blob Immutability Policy, Set Blob Legal Hold). `azure_scenarios` is run against it and, if asked for,
against the service.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.adapters.azure_container import BlobPolicy, BlobVersion, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
MOST_DAYS = 146_000


@dataclass
class Clock:
    """The service's clock."""

    now: dt.datetime = NOW


@dataclass
class Stored:
    """One version of a blob."""

    version: str
    content: bytes
    policy: BlobPolicy | None = None
    held: bool = False


@dataclass
class Blob:
    """A blob: its versions, oldest first, and which is current."""

    versions: list[Stored] = field(default_factory=list)
    current: Stored | None = None


class AzureFake:
    """One container."""

    def __init__(self, name: str, *, versions: bool, clock: Clock | None = None, immutable: bool = False) -> None:
        self.name, self.clock = name, clock or Clock()
        self._versions, self._immutable = versions, immutable
        self.blobs: dict[str, Blob] = {}
        self.calls: list[str] = []
        self._numbers = itertools.count(1)

    def keeps_versions(self) -> bool:
        return self._versions

    def is_immutable(self) -> bool:
        return self._immutable

    def put(
        self,
        name: str,
        content: bytes,
        *,
        only_new: bool = False,
        etag: str | None = None,
        policy: BlobPolicy | None = None,
        held: bool = False,
    ) -> None:
        self.calls.append(f"put {name}")
        if (policy or held) and not self._versions:
            raise RefusedError("InvalidRequest", "version-level immutability is not enabled on the container")
        if policy is not None:
            self._check(policy)
        blob = self.blobs.get(name, Blob())
        if only_new and blob.current is not None:
            raise RefusedError("BlobAlreadyExists", f"409 {name}")
        if etag is not None and (blob.current is None or etag != blob.current.version):
            raise RefusedError("ConditionNotMet", f"412 {name}")
        stored = Stored(f"2026-01-01T00:00:00.{next(self._numbers):07d}Z", content, policy, held)
        if not self._versions:
            blob.versions.clear()
        blob.versions.append(stored)
        blob.current = stored
        self.blobs[name] = blob

    def get(self, name: str, version: str | None = None) -> tuple[bytes, str]:
        self.calls.append(f"get {name}")
        stored = self._stored(name, version)
        return stored.content, stored.version

    def versions(self, prefix: str) -> Iterator[BlobVersion]:
        for name, blob in sorted(self.blobs.items()):
            if name.startswith(prefix):
                for one in blob.versions:
                    yield BlobVersion(name, one.version, one is blob.current, one.policy, one.held)

    def names(self, prefix: str) -> Iterator[str]:
        yield from sorted(name for name, blob in self.blobs.items() if name.startswith(prefix) and blob.current)

    def delete(self, name: str, version: str | None = None) -> None:
        self.calls.append(f"delete {name}")
        stored, blob = self._stored(name, version), self.blobs[name]
        if version is None and self._versions:
            blob.current = None  # it becomes a previous version, and stays
            return
        if version is not None and stored is blob.current:
            raise RefusedError("OperationNotAllowedOnRootBlob", "the current version is removed without its version")
        self._check_removable(stored)
        blob.versions.remove(stored)
        blob.current = None if stored is blob.current else blob.current
        if not blob.versions:
            del self.blobs[name]

    def set_policy(self, name: str, version: str, policy: BlobPolicy) -> None:
        stored = self._lockable(name, version)
        self._check(policy)
        has = stored.policy
        locked = has is not None and has.mode == "Locked" and has.until > self.clock.now
        if locked and has is not None and (policy.mode != "Locked" or policy.until < has.until):
            raise RefusedError("BlobImmutableDueToPolicy", "a locked policy is only extended")
        stored.policy = policy

    def delete_policy(self, name: str, version: str) -> None:
        stored = self._lockable(name, version)
        if stored.policy is not None and stored.policy.mode == "Locked":
            raise RefusedError("BlobImmutableDueToPolicy", "a locked policy is not deleted")
        stored.policy = None

    def set_hold(self, name: str, version: str, *, on: bool) -> None:
        self._lockable(name, version).held = on

    def _stored(self, name: str, version: str | None) -> Stored:
        blob = self.blobs.get(name, Blob())
        if version is None:
            if blob.current is None:
                raise RefusedError("BlobNotFound", f"404 {name}")
            return blob.current
        for stored in blob.versions:
            if stored.version == version:
                return stored
        raise RefusedError("BlobNotFound", f"404 {name} {version}")

    def _lockable(self, name: str, version: str) -> Stored:
        if not self._versions:
            raise RefusedError("InvalidRequest", "version-level immutability is not enabled on the container")
        return self._stored(name, version)

    def _check(self, policy: BlobPolicy) -> None:
        if policy.mode not in {"Locked", "Unlocked"}:
            raise RefusedError("InvalidHeaderValue", f"mode {policy.mode}")
        if not self.clock.now < policy.until <= self.clock.now + dt.timedelta(days=MOST_DAYS):
            raise RefusedError("InvalidHeaderValue", "the expiry must be in the future, at most 146,000 days away")

    def _check_removable(self, stored: Stored) -> None:
        if stored.held:
            raise RefusedError("BlobImmutableDueToLegalHold", "409")
        if stored.policy is not None and stored.policy.until > self.clock.now:
            raise RefusedError("BlobImmutableDueToPolicy", "409")
