from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from assay.policy.cases import ShortMeasurement
from assay.records.consent import Revocation
from policy_cases import (
    APPROVALS,
    FAILS,
    GAP,
    OPEN,
    PASSES,
    WAIVERS,
    approval,
    bound,
    evidence,
    policy,
    signed,
    verdict,
    waiver,
)

if TYPE_CHECKING:
    from assay.records.verdict import ConsentUse, Verdict

ONE = "approvals: [{role: validator}]\n"


def use(found: Verdict, kind: str = "approval") -> ConsentUse:
    (only,) = [u for u in found.consents if u.kind == kind]
    return only


def test_an_approval_counts() -> None:
    under, about = policy(more=ONE), evidence()
    found = verdict(under, about, approval(under, about, "ada"))
    assert found.decision == "allow"
    assert found.approvals[0].given == ("ada",)
    assert use(found).status == "counted"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"signer": None}, "signed by a key that the trust file does not name"),
        ({"problem": "the signature is wrong"}, "the signature is wrong"),
        ({"signer": "mallory"}, "it names ada as signer, but the key belongs to mallory"),
        ({"roles": ("auditor",)}, "does not give ada the role 'validator'"),
        ({"key": "1" * 64}, "the key is the author's"),
        ({"at": "2026-11-24T00:00:00Z"}, "dated 2026-11-24T00:00:00Z, after this decision"),
        ({"at": "soon"}, "it is dated soon"),
    ],
)
def test_an_approval_that_does_not_count_says_why(changes: dict[str, Any], reason: str) -> None:
    under, about = policy(more=ONE), evidence()
    at = changes.pop("at", "2026-11-23T12:00:00Z")
    given = approval(under, about, "ada", at=at)
    given = msgspec.structs.replace(given, **changes)
    found = verdict(under, about, given)
    assert found.decision == "undecided"
    assert use(found).status == "refused"
    assert reason in use(found).reason


@pytest.mark.parametrize("author", ["ada", None])
def test_nobody_approves_their_own_work(author: str | None) -> None:
    under, about = policy(more=ONE), evidence(author=author)
    by = author or about.measured_by.identity
    found = verdict(under, about, approval(under, about, by))
    assert found.decision == "undecided"
    assert "nobody judges their own work" in use(found).reason


def test_the_authors_key_counts_as_the_author_under_any_name() -> None:
    under, about = policy(more=ONE), evidence(author="ada")
    given = approval(under, about, "bob", key="5" * 64)
    assert verdict(under, about, given).decision == "allow"
    assert verdict(under, about, given, author_keys={"5" * 64}).decision == "undecided"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_sha256": "f" * 64}, "the model's files changed"),
        ({"policy_sha256": "f" * 64}, "the policy changed"),
        ({"evidence_sha256": "f" * 64}, "the evidence changed"),
        ({"datasets": {"test": "f" * 64}}, "the dataset 'test' changed"),
    ],
)
def test_an_approval_is_void_when_anything_it_is_bound_to_changes(change: dict[str, Any], words: str) -> None:
    under, about = policy(more=ONE), evidence()
    given = approval(under, about, "ada")
    act = msgspec.structs.replace(given.act, bound=msgspec.structs.replace(bound(under, about), **change))
    found = verdict(under, about, msgspec.structs.replace(given, act=act))
    assert found.decision == "undecided"
    assert words in use(found).reason


def test_steps_are_taken_in_order_and_a_person_counts_once() -> None:
    under, about = policy(more=APPROVALS), evidence()
    ada, ben = approval(under, about, "ada"), approval(under, about, "ben")
    rita = approval(under, about, "rita", "risk-owner")
    again = approval(under, about, "ada", "risk-owner")
    assert verdict(under, about, ada, ben, rita).decision == "allow"
    half = verdict(under, about, ada, rita)
    assert [step.given for step in half.approvals] == [("ada",), ()]
    assert any("waits: validator has to approve first (1 of 2)" in u.reason for u in half.consents)
    twice = verdict(under, about, ada, ben, again)
    assert twice.decision == "undecided"
    assert any("one person counts once" in u.reason for u in twice.consents)
    doubled = verdict(under, about, ada, ada, msgspec.structs.replace(ada, id="f" * 16), rita)
    assert doubled.approvals[0].given == ("ada",)


def test_who_can_do_a_later_step_is_kept_for_it() -> None:
    under, about = policy(more="approvals: [{role: validator}, {role: risk-owner}]\n"), evidence()
    given = [
        approval(under, about, "rita", "validator", at="2026-11-23T08:00:00Z"),
        approval(under, about, "ada", "validator", at="2026-11-23T09:00:00Z"),
        approval(under, about, "rita", "risk-owner", at="2026-11-23T10:00:00Z"),
    ]
    found = verdict(under, about, *given)
    assert [step.given for step in found.approvals] == [("ada",), ("rita",)]
    assert found.decision == "allow"


def test_a_later_step_given_before_the_earlier_one_was_complete_does_not_count() -> None:
    under, about = policy(more="approvals: [{role: validator}, {role: risk-owner}]\n"), evidence()
    late = approval(under, about, "ada", at="2026-11-23T10:00:00Z")
    early = approval(under, about, "rita", "risk-owner", at="2026-11-23T09:00:00Z")
    found = verdict(under, about, late, early)
    assert found.decision == "undecided"
    assert any("before the step ahead of it was complete" in u.reason for u in found.consents)


def revocation(of: str, by: str, at: str = "2026-11-23T12:00:00Z") -> Revocation:
    return Revocation(revokes=of, by=by, reason="the data turned out stale", at=at)


