"""Changes from one version to another on the same people: by group, with paired tests, intervals and a verdict.

What is here becomes a `Measurement`, too (`measure_changes`), so that a policy can decide on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.metrics.intervals.level import at_level
from assay.metrics.intervals.paired import METHOD as TANGO
from assay.metrics.intervals.paired import tango
from assay.metrics.metric import Metric
from assay.metrics.observing import groupings, observe
from assay.metrics.paired_gaps import gap_changes
from assay.metrics.paired_tests import delong, holm, mcnemar
from assay.metrics.paired_turns import EVENTS, Turns, turns_of
from assay.records.challenge import Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.metrics.intervals.level import Level
    from assay.records.challenge import Challenge, Standing
    from assay.records.measurement import Measurement
    from assay.records.paired import PairedCell, PairedCounts, PairedRanks
    from assay.records.tally import GroupValue

_OF = "the challenger's value minus the champion's, on the same people"
_MCNEMAR = "McNemar 1947, Psychometrika 12:153-157; interval: Tango 1998, Statistics in Medicine 17:891-908"
_DELONG = "DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837-845"
_GAP = "paired intervals joined by MOVER: Zou and Donner 2008, Statistics in Medicine 27:1693-1702"


def _change(name: str, of: str, source: str, *, higher_is_better: bool | None) -> Metric:
    return Metric(
        name=f"{name}_change", title=f"by how much the {of} changes against the version in production",
        unit="difference", scope="observed", higher_is_better=higher_is_better, low=-1.0, high=1.0, formula=_OF,
        source=source,
    )  # fmt: skip


METRICS = (
    _change("selection_rate", "selection rate", _MCNEMAR, higher_is_better=None),
    _change("accuracy", "accuracy", _MCNEMAR, higher_is_better=True),
    _change("true_positive_rate", "true positive rate", _MCNEMAR, higher_is_better=True),
    _change("false_positive_rate", "false positive rate", _MCNEMAR, higher_is_better=False),
    _change("roc_auc", "area under the ROC curve", _DELONG, higher_is_better=True),
    _change("demographic_parity_difference", "gap in selection rates", _GAP, higher_is_better=False),
    _change("equal_opportunity_difference", "gap in true positive rates", _GAP, higher_is_better=False),
    _change("equalized_odds_difference", "greater gap of both error rates", _GAP, higher_is_better=False),
)
BY_NAME = {metric.name: metric for metric in METRICS}

AREA = "roc_auc"

SMALLEST = 0.05
"""The smallest difference worth telling, where nobody gives a margin: five people in a hundred. It decides nothing:
only whether ``no difference`` may be said, or ``too few people to tell``."""


def changes(
    counts: PairedCounts, *, level: float = 0.95, smallest: float = SMALLEST, minimum_groups: Sequence[int] = (30,)
) -> tuple[tuple[Change, ...], dict[str, int]]:
    """Return every change: of everybody, of each group and intersection, then of the gaps between groups.

    A group's test is adjusted for all groups of its metric, of every attribute and intersection together (Holm). Groups
    under the minimum size are reported, and neither tested together with the others nor compared in gaps.

    Args:
        counts: of both versions on the same people.
        level: two-sided confidence of the intervals; ``1 - level`` is the error of the tests.
        smallest: the smallest difference worth telling.
        minimum_groups: groups smaller than the least of them are too few to tell; gaps are compared at each.

    Returns:
        The changes, and the number of groups that were adjusted together by metric.
    """
    at, minimum_group = at_level(level), min(minimum_groups)
    found: list[Change] = []
    families: dict[str, int] = {}
    for metric in _metrics(counts):
        raw = list(_of_metric(counts, metric, at))
        tested = [one for one in raw if one.group and one.n >= minimum_group and one.value is not None]
        if tested:
            families[metric] = len(tested)
        adjusted = holm({_key(one): 1.0 if one.p_value is None else one.p_value for one in tested})
        wide = at_level(1 - (1 - level) / len(tested)) if tested else at
        together = {_key(one): one.interval for one in _of_metric(counts, metric, wide)}
        for one in raw:
            key = _key(one)
            holm_p = one.p_value if not one.group else adjusted.get(key) if one.p_value is not None else None
            full = msgspec.structs.replace(
                one, holm_p_value=holm_p, simultaneous=together[key] if key in adjusted else None
            )
            found.append(_standing(full, smallest, minimum_group))
    gaps = [one for minimum in minimum_groups for one in gap_changes(counts, at, minimum)]
    return (*_by_group(found), *(_standing(one, smallest, minimum_group) for one in gaps)), families


def _metrics(counts: PairedCounts) -> list[str]:
    named = [name for name, event in EVENTS.items() if counts.labelled or not event.needs_label]
    return [*named, AREA] if counts.ranks else named


def _key(one: Change) -> tuple[tuple[str, GroupValue], ...]:
    return tuple(one.group.items())


def _by_group(found: Sequence[Change]) -> list[Change]:
    """Bring together what is about the same people: everybody, then group after group."""
    order: dict[tuple[tuple[str, GroupValue], ...], list[Change]] = {}
    for one in found:
        order.setdefault(_key(one), []).append(one)
    return [one for of_group in order.values() for one in of_group]


def groups_of(counts: PairedCounts) -> Iterator[tuple[dict[str, GroupValue], list[PairedCell]]]:
    """Yield everybody, then the groups of each attribute and intersection, each with its cells."""
    yield {}, list(counts.cells)
    for names, read in groupings(counts.attributes, counts.intersections):
        groups: dict[tuple[GroupValue, ...], list[PairedCell]] = {}
        for cell in counts.cells:
            groups.setdefault(read(cell.group), []).append(cell)
        for group in sorted(groups, key=lambda values: [(value is None, str(value)) for value in values]):
            yield dict(zip(names, group, strict=True)), groups[group]


def _of_metric(counts: PairedCounts, metric: str, level: Level) -> Iterator[Change]:
    if metric == AREA:
        yield from (_area(counts, group, cells, level) for group, cells in groups_of(counts))
        return
    for group, cells in groups_of(counts):
        yield _turned(metric, group, turns_of(cells, EVENTS[metric]), counts, level)


def _turned(metric: str, group: dict[str, GroupValue], turns: Turns, counts: PairedCounts, level: Level) -> Change:
    event, n = EVENTS[metric], turns.n
    better = event.higher_is_better(favourable_is_positive=counts.favourable_is_positive)
    if not n:
        return Change(
            metric=metric, group=group, n=0, level=level.level, higher_is_better=better, standing="not measured",
            reason=f"nobody here has {event.among}",
        )  # fmt: skip
    p_value, test = mcnemar(turns.risen, turns.fallen)
    return Change(
        metric=metric,
        group=group,
        n=n,
        champion=turns.before / n,
        challenger=turns.after / n,
        value=(turns.risen - turns.fallen) / n,
        interval=tango(turns.risen, turns.fallen, n, level.z),
        level=level.level,
        gained=turns.risen if better else turns.fallen,
        lost=turns.fallen if better else turns.risen,
        p_value=p_value,
        higher_is_better=better,
        standing="not measured",  # until everything is known
        method=f"{test}; {TANGO}",
    )


def _area(counts: PairedCounts, group: dict[str, GroupValue], cells: Sequence[PairedCell], level: Level) -> Change:
    ranks = next((one for one in counts.ranks if one.group == group), None)
    lacking = _lacking(ranks)
    if ranks is None or lacking:
        n = 0 if ranks is None else ranks.positives + ranks.negatives
        reason = f"nobody of {sum(cell.count for cell in cells):,} people here has {lacking} and both scores"
        return Change(
            metric=AREA, group=group, n=n, level=level.level, higher_is_better=True, standing="not measured",
            reason=reason,
        )  # fmt: skip
    areas = delong(ranks, level)
    return Change(
        metric=AREA,
        group=group,
        n=ranks.positives + ranks.negatives,
        champion=areas.champion,
        challenger=areas.challenger,
        value=areas.challenger - areas.champion,
        interval=areas.interval,
        level=level.level,
        p_value=areas.p_value,
        higher_is_better=True,
        standing="not measured",
        method=areas.method,
    )


def _lacking(ranks: PairedRanks | None) -> str:
    if ranks is None:
        return "a label"
    return "a positive label" if not ranks.positives else "a negative label" if not ranks.negatives else ""


def _standing(one: Change, smallest: float, minimum_group: int) -> Change:
    found, reason = _found(one, smallest, minimum_group)
    return msgspec.structs.replace(one, standing=found, reason=one.reason or reason)


def _found(one: Change, smallest: float, minimum_group: int) -> tuple[Standing, str | None]:
    if one.value is None:
        return "not measured", None
    if one.group and one.n < minimum_group:
        return "too few people to tell", f"{one.n:,} people, under the minimum of {minimum_group:,}"
    if one.interval is None:
        return "too few people to tell", "no interval can be made of so few people"
    low, high = one.interval
    away = low > 0 or high < 0
    # A gap has no test: its interval decides. All else needs both, so that test and interval never contradict.
    seen = away and (one.over is not msgspec.UNSET or (one.holm_p_value or 0.0) < 1 - one.level)
    if one.p_value is None and one.over is msgspec.UNSET:  # no variance to test with: the wider interval decides
        wide = one.simultaneous or one.interval
        seen = wide[0] > 0 or wide[1] < 0
    if seen:
        return ("better" if (one.value > 0) == one.higher_is_better else "worse"), None
    if low >= -smallest and high <= smallest:
        return "no difference", None
    return "too few people to tell", None


def measure_changes(challenge: Challenge) -> tuple[Measurement, ...]:
    """Return a challenge's changes as measurements, for the evidence of a release."""
    about = {"against": " ".join(part for part in (challenge.champion.name, challenge.champion.version) if part)}
    found = []
    for one in challenge.changes:
        over = None if one.over is msgspec.UNSET else one.over.attribute
        found.append(
            observe(
                BY_NAME[f"{one.metric}_change"], one.value, one.n, level=at_level(one.level), interval=one.interval,
                method=one.method or None, reason=one.reason if one.value is None else None, group=one.group,
                over=over, about=about, minimum_group=one.minimum_group,
            )
        )  # fmt: skip
    return tuple(found)
