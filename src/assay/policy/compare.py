"""What a change of a policy loosens and tightens, in words; when that cannot be told, it counts as loosening."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from assay.checks._judge import limit_words
from assay.records.measurement import joined

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from assay.checks.control import Control
    from assay.policy.form import ApprovalRule, Policy, Tier, WaiverRules
    from assay.records.verdict import Limit

Direction = Literal["loosens", "tightens", "changes"]

_STRICT = {"audit": 0, "warn": 1, "deny": 2}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two policies.

    Attributes:
        direction: ``changes`` decides nothing: a title, a clause, a remedy.
        what: a control's id, or a key of the policy.
        words: the difference, in words.
    """

    direction: Direction
    what: str
    words: str


def changes(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Return every difference between two resolved policies, in the order of the policy."""
    return (*_settings(old, new), *_tiers(old, new), *_controls(old, new))


def _settings(old: Policy, new: Policy) -> Iterator[Change]:
    if new.level != old.level:
        way: Direction = "tightens" if new.level > old.level else "loosens"
        yield Change(way, "level", f"confidence {old.level:g} becomes {new.level:g}")
    if new.minimum_group != old.minimum_group:
        words = f"the minimum group {old.minimum_group} becomes {new.minimum_group}, so other groups decide"
        yield Change("loosens", "minimum_group", words)
    if new.small_groups != old.small_groups:
        way = "loosens" if new.small_groups == "report" else "tightens"
        yield Change(way, "small_groups", f"small groups: {old.small_groups} becomes {new.small_groups}")
    yield from _age("evidence_age_days", old.evidence_age_days, new.evidence_age_days, "")
    for key in ("attributes", "intersections", "metrics"):
        before, after = _names(getattr(old.coverage, key)), _names(getattr(new.coverage, key))
        yield from _set("coverage", f"required {key}", before, after)
    yield from _waivers(old.waivers, new.waivers)
    yield from _by_group(old, new)
    if new.words != old.words or new.description != old.description:
        yield Change("changes", "words", "description or words for people")


def _names(found: tuple[str, ...] | tuple[tuple[str, ...], ...]) -> set[str]:
    return {one if isinstance(one, str) else joined(sorted(one)) for one in found}


def _set(
    what: str, title: str, before: Collection[str], after: Collection[str], *, wider: Direction = "tightens"
) -> Iterator[Change]:
    gone, came = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    narrower: Direction = "loosens" if wider == "tightens" else "tightens"
    if gone:
        yield Change(narrower, what, f"{title}: {', '.join(gone)} no longer there")
    if came:
        yield Change(wider, what, f"{title}: {', '.join(came)} added")


def _age(what: str, old: int | None, new: int | None, where: str) -> Iterator[Change]:
    if old == new:
        return
    looser = new is None or (old is not None and new > old)
    words = f"{where}evidence of {_days(old)} becomes evidence of {_days(new)}"
    yield Change("loosens" if looser else "tightens", what, words)


def _days(days: int | None) -> str:
    return "any age" if days is None else f"at most {days} days"


def _waivers(old: WaiverRules | None, new: WaiverRules | None) -> Iterator[Change]:
    if old == new:
        return
    if old is None or new is None:
        permitted = old is None
        words = "waivers are permitted now" if permitted else "waivers are no longer permitted"
        yield Change("loosens" if permitted else "tightens", "waivers", words)
        return
    yield from _set("waivers", "roles that may accept a risk", old.permitted_by, new.permitted_by, wider="loosens")
    if old.longest_days != new.longest_days:
        way: Direction = "loosens" if new.longest_days > old.longest_days else "tightens"
        yield Change(way, "waivers", f"a waiver lasts {old.longest_days} days at most, now {new.longest_days}")
    yield from _set("waivers", "controls that nobody may waive", old.not_for, new.not_for)


def _by_group(old: Policy, new: Policy) -> Iterator[Change]:
    if old.by_group == new.by_group:
        return
    freedom = {True: 2, None: 1, False: 0}  # forbidden, not said, allowed
    before, after = freedom[old.allows_by_group], freedom[new.allows_by_group]
    said = {True: "is allowed", None: "is left open", False: "is forbidden"}[new.allows_by_group]
    way: Direction = "changes" if before == after else "loosens" if after > before else "tightens"
    yield Change(way, "by_group", f"to decide by the protected attribute {said}")


def _tiers(old: Policy, new: Policy) -> Iterator[Change]:
    if old.materiality != new.materiality:
        yield Change("loosens", "materiality", "which system belongs to which tier changes, so other limits may apply")
    yield from _approvals("approvals", "every tier", old.approvals, new.approvals)
    for name, before in old.tiers.items():
        after = new.tiers.get(name)
        if after is None:
            yield Change("loosens", "tiers", f"the tier {name} is gone")
        elif after != before:
            yield from _tier(name, before, after)
    for name in new.tiers.keys() - old.tiers.keys():
        yield Change("changes", "tiers", f"the tier {name} is new")


def _tier(name: str, old: Tier, new: Tier) -> Iterator[Change]:
    yield from _approvals("tiers", f"tier {name}", old.approvals, new.approvals)
    yield from _age("tiers", old.evidence_age_days, new.evidence_age_days, f"tier {name}: ")
    if old.minimum_group != new.minimum_group:
        sizes = [str(size or "of the policy") for size in (old.minimum_group, new.minimum_group)]
        words = f"tier {name}: the minimum group {sizes[0]} becomes {sizes[1]}"
        yield Change("loosens", "tiers", words)


def _approvals(what: str, where: str, old: tuple[ApprovalRule, ...], new: tuple[ApprovalRule, ...]) -> Iterator[Change]:
    before = {rule.role: rule.quorum for rule in old}
    after = {rule.role: rule.quorum for rule in new}
    yield from _set(what, f"{where}: approvals by", before, after)
    for role in (role for role in before if role in after and before[role] != after[role]):
        way: Direction = "tightens" if after[role] > before[role] else "loosens"
        yield Change(way, what, f"{where}: approvals by {role}: {before[role]} becomes {after[role]}")
    if [role for role in after if role in before] != [role for role in before if role in after]:
        yield Change("loosens", what, f"{where}: the order of approvals changes")


def _controls(old: Policy, new: Policy) -> Iterator[Change]:
    before = {control.id: control for control in old.controls}
    after = {control.id: control for control in new.controls}
    tiers = (None, *dict.fromkeys((*old.tiers, *new.tiers)))
    for name, control in before.items():
        if name not in after:
            yield Change("loosens", name, f"the control {name} ({control.title}) is gone")
        elif after[name] != control:
            yield from _control(control, after[name], tiers)
            yield from _compared(control, after[name], old, new)
    for name, control in after.items():
        if name not in before:
            yield Change("tightens", name, f"the control {name} ({control.title}) is new")


def _control(old: Control, new: Control, tiers: tuple[str | None, ...]) -> Iterator[Change]:
    what = old.id
    for key in ("check", "metric", "expression", "minimum_group"):
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield Change("loosens", what, f"{what}: {key} {before} becomes {after}, which is another requirement")
    told: set[str] = set()
    for tier in tiers:
        for change in _limit(what, old.limit_in(tier), new.limit_in(tier), tier):
            if change.words.partition(" (tier ")[0] not in told:
                told.add(change.words.partition(" (tier ")[0])
                yield change
    if old.decide != new.decide:
        way: Direction = "loosens" if new.decide == "point" else "tightens"
        yield Change(way, what, f"{what}: the {new.decide} decides, not the {old.decide}")
    if old.enforcement != new.enforcement:
        way = "tightens" if _STRICT[new.enforcement] > _STRICT[old.enforcement] else "loosens"
        yield Change(way, what, f"{what}: enforcement {old.enforcement} becomes {new.enforcement}")
    if old.small_groups != new.small_groups:
        way = "loosens" if new.small_groups != "unknown" else "tightens"
        words = f"{what}: small groups {old.small_groups or 'as the policy says'} becomes "
        yield Change(way, what, words + (new.small_groups or "as the policy says"))
    yield from _scope(old, new)


def _scope(old: Control, new: Control) -> Iterator[Change]:
    what = old.id
    if old.sections != new.sections:
        # No sections of its own means every section that a card must have.
        narrowed = bool(new.sections) and not set(new.sections) >= set(old.sections or ("",))
        words = f"{what}: sections {', '.join(old.sections) or 'all'} becomes {', '.join(new.sections) or 'all'}"
        yield Change("loosens" if narrowed else "tightens", what, words)
    if old.columns != new.columns:
        # No columns of its own means every column measured.
        narrowed = bool(new.columns) and not set(new.columns) >= set(old.columns or ("",))
        words = f"{what}: columns {', '.join(old.columns) or 'all'} becomes {', '.join(new.columns) or 'all'}"
        yield Change("loosens" if narrowed else "tightens", what, words)
    if old.stage != new.stage:
        way: Direction = "tightens" if new.stage is None else "loosens"
        yield Change(way, what, f"{what}: stage {old.stage or 'every one'} becomes {new.stage or 'every one'}")
    yield from _age(what, old.evidence_age_days, new.evidence_age_days, f"{what}: ")
    for key in ("title", "severity", "clauses", "provenance", "remedy", "unset"):
        if getattr(old, key) != getattr(new, key):
            yield Change("changes", what, f"{what}: {key}")


def _compared(control: Control, changed: Control, old: Policy, new: Policy) -> Iterator[Change]:
    """Yield what is compared no longer, or now; a control that names no attributes compares those of the coverage."""
    if (control.attributes, control.intersections) != (changed.attributes, changed.intersections):
        before, after = _names(old.attributes_of(control)), _names(new.attributes_of(changed))
        yield from _set(control.id, f"{control.id}: compared over", before, after)


def _limit(what: str, old: Limit | None, new: Limit | None, tier: str | None) -> Iterator[Change]:
    if old == new:
        return
    where = f" (tier {tier})" if tier else ""
    if old is None or new is None:
        way: Direction = "tightens" if old is None else "loosens"
        words = limit_words(new) if new is not None else "none"
        yield Change(way, what, f"{what}: limit {limit_words(old) if old else 'none'} becomes {words}{where}")
        return
    words = f"{what}: limit {limit_words(old)} becomes {limit_words(new)}{where}"
    yield Change("loosens" if looser(old, new) else "tightens", what, words)


def looser(old: Limit, new: Limit) -> bool:
    """Say whether a limit lets more through than another did."""
    raised = old.max is not None and (new.max is None or new.max > old.max)
    lowered = old.min is not None and (new.min is None or new.min < old.min)
    return raised or lowered
