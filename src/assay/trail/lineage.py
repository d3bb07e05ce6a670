"""Where a model version comes from and where it goes: a graph of the trail's events and of imported OpenLineage events.

Source data, transformations, sampling, quality checks, training, evaluation, decision, deployment, inference. What two
events name by the same digest is one node; an OpenLineage dataset is the node of its digest when its ``version`` facet
is a SHA-256, else the node of its namespace and name, which a ``dataset.registered`` can give as its source.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

from assay.records.tally import Frozen
from assay.trail.ancestry import drawn_from, names_by_digest
from assay.trail.answers import ShardReach
from assay.trail.openlineage import LineageDataset, RunEvent, parse_run_events
from assay.trail.openlineage_in import sent_in
from assay.trail.reading import NO_FILES
from assay.trail.view import short

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from assay.trail.openlineage_in import JobEvent
    from assay.trail.view import Fact, View

Kind = Literal[
    "source", "dataset", "transformation", "sampling", "quality-check", "training", "evaluation", "model-version",
    "decision", "deployment", "inference", "job",
]  # fmt: skip

TYPES = (
    "dataset.registered", "run.started", "run.finished", "model.registered", "validation.result", "gate.decision",
    "deployment.finished", "import.batch", "lineage.reported",
)  # fmt: skip

_SHA256 = re.compile(r"(sha256:)?([0-9a-f]{64})\Z")


class Node(Frozen, kw_only=True):
    """One thing in the lineage.

    Attributes:
        id: what it is known by: ``sha256:...``, ``run:...``, ``source:...``.
        kind: what it is.
        label: its name.
        detail: more about it, in one line.
        entries: the log's entries that tell of it.
        imported: whether only imported history tells of it.
    """

    id: str
    kind: Kind
    label: str
    detail: str = ""
    entries: tuple[int, ...] = ()
    imported: bool = False


class Edge(Frozen, kw_only=True):
    """Something went from one node into another."""

    source: str
    target: str


class Lineage(Frozen, kw_only=True):
    """A graph; nodes and edges in order of their ids.

    Attributes:
        schema: the record's version.
        origin: the log's name.
        size: entries of the log that it tells of.
        root: the log's root at that size, hexadecimal.
        shards: the logs that it tells of, where there are several, and how far.
        nodes: the things.
        edges: what went where.
        missing: what is not in it, and why.
    """

    schema: Literal["assay.lineage/v1"] = "assay.lineage/v1"
    origin: str
    size: int
    root: str
    shards: tuple[ShardReach, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    missing: tuple[str, ...] = ()


class _Graph:
    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: set[tuple[str, str]] = set()
        self.decided: dict[str, str] = {}

    def add(self, identity: str, kind: Kind, label: str, detail: str = "", *facts: Fact) -> str:
        """Add a node, or what another event says of it: the first name stays, a plain dataset may become a model."""
        entries = tuple(fact.index for fact in facts)
        imported = all(fact.event.batch is not None or fact.event.type == "import.batch" for fact in facts)
        known = self.nodes.get(identity)
        if known is not None:
            entries = tuple(sorted({*known.entries, *entries}))
            plain = known.kind in {"dataset", "source"}
            kind = kind if plain and kind not in {"dataset", "source"} else known.kind
            detail = known.detail or detail
            if known.label and not (plain and kind == "model-version"):
                label = known.label
            imported = known.imported and imported
        self.nodes[identity] = Node(
            id=identity, kind=kind, label=label, detail=detail, entries=entries, imported=imported
        )
        return identity

    def renew(self, identity: str, kind: Kind, label: str, detail: str, fact: Fact) -> str:
        """Add a node, or let what is said of it now take the place of what was said before; its entries are kept."""
        known = self.nodes.pop(identity, None)
        self.add(identity, kind, label, detail, fact)
        if known is not None:
            entries = tuple(sorted({*known.entries, fact.index}))
            self.nodes[identity] = msgspec.structs.replace(self.nodes[identity], entries=entries)
        return identity

    def join(self, source: str, target: str) -> None:
        if source != target:
            self.edges.add((source, target))


def lineage(view: View, model: str | None = None, version: str | None = None) -> Lineage:
    """Return the lineage of everything, or of what led to a model version and followed from it.

    Args:
        view: the trail at a size.
        model: the model's name. Only entries that bear on it are looked at (`assay.trail.ancestry`): a dataset's node
            has the entries that tell of it here, and not those of every other model that was tested on it.
        version: the version; by default all of them.
    """
    named: _Versions = {}
    if model is not None:
        view, named = drawn_from(view, model, TYPES, version)
    graph = _Graph()
    facts = view.facts(*TYPES)
    versions = names_by_digest(facts) | named
    for fact in facts:
        _READERS[fact.event.type](graph, fact, view, versions)
    nodes, edges, missing = graph.nodes, graph.edges, view.not_counted(*TYPES)
    missing += [
        f"{node.label}: no event says what it was made from"
        for node in nodes.values()
        if node.kind == "model-version" and not any(target == node.id for _, target in edges)
    ]
    if model is not None:
        wanted = {
            f"sha256:{digest}" for digest, (name, its) in versions.items()
            if name == model and version in {None, its}
        }  # fmt: skip
        kept = _reached(wanted & nodes.keys(), edges)
        if not kept:
            missing.append(f"nothing in the log tells of {model} {version or ''}".strip())
        nodes = {identity: node for identity, node in nodes.items() if identity in kept}
        edges = {(source, target) for source, target in edges if source in kept and target in kept}
    return Lineage(
        origin=view.shards[-1].origin,
        size=view.size,
        root=view.shards[-1].root,
        shards=view.shards,
        nodes=tuple(nodes[identity] for identity in sorted(nodes)),
        edges=tuple(Edge(source=source, target=target) for source, target in sorted(edges)),
        missing=tuple(dict.fromkeys((*view.gone, *missing))),
    )


def _reached(start: set[str], edges: Iterable[tuple[str, str]]) -> set[str]:
    """Return what follows from some nodes, and what led to them and to that: the data of an evaluation, too."""
    found, pairs = set(start), list(edges)
    for forward in (True, False):
        ways: dict[str, list[str]] = {}
        for source, target in pairs:
            ways.setdefault(source if forward else target, []).append(target if forward else source)
        waiting = list(found)
        while waiting:
            for after in ways.get(waiting.pop(), []):
                if after not in found:
                    found.add(after)
                    waiting.append(after)
    return found


_Versions = dict[str, tuple[str, str | None]]


def _thing(graph: _Graph, name: str, digest: str, versions: _Versions, fact: Fact) -> str:
    """Add what a digest names: a model version when one is known by it, else a dataset."""
    if digest in versions:
        known, version = versions[digest]
        return graph.add(f"sha256:{digest}", "model-version", f"{known} {version or ''}".strip(), short(digest), fact)
    return graph.add(f"sha256:{digest}", "dataset", name, short(digest), fact)


def _dataset(graph: _Graph, fact: Fact, _view: View, _versions: _Versions) -> None:
    said = fact.said
    rows = f"{said.rows:,} rows, " if said.rows is not None else ""
    node = graph.add(
        f"sha256:{said.dataset_sha256}", "dataset", said.dataset, f"{rows}{short(said.dataset_sha256)}", fact
    )
    if said.source is not None:
        graph.join(graph.add(f"source:{said.source}", "source", said.source, "", fact), node)


def _run_started(graph: _Graph, fact: Fact, _view: View, versions: _Versions) -> None:
    said = fact.said
    settings = ", ".join(f"{name}={value}" for name, value in sorted(said.hyperparameters.items()))
    node = graph.add(f"run:{said.run}", said.kind, said.job, settings or said.run, fact)
    for name, digest in sorted(said.inputs.items()):
        serving = f"serving:{digest}"
        thing = _thing(graph, name, digest, versions, fact)
        graph.join(serving if said.kind == "inference" and serving in graph.nodes else thing, node)


def _run_finished(graph: _Graph, fact: Fact, _view: View, versions: _Versions) -> None:
    said = fact.said
    metrics = ", ".join(f"{name}={value}" for name, value in sorted(said.metrics.items()))
    node = graph.add(f"run:{said.run}", "job", said.job, metrics or said.run, fact)
    for name, digest in sorted(said.outputs.items()):
        graph.join(node, _thing(graph, name, digest, versions, fact))


def _registered(graph: _Graph, fact: Fact, _view: View, versions: _Versions) -> None:
    _thing(graph, fact.said.model, fact.said.model_sha256, versions, fact)


def _validated(graph: _Graph, fact: Fact, _view: View, versions: _Versions) -> None:
    said = fact.said
    found = f"{said.outcome}: {len(said.passed)} passed, {len(said.failed)} failed, {len(said.warned)} warned"
    node = graph.renew(_evaluation(said.evidence_sha256, said.model_sha256), "evaluation", said.policy, found, fact)
    if said.model_sha256 == NO_FILES:
        _validated_data(graph, fact, node, versions)
        return
    model = _thing(graph, said.model, said.model_sha256, versions, fact)
    measured = f"sha256:{said.evidence_sha256}"
    known = measured in graph.nodes  # the run that measured tells what went into the evidence
    graph.join(measured if known else model, node)
    for name, digest in sorted(fact.event.subjects.items()):
        role = name.removeprefix("dataset:")
        if role == "train":
            graph.join(_thing(graph, role, digest, versions, fact), model)
        elif role != name and not known:
            graph.join(_thing(graph, role, digest, versions, fact), node)


def _validated_data(graph: _Graph, fact: Fact, node: str, versions: _Versions) -> None:
    """Join what was tested before there was a model: the datasets, by the run that measured them where it is told."""
    measured = f"sha256:{fact.said.evidence_sha256}"
    if measured in graph.nodes:
        graph.join(measured, node)
        return
    for name, digest in sorted(fact.event.subjects.items()):
        role = name.removeprefix("dataset:")
        if role != name:
            graph.join(_thing(graph, role, digest, versions, fact), node)


def _evaluation(evidence: str | None, model: str) -> str:
    return f"evaluation:{evidence or model}"


def _decided(graph: _Graph, fact: Fact, _view: View, versions: _Versions) -> None:
    said = fact.said
    word = "no pass" if said.decision == "not-stated" else said.decision
    node = f"decision:{said.evidence_sha256 or said.model_sha256}"
    if said.stage is None and said.model_sha256 != NO_FILES:  # only a release's decision gives leave to deploy
        graph.decided[said.model_sha256] = node
    graph.renew(node, "decision", word, f"{said.policy}, {fact.at}", fact)
    evaluation = _evaluation(said.evidence_sha256, said.model_sha256)
    if evaluation in graph.nodes:
        graph.join(evaluation, node)
    elif said.model_sha256 != NO_FILES:
        graph.join(_thing(graph, said.model, said.model_sha256, versions, fact), node)


def _deployed(graph: _Graph, fact: Fact, _view: View, versions: _Versions) -> None:
    said = fact.said
    if said.outcome != "succeeded":
        return
    node = graph.add(
        f"serving:{said.model_sha256}", "deployment", said.environment, f"{said.deployment}, {fact.at}", fact
    )
    graph.join(_thing(graph, said.model, said.model_sha256, versions, fact), node)
    if said.model_sha256 in graph.decided:  # events come in the log's order: this decision precedes the deployment
        graph.join(graph.decided[said.model_sha256], node)


def _imported(graph: _Graph, fact: Fact, view: View, versions: _Versions) -> None:
    if fact.said.form != "openlineage":
        return
    content = view.documents.get(fact.said.source_sha256)
    if content is None:
        return
    for event in parse_run_events(content, name=view.place(fact.index)):
        job = graph.add(
            f"job:{event.job.namespace}/{event.job.name}", _job_kind(event), event.job.name, event.job.namespace, fact
        )
        for dataset in event.inputs:
            graph.join(_foreign(graph, dataset, versions, fact), job)
        for dataset in event.outputs:
            graph.join(job, _foreign(graph, dataset, versions, fact))


def _reported(graph: _Graph, fact: Fact, view: View, versions: _Versions) -> None:
    """Add what a pipeline reported from outside; what was erased since is told as far as it is left."""
    sent = sent_in(view, fact)
    if sent is None:
        return
    event = sent.event
    if sent.about == "dataset":
        _foreign(graph, event.dataset, versions, fact)
        return
    state = f", {sent.state} {fact.at}" if sent.state else ""
    job = graph.renew(
        f"job:{event.job.namespace}/{event.job.name}", _job_kind(event), event.job.name,
        f"{event.job.namespace}{state}", fact,
    )  # fmt: skip
    for dataset in event.inputs:
        graph.join(_foreign(graph, dataset, versions, fact), job)
    for dataset in event.outputs:
        graph.join(job, _foreign(graph, dataset, versions, fact))


def imported_run_events(view: View) -> list[RunEvent]:
    """Return the OpenLineage run events from outside, as they came, in the log's order."""
    found: list[RunEvent] = []
    for fact in view.facts("import.batch", "lineage.reported"):
        if fact.event.type == "lineage.reported":
            sent = sent_in(view, fact)
            found += [sent.event] if sent is not None and sent.about == "run" else []
            continue
        content = view.documents.get(fact.said.source_sha256) if fact.said.form == "openlineage" else None
        if content is not None:
            found += parse_run_events(content, name=view.place(fact.index))
    return found


