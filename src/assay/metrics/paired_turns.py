"""Decisions that turn from one version to the next: who is counted by both, by one, by neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from assay.records.paired import PairedCell


@dataclass(frozen=True, slots=True)
class Turns:
    """A 2 by 2 table of paired outcomes.

    Attributes:
        both: counted by both versions.
        risen: by the challenger alone.
        fallen: by the champion alone.
        neither: by neither.
    """

    both: int
    risen: int
    fallen: int
    neither: int

    @property
    def n(self) -> int:
        """People."""
        return self.both + self.risen + self.fallen + self.neither

    @property
    def before(self) -> int:
        """People that the champion counts."""
        return self.both + self.fallen

    @property
    def after(self) -> int:
        """People that the challenger counts."""
        return self.both + self.risen


@dataclass(frozen=True, slots=True)
class Event:
    """What a rate counts.

    Attributes:
        counts: whether a decision counts, given it and the label.
        label: among whom: people with this label; None for everybody.
        needs_label: whether a label is needed at all.
        good: whether more of it is good; None where that hangs on which outcome is favourable.
        among: whom it is about, in words.
    """

    counts: Callable[[int, object], bool]
    label: int | None = None
    needs_label: bool = True
    good: bool | None = True
    among: str = "a label"

    def higher_is_better(self, *, favourable_is_positive: bool) -> bool:
        """Say whether a rise is good for the people concerned."""
        return favourable_is_positive if self.good is None else self.good


EVENTS = {
    "selection_rate": Event(lambda decision, _: decision == 1, needs_label=False, good=None, among="both predictions"),
    "accuracy": Event(lambda decision, label: decision == label),
    "true_positive_rate": Event(lambda decision, _: decision == 1, label=1, among="a positive label"),
    "false_positive_rate": Event(lambda decision, _: decision == 1, label=0, good=False, among="a negative label"),
}
"""Metric to what it counts."""


def turns_of(cells: Iterable[PairedCell], event: Event) -> Turns:
    """Count how decisions turn among the people that an event is about."""
    found = {(True, True): 0, (False, True): 0, (True, False): 0, (False, False): 0}
    for cell in cells:
        if (event.needs_label and cell.label is None) or (event.label is not None and cell.label != event.label):
            continue
        found[event.counts(cell.champion, cell.label), event.counts(cell.challenger, cell.label)] += cell.count
    return Turns(found[True, True], found[False, True], found[True, False], found[False, False])
