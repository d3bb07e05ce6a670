"""How every alert and every serious incident stands as one row, to be listed a page at a time.

The rows are made with those of the versions (`assay.trail.standing`), by the same incidents that are told of one model.
They hold pseudonyms and no names, and nothing that hangs on the clock: how long a regulator's clock still runs is told
of the incident itself (`assay.trail.incidents`), narrowed to its model.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from assay.errors import InputError
from assay.records.tally import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.trail.projection import Connection

TABLES = """
CREATE TABLE alarm (
  name TEXT PRIMARY KEY,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  severity TEXT NOT NULL,
  rank INTEGER NOT NULL,
  status TEXT NOT NULL,
  what TEXT NOT NULL,
  since TEXT NOT NULL,
  owner TEXT,
  due TEXT,
  declared INTEGER NOT NULL,
  over INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alarm_order ON alarm (over, rank, since, name);
CREATE INDEX alarm_model ON alarm (model);
"""

MAX_LIMIT = 500


class IncidentStanding(Frozen, kw_only=True):
    """How an alert or a serious incident stands.

    Attributes:
        name: its id.
        model: the model's name.
        version: its version.
        severity: ``low``, ``medium``, ``high`` or ``critical``.
        rank: the severity as a number; the lower the worse.
        status: how it stands, in one word.
        what: what was found, in words.
        since: when it was first raised or declared, as claimed.
        owner: pseudonym of who deals with it.
        due: the day by which; whether that is over, the day asked on says.
        declared: how often it was declared serious: where it was, a regulator's clock may run.
        over: whether nothing is left to do.
    """

    name: str
    model: str
    version: str
    severity: str
    rank: int
    status: str
    what: str
    since: str
    owner: str | None
    due: str | None
    declared: int
    over: bool


class IncidentStandings(Frozen, kw_only=True):
    """One page of the rows.

    Attributes:
        open: how many there are about which something is left to do.
        total: how many rows there are on all pages.
        offset: how many came before this page.
        rows: the rows of this page: what is left to do before what is over, what is worse first, then what is older.
    """

    open: int
    total: int
    offset: int
    rows: tuple[IncidentStanding, ...]


COLUMNS = IncidentStanding.__struct_fields__


def put_alarms(connection: Connection, models: Iterable[str], rows: Iterable[IncidentStanding]) -> None:
    """Put the rows of some models in the place of those that they had, in the caller's transaction."""
    listed = json.dumps(sorted(models))
    connection.execute("DELETE FROM alarm WHERE model IN (SELECT value FROM json_each(?))", (listed,))
    values = [tuple(int(one) if isinstance(one, bool) else one for one in _values(row)) for row in rows]
    names = ", ".join(COLUMNS)
    marks = ", ".join("?" * len(COLUMNS))
    connection.executemany(f"INSERT OR REPLACE INTO alarm ({names}) VALUES ({marks})", values)  # noqa: S608 - our own


def _values(row: IncidentStanding) -> list[object]:
    return [getattr(row, name) for name in COLUMNS]


def incident_standings(
    connection: Connection,
    *,
    models: Iterable[str] | None = None,
    everything: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> IncidentStandings:
    """List alerts and serious incidents, a page of them.

    Args:
        connection: a projection whose rows are up to date.
        models: only of these models; by default of all.
        everything: those that are over, too.
        limit: at most so many on this page, up to 500.
        offset: how many come before it.

    Raises:
        InputError: for a page out of bounds.
    """
    if not 1 <= limit <= MAX_LIMIT or offset < 0:
        raise InputError(f"expected a page of 1 to {MAX_LIMIT} rows from 0 on, found {limit} from {offset} on")
    among, listed = ("", ()) if models is None else (_AMONG, (json.dumps(sorted(models)),))
    counts = dict(connection.execute(f"SELECT over, count(*) FROM alarm WHERE 1 {among} GROUP BY over", listed))  # noqa: S608
    left = counts.get(0, 0)
    names = ", ".join(COLUMNS)
    held = "over IN (0, 1)" if everything else "over = 0"
    order = "ORDER BY over, rank, since, name LIMIT ? OFFSET ?"  # as its index has them
    query = f"SELECT {names} FROM alarm WHERE {held} {among} {order}"  # noqa: S608 - our own
    rows = connection.execute(query, (*listed, limit, offset)).fetchall()
    total = sum(counts.values()) if everything else left
    return IncidentStandings(open=left, total=total, offset=offset, rows=tuple(_row(row) for row in rows))


_AMONG = "AND model IN (SELECT value FROM json_each(?))"


def incident_named(connection: Connection, name: str) -> IncidentStanding | None:
    """Return the row of one alert or incident; None when there is none of the name."""
    names = ", ".join(COLUMNS)
    row = connection.execute(f"SELECT {names} FROM alarm WHERE name = ?", (name,)).fetchone()  # noqa: S608 - our own
    return None if row is None else _row(row)


def _row(row: tuple[object, ...]) -> IncidentStanding:
    values = dict(zip(COLUMNS, row, strict=True))
    return IncidentStanding(**{**values, "over": bool(values["over"])})  # type: ignore[arg-type] # the table is STRICT
