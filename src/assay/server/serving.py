"""What every request can ask of the server that runs: its folder, and who somebody is."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeAlias

from litestar.di import NamedDependency

from assay.errors import StorageError
from assay.lifecycle.setting import now
from assay.server.acting import NOBODY, Actor
from assay.server.ailing import Health
from assay.server.inside import Inside

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar.connection import ASGIConnection

    from assay.server.entrance import Entrance
    from assay.server.home import Home
    from assay.server.outbox import Outbox
    from assay.server.store import Store

    Identify: TypeAlias = Callable[[ASGIConnection[Any, Any, Any, Any]], Actor]
    Clock: TypeAlias = Callable[[], str]


_LONGEST = 256
"""Letters of an address that an event has room for."""


def nobody(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:  # noqa: ARG001 - as every way of telling
    """Know nobody."""
    return NOBODY


def _nothing() -> None:
    """Have nothing carried out: nobody has started what does it."""


class Server:
    """A server that runs. No dataclass: the framework would look into one.

    Attributes:
        home: its folder and settings.
        identify: tells who sends a request, by its session's cookie or its token: nobody where nothing shows it; raises
            NotSignedInError for a token that does not hold, StorageError when the database does not answer.
        clock: the time, RFC 3339 in UTC.
        note: takes down who has read what (actor, what, which), before the answer goes out; by default in the log.
        inside: what its folder holds, for pages.
        health: what does not answer just now.
        carrying: held by who carries out what two persons have agreed to.
        soon: has what two persons have agreed to carried out; set by who starts the server.
        ready: set once all was read that is read at the start (`assay.server.warming`).
        closing: what is to be called when it ends, while the store is still open; the last first.
    """

    def __init__(
        self,
        home: Home,
        *,
        entrance: Entrance | None = None,
        identify: Identify = nobody,
        note: Callable[[Actor, str, str], None] | None = None,
        clock: Clock = now,
    ) -> None:
        self.home, self.clock = home, clock
        self.inside = Inside(home)
        self.ready = threading.Event()
        self.closing: list[Callable[[], None]] = []
        self._entrance = entrance
        self.carrying = threading.Lock()
        self.soon: Callable[[], None] = _nothing
        self.note = self._note if note is None else note
        self.identify = identify if entrance is None else entrance.identify
        self.health = None if entrance is None else Health(entrance.store)

    @property
    def entrance(self) -> Entrance:
        """Who may come in: accounts, sessions, tokens.

        Raises:
            StorageError: of a server without people.
        """
        if self._entrance is None:
            raise StorageError("expected a server with people, found one that was started without a store")
        return self._entrance

    @property
    def store(self) -> Store:
        """What is kept beside the log (errors as `entrance`)."""
        return self.entrance.store

    @property
    def outbox(self) -> Outbox:
        """Events that wait for the log (errors as `entrance`)."""
        return self.entrance.outbox

    def _note(self, actor: Actor, what: str, which: str) -> None:
        """Have it recorded who has read what.

        Args:
            actor: who.
            what: what kind of thing.
            which: the path of its address.

        Raises:
            StorageError: when neither the database nor the log takes it: then it is not to be read.
        """
        if self._entrance is None:
            return
        person, pipeline = (actor.name if actor.kind == kind else None for kind in ("person", "pipeline"))
        fields = {"what": what, "which": which[:_LONGEST], "pipeline": pipeline}
        self._entrance.outbox.tell("record.read", fields, people={"by": person}, at=self._entrance.at())

    def close(self) -> None:
        """End what was begun for it."""
        while self.closing:
            self.closing.pop()()


Here: TypeAlias = NamedDependency[Server]
"""A route handler's ``server``."""

By: TypeAlias = NamedDependency[Actor]
"""A route handler's ``actor``: who asks."""
