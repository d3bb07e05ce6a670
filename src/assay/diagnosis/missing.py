"""data.missingness: values, or labels, missing more for one side, with the gap among the rows that miss them.

Missing is NULL, NaN or an empty text; a text such as ``unknown``; or one number that stands in unusually many rows of
one side (a sentinel such as -1, or a filled-in mean).
"""

# ruff: noqa: S608 - every name and value in this SQL has passed assay.tabular.sql

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from assay.diagnosis.arithmetic import Curve, two_rates
from assay.diagnosis.case import Suspect, confidence
from assay.diagnosis.fits import line
from assay.diagnosis.sides import FALSE_POSITIVE, TRUE_POSITIVE
from assay.diagnosis.worlds import Gap
from assay.records.explanation import Cause, Clue
from assay.tabular.sql import literal

if TYPE_CHECKING:
    from assay.diagnosis.case import Case
    from assay.diagnosis.worlds import Calibrations
    from assay.records.explanation import CauseKind

LEAST_GAP = 0.05
"""Rates of missing values that differ by less are alike."""

LEAST_SHARE = 0.25
"""Missing values that account for less of the gap are not named."""

GELBACH = "Gelbach 2016, Journal of Labor Economics 34:509-543"

SURE = 4.0
"""Standard errors by which rates of missing values must differ."""

CHANCE, SURELY = 0.05, 1.96
"""Probability, and standard errors, from which on complete rows tell the sides apart."""

WRITTEN = ("unknown", "na", "n/a", "nan", "none", "null", "missing", "not available", "not stated", "?", "-", "unk")
"""Texts that say that there is no value."""

SPIKE = 0.05
"""Share of the rows of one side that one number must have to be taken for a filled-in value."""

MANY_VALUES = 20
"""Numbers with fewer different values are counts or codes: that one of them is frequent says nothing."""


class Missing(NamedTuple):
    """A feature that is missing more on one side: rates of focus and reference, z, what stands for it, and SQL."""

    feature: str
    focus: float
    reference: float
    z: float
    stands: str
    where: str


def missing_more(case: Case) -> list[Missing]:
    """Return the features that are missing more on one side."""
    return [
        one for one in _missing_features(case) if abs(one.focus - one.reference) >= LEAST_GAP and abs(one.z) >= SURE
    ]


def find_missing(case: Case) -> list[Suspect]:
    """Return missing features, and missing labels, that account for the gap."""
    found = missing_more(case)
    return [*(_of_features(case, found) if found else []), *_of_labels(case)]


def _missing_features(case: Case) -> list[Missing]:
    people, found = case.coded.people, []
    for feature in case.coded.features:
        x = feature.column
        conditions = [("no value", f"{x} IS NULL")]
        if feature.number:
            conditions += _spike(case, feature.column)
        else:
            listed = ", ".join(literal(one) for one in WRITTEN)
            conditions.append(("a text that says so", f"lower({x}) IN ({listed})"))
        for stands, where in conditions:
            rows = {
                side: (n, k)
                for side, n, k in people.ask(f"SELECT g, count(*), count(*) FILTER ({where}) FROM people GROUP BY g")
            }
            (n1, k1), (n0, k0) = rows.get(1, (0, 0)), rows.get(0, (0, 0))
            if k1 + k0:
                _, z = two_rates(k1, n1, k0, n0)
                found.append(Missing(feature.name, k1 / max(n1, 1), k0 / max(n0, 1), z, stands, where))
    return found


def _spike(case: Case, x: str) -> list[tuple[str, str]]:
    """Return the one number that stands unusually often on one side, among many different ones."""
    people = case.coded.people
    different, _ = people.ask(f"SELECT approx_count_distinct({x}), count({x}) FROM people")[0]
    if different < MANY_VALUES:
        return []
    for side in (1, 0):
        top = people.ask(
            f"SELECT {x}, count(*) AS n FROM people WHERE g = {side} AND {x} IS NOT NULL GROUP BY {x} ORDER BY "
            f"n DESC, {x} LIMIT 2"
        )
        whole = people.value(f"SELECT count({x}) FROM people WHERE g = {side}")
        # A spike stands alone: the next frequent number has not a third of its rows.
        if top and top[0][1] >= SPIKE * whole and (len(top) < 2 or top[1][1] * 3 <= top[0][1]):  # noqa: PLR2004 - the next
            return [(f"the number {top[0][0]:.6g}", f"{x} = {literal(float(top[0][0]))}")]
    return []


