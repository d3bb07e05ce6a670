"""Accounts: people who may sign in, what they are permitted, and the one-time codes by which they first come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.records.tally import Frozen
from assay.server.acting import Actor, Role
from assay.server.store.lists import from_text, to_text

if TYPE_CHECKING:
    from assay.server.store import Row, Rows

_COLUMNS = "name, roles, titles, systems, disabled, password IS NOT NULL, created_by, created_at, changed_at"


class Account(Frozen, kw_only=True):
    """A person who may sign in. The password's hash is not part of it: it is asked for by `password_of` alone.

    Attributes:
        name: as in the trust file; it cannot change.
        roles: what the person may do at the server (`assay.server.permits`).
        titles: roles that policies name beside those, such as ``risk-owner``.
        systems: the systems it has to do with; None: all.
        disabled: whether it cannot sign in.
        has_password: whether a password was set.
        created_by: who made it.
        created_at: when.
        changed_at: when what it is permitted last changed.
    """

    name: str
    roles: tuple[Role, ...]
    titles: tuple[str, ...] = ()
    systems: tuple[str, ...] | None = None
    disabled: bool = False
    has_password: bool = False
    created_by: str
    created_at: int
    changed_at: int

    def actor(self, session: str | None = None) -> Actor:
        """Return the account as who asks."""
        return Actor(
            kind="person", name=self.name, roles=self.roles, titles=self.titles, systems=self.systems, session=session
        )


class Enrolment(Frozen, kw_only=True):
    """A one-time code that was given out; itself it is not kept.

    Attributes:
        account: whose.
        created_by: who gave it out; ``assay serve`` for the first administrator's.
        expires_at: when it ends.
        used_at: when it was used; None when it was not.
    """

    account: str
    created_by: str
    expires_at: int
    used_at: int | None = None


def every(rows: Rows) -> list[Account]:
    """Return all accounts by name."""
    return [_account(row) for row in rows.execute(f"SELECT {_COLUMNS} FROM account ORDER BY name")]


def find(rows: Rows, name: str) -> Account | None:
    """Return an account; None when there is none."""
    found = rows.execute(f"SELECT {_COLUMNS} FROM account WHERE name = ?", name)
    return _account(found[0]) if found else None


def add(rows: Rows, account: Account) -> None:
    """Add an account, without a password."""
    rows.execute(
        "INSERT INTO account (name, roles, titles, systems, disabled, created_by, created_at, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        account.name, *_permitted(account), account.created_by, account.created_at, account.changed_at,
    )  # fmt: skip


def change(rows: Rows, account: Account) -> None:
    """Keep what an account is permitted."""
    rows.execute(
        "UPDATE account SET roles = ?, titles = ?, systems = ?, disabled = ?, changed_at = ? WHERE name = ?",
        *_permitted(account), account.changed_at, account.name,
    )  # fmt: skip


def password_of(rows: Rows, name: str) -> str | None:
    """Return the hash of an account's password; None when there is no account, or no password."""
    found = rows.execute("SELECT password FROM account WHERE name = ?", name)
    return found[0][0] if found else None


def set_password(rows: Rows, name: str, digest: str | None) -> None:
    """Keep the hash of a password, or none."""
    rows.execute("UPDATE account SET password = ? WHERE name = ?", digest, name)


def give_code(rows: Rows, code_digest: str, enrolment: Enrolment) -> None:
    """Keep a one-time code by its digest; an account has one, so earlier ones end."""
    rows.execute("DELETE FROM enrolment WHERE account = ?", enrolment.account)
    rows.execute(
        "INSERT INTO enrolment (code, account, created_by, expires_at) VALUES (?, ?, ?, ?)",
        code_digest, enrolment.account, enrolment.created_by, enrolment.expires_at,
    )  # fmt: skip


def find_code(rows: Rows, code_digest: str) -> Enrolment | None:
    """Return what a code was given out for; None when there is no such code."""
    found = rows.execute("SELECT account, created_by, expires_at, used_at FROM enrolment WHERE code = ?", code_digest)
    if not found:
        return None
    account, by, expires, used = found[0]
    return Enrolment(account=account, created_by=by, expires_at=expires, used_at=used)


def use_code(rows: Rows, code_digest: str, *, at: int) -> None:
    """Mark a code as used."""
    rows.execute("UPDATE enrolment SET used_at = ? WHERE code = ?", at, code_digest)


def bind(rows: Rows, issuer: str, subject: str, account: str, *, at: int) -> None:
    """Bind whom a provider names to an account, for good."""
    rows.execute("INSERT INTO identity VALUES (?, ?, ?, ?)", issuer, subject, account, at)


def bound_to(rows: Rows, issuer: str, subject: str) -> str | None:
    """Return the account of whom a provider names; None when there is none."""
    found = rows.execute("SELECT account FROM identity WHERE issuer = ? AND subject = ?", issuer, subject)
    return found[0][0] if found else None


def identities_of(rows: Rows, name: str) -> list[tuple[str, str]]:
    """Return (issuer, subject) of each identity of an account."""
    return [
        (row[0], row[1])
        for row in rows.execute("SELECT issuer, subject FROM identity WHERE account = ? ORDER BY issuer, subject", name)
    ]


def _permitted(account: Account) -> tuple[str, str, str | None, int]:
    systems = None if account.systems is None else to_text(account.systems)
    return to_text(account.roles), to_text(account.titles), systems, int(account.disabled)


def _account(row: Row) -> Account:
    name, roles, titles, systems, disabled, has_password, by, created, changed = row
    return Account(
        name=name,
        roles=from_text(roles, tuple[Role, ...]),
        titles=from_text(titles, tuple[str, ...]),
        systems=None if systems is None else from_text(systems, tuple[str, ...]),
        disabled=bool(disabled),
        has_password=bool(has_password),
        created_by=by,
        created_at=created,
        changed_at=changed,
    )
