"""``/people/logs``: by which keys projects' logs are known, and what was said of the keys that projects have shown."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, post

from assay.errors import NotThereError
from assay.records.canonical import sha256_hex
from assay.server.deliveries import receiver_of
from assay.server.entering.forms import FORM, see
from assay.server.outbox import time_of
from assay.server.page import page
from assay.server.serving import By, Here
from assay.server.store import pipelines, project_keys
from assay.tlog.log_keys import LogKeys, parse_log_keys

PATH = "/people/logs"


class KeyLine(msgspec.Struct, frozen=True, kw_only=True):
    """A key; of a log, with the sizes of the checkpoints that it may sign."""

    key: str
    sizes: str


class LogShown(msgspec.Struct, frozen=True, kw_only=True):
    """A project's log.

    Attributes:
        origin: its name.
        system: the system that it is of.
        keys: the keys that it is known by.
    """

    origin: str
    system: str
    keys: tuple[KeyLine, ...]


class KeyShown(msgspec.Struct, frozen=True, kw_only=True):
    """A key that a project has shown, or the keys of its log.

    Attributes:
        pipeline: in whose deliveries it counts, once it is accepted.
        role: ``log-keys``, ``officer`` (who erases there) or ``attester``.
        title: the role in which the project lets somebody attest; empty for the others.
        name: the log's name, or the key's id, as `assay keys public` prints it.
        keys: the public key, PEM; of a log its keys by sizes.
        sha256: digest of them as they were shown, which names them in the form.
        standing: ``waits``, ``accepted`` or ``refused``.
        by: who has said so; empty while it waits.
        since: since when.
    """

    pipeline: str
    role: str
    title: str
    name: str
    keys: tuple[KeyLine, ...]
    sha256: str
    standing: str
    by: str
    since: str


class LogsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The logs that are delivered here, by name, and the keys that projects have shown, by what they are for."""

    logs: tuple[LogShown, ...]
    shown: tuple[KeyShown, ...]


class KeyForm(msgspec.Struct, frozen=True, kw_only=True):
    """A key that a project has shown, as it was shown, and whether it is accepted."""

    pipeline: str
    role: project_keys.Role
    name: str
    sha256: str
    standing: Literal["accepted", "refused"]
    title: str = ""
    csrf: str = ""


@page(PATH, template="logs.html", act="people.read", noted="logs")
def logs(server: Here, actor: By) -> LogsPage:
    """List the logs that are delivered here and the keys shown; of other systems than theirs, people see none."""
    with server.entrance.store.reading() as rows:
        writes = {one.name: one.systems for one in pipelines.every(rows)}
        shown = project_keys.every(rows)
    return LogsPage(
        logs=tuple(
            LogShown(origin=one.origin, system=one.system, keys=_lines(one.known_by))
            for one in sorted(receiver_of(server).kept.reaches(), key=lambda one: one.origin)
            if actor.systems is None or one.system in actor.systems
        ),
        shown=tuple(
            _shown(one)
            for one in shown
            if actor.systems is None or set(actor.systems) & set(writes.get(one.pipeline, ()))
        ),
    )


@post(f"{PATH}/keys", opt={"act": "people.manage"}, sync_to_thread=True)
def say_of_key(server: Here, actor: By, data: Annotated[KeyForm, FORM]) -> Response[bytes]:
    """Accept a key that a project has shown, or refuse it: also one that was accepted before."""
    entrance, at = server.entrance, server.entrance.at()
    whose = (data.pipeline, data.role, data.title, data.name)
    with entrance.store.writing() as rows:
        mine = [one for one in project_keys.every(rows, data.role) if one.whose == whose]
        found = next((one for one in mine if sha256_hex(one.key.encode()) == data.sha256), None)
        if found is None:
            raise NotThereError(f"expected a key that {data.pipeline:.80} has shown, found none such. Look again")
        project_keys.put(rows, msgspec.structs.replace(found, standing=data.standing, by=actor.name, at=at))
        said = {"pipeline": found.pipeline, "change": f"{found.role}-{data.standing}"}
        if found.role != "log-keys":
            said["key_sha256"] = found.name
        entrance.outbox.say(rows, "pipeline.changed", said, people={"by": actor.name}, at=at)
    return see(PATH)


def _shown(one: project_keys.ProjectKey) -> KeyShown:
    of_log = one.role == "log-keys"
    return KeyShown(
        pipeline=one.pipeline, role=one.role, title=one.title, name=one.name, sha256=sha256_hex(one.key.encode()),
        keys=_lines(parse_log_keys(one.key.encode())) if of_log else (KeyLine(key=one.key, sizes=""),),
        standing=one.standing, by=one.by or "", since=time_of(one.at),
    )  # fmt: skip


def _lines(keys: LogKeys) -> tuple[KeyLine, ...]:
    return tuple(KeyLine(key=str(one.key), sizes=one.words()) for one in keys.ranges)


ROUTES: tuple[Any, ...] = (logs, say_of_key)