def _of_features(case: Case, found: list[Missing]) -> list[Suspect]:
    any_missing = " OR ".join(f"({one.where})" for one in found)
    inside = f"rid IN (SELECT rid FROM people WHERE {any_missing})"
    complete, broken = case.worlds.gap(f"NOT {inside}"), case.worlds.gap(inside)
    alike, mended = _missing_alike(case, found) or complete, _as_labelled(case, inside)
    share = max(case.worlds.closed(alike), 0.0 if mended is None else case.worlds.closed(mended, case.before))
    if share < LEAST_SHARE:
        return []
    worst = max(found, key=lambda one: abs(one.z))
    moved = share * abs(case.worlds.now.value)
    sure = min(confidence(worst.z, len(case.coded.features)), confidence(moved / alike.error if alike.error else 0.0))
    names = ", ".join(f"{one.feature} ({one.focus:.0%} against {one.reference:.0%}, as {one.stands})" for one in found)
    detail = (
        f"Missing more for {case.sides.named(worst.focus > worst.reference)}: {names}. Among rows with all of "
        f"them the gap "
        f"in {case.sides.rate.words} is {abs(complete.value):.3f}, among the others {abs(broken.value):.3f}."
    )
    clues = [
        Clue(
            what=f"{one.feature} missing, {case.sides.named(True)} less {case.sides.named(False)}",
            value=one.focus - one.reference,
        )
        for one in found
    ]
    clues += [
        Clue(what="gap among rows with no missing value", value=complete.value, n=sum(complete.rows)),
        Clue(what="gap were values missing as often on both sides", value=alike.value, source=GELBACH),
        Clue(what="gap among rows with a missing value", value=broken.value, n=sum(broken.rows)),
        *(
            []
            if mended is None
            else [Clue(what="gap with rows that miss a value scored as their labels are", value=mended.value)]
        ),
    ]
    cause = Cause(kind="data.missingness", share=share, confidence=sure, detail=detail, evidence=tuple(clues))
    return [Suspect(cause, screens=_screened(case.worlds.calibrations(where=f"NOT {inside}")))]


def _missing_alike(case: Case, found: list[Missing]) -> Gap | None:
    """Return the gap were values missing as often on both sides: that of a line with what is missing beside the side.

    Where several features are missing hardly any row has all of them; a line learns from rows that miss some.
    """
    rate = case.sides.rate
    terms = [f"CAST(rid IN (SELECT rid FROM people WHERE {one.where}) AS INTEGER)" for one in found]
    fitted = line(case.coded.people, rate.value, ("1.0", "g", *terms), rate.where)
    return None if fitted is None else Gap(*fitted.of("g"), case.worlds.now.rows)


def _screened(complete: Calibrations | None) -> tuple[CauseKind, ...]:
    """Return what is not told from none among the rows with all values: it comes with those that are missing."""
    if complete is None or complete.areas is None or complete.areas_error is None:
        return ()
    found: list[CauseKind] = ["model.calibration"] if complete.p > CHANCE else []
    if abs(complete.areas[0] - complete.areas[1]) < SURELY * complete.areas_error:
        found.append("model.error_gap")
    return tuple(found)


def _as_labelled(case: Case, inside: str) -> Gap | None:
    """Return the gap if rows that miss a value had the score that their labels speak for."""
    if not case.has_label or not case.coded.people.has_score:
        return None
    cells = case.coded.people.ask(
        f"SELECT {inside} AS i, round(t * 4) / 4 AS b, count(*), sum(y), avg(t) FROM coded "
        "WHERE y IS NOT NULL AND t IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
    )
    if len({cell[0] for cell in cells}) < 2:  # noqa: PLR2004 - with and without
        return None
    terms = [[1.0, cell[4], cell[4] ** 2, float(bool(cell[0]))] for cell in cells]
    found = Curve(terms, [float(cell[3]) for cell in cells], [float(cell[2]) for cell in cells])
    slope = found.coefficients[1]
    if slope <= 0.05 or abs(found.coefficients[3]) < 3 * math.sqrt(found.covariance[3][3]):  # noqa: PLR2004 - sure
        return None
    return case.worlds.decided_by(f"t + {literal(found.coefficients[3] / slope)} * CAST(({inside}) AS INTEGER)")


def _of_labels(case: Case) -> list[Suspect]:
    if not case.has_label:
        return []
    (_, n1), (_, n0) = (counts.labels for counts in case.sides.counts)
    rows1, rows0 = (counts.rows for counts in case.sides.counts)
    gap, z = two_rates(rows1 - n1, rows1, rows0 - n0, rows0)
    if abs(gap) < 2 * LEAST_GAP or abs(z) < SURE:
        return []
    detail = (
        f"The label is missing for {1 - n1 / rows1:.0%} of {case.sides.named(True)} and {1 - n0 / rows0:.0%} of "
        f"{case.sides.named(False)}: what is measured among labelled people need not hold for all of them."
    )
    clue = Clue(what="label missing, focus less reference", value=gap, n=rows1 + rows0)
    share = _with_all_labels(case)
    cause = Cause(kind="data.missingness", share=share, confidence=confidence(z), detail=detail, evidence=(clue,))
    return [Suspect(cause)]


def _with_all_labels(case: Case) -> float | None:
    """Return the share of the gap that goes away when unlabelled people count with their score's risk."""
    rate = case.sides.rate
    if case.calibrations is None or rate not in {TRUE_POSITIVE, FALSE_POSITIVE} or not case.worlds.now.value:
        return None
    one, t, square = (literal(float(c)) for c in case.calibrations.common.coefficients)
    risk = f"coalesce(y, 1 / (1 + exp(-({one} + {t} * t + {square} * t * t))))"
    part = risk if rate is TRUE_POSITIVE else f"(1 - {risk})"
    rows = dict(
        case.coded.people.ask(
            f"SELECT g, sum(d * {part}) / nullif(sum({part}), 0) FROM coded WHERE t IS NOT NULL GROUP BY g"
        )
    )
    if rows.get(1) is None or rows.get(0) is None:
        return None
    return min(max(1 - abs(float(rows[1]) - float(rows[0])) / abs(case.worlds.now.value), 0.0), 1.0)
