from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from assay.errors import DocumentError
from assay.records.canonical import sha256_hex
from assay.trail.drawing import layers, lineage_json, lineage_svg, lineage_text
from assay.trail.examples import EXAMPLES, of
from assay.trail.lineage import Lineage, lineage
from assay.trail.openlineage import parse_run_events, print_run_events
from assay.trail.openlineage_out import run_events
from unit.trail.memory_trail import FILES, MODEL, MemoryTrail

ETL = {
    "eventType": "COMPLETE",
    "eventTime": "2026-09-27T20:00:00.123+02:00",
    "producer": "https://example.com/etl",
    "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    "run": {"runId": "3b452093-782c-4ef2-9c0c-aafe2aa6f34d", "facets": {"nominalTime": {"_producer": "p"}}},
    "job": {"namespace": "etl", "name": "clean-loans", "facets": {"sql": {"query": "SELECT 1"}}},
    "inputs": [{"namespace": "postgres://warehouse", "name": "loans.applications"}],
    "outputs": [
        {
            "namespace": "s3://loans",
            "name": "clean.parquet",
            "facets": {"version": {"datasetVersion": of("clean")}, "unknownFacet": {"kept": [1, 2]}},
            "outputFacets": {"outputStatistics": {"rowCount": 391}},
        },
    ],
}


@pytest.fixture
def trail() -> MemoryTrail:
    """A model from its source data to inference, the first step told by another tool."""
    made = MemoryTrail()
    content = json.dumps(ETL).encode()
    made.documents[sha256_hex(content)] = content
    made.say(
        "import.batch",
        source="etl",
        source_sha256=sha256_hex(content),
        form="openlineage",
        events=1,
        importer="p_" + "1" * 32,
    )
    made.say("run.started", run="s1", job="split", kind="sampling", inputs={"clean": of("clean")})
    made.say(
        "run.finished", run="s1", job="split", outcome="complete", outputs={"train": of("train"), "test": of("test")}
    )
    made.say("run.started", run="q1", job="expectations", kind="quality-check", inputs={"train": of("train")})
    made.say(
        "run.started", run="t1", job="fit", kind="training", inputs={"train": of("train")}, hyperparameters={"C": "0.5"}
    )
    made.say("run.finished", run="t1", job="fit", outcome="complete", outputs={"credit": MODEL})
    made.release()
    made.say("model.registered", **FILES, owner="p_" + "1" * 32, exposure="high", purpose="credit-decision")
    made.deploy("2026-10-01T00:00:00Z")
    made.say(
        "run.started", run="i1", job="score-applicants", kind="inference", inputs={"credit": MODEL, "new": of("new")}
    )
    made.say("run.finished", run="i1", job="score-applicants", outcome="complete", outputs={"scores": of("scores")})
    return made


def kinds_between(found: Lineage, source: str, target: str) -> list[str]:
    """Return the kinds of the nodes on the shortest way between two labels."""
    nodes = {node.id: node for node in found.nodes}
    start = next(node.id for node in found.nodes if node.label == source)
    ways = [[start]]
    while ways:
        way = ways.pop(0)
        if nodes[way[-1]].label == target:
            return [nodes[one].kind for one in way]
        ways += [[*way, edge.target] for edge in found.edges if edge.source == way[-1]]
    return []


def test_from_source_data_to_inference_is_one_graph(trail: MemoryTrail) -> None:
    found = lineage(trail.view(), "credit", "2")
    assert kinds_between(found, "loans.applications", "scores") == [
        "source",
        "transformation",
        "dataset",
        "sampling",
        "dataset",
        "model-version",
        "deployment",
        "inference",
        "dataset",
    ]
    assert kinds_between(found, "train", "allow") == ["dataset", "model-version", "evaluation", "decision"]
    assert kinds_between(found, "allow", "production") == ["decision", "deployment"]
    assert {node.kind for node in found.nodes} >= {"training", "evaluation"}
    label = {node.id: node.label for node in found.nodes}
    assert ("fit", "credit 2") in {(label[edge.source], label[edge.target]) for edge in found.edges}
    assert all(node.entries for node in found.nodes)
    imported = {node.label for node in found.nodes if node.imported}
    assert imported == {"loans.applications", "clean-loans"}


def test_what_has_nothing_to_do_with_the_version_is_left_out(trail: MemoryTrail) -> None:
    trail.say("dataset.registered", dataset="other", dataset_sha256=of("other"), source="elsewhere", rows=3)
    labels = {node.label for node in lineage(trail.view(), "credit").nodes}
    assert "other" not in labels
    assert "expectations" not in labels  # what only reads the training data neither led to the version nor followed
    everything = {node.label for node in lineage(trail.view()).nodes}
    assert everything >= {"other", "elsewhere", "expectations"}
    assert lineage(trail.view(), "nothing").nodes == ()
    assert "nothing in the log tells of nothing" in lineage(trail.view(), "nothing").missing


def test_a_version_without_an_origin_says_so() -> None:
    trail = MemoryTrail()
    trail.say("model.registered", **FILES, owner="p_" + "1" * 32, exposure="high", purpose="credit-decision")
    assert lineage(trail.view()).missing == ("credit 2: no event says what it was made from",)


