"""`assay log`: the transparency log itself, a plain C2SP tlog-tiles folder.

Nothing here imports what only other verbs need: one append takes a quarter of a second of CPU, start included.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli.log_check import FORMAT, VKEY, check
from assay.cli.log_places import LOG, hold, place_options, places_of, publish, submit
from assay.cli.log_retiring import retire
from assay.cli.log_succession import freeze, open_next, rotate_key
from assay.cli.timestamp import stamp, timestamp
from assay.cli.witness import witness
from assay.errors import InputError

if TYPE_CHECKING:
    from assay.adapters.folder_reader import FolderReader


EPILOG = """\b
Examples:
  assay log init trail --origin logs.example.com/credit
  assay log append trail evidence.json verdict.json
  printf 'one\\ntwo\\n' | assay log append trail --lines -
  assay log prove trail 1 -o one.tlog-proof
  assay log check trail --old checkpoint-of-last-month

\b
Exit codes: 0 done, 1 the log is not what it was (or a proof does not hold), 2 wrong command or input.
"""


@click.group(epilog=EPILOG)
def log() -> None:
    """A tamper-evident log in a folder that any C2SP tlog-tiles client can read."""


log.add_command(check)
log.add_command(freeze)
log.add_command(hold)
log.add_command(publish)
log.add_command(retire)
log.add_command(rotate_key)
log.add_command(submit)
log.add_command(timestamp)
log.add_command(witness)


def _examples(*lines: str) -> str:
    return "\n".join(("\b", "Examples:" if len(lines) > 1 else "Example:", *(f"  {line}" for line in lines)))


def _print_json(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, ensure_ascii=False))


def _read(path: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"expected a file at {path}: {error.strerror}") from None


def _lines(content: bytes) -> list[bytes]:
    """Return a line an entry, without its line feed; the last line needs none."""
    lines = content.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def _reader(folder: Path, vkey: str | None) -> FolderReader:
    from assay.adapters.folder_reader import FolderReader  # noqa: PLC0415 - only when called

    return FolderReader.open(folder, vkey)


@log.command(
    epilog=_examples(
        "assay log init trail --origin logs.example.com/credit",
        "assay log init trail-2027 --after trail-2026",
        "assay log init trail --origin logs.example.com/c --postgres 'host=db dbname=logs user=owner' --writer ingest",
        "assay log init trail --origin logs.example.com/c --s3 s3://example-log --mode governance --retain-days 30",
        "assay log init trail --origin logs.example.com/c --azure example-log --mode unlocked --retain-days 30",
    )
)
@LOG
@click.option("--origin", help="The log's name: a URL without scheme, such as logs.example.com/credit.")
@click.option(
    "--ml-dsa",
    is_flag=True,
    help="Sign with an ML-DSA-44 key, too (FIPS 204, against quantum computers): LOG.ml-dsa.vkey.",
)
@click.option(
    "--after", type=click.Path(path_type=Path), metavar="LOG", help="The frozen log that this one goes on after."
)
@place_options
def init(log_folder: Path, origin: str | None, ml_dsa: bool, after: Path | None, **places: Any) -> None:  # noqa: ANN401 - options of `places_of`
    """Make an empty log with a new key, and print its verifier key.

    Tiles and checkpoint go to LOG; key and guard to LOG.private, which only you can read; the verifier key to LOG.vkey.
    Once a trust policy (C2SP tlog-policy) stands at LOG.policy, publishing waits for its quorum of witnesses.
    """
    from assay.adapters.folder_log import FolderLog  # noqa: PLC0415 - only when called
    from assay.adapters.log_origin import check_origin  # noqa: PLC0415 - only when called

    if after is not None:
        click.echo(open_next(after, log_folder, origin, ml_dsa=ml_dsa, **places))
        return
    if origin is None:
        raise click.UsageError("expected --origin NAME, or --after LOG, which names it")
    check_origin(origin)
    click.echo(FolderLog.init(log_folder, origin, ml_dsa=ml_dsa, places=places_of(origin, **places)).vkey)


@log.command(
    epilog=_examples(
        "assay log append trail verdict.json",
        "assay log append trail run.json --event-id 'run 4711'",
        "printf 'one\\ntwo\\n' | assay log append trail --lines -",
    )
)
@LOG
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option("--lines", metavar="FILE", help="Append each line of FILE ('-': standard input) as an entry.")
@click.option("--event-id", metavar="ID", help="Your name for the one FILE: appended again, it gets the same index.")
@FORMAT
def append(log_folder: Path, files: tuple[str, ...], lines: str | None, event_id: str | None, form: str) -> None:
    """Append each FILE ('-': standard input) as one entry, byte for byte; or each line of one file.

    Returns after the entries are on the disk and a signed checkpoint covers them. An entry has at most 65,535 bytes;
    what is longer is kept in LOG.evidence, and the log holds its SHA-256.
    """
    from assay.adapters.folder_log import FolderLog  # noqa: PLC0415 - only when called

    if bool(files) == (lines is not None):
        raise click.UsageError("expected files to append, or --lines FILE, and not both")
    contents = [_read(name) for name in files] if lines is None else _lines(_read(lines))
    opened = FolderLog.open(log_folder)
    entries = opened.by_digest(contents)
    done = opened.extend(entries, event_id=None if event_id is None else event_id.encode())
    now = done.checkpoint.checkpoint
    leaves = [leaf.hex() for leaf in done.leaves]
    for index, (content, entry) in enumerate(zip(contents, entries, strict=True), start=done.first):
        if entry is not content:
            click.echo(f"note: entry {index} is the digest of {len(content)} bytes, kept in its store", err=True)
    if form == "json":
        _print_json(
            {"origin": now.origin, "size": now.size, "root": now.root.hex(), "first": done.first, "leaves": leaves}
        )
    elif lines is None:
        for index, (name, leaf) in enumerate(zip(files, leaves, strict=True), start=done.first):
            click.echo(f"{index} {leaf} {name}")
    else:
        span = f", {done.first} to {now.size - 1}" if leaves else ""
        click.echo(f"{len(leaves)} entries{span}; the log {now.origin} holds {now.size}")


@log.command(
    epilog=_examples(
        "assay log vkey trail > trail.vkey",
    )
)
@LOG
def vkey(log_folder: Path) -> None:
    """Print the log's verifier key; give it to those who verify, by another way than the log itself."""
    click.echo(str(_reader(log_folder, None).key))


