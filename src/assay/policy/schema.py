"""JSON Schemas of the documents that people write and that others read, made from the records themselves."""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

import msgspec

from assay.checks import CHECKS, known_metrics
from assay.policy.cases import Cases
from assay.policy.form import Policy
from assay.records.evidence import Evidence
from assay.records.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

DIALECT = "https://json-schema.org/draft/2020-12/schema"

SCHEMAS: Mapping[str, tuple[type, str]] = {
    "policy": (Policy, "A policy of Assay"),
    "policy-tests": (Cases, "Cases that test a policy"),
    "evidence": (Evidence, "What a verdict rests on"),
    "verdict": (Verdict, "A decision and its grounds"),
}


_ATTRIBUTE = re.compile(r"(?m)^    (\w+): (.+(?:\n {8}.+)*)")


def _describe(part: dict[str, Any]) -> None:
    """Give each property the line that the record's docstring has for it."""
    told, _, attributes = cleandoc(part.get("description", "")).partition("Attributes:")
    if told.strip():
        part["description"] = " ".join(told.split())
    for name, words in _ATTRIBUTE.findall(attributes):
        known = part.get("properties", {}).get(name)
        if isinstance(known, dict):
            known["description"] = " ".join(words.split())


def json_schema(kind: type, title: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a record; unknown keys are refused in it as they are by the parser."""
    schema = msgspec.json.schema(kind)
    parts = schema.get("$defs", {})
    for part in parts.values():
        _describe(part)
    if "Control" in parts:
        known = parts["Control"]["properties"]
        known["check"] |= {"enum": list(CHECKS)}
        metric = {"anyOf": [{"enum": list(known_metrics())}, {"type": "null"}], "default": None}
        known["metric"] = {"description": known["metric"].get("description", ""), **metric}
    return {"$schema": DIALECT, "title": title, **schema}