def test_the_same_lineage_is_the_same_bytes(trail: MemoryTrail) -> None:
    size = len(trail.entries)
    before = [tell(lineage(trail.view())) for tell in (lineage_json, lineage_svg, lineage_text)]
    trail.deploy("2026-10-02T00:00:00Z", version="3", digest=of("model 3"))
    assert [tell(lineage(trail.view(size))) for tell in (lineage_json, lineage_svg, lineage_text)] == before


def test_the_picture_shows_every_node_and_edge(trail: MemoryTrail) -> None:
    found = lineage(trail.view())
    picture = ET.fromstring(lineage_svg(found))  # noqa: S314 - our own text
    name = "{http://www.w3.org/2000/svg}"
    titles = [title.text or "" for title in picture.iter(f"{name}title")]
    assert len(titles) == len(found.nodes)
    lines = [path for path in picture.iter(f"{name}path") if path.get("marker-end")]
    assert len(lines) == len(found.edges)
    width, height = float(picture.get("width", 0)), float(picture.get("height", 0))
    boxes = [(float(box.get("x", 0)), float(box.get("y", 0))) for box in picture.iter(f"{name}rect") if box.get("rx")]
    assert all(x >= 0 and x + 216 <= width and y >= 0 and y + 58 <= height for x, y in boxes)
    assert len(set(boxes)) == len(boxes)


def test_names_of_others_are_text_in_the_picture() -> None:
    trail = MemoryTrail()
    hostile = json.loads(json.dumps(ETL))
    hostile["job"]["name"] = '</text><script>alert("x")</script>&'
    content = json.dumps(hostile).encode()
    trail.documents[sha256_hex(content)] = content
    trail.say(
        "import.batch",
        source="etl",
        source_sha256=sha256_hex(content),
        form="openlineage",
        events=1,
        importer="p_" + "1" * 32,
    )
    assert "<script" not in lineage_svg(lineage(trail.view()))


def test_a_circle_is_drawn_all_the_same() -> None:
    rows, ways = layers("abcd", [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("a", "d")])
    assert [[one for one in row if "\0" not in one] for row in rows] == [["a"], ["b"], ["c"], ["d"]]
    assert ways["c", "a"] == ["c", "a"]
    assert len(ways["a", "d"]) == 4
    assert layers([], []) == ([], {})


def test_openlineage_comes_back_as_it_came(trail: MemoryTrail) -> None:
    content = print_run_events(run_events(trail.view()))
    events = [json.loads(line) for line in content.splitlines()]
    assert events[0] == ETL
    assert parse_run_events(content, name="out") == run_events(trail.view())
    assert {event["schemaURL"] for event in events} == {ETL["schemaURL"]}
    trained = next(event for event in events if event["job"]["name"] == "fit" and event["eventType"] == "COMPLETE")
    assert trained["outputs"][0]["facets"]["version"]["datasetVersion"] == MODEL


def test_the_trails_own_events_are_known_again_when_they_are_imported(trail: MemoryTrail) -> None:
    content = print_run_events(run_events(trail.view()))
    other = MemoryTrail(documents={sha256_hex(content): content})
    other.say(
        "import.batch",
        source="assay",
        source_sha256=sha256_hex(content),
        form="openlineage",
        events=9,
        importer="p_" + "1" * 32,
    )
    nodes = {node.id for node in lineage(other.view()).nodes}
    assert {f"sha256:{of('train')}", f"sha256:{MODEL}", f"sha256:{of('scores')}"} <= nodes


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "JSON"),
        (b"[]", "1 to 100000 run events"),
        (b'{"eventType": "DONE"}', "eventType"),
        (json.dumps({**ETL, "job": {"name": "x"}}).encode(), "namespace"),
        (json.dumps(ETL).encode() + b"\n" + b'{"a": 1}\n' + b'{"b": 1}', "out:3:1"),
        (b'{"a": 1, "a": 2}', "duplicate key"),
    ],
)
def test_what_is_no_run_event_is_told(content: bytes, told: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_run_events(content, name="out")
    assert told in str(caught.value)


def test_a_list_one_a_line_and_one_alone_are_read_alike() -> None:
    one = json.dumps(ETL)
    alone = parse_run_events(json.dumps(ETL, indent=2).encode(), name="a")
    assert parse_run_events(f"[{one}]".encode(), name="a") == alone == parse_run_events(f"\n{one}\n".encode(), name="a")
    assert parse_run_events(f"{one}\n{one}\n".encode(), name="a") == alone * 2


def test_files_are_of_the_version_that_named_them_first_whatever_version_is_asked_for() -> None:
    # The test of version 1 is no part of version 2's lineage, and it is what says whose the files are.
    trail, files = MemoryTrail(), {"model_sha256": MODEL}
    trail.say("validation.result", **EXAMPLES["validation.result"] | {"model": "credit", "version": "1"} | files)
    trail.say("model.registered", **EXAMPLES["model.registered"] | {"model": "credit", "version": "2"} | files)
    assert not lineage(trail.view(), "credit", "2").nodes
    (node,) = [one for one in lineage(trail.view(), "credit", "1").nodes if one.kind == "model-version"]
    assert (node.label, node.entries) == ("credit 1", (0, 1))
