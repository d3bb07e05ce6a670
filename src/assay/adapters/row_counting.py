"""Counting a validation set whose iterations need more than who is positive: classes, numbers, or weights.

Each iteration's rows are counted by the very statement that counts any rows (`assay.tabular`), so that a tally of an
iteration is equal to that of the same rows in a file. Groups and classes are coded once, so that the engine compares
whole numbers alone.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from assay.adapters.array_reading import as_array, digest_values, numpy, require_rows
from assay.adapters.group_coding import coded_groups, coded_values
from assay.adapters.group_counting import GroupCounts
from assay.errors import DataError, InputError
from assay.lifecycle.run_record import HOW, Counted
from assay.records._tally_sum import add_cells, cell_order, order
from assay.records.tally import Roles, Source
from assay.tabular.classes import binary_classes, check_named, check_seen, written_classes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.adapters.group_counting import Taken
    from assay.records.tally import ClassValue, GroupValue, Tally

_MEMORY = "1GB"
_ROWS = "validation_rows"
_CODE = "code"


def step_counts(
    labels: Any, protected: Mapping[str, Any], roles: Roles, weights: Any  # noqa: ANN401 - any arrays
) -> GroupCounts | RowCounts:  # fmt: skip
    """Return what counts an iteration: who is positive, where that says everything; else the rows anew."""
    if roles.task == "binary" and weights is None:
        return GroupCounts(labels, protected, roles)
    return RowCounts(labels, protected, roles, weights)


class RowCounts:
    """The rows of a validation set, to be counted anew in each iteration.

    Attributes:
        rows: how many there are.
        positives_say_all: whether the rows predicted positive say all of an iteration: here never.
        counted: what is on record of them.
    """

    def __init__(
        self,
        labels: Any,  # noqa: ANN401 - any array
        protected: Mapping[str, Any],
        roles: Roles,
        weights: Any,  # noqa: ANN401 - any array
    ) -> None:
        np = self._np = numpy()
        self._roles = roles
        label = None if labels is None else as_array(labels, "labels")
        groups = coded_groups(protected, None if label is None else len(label))
        self.rows = groups.rows
        found, places = np.unique(groups.codes, return_inverse=True)
        self._groups = [groups.group(code) for code in found.tolist()]
        self._static: dict[str, Any] = {_CODE: places.astype(np.int64)}
        self._classes: list[ClassValue] = []
        self._raws: dict[Any, int] = {}
        self._labelled = 0
        self._favourable_is_positive = True
        given = {**groups.columns}
        if label is not None:
            self._static["label"], given = self._labels(label), {"labels": label, **given}
        elif roles.task != "binary":
            why = (
                "an error is one minus the other" if roles.task == "regression" else "they say which classes there are"
            )
            raise InputError(f"expected labels of the validation set, found none: {why}")
        if weights is not None:
            weight = as_array(weights, "weights")
            require_rows(weight, self.rows, "weights")
            self._static["weight"], given = weight.astype(np.float64), {"weights": weight, **given}
        self._digest = digest_values(given)
        self.counted = self._count_once()

    def _labels(self, label: Any) -> Any:  # noqa: ANN401 - numpy's arrays
        """Return labels as numbers: 0 and 1, places among the classes, or what they are; NaN where there is none."""
        np = self._np
        if self._roles.task == "regression":
            return _numbers(label, "labels")
        codes, values = coded_values(np, label)
        counts = dict(zip(values, np.bincount(codes, minlength=len(values)).tolist(), strict=True))
        known: Counter[Any] = Counter({raw: rows for raw, rows in counts.items() if raw is not None})
        if not known:
            raise DataError("labels: expected at least one row with a label, found none. Without labels, give None")
        if self._roles.task == "binary":
            classes = binary_classes(known, self._roles, is_text=False)
            self._favourable_is_positive = check_seen(classes.seen, self._roles)
            self._classes = [0, 1]
        else:
            classes = written_classes(known, self._roles, {True}, is_text=False)
            self._classes = sorted({classes(raw) for raw in known}, key=order)
            check_named(self._classes, self._roles)
        self._raws = {raw: self._classes.index(classes(raw)) for raw in known}
        self._labelled = len(self._classes)
        table = np.array([np.nan if value is None else float(self._raws[value]) for value in values])
        return table[codes]

    def _count_once(self) -> Counted:
        """Count the rows with the labels as predictions: what cannot be counted is told before the run begins."""
        cells: Counter[tuple[tuple[GroupValue, ...], ClassValue]] = Counter()
        label = self._static.get("label")
        predicted = self._np.zeros(self.rows) if label is None else self._np.nan_to_num(label)
        for cell in self._tally(predicted, None).cells:
            cells[cell.group, cell.label] += cell.count
        ordered = sorted(cells, key=lambda key: cell_order(*key))
        return Counted(
            roles=self._roles, favourable_is_positive=self._favourable_is_positive, rows_sha256=self._digest,
            cells=tuple((group, label, cells[group, label]) for group, label in ordered),
        )  # fmt: skip

    positives_say_all = False

    def by_scores(self, scores: Any, cut: float, *, keep: bool, losses: bool) -> Taken:  # noqa: ANN401, ARG002 - as all
        """Count an iteration by its scores; the engine sums log losses in any case."""
        return [], self.of_scores(scores, cut, keep=keep)

    def by_margins(self, margins: Any, cut: float) -> Taken:  # noqa: ANN401 - any array
        """Refuse numbers that are no probabilities: what counts more than who is positive needs those."""
        raise InputError(
            f"expected probabilities, found margins to be cut at {cut:g}, of type {type(margins).__name__}"
        )

    def by_predictions(self, predictions: Any) -> Taken:  # noqa: ANN401 - any array
        """Count an iteration by the classes or numbers that were predicted."""
        return [], self.of_predictions(predictions)

    def of_scores(self, scores: Any, cut: float, *, keep: bool) -> Tally:  # noqa: ANN401 - any array
        """Return the tally of an iteration by its scores.

        Args:
            scores: of a binary outcome the probabilities of the positive class (of two columns the second), of several
                classes a column each in the order of the sorted classes, or the class; of a regression the number.
            cut: the score from which on a row is predicted positive.
            keep: whether the tally is to have the scores.

        Raises:
            DataError: for another shape or length, and for scores that are missing or no probabilities.
        """
        np, task = self._np, self._roles.task
        scores = scores if hasattr(scores, "shape") else np.asarray(scores)
        shape = tuple(scores.shape)
        wide = len(shape) == 2 and shape[1] > 1  # noqa: PLR2004 - rows by columns
        if task == "regression" or (task == "multiclass" and not wide):
            return self.of_predictions(scores)
        if task == "multiclass":
            return self._tally(self._likeliest(scores), None)
        found = _numbers(scores[:, 1] if wide and shape[1] == 2 else scores, "scores")  # noqa: PLR2004 - two classes
        require_rows(found, self.rows, "scores")
        outside = int((~((found >= 0) & (found <= 1))).sum())
        if outside:
            raise DataError(
                f"scores: expected probabilities from 0 to 1, found {outside:,} of {self.rows:,} rows missing or "
                "outside. Give probabilities, or the predicted classes as predictions="
            )
        return self._tally((found >= cut).astype(np.float64), found if keep else None)

    def _likeliest(self, scores: Any) -> Any:  # noqa: ANN401 - any array, and numpy's
        np = self._np
        table = np.column_stack([as_array(scores[:, at], "scores") for at in range(scores.shape[1])])
        require_rows(table, self.rows, "scores")
        if table.shape[1] != self._labelled:
            named = ", ".join(map(repr, self._classes[: min(self._labelled, 8)]))
            raise DataError(
                f"scores: expected a column for each of the {self._labelled} classes of the labels ({named}), in "
                f"their order, found {table.shape[1]}. Give the predicted classes as predictions="
            )
        missing = int(np.isnan(table).any(axis=1).sum())
        if missing:
            raise DataError(f"scores: expected a number in each row, found NaN in {missing:,} of {self.rows:,} rows")
        return table.argmax(axis=1).astype(np.float64)

    def of_predictions(self, predictions: Any) -> Tally:  # noqa: ANN401 - any array
        """Return the tally of an iteration by what was predicted: a class, or a number.

        Raises:
            DataError: for another length, a missing prediction, or one that is none.
        """
        np = self._np
        if self._roles.task == "regression":
            found = _numbers(predictions, "predictions")
            require_rows(found, self.rows, "predictions")
            return self._tally(found, None)
        found = as_array(predictions, "predictions")
        require_rows(found, self.rows, "predictions")
        codes, values = coded_values(np, found)
        places = [float(self._place(value, int((codes == at).sum()))) for at, value in enumerate(values)]
        return self._tally(np.array(places)[codes], None)

    def _place(self, predicted: Any, rows: int) -> int:  # noqa: ANN401 - any value of a column
        """Return the place of a predicted class; of several classes, one that no label has joins them as it is written.

        Raises:
            DataError: for one that is missing, or that is no class.
        """
        known = self._raws or {0: 0, 1: 1}
        if predicted in known:
            return known[predicted]
        if predicted is None or self._roles.task == "binary":
            raise DataError(
                f"predictions: expected one of {', '.join(map(repr, list(known)[:8]))} in each row, found "
                f"{predicted!r} in {rows:,} rows. Probabilities go in as scores"
            )
        kinds = {isinstance(value, str) for value in (*known, predicted)}
        self._classes.append(written_classes(Counter({predicted: rows}), self._roles, kinds, is_text=False)(predicted))
        self._raws[predicted] = len(self._classes) - 1
        return self._raws[predicted]

    def _tally(self, predicted: Any, scores: Any) -> Tally:  # noqa: ANN401 - numpy's arrays
        """Have the engine count the rows, and put groups and classes in the place of their codes."""
        from assay.tabular.engine import session, version  # noqa: PLC0415 - the engine is loaded when it counts
        from assay.tabular.opening import Opened  # noqa: PLC0415
        from assay.tabular.tallying import tally_batch  # noqa: PLC0415

        columns = {**self._static, "prediction": predicted, **({} if scores is None else {"score": scores})}
        whole = set() if self._roles.task == "regression" else {"label", "prediction"}
        kinds = {name: "BIGINT" if name in {_CODE, *whole} else "DOUBLE" for name in columns}
        listed = ", ".join(_class_column(name) if name in whole else name for name in columns)
        roles = Roles(
            label="label" if "label" in columns else None, prediction="prediction",
            score=None if scores is None else "score", weight="weight" if "weight" in columns else None,
            protected=(_CODE,), task=self._roles.task,
        )  # fmt: skip
        with session(memory=_MEMORY) as engine:
            engine.connection.register(_ROWS, columns)
            opened = Opened(name="the validation set", relation=f"(SELECT {listed} FROM {_ROWS})", columns=kinds)  # noqa: S608 - names of our own
            tally = tally_batch(engine, opened, roles, name=None, seen=Counter())
        return self._decoded(tally, f"{version()}, numpy {self._np.__version__}")

    def _decoded(self, tally: Tally, engine: str) -> Tally:
        scored = tally.scores is not None
        cells = add_cells(
            replace(one, group=self._groups_of(one.group), label=self._class(one.label),
                    prediction=self._class(one.prediction))
            for one in tally.cells
        )  # fmt: skip
        scores, errors = tally.scores, tally.errors
        if scores is not None:
            found = [replace(one, group=self._groups_of(one.group)) for one in scores.cells]
            scores = replace(scores, cells=tuple(sorted(found, key=lambda one: cell_order(one.group, one.label))))
        if errors is not None:
            of_groups = [replace(one, group=self._groups_of(one.group)) for one in errors.cells]
            errors = replace(errors, cells=tuple(sorted(of_groups, key=lambda one: cell_order(one.group))))
        return replace(
            tally, roles=replace(self._roles, score="score") if scored else self._roles, cells=cells, scores=scores,
            errors=errors, favourable_is_positive=self._favourable_is_positive,
            sources=(Source(rows_sha256=self._digest, engine=engine, sql=HOW),),
        )  # fmt: skip

    def _groups_of(self, group: tuple[GroupValue, ...]) -> tuple[GroupValue, ...]:
        return self._groups[int(group[0] or 0)]

    def _class(self, value: ClassValue) -> ClassValue:
        coded_classes = self._roles.task == "multiclass" and self._classes
        return self._classes[int(value)] if coded_classes and value is not None else value


def _class_column(name: str) -> str:
    """Return SQL for a column of classes; one that is NaN is none."""
    return f"CASE WHEN NOT isnan({name}) THEN CAST({name} AS BIGINT) END AS {name}"


def _numbers(values: Any, name: str) -> Any:  # noqa: ANN401 - any array, and numpy's
    found = as_array(values, name)
    if found.dtype.kind not in "fiub":
        raise DataError(f"{name}: expected numbers, found {found.dtype}")
    return found.astype("float64")
