"""The same person with another group, or with what stands in for it: would the decision be another one?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.probing.asking import Answers
from assay.records.probe_counts import Flips

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assay.probing.asking import Decision
    from assay.probing.perturbing import Probed
    from assay.probing.scorer import Value

MOST_VALUES = 12
"""Other values of an attribute that each row is given, one after the other."""

NOT_GIVEN = "{} is not among the features that the model is given, so no decision can turn on it"


def counterfactual(probed: Probed, stand_ins: Mapping[str, Sequence[str]]) -> Iterator[Flips]:
    """Yield decisions under another value of each protected attribute, and under another group's stand-ins.

    A row's decision turns on the attribute when any other value changes it (Kusner et al. 2017, "Counterfactual
    Fairness", NeurIPS, with a causal model in which nothing else follows from the attribute: a direct effect alone).
    Stand-ins come from a row of another group that chance chose: one alone, then all of them with the attribute.

    Args:
        probed: rows and model.
        stand_ins: attribute to the features that are declared to stand in for it.
    """
    for attribute in probed.rows.groups:
        given = attribute in probed.rows.features
        if given:
            yield from _other_values(probed, attribute)
        else:
            yield from _cannot(probed, attribute)
        named = list(stand_ins.get(attribute, ()))
        for name in named:
            yield from _other_group(probed, attribute, [name], {"column": name, "attribute": attribute})
        if len(named) + given > 1:
            moved = [*([attribute] if given else []), *named]
            yield from _other_group(probed, attribute, moved, {"column": attribute, "with": ", ".join(named)})


def _other_values(probed: Probed, attribute: str) -> Iterator[Flips]:
    values = probed.rows.features[attribute]
    others = sorted({one for one in values if one is not None}, key=str)
    about = {"column": attribute}
    if not 1 < len(others) <= MOST_VALUES:
        told = f"{attribute} has {len(others)} different values; from 2 to {MOST_VALUES} can be tried one after another"
        yield Flips(probe="counterfactual", about=about, reason=told)
        return
    asked = [probed.again({attribute: [other] * len(values)}) for other in others]
    yield from probed.told("counterfactual", about, _any_changed(probed, asked), by_group=True)


def _any_changed(probed: Probed, asked: Sequence[Answers]) -> Answers:
    """Join what was asked of each row: another decision under any value is another decision."""
    rows = min(len(one.decisions) for one in asked)
    joined: list[Decision | None] = []
    for row in range(rows):
        before, after = probed.decisions[row], [one.decisions[row] for one in asked]
        others = [one for one in after if one is not None and probed.differ(before, one)]
        joined.append(others[0] if others else None if None in after else before)
    first = next((one for one in asked if one.trouble), asked[0])
    return Answers(tuple(joined), first.trouble, next((one.stopped for one in asked if one.stopped), ""))


def _other_group(probed: Probed, attribute: str, moved: Sequence[str], about: dict[str, str]) -> Iterator[Flips]:
    groups, draw = probed.rows.groups[attribute], probed.random("counterfactual", attribute, *moved)
    known = [row for row, group in enumerate(groups) if group is not None]
    of_others = {group: [row for row in known if groups[row] != group] for group in {groups[row] for row in known}}
    donors = [draw.choice(of_others[group]) if of_others.get(group) else None for group in groups]
    if not any(donor is not None for donor in donors):
        yield Flips(probe="counterfactual", about=about, reason=f"{attribute} has no second group among these rows")
        return
    changed: dict[str, list[Value]] = {}
    for name in moved:
        values = probed.rows.features[name]
        changed[name] = [values[row if donor is None else donor] for row, donor in enumerate(donors)]
    yield from probed.told("counterfactual", about, probed.again(changed), by_group=True)


def _cannot(probed: Probed, attribute: str) -> Iterator[Flips]:
    """Yield that nothing changes, of everybody and each group: the model never sees the attribute."""
    about, exact = {"column": attribute}, NOT_GIVEN.format(attribute)
    unchanged = Answers(tuple(probed.decisions))
    for one in probed.told("counterfactual", about, unchanged, by_group=True):
        yield Flips(probe=one.probe, about=one.about, group=one.group, tried=one.tried, exact=exact)
