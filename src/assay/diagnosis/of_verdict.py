"""Why a verdict's findings are not a pass: in words, with what would have to change; pure, from the records alone.

What is told rests on verdict, evidence, tally and policy, as far as they are at hand, and on nothing else: the same
records give the same bytes. What cannot be told without one of them is said under ``unexamined``.
"""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, Literal

import msgspec

from assay.checks._finding import group_words, number
from assay.diagnosis.asked_of_verdict import ends, requirement_of
from assay.diagnosis.changed_decisions import changes_to_pass
from assay.diagnosis.effective import effective
from assay.diagnosis.mending import Ground, remedies
from assay.diagnosis.of_tally import causes_of_tally
from assay.diagnosis.other_findings import other_causes
from assay.diagnosis.power import rows_for_everybody, rows_that_settle
from assay.diagnosis.requirement import follows_decisions
from assay.diagnosis.telling import certainty_words, change_words, people_words, rows_words
from assay.diagnosis.thresholds import cheapest
from assay.metrics.catalogue import METRICS
from assay.records.explanation import Cause, Clue, CutCurve, CutPoint, CutSpan, ExplainedFinding, Explanation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.diagnosis.changed_decisions import Changed
    from assay.diagnosis.requirement import Requirement
    from assay.diagnosis.thresholds import Outcome
    from assay.records.tally import GroupValue
    from assay.records.verdict import Finding, Limit

_WHOLE = 1e-6
_SMALL_PRICE = 0.01
"""A common cut is named as a cause when it costs no more accuracy than this."""

NO_TALLY = "the counts by group: tally.json is not at hand (it lies in the release folder)"
NO_EVIDENCE = "the measurements: evidence.json is not at hand (it lies in the release folder)"
NO_POLICY = "who may accept the risk: the policy decided under is not at hand"
NO_ROWS = "rows and model, which tell more than counts: assay explain {} --rows"


def explain_of(ground: Ground, *, verdict_sha256: str, only: Sequence[str] = ()) -> Explanation:
    """Explain a verdict's findings that are not a pass, in the verdict's order; or those that are named.

    Args:
        ground: verdict, evidence, tally and policy, as far as they are at hand.
        verdict_sha256: digest of the verdict's bytes.
        only: ids of the findings asked about; a pass among them is explained as one.
    """
    asked = [
        finding
        for finding in ground.verdict.findings
        if (finding.id in only if only else finding.status in {"fail", "unknown"})
    ]
    examined: tuple[Literal["tally"], ...] = () if ground.tally is None else ("tally",)
    return Explanation(
        subject=f"{ground.verdict.model}/{ground.verdict.version}",
        verdict_sha256=verdict_sha256,
        examined=examined,
        findings=tuple(explain_finding(ground, finding) for finding in asked),
        cuts=_curve(ground, asked),
    )


def _curve(ground: Ground, asked: Sequence[Finding]) -> CutCurve | msgspec.UnsetType:
    """Return what common cuts come to; nothing where no finding that is no pass can be moved by one."""
    open_ = {finding.id for finding in asked if finding.status in {"fail", "unknown"}}
    cuts = ground.cuts if open_ & {*ground.moved} else None
    if cuts is None:
        return msgspec.UNSET
    spans = [*((one, True) for one in cuts.gate), *((one, False) for one in cuts.point)]
    return CutCurve(
        findings=tuple(ground.moved),
        now=cuts.cut_now,
        accuracy_now=cuts.now.price.accuracy,
        favourable_now=cuts.now.price.favourable,
        rows=cuts.now.price.rows,
        step=cuts.step,
        gap=cuts.gap,
        points=tuple(
            CutPoint(
                cut=one.cut or 0.0,
                accuracy=one.price.accuracy,
                favourable=one.price.favourable,
                values=tuple(None if held.measurement is None else held.measurement.value for held in one.held),
            )
            for one in cuts.tried
        ),
        spans=tuple(CutSpan(low=one.low, high=one.high, passes=passes, tells=one.tells) for one, passes in spans),
    )


