from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from assay.errors import InputError
from assay.records.canonical import canonical_json
from assay.trail.events import Times
from assay.trail.examples import of
from assay.trail.questions import production
from assay.trail.telling import answer_json, answer_markdown, answer_text
from assay.trail.view import Anchor, times_by
from unit.trail.memory_trail import EVIDENCE, MODEL, POLICY, STRANGER, MemoryTrail

if TYPE_CHECKING:
    from assay.trail.answers import Answer

MILA = "p_" + "1" * 32


@pytest.fixture
def trail() -> MemoryTrail:
    made = MemoryTrail(people={MILA: "mila"})
    made.say(
        "validation.criteria", "2026-09-20T08:00:00Z", model="credit", policy="lending", policy_sha256=POLICY, by=MILA
    )
    made.approve()
    made.waive()
    made.release()
    made.deploy("2026-10-01T09:30:00Z", by=MILA)
    return made


def ask(trail: MemoryTrail, at: str = "2026-10-03", size: int | None = None, **more: Any) -> Answer:  # noqa: ANN401 - as `View`
    return production(trail.view(size, **more), "credit", at)


def words(answer: Answer) -> str:
    return "\n".join(sentence.text for sentence in answer.sentences)


def test_one_question_has_the_whole_answer(trail: MemoryTrail) -> None:
    answer = ask(trail)
    row = answer.rows[0]
    assert (row["version"], row["model_sha256"], row["from"], row["until"]) == (
        "2",
        MODEL,
        "2026-10-01T09:30:00Z",
        None,
    )
    assert (row["decision"], row["policy"], row["policy_sha256"], row["evidence_sha256"]) == (
        "allow",
        "lending",
        POLICY,
        EVIDENCE,
    )
    assert [(one["by"], one["role"], one["entry"]) for one in row["approvals"]] == [("vera", "validator", 1)]
    assert [(one["by"], one["control"], one["expires"]) for one in row["waivers"]] == [("rosa", "c", "2026-12-31")]
    assert row["entries"] == [0, 1, 2, 3, 4, 5]
    assert answer.missing == (
        "entry 3 (validation.result): the document with SHA-256 " + EVIDENCE + " is not at hand",
        "entry 4 (gate.decision): the document with SHA-256 " + of("verdict") + " is not at hand",
    )
    for text in (
        "Version 2 of credit",
        "The gate had decided: allow",
        "2 findings passed, 1 warned",
        "mila had fixed the criteria before the test",
        "vera approved it as validator",
        "rosa accepted the risk of c as risk-owner until 2026-12-31",
    ):
        assert text in words(answer)


def test_every_sentence_is_linked_to_entries_that_are_cited(trail: MemoryTrail) -> None:
    answer = ask(trail)
    cited = {one.index: one for one in answer.cited}
    assert all(sentence.entries for sentence in answer.sentences)
    assert {index for sentence in answer.sentences for index in sentence.entries} == set(cited)
    assert cited[5].signed_by == ("mila",)
    assert cited[1].signed_by == ("vera",)


def test_the_same_log_and_size_give_the_same_bytes(trail: MemoryTrail) -> None:
    before = [tell(ask(trail)) for tell in (answer_json, answer_markdown, answer_text)]
    size = len(trail.entries)
    trail.deploy("2026-10-02T00:00:00Z", version="3", digest=of("model 3"))
    trail.say(
        "deployment.rolled_back",
        "2026-10-01T10:00:00Z",
        deployment="d",
        model="credit",
        version="2",
        environment="production",
    )
    assert [tell(ask(trail, size=size)) for tell in (answer_json, answer_markdown, answer_text)] == before
    assert ask(trail) != ask(trail, size=size)


