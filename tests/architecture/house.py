"""What the tests of the house share: where it stands, and its modules parsed once."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "assay"


@cache
def modules() -> dict[str, ast.Module]:
    """Return every module of the package, parsed, by its path under src/assay."""
    return {
        path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text(encoding="utf-8"), str(path))
        for path in sorted(SOURCE.rglob("*.py"))
    }
