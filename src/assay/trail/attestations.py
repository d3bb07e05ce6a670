"""What people attest about controls, read from the trail: which attestations count on a day, and why others do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.packs.status import Attested
from assay.records.status import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from assay.trail.view import Fact, View

ATTESTED = "control.attested"


@dataclass(frozen=True)
class Attestation:
    """One attestation whose signature and role count.

    Attributes:
        name: ``framework:control``.
        control_sha256: digest of the control that it was given for.
        model: the model's name.
        model_sha256: digest of the version's files; None when it is about every version.
        person: who attests.
        shown: how it is told.
    """

    name: str
    control_sha256: str
    model: str
    model_sha256: str | None
    person: str
    shown: Shown


def attestations(
    view: View, day: str, allowed: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[Attestation, ...], tuple[str, ...]]:
    """Return the attestations that somebody gave by a day in a role that they have, and a line for each other one.

    Args:
        view: the trail.
        day: the day.
        allowed: framework to the roles whose attestations count; every role where nothing is said.
    """
    found: list[Attestation] = []
    problems: list[str] = []
    for fact in view.facts(ATTESTED):
        if fact.at[:10] > day:
            continue
        one, problem = _read(view, fact, allowed)
        if one is not None:
            found.append(one)
        else:
            problems.append(f"{view.place(fact.index)}: the attestation of {_name(fact)} does not count: {problem}")
    problems += [
        f"{view.place(read.index)}: the attestation of {said.framework}:{said.control} does not count: {read.told}"
        for read in view.unsigned(ATTESTED)
        if read.event is not None and (read.event.claimed_at or "")[:10] <= day
        for said in (read.event.fields,)
    ]
    return tuple(found), tuple(problems)


def _name(fact: Fact) -> str:
    return f"{fact.said.framework}:{fact.said.control}"


def _read(view: View, fact: Fact, allowed: Mapping[str, tuple[str, ...]]) -> tuple[Attestation | None, str]:
    said = fact.said
    people = [known for key in fact.read.keys if (known := view.attester(key)) is not None]
    if not people:
        return None, "it is signed by nobody whom the trust file knows"
    person, roles = people[0]
    if fact.event.signed_by != "actor":
        return None, f"{person} took it in for somebody else; who attests signs"
    if said.role not in roles:
        return None, f"{person} has not the role {said.role} ({', '.join(roles)})"
    wanted = allowed.get(said.framework, ())
    if wanted and said.role not in wanted:
        return None, f"the role {said.role} is not among those that assay.yaml names ({', '.join(wanted)})"
    shown = Shown(
        kind="attestation", name=f"{person} ({said.role})", says=said.says, sha256=fact.read.statement_sha256,
        entry=fact.index, at=fact.at or None, until=said.until,
    )  # fmt: skip
    return Attestation(_name(fact), said.control_sha256, said.model, said.model_sha256, person, shown), ""


def of_version(
    found: Iterable[Attestation], digests: Mapping[str, str], model: str, model_sha256: str, day: str
) -> tuple[dict[str, Attested], tuple[str, ...]]:
    """Return what is attested about one version, control by control, and a line for each attestation that lapsed.

    Args:
        found: the attestations, in the order of the trail.
        digests: digest of every control there is, by ``framework:control``.
        model: the model's name.
        model_sha256: root digest of the version's files.
        day: the day.
    """
    latest: dict[str, dict[str, Attestation]] = {}
    for one in found:
        if one.model == model and one.model_sha256 in {None, model_sha256} and one.name in digests:
            latest.setdefault(one.name, {})[one.person] = (
                one  # what somebody says later takes the place of what they said
            )
    attested: dict[str, Attested] = {}
    problems: list[str] = []
    for name, by_person in latest.items():
        good: list[Shown] = []
        lapsed: list[Shown] = []
        for one in by_person.values():
            why = _lapse(one, digests[name], day)
            if why:
                lapsed.append(_stale(one.shown, why))
                problems.append(f"{name}: the attestation of {one.shown.name} {why}")
            else:
                good.append(one.shown)
        differ = len({shown.says for shown in good}) > 1
        attested[name] = Attested(
            counts=good[-1] if good and not differ else None,
            lapsed=lapsed[-1] if lapsed else None,
            against=tuple(good) if differ else (),
        )
    return attested, tuple(problems)


def _lapse(one: Attestation, control_sha256: str, day: str) -> str:
    if one.shown.until is not None and one.shown.until < day:
        return f"expired on {one.shown.until}"
    if one.control_sha256 != control_sha256:
        return "was given for another text of the control; read it again, and attest anew"
    return ""


def _stale(shown: Shown, why: str) -> Shown:
    return Shown(
        kind=shown.kind, name=shown.name, says=shown.says, sha256=shown.sha256, entry=shown.entry, at=shown.at,
        until=shown.until, stale=why,
    )  # fmt: skip
