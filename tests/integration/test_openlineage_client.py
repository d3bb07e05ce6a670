"""The genuine OpenLineage client, over real HTTP, to a server that takes lineage in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from assay.server.serving import Server
from assay.trail.lineage import lineage
from live_server import free_port, serving
from server_home import application, home_at
from server_people import open_house, secret_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assay.server.home import Home

pytestmark = pytest.mark.service

RUN = "0190a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"
PRODUCER = "https://example.org/pipeline"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_at(tmp_path / "home", lineage='{gov: credit, "s3://lake": credit}')


@pytest.fixture
def address(home: Home) -> Iterator[str]:
    with serving(application(home), free_port()) as found:
        yield found


def client_of(address: str, *, compression: str | None = None, bearer: str = "pipeline") -> Any:  # noqa: ANN401
    """Return the genuine client; it sends what it is told, at once."""
    openlineage = pytest.importorskip("openlineage.client", reason="openlineage-python is not installed")
    http = pytest.importorskip("openlineage.client.transport.http")
    settings: dict[str, Any] = {
        "url": address, "endpoint": "api/v1/lineage", "auth": {"type": "api_key", "apiKey": bearer},
        "compression": compression, "retry": {"total": 0},
    }  # fmt: skip
    config = http.HttpConfig.from_dict({key: value for key, value in settings.items() if value is not None})
    return openlineage.OpenLineageClient(transport=http.HttpTransport(config))


def events() -> list[Any]:
    event = pytest.importorskip("openlineage.client.event_v2")
    facet = pytest.importorskip("openlineage.client.facet_v2")
    version = facet.datasource_dataset.DatasourceDatasetFacet(name="lake", uri="s3://lake")
    owners = facet.ownership_job.OwnershipJobFacet(owners=[facet.ownership_job.Owner(name="vera.novak")])
    source = event.InputDataset(namespace="s3://lake", name="applications", facets={"dataSource": version})
    target = event.OutputDataset(namespace="s3://lake", name="features")
    job = event.Job(namespace="gov", name="credit.features", facets={"ownership": owners})
    run = event.Run(runId=RUN)
    common = {"producer": PRODUCER, "eventTime": "2026-10-01T09:30:00.000Z"}
    return [
        event.RunEvent(eventType=state, run=run, job=job, inputs=[source], outputs=[target], **common)
        for state in (event.RunState.START, event.RunState.COMPLETE)
    ] + [
        event.JobEvent(job=job, inputs=[source], outputs=[target], **common),
        event.DatasetEvent(dataset=event.StaticDataset(namespace="s3://lake", name="applications"), **common),
    ]


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_runs_jobs_and_datasets_are_taken_in_once(address: str, home: Home, compression: str | None) -> None:
    client = client_of(address, compression=compression)
    for one in [*events(), *events()]:
        client.emit(one)
    trail = Server(home).inside.trail()
    assert trail.size == len(events())
    graph = lineage(trail.view())
    assert {one.label for one in graph.nodes} == {"credit.features", "applications", "features"}
    assert {(one.source, one.target) for one in graph.edges} == {
        ("source:s3://lake/applications", "job:gov/credit.features"),
        ("job:gov/credit.features", "source:s3://lake/features"),
    }


def test_the_client_hears_of_a_refusal(address: str, home: Home) -> None:
    requests = pytest.importorskip("requests")
    with pytest.raises(requests.HTTPError, match="403"):
        client_of(address, bearer="other").emit(events()[0])
    assert not (home.log_folder / "checkpoint").exists()


def test_the_client_renews_its_token_by_itself(tmp_path: Path) -> None:
    http = pytest.importorskip("openlineage.client.transport.http")
    openlineage = pytest.importorskip("openlineage.client")
    port = free_port()
    settings = f'name: assay\nlisten: 127.0.0.1:{port}\nlineage: {{gov: credit, "s3://lake": credit}}\n'
    for house in open_house(tmp_path, settings):
        adam = house.administrator()
        adam.send("/people/pipelines", seen="/people", name="nightly", systems="credit")
        secret = secret_on(adam.send("/people/pipelines/nightly/secret", seen="/people"))
        with serving(house.app, port) as address:
            auth = {"type": "oauth2", "clientId": "nightly", "clientSecret": secret,
                    "tokenEndpoint": f"{address}/api/v1/oauth/token"}  # fmt: skip
            config = http.HttpConfig.from_dict({"url": address, "endpoint": "api/v1/lineage", "auth": auth})
            client = openlineage.OpenLineageClient(transport=http.HttpTransport(config))
            for one in events():
                client.emit(one)
        view = Server(house.home).inside.view()
        assert [fact.said.pipeline for fact in view.facts("lineage.reported")] == ["nightly"] * len(events())
