"""Regulation as dated data: frameworks and their controls, which version is in force when, and how they map.

Every name is loaded on first use: a gate that reads `assay.yaml` needs no more of this room than its dates.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.packs.clauses import Clauses as Clauses
    from assay.packs.clauses import clauses_of as clauses_of
    from assay.packs.form import Crosswalk as Crosswalk
    from assay.packs.form import Pack as Pack
    from assay.packs.form import PackControl as PackControl
    from assay.packs.reading import parse_crosswalk as parse_crosswalk
    from assay.packs.reading import parse_pack as parse_pack
    from assay.packs.shelf import Shelf as Shelf
    from assay.packs.shelf import own_shelf as own_shelf
    from assay.packs.shelf import shelf_of as shelf_of

_NAMES = {
    "clauses": ("Clauses", "clauses_of"),
    "form": ("Crosswalk", "Pack", "PackControl"),
    "reading": ("parse_crosswalk", "parse_pack"),
    "shelf": ("Shelf", "own_shelf", "shelf_of"),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'assay.packs' has no attribute {name!r}")
    return getattr(importlib.import_module(f"assay.packs.{module}"), name)
