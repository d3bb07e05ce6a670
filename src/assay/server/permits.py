"""Who may do what: one table, and the separation of duties. Nothing else in the server decides that.

Every route names its act (`assay.server.app`); what a table cannot say (who wrote what is approved, who asked for what
is consented to) is said in `require`. Each refusal gives its reason, and who may do it instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from assay.errors import NotSignedInError, NotThereError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from assay.server.acting import Actor, Role

Act: TypeAlias = Literal[
    "public",
    "account.own",
    "models.read",
    "trail.read",
    "reads.read",
    "people.read",
    "requests.read",
    "approve",
    "waive",
    "revoke",
    "policy.adopt",
    "policy.try",
    "incident.act",
    "remediation.act",
    "remediation.close",
    "people.manage",
    "request.open",
    "request.decide",
    "deliver",
    "clearance.read",
]
"""What can be done at the server.

``public`` asks for nobody's name: signing in, the log's tiles, health, and what proves itself in another way (a
cluster's secret, a webhook's signature). ``reads.read`` is the list of who has read what. ``policy.try`` replays
history under a policy that nobody adopts.
"""

ACTS: tuple[Act, ...] = get_args(Act)

_READERS: tuple[Role, ...] = ("developer", "validator", "approver", "auditor", "administrator")

PERMITS: Mapping[Act, tuple[Role, ...]] = {
    "public": (),
    "account.own": _READERS,
    "models.read": _READERS,
    "trail.read": _READERS,
    "reads.read": ("auditor",),
    "people.read": ("auditor", "administrator"),
    "requests.read": ("validator", "approver", "auditor", "administrator"),
    "approve": ("validator", "approver"),
    "waive": ("validator", "approver"),
    "revoke": ("validator", "approver"),
    "policy.adopt": ("validator", "approver"),
    "policy.try": ("developer", "validator", "approver", "auditor"),
    "incident.act": ("developer", "validator", "approver"),
    "remediation.act": ("developer", "validator", "approver"),
    "remediation.close": ("developer", "validator", "approver"),
    "people.manage": ("administrator",),
    "request.open": ("validator", "approver", "administrator"),
    "request.decide": ("validator", "approver", "administrator"),
    "deliver": ("pipeline",),
    "clearance.read": ("pipeline", *_READERS),
}
"""Which roles an act is open to. The policy says further who must approve: there the role of the trust file counts."""

ONE_FACTOR: frozenset[Act] = frozenset({"public", "account.own"})
"""Acts for which one factor is enough where the server asks for two (``second_factor`` of server.yaml)."""

WRITES: frozenset[Act] = frozenset(
    {
        "approve", "waive", "revoke", "policy.adopt", "incident.act", "remediation.act",
        "remediation.close", "people.manage", "request.open", "request.decide",
        "deliver",
    }
)  # fmt: skip
"""Acts after which something is otherwise than before."""

APART: tuple[tuple[Role, Role, str], ...] = (
    ("administrator", "validator", "who manages people and keys would choose who approves, and approve"),
    ("administrator", "approver", "who manages people and keys would choose who approves, and approve"),
    ("auditor", "developer", "an auditor writes nothing"),
    ("auditor", "validator", "an auditor writes nothing"),
    ("auditor", "approver", "an auditor writes nothing"),
    ("auditor", "administrator", "an auditor writes nothing"),
    ("pipeline", "developer", "a pipeline is not a person"),
    ("pipeline", "validator", "a pipeline is not a person"),
    ("pipeline", "approver", "a pipeline is not a person"),
    ("pipeline", "auditor", "a pipeline is not a person"),
    ("pipeline", "administrator", "a pipeline is not a person"),
)
"""Roles that one account cannot have together, and why."""


def incompatible(roles: Iterable[Role]) -> Iterator[str]:
    """Yield why roles cannot be one account's, a sentence each."""
    held = set(roles)
    for one, other, why in APART:
        if {one, other} <= held:
            yield f"expected {one} and {other} to be two accounts, found both in one: {why}"


def may(actor: Actor, act: Act) -> bool:
    """Say whether the table opens an act to somebody."""
    if actor.half and act not in ONE_FACTOR:
        return False
    return act == "public" or bool(set(PERMITS[act]) & set(actor.roles))


def require(
    actor: Actor, act: Act, *, system: str | None = None, author: str | None = None, asked_by: str | None = None
) -> None:
    """Refuse what somebody may not do.

    Args:
        actor: who asks.
        act: what for.
        system: the system that it is about.
        author: who made what is approved, whose risk is accepted, or who mended what is closed or tested again.
        asked_by: who asked for what is consented to.

    Raises:
        NotSignedInError: when nobody has signed in.
        RefusedError: when the roles do not allow it, or duties must stay separate.
        NotThereError: when the system is none of theirs; what is there is not told.
    """
    if act == "public":
        return
    if actor.kind == "nobody":
        raise NotSignedInError(f"{act}: expected somebody who has signed in, found nobody. Sign in, or send a token")
    if actor.half and act not in ONE_FACTOR:
        raise RefusedError(
            f"{act}: expected {actor.name} to have come in by a second factor, found a password alone. Add a passkey "
            "under /account, sign out, and come in by it"
        )
    if not may(actor, act):
        held = ", ".join(actor.roles) or "none"
        raise RefusedError(
            f"{act}: expected one of the roles {', '.join(PERMITS[act])}, found {held} for {actor.name}. "
            f"{'Ask one of them' if act in WRITES else 'An administrator gives roles'}"
        )
    if system is not None and not actor.reaches(system):
        raise NotThereError("expected something that you may see, found nothing of this name")
    if author is not None and author == actor.name and act in {"approve", "waive", "policy.adopt"}:
        raise RefusedError(
            f"{act}: expected somebody else than its author, found {author}: nobody judges their own work. Ask another "
            f"{' or '.join(PERMITS[act])}"
        )
    if author is not None and author == actor.name and act == "remediation.close":
        raise RefusedError(
            f"{act}: expected somebody else than {author}, who owns the remediation: nobody says of their own work "
            f"that it is mended. Ask another {' or '.join(PERMITS[act])}"
        )
    if asked_by is not None and asked_by == actor.name and act == "request.decide":
        raise RefusedError(
            f"{act}: expected a second person, found {asked_by}, who asked for it. Ask another "
            f"{' or '.join(PERMITS[act])}"
        )
