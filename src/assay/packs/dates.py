"""From when a control applies, to whom, on which route: computed from its schedule for one system and one day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.packs.form import Pack, PackControl, Schedule

OPEN = frozenset({"argued", "disputed"})

Applies: TypeAlias = Literal["yes", "not-yet", "never", "undecided"]
"""undecided: somebody has to set a role, a route or a date before anybody can tell."""


@dataclass(frozen=True)
class Standing:
    """What a system is before a framework; each is somebody's decision, and none is guessed.

    Attributes:
        roles: the roles that its operator has.
        route: its route; None when nobody has decided.
        placed: the day on which it was placed on the market or put into use; None when it is not said.
        dates: for schedules that are argued or disputed: schedule to the day decided for.
        conditions: special cases of the pack: whether the system is in each that somebody has decided on.
    """

    roles: tuple[str, ...] = ()
    route: str | None = None
    placed: str | None = None
    dates: Mapping[str, str] | None = None
    conditions: Mapping[str, bool] | None = None


@dataclass(frozen=True)
class Applicability:
    """Whether a control applies on a day.

    Attributes:
        applies: the word.
        reason: why, in words; empty when it plainly does.
        since: from which day, where that is known.
    """

    applies: Applies
    reason: str = ""
    since: str | None = None


def is_day(text: str) -> bool:
    """Say whether a text is a day of the calendar, written YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def applicability(pack: Pack, control: PackControl, standing: Standing, day: str) -> Applicability:
    """Return whether a control applies to a system on a day, and why.

    Args:
        pack: the pack that is in force on the day.
        control: one of its controls.
        standing: what the system is.
        day: the day, YYYY-MM-DD.
    """
    roles = standing.roles or _only(pack.roles)
    if not roles:
        asked = f"the role is not set: {', '.join(pack.roles)}"
        return Applicability("undecided", f"{asked}. Whose duty it is cannot be told")
    if not set(roles) & set(control.roles):
        return Applicability("never", f"a duty of {_or(control.roles)}; here the role is {_or(roles)}")
    schedule = pack.dates[control.dates]
    for found in (_by_condition(pack, control, standing), _by_route(schedule, standing)):
        if found is not None:
            return found
    return _by_day(control, schedule, standing, roles, day)


def _by_condition(pack: Pack, control: PackControl, standing: Standing) -> Applicability | None:
    """Return that a control is about a special case that this is not, or that nobody has decided; else None."""
    if control.only_if is None:
        return None
    said = (standing.conditions or {}).get(control.only_if)
    case = f"{control.only_if} ({pack.conditions[control.only_if]})"
    if said is None:
        return Applicability("undecided", f"whether this is a case of {case} is not decided")
    return None if said else Applicability("never", f"concerns {case} alone; it is decided that this is none")


def _by_route(schedule: Schedule, standing: Standing) -> Applicability | None:
    if schedule.by_route and standing.route is None:
        listed = ", ".join(schedule.by_route)
        return Applicability("undecided", f"the route is not decided; on {listed} it applies, each from its own day")
    if schedule.by_route and standing.route not in schedule.by_route:
        return Applicability("never", f"concerns {_or(tuple(schedule.by_route))}; here the route is {standing.route}")
    return None


def _by_day(
    control: PackControl, schedule: Schedule, standing: Standing, roles: tuple[str, ...], day: str
) -> Applicability:
    days = _days(schedule, standing, set(roles) & set(control.roles))
    decided = (standing.dates or {}).get(control.dates)
    if decided is not None:
        return _since(decided, day, f"decided for {decided}")
    if schedule.certainty in OPEN and days[0] <= day < days[-1]:
        argued = " or ".join(days)
        return Applicability("undecided", f"from when is {schedule.certainty}: {argued}", days[0])
    return _since(days[0], day, schedule.source)


def _days(schedule: Schedule, standing: Standing, roles: set[str]) -> list[str]:
    """Return the days from which it may apply, earliest first; several only where they are argued about."""
    legacy = schedule.legacy
    if legacy is not None and standing.placed is not None and standing.placed < legacy.placed_before:
        return [legacy.starts]
    by_role = [schedule.by_role[role] for role in sorted(roles) if role in schedule.by_role]
    found = [schedule.starts] if schedule.starts is not None else []
    if standing.route is not None and standing.route in schedule.by_route:
        found.append(schedule.by_route[standing.route])
    return [min(by_role)] if by_role else sorted(set(found)) or sorted(schedule.by_role.values())[-1:]


def _since(since: str, day: str, source: str) -> Applicability:
    if day < since:
        return Applicability("not-yet", f"applies from {since} ({source})", since)
    return Applicability("yes", "", since)


def _only(roles: Mapping[str, str]) -> tuple[str, ...]:
    """Return the role of a framework that has one alone: nobody has to choose there."""
    return tuple(roles) if len(roles) == 1 else ()


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(names)


def told(schedule: Schedule) -> str:
    """Return from when controls of a schedule apply, in words."""
    parts = [f"from {schedule.starts}"] if schedule.starts is not None else []
    parts += [f"{name}: from {day}" for name, day in {**schedule.by_route, **schedule.by_role}.items()]
    if schedule.legacy is not None:
        parts.append(f"if placed before {schedule.legacy.placed_before}: from {schedule.legacy.starts}")
    return f"{'; '.join(parts)} ({schedule.certainty})"
