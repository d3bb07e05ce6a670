"""Passkeys: public keys that people's devices hold the other half of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.records.tally import Frozen

if TYPE_CHECKING:
    from assay.server.store import Row, Rows

_COLUMNS = "id, account, public_key, sign_count, label, synced, created_at, used_at"


class Passkey(Frozen, kw_only=True):
    """A passkey.

    Attributes:
        id: the credential's id, base64url.
        account: whose.
        public_key: COSE key, as the device gave it.
        sign_count: signatures that the device counts; 0 where it counts none.
        label: what the person calls it.
        synced: whether the device may copy it to others of its owner.
        created_at: when it was registered.
        used_at: when it last signed in; None: never.
    """

    id: str
    account: str
    public_key: bytes
    sign_count: int
    label: str
    synced: bool
    created_at: int
    used_at: int | None = None


def add(rows: Rows, passkey: Passkey) -> None:
    """Add a passkey."""
    rows.execute(
        f"INSERT INTO passkey ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        passkey.id, passkey.account, passkey.public_key, passkey.sign_count, passkey.label, int(passkey.synced),
        passkey.created_at, passkey.used_at,
    )  # fmt: skip


def find(rows: Rows, identity: str) -> Passkey | None:
    """Return a passkey by its credential's id; None when there is none."""
    found = rows.execute(f"SELECT {_COLUMNS} FROM passkey WHERE id = ?", identity)
    return _passkey(found[0]) if found else None


def of_account(rows: Rows, account: str) -> list[Passkey]:
    """Return an account's passkeys, the oldest first."""
    statement = f"SELECT {_COLUMNS} FROM passkey WHERE account = ? ORDER BY created_at, id"
    return [_passkey(row) for row in rows.execute(statement, account)]


def used(rows: Rows, identity: str, *, sign_count: int, at: int) -> None:
    """Keep the count of signatures after a use."""
    rows.execute("UPDATE passkey SET sign_count = ?, used_at = ? WHERE id = ?", sign_count, at, identity)


def remove(rows: Rows, identity: str, *, account: str) -> bool:
    """Remove a passkey of an account; return whether there was one."""
    statement = "DELETE FROM passkey WHERE id = ? AND account = ? RETURNING id"
    return bool(rows.execute(statement, identity, account))


def remove_all(rows: Rows, account: str) -> None:
    """Remove every passkey of an account."""
    rows.execute("DELETE FROM passkey WHERE account = ?", account)


def _passkey(row: Row) -> Passkey:
    identity, account, key, count, label, synced, created, last = row
    return Passkey(
        id=identity,
        account=account,
        public_key=bytes(key),
        sign_count=count,
        label=label,
        synced=bool(synced),
        created_at=created,
        used_at=last,
    )
