"""`assay remediation`: findings of a release, mended by an owner, tested by a later verdict, closed by another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli.options import acting, format_option, print_machine, project_option
from assay.errors import EXIT_ALLOW, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.adapters.remediations_here import Remedied
    from assay.lifecycle.project import Project
    from assay.trail.remediations import Remediation
    from assay.trail.view import View

EPILOG = """\b
The order that makes it count, each step an event signed by a person of the trust file:
  assay remediation open 1 --finding black-applicants --owner mila --due 2026-12-15 --as vera
  assay remediation act r-1-black-applicants --done 'version 2 has no tract' --as mila
  assay run --key mila                                                   a later verdict, on what mends it
  assay remediation retest r-1-black-applicants --as mila                what that verdict says is the outcome
  assay remediation close r-1-black-applicants --as vera                 somebody else than who mended it
  assay remediation list

\b
Exit codes: 0 done, 1 the log is not what was signed, 2 wrong command, input or order.
"""


@click.group(epilog=EPILOG)
def remediation() -> None:
    """Have findings of a release mended, hold them against a later verdict, and have somebody else close them."""


@remediation.command("open")
@click.argument("release", required=False)
@click.option("--finding", required=True, help="The finding's id, as the report and verdict.json have it.")
@click.option("--owner", required=True, help="Who mends it: a person of the trust file.")
@click.option("--due", required=True, metavar="DAY", help="By when: YYYY-MM-DD, in UTC.")
@click.option("--plan", help="What is going to be done: words, kept beside the log, which holds their digest.")
@acting
def open_(
    release: str | None, finding: str, owner: str, due: str, plan: str | None, by: str, project: Path | None, form: str
) -> None:
    """Open the remediation of a finding that is not passed.

    RELEASE is a version, NAME/VERSION, a release folder or a verdict.json (default: the version of assay.yaml).
    """
    from assay.adapters.remediations_here import open_remediation  # noqa: PLC0415 - only when called

    _tell(open_remediation(release, finding, owner=owner, due=due, plan=plan, by=by, project=project), form)


@remediation.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that are closed, too.")
@project_option
@format_option("text", "json")
def list_(project: Path | None, everything: bool, form: str) -> int:
    """List remediations of releases' findings: how each stands, who owns it, by when."""
    from assay.trail.remediation_telling import list_text, remediation_row  # noqa: PLC0415 - only when called

    def tell(view: View, found: list[Remediation], at: str) -> str:
        if form == "text":
            return list_text(view, found, at, everything=everything)
        rows = [remediation_row(view, one, at) for one in found if everything or one.closed is None]
        return json.dumps({"at": at, "size": view.size, "remediations": rows}, ensure_ascii=False, indent=1)

    return _asked(project, tell)


@remediation.command()
@click.argument("name", metavar="ID")
@project_option
@format_option("text", "json")
def show(name: str, project: Path | None, form: str) -> int:
    """Show one remediation: all that was done about it with the log's entries, and what comes next."""
    from assay.lifecycle.incident_case import listed  # noqa: PLC0415 - only when called
    from assay.trail.remediation_telling import remediation_row, show_text  # noqa: PLC0415

    def tell(view: View, found: list[Remediation], at: str) -> str:
        known = {one.name: one for one in found}
        if name not in known:
            raise InputError(f"expected a remediation, found {name!r}{listed(name, list(known))}")
        if form == "text":
            return show_text(view, known[name], at)
        return json.dumps({"at": at, **remediation_row(view, known[name], at)}, ensure_ascii=False, indent=1)

    return _asked(project, tell)


@remediation.command()
@click.argument("name", metavar="ID")
@click.option("--to", "owner", required=True, help="Who is to mend it: a person of the trust file.")
@click.option("--due", required=True, metavar="DAY", help="By when: YYYY-MM-DD, in UTC.")
@acting
def assign(name: str, owner: str, due: str, by: str, project: Path | None, form: str) -> None:
    """Give a remediation another owner, or another day."""
    from assay.adapters.remediations_here import remediate  # noqa: PLC0415 - only when called
    from assay.lifecycle.remediating import Assign  # noqa: PLC0415

    _tell(remediate(Assign(name=name, owner=owner, due=due), project, by=by), form)


