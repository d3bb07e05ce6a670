"""Which version served when: spells of deployments, as their events claim them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import InputError
from assay.trail.fields import is_day, is_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.trail.view import Fact, View

DEPLOYED, ROLLED_BACK, RETIRED = "deployment.finished", "deployment.rolled_back", "model.retired"
CHANGES = (DEPLOYED, ROLLED_BACK, RETIRED)
"""Types of events that change what serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A time during which one version served in one environment.

    Attributes:
        version: the version.
        model_sha256: digest of its files; None when nobody said it.
        begun: the event that put it there.
        ended: the event that took it away; None while it serves.
    """

    version: str
    model_sha256: str | None
    begun: Fact
    ended: Fact | None = None

    @property
    def start(self) -> str:
        """When it began, as claimed."""
        return self.begun.at

    @property
    def end(self) -> str | None:
        """When it ended, as claimed; None while it serves."""
        return None if self.ended is None else self.ended.at

    def served(self, first: str, last: str) -> bool:
        """Say whether it served at any moment from ``first`` to ``last``."""
        return self.start <= last and (self.end is None or self.end > first)


def moment(text: str) -> tuple[str, str]:
    """Return the first and last second of a day, or a moment twice.

    Raises:
        InputError: when it is neither a day nor a time.
    """
    if is_day(text):
        return f"{text}T00:00:00Z", f"{text}T23:59:59Z"
    if is_time(text):
        return text, text
    raise InputError(f"expected a day (2026-10-01) or a time in UTC (2026-10-01T09:30:00Z), found {text!r}")


def spells(view: View, model: str, environment: str) -> tuple[list[Spell], list[str]]:
    """Return the spells of a model in an environment, by claimed time, and what contradicts itself, a line each."""
    changes = sorted(_changes(view, model, environment), key=lambda fact: (fact.at, fact.index))
    digests: dict[str, str] = {}
    found: list[Spell] = []
    odd: list[str] = []
    for fact in changes:
        said, current = fact.said, found[-1] if found and found[-1].ended is None else None
        if fact.event.type == DEPLOYED:
            digests[said.version] = said.model_sha256
            _end(found, fact)
            found.append(Spell(version=said.version, model_sha256=said.model_sha256, begun=fact))
        elif current is None or current.version != said.version:
            serving = "nothing" if current is None else f"version {current.version}"
            odd.append(
                f"{view.place(fact.index)} ({fact.event.type}) is about version {said.version}, but {serving} served "
                "then: it changes nothing"
            )
        else:
            _end(found, fact)
            after = getattr(said, "to_version", None)
            if after is not None:
                digest = said.to_model_sha256 or digests.get(after)
                found.append(Spell(version=after, model_sha256=digest, begun=fact))
    return found, odd


def _changes(view: View, model: str, environment: str) -> Iterable[Fact]:
    for fact in view.facts(*CHANGES):
        said = fact.said
        if said.model != model or getattr(said, "environment", environment) != environment:
            continue
        if fact.event.type != DEPLOYED or said.outcome == "succeeded":
            yield fact


def _end(found: list[Spell], fact: Fact) -> None:
    if found and found[-1].ended is None:
        last = found.pop()
        found.append(Spell(version=last.version, model_sha256=last.model_sha256, begun=last.begun, ended=fact))
