"""The public vectors of the trail; read in place, never copied into the repository."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).parents[3] / "shared" / "reference" / "vectors" / "trail.json"


@cache
def _all() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(VECTORS.read_text("utf-8"))
    return found


def group(name: str) -> Any:  # noqa: ANN401 - JSON
    """Return a group of vectors, or skip the test with the reason."""
    if not VECTORS.is_file():
        pytest.skip(f"the public vectors are not here (../shared/reference/vectors/trail.json): group {name}")
    return _all()[name]
