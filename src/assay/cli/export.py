"""`assay trail export`: one zip that an auditor can check with bare Python."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from assay.lifecycle.exporting import IssuedFile
    from assay.lifecycle.project import Project

EPILOG = """\b
Examples:
  assay trail export -o bundle.zip
  assay trail export --release mortgage-approval/1 --release mortgage-approval/2 -o bundle.zip
  python -m assay.verifier bundle.zip --trust trust.json --vkey "$(cat .assay/log.vkey)"

\b
Exit codes: 0 written, 1 what would be handed over does not hold (nothing is written), 2 wrong command or input.
"""


@click.command(epilog=EPILOG)
@click.option(
    "--release", "releases", metavar="NAME/VERSION", multiple=True,
    help="A release to hand over; give one for each (default: the version in assay.yaml).",
)  # fmt: skip
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The zip ('-': standard output).")
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    help="A tlog-policy: whose cosignatures must be there (default: the log's own, LOG.policy).",
)
@click.option("--no-comments", is_flag=True, help="Leave out what approvers wrote; it stays provable by its digest.")
def export(releases: tuple[str, ...], output: Path, policy: Path | None, no_comments: bool) -> None:
    """Write everything that an auditor needs into one zip: records, signatures, proofs, keys, and a verifier.

    The bundle is checked before it is written. The same release and log give the same bytes.
    """
    from assay.lifecycle.exporting import export_bundle, find_handover  # noqa: PLC0415 - only when called
    from assay.lifecycle.project import load_project, read_file  # noqa: PLC0415 - only when called
    from assay.lifecycle.replaying import read_ledger, replay  # noqa: PLC0415 - only when called
    from assay.lifecycle.setting import read_trust  # noqa: PLC0415 - only when called
    from assay.records.canonical import sha256_hex  # noqa: PLC0415 - only when called

    project = load_project()
    folders = [_folder(project.state / "releases", name) for name in releases] or [project.release()]
    trust = read_trust(project.root / project.config.trust)[0] if project.config.trust else None
    if trust is not None:
        for line in replay(project.state, read_ledger(project.root, trust), trust):
            click.echo(line, err=True)
    handover = find_handover(
        project.state,
        trust=trust,
        policy=None if policy is None else read_file(policy, "a tlog-policy"),
        comments=not no_comments,
    )
    exported = export_bundle(folders, handover, _documents(project, folders))
    _write(output, exported.content)
    click.echo(
        f"{output}: {len(exported.content)} bytes, SHA-256 {sha256_hex(exported.content)}\n"
        f"trust.json in it: SHA-256 {exported.trust_sha256}. Give the auditor this digest and the log's verifier key "
        "by another way than the bundle",
        err=True,
    )


def _documents(project: Project, folders: list[Path]) -> list[IssuedFile]:
    """Return what was issued about the releases, or filed about their models."""
    from assay.adapters.documents_here import issued_files  # noqa: PLC0415 - only when called
    from assay.lifecycle.project import read_file  # noqa: PLC0415
    from assay.records.canonical import parse_record, sha256_hex  # noqa: PLC0415
    from assay.records.verdict import Verdict  # noqa: PLC0415

    contents = [read_file(path, "a verdict") for one in folders if (path := one / "verdict.json").is_file()]
    models = {parse_record(one, Verdict, name="verdict.json").model_sha256 for one in contents}
    return issued_files(project, {sha256_hex(one) for one in contents}, models)


def _folder(releases: Path, name: str) -> Path:
    """Return the folder of NAME/VERSION, or say which there are."""
    from assay.errors import InputError, suggest  # noqa: PLC0415 - only when called

    known = sorted(f"{path.parent.name}/{path.name}" for path in releases.glob("*/*") if path.is_dir())
    if name not in known:
        raise InputError(
            f"expected a release as NAME/VERSION, found {name!r}{suggest(name, known)}. "
            f"They are: {', '.join(known) or 'none yet; decide with: assay run'}"
        )
    return releases / name


def _write(output: Path, content: bytes) -> None:
    from assay.lifecycle.storing import staging, storage_errors, write_durably  # noqa: PLC0415 - only when called

    if str(output) == "-":
        sys.stdout.buffer.write(content)
        return
    with storage_errors(output.parent):
        output.parent.mkdir(parents=True, exist_ok=True)
    with staging(output) as stage, storage_errors(output.parent):
        write_durably(stage / output.name, content)
        (stage / output.name).replace(output)
