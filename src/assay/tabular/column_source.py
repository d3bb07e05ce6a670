"""What a profile asks of a table's columns, whichever engine holds the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from assay.records.comparison import Side
    from assay.tabular.narrow_bins import NarrowBins
    from assay.tabular.typed import Typed


class Columns(Protocol):
    """A table's columns, wherever its rows are: what a profile, and a comparison with one, ask of it."""

    @property
    def typed(self) -> Typed:
        """The table."""
        ...

    @property
    def numbers(self) -> dict[str, tuple[Side, int]]:
        """Of each numeric column its side, and about how many different values it has."""
        ...

    def summarise(self, kinds: dict[str, str]) -> None:
        """Read each numeric column's side, and about how many different values it has, into ``numbers``."""
        ...

    def missing(self, column: str) -> Side:
        """Return the side of a column that is no number."""
        ...

    def each(self, column: str, kind: str, *, most: int | None = None) -> list[tuple[Any, int]]:
        """Count each value of a column, ascending; where there are more than ``most``, one more than those."""
        ...

    def narrow(self, column: str, kind: str, side: Side) -> NarrowBins | None:
        """Count a column in narrow bins of its own; None where no cells are narrow enough."""
        ...

    def histograms(self, wanted: dict[str, list[float]], kinds: dict[str, str]) -> dict[str, list[int]]:
        """Count columns in bins that end at given edges; the last count is of the rows beyond."""
        ...

    def below(self, column: str, kind: str, low: float) -> tuple[int, float | None]:
        """Count the rows below a value, and return the greatest of them."""
        ...
