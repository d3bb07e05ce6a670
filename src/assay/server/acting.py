"""Who acts: a person who has signed in, a pipeline with a token, or nobody yet."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from assay.records.tally import Frozen

Role: TypeAlias = Literal["pipeline", "developer", "validator", "approver", "auditor", "administrator"]
"""What somebody may do at the server (`assay.server.permits`)."""

ROLES: tuple[Role, ...] = get_args(Role)

PERSONAL: tuple[Role, ...] = tuple(role for role in ROLES if role != "pipeline")
"""Roles that people have; a pipeline is nobody's role."""


class Actor(Frozen, kw_only=True):
    """Who asks.

    Attributes:
        kind: a person, a pipeline, or nobody who has signed in.
        name: the account's or the pipeline's name; ``nobody`` otherwise.
        roles: what it may do at the server.
        titles: roles that policies name beside those, such as ``risk-owner``.
        systems: the systems it has to do with; None: all.
        session: which sign-in it came by, as a digest; None for a pipeline and for nobody.
        half: whether it came in by one factor where the server asks for two: then it reaches its own account alone.
    """

    kind: Literal["person", "pipeline", "nobody"]
    name: str
    roles: tuple[Role, ...] = ()
    titles: tuple[str, ...] = ()
    systems: tuple[str, ...] | None = None
    session: str | None = None
    half: bool = False

    def reaches(self, system: str) -> bool:
        """Say whether a system is one that it has to do with."""
        return self.systems is None or system in self.systems


NOBODY = Actor(kind="nobody", name="nobody", systems=())
"""Who has not signed in."""
