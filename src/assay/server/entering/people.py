"""``/people``: who may come in, added, changed and reset by an administrator; pipelines and platforms, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from litestar import Response, post
from litestar.params import FromPath, FromQuery

from assay.errors import InputError
from assay.server import two_persons
from assay.server.acting import PERSONAL, ROLES, Role
from assay.server.entering.forms import FORM, Once, Sent, listed, see, shown_once
from assay.server.entering.sign_in import ENROL
from assay.server.outbox import time_of
from assay.server.page import page
from assay.server.people import require_account, signs
from assay.server.serving import By, Here
from assay.server.store import accounts, pipelines

if TYPE_CHECKING:
    from assay.server.acting import Actor
    from assay.server.entrance import Entrance

PATH = "/people"
_MANAGE = {"act": "people.manage"}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A person.

    Attributes:
        name: the account's name.
        roles: what they may do.
        titles: roles that policies name.
        systems: the systems they have to do with; none: all.
        disabled: whether they cannot come in.
        came_in: whether they have a password, or a provider vouches for them.
        key: ``none`` for who signs nothing, ``ready``, or ``waits`` for a second person.
        created_by: who made the account.
        created_at: when.
    """

    name: str
    roles: tuple[str, ...]
    titles: tuple[str, ...]
    systems: tuple[str, ...] | None
    disabled: bool
    came_in: bool
    key: str
    created_by: str
    created_at: str


