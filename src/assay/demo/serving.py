"""The last chapter but one: version 2 goes into production, and the trail is asked who gave leave for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.adapters.project_log import ProjectLog
from assay.adapters.trail_here import open_trail
from assay.demo.cast import AUTHOR
from assay.lifecycle.keyring import Keyring
from assay.lifecycle.people import pseudonym
from assay.lifecycle.project import load_project
from assay.lifecycle.recording import one_recorder, record
from assay.lifecycle.setting import now
from assay.lifecycle.storing import list_model
from assay.trail.events import make_event
from assay.trail.questions import production

if TYPE_CHECKING:
    from pathlib import Path

    from assay.demo.telling import Teller
    from assay.lifecycle.project import Project

ENVIRONMENT = "production"


def tell_serving(folder: Path, teller: Teller) -> None:
    """Record that the project's version was deployed, and ask who had said yes."""
    project = load_project(folder)
    model = project.config.model
    teller.chapter("Into production, and the question that an auditor asks")
    teller.command(
        f"assay trail append deployment.finished --as {AUTHOR} -f deployment=d-1 -f model={model.name}",
        f"-f version={model.version} -f model_sha256=@model/ -f environment={ENVIRONMENT} -f outcome=succeeded "
        f"-f by={AUTHOR}",
    )
    _deploy(project)
    day = now()[:10]
    teller.command(f"assay trail query production --at {day}")
    with open_trail(project) as trail:
        answer = trail.proven(production(trail.view(), model.name, day, environment=ENVIRONMENT))
    for sentence in answer.sentences:
        teller.item("-", sentence.text)
    teller.say(f"Every sentence rests on entries of the log; {len(answer.proofs)} were proven to stand in it.", "good")


def _deploy(project: Project) -> None:
    model = project.config.model
    with one_recorder(project.state):
        fields = {
            "deployment": "d-1",
            "model": model.name,
            "version": model.version,
            "model_sha256": list_model(project.model)[1],
            "environment": ENVIRONMENT,
            "outcome": "succeeded",
            "by": pseudonym(project.state, AUTHOR),
        }
        event = make_event("deployment.finished", fields, claimed_at=now())
        with open_trail(project) as known:
            log = ProjectLog(project.log, project.config.system)
            record([event], log, Keyring(project.keys).signer(AUTHOR), known)
