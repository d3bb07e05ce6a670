"""The smallest change that would have been approved: found by DiCE and by looking, then pruned until all is needed.

What a person cannot change never moves: DiCE (Mothilal, Sharma and Tan 2020, "Explaining machine learning classifiers
through diverse counterfactual explanations", FAT*, https://arxiv.org/abs/1905.07697) is given the actionable features
alone, within the bounds and directions of the mapping. Of each candidate the smallest set of changes is kept that still
turns the decision, then the smallest steps; the model is asked about every one. So a change that lowers the score, or
does nothing, cannot stand in the advice: without it the rest would do.

Smallest is: fewest features, then the least distance in spans of the reference (from the 5th to the 95th percentile).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from assay.probing.rows import is_whole, numbers
from assay.records.reasons import Advice, Change, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from assay.diagnosis.reasons.favour import Favour
    from assay.diagnosis.reasons.mapping import FeatureWords, ReasonsMapping
    from assay.records.reasons import Cell

POINTS = 100
"""Steps in which a range is looked through."""

MOST_TOGETHER = 10
"""Changes of which every subset is asked about; beyond, what matters least goes first."""

HALVINGS = 20
MOST_SUBSETS = 3
_LOW, _HIGH = 0.05, 0.95
_HAIR = 1e-9


@dataclass(frozen=True, kw_only=True)
class Search:
    """How candidates are looked for.

    Attributes:
        engine: DiCE's method.
        candidates: how many it is asked for.
    """

    engine: Literal["genetic", "random", "kdtree"] = "genetic"
    candidates: int = 6


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a change is looked for in.

    Attributes:
        favour: the model.
        mapping: what is actionable, in which direction and bounds.
        reference: the reference applicants, column by column.
        fixed: features that never move, whatever the mapping says: protected attributes and their stand-ins.
        additive: whether the model's features are known not to interact.
    """

    favour: Favour
    mapping: ReasonsMapping
    reference: Mapping[str, Sequence[Cell]]
    fixed: Collection[str] = ()
    additive: bool = False


@dataclass(frozen=True, kw_only=True)
class Move:
    """What one feature may become.

    Attributes:
        feature: which.
        called: its name before a person.
        now: its value.
        low: the least it may become, of a number.
        high: the most.
        step: numbers move in such steps.
        whole: whether it stays a whole number.
        choices: what else it may become, of anything else.
        span: what counts as far.
    """

    feature: str
    called: str
    now: Cell
    low: float = 0.0
    high: float = 0.0
    step: float = 1.0
    whole: bool = False
    choices: tuple[Cell, ...] = ()
    span: float = 1.0

    def points(self) -> list[Cell]:
        """Return the values that are looked at, from the present one outwards."""
        if self.choices:
            return list(self.choices)
        assert isinstance(self.now, (int, float))  # noqa: S101 - a number, as `moves` made it
        count = max(1, round((self.high - self.low) / self.step))
        stride = max(1, math.ceil(count / POINTS)) * self.step
        ways = [(self.high, stride), (self.low, -stride)]
        found: list[Cell] = []
        for end, by in ways:
            steps = int(abs(end - self.now) / abs(by) + _HAIR)  # the end itself is looked at, too
            found += [self.snapped(self.now + by * at) for at in range(1, steps + 1)]
            found += [self.snapped(end)] if end != self.now else []
        return list(dict.fromkeys(found))

    def snapped(self, value: float) -> Cell:
        """Return the nearest whole number of steps that is at least as far out, or the bound."""
        assert isinstance(self.now, (int, float))  # noqa: S101 - as above
        if value == self.now:
            return self.now
        steps = value / self.step
        moved = (math.ceil(steps - _HAIR) if value > self.now else math.floor(steps + _HAIR)) * self.step
        moved = min(max(moved, self.low), self.high)
        return round(moved) if self.whole else float(f"{moved:.12g}")

    def distance(self, to: Cell) -> float:
        """Return how far a value is, in spans; another choice is one span away."""
        if self.choices:
            return 1.0
        return abs(float(to) - float(self.now)) / self.span  # type: ignore[arg-type]