def explain_finding(ground: Ground, finding: Finding) -> ExplainedFinding:
    """Return one finding with its causes, what would have to change, how sure it is, and what would mend it."""
    requirement = None if ground.evidence is None else requirement_of(finding, ground.evidence)
    passes = finding.status in {"pass", "not-applicable"}
    people, change, cut = finding.people, None, None
    point: tuple[Changed, ...] | None = None
    if requirement is not None and ground.tally is not None and not passes:
        point = changes_to_pass(ground.tally, requirement, by_point=True, level=ground.level)
        gate = changes_to_pass(ground.tally, requirement, level=ground.level)
        if point:
            people = f"{people_words(point, ground.words)} would reach the limit."
        change = change_words(finding, point, gate, ground.words)
        cut = _no_cut(ground, requirement)
    rows = None if passes else _rows(ground, finding, requirement)
    change = change or (None if passes else _plain_change(finding))
    return ExplainedFinding(
        finding=finding.id,
        check=finding.check,
        status=finding.status,
        title=finding.title,
        about=_about(finding),
        measured=finding.measured,
        interval=finding.interval,
        limit=finding.limit,
        reason=finding.reason,
        people=people,
        change=" ".join(part for part in (change, cut, rows) if part) or None,
        certainty=certainty_words(finding, ground.level),
        provenance=finding.provenance,
        place=finding.place,
        causes=_causes(ground, finding, requirement),
        remedies=() if passes else remedies(ground, finding, requirement, rows),
        unexamined=_unexamined(ground, finding, requirement),
    )


def _no_cut(ground: Ground, requirement: Requirement) -> str | None:
    """Return that no common cut mends it, where those that were tried do not; None where one does."""
    cuts = ground.cuts if follows_decisions(requirement) else None
    if cuts is None or cuts.cheapest or cuts.cheapest_by_point:
        return None
    idle = cheapest([one.cheapest for one in cuts.point], cuts.now)
    if idle is None:
        return "No common cut of the scores keeps every limit."
    return (
        f"No common cut of the scores keeps every limit and still tells people apart: at {number(idle.cut or 0.0)} the "
        f"values would keep them, with {idle.price.favourable:,} {ground.words.favourable} of {idle.price.rows:,}."
    )


def _about(finding: Finding) -> str | None:
    if finding.group:
        return group_words(finding.group)
    return f"groups of {' and '.join(finding.over.names)}" if finding.over else None


def _plain_change(finding: Finding) -> str | None:
    """Return by how much a number would have to change, where it counts no decisions; of a share in rows."""
    if finding.measured is None or finding.limit is None:
        return finding.remedy
    shared = None if finding.n is None else _share_change(finding.measured, finding.n, finding.limit)
    if shared is not None and METRICS.get(finding.metric or "") is None:
        return f"{abs(shared):,} {'fewer' if shared < 0 else 'more'} of the {finding.n:,} would reach the limit."
    for bound, over in ((finding.limit.max, 1), (finding.limit.min, -1)):
        if bound is not None and (finding.measured - bound) * over > 0:
            way = "fall" if over > 0 else "rise"
            much = number(abs(finding.measured - bound))
            return f"The value would have to {way} by {much}, from {number(finding.measured)} to {number(bound)}."
    return None


def _share_change(value: float, n: int, limit: Limit) -> int | None:
    """Return by how many of ``n`` a share of whole rows would have to change; None where it is none, or keeps it."""
    hits = value * n
    if n < 1 or not 0 <= value <= 1 or abs(hits - round(hits)) > _WHOLE * n:
        return None
    if limit.max is not None and value > limit.max:
        return floor(limit.max * n + _WHOLE) - round(hits)
    if limit.min is not None and value < limit.min:
        return ceil(limit.min * n - _WHOLE) - round(hits)
    return None


