"""Entries of another log in this one: kept, and not believed where they are decided here or not theirs to say."""

from __future__ import annotations

from assay.attest import dsse
from assay.attest.keys import Signer, generate_key
from assay.attest.statement import TEST_RESULT, VERIFICATION_RESULT, make_statement
from assay.trail import projection
from assay.trail.answers import ShardReach
from assay.trail.delivered import DELIVERED, apart, apart_among, delivered_here
from assay.trail.events import event_statement, make_event
from assay.trail.examples import AT, EXAMPLES, of
from assay.trail.reading import read_entry
from assay.trail.view import View
from unit.trail.memory_trail import in_memory

PIPELINE, SERVER = Signer("ci", generate_key()), Signer("server", generate_key())


def event(kind: str, by: Signer = PIPELINE, **fields: object) -> bytes:
    made = make_event(kind, {**EXAMPLES[kind], **fields}, claimed_at=AT)
    return dsse.sign(event_statement(made), [by]).content()


def decision() -> bytes:
    predicate = {
        "verifier": {"id": "https://assay/verifier/0", "policies": [{"name": "p", "digest": {"sha256": of("policy")}}]},
        "timeCreated": AT,
        "properties": ["ASSAY_DECISION_ALLOW"],
    }
    subjects = {"credit": of("model"), "evidence.json": of("evidence"), "verdict.json": of("verdict")}
    return dsse.sign(make_statement(subjects, VERIFICATION_RESULT, predicate), [PIPELINE]).content()


def result_of_tests() -> bytes:
    return dsse.sign(make_statement({"credit": of("model")}, TEST_RESULT, {"result": "PASSED"}), [PIPELINE]).content()


def delivered(count: int, apart_: tuple[int, ...], by: Signer = SERVER) -> bytes:
    return event(DELIVERED, by, entries=count, apart=list(apart_), delivery_sha256=of(f"{count}{apart_}"))


def view_of(entries: list[bytes]) -> View:
    connection = in_memory()
    keys = {PIPELINE.public, SERVER.public}
    projection.create(connection, "server", "0" * 64)
    reads = [read_entry(index, entry, keys) for index, entry in enumerate(entries)]
    projection.project(connection, reads, size=len(entries), root="0" * 64)
    return View(connection=connection, shards=(ShardReach(origin="server", first=0, size=len(entries), root="0" * 64),))


def test_what_is_decided_here_and_what_is_not_theirs_to_say_is_set_apart() -> None:
    entries = [
        event("deployment.finished"),
        decision(),
        result_of_tests(),
        event("deployment.finished", model="another"),
        event("release.delivered"),
        b"no statement",
    ]
    assert apart(entries, lambda model: model != "another") == (1, 2, 3, 4)


def test_a_servers_own_word_about_deliveries_is_known_by_its_type() -> None:
    assert delivered_here(delivered(1, ()))
    assert not delivered_here(event("release.delivered"))
    assert not delivered_here(b"{}")


def test_a_delivered_decision_answers_nothing_and_is_told() -> None:
    view = view_of([decision(), event("deployment.finished"), delivered(2, (0,))])
    assert view.facts("gate.decision") == []
    assert [fact.index for fact in view.facts("deployment.finished")] == [1]
    assert "kept as evidence" in "".join(view.not_counted("gate.decision"))


def test_the_same_decision_counts_where_no_delivery_names_it() -> None:
    assert [fact.index for fact in view_of([decision()]).facts("gate.decision")] == [0]


def test_a_delivery_that_nobody_known_signed_sets_nothing_apart() -> None:
    stranger = Signer("stranger", generate_key())
    view = view_of([decision(), delivered(1, (0,), stranger)])
    assert [fact.index for fact in view.facts("gate.decision")] == [0]


def test_few_and_many_entries_are_told_alike() -> None:
    entries = [entry for number in range(150) for entry in (decision(), result_of_tests(), delivered(2, (number % 2,)))]
    view = view_of(entries)
    whole = apart_among(view.connection, range(len(entries)), view.size)
    single = {index for index in range(len(entries)) if apart_among(view.connection, [index], view.size)}
    assert whole == single == {3 * number + number % 2 for number in range(150)}
