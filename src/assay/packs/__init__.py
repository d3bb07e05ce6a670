"""Regulation as dated data: frameworks and their controls, which version is in force when, and how they map."""

from __future__ import annotations

from assay.packs.clauses import Clauses, clauses_of
from assay.packs.differences import Difference, differences
from assay.packs.form import Crosswalk, Pack, PackControl
from assay.packs.reading import parse_crosswalk, parse_pack
from assay.packs.shelf import Shelf, own_shelf, shelf_of

__all__ = [
    "Clauses",
    "Crosswalk",
    "Difference",
    "Pack",
    "PackControl",
    "Shelf",
    "clauses_of",
    "differences",
    "own_shelf",
    "parse_crosswalk",
    "parse_pack",
    "shelf_of",
]
