"""A server to look at: the demonstration's project delivered to it, and its people to sign in as.

Everything goes the way that it goes for everybody: people are invited and set a password, a pipeline is registered
and delivers, a person adopts the policy, the server decides by itself. What the project's own people had consented to
is evidence here; version 2 waits for the people of this server.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from assay.adapters.here import project_at
from assay.adapters.server_push import readers_of
from assay.demo.cast import AUTHOR, RISK_OWNER, VALIDATOR
from assay.demo.cast import ROLES as TITLES
from assay.demo.story import tell
from assay.demo.telling import Teller
from assay.errors import InputError
from assay.lifecycle.delivering import deliver_project
from assay.lifecycle.keyring import read_public_keys
from assay.lifecycle.receiving import AtHand
from assay.server.acting import ROLES
from assay.server.deliveries import pipeline_of, receiver_of
from assay.server.pages.candidates import candidates, decide_waiting
from assay.server.people import FIRST
from assay.server.store import accounts, pipelines
from assay.server.today import put_in_force

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.server.acting import Role
    from assay.server.serving import Server

PROJECT, PIPELINE = "demo-project", "demo-pipeline"
AUDITOR = "ida"

PEOPLE: dict[str, tuple[Role, ...]] = {
    AUTHOR: ("developer", "validator"),
    VALIDATOR: ("validator",),
    RISK_OWNER: ("approver",),
    AUDITOR: ("auditor",),
}
"""The people and what they may do. The author is a validator of other people's work, and cannot judge their own."""

_PASSWORD_BYTES = 12


def demonstrate(server: Server, say: Callable[[str], None]) -> None:
    """Fill a new server, and tell the terminal, once, how to sign in; a server that is filled is left as it is.

    Args:
        server: one that nobody has come in to.
        say: tells a person something, on the terminal and nowhere else.

    Raises:
        InputError: for a server with other people.
    """
    at = server.entrance.at()
    with server.store.reading() as rows:
        known = {one.name for one in accounts.every(rows)}
    if AUDITOR in known:
        return
    if known - {FIRST}:
        raise InputError("--demo: expected a new server, found one with people. Name another folder")
    say("The demonstration is made and delivered; that takes some seconds.")
    passwords = _people(server, at)
    system = _deliver(server, at)
    _adopt(server, system, at)
    say("Sign in as one of these; each password is told this once:")
    for name, password in passwords.items():
        roles = "administrator" if name == FIRST else ", ".join(PEOPLE[name])
        say(f"  {name:14} {password:18} {roles}")


def _people(server: Server, at: int) -> dict[str, str]:
    """Let the people come in, and return their passwords."""
    people = server.entrance.people
    first = people.first(at=at)
    if first is None:
        raise InputError("--demo: expected a new server, found one with an administrator. Name another folder")
    codes = {FIRST: first}
    for name, roles in PEOPLE.items():
        titles = tuple(one for one in TITLES.get(name, ()) if one not in ROLES)
        account = accounts.Account(
            name=name, roles=roles, titles=titles, created_by=FIRST, created_at=at, changed_at=at
        )
        codes[name] = people.add(account, at=at)
    passwords = {name: secrets.token_urlsafe(_PASSWORD_BYTES) for name in codes}
    for name, code in codes.items():
        people.enrol(code, passwords[name], at=at)
        if name in (AUTHOR, VALIDATOR, RISK_OWNER):
            people.make_key(name, by=None, at=at)
    return passwords


def _deliver(server: Server, at: int) -> str:
    """Make the project, register its pipeline by the keys that sign in it, deliver it, and return its system."""
    folder = server.home.root / PROJECT
    tell(folder, Teller(lambda _line, _style: None))
    project = project_at(folder)
    keys = tuple(one.pem() for _, one in sorted(read_public_keys(project.keys).items()))
    registered = pipelines.Pipeline(
        name=PIPELINE, systems=(project.config.system,), public_keys=keys, created_by=FIRST, created_at=at,
        changed_at=at,
    )  # fmt: skip
    server.entrance.people.register(registered, at=at)
    actor = pipelines.Token(
        pipeline=PIPELINE, systems=registered.systems, how="secret", created_at=at, expires_at=at
    ).actor()
    deliver_project(
        project, readers_of(project), AtHand(receiver_of(server), pipeline_of(server, actor)), with_names=True
    )
    return project.config.system


def _adopt(server: Server, system: str, at: int) -> None:
    """Put the policy that came with the project in force, as the risk owner does on the page of policies."""
    found = candidates(server, system, but=set())[0]
    put_in_force(server, system, found.files, by=RISK_OWNER, at=at)
    decide_waiting(server, system)
