"""data.proxy and model.feature: the features that carry the gap with no support by the label.

The disparity of the score is taken apart as Shapley values of a line are: a feature's coefficient times the difference
of the sides' means (Lundberg and Lee 2017, NeurIPS 30, section 4.1 on linear models; of the disparity rather than the
prediction: Begley et al. 2020, "Explainability for fair machine learning", arXiv:2010.07389; Oaxaca 1973). How much of
a feature's part the label supports is asked within the sides (`support`). The score without the rest decides the
counterfactual.

A feature from which the side can be foretold stands in for the protected attribute (proxy); one that foretells it only
modestly, or the attribute itself, is the model's own use of it (feature).
"""

# ruff: noqa: S608 - every name and value in this SQL has passed assay.tabular.sql

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from assay.diagnosis.case import Suspect, confidence
from assay.diagnosis.coding import foretold
from assay.diagnosis.fits import line, linear
from assay.records.explanation import Cause, CauseKind, Clue
from assay.tabular.sql import literal

if TYPE_CHECKING:
    from assay.diagnosis.case import Case
    from assay.diagnosis.support import Support
    from assay.diagnosis.worlds import Gap

STANDS_IN = 0.70
"""Area under the ROC curve from which on a feature stands in for the attribute: Cohen's d of about 0.74."""

SURELY_STANDS_IN = 0.85
"""From here on a feature is a stand-in even where the label follows it as well."""

LEAST_SHARE = 0.25
"""A feature that carries less of the gap is not named."""


MOST_OF_IT = 0.6
"""Share from which on one feature makes most of a difference."""


class Part(NamedTuple):
    """A feature's part in the gap.

    Attributes:
        feature: its name.
        foretells: area under the ROC curve by which it tells focus from reference.
        present: the same among the rows that have a value of their own in it.
        channel: share of the score's gap that runs through it.
        unsupported: share of the gap that goes away when the part that the label does not support is taken out.
        removed: share of the gap that goes away when its whole part is taken out.
        z: of the use that the label does not support.
        gap: with the unsupported part taken out.
        bare: with its whole part taken out.
    """

    feature: str
    foretells: float
    present: float
    channel: float
    unsupported: float
    removed: float
    z: float
    gap: Gap
    bare: Gap


def find_features(case: Case) -> list[Suspect]:
    """Return the features that carry the gap, those that stand in for the attribute as proxies."""
    found = [_suspect(case, part) for part in parts_of(case)]
    return [*(one for one in found if one is not None), *_attribute_itself(case), *_on_one_side(case)]


def parts_of(case: Case) -> list[Part]:
    """Return every feature's part."""
    surrogate, support = case.surrogate, case.support
    if surrogate is None:
        return []
    means = _mean_gaps(case)
    whole = surrogate.of("g")[0] + sum(surrogate.of(c)[0] * means[c] for c in case.codes)
    found = []
    for at, feature in enumerate(case.coded.features):
        codes = [case.codes[place] for place in case.coded.codes_of(at)]
        if not codes:
            continue
        carried = sum(surrogate.of(c)[0] * means[c] for c in codes)
        channel = carried / whole if abs(whole) > 1e-9 else 0.0  # noqa: PLR2004 - no gap in the score
        if abs(channel) < LEAST_SHARE / 4 and case.coded.foretells[at] < STANDS_IN:
            continue
        without = case.worlds.decided_by(f"t - ({linear([(surrogate.of(c)[0], c) for c in codes])})")
        supported, z = case.before, 0.0
        if support is not None:
            supported = case.worlds.decided_by(f"t - ({over(support, codes)})")
            z = max((support.uses[c].z for c in codes), key=abs)
        found.append(Part(
            feature.name, case.coded.foretells[at], _present(case, at), channel, case.worlds.closed(supported,
            case.before), case.worlds.closed(without, case.before), z, supported, without,
        ))  # fmt: skip
    return found


def _present(case: Case, at: int) -> float:
    """Return how well a feature tells the sides among the rows that have a value of their own in it."""
    name = case.coded.features[at].name
    if name not in case.missing_more:
        return case.coded.foretells[at]
    there = f"rid NOT IN (SELECT rid FROM people WHERE {case.missing_more[name]})"
    return foretold(case.coded.people, case.coded.bins[at], there)


