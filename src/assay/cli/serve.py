"""``assay serve``: the server for people, in one process."""

from __future__ import annotations

from pathlib import Path

import click

from assay.errors import MissingExtraError

EPILOG = """\b
Examples:
  assay serve                     a new server in ./assay-server, for this machine
  assay serve --demo demo-server  the demonstration, with people to sign in as
"""


@click.command(epilog=EPILOG)
@click.argument("home", type=click.Path(file_okay=False, path_type=Path), default="assay-server")
@click.option("--listen", metavar="ADDRESS:PORT", help="Where a new server listens; later server.yaml says it.")
@click.option("--name", default="assay", show_default=True, help="Name of a new server, and of its log.")
@click.option("--demo", is_flag=True, help="A server to look at: the demo's project, and people to sign in as.")
def serve(home: Path, listen: str | None, name: str, demo: bool) -> None:
    """Start the server of a folder; the first start makes the folder.

    People sign in with passkeys, passwords or your provider of identities, approve what pipelines delivered, accept
    risks, and check every entry of the log in their own browser. Pipelines need no server; they deliver to one with:
    assay run --server URL
    """
    try:
        from assay.server import running  # noqa: PLC0415 - only this verb needs the web framework
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"The server ({error.name})", "server") from error
    running.serve(home, listen=listen, name=name, demo=demo, say=click.echo)
