"""An incident before the person who acts on it: how it stands, and who they are."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.errors import InputError, suggest
from assay.trail.events import make_event
from assay.trail.fields import is_day
from assay.trail.incidents import incidents

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.attest.trust import Trust
    from assay.trail.events import Event
    from assay.trail.incident_events import Route
    from assay.trail.incidents import Incident, Mending
    from assay.trail.view import Fact, View

_SHOWN = 10
_ID_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Case:
    """An incident before the person who acts on it.

    Attributes:
        name: the alert's or the incident's id, as given.
        view: the trail.
        trust: who people are.
        person: who acts, as the trust file names them.
        code: their pseudonym.
        pseudonym: gives the pseudonym of a name.
        at: now, RFC 3339 in UTC.
        model: name and version of the project's model, for an incident that no alert raised.
        route: by which route the system is high-risk, as the project states.
    """

    name: str
    view: View
    trust: Trust
    person: str
    code: str
    pseudonym: Callable[[str], str]
    at: str
    model: tuple[str, str]
    route: Route = "not-stated"

    @property
    def incident(self) -> Incident | None:
        """How it stands; None where nothing is known under that name."""
        return next((one for one in incidents(self.view) if one.name == self.name), None)

    def alert(self) -> Incident:
        """Return the incident that an alert raised and that is not resolved.

        Raises:
            InputError: when there is none.
        """
        found = self.incident
        if found is None or not found.raised:
            known = [one.name for one in incidents(self.view) if one.raised]
            raise InputError(f"expected an alert of the trail, found {self.name!r}{listed(self.name, known)}")
        if found.resolved is not None:
            raise InputError(
                f"alert {self.name} was resolved ({found.resolved.said.how}) at {found.resolved.at}: nothing is left "
                "to do about it. Should it come back, monitoring raises it again"
            )
        return found

    def acknowledged(self) -> Incident:
        """Return the incident when somebody has taken it up.

        Raises:
            InputError: when nobody has.
        """
        found = self.alert()
        if found.acknowledged is None:
            raise InputError(
                f"alert {self.name}: expected that somebody has taken it up, found nobody. First: assay incident ack "
                f"{self.name} --as {self.person}"
            )
        return found

    def mending(self, name: str | None) -> Mending:
        """Return the remediation of a name, or the last one.

        Raises:
            InputError: when there is none.
        """
        found = self.acknowledged().mendings
        if not found:
            raise InputError(
                f"alert {self.name}: expected a remediation, found none. First: assay incident open {self.name} "
                f"--as {self.person}"
            )
        if name is not None and name not in found:
            raise InputError(
                f"expected a remediation of alert {self.name} ({', '.join(found)}), found {name!r}"
                f"{suggest(name, found)}"
            )
        return found[name] if name is not None else list(found.values())[-1]

    def who(self, code: str, fact: Fact) -> str:
        """Return the name behind a pseudonym, as far as it is known."""
        return self.view.person(code, fact)

    def event(self, kind: str, **fields: Any) -> Event:  # noqa: ANN401 - as `make_event`
        """Return an event that is claimed now, under an id of its own: the same act twice is two."""
        said = {name: value for name, value in fields.items() if value is not None}
        return make_event(kind, said, claimed_at=self.at, identity=f"act_{secrets.token_hex(_ID_BYTES)}")


def listed(name: str, known: list[str]) -> str:
    """Return the nearest of some ids, and those there are, for the end of a message."""
    if not known:
        return ". The trail holds none"
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"{suggest(name, known)}. There are: {', '.join(known[:_SHOWN])}{more}"


def require_person(name: str, trust: Trust, where: str) -> None:
    """Check that the trust file knows somebody.

    Raises:
        InputError: when it does not.
    """
    known = [person.name for person in trust.people]
    if name not in known:
        raise InputError(
            f"{where}: expected a person of the trust file ({', '.join(known) or 'it names nobody'}), found {name!r}"
            f"{suggest(name, known)}"
        )


def require_signer(name: str, key_id: str, trust: Trust) -> None:
    """Check that a key is that of the person who acts.

    Raises:
        InputError: when the trust file does not know the key, or knows it as another's.
    """
    if not trust.people:
        raise InputError(
            "expected a trust file that names people and their keys (`trust: trust.yaml` in assay.yaml), found none: "
            "an act by nobody known counts for nothing"
        )
    known = trust.identity_of(key_id)
    if known is None:
        raise InputError(
            f"expected the key of {name} in the trust file, found it for nobody: an act by an unknown key counts for "
            "nothing. Add the person there (assay keys public NAME prints the key)"
        )
    if known[0] != name:
        raise InputError(f"expected to sign as {known[0]}, whose key this is, found {name}")


def require_day(text: str, at: str) -> None:
    """Check that a text is a day that is not over.

    Raises:
        InputError: when it is none.
    """
    if not is_day(text) or text < at[:10]:
        raise InputError(f"--due: expected a day from {at[:10]} on, YYYY-MM-DD, found {text!r}")
