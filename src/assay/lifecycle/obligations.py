"""How a project's versions stand before frameworks: the trail and the packs, held together for a day."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import InputError, suggest
from assay.lifecycle.project import CONFIG_NAME
from assay.lifecycle.regulation_section import StandingSection
from assay.packs.dates import OPEN, Standing, is_day
from assay.packs.status import Held, contradictions, plan, statuses
from assay.records.status import STATES, FrameworkStatus, SystemStatus
from assay.trail.attestations import attestations, of_version
from assay.trail.holdings import holdings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.lifecycle.project import Project
    from assay.packs.form import Pack
    from assay.packs.shelf import Shelf
    from assay.packs.status import Plan
    from assay.policy import Policy
    from assay.trail.attestations import Attestation
    from assay.trail.holdings import Holding
    from assay.trail.view import View

NOBODY = StandingSection()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked about.

    Attributes:
        frameworks: frameworks, or ``framework@version``; by default those that `assay.yaml` names, else all.
        day: the day.
        roles: roles, in place of those of `assay.yaml`.
        route: the route, in place of that of `assay.yaml`.
        ahead: look at duties that are fixed but not yet in force as if they were.
    """

    day: str
    frameworks: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    route: str | None = None
    ahead: bool = False


def status_of(
    project: Project, view: View, shelf: Shelf, policy: Policy, asked: Asked, *, version: str | None = None
) -> tuple[SystemStatus, ...]:
    """Return how versions of a project's model stand on a day.

    Args:
        project: the project.
        view: its trail.
        shelf: every pack.
        policy: the policy that says how old evidence may be.
        asked: what is asked.
        version: one version; by default every one that was decided on.

    Raises:
        InputError: for a day on which a framework that was named does not count, an unknown framework, role or route,
            or a version that nobody decided on.
    """
    plans, problems = plans_of(project.config.regulation, shelf, asked)
    held, unread = holdings(view, asked.day, policy.evidence_age_in)
    allowed = {name: section.attested_by for name, section in project.config.regulation.items()}
    given, refused = attestations(view, asked.day, allowed)
    name = project.config.model.name
    wanted = [one for one in held if version is None or (one.model, one.version) == (name, version)]
    if not wanted:
        known = [one.version for one in held if one.model == project.config.model.name]
        raise InputError(
            f"expected a version of {project.config.model.name} that was decided on by {asked.day}, found "
            f"{version or 'none'}{suggest(version or '', known)}. There are: {', '.join(known) or 'none'}. Decide "
            "with: assay run"
        )
    names = {one.pack.framework for one in plans}
    left = tuple(one.framework for one in shelf.all_in_force(asked.day) if one.framework not in names)
    shared = (*problems, *unread, *refused)
    digests = {planned.name: planned.sha256 for each in plans for planned in each.controls}
    return tuple(
        SystemStatus(
            system=one.system, model=one.model, version=one.version, model_sha256=one.model_sha256, as_of=asked.day,
            log_size=view.size, frameworks=frameworks, not_looked_at=left, problems=(*shared, *own),
        )
        for one in wanted
        for frameworks, own in (_stands(one, plans, digests, given, asked.day),)
    )  # fmt: skip


def _stands(
    one: Holding, plans: tuple[Plan, ...], digests: Mapping[str, str], given: tuple[Attestation, ...], day: str
) -> tuple[tuple[FrameworkStatus, ...], tuple[str, ...]]:
    """Return how one version stands before each framework, and what about it contradicts itself or has lapsed."""
    attested, lapsed = of_version(given, digests, one.model, one.model_sha256, day)
    held = Held(checks=one.checks, cited=one.cited, records=one.records, attested=attested)
    against = tuple(line for each in plans for line in contradictions(each, held))
    return tuple(_framework(each, held) for each in plans), (*lapsed, *against)


def _framework(planned: Plan, held: Held) -> FrameworkStatus:
    pack, controls = planned.pack, statuses(planned, held)
    counted = Counter(one.state for one in controls)
    return FrameworkStatus(
        framework=pack.framework, version=pack.version, text=pack.text.id, pack_sha256=planned.pack_sha256,
        roles=planned.standing.roles, route=planned.standing.route, counts={state: counted[state] for state in STATES},
        in_part=sum(one.in_part for one in controls),
        by_people=sum(one.by_people for one in controls if one.state in {"stale", "missing"}),
        open=sum(one.open for one in controls), controls=controls,
    )  # fmt: skip


