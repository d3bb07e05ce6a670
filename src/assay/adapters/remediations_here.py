"""Remediations of releases' findings in a project on this machine: what people do about them, in order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assay.adapters.here import project_at
from assay.adapters.incidents_here import sign_act
from assay.adapters.trail_here import open_trail
from assay.errors import InputError
from assay.lifecycle.project import Project, is_safe_name, read_file
from assay.lifecycle.remediating import Open, Retest, remediation_name
from assay.lifecycle.storing import keep_document
from assay.records.canonical import parse_record, sha256_hex
from assay.records.verdict import Verdict
from assay.trail.remediation_telling import next_words
from assay.trail.remediations import Remediation, release_remediations

if TYPE_CHECKING:
    from assay.lifecycle.remediating import RemediationAct
    from assay.trail.events import Event

VERDICT = "verdict.json"


@dataclass(frozen=True, kw_only=True)
class Remedied:
    """What an act has come to.

    Attributes:
        event: the event that was recorded.
        index: index of its entry in the log.
        remediation: how it stands now.
        next: what comes next, in words.
        told: what a person should know, a line each.
    """

    event: Event
    index: int
    remediation: Remediation
    next: str
    told: tuple[str, ...] = ()


def remediate(act: RemediationAct, project: Project | Path | str | None = None, *, by: str) -> Remedied:
    """Do something about a finding of a release, signed by a person of the trust file.

    Args:
        act: what (`assay.lifecycle.remediating`).
        project: itself, its `assay.yaml` or folder; by default the one the working folder belongs to.
        by: who acts: the name of a key, as in the trust file.

    Raises:
        InputError: when it is out of its order, not theirs to do, or not borne out by a later verdict.
    """
    project = project if isinstance(project, Project) else project_at(project)
    event, index, told = sign_act(act, project, by=by)
    with open_trail(project) as opened:
        view = opened.view()
        about = next(one for one in release_remediations(view) if one.name == act.name)
        if isinstance(act, Retest):  # another decision on that version takes its place in the release's folder
            keep_document(project.state, view.documents[event.fields.evidence_sha256])
        return Remedied(event=event, index=index, remediation=about, next=next_words(view, about), told=told)


def open_remediation(
    release: Path | str | None, finding: str, *, owner: str, due: str, plan: str | None = None, by: str,
    project: Project | Path | str | None = None,
) -> Remedied:  # fmt: skip
    """Have a finding of a release mended: keep its verdict beside the log, and record who owns it.

    Args:
        release: a version, ``NAME/VERSION``, a release folder, or a ``verdict.json``; by default the project's version.
        finding: the finding's id.
        owner: who mends it, a person of the trust file.
        due: by when, YYYY-MM-DD.
        plan: what is to be done; kept beside the log, which holds its digest.
        by: who opens it.
        project: as for `remediate`.

    Raises:
        InputError: when there is no such verdict or finding, or it is passed.
    """
    project = project if isinstance(project, Project) else project_at(project)
    content = read_file(_verdict_of(project, release), "the verdict on a release")
    verdict = parse_record(content, Verdict, name=VERDICT)
    with open_trail(project) as opened:
        same = (verdict.model, verdict.version, finding)
        known = [one.opened.said for one in release_remediations(opened.view())]
    before = sum((one.model, one.version, one.finding) == same for one in known)
    act = Open(
        name=remediation_name(verdict, finding, before), verdict=verdict, verdict_sha256=sha256_hex(content),
        finding=finding, owner=owner, due=due, plan_sha256=None if plan is None else sha256_hex(plan.encode()),
    )  # fmt: skip
    done = remediate(act, project, by=by)
    keep_document(project.state, content)  # a new decision on this version takes its place in the release's folder
    if plan is not None:
        keep_document(project.state, plan.encode())
    return done


def verdict_digest(project: Project | Path | str | None, release: Path | str) -> str:
    """Keep a later verdict beside the log, and return its digest."""
    project = project if isinstance(project, Project) else project_at(project)
    content = read_file(_verdict_of(project, release), "the verdict on a release")
    parse_record(content, Verdict, name=VERDICT)
    return keep_document(project.state, content)


def _verdict_of(project: Project, release: Path | str | None) -> Path:
    if release is None:
        return project.release() / VERDICT
    path = Path(release)
    if path.is_dir():
        return path / VERDICT
    if path.is_file():
        return path
    name, _, version = str(release).rpartition("/")
    if not is_safe_name(version) or (name and name != project.config.model.name):
        raise InputError(
            f"expected a version of {project.config.model.name}, NAME/VERSION, a release folder or a {VERDICT}, found "
            f"{str(release)!r}"
        )
    return project.release(version) / VERDICT
