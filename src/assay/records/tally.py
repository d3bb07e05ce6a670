"""The tally: sufficient counts of a dataset. Two tallies of the same shape add, in any order.

Rows become a tally once, near the data; every metric is computed from it afterwards. Counts are integers. Sums are
exact decimal numbers, kept as integers in units of ``SUM_UNIT`` (1e-12), so that no order of rows, shards or threads
can change a bit of it.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, dataclass_transform

import msgspec

GroupValue: TypeAlias = str | int | bool | None
"""A value of a protected attribute; ``None`` is the group of people for whom it is not known."""

ClassValue: TypeAlias = str | int | None
"""Binary: 1 positive, 0 negative. Multi-class: the class as written. ``None``: the row has none."""

Task: TypeAlias = Literal["binary", "multiclass", "regression"]

SUM_UNIT = 1e-12
"""Sums are integers in this unit."""

EXACT_ROWS = 16_384
"""Up to this many rows with a score a tally keeps each score by its value, ..."""

EXACT_SCORES = 1_024
"""... and so it does up to this many different scores, such as three decimals have; beyond both, by bin alone."""

SCORE_BINS = 512
"""Bins of the histogram, of equal width, between the edges ``low`` and ``high``."""


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An immutable record; unknown keys in a document are refused."""


class Cell(Frozen, kw_only=True):
    """How many rows share one group, one label and one prediction.

    Attributes:
        group: a value for each of the tally's attributes, in their order.
        label: the true class; None where it is missing or no label column was named.
        prediction: the predicted class; None where no prediction column was named.
        count: rows.
        weight: sum of the weights in ``SUM_UNIT``; None where no weight column was named.
        weight_squares: sum of the squared weights in ``SUM_UNIT``; None where it was not summed, and then a weighted
            value has no interval (Kish's effective sample size needs it).
    """

    group: tuple[GroupValue, ...]
    label: ClassValue = None
    prediction: ClassValue = None
    count: int
    weight: int | None = None
    weight_squares: int | None = None


class WeightedScores(Frozen, kw_only=True):
    """Sums of the scores of one group and one label, each score times its row's weight, in ``SUM_UNIT``.

    A weight counts as `Cell.weight` has it, rounded to ``SUM_UNIT``, so that a quotient of two sums is exact.
    """

    total: int
    squares: int
    log_losses: int | None = None


class ScoreCell(Frozen, kw_only=True):
    """Scores of the rows of one group and one label, as counts by bin or by value.

    Attributes:
        group: as in `Cell`.
        label: as in `Cell`.
        bins: (bin number, rows), ascending, empty bins left out. Bin b holds
            ``low + b*width <= s < low + (b+1)*width``; the last bin holds ``high`` too. Empty while ``values`` is
            given.
        values: (score, rows), ascending, while the whole tally has at most ``EXACT_ROWS`` rows with a score, or at
            most ``EXACT_SCORES`` different scores; else None.
        count: rows with a usable score.
        total: sum of the scores in ``SUM_UNIT``.
        squares: sum of the squared scores in ``SUM_UNIT``.
        log_losses: sum of the log losses (natural logarithm, scores clipped to 2.220446049250313e-16 from 0 and 1) in
            ``SUM_UNIT``; None without a label, or when scores are not within [0, 1].
        weighted_bins: (bin number, sum of weights in SUM_UNIT); empty without a weight column.
        weighted: the sums with weights; unset without a weight column.
    """

    group: tuple[GroupValue, ...]
    label: ClassValue = None
    bins: tuple[tuple[int, int], ...] = ()
    values: tuple[tuple[float, int], ...] | None = None
    count: int
    total: int
    squares: int
    log_losses: int | None = None
    weighted_bins: tuple[tuple[int, int], ...] = ()
    weighted: WeightedScores | msgspec.UnsetType = msgspec.UNSET


class Scores(Frozen, kw_only=True):
    """All scores of a tally.

    Attributes:
        low: lower edge of the histogram: 0.0 when every score lies within [0, 1], else the least score, or what a
            `Tallier` was given.
        high: upper edge: 1.0 when every score lies within [0, 1], else the greatest score, or what a `Tallier` was
            given.
        cells: one a (group, label), ordered as the tally's cells are.
    """

    low: float
    high: float
    cells: tuple[ScoreCell, ...]


class WeightedErrors(Frozen, kw_only=True):
    """Regression with weights: the sums of `ErrorCell`, each row times its weight, in ``SUM_UNIT``.

    Attributes:
        weight: sum of the weights of the rows that have an error.
        weight_squares: sum of their squares.
        labels: as in `ErrorCell`, and so the next ones.
        weighted_bins: (bin number, sum of weights in ``SUM_UNIT``).
    """

    weight: int
    weight_squares: int
    labels: int
    label_squares: int
    errors: int
    absolute_errors: int
    squared_errors: int
    weighted_bins: tuple[tuple[int, int], ...] = ()


