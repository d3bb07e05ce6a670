"""Documents that regulators ask for: those that the project has issued, and those written here from what it delivered.

What was issued, or came back signed, lies here byte for byte under the digest that the log names. What is written here
rests on the records and the trail of this server, and on what people wrote as it came with the release (`assay.yaml`,
the card, ``dossier.yaml``); whom the project knows and this server does not, the document says.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from assay import __version__
from assay.errors import NotThereError
from assay.lifecycle.issuing import NAMES
from assay.lifecycle.material import gather
from assay.lifecycle.project import CONFIG_NAME, Config, Project
from assay.lifecycle.received import Kept, Place
from assay.lifecycle.receiving_checks import laid_out
from assay.records.document import load_yaml
from assay.records.tally import Frozen
from assay.reports.documents import KINDS, SUFFIXES, form_of
from assay.reports.documents.asking import fill
from assay.reports.documents.dossier import NAME as DOSSIER
from assay.server.pages.in_time import sets_pdf
from assay.trail.marks import VERDICT
from assay.trail.of_version import named_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.lifecycle.received import Delivered
    from assay.reports.documents import Format
    from assay.reports.documents.form import Document
    from assay.server.inside import Held
    from assay.trail.view import View

ISSUED = "issued"
"""Below the version's ``reports/``: what the project has issued, by the entry that says so."""

FORMATS = (".html", ".md", ".json", ".pdf")


class Regulators(Frozen, kw_only=True):
    """A document that is written here when asked for.

    Attributes:
        title: what it is.
        paths: below the version's ``reports/``, one a format, the one to read first.
    """

    title: str
    paths: tuple[str, ...]


class Issued(Frozen, kw_only=True):
    """A document that the project has issued, or that came back signed.

    Attributes:
        path: below the version's ``reports/``.
        name: its name.
        at: when the log says that it was.
        by: whose signature says so.
        filed: whether it came back signed by hand.
        entry: the entry of the log that names its digest.
        sha256: that digest.
    """

    path: str
    name: str
    at: str
    by: tuple[str, ...]
    filed: bool
    entry: int
    sha256: str


def regulators(held: Held) -> tuple[Regulators, ...]:
    """Return the documents that can be written of a version: none where the project's own files did not come along."""
    if held.verdict is None or CONFIG_NAME not in _named(held):
        return ()
    formats = FORMATS if sets_pdf() else FORMATS[:-1]
    return tuple(
        Regulators(title=form_of(kind).title, paths=tuple(f"{kind}{suffix}" for suffix in formats)) for kind in KINDS
    )


def issued(held: Held, view: View) -> tuple[Issued, ...]:
    """Return what the project has issued about a version, or filed, and lies here; the last first.

    Args:
        held: the release.
        view: the whole trail.
    """
    about = held.evidence.model
    mine = (about.name, about.version, about.sha256)
    delivered = named_facts(view, *mine, types=("release.delivered",))
    verdicts = {held.verdict_sha256, *(fact.said.verdict_sha256 for fact in delivered)}
    found = [
        (fact, fact.said.report, fact.said.report_sha256)
        for fact in view.bearing((f"{VERDICT}{one}" for one in verdicts), "report.issued").facts("report.issued")
        if fact.said.report not in NAMES
    ]
    found += [
        (fact, fact.said.document, fact.said.document_sha256)
        for fact in named_facts(view, *mine, types=("document.filed",))
        if fact.said.model_sha256 == about.sha256
    ]
    return tuple(
        Issued(
            path=f"{ISSUED}/{fact.index}/{_plain(name)}", name=name, at=fact.at, by=view.signers(fact.read),
            filed=fact.event.type == "document.filed", entry=fact.index, sha256=digest,
        )
        for fact, name, digest in sorted(found, key=lambda one: one[0].index, reverse=True)
        if digest in view.documents
    )  # fmt: skip


def issued_document(held: Held, view: View, path: str) -> bytes:
    """Return a document that was issued, as it was.

    Raises:
        NotThereError: when none was under this path.
    """
    found = next((one for one in issued(held, view) if one.path == path), None)
    if found is None:
        raise NotThereError(
            f"expected a document that was issued, found none at {path:.80}. The version's page lists them"
        )
    return view.documents[found.sha256]


def is_written(path: str) -> bool:
    """Say whether a path is that of a document for regulators."""
    kind, suffix = _split(path)
    return kind in KINDS and suffix in FORMATS


def make(held: Held, view: View, path: str) -> Document:
    """Make a document from the records that lie here and what people wrote.

    Raises:
        NotThereError: when the project's own files did not come along.
        DocumentError: for what is wrong in them.
        VerificationError: when the records are not of one release.
    """
    kind, _ = _split(path)
    sources = _sources(held)
    if CONFIG_NAME not in sources:
        raise NotThereError(f"expected {CONFIG_NAME} with the delivery of this version, found none")
    form = form_of(kind)
    told = [form.framework] if form.status and form.framework is not None else []
    config = _here(load_yaml(sources[CONFIG_NAME], Config, name=CONFIG_NAME), sources)
    with laid_out(sources, held.state.parent / ".incoming") as folder:
        material = gather(held.folder, Project(folder, config), view, tool=f"assay {__version__}", status=told)
        return fill(form, material)


def form_at(path: str) -> Format:
    """Return how the file at a path is written."""
    return SUFFIXES[_split(path)[1]]


def _sources(held: Held) -> dict[str, bytes]:
    """Return the project's own files as they came with the release; what was erased of them is not there."""
    kept = Kept(held.state)
    contents = {name: kept.document(held.became(sha256)) for name, sha256 in _named(held).items()}
    return {name: content for name, content in contents.items() if content is not None}


def _named(held: Held) -> dict[str, str]:
    """Return the digests of the project's own files by name, as they came with the release."""
    one = _delivered(held)
    return {} if one is None else one.sources


def delivered_by(held: Held) -> str:
    """Return the pipeline that has delivered a version; empty where none has."""
    one = _delivered(held)
    return "" if one is None else one.pipeline


def _delivered(held: Held) -> Delivered | None:
    about = held.evidence.model
    return Kept(held.state).release(Place(model=about.name, version=about.version))


def _here(config: Config, sources: dict[str, bytes]) -> Config:
    """Return a configuration that names the files as they lie side by side, and none that did not come along."""

    def beside(path: str | None) -> str | None:
        name = None if path is None else PurePosixPath(path).name
        return name if name in sources else None

    policy = PurePosixPath(config.policy).name
    data = config.data and msgspec.structs.replace(config.data, datasheet=beside(config.data.datasheet))
    return msgspec.structs.replace(
        config, policy=policy, documentation=beside(config.documentation), dossier=beside(config.dossier or DOSSIER),
        data=data, packs=None,
    )  # fmt: skip


def _split(path: str) -> tuple[str, str]:
    kind, dot, suffix = path.rpartition(".")
    return kind, f"{dot}{suffix}"


def _plain(name: str) -> str:
    return "".join(_signs(name))[:80]


def _signs(name: str) -> Iterator[str]:
    for sign in name:
        yield sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "-"
