"""What the verbs of `assay trail` share: the project here, its trail opened, events recorded in its log."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import click

from assay.errors import InputError, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.lifecycle.asking import Trail
    from assay.lifecycle.project import Project


def project_here() -> Project:
    """Return the project that the working folder belongs to."""
    from assay.lifecycle.project import load_project  # noqa: PLC0415 - only when called

    return load_project()


@contextlib.contextmanager
def open_project_trail(project: Project, *, rebuild: bool = False) -> Iterator[Trail]:
    """Open a project's trail; what a restored backup brought back is erased again first, and told.

    Raises:
        InputError: when nothing is recorded yet.
        VerificationError: when the log is lost, or is not what was signed.
    """
    from assay.adapters.folder_shards import trail_of  # noqa: PLC0415 - only when called
    from assay.lifecycle.asking import open_trail  # noqa: PLC0415 - only when called
    from assay.lifecycle.log_shards import NOTHING_YET, missing_log  # noqa: PLC0415 - only when called

    if not (project.log / "checkpoint").is_file():
        raise missing_log(project.log, "the project's log", NOTHING_YET)
    shards, not_checked = trail_of(project.log)
    for left in not_checked:
        click.echo(f"note: not checked: {left}", err=True)
    with open_trail(project, shards, rebuild=rebuild) as opened:
        for line in opened.replayed:
            click.echo(line, err=True)
        yield opened


def record_events(project: Project, events: list[Any], name: str) -> list[Any]:
    """Sign events with the key of a name and append those that are new to the project's log.

    Raises:
        InputError: for a name without a key, or an event that the log cannot take.
    """
    from assay.adapters.here import log_of  # noqa: PLC0415 - only when called
    from assay.lifecycle.keyring import Keyring  # noqa: PLC0415
    from assay.lifecycle.recording import Nothing, one_recorder, record  # noqa: PLC0415

    keyring = Keyring(project.keys)
    names = keyring.names()
    if name not in names and names and name != "default":
        raise InputError(f"expected one of the keys {', '.join(names)}, found {name!r}{suggest(name, names)}")
    signer = keyring.signer(name)
    with one_recorder(project.state):
        if not (project.log / "checkpoint").is_file():
            return record(events, log_of(project), signer, Nothing())
        with open_project_trail(project) as opened:
            return record(events, log_of(project), signer, opened)
