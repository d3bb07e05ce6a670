"""`assay trail query` and `assay trail inventory`: questions, and answers tied to entries of the log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli._trail import open_project_trail, project_here, record_events
from assay.cli.options import format_option, print_machine, write_outputs
from assay.errors import EXIT_ALLOW, EXIT_UNDECIDED, InputError

if TYPE_CHECKING:
    from assay.lifecycle.asking import Trail
    from assay.lifecycle.project import Project
    from assay.trail.answers import Answer

QUESTIONS = ("production", "inventory", "decisions", "validations", "runs", "alerts", "remediations", "log")


@click.command()
@click.argument("question", type=click.Choice(QUESTIONS))
@click.option("--model", help="The model's name (default: the project's, for production; else all).")
@click.option("--at", metavar="DAY|TIME", help="A day, or a time in UTC (default: now); for production.")
@click.option("--environment", default="production", show_default=True, help="Where; for production.")
@click.option("--size", type=click.IntRange(min=0), help="Answer as of this size, of all logs together (default: all).")
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

      production: which version served, who approved it, under which policy, on what evidence, with which waivers. log:
      what became of the log itself. A log that goes on in others is one trail: --size counts through all of them.

      \b
      Examples:
        assay trail query production --at 2026-10-01 --model mortgage-approval
        assay trail query remediations --format markdown -o remediations.md
        assay trail query production --at 2026-10-01 --proofs proofs/ --format json
    assay trail query log
    """
    project = project_here()
    with open_project_trail(project, rebuild=rebuild) as opened:
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
    done = record_events(project, [make_event("report.issued", fields, claimed_at=now())], name)[0]
    click.echo(f"report.issued is {done.place}: SHA-256 {fields['report_sha256']}", err=True)


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
    from assay.trail import histories, run_history  # noqa: PLC0415
    from assay.trail.inventory import inventory as list_versions  # noqa: PLC0415
    from assay.trail.log_history import log_history  # noqa: PLC0415
    from assay.trail.questions import production  # noqa: PLC0415

    view = opened.view(size)
    if question == "production":
        return production(view, model or project.config.model.name, at or now(), environment=environment)
    if at is not None:
        raise InputError(f"--at: expected only with production, found with {question}. To ask of the past: --size")
    if question == "log":
        if model is not None:
            raise InputError(f"--model {model}: expected with questions about models, found with log")
        return log_history(view)
    if question == "inventory":
        return list_versions(view, model)
    answers = {
        "decisions": histories.decisions,
        "validations": histories.validations,
        "runs": run_history.runs,
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


@click.command()
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
    project = project_here()
    with open_project_trail(project) as opened:
        answer = opened.proven(_asked(opened, project, "inventory", model, None, "", size))
    _tell(answer, form, output)
    return EXIT_ALLOW if answer.answered else EXIT_UNDECIDED
