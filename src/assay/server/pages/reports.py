"""The reports of a release, written from its records when asked for: they tell the decision that holds here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from litestar import Response, get
from litestar.params import FromPath

from assay.attest.statement import VERDICT
from assay.errors import NotThereError
from assay.lifecycle.documents import makers, read_release
from assay.records.canonical import parse_record
from assay.records.delivery import SIGNED_FILES
from assay.records.tally import Frozen
from assay.records.verdict import Verdict
from assay.reports.card import is_placeholder, texts
from assay.reports.documents import render
from assay.server.attesters import attested_by, of_pipeline
from assay.server.inside import Kept
from assay.server.pages.in_time import pdf_in_time
from assay.server.pages.regulators import ISSUED, delivered_by, form_at, is_written, issued_document, make
from assay.server.pages.version_files import document, drawing
from assay.server.serving import By, Here, Server

if TYPE_CHECKING:
    from pathlib import Path

    from assay.reports.card import Card
    from assay.server.inside import Held

KEPT_REPORTS = 32
MOST_WINDOWS = 100
"""The last so many windows of monitoring are listed; the timeline and the files have them all."""

REPORTS = {
    "report.html": ("html", "the report, with charts, to read or print"),
    "report.md": ("markdown", "the report as Markdown"),
    "model-card.md": ("card", "the model card"),
    "report.json": ("json", "the report for programs"),
    "findings.sarif": ("sarif", "the findings for code scanning (SARIF)"),
    "findings.xml": ("junit", "the findings as test cases (JUnit)"),
    "ml-bom.cdx.json": ("ml-bom", "the bill of materials (CycloneDX)"),
}
"""File names, with the document that each is and what it is for."""

_written: Kept[bytes] = Kept(KEPT_REPORTS)


class Report(Frozen, kw_only=True):
    """A report that may be asked for.

    Attributes:
        path: below the version's ``reports/``.
        words: what it is.
    """

    path: str
    words: str


class Window(Frozen, kw_only=True):
    """A window of monitoring, and the report about it."""

    name: str
    decision: str
    decided_at: str
    report: str


class Section(Frozen, kw_only=True):
    """A section of the model card, as people wrote it: (what about, in their words)."""

    title: str
    said: tuple[tuple[str, tuple[str, ...]], ...]


def reports(held: Held) -> tuple[Report, ...]:
    """Return the reports that there are about a version: none while nothing was decided on it here."""
    if held.verdict is None:
        return ()
    found = [Report(path=name, words=words) for name, (_, words) in REPORTS.items()]
    found += [
        Report(path=f"{stage}/report.html", words=f"the report of the {stage} stage")
        for stage in ("data", "training") if (held.folder / stage / VERDICT).is_file()
    ]  # fmt: skip
    return tuple(found)


def windows(held: Held) -> tuple[Window, ...]:
    """Return the windows of monitoring that were decided on, the last first."""
    found = []
    for folder in (held.folder / "monitoring").glob("*"):
        if (folder / VERDICT).is_file():
            said = parse_record((folder / VERDICT).read_bytes(), Verdict, name=VERDICT)
            place = f"monitoring/{folder.name}/report.html"
            found.append(Window(name=folder.name, decision=said.decision, decided_at=said.decided_at, report=place))
    return tuple(sorted(found, key=lambda one: (one.decided_at, one.name), reverse=True)[:MOST_WINDOWS])


def card_sections(card: Card | None) -> tuple[Section, ...]:
    """Return what people wrote into the model card; what stands there as a placeholder is nobody's word."""
    found: dict[str, dict[str, list[str]]] = {}
    for path, text in texts(card) if card is not None else ():
        _, section, field = path.partition("[")[0].split(".")
        if not is_placeholder(text):
            found.setdefault(in_words(section), {}).setdefault(in_words(field), []).append(text)
    return tuple(
        Section(title=title, said=tuple((about, tuple(said)) for about, said in fields.items()))
        for title, fields in found.items()
    )


def in_words(name: str) -> str:
    """Return a section of a card, or a field of one, in words: ``intended_use.out_of_scope``."""
    return name.replace("_", " ").replace(".", ", ").capitalize()


@get(
    "/models/{model:str}/{version:str}/reports/{path:path}",
    opt={"act": "models.read", "noted": "release-file"},
    sync_to_thread=True,
)
def report(
    server: Here, actor: By, model: FromPath[str], version: FromPath[str], path: FromPath[str]
) -> Response[bytes]:
    """Return a report of a release, of its data or of a window, or a document for regulators."""
    held = server.inside.release(actor, model, version)
    wanted = path.lstrip("/")
    if wanted.startswith(f"{ISSUED}/") or is_written(wanted):
        return _for_regulators(server, held, wanted)
    offered = {one.path for one in reports(held)} | {one.report for one in windows(held)}
    if wanted not in offered:
        raise NotThereError(f"expected a report of {model} {version}, found none of this name. Its page lists them")
    within, _, name = wanted.rpartition("/")
    folder = held.folder / within
    content = _written.get((folder, name), (held.card_sha256, *_stamps(folder)), lambda: _write(held, within, name))
    return document(content, wanted)


def _for_regulators(server: Server, held: Held, wanted: str) -> Response[bytes]:
    about = held.evidence.model
    view = server.inside.view()
    if wanted.startswith(f"{ISSUED}/"):
        return document(issued_document(held, view, wanted), wanted)

    keys = of_pipeline(server, delivered_by(held))

    def made() -> bytes:
        form = form_at(wanted)
        with drawing:
            found = make(held, attested_by(server, view.about(about.name), keys), wanted)
            if form != "pdf":
                return render(found, form)
        return pdf_in_time(found)

    return document(_written.get((held.folder, wanted), (view.size, keys, *_stamps(held.folder)), made), wanted)


def _write(held: Held, within: str, name: str) -> bytes:
    kind, _ = REPORTS[name]
    found = held.report if not within else read_release(held.folder / within, became=held.became)
    if found is None:
        raise NotThereError(f"expected a decision to report on, found none: {name}")
    with drawing:
        return makers(replace(found, card=held.card))[kind]().encode()


def _stamps(folder: Path) -> tuple[int, ...]:
    """Return what changes when a record of the release does."""
    return tuple((folder / name).stat().st_mtime_ns if (folder / name).is_file() else 0 for name in SIGNED_FILES)


ROUTES = [report]
