"""data.representation and data.split_mismatch: the rows that the model learnt from against the rows it is judged on.

Representation is a side's share of the rows: the model learnt less of it than there is of it. A mismatch is a
difference within a side: its features (population stability index, Siddiqi 2006, Credit Risk Scorecards, chapter 10),
its base rate, or how its label follows the features.
"""

# ruff: noqa: S608 - every name and value in this SQL has passed assay.tabular.sql

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from assay.diagnosis.accounts import labels_part
from assay.diagnosis.arithmetic import Curve, tail_of_chi, two_rates
from assay.diagnosis.case import Suspect, confidence
from assay.diagnosis.contributions import over
from assay.diagnosis.fits import curve
from assay.diagnosis.noise import BETTER, LEAST_FLIPS, LOOKS, SOURCE, flips, sure_of
from assay.records.explanation import Cause, Clue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.diagnosis.case import Case
    from assay.diagnosis.fits import Fit
    from assay.diagnosis.noise import Flips
    from assay.records.explanation import CauseKind

THIN = 0.65
"""A side whose share of the train rows is less than this part of its share of the data was seen too little."""

HALF = 0.5

MOVED = 0.1
"""Population stability index from which on a feature has moved (Siddiqi 2006: 0.1 minor, 0.25 major)."""

MOVED_MUCH = 0.25

MOVED_ODDS = 0.35
"""Log odds of the label at equal features by which train and data must differ."""


LEAST_SHARE = 0.25
"""A relation that accounts for less of the gap is not named."""

LABELS = "labels"
"""What a mismatch is about that is one of labels alone."""


class Moved(NamedTuple):
    """A difference between train and data within one side: what, how much (0.1 minor, 0.25 major), and in words."""

    what: str
    side: int
    size: float
    told: str


def find_training(case: Case) -> list[Suspect]:
    """Return what the train rows have to do with the gap."""
    if case.train is None:
        return []
    moved = _moved_features(case)
    # Of people who are others the label may follow the features otherwise, which looks like turned labels.
    noisy = [] if moved else _train_noise(case)
    if noisy:
        return [*_representation(case), *noisy]
    relation = _moved_relation(case)  # of labels alone, it says which feature they followed
    return [*_representation(case), *relation, *([] if relation and not moved else _mismatch(case, moved))]


def _representation(case: Case) -> list[Suspect]:
    train = case.train
    n1, n0 = (counts.rows for counts in case.sides.counts)
    if train is None or not sum(train.rows):
        return []
    in_train, in_data = train.rows[0] / sum(train.rows), n1 / (n1 + n0)
    _, z = two_rates(train.rows[0], sum(train.rows), n1, n1 + n0)
    thin = (in_train / in_data, 1) if in_data else (1.0, 1)
    other = ((1 - in_train) / (1 - in_data), 0) if in_data < 1 else (1.0, 0)
    ratio, side = min(thin, other)
    if ratio > THIN or (in_train if side else 1 - in_train) > HALF:
        return []  # of a side that most of the train rows are of, the model has seen enough
    shares = (in_train, in_data) if side else (1 - in_train, 1 - in_data)
    detail = (
        f"{case.sides.named(bool(side))} has {shares[0]:.1%} of the train rows and {shares[1]:.1%} of the data: "
        f"the model "
        f"learnt from {train.rows[0] if side else train.rows[1]:,} of them."
    )
    clues = (
        Clue(what="share of the train rows", value=shares[0], n=sum(train.rows)),
        Clue(what="share of the data", value=shares[1], n=n1 + n0),
    )
    share = max(1 - labels_part(case), 0.0) if case.has_label else None
    sure = confidence(z) * min(1.0, 0.6 + (THIN - ratio))
    return [Suspect(Cause(kind="data.representation", share=share, confidence=sure, detail=detail, evidence=clues))]


def _train_noise(case: Case) -> list[Suspect]:
    """Return labels of one side that were turned in the train rows."""
    train = case.train
    if train is None or not train.has_label or not train.codes:
        return []
    found = []
    bins = [case.coded.bins[at] for at in train.features if case.coded.features[at].name in case.missing_more]
    there = " AND ".join(f"{one} >= 0" for one in bins) or "TRUE"
    source = f"(SELECT * FROM trained WHERE {there})"
    for side in (1, 0):
        fitted = curve(case.coded.people, ("1.0", *train.codes), f"g = {1 - side} AND {there}")
        if fitted is not None:
            found.append(flips(case, source, side, f"({fitted.sql()})", "the features"))
    told = [
        one
        for one in found
        if one is not None and max(one.e0, one.e1) >= LEAST_FLIPS and one.better >= one.needed and one.surely
    ]
    if not told:
        return []
    best = max(told, key=lambda one: one.better)
    named = case.sides.named(bool(best.side))
    detail = (
        f"Labels of {named} in the train rows contradict the features where they are surest: about "
        f"{best.e1:.0%} of those "
        f"who should be positive are labelled negative, and {best.e0:.0%} the other way round. The model learnt that."
    )
    clues = (
        Clue(what=f"positives of {named} labelled negative, train", value=best.e1, source=SOURCE),
        Clue(what=f"negatives of {named} labelled positive, train", value=best.e0, source=SOURCE),
        Clue(what="twice the log likelihood of turned labels over moved odds", value=best.better),
    )
    sure = (1 - best.p * LOOKS) * sure_of(best)
    share = 1 - labels_part(case) * (1 - _turned_part(case, best))
    cause = Cause(kind="data.label_noise", share=share, confidence=sure, detail=detail, evidence=clues)
    # What the model learnt from such labels it does by its features, and its scores are off by it.
    screens: tuple[CauseKind, ...] = ("model.feature", "model.calibration") if best.better >= BETTER else ()
    return [Suspect(cause, screens=screens)]


