"""What registries let models do against their verdicts: a version that serves though it may not, or was to.

A registry that could not be put back (``registry.reverted``, outcome ``failed``) lets a version serve that may not,
until a later event says that it was put back, or that it may. A move that was refused stands until one is let.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.records.tally import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assay.trail.view import Fact

ALLOWED, REFUSED, REVERTED = "registry.allowed", "registry.refused", "registry.reverted"
MOVES = (ALLOWED, REFUSED, REVERTED)

_WHY = {
    "not-cleared": "no verdict that stands allows it",
    "other-model": "its verdict is on another model",
    "no-version": "it names no version",
    "unreadable": "its files could not be read",
    "no-answer": "it could not be told whether it may",
}


class Against(Frozen, kw_only=True):
    """A version that a registry lets serve, or was to let serve, against its verdict.

    Attributes:
        registry: what the registry is called.
        model: the registered model.
        version: its version; None where none was named.
        serves: whether it serves still: the registry could not be put back.
        words: that in words.
        at: when, as claimed.
        index: the entry that says so.
    """

    registry: str
    model: str
    version: str | None
    serves: bool
    words: str
    at: str
    index: int


def against(facts: Iterable[Fact]) -> Iterator[Against]:
    """Yield how each name of a registry stands against the verdicts, by its last event; what is in order is left out.

    Args:
        facts: events in the log's order; others than those of registries are passed over.
    """
    last: dict[tuple[str, ...], Fact] = {}
    for fact in facts:
        if fact.event.type in MOVES:
            said = fact.said
            last[(said.registry, said.door, said.mark, said.model)] = fact
    for fact in last.values():
        said, kind = fact.said, fact.event.type
        serves = kind == REVERTED and said.outcome == "failed"
        if not serves and kind != REFUSED:
            continue
        name = f"the {said.door} {said.mark} of registry {said.registry}"
        told = (
            f"It serves by {name} though {_WHY[said.why]}: the registry could not be put back"
            if serves
            else f"It was not let to serve by {name}: {_WHY[said.why]}"
        )
        yield Against(
            registry=said.registry, model=said.model, version=said.version, serves=serves, words=f"{told}.", at=fact.at,
            index=fact.index,
        )  # fmt: skip
