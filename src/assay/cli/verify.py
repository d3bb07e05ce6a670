"""`assay verify`: check a release offline and say what was proven, and by whom."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli.options import format_option, print_machine

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from assay.adapters.verifying_here import VerifiedLog
    from assay.lifecycle.verification import Verified
    from assay.lifecycle.verified_bundle import VerifiedBundle
    from assay.lifecycle.verified_document import VerifiedDocument

EPILOG = """\b
Examples:
  assay verify .assay/releases/mortgage-approval/2
  assay verify handed-over/ --trust trust.yaml --vkey log.vkey --model model/ --data test=data/test.parquet
  assay verify bundle.zip --trust trust.yaml --vkey log.vkey
  assay verify .assay/log --checkpoint from-the-witness
  assay verify technical-documentation.pdf
  tar c handed-over/ | assay verify - --trust trust.yaml --vkey log.vkey
  assay verify handed-over/ --trust trust.yaml --trust witnesses.policy --trust authorities.pem --checkpoint seen

\b
Exit codes: 0 everything that could be checked holds, 1 something does not hold, 2 wrong command or input.
"""


class _NamedPath(click.ParamType[tuple[str, Path]]):
    """NAME=PATH."""

    name = "name=path"

    def convert(
        self, value: str | tuple[str, Path], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Path]:
        """Split the value of an option, or say what was expected."""
        if isinstance(value, tuple):
            return value
        name, equals, path = value.partition("=")
        if not name or not equals or not path:
            self.fail(f"expected NAME=PATH, found {value!r}", param, ctx)
        return name, Path(path)


@click.command(epilog=EPILOG)
@click.argument("bundle", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--trust",
    "trusted",
    type=Path,
    multiple=True,
    metavar="FILE",
    help="Whom you trust (default: the project's files): people (YAML), witnesses and their quorum (tlog-policy), the "
    "log's keys by size, timestamp authorities (PEM); give one for each.",
)
@click.option(
    "--checkpoint",
    "seen",
    type=Path,
    multiple=True,
    metavar="FILE",
    help="A checkpoint of the log that you got elsewhere, such as from a witness, to compare.",
)
@click.option("--key", "keys", type=_NamedPath(), multiple=True, help="A public key to trust: NAME=FILE.")
@click.option("--vkey", help="The log's verifier key, or a file of its keys (default: the project's).")
@click.option("--model", type=Path, help="The model's folder, to compare (default: the project's).")
@click.option(
    "--data", type=_NamedPath(), multiple=True, help="A dataset to compare: ROLE=FILE (default: the project's)."
)
@format_option("text", "json")
def verify(
    bundle: Path,
    trusted: tuple[Path, ...],
    seen: tuple[Path, ...],
    keys: tuple[tuple[str, Path], ...],
    vkey: str | None,
    model: Path | None,
    data: tuple[tuple[str, Path], ...],
    form: str,
) -> None:
    """Check a release offline: signatures, digests, inclusion in the log, and that the parts belong together.

    BUNDLE is a release folder, or the bundle.json in it; an auditor bundle, as a zip or unpacked; or a log's folder,
    every byte of which is hashed again; or a document (HTML, PDF, Markdown) that assay report wrote: recorded, altered,
    or neither; or - for standard input: an auditor bundle's zip, a tar of a release folder, or the bundle.json of a
    release here. Says in words what was proven and by whom, by when
    outsiders had seen it, and what was not checked. A denial that verifies is still a denial.
    """
    if str(bundle) == "-":
        with _piped() as path:
            _verify(path, trusted, seen, keys, vkey, model, data, form)
    else:
        _verify(bundle, trusted, seen, keys, vkey, model, data, form)


def _piped() -> AbstractContextManager[Path]:
    """Return what came by standard input as a path."""
    import sys  # noqa: PLC0415 - only when asked for

    from assay.adapters.piped_bundle import piped_bundle  # noqa: PLC0415 - as above
    from assay.lifecycle.project import CONFIG_NAME, load_project  # noqa: PLC0415

    here = Path.cwd()
    root = next((folder for folder in (here, *here.parents) if (folder / CONFIG_NAME).is_file()), None)
    return piped_bundle(sys.stdin.buffer.read(), None if root is None else load_project(root).state / "releases")


def _verify(
    bundle: Path,
    trusted: tuple[Path, ...],
    seen: tuple[Path, ...],
    keys: tuple[tuple[str, Path], ...],
    vkey: str | None,
    model: Path | None,
    data: tuple[tuple[str, Path], ...],
    form: str,
) -> None:
    from assay.adapters.verifying_here import verify as verify_here  # noqa: PLC0415 - only when called
    from assay.errors import VerificationError  # noqa: PLC0415

    _must_be_there("--model", model)
    for role, path in data:
        _must_be_there(f"--data {role}", path)
    at_hand = _at_hand(bundle)
    if at_hand is not None:
        model = model if model is not None else at_hand[0]
        data = (*at_hand[1].items(), *data)
    try:
        verified = verify_here(
            bundle, trust=trusted, keys=dict(keys), vkey=vkey, model=model, data=dict(data), seen=seen
        )
    except VerificationError as error:
        if form == "json":
            print_machine(_as_json({"verified": False, "problems": error.diagnostics().split("\n")}))
        raise
    print_machine(_as_json({"verified": True, **asdict(verified)}) if form == "json" else _text(verified))


def _must_be_there(option: str, path: Path | None) -> None:
    """Refuse a path that was asked to be compared and is not there: leaving it out would look like a proof."""
    from assay.errors import InputError  # noqa: PLC0415 - only when called

    if path is not None and not path.exists():
        raise InputError(f"{option}: expected files at {path}, found nothing there. Give the path, or leave it out")


def _at_hand(bundle: Path) -> tuple[Path | None, dict[str, Path]] | None:
    """Return the model and datasets of the project that the release belongs to, if it is about that version.

    At the data stage there is no model, and only the datasets that were there when it was measured.
    """
    from assay.lifecycle.project import CONFIG_NAME, load_project  # noqa: PLC0415 - only when called

    folder = bundle.resolve() if bundle.is_dir() else bundle.resolve().parent
    root = next((above for above in folder.parents if (above / CONFIG_NAME).is_file()), None)
    if root is None:
        return None
    project = load_project(root)
    datasets = {role: project.root / section.path for role, section in project.config.datasets.items()}
    there = {role: path for role, path in datasets.items() if path.exists()}
    if folder == project.stage_folder("data").resolve():
        return None, {role: path for role, path in there.items() if role in _roles(folder)}
    return (project.model, there) if folder == project.release().resolve() else None


def _roles(folder: Path) -> set[str]:
    """Return the roles that evidence names; none when it cannot be read, which verification tells."""
    from assay.attest.statement import EVIDENCE  # noqa: PLC0415 - only when called
    from assay.errors import AssayError  # noqa: PLC0415
    from assay.records.canonical import parse_record  # noqa: PLC0415
    from assay.records.evidence import Evidence  # noqa: PLC0415

    try:
        evidence = parse_record((folder / EVIDENCE).read_bytes(), Evidence, name=EVIDENCE)
    except (AssayError, OSError):
        return set()
    return {one.role for one in evidence.datasets}


def _as_json(document: dict[str, object]) -> str:
    import msgspec  # noqa: PLC0415

    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode()


def _text(verified: Verified | VerifiedBundle | VerifiedLog | VerifiedDocument) -> str:
    lines = [f"VERIFIED: {verified.title}", "", *(f"warning      {one}" for one in getattr(verified, "warnings", ()))]
    lines += [f"proven       {sentence}" for sentence in verified.proven]
    lines += [f"not checked  {sentence}" for sentence in verified.not_checked]
    return "\n".join(lines)