def moves(row: Mapping[str, Cell], wanted: Wanted) -> list[Move]:
    """Return what may move, and how far; a feature that is missing does not."""
    found = []
    for feature, words in wanted.mapping.features.items():
        if words.actionable and feature not in wanted.fixed and row[feature] is not None:
            move = _move(feature, row[feature], words, [one for one in wanted.reference[feature] if one is not None])
            if move is not None:
                found.append(move)
    return found


def _move(feature: str, now: Cell, words: FeatureWords, known: Sequence[Cell]) -> Move | None:
    called = words.called or feature
    if words.choices or isinstance(now, (str, bool)):
        offered = words.choices or tuple(
            sorted({one for one in known if one is not None and type(one) is type(now)}, key=str)
        )
        choices = tuple(one for one in offered if one != now)
        return Move(feature=feature, called=called, now=now, choices=choices) if choices else None
    assert isinstance(now, (int, float))  # noqa: S101 - neither text nor truth
    seen = sorted(numbers(known)) or [float(now)]
    low = words.min if words.min is not None else min(seen[0], now)
    high = words.max if words.max is not None else max(seen[-1], now)
    low = now if words.direction == "increase" else min(low, now)
    high = now if words.direction == "decrease" else max(high, now)
    span = seen[int(_HIGH * (len(seen) - 1))] - seen[int(_LOW * (len(seen) - 1))] or (high - low) or 1.0
    whole = is_whole([now, *known])
    step = words.step or (max(1.0, _round_number(span / POINTS)) if whole else _round_number(span / POINTS))
    if low >= high:
        return None
    return Move(feature=feature, called=called, now=now, low=low, high=high, step=step, whole=whole, span=span)


def _round_number(size: float) -> float:
    """Return the nearest of 1, 2 and 5 times a power of ten below a size: a step that a person can read."""
    power = 10.0 ** math.floor(math.log10(size))
    return next(times * power for times in (5, 2, 1) if times * power <= size * (1 + 1e-9))


def smallest_change(row: Mapping[str, Cell], wanted: Wanted, search: Search, *, seed: int) -> Advice:
    """Look for the smallest change that the model would approve.

    Args:
        row: the person's features.
        wanted: the model, and what may move.
        search: how candidates are looked for.
        seed: of the search; the same one gives the same advice.

    Raises:
        MissingExtraError: when DiCE is not installed.
    """
    from assay.diagnosis.reasons.dice_search import dice_candidates, dice_name  # noqa: PLC0415 - an extra, and heavy

    engine = f"{dice_name()} {search.engine}, seed {seed}, pruned"
    movable = moves(row, wanted)
    if not movable:
        told = "Nothing that the mapping calls actionable can move within its bounds and direction."
        return Advice(status="nothing-actionable", told=told, engine=engine)
    looking = _Looking(row, wanted, {one.feature: one for one in movable})
    best = looking.each_alone()
    if not looking.turns([best])[0] and wanted.additive:
        told = (
            f"Even {len(movable)} changes together ({', '.join(best)}), each as far as its bounds let it, would not "
            "have been approved."
        )
        return Advice(status="none-exists", told=told, engine=engine)
    candidates = [*looking.alone, *([best] if looking.turns([best])[0] else [])]
    candidates += dice_candidates(row, wanted, movable, search, seed=seed)
    kept = [looking.pruned(one) for one in candidates]
    found = [one for one in kept if one]
    if not found:
        told = "No change within the bounds was found that would have been approved; that does not show there is none."
        return Advice(status="none-found", told=told, engine=engine)
    return looking.advice(min(found, key=looking.size), engine)


