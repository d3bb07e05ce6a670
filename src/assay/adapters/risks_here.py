"""The risk register of a project on this machine: risks recorded, and the register as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.adapters.here import log_of, project_at
from assay.adapters.trail_here import open_trail
from assay.errors import InputError, suggest
from assay.lifecycle.incident_case import require_person, require_signer
from assay.lifecycle.keyring import Keyring
from assay.lifecycle.people import pseudonym
from assay.lifecycle.project import Project
from assay.lifecycle.recording import one_recorder, record
from assay.lifecycle.risking import RecordRisk, require_sensible, risk_event
from assay.lifecycle.setting import load_policy, now
from assay.lifecycle.storing import keep_document
from assay.trail.risks import risks as of_view

if TYPE_CHECKING:
    from pathlib import Path

    from assay.records.risk import Risk


def record_risk(act: RecordRisk, project: Project | Path | str | None = None, *, by: str) -> int:
    """Record a risk of the version in `assay.yaml`, signed by a person of the trust file; return its entry.

    Args:
        act: the risk.
        project: itself, its `assay.yaml` or folder; by default the one the working folder belongs to.
        by: who records it: the name of a key, as in the trust file.

    Raises:
        InputError: when the person is not known, has not the role, or the risk says what cannot be meant.
    """
    project = project if isinstance(project, Project) else project_at(project)
    config, ring = project.config, Keyring(project.keys)
    if by not in ring.names():
        raise InputError(
            f"expected the key of {by} in {ring.folder}, found none{suggest(by, ring.names())}. Make one with: assay "
            f"keys new {by}"
        )
    signer = ring.signer(by)
    policy = load_policy(project.root / config.policy)
    require_sensible(act, controls=[one.id for one in policy.controls], person=by, author=config.model.author)
    with one_recorder(project.state), open_trail(project) as opened:
        require_signer(by, signer.key_id, opened.trust)
        roles = (opened.trust.identity_of(signer.key_id) or ("", ()))[1]
        if act.role not in roles:
            raise InputError(
                f"expected a role of {by} ({', '.join(roles)}), found {act.role!r}{suggest(act.role, roles)}"
            )
        if act.owner is not None:
            require_person(act.owner, opened.trust, "--owner")
        event = risk_event(
            act, model=(config.model.name, config.model.version), code=pseudonym(project.state, by),
            pseudonym=lambda name: pseudonym(project.state, name), at=now(),
        )  # fmt: skip
        for words in act.words:
            keep_document(project.state, words.encode())
        return record([event], log_of(project), signer, opened)[0].index


def risks(
    project: Project | Path | str | None = None, *, version: str | None = None, as_of: str | None = None
) -> tuple[Risk, ...]:
    """Return the risk register of a version as it stands on a day, the greatest risk first.

    Args:
        project: as for `record_risk`.
        version: by default that of `assay.yaml`.
        as_of: the day, YYYY-MM-DD; by default today, in UTC.

    Raises:
        InputError: when there is no project, or nothing is recorded yet.
    """
    project = project if isinstance(project, Project) else project_at(project)
    config = project.config
    with open_trail(project) as opened:
        return of_view(opened.view(), config.model.name, version or config.model.version, as_of or now()[:10])
