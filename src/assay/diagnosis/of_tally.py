"""Causes that counts alone can tell apart: too few people, base rates, errors, calibration, and where scores are cut.

A tally holds, by group, how many people had which label and which decision, and how their scores are spread by label.
Two groups are set side by side: the one that fares worst and the one it is held against. Then:

- *base rate and errors* (Kitagawa 1955, "Components of a difference between two rates", JASA 50:1168-1194): a selection
  rate is ``b TPR + (1 - b) FPR``, so the gap between two groups splits exactly into a part by the labels' base rates
  ``b`` and a part by the error rates.
- *calibration* (Cox 1958, Biometrika 45:562-565): the label's log odds are fitted to the score's, with a line for each
  group against one for both (likelihood ratio, two degrees of freedom). If the lines differ, each score of the group is
  moved to the one that means the same in the other group, the cut stays, and the gap is measured again.
- *cut*: which cut explains the decisions, one for both groups or one each; and the gap at one common cut.

A share is the part of the gap that goes away in the world that the cause names. These are accounts, not the last word:
rows and model can tell what stands behind them (`assay.diagnosis.explaining`), and the sentences say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, sqrt
from typing import TYPE_CHECKING

from assay.checks._finding import group_words
from assay.diagnosis.recut import Recut
from assay.diagnosis.requirement import hold
from assay.diagnosis.score_meaning import likelihood, line_of, place_of, points, score_at, sigmoid
from assay.records.explanation import Cause, Clue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.diagnosis.recut import Key
    from assay.diagnosis.requirement import Requirement
    from assay.records.tally import GroupValue, Tally

KITAGAWA = "Kitagawa 1955, JASA 50:1168-1194"
COX = "Cox 1958, Biometrika 45:562-565"

SELECTION = frozenset({"demographic_parity_difference", "demographic_parity_ratio", "impact_ratio", "selection_rate"})
OF_POSITIVE = frozenset(
    {
        "equal_opportunity_difference", "equal_opportunity_ratio", "false_negative_rate_difference",
        "worst_group_true_positive_rate", "worst_group_false_negative_rate", "true_positive_rate",
        "false_negative_rate",
    }
)  # fmt: skip
OF_NEGATIVE = frozenset(
    {"false_positive_rate_difference", "worst_group_false_positive_rate", "false_positive_rate", "true_negative_rate"}
)

SURE = 0.005
"""A difference is taken for one when chance alone would show it less often than this; four are looked at, so nothing is
named in 98 of 100 cases where nothing is."""

MATTERS = 0.25
"""A cause is named when it accounts for this share of the gap."""

_EXPLAINED = 0.01
"""A cut explains the decisions when it leaves less than this share of a group's rows unexplained."""


