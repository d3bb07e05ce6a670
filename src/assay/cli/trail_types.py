"""`assay trail types` and `assay trail check`: the vocabulary, and the projection held against the log."""

from __future__ import annotations

import click

from assay.cli._trail import open_project_trail, project_here
from assay.cli.options import format_option, print_machine
from assay.errors import EXIT_ALLOW, EXIT_DENY


@click.command()
@click.argument("kind", metavar="[TYPE]", required=False)
@format_option("text", "markdown")
def types(kind: str | None, form: str) -> None:
    r"""Describe the types of events, or one TYPE with its fields and an example.

    \b
    Example:
      assay trail types waiver.granted
    """
    from assay.trail import describing  # noqa: PLC0415 - only when called
    from assay.trail.events import FAMILIES  # noqa: PLC0415

    if kind is not None:
        print_machine(describing.describe(kind))
    elif form == "markdown":
        print_machine(describing.page())
    else:
        for family, members in FAMILIES.items():
            click.echo(f"{family}: {', '.join(members)}")


@click.command()
def check() -> int:
    r"""Build the projection again from the log and compare: what was changed in it is named.

    \b
    Example:
      assay trail check
    """
    with open_project_trail(project_here()) as opened:
        problems = opened.rebuilt()
        size = opened.size
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        click.echo("The log is the truth: remove .assay/trail.sqlite, and the next question builds it anew.", err=True)
        return EXIT_DENY
    click.echo(f"The projection says what the log says, up to size {size}.")
    return EXIT_ALLOW
