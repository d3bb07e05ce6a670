"""What would mend a finding, as far as counts tell: another cut, more rows, what the policy advises, a waiver."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from assay.checks._finding import group_words, number
from assay.checks.control import PLAIN_WORDS
from assay.diagnosis.asked_of_verdict import every_requirement
from assay.diagnosis.group_cuts import MOST_CHOICES, GroupCuts, GroupThresholds, group_thresholds
from assay.diagnosis.mitigation import MORE_ROWS
from assay.diagnosis.remedies import try_line
from assay.diagnosis.requirement import follows_decisions
from assay.diagnosis.telling import price_words, undecided_words
from assay.diagnosis.thresholds import MOST_CUTS, Thresholds, thresholds
from assay.records.explanation import Remedy

if TYPE_CHECKING:
    from assay.checks import Words
    from assay.diagnosis.requirement import Requirement
    from assay.policy.form import Policy
    from assay.records.evidence import Evidence
    from assay.records.tally import Tally
    from assay.records.verdict import Finding, Verdict

_MOST_WORK = 4000
"""Cuts tried times cells of scores: so many measurements of so many cells take a third of a second."""

_FEWEST_CUTS = 24

BY_ATTRIBUTE = "It decides by the protected attribute itself: in many places the law forbids that."

_WORTH = 0.01
"""A cut for each group is named beside a common one that passes only where it saves this much accuracy."""


@dataclass(frozen=True)
class Ground:
    """Everything that an explanation of a verdict rests on.

    Attributes:
        verdict: the decision.
        evidence: what it rests on; None when it is not at hand.
        tally: the counts behind it; None when they are not at hand.
        policy: the policy decided under; None when it is not at hand.
    """

    verdict: Verdict
    evidence: Evidence | None = None
    tally: Tally | None = None
    policy: Policy | None = None

    @property
    def words(self) -> Words:
        """What people and favourable decisions are called."""
        return PLAIN_WORDS if self.policy is None else self.policy.words

    @property
    def level(self) -> float:
        """Two-sided confidence of the intervals."""
        if self.policy is not None:
            return self.policy.level
        levels = [one.level for one in self.evidence.measurements] if self.evidence is not None else []
        return max(levels, default=0.95)

    @cached_property
    def requirements(self) -> dict[str, Requirement]:
        """Every limit that has to hold, by finding."""
        return {} if self.evidence is None else every_requirement(self.verdict, self.evidence)

    @property
    def moved(self) -> list[str]:
        """The findings whose limits another cut can move, in the order in which cuts are judged by them."""
        return [name for name, one in self.requirements.items() if follows_decisions(one)]

    @cached_property
    def cuts(self) -> Thresholds | None:
        """What common cuts come to; None without scores, labels of two classes or a limit that cuts can move."""
        if self.tally is None or self.tally.scores is None or self.tally.roles.task != "binary" or not self.moved:
            return None
        return thresholds(self.tally, [*self.requirements.values()], level=self.level, most=self._at_most(MOST_CUTS))

    def _at_most(self, most: int) -> int:
        cells = len(self.tally.scores.cells) if self.tally is not None and self.tally.scores is not None else 1
        return max(_FEWEST_CUTS, min(most, _MOST_WORK // max(cells, 1)))

    @cached_property
    def _by_group(self) -> dict[tuple[str, ...], GroupThresholds]:
        return {}

    def cuts_by_group(self, attributes: tuple[str, ...]) -> GroupThresholds | None:
        """What a cut for each group of one attribute comes to; None where common cuts have nothing to say either."""
        if self.tally is None or self.cuts is None or len(attributes) != 1:
            return None
        if attributes not in self._by_group:
            most = self._at_most(MOST_CHOICES) // (1 + len(self._by_group))
            self._by_group[attributes] = group_thresholds(
                self.tally, [*self.requirements.values()], attributes, level=self.level, most=most
            )
        return self._by_group[attributes]


def remedies(ground: Ground, finding: Finding, requirement: Requirement | None, rows: str | None) -> tuple[Remedy, ...]:
    """Return what would mend a finding: what passes first, then what may, then people's acts.

    Args:
        ground: what there is to look at.
        finding: what is to be mended.
        requirement: what it asks of the counts; None when it asks something else.
        rows: how many more rows would settle it, in words.
    """
    found: list[Remedy | None] = []
    if requirement is not None and finding.id in ground.moved:  # what a waiver accepts, no cut was asked to mend
        found += [_common_cut(ground), _group_cut(ground, requirement)]
    if rows is not None:
        line = None if requirement is None else _try(ground, MORE_ROWS)
        found.append(Remedy(name=MORE_ROWS, detail=rows, price="collecting and labelling them", command=line))
    if finding.remedy:
        found.append(Remedy(name="advised", detail=finding.remedy))
    if finding.check != "approvals":  # a consent that is not given is given, not waived
        found.append(_waiver(ground, finding))
    return tuple(one for one in found if one is not None)


def _try(ground: Ground, name: str) -> str | None:
    said = ground.policy is not None and ground.policy.allows_by_group is not None
    return try_line(mitigate_line(ground.verdict), name, asks=name == "threshold_by_group" and not said)


def mitigate_line(verdict: Verdict) -> str:
    """Return the line that tries remedies on a verdict's version, up to its candidates."""
    return f"assay mitigate {verdict.model}/{verdict.version}"