class _Looking:
    """One person's search: every question to the model goes through here."""

    def __init__(self, row: Mapping[str, Cell], wanted: Wanted, movable: Mapping[str, Move]) -> None:
        self._row, self._favour, self._moves = row, wanted.favour, movable
        self.alone: list[dict[str, Cell]] = []

    def scores(self, changes: Sequence[Mapping[str, Cell]]) -> list[float]:
        """Return the favourable probability under each set of changes."""
        if not changes:
            return []
        return self._favour({name: [one.get(name, value) for one in changes] for name, value in self._row.items()})

    def turns(self, changes: Sequence[Mapping[str, Cell]]) -> list[bool]:
        """Say of each set of changes whether the model approves."""
        return [self._favour.approves(one) for one in self.scores(changes)]

    def each_alone(self) -> dict[str, Cell]:
        """Look at each feature alone; return the best value of each that helps, and keep those that suffice."""
        now = self.scores([{}])[0]
        best: dict[str, Cell] = {}
        for name, move in self._moves.items():
            points = move.points()
            scores = self.scores([{name: point} for point in points])
            top = max(range(len(points)), key=lambda at: scores[at])
            if scores[top] > now:
                best[name] = points[top]
            enough = [point for point, score in zip(points, scores, strict=True) if self._favour.approves(score)]
            if enough:
                self.alone.append({name: min(enough, key=move.distance)})
        return best

    def pruned(self, changes: Mapping[str, Cell]) -> dict[str, Cell]:
        """Return the fewest and smallest of some changes that still suffice; nothing when they do not."""
        kept = self._affordable({name: to for name, to in changes.items() if to != self._row[name]})
        smallest: list[dict[str, Cell]] = []
        for size in range(1, len(kept) + 1):
            subsets = [dict(one) for one in combinations(kept.items(), size)]
            scores = self.scores(subsets)
            enough = [(score, one) for score, one in zip(scores, subsets, strict=True) if self._favour.approves(score)]
            if enough:
                smallest = [one for _, one in sorted(enough, key=lambda pair: -pair[0])[:MOST_SUBSETS]]
                break
        found = [self._needed(self._shrunk(one)) for one in smallest]
        return min(found, key=self.size, default={})

    def size(self, changes: Mapping[str, Cell]) -> tuple[int, float, str]:
        """Return what makes one set of changes smaller than another."""
        far = math.fsum(self._moves[name].distance(to) for name, to in changes.items())
        return len(changes), round(far, 9), ",".join(changes)

    def _affordable(self, changes: dict[str, Cell]) -> dict[str, Cell]:
        """Take out, one by one, what is missed least, until every subset of the rest can be asked about."""
        while len(changes) > MOST_TOGETHER:
            without = [{name: to for name, to in changes.items() if name != one} for one in changes]
            scores = self.scores(without)
            changes = without[max(range(len(without)), key=lambda at: scores[at])]
        return changes

    def _shrunk(self, changes: dict[str, Cell]) -> dict[str, Cell]:
        """Make the steps smaller: all together first, then one by one."""
        numeric = [name for name in changes if not self._moves[name].choices]
        changes = self._halved(changes, numeric)
        for name in sorted(numeric, key=lambda one: -self._moves[one].distance(changes[one])):
            changes = self._halved(changes, [name])
        return changes

    def _halved(self, changes: dict[str, Cell], names: Sequence[str]) -> dict[str, Cell]:
        """Return the changes with some of them as small as still suffices, by halving."""
        low, high, best = 0.0, 1.0, changes
        for _ in range(HALVINGS if names else 0):
            part = (low + high) / 2
            tried = {**changes, **{name: self._part(name, changes[name], part) for name in names}}
            if self.turns([tried])[0]:
                high, best = part, tried
            else:
                low = part
        return best

    def _part(self, name: str, to: Cell, part: float) -> Cell:
        now = float(self._row[name])  # type: ignore[arg-type]
        return self._moves[name].snapped(now + part * (float(to) - now))  # type: ignore[arg-type]

    def _needed(self, changes: dict[str, Cell]) -> dict[str, Cell]:
        """Return the changes without those that are not needed once the others stand."""
        for name in list(changes):
            without = {one: to for one, to in changes.items() if one != name}
            if without and self.turns([without])[0]:
                changes = without
        return {name: to for name, to in changes.items() if to != self._row[name]}

    def advice(self, changes: Mapping[str, Cell], engine: str) -> Advice:
        """Return the changes as advice, asked about once more."""
        score = self.scores([changes])[0]
        listed = tuple(
            Change(feature=name, called=self._moves[name].called, now=self._row[name], to=to)
            for name, to in sorted(changes.items())
        )
        told = "; ".join(f'"{one.called}" from {shown(one.now)} to {shown(one.to)}' for one in listed)
        several = "each of these changes is needed" if len(listed) > 1 else "this change is enough"
        return Advice(
            status="found", changes=listed, score=score, engine=engine,
            told=f"{told}: {several}, with all else as it was.",
        )  # fmt: skip
