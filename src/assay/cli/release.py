"""`assay assess` and `assay gate`: the two halves of `run`; and how a verdict is shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli.options import Output, console, format_option, print_machine, write_outputs
from assay.errors import EXIT_ALLOW, EXIT_DENY, EXIT_UNDECIDED

if TYPE_CHECKING:
    from assay.lifecycle.release import Released

FORMATS = ("text", "json", "markdown", "sarif", "junit")
CODES = {"allow": EXIT_ALLOW, "warn": EXIT_ALLOW, "deny": EXIT_DENY, "undecided": EXIT_UNDECIDED}


def show(released: Released, form: str) -> None:
    """Print a release: colours and tables for a person at a terminal, plain text or a document otherwise."""
    from assay.lifecycle.documents import makers  # noqa: PLC0415 - only when called

    terminal = console() if form == "text" and sys.stdout.isatty() else None
    if terminal is not None:
        from assay.reports.terminal import print_release  # noqa: PLC0415 - only for a person

        print_release(released.report, terminal)
    else:
        print_machine(makers(released.report)[form]())


def finish(released: Released, form: str, outputs: tuple[tuple[str, Path], ...]) -> int:
    """Show a release, write the reports asked for, and return the exit code of its decision."""
    from assay.lifecycle.documents import makers  # noqa: PLC0415 - only when called

    show(released, form)
    write_outputs(outputs, makers(released.report))
    if form == "text":
        click.echo(f"written: {released.folder}", err=True)
    return CODES[released.verdict.decision]


@click.command()
@click.option("--project", type=Path, help="assay.yaml or its folder (default: here, or the nearest folder above).")
@click.option("--key", default="default", show_default=True, help="Name of the key in .assay/keys that signs.")
@click.option(
    "--output",
    "out",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Write the evidence there, too; - prints it.",
)
def assess(project: Path | None, key: str, out: Path | None) -> None:
    """Measure near the data, and sign what was measured; decide later, anywhere, with: assay gate.

    \b
    Example:
      assay assess && assay gate .assay/releases/NAME/VERSION/evidence.json
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    from assay.adapters import here  # noqa: PLC0415 - only when called
    from assay.attest.statement import EVIDENCE  # noqa: PLC0415

    assessed = here.assess(here.project_at(project), key=key, watched=True)
    if out is not None:
        content = (assessed.folder / EVIDENCE).read_bytes()
        if str(out) == "-":
            sys.stdout.write(content.decode())
        else:
            write_outputs([("evidence", out)], {"evidence": content.decode})
    evidence = assessed.evidence
    click.echo(
        f"measured {evidence.rows:,} rows of {evidence.measured_on!r}: {len(evidence.measurements):,} measurements, "
        f"signed by {evidence.measured_by.identity}, in {assessed.folder / EVIDENCE}",
        err=True,
    )
    for gap in evidence.gaps:
        click.echo(f"{gap.count:,} rows: {gap.column} is {gap.kind}", err=True)


@click.command()
@click.argument("evidence", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--project", type=Path, help="assay.yaml or its folder (default: found above the evidence, or here).")
@click.option("--policy", type=Path, help="Decide under this policy instead of the project's.")
@click.option("--signature", type=Path, help="The evidence's signature (default: evidence.dsse.json beside it).")
@click.option("--key", default="default", show_default=True, help="Name of the key in .assay/keys that signs.")
@click.option("--output", "outputs", type=Output(FORMATS), multiple=True, help="Write a report to a file, too.")
@format_option(*FORMATS)
def gate(
    evidence: Path, project: Path | None, policy: Path | None, signature: Path | None, key: str,
    outputs: tuple[tuple[str, Path], ...], form: str,
) -> int:  # fmt: skip
    """Decide on EVIDENCE under a policy: no rows, no engine and no network are needed.

    EVIDENCE is an evidence.json, its folder, or - for standard input (then give --signature).

    \b
    Examples:
      assay gate .assay/releases/NAME/VERSION/evidence.json
      assay gate evidence.json --policy stricter.yaml --output sarif=assay.sarif
      cat evidence.json | assay gate - --signature evidence.dsse.json --format json

    \b
    Exit codes: 0 allow (or warn), 1 deny or evidence that does not hold, 2 wrong input, 3 undecided.
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    from assay.adapters import here  # noqa: PLC0415 - only when called

    found = here.project_at(project) if project is not None else None
    released = here.gate(evidence, found, policy=policy, signature=signature, key=key)
    return finish(released, form, outputs)
