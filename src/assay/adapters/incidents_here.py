"""Incidents of a project on this machine: what people do about them, in the order that makes it count."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from assay.adapters.here import log_of, project_at
from assay.adapters.trail_here import open_trail
from assay.errors import InputError, suggest
from assay.lifecycle.incident_case import Case, require_signer
from assay.lifecycle.keyring import Keyring
from assay.lifecycle.obligations import NOBODY
from assay.lifecycle.people import pseudonym
from assay.lifecycle.project import Project
from assay.lifecycle.recording import one_recorder, record
from assay.lifecycle.setting import now
from assay.trail.incidents import Incident, incidents

if TYPE_CHECKING:
    from pathlib import Path

    from assay.lifecycle.incident import Act
    from assay.lifecycle.project import Config
    from assay.trail.events import Event
    from assay.trail.incident_events import Route
    from assay.trail.view import View


@dataclass(frozen=True, kw_only=True)
class Handled:
    """What an act has come to.

    Attributes:
        event: the event that was recorded.
        index: index of its entry in the log.
        incident: how the incident stands now.
        at: when it was, RFC 3339 in UTC.
        told: what a person should know, a line each: what a restored backup brought back and was erased again.
    """

    event: Event
    index: int
    incident: Incident
    at: str
    told: tuple[str, ...] = ()
    words: str = field(default="", repr=False)


def handle_incident(act: Act, project: Project | Path | str | None = None, *, by: str) -> Handled:
    """Do something about an incident, signed by a person of the trust file.

    Args:
        act: what (`assay.lifecycle.incident`).
        project: itself, its `assay.yaml` or folder; by default the one the working folder belongs to.
        by: who acts: the name of a key, as in the trust file.

    Raises:
        InputError: when it is out of its order, or not theirs to do; the message says what comes first.
    """
    from assay.trail.incident_telling import next_words  # noqa: PLC0415 - only when called

    project = project if isinstance(project, Project) else project_at(project)
    event, index, told = sign_act(act, project, by=by)
    with open_trail(project) as opened:
        view = opened.view()
        incident = next(one for one in incidents(view) if one.name == act.name)
        words = next_words(view, incident, event.claimed_at or "")
    return Handled(event=event, index=index, incident=incident, at=event.claimed_at or "", told=told, words=words)


class SignedAct(Protocol):
    """Something that a person does about an alert, an incident or a finding."""

    @property
    def name(self) -> str:
        """Id of what it is about."""
        ...

    def event(self, case: Case) -> Event:
        """Return the event, or refuse."""
        ...


def sign_act(act: SignedAct, project: Project, *, by: str) -> tuple[Event, int, tuple[str, ...]]:
    """Sign an act with the key of a person of the trust file, and record it, once it is in its order.

    Returns:
        The event, the index of its entry, and what a person should know, a line each.

    Raises:
        InputError: when it is out of its order, or not theirs to do.
    """
    ring = Keyring(project.keys)
    if by not in ring.names():
        raise InputError(
            f"expected the key of {by} in {ring.folder}, found none{suggest(by, ring.names())}. Make one with: assay "
            f"keys new {by}"
        )
    signer = ring.signer(by)
    # One recorder: nobody acts between the look at how it stands and the act.
    with one_recorder(project.state), open_trail(project) as opened:
        require_signer(by, signer.key_id, opened.trust)
        event = act.event(_case(act.name, project, opened.view(), by))
        index = record([event], log_of(project), signer, opened)[0].index
        return event, index, opened.replayed


def _case(name: str, project: Project, view: View, by: str) -> Case:
    config = project.config
    return Case(
        name=name, view=view, trust=view.trust, person=by, code=pseudonym(project.state, by),
        pseudonym=lambda other: pseudonym(project.state, other), at=now(),
        model=(config.model.name, config.model.version),
        route=_route(config),
    )  # fmt: skip


AI_ACT = "eu-ai-act"
"""The framework whose route sets from when serious incidents are to be reported (Art. 73), too."""


def _route(config: Config) -> Route:
    """Return the route that Art. 73's days depend on; where the system is on neither, the earliest day counts."""
    said = config.regulation.get(AI_ACT, NOBODY).route
    return "annex-iii" if said == "annex-iii" else "annex-i" if said == "annex-i" else "not-stated"
