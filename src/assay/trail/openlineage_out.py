"""The trail as OpenLineage run events, for the catalogues that teams have.

A run of the trail is a run there, and so are an evaluation and a deployment. Datasets and models are named by the log's
origin as namespace, and carry their digest in the ``version`` facet, by which `assay.trail.lineage` knows them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from uuid import NAMESPACE_URL, uuid5

from assay.trail.lineage import TYPES, imported_run_events
from assay.trail.openlineage import RUN_EVENT, Job, LineageDataset, Run, RunEvent

if TYPE_CHECKING:
    from assay.trail.view import Fact, View

PRODUCER = "https://assay/trail"

_VERSION_FACET = (
    "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"
)
_ENDS: dict[str, Literal["COMPLETE", "FAIL", "ABORT"]] = {
    "complete": "COMPLETE",
    "failed": "FAIL",
    "aborted": "ABORT",
    "succeeded": "COMPLETE",
}

_State = Literal["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]


def run_events(view: View) -> list[RunEvent]:
    """Return the trail's runs as run events, in the log's order, after those that were imported, as they came."""
    found = imported_run_events(view)
    for fact in view.facts(*TYPES):
        event = _event(view, fact)
        if event is not None:
            found.append(event)
    return found


def _event(view: View, fact: Fact) -> RunEvent | None:
    said = fact.said
    if fact.event.type == "run.started":
        return _made(view, fact, "START", said.run, said.job, inputs=said.inputs)
    if fact.event.type == "run.finished":
        return _made(view, fact, _ENDS[said.outcome], said.run, said.job, outputs=said.outputs)
    if fact.event.type == "validation.result" and fact.at:
        read = {
            name.removeprefix("dataset:"): digest
            for name, digest in fact.event.subjects.items()
            if name.startswith("dataset:") and name != "dataset:train"
        }
        return _made(
            view,
            fact,
            "COMPLETE",
            fact.event.id,
            f"evaluation.{said.model}",
            inputs={said.model: said.model_sha256, **read},
        )
    if fact.event.type == "deployment.finished":
        job = f"deployment.{said.environment}.{said.model}"
        return _made(view, fact, _ENDS[said.outcome], said.deployment, job, inputs={said.model: said.model_sha256})
    return None


def _made(
    view: View,
    fact: Fact,
    state: _State,
    run: str,
    job: str,
    *,
    inputs: dict[str, str] | None = None,
    outputs: dict[str, str] | None = None,
) -> RunEvent:
    return RunEvent(
        event_type=state,
        event_time=fact.at,
        run=Run(str(uuid5(NAMESPACE_URL, f"{PRODUCER}/{view.origin}/{run}"))),
        job=Job(view.origin, job),
        inputs=_datasets(view, inputs or {}),
        outputs=_datasets(view, outputs or {}),
        producer=PRODUCER,
        schema_url=RUN_EVENT,
    )


def _datasets(view: View, digests: dict[str, str]) -> tuple[LineageDataset, ...]:
    return tuple(
        LineageDataset(view.origin, name, facets={"version": _version(digest)})
        for name, digest in sorted(digests.items())
    )


def _version(digest: str) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": _VERSION_FACET, "datasetVersion": digest}
