"""Where a log is, other than in a folder: options of `assay log init`, and the verbs of those places."""

from __future__ import annotations

import datetime as dt
import signal
import sys
import time
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.errors import InputError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.adapters.folder_log import FolderLog
    from assay.adapters.log_places import InS3, Places
    from assay.adapters.places_azure import InAzure

LOG = click.argument("log_folder", metavar="LOG", type=click.Path(path_type=Path))
_HEARD_SECONDS = 2.0
_PATIENCE_SECONDS = 1.0

_OPTIONS = (
    click.option(
        "--postgres",
        metavar="DSN",
        help="Take entries in this PostgreSQL database ('host=... dbname=... user=...', a URI, or service=...). Its "
        "password is never kept: give it in PGPASSWORD, ~/.pgpass or a service.",
    ),
    click.option("--schema", metavar="NAME", help="The log's schema there (default: the origin in a-z, 0-9 and _)."),
    click.option("--writer", metavar="ROLE", help="Let this role append and nothing else; made if it is missing."),
    click.option("--publisher", metavar="ROLE", help="Let this role publish, too; made if it is missing."),
    click.option(
        "--s3", metavar="s3://BUCKET[/PREFIX]", help="Publish every tile to this bucket with Object Lock, too."
    ),
    click.option(
        "--azure",
        metavar="CONTAINER[/PREFIX]",
        help="Publish every tile to this Azure container with version-level immutability, too. The connection string "
        "is taken from AZURE_STORAGE_CONNECTION_STRING and never kept.",
    ),
    click.option("--account", metavar="URL", help="Or: Azure's account by address, with the machine's credentials."),
    click.option(
        "--head",
        metavar="BUCKET",
        help="Bucket or container of the checkpoint and partial tiles (its name with -head).",
    ),
    click.option(
        "--mode",
        type=click.Choice(["compliance", "governance", "locked", "unlocked"]),
        help="Of the locks: the first two for --s3, the others for --azure.",
    ),
    click.option(
        "--retain-until", metavar="DATE", help="Lock until this day, in UTC: the shard's end plus your policy."
    ),
    click.option("--retain-days", type=click.IntRange(1, 36_500), help="Or: lock each object for as many days."),
    click.option("--endpoint", metavar="URL", help="Address of a store other than Amazon's."),
)


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say where a new log is."""
    return reduce(lambda made, option: option(made), reversed(_OPTIONS), command)


def places_of(origin: str, **given: Any) -> Places:  # noqa: ANN401 - click's options, by their names
    """Return where a new log shall be, as the options say; its database is made, with the roles.

    Raises:
        InputError: when they contradict each other.
    """
    from assay.adapters import log_places  # noqa: PLC0415 - only when called

    wrong = [
        f"--{name.replace('_', '-')} goes with --{needs}"
        for needs, names in (
            ("postgres", ("schema", "writer", "publisher")),
            ("s3", ("endpoint",)),
            ("azure", ("account",)),
        )
        for name in names
        if given[name] is not None and given[needs] is None
    ]
    if given["s3"] is None and given["azure"] is None:
        kept = ("head", "mode", "retain_until", "retain_days")
        wrong += [f"--{one.replace('_', '-')} goes with --s3 or --azure" for one in kept if given[one] is not None]
    if given["s3"] is not None and given["azure"] is not None:
        wrong.append("--s3 and --azure: expected one of them")
    if wrong:
        raise click.UsageError("; ".join(wrong))
    s3, azure = _store(given), _in_azure(given)
    postgres = None
    if given["postgres"] is not None:
        postgres = log_places.in_postgres(given["postgres"], given["schema"] or log_places.default_schema(origin))
        if log_places.has_password(given["postgres"]):
            click.echo("note: the password is not kept: give it in PGPASSWORD, ~/.pgpass or a service", err=True)
        from assay.adapters.postgres_sequencer import PostgresSequencer  # noqa: PLC0415 - only when called

        roles = {"writer": given["writer"], "publisher": given["publisher"]}
        PostgresSequencer.create(given["postgres"], postgres.schema, **roles, make_roles=True)
        click.echo(f"note: entries wait in the PostgreSQL schema {postgres.schema}", err=True)
    return log_places.Places(postgres, s3, azure)


def _store(given: dict[str, Any]) -> InS3 | None:
    from assay.adapters.log_places import InS3, parse_s3_url  # noqa: PLC0415 - only when called

    if given["s3"] is None:
        return None
    locked, prefix = parse_s3_url(given["s3"], "--s3")
    head, other = parse_s3_url(given["head"], "--head") if given["head"] else (f"{locked}-head", prefix)
    if other not in {"", prefix}:
        raise InputError(f"--head: expected the prefix of --s3, {prefix!r}, or none, found {other!r}")
    until = _retained(given, "s3", "compliance", "governance")
    return InS3(locked, head, prefix, given["mode"].upper(), until, given["retain_days"], given["endpoint"])


def _in_azure(given: dict[str, Any]) -> InAzure | None:
    from assay.adapters.places_azure import InAzure, parse_account, parse_container  # noqa: PLC0415 - as above

    if given["azure"] is None:
        return None
    locked, prefix = parse_container(given["azure"], "--azure")
    head, other = parse_container(given["head"], "--head") if given["head"] else (f"{locked}-head", prefix)
    if other not in {"", prefix}:
        raise InputError(f"--head: expected the prefix of --azure, {prefix!r}, or none, found {other!r}")
    until = _retained(given, "azure", "locked", "unlocked")
    account = None if given["account"] is None else parse_account(given["account"])
    return InAzure(locked, head, prefix, given["mode"].capitalize(), until, given["retain_days"], account)


def _retained(given: dict[str, Any], store: str, firm: str, trial: str) -> dt.datetime | None:
    """Return the date until which is locked, None where days are counted; one of both must be given, with the mode."""
    if given["mode"] not in {firm, trial} or (given["retain_until"] is None) == (given["retain_days"] is None):
        raise click.UsageError(
            f"--{store}: expected --mode {firm}|{trial}, and either --retain-until DATE or --retain-days N. Try "
            f"{trial} first: nobody can undo {firm}"
        )
    return None if given["retain_until"] is None else _date(given["retain_until"])


def _date(text: str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--retain-until: expected a date such as 2037-01-01, found {text!r}") from None
    found = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    if found <= dt.datetime.now(dt.UTC):
        raise InputError(f"--retain-until: expected a date to come, found {text!r}")
    return found


SUBMIT_EPILOG = """\b
Examples:
  assay log submit run.json --event-id run-4711 --postgres 'host=db dbname=logs user=ingest' --schema credit_2027
  assay log submit --lines events.ndjson --postgres service=logs --schema credit_2027