@pytest.mark.parametrize(
    ("at", "served"),
    [
        ("2026-09-30", []),
        ("2026-10-01T09:29:59Z", []),
        ("2026-10-01T09:30:00Z", ["2"]),
        ("2026-10-01", ["2"]),
        ("2026-10-05", ["2", "3"]),
        ("2026-10-05T12:00:00Z", ["3"]),
        ("2026-10-06", ["3", "2"]),
        ("2026-10-07", ["2"]),
        ("2026-10-09", ["2"]),
        ("2026-10-10", []),
    ],
)
def test_a_date_finds_the_versions_that_served_on_it(trail: MemoryTrail, at: str, served: list[str]) -> None:
    trail.deploy("2026-10-05T12:00:00Z", version="3", digest=of("model 3"))
    trail.deploy("2026-10-05T13:00:00Z", version="4", digest=of("model 4"), outcome="failed")
    trail.deploy("2026-10-05T13:00:00Z", version="4", digest=of("model 4"), environment="staging")
    trail.say(
        "deployment.rolled_back",
        "2026-10-06T12:00:00Z",
        deployment="d",
        model="credit",
        version="3",
        environment="production",
        to_version="2",
    )
    trail.say("model.retired", "2026-10-09T12:00:00Z", model="credit", version="2", by=MILA)
    answer = ask(trail, at)
    assert [row["version"] for row in answer.rows] == served
    assert answer.answered == bool(served)
    if served:
        assert answer.rows[-1]["model_sha256"] is not None


def test_a_rollback_of_what_does_not_serve_changes_nothing_and_is_told(trail: MemoryTrail) -> None:
    trail.say(
        "deployment.rolled_back",
        "2026-10-02T00:00:00Z",
        deployment="d",
        model="credit",
        version="9",
        environment="production",
        to_version="8",
    )
    answer = ask(trail)
    assert [row["version"] for row in answer.rows] == ["2"]
    assert any("it changes nothing" in one for one in answer.missing)


def test_what_a_stranger_signed_answers_nothing(trail: MemoryTrail) -> None:
    trail.deploy("2026-10-02T00:00:00Z", version="666", digest=of("evil"), deployment="x")
    trail.entries.pop()
    trail.say(
        "deployment.finished",
        "2026-10-02T00:00:00Z",
        signer=STRANGER,
        deployment="x",
        model="credit",
        version="666",
        model_sha256=of("evil"),
        environment="production",
        outcome="succeeded",
    )
    answer = ask(trail)
    assert [row["version"] for row in answer.rows] == ["2"]
    assert any(one.startswith("entry 6 (deployment.finished) answers nothing") for one in answer.missing)


def test_files_that_nobody_decided_on_are_told() -> None:
    trail = MemoryTrail()
    trail.release()
    trail.deploy("2026-10-01T00:00:00Z", digest=of("other files"))
    answer = ask(trail)
    assert answer.rows[0]["decision"] is None
    assert any("no decision about its files" in one for one in answer.missing)


def test_a_decision_after_the_deployment_gave_no_leave() -> None:
    trail = MemoryTrail()
    trail.deploy("2026-10-01T00:00:00Z")
    trail.approve()
    trail.release()
    answer = ask(trail)
    assert answer.rows[0]["decision"] is None
    assert answer.rows[0]["approvals"] == []
    assert "decided on only after it had been deployed" in words(answer)


def test_a_claimed_time_that_contradicts_the_log_is_told(trail: MemoryTrail) -> None:
    trail.deploy("2026-09-01T00:00:00Z", deployment="backdated")
    answer = ask(trail, "2026-09-15")
    assert any("one of the two times is not true" in one for one in answer.missing)


def test_an_approval_taken_back_is_told_from_then_on(trail: MemoryTrail) -> None:
    consent = trail.approve(at="2026-09-29T10:00:01Z")[1]
    trail.entries[1:1] = [trail.entries.pop()]
    trail.revoke(consent, "2026-10-05T00:00:00Z")
    before, after = ask(trail, "2026-10-04"), ask(trail, "2026-10-06")
    assert "taken back" not in words(before)
    assert "It was taken back at 2026-10-05T00:00:00Z" in words(after)
    assert [one["revoked_at"] for one in after.rows[0]["approvals"]].count("2026-10-05T00:00:00Z") == 1


def test_a_waiver_that_has_lapsed_is_told(trail: MemoryTrail) -> None:
    assert "It had lapsed by 2027-01-01" in words(ask(trail, "2027-01-01"))
    assert "lapsed" not in words(ask(trail, "2026-12-31"))


