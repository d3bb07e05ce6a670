"""Erasing a person, or another value, from a server's whole folder: files, log's ledger, projections and tables.

The files go as a project's do (`assay.lifecycle.erasing`): recorded in the log first, under the request's id, by the
server's own key, which its trust file names as one that may erase; the log says who the two persons were. The tables
go last, in the transaction that says that it is done: until then they tell what was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.adapters.folder_reader import FolderReader
from assay.lifecycle.asking import entry_with_proof
from assay.lifecycle.erasing import Begun, Erased, Request, erase
from assay.lifecycle.keyring import DEFAULT, Keyring
from assay.lifecycle.log_shards import shards
from assay.lifecycle.received import Kept
from assay.lifecycle.recording import one_recorder, record
from assay.server import two_persons
from assay.server.erasures_told import erase_as_told
from assay.server.store import FILE
from assay.server.store.erasing import erase_name
from assay.trail.searching import Search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.lifecycle.recording import Recorded
    from assay.server.serving import Server
    from assay.server.store import two_person
    from assay.trail.events import Event

GROUND = "request"
"""The ground of an erasure whose request names none: that the person asked for it."""

_SHOWN = 20


def erase_here(server: Server, asked: two_person.Request) -> None:
    """Carry out an erasure that two persons have agreed to; interrupted, it is done to its end by doing it again.

    Raises:
        InputError: when nothing here holds the value.
        StorageError: when log, disk or database refuse.
    """
    if "erasure" in asked.about:
        _erase_as_told(server, asked)
        return
    entrance, value = server.entrance, asked.about["person"]
    search = Search(value)
    entrance.people.require_dispensable(value)
    entrance.outbox.flush()  # what waits for the log names people by name
    signer = Keyring(server.home.keys).signer(DEFAULT)
    entrance.people.write_trust()  # names the server's key as one that may erase
    server.inside.standing.refresh()
    begun = _begun(server, f"x_{asked.id.removeprefix('q_')}")
    request = Request(search, asked.about.get("ground", GROUND), asked.reason, signer)
    done = erase(
        server.home,
        request,
        record=lambda events: _record(server, events),
        prove=lambda index: entry_with_proof(map(FolderReader.open, shards(server.home.log_folder)), index),
        begun=begun,
    )
    server.inside.standing.refresh()
    server.inside.standing.look_again()
    entrance.outbox.forget(value)
    at = entrance.at()
    with entrance.store.writing() as rows:
        changed = erase_name(rows, search, done.plan.code)
        two_persons.finish(rows, entrance.outbox, asked.id, state="done", outcome=_words(server, done, changed), at=at)
    entrance.people.write_trust()
    entrance.store.compact()


def _erase_as_told(server: Server, asked: two_person.Request) -> None:
    """Erase what a project has erased and told of."""
    entrance = server.entrance
    entrance.outbox.flush()
    Keyring(server.home.keys).signer(DEFAULT)
    entrance.people.write_trust()
    outcome = erase_as_told(server, asked, Kept(server.home.state), lambda events: _record(server, events))
    with entrance.store.writing() as rows:
        two_persons.finish(rows, entrance.outbox, asked.id, state="done", outcome=outcome, at=entrance.at())


def _begun(server: Server, identity: str) -> Begun:
    """Return what the log holds of an erasure already."""
    trail, events = server.inside.standing.trail(), dict[int, Any]()
    while (read := trail.with_id(f"{identity}-{len(events) + 1}")) is not None and read.event is not None:
        events[read.index] = read.event.fields
    return Begun(identity, events)


def _record(server: Server, events: Sequence[Event]) -> list[Recorded]:
    """Append events that the log does not hold yet, by their ids."""
    standing = server.inside.standing
    with one_recorder(server.home.state):
        standing.refresh()
        trail = standing.trail()
        new = [one for one in events if trail.with_id(one.id) is None]
        return record(new, server.home.log, Keyring(server.home.keys).signer(DEFAULT), trail)


def _words(server: Server, done: Erased, changed: int) -> str:
    """Say what was done, and what holds the value still."""
    root = server.home.root
    said = (
        f"Erasure {done.id}: {len(done.plan.steps)} files and {changed} rows of the database were rewritten or "
        f"removed; {done.plan.code} stands where it stood. The log says so in entries "
        f"{', '.join(map(str, done.entries))}."
    )
    left = [hit.path.relative_to(root).as_posix() for hit in done.found.hits if not hit.path.name.startswith(FILE)]
    left += [path.relative_to(root).as_posix() for path in done.copies]
    if left:
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        said += f" It stands still in {', '.join(left[:_SHOWN])}{more}: files that people write are theirs to edit."
    return (
        said
        + " A backup holds it still: its files, restored, are erased again when the server starts; of its database, "
        "ask again."
    )
