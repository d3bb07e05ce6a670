"""Which approvals count, which waivers are obeyed, and why the others are not. Signatures were looked at before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from assay.policy.sense import empty
from assay.records.consent import Approval, Bound, Revocation, SignedConsent, Waiver
from assay.records.verdict import ApprovalStep, ConsentUse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from assay.policy.form import ApprovalRule, Policy
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding

NEVER_WAIVED = frozenset({"approvals", "files-unchanged"})
"""Checks that nobody may waive: a waiver must not stand in for other people's consent, nor for the files themselves."""

_BOUND_TO = {
    "model_sha256": "the model's files",
    "policy_sha256": "the policy",
    "evidence_sha256": "the evidence",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What consents are held against.

    Attributes:
        bound: the digests as they are now.
        model: name of the model.
        version: version of the model.
        authors: identities of those who made or measured it.
        author_keys: their keys.
        at: time of the decision.
    """

    bound: Bound
    model: str
    version: str
    authors: frozenset[str]
    author_keys: frozenset[str]
    at: str


def subject_of(
    policy: Policy, evidence: Evidence, *, evidence_sha256: str, author_keys: Collection[str], at: str
) -> Subject:
    """Return what consents to a decision on this evidence are held against."""
    authors = {evidence.measured_by.identity, evidence.model.author} - {None}
    return Subject(
        bound=Bound(
            model_sha256=evidence.model.sha256,
            datasets={dataset.role: dataset.sha256 for dataset in evidence.datasets},
            policy_sha256=policy.sha256,
            evidence_sha256=evidence_sha256,
        ),
        model=evidence.model.name,
        version=evidence.model.version,
        authors=frozenset(str(author) for author in authors),
        author_keys=frozenset({evidence.measured_by.key, *author_keys}),
        at=at,
    )


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _changed(bound: Bound, now: Bound) -> str | None:
    """Return what has changed since a consent was given; None when nothing has."""
    for key, words in _BOUND_TO.items():
        then, today = getattr(bound, key), getattr(now, key)
        if then != today:
            return f"void: {words} changed since (it names {then[:12]}, now {today[:12]})"
    for role in sorted(bound.datasets.keys() | now.datasets.keys()):
        if bound.datasets.get(role) != now.datasets.get(role):
            return f"void: the dataset {role!r} changed since"
    return None


def _signature(consent: SignedConsent, subject: Subject) -> Iterator[str]:
    """Yield what speaks against a signature and its time, whatever was signed."""
    act = consent.act
    if consent.problem is not None or consent.signer is None:
        yield consent.problem or "signed by a key that the trust file does not name"
    if act.by != consent.signer:
        yield f"it names {act.by} as signer, but the key belongs to {consent.signer}"
    given, now = _instant(act.at), _instant(subject.at)
    if given is None or now is None or given > now:
        yield f"it is dated {act.at}, after this decision at {subject.at}"


def _objections(
    consent: SignedConsent, act: Approval | Waiver, subject: Subject, revoked: Mapping[str, str]
) -> Iterator[str]:
    """Yield what speaks against an approval or waiver, whatever it is about."""
    yield from _signature(consent, subject)
    if consent.id in revoked:
        yield revoked[consent.id]
    if consent.signer in subject.authors:
        yield f"{consent.signer} made or measured this model version: nobody judges their own work"
    if consent.key is not None and consent.key in subject.author_keys:
        yield "the key is the author's: nobody judges their own work"
    if act.role not in consent.roles:
        yield f"the trust file does not give {consent.signer} the role {act.role!r}"
    changed = _changed(act.bound, subject.bound)
    if changed is not None:
        yield changed


def in_order(consents: Sequence[SignedConsent]) -> list[SignedConsent]:
    """Return each consent once, in an order that does not depend on how they were presented."""
    return sorted({consent.id: consent for consent in sorted(consents, key=repr)}.values(), key=lambda c: c.id)


def revocations(
    policy: Policy, consents: Sequence[SignedConsent], subject: Subject
) -> tuple[dict[str, str], list[ConsentUse]]:
    """Return (id of what was taken back: why, every revocation presented and what became of it).

    A revocation counts when it is signed by whoever gave the consent, or by somebody with a role that this policy
    names; it can only ever make a decision stricter.
    """
    givers = {consent.id: consent.signer for consent in consents}
    revoked: dict[str, str] = {}
    uses: list[ConsentUse] = []
    for consent in consents:
        act = consent.act
        if not isinstance(act, Revocation):
            continue
        problem = next(_signature(consent, subject), None)
        if problem is None and consent.signer != givers.get(act.revokes) and not may_revoke(policy, consent.roles):
            problem = f"{consent.signer} neither gave {act.revokes} nor has a role that the policy names"
        if problem is None:
            revoked[act.revokes] = f"revoked by {consent.signer} at {act.at}: {act.reason}"
        uses.append(
            ConsentUse(
                id=consent.id, kind="revocation", by=consent.signer, role="",
                status="obeyed" if problem is None else "refused",
                reason=problem or f"takes back {act.revokes}: {act.reason}",
            )
        )  # fmt: skip
    return revoked, uses


def approvals(
    rules: Sequence[ApprovalRule], consents: Sequence[SignedConsent], subject: Subject, revoked: Mapping[str, str]
) -> tuple[tuple[ApprovalStep, ...], list[ConsentUse]]:
    """Return the steps with those who have given them, and every approval presented and what became of it.

    Steps are taken in order: an approval counts when all earlier steps were complete when it was given. A person
    counts once over all steps; where somebody approved in two roles, the earlier step takes whoever has no other.
    """
    verdicts: dict[str, tuple[bool, str]] = {}
    valid: list[tuple[SignedConsent, Approval]] = []
    for consent in consents:
        if isinstance(consent.act, Approval):
            objection = next(_objections(consent, consent.act, subject, revoked), None)
            if objection is None:
                valid.append((consent, consent.act))
            verdicts[consent.id] = (False, objection or "the policy asks for no approval in this role")
    steps: list[ApprovalStep] = []
    used: set[str] = set()
    since: datetime | None = None
    for number, rule in enumerate(rules):
        later = {act.by for _, act in valid if act.role in {r.role for r in rules[number + 1 :]}}
        mine = sorted(
            ((c, a) for c, a in valid if a.role == rule.role),
            key=lambda pair: (pair[1].by in later, pair[1].at, pair[0].id),
        )
        earlier = next((step for step in steps if len(step.given) < step.needed), None)
        given: list[tuple[str, datetime]] = []
        for consent, act in mine:
            refused = _refused_in_step(act, used, earlier, since)
            if refused is None and len(given) < rule.quorum:
                given.append((act.by, _instant(act.at) or datetime.max.replace(tzinfo=UTC)))
                used.add(act.by)
                verdicts[consent.id] = (True, f"counts for {rule.role}, {len(given)} of {rule.quorum}")
            else:
                verdicts[consent.id] = (False, refused or f"not needed: {rule.role} has its {rule.quorum} already")
        steps.append(ApprovalStep(role=rule.role, needed=rule.quorum, given=tuple(by for by, _ in given)))
        since = max([*(at for _, at in given), *([since] if since else [])], default=None)
    return tuple(steps), [_approval_use(c, *verdicts[c.id]) for c in consents if c.id in verdicts]


def _refused_in_step(
    act: Approval, used: Collection[str], earlier: ApprovalStep | None, since: datetime | None
) -> str | None:
    if act.by in used:
        return f"{act.by} has approved already; one person counts once"
    if earlier is not None:
        return f"waits: {earlier.role} has to approve first ({len(earlier.given)} of {earlier.needed})"
    given = _instant(act.at)
    if since is not None and given is not None and given < since:
        return f"given at {act.at}, before the step ahead of it was complete; approve again"
    return None


def _approval_use(consent: SignedConsent, counted: bool, reason: str) -> ConsentUse:
    role = consent.act.role if isinstance(consent.act, Approval) else ""
    return ConsentUse(
        id=consent.id, kind="approval", by=consent.signer, role=role,
        status="counted" if counted else "refused", reason=reason,
    )  # fmt: skip


def _term(waiver: Waiver, rules_days: int, at: str) -> str | None:
    """Return what is wrong with a waiver's end; None when nothing is."""
    try:
        expires = date.fromisoformat(waiver.expires)
    except ValueError:
        return f"expected an end such as 2026-12-31, found {waiver.expires!r}"
    given, now = _instant(waiver.at), _instant(at)
    end = datetime.combine(expires, time.max, tzinfo=UTC)
    if now is None or now > end:
        return f"expired on {waiver.expires}"
    if given is None or expires - given.astimezone(UTC).date() > timedelta(days=rules_days):
        return f"it lasts until {waiver.expires}; the policy permits {rules_days} days from the day it was given"
    return None


def refusal_of(policy: Policy, waiver: Waiver, *, at: str) -> str | None:
    """Return why a waiver would never be obeyed under a policy, whoever signs it; None when nothing speaks against it.

    Args:
        policy: the policy.
        waiver: what somebody is about to sign.
        at: the time, RFC 3339 in UTC.
    """
    return next(_terms_broken(policy, waiver, at), None)


def may_revoke(policy: Policy, roles: Collection[str]) -> bool:
    """Say whether somebody in these roles may take back what others gave: a role that the policy names for consent."""
    named = {rule.role for tier in (None, *policy.tiers) for rule in policy.steps_in(tier)}
    named |= set(policy.waivers.permitted_by) if policy.waivers else set()
    return not named.isdisjoint(roles)


def _terms_broken(policy: Policy, waiver: Waiver, at: str) -> Iterator[str]:
    """Yield what of a waiver's own terms the policy does not permit."""
    rules = policy.waivers
    if rules is None:
        yield "the policy permits no waivers"
        return
    if waiver.role not in rules.permitted_by:
        yield f"the policy lets {', '.join(rules.permitted_by)} accept a risk, not {waiver.role!r}"
    if empty(waiver.reason):
        yield "it gives no reason"
    if empty(waiver.compensating):
        yield "it names no compensating control"
    control = waiver.control.partition("/")[0]
    if control in rules.not_for:
        yield f"the policy lets nobody waive {control}"
    wrong_term = _term(waiver, rules.longest_days, at)
    if wrong_term is not None:
        yield wrong_term


def _waiver_objections(
    policy: Policy, consent: SignedConsent, waiver: Waiver, subject: Subject, revoked: Mapping[str, str]
) -> Iterator[str]:
    if policy.waivers is None:
        yield "the policy permits no waivers"
        return
    if (waiver.model, waiver.version) != (subject.model, subject.version):
        found = f"{waiver.model} {waiver.version}, this is {subject.model} {subject.version}"
        yield f"it is about another subject: {found}"
    yield from _objections(consent, waiver, subject, revoked)
    yield from _terms_broken(policy, waiver, subject.at)


def _accepted(waiver: Waiver, findings: Sequence[Finding]) -> list[Finding] | str:
    """Return the findings that a waiver is about, or why there are none."""
    named = [f for f in findings if waiver.control in {f.control, f.id}]
    if not named:
        return f"there is no finding {waiver.control!r}; a waiver names one control, or one finding of it"
    if any(f.check in NEVER_WAIVED for f in named):
        return f"{named[0].check} cannot be waived"
    wanting = [f for f in named if f.status in {"fail", "unknown"}]
    return wanting or f"not needed: {waiver.control} does not fail"


def waivers(
    policy: Policy,
    consents: Sequence[SignedConsent],
    subject: Subject,
    revoked: Mapping[str, str],
    findings: Sequence[Finding],
) -> tuple[dict[str, str], list[ConsentUse]]:
    """Return (id of a finding: id of the waiver that accepts it, every waiver presented and what became of it)."""
    accepted: dict[str, str] = {}
    uses: list[ConsentUse] = []
    for consent in consents:
        waiver = consent.act
        if not isinstance(waiver, Waiver):
            continue
        reason = next(_waiver_objections(policy, consent, waiver, subject, revoked), None)
        about = reason or _accepted(waiver, findings)
        if not isinstance(about, str):
            for one in about:
                accepted.setdefault(one.id, consent.id)
        obeyed = not isinstance(about, str)
        uses.append(
            ConsentUse(
                id=consent.id, kind="waiver", by=consent.signer, role=waiver.role,
                status="obeyed" if obeyed else "refused",
                reason=about if isinstance(about, str) else waiver.reason,
                control=waiver.control, expires=waiver.expires, compensating=waiver.compensating,
            )
        )  # fmt: skip
    return accepted, uses