def _mean_gaps(case: Case) -> dict[str, float]:
    """Return the difference of the sides' means of every code, among the rows that the metric is about."""
    if not case.codes:
        return {}
    columns = ", ".join(f"avg({c})" for c in case.codes)
    rows = case.coded.people.ask(f"SELECT g, {columns} FROM coded WHERE {case.sides.rate.where} GROUP BY g ORDER BY g")
    if len(rows) < 2:  # noqa: PLR2004 - two sides
        return dict.fromkeys(case.codes, 0.0)
    return {c: float(one) - float(zero) for c, zero, one in zip(case.codes, rows[0][1:], rows[1][1:], strict=True)}


def over(support: Support, codes: list[str]) -> str:
    """Return SQL of the part of the score that the label does not support in some codes."""
    return linear([(support.uses[c].over, c) for c in codes])


def _suspect(case: Case, part: Part) -> Suspect | None:
    """Return a feature that carries the gap; None where it carries too little, or the label supports it."""
    looks = max(len(case.coded.features), 1)
    if part.feature in case.missing_more and part.present < STANDS_IN:
        return None  # what tells the sides is whether it is there: that is missingness
    proxy = part.foretells >= STANDS_IN
    share, sure, whole = part.unsupported, confidence(part.z, looks), False
    if case.support is None:
        whole = True
        share, sure = part.removed, 0.5 + 0.4 * (part.foretells >= STANDS_IN)
    if part.foretells >= SURELY_STANDS_IN and part.removed > share and part.channel > 0.5:  # noqa: PLR2004 - most of it
        share, sure, whole = case.worlds.carried(part.bare, case.before), max(sure, 0.8), True
    if share < LEAST_SHARE or sure < 0.5:  # noqa: PLR2004 - likelier by chance than not
        return None
    kind: CauseKind = "data.proxy" if proxy else "model.feature"
    return Suspect(
        Cause(
            kind=kind,
            share=share,
            confidence=sure,
            detail=_detail(case, part, proxy=proxy, whole=whole),
            evidence=_clues(case, part),
        ),
        feature=part.feature,
    )


def _detail(case: Case, part: Part, *, proxy: bool, whole: bool) -> str:
    tells = (
        f"tells {case.sides.named(True)} from {case.sides.named(False)} (area under the ROC curve {part.foretells:.2f})"
    )
    left = part.bare if whole else part.gap
    use = (
        "the label does not support the weight that the score gives it"
        if not whole
        else "most of the score's gap runs through it"
    )
    told = (
        f"{part.feature} {tells}: it stands in for {case.sides.attribute}, and {use}."
        if proxy
        else (
            f"{part.feature} carries the gap, and {use}; it {tells}, too little to stand in for {case.sides.attribute}."
        )
    )
    return f"{told} Without that part the gap would be {abs(left.value):.3f} in place of {abs(case.before.value):.3f}."


def _clues(case: Case, part: Part) -> tuple[Clue, ...]:
    rows = sum(case.coded.people.rows)
    clues = [
        Clue(what=f"area under the ROC curve by which {part.feature} tells the sides", value=part.foretells, n=rows),
        Clue(
            what=f"share of the score's gap that runs through {part.feature}", value=part.channel,
            source="Lundberg and Lee 2017; Begley et al. 2020",
        ),
        Clue(what=f"share of the gap that goes away without {part.feature}", value=part.removed),
    ]  # fmt: skip
    asked = None if case.asked is None else case.asked.share(part.feature)
    if asked is not None and case.asked is not None:
        clues.append(
            Clue(
                what=f"Shapley share of {part.feature} in the disparity of the model's answers", value=asked,
                n=case.asked.people, source="Strumbelj and Kononenko 2014; Begley et al. 2020",
            )
        )  # fmt: skip
    if case.support is not None:
        clues.append(Clue(what="use that the label does not support, in standard errors", value=abs(part.z)))
        clues.append(Clue(what="share of the gap that goes away without that use", value=part.unsupported))
    if case.surrogate is not None:
        clues.append(
            Clue(what="share of the score's variance that the features explain", value=case.surrogate.explained)
        )
    return tuple(clues)


