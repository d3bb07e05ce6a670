"""The section ``regulation`` of `assay.yaml`: what the system is before each framework, as somebody has decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.packs.dates import Standing, is_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Decided(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who decided on roles, routes and dates, when and why: legal scoping is a person's."""

    by: str
    when: str
    why: str


class StandingSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the system is before one framework.

    Attributes:
        role: the role of its operator, or several.
        route: its route, such as ``annex-iii``.
        placed: the day on which it was placed on the market or put into use.
        dates: dates that are argued or disputed: name of the schedule to the day decided for.
        conditions: special cases of the framework: whether the system is in them.
        attested_by: roles of the trust file whose attestations count; by default every one.
        decided: who decided all this.
    """

    role: str | tuple[str, ...] = ()
    route: str | None = None
    placed: str | None = None
    dates: dict[str, str] = msgspec.field(default_factory=dict)
    conditions: dict[str, bool] = msgspec.field(default_factory=dict)
    attested_by: tuple[str, ...] = ()
    decided: Decided | None = None

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles, one or several."""
        return (self.role,) if isinstance(self.role, str) else self.role

    @property
    def standing(self) -> Standing:
        """The same, as packs need it."""
        return Standing(
            roles=self.roles, route=self.route, placed=self.placed, dates=self.dates, conditions=self.conditions
        )


def regulation_problems(regulation: Mapping[str, StandingSection]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong in the section, whatever packs there are: JSON path and message."""
    for framework, section in regulation.items():
        path = f"$.regulation.{framework}"
        days = {f"{path}.placed": section.placed} if section.placed is not None else {}
        days |= {f"{path}.dates.{name}": day for name, day in section.dates.items()}
        days |= {f"{path}.decided.when": section.decided.when} if section.decided is not None else {}
        for at, day in days.items():
            if not is_day(day):
                yield at, f"expected a day such as 2026-11-23, found {day!r}"
        for key in ("by", "why"):
            if section.decided is not None and not getattr(section.decided, key).strip():
                yield f"{path}.decided.{key}", "expected words, found an empty text"
