"""`assay log freeze`, `assay log rotate-key`, and the log that goes on after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from assay.cli.log_places import LOG, places_of

if TYPE_CHECKING:
    from pathlib import Path

FREEZE_EPILOG = """\b
Example, at the end of a year:
  assay log freeze trail-2026 --successor logs.example.com/credit/2027
  assay log init trail-2027 --after trail-2026
  assay log append trail-2027 verdict.json

\b
Exit codes: 0 frozen, 1 the log is not what it was, 2 wrong command or input.
"""


@click.command(epilog=FREEZE_EPILOG)
@LOG
@click.option("--successor", metavar="ORIGIN", required=True, help="Name of the log that goes on.")
def freeze(log_folder: Path, successor: str) -> None:
    """End a log: a last entry says so, and it takes no more.

    The entry is `log.frozen`, signed with the log's key; it names the successor. What waits is published before it.
    Proofs, and everything that reads, go on working; keep the final checkpoint elsewhere, and then destroy the key.
    """
    from assay.adapters import log_succession  # noqa: PLC0415 - only when called
    from assay.lifecycle.setting import now  # noqa: PLC0415 - only when called

    final = log_succession.freeze(log_folder, successor, now()).checkpoint
    click.echo(f"{final.origin}: frozen with {final.size} entries; {successor} goes on")
    click.echo(f"next: assay log init FOLDER --after {log_folder}", err=True)


def open_next(after: Path, folder: Path, origin: str | None, *, ml_dsa: bool, **places: Any) -> str:  # noqa: ANN401 - options of `places_of`
    """Make the log that goes on after a frozen one, and return its verifier key."""
    from assay.adapters import log_succession  # noqa: PLC0415 - only when called
    from assay.lifecycle.setting import now  # noqa: PLC0415 - only when called

    named = log_succession.successor_of(after)
    if origin not in {None, named}:
        raise click.UsageError(f"--origin: {after} says that {named} goes on, found {origin}")
    made = log_succession.open_next(after, folder, now(), ml_dsa=ml_dsa, places=places_of(named, **places))
    return made.vkey


def links(folder: Path) -> tuple[list[str], list[str]]:
    """Return what is wrong with the step from a log to the one that goes on, and what is worth knowing."""
    from assay.adapters.folder_reader import FolderReader  # noqa: PLC0415 - only when called
    from assay.adapters.folder_shards import link_problem  # noqa: PLC0415 - only when called
    from assay.errors import InputError  # noqa: PLC0415 - only when called
    from assay.lifecycle.log_shards import next_shard  # noqa: PLC0415 - only when called

    following = next_shard(folder)
    if following is None:
        return [], []
    try:
        problem = link_problem(FolderReader.open(folder), FolderReader.open(following))
    except InputError as error:
        return [f"{folder.name}.next: {error}"], []
    return ([problem], []) if problem else ([], [f"{following} goes on after it: check that one, too"])


ROTATE_EPILOG = """\b
Examples:
  assay log rotate-key trail
  assay log rotate-key trail --reason stolen

\b
Exit codes: 0 replaced, 1 the log is not what it was, 2 wrong command or input.
"""


@click.command("rotate-key", epilog=ROTATE_EPILOG)
@LOG
@click.option(
    "--reason", type=click.Choice(["planned", "lost", "stolen", "algorithm"]), default="planned", show_default=True
)
def rotate_key(log_folder: Path, reason: str) -> None:
    """Give the log a new key, and print its verifier key; the old private key is removed.

    A log that signs with an ML-DSA-44 key too gets a new one of that kind with it: LOG.ml-dsa.vkey.

    An entry `key.rotated`, signed with old and new key, says so; all of them sign the checkpoint that covers it.
    LOG.keys says which sizes each may sign: give it to those who verify. Proofs made before stay valid. Interrupted,
    run it again.
    """
    from assay.adapters import log_succession  # noqa: PLC0415 - only when called
    from assay.lifecycle.setting import now  # noqa: PLC0415 - only when called

    done = log_succession.rotate_key(log_folder, reason, now())
    click.echo(done.new)
    if done.second is not None:
        click.echo(f"note: its ML-DSA-44 key was replaced, too: {log_folder.name}.ml-dsa.vkey", err=True)
    click.echo(
        f"note: it signs checkpoints of {done.from_size} entries and more; the old one, {done.old}, those before. Give "
        f"{log_folder.name}.keys to those who verify",
        err=True,
    )
