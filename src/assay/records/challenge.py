"""A challenge: a new version held against the one in production, on the same people, group by group."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from assay.records.measurement import Over
from assay.records.paired import Joined
from assay.records.tally import FileDigest, Frozen, Gap, GroupValue

Standing: TypeAlias = Literal["better", "worse", "no difference", "too few people to tell", "not measured"]
"""What a change comes to. ``no difference`` is said only where the interval lies within the margin: it is shown that no
difference as large as the margin is there. What could not be shown is ``too few people to tell``."""

Outcome: TypeAlias = Literal["better-or-equal", "worse", "undecided"]


class Contender(Frozen, kw_only=True):
    """One of the two versions.

    Attributes:
        name: what reports call it.
        version: its version, where it is a release.
        prediction: its column of predictions.
        score: its column of scores.
        files: the files that its predictions were read from.
    """

    name: str
    version: str | None = None
    prediction: str
    score: str | None = None
    files: tuple[FileDigest, ...] = ()


class Change(Frozen, kw_only=True):
    """By how much one number changes from the champion to the challenger, on the same people.

    Attributes:
        metric: the metric; its change is the challenger's value minus the champion's.
        group: whom it is about; empty for everybody, and for a gap between groups.
        over: set on gaps between groups: the attribute, or several joined by a comma.
        n: people that it rests on.
        champion: the champion's value.
        challenger: the challenger's value.
        value: the change; None always comes with a ``reason``.
        interval: at ``level``, paired.
        simultaneous: at a level that holds for all groups of this metric at once (Bonferroni); None for everybody and
            for gaps, which stand alone.
        level: two-sided confidence.
        gained: people for whom it turned from bad to good: decided favourably now (selection), decided rightly now.
        lost: people for whom it turned from good to bad.
        p_value: of no change (McNemar, DeLong); None for gaps.
        holm_p_value: the same, adjusted for all groups of this metric (Holm); of everybody, as it is.
        higher_is_better: whether a rise is good; for selections, for the people selected.
        standing: what it comes to.
        minimum_group: of gaps: smaller groups took no part.
        method: how test and interval were made.
        reason: why there is no value, or what limits it.
    """

    metric: str
    group: dict[str, GroupValue] = {}
    over: Over | msgspec.UnsetType = msgspec.UNSET
    n: int
    champion: float | None = None
    challenger: float | None = None
    value: float | None = None
    interval: tuple[float, float] | None = None
    simultaneous: tuple[float, float] | None = None
    level: float
    gained: int | None = None
    lost: int | None = None
    p_value: float | None = None
    holm_p_value: float | None = None
    higher_is_better: bool
    standing: Standing
    minimum_group: int | msgspec.UnsetType = msgspec.UNSET
    method: str = ""
    reason: str | None = None


class Decided(Frozen, kw_only=True):
    """What a margin decided.

    Attributes:
        margin: how much worse the challenger may be.
        metrics: what was held against it.
        outcome: ``better-or-equal`` when every group's interval stays within the margin; ``worse`` when some group's
            lies beyond it, at limits that hold for all groups at once; else ``undecided``.
        grounds: why, a line each.
    """

    margin: float
    metrics: tuple[str, ...]
    outcome: Outcome
    grounds: tuple[str, ...] = ()


class Challenge(Frozen, kw_only=True):
    """A challenger against the champion.

    Attributes:
        schema: the record's version.
        champion: the version in production.
        challenger: the new version.
        rows: people that both decided.
        joined: how they were found.
        favourable_is_positive: whether the favourable outcome is the positive class.
        level: two-sided confidence.
        smallest: the smallest difference worth telling: what ``no difference`` is said against. The margin, when given.
        minimum_group: smaller groups are reported, and take no part in gaps.
        families: metric to the number of groups whose tests are adjusted together (Holm).
        changes: everybody first, then by attribute and intersection, metric by metric; gaps last.
        decided: what a margin decided; None without one.
        gaps: what is not known of people.
        remarks: what a reader must know, a sentence each.
    """

    schema: Literal["assay.challenge/v1"] = "assay.challenge/v1"
    champion: Contender
    challenger: Contender
    rows: int
    joined: Joined
    favourable_is_positive: bool = True
    level: float
    smallest: float
    minimum_group: int
    families: dict[str, int] = {}
    changes: tuple[Change, ...]
    decided: Decided | None = None
    gaps: tuple[Gap, ...] = ()
    remarks: tuple[str, ...] = ()
