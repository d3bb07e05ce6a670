"""Verify the erasures that lie beside a release: who erased, and that the log holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import AssayError, VerificationError
from assay.tlog.merkle import hash_leaf
from assay.tlog.proof import parse_proof
from assay.trail.erasures import ERASER, Erasures, erasure_of
from assay.trail.reading import read_entry

if TYPE_CHECKING:
    from pathlib import Path

    from assay.lifecycle.anchors import Anchors
    from assay.trail.erasures import Erasure

ERASURES = "erasures"
"""Folder of a release that holds the erasures which changed something in it, each with its proof."""


def check_erasures(folder: Path, anchors: Anchors, problems: list[str]) -> Erasures:
    """Check every erasure in a release folder.

    Args:
        folder: the release folder; its erasures are ``erasures/<id>.dsse.json``, with ``<id>.tlog-proof`` beside.
        anchors: what is trusted: an erasure counts when a person with the role `ERASER` signed it, and it was logged.
        problems: what is wrong with those that do not count is added here, a sentence each.
    """
    found: list[Erasure] = []
    for path in sorted((folder / ERASURES).glob("*.dsse.json")):
        try:
            found.append(_read(path, anchors))
        except AssayError as error:
            problems.append(f"{ERASURES}/{path.name}: {error}")
        except OSError as error:
            problems.append(f"{ERASURES}/{path.name}: cannot be read: {error.strerror}")
    return Erasures(tuple(found))


def _read(path: Path, anchors: Anchors) -> Erasure:
    if not anchors.log.logs:
        raise VerificationError("no verifier key of the log is known; give it with --vkey")
    entry = path.read_bytes()
    proof = parse_proof(path.with_name(f"{path.name.removesuffix('.dsse.json')}.tlog-proof").read_bytes())
    proof.verify_under(anchors.log.open(proof.checkpoint), hash_leaf(entry))
    erasure = erasure_of(read_entry(proof.index, entry, anchors.trust.keys()), anchors.trust)
    if erasure is None:
        raise VerificationError(
            f"expected an erasure signed by somebody with the role {ERASER}, found none: it erases nothing"
        )
    return erasure
