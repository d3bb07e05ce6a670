"""Regulators' documents of a project on this machine: made, written, recorded; what command line and Python call."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assay import __version__
from assay.adapters.folder_reader import FolderReader
from assay.adapters.here import project_at
from assay.adapters.trail_here import open_trail, record
from assay.attest.bundle import parse_bundle
from assay.attest.statement import EVIDENCE, TALLY, VERDICT
from assay.errors import InputError, suggest
from assay.lifecycle.asking import entry_with_proof
from assay.lifecycle.explaining import BUNDLE
from assay.lifecycle.exporting import IssuedFile
from assay.lifecycle.issuing import DATASHEET, NAMES
from assay.lifecycle.keyring import DEFAULT, Keyring, read_public_keys
from assay.lifecycle.log_shards import shards
from assay.lifecycle.material import gather
from assay.lifecycle.project import CONFIG_NAME, Project
from assay.lifecycle.setting import now
from assay.lifecycle.storing import keep_document, publish, staging
from assay.records.canonical import sha256_hex
from assay.reports.documents import SUFFIXES, form_of, render
from assay.reports.documents.asking import fill
from assay.reports.documents.handing_over import handover_page
from assay.reports.oscal import oscal_file, oscal_files
from assay.trail.events import make_event

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from assay.lifecycle.asking import Trail
    from assay.lifecycle.recording import Recorded
    from assay.reports.documents import Format
    from assay.reports.documents.asking import Form
    from assay.reports.documents.form import Document, Made
    from assay.reports.documents.material import Material
    from assay.reports.oscal import OscalFile
    from assay.trail.events import Event

EVENT = "report.issued"
COMPANIONS: dict[str, tuple[str, ...]] = {
    "annex-iv": ("instructions-for-use", "post-market-monitoring-plan", "annex-v"),
}
"""Document, to those that it refers to: they go into the same folder, with the records that all of them rest on."""


class Origin(Protocol):
    """What the log keeps of a file: what it is, and what it was made from."""

    @property
    def kind(self) -> str:
        """Its name on the command line."""
        ...

    @property
    def made(self) -> Made:
        """What it was made from."""
        ...


@dataclass(frozen=True, kw_only=True)
class Written:
    """A document that was written.

    Attributes:
        path: where.
        about: what it is and was made from; None for a record that goes with documents.
        sha256: digest of its bytes.
        entry: index of the log entry that records it; None where it was not recorded.
    """

    path: Path
    about: Origin | None
    sha256: str
    entry: int | None = None


def material_of(
    release: Path | str | None = None, project: Project | Path | str | None = None, *, size: int | None = None,
    forms: Collection[Form] = (),
) -> Material:  # fmt: skip
    """Gather what every document of a release is made from.

    Args:
        release: its folder; by default that of the version in `assay.yaml`.
        project: itself, its `assay.yaml` or folder; by default the one above the release, or the working folder's.
        size: look at so many entries of the log; by default at all.
        forms: the lists that it will fill: some tell how the version stands before their framework.

    Raises:
        InputError: when there is no such release, or it is of another stage.
        DocumentError: with every problem in ``dossier.yaml``.
    """
    found = project_of(release, project)
    folder = found.release() if release is None else Path(release).resolve()
    with _opened(found) as trail:
        if trail is None and size is not None:
            raise InputError(f"--size {size}: expected a log, found none: nothing is recorded yet")
        view = None if trail is None else trail.view(size)
        status = [one.framework for one in forms if one.status and one.framework is not None]
        return gather(folder, found, view, tool=f"assay {__version__}", status=status)


def document(
    kind: str, release: Path | str | None = None, project: Project | Path | str | None = None, *,
    size: int | None = None,
) -> Document:  # fmt: skip
    """Make a document of a release: each item filled from evidence or by people, or named as missing.

    Args:
        kind: which (`assay.reports.documents.KINDS`).
        release: as for `material_of`.
        project: likewise.
        size: likewise.

    Raises:
        InputError: when there is no such kind or release.
    """
    form = form_of(kind)
    return fill(form, material_of(release, project, size=size, forms=(form,)))


def format_of(path: Path, given: str | None = None) -> Format:
    """Return how a file is to be written: as said, or as its name ends.

    Raises:
        InputError: when neither says it, or each says something else.
    """
    known: dict[str, Format] = {form: form for form in SUFFIXES.values()} | SUFFIXES
    if given is not None and SUFFIXES.get(path.suffix, given) != given:
        raise InputError(f"--format {given}: expected a file of that format, found {path.name!r}: name it otherwise")
    wanted = given or path.suffix
    if wanted not in known:
        near = suggest(wanted, known)
        raise InputError(f"expected a file that ends in {', '.join(SUFFIXES)}, or --format, found {path.name!r}{near}")
    return known[wanted]


def write(
    files: Mapping[str, tuple[Origin | None, bytes]],
    folder: Path,
    project: Project | Path | str | None = None,
    *,
    key: str | None = DEFAULT,
) -> list[Written]:
    """Write documents into a folder, all of them or none, and record the digest of each in the log.

    Args:
        files: name to the document and its bytes; a record that goes with documents has no document, and is not
            recorded again.
        folder: where; made if it is not there.
        project: whose log.
        key: name of the key that signs; None to record nothing.

    Raises:
        StorageError: when the disk refuses; nothing is written then.
    """
    found = project if isinstance(project, Project) else project_at(project)
    with staging(folder) as stage:
        publish(stage, folder, {name: content for name, (_, content) in files.items()})
    told = {name: (one, content) for name, (one, content) in files.items() if one is not None}
    entries = {} if key is None else _record(told, found, key)
    if key is not None:
        _keep(told, found)
    return [
        Written(path=folder / name, about=one, sha256=sha256_hex(content), entry=entries.get(name))
        for name, (one, content) in files.items()
    ]


def signed_by(release: Path | str | None = None) -> str:
    """Return the name of the key that signed a release, where it can sign here: it records documents, too.

    Where another signed it, the name of the default key.
    """
    project = project_of(release)
    path = (project.release() if release is None else Path(release).resolve()) / BUNDLE
    if not path.is_file():
        return DEFAULT
    envelopes = parse_bundle(path.read_bytes(), name=str(path)).envelopes()
    signers = {one.keyid for envelope in envelopes for one in envelope.signatures}
    public = read_public_keys(project.keys)
    names = [name for name in Keyring(project.keys).names() if name in public and public[name].key_id in signers]
    return names[0] if names else DEFAULT


def _keep(files: Mapping[str, tuple[Origin, bytes]], project: Project) -> None:
    """Keep what was recorded beside the log, for auditors; of a PDF its text too, so that erasing finds names."""
    from assay.reports.documents.form import Document  # noqa: PLC0415 - one comparison

    for name, (about, content) in files.items():
        keep_document(project.state, content)
        if name.endswith(".pdf") and isinstance(about, Document):
            keep_document(project.state, render(about, "markdown"))


def issued_files(project: Project, verdicts: Collection[str], models: Collection[str]) -> list[IssuedFile]:
    """Return what was issued about some verdicts, or filed about some models, with entries and proofs.

    What lies in the release folders themselves goes with them; what no copy is kept of is left out.

    Args:
        project: whose log.
        verdicts: digests of verdicts.
        models: root digests of models' files.
    """
    with _opened(project) as trail:
        if trail is None:
            return []
        view = trail.view()
        found = [
            (fact.index, fact.said.report, fact.said.report_sha256)
            for fact in view.facts(EVENT)
            if fact.said.verdict_sha256 in verdicts and fact.said.report not in NAMES
        ]
        found += [
            (fact.index, fact.said.document, fact.said.document_sha256)
            for fact in view.facts("document.filed")
            if fact.said.model_sha256 in models
        ]
        kept = [(index, name, view.documents[digest]) for index, name, digest in found if digest in view.documents]
    made = []
    for index, name, content in sorted(kept):
        entry, proof = entry_with_proof(map(FolderReader.open, shards(project.log)), index)
        made.append(IssuedFile(f"{index}-{_safe(name)}", content, entry, proof))
    return made


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:80]


def _record(files: Mapping[str, tuple[Origin | None, bytes]], project: Project, key: str) -> dict[str, int]:
    """Record what is not recorded yet; return the entry of each."""
    with _opened(project) as trail:
        known = {} if trail is None else issued(trail)
    there = {name: known[sha256_hex(content)] for name, (_, content) in files.items() if sha256_hex(content) in known}
    new = [name for name in files if name not in there]
    events = [_event(name, *files[name]) for name in new]
    done: Sequence[Recorded] = record(events, project, key=key) if events else []
    return there | {name: one.index for name, one in zip(new, done, strict=True)}


def _event(name: str, about: Origin | None, content: bytes) -> Event:
    fields = {
        "report": name if about is None else f"{about.kind}{Path(name).suffix}",
        "report_sha256": sha256_hex(content),
        "size": None if about is None else about.made.size,
        "verdict_sha256": None if about is None else about.made.verdict_sha256,
        "template": f"assay-{__version__}",
    }
    return make_event(EVENT, fields, claimed_at=now())


def issued(trail: Trail) -> dict[str, int]:
    """Return every report's digest, to the index of the first entry that records it."""
    found: dict[str, int] = {}
    for fact in trail.view().facts(EVENT):
        found.setdefault(fact.said.report_sha256, fact.index)
    return found


