"""Tokens of pipelines: a client's secret, or a job's identity, becomes a token that holds for fifteen minutes.

The secret itself opens nothing but this exchange. The token is opaque (256 random bits, kept as a digest), for the
systems of its pipeline, and ends at once when the pipeline is changed or disabled.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any

from assay.errors import DocumentError, NotSignedInError, RefusedError
from assay.records.canonical import parse_record
from assay.records.tally import Frozen
from assay.server.signing_in import opaque
from assay.server.store import pipelines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.server.acting import Actor
    from assay.server.signing_in.ci_identity import CiIdentities
    from assay.server.store import Rows, Store

LONGEST_SECONDS = 15 * 60


class Granted(Frozen, kw_only=True):
    """A token, told once.

    Attributes:
        token: to be sent as ``Authorization: Bearer``.
        pipeline: whose it is.
        systems: what it reaches.
        expires_in: seconds that it holds.
    """

    token: str
    pipeline: str
    systems: tuple[str, ...]
    expires_in: int


def by_secret(
    store: Store, name: str, secret: str, *, at: int, systems: Sequence[str] = (), seconds: int = LONGEST_SECONDS
) -> Granted:
    """Exchange a client's secret for a token.

    Args:
        store: where pipelines are.
        name: the pipeline.
        secret: what an administrator was shown once.
        at: now.
        systems: what the token is for; by default all systems of the pipeline.
        seconds: how long it holds.

    Raises:
        RefusedError: in the same words whether the name or the secret is wrong.
    """
    with store.reading() as rows:
        kept = pipelines.secret_of(rows, name)
    if not opaque.same(kept or opaque.digest(""), opaque.digest(secret)) or kept is None:
        raise RefusedError("expected the name of a pipeline and its secret, found something else")
    return _grant(store, name, how="secret", at=at, systems=systems, seconds=seconds)


def by_job(
    store: Store,
    identities: CiIdentities,
    token: str,
    *,
    at: int,
    systems: Sequence[str] = (),
    seconds: int = LONGEST_SECONDS,
) -> Granted:
    """Exchange the ID token of a CI job for a token.

    Raises:
        RefusedError: when it does not hold, or no rule knows the job.
        StorageError: when the issuer's keys cannot be read.
    """
    issuer = _issuer_of(token)
    name = identities.pipeline_of(token, issuer=issuer, at=at)
    return _grant(store, name, how=f"oidc:{issuer}", at=at, systems=systems, seconds=seconds)


def actor_of(store: Store, token: str, *, at: int) -> Actor:
    """Return the pipeline that holds a token.

    Raises:
        NotSignedInError: when it opens nothing.
        StorageError: when the database does not answer.
    """
    with store.reading() as rows:
        found = pipelines.find_token(rows, opaque.digest(token), at=at)
    if found is None:
        raise NotSignedInError(
            "expected a token that holds, found an unknown or old one. Exchange another: POST /api/v1/tokens"
        )
    return found.actor()


def is_known(rows: Rows, name: str) -> bool:
    """Say whether there is such a pipeline."""
    return pipelines.find(rows, name) is not None


def _grant(store: Store, name: str, *, how: str, at: int, systems: Sequence[str], seconds: int) -> Granted:
    with store.writing() as rows:
        pipeline = pipelines.find(rows, name)
        if pipeline is None or pipeline.disabled:
            raise RefusedError(
                f"expected a pipeline that may deliver, found {name}, which is not registered or disabled"
            )
        beyond = sorted(set(systems) - set(pipeline.systems))
        if beyond:
            raise RefusedError(f"expected systems of {name} ({', '.join(pipeline.systems)}), found {', '.join(beyond)}")
        secret, holds = opaque.make(), max(1, min(seconds, LONGEST_SECONDS))
        given = pipelines.Token(
            pipeline=name,
            systems=tuple(systems) or pipeline.systems,
            how=how,
            created_at=at,
            expires_at=at + holds,
        )
        pipelines.give_token(rows, opaque.digest(secret), given)
    return Granted(token=secret, pipeline=name, systems=given.systems, expires_in=holds)


def _issuer_of(token: str) -> str:
    """Return who is said to have given a token: it tells only whose keys to ask for, and those are of a list."""
    try:
        part = token.split(".")[1]
        said: Any = parse_record(urlsafe_b64decode(part + "=" * (-len(part) % 4)), dict[str, Any], name="claims").get(
            "iss"
        )
    except (DocumentError, ValueError, IndexError):
        said = None
    return said if isinstance(said, str) else ""