def _common_cut(ground: Ground) -> Remedy | None:
    """Return the cheapest common cut: one that passes, else one at which every value keeps its limit."""
    cuts = ground.cuts
    if cuts is None:
        return None
    best = cuts.cheapest or cuts.cheapest_by_point
    if best is None or best.cut is None or best.cut == cuts.cut_now:
        return None
    passes = cuts.cheapest is not None
    spans = cuts.gate if passes else cuts.point
    span = next(one for one in spans if one.tells and one.low <= best.cut <= one.high)
    low, high = number(span.low), number(span.high)
    between = f"between {low} and {high}" if span.low < span.high else f"at {low}"
    all_hold = "every limit holds" if passes else "every value keeps its limit"
    left = "" if passes else undecided_words(best, ground.moved)
    return Remedy(
        name="threshold",
        detail=(
            f"One common cut {between} (now {number(cuts.cut_now)}): there {all_hold}{left}. The cheapest is "
            f"{number(best.cut)}."
        ),
        changes=f"{best.price.favourable - cuts.now.price.favourable:+,} {ground.words.favourable}",
        price=price_words(best.price, cuts.now.price, ground.words),
        command=_try(ground, "threshold"),
    )


def _group_cut(ground: Ground, requirement: Requirement) -> Remedy | None:
    """Return the cheapest cuts by group, unless the policy forbids them; that they need the attribute is said."""
    allowed = None if ground.policy is None else ground.policy.allows_by_group
    if allowed is False:
        return None
    cuts, by_group = ground.cuts, ground.cuts_by_group(requirement.attributes)
    if cuts is None or by_group is None:
        return None
    best = by_group.gate or by_group.point
    if best is None:
        return None
    passes = by_group.gate is not None
    common = cuts.cheapest
    if common is not None and (best.outcome.price.accuracy or 0.0) - (common.price.accuracy or 0.0) < _WORTH:
        return None  # a common cut passes at hardly more cost, and asks nobody for their group
    told = ", ".join(_cut_words(requirement, best))
    left = "" if passes else undecided_words(best.outcome, ground.moved)
    return Remedy(
        name="threshold_by_group",
        detail=(
            f"A cut for each group ({told}): {'every limit holds' if passes else 'every value keeps its limit'}{left}. "
            + ("It decides by the protected attribute itself, which the policy allows." if allowed else BY_ATTRIBUTE)
        ),
        changes=f"{best.outcome.price.favourable - cuts.now.price.favourable:+,} {ground.words.favourable}",
        price=price_words(best.outcome.price, cuts.now.price, ground.words),
        needs_attribute=True,
        command=_try(ground, "threshold_by_group"),
    )


def _cut_words(requirement: Requirement, best: GroupCuts) -> list[str]:
    return [
        f"{group_words(dict(zip(requirement.attributes, key, strict=True)))}: {number(cut)}"
        for key, cut in best.cuts
        if None not in key
    ]


def _waiver(ground: Ground, finding: Finding) -> Remedy:
    """Return who may accept the risk in writing, or who has, and until when."""
    if finding.waiver is not None:
        use = next((one for one in ground.verdict.consents if one.id == finding.waiver), None)
        by = f" by {use.by} as {use.role}" if use is not None and use.by else ""
        ends = f", until {use.expires}" if use is not None and use.expires else ""
        meanwhile = f" Meanwhile: {use.compensating}" if use is not None and use.compensating else ""
        stays = "fails" if finding.status == "fail" else "is unknown"
        return Remedy(
            name="waiver", detail=f"The risk is accepted in writing{by}{ends}; the finding still {stays}.{meanwhile}"
        )
    if ground.policy is None:
        return Remedy(name="waiver", detail="Whether the risk may be accepted in writing, the policy says.")
    rules = ground.policy.waivers
    if rules is None or finding.control in rules.not_for or finding.id in rules.not_for:
        return Remedy(name="waiver", detail="Nobody may accept this risk in writing: the policy does not permit it.")
    return Remedy(
        name="waiver",
        detail=(
            f"{' or '.join(rules.permitted_by)} may accept the risk in writing for at most {rules.longest_days} days; "
            "the finding stays what it is."
        ),
        command=f"assay waive {finding.control}",
    )
