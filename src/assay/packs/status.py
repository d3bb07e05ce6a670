"""From a pack and what is held about a system version to how each control stands; pure, and quick for many versions.

computed: a finding of one of the control's checks decided (or one that cites it), or every kind of evidence that it
names is held. It is computed *in part* while a person still has to judge it, or other evidence that it names lacks.
attested: somebody says so, in a role, until a day. stale: what showed it no longer counts. missing: nothing does. not
applicable: another's duty, another route, not yet in force, or attested as such. None of it says that the law is met.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from assay.packs.dates import Applicability, Standing, applicability
from assay.packs.evidence_kinds import RECORDED
from assay.records.canonical import digest
from assay.records.status import ControlStatus, Outcome, Shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assay.packs.form import Pack, PackControl


@dataclass(frozen=True)
class Attested:
    """What people attest about one control, as far as it counts.

    Attributes:
        counts: the attestation that counts.
        lapsed: one that did, and no longer does.
        against: two that contradict each other; then neither counts.
    """

    counts: Shown | None = None
    lapsed: Shown | None = None
    against: tuple[Shown, ...] = ()


@dataclass(frozen=True)
class Held:
    """What is held about one system version.

    Attributes:
        checks: findings by their check.
        cited: findings by each clause that they cite, as ``framework:clause``.
        records: what is held of each kind of evidence.
        attested: what people attest, by ``framework:control``.
    """

    checks: Mapping[str, tuple[Shown, ...]] = field(default_factory=dict)
    cited: Mapping[str, tuple[Shown, ...]] = field(default_factory=dict)
    records: Mapping[str, Shown] = field(default_factory=dict)
    attested: Mapping[str, Attested] = field(default_factory=dict)


@dataclass(frozen=True)
class Planned:
    """One control before one standing on one day.

    Attributes:
        control: the control.
        name: ``framework:id``.
        applies: whether it applies.
        verified: whether its paraphrase was written from a verbatim copy.
        sha256: digest of the control.
    """

    control: PackControl
    name: str
    applies: Applicability
    verified: bool
    sha256: str

    @cached_property
    def by_people(self) -> bool:
        """Whether nothing that Assay computes or holds can show it."""
        control = self.control
        return control.automation == "manual" or not (control.checks or RECORDED.keys() & set(control.evidence))

    @cached_property
    def _mended(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        """What would settle it, by what is lacking: versions by the thousand lack the same."""
        return {}

    def mend(self, lacking: tuple[str, ...]) -> tuple[str, ...]:
        """Return what would settle it, a command each: what records the evidence that is lacking, and an attestation.

        What somebody has to decide first (a role, a route, a case) comes before all of it.
        """
        if lacking not in self._mended:
            self._mended[lacking] = tuple(self._mends(lacking))
        return self._mended[lacking]

    def _mends(self, lacking: tuple[str, ...]) -> Iterator[str]:
        if self.applies.applies == "undecided":
            yield f"decide it under `regulation.{self.name.partition(':')[0]}` in assay.yaml"
            return
        if self.control.automation != "manual":
            yield from dict.fromkeys(RECORDED[kind] for kind in lacking if kind in RECORDED)
        yield f"assay attest '{self.name}' --by NAME --role ROLE --until DATE --statement WHY"

    @cached_property
    def blank(self) -> ControlStatus:
        """How it stands where nothing at all is held; one value for all such versions."""
        if self.applies.applies in {"never", "not-yet"}:
            return _made(self, "not-applicable", self.applies.reason)
        return _lacking(self, Held(), None, ())


@dataclass(frozen=True)
class Plan:
    """A pack's controls before one standing on one day: the same for every version of a system."""

    pack: Pack
    pack_sha256: str
    standing: Standing
    controls: tuple[Planned, ...]


def plan(pack: Pack, standing: Standing, day: str, *, ahead: bool = False) -> Plan:
    """Look at a pack once, for all versions of a system.

    Args:
        pack: the pack in force on the day.
        standing: what the system is.
        day: the day, YYYY-MM-DD.
        ahead: look at duties that are fixed but not yet in force as if they were.
    """

    def planned(control: PackControl) -> Planned:
        found = applicability(pack, control, standing, day)
        if ahead and found.since is not None and found.applies in {"not-yet", "undecided"}:
            found = Applicability("yes", found.reason, found.since)
        return Planned(
            control=control,
            name=f"{pack.framework}:{control.id}",
            applies=found,
            verified=pack.readings[control.verified].verified,
            sha256=digest(control),
        )

    return Plan(pack, pack.sha256, standing, tuple(map(planned, pack.controls)))


def statuses(planned: Plan, held: Held) -> tuple[ControlStatus, ...]:
    """Return how each control stands, in the pack's order."""
    return tuple(_status(one, held) for one in planned.controls)


def contradictions(planned: Plan, held: Held) -> tuple[str, ...]:
    """Return what contradicts itself: two people who say otherwise, or a person and a finding."""
    found = []
    for one in planned.controls:
        attested = held.attested.get(one.name)
        if attested is None:
            continue
        if attested.against:
            said = " and ".join(f"{shown.name} ({shown.says})" for shown in attested.against)
            found.append(f"{one.name}: contradictory attestations by {said}; neither counts")
        elif attested.counts is not None and attested.counts.says == "met":
            failed = [shown.name for shown in _findings(one, held) if shown.says == "fail" and not shown.stale]
            if failed:
                found.append(
                    f"{one.name}: {attested.counts.name} attests that it is met, and {', '.join(failed)} fails"
                )
    return tuple(found)


