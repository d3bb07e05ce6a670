"""`assay status`: how a version stands before frameworks on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from assay.cli.options import format_option, print_machine
from assay.errors import EXIT_ALLOW, EXIT_DENY, EXIT_UNDECIDED
from assay.records.status import STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.status import SystemStatus

EPILOG = """\b
Examples:
  assay status                                       the version of assay.yaml, today
  assay status --framework eu-ai-act --ahead         also what is fixed but not yet in force
  assay status --framework eu-ai-act --as-of 2027-12-02 --role provider --route annex-iii
  assay status --state missing --state stale
  assay status --all --format json

\b
Exit codes: 0 nothing is open; 1 something computed fails; 2 wrong command or input; 3 something is missing, stale, to
be judged or to be decided. None of them says that a law is kept.
"""


@click.command(epilog=EPILOG)
@click.option("--framework", "frameworks", multiple=True, metavar="NAME[@VERSION]",
              help="Only this framework; may be given again (default: those of assay.yaml, else all).")  # fmt: skip
@click.option("--as-of", "day", metavar="DATE", help="The day that counts, YYYY-MM-DD (default: today, UTC).")
@click.option("--role", "roles", multiple=True, help="The operator's role, in place of that of assay.yaml.")
@click.option("--route", help="The system's route, in place of that of assay.yaml.")
@click.option("--ahead", is_flag=True, help="Look at duties that are fixed but not yet in force as if they were.")
@click.option("--version", "version", help="Version of the model (default: that of assay.yaml).")
@click.option("--all", "every", is_flag=True, help="Every version that was decided on.")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Tell only controls in this state.")
@click.option("--packs", "folder", metavar="DIR", help="Packs of your own (default: `packs:` in assay.yaml).")
@format_option("text", "json", "markdown")
@click.pass_context
def status(
    ctx: click.Context, frameworks: tuple[str, ...], day: str | None, roles: tuple[str, ...], route: str | None,
    ahead: bool, version: str | None, every: bool, states: tuple[str, ...], folder: str | None, form: str,
) -> None:  # fmt: skip
    """Say of each control of a framework what shows it: computed, attested, stale, missing or not applicable, and why.

    Each state comes with its evidence and where the trail proves it. Nothing is decided here.
    """
    from assay.adapters.here import project_at  # noqa: PLC0415 - only when called
    from assay.adapters.obligations_here import status as of_project  # noqa: PLC0415
    from assay.reports.status import status_json, status_markdown, status_text  # noqa: PLC0415

    project = project_at()
    one = None if every else version or project.config.model.version
    found = of_project(
        project, frameworks=frameworks, as_of=day, roles=roles, route=route, ahead=ahead, version=one, packs=folder
    )
    if form == "json":
        print_machine(status_json(found))
    elif form == "markdown":
        print_machine("\n\n".join(status_markdown(each, states) for each in found))
    else:
        print_machine("\n\n".join(status_text(each, states, most=0 if every else None) for each in found))
    ctx.exit(_code(found))


def _code(found: Sequence[SystemStatus]) -> int:
    rows = [row for one in found for framework in one.frameworks for row in framework.controls]
    if any(row.outcome in {"fail", "not-met"} for row in rows):
        return EXIT_DENY
    return EXIT_UNDECIDED if any(row.open for row in rows) or any(one.problems for one in found) else EXIT_ALLOW
