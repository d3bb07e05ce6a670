"""data.sample_size: so few people of a group that the gap cannot be told from none, or from its limit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from assay.diagnosis.case import Suspect
from assay.diagnosis.effective import effective
from assay.diagnosis.power import rows_that_settle
from assay.diagnosis.requirement import Requirement
from assay.diagnosis.sides import groups_of
from assay.records.explanation import Cause, Clue

if TYPE_CHECKING:
    from assay.diagnosis.case import Case

TELLABLE = 0.12
"""The gap that a sample should be able to tell from none in four of five cases (2.8 standard errors, Cohen 1988,
section 6.3); one that cannot is too small."""

POWERED = 2.8

SURELY = 1.96
"""Standard errors from which on the two groups that are farthest apart are not alike by chance (95 %)."""


def find_size(case: Case) -> list[Suspect]:
    """Return too few people, where the sample could tell only a gap larger than `TELLABLE`."""
    z = abs(case.worlds.now.z)
    # Between groups that may be alike it is the smallest of all, which may be neither of them, that leaves it open.
    n, rate = case.sides.smallest if z > SURELY else _fewest(case), _spread(case)
    tellable = POWERED * rate / math.sqrt(max(n, 1))
    if tellable <= TELLABLE:
        return []
    # A gap that is surely there is not one of size: between two and five standard errors it becomes one of something.
    sure = min(1.0, (tellable / TELLABLE - 1) * 2 + 0.5) * min(max((5.0 - z) / 3.0, 0.0), 1.0)
    if sure < 0.05:  # noqa: PLR2004 - the gap is surely there
        return []
    asked = Requirement(
        metric=case.question.metric, limit=case.question.limit, attributes=case.sides.attributes,
        group=case.question.group, minimum_group=case.question.minimum_group,
    )  # fmt: skip
    more = rows_that_settle(case.tally, asked, level=case.question.level)
    settle = "" if not more else f" About {more:,} more rows, mixed as they are, would settle it if the value stayed."
    detail = (
        f"The {case.sides.rate.words} of the smaller group rests on {n:,} people: a gap below {tellable:.2f} "
        f"cannot be told "
        f"from none.{settle}"
    )
    clues = (
        Clue(what="people that the smaller group's rate rests on", value=float(n), n=n),
        Clue(
            what="least gap that could be told from none, at 80 % power",
            value=tellable,
            source="Cohen 1988, section 6.3",
        ),
        Clue(what="measured", value=case.value, interval=case.interval),
    )
    return [Suspect(Cause(kind="data.sample_size", share=None, confidence=sure, detail=detail, evidence=clues))]


def _fewest(case: Case) -> int:
    """Return the rows that the rate of the smallest group compared rests on."""
    groups = groups_of(effective(case.tally), case.sides.attributes).values()
    rows = [one.of(case.sides.rate)[1] for one in groups if one.rows >= case.question.minimum_group]
    return min((case.sides.smallest, *rows))


def _spread(case: Case) -> float:
    """Return the standard deviation of one person's value, as both sides together have it."""
    x = sum(counts.of(case.sides.rate)[0] for counts in case.sides.counts)
    n = sum(counts.of(case.sides.rate)[1] for counts in case.sides.counts)
    p = x / n if n else 0.5
    return math.sqrt(max(p * (1 - p), 0.04))
