from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
import pytest

from assay.attest.statement import make_statement, parse_statement
from assay.errors import DocumentError, InputError
from assay.trail import describing
from assay.trail.events import (
    MAX_STATEMENT_BYTES,
    TYPES,
    VERSIONS,
    event_from_json,
    event_json,
    event_statement,
    make_event,
    parse_event,
    predicate_type,
    statement_sha256,
)
from assay.trail.examples import AT, EXAMPLES, MILA, of

# Section C of the reference for the audit trail, word for word; what the vocabulary has beyond it stands below.
ASKED = """
log.opened log.frozen key.rotated witness.changed clock.skew verify.run run.started run.finished dataset.registered
import.batch validation.criteria validation.result review.comment approval.granted approval.denied approval.revoked
gate.decision deployment.started deployment.finished deployment.rolled_back monitor.alert monitor.ack monitor.resolved
remediation.opened remediation.closed privacy.erasure privacy.erasure.done report.issued
"""
BEYOND = {
    "image.built",
    "admission.decided",
    "admission.counted",
    "policy.adopted",
    "record.read",
    "reasons.given",
    "registry.allowed",
    "registry.refused",
    "registry.reverted",
    "remediation.assigned",
    "remediation.acted",
    "model.registered",
    "model.retired",
    "waiver.granted",
    "override.granted",
    "remediation.retested",
    "finding.explained",
    "mitigation.searched",
    "run.iterations",
    "validation.challenge",
    "monitor.assigned",
    "incident.declared",
    "incident.reported",
    "alert.delivered",
    "alert.undelivered",
    "control.attested",
    "document.filed",
    "risk.recorded",
    "lineage.reported",
    "log.delivered",
    "log.retired",
    "release.delivered",
    "account.changed",
    "pipeline.changed",
    "session.opened",
    "session.closed",
    "session.refused",
    "request.opened",
    "request.decided",
}


def test_the_vocabulary_is_the_one_that_was_asked_for() -> None:
    assert set(TYPES) == set(ASKED.split()) | BEYOND
    assert set(EXAMPLES) == set(TYPES) == set(VERSIONS)


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_type_is_printed_and_read_back(kind: str) -> None:
    event = make_event(kind, EXAMPLES[kind], claimed_at=AT)
    content = event_statement(event)
    assert parse_event(parse_statement(content)) == event
    assert event_from_json(event_json(event)) == event
    assert json.loads(content)["predicateType"] == f"https://assay/event/{kind}/v{VERSIONS[kind]}"
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in event.subjects.values())
    assert event.subjects


def forms(kind: Any) -> list[Any]:  # noqa: ANN401 - any type of a field
    """Return what a field's type is made of, unions and containers taken apart."""
    if get_origin(kind) in {Annotated, Literal} or not get_args(kind):
        return [kind]
    return [form for inner in get_args(kind) for form in forms(inner)]


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_no_field_has_room_for_free_text(kind: str) -> None:
    for field in msgspec.structs.fields(TYPES[kind]):
        for form in forms(field.type):
            if form in {type(None), ...}:
                continue
            assert get_origin(form) in {Annotated, Literal}, f"{kind}.{field.name}: {form} holds anything"
        if get_origin(field.type) is not Literal:
            assert not re.search("name|email|comment$|text|reason$|words", field.name), f"{kind}.{field.name}"


@pytest.mark.parametrize("text", ["vera@example.com", "Vera Novak", "vera", "", "p_123", "p_" + "g" * 32, "x" * 42])
def test_who_somebody_is_never_stands_in_an_event(text: str) -> None:
    with pytest.raises(DocumentError, match="random pseudonym"):
        make_event("monitor.ack", {"alert": "a-1", "by": text}, claimed_at=AT)


@pytest.mark.parametrize("text", ["it was fine", "vera@example.com", "a\nb", "a\n", "-a", "a" * 201, "\u0430", "a;b"])
def test_a_name_is_one_word(text: str) -> None:
    with pytest.raises(DocumentError):
        make_event("monitor.ack", {"alert": text, "by": MILA}, claimed_at=AT)


def test_every_problem_is_told_at_once() -> None:
    fields = {
        "deployment": "d 1",
        "modle": "m",
        "version": "2",
        "model_sha256": "A" * 64,
        "outcome": "done",
        "by": "me",
    }
    with pytest.raises(DocumentError) as caught:
        make_event("deployment.finished", fields, claimed_at="2026-02-30T00:00:00Z", corrects=-1)
    told = str(caught.value)
    for words in (
        "$.fields.modle: deployment.finished has no such field (did you mean 'model'?)",
        "$.fields.deployment: expected letters",
        "$.fields.model: expected this field of deployment.finished, found none",
        "$.fields.environment: expected this field",
        "$.fields.model_sha256: expected SHA-256, 64 lower-case",
        "$.fields.outcome: expected one of succeeded, failed",
        "$.fields.by: expected a random pseudonym",
        "$.claimed_at: expected a time of the calendar",
        "$.corrects",
    ):
        assert words in told, words
    assert "regex" not in told


