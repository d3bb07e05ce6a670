"""A search put on record: the document signed and kept beside the log, an event of it in the trail."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from assay.attest import dsse
from assay.attest.statement import make_statement
from assay.lifecycle.chronicle import name_of, setting_text
from assay.lifecycle.people import pseudonym
from assay.lifecycle.storing import keep_document
from assay.records.canonical import sha256_hex
from assay.trail.events import make_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.attest.keys import Signer
    from assay.lifecycle.mitigating import Searched
    from assay.lifecycle.mitigation_choice import Taken
    from assay.lifecycle.mitigation_project import Release
    from assay.lifecycle.project import Project
    from assay.trail.events import Event

SEARCHED = "https://assay/mitigation/v1"
"""Predicate type of the statement that signs a search."""


def signed_search(content: bytes, searched: Searched, release: Release, signer: Signer) -> bytes:
    """Return the signed statement about a search: which verdict, which record, what came of it.

    Args:
        content: the record as it is kept.
        searched: the search.
        release: what was to be mended.
        signer: who signs.
    """
    found = searched.mitigation
    subjects = {
        release.verdict.model: release.verdict.model_sha256,
        **{f"dataset:{one.role}": one.sha256 for one in found.datasets},
        "verdict.json": release.verdict_sha256,
        "mitigation.json": sha256_hex(content),
    }
    predicate = {
        "version": release.verdict.version,
        "policy": {"digest": {"sha256": found.policy_sha256}},
        "search": found.search,
        "candidates": {one.name: one.status for one in found.trials},
        "recommended": found.recommended,
        "searchedAt": found.searched_at,
    }
    return dsse.sign(make_statement(subjects, SEARCHED, predicate), [signer]).content()


def keep_search(project: Project, content: bytes, signature: bytes) -> None:
    """Keep a search and its signature beside the log, by their digests."""
    keep_document(project.state, content)
    keep_document(project.state, signature)


def search_events(
    content: bytes, searched: Searched, release: Release, project: Project, *, by: str, taken: Taken | None
) -> Sequence[Event]:
    """Return what the trail is told of a search: the search, and the run that made a new version of the denied one.

    Args:
        content: the record as it is kept.
        searched: the search.
        release: what was to be mended.
        project: its project.
        by: who searched.
        taken: what was taken out; None where nothing was.
    """
    found, verdict = searched.mitigation, release.verdict
    measured = [one for one in found.trials if one.performance is not None]
    fields: dict[str, Any] = {
        "model": name_of(verdict.model),
        "version": name_of(verdict.version),
        "model_sha256": verdict.model_sha256,
        "verdict_sha256": release.verdict_sha256,
        "policy_sha256": found.policy_sha256,
        "search": found.search,
        "record_sha256": sha256_hex(content),
        "metric": found.aim.metric,
        "over": found.aim.over,
        "candidates": len(found.trials),
        "measured": len(measured),
        "holding": sum(one.performance is not None and one.performance.holds == "pass" for one in measured),
        "recommended": found.recommended,
        "by": pseudonym(project.state, by),
    }
    if taken is None or taken.version is None:
        return [make_event("mitigation.searched", fields, claimed_at=found.searched_at)]
    chosen = {
        "chosen": taken.candidate, "new_version": name_of(taken.version), "new_model_sha256": taken.model_sha256
    }  # fmt: skip
    event = make_event("mitigation.searched", fields | chosen, claimed_at=found.searched_at)
    return [event, *_run_events(content, searched, release, taken)]


def _run_events(content: bytes, searched: Searched, release: Release, taken: Taken) -> list[Event]:
    """Return the run that made the new version, from the denied one and the rows that it was fitted on."""
    found, verdict = searched.mitigation, release.verdict
    trial = found.trial(taken.candidate)
    settings = {} if trial is None else trial.settings
    run, job = f"mitigation_{secrets.token_hex(16)}", name_of(f"{verdict.model}/mitigate")
    train = {one.role: one.sha256 for one in found.datasets if one.role == "train"}
    started = {
        "run": run,
        "job": job,
        "kind": "training",
        "captured_sha256": sha256_hex(content),
        "hyperparameters": {
            "candidate": name_of(taken.candidate), "seed": str(found.seed),
            **{name_of(name): setting_text(value) for name, value in sorted(settings.items()) if value != ""},
        },
        "inputs": {name_of(verdict.model): verdict.model_sha256, **train},
    }  # fmt: skip
    finished = {
        "run": run, "job": job, "outcome": "complete", "outputs": {name_of(verdict.model): taken.model_sha256}
    }  # fmt: skip
    return [
        make_event(kind, said, claimed_at=found.searched_at)
        for kind, said in (("run.started", started), ("run.finished", finished))
    ]
