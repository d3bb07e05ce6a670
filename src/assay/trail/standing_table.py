"""The standing of every model version as one row, to be listed: filtered, sorted, a page at a time.

The rows are made by `assay.trail.standing` from the same inventory that answers for one model. They hold pseudonyms and
no names. What hangs on the clock is not in them: a row has the days on which consents end, and the day on which it is
asked says which of those are still ahead.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from assay.errors import InputError
from assay.records.tally import Frozen
from assay.trail.marks import CONSENT, ENDS, links_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from assay.trail.events import Event
    from assay.trail.projection import Connection

TABLES = """
CREATE TABLE standing (
  model_sha256 TEXT PRIMARY KEY,
  model TEXT NOT NULL,
  version TEXT,
  exposure TEXT,
  purpose TEXT,
  tier TEXT,
  owner TEXT,
  status TEXT NOT NULL,
  serves_in TEXT NOT NULL,
  decision TEXT,
  decided_at TEXT,
  last_validation TEXT,
  open_findings INTEGER,
  open_remediations INTEGER NOT NULL,
  open_alerts INTEGER NOT NULL,
  open_incidents INTEGER NOT NULL,
  last_index INTEGER NOT NULL,
  last_at TEXT,
  words TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX standing_model ON standing (model);
CREATE TABLE expiry (
  model_sha256 TEXT NOT NULL,
  day TEXT NOT NULL,
  kind TEXT NOT NULL,
  control TEXT NOT NULL,
  PRIMARY KEY (model_sha256, day, kind, control)
) STRICT, WITHOUT ROWID;
CREATE TABLE stale (
  mark TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
"""

TYPES = frozenset({
    "model.registered", "model.retired", "validation.result", "gate.decision", "deployment.started",
    "deployment.finished", "deployment.rolled_back", "monitor.alert", "monitor.ack", "monitor.assigned",
    "monitor.resolved", "remediation.opened", "remediation.assigned", "remediation.acted", "remediation.retested",
    "remediation.closed", "incident.declared", "incident.reported", "waiver.granted", "override.granted",
    "approval.revoked",
})  # fmt: skip
"""Types of events that a row rests on; of others it is not made anew."""

_OF_LINKS = frozenset(one for one in TYPES if one.startswith(("monitor.", "remediation.", "incident.")))

Order = Literal[
    "model", "-model", "decided", "-decided", "status", "-status", "tier", "-tier", "findings", "-findings", "expires",
    "-expires", "newest",
]  # fmt: skip

_ORDERS: dict[str, str] = {
    "model": "model {way}, version {way}, model_sha256 {way}",
    "decided": "decided_at {way} NULLS LAST, model, version, model_sha256",
    "status": "status {way}, model, version, model_sha256",
    "tier": "tier {way} NULLS LAST, model, version, model_sha256",
    "findings": "open_findings {way} NULLS LAST, model, version, model_sha256",
    "expires": "expires {way} NULLS LAST, model, version, model_sha256",
    "newest": "last_index DESC",
}

MAX_LIMIT = 500


class Standing(Frozen, kw_only=True):
    """How one model version stands.

    Attributes:
        model_sha256: root digest of its files.
        model: the model's name.
        version: its version; None where no event says it.
        exposure: how much depends on it.
        purpose: what it decides.
        tier: the tier of materiality.
        owner: pseudonym of who answers for it.
        status: as in the inventory: ``serving``, ``decided: deny``, ...
        serves_in: the environments in which it serves.
        decision: what the gate decided last.
        decided_at: when, as claimed.
        last_validation: the outcome of the last validation.
        open_findings: findings of the last validation that do not pass; None when it was never validated.
        open_remediations: remediations that are not over.
        open_alerts: alerts that are not resolved.
        open_incidents: serious incidents about which something is left to do.
        expires: the first day, from the day asked on, on which a waiver or an override of it ends.
        last_index: the last entry of the log that it rests on.
        last_at: when that was, as claimed.
    """

    model_sha256: str
    model: str
    version: str | None
    exposure: str | None
    purpose: str | None
    tier: str | None
    owner: str | None
    status: str
    serves_in: tuple[str, ...]
    decision: str | None
    decided_at: str | None
    last_validation: str | None
    open_findings: int | None
    open_remediations: int
    open_alerts: int
    open_incidents: int
    expires: str | None
    last_index: int
    last_at: str | None


class Expiry(Frozen, kw_only=True):
    """A day on which something that lets a version pass ends.

    Attributes:
        day: the last day on which it holds.
        kind: ``waiver`` or ``override``.
        control: what was waived; empty for an override.
    """

    day: str
    kind: str
    control: str = ""


class Wanted(Frozen, kw_only=True):
    """Which rows are wanted; None asks for nothing in particular.

    Attributes:
        text: stands in the model's name, version, purpose or exposure, in small or capital letters.
        owners: pseudonyms; with ``text``, rows of these owners are found, too; without it, only theirs are.
        models: only these models.
        decision: the gate's last word.
        status: the status, or its first word: ``decided`` finds ``decided: deny``.
        tier: the tier.
        environment: where it serves.
        open_findings: with findings that are open, or without any.
        attention: with an alert, an incident or a remediation that is open.
        expires_before: a waiver or an override ends before this day, and has not ended yet.
    """

    text: str | None = None
    owners: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    decision: str | None = None
    status: str | None = None
    tier: str | None = None
    environment: str | None = None
    open_findings: bool | None = None
    attention: bool | None = None
    expires_before: str | None = None


class StandingPage(Frozen, kw_only=True):
    """One page of the rows.

    Attributes:
        total: how many rows are wanted, on all pages.
        offset: how many came before this page.
        rows: the rows of this page.
    """

    total: int
    offset: int
    rows: tuple[Standing, ...]


COLUMNS = tuple(name for name in Standing.__struct_fields__ if name != "expires")


def rests_on(event: Event, about: Iterable[str]) -> Iterable[str]:
    """Return the marks of what has to be made anew after an event: of an alert, or remediation, or of its model.

    Args:
        event: the event.
        about: the marks of what it is about.
    """
    if event.type in _OF_LINKS:
        return [one for one in links_of(event) if not one.startswith(CONSENT)]
    return [one for one in about if not one.startswith(ENDS)] if event.type in TYPES else ()


def make_stale(connection: Connection, marks: Iterable[str]) -> None:
    """Have the rows of what some marks are about made anew when they are next asked for."""
    connection.executemany("INSERT OR IGNORE INTO stale VALUES (?)", [(mark,) for mark in sorted(marks)])


def stale(connection: Connection, kind: str, most: int) -> list[str]:
    """Return marks of a kind whose rows have to be made anew, at most so many."""
    query = "SELECT mark FROM stale WHERE mark >= ? AND mark < ? LIMIT ?"
    return [row[0] for row in connection.execute(query, (kind, f"{kind[:-1]};", most))]


def put(connection: Connection, row: Standing, expiries: Iterable[Expiry]) -> None:
    """Put a version's row in the place of the one that it had, in the caller's transaction."""
    connection.execute("DELETE FROM expiry WHERE model_sha256 = ?", (row.model_sha256,))
    words = " ".join(part for part in (row.model, row.version, row.purpose, row.exposure) if part).lower()
    values = [json.dumps(row.serves_in) if name == "serves_in" else getattr(row, name) for name in COLUMNS]
    names = f"INSERT OR REPLACE INTO standing ({', '.join(COLUMNS)}, words) "
    connection.execute(f"{names} VALUES ({', '.join('?' * len(COLUMNS))}, ?)", (*values, words))
    every = [(row.model_sha256, one.day, one.kind, one.control) for one in expiries]
    connection.executemany("INSERT OR IGNORE INTO expiry VALUES (?, ?, ?, ?)", every)


def standings(
    connection: Connection,
    wanted: Wanted | None = None,
    *,
    today: str,
    order: Order = "model",
    limit: int = 50,
    offset: int = 0,
) -> StandingPage:
    """List the versions that are wanted, a page of them.

    Args:
        connection: a projection whose rows are up to date (`assay.trail.standing.renew`).
        wanted: which; by default all.
        today: the day, which says what has ended; ``2026-11-23``.
        order: by what they are sorted.
        limit: at most so many on this page, up to 500.
        offset: how many come before it.

    Raises:
        InputError: for an order that there is none of, or a page out of bounds.
    """
    if order not in get_args(Order):
        raise InputError(f"order: expected one of {', '.join(get_args(Order))}, found {order!r}")
    if not 1 <= limit <= MAX_LIMIT or offset < 0:
        raise InputError(f"expected a page of 1 to {MAX_LIMIT} rows from 0 on, found {limit} from {offset} on")
    where, values = _where(wanted or Wanted(), today)
    total = connection.execute(f"SELECT count(*) FROM standing {where}", values).fetchone()[0]  # noqa: S608 - as below
    way = "DESC" if order.startswith("-") else "ASC"
    sort = _ORDERS[order.removeprefix("-")].format(way=way)
    # Which rows, first: what is carried through the sorting of all, or made for each of them, is little.
    first = "(SELECT min(day) FROM expiry WHERE expiry.model_sha256 = standing.model_sha256 AND day >= ?1) AS expires"
    sorted_by = f"model_sha256, {first}" if "expires" in order else "model_sha256"
    which = f"SELECT {sorted_by} FROM standing {where} ORDER BY {sort} LIMIT ? OFFSET ?"  # noqa: S608 - our own
    columns = ", ".join(COLUMNS)
    query = (
        f"SELECT {columns}, {first} FROM (SELECT model_sha256 FROM ({which}))"  # noqa: S608 - as above
        f" CROSS JOIN standing USING (model_sha256) ORDER BY {sort}"
    )
    rows = connection.execute(query, (today, *values, limit, offset)).fetchall()
    return StandingPage(total=total, offset=offset, rows=tuple(_standing(row) for row in rows))


def standing_of(connection: Connection, model: str, *, today: str) -> tuple[Standing, ...]:
    """Return every version of one model, by version."""
    return standings(connection, Wanted(models=(model,)), today=today, limit=MAX_LIMIT).rows


def expiries(connection: Connection, model_sha256: str, *, today: str) -> tuple[Expiry, ...]:
    """Return what lets a version pass and has not ended by a day, what ends first before the others."""
    query = "SELECT day, kind, control FROM expiry WHERE model_sha256 = ? AND day >= ? ORDER BY day, kind, control"
    rows = connection.execute(query, (model_sha256, today)).fetchall()
    return tuple(Expiry(day=day, kind=kind, control=control) for day, kind, control in rows)


class Kind(NamedTuple):
    """How many versions have one decision, status and tier, and how many of those want attention."""

    decision: str | None
    status: str
    tier: str | None
    versions: int
    attention: int

    @property
    def serves(self) -> bool:
        """Whether the status is one of those that serve."""
        return self.status == "serving" or self.status.startswith("serving:")


def kinds(connection: Connection, models: tuple[str, ...] | None = None) -> list[Kind]:
    """Count the versions, of all models or of some, by decision, status and tier: all in one look at them."""
    where, values = _where(Wanted(models=models), "")
    attention = "sum(open_alerts + open_incidents + open_remediations > 0)"
    kind = "decision, status, tier"
    query = f"SELECT {kind}, count(*), {attention} FROM standing {where} GROUP BY {kind}"  # noqa: S608 - our own
    return [Kind(*row) for row in connection.execute(query, values)]


def last_passed(connection: Connection, models: Iterable[str]) -> dict[str, str]:
    """Return when a version of each of some models was let out last, as claimed; of one that never was, nothing."""
    query = (
        "SELECT model, max(coalesce(decided_at, '')) FROM standing WHERE decision IN ('allow', 'warn') AND model IN "
        "(SELECT value FROM json_each(?)) GROUP BY model"
    )
    return dict(connection.execute(query, (json.dumps(sorted(models)),)).fetchall())


def ending(connection: Connection, models: tuple[str, ...] | None = None, *, today: str, before: str) -> int:
    """Count the versions of which a waiver or an override ends from a day on and before another."""
    query = "SELECT count(DISTINCT model_sha256) FROM expiry WHERE day >= ? AND day < ?"
    values = [today, before]
    if models is not None:
        query += (
            " AND model_sha256 IN (SELECT model_sha256 FROM standing WHERE model IN (SELECT value FROM json_each(?)))"
        )
        values.append(json.dumps(models))
    return int(connection.execute(query, values).fetchone()[0])


def _standing(row: tuple[object, ...]) -> Standing:
    values = dict(zip((*COLUMNS, "expires"), row, strict=True))
    values["serves_in"] = tuple(json.loads(str(values["serves_in"])))
    return Standing(**values)  # type: ignore[arg-type] # the columns' own types: the table is STRICT


def _where(wanted: Wanted, today: str) -> tuple[str, list[str]]:
    parts: list[str] = []
    values: list[str] = []

    def require(part: str, *its: str) -> None:
        parts.append(part)
        values.extend(its)

    _require_words(wanted, require)
    for column in ("decision", "tier"):
        if (value := getattr(wanted, column)) is not None:
            require(f"{column} = ?", value)
    if wanted.models is not None:
        require("model IN (SELECT value FROM json_each(?))", json.dumps(wanted.models))
    if wanted.status is not None:
        require("(status = ? OR instr(status, ?) = 1)", wanted.status, f"{wanted.status}:")
    if wanted.environment is not None:
        require("EXISTS (SELECT 1 FROM json_each(serves_in) WHERE value = ?)", wanted.environment)
    if wanted.open_findings is not None:
        require("coalesce(open_findings, 0) > 0" if wanted.open_findings else "open_findings = 0")
    if wanted.attention is not None:
        require(f"open_alerts + open_incidents + open_remediations {'>' if wanted.attention else '='} 0")
    if wanted.expires_before is not None:
        within = "SELECT 1 FROM expiry WHERE expiry.model_sha256 = standing.model_sha256 AND day >= ? AND day < ?"
        require(f"EXISTS ({within})", today, wanted.expires_before)
    return f"WHERE {' AND '.join(parts)}" if parts else "", values


def _require_words(wanted: Wanted, require: Callable[..., None]) -> None:
    text = (wanted.text or "").strip().lower()
    owned = "owner IN (SELECT value FROM json_each(?))"
    if text and wanted.owners is not None:
        require(f"(instr(words, ?) > 0 OR {owned})", text, json.dumps(wanted.owners))
    elif text:
        require("instr(words, ?) > 0", text)
    elif wanted.owners is not None:
        require(owned, json.dumps(wanted.owners))
