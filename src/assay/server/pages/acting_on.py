"""An act of a person about an alert or an incident: signed with their own key, in its order, and recorded."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from assay.errors import RefusedError
from assay.lifecycle.incident_case import Case, require_signer
from assay.lifecycle.keyring import Keyring
from assay.lifecycle.people import pseudonym
from assay.lifecycle.recording import one_recorder, record

if TYPE_CHECKING:
    from assay.lifecycle.incident import Act
    from assay.lifecycle.remediating import RemediationAct
    from assay.server.acting import Actor
    from assay.server.serving import Server

_acting = threading.Lock()


def sign_act(server: Server, actor: Actor, act: Act | RemediationAct, *, about: tuple[str, str]) -> int:
    """Sign an act and record it, once it is in its order; return the index of its entry.

    Raises:
        RefusedError: when the person has no key here.
        InputError: when it is out of its order, or not theirs to do; the message says what comes first.
    """
    ring, state = Keyring(server.home.keys), server.home.state
    if actor.name not in ring.names():
        raise RefusedError(
            f"incident.act: expected a key of {actor.name} at this server, found none. An administrator makes one"
        )
    signer = ring.signer(actor.name)
    # One recorder: nobody acts between the look at how it stands and the act.
    with _acting, one_recorder(state):
        view = server.inside.view()
        require_signer(actor.name, signer.key_id, view.trust)
        case = Case(
            name=act.name, view=view, trust=view.trust, person=actor.name, code=pseudonym(state, actor.name),
            pseudonym=lambda other: pseudonym(state, other), at=server.clock(), model=about,
        )  # fmt: skip
        return record([act.event(case)], server.home.log, signer, server.inside.standing.trail())[0].index
