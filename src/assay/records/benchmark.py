"""A benchmark population: the share that each group has in it, and who says so."""

from __future__ import annotations

from assay.records.tally import Frozen


class Benchmark(Frozen, kw_only=True):
    """Shares of groups in a population.

    Attributes:
        attributes: the attribute, or the attributes together.
        shares: group to share; a group of several attributes is written with its values joined by ``, ``.
        source: where the shares come from.
    """

    attributes: tuple[str, ...]
    shares: dict[str, float]
    source: str
