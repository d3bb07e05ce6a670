"""Counting a validation set again and again: groups are coded once, and each iteration adds up who is positive.

Rows of one group and one label are a set that never changes, kept as bits. What an iteration predicts is a set, too;
how many they share is a population count. So an iteration costs a comparison and some operations on an eighth of a byte
a row, whatever the number of iterations.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

from assay.adapters.array_reading import as_array, digest_values, numpy, positive_scores, require_rows
from assay.adapters.group_coding import coded_groups, coded_values
from assay.errors import DataError
from assay.lifecycle.run_record import Counted, counted_tally
from assay.records._tally_sum import cell_order
from assay.records.tally import EXACT_ROWS, EXACT_SCORES, SCORE_BINS, SUM_UNIT, ScoreCell, Scores
from assay.tabular.classes import binary_classes, check_seen, named_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assay.adapters.group_coding import CodedGroups
    from assay.records.tally import ClassValue, Roles, Tally
    from assay.tabular.values import Value

Taken: TypeAlias = "tuple[list[int], Tally]"
"""An iteration as it was counted: the rows predicted positive by cell, where that says everything; and the tally."""

MOST_SETS = 256
"""Beyond so many groups by label, one pass over all rows is faster than a pass over the bits of each set."""

_SPLIT = 1 << 21
_CLIP = 2.220446049250313e-16


class GroupCounts:
    """The rows of a validation set by group and label.

    Attributes:
        rows: how many there are.
        cells: (group, label, rows), ordered as a tally's cells are.
        positives_say_all: whether the rows predicted positive say all of an iteration.
        counted: the cells with all that a tally of an iteration needs beside who is positive.
    """

    def __init__(self, labels: Any, protected: Mapping[str, Any], roles: Roles) -> None:  # noqa: ANN401 - any arrays
        self._np = numpy()
        label = None if labels is None else as_array(labels, "labels")
        groups = coded_groups(protected, None if label is None else len(label))
        self.rows = groups.rows
        self._roles = roles
        self._positive: Any = None
        self._classes: tuple[Any, ...] = ()
        self._seen: Counter[Value] = Counter()
        codes, classes = self._labels(label)
        self._code(groups.codes * len(classes) + codes, groups, classes)
        self.counted = Counted(
            roles=roles,
            favourable_is_positive=check_seen(self._seen, roles),
            cells=self.cells,
            rows_sha256=digest_values({"labels": [] if label is None else label, **groups.columns}),
        )

    def _labels(self, label: Any) -> tuple[Any, list[ClassValue]]:  # noqa: ANN401 - numpy's array
        np = self._np
        if label is None:
            return np.zeros(self.rows, dtype=np.intp), [None]
        codes, values = coded_values(np, label)
        counts = Counter(dict(zip(values, np.bincount(codes, minlength=len(values)).tolist(), strict=True)))
        known = Counter({raw: rows for raw, rows in counts.items() if raw is not None})
        if not known:
            raise DataError("labels: expected at least one row with a label, found none. Without labels, give None")
        classes = binary_classes(known, self._roles, is_text=False)
        self._classes = tuple(known)
        positive: Any = named_value(self._roles.positive, classes.seen)
        self._seen = classes.seen
        self._positive = next((raw for raw in known if classes(raw) == 1), positive)
        return codes, [classes(raw) for raw in values]

    def _code(self, coded: Any, groups: CodedGroups, classes: list[ClassValue]) -> None:  # noqa: ANN401 - numpy's array
        """Give each combination that occurs a code, in the order of a tally's cells."""
        np = self._np
        found, codes = np.unique(coded, return_inverse=True)
        totals = np.bincount(codes).tolist()
        cells = []
        for code, total in zip(found.tolist(), totals, strict=True):
            of_group, label = divmod(code, len(classes))
            cells.append((groups.group(of_group), classes[label], total))
        order = sorted(range(len(cells)), key=lambda at: cell_order(cells[at][0], cells[at][1]))
        place = np.empty(len(order), dtype=np.intp)
        place[order] = np.arange(len(order))
        self.cells = tuple(cells[at] for at in order)
        self._codes = place[codes]
        self._sets: list[Any] = []
        if len(cells) <= MOST_SETS and hasattr(np, "bitwise_count"):
            self._sets = [self._bits(self._codes == code) for code in range(len(cells))]

    def _bits(self, chosen: Any) -> Any:  # noqa: ANN401 - numpy's arrays
        """Return a set of rows as bits, in words of 64."""
        np = self._np
        packed = np.packbits(chosen)
        words = np.zeros(-(-len(packed) // 8), dtype=np.uint64)
        words.view(np.uint8)[: len(packed)] = packed
        return words

    def _shared(self, chosen: Any) -> list[int]:  # noqa: ANN401 - numpy's array
        """Return how many rows of each code are among those chosen."""
        np = self._np
        if not self._sets:
            counted = np.bincount(self._codes[chosen], minlength=len(self.cells))
            return [int(count) for count in counted]
        bits = self._bits(chosen)
        return [int(np.bitwise_count(bits & one).sum(dtype=np.int64)) for one in self._sets]

    def of_classes(self, predictions: Any) -> list[int]:  # noqa: ANN401 - any array
        """Return the rows predicted positive, by cell.

        Raises:
            DataError: for another length, a missing prediction, or a value that is no class of the labels.
        """
        found = as_array(predictions, "predictions")
        require_rows(found, self.rows, "predictions")
        positive = found == (1 if self._positive is None else self._positive)
        known = positive.copy()
        for other in self._classes or (0, 1):
            known |= found == other
        if not bool(known.all()):
            wrong = found[~known]
            raise DataError(
                f"predictions: expected one of {', '.join(map(repr, self._classes or (0, 1)))} in each row, found "
                f"{wrong[0].item() if hasattr(wrong[0], 'item') else wrong[0]!r} among {len(wrong):,} rows that are "
                "none of them. Probabilities go in as scores"
            )
        return self._shared(positive)

    def of_scores(self, scores: Any, cut: float, low: float, high: float) -> list[int]:  # noqa: ANN401 - any array
        """Return the rows whose score is the cut or more, by cell.

        Raises:
            DataError: for another length, and for scores that are missing or beyond the edges.
        """
        found = positive_scores(scores, self.rows)
        if found.dtype.kind not in "fiub":
            raise DataError(f"scores: expected numbers, found {found.dtype}. Classes go in as predictions=")
        least, most = float(found.min()), float(found.max())
        if not (least >= low and most <= high):  # NaN is neither
            self._refuse(found, low, high)
        return self._shared(found >= cut)

    def _refuse(self, found: Any, low: float, high: float) -> None:  # noqa: ANN401 - numpy's array
        missing = int(self._np.isnan(found).sum())
        if missing:
            raise DataError(f"scores: expected a number in each row, found NaN in {missing:,} of {self.rows:,} rows")
        outside = int(((found < low) | (found > high)).sum())
        raise DataError(
            f"scores: expected probabilities from {low:g} to {high:g}, found {outside:,} of {self.rows:,} rows "
            "outside. Give probabilities, or the predicted classes as predictions="
        )

    positives_say_all = True

    def by_scores(self, scores: Any, cut: float, *, keep: bool, losses: bool) -> Taken:  # noqa: ANN401 - any array
        """Count an iteration by its probabilities; ``keep`` them by group and label, with the log ``losses``."""
        positives = self.of_scores(scores, cut, 0.0, 1.0)
        return positives, self.tally(positives, self.score_cells(scores, losses=losses) if keep else None)

    def by_margins(self, margins: Any, cut: float) -> Taken:  # noqa: ANN401 - any array
        """Count an iteration by numbers that are no probabilities."""
        positives = self.of_scores(margins, cut, float("-inf"), float("inf"))
        return positives, self.tally(positives)

    def by_predictions(self, predictions: Any) -> Taken:  # noqa: ANN401 - any array
        """Count an iteration by the classes that were predicted."""
        positives = self.of_classes(predictions)
        return positives, self.tally(positives)

    def tally(self, positives: list[int], scores: Scores | None = None) -> Tally:
        """Return the tally of an iteration: of the rows predicted positive, by cell."""
        return counted_tally(self.counted, positives, scores, engine=f"numpy {self._np.__version__}")

    def score_cells(self, scores: Any, *, losses: bool) -> Scores:  # noqa: ANN401 - any array
        """Return the scores by group and label, by value while there are few, else by bin, with their exact sums.

        Args:
            scores: probabilities, within 0 and 1.
            losses: sum the log losses too.
        """
        np = self._np
        found = positive_scores(scores, self.rows).astype(np.float64)
        many = len(self.cells)
        values, by_value = self._by_value(found)
        bins = None if by_value is not None else self._by_bin(found)
        totals, squares = self._sums(found), self._sums(found * found)
        lost: list[int | None] = [None] * many
        if losses:
            clipped = np.clip(found, _CLIP, 1 - _CLIP)
            yes = np.array([cell[1] == 1 for cell in self.cells])[self._codes]
            sums = self._sums(-np.log(np.where(yes, clipped, 1 - clipped)))
            lost = [None if cell[1] is None else one for cell, one in zip(self.cells, sums, strict=True)]
        return Scores(
            low=0.0,
            high=1.0,
            cells=tuple(
                ScoreCell(
                    group=group,
                    label=label,
                    bins=() if bins is None else tuple(_counted(bins[code], range(SCORE_BINS))),
                    values=None if by_value is None else tuple(_counted(by_value[code], values)),
                    count=total,
                    total=totals[code],
                    squares=squares[code],
                    log_losses=lost[code],
                )
                for code, (group, label, total) in enumerate(self.cells)
            ),
        )

    def _by_value(self, found: Any) -> tuple[list[float], Any]:  # noqa: ANN401 - numpy's arrays
        """Return the different scores and how often each cell has each; nothing where there are too many to keep."""
        np = self._np
        most = len(found) if len(found) <= EXACT_ROWS else EXACT_SCORES
        if len(np.unique(found[: most + 1])) > most:
            return [], None
        values, places = np.unique(found, return_inverse=True)
        many = len(values)
        if many > most:
            return [], None
        counts = np.bincount(self._codes * many + places, minlength=len(self.cells) * many)
        return values.tolist(), counts.reshape(len(self.cells), many)

    def _by_bin(self, found: Any) -> Any:  # noqa: ANN401 - numpy's arrays
        np = self._np
        numbers = np.minimum((found * SCORE_BINS).astype(np.intp), SCORE_BINS - 1)
        counts = np.bincount(self._codes * SCORE_BINS + numbers, minlength=len(self.cells) * SCORE_BINS)
        return counts.reshape(len(self.cells), SCORE_BINS)

    def _sums(self, values: Any) -> list[int]:  # noqa: ANN401 - numpy's array
        """Return the sums by cell in `SUM_UNIT`, exact: the halves of each are summed as doubles that hold them."""
        np = self._np
        units = np.rint(values / SUM_UNIT).astype(np.int64)
        high = np.bincount(self._codes, weights=units // _SPLIT, minlength=len(self.cells))
        low = np.bincount(self._codes, weights=units % _SPLIT, minlength=len(self.cells))
        return [int(one) * _SPLIT + int(other) for one, other in zip(high, low, strict=True)]


def _counted(counts: Any, keys: Sequence[Any]) -> Iterator[tuple[Any, int]]:  # noqa: ANN401 - numpy's array
    """Yield each key that occurs, with how often."""
    for at in counts.nonzero()[0].tolist():
        yield keys[at], int(counts[at])
