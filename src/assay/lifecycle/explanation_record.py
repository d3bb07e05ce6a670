"""An explanation put on record: signed, kept beside the log, and an event of the trail for each finding.

What counts alone tell anybody can tell again from the verdict's records; what rows and model told rests on more than
the trail holds, so it is kept as it was said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.attest import dsse
from assay.attest.statement import VERDICT, make_statement
from assay.errors import InputError
from assay.lifecycle.chronicle import name_of
from assay.lifecycle.people import pseudonym
from assay.records.canonical import canonical_json, sha256_hex
from assay.trail.events import make_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.attest.keys import Signer
    from assay.lifecycle.explaining import Papers
    from assay.lifecycle.project import Project
    from assay.records.explanation import Explanation
    from assay.trail.events import Event

EXPLAINED = "https://assay/explanation/v1"
"""Predicate type of the statement that signs an explanation."""

EXPLANATION = "explanation.json"


def explanation_content(found: Explanation) -> bytes:
    """Return an explanation as it is kept: canonical JSON."""
    return canonical_json(found)


def require_recordable(papers: Papers, found: Explanation) -> Project:
    """Return the project whose trail is told.

    Raises:
        InputError: where there is no project, or nothing was explained.
    """
    if papers.project is None:
        raise InputError("--record: expected a verdict of a project (assay.yaml), whose trail is told; found none")
    if not found.findings:
        raise InputError("--record: expected a finding that is no pass, found none: there is nothing to record")
    return papers.project


def signed_explanation(content: bytes, found: Explanation, papers: Papers, signer: Signer, *, at: str) -> bytes:
    """Return the signed statement about an explanation: of which verdict, what was looked at, and the first causes."""
    verdict = papers.verdict
    subjects = {
        verdict.model: verdict.model_sha256,
        VERDICT: sha256_hex(papers.content),
        EXPLANATION: sha256_hex(content),
    }
    predicate = {
        "version": verdict.version,
        "examined": list(found.examined),
        "causes": {one.finding: [cause.kind for cause in one.causes] for one in found.findings},
        "explainedAt": at,
    }
    return dsse.sign(make_statement(subjects, EXPLAINED, predicate), [signer]).content()


def explanation_events(
    content: bytes, found: Explanation, papers: Papers, project: Project, *, by: str, at: str
) -> Sequence[Event]:
    """Return what the trail is told of an explanation, finding by finding.

    Args:
        content: the explanation as it is kept.
        found: the explanation.
        papers: the verdict.
        project: its project.
        by: who asked.
        at: now, RFC 3339 in UTC.
    """
    verdict, person = papers.verdict, pseudonym(project.state, by)
    return [
        make_event(
            "finding.explained",
            {
                "model": name_of(verdict.model),
                "version": name_of(verdict.version),
                "model_sha256": verdict.model_sha256,
                "verdict_sha256": sha256_hex(papers.content),
                "record_sha256": sha256_hex(content),
                "finding": one.finding,
                "cause": one.causes[0].kind,
                "causes": [cause.kind for cause in one.causes],
                "examined": list(found.examined),
                "by": person,
            },
            claimed_at=at,
        )
        for one in found.findings
    ]
