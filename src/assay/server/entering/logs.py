"""``/people/logs``: by which keys projects' logs are known, who erases in projects, and what waits for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from litestar import Response, post

from assay.errors import NotThereError
from assay.server.deliveries import receiver_of
from assay.server.entering.forms import FORM, see
from assay.server.outbox import time_of
from assay.server.page import page
from assay.server.serving import By, Here
from assay.server.store import log_keys, officer_keys, pipelines
from assay.tlog.log_keys import LogKeys, parse_log_keys

if TYPE_CHECKING:
    from assay.lifecycle.received import KeptReach

PATH = "/people/logs"


class KeyLine(msgspec.Struct, frozen=True, kw_only=True):
    """A key, and the sizes of the checkpoints that it may sign."""

    key: str
    sizes: str


class LogShown(msgspec.Struct, frozen=True, kw_only=True):
    """A project's log.

    Attributes:
        origin: its name.
        system: the system that it is of; None while nothing of it was taken.
        keys: the keys that it is known by.
        waiting: keys that it has shown since, for which none of those vouches; empty where there are none.
        pipeline: who would have delivered under those.
        since: since when they wait.
    """

    origin: str
    system: str | None
    keys: tuple[KeyLine, ...]
    waiting: tuple[KeyLine, ...] = ()
    pipeline: str = ""
    since: str = ""


class OfficerShown(msgspec.Struct, frozen=True, kw_only=True):
    """A key of somebody who erases in a project.

    Attributes:
        pipeline: in whose deliveries their erasures count, once it is accepted.
        key_id: the key's id, as `assay keys public` prints it.
        key: the public key, PEM.
        standing: ``waits``, ``accepted`` or ``refused``.
        by: who has said so; empty while it waits.
        since: since when.
    """

    pipeline: str
    key_id: str
    key: str
    standing: str
    by: str
    since: str


class LogsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The logs that are delivered here, by name, and the keys of those who erase in their projects, by pipeline."""

    logs: tuple[LogShown, ...]
    officers: tuple[OfficerShown, ...]


class AcceptForm(msgspec.Struct, frozen=True, kw_only=True):
    """The log whose waiting keys are accepted."""

    origin: str
    csrf: str = ""


class OfficerForm(msgspec.Struct, frozen=True, kw_only=True):
    """A key of somebody who erases in a project, and whether it is accepted."""

    pipeline: str
    key_id: str
    standing: Literal["accepted", "refused"]
    csrf: str = ""


@page(PATH, template="logs.html", act="people.read", noted="logs")
def logs(server: Here, actor: By) -> LogsPage:
    """List the logs that are delivered here with their keys; of other systems than theirs, people see none."""
    with server.entrance.store.reading() as rows:
        waiting = {one.origin: one for one in log_keys.every(rows) if one.standing == "waits"}
        writes = {one.name: one.systems for one in pipelines.every(rows)}
        officers = officer_keys.every(rows)
    known = {one.origin: one for one in receiver_of(server).kept.reaches()}
    found = (_shown(one, known.get(one), waiting.get(one)) for one in sorted({*known, *waiting}))
    return LogsPage(
        logs=tuple(one for one in found if actor.systems is None or one.system in actor.systems),
        officers=tuple(
            _officer(one)
            for one in officers
            if actor.systems is None or set(actor.systems) & set(writes.get(one.pipeline, ()))
        ),
    )


@post(f"{PATH}/accept", opt={"act": "people.manage"}, sync_to_thread=True)
def accept(server: Here, actor: By, data: Annotated[AcceptForm, FORM]) -> Response[bytes]:
    """Accept the keys that a log has shown: what it signs by them is taken from now on."""
    entrance, at = server.entrance, server.entrance.at()
    with entrance.store.writing() as rows:
        found = next(
            (one for one in log_keys.every(rows) if (one.origin, one.standing) == (data.origin, "waits")), None
        )
        if found is None:
            raise NotThereError(f"expected keys of {data.origin:.80} that wait, found none")
        log_keys.put(rows, msgspec.structs.replace(found, standing="accepted", by=actor.name, at=at))
        log_keys.drop(rows, data.origin, "waits")
        said = {"pipeline": found.pipeline, "change": "log-keys-accepted"}
        entrance.outbox.say(rows, "pipeline.changed", said, people={"by": actor.name}, at=at)
    return see(PATH)


@post(f"{PATH}/officers", opt={"act": "people.manage"}, sync_to_thread=True)
def say_of_officer(server: Here, actor: By, data: Annotated[OfficerForm, FORM]) -> Response[bytes]:
    """Accept a key of somebody who erases in a project, or refuse it: also one that was accepted before."""
    entrance, at = server.entrance, server.entrance.at()
    with entrance.store.writing() as rows:
        named = (data.pipeline, data.key_id)
        found = next((one for one in officer_keys.every(rows) if (one.pipeline, one.key_id) == named), None)
        if found is None:
            raise NotThereError(f"expected a key that {data.pipeline:.80} has shown, found none of this id")
        officer_keys.put(rows, msgspec.structs.replace(found, standing=data.standing, by=actor.name, at=at))
        said = {"pipeline": found.pipeline, "change": f"officer-{data.standing}", "key_sha256": found.key_id}
        entrance.outbox.say(rows, "pipeline.changed", said, people={"by": actor.name}, at=at)
    return see(PATH)


def _officer(one: officer_keys.Officer) -> OfficerShown:
    return OfficerShown(
        pipeline=one.pipeline, key_id=one.key_id, key=one.key, standing=one.standing, by=one.by or "",
        since=time_of(one.at),
    )  # fmt: skip


def _shown(origin: str, known: KeptReach | None, waits: log_keys.Shown | None) -> LogShown:
    return LogShown(
        origin=origin,
        system=None if known is None else known.system,
        keys=() if known is None else _lines(known.known_by),
        waiting=() if waits is None else _lines(parse_log_keys(waits.keys.encode())),
        pipeline="" if waits is None else waits.pipeline,
        since="" if waits is None else time_of(waits.at),
    )


def _lines(keys: LogKeys) -> tuple[KeyLine, ...]:
    return tuple(KeyLine(key=str(one.key), sizes=one.words()) for one in keys.ranges)


ROUTES: tuple[Any, ...] = (logs, accept, say_of_officer)
