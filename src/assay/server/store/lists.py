"""Lists and maps in a column, as JSON text."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def to_text(what: Any) -> str:  # noqa: ANN401 - any list or map
    """Return a list or a map as JSON."""
    return msgspec.json.encode(what, order="sorted").decode()


def from_text(text: str, kind: type[T]) -> T:
    """Return what `to_text` wrote."""
    return msgspec.json.decode(text, type=kind)
