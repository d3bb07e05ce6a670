"""What would a change of the policy have blocked? History decided again, page by page, each within a bounded time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from litestar import Response, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from msgspec import structs

from assay.errors import AssayError, DocumentError, InputError
from assay.lifecycle.consenting import consent_files, read_consents
from assay.policy import parse_policy
from assay.policy.replay import replay
from assay.records.tally import Frozen
from assay.server.page import HTML_TYPE, page, render
from assay.server.pages.changes import Changed
from assay.server.pages.policies import changed, require_system
from assay.server.permits import require
from assay.server.serving import By, Here
from assay.server.today import ENTRY, folder_of, kept_policy
from assay.trail.standing_table import MAX_LIMIT, Wanted, standings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.policy import Policy
    from assay.server.acting import Actor
    from assay.server.inside import Held
    from assay.server.serving import Server
    from assay.trail.standing_table import Standing

SECONDS = 5.0
"""So long history is decided again at a time; what was not reached is told, and the next page goes on with it."""

CANDIDATE = "candidate.yaml"
_PATH = "/policies/{system}/replay"


class ReplayedRow(Frozen, kw_only=True):
    """A version: what was decided, and what would be.

    Attributes:
        because: findings whose status differs: (finding, then, would be).
    """

    model: str
    version: str
    decided_at: str
    then: str
    would_be: str
    because: tuple[tuple[str, str, str], ...]


class ReplayPage(Frozen, kw_only=True):
    """What a change of the policy would have done.

    Attributes:
        content: the candidate, as it was given; at first the policy in force.
        problems: what is wrong with it.
        asked: whether history was decided again.
        changed: what it changes against the policy in force.
        rows: the versions whose decision would be another one.
        looked: how many versions were decided again.
        offset: how many the pages before this one have passed.
        further: how many have been passed with it; the next page begins there.
        total: how many there are.
        broken: versions that cannot be decided again, and why.
    """

    system: str
    content: str
    problems: tuple[str, ...] = ()
    asked: bool = False
    changed: tuple[Changed, ...] = ()
    rows: tuple[ReplayedRow, ...] = ()
    looked: int = 0
    offset: int = 0
    further: int = 0
    total: int = 0
    broken: tuple[str, ...] = ()


class Try(Frozen, kw_only=True):
    """The form: a policy to try, and from where in history on."""

    content: str
    offset: int = 0
    csrf: str = ""


@page(_PATH.replace("{system}", "{system:str}"), template="replay.html", act="policy.try")
def replay_form(server: Here, actor: By, system: FromPath[str]) -> ReplayPage:
    """Show the policy in force, to be changed and tried."""
    history = require_system(server, actor, system)
    if not history:
        return ReplayPage(system=system, content="")
    entry = folder_of(server.home, system, history[0].sha256) / ENTRY
    path = entry.parent / entry.read_text("utf-8") if entry.is_file() else None
    return ReplayPage(system=system, content=path.read_text("utf-8") if path and path.is_file() else "")


@post(_PATH.replace("{system}", "{system:str}"), opt={"act": "policy.try"}, sync_to_thread=True, status_code=200)
def try_policy(
    server: Here,
    actor: By,
    system: FromPath[str],
    data: Annotated[Try, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[str]:
    """Decide history again under a policy that nobody adopts by that."""
    require(actor, "policy.try", system=system)
    record = _tried(server, actor, system, data.content, max(data.offset, 0))
    return Response(render("replay.html", actor, page=record, path=_PATH), media_type=HTML_TYPE)


def _tried(server: Server, actor: Actor, system: str, content: str, offset: int) -> ReplayPage:
    history = require_system(server, actor, system)
    folder = folder_of(server.home, system, history[0].sha256) if history else None
    now = kept_policy(server.home, system, history[0].sha256) if history else None

    def read(name: str) -> bytes:
        if name == CANDIDATE:
            return content.encode()
        path = None if folder is None else folder / name
        if path is None or "/" in name or not path.is_file():
            raise InputError(
                f"expected a policy that is in force or ready, found {name!r}: paste one that stands alone"
            )
        return path.read_bytes()

    try:
        candidate = parse_policy(CANDIDATE, read)
    except DocumentError as error:
        return ReplayPage(system=system, content=content, problems=tuple(map(str, error.problems)))
    except AssayError as error:
        return ReplayPage(system=system, content=content, problems=(str(error),))
    found = _decided(server, actor, system, candidate, offset)
    return structs.replace(found, content=content, changed=changed(now, candidate))


def _decided(server: Server, actor: Actor, system: str, candidate: Policy, offset: int) -> ReplayPage:
    """Decide history again from some place on, until it ends or the time is up; one version at least."""
    rows: list[ReplayedRow] = []
    broken: list[str] = []
    looked, further, until = 0, offset, time.monotonic() + SECONDS
    history = _History(server, system)
    for one in history.since(offset):
        if further > offset and time.monotonic() > until:
            break
        further += 1
        if one.version is None or one.decision is None or not server.inside.sees(actor, one.model):
            continue
        try:
            held = server.inside.release(actor, one.model, one.version)
            row = None if held.verdict is None else _again(server, held, candidate)
        except AssayError as error:
            broken.append(f"{one.model} {one.version}: {error}")
            continue
        looked += held.verdict is not None
        rows += [row] if row is not None and row.then != row.would_be else []
    return ReplayPage(
        system=system, content="", asked=True, rows=tuple(rows), looked=looked, offset=offset, further=further,
        total=history.total, broken=tuple(broken),
    )  # fmt: skip


class _History:
    """The versions of a system, the last decided first."""

    def __init__(self, server: Server, system: str) -> None:
        self._view, self._today = server.inside.view(), server.clock()[:10]
        self._wanted = Wanted(models=server.inside.models_in(system))
        self.total = 0

    def since(self, offset: int) -> Iterator[Standing]:
        while True:
            found = standings(
                self._view.connection, self._wanted, today=self._today, order="-decided", limit=MAX_LIMIT, offset=offset
            )
            self.total = found.total
            yield from found.rows
            offset += len(found.rows)
            if not found.rows or offset >= found.total:
                return


def _again(server: Server, held: Held, candidate: Policy) -> ReplayedRow | None:
    if held.verdict is None:
        return None
    trust, _ = server.inside.trust()
    evidence = held.evidence
    keys = {one.key.key_id for one in trust.people if one.name == held.author} | {evidence.measured_by.key}
    consents = read_consents(consent_files([held.folder / "consents"]), trust)
    found = replay(candidate, evidence, held.verdict, consents=consents, author_keys=keys)
    return ReplayedRow(
        model=held.verdict.model, version=held.verdict.version, decided_at=held.verdict.decided_at,
        then=found.then.decision, would_be=found.now.decision, because=found.differs,
    )  # fmt: skip


ROUTES = [*replay_form, try_policy]
