"""`assay log check`: every stored byte, hashed again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli.log_places import LOG
from assay.cli.log_succession import links
from assay.errors import EXIT_ALLOW, EXIT_DENY

if TYPE_CHECKING:
    from assay.adapters.folder_reader import CheckReport

FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
VKEY = click.option(
    "--vkey",
    help="The log's verifier key, or a file of its keys, such as LOG.keys (default: what stands beside LOG).",
)

EPILOG = """\b
Examples:
  assay log check trail
  assay log check copy-of-trail --vkey "$(cat trail.vkey)" --old kept.checkpoint
"""


@click.command(epilog=EPILOG)
@LOG
@click.option("--old", metavar="CHECKPOINT", help="A checkpoint seen earlier: the log must be a continuation of it.")
@VKEY
@FORMAT
def check(log_folder: Path, old: str | None, vkey: str | None, form: str) -> int:
    """Re-hash every stored byte and say what is wrong, and where.

    Compares entries, tiles, root and checkpoint, the guard where it is at hand, and an older checkpoint if given. A
    tail that was cut together with the guard shows only against a checkpoint that somebody else kept. Of a log that
    was retired (`assay log retire`) it checks what the log that goes on says of it.
    """
    from assay.lifecycle.project import read_file  # noqa: PLC0415 - only when called
    from assay.lifecycle.retired import is_retired  # noqa: PLC0415 - only when called

    if is_retired(log_folder):
        return _tell_retired(log_folder, vkey, form)
    before = None if old is None else read_file(Path(old), "a checkpoint seen earlier")
    report = _check(log_folder, before, vkey)
    if form == "json":
        click.echo(json.dumps(_check_document(report), ensure_ascii=False))
    else:
        _print_check(report, compared=old is not None)
    return EXIT_DENY if report.problems else EXIT_ALLOW


def _tell_retired(folder: Path, vkey: str | None, form: str) -> int:
    """Say what became of a log whose entries were deleted by policy, once that is verified."""
    from assay.adapters.folder_reader import CheckReport  # noqa: PLC0415 - only when called
    from assay.lifecycle.log_trust import trust_beside, trust_given  # noqa: PLC0415 - only when called
    from assay.lifecycle.retired import retirement  # noqa: PLC0415 - only when called

    trust = trust_beside(folder) if vkey is None else trust_given(vkey).filled(trust_beside(folder))
    gone = retirement(folder, trust)
    if gone is None:
        raise AssertionError("a retired log has a retirement")
    if form == "json":
        retired = {"at": gone.at, "ground": gone.ground, "log": gone.log, "entry": gone.entry}
        told = _check_document(CheckReport(gone.final, 1, ()))
        click.echo(json.dumps({**told, "retired": retired}, ensure_ascii=False))
    else:
        click.echo(f"{gone.final.checkpoint.origin}: retired: {gone.words()}")
    return EXIT_ALLOW


def _check(folder: Path, old: bytes | None, vkey: str | None) -> CheckReport:
    from assay.adapters.durable_files import storage_errors  # noqa: PLC0415 - only when called
    from assay.adapters.evidence_store import EvidenceStore, evidence_folder  # noqa: PLC0415 - only when called
    from assay.adapters.folder_log import FolderLog  # noqa: PLC0415 - only when called
    from assay.adapters.folder_reader import FolderReader  # noqa: PLC0415 - only when called
    from assay.adapters.log_private import may_write  # noqa: PLC0415 - only when called
    from assay.lifecycle.log_trust import trust_beside  # noqa: PLC0415 - only when called
    from assay.lifecycle.outside_times import check_times  # noqa: PLC0415 - only when called

    with storage_errors(folder, "Nothing was changed"):
        if may_write(folder) and vkey is None:
            report = FolderLog.open(folder).check(old)
        else:
            report = FolderReader.open(folder, vkey).check(old)
            note = "not compared with the guard: that is the writer's, in LOG.private"
            report = replace(report, notes=(*report.notes, note))
        files, problems = EvidenceStore(evidence_folder(folder)).problems()
        times = check_times(folder, trust_beside(folder))
        broken, linked = links(folder)
    return replace(
        report,
        files=report.files + files,
        problems=(*report.problems, *problems, *times.problems, *broken),
        notes=(*report.notes, *times.told(), *linked),
    )


def _check_document(report: CheckReport) -> dict[str, Any]:
    now = report.checkpoint.checkpoint if report.checkpoint else None
    return {
        "ok": not report.problems,
        "origin": now.origin if now else None,
        "size": now.size if now else None,
        "root": now.root.hex() if now else None,
        "files": report.files,
        "problems": list(report.problems),
        "notes": list(report.notes),
    }


def _print_check(report: CheckReport, *, compared: bool) -> None:
    for problem in report.problems:
        click.echo(problem)
    for note in report.notes:
        click.echo(f"note: {note}", err=True)
    if report.problems:
        found = "1 problem" if len(report.problems) == 1 else f"{len(report.problems)} problems"
        click.echo(f"{found}; the log is not what it was", err=True)
    elif report.checkpoint is not None:
        now = report.checkpoint.checkpoint
        against = ", and continues the old checkpoint" if compared else ""
        click.echo(
            f"{now.origin}: {now.size} entries in {report.files} files agree with the signed checkpoint{against}"
        )
