"""What `assay report` does for regulators' documents: print one, write it and record it, check a text."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import click

from assay.cli.options import print_machine
from assay.errors import EXIT_DENY, InputError

if TYPE_CHECKING:
    from pathlib import Path

    from assay.adapters.documents_here import Written
    from assay.reports.documents import Format
    from assay.reports.documents.form import Document

MOST_NAMED = 8
"""Missing parts that a message names; the document names all."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for on the command line.

    Attributes:
        kind: which document.
        release: of which release.
        out: the file to write.
        folder: the folder to write every format into.
        forms: the formats that were named.
        size: entries of the log to look at.
        unrecorded: record nothing.
        named: name of the key that records; by default the one that signed the release.
    """

    kind: str
    release: Path | None
    out: Path | None
    folder: Path | None
    forms: tuple[str, ...]
    size: int | None
    unrecorded: bool
    named: str | None

    def key(self) -> str | None:
        """Return the name of the key that records; None to record nothing."""
        return None if self.unrecorded else _key(self.release, self.named)


def _key(release: Path | None, named: str | None) -> str:
    from assay.adapters.documents_here import signed_by  # noqa: PLC0415 - only when called

    return named or signed_by(release)


def one(forms: tuple[str, ...]) -> str | None:
    """Return the only format that was named, or None.

    Raises:
        InputError: when several were named where one is written.
    """
    if len(forms) > 1:
        raise InputError(f"--format: expected one format, found {', '.join(forms)}. Several go into --out DIR")
    return forms[0] if forms else None


def starter() -> int:
    """Print a ``dossier.yaml`` to begin with."""
    from assay.lifecycle.project import load_project  # noqa: PLC0415 - only when called
    from assay.reports.documents.dossier import starter_dossier  # noqa: PLC0415

    print_machine(starter_dossier(load_project().config.system))
    return 0


def check(path: Path | None, release: Path | None, *, form: str) -> int:
    """Hold the numbers in a text against the evidence; 1 when one is contradicted."""
    from assay.lifecycle.documents import read_release  # noqa: PLC0415 - only when called
    from assay.lifecycle.project import load_project, read_file  # noqa: PLC0415
    from assay.reports.documents.checking import check_text  # noqa: PLC0415

    if path is None:
        raise InputError("expected a FILE to check, found none. Run: assay report check FILE")
    project = load_project(release.resolve() if release is not None and release.exists() else None)
    evidence = read_release(release if release is not None else project.release(), project).evidence
    found = check_text(read_file(path, "a text to check"), path.name, evidence.measurements)
    about = f"{evidence.model.name} {evidence.model.version}"
    if form == "json":
        import json  # noqa: PLC0415 - only when asked for

        listed = [{"line": one.line, "says": one.says} for one in found]
        print_machine(json.dumps({"file": str(path), "about": about, "contradictions": listed}, indent=1))
        return EXIT_DENY if found else 0
    for each in found:
        click.echo(f"{path}:{each.line}: {each.says}")
    count = (
        f"{len(found)} of the numbers in {path} {'is' if len(found) == 1 else 'are'} contradicted by"
        if found
        else (f"No number in {path} that stands beside a metric's name is contradicted by")
    )
    click.echo(f"{count} the evidence about {about}.")
    return EXIT_DENY if found else 0


def renew(release: Path | None, named: str | None) -> int:
    """Write the documents of a decided release anew, and record them."""
    from assay.adapters.here import renew as renew_here  # noqa: PLC0415 - only when called

    for path in renew_here(release, key=_key(release, named)):
        click.echo(f"wrote {path}", err=True)
    return 0


def write_document(asked: Asked) -> int:
    """Make a document and print it, or write it and record it."""
    from assay.adapters import documents_here as here  # noqa: PLC0415 - only when called
    from assay.reports.documents import render  # noqa: PLC0415

    if asked.out is not None and asked.folder is not None:
        raise InputError("expected a file (-o) or a folder (--out), found both")
    if asked.folder is not None:
        forms = cast("tuple[Format, ...]", asked.forms or ("markdown", "html", "pdf", "json"))
        _tell(*here.hand_over(asked.kind, asked.folder, forms, asked.release, size=asked.size, key=asked.key()))
        return 0
    form = None if asked.out is None else here.format_of(asked.out, one(asked.forms))
    made = here.document(asked.kind, asked.release, size=asked.size)
    if asked.out is None:
        _print(render(made, cast("Format", one(asked.forms) or "markdown")))
        return 0
    content = render(made, form or "markdown")
    project = here.project_of(asked.release)
    _tell(made, here.write({asked.out.name: (made, content)}, asked.out.parent, project, key=asked.key()))
    return 0


def write_oscal(asked: Asked) -> int:
    """Make OSCAL files and print one, or write and record them; ``oscal`` alone prints the assessment results."""
    from assay.adapters import documents_here as here  # noqa: PLC0415 - only when called

    if asked.out is not None and asked.folder is not None:
        raise InputError("expected a file (-o) or a folder (--out), found both")
    if set(asked.forms) - {"json"}:
        raise InputError(f"--format: OSCAL is written as json, found {', '.join(asked.forms)}")
    every = asked.kind == "oscal"
    kind = "oscal-assessment-results" if every else asked.kind
    if asked.folder is not None:
        made = here.oscal(None if every else kind, asked.release, size=asked.size)
        files = {f"{one.kind}.json": (one, one.content) for one in made}
        _tell_written(here.write(files, asked.folder, here.project_of(asked.release), key=asked.key()))
        return 0
    (one_,) = here.oscal(kind, asked.release, size=asked.size)
    if asked.out is None:
        _print(one_.content)
        return 0
    project = here.project_of(asked.release)
    _tell_written(here.write({asked.out.name: (one_, one_.content)}, asked.out.parent, project, key=asked.key()))
    return 0


def _print(content: bytes) -> None:
    if sys.stdout.isatty() and content.startswith(b"%PDF"):
        raise InputError("expected a file for a PDF, found a terminal. Write it with -o FILE.pdf")
    sys.stdout.buffer.write(content if content.startswith(b"%PDF") or content.endswith(b"\n") else content + b"\n")


def _tell(made: Document, written: list[Written]) -> None:
    """Say on standard error what was written, and what is still missing: a document never ends in silence."""
    heading, counted = made.banner()
    click.echo(f"{made.title}. {heading}. {counted}", err=True)
    lacking = [
        f"{item.id}: {part.asked} ({part.filled})"
        for item in made.items
        for part in item.parts
        if part.filled in {"missing", "contradicted"}
    ]
    for line in lacking[:MOST_NAMED]:
        click.echo(f"  {line}", err=True)
    if len(lacking) > MOST_NAMED:
        click.echo(f"  and {len(lacking) - MOST_NAMED} more, named in the document", err=True)
    _tell_written(written)


def _tell_written(written: list[Written]) -> None:
    for each in written:
        where = f"entry {each.entry} of the log" if each.entry is not None else "not recorded"
        click.echo(f"wrote {each.path} ({where if each.about is not None else 'goes with them'})", err=True)
