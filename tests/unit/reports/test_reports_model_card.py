from __future__ import annotations

import re

import msgspec
import pytest
import yaml

from assay.reports.card import read_card
from assay.reports.huggingface import huggingface, metadata
from assay.reports.model_card import UNMEASURED, UNSAID, model_card
from assay.reports.release import Release
from assay.reports.starter_card import starter_card
from unit.reports.mortgage_release import release

SECTIONS = [
    "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data", "Quantitative analyses",
    "Ethical considerations", "Caveats and recommendations",
]  # fmt: skip


def without_card() -> Release:
    return Release(evidence=release().evidence, verdict=release().verdict)


@pytest.mark.parametrize("found", [release(), without_card()], ids=["with card", "without"])
def test_all_nine_sections_stand_in_order(found: Release) -> None:
    assert re.findall(r"(?m)^## (.*)$", model_card(found)) == SECTIONS


def test_what_nobody_said_is_shown_as_that() -> None:
    assert UNSAID in model_card(without_card())
    assert UNSAID not in model_card(release())


def test_placeholders_of_the_starter_card_say_nothing() -> None:
    card = read_card(starter_card("m").encode(), "card.yaml")
    shown = model_card(Release(evidence=release().evidence, verdict=release().verdict, card=card))
    assert "TODO" not in shown
    assert shown.count(UNSAID) == model_card(without_card()).count(UNSAID)


def test_unmeasured_is_shown_as_unmeasured() -> None:
    bare = msgspec.structs.replace(release().evidence, measurements=())
    shown = model_card(Release(evidence=bare, verdict=release().verdict))
    assert shown.count(UNMEASURED) == 5
    assert "- Not measured for sex: not known: ROC AUC (15 people, fewer than the 30 asked for)" in model_card(
        release()
    )


def test_metadata_has_the_shape_of_the_hub() -> None:
    (entry,) = metadata(release())["model-index"]
    assert entry["name"] == "mortgage-approval"
    for one in entry["results"]:
        assert one["task"]["type"] == "tabular-classification"
        assert {"type", "name"} <= set(one["dataset"]) <= {"type", "name", "config", "split", "revision", "args"}
        for metric in one["metrics"]:
            assert {"type", "value"} <= set(metric) <= {"type", "value", "name", "config", "args"}
            assert isinstance(metric["value"], float)
    assert [one["dataset"].get("config") for one in entry["results"]][:3] == [None, "race: white", "race: black"]


def test_metadata_reads_back_from_its_yaml() -> None:
    assert yaml.safe_load(huggingface(release())) == metadata(release())


@pytest.mark.parametrize(
    ("written", "expected"), [("Apache-2.0", ("apache-2.0", None)), ("Bank Internal v2", ("other", "bank-internal-v2"))]
)
def test_licence_is_one_that_the_hub_knows_or_other(written: str, expected: tuple[str, str | None]) -> None:
    card = read_card(f"model_details:\n  license: {written}\n".encode(), "card.yaml")
    found = metadata(Release(evidence=release().evidence, verdict=release().verdict, card=card))
    assert (found["license"], found.get("license_name")) == expected


def test_no_card_claims_no_licence() -> None:
    assert "license" not in metadata(without_card())
