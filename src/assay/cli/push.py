"""`assay push`: deliver to a server what waits in the project's log."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click
import msgspec

from assay.cli._push import pushed_text
from assay.cli.options import format_option, print_machine, project_option
from assay.errors import EXIT_ALLOW, EXIT_DENY, EXIT_UNDECIDED, InputError, NotThereError

if TYPE_CHECKING:
    from pathlib import Path

    from assay.adapters.server_push import HttpServer
    from assay.lifecycle.project import Project
    from assay.records.delivery import Outcome

CODES = {"allow": EXIT_ALLOW, "warn": EXIT_ALLOW, "deny": EXIT_DENY, "undecided": EXIT_UNDECIDED}
_LOOK_SECONDS = 2.0

EPILOG = """\b
Examples:
  assay push                                    to the server of ASSAY_SERVER, or of assay.yaml
  assay push --server https://assay.example.org
  assay push --wait 3600                        and wait until people have decided there

\b
Who delivers: ASSAY_TOKEN_FILE (a file with NAME:SECRET), or the identity of a GitHub Actions or GitLab CI job.

\b
Exit codes: 0 delivered, 1 refused (the log, or a release, which is named; the rest was delivered), 2 not delivered, or
wrong command.
With --wait, the server's decision: 0 allow (or warn), 1 deny, 3 undecided or still waiting.
"""


@click.command(epilog=EPILOG)
@project_option
@click.option("--server", metavar="URL", help="The server (default: ASSAY_SERVER, or server.url of assay.yaml).")
@click.option("--with-names", is_flag=True, help="Deliver who is behind the pseudonyms of the log, too.")
@click.option(
    "--wait", "seconds", type=click.IntRange(min=0), metavar="SECONDS",
    help="Wait so long for the server's decision on the version in assay.yaml, and end with it.",
)  # fmt: skip
@format_option("text", "json")
def push(project: Path | None, server: str | None, with_names: bool, seconds: int | None, form: str) -> int:
    """Deliver to a server what it has not taken yet of the project's log: once, in order, with what it names.

    The log is the spool: a run that could not reach the server leaves its entries there, and the next one, or this
    verb, delivers them. The server checks that the log only grew, and decides by itself.
    """
    from assay.adapters import here  # noqa: PLC0415 - only when called
    from assay.adapters import server_push as way  # noqa: PLC0415

    found = here.project_at(project)
    url = way.server_of(found, server)
    if url is None:
        raise InputError(
            "expected a server, found none: name it with --server URL, with ASSAY_SERVER, or in assay.yaml: "
            "server: {url: URL}"
        )
    client = way.HttpServer(url)
    pushed = way.push(found, url, with_names=with_names or way.names_wanted(found), server=client)
    outcome = None if seconds is None else _decided(client, found, seconds)
    if form == "json":
        document = {"server": url, **msgspec.to_builtins(pushed), "decision": msgspec.to_builtins(outcome)}
        print_machine(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        click.echo(pushed_text(pushed, url), nl=False)
        if outcome is not None:
            click.echo(f"{outcome.model} {outcome.version}: {outcome.decision or 'waits'}. {outcome.words}")
    if pushed.refused:
        return EXIT_DENY
    return EXIT_ALLOW if seconds is None else _code(outcome)


def _decided(client: HttpServer, project: Project, seconds: int) -> Outcome | None:
    """Ask again and again until the server has decided, or the time is over; return what it said last."""
    ends, said = time.monotonic() + seconds, None
    while True:
        try:
            said = client.outcome(project.config.model.name, project.config.model.version)
        except NotThereError:
            said = None
        if (said is not None and said.decision in {"allow", "warn", "deny"}) or time.monotonic() >= ends:
            return said
        time.sleep(_LOOK_SECONDS)


def _code(outcome: Outcome | None) -> int:
    if outcome is None or outcome.decision is None:
        return EXIT_UNDECIDED
    return CODES[outcome.decision]
