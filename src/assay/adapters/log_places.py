"""Where a log's entries wait, and where its tiles go beside its folder: ``LOG.private/places.json``.

Without that file entries wait in SQLite, in the private folder, and tiles are in the folder alone. With it they wait in
PostgreSQL, or every tile goes to S3 under Object Lock or to Azure under immutability policies, too, or both. The file
holds no secret: a password stays in ``PGPASSWORD``, libpq's password file or a service, S3's credentials where boto3
looks for them, Azure's connection string in the environment.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from assay.adapters.durable_files import create_file, read_file
from assay.adapters.object_lock import ObjectLock
from assay.adapters.places_azure import InAzure
from assay.adapters.sqlite_sequencer import SqliteSequencer
from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assay.adapters.azure_tiles import AzureTiles
    from assay.adapters.log_private import LogPrivate
    from assay.adapters.postgres_sequencer import PostgresSequencer
    from assay.adapters.s3_tiles import S3Tiles

    LogSequencer: TypeAlias = SqliteSequencer | PostgresSequencer

PLACES = "places.json"
LEASE_SECONDS = 60.0
"""How long a publisher waits for another one."""

_MAX_BYTES = 16_384
_SECRETS = ("password", "sslpassword")
_S3_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([^/].*?)?/?)?")


class InPostgres(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A PostgreSQL schema that holds a log's entries until they are published.

    Attributes:
        conninfo: where the database is, as libpq takes it, without a password.
        schema: name of the log's schema.
    """

    conninfo: str
    schema: str


