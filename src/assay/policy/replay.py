"""History decided again: stored evidence under another policy, as it would have been decided on its day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from assay.policy.decision import decide
from assay.records.consent import Revocation

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from assay.policy.form import Policy
    from assay.records.consent import SignedConsent
    from assay.records.evidence import Evidence
    from assay.records.verdict import Decision, Verdict


@dataclass(frozen=True, slots=True)
class Replayed:
    """One release: what was decided, and what the policy at hand decides on the same evidence at the same time.

    Attributes:
        then: the verdict that was recorded.
        now: the verdict under the policy at hand.
        differs: ids of the findings whose status differs, with both words.
    """

    then: Verdict
    now: Verdict
    differs: tuple[tuple[str, str, str], ...]

    @property
    def changed(self) -> bool:
        """Say whether the decision is another one."""
        return self.then.decision != self.now.decision

    @property
    def decisions(self) -> tuple[Decision, Decision]:
        """Return the decision then and now."""
        return (self.then.decision, self.now.decision)


def _carried(consent: SignedConsent, then: str, now: str) -> SignedConsent:
    act = consent.act
    if isinstance(act, Revocation) or act.bound.policy_sha256 != then:
        return consent
    bound = msgspec.structs.replace(act.bound, policy_sha256=now)
    return msgspec.structs.replace(consent, act=msgspec.structs.replace(act, bound=bound))


def replay(
    policy: Policy,
    evidence: Evidence,
    then: Verdict,
    *,
    consents: Sequence[SignedConsent] = (),
    author_keys: Collection[str] = (),
) -> Replayed:
    """Decide stored evidence again, at the time and by the actor of its verdict.

    Approvals and waivers given under the policy of that day are taken as given under this one: the question is what
    the policy would have changed, not whether people would have signed it. Whether files had changed by then cannot
    be asked again; those named in the evidence are taken.
    """
    under = policy.sha256
    consents = [_carried(consent, then.policy.sha256, under) for consent in consents]
    now = decide(
        policy, evidence, evidence_sha256=then.evidence_sha256, consents=consents, trust_sha256=then.trust_sha256,
        at=then.decided_at, by=then.decided_by, author_keys=author_keys, files_now=evidence.model.files,
    )  # fmt: skip
    before = {finding.id: finding.status for finding in then.findings}
    after = {finding.id: finding.status for finding in now.findings}
    differs = tuple(
        (name, before.get(name, "absent"), after.get(name, "absent"))
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    )
    return Replayed(then, now, differs)
