"""`assay export`: a project's state for the tools that watch it."""

from __future__ import annotations

from pathlib import Path

import click

from assay.cli.options import print_machine, project_option, write_outputs

EPILOG = """\b
Example, each minute from cron, for node_exporter's textfile collector:
  assay export prometheus -o /var/lib/node_exporter/textfile/assay.prom
"""


@click.group(epilog=EPILOG)
def export() -> None:
    """Hand a project's state to the tools that watch it."""


@export.command(epilog=EPILOG)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write this file, whole or not at all.")
@project_option
def prometheus(output: Path | None, project: Path | None) -> None:
    """Write alerts, regulators' clocks, verdicts, ages and the log's size as Prometheus reads them.

    \b
    Exit codes: 0 written, 1 the log is not what was signed, 2 wrong input.
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    from assay.adapters.here import project_at  # noqa: PLC0415 - only when called
    from assay.adapters.trail_here import open_trail  # noqa: PLC0415
    from assay.lifecycle.gauges import gauges  # noqa: PLC0415
    from assay.lifecycle.setting import now  # noqa: PLC0415
    from assay.reports.prometheus import exposition  # noqa: PLC0415

    found = project_at(project)
    with open_trail(found) as opened:
        text = exposition(gauges(found, opened.view(), now()))
    if output is None:
        print_machine(text)
    else:
        write_outputs([("prometheus", output)], {"prometheus": lambda: text})
