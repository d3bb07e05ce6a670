"""OpenLineage events as they are sent: all three kinds, both versions, every problem at once, facets as they came."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay.errors import DocumentError
from assay.trail.openlineage_in import (
    MAX_BATCH_EVENTS,
    MAX_EVENT_BYTES,
    kept_event,
    parse_event_sent,
    parse_events_sent,
    salted,
)

RUN = "0190a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"


def run_event(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    found = {
        "eventType": "START",
        "eventTime": "2026-10-01T11:30:00.123456+02:00",
        "run": {"runId": RUN},
        "job": {"namespace": "gov", "name": "credit.train"},
        "inputs": [{"namespace": "s3://lake", "name": "applications", "facets": {"x_own": {"any": [1.50, "thing"]}}}],
        "outputs": [{"namespace": "s3://lake", "name": "model", "outputFacets": {}}],
        "producer": "https://example.org/scheduler",
        "schemaURL": SCHEMA,
    }
    return {key: value for key, value in (found | changes).items() if value is not ...}


def sent(event: Any) -> bytes:  # noqa: ANN401 - JSON
    return json.dumps(event).encode()


def test_an_event_of_a_run_says_its_run_transition_and_time_in_utc() -> None:
    found = parse_event_sent(sent(run_event()))
    assert (found.about, found.namespace, found.run, found.state) == ("run", "gov", RUN, "START")
    assert found.identity == ("run", RUN, "START", "2026-10-01T09:30:00.123456+00:00")
    assert [one.name for one in found.event.inputs] == ["applications"]


def test_the_same_instant_in_another_zone_is_the_same_event() -> None:
    other = run_event(eventTime="2026-10-01T09:30:00.123456Z", run={"runId": RUN.upper()})
    assert parse_event_sent(sent(other)).identity == parse_event_sent(sent(run_event())).identity


def test_a_transition_that_is_not_said_is_other() -> None:
    assert parse_event_sent(sent(run_event(eventType=...))).state == "OTHER"


@pytest.mark.parametrize("version", ["1-0-5", "1-1-0", "2-0-0", "2-0-2"])
def test_versions_1_and_2_are_taken(version: str) -> None:
    url = f"https://openlineage.io/spec/{version}/OpenLineage.json#/definitions/RunEvent"
    assert parse_event_sent(sent(run_event(schemaURL=url))).run == RUN


@pytest.mark.parametrize("version", ["3-0-0", "0-0-1", "10-0-0"])
def test_other_versions_are_refused(version: str) -> None:
    url = f"https://openlineage.io/spec/{version}/OpenLineage.json"
    with pytest.raises(DocumentError, match="expected OpenLineage 1 or 2"):
        parse_event_sent(sent(run_event(schemaURL=url)))


def test_events_of_a_job_and_of_a_dataset_are_taken() -> None:
    job = parse_event_sent(sent(run_event(run=..., eventType=...)))
    assert (job.about, job.run, job.state, job.identity[:3]) == ("job", None, None, ("job", "gov", "credit.train"))
    about = {"namespace": "s3://lake", "name": "applications", "facets": {}}
    dataset = run_event(run=..., job=..., eventType=..., inputs=..., outputs=..., dataset=about)
    found = parse_event_sent(sent(dataset))
    assert (found.about, found.namespace, found.identity[2]) == ("dataset", "s3://lake", "applications")


def test_every_problem_is_told_at_once_with_its_place() -> None:
    wrong = run_event(
        eventType="STARTED", eventTime="2026-10-01T11:30:00", run={"runId": "seven", "facets": {"a": 1}},
        job={"namespace": "", "facets": []}, inputs=[{"name": "x"}, 3], outputs={}, producer="me", schemaURL=...,
    )  # fmt: skip
    with pytest.raises(DocumentError) as told:
        parse_event_sent(sent(wrong), name="event")
    assert [one.path for one in told.value.problems] == [
        "$.eventTime", "$.producer", "$.schemaURL", "$.eventType", "$.run.runId", "$.run.facets.a", "$.job.namespace",
        "$.job.name", "$.job.facets", "$.inputs[0].namespace", "$.inputs[1]", "$.outputs",
    ]  # fmt: skip
    assert "did you mean 'START'" in told.value.problems[3].message


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"eventTime": "2026-10-01T00:00:00Z"}, "found none of them"),
        (run_event(dataset={"namespace": "a", "name": "b"}), "to name no job and no run"),
        (run_event(run=[]), "expected an object with runId"),
        (run_event(run={}), "expected a UUID, found none"),
        (run_event(run={"runId": 7}), "expected a UUID, found 7"),
        (run_event(eventType=7), "expected one of START"),
        (run_event(eventTime="0001-01-01T00:00:00+23:59"), "RFC 3339"),
        (run_event(eventTime=20261001), "RFC 3339"),
        (run_event(job={"namespace": "x", "name": "y" * 4001}), "1 to 4000 characters"),
    ],
)
def test_what_is_no_event_is_refused(document: dict[str, Any], words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        parse_event_sent(sent(document))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"null", b'"x"', b"{", b'{"a":1,"a":2}', b"\xff\xfe", b"[" * 5000, sent(run_event())[:-1],
        b'{"eventTime": NaN}', sent(run_event()).replace(b'"gov"', b'"\\ud800"'),
        sent(run_event()).decode().encode("utf-16"),
        b" " * (MAX_EVENT_BYTES + 1),
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused(content: bytes) -> None:
    with pytest.raises(DocumentError):
        parse_event_sent(content)


def test_a_batch_tells_the_problems_of_each_event() -> None:
    good, bad = run_event(), run_event(producer="me")
    assert len(parse_events_sent(sent([good, good]))) == 2
    with pytest.raises(DocumentError) as told:
        parse_events_sent(sent([bad, good, run_event(run={})]))
    assert [one.path for one in told.value.problems] == ["$[0].producer", "$[2].run.runId"]
    for wrong in ([], [good] * (MAX_BATCH_EVENTS + 1)):
        with pytest.raises(DocumentError, match="expected 1 to 1000 events"):
            parse_events_sent(sent(wrong))


def test_what_is_kept_is_what_came_byte_for_byte_under_its_salt() -> None:
    content = b'{"eventTime" :  1.50, "x": "\\u00e9"}'
    document = salted(content, "ab" * 16)
    assert kept_event(document) == content
    assert salted(content, "cd" * 16) != document
