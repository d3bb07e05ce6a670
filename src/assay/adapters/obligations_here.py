"""Obligations of a project on this machine: how its versions stand, and what people attest about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.adapters.here import log_of, project_at
from assay.adapters.trail_here import open_trail
from assay.errors import InputError, suggest
from assay.lifecycle.attesting import Attest, attested_event, find_control, require_attestable
from assay.lifecycle.filing import controls_for, filing_events, last_draft, require_fileable
from assay.lifecycle.incident_case import require_signer
from assay.lifecycle.keyring import Keyring
from assay.lifecycle.obligations import Asked, status_of
from assay.lifecycle.people import pseudonym
from assay.lifecycle.project import Project
from assay.lifecycle.recording import one_recorder, record
from assay.lifecycle.setting import load_policy, now
from assay.lifecycle.shelving import open_packs
from assay.lifecycle.storing import keep_document, list_model

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assay.attest.keys import Signer
    from assay.lifecycle.filing import Filing
    from assay.lifecycle.impact import Impact
    from assay.records.status import SystemStatus


@dataclass(frozen=True, kw_only=True)
class FiledHere:
    """A document that was filed.

    Attributes:
        document: what it is.
        sha256: its digest.
        entry: index of the entry that records it.
        controls: what it attests, as ``framework:control``.
        until: the last day on which that counts.
    """

    document: str
    sha256: str
    entry: int
    controls: tuple[str, ...]
    until: str


@dataclass(frozen=True, kw_only=True)
class AttestedHere:
    """What became of an attestation.

    Attributes:
        control: ``framework:control``.
        title: what the control is about.
        entry: its entry in the trail.
        until: the last day on which it counts.
    """

    control: str
    title: str
    entry: int
    until: str


def status(
    project: Project | Path | str | None = None,
    *,
    frameworks: Sequence[str] = (),
    as_of: str | None = None,
    roles: Sequence[str] = (),
    route: str | None = None,
    ahead: bool = False,
    version: str | None = None,
    packs: Path | str | None = None,
) -> tuple[SystemStatus, ...]:
    """Return how versions of a project's model stand before frameworks on a day.

    Args:
        project: itself, its `assay.yaml` or folder; by default the one the working folder belongs to.
        frameworks: frameworks, or ``framework@version``; by default those that `assay.yaml` names, else all.
        as_of: the day, YYYY-MM-DD; by default today, in UTC.
        roles: roles, in place of those of `assay.yaml`.
        route: the route, in place of that of `assay.yaml`.
        ahead: look at duties that are fixed but not yet in force as if they were.
        version: one version; by default every one that was decided on.
        packs: a folder of the organisation's packs, in place of that of `assay.yaml`.

    Raises:
        InputError: for what is not there: a framework, a role, a route, a version, or a law on that day.
        DocumentError: with every mistake in the organisation's packs.
        VerificationError: when the log is not what was signed.
    """
    project = project if isinstance(project, Project) else project_at(project)
    shelf = open_packs(project, packs=packs)
    asked = Asked(
        frameworks=tuple(frameworks), day=as_of or now()[:10], roles=tuple(roles), route=route, ahead=ahead
    )  # fmt: skip
    policy = load_policy(project.root / project.config.policy)
    with open_trail(project) as opened:
        return status_of(project, opened.view(), shelf, policy, asked, version=version)


def impact(
    old: str, new: str, project: Project | Path | str | None = None, *, as_of: str | None = None,
    packs: Path | str | None = None,
) -> tuple[Impact, ...]:  # fmt: skip
    """Return the controls of every version whose status differs under two packs.

    Args:
        old: the pack as it was: ``framework@version``, or the framework as of the day.
        new: the pack as it is.
        project: as for `status`.
        as_of: the day on which both are looked at; by default today, in UTC.
        packs: as for `status`.

    Raises:
        InputError: when there is no such pack.
    """
    from assay.lifecycle.impact import impact as between  # noqa: PLC0415 - only when called

    project = project if isinstance(project, Project) else project_at(project)
    day = as_of or now()[:10]
    shelf = open_packs(project, packs=packs)
    before, after = shelf.named(old, day), shelf.named(new, day)
    policy = load_policy(project.root / project.config.policy)
    with open_trail(project) as opened:
        return between(project, opened.view(), policy, (before, after), day)


def attest_control(
    act: Attest, project: Project | Path | str | None = None, *, by: str, packs: Path | str | None = None
) -> AttestedHere:
    """Attest how a control stands, signed by a person of the trust file; the words stay beside the log.

    Args:
        act: what is attested.
        project: as for `status`.
        by: who attests: the name of a key, as in the trust file.
        packs: as for `status`.

    Raises:
        InputError: when it would not count; nothing is signed then.
    """
    project = project if isinstance(project, Project) else project_at(project)
    at = now()
    pack, control = find_control(act.control, open_packs(project, packs=packs), at[:10])
    signer = _signer(project, by)
    config = project.config
    with one_recorder(project.state), open_trail(project) as opened:
        require_signer(by, signer.key_id, opened.trust)
        section = config.regulation.get(pack.framework)
        require_attestable(act, pack.framework, section, person=by, trust=opened.trust, day=at[:10])
        files = None if act.every_version else list_model(project.model)[1]
        model = (config.model.name, config.model.version, files)
        event = attested_event(act, pack, control, model=model, code=pseudonym(project.state, by), at=at)
        keep_document(project.state, act.words.encode())
        entry = record([event], log_of(project), signer, opened)[0].index
    return AttestedHere(control=f"{pack.framework}:{control.id}", title=control.title, entry=entry, until=act.until)


def file_document(
    filing: Filing, project: Project | Path | str | None = None, *, by: str, packs: Path | str | None = None
) -> FiledHere:
    """File a document that was signed outside: it is kept beside the log, and attests the controls that it is for.

    Args:
        filing: the document, and what it is.
        project: as for `status`.
        by: who stands by it: the name of a key, as in the trust file.
        packs: as for `status`.

    Raises:
        InputError: when it would not count; nothing is signed then.
    """
    project = project if isinstance(project, Project) else project_at(project)
    at, config = now(), project.config
    controls = controls_for(filing, open_packs(project, packs=packs), config.regulation, at[:10])
    signer = _signer(project, by)
    with one_recorder(project.state), open_trail(project) as opened:
        require_signer(by, signer.key_id, opened.trust)
        require_fileable(filing, controls, config.regulation, person=by, trust=opened.trust, day=at[:10])
        view = opened.view()
        files = list_model(project.model)[1]
        verdicts = [one.said.verdict_sha256 for one in view.facts("gate.decision") if one.said.model_sha256 == files]
        events = filing_events(
            filing, controls, model=(config.model.name, config.model.version, files), code=pseudonym(project.state, by),
            draft=last_draft(view, filing.document, verdicts), at=at,
        )  # fmt: skip
        keep_document(project.state, filing.words.encode())
        digest = keep_document(project.state, filing.content)
        done = record(events, log_of(project), signer, opened)
    names = tuple(f"{pack.framework}:{control.id}" for pack, control in controls)
    return FiledHere(document=filing.document, sha256=digest, entry=done[0].index, controls=names, until=filing.until)


def _signer(project: Project, by: str) -> Signer:
    ring = Keyring(project.keys)
    if by not in ring.names():
        raise InputError(
            f"expected the key of {by} in {ring.folder}, found none{suggest(by, ring.names())}. Make one with: assay "
            f"keys new {by}"
        )
    return ring.signer(by)