def _rows(ground: Ground, finding: Finding, requirement: Requirement | None) -> str | None:
    """Return how many more rows would settle what is not decided; None where nothing is open, or it cannot be said."""
    if finding.status != "unknown" or finding.decide == "point" or finding.interval is None:
        return None
    if requirement is None or ground.tally is None or ground.evidence is None:
        if finding.limit is None or finding.measured is None or finding.n is None:
            return None
        more = rows_for_everybody(finding.measured, finding.interval, finding.limit, finding.n, level=ground.level)
        who = f"rows of {group_words(finding.group)}" if finding.group else "rows"
        return rows_words(more, None, None, msgspec.structs.replace(ground.words, people=who))
    smallest = _smallest(ground, finding, requirement)
    of_group = None
    if smallest is not None:
        of_group = rows_that_settle(ground.tally, requirement, group=smallest, level=ground.level)
    everybody = rows_that_settle(ground.tally, requirement, level=ground.level)
    named = None if smallest is None else group_words(smallest)
    return rows_words(everybody, of_group, named, ground.words)


def _smallest(ground: Ground, finding: Finding, requirement: Requirement) -> dict[str, GroupValue] | None:
    """Return the smaller of the groups at the ends of a comparison; the group itself, of a group's metric."""
    if finding.group and not finding.over:
        return dict(finding.group)
    both = None if ground.evidence is None else ends(finding, ground.evidence)
    if both is None or ground.tally is None:
        return None
    names = ground.tally.roles.protected

    def people(group: dict[str, GroupValue]) -> int:
        where = [(names.index(name), group[name]) for name in requirement.attributes]
        cells = ground.tally.cells if ground.tally is not None else ()
        return sum(cell.count for cell in cells if all(cell.group[place] == value for place, value in where))

    return min(both, key=people)


# Causes


def _causes(ground: Ground, finding: Finding, requirement: Requirement | None) -> tuple[Cause, ...]:
    if finding.status in {"pass", "not-applicable"}:
        kept = "The limit is kept" if finding.status == "pass" else "It does not apply"
        detail = f"{kept}: there is nothing to explain."
        return (Cause(kind="none", share=None, confidence=0.95, detail=detail),)
    small = _too_few(ground, finding)
    if small is not None and finding.measured is None:
        return (small,)
    if requirement is None or ground.tally is None or ground.evidence is None or finding.measured is None:
        other = other_causes(finding)
        return other if small is None else (small, *(one for one in other if one.kind not in {"none", small.kind}))
    both = ends(finding, ground.evidence)
    found: list[Cause] = []
    if both is not None and ground.tally.roles.task == "binary":
        found += causes_of_tally(effective(ground.tally), requirement, *both)
    elif both is None and METRICS[requirement.metric].scope != "between":
        found += [one for one in other_causes(finding) if one.kind != "none" or not small]
    common = _common_cut(ground, finding, requirement)
    if common is not None and not any(one.kind == "threshold.cut" for one in found):
        found.append(common)
    found.sort(key=lambda one: -(one.share or 0.0) * one.confidence)
    if small is not None:
        found = [small, *found] if finding.status == "unknown" else [*found, small]
    if found:
        return tuple(found)
    detail = "Counts alone name no single cause: groups differ, and neither base rates, calibration nor cut explain it."
    return (Cause(kind="none", share=None, confidence=0.5, detail=detail),)


