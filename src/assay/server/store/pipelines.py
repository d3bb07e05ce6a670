"""Pipelines, their tokens, and the secrets that platforms send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.records.tally import Frozen
from assay.server.acting import Actor
from assay.server.store.lists import from_text, to_text

if TYPE_CHECKING:
    from assay.server.store import Row, Rows

_COLUMNS = "name, systems, public_keys, secret IS NOT NULL, disabled, created_by, created_at, changed_at"


class Pipeline(Frozen, kw_only=True):
    """A pipeline that may deliver.

    Attributes:
        name: its name.
        systems: the systems that it writes for; at least one.
        public_keys: whose signatures on its evidence count, PEM.
        has_secret: whether it may show a client secret.
        disabled: whether it may deliver nothing.
        created_by: who registered it.
        created_at: when.
        changed_at: when what it may last changed.
    """

    name: str
    systems: tuple[str, ...]
    public_keys: tuple[str, ...] = ()
    has_secret: bool = False
    disabled: bool = False
    created_by: str
    created_at: int
    changed_at: int


class Token(Frozen, kw_only=True):
    """A short-lived token of a pipeline; itself it is not kept.

    Attributes:
        pipeline: whose.
        systems: what it reaches; of the pipeline's systems.
        how: by ``secret``, or ``oidc:ISSUER``.
        created_at: when it was given.
        expires_at: when it ends.
    """

    pipeline: str
    systems: tuple[str, ...]
    how: str
    created_at: int
    expires_at: int

    def actor(self) -> Actor:
        """Return the pipeline as who asks."""
        return Actor(kind="pipeline", name=self.pipeline, roles=("pipeline",), systems=self.systems)


def every(rows: Rows) -> list[Pipeline]:
    """Return all pipelines by name."""
    return [_pipeline(row) for row in rows.execute(f"SELECT {_COLUMNS} FROM pipeline ORDER BY name")]


def find(rows: Rows, name: str) -> Pipeline | None:
    """Return a pipeline; None when there is none."""
    found = rows.execute(f"SELECT {_COLUMNS} FROM pipeline WHERE name = ?", name)
    return _pipeline(found[0]) if found else None


def add(rows: Rows, pipeline: Pipeline) -> None:
    """Register a pipeline, without a secret."""
    rows.execute(
        "INSERT INTO pipeline (name, systems, public_keys, disabled, created_by, created_at, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        pipeline.name, to_text(pipeline.systems), to_text(pipeline.public_keys), int(pipeline.disabled),
        pipeline.created_by, pipeline.created_at, pipeline.changed_at,
    )  # fmt: skip


def change(rows: Rows, pipeline: Pipeline) -> None:
    """Keep what a pipeline may; its tokens end, since they were given for what it might before."""
    rows.execute(
        "UPDATE pipeline SET systems = ?, public_keys = ?, disabled = ?, changed_at = ? WHERE name = ?",
        to_text(pipeline.systems), to_text(pipeline.public_keys), int(pipeline.disabled), pipeline.changed_at,
        pipeline.name,
    )  # fmt: skip
    rows.execute("DELETE FROM token WHERE pipeline = ?", pipeline.name)


def secret_of(rows: Rows, name: str) -> str | None:
    """Return the digest of a pipeline's secret; None when there is no pipeline, or no secret."""
    found = rows.execute("SELECT secret FROM pipeline WHERE name = ?", name)
    return found[0][0] if found else None


def set_secret(rows: Rows, name: str, digest: str | None) -> None:
    """Keep the digest of a secret, or none."""
    rows.execute("UPDATE pipeline SET secret = ? WHERE name = ?", digest, name)


def give_token(rows: Rows, digest: str, token: Token) -> None:
    """Keep a token by its digest; those that have ended go."""
    rows.execute("DELETE FROM token WHERE expires_at < ?", token.created_at)
    rows.execute(
        "INSERT INTO token VALUES (?, ?, ?, ?, ?, ?)",
        digest, token.pipeline, to_text(token.systems), token.how, token.created_at, token.expires_at,
    )  # fmt: skip


def find_token(rows: Rows, digest: str, *, at: int) -> Token | None:
    """Return a token that holds, of a pipeline that may deliver; None when there is none."""
    found = rows.execute(
        "SELECT t.pipeline, t.systems, t.how, t.created_at, t.expires_at FROM token t "
        "JOIN pipeline p ON p.name = t.pipeline WHERE t.digest = ? AND t.expires_at > ? AND p.disabled = 0",
        digest, at,
    )  # fmt: skip
    if not found:
        return None
    name, systems, how, created, expires = found[0]
    return Token(
        pipeline=name, systems=from_text(systems, tuple[str, ...]), how=how, created_at=created, expires_at=expires
    )


def set_webhook(rows: Rows, kind: str, name: str, *, number: int, secret: str, by: str, at: int) -> None:
    """Keep the digest of a platform's secret in the place of the one before.

    Args:
        rows: a transaction that writes.
        kind: ``admission`` or ``mlflow``.
        name: the cluster or the registry.
        number: which secret it is, from 1 on.
        secret: its digest.
        by: who made it.
        at: when.
    """
    rows.execute("DELETE FROM webhook WHERE kind = ? AND name = ?", kind, name)
    rows.execute("INSERT INTO webhook VALUES (?, ?, ?, ?, ?, ?)", kind, name, number, secret, by, at)


def webhook_of(rows: Rows, kind: str, name: str) -> tuple[int, str] | None:
    """Return number and digest of a platform's secret; None when there is none."""
    found = rows.execute("SELECT number, secret FROM webhook WHERE kind = ? AND name = ?", kind, name)
    return (found[0][0], found[0][1]) if found else None


def webhooks(rows: Rows) -> list[tuple[str, str, str, int]]:
    """Return (kind, name, made by, at) of each platform's secret."""
    return [
        (row[0], row[1], row[2], row[3])
        for row in rows.execute("SELECT kind, name, created_by, created_at FROM webhook ORDER BY kind, name")
    ]


def _pipeline(row: Row) -> Pipeline:
    name, systems, keys, has_secret, disabled, by, created, changed = row
    return Pipeline(
        name=name,
        systems=from_text(systems, tuple[str, ...]),
        public_keys=from_text(keys, tuple[str, ...]),
        has_secret=bool(has_secret),
        disabled=bool(disabled),
        created_by=by,
        created_at=created,
        changed_at=changed,
    )
