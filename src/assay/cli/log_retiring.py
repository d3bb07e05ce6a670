"""`assay log retire`: delete the entries of a frozen log, once their retention is over."""

from __future__ import annotations

from pathlib import Path

import click

from assay.cli.log_places import LOG

EPILOG = """\b
Examples:
  assay log retire trail-2026
  assay log retire trail-2026 --policy retention.md

\b
Exit codes: 0 retired, 1 the log is not what it was, and nothing was deleted, 2 wrong command or input.
"""


@click.command(epilog=EPILOG)
@LOG
@click.option(
    "--ground", type=click.Choice(["retention-over", "legal-obligation"]), default="retention-over", show_default=True
)
@click.option("--policy", type=click.Path(path_type=Path), metavar="FILE", help="The retention policy, for its digest.")
def retire(log_folder: Path, ground: str, policy: Path | None) -> None:
    """Delete the entries of a frozen log for good, after the log that goes on says so.

    The event is `log.retired`, signed with the key of the log that takes entries now. Checkpoint and verifier keys
    stay, and LOG.retired, the event's proof: `check`, `assay verify` and the trail tell by it a log that was retired
    from one that was lost. Every byte is checked first; what does not hold is not deleted. What PostgreSQL has goes
    too, which takes the owner of the schema. Copies in S3 or Azure are named and not reached, and backups are not
    reached. Interrupted, run it again.
    """
    from assay.adapters import log_retiring  # noqa: PLC0415 - only when called
    from assay.lifecycle.project import read_file  # noqa: PLC0415 - only when called
    from assay.lifecycle.setting import now  # noqa: PLC0415 - only when called

    content = None if policy is None else read_file(policy, "a retention policy")
    copies = log_retiring.copies_of(log_folder)  # the folder that knows of them goes
    done = log_retiring.retire(log_folder, ground, now(), policy=content)
    click.echo(done.words())
    for one in copies:
        click.echo(f"note: not deleted: {one}: delete it there, what is locked once its lock has ended", err=True)