def test_who_gave_a_consent_takes_it_back() -> None:
    under, about = policy(more=ONE), evidence()
    given = approval(under, about, "ada")
    found = verdict(under, about, given, signed(revocation(given.id, "ada")))
    assert found.decision == "undecided"
    assert "revoked by ada" in use(found).reason
    assert use(found, "revocation").status == "obeyed"


def test_a_role_that_the_policy_names_takes_it_back() -> None:
    under, about = policy(more=ONE), evidence()
    given = approval(under, about, "ada")
    assert verdict(under, about, given, signed(revocation(given.id, "ben"), "validator")).decision == "undecided"


@pytest.mark.parametrize(
    "bad",
    [{"signer": None}, {"problem": "wrong"}, {"roles": ("auditor",)}, {"at": "2026-12-01T00:00:00Z"}, {"signer": "x"}],
)
def test_a_revocation_that_nobody_may_give_is_refused_and_told(bad: dict[str, Any]) -> None:
    under, about = policy(more=ONE), evidence()
    given = approval(under, about, "ada")
    at = bad.pop("at", "2026-11-23T12:00:00Z")
    found = verdict(under, about, given, signed(revocation(given.id, "mallory", at), **bad))
    assert found.decision == "allow"
    assert use(found, "revocation").status == "refused"


def test_an_accepted_finding_stays_what_it_is_and_shows() -> None:
    under = policy(more=WAIVERS)
    for measured, status in ((FAILS, "fail"), (OPEN, "unknown")):
        about = evidence(measured)
        found = verdict(under, about, waiver(under, about))
        assert (found.decision, found.findings[0].status) == ("allow", status)
        assert use(found, "waiver").status == "obeyed"
        assert use(found, "waiver").compensating == "every refusal is read by a person"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"expires": "2026-11-22"}, "expired on 2026-11-22"),
        ({"expires": "2027-11-22"}, "the policy permits 90 days"),
        ({"expires": "next year"}, "expected an end such as"),
        ({"model": "other"}, "about another subject: other 2, this is case 2"),
        ({"version": "1"}, "about another subject"),
        ({"control": "*"}, "there is no finding '*'"),
        ({"control": ""}, "there is no finding ''"),
        ({"control": "gap/sex"}, "there is no finding 'gap/sex'"),
        ({"control": "sacred"}, "the policy lets nobody waive sacred"),
        ({"role": "validator"}, "the policy lets risk-owner accept a risk, not 'validator'"),
        ({"roles": ("validator",)}, "does not give rita the role 'risk-owner'"),
        ({"reason": " "}, "it gives no reason"),
        ({"reason": "TODO"}, "it gives no reason"),
        ({"compensating": ""}, "it names no compensating control"),
        ({"by": "case"}, "nobody judges their own work"),
        ({"signer": None}, "signed by a key that the trust file does not name"),
        ({"key": "1" * 64}, "the key is the author's"),
        ({"at": "2027-01-01T00:00:00Z"}, "after this decision"),
        ({"at": "2026-08-01T00:00:00Z"}, "the policy permits 90 days from the day it was given"),
    ],
)
def test_a_waiver_that_is_not_obeyed_is_told(change: dict[str, Any], reason: str) -> None:
    under, about = policy(more=WAIVERS), evidence(FAILS)
    found = verdict(under, about, waiver(under, about, **change))
    assert found.decision == "deny"
    assert found.findings[0].waiver is None
    assert use(found, "waiver").status == "refused"
    assert reason in use(found, "waiver").reason


def test_a_waiver_lasts_to_the_end_of_its_day() -> None:
    under, about = policy(more=WAIVERS), evidence(FAILS)
    assert verdict(under, about, waiver(under, about, expires="2026-11-23")).decision == "allow"


def test_a_policy_without_waivers_obeys_none() -> None:
    under, about = policy(), evidence(FAILS)
    found = verdict(under, about, waiver(under, about))
    assert (found.decision, use(found, "waiver").reason) == ("deny", "the policy permits no waivers")


def test_a_waiver_of_one_finding_leaves_the_others() -> None:
    sex = ShortMeasurement(metric="demographic_parity_difference", over="sex", value=0.3, interval=(0.2, 0.4))
    under = policy(GAP.replace("[race]", "[race, sex]"), more=WAIVERS)
    about = evidence(FAILS, sex)
    assert verdict(under, about, waiver(under, about, control="gap/race")).decision == "deny"
    assert verdict(under, about, waiver(under, about, control="gap")).decision == "allow"


def test_a_waiver_of_what_passes_is_told_as_not_needed() -> None:
    under, about = policy(more=WAIVERS), evidence(PASSES)
    assert use(verdict(under, about, waiver(under, about)), "waiver").reason == "not needed: gap does not fail"


def test_approvals_cannot_be_waived() -> None:
    under, about = policy(more=WAIVERS + ONE), evidence()
    found = verdict(under, about, waiver(under, about, control="approvals"))
    assert (found.decision, use(found, "waiver").reason) == ("undecided", "approvals cannot be waived")


def test_a_waiver_is_void_when_the_evidence_changes() -> None:
    under, about = policy(more=WAIVERS), evidence(FAILS)
    other = evidence(FAILS, rows=2000)
    assert "the evidence changed" in use(verdict(under, other, waiver(under, about)), "waiver").reason


def test_a_revoked_waiver_is_not_obeyed() -> None:
    under, about = policy(more=WAIVERS), evidence(FAILS)
    given = waiver(under, about)
    assert verdict(under, about, given, signed(revocation(given.id, "rita"))).decision == "deny"
