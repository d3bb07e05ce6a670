"""Which policies were adopted, and what waits to enter the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.records.tally import Frozen
from assay.server.store.lists import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.server.store import Rows


class Adopted(Frozen, kw_only=True):
    """A policy that people adopted for a system.

    Attributes:
        system: the system.
        number: which one, from 1 on; the highest is in force.
        sha256: the policy's digest.
        adopted_by: who adopted it.
        adopted_at: when.
    """

    system: str
    number: int
    sha256: str
    adopted_by: str
    adopted_at: int


class Waiting(Frozen, kw_only=True):
    """Something that is to enter the log with others of its time.

    Attributes:
        number: its place among those that wait.
        at: when it happened.
        event: what is said, as the event's type and fields.
    """

    number: int
    at: int
    event: dict[str, Any]


def adopt(rows: Rows, system: str, sha256: str, *, by: str, at: int) -> Adopted:
    """Adopt a policy for a system; return it. The one in force is not adopted again."""
    before = adopted(rows, system)
    if before and before[0].sha256 == sha256:
        return before[0]
    number = before[0].number + 1 if before else 1
    rows.execute("INSERT INTO adopted VALUES (?, ?, ?, ?, ?)", system, number, sha256, by, at)
    return Adopted(system=system, number=number, sha256=sha256, adopted_by=by, adopted_at=at)


def adopted(rows: Rows, system: str) -> list[Adopted]:
    """Return the policies adopted for a system; the first is in force."""
    statement = (
        "SELECT system, number, sha256, adopted_by, adopted_at FROM adopted WHERE system = ? ORDER BY number DESC"
    )
    return [
        Adopted(**dict(zip(Adopted.__struct_fields__, row, strict=True))) for row in rows.execute(statement, system)
    ]


def in_force(rows: Rows) -> list[Adopted]:
    """Return the policy in force of each system."""
    statement = (
        "SELECT system, number, sha256, adopted_by, adopted_at FROM adopted a WHERE number = "
        "(SELECT max(number) FROM adopted b WHERE b.system = a.system) ORDER BY system"
    )
    return [Adopted(**dict(zip(Adopted.__struct_fields__, row, strict=True))) for row in rows.execute(statement)]


def wait(rows: Rows, event: Mapping[str, Any], *, at: int) -> None:
    """Let something wait for the log."""
    rows.execute("INSERT INTO waiting SELECT coalesce(max(number), 0) + 1, ?, ? FROM waiting", at, to_text(dict(event)))


def waiting(rows: Rows, most: int = 1_000) -> list[Waiting]:
    """Return what waits for the log, the first that came first."""
    return [
        Waiting(number=number, at=at, event=from_text(event, dict[str, Any]))
        for number, at, event in rows.execute("SELECT number, at, event FROM waiting ORDER BY number LIMIT ?", most)
    ]


def waited(rows: Rows, until: int) -> None:
    """Let go what has entered the log, up to a number."""
    rows.execute("DELETE FROM waiting WHERE number <= ?", until)
