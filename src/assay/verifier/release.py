"""One release: that its records are what was signed and logged, and that they speak of the same things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .claim import open_claim
from .consents import check_consents
from .strict import Refused, field, objects, parse_json, sha256_hex, texts

if TYPE_CHECKING:
    from .claim import Claim
    from .findings import Findings
    from .logged import LogChecker
    from .trust import Trust

RESULT = "https://in-toto.io/attestation/test-result/v0.1"
VERIFIED = "https://in-toto.io/attestation/svr/v0.2"
MEASURED = "https://assay/event/evidence.measured/v1"

ERASED, ERASER = "https://assay/event/privacy.erasure/v1", "data-protection-officer"
EVIDENCE, TALLY, VERDICT = "evidence.json", "tally.json", "verdict.json"
ISSUED, VIEWS = (
    "https://assay/event/report.issued/v1",
    ("report.html", "model-card.md", "datasheet.md", "explanation.json"),
)
_WORDS = {RESULT: "the test result", VERIFIED: "the verification result", MEASURED: "the measured evidence"}
_ENDING = ".dsse.json"
_LET_PASS = ("allow", "warn")
_PASSED = "ASSAY_CONTROL_PASSED "


def check_release(members: dict[str, bytes], trust: Trust, log: LogChecker, findings: Findings) -> None:
    """Check the release whose files are given by their names in its folder."""
    missing = [name for name in (EVIDENCE, TALLY, VERDICT) if name not in members]
    if missing:
        raise Refused(f"{', '.join(missing)}: missing, or changed")
    evidence, verdict = parse_json(members[EVIDENCE], EVIDENCE), parse_json(members[VERDICT], VERDICT)
    model, version, decision = (field(verdict, name, str, VERDICT) for name in ("model", "version", "decision"))
    findings.releases.append((model, version, decision))
    before = len(findings.problems)
    findings.attempt(_take_erasures, members, trust, log, findings.erased)
    digests = {name: _signed(members[name], findings) for name in (EVIDENCE, TALLY, VERDICT)}
    findings.attempt(_compare_records, digests, evidence, verdict)
    claims = _claims(members, trust, log, findings)
    for kind in (RESULT, VERIFIED):
        if kind not in claims:
            findings.problems.append(f"expected {_WORDS[kind]}, signed; found none that holds")
    for kind, claim in claims.items():
        findings.attempt(_compare_subjects, digests, verdict, kind, claim)
    if RESULT in claims:
        findings.attempt(_compare_tests, verdict, claims[RESULT])
    if VERIFIED in claims:
        findings.attempt(_compare_decision, verdict, claims[VERIFIED])
    check_consents(members, verdict, trust, log, findings)
    if len(findings.problems) == before:
        findings.proven.append(_decision(verdict, claims[VERIFIED]))
    findings.not_checked += [
        "rows, model files and policy are not in the bundle; what is signed are their digests",
        "that the decision follows from evidence and policy; assay policy replay decides anew",
    ]
    digests |= {name: _signed(members[name], findings) for name in VIEWS if name in members}
    _check_views(members, digests, trust, log, findings)


def _check_views(
    members: dict[str, bytes], digests: dict[str, str], trust: Trust, log: LogChecker, findings: Findings
) -> None:
    """Check the documents for people that signed events in the log name."""
    for view in VIEWS:
        if f"documents/{view}.dsse.json" in members:
            words = findings.attempt(_view, view, members, digests, trust, log)
            findings.proven += [words] if words else []
        elif view in members:
            findings.not_checked.append(f"{view} is a view for people; what is signed are the records")


def _view(view: str, members: dict[str, bytes], digests: dict[str, str], trust: Trust, log: LogChecker) -> str:
    """Return what an event proves of a document, in words: that it is what was logged, and about this verdict."""
    what = f"documents/{view}.dsse.json"
    claim = open_claim(members[what], trust.people, what)
    said = field(claim.predicate, "fields", dict, what)
    expected = {"report": view, "report_sha256": digests.get(view), "verdict_sha256": digests[VERDICT]}
    wrong = [name for name, value in expected.items() if said.get(name) != value]
    if wrong or claim.kind != ISSUED:
        raise Refused(f"{view}: it or the verdict was changed after it was written: {', '.join(wrong) or claim.kind}")
    where = log.place(f"documents/{view}", members[what], members)
    if where is None:
        raise Refused(f"{what}: expected a .tlog-proof of it that holds, found none")
    return f"{view} is what was written about the verdict, signed by {claim.signers[0]}; it is {where}."


def _take_erasures(members: dict[str, bytes], trust: Trust, log: LogChecker, erased: dict[str, str]) -> None:
    """Take what the erasures beside a release say; they are logged, and signed by somebody whose task it is."""
    for name, content in members.items():
        if name.startswith("erasures/") and name.endswith(_ENDING):
            claim = open_claim(content, trust.people, name)
            if claim.kind != ERASED or not any(ERASER in one.roles for one in claim.signers):
                raise Refused(f"{name}: expected an erasure by somebody with the role {ERASER}, found none")
            where = log.place(name[: -len(_ENDING)], content, members)
            if where is None:
                raise Refused(f"{name}: expected a .tlog-proof of it that holds, found none")
            said = field(claim.predicate, "fields", dict, name)
            erased |= {new: old for old, new in texts(said, "replaced", name).items()}
            erased[field(said, "person", str, name)] = f"erased by {claim.signers[0]}; {where}"


def _signed(content: bytes, findings: Findings) -> str:
    """Return the SHA-256 under which a record was signed: its own, or that of the record whose place it took."""
    digest = sha256_hex(content)
    while digest in findings.erased:
        digest = findings.erased.pop(digest)  # each once, so that no circle of them is followed for ever
        findings.not_checked.append(f"a record was rewritten by an erasure ({digest}); what else changed is not known")
    return digest


def _claims(members: dict[str, bytes], trust: Trust, log: LogChecker, findings: Findings) -> dict[str, Claim]:
    """Return the statements whose signatures hold, by what they say."""
    found: dict[str, Claim] = {}
    for name, content in members.items():
        if not name.startswith("statements/") or not name.endswith(_ENDING):
            continue
        claim = findings.attempt(open_claim, content, trust.people, name)
        if claim is None:
            continue
        if claim.kind in found or claim.kind not in _WORDS:
            findings.problems.append(f"{name}: says {claim.kind!r}, which is unknown here or said twice")
            continue
        found[claim.kind] = claim
        findings.proven.append(f"{_WORDS[claim.kind]} is signed by {', '.join(map(str, claim.signers))}.")
        stem = name[: -len(_ENDING)]
        where = findings.attempt(log.place, stem, content, members)
        if where is not None:
            findings.proven.append(f"{_WORDS[claim.kind]} is {where}.")
        elif claim.kind != MEASURED:
            findings.problems.append(f"{name}: expected a .tlog-proof of it that holds, found none")
        elif f"{stem}.tlog-proof" not in members:
            findings.not_checked.append(f"{name}: it was signed and not logged, so nothing shows when")
    return found


def _compare_records(digests: dict[str, str], evidence: dict[str, Any], verdict: dict[str, Any]) -> None:
    version = field(evidence, "model", dict, EVIDENCE)
    datasets = {
        field(one, "role", str, EVIDENCE): field(one, "sha256", str, EVIDENCE)
        for one in objects(evidence, "datasets", EVIDENCE)
    }
    compared = {
        "evidence": (verdict.get("evidence_sha256"), digests[EVIDENCE]),
        "tally": (evidence.get("tally_sha256"), digests[TALLY]),
        "system": (verdict.get("system"), evidence.get("system")),
        "model": (verdict.get("model"), version.get("name")),
        "version": (verdict.get("version"), version.get("version")),
        "model digest": (verdict.get("model_sha256"), version.get("sha256")),
        "datasets": (verdict.get("datasets"), datasets),
    }
    wrong = [what for what, (one, other) in compared.items() if one != other]
    if wrong:
        raise Refused(f"{', '.join(wrong)}: verdict, evidence and tally do not name the same")


def _compare_subjects(digests: dict[str, str], verdict: dict[str, Any], kind: str, claim: Claim) -> None:
    expected: dict[Any, Any] = {
        verdict["model"]: verdict.get("model_sha256"),
        **{f"dataset:{role}": digest for role, digest in texts(verdict, "datasets", VERDICT).items()},
        EVIDENCE: digests[EVIDENCE],
    }
    if kind == VERIFIED:
        policy = field(verdict, "policy", dict, VERDICT)
        expected |= {f"policy:{policy.get('name')}": policy.get("sha256"), VERDICT: digests[VERDICT]}
    else:
        expected[TALLY] = digests[TALLY]
    wrong = [name for name in {**expected, **claim.subjects} if expected.get(name) != claim.subjects.get(name)]
    if wrong:
        raise Refused(f"{', '.join(wrong)}: not what {_WORDS[kind]} was signed about")


def _compare_tests(verdict: dict[str, Any], claim: Claim) -> None:
    """Check that nothing is called passed that the verdict does not call passed; a test is a finding or a control."""
    listed = objects(verdict, "findings", VERDICT)
    for name in field(claim.predicate, "passedTests", list, _WORDS[RESULT]):
        found = {one.get("status") for one in listed if name in (one.get("id"), one.get("control"))}
        if found - {"not-applicable"} != {"pass"}:
            raise Refused(f"{_WORDS[RESULT]} calls {name!r} passed, which {VERDICT} does not")


def _compare_decision(verdict: dict[str, Any], claim: Claim) -> None:
    decision, words = verdict["decision"], _WORDS[VERIFIED]
    properties = [str(one) for one in field(claim.predicate, "properties", list, words)]
    stage = f"{str(verdict['stage']).upper()}_" if "stage" in verdict else ""
    named = f"ASSAY_{stage}DECISION_"
    expected = [f"{named}{decision.upper()}"] if decision in _LET_PASS else []
    if [one for one in properties if not one.startswith(_PASSED)] != expected:
        raise Refused(f"{words} does not say that the decision is {decision!r}")
    if claim.predicate.get("timeCreated") != verdict.get("decided_at"):
        raise Refused(f"{words} and {VERDICT} do not name the same time")
    if field(verdict, "decided_by", dict, VERDICT).get("key") not in {one.key.key_id for one in claim.signers}:
        raise Refused(f"{VERDICT} names another key than the one that signed {words}")


def _decision(verdict: dict[str, Any], claim: Claim) -> str:
    policy, signers = field(verdict, "policy", dict, VERDICT), ", ".join(map(str, claim.signers))
    return (
        f"{verdict['model']} {verdict['version']} was decided {verdict['decision']!r} at {verdict['decided_at']} (time "
        f"as claimed) by {signers} under the policy {policy.get('name')} {policy.get('version')} (SHA-256 "
        f"{policy.get('sha256')}), about the evidence, model and data that the bundle names."
    )