def _turned_part(case: Case, found: Flips) -> float:
    """Return the part of the gap between the train labels' rates that goes away when labels are turned back."""
    rates = dict(case.coded.people.ask("SELECT g, avg(y) FROM trained WHERE y IS NOT NULL GROUP BY g"))
    mine, others = rates[found.side], rates[1 - found.side]
    back = min(max((mine - found.e0) / (1 - found.e0 - found.e1), 0.0), 1.0)
    return min(max(1 - abs(back - others) / abs(mine - others), 0.0), 1.0) if mine != others else 0.0


def _mismatch(case: Case, features: list[Moved]) -> list[Suspect]:
    moved = [*features, *_moved_labels(case)]
    if not moved:
        return []
    worst = max(moved, key=lambda one: one.size)
    told = "; ".join(one.told for one in sorted(moved, key=lambda one: -one.size)[:4])
    detail = f"Train and data are unlike within {case.sides.named(bool(worst.side))}: {told}."
    clues = tuple(
        Clue(what=f"{one.what}, {case.sides.named(bool(one.side))}", value=one.size, source="Siddiqi 2006, chapter 10")
        for one in moved[:8]
    )
    sure = min(1.0, 0.5 + worst.size / MOVED_MUCH / 2)
    share = 1 - labels_part(case) * _labels_gap_in_train(case) if case.has_label else None
    cause = Cause(kind="data.split_mismatch", share=share, confidence=sure, detail=detail, evidence=clues)
    return [Suspect(cause, feature="" if features else LABELS)]


def _labels_gap_in_train(case: Case) -> float:
    """Return the part of the labels' own gap that was there in train; the rest came with what has moved."""
    train, (gap, _) = case.train, case.label_gap
    if train is None or not train.has_label or not gap:
        return 1.0
    rates = dict(case.coded.people.ask("SELECT g, avg(y) FROM trained WHERE y IS NOT NULL GROUP BY g"))
    return min(max((rates[1] - rates[0]) / gap, 0.0), 1.0) if len(rates) == len((1, 0)) else 1.0


def _moved_features(case: Case) -> list[Moved]:
    found = []
    for at in case.train.features if case.train is not None else ():
        name = case.coded.features[at].name
        there = "TRUE"
        if name in case.missing_more:  # values that stand for none have not moved: they are missing
            there = f"rid NOT IN (SELECT rid FROM people WHERE {case.missing_more[name]})"
        for side in (1, 0):
            train, now = (_bins(case, at, side, table) for table in ("trained", "coded"))
            size = stability(train, now)
            if there != "TRUE" and size >= MOVED:
                kept = _bins(case, at, side, "coded", there)
                missing = case.coded.people.rows[1 - side] - sum(kept.values())
                size = min(size, stability(train, _filled_in(train, kept, missing)))
            if size >= MOVED:
                found.append(
                    Moved(f"population stability index of {name}", side, size, f"{name} has moved (index {size:.2f})")
                )
    return found


def _filled_in(train: dict[int, int], kept: dict[int, int], missing: int) -> dict[int, float]:
    """Return the data's counts with its missing values where train has more: as like train as they may have been.

    A feature has surely moved only if it has whatever the missing values are (Manski 1989, Journal of Human Resources
    24:343-360): which values are missing may itself hang on them, and train may have had another value for none.
    """
    seen, rows = sum(train.values()), sum(kept.values()) + missing
    lacking = {one: max(n * rows / seen - kept.get(one, 0), 0.0) for one, n in train.items()}
    whole = sum(lacking.values()) or 1.0
    return {one: kept.get(one, 0) + missing * lacking.get(one, 0.0) / whole for one in {*train, *kept}}


def _bins(case: Case, at: int, side: int, table: str, where: str = "TRUE") -> dict[int, int]:
    """Return the rows of one side in each bin of a feature."""
    column = case.coded.bins[at]
    return dict(
        case.coded.people.ask(
            f"SELECT {column}, count(*) FROM {table} WHERE g = {side} AND {column} >= 0 AND ({where}) GROUP BY 1"
        )
    )