\b
Exit codes: 0 the entries are durable, 2 wrong command or input, or the database cannot be reached.
"""


@click.command(epilog=SUBMIT_EPILOG)
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option("--lines", metavar="FILE", help="Submit each line of FILE ('-': standard input) as an entry.")
@click.option("--event-id", metavar="ID", help="Your name for the one FILE: submitted again, it gets the same index.")
@click.option("--postgres", metavar="DSN", required=True, help="The database; its password in PGPASSWORD or ~/.pgpass.")
@click.option("--schema", metavar="NAME", required=True, help="The log's schema, as `assay log init` printed it.")
def submit(files: tuple[str, ...], lines: str | None, event_id: str | None, postgres: str, schema: str) -> None:
    """Submit entries to a log in PostgreSQL from a machine that has neither its key nor its tiles.

    Prints the index of each entry once it is on the server's disk; `assay log publish` puts it under a checkpoint. Each
    line is submitted under its own SHA-256 as event id, so that after a lost connection all can be submitted again.
    """
    from hashlib import sha256  # noqa: PLC0415 - only when called

    from assay.adapters.postgres_sequencer import PostgresSequencer  # noqa: PLC0415 - only when called
    from assay.lifecycle.publishing import Submission  # noqa: PLC0415 - only when called

    if bool(files) == (lines is not None):
        raise click.UsageError("expected files to submit, or --lines FILE, and not both")
    if event_id is not None and len(files) != 1:
        raise click.UsageError("an event id names one entry: expected one FILE")
    if lines is None:
        named = [(name, _read(name)) for name in files]
        entries = [Submission(content, None if event_id is None else event_id.encode()) for _, content in named]
        names = [name for name, _ in named]
    else:
        parts = _read(lines).split(b"\n")
        entries = [Submission(one, sha256(one).digest()) for one in (parts if parts[-1] else parts[:-1])]
        names = []
    with PostgresSequencer(postgres, schema) as sequencer:
        indices = sequencer.append(entries)
    for index, name in zip(indices, names or [""] * len(indices), strict=True):
        click.echo(f"{index} {name}".rstrip())


def _read(path: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"expected a file at {path}: {error.strerror}") from None


PUBLISH_EPILOG = """\b
Examples:
  assay log publish trail                  once
  assay log publish trail --follow         until it is stopped, as a service

\b
Exit codes: 0 published, 1 the log is not what it was, 2 wrong command, or a store cannot be reached.
"""


@click.command(epilog=PUBLISH_EPILOG)
@LOG
@click.option("--follow", is_flag=True, help="Go on: publish what comes, as it comes, until stopped (Ctrl-C, SIGTERM).")
def publish(log_folder: Path, follow: bool) -> None:
    """Put everything that was submitted under a signed checkpoint; others may append meanwhile.

    One publisher at a time: in PostgreSQL it holds a lease, and a second one waits. A store that cannot be reached is
    told, and asked again; a log that is not what it was ends it.
    """
    from assay.adapters.folder_log import FolderLog  # noqa: PLC0415 - only when called

    opened = FolderLog.open(log_folder)
    if follow:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            _follow(opened)
        except KeyboardInterrupt:
            return
    now = opened.publish().checkpoint
    click.echo(f"{now.origin}: {now.size} entries are published")


def _follow(opened: FolderLog) -> None:
    size = -1
    while True:
        try:
            with opened.sequencing() as sequencer:
                while True:
                    now = opened.publish().checkpoint
                    if now.size != size:
                        size = now.size
                        click.echo(f"{now.origin}: {size} entries are published")
                    sequencer.wait(size, _HEARD_SECONDS)
        except StorageError as error:
            click.echo(f"waiting: {error}", err=True)
            time.sleep(_PATIENCE_SECONDS)


HOLD_EPILOG = """\b
Examples:
  assay log hold trail tile/entries/001            entries 256 to 511, until the hold is lifted
  assay log hold trail checkpoints/512 --lift

\b
Exit codes: 0 done, 2 wrong command, no such object, or the store refuses.
"""


@click.command(epilog=HOLD_EPILOG)
@LOG
@click.argument("path", metavar="PATH")
@click.option("--lift", is_flag=True, help="Take the hold away; the lock's own date stays.")
def hold(log_folder: Path, path: str, lift: bool) -> None:
    """Put a legal hold on what a log has locked at PATH: it has no end date, and outlasts every retention.

    PATH is that of a full tile or bundle, or of an archived checkpoint, below the log.
    """
    from assay.adapters.folder_log import FolderLog  # noqa: PLC0415 - only when called

    FolderLog.open(log_folder).write_once().set_legal_hold(path, on=not lift)
    click.echo(f"{path}: the hold is lifted" if lift else f"{path}: on hold until `assay log hold --lift`")
