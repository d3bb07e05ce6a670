"""What would a change of the policy have blocked? History decided again, within a bounded time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from litestar import Response, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath

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
from assay.trail.standing_table import Wanted, standings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.policy import Policy
    from assay.server.acting import Actor
    from assay.server.inside import Held
    from assay.server.serving import Server

SECONDS = 5.0
"""So long history is decided again, the newest first; what was not reached is told."""

MOST = 500
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
        left: how many were not reached.
        broken: versions that cannot be decided again, and why.
    """

    system: str
    content: str
    problems: tuple[str, ...] = ()
    asked: bool = False
    changed: tuple[Changed, ...] = ()
    rows: tuple[ReplayedRow, ...] = ()
    looked: int = 0
    left: int = 0
    broken: tuple[str, ...] = ()


class Try(Frozen, kw_only=True):
    """The form: a policy to try."""

    content: str
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
    record = _tried(server, actor, system, data.content)
    return Response(render("replay.html", actor, page=record, path=_PATH), media_type=HTML_TYPE)


def _tried(server: Server, actor: Actor, system: str, content: str) -> ReplayPage:
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
    rows: list[ReplayedRow] = []
    broken: list[str] = []
    looked, left, until = 0, 0, time.monotonic() + SECONDS
    for model, version in _history(server, actor, system):
        if time.monotonic() > until:
            left += 1
            continue
        try:
            held = server.inside.release(actor, model, version)
            row = None if held.verdict is None else _again(server, held, candidate)
        except AssayError as error:
            broken.append(f"{model} {version}: {error}")
            continue
        looked += 1
        rows += [row] if row is not None and row.then != row.would_be else []
    return ReplayPage(
        system=system, content=content, asked=True, changed=changed(now, candidate), rows=tuple(rows), looked=looked,
        left=left, broken=tuple(broken),
    )  # fmt: skip


def _history(server: Server, actor: Actor, system: str) -> Iterator[tuple[str, str]]:
    """Yield the versions of a system that were decided on, the last first."""
    view, today = server.inside.view(), server.clock()[:10]
    models = server.inside.models_in(system)
    found = standings(view.connection, Wanted(models=models), today=today, order="-decided", limit=MOST).rows
    for one in found:
        if one.version is not None and one.decision is not None and server.inside.sees(actor, one.model):
            yield one.model, one.version


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
