"""PDF for pages: set in a process of its own, one at a time, which is ended where it takes too long."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from assay.errors import InputError, MissingExtraError, NotThereError, StorageError
from assay.reports.documents.as_pdf import laid_out

if TYPE_CHECKING:
    from assay.reports.documents.form import Document

PDF_SECONDS = 30.0
"""A document of fifty pages takes some two seconds."""

WITHOUT_PDF = str(MissingExtraError("typst, which writes PDF,", "pdf"))

_SETTING = (
    "import sys; from assay.reports.documents.as_pdf import compiled; "
    "sys.stdout.buffer.write(compiled(sys.stdin.buffer.read()))"
)
_one = threading.Lock()


def sets_pdf() -> bool:
    """Say whether PDF can be written here: it is an extra."""
    return importlib.util.find_spec("typst") is not None


def pdf_in_time(document: Document) -> bytes:
    """Return a document as PDF.

    Raises:
        NotThereError: when the extra is not installed.
        InputError: when it takes too long, or Typst refuses it.
        StorageError: when others are being set.
    """
    if not sets_pdf():
        raise NotThereError(WITHOUT_PDF)
    if not _one.acquire(timeout=PDF_SECONDS):
        raise StorageError("Other documents are being set as PDF. Ask again in a moment, or read this one as HTML")
    try:
        command = [sys.executable, "-P", "-c", _SETTING]
        done = subprocess.run(command, input=laid_out(document), capture_output=True, timeout=PDF_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise InputError(
            f"{document.title}: expected a PDF within {PDF_SECONDS:.0f} s, found that it takes longer. Read it as "
            "HTML, or write it on your own machine: assay report"
        ) from None
    finally:
        _one.release()
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise InputError(f"{document.title}: expected a PDF, found that Typst refuses it: {said:.300}")
    return done.stdout
