"""Policies that pipelines delivered with their releases, to be adopted by somebody who did not make those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import RefusedError
from assay.server.permits import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.policy import Policy
    from assay.server.acting import Actor
    from assay.server.serving import Server


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A policy that was delivered.

    Attributes:
        policy: itself.
        files: its files by name, the one to begin with first.
        system: whose it is to be.
        delivered_by: the pipeline.
        delivered_at: when, the last time.
        about: the versions that it came with.
        authors: who made those versions; none of them adopts it.
    """

    policy: Policy
    files: Mapping[str, bytes]
    system: str
    delivered_by: str
    delivered_at: str
    about: tuple[str, ...]
    authors: tuple[str, ...]

    def refusal(self, actor: Actor) -> str:
        """Return why somebody may not adopt it; empty when they may."""
        try:
            require(actor, "policy.adopt", system=self.system)
            for author in self.authors:
                require(actor, "policy.adopt", system=self.system, author=author)
        except RefusedError as error:
            return str(error)
        return ""


def candidates(server: Server, system: str, *, but: set[str | None]) -> tuple[Candidate, ...]:
    """Return the policies that were delivered for a system, the last delivered first; save those of some digests."""
    del server, system, but
    return ()


def decide_waiting(server: Server, system: str) -> None:
    """Decide on every release of a system that waits: what follows when a policy is adopted."""
    del server, system
