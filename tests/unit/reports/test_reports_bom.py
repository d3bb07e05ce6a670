from __future__ import annotations

import json
from typing import Any

import msgspec
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from assay.records.evidence import Dataset
from assay.records.tally import FileDigest
from assay.reports.cyclonedx import cyclonedx
from assay.reports.release import Release
from unit.reports.mortgage_release import release


def bom(found: Release | None = None) -> dict[str, Any]:
    text = cyclonedx(found or release())
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document: dict[str, Any] = json.loads(text)
    return document


def test_validator_refuses_a_broken_model_card() -> None:
    document = bom()
    document["metadata"]["component"]["modelCard"]["surprise"] = 1
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is not None


def test_same_records_give_the_same_bytes_and_another_verdict_another_serial_number() -> None:
    found = release()
    assert cyclonedx(found) == cyclonedx(release())
    other = msgspec.structs.replace(found.verdict, version="2")
    assert bom(Release(evidence=found.evidence, verdict=other))["serialNumber"] != bom(found)["serialNumber"]
    assert bom(found)["metadata"]["timestamp"] == "2026-11-20T09:14:05+00:00"


def test_metrics_have_slices_and_intervals_and_unmeasured_ones_are_absent() -> None:
    metrics = bom()["metadata"]["component"]["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    black = next(one for one in metrics if one["type"] == "selection_rate" and one["slice"] == "race: black")
    assert float(black["confidenceInterval"]["lowerBound"]) < float(black["value"])
    assert not any(one["type"] == "roc_auc" and one["slice"] == "sex: not known" for one in metrics)


def test_files_carry_hashes_and_digests_over_several_files_do_not_pose_as_one() -> None:
    files = tuple(FileDigest(name=f"part-{n}.parquet", sha256=f"{n}a" * 32, size=n) for n in range(2))
    evidence = msgspec.structs.replace(
        release().evidence, datasets=(Dataset(role="test", sha256="ff" * 32, files=files),)
    )
    found = bom(Release(evidence=evidence, verdict=release().verdict))
    (dataset,) = found["components"]
    assert "hashes" not in dataset
    assert [one["hashes"][0]["content"] for one in dataset["components"]] == ["0a" * 32, "1a" * 32]
    assert found["metadata"]["component"]["modelCard"]["modelParameters"]["datasets"] == [{"ref": "dataset/test"}]


def test_card_is_not_needed() -> None:
    found = bom(Release(evidence=release().evidence, verdict=release().verdict))
    assert "users" not in found["metadata"]["component"]["modelCard"]["considerations"]
