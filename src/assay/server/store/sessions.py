"""Sessions of people, by the digest of their cookie, and what was begun in a browser and is to be ended there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.records.tally import Frozen

if TYPE_CHECKING:
    from assay.server.store import Rows

_COLUMNS = "digest, account, how, browser, created_at, seen_at"


class Session(Frozen, kw_only=True):
    """A sign-in that still holds.

    Attributes:
        digest: SHA-256 of the cookie, hexadecimal.
        account: whose.
        how: ``password``, ``passkey``, ``enrolment`` or ``oidc:NAME``.
        browser: which browser on which system, in two words, as it says.
        created_at: when it was opened.
        seen_at: when it was last used, to the minute.
    """

    digest: str
    account: str
    how: str
    browser: str
    created_at: int
    seen_at: int


def add(rows: Rows, session: Session) -> None:
    """Add a session."""
    rows.execute(
        f"INSERT INTO session ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
        session.digest, session.account, session.how, session.browser, session.created_at, session.seen_at,
    )  # fmt: skip


def find(rows: Rows, digest: str) -> Session | None:
    """Return a session, whether it still holds or not; None when there is none."""
    found = rows.execute(f"SELECT {_COLUMNS} FROM session WHERE digest = ?", digest)
    return Session(**dict(zip(Session.__struct_fields__, found[0], strict=True))) if found else None


def of_account(rows: Rows, account: str) -> list[Session]:
    """Return an account's sessions, the newest first."""
    statement = f"SELECT {_COLUMNS} FROM session WHERE account = ? ORDER BY created_at DESC, digest"
    return [
        Session(**dict(zip(Session.__struct_fields__, row, strict=True))) for row in rows.execute(statement, account)
    ]


def seen(rows: Rows, digest: str, *, at: int) -> None:
    """Keep when a session was last used."""
    rows.execute("UPDATE session SET seen_at = ? WHERE digest = ? AND seen_at < ?", at, digest, at)


def close(rows: Rows, digest: str) -> str | None:
    """End a session; return whose it was, None when there was none."""
    found = rows.execute("DELETE FROM session WHERE digest = ? RETURNING account", digest)
    return found[0][0] if found else None


def close_all(rows: Rows, account: str, *, but: str = "") -> int:
    """End the sessions of an account, all or all but one; return how many."""
    return len(rows.execute("DELETE FROM session WHERE account = ? AND digest <> ? RETURNING digest", account, but))


def close_old(rows: Rows, *, created_before: int, seen_before: int) -> None:
    """End what holds no longer."""
    rows.execute("DELETE FROM session WHERE created_at < ? OR seen_at < ?", created_before, seen_before)


def begin_flow(rows: Rows, digest: str, kind: str, content: str, *, expires_at: int) -> None:
    """Keep what a browser has begun, by the digest of what it holds; beginning anew ends the one before."""
    rows.execute("DELETE FROM flow WHERE digest = ?", digest)
    rows.execute("INSERT INTO flow VALUES (?, ?, ?, ?)", digest, kind, content, expires_at)


def end_flow(rows: Rows, digest: str, kind: str, *, at: int) -> str | None:
    """Take what a browser has begun, once; None when there is nothing of this kind, or it is too late."""
    rows.execute("DELETE FROM flow WHERE expires_at < ?", at)
    found = rows.execute("DELETE FROM flow WHERE digest = ? AND kind = ? RETURNING content", digest, kind)
    return found[0][0] if found else None
