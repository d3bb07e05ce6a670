"""Keys of projects' logs that an administrator has accepted, and those that wait for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.records.tally import Frozen

if TYPE_CHECKING:
    from assay.server.store import Rows

Standing: TypeAlias = Literal["accepted", "waits"]


class Shown(Frozen, kw_only=True):
    """Keys that a log has shown.

    Attributes:
        origin: the log.
        standing: whether they were accepted.
        keys: the keys by the sizes they may sign (`assay.tlog.log_keys`).
        pipeline: who delivered under them, or would have.
        by: who accepted them; None while they wait.
        at: since when they stand so.
    """

    origin: str
    standing: Standing
    keys: str
    pipeline: str
    by: str | None
    at: int


_COLUMNS = "origin, standing, keys, pipeline, said_by, at"


def put(rows: Rows, shown: Shown) -> None:
    """Keep keys in the place of those of the same log and standing."""
    rows.execute("DELETE FROM log_keys WHERE origin = ? AND standing = ?", shown.origin, shown.standing)
    rows.execute(
        f"INSERT INTO log_keys ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
        shown.origin, shown.standing, shown.keys, shown.pipeline, shown.by, shown.at,
    )  # fmt: skip


def drop(rows: Rows, origin: str, standing: Standing) -> None:
    """Let keys go."""
    rows.execute("DELETE FROM log_keys WHERE origin = ? AND standing = ?", origin, standing)


def every(rows: Rows) -> list[Shown]:
    """Return all of them by log."""
    found = rows.execute(f"SELECT {_COLUMNS} FROM log_keys ORDER BY origin, standing")
    return [Shown(**dict(zip(Shown.__struct_fields__, row, strict=True))) for row in found]
