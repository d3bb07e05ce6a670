"""Sums of the errors of one group of a regression, and moments of label and error."""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING

import msgspec

from assay.metrics.histogram import ONE
from assay.records.tally import SCORE_BINS, SUM_UNIT, ErrorMoments

if TYPE_CHECKING:
    from assay.records.tally import ErrorCell, Errors

_SUMS = ("mass", "mass_squares", "labels", "label_squares", "errors", "absolute", "squared", "fourth")
_MOMENTS = ErrorMoments.__struct_fields__


class ErrorSums:
    """What is known of a group's errors; every sum an integer, so that merging groups in any order changes no bit.

    Attributes:
        rows: people who have a label and a prediction.
        weighted: whether the sums are weighted.
        sums: by name. ``mass``: what the others are divided by, in ``SUM_UNIT`` (the weights, or a whole one for each
            row); ``mass_squares``: the squared weights; labels, squared labels, errors, absolute and squared errors in
            ``SUM_UNIT``; ``fourth``: fourth powers of errors, by the middles of their bins, in ``SUM_UNIT``**4.
        moments: products of label and error in ``SUM_UNIT``, in the order of `ErrorMoments`; None where the tally has
            none.
        known: False for a weighted tally without weighted sums.
    """

    __slots__ = ("known", "moments", "rows", "sums", "weighted")

    def __init__(self, *, weighted: bool) -> None:
        self.rows = 0
        self.weighted = weighted
        self.known = True
        self.sums = dict.fromkeys(_SUMS, 0)
        self.moments: list[int] | None = None if weighted else [0] * len(_MOMENTS)

    def add(self, other: ErrorSums) -> None:
        """Add another group's errors to these."""
        self.rows += other.rows
        self.known = self.known and other.known
        self.sums = {name: total + other.sums[name] for name, total in self.sums.items()}
        both = self.moments is not None and other.moments is not None
        self.moments = list(map(add, self.moments or (), other.moments or ())) if both else None


def error_sums(cell: ErrorCell, errors: Errors, *, weighted: bool) -> ErrorSums:
    """Return the sums of one cell; the weighted ones of a weighted tally."""
    found = ErrorSums(weighted=weighted)
    found.rows = cell.count
    if not isinstance(cell.moments, msgspec.UnsetType) and not weighted:
        found.moments = [getattr(cell.moments, name) for name in _MOMENTS]
    else:
        found.moments = None
    if not weighted:
        parts = (cell.labels, cell.label_squares, cell.errors, cell.absolute_errors, cell.squared_errors)
        masses, bins = (cell.count * ONE, cell.count * ONE), cell.bins
    elif isinstance(cell.weighted, msgspec.UnsetType):
        found.known = False
        return found
    else:
        own = cell.weighted
        parts = (own.labels, own.label_squares, own.errors, own.absolute_errors, own.squared_errors)
        masses, bins = (own.weight, own.weight_squares), own.weighted_bins
    width = (errors.high - errors.low) / SCORE_BINS
    fourth = sum(amount * round((errors.low + (place + 0.5) * width) / SUM_UNIT) ** 4 for place, amount in bins)
    found.sums = dict(zip(_SUMS, (*masses, *parts, fourth), strict=True))
    return found