def stability(train: Mapping[int, float], now: Mapping[int, float]) -> float:
    """Return the population stability index of two counts, less what chance gives (Yurdakul 2018)."""
    n, m = sum(train.values()), sum(now.values())
    if min(n, m) < 30:  # noqa: PLR2004 - nothing is told by fewer
        return 0.0
    bins = {*train, *now}
    total = 0.0
    for one in bins:
        p, q = ((part.get(one, 0) + 0.5) / (size + 0.5 * len(bins)) for part, size in ((train, n), (now, m)))
        total += (p - q) * math.log(p / q)
    return total - 2.0 * (len(bins) - 1) * (1 / n + 1 / m)


def _moved_labels(case: Case) -> list[Moved]:
    """Return sides in which the label follows the features otherwise in train than in the data."""
    train = case.train
    if train is None or not train.has_label or not case.has_label:
        return []
    fitted = curve(case.coded.people, ("1.0", "g", *train.codes))
    if fitted is None:
        return []
    lp = f"greatest(-6, least(6, {fitted.sql()}))"
    found = []
    for side in (1, 0):
        cells = case.coded.people.ask(
            " UNION ALL ".join(
                f"SELECT {of} AS o, round({lp} * 4) / 4 AS b, count(*), sum(y), avg({lp}) FROM {table} "
                f"WHERE g = {side} AND y IS NOT NULL GROUP BY b"
                for of, table in ((1, "trained"), (0, "coded"))
            )
            + " ORDER BY 1, 2"
        )
        ys, ns = [float(c[3]) for c in cells], [float(c[2]) for c in cells]
        if len({c[0] for c in cells}) < 2 or not 0 < sum(ys) < sum(ns):  # noqa: PLR2004 - two tables
            continue
        same = Curve([[1.0, c[4]] for c in cells], ys, ns)
        apart = Curve([[1.0, c[4], float(c[0]), c[0] * c[4]] for c in cells], ys, ns)
        p = tail_of_chi(same.deviance - apart.deviance, 2)
        shift, slope = apart.coefficients[2:]
        size = max(abs(shift), abs(slope))
        if p < 0.001 and size >= MOVED_ODDS:  # noqa: PLR2004 - sure
            told = f"the label follows the features otherwise (log odds by {shift:+.2f}, slope by {slope:+.2f})"
            found.append(
                Moved("log odds of the label at equal features", side, size * MOVED_MUCH / (2 * MOVED_ODDS), told)
            )
    return found


def _moved_relation(case: Case) -> list[Suspect]:
    """Return the feature that the label followed in the train rows, and in the data does not follow as much.

    The model learnt its weight from labels that supported it then: what the data do not support has moved. Sides are
    left out of both curves, as the model had none.
    """
    train, support = case.train, case.support
    if train is None or support is None or not train.has_label or not train.codes:
        return []
    terms = ("1.0", *train.codes)
    then, now = (curve(case.coded.people, terms, table=table) for table in ("trained", "coded"))
    if then is None or now is None:
        return []
    found = [_moved_use(case, at, then, now) for at in train.features]
    return [max(known, key=lambda one: one.weight)] if (known := [one for one in found if one is not None]) else []


def _moved_use(case: Case, at: int, then: Fit, now: Fit) -> Suspect | None:
    """Return the suspect of one feature; None where its relation has not moved, or the gap does not rest on it."""
    codes = [code for place in case.coded.codes_of(at) if (code := case.codes[place]) in then.terms]
    support = case.support
    if not codes or support is None:
        return None
    code = max(codes, key=lambda one: abs(then.of(one)[0] - now.of(one)[0]))
    (before, its_error), (after, error) = then.of(code), now.of(code)
    moved, use = before - after, support.uses[code]
    learnt = abs(before / support.steepness - use.whole) < abs(after / support.steepness - use.whole) / 2
    if abs(moved) < MOVED_ODDS / 2 or not learnt:
        return None
    z = moved / math.hypot(error, its_error)
    sure = confidence(z, len(then.terms) - 1)
    gap = case.worlds.decided_by(f"t - ({over(support, codes)})")
    share = case.worlds.closed(gap, case.before)
    if share < LEAST_SHARE or sure < 0.95:  # noqa: PLR2004 - beyond doubt
        return None
    name = case.coded.features[at].name
    detail = (
        f"In the train rows the label followed {name} (log odds {before:+.2f} a standard deviation), in the data it "
        f"does not as much ({after:+.2f}): the score gives it the weight of then. With the weight that the data "
        f"support the gap would be {abs(gap.value):.3f} in place of {abs(case.before.value):.3f}."
    )
    clues = (
        Clue(what=f"log odds of the label in {name}, train", value=before, n=then.rows),
        Clue(what=f"log odds of the label in {name}, data", value=after, n=now.rows),
        Clue(what="difference, in standard errors", value=abs(z)),
        Clue(what="gap with the weight that the data support", value=gap.value),
    )
    cause = Cause(kind="data.split_mismatch", share=share, confidence=sure, detail=detail, evidence=clues)
    return Suspect(cause, feature=name)
