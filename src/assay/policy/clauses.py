"""The clauses that a policy cites: each is one of a pack, or it leads nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assay.packs import Clauses
    from assay.policy.form import Policy


def frameworks_of(policy: Policy) -> frozenset[str]:
    """Return the frameworks that a policy cites."""
    return frozenset(clause.partition(":")[0] for control in policy.controls for clause in control.clauses)


def dangling(policy: Policy, clauses: Clauses) -> tuple[Problem, ...]:
    """Return a problem for each clause that no pack has; near ones are named."""
    return tuple(_told(policy, clauses.wrong))


def outdated(policy: Policy, clauses: Clauses, day: str) -> tuple[Problem, ...]:
    """Return a remark for each clause that exists, and on a day is not the one to cite any more."""

    def past(cited: str) -> str | None:
        return None if clauses.wrong(cited) is not None else clauses.past(cited, day)

    return tuple(_told(policy, past))


def _told(policy: Policy, look: Callable[[str], str | None]) -> Iterator[Problem]:
    for control in policy.controls:
        place = policy.places.get(control.id)
        for index, cited in enumerate(control.clauses):
            message = look(cited)
            if message is None:
                continue
            path = f".clauses[{index}]"
            if place is None:
                yield Problem(policy.name, 0, 0, f"{control.id}{path}", message)
            else:
                yield Problem(place.file, place.line, place.column, place.path + path, message)
