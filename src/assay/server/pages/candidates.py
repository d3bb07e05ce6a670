"""Policies that pipelines delivered with their releases, to be adopted by somebody who did not make those."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from assay.errors import AssayError, RefusedError
from assay.lifecycle.project import CONFIG_NAME, Config
from assay.lifecycle.received import Kept
from assay.policy import parse_policy
from assay.records.document import load_yaml
from assay.server.deliveries import receiver_of
from assay.server.permits import require
from assay.server.today import read_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.lifecycle.received import Delivered
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
    kept = Kept(server.home.state)
    by_policy: dict[str, list[Delivered]] = {}
    for one in kept.releases(server.inside.models_in(system)):
        if one.system == system and one.policy_sha256 not in but:
            by_policy.setdefault(one.policy_sha256, []).append(one)
    found = []
    for those in by_policy.values():
        made = next(
            (made for one in reversed(those) if (made := _candidate(server, kept, one, those)) is not None), None
        )
        found += [] if made is None else [made]
    return tuple(sorted(found, key=lambda one: one.delivered_at, reverse=True))


def _candidate(server: Server, kept: Kept, one: Delivered, those: list[Delivered]) -> Candidate | None:
    """Return the policy that came with a release; None where it did not come whole, or is not what decided there."""
    contents = {name: found for name, sha256 in one.sources.items() if (found := kept.document(sha256)) is not None}
    config = contents.pop(CONFIG_NAME, None)
    if config is None:
        return None
    try:
        first = PurePosixPath(load_yaml(config, Config, name=CONFIG_NAME).policy).name
        read: dict[str, bytes] = {}
        policy = parse_policy(first, read_from(contents, read))
    except AssayError:
        return None
    if policy.sha256 != one.policy_sha256:
        return None
    authors = [server.inside.author_of(each.place.model, each.place.version) for each in those]
    return Candidate(
        policy=policy, files=read, system=one.system, delivered_by=one.pipeline,
        delivered_at=max(each.delivered_at for each in those),
        about=tuple(dict.fromkeys(f"{each.place.model} {each.place.version}" for each in those)),
        authors=tuple(dict.fromkeys(name for name in authors if name is not None)),
    )  # fmt: skip


def decide_waiting(server: Server, system: str) -> None:
    """Decide on every release of a system that waits: what follows when a policy is adopted."""
    receiver_of(server).judge.decide_waiting(system, models=server.inside.models_in(system))