def plans_of(
    regulation: Mapping[str, StandingSection], shelf: Shelf, asked: Asked
) -> tuple[tuple[Plan, ...], tuple[str, ...]]:
    """Return every framework's controls before a system, and a line for each thing that somebody has to decide.

    Args:
        regulation: what the system is before each framework, as `assay.yaml` says.
        shelf: every pack.
        asked: what is asked.

    Raises:
        InputError: for an unknown framework, role, route or schedule, or a framework that was named and does not count
            on the day.
    """
    if not is_day(asked.day):
        raise InputError(f"expected a day such as 2026-11-23, found {asked.day!r}")
    for name in regulation:
        shelf.versions(name)  # a misspelt framework would be one that nobody looks at
    problems: list[str] = []
    plans: list[Plan] = []
    for pack in _packs(regulation, shelf, asked, problems):
        section = regulation.get(pack.framework, NOBODY)
        standing = _standing(pack, section, asked)
        problems += _undecided(pack, section, standing, asked.day)
        plans.append(plan(pack, standing, asked.day, ahead=asked.ahead))
    return tuple(plans), tuple(problems)


def _packs(
    regulation: Mapping[str, StandingSection], shelf: Shelf, asked: Asked, problems: list[str]
) -> tuple[Pack, ...]:
    if asked.frameworks:
        return tuple(shelf.named(name, asked.day) for name in dict.fromkeys(asked.frameworks))
    if not regulation:
        problems.append(
            f"nobody has said which frameworks concern this system: name them under `regulation:` in {CONFIG_NAME}"
        )
        return shelf.all_in_force(asked.day)
    found = []
    for name in regulation:
        try:
            found.append(shelf.in_force(name, asked.day))
        except InputError as error:
            problems.append(str(error))
    return tuple(found)


def _standing(pack: Pack, section: StandingSection, asked: Asked) -> Standing:
    """Return what the system is before a pack; what was asked takes the place of what `assay.yaml` says."""
    several = len(asked.frameworks) != 1
    roles = asked.roles if asked.roles and not (several and not set(asked.roles) & set(pack.roles)) else section.roles
    route = asked.route if asked.route and not (several and asked.route not in pack.routes) else section.route
    for what, given, known in (("role", roles, pack.roles), ("route", (route,) if route else (), pack.routes)):
        for name in given:
            if name not in known:
                listed = ", ".join(known) or "none"
                raise InputError(
                    f"{pack.framework}: no such {what}: {name!r}{suggest(name, known)}. There are: {listed}"
                )
    for name in section.conditions:
        if name not in pack.conditions:
            listed = ", ".join(pack.conditions) or "none"
            raise InputError(
                f"{pack.framework}: no such condition: {name!r}{suggest(name, pack.conditions)}. There are: {listed}"
            )
    for name, day in section.dates.items():
        schedule = pack.dates.get(name)
        if schedule is None:
            raise InputError(f"{pack.framework}: no such dates: {name!r}{suggest(name, pack.dates)}")
        argued = {schedule.starts, *schedule.by_route.values()}
        if schedule.certainty not in OPEN or day not in argued:
            said = " or ".join(sorted(one for one in argued if one))
            raise InputError(f"{pack.framework}: dates of {name}: {schedule.certainty}, {said}; found {day}")
    return Standing(
        roles=roles or _only(pack), route=route, placed=section.placed, dates=section.dates,
        conditions=section.conditions,
    )  # fmt: skip


def _only(pack: Pack) -> tuple[str, ...]:
    """Return the role of a framework that has one alone: nobody has to choose there."""
    return tuple(pack.roles) if len(pack.roles) == 1 else ()


def _undecided(pack: Pack, section: StandingSection, standing: Standing, day: str) -> list[str]:
    """Return what somebody has to decide before a pack can be held against the system."""
    where = f"regulation.{pack.framework} in {CONFIG_NAME}"
    found = []
    if not standing.roles and len(pack.roles) > 1:
        found.append(f"{pack.framework}: the role is not set ({', '.join(pack.roles)}): {where}, or --role")
    if pack.routes and standing.route is None:
        found.append(f"{pack.framework}: the route is not decided ({', '.join(pack.routes)}): {where}, or --route")
    for name, schedule in pack.dates.items():
        days = sorted(
            {
                schedule.starts or "",
                *([schedule.by_route[standing.route]] if standing.route in schedule.by_route else []),
            }
        )
        concerned = not schedule.by_route or standing.route in schedule.by_route
        if schedule.certainty in OPEN and concerned and name not in section.dates and days[0] <= day < days[-1]:
            found.append(
                f"{pack.framework}: from when is {schedule.certainty} ({name}: {' or '.join(days)}): {where}, `dates`"
            )
    decided = (section.roles or section.route) and section.decided is None
    if decided:
        found.append(f"{pack.framework}: nobody stands by its role and route: {where}, `decided: {{by, when, why}}`")
    return found