@dataclass(frozen=True, slots=True)
class Side:
    """One group's counts.

    Attributes:
        key: its values, in the attributes' order.
        words: its name.
        tn, fp, fn, tp: rows by label and decision.
        blank: rows decided without a label: (not selected, selected).
    """

    key: Key
    words: str
    tn: int
    fp: int
    fn: int
    tp: int
    blank: tuple[int, int]

    @property
    def labelled(self) -> int:
        """Rows with label and decision."""
        return self.tn + self.fp + self.fn + self.tp

    @property
    def base_rate(self) -> float:
        """The share of positive labels."""
        return (self.fn + self.tp) / self.labelled if self.labelled else 0.0

    @property
    def found(self) -> float:
        """The true positive rate."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def false(self) -> float:
        """The false positive rate."""
        return self.fp / (self.fp + self.tn) if self.fp + self.tn else 0.0

    @property
    def selected(self) -> float:
        """The selection rate of labelled rows."""
        return (self.fp + self.tp) / self.labelled if self.labelled else 0.0


def side(tally: Tally, attributes: Sequence[str], group: Mapping[str, GroupValue]) -> Side:
    """Return the counts of one group."""
    where = [(tally.roles.protected.index(name), group[name]) for name in attributes]
    counts: dict[tuple[object, object], int] = {}
    for cell in tally.cells:
        if all(cell.group[place] == value for place, value in where):
            pair = (cell.label, cell.prediction)
            counts[pair] = counts.get(pair, 0) + cell.count
    return Side(
        key=tuple(group[name] for name in attributes),
        words=f"those with {group_words({name: group[name] for name in attributes})}",
        tn=counts.get((0, 0), 0),
        fp=counts.get((0, 1), 0),
        fn=counts.get((1, 0), 0),
        tp=counts.get((1, 1), 0),
        blank=(counts.get((None, 0), 0), counts.get((None, 1), 0)),
    )


def causes_of_tally(
    tally: Tally, requirement: Requirement, worst: Mapping[str, GroupValue], best: Mapping[str, GroupValue]
) -> tuple[Cause, ...]:
    """Return what counts alone tell of a gap between two groups, the likeliest first; empty when nothing stands out.

    Args:
        tally: the counts.
        requirement: what was breached or is not decided; its attributes name the groups.
        worst: the group that fares worst.
        best: the group that it is held against.
    """
    a, b = side(tally, requirement.attributes, worst), side(tally, requirement.attributes, best)
    if not a.labelled or not b.labelled:
        return ()
    found: list[Cause | None] = []
    alike = False
    if tally.scores is not None and tally.roles.task == "binary":
        recut = Recut(tally)
        found.append(_cut(tally, recut, requirement, a, b))
        meaning = _meaning(tally, recut, requirement, a, b)
        alike = meaning is not None and meaning.alike
        seen = meaning is not None and meaning.p < SURE and not alike
        found.append(_calibration(meaning, a, b) if meaning is not None and seen else None)
    specific = [cause for cause in found if cause is not None]
    taken = max((cause.share or 0.0 for cause in specific), default=0.0)
    found += _accounts(requirement, a, b, taken, alike=alike)
    return tuple(sorted((cause for cause in found if cause is not None), key=_rank))


def _rank(cause: Cause) -> tuple[float, str]:
    return (-(cause.share or 0.0) * cause.confidence, cause.kind)


def _sure(p: float) -> float:
    """Return how surely something is seen, from the chance that there is nothing of the kind."""
    return max(0.0, min(0.99, 1 - p))


def _two_rates(x: int, n: int, y: int, m: int) -> float:
    """Return the two-sided p of two equal rates (pooled z; Fleiss, Levin and Paik 2003, section 3.2)."""
    if not n or not m:
        return 1.0
    pooled = (x + y) / (n + m)
    spread = sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return erfc(abs(x / n - y / m) / spread / sqrt(2)) if spread else 1.0


# Base rates and errors


def _accounts(requirement: Requirement, a: Side, b: Side, taken: float, *, alike: bool) -> list[Cause | None]:
    """Return the parts of a gap by base rates and by errors, less what a more special cause has explained.

    Where a score means the same in both groups and is cut alike, errors differ because the groups' chances do, and not
    for what the model does (infra-marginality: Corbett-Davies and Goel 2018, https://arxiv.org/abs/1808.00023, section
    3): then unequal base rates account for the whole gap.
    """
    p = _two_rates(a.fn + a.tp, a.labelled, b.fn + b.tp, b.labelled)
    lower = (b.base_rate - a.base_rate) * (1 if requirement.metric not in OF_NEGATIVE else -1) > 0
    if alike and p < SURE and lower and taken < 1 - MATTERS:
        return [_base_rate(a, b, p, 1 - taken, None)]
    if requirement.metric not in SELECTION or a.selected == b.selected:
        return [_errors(requirement, a, b, 1.0, taken)]
    gap = b.selected - a.selected
    by_base = (b.base_rate - a.base_rate) * (a.found - a.false + b.found - b.false) / 2
    share = by_base / gap
    base = _base_rate(a, b, p, share, by_base) if share >= MATTERS and p < SURE else None
    return [base, _errors(requirement, a, b, 1 - share, taken)]


def _base_rate(a: Side, b: Side, p: float, share: float, by_base: float | None) -> Cause:
    share = min(max(share, 0.0), 1.0)
    why = (
        f"{share:.0%} of the gap is what decisions with the same error rates would give"
        if by_base is not None
        else "a score means the same in both groups, and the gap follows from it"
    )
    parts = () if by_base is None else (Clue(what="part of the gap by base rates", value=by_base, source=KITAGAWA),)
    return Cause(
        kind="data.base_rate",
        share=share,
        confidence=_sure(p) * (0.75 if by_base is None else 0.9),
        detail=(
            f"{a.base_rate:.1%} of {a.words} have the positive label, {b.base_rate:.1%} of {b.words}: {why}. Whether "
            "the labels tell the truth, the counts do not say."
        ),
        evidence=(
            Clue(what=f"base rate of {a.words}", value=a.base_rate, n=a.labelled),
            Clue(what=f"base rate of {b.words}", value=b.base_rate, n=b.labelled),
            Clue(what="chance of such base rates where they are equal", value=p),
            *parts,
        ),
    )


def _errors(requirement: Requirement, a: Side, b: Side, share: float, taken: float) -> Cause | None:
    """Return that errors differ, given the label: an account of what nothing more special explains."""
    positive = _two_rates(a.tp, a.tp + a.fn, b.tp, b.tp + b.fn)
    negative = _two_rates(a.fp, a.fp + a.tn, b.fp, b.fp + b.tn)
    if requirement.metric in OF_POSITIVE:
        p = positive
    elif requirement.metric in OF_NEGATIVE:
        p = negative
    else:
        p = min(1.0, 2 * min(positive, negative))  # two are looked at (Bonferroni)
    left = min(max(share, 0.0), 1.0) * (1 - min(taken, 1.0))
    if left < MATTERS or p >= SURE:
        return None
    return Cause(
        kind="model.error_gap",
        share=left,
        confidence=_sure(p) * 0.8,
        detail=(
            f"Given the label, decisions differ: of those with the positive label {a.found:.1%} of {a.words} and "
            f"{b.found:.1%} of {b.words} are found; of those with the negative one {a.false:.1%} and {b.false:.1%} are "
            "taken for positive. Rows and model can tell what stands behind it: run with --rows."
        ),
        evidence=(
            Clue(what=f"true positive rate of {a.words}", value=a.found, n=a.tp + a.fn),
            Clue(what=f"true positive rate of {b.words}", value=b.found, n=b.tp + b.fn),
            Clue(what=f"false positive rate of {a.words}", value=a.false, n=a.fp + a.tn),
            Clue(what=f"false positive rate of {b.words}", value=b.false, n=b.fp + b.tn),
            Clue(what="chance of such a difference in errors where there is none", value=p),
        ),
    )


# The cut


def _gap(tally: Tally, requirement: Requirement) -> float | None:
    """Return how far a metric is from treating groups alike."""
    found = hold(tally, (requirement,))[0].measurement
    if found is None or found.value is None:
        return None
    return 1 - found.value if found.unit == "ratio" else found.value


def _share_gone(before: Tally, after: Tally, requirement: Requirement) -> float | None:
    was, now = _gap(before, requirement), _gap(after, requirement)
    return None if was is None or now is None or was <= 0 else 1 - now / was


def _cut(tally: Tally, recut: Recut, requirement: Requirement, a: Side, b: Side) -> Cause | None:
    """Return that groups are cut in different places, although no common cut explains the decisions."""
    if recut.unscored or requirement.metric not in SELECTION | OF_POSITIVE | OF_NEGATIVE | {
        "equalized_odds_difference", "equalized_odds_ratio", "accuracy_difference", "predictive_parity_difference",
    }:  # fmt: skip
        return None
    cut, off = recut.closest(())[()]
    own = recut.closest(requirement.attributes)
    (cut_a, off_a), (cut_b, off_b) = own[a.key], own[b.key]
    rows_a, rows_b = a.labelled + sum(a.blank), b.labelled + sum(b.blank)
    explained = off_a <= _EXPLAINED * rows_a and off_b <= _EXPLAINED * rows_b
    if not explained or off <= _EXPLAINED * (rows_a + rows_b) or cut_a == cut_b:
        return None
    share = _share_gone(tally, recut.at(cut), requirement)
    if share is None or share < MATTERS:
        return None
    return Cause(
        kind="threshold.cut",
        share=min(share, 1.0),
        confidence=0.95,
        detail=(
            f"Scores are cut in different places: at {cut_a:.4g} for {a.words}, at {cut_b:.4g} for {b.words}. With one "
            f"cut for both ({cut:.4g}) {min(share, 1):.0%} of the gap would be gone."
        ),
        evidence=(
            Clue(what=f"cut that explains the decisions about {a.words}", value=cut_a, n=rows_a),
            Clue(what=f"cut that explains the decisions about {b.words}", value=cut_b, n=rows_b),
            Clue(what="decisions that no common cut explains", value=float(off), n=rows_a + rows_b),
        ),
    )


# Calibration


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a score means in two groups: the share with the positive label at the cut, and what moving it would do."""

    cut: float
    at_cut: tuple[float, float]
    p: float
    share: float

    @property
    def alike(self) -> bool:
        """Whether it means the same, as far as the gap is concerned."""
        return self.share < MATTERS


