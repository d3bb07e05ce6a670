"""Small harm done to every row: noise, a feature that is missing, a value out of range."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from assay.probing.asking import differs
from assay.probing.rows import is_measured, is_whole, numbers, spread
from assay.records.probe_counts import Flips

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assay.probing.asking import Answers, Asker, Decision
    from assay.probing.rows import ProbeRows
    from assay.probing.scorer import Value
    from assay.records.probe_counts import Probe
    from assay.records.tally import GroupValue

NOTHING_FLIPS = "the model decides alike on every row that was asked: nothing could flip, which says nothing"


@dataclass(frozen=True)
class Probed:
    """Rows, the model's decisions on them as they are, and the model.

    Attributes:
        rows: those with a decision.
        decisions: of each row.
        asker: asks further.
        seed: of all chance.
        tolerance: of a regression: by how much a number may change and be the same decision.
    """

    rows: ProbeRows
    decisions: tuple[Decision, ...]
    asker: Asker
    seed: int
    tolerance: float = 0.0

    @property
    def constant(self) -> bool:
        """Whether all decisions are the same; of numbers, whether they all lie within the tolerance."""
        known: set[Any] = set(self.decisions)
        return len(known) < 2 or not self.differ(min(known), max(known))  # noqa: PLR2004 - one and another

    def differ(self, before: Decision, after: Decision) -> bool:
        """Say whether two decisions differ."""
        return differs(before, after, self.tolerance)

    def random(self, *what: object) -> Random:
        """Return chance of its own for a part, so that leaving out one part changes no other."""
        return Random(":".join(map(str, (self.seed, *what))))  # noqa: S311 - chance that can be repeated

    def again(self, changed: Mapping[str, Sequence[Value]], rows: Sequence[int] | None = None) -> Answers:
        """Ask with some columns changed."""
        columns: dict[str, Sequence[Value]] = dict(self.rows.features)
        if rows is not None:
            columns = {name: [values[row] for row in rows] for name, values in columns.items()}
        return self.asker.ask({**columns, **changed})

    def told(self, probe: Probe, about: dict[str, str], answers: Answers, *, by_group: bool) -> Iterator[Flips]:
        """Yield what became of the decisions, of everybody and of each group."""
        yield self._flips(probe, about, {}, range(len(answers.decisions)), answers)
        if not by_group:
            return
        for attribute, values in self.rows.groups.items():
            for value in sorted({one for one in values if one is not None}, key=str):
                mine = [row for row in range(len(answers.decisions)) if values[row] == value]
                yield self._flips(probe, about, {attribute: value}, mine, answers)

    def _flips(
        self,
        probe: Probe,
        about: dict[str, str],
        group: dict[str, GroupValue],
        rows: Sequence[int],
        answers: Answers,
    ) -> Flips:
        after = [(self.decisions[row], answers.decisions[row]) for row in rows]
        reason = None
        if not after:
            reason = answers.stopped or "there is no such row among those probed"
        elif self.constant:
            reason = NOTHING_FLIPS
        cut = len(answers.decisions) < len(self.decisions)
        return Flips(
            probe=probe, about=about, group=group, tried=len(after), reason=reason, why=answers.trouble,
            failed=sum(one is None for _, one in after),
            changed=sum(one is not None and self.differ(before, one) for before, one in after),
            partial=f"{len(answers.decisions):,} of {len(self.decisions):,} rows: {answers.stopped}" if cut else "",
        )  # fmt: skip


def noise(probed: Probed, strengths: Sequence[float], columns: Sequence[str] | None) -> Iterator[Flips]:
    """Yield decisions under Gaussian noise on every numeric feature at once, drawn once for each row and strength.

    Args:
        probed: rows and model.
        strengths: standard deviations of the noise, in standard deviations of the feature; whole numbers stay whole.
        columns: the features that get noise; those that are numbers with more than two values when None.
    """
    names, told = changeable(probed.rows, columns)
    for strength in strengths:
        about = {"strength": f"{strength:g} sd"}
        if told:
            yield Flips(probe="noise", about=about, reason=told)
            continue
        changed = {}
        for name in names:
            values, draw = probed.rows.features[name], probed.random("noise", strength, name)
            width, whole = strength * spread(values), is_whole(values)
            changed[name] = [_noisy(value, draw.gauss(0.0, width), whole=whole) for value in values]
        yield from probed.told("noise", about, probed.again(changed), by_group=True)


def changeable(rows: ProbeRows, columns: Sequence[str] | None) -> tuple[list[str], str]:
    """Return the features whose numbers can be moved a little, and why they cannot; one of the two is empty."""
    if columns is None:
        names = list(rows.numeric())
        return names, "" if names else "no feature is a number with more than two values"
    none = [name for name in columns if not is_measured(rows.features[name])]
    if none:
        return [], f"no number with more than two values, so not to be moved a little: {', '.join(none)}"
    return list(columns), "" if columns else "no feature is named"


def _noisy(value: Value, shift: float, *, whole: bool) -> Value:
    if not isinstance(value, (int, float)):
        return value
    return round(value + shift) if whole else value + shift


def missing(probed: Probed, columns: Sequence[str]) -> Iterator[Flips]:
    """Yield decisions when one feature after the other is missing."""
    for name in columns:
        answers = probed.again({name: [None] * probed.rows.count})
        yield from probed.told("missing", {"column": name}, answers, by_group=False)


def out_of_range(probed: Probed, columns: Sequence[str], beyond: float) -> Iterator[Flips]:
    """Yield decisions when one feature lies below, then above everything seen, by a part of the range that was seen.

    Args:
        probed: rows and model.
        columns: the features that are moved; of those that are no numbers a value that nobody has seen stands in.
        beyond: how far out, in ranges: 1 is as far above the greatest value as that is above the least.
    """
    for name in columns:
        values = probed.rows.features[name]
        known = numbers(values) if not any(isinstance(v, (str, bool)) for v in values) else []
        if not known:
            unseen: Value = "a value that nobody has seen"
            ends: dict[str, Value] = {"unseen": unseen}
        else:
            reach = beyond * ((max(known) - min(known)) or 1.0)
            low, high = min(known) - reach, max(known) + reach
            ends = {"below": round(low), "above": round(high)} if is_whole(values) else {"below": low, "above": high}
        for end, value in ends.items():
            answers = probed.again({name: [value] * probed.rows.count})
            yield from probed.told("range", {"column": name, "end": end}, answers, by_group=False)
