"""The files of a release: what may be downloaded is what lies in its folder, and each chart as a picture."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from litestar import Response, get
from litestar.params import FromPath

from assay.errors import NotThereError
from assay.records.tally import Frozen
from assay.server.inside import Kept
from assay.server.security import DOCUMENT_POLICY
from assay.server.serving import By, Here

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assay.reports.charts import Chart
    from assay.server.inside import Held

MOST_FILES = 2_000
KEPT_CHARTS = 400

_TYPES = {
    ".html": "text/html",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".pdf": "application/pdf",
    ".sarif": "application/sarif+json",
    ".xml": "application/xml",
}
_OTHER = "application/octet-stream"

_WORDS = {
    "evidence.json": "what was measured",
    "evidence.dsse.json": "the signature of who measured",
    "tally.json": "the counts that it was measured from",
    "verdict.json": "the decision with its grounds",
    "bundle.json": "the signed attestations",
    "receipt.json": "the proof that they stand in the log",
    "model-card.md": "the model card",
    "report.html": "the report, with charts",
    "explanation.json": "causes and remedies",
    "datasheet.md": "the datasheet",
    "documents.json": "who signed the documents",
    "documents-receipt.json": "the proof that the documents stand in the log",
}
_WORKING = frozenset({"state.json"})

_STYLE = """<style>
:root { color-scheme: light dark; --ink: #1c2126; --line: #dcd8cf; --mark: #2f6690; --limit: #8a5a00; --fail: #a3271b;
  --unknown: #5b4a9c; font-family: system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6e8; --line: #353b41; --mark: #7db4dd; --limit: #e0ab52;
  --fail: #f2938a; --unknown: #b9a9f2; } }
</style>"""
"""The colours of the page, which a picture of its own does not see."""

drawing = threading.Lock()
"""One at a time: the engine that draws is one, and large."""

_drawn: Kept[bytes] = Kept(KEPT_CHARTS)


class Download(Frozen, kw_only=True):
    """A file of a release.

    Attributes:
        path: within the release's folder.
        words: what it is.
        size: bytes.
    """

    path: str
    words: str
    size: int


def downloads(folder: Path) -> tuple[Download, ...]:
    """Return the files of a release folder; links, and what the server works with, are none."""
    return tuple(
        Download(
            path=path.relative_to(folder).as_posix(),
            words=_WORDS.get(path.name, "a consent" if path.parent.name == "consents" else ""),
            size=path.stat().st_size,
        )
        for path in sorted(_walk(folder))[:MOST_FILES]
    )


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_symlink() or path.name.startswith(".") or path.name in _WORKING:
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.is_file():
            yield path


@get(
    "/models/{model:str}/{version:str}/files/{path:path}",
    opt={"act": "models.read", "noted": "release-file"},
    sync_to_thread=True,
)
def release_file(
    server: Here, actor: By, model: FromPath[str], version: FromPath[str], path: FromPath[str]
) -> Response[bytes]:
    """Return one file of a release as it lies there: a report to read, all else to keep."""
    held = server.inside.release(actor, model, version)
    wanted = path.lstrip("/")
    if wanted not in {one.path for one in downloads(held.folder)}:
        raise NotThereError(f"expected a file of {model} {version}, found none of this name. Its page lists them")
    return document((held.folder / wanted).read_bytes(), wanted)


def document(content: bytes, path: str) -> Response[bytes]:
    """Return a document of a release, by its path there: HTML to read in a sandbox, all else to keep."""
    suffix = f".{path.rpartition('.')[2]}"
    shown = suffix == ".html"
    headers = {"content-security-policy": DOCUMENT_POLICY} if shown else {}
    headers["content-disposition"] = "inline" if shown else f'attachment; filename="{_ascii(path.replace("/", "-"))}"'
    return Response(content, media_type=_TYPES.get(suffix, _OTHER), headers=headers)


def _ascii(name: str) -> str:
    return "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "_" for sign in name)


@get(
    "/models/{model:str}/{version:str}/charts/{name:str}",
    opt={"act": "models.read"},
    sync_to_thread=True,
)
def chart(
    server: Here, actor: By, model: FromPath[str], version: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """Return a chart of a version as a picture that shows itself: its colours follow the reader's scheme."""
    held = server.inside.release(actor, model, version)
    found = next((one for one in charts_of(held) if f"{one.id}.svg" == name), None)
    if found is None:
        raise NotThereError(f"expected a chart of {model} {version}, found none of this name")
    return _picture(_drawn.get((held.folder, name), held.verdict_sha256, lambda: _draw(found)))


@get("/models/{model:str}/{version:str}/lineage.svg", opt={"act": "models.read"}, sync_to_thread=True)
def lineage(server: Here, actor: By, model: FromPath[str], version: FromPath[str]) -> Response[bytes]:
    """Return what a version was made from and what followed from it, as a picture."""
    from assay.trail.drawing import lineage_svg  # noqa: PLC0415 - only where it is drawn
    from assay.trail.lineage import lineage as lineage_of  # noqa: PLC0415

    server.inside.release(actor, model, version)
    return _picture(lineage_svg(lineage_of(server.inside.view(), model, version)).encode())


def charts_of(held: Held) -> Iterator[Chart]:
    """Yield every chart of a release."""
    for section in held.sections:
        yield from section.charts
    for told in held.why:
        yield from told.charts


def _draw(chart: Chart) -> bytes:
    from assay.reports.charts import svg  # noqa: PLC0415 - loads a JavaScript engine

    with drawing:
        drawn = svg(chart)
    head, _, rest = drawn.partition(">")
    return f"{head}>{_STYLE}{rest}".encode()


def _picture(content: bytes) -> Response[bytes]:
    headers = {"content-security-policy": DOCUMENT_POLICY, "cache-control": "private, max-age=300"}
    return Response(content, media_type="image/svg+xml", headers=headers)


ROUTES = [release_file, chart, lineage]