def _meaning(tally: Tally, recut: Recut, requirement: Requirement, a: Side, b: Side) -> _Meaning | None:
    """Fit what scores mean; None where labels or scores of a group are all alike, or a score ranks the wrong way."""
    points_a, points_b = points(tally, requirement.attributes, a.key), points(tally, requirement.attributes, b.key)
    line_a, line_b, both = line_of(points_a), line_of(points_b), line_of(points_a + points_b)
    if line_a is None or line_b is None or both is None or line_a[1] <= 0 or line_b[1] <= 0:
        return None
    square = 2 * (likelihood(points_a, line_a) + likelihood(points_b, line_b))
    square -= 2 * likelihood(points_a + points_b, both)
    cut = recut.closest(())[()][0]
    meaning = line_b[0] + line_b[1] * place_of(tally, cut)
    cut_a = score_at(tally, (meaning - line_a[0]) / line_a[1])
    after = recut.by_group(requirement.attributes, {a.key: cut_a}, cut)
    share = _share_gone(recut.at(cut), after, requirement)
    return _Meaning(
        cut=cut,
        at_cut=(sigmoid(line_a[0] + line_a[1] * place_of(tally, cut)), sigmoid(meaning)),
        p=exp(-max(square, 0.0) / 2),  # chi-squared with two degrees of freedom
        share=0.0 if share is None else share,
    )


def _calibration(meaning: _Meaning, a: Side, b: Side) -> Cause:
    """Return that a score means something else in one group, where moving it to mean the same closes the gap."""
    share, at_cut = min(meaning.share, 1.0), meaning.at_cut
    return Cause(
        kind="model.calibration",
        share=share,
        confidence=_sure(meaning.p) * 0.85,
        detail=(
            f"A score means something else in one group: at the cut ({meaning.cut:.4g}) {at_cut[0]:.0%} of {a.words} "
            f"have the positive label, and {at_cut[1]:.0%} of {b.words}. With scores that mean the same {share:.0%} of "
            "the gap would be gone."
        ),
        evidence=(
            Clue(what=f"share with the positive label at the cut, {a.words}", value=at_cut[0], source=COX),
            Clue(what=f"share with the positive label at the cut, {b.words}", value=at_cut[1], source=COX),
            Clue(what="chance of two such lines where there is one", value=meaning.p),
        ),
    )
