"""`assay report`: documents of a release that was decided."""

from __future__ import annotations

from pathlib import Path

import click

from assay.cli.options import print_machine, write_outputs

KINDS = ("text", "json", "markdown", "sarif", "junit", "html", "card", "datasheet", "ml-bom", "huggingface")


@click.command()
@click.argument("kind", type=click.Choice([*KINDS, "schema"]))
@click.argument("release", required=False, type=click.Path(path_type=Path))
@click.option(
    "--output", "-o", "out", type=click.Path(path_type=Path), help="Write to this file, not to standard output."
)
def report(kind: str, release: Path | None, out: Path | None) -> None:
    """Write a document of a RELEASE folder (default: the version in assay.yaml) from its records.

    card is the model card (Markdown with Hugging Face metadata), datasheet is that of the data stage, ml-bom is
    CycloneDX, huggingface is the metadata alone, schema is the JSON Schema of the json report.

    \b
    Examples:
      assay report html -o report.html
      assay report datasheet -o datasheet.md
      assay report ml-bom .assay/releases/mortgage-approval/2 > model.cdx.json
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    from assay.lifecycle.documents import makers, read_release  # noqa: PLC0415 - only when called
    from assay.lifecycle.project import load_project  # noqa: PLC0415 - only when called

    if kind == "schema":
        from assay.reports.json_report import schema_json  # noqa: PLC0415 - only when asked for

        print_machine(schema_json())
        return
    project = load_project(release.resolve() if release is not None and release.exists() else None)
    folder = project.stage_folder("data") if kind == "datasheet" else project.release()
    made = makers(read_release(release if release is not None else folder, project))
    if out is None:
        print_machine(made[kind]())
    else:
        write_outputs([(kind, out)], made)
