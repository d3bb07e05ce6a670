"""What waits for somebody's consent, with exactly what is otherwise than in the last version that was approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar.params import FromQuery

from assay.errors import AssayError
from assay.policy.consents import NEVER_WAIVED
from assay.records.tally import Frozen
from assay.records.verdict import ApprovalStep, Decision
from assay.reports import words
from assay.server.page import page
from assay.server.pages.changes import Changes, changes
from assay.server.pages.consents import May, consents_open_to
from assay.server.serving import By, Here
from assay.server.today import kept_policy, rules_of
from assay.trail.standing_table import Standing, Wanted, last_passed, standing_of, standings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.policy import Policy
    from assay.server.acting import Actor
    from assay.server.inside import Held
    from assay.server.serving import Server
    from assay.trail.view import View

LIMIT = 10
LOOKED_AT = 200
"""So many undecided and denied versions are looked at, the newest first."""

PASSED = ("allow", "warn")


class Risk(Frozen, kw_only=True):
    """A finding whose risk could be accepted."""

    finding: str
    title: str
    reason: str
    status: str
    may: May


class Waiting(Frozen, kw_only=True):
    """A version that waits.

    Attributes:
        verdict_sha256: the verdict that a consent would be to.
        steps: the approvals that the policy asks for.
        approve: whether the reader may give the next one; None where none is waited for.
        risks: findings whose risk somebody may accept.
        blocking: findings that nobody may waive and that hold it back.
        changes: what is otherwise than in the last version that was approved; None for the first.
        first: whether no version of the model was approved before.
    """

    system: str
    model: str
    version: str
    author: str | None
    decision: Decision
    words: str
    reason: str
    decided_at: str
    verdict_sha256: str
    steps: tuple[ApprovalStep, ...]
    approve: May | None
    risks: tuple[Risk, ...]
    blocking: tuple[str, ...]
    changes: Changes | None

    @property
    def mine(self) -> bool:
        """Whether something of it waits for the reader, and helps."""
        asked = bool(self.approve and self.approve.allowed) or any(one.may.allowed for one in self.risks)
        return asked and not self.blocking


class InboxPage(Frozen, kw_only=True):
    """What waits.

    Attributes:
        mine: what waits for the reader.
        others: what waits for others, or cannot be helped by a consent.
        broken: versions that cannot be read, and why.
        more: whether there may be more than was looked at.
    """

    mine: tuple[Waiting, ...]
    others: tuple[Waiting, ...]
    broken: tuple[str, ...]
    offset: int
    limit: int
    total: int


@page("/inbox", template="inbox.html", act="models.read")
def inbox(server: Here, actor: By, offset: FromQuery[int] = 0) -> InboxPage:
    """Show what waits for consent."""
    view, today = server.inside.view(), server.clock()[:10]
    rows = list(_open(view, server.inside.models_of(actor), today))
    mine: list[Waiting] = []
    others: list[Waiting] = []
    broken: list[str] = []
    for row in rows[max(offset, 0) : max(offset, 0) + LIMIT]:
        try:
            held = server.inside.release(actor, row.model, row.version or "")
            found = waiting(server, actor, held, last_approved(server, actor, view, row))
        except AssayError as error:
            broken.append(f"{row.model} {row.version}: {error}")
            continue
        if found is not None:
            (mine if found.mine else others).append(found)
    return InboxPage(
        mine=tuple(mine), others=tuple(others), broken=tuple(broken), offset=max(offset, 0), limit=LIMIT,
        total=len(rows),
    )  # fmt: skip


def _open(view: View, models: tuple[str, ...] | None, today: str) -> Iterator[Standing]:
    """Yield the versions that are not let out and that no later version of their model has replaced."""
    held = [
        row
        for decision in ("undecided", "deny")
        for row in _listed(view, Wanted(models=models, decision=decision), today, LOOKED_AT)
        if row.version is not None
    ]
    passed = last_passed(view.connection, {row.model for row in held})
    for row in held:
        if passed.get(row.model, "") <= (row.decided_at or ""):
            yield row


def _listed(view: View, wanted: Wanted, today: str, limit: int) -> tuple[Standing, ...]:
    return standings(view.connection, wanted, today=today, order="newest", limit=limit).rows


def last_approved(server: Server, actor: Actor, view: View, row: Standing) -> Held | None:
    """Return the version of the same model that was let out last before another was decided on; None for the first."""
    found = [
        one for one in standing_of(view.connection, row.model, today=server.clock()[:10])
        if one.decision in PASSED and one.version not in {None, row.version}
        and (one.decided_at or "") <= (row.decided_at or "")
    ]  # fmt: skip
    if not found:
        return None
    last = max(found, key=lambda one: one.decided_at or "")
    return server.inside.release(actor, last.model, last.version or "")


def waiting(server: Server, actor: Actor, held: Held, before: Held | None) -> Waiting | None:
    """Return how a version waits; None while nothing is decided on it here."""
    verdict = held.verdict
    if verdict is None:
        return None
    may = consents_open_to(server, actor, held)
    of = {one.id: one for one in verdict.findings}
    held_back = {name: one for name, one in may.waive.items() if of[name].enforcement == "deny"}
    risks = tuple(
        Risk(finding=name, title=of[name].title, reason=of[name].reason, status=of[name].status, may=one)
        for name, one in held_back.items() if of[name].check not in NEVER_WAIVED
    )  # fmt: skip
    rules = rules_of(server, verdict.system)
    never = rules.policy.waivers.not_for if rules is not None and rules.policy.waivers is not None else ()
    blocking = tuple(of[name].title for name in held_back if of[name].control in never)
    return Waiting(
        system=verdict.system, model=verdict.model, version=verdict.version, author=held.author,
        decision=verdict.decision, words=words.decision_words(verdict), reason=words.plain(verdict.reason),
        decided_at=verdict.decided_at, verdict_sha256=held.verdict_sha256, steps=verdict.approvals, approve=may.approve,
        risks=risks, blocking=blocking,
        changes=_changes(server, held, before),
    )  # fmt: skip


def _changes(server: Server, held: Held, before: Held | None) -> Changes | None:
    if before is None or before.verdict is None or held.verdict is None:
        return None
    policies = (_policy(server, before), _policy(server, held))
    return changes((before.evidence, before.verdict), (held.evidence, held.verdict), policies)


def _policy(server: Server, held: Held) -> Policy | None:
    return None if held.verdict is None else kept_policy(server.home, held.verdict.system, held.verdict.policy.sha256)


ROUTES = inbox
