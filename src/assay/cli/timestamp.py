"""`assay log timestamp`: have an RFC 3161 authority put a time to a log's checkpoint."""

from __future__ import annotations

from pathlib import Path

import click

EPILOG = """\b
Examples:
  assay log timestamp trail --tsa https://tsa.example.com/ --ca authority-root.pem
  openssl ts -verify -data trail.checkpoints/5 -in trail.checkpoints/5.tsr -CAfile authority-root.pem

\b
Exit codes: 0 stored and verified, 1 the answer does not hold, 2 wrong command or input, or no answer.
"""


@click.command(epilog=EPILOG)
@click.argument("log_folder", metavar="LOG", type=click.Path(path_type=Path))
@click.option("--tsa", metavar="URL", required=True, help="The authority's address.")
@click.option(
    "--ca",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Certificates that must stand behind its answer, in PEM; kept in LOG.tsa.pem (default: what is kept there).",
)
@click.option("--authority", default="", metavar="NAME", help="Tells the timestamps of several authorities apart.")
def timestamp(log_folder: Path, tsa: str, ca: Path | None, authority: str) -> None:
    """Have an RFC 3161 authority put a time to the log's checkpoint; it learns nothing but a digest.

    The checkpoint goes to LOG.checkpoints/SIZE, the verified timestamp beside it, SIZE.tsr. Everything that the
    checkpoint covers existed before that time: assay verify, trail query, log check and the auditor bundle say so.
    """
    if not all(c.isalnum() or c in "-_" for c in authority):
        raise click.UsageError(f"--authority: expected letters, digits, - and _ (it names a file), found {authority!r}")
    click.echo(stamp(log_folder, tsa, ca, authority))


def stamp(log: Path, tsa: str, ca: Path | None, authority: str = "") -> str:
    """Timestamp the current checkpoint of a log, and return what that proves, in words."""
    from assay.adapters.checkpoint_archive import archive_checkpoint, keep_roots  # noqa: PLC0415 - only when called
    from assay.adapters.timestamp_authority import anchor_checkpoint, read_timestamp  # noqa: PLC0415
    from assay.errors import InputError  # noqa: PLC0415
    from assay.lifecycle.log_files import log_files  # noqa: PLC0415
    from assay.lifecycle.log_trust import AUTHORITIES, beside, trust_beside  # noqa: PLC0415
    from assay.lifecycle.project import read_file  # noqa: PLC0415
    from assay.tlog.timestamp import parse_roots  # noqa: PLC0415

    trust = trust_beside(log)
    opened = log_files(log, trust)
    if opened is None:
        raise InputError(f"expected a log at {log} and its verifier key beside it, found none. See: assay log init")
    kept = beside(log, AUTHORITIES)
    if ca is None and not trust.roots:
        raise InputError(
            f"expected the certificates of the authority, found none: give them with --ca FILE, or put them at {kept}"
        )
    given = trust.roots if ca is None else read_file(ca, "certificates of a timestamp authority")
    roots = parse_roots(given, name=str(ca or kept))
    size = opened.signed.checkpoint.size
    path = archive_checkpoint(log, size, opened.signed.note)
    token = anchor_checkpoint(path, tsa, roots, authority=authority)
    if ca is not None:
        keep_roots(log, given, str(ca))
    found = read_timestamp(path, roots, authority=authority)
    return f"{token}: the log of {size} entries existed before {found.before()}, by the authority {found.authority}"
