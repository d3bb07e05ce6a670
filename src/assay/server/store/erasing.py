"""Taking a name out of the tables: it becomes a pseudonym wherever it stands, and nobody comes in by it any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.server.store import Rows
    from assay.trail.searching import Search

OF_ACCOUNT = ("enrolment", "identity", "passkey", "session")
"""Tables whose rows are of one account, and go with it."""

NAMES = {
    "account": ("created_by",), "enrolment": ("created_by",), "pipeline": ("created_by",), "webhook": ("created_by",),
    "request": ("asked_by", "decided_by"), "adopted": ("adopted_by",), "project_key": ("said_by",),
}  # fmt: skip
"""Columns that hold who did something."""

WORDS = {"request": ("about", "reason", "words", "outcome"), "waiting": ("event",), "flow": ("content",)}
"""Columns that hold text in which a name may stand."""


def erase_name(rows: Rows, search: Search, code: str) -> int:
    """Take a name out of every table; return how many rows changed. Doing it twice is doing it once.

    Args:
        rows: a transaction that writes.
        search: the search for the name.
        code: the pseudonym that takes its place.
    """
    changed = 0
    for table in OF_ACCOUNT:
        changed += len(rows.execute(f"DELETE FROM {table} WHERE account = ? RETURNING account", search.value))
    # The account stays, shut, under the pseudonym: what its key has signed is still to be verified.
    shut = "UPDATE account SET name = ?, disabled = 1, password = NULL, systems = '[]' WHERE name = ? RETURNING name"
    changed += len(rows.execute(shut, code, search.value))
    for table, columns in NAMES.items():
        for column in columns:
            statement = f"UPDATE {table} SET {column} = ? WHERE {column} = ? RETURNING {column}"
            changed += len(rows.execute(statement, code, search.value))
    for table, columns in WORDS.items():
        for column in columns:
            for (text,) in rows.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL"):
                if search.found_in(text.encode()):
                    without = search.redacted(text.encode(), code).decode()
                    statement = f"UPDATE {table} SET {column} = ? WHERE {column} = ? RETURNING {column}"
                    changed += len(rows.execute(statement, without, text))
    return changed
