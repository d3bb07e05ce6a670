"""What is counted of a window of served rows beside its tally: what came, what is late, and when."""

from __future__ import annotations

from assay.records.tally import Frozen


class Span(Frozen, kw_only=True):
    """The first and the last time in a window, as RFC 3339 texts in UTC."""

    start: str
    end: str


class WindowCounts(Frozen, kw_only=True):
    """Counts of a window.

    Attributes:
        rows: its rows.
        repeated: rows equal in every column to an earlier one.
        identified: rows with an identifier; None when no identifier is named.
        identifier_repeated: of these, rows whose identifier an earlier one bears.
        labelled: rows with a label; None when no label is to come.
        due: rows old enough for their label to be there; None without a time or a delay.
        overdue: of these, rows without a label.
        known: attribute to rows in which it is known.
        span: of the times; None without any.
        errors: of a regression: the least and the greatest error of a row; None without any.
        reasons: what could not be counted, to why.
    """

    rows: int
    repeated: int
    identified: int | None = None
    identifier_repeated: int | None = None
    labelled: int | None = None
    due: int | None = None
    overdue: int | None = None
    known: dict[str, int] = {}
    span: Span | None = None
    errors: tuple[float, float] | None = None
    reasons: dict[str, str] = {}
