"""The tables, as numbered steps forward: each version is the one before it and some statements more.

A step is never changed once it has landed; a later one mends it. The statements are SQL that SQLite and PostgreSQL
both read; the types that differ are written ``$INT`` and ``$BYTES``, and ``$STRICT`` is what SQLite wants to hear to
keep to them. Lists and maps are JSON text.

At rest, whatever opens a door is a digest: passwords (Argon2id), sessions, tokens, codes and secrets (SHA-256 of 256
random bits).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.server.store import Rows

_FIRST = (
    # A person. `systems`: null for all. `password`: null for who has none. `by`: who made the account.
    """CREATE TABLE account (
         name TEXT PRIMARY KEY, roles TEXT NOT NULL, titles TEXT NOT NULL, systems TEXT, disabled $INT NOT NULL,
         password TEXT, created_by TEXT NOT NULL, created_at $INT NOT NULL, changed_at $INT NOT NULL) $STRICT""",
    # A one-time code by which a person sets a password or a passkey: the first time, or after a reset.
    """CREATE TABLE enrolment (
         code TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account (name), created_by TEXT NOT NULL,
         expires_at $INT NOT NULL) $STRICT""",
    # Who an OpenID provider says somebody is, bound to an account.
    """CREATE TABLE identity (
         issuer TEXT NOT NULL, subject TEXT NOT NULL, account TEXT NOT NULL REFERENCES account (name),
         created_at $INT NOT NULL, PRIMARY KEY (issuer, subject)) $STRICT""",
    """CREATE TABLE passkey (
         id TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account (name), public_key $BYTES NOT NULL,
         sign_count $INT NOT NULL, label TEXT NOT NULL, synced $INT NOT NULL, created_at $INT NOT NULL,
         used_at $INT) $STRICT""",
    """CREATE TABLE session (
         digest TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account (name), how TEXT NOT NULL,
         browser TEXT NOT NULL, created_at $INT NOT NULL, seen_at $INT NOT NULL) $STRICT""",
    # What was begun in a browser and is to be ended there, once: a challenge of a passkey, a redirect to a provider.
    """CREATE TABLE flow (
         digest TEXT PRIMARY KEY, kind TEXT NOT NULL, content TEXT NOT NULL, expires_at $INT NOT NULL) $STRICT""",
    """CREATE TABLE pipeline (
         name TEXT PRIMARY KEY, systems TEXT NOT NULL, public_keys TEXT NOT NULL, secret TEXT, disabled $INT NOT NULL,
         created_by TEXT NOT NULL, created_at $INT NOT NULL, changed_at $INT NOT NULL) $STRICT""",
    """CREATE TABLE token (
         digest TEXT PRIMARY KEY, pipeline TEXT NOT NULL REFERENCES pipeline (name), systems TEXT NOT NULL,
         how TEXT NOT NULL, created_at $INT NOT NULL, expires_at $INT NOT NULL) $STRICT""",
    # A secret that a platform (a cluster, a registry) sends, or signs with.
    """CREATE TABLE webhook (
         kind TEXT NOT NULL, name TEXT NOT NULL, number $INT NOT NULL, secret TEXT NOT NULL, created_by TEXT NOT NULL,
         created_at $INT NOT NULL, PRIMARY KEY (kind, name)) $STRICT""",
    # Two persons: one asks, another consents or refuses.
    """CREATE TABLE request (
         id TEXT PRIMARY KEY, what TEXT NOT NULL, about TEXT NOT NULL, reason TEXT NOT NULL, asked_by TEXT NOT NULL,
         asked_at $INT NOT NULL, expires_at $INT NOT NULL, state TEXT NOT NULL, decided_by TEXT, decided_at $INT,
         words TEXT) $STRICT""",
    """CREATE TABLE adopted (
         system TEXT NOT NULL, number $INT NOT NULL, sha256 TEXT NOT NULL, adopted_by TEXT NOT NULL,
         adopted_at $INT NOT NULL, PRIMARY KEY (system, number)) $STRICT""",
    # Events that wait to be appended to the log together, in the order in which they came.
    """CREATE TABLE waiting (number $INT PRIMARY KEY, at $INT NOT NULL, event TEXT NOT NULL) $STRICT""",
    # Failures of signing in, by account and by address (as a keyed digest, never in clear).
    """CREATE TABLE counter (
         name TEXT PRIMARY KEY, failures $INT NOT NULL, last_at $INT NOT NULL, until $INT NOT NULL) $STRICT""",
)

_SECOND = (
    "CREATE INDEX session_account ON session (account)",
    "CREATE INDEX session_seen ON session (seen_at)",
    "CREATE INDEX token_expires ON token (expires_at)",
    "CREATE INDEX passkey_account ON passkey (account)",
    # When the code was used: a second use is then told as one, and not as an unknown code.
    "ALTER TABLE enrolment ADD COLUMN used_at $INT",
)

_THIRD = (
    # What became of a request once it was consented to: what was done, or why not yet, and when.
    "ALTER TABLE request ADD COLUMN outcome TEXT",
    "ALTER TABLE request ADD COLUMN done_at $INT",
    # Keys of projects' logs, by the sizes they may sign: accepted by an administrator, or waiting for one.
    """CREATE TABLE log_keys (
         origin TEXT NOT NULL, standing TEXT NOT NULL, keys TEXT NOT NULL, pipeline TEXT NOT NULL, said_by TEXT,
         at $INT NOT NULL, PRIMARY KEY (origin, standing)) $STRICT""",
)

_FOURTH = (
    # The server's folder that the tables belong to, by a digest of its secret: the log is there, and one of it.
    "CREATE TABLE belongs (one $INT PRIMARY KEY, folder TEXT NOT NULL, name TEXT NOT NULL) $STRICT",
)

_FIFTH = (
    # Keys of those who erase in projects: whether their erasures count in a pipeline's deliveries, and who said so.
    """CREATE TABLE officer_key (
         pipeline TEXT NOT NULL REFERENCES pipeline (name), key_id TEXT NOT NULL, public_key TEXT NOT NULL,
         standing TEXT NOT NULL, said_by TEXT, at $INT NOT NULL, PRIMARY KEY (pipeline, key_id)) $STRICT""",
)

_SIXTH = (
    # Keys that projects show, in one table: of their logs, of those who erase in them, and of those who attest.
    """CREATE TABLE project_key (
         pipeline TEXT NOT NULL REFERENCES pipeline (name), role TEXT NOT NULL, title TEXT NOT NULL,
         name TEXT NOT NULL, public_keys TEXT NOT NULL, standing TEXT NOT NULL, said_by TEXT, at $INT NOT NULL,
         PRIMARY KEY (pipeline, role, title, name, standing)) $STRICT""",
    "INSERT INTO project_key SELECT pipeline, 'log-keys', '', origin, keys, standing, said_by, at FROM log_keys",
    """INSERT INTO project_key
         SELECT pipeline, 'officer', '', key_id, public_key, standing, said_by, at FROM officer_key""",
    "DROP TABLE log_keys",
    "DROP TABLE officer_key",
)

STEPS: tuple[tuple[str, ...], ...] = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH)
"""What makes each version out of the one before it, the first out of nothing."""

VERSION = len(STEPS)

_MARK = "CREATE TABLE IF NOT EXISTS schema_version (one $INT PRIMARY KEY, version $INT NOT NULL) $STRICT"


def migrate(rows: Rows, types: Mapping[str, str], *, where: str, to: int = VERSION) -> tuple[int, int]:
    """Bring the tables to a version; return (from, to). The caller's transaction keeps all of it or nothing.

    Args:
        rows: a transaction that writes.
        types: what stands for ``$INT``, ``$BYTES`` and ``$STRICT``.
        where: the database, for messages.
        to: the version.

    Raises:
        StorageError: when the tables are of a newer Assay.
    """

    def written(statement: str) -> str:
        for name, meaning in types.items():
            statement = statement.replace(name, meaning)
        return statement

    rows.execute(written(_MARK))
    found = rows.execute("SELECT version FROM schema_version WHERE one = 1")
    before = int(found[0][0]) if found else 0
    if before > VERSION:
        raise StorageError(
            f"{where}: expected tables of version {VERSION} or older, found version {before}: a newer Assay wrote "
            "them. Nothing was changed. Start that one, or restore the backup from before it"
        )
    for statement in (one for step in STEPS[before:to] for one in step):
        rows.execute(written(statement))
    rows.execute(
        "INSERT INTO schema_version VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET version = excluded.version",
        max(before, to),
    )
    return before, max(before, to)