def _too_few(ground: Ground, finding: Finding) -> Cause | None:
    """Return that too few people were measured, where the interval reaches the limit or a group is too small."""
    if finding.measured is None:
        if finding.n is None or not finding.group or finding.check not in {
            "group-gap", "group-floor", "impact-ratio", "not-worse-than", "performance-floor",
        }:  # fmt: skip
            return None
        who = group_words(finding.group)
        clue = Clue(what=f"people of {who}", value=float(finding.n), n=finding.n, told=finding.reason)
        detail = f"{who}: {finding.n:,} people are too few to decide anything about."
        return Cause(kind="data.sample_size", share=None, confidence=0.9, detail=detail, evidence=(clue,))
    if finding.interval is None or finding.limit is None:
        return None
    low, high = finding.interval
    inside = [b for b in (finding.limit.max, finding.limit.min) if b is not None and low <= b <= high]
    if not inside or low == high:
        return None
    decides = finding.decide != "point"
    clues = [
        Clue(what="half the interval's length", value=(high - low) / 2, n=finding.n),
        Clue(what="distance of the value from the limit", value=abs(finding.measured - inside[0])),
    ]
    requirement = None if ground.evidence is None else requirement_of(finding, ground.evidence)
    if requirement is not None and ground.tally is not None:
        more = rows_that_settle(ground.tally, requirement, level=ground.level)
        if more:
            clues.append(Clue(what="rows more, mixed as they are, that would settle it", value=float(more)))
    detail = (
        f"The interval ({number(low)} to {number(high)}) reaches across the limit: from so few people it cannot be "
        f"told whether the limit is kept{'' if decides else '; the point decides all the same'}."
    )
    sure = 0.9 if decides and finding.status == "unknown" else 0.4
    return Cause(kind="data.sample_size", share=None, confidence=sure, detail=detail, evidence=tuple(clues))


def _common_cut(ground: Ground, finding: Finding, requirement: Requirement) -> Cause | None:
    """Return that one common cut stands where the gap is large, while another holds every limit at little price."""
    cuts = ground.cuts if follows_decisions(requirement) else None
    if cuts is None or finding.id not in ground.moved:
        return None
    best = cuts.cheapest or cuts.cheapest_by_point
    now, after = cuts.now.price.accuracy, None if best is None else best.price.accuracy
    if best is None or best.cut is None or (now is not None and after is not None and now - after > _SMALL_PRICE):
        return None
    share = _share_gone(ground, finding, best)
    if share is None or share <= 0:
        return None
    sure = 0.6 if cuts.cheapest is not None else 0.35
    return Cause(
        kind="threshold.cut",
        share=min(share, 1.0),
        confidence=sure,
        detail=(
            f"Scores are cut at {number(cuts.cut_now)}; at {number(best.cut)} {min(share, 1):.0%} of the gap would be "
            f"gone{', and every limit would hold' if cuts.cheapest is not None else ''}, at little price in accuracy."
        ),
        evidence=(
            Clue(what="cut now", value=cuts.cut_now),
            Clue(what="another cut", value=best.cut),
            Clue(what="accuracy now", value=now, n=cuts.now.price.labelled),
            Clue(what="accuracy there", value=after, n=best.price.labelled),
        ),
    )


def _share_gone(ground: Ground, finding: Finding, best: Outcome) -> float | None:
    held = best.held[ground.moved.index(finding.id)].measurement
    if held is None or held.value is None or finding.measured is None:
        return None
    was, now = finding.measured, held.value
    if held.unit == "ratio":
        was, now = 1 - was, 1 - now
    return None if was <= 0 else 1 - now / was


def _unexamined(ground: Ground, finding: Finding, requirement: Requirement | None) -> tuple[str, ...]:
    lacking = []
    if ground.evidence is None:
        lacking.append(NO_EVIDENCE)
    if ground.tally is None:
        lacking.append(NO_TALLY)
    elif requirement is not None and follows_decisions(requirement) and ground.tally.scores is None:
        lacking.append("other cuts and calibration: no score column was named (columns.score in assay.yaml)")
    if ground.policy is None:
        lacking.append(NO_POLICY)
    if requirement is not None and finding.status in {"fail", "unknown"} and ground.evidence is not None:
        lacking.append(NO_ROWS.format(f"{ground.verdict.model}/{ground.verdict.version} {finding.id}"))
    return tuple(lacking)
