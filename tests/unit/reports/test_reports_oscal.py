"""OSCAL files: what each says, and that compliance-trestle takes every one of them."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from assay.errors import InputError
from assay.packs.shelf import own_shelf
from assay.reports.oscal import OSCAL, oscal_file, oscal_files
from assay.reports.oscal.catalog import framework_catalog
from assay.reports.oscal.naming import control_id, token
from unit.reports.documents_material import material
from unit.reports.mortgage_release import release

TOKEN = re.compile(r"[A-Za-z_][\w.-]*\Z")
ROOTS = {
    "oscal-catalog": "catalog",
    "oscal-component-definition": "component-definition",
    "oscal-assessment-plan": "assessment-plan",
    "oscal-assessment-results": "assessment-results",
    "oscal-poam": "plan-of-action-and-milestones",
}


def body(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(oscal_file(kind, material()).content)[ROOTS[kind]]
    return found


def props(part: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in part["props"]}


def uuids(value: Any) -> list[str]:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        own = [value["uuid"]] if "uuid" in value else []
        return own + [one for inner in value.values() for one in uuids(inner)]
    return [one for inner in value for one in uuids(inner)] if isinstance(value, list) else []


def test_the_same_records_give_the_same_bytes() -> None:
    for kind in OSCAL:
        assert oscal_file(kind, material()).content == oscal_file(kind, material()).content
    other = oscal_file("oscal-poam", material(verdict_sha256="cd" * 32)).content
    assert not set(uuids(json.loads(other))) & set(uuids(json.loads(oscal_file("oscal-poam", material()).content)))


@pytest.mark.parametrize("kind", OSCAL)
def test_no_uuid_stands_for_two_things_in_a_file(kind: str) -> None:
    found = uuids(body(kind))
    assert len(found) == len(set(found))


def test_a_finding_is_satisfied_when_all_its_observations_pass_and_never_by_an_unknown() -> None:
    told = body("oscal-assessment-results")["results"][0]
    verdict = release().verdict
    states = {one["target"]["target-id"]: one["target"]["status"]["state"] for one in told["findings"]}
    for name in {one.control for one in verdict.findings if one.status != "not-applicable"}:
        passed = all(one.status == "pass" for one in verdict.findings if one.control == name)
        assert states[f"{token(name)}_obj"] == ("satisfied" if passed else "not-satisfied")
    unknown = {one.id for one in verdict.findings if one.status == "unknown"}
    assert unknown
    assert unknown <= {props(one)["finding"] for one in told["observations"] if props(one)["status"] == "unknown"}
    assert unknown <= {props(one)["finding"] for one in told["risks"]}


def test_an_accepted_risk_stays_a_risk_with_its_end() -> None:
    risks = body("oscal-assessment-results")["results"][0]["risks"]
    waived = [one for one in risks if one["status"] == "deviation-approved"]
    assert [props(one)["status"] for one in waived] == ["fail"]
    assert waived[0]["deadline"].startswith("20")


def test_every_control_that_is_named_stands_in_the_catalogue() -> None:
    controls = {one["id"] for group in body("oscal-catalog")["groups"] for one in group["controls"]}
    component = body("oscal-component-definition")["components"][0]["control-implementations"][0]
    assert {one["control-id"] for one in component["implemented-requirements"]} == controls
    plan = body("oscal-assessment-plan")["reviewed-controls"]["control-selections"][0]["include-controls"]
    assert {one["control-id"] for one in plan} == controls
    targets = {one["target"]["target-id"] for one in body("oscal-assessment-results")["results"][0]["findings"]}
    assert targets <= {f"{one}_obj" for one in controls}


def test_a_plan_of_action_without_anything_open_says_so() -> None:
    made = release()
    passed = tuple(msgspec.structs.replace(one, status="pass") for one in made.verdict.findings)
    whole = type(made)(evidence=made.evidence, verdict=msgspec.structs.replace(made.verdict, findings=passed))
    plan = json.loads(oscal_file("oscal-poam", material(release=whole)).content)[ROOTS["oscal-poam"]]
    assert [one["title"] for one in plan["poam-items"]] == ["Nothing is open"]
    assert "risks" not in plan


def test_the_policy_s_frameworks_have_catalogues() -> None:
    kinds = [one.kind for one in oscal_files(material())]
    assert kinds[: len(OSCAL)] == list(OSCAL)
    assert "oscal-catalog-eu-ai-act" in kinds


def test_clauses_become_ids_that_stay_apart() -> None:
    assert control_id("eu-ai-act", "annex-iv(2)(g)") == "eu-ai-act_annex-iv.2.g"
    assert control_id("eu-ai-act", "9(2)(a)") == "eu-ai-act_9.2.a"
    for pack in own_shelf().packs:
        found = [control_id(pack.framework, one.id) for one in pack.controls]
        assert len(found) == len(set(found)), pack.name
        assert all(TOKEN.match(one) for one in found), pack.name


def test_an_unknown_kind_is_refused_with_a_near_name() -> None:
    with pytest.raises(InputError, match=r"did you mean 'oscal-poam'"):
        oscal_file("oscal-poan", material())


@pytest.mark.service
def test_compliance_trestle_takes_every_file() -> None:
    pytest.importorskip("trestle", reason="compliance-trestle is not installed")
    import warnings  # noqa: PLC0415 - the toolkit warns of its own dependencies

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from trestle.oscal import assessment_plan, assessment_results, catalog, component, poam  # noqa: PLC0415

        kinds = {
            "oscal-component-definition": component.ComponentDefinition,
            "oscal-assessment-plan": assessment_plan.AssessmentPlan,
            "oscal-assessment-results": assessment_results.AssessmentResults,
            "oscal-poam": poam.PlanOfActionAndMilestones,
        }
        for one in oscal_files(material()):
            root = ROOTS.get(one.kind, "catalog")
            kinds.get(one.kind, catalog.Catalog)(**json.loads(one.content)[root])
        for pack in own_shelf().packs:
            if pack.counts_on("2026-11-23"):
                catalog.Catalog(**json.loads(json.dumps(framework_catalog(material(), pack, "mark"))))
