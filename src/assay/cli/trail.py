"""`assay trail`: what happened to a model, who said yes, and the proof of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli.export import export
from assay.cli.options import format_option, print_machine, write_outputs
from assay.errors import EXIT_ALLOW, EXIT_DENY, EXIT_UNDECIDED, InputError, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from assay.lifecycle.asking import Trail
    from assay.lifecycle.project import Project
    from assay.trail.answers import Answer

QUESTIONS = ("production", "inventory", "decisions", "validations", "alerts", "remediations")

EPILOG = """\b
Examples:
  assay trail query production --at 2026-10-01 --model mortgage-approval
  assay trail append deployment.finished --as mila -f deployment=d-418 -f model=mortgage-approval -f version=2 \\
    -f model_sha256=@model/ -f environment=production -f outcome=succeeded
  assay trail inventory --format markdown
  assay trail lineage --model mortgage-approval --format svg > lineage.svg
  assay trail import history.jsonl --source old-registry --as mila
  assay trail types deployment.finished

\b
Exit codes: 0 answered or recorded, 1 the log is not what was signed, 2 wrong command or input, 3 the log does not say.
"""


@click.group(epilog=EPILOG)
def trail() -> None:
    """Record events of the project's models, and ask: every sentence of an answer is tied to an entry of the log."""


trail.add_command(export)


def _project() -> Project:
    from assay.lifecycle.project import load_project  # noqa: PLC0415 - only when called

    return load_project()


def _open(project: Project, *, rebuild: bool = False) -> AbstractContextManager[Trail]:
    from assay.adapters.folder_reader import FolderReader  # noqa: PLC0415 - only when called
    from assay.lifecycle.asking import open_trail  # noqa: PLC0415 - only when called
    from assay.lifecycle.outside_times import anchors_of  # noqa: PLC0415 - only when called

    if not (project.log / "checkpoint").is_file():
        raise InputError(
            f"expected the project's log at {project.log}, found none: nothing is recorded yet. Record something with: "
            "assay run, or assay trail append"
        )
    times = anchors_of(project.log)
    for left in times.not_checked:
        click.echo(f"note: not checked: {left}", err=True)
    return open_trail(project, FolderReader.open(project.log), anchors=times.anchors, rebuild=rebuild)


def _pairs(texts: tuple[str, ...], option: str) -> Iterator[tuple[str, str]]:
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise InputError(f"{option}: expected NAME=VALUE, found {text!r}")
        yield name, value


@trail.command()
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

    project = _project()
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
    done = _record(project, [event], name)[0]
    if form == "json":
        import json  # noqa: PLC0415

        print_machine(json.dumps({"id": done.event.id, "index": done.index, "new": done.new}))
    else:
        said_before = "" if done.new else " (it was there already)"
        click.echo(f"{kind} {done.event.id} is entry {done.index} of the log{said_before}.")


def _record(project: Project, events: list[Any], name: str) -> list[Any]:
    from assay.adapters.here import log_of  # noqa: PLC0415 - only when called
    from assay.lifecycle.keyring import Keyring  # noqa: PLC0415
    from assay.lifecycle.recording import Nothing, one_recorder, record  # noqa: PLC0415

    keyring = Keyring(project.keys)
    names = keyring.names()
    if name not in names and names and name != "default":
        raise InputError(f"expected one of the keys {', '.join(names)}, found {name!r}{suggest(name, names)}")
    signer = keyring.signer(name)
    with one_recorder(project.state):
        if not (project.log / "checkpoint").is_file():
            return record(events, log_of(project), signer, Nothing())
        with _open(project) as opened:
            return record(events, log_of(project), signer, opened)


@trail.command()
@click.argument("question", type=click.Choice(QUESTIONS))
@click.option("--model", help="The model's name (default: the project's, for production; else all).")
@click.option("--at", metavar="DAY|TIME", help="A day, or a time in UTC (default: now); for production.")
@click.option("--environment", default="production", show_default=True, help="Where; for production.")
@click.option("--size", type=click.IntRange(min=0), help="Answer as of this size of the log (default: all of it).")
@click.option("--rebuild", is_flag=True, help="Read the whole log again, and trust no projection that is kept.")
@click.option("--issue", metavar="KEY", help="Record, signed by this key, that the answer was issued (report.issued).")
@click.option("--proofs", type=click.Path(path_type=Path), help="Folder for a .tlog-proof of each entry cited.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to this file, not to standard output.")
@format_option("text", "json", "markdown")
def query(
    question: str,
    model: str | None,
    at: str | None,
    environment: str,
    size: int | None,
    rebuild: bool,
    issue: str | None,
    proofs: Path | None,
    output: Path | None,
    form: str,
) -> int:
    r"""Ask the trail; each sentence names the entries that it rests on, each of them proven to stand in the log.

    production: which version served, who approved it, under which policy, on what evidence, with which waivers.

    \b
    Examples:
      assay trail query production --at 2026-10-01 --model mortgage-approval
      assay trail query remediations --format markdown -o remediations.md
      assay trail query production --at 2026-10-01 --proofs proofs/ --format json
    """
    project = _project()
    with _open(project, rebuild=rebuild) as opened:
        answer = opened.proven(_asked(opened, project, question, model, at, environment, size))
        if proofs is not None:
            _write_proofs(opened, answer, proofs)
    text = _tell(answer, form, output)
    if issue is not None:
        _issue(project, answer, text, issue)
    return EXIT_ALLOW if answer.answered else EXIT_UNDECIDED


