"""Failures of signing in that count, by name (a kind and a keyed digest)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.records.tally import Frozen

if TYPE_CHECKING:
    from assay.server.store import Rows


class Counter(Frozen, kw_only=True):
    """Failures in a row.

    Attributes:
        failures: how many.
        last_at: when the last was.
        until: no try counts before this.
    """

    failures: int
    last_at: int
    until: int


def counted(rows: Rows, name: str) -> Counter:
    """Return the failures of a name."""
    found = rows.execute("SELECT failures, last_at, until FROM counter WHERE name = ?", name)
    failures, last, until = found[0] if found else (0, 0, 0)
    return Counter(failures=failures, last_at=last, until=until)


def count(rows: Rows, name: str, counter: Counter) -> None:
    """Keep the failures of a name."""
    rows.execute(
        "INSERT INTO counter VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, "
        "last_at = excluded.last_at, until = excluded.until",
        name, counter.failures, counter.last_at, counter.until,
    )  # fmt: skip


def forget(rows: Rows, name: str) -> None:
    """Forget the failures of a name."""
    rows.execute("DELETE FROM counter WHERE name = ?", name)


def forget_old(rows: Rows, *, before: int) -> None:
    """Forget every name whose last failure is long ago."""
    rows.execute("DELETE FROM counter WHERE last_at < ?", before)