@log.command(
    epilog=_examples(
        "assay log checkpoint trail > kept.checkpoint",
    )
)
@LOG
@click.option("--tsa", metavar="URL", help="Have this RFC 3161 authority put a time to it (see: assay log timestamp).")
@click.option("--ca", type=click.Path(path_type=Path), metavar="FILE", help="Its certificates in PEM; for --tsa.")
def checkpoint(log_folder: Path, tsa: str | None, ca: Path | None) -> None:
    """Print the signed checkpoint; keep a copy elsewhere, and `check --old` it later.

    Where the log's key is at hand, an append that was interrupted is finished first.
    """
    from assay.adapters.folder_log import FolderLog  # noqa: PLC0415 - only when called
    from assay.adapters.log_private import may_write  # noqa: PLC0415 - only when called

    if may_write(log_folder):
        opened = FolderLog.open(log_folder)
        note = opened.publish().note
        opened.archive()
    else:
        note = _reader(log_folder, None).checkpoint().note
    sys.stdout.buffer.write(note)
    if tsa is not None:
        click.echo(stamp(log_folder, tsa, ca), err=True)


@log.command(
    epilog=_examples(
        "assay log gc trail",
    )
)
@LOG
def gc(log_folder: Path) -> None:
    """Remove the partial tiles that full ones have replaced.

    Publishing does so as it goes; this removes what an interrupted one left.
    """
    from assay.adapters.folder_log import FolderLog  # noqa: PLC0415 - only when called

    click.echo(f"{FolderLog.open(log_folder).collect()} files removed")


@log.command(
    epilog=_examples(
        "assay log prove trail 17 -o verdict.tlog-proof",
    )
)
@LOG
@click.argument("index", type=click.IntRange(min=0))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the proof here instead of printing it.")
@VKEY
def prove(log_folder: Path, index: int, output: Path | None, vkey: str | None) -> None:
    """Write a .tlog-proof of the entry at INDEX: with it, the entry and the verifier key anyone can check, offline."""
    _write(_reader(log_folder, vkey).prove(index).content(), output)


