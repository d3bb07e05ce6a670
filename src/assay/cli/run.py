"""`assay run`: assess, decide, attest, record, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli._alerts import deliver_after
from assay.cli.options import STAGES, Output, format_option
from assay.cli.release import FORMATS, OUTPUTS, finish

if TYPE_CHECKING:
    from assay.records.evidence import Stage

EPILOG = """\b
Examples:
  assay run                                                    in a folder with assay.yaml, or below one
  assay run --project credit/assay.yaml --format json
  assay run --output markdown=summary.md --output sarif=assay.sarif --output junit=assay.xml

\b
Exit codes: 0 allow (or warn), 1 deny, 2 wrong command, policy or input, 3 undecided.
"""


@click.command(epilog=EPILOG)
@click.option("--project", type=Path, help="assay.yaml or its folder (default: here, or the nearest folder above).")
@click.option("--policy", type=Path, help="Decide under this policy instead of the one in assay.yaml.")
@click.option("--stage", type=click.Choice(STAGES), default="release", show_default=True)
@click.option("--key", default="default", show_default=True, help="Name of the key in .assay/keys that signs.")
@click.option("--output", "outputs", type=Output(OUTPUTS), multiple=True, help="Write a report to a file, too.")
@format_option(*FORMATS)
def run(
    project: Path | None, policy: Path | None, stage: Stage, key: str, outputs: tuple[tuple[str, Path], ...], form: str
) -> int:
    """Answer in one line: may this model version be released?

    Measures the model version that assay.yaml names, decides under its policy, signs evidence and verdict, records
    both in the log, and writes tally, evidence, verdict, bundle, receipt, model card and report.
    """
    from assay.adapters import here  # noqa: PLC0415 - only when called

    found = here.project_at(project)
    released = here.run(found, stage=stage, policy=policy, key=key, watched=form == "text")
    code = finish(released, form, outputs)
    deliver_after(found, key)
    return code