class InS3(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Two buckets that a log's tiles are published to.

    Attributes:
        locked: bucket with Object Lock: full tiles and what is archived.
        head: bucket of the checkpoint and of partial tiles.
        prefix: put before every key; empty or ending in ``/``.
        mode: of the locks.
        retain_until: RFC 3339 date until which objects are locked; or None, and then
        retain_days: each object is locked for as many days from when it is written.
        endpoint: address of a store other than Amazon's.
    """

    locked: str
    head: str
    prefix: str
    mode: Literal["COMPLIANCE", "GOVERNANCE"]
    retain_until: dt.datetime | None = None
    retain_days: int | None = None
    endpoint: str | None = None

    def lock(self) -> ObjectLock:
        """Return the lock that an object gets which is written now."""
        until = self.retain_until or dt.datetime.now(dt.UTC) + dt.timedelta(days=self.retain_days or 0)
        return ObjectLock(self.mode, until)

    def least_lock(self) -> ObjectLock:
        """Return the lock that every object must have; counted in days its end differs from object to object."""
        return ObjectLock(self.mode, self.retain_until or dt.datetime(1970, 1, 1, tzinfo=dt.UTC))

    def tiles(self, lock: ObjectLock | None = None) -> S3Tiles:
        """Return the buckets as a store of tiles, after checking that they are fit.

        Args:
            lock: what objects must have; by default what one gets that is written now.

        Raises:
            MissingExtraError: without boto3.
            InputError: when a bucket lacks something.
            StorageError: when the store cannot be asked.
        """
        from assay.adapters.s3_client import connect  # noqa: PLC0415 - few logs need it
        from assay.adapters.s3_tiles import S3Tiles  # noqa: PLC0415 - as above

        return S3Tiles(
            connect(self.endpoint), locked=self.locked, mutable=self.head, lock=lock or self.lock(), prefix=self.prefix
        )


class Places(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Where a log's entries and tiles are, other than in its folders; None where they are in them."""

    postgres: InPostgres | None = None
    s3: InS3 | None = None
    azure: InAzure | None = None

    @property
    def write_once(self) -> InS3 | InAzure | None:
        """Where every tile goes as well, and cannot be taken back."""
        return self.s3 or self.azure

    def copies(self) -> tuple[str, ...]:
        """Return where everything that was published is, too, and by what lock it is kept."""
        stores = [(one, start) for one, start in ((self.s3, "s3://"), (self.azure, "Azure container ")) if one]
        return tuple(
            words
            for one, start in stores
            for words in (
                f"{start}{one.locked}/{one.prefix} ({one.mode}, "
                + (
                    f"until {one.retain_until:%Y-%m-%d})"
                    if one.retain_until
                    else f"{one.retain_days} days from writing)"
                ),
                f"{start}{one.head}/{one.prefix} (not locked)",
            )
        )

    def audited(self) -> S3Tiles | AzureTiles | None:
        """Return the write-once storage as a check reads it: whatever has at least the lock that was asked for."""
        if self.s3 is not None:
            return self.s3.tiles(self.s3.least_lock())
        return None if self.azure is None else self.azure.tiles(self.azure.least_lock())


def delete_waiting(places: Places) -> None:
    """Delete what a database elsewhere has of a log; one in the private folder goes with that.

    Raises:
        StorageError: when it refuses.
    """
    if places.postgres is not None:
        from assay.adapters.postgres_session import drop_log  # noqa: PLC0415 - few logs need it

        drop_log(places.postgres.conninfo, places.postgres.schema)


def in_postgres(conninfo: str, schema: str) -> InPostgres:
    """Return where a database is, without the password that the user may have given.

    Raises:
        MissingExtraError: when psycopg is not installed.
        InputError: when it is not a connection string, or the schema cannot be one.
    """
    from assay.adapters.postgres_session import checked_name, driver  # noqa: PLC0415 - few logs need it

    psycopg = driver()
    try:
        parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    except psycopg.Error as error:
        words = str(error).strip().partition("\n")[0]
        raise InputError(
            f"--postgres: expected a connection string such as 'host=db.example.com dbname=logs user=publisher', found "
            f"{words}"
        ) from None
    kept = {name: value for name, value in parts.items() if name not in _SECRETS}
    return InPostgres(psycopg.conninfo.make_conninfo("", **kept), checked_name(schema))


def has_password(conninfo: str) -> bool:
    """Return whether a connection string holds a password, which is never kept."""
    from assay.adapters.postgres_session import driver  # noqa: PLC0415 - few logs need it

    return bool(set(_SECRETS) & set(driver().conninfo.conninfo_to_dict(conninfo)))


def default_schema(origin: str) -> str:
    """Return a schema's name for a log: its origin in letters, digits and ``_``."""
    name = re.sub("[^a-z0-9]+", "_", origin.lower()).strip("_")[:63]
    return name if name and not name.startswith("pg_") else f"log_{name}"[:63]


def parse_s3_url(url: str, what: str) -> tuple[str, str]:
    """Return bucket and prefix of ``s3://bucket/prefix``; the prefix is empty or ends in ``/``.

    Raises:
        InputError: when it is not such an address.
    """
    found = _S3_URL.fullmatch(url)
    if found is None:
        raise InputError(f"{what}: expected s3://BUCKET or s3://BUCKET/PREFIX, found {url!r}")
    return found[1], f"{found[2]}/" if found[2] else ""


def read_places(private: Path) -> Places:
    """Return where a log's entries and tiles are.

    Raises:
        InputError: when the file that says so is damaged.
    """
    content = read_file(private / PLACES, _MAX_BYTES)
    if content is None:
        return Places()
    try:
        return msgspec.json.decode(content, type=Places)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InputError(f"{private / PLACES}: expected where the log's entries and tiles are: {error}") from None


def write_places(private: Path, places: Places) -> None:
    """Keep where a log's entries and tiles are; it is said once, when the log is made."""
    if places != Places() and not (private / PLACES).exists():
        create_file(private / PLACES, msgspec.json.format(msgspec.json.encode(places)) + b"\n", mode=0o600)


def make_sequencer(private: LogPrivate, places: Places) -> None:
    """Make, or find, the empty database of a new log.

    Raises:
        InputError: when it holds entries already.
        StorageError: when it cannot be made.
    """
    if places.postgres is None:
        SqliteSequencer.create(private.database)
        return
    from assay.adapters.postgres_sequencer import PostgresSequencer  # noqa: PLC0415 - few logs need it

    where = places.postgres
    PostgresSequencer.create(where.conninfo, where.schema)
    with PostgresSequencer(where.conninfo, where.schema) as made:
        size = made.head().size
    if size:
        raise InputError(
            f"--postgres: expected an empty log in the schema {where.schema}, found {size} entries. They are another "
            "log's: name another with --schema"
        )


@contextlib.contextmanager
def opened_sequencer(private: LogPrivate, places: Places, *, leased: bool) -> Iterator[LogSequencer]:
    """Open the database where entries wait.

    Args:
        private: the log's private folder.
        places: where its entries are.
        leased: as its only publisher.

    Raises:
        StorageError: when it cannot be reached, or another publisher keeps it.
        VerificationError: when the log has no guard.
    """
    if places.postgres is None:
        if not private.database.is_file():
            private.read()  # without a guard there is no log to go on with
            SqliteSequencer.create(private.database)
        with SqliteSequencer(private.database) as sequencer:
            yield sequencer
        return
    from assay.adapters.postgres_sequencer import PostgresSequencer  # noqa: PLC0415 - few logs need it

    where = places.postgres
    with (
        PostgresSequencer(where.conninfo, where.schema) as opened,
        opened.lease(LEASE_SECONDS) if leased else contextlib.nullcontext(),
    ):
        yield opened
