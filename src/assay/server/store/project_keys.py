"""Keys that projects show in what they deliver: accepted or refused by an administrator, or waiting for one.

Of a log, the keys by the sizes that they may sign; of somebody who erases in a project, or attests there, their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.records.tally import Frozen

if TYPE_CHECKING:
    from assay.server.store import Rows

Role: TypeAlias = Literal["log-keys", "officer", "attester"]
Standing: TypeAlias = Literal["accepted", "refused", "waits"]

MAX_WAITING = 16
"""So many keys of one pipeline wait in a role at a time; others are told, and not kept."""


class ProjectKey(Frozen, kw_only=True):
    """A key, or the keys of a log, and what an administrator has said of it.

    Attributes:
        pipeline: in whose deliveries it counts, once it is accepted.
        role: what for.
        title: the role in which the project lets somebody attest; empty for the others.
        name: the log's name, or the key's id.
        key: the public key, PEM; of a log its keys by sizes (`assay.tlog.log_keys`).
        standing: whether it was accepted.
        by: who has said so; None while it waits.
        at: since when it stands so.
    """

    pipeline: str
    role: Role
    title: str = ""
    name: str
    key: str
    standing: Standing
    by: str | None
    at: int

    @property
    def whose(self) -> tuple[str, str, str, str]:
        """What it is the key of."""
        return self.pipeline, self.role, self.title, self.name


_COLUMNS = "pipeline, role, title, name, public_keys, standing, said_by, at"


def put(rows: Rows, one: ProjectKey) -> None:
    """Keep how a key stands, in the place of how it stood, and of another of the same log that stood so."""
    rows.execute(
        "DELETE FROM project_key WHERE pipeline = ? AND role = ? AND title = ? AND name = ?"
        " AND (public_keys = ? OR standing = ?)",
        *one.whose, one.key, one.standing,
    )  # fmt: skip
    rows.execute(
        f"INSERT INTO project_key ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *one.whose, one.key, one.standing, one.by, one.at,
    )  # fmt: skip


def every(rows: Rows, role: Role | None = None) -> list[ProjectKey]:
    """Return all of them, or those of a role, in the order of what they are keys of."""
    found = rows.execute(f"SELECT {_COLUMNS} FROM project_key ORDER BY role, pipeline, name, title, standing")
    made = (ProjectKey(**dict(zip(ProjectKey.__struct_fields__, row, strict=True))) for row in found)
    return [one for one in made if role in {None, one.role}]


def let_wait(rows: Rows, new: ProjectKey) -> None:
    """Keep a key that nobody has said anything of yet, while there are not too many of its pipeline."""
    mine = [one for one in every(rows, new.role) if one.pipeline == new.pipeline]
    waiting = {one.whose for one in mine if one.standing == "waits"} - {new.whose}
    if len(waiting) < MAX_WAITING and all((one.whose, one.key) != (new.whose, new.key) for one in mine):
        put(rows, new)