class ListedPipeline(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline.

    Attributes:
        name: its name.
        systems: the systems that it writes for.
        keys: how many public keys of it count.
        has_secret: whether it has a client secret.
        disabled: whether it may deliver nothing.
        created_by: who registered it.
        created_at: when.
    """

    name: str
    systems: tuple[str, ...]
    keys: int
    has_secret: bool
    disabled: bool
    created_by: str
    created_at: str


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """A platform that sends a secret of its own.

    Attributes:
        kind: ``admission`` or ``mlflow``.
        name: the cluster or the registry.
        created_by: who made the secret.
        created_at: when.
    """

    kind: str
    name: str
    created_by: str
    created_at: str


LIMIT = 50
"""So many people, and so many pipelines, stand on one page."""


class PeoplePage(msgspec.Struct, frozen=True, kw_only=True):
    """Who may come in.

    Attributes:
        q: the part of a name that was searched for.
        people: people, a page of them.
        total: how many there are on all pages.
        pipelines: pipelines, the first of them.
        more_pipelines: how many more there are.
        platforms: platforms.
        roles: the roles that people can have.
    """

    q: str
    total: int
    offset: int
    limit: int
    people: tuple[Listed, ...]
    pipelines: tuple[ListedPipeline, ...]
    more_pipelines: int
    platforms: tuple[Platform, ...]
    roles: tuple[str, ...] = PERSONAL


class PersonForm(msgspec.Struct, frozen=True, kw_only=True):
    """A person to add, or to change."""

    roles: str | list[str] = ""
    name: str = ""
    titles: str = ""
    systems: str = ""
    csrf: str = ""


class PipelineForm(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline to register, or to change."""

    systems: str
    name: str = ""
    public_keys: str = ""
    csrf: str = ""


class PlatformForm(msgspec.Struct, frozen=True, kw_only=True):
    """A platform that gets a secret."""

    kind: str
    name: str
    csrf: str = ""


@page(PATH, template="people.html", act="people.read", noted="people")
def people(
    server: Here,
    actor: By,  # noqa: ARG001 - the frame shows the page to who asks
    q: FromQuery[str] = "",
    offset: FromQuery[int] = 0,
) -> PeoplePage:
    """List who may come in."""
    entrance, text, start = server.entrance, q.strip().lower(), max(offset, 0)
    with entrance.store.reading() as rows:
        named = [one for one in accounts.every(rows) if text in one.name.lower()]
        known = [(one, bool(accounts.identities_of(rows, one.name))) for one in named[start : start + LIMIT]]
        found = [one for one in pipelines.every(rows) if text in one.name.lower()]
        registered, platforms = found[:LIMIT], pipelines.webhooks(rows)
    return PeoplePage(
        q=q.strip(), total=len(named), offset=start, limit=LIMIT, more_pipelines=max(len(found) - LIMIT, 0),
        people=tuple(_listed(entrance, one, vouched) for one, vouched in known),
        pipelines=tuple(
            ListedPipeline(
                name=one.name, systems=one.systems, keys=len(one.public_keys), has_secret=one.has_secret,
                disabled=one.disabled, created_by=one.created_by, created_at=time_of(one.created_at),
            )
            for one in registered
        ),
        platforms=tuple(
            Platform(kind=kind, name=name, created_by=by, created_at=time_of(at)) for kind, name, by, at in platforms
        ),
    )  # fmt: skip


@post(PATH, opt=_MANAGE, sync_to_thread=True, status_code=200)
def add_person(server: Here, actor: By, data: Annotated[PersonForm, FORM]) -> Response[str]:
    """Add a person, and show once the code by which they come in."""
    entrance, at = server.entrance, server.entrance.at()
    made = accounts.Account(
        name=data.name.strip(), roles=_roles(data.roles), titles=listed(data.titles),
        systems=listed(data.systems) or None, created_by=actor.name, created_at=at, changed_at=at,
    )  # fmt: skip
    code = entrance.people.add(made, at=at)
    waits = _key_for(entrance, actor, made, at)
    return _code_page(entrance, actor, code, name=made.name, what="can come in for three days by", waits=waits)


@post(f"{PATH}/{{name:str}}", opt=_MANAGE, sync_to_thread=True)
def change_person(server: Here, actor: By, name: FromPath[str], data: Annotated[PersonForm, FORM]) -> Response[bytes]:
    """Change what a person may do."""
    entrance, at = server.entrance, server.entrance.at()
    with entrance.store.reading() as rows:
        before = require_account(rows, name)
    changed = msgspec.structs.replace(
        before, roles=_roles(data.roles), titles=listed(data.titles), systems=listed(data.systems) or None
    )
    entrance.people.change(changed, by=actor.name, at=at)
    _key_for(entrance, actor, changed, at)
    return see(PATH)


@post(f"{PATH}/{{name:str}}/disable", opt=_MANAGE, sync_to_thread=True)
def disable(server: Here, actor: By, name: FromPath[str], data: Annotated[Sent, FORM]) -> Response[bytes]:  # noqa: ARG001 - its token was looked at
    """Let a person in no more, or, who was shut out, again."""
    entrance = server.entrance
    with entrance.store.reading() as rows:
        before = require_account(rows, name)
    turned = msgspec.structs.replace(before, disabled=not before.disabled)
    entrance.people.change(turned, by=actor.name, at=entrance.at())
    return see(PATH)


@post(f"{PATH}/{{name:str}}/reset", opt=_MANAGE, sync_to_thread=True, status_code=200)
def reset(server: Here, actor: By, name: FromPath[str], data: Annotated[Sent, FORM]) -> Response[str]:  # noqa: ARG001 - as above
    """Take what a person signs in and signs by, and show once the code by which they begin anew."""
    entrance, at = server.entrance, server.entrance.at()
    code = entrance.people.reset(name, by=actor.name, at=at)
    with entrance.store.reading() as rows:
        account = require_account(rows, name)
    waits = _key_for(entrance, actor, account, at)
    return _code_page(entrance, actor, code, name=name, what="begins anew, within an hour, by", waits=waits)


@post(f"{PATH}/pipelines", opt=_MANAGE, sync_to_thread=True)
def register(server: Here, actor: By, data: Annotated[PipelineForm, FORM]) -> Response[bytes]:
    """Register a pipeline."""
    entrance, at = server.entrance, server.entrance.at()
    made = pipelines.Pipeline(
        name=data.name.strip(), systems=listed(data.systems), public_keys=_keys(data.public_keys),
        created_by=actor.name, created_at=at, changed_at=at,
    )  # fmt: skip
    entrance.people.register(made, at=at)
    return see(PATH)


@post(f"{PATH}/pipelines/{{name:str}}", opt=_MANAGE, sync_to_thread=True)
def change_pipeline(
    server: Here, actor: By, name: FromPath[str], data: Annotated[PipelineForm, FORM]
) -> Response[bytes]:
    """Change what a pipeline may do; without keys in the form, its keys stay."""
    entrance = server.entrance
    before = entrance.people.pipeline(name)
    changed = msgspec.structs.replace(
        before, systems=listed(data.systems), public_keys=_keys(data.public_keys) or before.public_keys
    )
    entrance.people.change_pipeline(changed, "permitted", by=actor.name, at=entrance.at())
    return see(PATH)


@post(f"{PATH}/pipelines/{{name:str}}/disable", opt=_MANAGE, sync_to_thread=True)
def disable_pipeline(server: Here, actor: By, name: FromPath[str], data: Annotated[Sent, FORM]) -> Response[bytes]:  # noqa: ARG001 - as above
    """Let a pipeline in no more, or again."""
    entrance = server.entrance
    before = entrance.people.pipeline(name)
    turned = msgspec.structs.replace(before, disabled=not before.disabled)
    change = "disabled" if turned.disabled else "enabled"
    entrance.people.change_pipeline(turned, change, by=actor.name, at=entrance.at())
    return see(PATH)


@post(f"{PATH}/pipelines/{{name:str}}/secret", opt=_MANAGE, sync_to_thread=True, status_code=200)
def make_secret(server: Here, actor: By, name: FromPath[str], data: Annotated[Sent, FORM]) -> Response[str]:  # noqa: ARG001 - as above
    """Make a pipeline's secret, and show it once; the one before ends."""
    entrance = server.entrance
    secret = entrance.people.make_secret(name, by=actor.name, at=entrance.at())
    once = Once(
        title=f"The secret of {name}",
        words="Keep it where the pipeline's secrets are. It is shown once; the one before has ended. The pipeline "
        "exchanges it for a token: POST /api/v1/tokens",
        secret=secret,
        back=PATH,
    )
    return shown_once(actor, once, path=PATH)


@post(f"{PATH}/platforms", opt=_MANAGE, sync_to_thread=True, status_code=200)
def make_platform(server: Here, actor: By, data: Annotated[PlatformForm, FORM]) -> Response[str]:
    """Make a platform's secret, and show it once; the one before ends."""
    entrance = server.entrance
    name = data.name.strip()
    if data.kind not in {"admission", "mlflow"} or not name.replace("-", "").isalnum() or not name.isascii():
        raise InputError("expected admission or mlflow, and a name of letters, digits and hyphens, found another")
    with entrance.store.writing() as rows:
        secret = entrance.make_webhook(rows, data.kind, name, by=actor.name, at=entrance.at())
    once = Once(
        title=f"The secret of {name}",
        words="Give it to the platform. It is shown once; the one before has ended.",
        secret=secret,
        back=PATH,
    )
    return shown_once(actor, once, path=PATH)


def _listed(entrance: Entrance, one: accounts.Account, vouched: bool) -> Listed:
    key = "none" if not signs(one) else "ready" if entrance.people.has_key(one.name) else "waits"
    return Listed(
        name=one.name, roles=one.roles, titles=one.titles, systems=one.systems, disabled=one.disabled,
        came_in=one.has_password or vouched, key=key, created_by=one.created_by, created_at=time_of(one.created_at),
    )  # fmt: skip


def _key_for(entrance: Entrance, actor: Actor, account: accounts.Account, at: int) -> str | None:
    """Make the key of somebody who signs, or ask for a second person where there is one; return that request's id."""
    if not signs(account) or entrance.people.has_key(account.name):
        return None
    with entrance.store.writing() as rows:
        if two_persons.others_who_decide(rows, actor.name, account.name):
            asked = two_persons.open_request(
                rows, entrance.outbox, actor, what="key-rotation", about={"person": account.name},
                reason=f"{account.name} is to sign as {', '.join(account.roles)}", at=at,
            )  # fmt: skip
            return asked.id
    entrance.people.make_key(account.name, by=actor.name, at=at)
    return None


def _code_page(
    entrance: Entrance, actor: Actor, code: str, *, name: str, what: str, waits: str | None
) -> Response[str]:
    key = "" if waits is None else " Their key waits for a second person (Requests)."
    once = Once(
        title=f"{name} {what} this link",
        words=f"Give it to {name} and nobody else. It works once and is shown once.{key}",
        secret=code,
        link=f"{entrance.site.origin}{ENROL}#{code}",
        back=PATH,
    )
    return shown_once(actor, once, path=PATH)


def _roles(field: str | list[str]) -> tuple[Role, ...]:
    given = listed(field)
    unknown = [one for one in given if one not in ROLES]
    if unknown:
        raise InputError(f"expected roles among {', '.join(PERSONAL)}, found {unknown[0]!r:.80}")
    return tuple(role for role in ROLES if role in given)


def _keys(text: str) -> tuple[str, ...]:
    """Return the public keys of a field: PEM, one after the other."""
    end = "-----END PUBLIC KEY-----"
    return tuple(f"{part.strip()}\n{end}\n" for part in text.split(end) if part.strip())


ROUTES: tuple[Any, ...] = (
    people, register, change_pipeline, disable_pipeline, make_secret, make_platform, add_person, change_person,
    disable, reset,
)  # fmt: skip
