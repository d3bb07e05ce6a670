"""model.feature: a product of two features that the score counts and the label does not.

Each of the two may be spread alike on both sides, and the gap come from their going together on one of them: no single
feature tells. So what the score's line leaves (`Case.surrogate`) is held against every product of two codes, on one
half of the rows; the best is measured on the other. It is an interaction of the score's own where it stands on both
sides, with one sign (Friedman and Popescu 2008, Annals of Applied Statistics 2:916-954, section 8, on interactions as
what main effects leave); on one side alone it is another cause, which is sought elsewhere.
"""

# ruff: noqa: S608 - every name and value in this SQL has passed assay.tabular.sql

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from assay.diagnosis.case import Suspect, confidence
from assay.diagnosis.fits import curve, line
from assay.records.explanation import Cause, Clue
from assay.tabular.sql import literal

if TYPE_CHECKING:
    from assay.diagnosis.case import Case

MOST = 24
"""Codes whose products are looked at: those whose size goes with the size of what the line leaves."""

LEAST_LEFT = 0.03
"""Share of the score's variance that the line must leave."""

LEAST_PART = 0.1
"""Share of what is left that a product must explain."""

LEAST_SHARE = 0.25
"""A product that carries less of the gap is not named."""

SURELY = 4.0
"""Standard errors by which the product stands on each side."""


class Product(NamedTuple):
    """A product of two codes.

    Attributes:
        first: place of one code in `Coded.codes`.
        second: of the other.
        sql: of the product, each code less its mean.
        looks: products that were looked at.
    """

    first: int
    second: int
    sql: str
    looks: int


def find_products(case: Case) -> list[Suspect]:
    """Return the product of two features that carries the gap."""
    return case.products


def product_suspects(case: Case) -> list[Suspect]:
    """Look for the product of two features that carries the gap; a case keeps what was found (`Case.products`)."""
    surrogate = case.surrogate
    if surrogate is None or not case.coded.people.has_score or 1 - surrogate.explained < LEAST_LEFT:
        return []
    left = f"(t - ({surrogate.sql()}))"
    found = _best(case, left)
    if found is None or not _on_both_sides(case, found):
        return []
    return _measured(case, found)


def _best(case: Case, left: str) -> Product | None:
    """Return the product that explains most of what is left, on one half of the rows; None where it is too little."""
    codes = _busy(case, left)
    ask = case.coded.people.ask
    means = ask(f"SELECT {', '.join(f'avg({case.codes[at]})' for at in codes)} FROM coded")[0] if codes else ()
    centred = {at: f"({case.codes[at]} - {literal(float(mean or 0.0))})" for at, mean in zip(codes, means, strict=True)}
    pairs = [
        (a, b, f"{centred[a]} * {centred[b]}")
        for place, a in enumerate(codes)
        for b in codes[place + 1 :]
        if case.coded.codes[a].feature != case.coded.codes[b].feature
    ]
    if not pairs:
        return None
    told = ask(
        f"SELECT {', '.join(f'corr(r, {sql})' for _, _, sql in pairs)} FROM "
        f"(SELECT *, {left} AS r FROM coded WHERE h = 0 AND t IS NOT NULL)"
    )[0]
    parts = [0.0 if one is None or math.isnan(one) else one**2 for one in told]
    at = max(range(len(pairs)), key=lambda place: parts[place])
    return Product(*pairs[at], len(pairs)) if parts[at] >= LEAST_PART else None


def _busy(case: Case, left: str) -> list[int]:
    """Return places of codes in which the size of what is left goes with their own; all of them, where they are few."""
    there = [at for at, code in enumerate(case.coded.codes) if not code.missing]
    if len(there) <= MOST:
        return there
    told = case.coded.people.ask(
        f"SELECT {', '.join(f'corr(r * r, {case.codes[at]} * {case.codes[at]})' for at in there)} FROM "
        f"(SELECT *, {left} AS r FROM coded WHERE h = 0 AND t IS NOT NULL)"
    )[0]
    size = {at: 0.0 if one is None or math.isnan(one) else abs(one) for at, one in zip(there, told, strict=True)}
    return sorted(sorted(there, key=lambda at: -size[at])[:MOST])


def _on_both_sides(case: Case, found: Product) -> bool:
    """Say whether the score counts the product on each side, on the half that did not choose it."""
    terms = ("1.0", *_codes_beside(case, found), found.sql)
    lines = [line(case.coded.people, "t", terms, f"g = {side} AND h = 1") for side in (1, 0)]
    if any(one is None for one in lines):
        return False
    zs = [one.z(found.sql) for one in lines if one is not None]
    return min(map(abs, zs)) >= SURELY and zs[0] * zs[1] > 0


def _codes_beside(case: Case, found: Product) -> list[str]:
    """Return the codes that stand beside a product: of its own two features the straight ones alone.

    Where the two go together their product is a bend of each, and would be shared out among both.
    """
    pair = {case.coded.codes[at].feature for at in (found.first, found.second)}
    return [
        column
        for at, column in enumerate(case.codes)
        if case.coded.codes[at].feature not in pair or at in {found.first, found.second} or case.coded.codes[at].missing
    ]


def _measured(case: Case, found: Product) -> list[Suspect]:
    """Return the suspect, as far as the label does not support the product."""
    terms = ("1.0", "g", *_codes_beside(case, found), found.sql)
    score = line(case.coded.people, "t", terms)
    if score is None:
        return []
    whole, error = score.of(found.sql)
    over = whole
    label = curve(case.coded.people, terms) if case.support is not None else None
    if label is not None and case.support is not None:
        mine, its_error = label.of(found.sql)
        over, error = whole - mine / case.support.steepness, math.hypot(error, its_error / case.support.steepness)
    z = over / error if error else 0.0
    gap = case.worlds.decided_by(f"t - {literal(over)} * ({found.sql})")
    share, sure = case.worlds.closed(gap, case.before), confidence(z, found.looks)
    if share < LEAST_SHARE or sure < 0.5:  # noqa: PLR2004 - likelier by chance than not
        return []
    names = [case.coded.features[case.coded.codes[at].feature].name for at in (found.first, found.second)]
    supported = "which the label does not support" if label is not None else "as far as the score tells"
    means = dict(case.coded.people.ask(f"SELECT g, avg({found.sql}) FROM coded GROUP BY g ORDER BY g"))
    detail = (
        f"The score counts {names[0]} and {names[1]} together (their product), {supported}; they go together otherwise "
        f"in {case.sides.named(True)} than in {case.sides.named(False)}. Without that part the gap would be "
        f"{abs(gap.value):.3f} in place of {abs(case.before.value):.3f}."
    )
    clues = (
        Clue(
            what=f"use of the product of {names[0]} and {names[1]} that the label does not support, in standard errors",
            value=abs(z), n=score.rows, source="Friedman and Popescu 2008, AOAS 2:916-954",
        ),
        Clue(what=f"mean of the product, {case.sides.named(True)}, in standard deviations", value=means.get(1)),
        Clue(what=f"mean of the product, {case.sides.named(False)}, in standard deviations", value=means.get(0)),
        Clue(what="products that were looked at", value=float(found.looks)),
        Clue(what="gap without it", value=gap.value),
    )  # fmt: skip
    cause = Cause(kind="model.feature", share=share, confidence=sure, detail=detail, evidence=clues)
    return [
        Suspect(
            cause, feature=" x ".join(names), features=tuple(names), screens=("model.calibration", "model.error_gap")
        )
    ]