def all_formats(kind: str, made: Document, formats: Sequence[Format]) -> dict[str, tuple[Document, bytes]]:
    """Return a document's files by name, one a format."""
    ends = {form: suffix for suffix, form in SUFFIXES.items()}
    return {f"{kind}{ends[form]}": (made, render(made, form)) for form in formats}


def hand_over(
    kind: str, folder: Path, formats: Sequence[Format], release: Path | str | None = None, *,
    size: int | None = None, key: str | None = DEFAULT,
) -> tuple[Document, list[Written]]:  # fmt: skip
    """Write a document into a folder in several formats, with what it refers to and the records it rests on.

    What it refers to is written and recorded first, so that the document can name it.

    Args:
        kind: which document.
        folder: where.
        formats: in which formats.
        release: as for `material_of`.
        size: likewise; then what the document refers to is told as the log was then.
        key: as for `write`.

    Returns:
        The document, and what was written.
    """
    project = project_of(release)
    others: dict[str, tuple[Document, bytes]] = {}
    for one in COMPANIONS.get(kind, ()):
        others |= all_formats(one, document(one, release, project, size=size), formats)
    told = write(others, folder, project, key=key) if others else []
    made = document(kind, release, project, size=size)
    rendered = all_formats(kind, made, formats)
    files: dict[str, tuple[Origin | None, bytes]] = {**rendered}
    if others:
        records = _records(Path(release) if release is not None else project.release())
        listed: list[tuple[str, Document | None, str]] = [
            (name, one, sha256_hex(content)) for name, (one, content) in {**others, **rendered}.items()
        ]
        listed += [(name, None, sha256_hex(content)) for name, content in records.items()]
        page = handover_page(sorted(listed, key=lambda row: row[0]))
        files |= {name: (None, content) for name, content in {**records, "README.md": page.encode()}.items()}
    return made, [*write(files, folder, project, key=key), *told]


