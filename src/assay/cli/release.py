"""`assay assess` and `assay gate`: the two halves of `run`; and how a verdict is shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli._push import deliver_to_server, server_option
from assay.cli.options import Output, console, format_option, print_machine, project_option, write_outputs
from assay.errors import EXIT_ALLOW, EXIT_DENY, EXIT_UNDECIDED

if TYPE_CHECKING:
    from assay.lifecycle.release import Decided

FORMATS = ("text", "json", "markdown", "sarif", "junit")
OUTPUTS = (*FORMATS, "html", "card", "verdict")
CODES = {"allow": EXIT_ALLOW, "warn": EXIT_ALLOW, "deny": EXIT_DENY, "undecided": EXIT_UNDECIDED}


def show(decided: Decided, form: str) -> None:
    """Print a release: colours and tables for a person at a terminal, plain text or a document otherwise."""
    from assay.lifecycle.documents import makers  # noqa: PLC0415 - only when called

    terminal = console() if form == "text" and sys.stdout.isatty() else None
    if terminal is not None:
        from assay.reports.terminal import print_release  # noqa: PLC0415 - only for a person

        print_release(decided.report, terminal)
    else:
        print_machine(makers(decided.report)[form]())


def finish(decided: Decided, form: str, outputs: tuple[tuple[str, Path], ...]) -> int:
    """Show a release, write the reports asked for, and return the exit code of its decision."""
    from assay.lifecycle.documents import makers  # noqa: PLC0415 - only when called
    from assay.lifecycle.release import Released  # noqa: PLC0415

    show(decided, form)
    write_outputs(outputs, makers(decided.report))
    if isinstance(decided, Released):
        if form == "text":
            click.echo(f"written: {decided.folder}", err=True)
    else:
        click.echo(
            "decided, and neither signed nor recorded: there is no project here. Sign and record it with --state FOLDER"
            "; keep the verdict with --output verdict=FILE",
            err=True,
        )
    return CODES[decided.verdict.decision]


@click.command()
@project_option
@click.option("--key", default="default", show_default=True, help="Name of the key in .assay/keys that signs.")
@click.option(
    "--output",
    "out",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Write the evidence there, too; - prints it.",
)
@click.option("--again", is_flag=True, help="Let a decision go that is there: it is about other evidence then.")
def assess(project: Path | None, key: str, out: Path | None, again: bool) -> None:
    """Measure near the data, and sign what was measured; decide later, anywhere, with: assay gate.

    A version that is decided already is not measured under its decision: `assay run` does both at once.

    \b
    Example:
      assay assess && assay gate .assay/releases/NAME/VERSION/evidence.json
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    from assay.adapters import here  # noqa: PLC0415 - only when called
    from assay.attest.statement import EVIDENCE  # noqa: PLC0415

    assessed = here.assess(here.project_at(project), key=key, watched=True, again=again)
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
@click.option("--trust", type=Path, help="File that names people and their keys, instead of the project's.")
@click.option(
    "--measured-by", type=Path, multiple=True,
    help="Public key of who may have measured, beside the people of --trust (without a project).",
)  # fmt: skip
@click.option("--signature", type=Path, help="The evidence's signature (default: evidence.dsse.json beside it).")
@click.option("--tally", type=Path, help="The counts behind the evidence (default: tally.json beside it).")
@click.option(
    "--consents", type=Path, multiple=True,
    help="Approvals and waivers, files or folders (default: the folder consents beside the evidence).",
)  # fmt: skip
@click.option("--model", type=Path, help="The model's files, to compare (default: the project's, of that version).")
@click.option("--state", type=Path, help="Without a project: sign and record in this folder of keys, log and releases.")
@click.option("--key", help="Name of the key that signs (default: default).")
@click.option("--at", help="Decide as at this time (RFC 3339, UTC); only where nothing is signed.")
@click.option("--output", "outputs", type=Output(OUTPUTS), multiple=True, help="Write a report to a file, too.")
@server_option
@format_option(*FORMATS)
def gate(
    evidence: Path, form: str, outputs: tuple[tuple[str, Path], ...], **given: Any,  # noqa: ANN401 - as `here.gate` names them
) -> int:  # fmt: skip
    """Decide on EVIDENCE under a policy, anywhere: no rows, no engine and no network are needed.

    EVIDENCE is an evidence.json, its folder, or - for standard input, where its signature may follow it.

    In a project the decision is signed and recorded there. Elsewhere --policy and --trust say under what is decided and
    whose signatures count; nothing is signed or written, unless --state names a folder for keys, log and releases.
    Without the model's files (--model) it is unknown whether they changed, and unknown never passes a policy that asks.

    \b
    Examples:
      assay gate .assay/releases/NAME/VERSION/evidence.json
      assay gate evidence.json --policy stricter.yaml --output sarif=assay.sarif
      assay gate handed-in/ --policy policy.yaml --trust trust.yaml --output verdict=verdict.json
      assay gate handed-in/ --policy policy.yaml --trust trust.yaml --model model/ --state decisions/
      cat evidence.json evidence.dsse.json | assay gate - --policy policy.yaml --trust trust.yaml --format json

    \b
    Exit codes: 0 allow (or warn), 1 deny or evidence that does not hold, 2 wrong input, 3 undecided.
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    from assay.adapters import here  # noqa: PLC0415 - only when called

    project, server = given.pop("project"), given.pop("server")
    found = here.project_at(project) if project is not None else None
    code = finish(here.gate(evidence, found, **given), form, outputs)
    if given["state"] is None:
        deliver_to_server(found or here.project_above(evidence), server)
    return code