def test_an_override_is_told_wherever_the_version_is(trail: MemoryTrail) -> None:
    trail.say(
        "override.granted",
        model="credit",
        version="2",
        model_sha256=MODEL,
        decision="deny",
        by=MILA,
        role="risk-owner",
        reason_sha256=of("r"),
        expires="2026-12-01",
    )
    answer = ask(trail)
    assert "mila let it pass against the decision (deny)" in words(answer)
    assert [one["entry"] for one in answer.rows[0]["overrides"]] == [6]


def test_a_correction_takes_the_place_of_what_it_corrects(trail: MemoryTrail) -> None:
    trail.deploy("2026-10-02T09:30:00Z", _corrects=5)
    assert ask(trail, "2026-10-01").rows == ()
    answer = ask(trail, "2026-10-02")
    assert answer.rows[0]["from"] == "2026-10-02T09:30:00Z"
    assert "entry 5 (deployment.finished) was corrected by entry 6" in answer.missing
    trail.say("monitor.ack", alert="a", by=MILA, _corrects=6)  # another type corrects nothing
    trail.say(
        "deployment.rolled_back",
        signer=STRANGER,
        deployment="d",
        model="credit",
        version="2",
        environment="production",
        _corrects=6,
    )
    trail.deploy("2026-10-03T09:30:00Z", environment="staging", _corrects=2)
    answer = ask(trail, "2026-10-02")
    assert answer.rows[0]["from"] == "2026-10-02T09:30:00Z"
    assert any("corrects entry 2, which is not of its type" in one for one in answer.missing)


def test_imported_history_says_so(trail: MemoryTrail) -> None:
    trail.deploy("2023-01-01T00:00:00Z", version="0", digest=of("old"), _batch="import_1", _signed_by="ingest")
    answer = ask(trail, "2023-06-01")
    assert "imported: a claim about the past" in answer.sentences[0].text
    assert answer.sentences[0].imported
    assert [one.imported for one in answer.cited] == [False, True]
    assert "(imported)" in answer_markdown(answer)


def test_names_that_are_erased_are_told_as_such_and_nothing_else_changes(trail: MemoryTrail) -> None:
    before = ask(trail)
    trail.people.clear()
    trail.documents.clear()
    after = ask(trail)
    assert "vera" not in answer_json(after)
    assert "mila had fixed" not in words(after)
    assert after.rows[0]["version"] == before.rows[0]["version"]
    assert after.rows[0]["decision"] == before.rows[0]["decision"]
    assert any("who consented is kept beside the log" in one for one in after.missing)


def test_nothing_known_suggests_what_is(trail: MemoryTrail) -> None:
    answer = production(trail.view(), "credti", "2026-10-03")
    assert not answer.answered
    assert "did you mean 'credit'" in answer.missing[0]
    elsewhere = production(trail.view(), "credit", "2026-10-03", environment="staging")
    assert "not to staging" in elsewhere.missing[0]
    assert "no entry" in answer_text(answer)


@pytest.mark.parametrize("at", ["yesterday", "2026-02-30", "2026-10-03T09:30", "2026-10-03T09:30:00+02:00", ""])
def test_a_date_is_a_day_or_a_time_in_utc(trail: MemoryTrail, at: str) -> None:
    with pytest.raises(InputError, match="expected a day"):
        ask(trail, at)


def test_the_three_times_are_never_mixed(trail: MemoryTrail) -> None:
    anchors = [
        Anchor(5, "2026-10-01T12:00:00Z", "tsa"),
        Anchor(6, "2026-10-02T12:00:00Z", "witness"),
        Anchor(99, "2026-11-01T00:00:00Z", "late"),
    ]
    times = times_by(anchors, {5: "2026-10-01T09:30:02Z"}.get)
    answer = ask(trail, times=times)
    cited = {one.index: one.times for one in answer.cited}
    assert cited[5] == Times(
        claimed="2026-10-01T09:30:00Z",
        recorded="2026-10-01T09:30:02Z",
        proven_before="2026-10-02T12:00:00Z",
        proven_by="witness",
    )
    assert cited[4].proven_before == "2026-10-01T12:00:00Z"
    assert "(claimed), recorded 2026-10-01T09:30:02Z, proven before 2026-10-02T12:00:00Z by witness" in words(answer)


def test_an_answer_is_canonical(trail: MemoryTrail) -> None:
    assert answer_json(ask(trail)).encode() == canonical_json(ask(trail))