@remediation.command()
@click.argument("name", metavar="ID")
@click.option("--done", help="What was done: words, kept beside the log, which holds their digest.")
@click.option("--evidence", type=Path, help="A file, or a folder of a model; its digest enters the log. Keep it.")
@acting
def act(name: str, done: str | None, evidence: Path | None, by: str, project: Path | None, form: str) -> None:
    """Say what was done, as the owner; a later verdict has to bear it out."""
    from assay.adapters.remediations_here import remediate  # noqa: PLC0415 - only when called
    from assay.lifecycle.remediating import Act  # noqa: PLC0415

    if (done is None) == (evidence is None):
        raise InputError("expected either --done WORDS or --evidence FILE, found both or neither")
    digest = _words(done) if done is not None else _digest(evidence)
    found = remediate(Act(name=name, evidence_sha256=digest), project, by=by)
    if done is not None:
        from assay.lifecycle.storing import keep_document  # noqa: PLC0415 - only for words

        keep_document(_here(project).state, done.encode())
    _tell(found, form)


@remediation.command()
@click.argument("name", metavar="ID")
@click.argument("release", required=False)
@acting
def retest(name: str, release: str | None, by: str, project: Path | None, form: str) -> None:
    """Hold the finding against a later verdict; what it says is the outcome, passed or failed.

    RELEASE is a version, NAME/VERSION, a release folder or a verdict.json (default: the last decision of the log on a
    release of the same model). It must hold the same finding, under the same limit or a tighter one.
    """
    from assay.adapters.remediations_here import remediate, verdict_digest  # noqa: PLC0415 - only when called
    from assay.lifecycle.remediating import Retest  # noqa: PLC0415

    digest = None if release is None else verdict_digest(project, release)
    _tell(remediate(Retest(name=name, verdict_sha256=digest), project, by=by), form)


@remediation.command()
@click.argument("name", metavar="ID")
@acting
def close(name: str, by: str, project: Path | None, form: str) -> None:
    """Close what a later verdict has passed, as somebody else than who owned and mended it."""
    from assay.adapters.remediations_here import remediate  # noqa: PLC0415 - only when called
    from assay.lifecycle.remediating import Close  # noqa: PLC0415

    _tell(remediate(Close(name=name), project, by=by), form)


def _here(project: Path | None) -> Project:
    from assay.adapters.here import project_at  # noqa: PLC0415 - only when called

    return project_at(project)


def _asked(project: Path | None, tell: Callable[[View, list[Remediation], str], str]) -> int:
    from assay.adapters.trail_here import open_trail  # noqa: PLC0415 - only when called
    from assay.lifecycle.setting import now  # noqa: PLC0415
    from assay.trail.remediations import release_remediations  # noqa: PLC0415

    with open_trail(project) as opened:
        view = opened.view()
        print_machine(tell(view, release_remediations(view), now()))
    return EXIT_ALLOW


def _words(text: str) -> str:
    from assay.records.canonical import sha256_hex  # noqa: PLC0415 - only when called

    return sha256_hex(text.encode())


def _digest(path: Path | None) -> str:
    from assay.lifecycle.storing import hash_file, list_model  # noqa: PLC0415 - only when called

    if path is not None and path.is_dir():
        return list_model(path)[1]
    if path is None or not path.is_file():
        raise InputError(f"expected a file to take the digest of at {path}, found none")
    return hash_file(path, path.name).sha256


def _tell(done: Remedied, form: str) -> None:
    for line in done.told:
        click.echo(line, err=True)
    about = done.remediation
    if form == "json":
        document = {"id": about.name, "event": done.event.id, "index": done.index, "status": about.status,
                    "told": about.words, "next": done.next}  # fmt: skip
        print_machine(json.dumps(document, ensure_ascii=False))
        return
    click.echo(f"{about.name} is {about.status}: {done.event.type} is entry {done.index} of the log.")
    for line in (about.words, f"Next: {done.next}" if done.next else ""):
        if line:
            click.echo(line)
