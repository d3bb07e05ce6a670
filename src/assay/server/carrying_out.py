"""Carrying out what two persons have agreed to: once, to its end, whatever interrupts it.

A request is taken up first; then each step is one that may be done twice. What a crash leaves is done to its end when
the server starts again, under the request's own id: an erasure bears it, and another key of the log is made in the
place of the very key that the request names.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from assay.errors import AssayError, InputError, StorageError
from assay.server import two_persons
from assay.server.erasing_here import erase_here
from assay.server.log_key import replace_log_key
from assay.server.store import two_person

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assay.server.serving import Server

LOGGER = logging.getLogger("assay.server")

AGAIN_SECONDS = 60.0
"""So long after it could not be done it is tried again."""


def carry_out(server: Server, identity: str) -> None:
    """Carry out a request that was consented to, or was begun; who calls it twice has it done once.

    Raises:
        RefusedError: when it was not consented to, or too long ago.
        StorageError: when database, log or disk refuse; it is to be tried again then.
    """
    entrance = server.entrance
    with entrance.store.writing() as rows:
        request = two_persons.require_request(rows, identity)
        if request.state != "taken":
            by = request.decided_by or request.asked_by
            request = two_persons.take(
                rows, entrance.outbox, identity, what=request.what, about=request.about, by=by, at=entrance.at()
            )
    try:
        _WAYS[request.what](server, request)
    except StorageError as error:
        with entrance.store.writing() as rows:
            two_person.note(rows, identity, f"It is begun and not done yet: {error}")
        raise
    except AssayError as error:
        with entrance.store.writing() as rows:
            two_persons.finish(
                rows, entrance.outbox, identity, state="failed", outcome=str(error), at=entrance.at()
            )  # fmt: skip


def carry_out_all(server: Server) -> bool:
    """Carry out all that waits; return whether nothing of it waits any more."""
    with server.carrying:
        return _carry_out_all(server)


def _carry_out_all(server: Server) -> bool:
    entrance = server.entrance
    with entrance.store.reading() as rows:
        found = [one for one in two_person.to_carry_out(rows) if one.at(entrance.at()).state != "expired"]
    done = True
    for one in found:
        try:
            carry_out(server, one.id)
        except AssayError as error:
            LOGGER.warning("request %s: %s", one.id, error)  # kept, told on its page, and tried again
            done = False
    return done


def _another_key(server: Server, request: two_person.Request) -> None:
    entrance = server.entrance
    person, at = request.about["person"], entrance.at()
    entrance.people.make_key(person, by=request.asked_by, at=at, anew=True)
    with entrance.store.writing() as rows:
        two_persons.finish(
            rows, entrance.outbox, request.id, state="done", outcome=f"{person} signs by a new key from now on.", at=at
        )


def _another_log_key(server: Server, request: two_person.Request) -> None:
    outcome = replace_log_key(server.home, request.about, at=server.clock())
    entrance = server.entrance
    with entrance.store.writing() as rows:
        two_persons.finish(rows, entrance.outbox, request.id, state="done", outcome=outcome, at=entrance.at())


def _none(_server: Server, request: two_person.Request) -> None:
    raise InputError(f"expected something to be carried out, found {request.what}, which is used by who needs it")


_WAYS: Mapping[two_person.What, Callable[[Server, two_person.Request], None]] = {
    "erasure": erase_here,
    "key-rotation": _another_key,
    "log-key-rotation": _another_log_key,
    "break-glass": _none,
}


class Carrier:
    """A thread that carries out what two persons have agreed to, from its start until `stop`.

    Args:
        server: the server.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._woken = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="assay carrier", daemon=True)

    def start(self) -> None:
        """Begin: with what a crash interrupted."""
        self._woken.set()
        self._thread.start()

    def soon(self) -> None:
        """Look whether there is something to carry out."""
        self._woken.set()

    def stop(self) -> None:
        """End, when what is being carried out is done."""
        self._ending = True
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        done = True
        while True:
            self._woken.wait(None if done else AGAIN_SECONDS)
            self._woken.clear()
            if self._ending:
                return
            try:
                done = carry_out_all(self._server)
            except AssayError as error:
                LOGGER.warning("requests wait to be carried out: %s", error)
                done = False
