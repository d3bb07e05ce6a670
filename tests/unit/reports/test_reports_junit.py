from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

from assay.reports.junit import junit
from assay.reports.release import Release
from unit.reports.mortgage_release import release

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from assay.records.verdict import Decision


def cases(found: Release) -> dict[str, Element]:
    return {case.attrib["name"].split(":")[0]: case for case in fromstring(junit(found)).iter("testcase")}


def test_counts_are_those_of_the_cases() -> None:
    root = fromstring(junit(release()))
    for element in (root, root[0]):
        assert int(element.attrib["tests"]) == len(list(root.iter("testcase")))
        assert int(element.attrib["failures"]) == len(list(root.iter("failure")))
        assert int(element.attrib["errors"]) == len(list(root.iter("error")))
        assert int(element.attrib["skipped"]) == len(list(root.iter("skipped")))


@pytest.mark.parametrize(
    ("finding", "tags"),
    [
        ("four-fifths/race=black", ["failure"]),
        ("parity/race", ["failure"]),
        ("auc-by-sex/sex=None", ["error"]),
        ("regression", ["skipped"]),
        ("auc", []),
    ],
)
def test_status_becomes_element(finding: str, tags: list[str]) -> None:
    assert [child.tag for child in cases(release())[finding]] == tags


def test_waived_fail_stays_a_failure_and_says_who_accepted_it() -> None:
    (failure,) = cases(release())["parity/race"]
    assert failure.attrib["message"].startswith("accepted by a waiver: ")
    assert "the finding stays a fail" in str(failure.text)
    assert "rene@lender.example" in str(failure.text)


@pytest.mark.parametrize(
    ("decision", "tags"), [("allow", []), ("warn", []), ("deny", ["failure"]), ("undecided", ["error"])]
)
def test_decision_is_a_case_of_its_own(decision: Decision, tags: list[str]) -> None:
    found = release()
    verdict = msgspec.structs.replace(found.verdict, decision=decision, findings=())
    case = cases(Release(evidence=found.evidence, verdict=verdict))["the release may go ahead"]
    assert [child.tag for child in case] == tags
