"""Lineage by OpenLineage: taken once, for the pipeline's own systems, with no name in the log."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from litestar.testing import TestClient

from assay.adapters.folder_reader import FolderReader
from assay.attest.dsse import decode_base64, parse
from assay.server.serving import Server
from assay.trail.lineage import lineage
from assay.trail.openlineage_out import run_events
from server_home import application, home_at
from unit.trail.test_trail_openlineage_in import RUN, run_event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from litestar import Litestar

    from assay.server.home import Home

NAMESPACES = '{gov: credit, "s3://lake*": credit, "s3://lake/pricing": pricing}'
PIPELINE = {"Authorization": "Bearer pipeline"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_at(tmp_path / "home", lineage=NAMESPACES)


@pytest.fixture
def client(home: Home) -> Iterator[TestClient[Litestar]]:
    with TestClient(application(home), base_url="http://127.0.0.1:8600", raise_server_exceptions=False) as made:
        yield made


def send(client: TestClient[Litestar], event: Any, *, path: str = "", **headers: str) -> Any:  # noqa: ANN401 - JSON
    return client.post(f"/api/v1/lineage{path}", json=event, headers=PIPELINE | headers)


def entries(home: Home) -> list[bytes]:
    reader = FolderReader.open(home.log_folder)
    return list(reader.entries(0, reader.checkpoint().checkpoint.size))


def test_an_event_is_recorded_once_however_often_it_is_sent(client: TestClient[Litestar], home: Home) -> None:
    first = send(client, run_event())
    assert (first.status_code, first.json()) == (200, {"recorded": 1, "known": 0, "differs": [], "entries": [0]})
    again = send(client, run_event(eventTime="2026-10-01T09:30:00.123456Z"))
    assert again.json() == {"recorded": 0, "known": 0, "differs": [0], "entries": [0]}
    assert send(client, run_event()).json() == {"recorded": 0, "known": 1, "differs": [], "entries": [0]}
    assert len(entries(home)) == 1


def test_schedulers_that_keep_no_order_are_heard(client: TestClient[Litestar], home: Home) -> None:
    states = ["FAIL", "START", "OTHER", "COMPLETE", "RUNNING", "ABORT"]
    assert [send(client, run_event(eventType=one)).status_code for one in states] == [200] * 6
    assert len(entries(home)) == 6


def test_a_batch_is_taken_whole_or_not_at_all(client: TestClient[Litestar], home: Home) -> None:
    batch = [run_event(eventType=one) for one in ("START", "COMPLETE", "START")]
    told = send(client, batch, path="/batch").json()
    assert told == {"recorded": 3, "known": 0, "differs": [], "entries": [0, 1, 0]}
    wrong = send(client, [run_event(eventType="FAIL"), run_event(producer="me")], path="/batch")
    assert (wrong.status_code, len(entries(home))) == (400, 2)
    assert wrong.json()["error"]["problems"] == ['batch $[1].producer: expected a URI, found "me"']


def test_every_problem_is_told(client: TestClient[Litestar]) -> None:
    answer = send(client, run_event(run={}, producer="me", eventTime="now"))
    assert answer.status_code == 400
    assert len(answer.json()["error"]["problems"]) == 3


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b'"x"', b"\xff", b'{"a": 1, "a": 2}', b"[" * 9000])
def test_what_is_no_json_is_refused(client: TestClient[Litestar], content: bytes) -> None:
    for path in ("", "/batch"):
        headers = PIPELINE | {"Content-Type": "application/json"}
        assert client.post(f"/api/v1/lineage{path}", content=content, headers=headers).status_code == 400


def test_compressed_bodies_are_read_and_bounded(client: TestClient[Litestar]) -> None:
    headers = PIPELINE | {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    packed = gzip.compress(json.dumps(run_event()).encode())
    assert client.post("/api/v1/lineage", content=packed, headers=headers).json()["recorded"] == 1
    bomb = gzip.compress(b" " * 50_000_000)
    for content in (b"no gzip", packed[:-9], bomb):
        assert client.post("/api/v1/lineage", content=content, headers=headers).status_code == 400
    other = client.post("/api/v1/lineage", content=packed, headers=headers | {"Content-Encoding": "br"})
    assert (other.status_code, "expected gzip or none" in other.json()["error"]["message"]) == (400, True)


def test_only_json_is_read(client: TestClient[Litestar]) -> None:
    answer = client.post("/api/v1/lineage", content=b"{}", headers=PIPELINE | {"Content-Type": "text/plain"})
    assert (answer.status_code, "Content-Type: expected application/json" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("who", "namespace", "status", "words"),
    [
        ("nobody", "gov", 401, "Sign in, or send a token"),
        ("auditor", "gov", 403, "expected one of the roles pipeline"),
        ("other", "gov", 403, "belongs to the system credit, and other reports for pricing"),
        ("pipeline", "elsewhere", 403, "expected one that server.yaml gives to a system"),
        ("pipeline", "s3://lake/pricing", 403, "belongs to the system pricing"),
        ("pipeline", "s3://lake/credit", 200, ""),
    ],
)
def test_a_pipeline_reports_for_its_own_systems(
    client: TestClient[Litestar], home: Home, *, who: str, namespace: str, status: int, words: str
) -> None:
    event = run_event(job={"namespace": namespace, "name": "x"})
    token = {} if who == "nobody" else {"Authorization": f"Bearer {who}"}
    answer = client.post("/api/v1/lineage", json=event, headers=token)
    assert (answer.status_code, words in answer.text) == (status, True)
    assert (home.log_folder / "checkpoint").exists() == (status == 200)


def test_no_name_enters_the_log_and_all_of_the_event_is_kept(client: TestClient[Litestar], home: Home) -> None:
    owner = {"_producer": "https://x.org", "_schemaURL": "https://x.org/s", "owners": [{"name": "vera.novak"}]}
    job = {"namespace": "gov", "name": "vera.novak's notebook", "facets": {"ownership": owner}}
    outputs = [{"namespace": "s3://lake", "name": "home/vera.novak/model"}]
    assert send(client, run_event(job=job, outputs=outputs)).status_code == 200
    (entry,) = entries(home)
    payload = decode_base64(parse(entry, name="entry").payload, "payload")
    assert b"vera" not in payload
    assert b"notebook" not in payload
    assert RUN.encode() in payload
    kept = [path.read_bytes() for path in (home.state / "evidence").iterdir()]
    assert [json.loads(one)["event"]["job"] for one in kept] == [job]


def test_lineage_shows_what_came_from_outside(client: TestClient[Litestar], home: Home) -> None:
    digest = "5e" * 32
    version = {"version": {"_producer": "https://x.org", "_schemaURL": "https://x.org/s", "datasetVersion": digest}}
    inputs = [{"namespace": "s3://lake", "name": "applications", "facets": version}]
    for state in ("START", "COMPLETE"):
        assert send(client, run_event(eventType=state, inputs=inputs)).status_code == 200
    about = {"namespace": "s3://lake", "name": "lonely", "facets": {}}
    alone = run_event(run=..., job=..., eventType=..., inputs=..., outputs=..., dataset=about)
    assert send(client, alone).status_code == 200
    assert send(client, run_event(run=..., eventType=..., job={"namespace": "gov", "name": "plan"})).status_code == 200
    view = Server(home).inside.trail().view()
    graph = lineage(view)
    assert {one.id for one in graph.nodes} == {
        f"sha256:{digest}", "job:gov/credit.train", "job:gov/plan", "source:s3://lake/lonely", "source:s3://lake/model",
        "source:s3://lake/applications",
    }  # fmt: skip
    job = next(one for one in graph.nodes if one.id == "job:gov/credit.train")
    assert (job.kind, job.detail, job.entries) == ("training", "gov, COMPLETE 2026-10-01T09:30:00Z", (0, 1))
    assert {(one.source, one.target) for one in graph.edges} >= {
        (f"sha256:{digest}", "job:gov/credit.train"), ("job:gov/credit.train", "source:s3://lake/model")
    }  # fmt: skip
    assert [one.event_type for one in run_events(view)] == ["START", "COMPLETE"]


def test_many_at_once_are_each_recorded_once(client: TestClient[Litestar], home: Home) -> None:
    events = [run_event(run={"runId": f"0190a1b2-7c3d-7e4f-8a5b-6c7d8e9f0{n:03x}"}) for n in range(12)] * 2
    with ThreadPoolExecutor(8) as pool:
        told = [one.json() for one in pool.map(lambda event: send(client, event), events)]
    assert sum(one["recorded"] for one in told) == 12
    assert len(entries(home)) == 12
    assert sorted({one["entries"][0] for one in told}) == list(range(12))
