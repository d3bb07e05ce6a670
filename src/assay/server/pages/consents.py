"""Which consents a decision waits for, and whether the reader is somebody who may give them; if not, why.

The policy says which roles consent, the trust file who has them, and the table of permits who may do so here. The gate
decides; this only foresees it, so that nobody is asked for what would be refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.errors import RefusedError
from assay.policy.consents import NEVER_WAIVED, may_revoke
from assay.records.tally import Frozen
from assay.server.permits import require
from assay.server.today import rules_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from assay.lifecycle.setting import Rules
    from assay.policy import Policy
    from assay.records.verdict import Finding, Verdict
    from assay.server.acting import Actor
    from assay.server.inside import Held
    from assay.server.permits import Act
    from assay.server.serving import Server


class May(Frozen, kw_only=True):
    """Whether somebody may consent.

    Attributes:
        allowed: whether.
        role: in which role.
        why: why not, or what they would consent to.
    """

    allowed: bool
    role: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Open:
    """What consents are open to somebody before one release.

    Attributes:
        approve: whether they may approve it; None where the policy waits for no approval.
        waive: by finding, whether they may accept its risk.
        revoke: ids of the consents that they may take back.
        again: whether another policy is in force than the one that it was decided under.
    """

    approve: May | None = None
    waive: dict[str, May] = field(default_factory=dict)
    revoke: tuple[str, ...] = ()
    again: bool = False


def titles_of(rules: Rules | None, name: str) -> tuple[str, ...]:
    """Return the roles in which the trust file knows somebody."""
    people = () if rules is None else rules.trust.people
    return tuple(role for person in people if person.name == name for role in person.roles)


def consents_open_to(server: Server, actor: Actor, held: Held) -> Open:
    """Return what consents are open to somebody before a release."""
    verdict = held.verdict
    if verdict is None:
        return Open()
    rules = rules_of(server, verdict.system)
    stale = _stale(rules, verdict)
    wanting = [one for one in verdict.findings if one.status in {"fail", "unknown"}]
    return Open(
        approve=approval_open_to(actor, held, rules, stale),
        waive={one.id: waiver_open_to(actor, held, rules, one, stale) for one in wanting if not one.waiver},
        revoke=tuple(_revocable(actor, verdict, rules)),
        again=rules is not None and bool(stale),
    )


def _stale(rules: Rules | None, verdict: Verdict) -> str:
    """Return why no consent to a decision would count any more; empty while one would."""
    if rules is None:
        return f"Nobody has adopted a policy for {verdict.system} yet: without one nothing is decided here"
    if rules.policy.sha256 != verdict.policy.sha256:
        return "It was decided under another policy than the one in force: decide again first"
    return ""


def _refusal(actor: Actor, act: Act, held: Held) -> str:
    """Return why the table of permits does not let somebody consent; empty when it does."""
    try:
        require(actor, act, system=held.evidence.system, author=held.author)
        if held.evidence.measured_by.identity == actor.name:
            require(actor, act, author=actor.name)
    except RefusedError as error:
        return str(error)
    return ""


def approval_open_to(actor: Actor, held: Held, rules: Rules | None, stale: str = "") -> May | None:
    """Return whether somebody may give the approval that a release waits for; None when it waits for none."""
    verdict = held.verdict
    step = None if verdict is None else next((s for s in verdict.approvals if len(s.given) < s.needed), None)
    if verdict is None or step is None:
        return None
    why = _refusal(actor, "approve", held) or stale
    if not why and step.role not in titles_of(rules, actor.name):
        why = f"It waits for an approval as {step.role}, and you have no such role"
    if not why and any(actor.name in one.given for one in verdict.approvals):
        why = "You have approved it already; one person counts once"
    return May(allowed=not why, role=step.role, why=why or f"It waits for an approval as {step.role}")


def waiver_open_to(actor: Actor, held: Held, rules: Rules | None, finding: Finding, stale: str = "") -> May:
    """Return whether somebody may accept the risk of a finding."""
    if finding.check in NEVER_WAIVED:
        return May(allowed=False, why=f"Nobody may waive {finding.check}")
    why = _refusal(actor, "waive", held) or stale
    role = ""
    if not why and rules is not None:
        why, role = _by_policy(rules.policy, finding, titles_of(rules, actor.name))
    return May(allowed=not why, role=role, why=why)


def _by_policy(policy: Policy, finding: Finding, titles: Collection[str]) -> tuple[str, str]:
    """Return why the policy does not let somebody accept a risk, and the role in which they may."""
    if policy.waivers is None:
        return "The policy permits no waivers", ""
    if finding.control in policy.waivers.not_for:
        return f"The policy lets nobody waive {finding.control}", ""
    roles = [role for role in policy.waivers.permitted_by if role in titles]
    if not roles:
        return f"The policy lets {', '.join(policy.waivers.permitted_by)} accept a risk; you have no such role", ""
    return "", roles[0]


def _revocable(actor: Actor, verdict: Verdict, rules: Rules | None) -> Iterator[str]:
    if rules is None or not {"validator", "approver"} & set(actor.roles):
        return
    others = may_revoke(rules.policy, titles_of(rules, actor.name))
    for use in verdict.consents:
        if use.kind != "revocation" and use.status != "refused" and (others or use.by == actor.name):
            yield use.id
