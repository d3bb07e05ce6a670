"""Requests that one person makes and another consents to: an erasure, another key, break-glass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from assay.records.tally import Frozen
from assay.server.store.lists import from_text, to_text

if TYPE_CHECKING:
    from assay.server.store import Row, Rows

What: TypeAlias = Literal["erasure", "key-rotation", "log-key-rotation", "break-glass"]

State: TypeAlias = Literal["open", "consented", "refused", "withdrawn", "expired", "taken", "done", "failed"]

_ASKED = "id, what, about, reason, asked_by, asked_at, expires_at, state, decided_by, decided_at, words"
_COLUMNS = f"{_ASKED}, outcome, done_at"


class Request(Frozen, kw_only=True):
    """A request.

    Attributes:
        id: ``q_`` and 32 hexadecimal digits.
        what: what is asked for.
        about: what it is about, by name: a person to erase, whose key, a cluster and an image.
        reason: why, in the words of who asks.
        asked_by: who asks.
        asked_at: when.
        expires_at: when it can no longer be consented to, or, once consented, no longer be used.
        state: what became of it; ``taken`` from when it begins to be carried out, until it is ``done``, or ``failed``.
        decided_by: who consented or refused.
        decided_at: when.
        words: theirs.
        outcome: what was done, or why it is not yet.
        done_at: when it was done.
    """

    id: str
    what: What
    about: dict[str, str]
    reason: str
    asked_by: str
    asked_at: int
    expires_at: int
    state: State = "open"
    decided_by: str | None = None
    decided_at: int | None = None
    words: str | None = None
    outcome: str | None = None
    done_at: int | None = None

    def at(self, now: int) -> Request:
        """Return the request as it stands at a time: one that nobody decided on in time has expired."""
        late = self.state in {"open", "consented"} and now >= self.expires_at
        return msgspec.structs.replace(self, state="expired") if late else self


def add(rows: Rows, request: Request) -> None:
    """Add a request; nothing has come of it yet."""
    values = _values(request)
    marks = ", ".join("?" * len(values))
    rows.execute(f"INSERT INTO request ({_ASKED}) VALUES ({marks})", *values)


def keep(rows: Rows, request: Request) -> None:
    """Keep what became of a request."""
    rows.execute(
        "UPDATE request SET state = ?, decided_by = ?, decided_at = ?, words = ?, expires_at = ?, outcome = ?, "
        "done_at = ? WHERE id = ?",
        request.state, request.decided_by, request.decided_at, request.words, request.expires_at, request.outcome,
        request.done_at, request.id,
    )  # fmt: skip


def find(rows: Rows, identity: str) -> Request | None:
    """Return a request; None when there is none."""
    found = rows.execute(f"SELECT {_COLUMNS} FROM request WHERE id = ?", identity)
    return _request(found[0]) if found else None


def latest(rows: Rows, most: int = 200) -> list[Request]:
    """Return the latest requests, the newest first."""
    statement = f"SELECT {_COLUMNS} FROM request ORDER BY asked_at DESC, id LIMIT ?"
    return [_request(row) for row in rows.execute(statement, most)]


def note(rows: Rows, identity: str, outcome: str) -> None:
    """Keep why a request that was taken up is not done yet."""
    rows.execute("UPDATE request SET outcome = ? WHERE id = ?", outcome, identity)


def to_carry_out(rows: Rows) -> list[Request]:
    """Return what was consented to, or is being carried out, the first that was decided first; break-glass is used."""
    statement = (
        f"SELECT {_COLUMNS} FROM request WHERE state IN ('consented', 'taken') AND what <> 'break-glass' "
        "ORDER BY decided_at, id"
    )
    return [_request(row) for row in rows.execute(statement)]


def _values(request: Request) -> tuple[object, ...]:
    return (
        request.id, request.what, to_text(request.about), request.reason, request.asked_by, request.asked_at,
        request.expires_at, request.state, request.decided_by, request.decided_at, request.words,
    )  # fmt: skip


def _request(row: Row) -> Request:
    said = dict(zip(Request.__struct_fields__, row, strict=True))
    return Request(**{**said, "about": from_text(said["about"], dict[str, str])})