@log.command(
    epilog=_examples(
        'assay log verify verdict.tlog-proof verdict.json --vkey "$(cat trail.vkey)"',
    )
)
@click.argument("proof", type=click.Path(path_type=Path))
@click.argument("entry", type=click.Path(path_type=Path))
@click.option(
    "--vkey", required=True, help="The log's verifier key, as you know it; or a file of it, such as LOG.keys."
)
@click.option("--witness", "witnesses", multiple=True, help="Verifier key of a witness that must have cosigned.")
def verify(proof: Path, entry: Path, vkey: str, witnesses: tuple[str, ...]) -> None:
    """Check offline that ENTRY stands in a log, as the .tlog-proof PROOF says."""
    from assay.adapters.folder_reader import one_log  # noqa: PLC0415 - only when called
    from assay.errors import VerificationError  # noqa: PLC0415
    from assay.lifecycle.project import read_file  # noqa: PLC0415
    from assay.tlog.merkle import hash_leaf  # noqa: PLC0415
    from assay.tlog.proof import parse_proof  # noqa: PLC0415
    from assay.tlog.vkey import parse_vkey  # noqa: PLC0415

    keys = one_log(vkey)
    asked = [parse_vkey(one) for one in witnesses]
    found = parse_proof(read_file(proof, "a proof file"))
    signed = keys.open(found.checkpoint, asked)
    found.verify_under(signed, hash_leaf(read_file(entry, "the entry")))
    for one in asked:
        if one not in signed.cosigned_by:
            raise VerificationError(f"checkpoint: expected a cosignature by {one.name}+{one.id.hex()}, found none")
    now = signed.checkpoint
    click.echo(f"{entry} is entry {found.index} of the log {now.origin}, whose {now.size} entries have the root")
    first, *others = keys.at(now.size)
    click.echo(f"{now.root.hex()}; signed by {first}")
    for one in others:
        click.echo(f"and by {one.name}+{one.id.hex()}")
    for one in asked:
        click.echo(f"cosigned by {one.name}+{one.id.hex()}")


def _write(content: bytes, output: Path | None) -> None:
    from assay.adapters.durable_files import replace_file, storage_errors  # noqa: PLC0415 - only when called

    if output is None or str(output) == "-":
        sys.stdout.buffer.write(content)
        return
    with storage_errors(output, "Nothing was written"):
        replace_file(output, content)


@log.command(
    epilog=_examples(
        "assay log get trail 17 -o verdict.json",
    )
)
@LOG
@click.argument("index", type=click.IntRange(min=0))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the bytes here instead of printing them.")
@VKEY
def get(log_folder: Path, index: int, output: Path | None, vkey: str | None) -> None:
    """Write the entry at INDEX, byte for byte, after checking that it is in the log.

    Where the log holds a digest, the bytes kept in LOG.evidence are written, after checking that they are those.
    """
    from assay.adapters.evidence_store import EvidenceStore, evidence_folder  # noqa: PLC0415 - only when called

    reader = _reader(log_folder, vkey)
    reader.prove(index)
    (entry,) = reader.entries(index, index + 1)
    _write(EvidenceStore(evidence_folder(log_folder)).resolve(entry), output)


@log.command(
    epilog=_examples(
        "assay log tail trail -n 3 --format json",
    )
)
@LOG
@click.option("-n", "--number", type=click.IntRange(min=1), default=10, show_default=True, help="How many entries.")
@FORMAT
def tail(log_folder: Path, number: int, form: str) -> None:
    """Show the last entries, oldest first; bytes that are not text are shown in base64."""
    import base64  # noqa: PLC0415 - only when called

    reader = _reader(log_folder, None)
    size = reader.checkpoint().checkpoint.size
    first = max(size - number, 0)
    for index, entry in enumerate(reader.entries(first, size), start=first):
        try:
            shown, encoding = entry.decode(), "utf-8"
        except UnicodeDecodeError:
            shown, encoding = base64.b64encode(entry).decode("ascii"), "base64"
        if form == "json":
            _print_json({"index": index, "encoding": encoding, "entry": shown})
        else:
            printable = encoding == "utf-8" and all(c.isprintable() for c in shown)
            click.echo(f"{index} {shown if printable else ascii(shown)[1:-1] if encoding == 'utf-8' else shown}")
