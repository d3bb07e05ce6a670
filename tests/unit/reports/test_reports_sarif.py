"""SARIF 2.1.0 against what the standard requires; no wheel carries its JSON schema.

Numbers are sections of https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from assay.reports.release import Release
from assay.reports.sarif import sarif
from unit.reports.mortgage_release import release

if TYPE_CHECKING:
    from assay.records.verdict import Decision

LEVELS = {"none", "note", "warning", "error"}
KINDS = {"pass", "open", "informational", "notApplicable", "review", "fail"}
RESULT = {
    "ruleId", "ruleIndex", "kind", "level", "message", "locations", "partialFingerprints", "properties", "suppressions",
}  # fmt: skip
RULE = {"id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"}


def run(found: Release | None = None) -> dict[str, Any]:
    log = json.loads(sarif(found or release()))
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"  # 3.13.2
    (only,) = log["runs"]
    assert isinstance(only, dict)
    return only


def result(control: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in run()["results"] if one["ruleId"] == control)
    return found


def test_run_has_the_required_properties_and_no_unknown_ones() -> None:
    found = run()
    assert set(found) == {
        "tool", "automationDetails", "invocations", "results", "columnKind", "properties",
    }  # fmt: skip
    assert found["columnKind"] == "unicodeCodePoints"  # 3.14.27
    driver = found["tool"]["driver"]
    assert driver["name"] == "Assay"  # 3.19.8: required
    assert set(driver) == {"name", "version", "rules"}


def test_rules_are_unique_and_carry_help() -> None:
    rules = run()["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)  # 3.19.23
    for rule in rules:
        assert set(rule) == RULE
        assert rule["defaultConfiguration"]["level"] in LEVELS
        assert rule["help"]["text"]  # 3.12.3: markdown never without text
        assert rule["help"]["markdown"]


def test_every_result_is_well_formed() -> None:
    found = run()
    rules = found["tool"]["driver"]["rules"]
    assert len(found["results"]) == len(release().verdict.findings)
    for one in found["results"]:
        assert set(one) <= RESULT
        assert one["kind"] in KINDS
        assert one["level"] in LEVELS
        assert (one["level"] == "none") == (one["kind"] != "fail")  # 3.27.10
        assert one["message"]["text"]  # 3.11.8
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]  # 3.27.6
        for place in one["locations"]:
            region = place["physicalLocation"]["region"]
            assert region["startLine"] >= 1  # 3.30.5
            assert region["startColumn"] >= 1
            assert re.fullmatch(r"[\w./%-]+", place["physicalLocation"]["artifactLocation"]["uri"])  # 3.4.3


def test_results_point_at_the_policy_line() -> None:
    place = result("parity")["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "policy.yaml"}, "region": {"startLine": 27, "startColumn": 5}}


@pytest.mark.parametrize(
    ("control", "kind", "level"),
    [
        ("four-fifths", "fail", "error"),
        ("documentation", "fail", "warning"),
        ("auc-by-sex", "open", "none"),
        ("auc", "pass", "none"),
        ("regression", "notApplicable", "none"),
    ],
)
def test_status_becomes_kind_and_level(control: str, kind: str, level: str) -> None:
    assert (result(control)["kind"], result(control)["level"]) == (kind, level)


def test_waived_finding_stays_a_fail_and_is_suppressed_with_its_justification() -> None:
    found = result("parity")
    assert found["kind"] == "fail"
    (suppression,) = found["suppressions"]
    assert set(suppression) == {"kind", "status", "justification"}  # 3.35
    assert suppression["kind"] in {"inSource", "external"}
    assert suppression["status"] == "accepted"
    assert "the finding stays a fail" in suppression["justification"]
    assert "2027-01-31" in suppression["justification"]


def test_waiver_that_was_not_presented_suppresses_nothing() -> None:
    found = release()
    bare = msgspec.structs.replace(found.verdict, consents=())
    log = run(Release(evidence=found.evidence, verdict=bare))
    assert not any("suppressions" in one for one in log["results"])


def test_fingerprints_differ_between_findings_and_stay_with_the_next_version() -> None:
    found = release()
    later = msgspec.structs.replace(found.verdict, version="2", evidence_sha256="99" * 32)

    def prints(one: Release) -> list[str]:
        return [entry["partialFingerprints"]["assayFinding/v1"] for entry in run(one)["results"]]

    assert len(set(prints(found))) == len(found.verdict.findings)
    assert prints(Release(evidence=found.evidence, verdict=later)) == prints(found)


@pytest.mark.parametrize(("decision", "code"), [("allow", 0), ("warn", 0), ("deny", 1), ("undecided", 3)])
def test_invocation_carries_the_decision_as_exit_code(decision: Decision, code: int) -> None:
    found = release()
    verdict = msgspec.structs.replace(found.verdict, decision=decision)
    (invocation,) = run(Release(evidence=found.evidence, verdict=verdict))["invocations"]
    assert invocation["executionSuccessful"] is True  # 3.20.14: required
    assert invocation["exitCode"] == code
    assert datetime.fromisoformat(invocation["endTimeUtc"]).tzinfo == UTC  # 3.9
    (told,) = invocation["toolExecutionNotifications"]
    assert told["message"]["text"].startswith(decision)
    assert told["level"] in LEVELS


def test_place_with_a_space_is_a_uri() -> None:
    found = release()
    moved = msgspec.structs.replace(found.verdict.findings[0].place, file="my policies/a b.yaml")  # type: ignore[type-var]
    finding = msgspec.structs.replace(found.verdict.findings[0], place=moved)
    verdict = msgspec.structs.replace(found.verdict, findings=(finding,))
    (one,) = run(Release(evidence=found.evidence, verdict=verdict))["results"]
    assert one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "my%20policies/a%20b.yaml"
