"""Making the rows of `assay.trail.standing_table` anew, for the models that something new is about.

There is one truth: a row is what the inventory, the incidents and the histories answer for one model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assay.trail import incident_table
from assay.trail.histories import OVER, remediations
from assay.trail.incident_table import IncidentStanding, Left
from assay.trail.incident_telling import what_words
from assay.trail.incidents import SEVERITIES, incidents
from assay.trail.inventory import Version, versions
from assay.trail.marks import ALERT, CONSENT, FILES, MODEL, REMEDIATION
from assay.trail.narrowing import Narrow
from assay.trail.of_links import around_links
from assay.trail.remediations import release_remediations
from assay.trail.standing_table import Expiry, Standing, make_stale, put, stale

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assay.trail.incidents import Incident
    from assay.trail.projection import Connection
    from assay.trail.view import Fact, View

CHUNK, TOGETHER = 64, 512
"""So many models' rows, and so many alerts', are made anew before what is waiting is looked at again."""

_INVENTORY = (
    "model.registered", "validation.result", "gate.decision", "deployment.finished", "deployment.rolled_back",
    "model.retired", "waiver.granted", "override.granted", "approval.revoked",
)  # fmt: skip


def renew(view: View, *, most: int = CHUNK) -> bool:
    """Make rows anew whose models, alerts or remediations something new is about, in the caller's transaction.

    Args:
        view: the whole trail, at its present size.
        most: about so many models at most.

    Returns:
        Whether rows are left to be made anew.
    """
    connection = view.connection
    some = [mark for kind in (ALERT, REMEDIATION) for mark in stale(connection, kind, TOGETHER)][:TOGETHER]
    if some:
        _drop(connection, {*_renew_links(view, some), *some})
    for _ in range(0 if len(some) == TOGETHER else most):
        waiting = connection.execute("SELECT mark FROM stale LIMIT 1").fetchone()
        if waiting is None or waiting[0].startswith((ALERT, REMEDIATION)):
            break
        narrow = Narrow.around(connection, waiting, view.consents, kinds=(MODEL, FILES, CONSENT), types=_INVENTORY)
        _renew(replace(view, narrow=narrow), narrow)
        _drop(connection, {*narrow.marks, waiting[0]})
    return connection.execute("SELECT 1 FROM stale LIMIT 1").fetchone() is not None


def _drop(connection: Connection, marks: Iterable[str]) -> None:
    connection.executemany("DELETE FROM stale WHERE mark = ?", [(one,) for one in marks])


def _renew_links(view: View, some: Iterable[str]) -> set[str]:
    """Make the rows of some alerts and remediations anew; return the marks of all that were made."""
    marks, narrowed = around_links(view, some)
    left: dict[tuple[str, str, str], Left] = {}
    of_release = {one.name for one in release_remediations(narrowed)}
    for row in remediations(narrowed).rows:
        key = (row["remediation"], row["model"], row["version"])
        before = left.get(key)
        left[key] = Left(
            remediation=key[0], model=key[1], version=key[2], of_release=key[0] in of_release,
            left=(before.left if before else 0) + (row["status"] not in OVER),
            due=min(row["due"], before.due) if before else row["due"],
        )  # fmt: skip
    incident_table.put(
        view.connection,
        names=[one.removeprefix(ALERT) for one in marks if one.startswith(ALERT)],
        rows=map(_alarm, incidents(narrowed)),
        remediations=[one.removeprefix(REMEDIATION) for one in marks if one.startswith(REMEDIATION)],
        left=left.values(),
    )  # fmt: skip
    return marks


def _renew(view: View, narrow: Narrow) -> None:
    """Make the rows of some models' versions anew."""
    connection = view.connection
    for sha256 in _rows_of(connection, narrow):
        connection.execute("DELETE FROM standing WHERE model_sha256 = ?", (sha256,))
        connection.execute("DELETE FROM expiry WHERE model_sha256 = ?", (sha256,))
    ends = list(_ends(view))
    found = versions(view)
    for one, row in found:
        mine = [until for sha256, bound, until in ends if sha256 == one.sha256 and _holds(one, bound)]
        last = max(_facts(one), key=lambda fact: fact.index)
        put(
            connection,
            Standing(
                model_sha256=one.sha256, model=one.model, version=one.version, exposure=row["exposure"],
                purpose=row["purpose"], tier=row["tier"], owner=one.registered.said.owner if one.registered else None,
                status=row["status"], serves_in=tuple(row["serves_in"]), decision=row["decision"],
                decided_at=row["decided_at"], last_validation=row["last_validation"],
                open_findings=None if row["open_findings"] is None else len(row["open_findings"]),
                open_remediations=0, open_alerts=0, open_incidents=0, expires=None, last_index=last.index,
                last_at=last.at or None,
            ),
            mine,
        )  # fmt: skip
    incident_table.count(connection, {(one.model, one.version) for one, _ in found if one.version is not None})
    waiting = incident_table.of_releases(connection, {*narrow.models, *(one.model for one, _ in found)})
    make_stale(connection, [f"{REMEDIATION}{name}" for name in waiting])


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