class ErrorMoments(Frozen, kw_only=True):
    """Sums of products of label and error up to the fourth power, in ``SUM_UNIT``: what the spread of R2 rests on.

    Attributes:
        label_cubes: sum of label^3.
        label_fourths: sum of label^4.
        error_fourths: sum of error^4.
        label_error_squares: sum of label * error^2.
        label_square_error_squares: sum of label^2 * error^2.
    """

    label_cubes: int
    label_fourths: int
    error_fourths: int
    label_error_squares: int
    label_square_error_squares: int


class ErrorCell(Frozen, kw_only=True):
    """Regression: moments and quantile bins of one group. Errors are prediction minus label.

    All sums are in ``SUM_UNIT``. ``bins`` counts the errors by bin between ``Errors.low`` and ``Errors.high``;
    ``weighted`` is there with a weight column, ``moments`` without one.
    """

    group: tuple[GroupValue, ...]
    count: int
    labels: int
    label_squares: int
    predictions: int
    errors: int
    absolute_errors: int
    squared_errors: int
    bins: tuple[tuple[int, int], ...] = ()
    weighted: WeightedErrors | msgspec.UnsetType = msgspec.UNSET
    moments: ErrorMoments | msgspec.UnsetType = msgspec.UNSET


class Errors(Frozen, kw_only=True):
    """All errors of a regression tally, with the edges of their histogram (``SCORE_BINS`` bins of equal width).

    The edges are -2**k and 2**k, with the least k for which all errors lie strictly between them (at least -40). So two
    histograms always add: the bins of the finer one lie whole inside those of the coarser.
    """

    low: float
    high: float
    cells: tuple[ErrorCell, ...]


class Gap(Frozen, kw_only=True):
    """Rows that could not be counted in full, told and never dropped in silence.

    Attributes:
        column: the column's name.
        kind: what was found there.
        count: rows.
    """

    column: str
    kind: Literal["null", "nan", "infinite", "negative", "unseen"]
    count: int


class FileDigest(Frozen, kw_only=True):
    """A file by what it holds: name as the user knows it, SHA-256 in hexadecimal, size in bytes."""

    name: str
    sha256: str
    size: int


class Source(Frozen, kw_only=True):
    """Where the rows came from, so that an auditor can count them again.

    Attributes:
        files: the files read, in order of name; empty for a frame in memory.
        rows_sha256: for a frame in memory: SHA-256 of its Arrow IPC stream, else None.
        engine: the engine's name and version.
        sql: the very text that produced the counts.
    """

    files: tuple[FileDigest, ...] = ()
    rows_sha256: str | None = None
    engine: str
    sql: str


class Roles(Frozen, kw_only=True):
    """Which column means what.

    Attributes:
        label: column of the true outcome.
        prediction: column of the predicted outcome.
        score: column of the score behind the prediction (binary only).
        weight: column of non-negative row weights.
        protected: columns by which groups are compared.
        positive: the class that rates count; None for 1 or true.
        favourable: the class that is good for the person; None for the positive one.
        task: what kind of outcome this is.
    """

    label: str | None = None
    prediction: str | None = None
    score: str | None = None
    weight: str | None = None
    protected: tuple[str, ...] = ()
    positive: str | int | bool | None = None
    favourable: str | int | bool | None = None
    task: Task = "binary"


class Tally(Frozen, kw_only=True):
    """Sufficient counts of one dataset.

    Attributes:
        schema: the record's version.
        roles: which column meant what.
        favourable_is_positive: whether the favourable outcome is the positive class (binary).
        rows: rows read, those with gaps included.
        cells: counts by (group, label, prediction), ordered by group, label, prediction (None last).
            Regression: by group alone, with neither label nor prediction.
        scores: score histograms; None without a score column.
        errors: regression only.
        gaps: what could not be counted, and how often.
        sources: one for each dataset or shard counted.
    """

    schema: Literal["assay.tally/v1"] = "assay.tally/v1"
    roles: Roles
    favourable_is_positive: bool = True
    rows: int
    cells: tuple[Cell, ...] = ()
    scores: Scores | None = None
    errors: Errors | None = None
    gaps: tuple[Gap, ...] = ()
    sources: tuple[Source, ...] = ()

    def __add__(self, other: Tally) -> Tally:
        """Add two tallies of the same roles; commutative and associative.

        Raises:
            DataError: when roles or histogram edges differ.
        """
        from assay.records._tally_sum import add  # noqa: PLC0415 - the arithmetic stands apart from the vocabulary

        return add(self, other)
