"""`assay trail lineage`: where a model comes from and where it goes."""

from __future__ import annotations

from pathlib import Path

import click

from assay.cli._trail import open_project_trail, project_here
from assay.cli.options import format_option, print_machine, write_outputs
from assay.errors import EXIT_ALLOW, EXIT_UNDECIDED, InputError


@click.command()
@click.option("--model", help="The model's name (default: everything).")
@click.option("--version", help="The version (default: all of the model's).")
@click.option("--size", type=click.IntRange(min=0), help="Answer as of this size of the log (default: all of it).")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to this file, not to standard output.")
@format_option("text", "json", "svg", "openlineage")
def lineage(model: str | None, version: str | None, size: int | None, output: Path | None, form: str) -> int:
    r"""Show where a model comes from and where it goes: from source data to inference.

    svg is a picture; openlineage is the trail's runs as OpenLineage events, one a line.

    \b
    Example:
      assay trail lineage --model mortgage-approval --format svg -o lineage.svg
    """
    from assay.trail import drawing  # noqa: PLC0415 - only when called
    from assay.trail.lineage import lineage as trace  # noqa: PLC0415
    from assay.trail.openlineage import print_run_events  # noqa: PLC0415
    from assay.trail.openlineage_out import run_events  # noqa: PLC0415

    if version is not None and model is None:
        raise InputError("--version: expected with --model, found alone")
    with open_project_trail(project_here()) as opened:
        view = opened.view(size)
        graph = trace(view, model, version)
        text = {
            "text": lambda: drawing.lineage_text(graph),
            "json": lambda: drawing.lineage_json(graph),
            "svg": lambda: drawing.lineage_svg(graph),
            "openlineage": lambda: print_run_events(run_events(view)).decode(),
        }[form]()
    if output is None:
        print_machine(text)
    else:
        write_outputs([(form, output)], {form: lambda: text})
    return EXIT_ALLOW if graph.nodes else EXIT_UNDECIDED