def _issue(project: Project, answer: Answer, text: str, name: str) -> None:
    """Record that an answer was given out: the digest of its bytes, and the size of the log that it tells of."""
    from assay import __version__  # noqa: PLC0415 - only when asked for
    from assay.lifecycle.setting import now  # noqa: PLC0415
    from assay.records.canonical import sha256_hex  # noqa: PLC0415
    from assay.trail.events import make_event  # noqa: PLC0415

    fields = {
        "report": answer.question,
        "report_sha256": sha256_hex(text.encode()),
        "size": answer.size,
        "template": f"assay-{__version__}",
    }
    done = _record(project, [make_event("report.issued", fields, claimed_at=now())], name)[0]
    click.echo(f"report.issued is entry {done.index} of the log: SHA-256 {fields['report_sha256']}", err=True)


def _asked(
    opened: Trail,
    project: Project,
    question: str,
    model: str | None,
    at: str | None,
    environment: str,
    size: int | None,
) -> Answer:
    from assay.lifecycle.setting import now  # noqa: PLC0415 - only when called
    from assay.trail import histories  # noqa: PLC0415
    from assay.trail.inventory import inventory as list_versions  # noqa: PLC0415
    from assay.trail.questions import production  # noqa: PLC0415

    view = opened.view(size)
    if question == "production":
        return production(view, model or project.config.model.name, at or now(), environment=environment)
    if at is not None:
        raise InputError(f"--at: expected only with production, found with {question}. To ask of the past: --size")
    if question == "inventory":
        return list_versions(view, model)
    answers = {
        "decisions": histories.decisions,
        "validations": histories.validations,
        "alerts": histories.alerts,
        "remediations": histories.remediations,
    }
    return answers[question](view, model)


def _tell(answer: Answer, form: str, output: Path | None) -> str:
    """Write an answer, and return the text that was written."""
    from assay.trail import telling  # noqa: PLC0415 - only when called

    tell = {"json": telling.answer_json, "markdown": telling.answer_markdown, "text": telling.answer_text}[form]
    text = f"{tell(answer).removesuffix(chr(10))}\n"
    if output is None:
        print_machine(text)
    else:
        write_outputs([(form, output)], {form: lambda: text})
    return text


def _write_proofs(opened: Trail, answer: Answer, folder: Path) -> None:
    from assay.lifecycle.storing import publish, staging  # noqa: PLC0415 - only when asked for

    files = opened.proof_files(answer)
    with staging(folder) as stage:
        publish(stage, folder, files)
    click.echo(f"{len(answer.proofs)} proofs, each beside its entry, are in {folder}", err=True)


@trail.command()
@click.option("--model", help="The model's name (default: all).")
@click.option("--size", type=click.IntRange(min=0), help="Answer as of this size of the log (default: all of it).")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to this file, not to standard output.")
@format_option("text", "json", "markdown")
def inventory(model: str | None, size: int | None, output: Path | None, form: str) -> int:
    r"""List the model versions: materiality, owner, status, last validation, open findings.

    \b
    Example:
      assay trail inventory --format markdown -o inventory.md
    """
    project = _project()
    with _open(project) as opened:
        answer = opened.proven(_asked(opened, project, "inventory", model, None, "", size))
    _tell(answer, form, output)
    return EXIT_ALLOW if answer.answered else EXIT_UNDECIDED


@trail.command()
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
    with _open(_project()) as opened:
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


@trail.command("import")
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

    project = _project()
    content = read_file(file, "a file of events")
    if (project.log / "checkpoint").is_file():
        with _open(project) as opened:
            before = opened.with_id(recording.batch_id(content))
        if before is not None:
            click.echo(f"{file} was imported before, as entry {before.index} of the log; nothing was recorded.")
            return
    events = recording.imported_events(
        content, source=source, form=kind, importer=pseudonym(project.state, name), name=str(file), at=now(), role=role
    )
    keep_document(project.state, content)
    done = _record(project, events, name)
    count = events[0].fields.events
    click.echo(f"{file}: {count} events imported as claims; entry {done[0].index} of the log tells of it.")


@trail.command()
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


@trail.command()
def check() -> int:
    r"""Build the projection again from the log and compare: what was changed in it is named.

    \b
    Example:
      assay trail check
    """
    with _open(_project()) as opened:
        problems = opened.rebuilt()
        size = opened.size
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        click.echo("The log is the truth: remove .assay/trail.sqlite, and the next question builds it anew.", err=True)
        return EXIT_DENY
    click.echo(f"The projection says what the log says, up to size {size}.")
    return EXIT_ALLOW
