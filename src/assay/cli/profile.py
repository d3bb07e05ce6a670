"""`assay profile`: a table as a small file of counts, to hold later tables against."""

from __future__ import annotations

from pathlib import Path

import click

from assay.cli.options import Names, complete_files, rows_argument, write_outputs

EPILOG = """\b
Examples:
  assay profile train.parquet --without id --output reference.json
  assay compare reference.json last-week.parquet
  assay run --stage monitoring --batch today.parquet        with monitoring: {profile: reference.json} in assay.yaml

\b
The file holds counts by category and by bin, and the ends of bins, which are values that occurred. It holds no rows.
"""


@click.command(epilog=EPILOG)
@click.argument("table", metavar="DATA", shell_complete=complete_files)
@click.option("--columns", type=Names(), help="Only these columns: A[,B].")
@click.option("--without", type=Names(), default=(), help="Leave these columns out, such as identifiers: A[,B].")
@click.option("--output", "out", type=click.Path(path_type=Path, allow_dash=True), required=True, help="File to write.")
def profile(table: str, columns: tuple[str, ...] | None, without: tuple[str, ...], out: Path) -> None:
    """Count a table once, so that later ones are compared with it and its rows stay where they are.

    DATA is a CSV or Parquet file, a glob, a folder, or - for standard input.
    """
    from assay.lifecycle.comparing import profile_rows  # noqa: PLC0415 - the engine is loaded only by this verb
    from assay.records.canonical import sha256_hex  # noqa: PLC0415
    from assay.records.profile import print_profile  # noqa: PLC0415

    found = profile_rows(rows_argument(table), columns=columns, without=without)
    content = print_profile(found)
    if str(out) == "-":
        click.echo(content, nl=False)
    else:
        write_outputs([("profile", out)], {"profile": content.decode})
    click.echo(f"{found.rows:,} rows, {len(found.columns)} columns; SHA-256 {sha256_hex(content)}", err=True)
    for one in found.columns:
        if one.reason is not None:
            click.echo(f"{one.column}: {one.reason}", err=True)
