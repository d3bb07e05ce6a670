"""`assay trail append`: an event, signed and recorded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from assay.cli._trail import project_here, record_events
from assay.cli.options import format_option, print_machine
from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.command()
@click.argument("kind", metavar="TYPE")
@click.option("--field", "-f", "fields", multiple=True, metavar="NAME=VALUE", help="A field; @FILE is a file's digest.")
@click.option("--subject", multiple=True, metavar="NAME=SHA256", help="What it is about (default: the digests given).")
@click.option("--as", "name", default="default", show_default=True, help="Name of the key that signs.")
@click.option("--at", help="When it happened, as you claim (default: now).")
@click.option("--id", "identity", help="The event's id (default: made of what it says).")
@click.option("--corrects", type=click.IntRange(min=0), help="Index of the entry that this one corrects.")
@click.option("--on-behalf", is_flag=True, help="You take it in for whoever acted; the event says so.")
@format_option("text", "json")
def append(
    kind: str,
    fields: tuple[str, ...],
    subject: tuple[str, ...],
    name: str,
    at: str | None,
    identity: str | None,
    corrects: int | None,
    on_behalf: bool,
    form: str,
) -> None:
    r"""Sign an event of TYPE and append it to the project's log, once.

    Names of people become random pseudonyms; who is behind one stays in .assay/people, where it can be erased. A list
    is joined by commas; an entry of a map is NAME.KEY=VALUE. The types and their fields: assay trail types.

    \b
    Example:
      assay trail append monitor.ack --as mila --field alert=a-77 --field by=mila
    """
    from assay.lifecycle.recording import one_recorder, typed_fields  # noqa: PLC0415 - only when called
    from assay.lifecycle.setting import now  # noqa: PLC0415
    from assay.trail.events import make_event  # noqa: PLC0415

    project = project_here()
    with one_recorder(project.state):  # a name that is new gets one pseudonym, however many ask for it at once
        said = typed_fields(kind, list(_pairs(fields, "--field")), project)
    event = make_event(
        kind,
        said,
        claimed_at=at or now(),
        subjects=dict(_pairs(subject, "--subject")),
        identity=identity,
        signed_by="ingest" if on_behalf else "actor",
        corrects=corrects,
    )
    done = record_events(project, [event], name)[0]
    if form == "json":
        import json  # noqa: PLC0415

        print_machine(json.dumps({"id": done.event.id, "index": done.index, "new": done.new}))
    else:
        said_before = "" if done.new else " (it was there already)"
        click.echo(f"{kind} {done.event.id} is {done.place}{said_before}.")


def _pairs(texts: tuple[str, ...], option: str) -> Iterator[tuple[str, str]]:
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise InputError(f"{option}: expected NAME=VALUE, found {text!r}")
        yield name, value
