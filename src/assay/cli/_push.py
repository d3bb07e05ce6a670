"""Delivering to a server at the end of a verb: what fails is told, waits in the log, and changes no exit code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from assay.errors import AssayError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.lifecycle.delivering import Pushed
    from assay.lifecycle.project import Project


def server_option(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option `--server`."""
    return click.option(
        "--server", metavar="URL",
        help="Deliver to this server afterwards, too (default: ASSAY_SERVER, or server.url of assay.yaml).",
    )(verb)  # fmt: skip


def deliver_to_server(project: Project | None, given: str | None) -> None:
    """Deliver what waits, where a server is named; what fails is told on standard error."""
    if project is None or not (given or os.environ.get("ASSAY_SERVER") or project.config.server):
        return
    from assay.adapters.server_push import names_wanted, push, server_of  # noqa: PLC0415 - only where there is a server

    url = server_of(project, given) or ""
    try:
        pushed = push(project, url, with_names=names_wanted(project))
    except AssayError as error:
        click.echo(f"note: not delivered: {error.diagnostics()}", err=True)
        return
    click.echo(pushed_text(pushed, url), err=True, nl=False)


def pushed_text(pushed: Pushed, url: str) -> str:
    """Return what was delivered, and what the server makes of it."""
    count = pushed.entries
    what = "nothing new" if not count else "1 entry" if count == 1 else f"{count} entries"
    lines = [f"delivered to {url}: {what}"]
    for one in pushed.outcomes:
        name = " ".join(part for part in (one.model, one.version, one.within) if part)
        word = f"the server decided {one.decision}: {one.words}" if one.outcome == "decided" else one.words
        lines.append(f"{name}: {word}")
    for refused in pushed.refused:
        name = " ".join(part for part in refused.place if part)
        lines.append(f"not taken: {name}: {refused.words} It is delivered again with the next push.")
    return "\n".join(lines) + "\n"
