"""`assay keys`: the keys that sign here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from assay.lifecycle.keyring import Keyring


def _keyring(project: Path | None) -> Keyring:
    from assay.adapters.here import project_at  # noqa: PLC0415 - only when called
    from assay.lifecycle.keyring import Keyring  # noqa: PLC0415

    return Keyring(project_at(project).keys)


_PROJECT = click.option("--project", type=Path, help="assay.yaml or its folder (default: here, or above).")


@click.group()
def keys() -> None:
    """List, make and print the keys in .assay/keys; private halves stay there, readable by their owner alone.

    \b
    Examples:
      assay keys list
      assay keys new vera > vera.pub       a key for vera; its public half goes into the trust file
      assay keys public default            who signs here
    """  # noqa: D301 - click's own mark for text that is not to be wrapped


@keys.command("list")
@_PROJECT
def list_keys(project: Path | None) -> None:
    """Print the name and key id (SHA-256 of the public key) of each key."""
    keyring = _keyring(project)
    for name in keyring.names():
        click.echo(f"{name}  {keyring.signer(name).key_id}")


@keys.command()
@click.argument("name")
@_PROJECT
def new(name: str, project: Path | None) -> None:
    """Make a key for NAME and print its public half, for the trust file."""
    from assay.errors import InputError  # noqa: PLC0415 - only when called

    keyring = _keyring(project)
    if name in keyring.names():
        raise InputError(f"expected a new name, found that {name} has a key already in {keyring.folder}")
    click.echo(keyring.signer(name).public.pem(), nl=False)


@keys.command()
@click.argument("name")
@_PROJECT
def public(name: str, project: Path | None) -> None:
    """Print the public half of NAME's key, for the trust file."""
    from assay.errors import InputError, suggest  # noqa: PLC0415 - only when called

    keyring = _keyring(project)
    if name not in keyring.names():
        raise InputError(f"expected a key in {keyring.folder}, found none of {name}{suggest(name, keyring.names())}")
    click.echo(keyring.signer(name).public.pem(), nl=False)
