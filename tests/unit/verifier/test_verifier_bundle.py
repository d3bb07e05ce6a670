"""A whole bundle holds when nothing was touched; each thing that was is named."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from assay.tlog.signer import signer_key
from assay.verifier.bundle import check_bundle
from assay.verifier.logged import at_time
from assay.verifier.note import parse_vkey
from assay.verifier.quorum import parse_policy
from assay.verifier.trust import parse_trust
from unit.verifier.made_bundle import (
    FOLDER,
    LOG,
    MEASURED,
    ORIGIN,
    REVOKED,
    WITNESSES,
    Making,
    changed,
    dumps,
    key_of,
    make,
    manifest,
    named,
    person,
    seed,
    trust_document,
    without,
)

if TYPE_CHECKING:
    from unit.verifier.made_bundle import Edit

GOOD = make()
TRUST = parse_trust(dumps(trust_document()), "t")
POLICY = (
    "".join(f"witness {name} {one.verifier}\n" for name, one in WITNESSES.items()) + "group g 2 w1 w2 w3\nquorum g\n"
)


def problems(members: dict[str, bytes], **options: Any) -> str:  # noqa: ANN401 - the options of check_bundle
    found = check_bundle(members, **options).problems
    assert found
    return "\n".join(found)


BOTH = ["ASSAY_DECISION_ALLOW", "ASSAY_DECISION_WARN"]
MORE = {"name": "more", "digest": {"sha256": "00" * 32}}


def put(*path: Any, value: object) -> Edit:  # noqa: ANN401 - names and numbers of JSON
    """Return an edit that sets a value deep in a document."""

    def edit(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return edit


def test_an_untouched_bundle_holds_and_says_what_was_proven():
    found = check_bundle(GOOD, trust=TRUST)
    assert (found.problems, found.warnings) == ([], [])
    assert found.releases == [("lending", "1", "allow")]
    mila = f"mila (data-scientist; key {person('mila').key_id[:16]})"
    vera = f"vera (validator; key {person('vera').key_id[:16]})"
    rosa = f"rosa (risk-owner; key {person('rosa').key_id[:16]})"
    approval, waiver = (
        next(name[-26:-10] for name in named(GOOD, "consents/", ".dsse.json") if (name[:-10] + ".txt" in GOOD) is so)
        for so in (True, False)
    )
    said, logged = f"of the log {ORIGIN}, under its signed checkpoint of size 9", "its digest is entry"
    approved = "approved as validator at 2026-11-22T10:00:00Z"
    accepted = "accepted the risk of auc as risk-owner until 2027-01-01"
    decided = (
        f"lending 1 was decided 'allow' at 2026-11-23T04:00:01Z (time as claimed) by {mila} under the policy fair 3 "
        f"(SHA-256 {'c3' * 32}), about the evidence, model and data that the bundle names."
    )
    assert found.proven[0].startswith("15 files are what MANIFEST.json says (its SHA-256: ")
    assert {one.removeprefix(f"{FOLDER}: ") for one in found.proven[1:]} == {
        f"the measured evidence is signed by {mila}.",
        f"the test result is signed by {mila}.",
        f"the test result is entry 7 {said}.",
        f"the verification result is signed by {mila}.",
        f"the verification result is entry 8 {said}.",
        decided,
        f"{vera} {approved} (consent {approval}; the verdict counted it); {logged} 5 {said}.",
        f"{rosa} {accepted} (consent {waiver}; the verdict obeyed it); {logged} 6 {said}.",
    }
    assert len(found.proven) == 9
    unchecked = "\n".join(found.not_checked)
    for words in (
        "measured-evidence.dsse.json: it was signed and not logged",
        "rows, model files and policy are not in the bundle; what is signed are their digests\n",
        "that the decision follows from evidence and policy; assay policy replay decides anew\n",
        "report.html",
        "witnesses: no quorum",
        "this verifier itself; it checked",
    ):
        assert words in unchecked
    assert len(found.not_checked) == 6


def test_trust_from_inside_is_warned_of():
    inside = check_bundle(GOOD)
    assert inside.problems == []
    assert len(inside.warnings) == 1
    assert inside.warnings[0].startswith("the keys of people and log come from inside the bundle")
    key = parse_vkey(str(LOG.verifier))
    assert check_bundle(GOOD, logs=[key]).warnings[0].startswith("the keys of people come")
    people = parse_trust(dumps({**trust_document(), "logs": []}), "t")
    assert check_bundle(GOOD, trust=people).warnings[0].startswith("the keys of log come")
    assert check_bundle(GOOD, trust=people).problems == []
    assert check_bundle(GOOD, trust=people, logs=[key]).warnings == []
    witnessed = make(witnesses={"w1": 5, "w2": 6}, policy=POLICY)
    assert check_bundle(witnessed, trust=TRUST).warnings[0].startswith("the keys of witnesses come")
    assert check_bundle(witnessed, trust=TRUST, policy=parse_policy(POLICY.encode(), "p")).warnings == []
    assert "people and log and witnesses" in check_bundle(witnessed).warnings[0]


def test_other_keys_given_are_the_only_ones_trusted():
    other = signer_key(ORIGIN, seed("another log"))
    assert "trusted key" in problems(GOOD, trust=TRUST, logs=[parse_vkey(str(other.verifier))])
    stranger = {**trust_document(), "people": [{"name": "eve", "roles": ["validator"], "key": key_of("eve")}]}
    said = problems(GOOD, trust=parse_trust(dumps(stranger), "t"))
    assert said.count("nobody who is trusted here") == 5
    assert "expected the test result, signed; found none" in said
    policy = parse_policy(f"log {other.verifier}\nquorum none\n".encode(), "p")
    assert "trusted key" in problems(GOOD, policy=policy)
    right = parse_policy(f"log {LOG.verifier}\nquorum none\n".encode(), "p")
    assert check_bundle(GOOD, policy=right).problems == []
    assert check_bundle(GOOD, policy=right).warnings[0].startswith("the keys of people come")
    no_trust = without(GOOD, "trust.json")
    assert check_bundle(no_trust, trust=TRUST).problems == []
    assert "nobody who is trusted here" in problems(no_trust)
    assert "trust.json" in problems(changed(GOOD, "trust.json", lambda _: b"{}"), trust=TRUST)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_any_flipped_byte_is_seen(name: str):
    content = bytearray(GOOD[name])
    content[len(content) // 2] ^= 1
    assert check_bundle({**GOOD, name: bytes(content)}, trust=TRUST).problems


@pytest.mark.parametrize("name", [name for name in sorted(GOOD) if name != "MANIFEST.json"])
def test_any_missing_file_is_seen(name: str):
    gone = {one: content for one, content in GOOD.items() if one != name}
    assert any(one.startswith(f"{name}: missing") for one in check_bundle(gone, trust=TRUST).problems)


SIGNED = [
    *named(GOOD, "statements/"),
    *named(GOOD, "consents/"),
    *(f"{FOLDER}/{name}.json" for name in ("tally", "evidence", "verdict")),
]


@pytest.mark.parametrize("name", SIGNED)
def test_a_flipped_byte_is_seen_though_the_manifest_was_made_anew(name: str):
    step = max(1, len(GOOD[name]) // 15)
    for place in range(0, len(GOOD[name]), step):
        bent = bytearray(GOOD[name])
        bent[place] ^= 1
        assert check_bundle(manifest({**GOOD, name: bytes(bent)}), trust=TRUST).problems, f"{name} at {place}"


@pytest.mark.parametrize("name", SIGNED)
def test_a_missing_file_is_told_though_the_manifest_was_made_anew(name: str):
    found = check_bundle(without(GOOD, name), trust=TRUST)
    unlogged = "consents/" in name and name.endswith(".tlog-proof")
    if unlogged:
        assert found.problems == []
        assert any("no proof that it was logged" in one for one in found.not_checked)
    elif name.endswith(".txt"):
        assert found.problems == []
        assert any("the comment that was signed is not here" in one for one in found.not_checked)
    elif "measured" in name:
        assert found.problems == []
        assert not any("measured" in one for one in [*found.proven, *found.not_checked])
    else:
        assert found.problems


@pytest.mark.parametrize(
    ("edits", "why"),
    [
        ({"verdict": put("evidence_sha256", value="00" * 32)}, "evidence: verdict, evidence and tally do not name"),
        ({"evidence": put("tally_sha256", value="00" * 32)}, "tally: verdict, evidence and tally do not name"),
        ({"verdict": put("system", value="x")}, "system: verdict, evidence and tally do not name"),
        ({"evidence": put("model", "name", value="x")}, "model: verdict, evidence and tally do not name"),
        ({"verdict": put("version", value="2")}, "version: verdict, evidence and tally do not name"),
        ({"verdict": put("model_sha256", value="00" * 32)}, "model digest: verdict, evidence and tally do not name"),
        ({"verdict": put("datasets", "test", value="00" * 32)}, "datasets: verdict, evidence and tally do not name"),
        ({"verdict": put("datasets", value={"test": "b2" * 32})}, "dataset:train: not what the test result was signed"),
        ({"evidence": put("datasets", 0, "role", value=5)}, "evidence.json: role"),
        ({"evidence": put("datasets", 0, "sha256", value=None)}, "evidence.json: sha256"),
        ({"evidence": put("model", value="x")}, "evidence.json: model"),
        ({"verdict": put("model", value=5)}, "verdict.json: model"),
        ({"verdict": put("version", value=None)}, "verdict.json: version"),
        ({"verdict": put("decision", value=None)}, "verdict.json: decision"),
        ({"verdict": put("decision", value="deny")}, "does not say that the decision is 'deny'"),
        ({"verdict": put("decision", value="warn")}, "does not say that the decision is 'warn'"),
        ({"verdict": put("decision", value="undecided")}, "does not say that the decision is 'undecided'"),
        ({"verification-result": put("predicate", "properties", value=[])}, "that the decision is 'allow'"),
        (
            {"verification-result": put("predicate", "properties", value=BOTH)},
            "does not say that the decision is 'allow'",
        ),
        ({"verdict": put("decided_at", value="2026-11-23T04:00:02Z")}, "do not name the same time"),
        ({"verdict": put("decided_by", "key", value="00" * 32)}, "names another key"),
        ({"verdict": put("decided_by", value=None)}, "verdict.json: decided_by"),
        ({"verdict": put("policy", "sha256", value="00" * 32)}, "policy:fair: not what the verification result"),
        ({"verdict": put("policy", "name", value="x")}, "policy:x, policy:fair: not what the verification result"),
        ({"verdict": put("policy", value=None)}, "verdict.json: policy"),
        ({"verdict": put("consents", value=None)}, "verdict.json: consents"),
        ({"verdict": put("consents", 0, "id", value=None)}, "verdict.json: id"),
        ({"verdict": put("findings", 0, "status", value="fail")}, "calls 'gap/sex' passed"),
        ({"verdict": put("findings", 0, "status", value="unknown")}, "calls 'gap/sex' passed"),
        ({"verdict": put("findings", 0, "status", value="not-applicable")}, "calls 'gap/sex' passed"),
        ({"test-result": put("predicate", "passedTests", value=["none"])}, "calls 'none' passed"),
        ({"test-result": put("predicate", "passedTests", value=["auc"])}, "calls 'auc' passed"),
        ({"test-result": put("predicate", "passedTests", value=None)}, "the test result: passedTests"),
        ({"test-result": put("predicateType", value="x")}, "says 'x', which is unknown here"),
        ({"verification-result": put("predicateType", value=MEASURED)}, "which is unknown here or said twice"),
        ({"test-result": put("subject", 0, "name", value="x")}, "lending, x: not what the test result"),
        ({"test-result": put("subject", 0, "digest", value={"sha256": "00"})}, "lending: not what the test result"),
        ({"test-result": lambda one: one["subject"].pop()}, "evidence.json: not what the test result"),
        ({"measured-evidence": lambda one: one["subject"].pop(3)}, "tally.json: not what the measured evidence"),
        ({"verification-result": lambda one: one["subject"].pop()}, "verdict.json: not what the verification result"),
        ({"verification-result": lambda one: one["subject"].append(MORE)}, "more: not what"),
    ],
)  # fmt: skip
def test_records_and_statements_that_contradict_each_other(edits: dict[str, Edit], why: str):
    said = problems(make(edits), trust=TRUST)
    assert why in said
    assert said.startswith(f"{FOLDER}: ")
    assert not any("was decided" in one for one in check_bundle(make(edits), trust=TRUST).proven)


def test_a_control_may_stand_for_its_findings():
    assert (
        check_bundle(make({"test-result": put("predicate", "passedTests", value=["gap"])}), trust=TRUST).problems == []
    )
    assert check_bundle(make({"test-result": put("predicate", "passedTests", value=[])}), trust=TRUST).problems == []


@pytest.mark.parametrize("decision", ["deny", "undecided"])
def test_a_denial_holds_and_is_called_one(decision: str):
    edits = {
        "verdict": put("decision", value=decision),
        "verification-result": put("predicate", "properties", value=["ASSAY_CONTROL_PASSED gap"]),
    }
    found = check_bundle(make(edits), trust=TRUST)
    assert (found.problems, found.releases) == ([], [("lending", "1", decision)])


def test_a_warning_lets_pass():
    edits = {
        "verdict": put("decision", value="warn"),
        "verification-result": put("predicate", "properties", value=["ASSAY_DECISION_WARN"]),
    }
    assert check_bundle(make(edits), trust=TRUST).problems == []


def test_a_decision_about_a_stage_is_signed_as_one():
    """A release is decided by the property ASSAY_DECISION_..., a window by ASSAY_MONITORING_DECISION_..."""

    def staged(named: str) -> dict[str, bytes]:
        properties = put("predicate", "properties", value=[named])
        return make({"verdict": put("stage", value="monitoring"), "verification-result": properties})

    assert check_bundle(staged("ASSAY_MONITORING_DECISION_ALLOW"), trust=TRUST).problems == []
    assert "does not say that the decision is 'allow'" in problems(staged("ASSAY_DECISION_ALLOW"), trust=TRUST)


def test_statements_signed_by_others():
    assert "nobody who is trusted" in problems(make(signers={"test-result": ["eve"]}), trust=TRUST)
    assert "names another key" in problems(make(signers={"verification-result": ["vera"]}), trust=TRUST)
    both = check_bundle(make(signers={"verification-result": ["vera", "mila"]}), trust=TRUST)
    assert both.problems == []
    (said,) = [one for one in both.proven if "was decided" in one]
    vera, mila = (person(one).key_id[:16] for one in ("vera", "mila"))
    assert f" by vera (validator; key {vera}), mila (data-scientist; key {mila}) under the policy fair 3" in said


def test_a_statement_said_twice():
    stem = f"{FOLDER}/statements/test-result"
    twice = manifest({**GOOD, f"{FOLDER}/statements/z.dsse.json": GOOD[f"{stem}.dsse.json"]})
    assert "unknown here or said twice" in problems(twice, trust=TRUST)


def test_files_that_are_neither_statement_nor_consent_are_left_alone():
    more = manifest(
        {**GOOD, f"{FOLDER}/statements/note.txt": b"x", f"{FOLDER}/consents/a.md": b"", f"{FOLDER}/x.dsse.json": b""}
    )
    assert check_bundle(more, trust=TRUST).problems == []
    stray = {**GOOD, "stray.txt": b"x"}
    assert "stray.txt: not in the manifest, and not looked at" in check_bundle(stray, trust=TRUST).not_checked


def test_a_proof_of_another_entry():
    names = named(GOOD, "statements/", ".tlog-proof")
    swapped = manifest({**GOOD, names[0]: GOOD[names[1]], names[1]: GOOD[names[0]]})
    said = problems(swapped, trust=TRUST)
    assert said.count("inclusion proof: the entry is not number") == 2
    assert said.count("expected a .tlog-proof of it that holds, found none") == 2
    measured = manifest({**GOOD, f"{FOLDER}/statements/measured-evidence.tlog-proof": GOOD[names[0]]})
    assert "measured-evidence.dsse.json: inclusion proof" in problems(measured, trust=TRUST)


def test_a_forked_log_is_seen():
    fork = Making({"more": lambda one: one["making"].entries.reverse()}).make()
    name = named(GOOD, "statements/", ".tlog-proof")[0]
    mixed = manifest({**GOOD, name: fork[name]})
    assert "two histories of size 9: it has forked" in problems(mixed, trust=TRUST)


def test_checkpoints_of_several_sizes_are_not_called_consistent():
    def append(one: dict[str, Any]) -> None:
        one["making"].entries[:0] = [b"earlier"]

    name = named(GOOD, "statements/", ".tlog-proof")[0]
    longer = make({"more": append})
    found = check_bundle(manifest({**GOOD, name: longer[name]}), trust=TRUST)
    assert found.problems == []
    assert f"{ORIGIN}: that the log of size 10 continues those of [9]; ask for consistency proofs" in found.not_checked


def test_witnesses_are_asked_for_when_a_policy_is_given():
    policy = parse_policy(POLICY.encode(), "p")
    two = check_bundle(make(witnesses={"w1": 1_700_000_000, "w2": 1_700_000_001}), trust=TRUST, policy=policy)
    assert two.problems == []
    assert any(
        "cosigned by w1.example.com at 2023-11-14T22:13:20Z, cosigned by w2.example.com" in one for one in two.proven
    )
    assert not any("witnesses" in one for one in two.not_checked)
    for few in ({"w1": 5}, {}):
        said = problems(make(witnesses=few), trust=TRUST, policy=policy)
        assert "the witnesses that signed its checkpoint do not make 'g'" in said
    inside = make(witnesses={"w1": 5}, policy=POLICY)
    assert "do not make 'g'" in problems(inside, trust=TRUST)
    nobody = parse_policy(b"quorum none\n", "p")
    assert any("no quorum was asked for" in one for one in check_bundle(GOOD, trust=TRUST, policy=nobody).not_checked)
    assert "tlog-policy.txt:1" in problems(make(policy="x\n"), trust=TRUST)


def test_times_are_told_as_people_read_them():
    assert at_time(0) == "1970-01-01T00:00:00Z"
    assert at_time(253402300799) == "9999-12-31T23:59:59Z"
    assert at_time(253402300800) == "253402300800 s after 1970"


def test_a_log_that_signs_twice_is_asked_for_both():
    post_quantum = signer_key(ORIGIN, seed("log"), 6)
    keys = [parse_vkey(str(LOG.verifier)), parse_vkey(str(post_quantum.verifier))]
    twice = make(second_key=post_quantum)
    found = check_bundle(twice, trust=TRUST, logs=keys)
    assert found.problems == []
    assert found.proven[1:] == check_bundle(GOOD, trust=TRUST, logs=keys[:1]).proven[1:]
    assert not any("ML-DSA-44" in one for one in found.not_checked)
    assert check_bundle(twice, trust=TRUST, logs=keys[1:]).problems == []
    assert "expected a signature by the ML-DSA-44 key" in problems(GOOD, trust=TRUST, logs=keys)


def test_a_key_is_the_logs_for_the_sizes_that_its_line_names():
    new = signer_key(ORIGIN, seed("new log"))
    document = trust_document()
    document["logs"] = [f"{LOG.verifier} 0 10", f"{new.verifier} 10"]
    assert check_bundle(GOOD, trust=parse_trust(dumps(document), "t")).problems == []
    document["logs"] = [f"{LOG.verifier} 0 9", f"{new.verifier} 9"]
    said = problems(GOOD, trust=parse_trust(dumps(document), "t"))
    assert f"of size 9, signed by {ORIGIN}+{LOG.verifier.id.hex()} alone, which is the log's key from size 0" in said
    stolen = parse_trust(dumps({**document, "logs": [f"{LOG.verifier} 10"]}), "t")
    assert "from size 10 up to, not including, None: the signer is not the log" in problems(GOOD, trust=stolen)


def test_a_stamped_checkpoint_may_be_older_than_the_quorum():
    policy = parse_policy(POLICY.encode(), "p")
    two = make(witnesses={"w1": 1_700_000_000, "w2": 1_700_000_001})
    name = named(two, "statements/", ".tlog-proof")[0]
    earlier = {name.replace(".tlog-proof", ".stamped.tlog-proof"): GOOD[name]}
    assert check_bundle(manifest({**two, **earlier}), trust=TRUST, policy=policy).problems == []


def test_a_bundle_of_nothing_proves_nothing():
    assert "names no release" in problems(manifest({"trust.json": GOOD["trust.json"]}, []))
    assert "evidence.json, tally.json, verdict.json: missing" in problems(
        manifest(GOOD, [FOLDER, "releases/lending/2"])
    )
    assert "expected MANIFEST.json" in problems({})
    assert "tally.json: missing, or changed" in problems(without(GOOD, f"{FOLDER}/tally.json"))


def test_two_releases_are_told_apart():
    second = {name.replace("/lending/1/", "/lending/2/"): one for name, one in GOOD.items() if "/lending/1/" in name}
    both = manifest({**GOOD, **second}, [FOLDER, "releases/lending/2"])
    found = check_bundle(both, trust=TRUST)
    assert found.problems == []
    assert len(found.releases) == 2
    assert sum(one.startswith("releases/lending/2: ") for one in found.proven) == 8
    near = manifest({**GOOD, f"{FOLDER}0/verdict.json": b""}, [FOLDER])
    assert check_bundle(near, trust=TRUST).problems == []


def revoke() -> Edit:
    """Return an edit that adds rosa's revocation of vera's approval."""

    def edit(one: dict[str, Any]) -> None:
        making, approved = one["making"], one["approved"]
        content = making.members[f"consents/{approved}.dsse.json"]
        digest = sha256(base64.b64decode(json.loads(content)["payload"])).hexdigest()
        predicate = {"by": "rosa", "revokes": approved, "at": "2026-11-24T00:00:00Z"}
        making.consent("revocation", REVOKED, {f"consent:{approved}": digest}, predicate)

    return edit


def test_what_was_revoked_after_the_decision_is_warned_of():
    found = check_bundle(make({"more": revoke()}), trust=TRUST)
    assert found.problems == []
    assert len(found.warnings) == 1
    assert "revoked" in found.warnings[0]
    assert "the verdict does not know it" in found.warnings[0]
    assert "the verdict rests on what was revoked" in found.warnings[0]
    refused = check_bundle(
        make({"more": revoke(), "verdict": put("consents", 0, "status", value="refused")}), trust=TRUST
    )
    assert (refused.problems, refused.warnings) == ([], [])


@pytest.mark.parametrize(
    "edits",
    [
        {"revocation": put("predicate", "revokes", value="0" * 16)},
        {"revocation": put("subject", 0, "digest", value={"sha256": "0" * 64})},
        {"revocation": lambda one: one["subject"].append({"name": "more", "digest": {"sha256": "0"}})},
        {"revocation": put("predicate", "revokes", value=None)},
    ],
)
def test_a_revocation_of_something_else_is_not_believed(edits: dict[str, Edit]):
    found = check_bundle(make({"more": revoke(), **edits}), trust=TRUST)
    assert (found.problems, found.warnings) == ([], [])
    assert any("consent" in one and ("another consent" in one or "revokes" in one) for one in found.not_checked)


BOUND = "another model, data, policy or evidence"
CONSENT_EDITS = [
    ("approval", put("predicate", "by", value="mila"), "says that it is by 'mila', and is signed by 'vera'"),
    ("approval", put("predicate", "role", value="risk-owner"), "in a role that vera"),
    ("approval", put("predicateType", value="https://example.com/other"), "expected an approval or waiver"),
    ("approval", put("predicate", "bound", "policy_sha256", value="00" * 32), BOUND),
    ("approval", put("predicate", "bound", "datasets", value={}), BOUND),
    ("approval", put("subject", 0, "digest", value={"sha256": "00" * 32}), BOUND),
    ("approval", lambda one: one["subject"].pop(), BOUND),
    ("approval", put("predicate", "commentSha256", value="00" * 32), "is not the comment that was signed"),
    ("waiver", put("predicate", "bound", "evidence_sha256", value="00" * 32), BOUND),
    ("waiver", put("predicate", "bound", "model_sha256", value="00" * 32), BOUND),
    ("waiver", put("_type", value="x"), "in-toto statement v1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "edit", "why"), CONSENT_EDITS)
def test_a_consent_that_the_verdict_rests_on_must_hold(name: str, edit: Edit, why: str):
    signers = {name: ["vera" if name == "approval" else "rosa"]}
    assert why in problems(make({name: edit}, signers=signers), trust=TRUST)
    place = 0 if name == "approval" else 1
    unused = {name: edit, "verdict": put("consents", place, "status", value="refused")}
    found = check_bundle(make(unused, signers=signers), trust=TRUST)
    assert found.problems == []
    assert (why == BOUND) is not any(why in one for one in found.not_checked)


def test_a_consent_is_signed_by_one_person():
    for signers in (["vera", "mila"], ["mila", "vera"]):
        assert "signed by one person" in problems(make(signers={"approval": signers}), trust=TRUST)
    assert "nobody who is trusted" in problems(make(signers={"waiver": ["eve"]}), trust=TRUST)


def test_a_consent_under_another_id():
    name = named(GOOD, "consents/", ".txt")[0].removesuffix(".txt")
    other = f"{FOLDER}/consents/{'0' * 16}"
    moved = {one.replace(name, other): content for one, content in GOOD.items()}
    said = check_bundle(manifest(moved), trust=TRUST)
    assert any("expected the statement of that id" in one for one in said.not_checked)
    assert any("the verdict rests on the approval" in one and "not in the bundle" in one for one in said.problems)


def test_a_comment_and_a_proof_of_another_consent():
    text = named(GOOD, "consents/", ".txt")[0]
    assert "is not the comment that was signed" in problems(changed(GOOD, text, lambda one: one + b"."), trust=TRUST)
    proofs = named(GOOD, "consents/", ".tlog-proof")
    swapped = manifest({**GOOD, proofs[0]: GOOD[proofs[1]]})
    assert "inclusion proof" in problems(swapped, trust=TRUST)
    extra = manifest(
        {**GOOD, proofs[0].replace(".tlog-proof", ".txt"): b"", proofs[1].replace(".tlog-proof", ".txt"): b""}
    )
    assert "is not the comment that was signed" in problems(extra, trust=TRUST)
