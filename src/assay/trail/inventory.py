"""The model inventory: each version with materiality, owner, status, last validation and what is open about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay.errors import AssayError
from assay.trail.digested import evidence_says, verdict_says
from assay.trail.histories import OVER, remediations
from assay.trail.reading import NO_FILES
from assay.trail.serving import DEPLOYED, RETIRED, ROLLED_BACK, spells
from assay.trail.view import Fact, View, of_releases, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.trail.answers import Answer
    from assay.trail.digested import EvidenceSays, VerdictSays

_TYPES = ("model.registered", "validation.result", "gate.decision", DEPLOYED, ROLLED_BACK, RETIRED)


@dataclass
class Version:
    """What is known of one version's files.

    Attributes:
        model: the model's name.
        sha256: root digest of its files.
        version: its version; None where no event says it.
        registered: the last event that registered it.
        validated: its last validation.
        decided: the last decision about it.
        retired: the event that retired it.
        deployed: its deployments, in the log's order.
    """

    model: str
    sha256: str
    version: str | None = None
    registered: Fact | None = None
    validated: Fact | None = None
    decided: Fact | None = None
    retired: Fact | None = None
    deployed: list[Fact] = field(default_factory=list)


def inventory(view: View, model: str | None = None) -> Answer:
    """Answer which versions there are, of all models or of one."""
    facts = of_releases(view.facts(*_TYPES))
    rows, told = [], []
    for one, row in _listed(view, facts, model):
        rows.append(row)
        told.append(sentence(_words(row), one.registered, one.validated, one.decided, one.retired, *one.deployed[-1:]))
    missing = view.not_counted(*_TYPES)
    asked = {} if model is None else {"model": model}
    return view.answer("inventory", asked, told, rows=rows, missing=missing, facts=facts)


def versions(view: View, model: str | None = None) -> list[tuple[Version, dict[str, Any]]]:
    """Return the versions of all models or of one, each with its row of the inventory."""
    return _listed(view, of_releases(view.facts(*_TYPES)), model)


def _listed(view: View, facts: list[Fact], model: str | None) -> list[tuple[Version, dict[str, Any]]]:
    found = {one.sha256: one for one in _versions(facts) if model is None or one.model == model}
    serving = _serving(view, facts)
    open_remediations = [row for row in remediations(view, model).rows if row["status"] not in OVER]
    ordered = sorted(found.values(), key=lambda one: (one.model, one.version or "", one.sha256))
    return [(one, _row(view, one, serving, open_remediations)) for one in ordered]


def _versions(facts: list[Fact]) -> list[Version]:
    found: dict[str, Version] = {}
    for fact in facts:
        said, kind = fact.said, fact.event.type
        digest = getattr(said, "model_sha256", None)
        if digest is None:
            for one in found.values():
                if kind == RETIRED and (one.model, one.version) == (said.model, said.version):
                    one.retired = fact
            continue
        if digest == NO_FILES and kind in {"validation.result", "gate.decision"}:
            continue  # what has no files yet is no version: data was tested
        one = found.setdefault(digest, Version(said.model, digest))
        one.version = said.version or one.version
        if kind == "model.registered":
            one.registered = fact
        elif kind == "validation.result":
            one.validated = fact
        elif kind == "gate.decision":
            one.decided = fact
        elif said.outcome == "succeeded":
            one.deployed.append(fact)
    return list(found.values())


def _serving(view: View, facts: list[Fact]) -> dict[str, list[str]]:
    """Return the environments that each digest serves in now, by the digest."""
    found: dict[str, list[str]] = {}
    places = sorted({(f.said.model, f.said.environment) for f in facts if f.event.type == DEPLOYED})
    for model, environment in places:
        for spell in spells(view, model, environment)[0]:
            if spell.ended is None and spell.model_sha256 is not None:
                found.setdefault(spell.model_sha256, []).append(environment)
    return found


def _row(
    view: View, one: Version, serving: Mapping[str, list[str]], open_remediations: list[dict[str, Any]]
) -> dict[str, Any]:
    registered = one.registered.said if one.registered else None
    assessed = _materiality(view, one)
    verdict = _verdict(view, one)
    result = one.validated.said if one.validated else None
    mine = [row for row in open_remediations if (row["model"], row["version"]) == (one.model, one.version)]
    return {
        "model": one.model,
        "version": one.version,
        "model_sha256": one.sha256,
        "exposure": registered.exposure if registered else assessed and assessed.exposure,
        "purpose": registered.purpose if registered else assessed and assessed.purpose,
        "tier": (registered.tier if registered else None) or (verdict.tier if verdict else None),
        "owner": view.person(registered.owner, one.registered) if registered and one.registered else None,
        "status": _status(one, serving.get(one.sha256, [])),
        "serves_in": sorted(serving.get(one.sha256, [])),
        "decision": one.decided.said.decision if one.decided else None,
        "decided_at": one.decided.at if one.decided else None,
        "last_validation": result.outcome if result else None,
        "open_findings": [*result.failed, *result.warned] if result else None,
        "open_remediations": [row["remediation"] for row in mine],
        "entries": sorted(
            {f.index for f in (one.registered, one.validated, one.decided, one.retired, *one.deployed[-1:]) if f}
            | {index for row in mine for index in row["entries"]}
        ),
    }


def _materiality(view: View, one: Version) -> EvidenceSays | None:
    digest = one.validated.said.evidence_sha256 if one.validated else None
    content = view.documents.get(digest) if digest else None
    if digest is None or content is None:
        return None
    try:
        return evidence_says(digest, content)
    except AssayError:
        return None  # evidence of another version of Assay: its materiality is told as not known


def _verdict(view: View, one: Version) -> VerdictSays | None:
    digest = one.decided.said.verdict_sha256 if one.decided else None
    content = view.documents.get(digest) if digest else None
    try:
        return verdict_says(digest, content) if digest and content else None
    except AssayError:
        return None  # as above


def _status(one: Version, places: list[str]) -> str:
    if places:
        return "serving"
    if one.retired is not None:
        return "retired"
    if one.deployed:
        return "withdrawn"
    if one.decided is not None:
        return f"decided: {one.decided.said.decision}"
    return "validated" if one.validated else "registered"


def _words(row: Mapping[str, Any]) -> str:
    material = " x ".join(part for part in (row["exposure"], row["purpose"]) if part) or "materiality not known"
    places = f" in {', '.join(row['serves_in'])}" if row["serves_in"] else ""
    findings = row["open_findings"]
    if findings is None:
        validated = "never validated"
    else:
        what = f"{len(findings)} open findings ({', '.join(findings)})" if findings else "no open finding"
        validated = f"last validation {row['last_validation']}, {what}"
    mending = f", open remediations: {', '.join(row['open_remediations'])}" if row["open_remediations"] else ""
    return (
        f"{row['model']} {row['version'] or '(version not stated)'}: {row['status']}{places}; {material}"
        f"{', tier ' + row['tier'] if row['tier'] else ''}; owner {row['owner'] or 'not registered'}; "
        f"{validated}{mending}."
    )
