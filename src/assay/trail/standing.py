"""Making the rows of `assay.trail.standing_table` anew, for the models that something new is about.

There is one truth: a row is what the inventory, the incidents and the histories answer for one model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.trail.incident_table import IncidentStanding, put_alarms
from assay.trail.incident_telling import what_words
from assay.trail.incidents import SEVERITIES, incidents
from assay.trail.inventory import Version, versions
from assay.trail.marks import FILES, MODEL
from assay.trail.standing_table import Expiry, Standing, put

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assay.trail.incidents import Incident
    from assay.trail.narrowing import Narrow
    from assay.trail.projection import Connection
    from assay.trail.view import Fact, View

CHUNK = 64
"""So many models' rows are made anew before what is waiting is looked at again."""


def renew(view: View, *, most: int = CHUNK) -> bool:
    """Make rows anew whose models something new is about, in the caller's transaction.

    Args:
        view: the whole trail, at its present size.
        most: about so many models at most.

    Returns:
        Whether rows are left to be made anew.
    """
    connection, done = view.connection, 0
    while done < most:
        waiting = connection.execute("SELECT mark FROM stale LIMIT 1").fetchone()
        if waiting is None:
            return False
        narrowed = view.around(waiting[0])
        if narrowed.narrow is not None:
            _renew(narrowed, narrowed.narrow)
            marks = [(one,) for one in {*narrowed.narrow.marks, waiting[0]}]
            connection.executemany("DELETE FROM stale WHERE mark = ?", marks)
        done += 1
    return connection.execute("SELECT 1 FROM stale LIMIT 1").fetchone() is not None


def _renew(view: View, narrow: Narrow) -> None:
    connection = view.connection
    for sha256 in _rows_of(connection, narrow):
        connection.execute("DELETE FROM standing WHERE model_sha256 = ?", (sha256,))
        connection.execute("DELETE FROM expiry WHERE model_sha256 = ?", (sha256,))
    known = incidents(view)
    put_alarms(connection, narrow.models, (_alarm(one) for one in known if one.about[0] in narrow.models))
    found = versions(view)
    if not found:
        return
    open_alerts, open_incidents = _open(known)
    ends = list(_ends(view))
    for one, row in found:
        mine = [until for sha256, bound, until in ends if sha256 == one.sha256 and _holds(one, bound)]
        about = (one.model, one.version or "")
        last = max(_facts(one), key=lambda fact: fact.index)
        put(
            connection,
            Standing(
                model_sha256=one.sha256, model=one.model, version=one.version, exposure=row["exposure"],
                purpose=row["purpose"], tier=row["tier"], owner=one.registered.said.owner if one.registered else None,
                status=row["status"], serves_in=tuple(row["serves_in"]), decision=row["decision"],
                decided_at=row["decided_at"], last_validation=row["last_validation"],
                open_findings=None if row["open_findings"] is None else len(row["open_findings"]),
                open_remediations=len(row["open_remediations"]), open_alerts=open_alerts.get(about, 0),
                open_incidents=open_incidents.get(about, 0), expires=None, last_index=last.index,
                last_at=last.at or None,
            ),
            mine,
        )  # fmt: skip


def _rows_of(connection: Connection, narrow: Narrow) -> set[str]:
    """Return the rows that there are of what a view is narrowed to."""
    files = {one.removeprefix(FILES) for one in narrow.marks if one.startswith(FILES)}
    for one in narrow.marks:
        if one.startswith(MODEL):
            query = "SELECT model_sha256 FROM standing WHERE model = ?"
            files |= {row[0] for row in connection.execute(query, (one.removeprefix(MODEL),))}
    return files


def _facts(one: Version) -> list[Fact]:
    ends = (one.registered, one.validated, one.decided, one.retired, *one.deployed)
    return [fact for fact in ends if fact is not None]


def _alarm(one: Incident) -> IncidentStanding:
    return IncidentStanding(
        name=one.name, model=one.about[0], version=one.about[1], severity=one.severity,
        rank=-SEVERITIES.index(one.severity), status=one.status, what=what_words(one), since=one.since,
        owner=None if one.assigned is None else one.assigned.said.owner, due=one.due, declared=len(one.declared),
        over=one.over,
    )  # fmt: skip


def _open(known: Iterable[Incident]) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], int]]:
    """Return how many alerts are not resolved, and how many serious incidents are not over, by model and version."""
    alerts: dict[tuple[str, str], int] = {}
    serious: dict[tuple[str, str], int] = {}
    for one in known:
        if one.over:
            continue
        if one.raised and one.resolved is None:
            alerts[one.about] = alerts.get(one.about, 0) + 1
        if one.declared:
            serious[one.about] = serious.get(one.about, 0) + 1
    return alerts, serious


def _ends(view: View) -> Iterator[tuple[str, Fact, Expiry]]:
    """Yield each waiver and override that nobody has taken back: the files that it is of, itself, and when it ends."""
    facts = view.facts("waiver.granted", "override.granted", "approval.revoked")
    revoked = {fact.said.consent for fact in facts if fact.event.type == "approval.revoked"}
    for fact in facts:
        said = fact.said
        if fact.event.type == "waiver.granted" and said.consent not in revoked:
            yield said.model_sha256, fact, Expiry(day=said.expires, kind="waiver", control=said.control)
        elif fact.event.type == "override.granted":
            yield said.model_sha256, fact, Expiry(day=said.expires, kind="override")


def _holds(one: Version, fact: Fact) -> bool:
    """Say whether a consent is still bound to what was decided last; an override is to the files alone."""
    decided = None if one.decided is None else one.decided.said
    evidence, policy = (getattr(fact.said, name, None) for name in ("evidence_sha256", "policy_sha256"))
    return decided is None or (evidence in {None, decided.evidence_sha256} and policy in {None, decided.policy_sha256})
