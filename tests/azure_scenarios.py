"""What Azure's version-level immutability must do: one function a rule, run against the fake and against the service.

The scenario list is that of Object Lock (`worm_scenarios`), as far as Azure has the thing: it has no delete markers (a
deleted current version becomes a previous one), no bypass for who is privileged (an *unlocked* policy is taken off
first), and no checksum that a write must bring.
"""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from assay.adapters.azure_container import BlobPolicy, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.adapters.azure_container import BlobVersion, Container

MINUTES = 10


@dataclass
class AzureStore:
    """A service under test.

    Attributes:
        locked: a container with version-level immutability.
        mutable: a container without.
        now: the service's clock.
    """

    locked: Container
    mutable: Container
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    stem: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def until(self, minutes: float = MINUTES) -> dt.datetime:
        return (self.now() + dt.timedelta(minutes=minutes)).replace(microsecond=0)

    def name(self) -> str:
        return f"{self.stem}/{next(self._numbers)}"

    def put(self, mode: str = "Locked", *, held: bool = False) -> BlobVersion:
        """Write a blob, and return its first version."""
        name = self.name()
        policy = BlobPolicy(mode, self.until()) if mode else None
        self.locked.put(name, b"first", policy=policy, held=held)
        return self.first(name)

    def first(self, name: str) -> BlobVersion:
        return min(self.locked.versions(name), key=lambda one: one.version)

    def refuses(self, codes: set[str], call: Callable[[], object]) -> None:
        with pytest.raises(RefusedError) as refusal:
            call()
        assert refusal.value.code in codes, refusal.value

    def refuses_removal(self, made: BlobVersion, codes: set[str]) -> None:
        """Say that a version that is no longer current cannot be removed."""
        if self.first(made.name).current:
            self.locked.delete(made.name)
        self.refuses(codes, lambda: self.locked.delete(made.name, made.version))
        assert self.locked.get(made.name, made.version)[0] == b"first"


BY_POLICY = {"BlobImmutableDueToPolicy"}
BY_HOLD = {"BlobImmutableDueToLegalHold"}


def retention_is_told(store: AzureStore) -> None:
    until = store.until()
    policy = store.put().policy
    assert policy is not None
    assert policy.mode == "Locked"
    assert abs(policy.until - until) < dt.timedelta(seconds=30)


def a_delete_is_refused(store: AzureStore) -> None:
    store.refuses_removal(store.put(), BY_POLICY)


def a_locked_policy_is_not_shortened(store: AzureStore) -> None:
    made = store.put()
    shorter = BlobPolicy("Locked", store.until(MINUTES / 2))
    store.refuses(BY_POLICY, lambda: store.locked.set_policy(made.name, made.version, shorter))
    assert store.first(made.name).policy == made.policy


def a_locked_policy_is_not_unlocked(store: AzureStore) -> None:
    made = store.put()
    weaker = BlobPolicy("Unlocked", store.until(2 * MINUTES))
    store.refuses(BY_POLICY, lambda: store.locked.set_policy(made.name, made.version, weaker))
    store.refuses(BY_POLICY, lambda: store.locked.delete_policy(made.name, made.version))
    assert store.first(made.name).policy == made.policy


def a_locked_policy_is_extended(store: AzureStore) -> None:
    made = store.put()
    later = BlobPolicy("Locked", store.until(2 * MINUTES))
    store.locked.set_policy(made.name, made.version, later)
    assert store.first(made.name).policy == later


def an_overwrite_keeps_the_old_version(store: AzureStore) -> None:
    made = store.put()
    store.locked.put(made.name, b"second")
    assert store.locked.get(made.name)[0] == b"second"
    assert store.locked.get(made.name, made.version)[0] == b"first"
    store.refuses(BY_POLICY, lambda: store.locked.delete(made.name, made.version))


def a_delete_without_a_version_hides_and_does_not_destroy(store: AzureStore) -> None:
    made = store.put()
    store.locked.delete(made.name)
    store.refuses({"BlobNotFound"}, lambda: store.locked.get(made.name))
    assert store.locked.get(made.name, made.version)[0] == b"first"
    assert [one.current for one in store.locked.versions(made.name)] == [False]


def a_legal_hold_holds_until_it_is_lifted(store: AzureStore) -> None:
    made = store.put(mode="", held=False)
    store.locked.set_hold(made.name, made.version, on=True)
    assert store.first(made.name).held
    store.refuses_removal(made, BY_HOLD)
    store.locked.set_hold(made.name, made.version, on=False)
    store.locked.delete(made.name, made.version)
    store.refuses({"BlobNotFound"}, lambda: store.locked.get(made.name, made.version))


def an_unlocked_policy_is_taken_off_first(store: AzureStore) -> None:
    made = store.put(mode="Unlocked")
    store.refuses_removal(made, BY_POLICY)
    store.locked.set_policy(made.name, made.version, BlobPolicy("Unlocked", store.until(MINUTES / 2)))
    store.locked.delete_policy(made.name, made.version)
    store.locked.delete(made.name, made.version)
    store.refuses({"BlobNotFound"}, lambda: store.locked.get(made.name, made.version))


def a_locked_container_creates_once(store: AzureStore) -> None:
    made = store.put()
    store.refuses({"BlobAlreadyExists"}, lambda: store.locked.put(made.name, b"again", only_new=True))


def a_mutable_container_creates_once_and_compares(store: AzureStore) -> None:
    name = store.name()
    store.mutable.put(name, b"old", only_new=True)
    old = store.mutable.get(name)[1]
    store.refuses({"BlobAlreadyExists"}, lambda: store.mutable.put(name, b"new", only_new=True))
    store.mutable.put(name, b"new", etag=old)
    store.refuses({"ConditionNotMet"}, lambda: store.mutable.put(name, b"newer", etag=old))
    assert store.mutable.get(name)[0] == b"new"
    assert list(store.mutable.names(name)) == [name]
    store.mutable.delete(name)
    store.refuses({"BlobNotFound"}, lambda: store.mutable.get(name))


CONDITIONS = (a_mutable_container_creates_once_and_compares,)
"""What an emulator without immutability keeps, too."""

SCENARIOS = (
    retention_is_told,
    a_delete_is_refused,
    a_locked_policy_is_not_shortened,
    a_locked_policy_is_not_unlocked,
    a_locked_policy_is_extended,
    an_overwrite_keeps_the_old_version,
    a_delete_without_a_version_hides_and_does_not_destroy,
    a_legal_hold_holds_until_it_is_lifted,
    an_unlocked_policy_is_taken_off_first,
    a_locked_container_creates_once,
    *CONDITIONS,
)
