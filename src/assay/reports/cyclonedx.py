"""A CycloneDX 1.6 ML-BOM: the model, its files and its data with their digests, and a model card inside.

The library writes everything it has a class for. It has none for ``modelCard``, so that object is added by the schema
(https://cyclonedx.org/docs/1.6/json/#components_items_modelCard); the tests validate the whole document strictly. A
root digest over several files is a property, not a hash: nobody could hash one file and compare.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from assay.records.canonical import digest
from assay.reports import words
from assay.reports.card import is_placeholder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component

    from assay.records.evidence import Dataset
    from assay.records.measurement import Measurement
    from assay.records.tally import FileDigest
    from assay.reports.card import Words
    from assay.reports.release import Release

MODEL = "model"


def cyclonedx(release: Release) -> str:
    """Return the ML-BOM of a release as indented JSON; serial number and time come from the records."""
    from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415 - loaded only for this report

    document = json.loads(JsonV1Dot6(_bom(release)).output_as_string())
    document["metadata"]["component"]["modelCard"] = _model_card(release)
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _bom(release: Release) -> Bom:
    from datetime import datetime  # noqa: PLC0415 - only to read the evidence's own time
    from uuid import NAMESPACE_URL, uuid5  # noqa: PLC0415 - derived, not random

    from cyclonedx.model.bom import Bom, BomMetaData  # noqa: PLC0415 - loaded only for this report
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415 - as above
    from cyclonedx.model.dependency import Dependency  # noqa: PLC0415 - as above

    evidence, tool = release.evidence, release.evidence.tool
    model = Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=evidence.model.name,
        version=evidence.model.version,
        bom_ref=MODEL,
        description=f"Model of system {words.plain(evidence.system)}",
        components=[_file(file, f"{MODEL}/file/{place}") for place, file in enumerate(evidence.model.files)],
        properties=_properties({"model:rootSha256": evidence.model.sha256, "code:commit": evidence.code.commit or ""}),
    )
    datasets = [_dataset(dataset) for dataset in evidence.datasets]
    measured_by = Component(type=ComponentType.APPLICATION, name=tool.name, version=tool.version, bom_ref="tool")
    metadata = BomMetaData(
        component=model,
        tools=_tools(measured_by),
        timestamp=datetime.fromisoformat(evidence.measured_at),
        properties=_properties(_facts(release)),
    )
    serial = uuid5(NAMESPACE_URL, f"urn:assay:{digest(release.verdict)}")
    dependencies = [
        Dependency(ref=model.bom_ref, dependencies=[Dependency(ref=found.bom_ref) for found in datasets]),
        *(Dependency(ref=found.bom_ref) for found in datasets),
    ]
    return Bom(serial_number=serial, metadata=metadata, components=datasets, dependencies=dependencies)


def _tools(component: Component) -> Any:  # noqa: ANN401 - ToolRepository, which is not imported at the top
    from cyclonedx.model.tool import ToolRepository  # noqa: PLC0415 - loaded only for this report

    return ToolRepository(components=[component])


def _facts(release: Release) -> dict[str, str]:
    verdict = release.verdict
    return {
        "decision": verdict.decision,
        "decision:reason": verdict.reason,
        "decision:time": verdict.decided_at,
        "policy": f"{verdict.policy.name} {verdict.policy.version}",
        "policy:sha256": verdict.policy.sha256,
        "evidence:sha256": verdict.evidence_sha256,
        "tally:sha256": release.evidence.tally_sha256,
    }


def _properties(found: dict[str, str]) -> list[Property]:
    from cyclonedx.model import Property  # noqa: PLC0415 - loaded only for this report

    return [Property(name=f"assay:{name}", value=words.plain(value)) for name, value in found.items() if value]


def _file(file: FileDigest, reference: str) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType  # noqa: PLC0415 - loaded only for this report
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415 - as above

    return Component(
        type=ComponentType.FILE,
        name=file.name,
        bom_ref=reference,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=file.sha256)],
        properties=_properties({"size": str(file.size)}),
    )


def _dataset(dataset: Dataset) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType  # noqa: PLC0415 - loaded only for this report
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415 - as above

    one_file = len(dataset.files) == 1
    facts = {"dataset:role": dataset.role, "dataset:sha256": dataset.sha256}
    if dataset.rows is not None:
        facts["dataset:rows"] = str(dataset.rows)
    reference = f"dataset/{dataset.role}"
    return Component(
        type=ComponentType.DATA,
        name=dataset.files[0].name if one_file else dataset.role,
        bom_ref=reference,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=dataset.files[0].sha256)] if one_file else [],
        components=[]
        if one_file
        else [_file(file, f"{reference}/{place}") for place, file in enumerate(dataset.files)],
        properties=_properties(facts),
    )


def _model_card(release: Release) -> dict[str, Any]:
    datasets = [{"ref": f"dataset/{dataset.role}"} for dataset in release.evidence.datasets]
    parameters: dict[str, Any] = {"task": _task(release), "datasets": datasets}
    if release.card and (kind := _texts(release.card.model_details.type)):
        parameters["modelArchitecture"] = " ".join(kind)
    measured = [_metric(found) for found in release.evidence.measurements if found.value is not None]
    return {
        "modelParameters": parameters,
        "quantitativeAnalysis": {"performanceMetrics": measured},
        "considerations": _considerations(release),
    }


def _task(release: Release) -> str:
    kind = release.tally.roles.task if release.tally else "binary"
    return {"binary": "binary classification", "multiclass": "multi-class classification"}.get(kind, "regression")


def _metric(found: Measurement) -> dict[str, Any]:
    metric: dict[str, Any] = {"type": found.metric, "value": repr(found.value), "slice": words.about(found)}
    if found.interval:
        metric["confidenceInterval"] = {"lowerBound": repr(found.interval[0]), "upperBound": repr(found.interval[1])}
    return metric


def _texts(found: Words) -> list[str]:
    items: Sequence[str] = (found,) if isinstance(found, str) else found or ()
    return [words.plain(item) for item in items if not is_placeholder(item)]


def _considerations(release: Release) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if release.card:
        use, ethics, caveats = (
            release.card.intended_use,
            release.card.ethical_considerations,
            release.card.caveats_and_recommendations,
        )
        mitigation = " ".join(_texts(ethics.mitigations))
        found["users"] = _texts(use.primary_users)
        found["useCases"] = _texts(use.primary_uses) + [f"Out of scope: {item}" for item in _texts(use.out_of_scope)]
        found["technicalLimitations"] = _texts(caveats.caveats)
        found["ethicalConsiderations"] = [
            {"name": item, **({"mitigationStrategy": mitigation} if mitigation else {})}
            for item in _texts(ethics.risks_and_harms) + _texts(ethics.human_life) + _texts(ethics.sensitive_data)
        ]
    found["fairnessAssessments"] = [
        {
            "groupAtRisk": words.about(finding),
            "harms": f"{words.STATUSES[finding.status]}: {words.plain(finding.reason)}",
            **({"mitigationStrategy": words.plain(finding.remedy)} if finding.remedy else {}),
        }
        for finding in release.with_status("fail", "unknown")
        if finding.group or finding.over
    ]
    return {name: items for name, items in found.items() if items}
