"""The report as JSON, with its JSON Schema: the verdict, the evidence and the card as one document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from assay.records.evidence import Evidence
from assay.records.tally import Frozen
from assay.records.verdict import Verdict
from assay.reports.card import Card

if TYPE_CHECKING:
    from assay.reports.release import Release


class Report(Frozen, kw_only=True):
    """A release as one document; the tally is left out, its digest is in the evidence.

    Attributes:
        schema: the document's version.
        exit_code: what a gate exits with after this verdict: 0 allow or warn, 1 deny, 3 undecided.
        verdict: what was decided, on what grounds.
        evidence: what was measured.
        card: what only people can say; None when nobody wrote it.
    """

    schema: Literal["assay.report/v1"] = "assay.report/v1"
    exit_code: Literal[0, 1, 3]
    verdict: Verdict
    evidence: Evidence
    card: Card | None = None


_EXIT: dict[str, Literal[0, 1, 3]] = {"allow": 0, "warn": 0, "deny": 1, "undecided": 3}


def to_json(release: Release) -> str:
    """Return the report of a release as indented JSON that `schema` describes."""
    report = Report(
        exit_code=_EXIT[release.verdict.decision],
        verdict=release.verdict,
        evidence=release.evidence,
        card=release.card,
    )
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def schema_json() -> str:
    """Return `schema` as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(schema(), order="deterministic"), indent=2).decode() + "\n"


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `to_json`, generated from the records."""
    found = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(Report)))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Assay report", **found}
