"""The page that opens a folder which is handed over: what is in it, how finished each document is, how to check it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports.markdown import code, table, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.reports.documents.form import Document


def handover_page(files: Sequence[tuple[str, Document | None, str]]) -> str:
    """Return the page as Markdown.

    Args:
        files: name, document (None for a record of the release) and SHA-256 of each file.
    """
    documents = {one.kind: one for _, one, _ in files if one is not None}
    lines = ["# What is in this folder", ""]
    lines += ["Documents made from records. What nobody has said or measured is named in them as missing.", ""]
    rows = [
        (text(one.title), text(one.banner()[0]), text(", ".join(name for name, other, _ in files if other is one)))
        for one in documents.values()
    ]
    lines += table(("document", "state", "files"), rows)
    for one in documents.values():
        lacking = [
            f"- {text(item.id)} {text(item.title)}: {text(part.asked)} ({part.filled})"
            for item in one.items
            for part in item.parts
            if part.filled in {"missing", "contradicted"}
        ]
        if lacking:
            lines += [f"## Missing in: {text(one.title)}", "", *lacking, ""]
    lines += ["## How to check", ""]
    lines += [
        (
            "`assay verify FILE`, in the project, says of a document whether it is, byte for byte, what the log "
            "records. The records of the release (evidence, verdict, attestations, proofs) lie beside the documents; "
            "`assay trail export` makes a bundle of them that verifies with bare Python, offline."
        ),
        "",
    ]
    lines += table(("file", "SHA-256"), [(text(name), code(digest)) for name, _, digest in files])
    return "\n".join(lines).rstrip() + "\n"
