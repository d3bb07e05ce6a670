"""`assay run`: assess, decide, attest, record, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli._alerts import deliver_after
from assay.cli._push import deliver_to_server, server_option
from assay.cli.options import STAGES, Output, format_option, project_option
from assay.cli.release import FORMATS, OUTPUTS, finish

if TYPE_CHECKING:
    from assay.lifecycle.release import Released
    from assay.records.evidence import Stage

EPILOG = """\b
Examples:
  assay run                                                    in a folder with assay.yaml, or below one
  assay run --project credit/assay.yaml --format json
  assay run --stage monitoring --batch served/2026-11-23.parquet --window 2026-11-23
  assay run --server https://assay.example.org                 and deliver it there
  assay run --output markdown=summary.md --output sarif=assay.sarif --output junit=assay.xml

\b
Exit codes: 0 allow (or warn), 1 deny, 2 wrong command, policy or input, 3 undecided.
"""


@click.command(epilog=EPILOG)
@project_option
@click.option("--policy", type=Path, help="Decide under this policy instead of the one in assay.yaml.")
@click.option("--stage", type=click.Choice(STAGES), default="release", show_default=True)
@click.option(
    "--batch", help="At the stage monitoring: the window's rows, a file, glob or folder; - for standard input."
)
@click.option("--window", help="At the stage monitoring: the window's name (default: its last time).")
@click.option("--key", default="default", show_default=True, help="Name of the key in .assay/keys that signs.")
@click.option("--output", "outputs", type=Output(OUTPUTS), multiple=True, help="Write a report to a file, too.")
@server_option
@format_option(*FORMATS)
def run(
    project: Path | None, policy: Path | None, stage: Stage, key: str, outputs: tuple[tuple[str, Path], ...], form: str,
    batch: str | None, window: str | None, server: str | None,
) -> int:  # fmt: skip
    """Answer in one line: may this model version be released?

    Measures the model version that assay.yaml names, decides under its policy, signs evidence and verdict, records
    both in the log, and writes tally, evidence, verdict, bundle, receipt, model card and report.
    """
    from assay.adapters import here  # noqa: PLC0415 - only when called

    found = here.project_at(project)
    released = here.run(
        found,
        stage=stage,
        policy=policy,
        key=key,
        watched=form == "text",
        batch=batch,
        window=window,
    )
    code = finish(released, form, outputs)
    tell_alerts(released)
    deliver_after(found, key)
    deliver_to_server(found, server)
    return code


def tell_alerts(released: Released) -> None:
    """Say on standard error which alerts a window raised, which are open, and which are over."""
    alerts = getattr(released, "alerts", None)
    if alerts is None:
        return
    for word, found in (("alert", alerts.raised), ("still open", alerts.open), ("over", alerts.over)):
        for one in found:
            click.echo(f"{word}: {one.finding} (since window {one.window}; {one.alert} in the trail)", err=True)
