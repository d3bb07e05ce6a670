"""Regulators' clocks: which limit a serious incident has, from when it counts and from which day the duty applies.

The limits are data (``incident_clocks.yaml``), each with its clause; nothing here knows a number of days.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from assay.errors import InputError
from assay.records.canonical import sha256_hex
from assay.records.document import load_yaml
from assay.records.tally import Frozen
from assay.trail.incident_events import Harm, Route

if TYPE_CHECKING:
    from collections.abc import Collection

TIME = "%Y-%m-%dT%H:%M:%SZ"
_FILE = "incident_clocks.yaml"


class Clock(Frozen, kw_only=True):
    """One limit.

    Attributes:
        clause: the clause that sets it.
        days: days of 24 hours, from awareness.
        harms: what sets it running.
        rule: the rule in words.
    """

    clause: str
    days: int
    harms: tuple[Harm, ...]
    rule: str


class Clause(Frozen, kw_only=True):
    """A clause, and its rule in words."""

    clause: str
    rule: str


class Clocks(Frozen, kw_only=True, rename={"counts_from": "from"}):
    """The table of limits of one law.

    Attributes:
        schema: the table's version.
        law: the law's short name, with which clauses are cited.
        title: its title.
        source: where it is published.
        read_as: which state of its text this is.
        applies_from: day from which the duty applies, by route.
        certainty: how sure those days are.
        counts_from: from when the limits count.
        clocks: the limits.
        incomplete: the clause about an initial report.
        meanwhile: the clause about what else holds until then.
    """

    schema: Literal["assay.clocks/v1"]
    law: str
    title: str
    source: str
    read_as: str
    applies_from: dict[Route, str]
    certainty: str
    counts_from: Literal["awareness"]
    clocks: tuple[Clock, ...]
    incomplete: Clause
    meanwhile: Clause

    def limit_for(self, harms: Collection[Harm]) -> Clock:
        """Return the limit of an incident; of several the shortest.

        Raises:
            InputError: when there is none for these harms.
        """
        found = [one for one in self.clocks if set(one.harms) & set(harms)]
        if not found:
            known = ", ".join(harm for one in self.clocks for harm in one.harms)
            raise InputError(f"expected what the incident did ({known}), found {', '.join(harms) or 'nothing'}")
        return min(found, key=lambda one: one.days)

    def cited(self, clause: str) -> str:
        """Return a clause as the packs and policies cite it: ``eu-ai-act:73(4)``."""
        return f"{self.law}:{clause}"


@cache
def clocks() -> Clocks:
    """Return the table of limits."""
    return load_yaml(_content(), Clocks, name=_FILE)


@cache
def clocks_sha256() -> str:
    """Return the digest of the table's file."""
    return sha256_hex(_content())


def _content() -> bytes:
    return files("assay.trail").joinpath(_FILE).read_bytes()


def moment(text: str) -> datetime:
    """Return a time of the vocabulary, in UTC."""
    return datetime.fromisoformat(text)


def due_at(aware_at: str, clock: Clock) -> str:
    """Return when a limit ends: days of 24 hours after awareness, the strictest reading of a term in days."""
    return (moment(aware_at) + timedelta(days=clock.days)).strftime(TIME)


def seconds_left(until: str, at: str) -> int:
    """Return the seconds from one time to another; negative when it is over."""
    return int((moment(until) - moment(at)).total_seconds())


def span_words(seconds: int) -> str:
    """Return a span of time in its two greatest units: ``13 days 4 hours``."""
    parts = []
    rest = abs(seconds)
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(parts[:2]) or "0 seconds"
