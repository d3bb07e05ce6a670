"""How every alert and every serious incident stands as one row, to be listed a page at a time.

The rows are made by `assay.trail.standing`, by the same incidents that are told of one model; beside them stands which
remediations are open. How many of both a version has is counted from these rows.
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
CREATE INDEX alarm_order ON alarm (over, rank, since, name, model);
CREATE INDEX alarm_version ON alarm (model, version, over, rank, since, name);
CREATE TABLE mending (
  remediation TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  left INTEGER NOT NULL,
  due TEXT NOT NULL,
  of_release INTEGER NOT NULL,
  PRIMARY KEY (remediation, model, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX mending_version ON mending (model, version, left);
CREATE INDEX mending_release ON mending (left, due, remediation, model) WHERE of_release = 1;
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


class Left(Frozen, kw_only=True):
    """How often a remediation was opened about a version.

    Attributes:
        remediation: its id.
        model: the model's name.
        version: its version.
        left: how many of those are not over.
        due: the day by which it is to be done; of several the first.
        of_release: whether it mends what a release's verdict found; what a later verdict says bears on it.
    """

    remediation: str
    model: str
    version: str
    left: int
    due: str
    of_release: bool


def put(
    connection: Connection, names: Iterable[str], rows: Iterable[IncidentStanding], remediations: Iterable[str],
    left: Iterable[Left],
) -> None:  # fmt: skip
    """Put the rows of some alerts and remediations in the place of those that they had, in the caller's transaction.

    Args:
        connection: a projection.
        names: ids of alerts and incidents.
        rows: how they stand.
        remediations: ids of remediations.
        left: how they stand.
    """
    among = (json.dumps(sorted(names)), json.dumps(sorted(remediations)))
    touched = (
        "SELECT model, version FROM alarm WHERE name IN (SELECT value FROM json_each(?)) UNION "
        "SELECT model, version FROM mending WHERE remediation IN (SELECT value FROM json_each(?))"
    )
    before = connection.execute(touched, among).fetchall()
    connection.execute("DELETE FROM alarm WHERE name IN (SELECT value FROM json_each(?))", among[:1])
    connection.execute("DELETE FROM mending WHERE remediation IN (SELECT value FROM json_each(?))", among[1:])
    values = [tuple(int(one) if isinstance(one, bool) else one for one in _values(row)) for row in rows]
    columns, marks = ", ".join(COLUMNS), ", ".join("?" * len(COLUMNS))
    connection.executemany(f"INSERT INTO alarm ({columns}) VALUES ({marks})", values)  # noqa: S608 - our own
    mending = [(one.remediation, one.model, one.version, one.left, one.due, int(one.of_release)) for one in left]
    connection.executemany("INSERT INTO mending VALUES (?, ?, ?, ?, ?, ?)", mending)
    count(connection, {*before, *connection.execute(touched, among)})


_COUNTED = """
UPDATE standing SET
  open_alerts = (SELECT count(*) FROM alarm WHERE alarm.model = standing.model AND alarm.version = standing.version
    AND over = 0 AND status NOT IN ('declared', 'resolved')),
  open_incidents = (SELECT count(*) FROM alarm WHERE alarm.model = standing.model
    AND alarm.version = standing.version AND over = 0 AND declared > 0),
  open_remediations = (SELECT coalesce(sum(mending.left), 0) FROM mending WHERE mending.model = standing.model
    AND mending.version = standing.version AND mending.left > 0)
WHERE model = ? AND version = ?
"""


def count(connection: Connection, versions: Iterable[tuple[str, str]]) -> None:
    """Count anew what is open about some versions, each a model's name and a version."""
    connection.executemany(_COUNTED, sorted(versions))


def remediations_left(
    connection: Connection, models: Iterable[str] | None = None, *, everything: bool = False, limit: int = 50,
    offset: int = 0,
) -> tuple[tuple[str, ...], int, int]:  # fmt: skip
    """Return remediations of what releases' verdicts found: the open ones first, then by the day when they are due.

    Args:
        connection: a projection whose rows are up to date.
        models: only of these models; by default of all.
        everything: those that are over, too.
        limit: at most so many.
        offset: how many come before them.

    Returns:
        Their ids, how many there are in all, and how many of those are open.
    """
    among, listed = ("", ()) if models is None else (_AMONG, (json.dumps(sorted(models)),))
    of = f"FROM mending WHERE of_release = 1 {among}"
    count = f"SELECT count(*), coalesce(sum(mending.left > 0), 0) {of}"
    total, left = connection.execute(count, listed).fetchone()
    held = "" if everything else "AND mending.left > 0"
    query = f"SELECT remediation {of} {held} ORDER BY mending.left = 0, due, remediation LIMIT ? OFFSET ?"
    rows = connection.execute(query, (*listed, limit, offset)).fetchall()
    return tuple(row[0] for row in rows), int(total if everything else left), int(left)


def of_releases(connection: Connection, models: Iterable[str]) -> list[str]:
    """Return the remediations of what releases' verdicts found of some models."""
    query = "SELECT DISTINCT remediation FROM mending WHERE of_release AND model IN (SELECT value FROM json_each(?))"
    return [row[0] for row in connection.execute(query, (json.dumps(sorted(models)),))]


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
    held = "over IN (0, 1)" if everything else "over = 0"
    order = "ORDER BY over, rank, since, name"  # as its index has them, which holds the model, too
    which = f"SELECT name FROM alarm INDEXED BY alarm_order WHERE {held} {among} {order} LIMIT ? OFFSET ?"  # noqa: S608
    names = ", ".join(COLUMNS)
    query = f"SELECT {names} FROM ({which}) CROSS JOIN alarm USING (name) {order}"  # noqa: S608 - our own
    rows = connection.execute(query, (*listed, limit, offset)).fetchall()
    total = sum(counts.values()) if everything else left
    return IncidentStandings(open=left, total=total, offset=offset, rows=tuple(_row(row) for row in rows))


_AMONG = "AND model IN (SELECT value FROM json_each(?))"


def of_version(connection: Connection, model: str, version: str, *, limit: int) -> tuple[tuple[str, ...], int]:
    """Return the first alerts and incidents of a version, in the order of the list, and how many there are of it.

    Args:
        connection: a projection whose rows are up to date.
        model: the model's name.
        version: its version.
        limit: at most so many.
    """
    count = "SELECT count(*) FROM alarm WHERE model = ? AND version = ?"
    total = connection.execute(count, (model, version)).fetchone()[0]
    query = "SELECT name FROM alarm WHERE model = ? AND version = ? ORDER BY over, rank, since, name LIMIT ?"
    return tuple(row[0] for row in connection.execute(query, (model, version, limit))), int(total)


def incident_named(connection: Connection, name: str) -> IncidentStanding | None:
    """Return the row of one alert or incident; None when there is none of the name."""
    names = ", ".join(COLUMNS)
    row = connection.execute(f"SELECT {names} FROM alarm WHERE name = ?", (name,)).fetchone()  # noqa: S608 - our own
    return None if row is None else _row(row)


def _row(row: tuple[object, ...]) -> IncidentStanding:
    values = dict(zip(COLUMNS, row, strict=True))
    return IncidentStanding(**{**values, "over": bool(values["over"])})  # type: ignore[arg-type] # the table is STRICT