@pytest.mark.parametrize(
    "when",
    [
        "2026-10-01",
        "2026-10-01T09:30:00+00:00",
        "2026-10-01T09:30:00.5Z",
        "now",
        "",
        "2026-13-01T00:00:00Z",
        "2026-12-31T23:59:60Z",
    ],
)
def test_a_time_has_one_form(when: str) -> None:
    with pytest.raises(DocumentError):
        make_event("monitor.ack", {"alert": "a", "by": MILA}, claimed_at=when)


@pytest.mark.parametrize("number", [0.41, "0,41", "41%", "NaN", "1e3", "01", "+1", ".5", "5.", "0.5\n"])
def test_a_number_that_matters_is_a_decimal_string(number: object) -> None:
    with pytest.raises(DocumentError):
        make_event("monitor.alert", {**EXAMPLES["monitor.alert"], "measured": number}, claimed_at=AT)


def test_a_day_is_one_of_the_calendar() -> None:
    with pytest.raises(DocumentError, match="calendar"):
        make_event("waiver.granted", {**EXAMPLES["waiver.granted"], "expires": "2027-02-29"}, claimed_at=AT)


def test_an_id_follows_from_what_is_said() -> None:
    one = make_event("monitor.ack", EXAMPLES["monitor.ack"], claimed_at=AT)
    again = make_event("monitor.ack", dict(reversed(EXAMPLES["monitor.ack"].items())), claimed_at=AT)
    later = make_event("monitor.ack", EXAMPLES["monitor.ack"], claimed_at="2026-10-01T09:30:01Z")
    assert one == again
    assert statement_sha256(one) == statement_sha256(again)
    assert one.id != later.id


def test_an_event_is_about_digests() -> None:
    event = make_event("deployment.finished", EXAMPLES["deployment.finished"], claimed_at=AT)
    assert event.subjects == {"model": of("model 2")}
    with pytest.raises(DocumentError, match="SHA-256"):
        make_event("monitor.ack", EXAMPLES["monitor.ack"], claimed_at=AT, subjects={"x": "not a digest"})


def test_an_unknown_type_or_version_is_refused_with_the_near_one() -> None:
    with pytest.raises(DocumentError, match=r"did you mean 'monitor.ack'"):
        make_event("monitor.akc", {}, claimed_at=AT)
    predicate = parse_statement(
        event_statement(make_event("monitor.ack", EXAMPLES["monitor.ack"], claimed_at=AT))
    ).predicate
    for uri in (
        "https://assay/event/monitor.ack/v2",
        "https://assay/event/monitor.ack",
        "https://other/monitor.ack/v1",
    ):
        with pytest.raises(DocumentError):
            parse_event(parse_statement(make_statement({"a": of("a")}, uri, predicate)))


@pytest.mark.parametrize(
    "change", [{"extra": 1}, {"signed_by": "somebody"}, {"id": "a b"}, {"claimed_at": None}, {"fields": []}]
)
def test_a_predicate_is_read_strictly(change: dict[str, Any]) -> None:
    predicate = parse_statement(
        event_statement(make_event("monitor.ack", EXAMPLES["monitor.ack"], claimed_at=AT))
    ).predicate
    content = make_statement({"a": of("a")}, predicate_type("monitor.ack"), {**predicate, **change})
    with pytest.raises(DocumentError):
        parse_event(parse_statement(content))


def test_what_is_too_long_for_a_log_entry_is_refused() -> None:
    stores = [f"s{'x' * 190}{number}" for number in range(300)]
    event = make_event("privacy.erasure.done", {"erasure": "x", "stores": stores, "disclosures": 1}, claimed_at=AT)
    with pytest.raises(InputError, match=f"at most {MAX_STATEMENT_BYTES} bytes"):
        event_statement(event)


def test_the_page_of_reference_tells_every_type_field_and_example() -> None:
    from pathlib import Path  # noqa: PLC0415 - this test alone reads a file

    page = (Path(__file__).parents[3] / "docs" / "reference" / "events.md").read_text("utf-8")
    again = "PYTHONPATH=src python -m assay trail types --format markdown > docs/reference/events.md"
    assert page == describing.page(), f"docs/reference/events.md is old; run: {again}"
    for kind in TYPES:
        section = page.split(f"\n### {kind}\n")[1].split("\n### ")[0]
        for field in msgspec.structs.fields(TYPES[kind]):
            row = re.search(rf"^\| `{field.name}` \| .+ \|.*\| (.+) \|$", section, re.MULTILINE)
            assert row is not None, f"{kind}.{field.name}"
            assert row[1].strip()
        example = json.loads(section.split("```json\n")[1].split("```")[0])
        assert make_event(kind, example["fields"], claimed_at=example["claimed_at"]).id == example["id"]


def test_an_unknown_type_has_no_page() -> None:
    with pytest.raises(InputError, match="did you mean"):
        describing.describe("monitor.alrt")
