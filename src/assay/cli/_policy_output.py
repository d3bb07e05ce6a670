"""What the verbs of `assay policy` print for machines."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.errors import Problem
    from assay.policy.cases import CaseOutcome

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(found: object) -> str:
    """Return a value as JSON in a fixed order, ready to be read by a person too."""
    return json.dumps(found, indent=2, ensure_ascii=False, sort_keys=False)


def problem_record(problem: Problem, level: str) -> dict[str, Any]:
    """Return a problem as JSON tells it."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "level": level,
        "message": problem.message,
    }


def problems_sarif(errors: Sequence[Problem], advice: Sequence[Problem], version: str) -> str:
    """Return SARIF 2.1.0 (OASIS, 2020) of what is wrong in policies, and of what is worth a second look."""
    rules = [
        {"id": "policy-error", "shortDescription": {"text": "The policy cannot be used as it is written"}},
        {"id": "policy-advice", "shortDescription": {"text": "Worth a second look"}},
    ]
    listed = [(0, "error", problem) for problem in errors] + [(1, "warning", problem) for problem in advice]
    run = {
        "tool": {"driver": {"name": "assay", "version": version, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(rule, rules[rule]["id"], level, problem) for rule, level, problem in listed],
    }
    return as_json({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def _sarif_result(rule: int, name: Any, level: str, problem: Problem) -> dict[str, Any]:  # noqa: ANN401 - the rule's id
    place: dict[str, Any] = {"artifactLocation": {"uri": problem.file.replace("\\", "/")}}
    if problem.line:
        place["region"] = {"startLine": problem.line, "startColumn": max(1, problem.column)}
    where = f"{problem.path}: " if problem.path else ""
    return {
        "ruleId": name,
        "ruleIndex": rule,
        "level": level,
        "message": {"text": where + problem.message},
        "locations": [{"physicalLocation": place}],
    }


def cases_junit(suite: str, outcomes: Sequence[CaseOutcome]) -> str:
    """Return the outcomes of a policy's cases as JUnit XML: a failure for each case that is not as expected."""
    failed = sum(bool(outcome.differences) for outcome in outcomes)
    counts = f'tests="{len(outcomes)}" failures="{failed}" errors="0" skipped="0"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites {counts}>"]
    lines.append(f"  <testsuite name={_quoted(suite)} {counts}>")
    for outcome in outcomes:
        name = f"    <testcase classname={_quoted(suite)} name={_quoted(outcome.case.name)}"
        if not outcome.differences:
            lines.append(f"{name}/>")
            continue
        told = "\n".join(outcome.differences)
        lines.append(f"{name}>")
        lines.append(f"      <failure message={_quoted(outcome.differences[0])}>{escape(told, quote=False)}</failure>")
        lines.append("    </testcase>")
    return "\n".join([*lines, "  </testsuite>", "</testsuites>"])


def _quoted(text: str) -> str:
    """Return a text as an XML attribute; the standard library's own way to do so imports its HTTP client."""
    return '"' + escape(text).replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;") + '"'