_WORDS: Mapping[Kind, tuple[str, ...]] = {
    "sampling": ("sample", "split"),
    "quality-check": ("quality", "check", "expectation", "assert", "valid"),
    "training": ("train", "fit"),
    "evaluation": ("eval", "test"),
    "inference": ("infer", "predict", "score", "serve"),
}


def _job_kind(event: RunEvent | JobEvent) -> Kind:
    """Guess what a job does by its name's words; a job that says nothing of it is a transformation."""
    words = re.split(r"[^a-z]+", event.job.name.lower())
    for kind, starts in _WORDS.items():
        if any(word.startswith(starts) for word in words):
            return kind
    return "transformation"


def _foreign(graph: _Graph, dataset: LineageDataset, versions: _Versions, fact: Fact) -> str:
    facet = dataset.facets.get("version")
    held = facet.get("datasetVersion") if isinstance(facet, dict) else None
    match = _SHA256.match(held) if isinstance(held, str) else None
    name = f"{dataset.namespace}/{dataset.name}"
    if match is not None:
        return _thing(graph, dataset.name, match[2], versions, fact)
    return graph.add(f"source:{name}", "source", dataset.name, dataset.namespace, fact)


_READERS = {
    "dataset.registered": _dataset,
    "run.started": _run_started,
    "run.finished": _run_finished,
    "model.registered": _registered,
    "validation.result": _validated,
    "gate.decision": _decided,
    "deployment.finished": _deployed,
    "import.batch": _imported,
    "lineage.reported": _reported,
}