def _attribute_itself(case: Case) -> list[Suspect]:
    """Return the attribute itself where it is a feature and the score moves with it, the label not."""
    surrogate, support = case.surrogate, case.support
    if not case.attribute_used or surrogate is None:
        return []
    direct = surrogate.of("g")[0]
    unsupported, z = (direct, surrogate.z("g")) if support is None else (support.uses["g"].over, support.uses["g"].z)
    gap = case.worlds.decided_by(f"t - {literal(unsupported)} * g")
    share = case.worlds.closed(gap, case.before)
    if share < LEAST_SHARE or confidence(z) < 0.5 or math.isnan(direct):  # noqa: PLR2004 - likelier by chance than not
        return []
    attribute = case.sides.attribute
    detail = (
        f"{attribute} is itself among the features, and the score moves with it where all other features are equal, by "
        f"{direct:.2f}, which the label does not support. Without it the gap would be {abs(gap.value):.3f} in place of "
        f"{abs(case.before.value):.3f}."
    )
    clues = (
        Clue(what=f"effect of {attribute} on the score, other features equal", value=direct),
        Clue(what="use that the label does not support, in standard errors", value=abs(z)),
    )
    cause = Cause(kind="model.feature", share=share, confidence=confidence(z), detail=detail, evidence=clues)
    return [Suspect(cause, feature=attribute)]


def _on_one_side(case: Case) -> list[Suspect]:
    """Return the one feature that the score uses otherwise on one side, where the label does not.

    A score that is steeper on one side uses all features more, in proportion: that is no use of one of them.
    """
    if case.support is None or case.surrogate is None or not case.support.apart:
        return []
    sizes: dict[int, float] = {}
    for at in range(len(case.coded.features)):
        codes = [case.codes[place] for place in case.coded.codes_of(at)]
        sizes[at] = sum(case.support.apart[c].over ** 2 for c in codes if abs(case.support.apart[c].z) > 3)  # noqa: PLR2004 - sure
    whole = sum(sizes.values())
    if not whole:
        return []
    at = max(sizes, key=lambda one: sizes[one])
    if at in case.multiplied:
        return []  # a product that is counted on both sides is steeper on the one where the two go together
    codes = [case.codes[place] for place in case.coded.codes_of(at)]
    use = sum(case.surrogate.of(c)[0] ** 2 for c in codes) / (
        sum(case.surrogate.of(c)[0] ** 2 for c in case.codes) or 1.0
    )
    if sizes[at] < MOST_OF_IT * whole or use > MOST_OF_IT or _one_map_does(case):
        return []
    return _one_sided(case, at, codes)


def _one_map_does(case: Case) -> bool:
    """Say whether one map of the reference's score explains the focus' scores as well as a line of its own does.

    Scores that were raised, lowered or squeezed alike keep their order: no feature is used otherwise.
    """
    terms = ("1.0", *case.codes)
    theirs, own = (line(case.coded.people, "t", terms, f"g = {side}") for side in (0, 1))
    if theirs is None or own is None:
        return False
    left, whole = case.coded.people.ask(
        f"SELECT sum((t - m) * (t - m)) / count(*), var_pop(t) FROM (SELECT t, avg(t) OVER (PARTITION BY b) AS m FROM "
        f"(SELECT t, ntile(40) OVER (ORDER BY {theirs.sql()}, rid) AS b FROM coded WHERE g = 1 AND t IS NOT NULL))"
    )[0]
    return bool(whole) and left / whole <= 1.5 * (1 - own.explained) + 0.02


def _one_sided(case: Case, at: int, codes: list[str]) -> list[Suspect]:
    support = case.support
    if support is None:
        return []
    part = linear([(support.apart[c].over, c) for c in codes])
    # Where the part is nothing: the end of the feature at which the sides' offset is nearest to nothing.
    low, high = case.coded.people.ask(
        f"SELECT quantile_cont(p, 0.02), quantile_cont(p, 0.98) FROM (SELECT {part} AS p FROM coded)"
    )[0]
    offset = support.uses["g"].over
    end = min((low, high), key=lambda one: abs(offset + one))
    if abs(offset + end) > 0.5 * abs(offset):
        end = 0.0
    gap = case.worlds.decided_by(f"t - g * ({part} - ({literal(float(end))}))")
    share, name = case.worlds.closed(gap, case.before), case.coded.features[at].name
    if share < LEAST_SHARE:
        return []
    z = max((support.apart[c].z for c in codes), key=abs)
    detail = (
        f"The score uses {name} otherwise for {case.sides.named(True)} than for {case.sides.named(False)}, and "
        f"the label "
        f"does not. With one use for both the gap would be {abs(gap.value):.3f} in place of "
        f"{abs(case.before.value):.3f}."
    )
    clues = (
        Clue(what=f"use of {name} on one side that the label does not support, in standard errors", value=abs(z)),
        Clue(what="gap with one use for both", value=gap.value),
    )
    cause = Cause(
        kind="model.feature", share=share, confidence=confidence(z, len(case.codes)), detail=detail, evidence=clues
    )
    return [Suspect(cause, feature=name)]