def _findings(one: Planned, held: Held) -> tuple[Shown, ...]:
    """Return the findings that bear on a control: of its checks, and those that cite it.

    A finding that cites the paragraph of a finer control bears on it only through its check: noise says nothing about
    a backup.
    """
    control = one.control
    found = [shown for name in control.checks for shown in held.checks.get(name, ())]
    if one.name in held.cited:
        there = {id(shown) for shown in found}
        found += [shown for shown in held.cited[one.name] if id(shown) not in there]
    return tuple(found)


def _status(one: Planned, held: Held) -> ControlStatus:
    if one.applies.applies in {"never", "not-yet"}:
        return one.blank
    attested = held.attested.get(one.name)
    findings = _findings(one, held)
    if attested is None and not findings and held.records.keys().isdisjoint(one.control.evidence):
        return one.blank
    said = attested.counts if attested is not None else None
    if said is not None and said.says == "not-applicable":
        return _made(one, "not-applicable", f"{said.name} attests it, until {said.until}", shown=(said,))
    found = _computed(one, held, findings, said)
    if found is not None:
        return found
    if said is not None:
        return _attested(one, said)
    return _lacking(one, held, attested, findings)


def _computed(one: Planned, held: Held, every: tuple[Shown, ...], said: Shown | None) -> ControlStatus | None:
    """Return the status that findings or records give; None when they give none."""
    if one.control.automation == "manual":
        return None
    findings = tuple(shown for shown in every if not shown.stale)
    outcome: Outcome
    if any(shown.says in {"pass", "fail"} for shown in findings):
        says = {shown.says for shown in findings}
        outcome = "fail" if "fail" in says else "unknown" if "unknown" in says else "pass"
        shown, reason = findings, _told(findings)
    else:
        records = [held.records.get(kind) for kind in one.control.evidence]
        there = tuple(record for record in records if record is not None and not record.stale)
        if not records or len(there) < len(records):
            return None
        outcome, shown = "present", there
        reason = f"held: {', '.join(one.control.evidence)}"
    if one.control.automation == "partial" and said is not None:
        judged: Outcome = outcome if outcome == "fail" else "not-met" if said.says == "not-met" else "met"
        return _made(one, "attested", f"{said.name} attests it, until {said.until}; {reason}", judged, (said, *shown))
    judgement, lacking = one.control.automation == "partial", _not_held(one, held)
    return _made(one, "computed", reason, outcome, shown, judgement=judgement, lacking=lacking)


def _not_held(one: Planned, held: Held) -> tuple[str, ...]:
    records = held.records
    return tuple(kind for kind in one.control.evidence if kind not in records or records[kind].stale)


def _told(findings: tuple[Shown, ...]) -> str:
    many: dict[str, int] = {}
    for shown in findings:
        many[shown.says] = many.get(shown.says, 0) + 1
    return f"{', '.join(f'{number} {says}' for says, number in sorted(many.items()))}: {findings[0].name}" + (
        f" and {len(findings) - 1} more" if len(findings) > 1 else ""
    )


def _attested(one: Planned, said: Shown) -> ControlStatus:
    outcome: Outcome = "met" if said.says == "met" else "not-met"
    alone = "" if one.by_people else "; nothing computed stands beside it"
    return _made(one, "attested", f"{said.name} attests it, until {said.until}{alone}", outcome, (said,))


def _lacking(one: Planned, held: Held, attested: Attested | None, findings: tuple[Shown, ...]) -> ControlStatus:
    """Return stale or missing, with what would mend it."""
    old = [shown for shown in findings if shown.stale] if one.control.automation != "manual" else []
    if attested is not None and attested.lapsed is not None:
        old.append(attested.lapsed)
    undecided = f"{one.applies.reason}; " if one.applies.applies == "undecided" else ""
    lacking = _not_held(one, held)
    if old:
        return _made(one, "stale", f"{undecided}{old[0].name}: {old[0].stale}", shown=tuple(old), lacking=lacking)
    if attested is not None and attested.against:
        reason = f"{undecided}attestations contradict each other"
        return _made(one, "missing", reason, shown=attested.against, lacking=lacking)
    return _made(one, "missing", f"{undecided}{_wanted(one, findings, lacking)}", lacking=lacking)


def _wanted(one: Planned, findings: tuple[Shown, ...], lacking: tuple[str, ...]) -> str:
    control = one.control
    if one.by_people:
        asked = f" ({', '.join(control.evidence)})" if control.evidence else ""
        return f"nothing in Assay can show this{asked}: somebody has to attest it"
    unknown = [shown for shown in findings if shown.says == "unknown"]
    parts = [f"not settled: {unknown[0].name}"] if unknown else []
    if not unknown and control.checks:
        parts.append(f"no finding of {' or '.join(control.checks)}")
    there = [kind for kind in control.evidence if kind not in lacking]
    parts += [f"held: {', '.join(there)}"] if there else []
    parts += [f"not held: {', '.join(lacking)}"] if lacking else []
    return "; ".join([*parts, "nobody attests it"])


def _made(
    one: Planned, state: str, reason: str, outcome: Outcome | None = None, shown: tuple[Shown, ...] = (), *,
    judgement: bool = False, lacking: tuple[str, ...] = (),
) -> ControlStatus:  # fmt: skip
    found = ControlStatus(
        control=one.name, title=one.control.title, state=state, outcome=outcome, reason=reason,  # type: ignore[arg-type]
        automation=one.control.automation, judgement=judgement, lacking=lacking, by_people=one.by_people,
        since=one.applies.since, verified=one.verified, shown=shown,
    )  # fmt: skip
    return msgspec.structs.replace(found, mend=one.mend(lacking)) if found.open else found