def oscal(
    kind: str | None = None, release: Path | str | None = None, project: Project | Path | str | None = None, *,
    size: int | None = None,
) -> list[OscalFile]:  # fmt: skip
    """Make OSCAL files of a release: one kind, or all with a catalogue of each framework that the policy maps to.

    Args:
        kind: one of `assay.reports.oscal.OSCAL`; by default all.
        release: as for `material_of`.
        project: likewise.
        size: likewise.
    """
    material = material_of(release, project, size=size)
    return list(oscal_files(material)) if kind is None else [oscal_file(kind, material)]


def _records(folder: Path) -> dict[str, bytes]:
    """Return the files of a release that go with its documents."""
    names = (EVIDENCE, VERDICT, TALLY, "bundle.json", "receipt.json", *NAMES)
    found = {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
    of_data = folder / "data" / DATASHEET  # of the data stage of the same version
    return found | ({DATASHEET: of_data.read_bytes()} if of_data.is_file() else {})


@contextlib.contextmanager
def _opened(project: Project) -> Iterator[Trail | None]:
    """Open the project's trail; None where nothing is recorded."""
    if not (project.log / "checkpoint").is_file():
        yield None
        return
    with open_trail(project) as trail:
        yield trail


def project_of(release: Path | str | None, project: Project | Path | str | None = None) -> Project:
    """Return the project that was given, that a release lies in, or that the working folder belongs to."""
    if isinstance(project, Project):
        return project
    if project is not None or release is None:
        return project_at(project)
    above = Path(release).resolve()
    folder = next((one for one in (above, *above.parents) if (one / CONFIG_NAME).is_file()), None)
    return project_at(folder)
