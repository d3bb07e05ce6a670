"""The tally as a document: canonical JSON in which every exact sum is a string of digits.

JSON numbers are faithful up to 2**53 only (RFC 8785 section 3.2.2.3, https://www.rfc-editor.org/rfc/rfc8785); sums in
units of 1e-12 pass that soon, so they are written as text: ``"total": "23456000000000000"``.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from assay.errors import DocumentError, Problem
from assay.records.canonical import canonical_json, parse_record
from assay.records.tally import ErrorCell, ErrorMoments, ScoreCell, Tally, WeightedErrors, WeightedScores

_PARTS = (ErrorCell, ErrorMoments, ScoreCell, WeightedErrors, WeightedScores)
_NO_SUMS = {"group", "label", "count", "bins", "values", "weighted_bins", "weighted", "moments"}
_SUMS = {name for part in _PARTS for name in part.__struct_fields__} - _NO_SUMS
_DIGITS = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_PAIRED = "weighted_bins"


def _cells(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every part of a tally's document that holds sums."""
    inner = [document.get(name) or {} for name in ("scores", "errors")]
    cells = [cell for part in inner for cell in part.get("cells", ())]
    nested = [cell[name] for cell in cells for name in ("weighted", "moments") if name in cell]
    return [*document.get("cells", ()), *cells, *nested]


def print_tally(tally: Tally) -> bytes:
    """Return the bytes of ``tally.json``; the same tally always gives the same bytes."""
    document = msgspec.to_builtins(tally)
    for cell in _cells(document):
        for name in _SUMS & cell.keys():
            cell[name] = None if cell[name] is None else str(cell[name])
        if _PAIRED in cell:
            cell[_PAIRED] = [[number, str(total)] for number, total in cell[_PAIRED]]
    return canonical_json(document)


def _whole(text: object) -> int:
    if not isinstance(text, str) or not _DIGITS.match(text):
        raise ValueError(f"expected a sum as a string of digits, found {text!r}")
    return int(text)


def parse_tally(content: bytes, *, name: str = "tally.json") -> Tally:
    """Parse ``tally.json``; only the one form that `print_tally` gives is accepted.

    Raises:
        DocumentError: when it is not one.
    """
    parse_record(content, dict[str, Any], name=name)  # refuses what is no JSON object, and duplicate keys
    document = json.loads(content)
    try:
        for cell in _cells(document):
            for key in _SUMS & cell.keys():
                cell[key] = None if cell[key] is None else _whole(cell[key])
            if _PAIRED in cell:
                cell[_PAIRED] = [[number, _whole(total)] for number, total in cell[_PAIRED]]
        found = msgspec.convert(document, Tally)
    except (AttributeError, TypeError, ValueError) as error:
        raise DocumentError([Problem(name, 0, 0, "", f"expected a tally, found another document: {error}")]) from None
    if print_tally(found) != content:
        raise DocumentError([Problem(name, 0, 0, "", "expected the form that Assay writes: the file was edited")])
    return found
