"""What a change of law changes: for each version of a project, the controls whose status differs under two packs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assay.lifecycle.obligations import NOBODY
from assay.packs.status import Held, plan, statuses
from assay.trail.attestations import attestations, of_version
from assay.trail.holdings import holdings

if TYPE_CHECKING:
    from assay.lifecycle.project import Project
    from assay.packs.form import Pack
    from assay.packs.status import Plan
    from assay.policy import Policy
    from assay.records.status import ControlStatus
    from assay.trail.view import View

GONE = "not there"


@dataclass(frozen=True)
class Impact:
    """One control of one version whose status another pack changes.

    Attributes:
        system: the AI system.
        model: the model's name.
        version: its version.
        control: the control's id, without the framework.
        title: what it is about.
        was: how it stands under the old pack; ``not there`` when that has no such control.
        now: how it stands under the new one.
        why: the reason under the new one, or under the old one where the control is gone.
    """

    system: str
    model: str
    version: str
    control: str
    title: str
    was: str
    now: str
    why: str


def impact(project: Project, view: View, policy: Policy, packs: tuple[Pack, Pack], day: str) -> tuple[Impact, ...]:
    """Return what differs between two packs for every version that was decided on by a day.

    Args:
        project: the project, whose `assay.yaml` says what the system is before each framework.
        view: its trail.
        policy: the policy that says how old evidence may be.
        packs: the pack as it was, and as it is.
        day: the day on which both are looked at.
    """
    plans = [_plan(project, pack, day) for pack in packs]
    held, _ = holdings(view, day, policy.evidence_age_in)
    allowed = {name: section.attested_by for name, section in project.config.regulation.items()}
    given, _ = attestations(view, day, allowed)
    found: list[Impact] = []
    for one in held:
        rows: list[dict[str, ControlStatus]] = []
        for each in plans:
            digests = {planned.name: planned.sha256 for planned in each.controls}
            attested, _ = of_version(given, digests, one.model, one.model_sha256, day)
            mine = Held(checks=one.checks, cited=one.cited, records=one.records, attested=attested)
            rows.append({row.control.partition(":")[2]: row for row in statuses(each, mine)})
        before, after = rows
        for name in dict.fromkeys((*after, *before)):
            was, now = _word(before.get(name)), _word(after.get(name))
            row = after.get(name) or before[name]
            if was != now:
                found.append(Impact(one.system, one.model, one.version, name, row.title, was, now, row.reason))
    return tuple(found)


def _plan(project: Project, pack: Pack, day: str) -> Plan:
    standing = project.config.regulation.get(pack.framework, NOBODY).standing
    dates = {name: decided for name, decided in (standing.dates or {}).items() if name in pack.dates}
    roles = tuple(role for role in standing.roles if role in pack.roles)
    return plan(pack, replace(standing, roles=roles, dates=dates), day)


def _word(row: ControlStatus | None) -> str:
    if row is None:
        return GONE
    state = f"{row.state} in part" if row.in_part else row.state
    return f"{state} ({row.outcome})" if row.outcome is not None else state
