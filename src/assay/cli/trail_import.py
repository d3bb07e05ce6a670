"""`assay trail import`: old history, taken over as claims."""

from __future__ import annotations

from pathlib import Path

import click

from assay.cli._trail import open_project_trail, project_here, record_events


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", required=True, help="The system that the history comes from, in one word.")
@click.option(
    "--from", "kind", type=click.Choice(["assay-events", "openlineage"]), default="assay-events", show_default=True,
    help="How FILE is written: an event a line, or OpenLineage run events.",
)  # fmt: skip
@click.option("--as", "name", default="default", show_default=True, help="Name of the key that signs: the importer.")
@click.option("--role", help="The importer's role.")
def import_(file: Path, source: str, kind: str, name: str, role: str | None) -> None:
    r"""Take over old history as claims: the log holds what FILE says, and that it was imported, by whom and when.

    A line of FILE is {"type": ..., "claimed_at": ..., "fields": {...}}, with "id" and "subjects" where they are known.

    \b
    Example:
      assay trail import history.jsonl --source old-registry --as mila
    """
    from assay.lifecycle import recording  # noqa: PLC0415 - only when called
    from assay.lifecycle.people import pseudonym  # noqa: PLC0415
    from assay.lifecycle.project import read_file  # noqa: PLC0415
    from assay.lifecycle.setting import now  # noqa: PLC0415
    from assay.lifecycle.storing import keep_document  # noqa: PLC0415

    project = project_here()
    content = read_file(file, "a file of events")
    if (project.log / "checkpoint").is_file():
        with open_project_trail(project) as opened:
            before = opened.with_id(recording.batch_id(content))
        if before is not None:
            click.echo(f"{file} was imported before, as entry {before.index} of the log; nothing was recorded.")
            return
    events = recording.imported_events(
        content, source=source, form=kind, importer=pseudonym(project.state, name), name=str(file), at=now(), role=role
    )
    keep_document(project.state, content)
    done = record_events(project, events, name)
    count = events[0].fields.events
    click.echo(f"{file}: {count} events imported as claims; {done[0].place} tells of it.")
