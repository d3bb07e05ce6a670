"""What is known of consents without reading them: the log has their digests alone, and they lie beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection


class Sayings(Protocol):
    """What an index of what lies beside the log tells of consents, without reading them; at most too many of them."""

    def of_kinds(self, kinds: Collection[str]) -> list[int]:
        """Return the entries, in order, that are digests of consents of some kinds, or of nobody knows which kind."""
        ...

    def said(self, envelope: str) -> tuple[str, str] | None:
        """Return of which kind a consent is, and the model that it names or nothing; None where that is not known."""
        ...
