"""`assay trail erase`: a person or a value erased from every store, recorded, and searched for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli._trail import open_project_trail, project_here, record_events
from assay.cli.options import format_option, print_machine
from assay.errors import EXIT_ALLOW, EXIT_DENY, InputError

if TYPE_CHECKING:
    from assay.lifecycle.erasing import Erased, Request
    from assay.lifecycle.erasure_plan import Plan
    from assay.lifecycle.project import Project
    from assay.lifecycle.scanning import Scan
    from assay.trail.searching import Search

GROUNDS = ("request", "retention-over", "unlawful", "consent-withdrawn", "legal-obligation")

EPILOG = """\b
Examples:
  assay trail erase --scan 'Vera Lang'
  assay trail erase --dry-run --as dora --ground request --reason 'ticket 4711' vera
  assay trail erase --as dora --ground request --reason 'ticket 4711' vera
  pass show the-name | assay trail erase --scan -

\b
Exit codes: 0 it is in no place that was searched, 1 it is somewhere (each is told), 2 wrong command or input.
"""


@click.command(epilog=EPILOG)
@click.argument("value", required=False)
@click.option("--scan", "scan_only", is_flag=True, help="Search every store for VALUE, and change nothing.")
@click.option("--replay", is_flag=True, help="After a restore of the log: record again what erasures.jsonl holds.")
@click.option("--dry-run", is_flag=True, help="Show what would go, and change nothing.")
@click.option("--as", "name", help="Name of the key that signs: of somebody with the role data-protection-officer.")
@click.option("--ground", type=click.Choice(GROUNDS), help="The legal ground.")
@click.option("--reason", help="Why; kept beside the log, where it can be erased.")
@click.option("--keep-signed", is_flag=True, help="Leave signed consents, verdicts and evidence, where a law asks it.")
@click.option(
    "--also",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A further file or folder to search: a backup, an export.",
)
@format_option("text", "json")
def erase(
    value: str | None,
    scan_only: bool,
    replay: bool,
    dry_run: bool,
    name: str | None,
    ground: str | None,
    reason: str | None,
    keep_signed: bool,
    also: tuple[Path, ...],
    form: str,
) -> int:
    """Erase VALUE, a name or any other text, from every store of the project ('-': read it from standard input).

    Who is behind a pseudonym, signed consents and approvers' words are removed; other texts are rewritten, a pseudonym
    in the place of the value. The log stays as it is, and every proof with it: it never held the value. What was
    erased, by whom and why is recorded first, and a restored backup is erased again when the trail is next opened.
    """
    from assay.lifecycle import erasing  # noqa: PLC0415 - only when called
    from assay.lifecycle.scanning import scan  # noqa: PLC0415
    from assay.trail.searching import Search  # noqa: PLC0415

    project = project_here()
    if replay:
        return _replay(project)
    if value is None:
        raise InputError("expected VALUE, what is to be erased or searched for, found none ('-': standard input)")
    search = Search(sys.stdin.read() if value == "-" else value)
    if scan_only:
        return _show_scan(project, scan(erasing.places(project, also), search), form)
    missing = [option for option, given in (("--as", name), ("--ground", ground), ("--reason", reason)) if not given]
    if missing or name is None or ground is None or reason is None:
        raise InputError(f"expected {', '.join(missing)}: an erasure says who erases, and why. To only search: --scan")
    request = _request(project, search, name, ground, reason, keep_signed=keep_signed)
    if dry_run:
        return _show_plan(project, erasing.plan_for(project, request), form)
    done = erasing.erase(
        project,
        request,
        record=lambda events: record_events(project, list(events), name),
        prove=lambda index: _proof(project, index),
        also=also,
    )
    return _show_done(project, done, form)


def _replay(project: Project) -> int:
    from assay.adapters.here import log_of  # noqa: PLC0415 - only when called
    from assay.lifecycle.erasing import record_again  # noqa: PLC0415
    from assay.lifecycle.recording import one_recorder  # noqa: PLC0415

    with one_recorder(project.state), open_project_trail(project) as opened:
        indices = record_again(project, known=opened, log=log_of(project), prove=lambda index: _proof(project, index))
    click.echo(f"{len(indices)} erasures of erasures.jsonl were not in the log, and are recorded again.")
    return EXIT_ALLOW


def _request(project: Project, search: Search, name: str, ground: str, reason: str, *, keep_signed: bool) -> Request:
    from assay.errors import suggest  # noqa: PLC0415 - only when called
    from assay.lifecycle.erasing import Request, require_eraser  # noqa: PLC0415
    from assay.lifecycle.keyring import Keyring  # noqa: PLC0415
    from assay.lifecycle.setting import read_trust  # noqa: PLC0415

    keyring = Keyring(project.keys)
    if name not in keyring.names():
        raise InputError(f"expected one of the keys {', '.join(keyring.names())}, found {name!r}"
                         f"{suggest(name, keyring.names())}")  # fmt: skip
    signer = keyring.signer(name)
    trust, _ = read_trust(project.root / project.config.trust if project.config.trust else None)
    require_eraser(trust, signer, search)
    return Request(search=search, ground=ground, reason=reason, signer=signer, keep_signed=keep_signed)


def _proof(project: Project, index: int) -> tuple[bytes, bytes]:
    from assay.adapters.folder_reader import FolderReader  # noqa: PLC0415 - only when called
    from assay.lifecycle.asking import entry_with_proof  # noqa: PLC0415
    from assay.lifecycle.log_shards import shards  # noqa: PLC0415

    return entry_with_proof(map(FolderReader.open, shards(project.log)), index)


def _shown(project: Project, path: Path) -> str:
    root = project.root
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _show_scan(project: Project, found: Scan, form: str) -> int:
    from assay.lifecycle.scanning import LIMITS  # noqa: PLC0415 - only when called

    if form == "json":
        import json  # noqa: PLC0415

        document = {
            "found": bool(found.hits),
            "hits": [{"path": _shown(project, hit.path), "spelled": list(hit.spelled)} for hit in found.hits],
            "files": found.files,
            "bytes": found.size,
            "not_searched": [{"path": _shown(project, path), "why": why} for path, why in found.not_searched],
            "limits": list(LIMITS),
        }
        print_machine(json.dumps(document, indent=2))
    else:
        _tell_scan(project, found)
    return EXIT_DENY if found.hits else EXIT_ALLOW


def _tell_scan(project: Project, found: Scan) -> None:
    from assay.lifecycle.scanning import LIMITS  # noqa: PLC0415 - only when called

    for hit in found.hits:
        click.echo(f"found: {_shown(project, hit.path)} ({', '.join(hit.spelled)})")
    word = f"in {len(found.hits)} of" if found.hits else "in none of"
    click.echo(f"It is {word} {found.files} files, {found.size} bytes searched.")
    for path, why in found.not_searched:
        click.echo(f"not searched: {_shown(project, path)}: {why}")
    for limit in LIMITS:
        click.echo(f"limit: {limit}.")


def _show_plan(project: Project, plan: Plan, form: str) -> int:
    steps = [(step.act, _shown(project, step.path)) for step in plan.steps]
    kept = [(_shown(project, path), why) for path, why in plan.kept]
    if form == "json":
        import json  # noqa: PLC0415 - only when asked for

        document = {
            "steps": [{"act": act, "path": path} for act, path in steps],
            "kept": [{"path": path, "why": why} for path, why in kept],
        }
        print_machine(json.dumps(document, indent=2))
        return EXIT_ALLOW
    for act, path in steps:
        click.echo(f"would {act}: {path}")
    for path, why in kept:
        click.echo(f"would keep: {path}: {why}")
    click.echo(f"{len(steps)} files would change; nothing was changed.")
    return EXIT_ALLOW


def _show_done(project: Project, done: Erased, form: str) -> int:
    steps = [(step.act, _shown(project, step.path)) for step in done.plan.steps]
    if form == "json":
        import json  # noqa: PLC0415 - only when asked for

        document = {
            "erasure": done.id,
            "pseudonym": done.plan.code,
            "entries": list(done.entries),
            "steps": [{"act": act, "path": path} for act, path in steps],
            "kept": [{"path": _shown(project, path), "why": why} for path, why in done.plan.kept],
            "left": [{"path": _shown(project, hit.path), "spelled": list(hit.spelled)} for hit in done.found.hits],
            "documents": _issued(project, done),
            "copies": [_shown(project, path) for path in done.copies],
        }
        print_machine(json.dumps(document, indent=2))
        return EXIT_DENY if done.found.hits or done.copies else EXIT_ALLOW
    for act, path in steps:
        click.echo(f"{act}: {path}")
    for held, why in done.plan.kept:
        click.echo(f"keep: {_shown(project, held)}: {why}")
    entries = ", ".join(map(str, done.entries))
    click.echo(f"Erasure {done.id} is entries {entries} of the log; {done.plan.code} stands where the value stood.")
    for one in _issued(project, done):
        click.echo(
            f"document: {one['document']} (entry {one['entry']}) held it: {one['became']} beside the log. Copies that "
            "people keep hold it still: have them destroyed, and make it anew with: assay report"
        )
    for copied in done.copies:
        click.echo(f"copy: {_shown(project, copied)} is, byte for byte, what was removed or rewritten: destroy it")
    _tell_scan(project, done.found)
    if done.found.hits:
        click.echo("Files that you write yourself, such as assay.yaml, are for you to edit; then search with --scan.")
    return EXIT_DENY if done.found.hits or done.copies else EXIT_ALLOW


def _issued(project: Project, done: Erased) -> list[dict[str, Any]]:
    """Return the documents of the log that held the value: issued for people, or filed by them."""
    with open_project_trail(project) as opened:
        view = opened.view()
        told = [(fact.said.report, fact.said.report_sha256, fact.index) for fact in view.facts("report.issued")]
        told += [(fact.said.document, fact.said.document_sha256, fact.index) for fact in view.facts("document.filed")]
    return [
        {
            "document": name, "entry": index, "sha256": digest,
            "became": "rewritten" if digest in done.plan.replaced else "shredded",
        }
        for name, digest, index in sorted(told, key=lambda one: one[2])
        if digest in done.digests
    ]  # fmt: skip
