"""Keys of those who erase in projects: accepted or refused by an administrator, or waiting for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.records.tally import Frozen

if TYPE_CHECKING:
    from assay.server.store import Rows

Standing: TypeAlias = Literal["accepted", "refused", "waits"]

MAX_WAITING = 16
"""So many keys of one pipeline wait at a time; others are told, and not kept."""


class Officer(Frozen, kw_only=True):
    """A key of somebody who erases in a project.

    Attributes:
        pipeline: in whose deliveries their erasures count, once it is accepted.
        key_id: the key's id.
        key: the public key, PEM.
        standing: whether it was accepted.
        by: who has said so; None while it waits.
        at: since when it stands so.
    """

    pipeline: str
    key_id: str
    key: str
    standing: Standing
    by: str | None
    at: int


_COLUMNS = "pipeline, key_id, public_key, standing, said_by, at"


def put(rows: Rows, officer: Officer) -> None:
    """Keep how a key stands, in the place of how it stood."""
    rows.execute("DELETE FROM officer_key WHERE pipeline = ? AND key_id = ?", officer.pipeline, officer.key_id)
    rows.execute(
        f"INSERT INTO officer_key ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
        officer.pipeline, officer.key_id, officer.key, officer.standing, officer.by, officer.at,
    )  # fmt: skip


def every(rows: Rows) -> list[Officer]:
    """Return all of them by pipeline."""
    found = rows.execute(f"SELECT {_COLUMNS} FROM officer_key ORDER BY pipeline, key_id")
    return [Officer(**dict(zip(Officer.__struct_fields__, row, strict=True))) for row in found]


def let_wait(rows: Rows, new: Officer) -> None:
    """Keep a key that nobody has said anything of yet, while there are not too many of its pipeline."""
    mine = [one for one in every(rows) if one.pipeline == new.pipeline]
    waiting = sum(one.standing == "waits" for one in mine)
    if waiting < MAX_WAITING and all(one.key_id != new.key_id for one in mine):
        put(rows, new)
