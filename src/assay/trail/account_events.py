"""Events about who may come in to a server and who did: accounts, pipelines, sessions, requests of two persons.

People stand as pseudonyms. The address that somebody came from never stands in clear: `SessionOpened.origin` is a keyed
digest of it and the day, which tells only that two sign-ins of one day came from one place.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from assay.trail.fields import Commitment, Fields, Name, Person, Sha256, Time

How: TypeAlias = Name
"""``password``, ``passkey``, ``enrolment``, ``secret``, or ``oidc:`` and who vouched."""

TwoPersons: TypeAlias = Literal["erasure", "key-rotation", "log-key-rotation", "break-glass"]
"""What two persons must agree to; ``key-rotation`` is of a person's key."""


class AccountChanged(Fields, kw_only=True):
    """An account was made, or what its person may do, or signs in by, has changed.

    Attributes:
        account: whose.
        change: what was done; ``key-made`` and ``key-rotated`` are of the key that the person signs with.
        roles: what it may do from then on.
        systems: the systems it has to do with; none: all.
        key_sha256: id of the key that it signs with from then on.
        by: who did it; none when the server did, at its first start or as a provider of identities said.
    """

    account: Person
    change: Literal[
        "created", "permitted", "disabled", "enabled", "reset", "password-set", "passkey-added", "passkey-removed",
        "identity-bound", "key-made", "key-rotated",
    ]  # fmt: skip
    roles: tuple[Name, ...] = ()
    systems: tuple[Name, ...] = ()
    key_sha256: Sha256 | None = None
    by: Person | None = None


class PipelineChanged(Fields, kw_only=True):
    """A pipeline was registered, or what it may do, or comes in by, has changed.

    Attributes:
        pipeline: its name.
        change: what was done.
        systems: the systems that it writes for from then on.
        key_sha256: digest of the key of an officer or attester.
        by: who did it.
    """

    pipeline: Name
    change: Literal[
        "registered", "permitted", "disabled", "enabled", "secret-made", "log-keys-accepted", "log-keys-refused",
        "officer-accepted", "officer-refused", "attester-accepted", "attester-refused",
    ]  # fmt: skip
    systems: tuple[Name, ...] = ()
    key_sha256: Sha256 | None = None
    by: Person


class SessionOpened(Fields, kw_only=True):
    """Somebody has signed in, or a pipeline was given a token.

    Attributes:
        session: a name of the session, made of its digest.
        account: who; none for a pipeline.
        pipeline: which; none for a person.
        how: by what.
        origin: keyed digest of address and day.
    """

    session: Name
    account: Person | None = None
    pipeline: Name | None = None
    how: How
    origin: Commitment | None = None


class SessionClosed(Fields, kw_only=True):
    """Sessions of somebody were ended before their time.

    Attributes:
        session: the session; none when it was all of them.
        account: whose.
        reason: why.
        by: who ended them; none when the server did.
    """

    session: Name | None = None
    account: Person
    reason: Literal["signed-out", "signed-out-everywhere", "changed", "disabled", "reset"]
    by: Person | None = None


class SessionRefused(Fields, kw_only=True):
    """Somebody was not let in.

    Attributes:
        account: whose name was given; none where there is no such account.
        pipeline: whose name was given.
        how: by what it was tried.
        reason: why not.
        origin: keyed digest of address and day.
    """

    account: Person | None = None
    pipeline: Name | None = None
    how: How
    reason: Literal["wrong", "unknown", "disabled", "too-many", "no-role", "not-vouched"]
    origin: Commitment | None = None


class RequestOpened(Fields, kw_only=True):
    """Somebody asks for what two persons must agree to.

    Attributes:
        request: its id.
        what: what is asked for.
        about_commitment: keyed digest of what it is about, which is kept beside the log.
        reason_commitment: keyed digest of the reason.
        expires_at: when it can no longer be consented to.
        asked_by: who asks.
    """

    request: Name
    what: TwoPersons
    about_commitment: Commitment
    reason_commitment: Commitment
    expires_at: Time
    asked_by: Person


class RequestDecided(Fields, kw_only=True):
    """A second person has consented or refused, or the first has taken the request back.

    Attributes:
        request: its id.
        what: what was asked for.
        outcome: what became of it; ``taken`` when it began to be carried out, ``done`` when it was, ``failed`` when it
            cannot be.
        said_commitment: keyed digest of the words with it.
        asked_by: who asked.
        by: who decided.
    """

    request: Name
    what: TwoPersons
    outcome: Literal["consented", "refused", "withdrawn", "taken", "done", "failed"]
    said_commitment: Commitment
    asked_by: Person
    by: Person
