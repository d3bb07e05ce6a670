"""Candidates for a smallest change, by DiCE; it sees the actionable features of one person, and nothing else.

DiCE draws from the global generators of Python and numpy, and given a seed it draws every continuous feature with the
same one, so that they move in step (`dice_random.get_continuous_samples` of version 0.12). Here both generators are set
around the call and put back, so a seed repeats every candidate and features are drawn apart.
"""

from __future__ import annotations

import contextlib
import io
import random
import warnings
from typing import TYPE_CHECKING, Any

from assay.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assay.diagnosis.reasons.change import Move, Search, Wanted
    from assay.records.reasons import Cell

MOST_ROWS = 500
"""Reference applicants that DiCE starts from."""

OUTCOME = "outcome of the model"
_MOST_SEED = 2**32


def dice_name() -> str:
    """Return what searches, with its version.

    Raises:
        MissingExtraError: when it is not installed.
    """
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - one call

    try:
        return f"DiCE {version('dice-ml')}"
    except PackageNotFoundError:
        raise MissingExtraError("DiCE, which looks for the smallest change,", "counterfactuals") from None


def dice_candidates(
    row: Mapping[str, Cell], wanted: Wanted, movable: Sequence[Move], search: Search, *, seed: int
) -> list[dict[str, Cell]]:
    """Return sets of changes that DiCE found; none when it found none. They may still be too large.

    Raises:
        MissingExtraError: when DiCE is not installed.
    """
    dice_name()
    with _alone(seed):
        import dice_ml  # noqa: PLC0415 - an extra, and heavy
        import pandas as pd  # noqa: PLC0415 - comes with DiCE
        from raiutils.exceptions import UserConfigValidationException  # noqa: PLC0415 - as DiCE says that it found none

        answering = _Answering(row, wanted, movable)
        table = _table(pd, answering, wanted, movable)
        if table[OUTCOME].nunique() < 2:  # noqa: PLR2004 - DiCE starts from rows of both outcomes
            return []
        continuous = [one.feature for one in movable if not one.choices]
        given = dice_ml.Data(dataframe=table, continuous_features=continuous, outcome_name=OUTCOME)
        model = dice_ml.Model(model=answering, backend="sklearn", model_type="classifier")
        person = pd.DataFrame({one.feature: [answering.coded(one, one.now)] for one in movable})
        ranges = {one.feature: answering.range_of(one) for one in movable}
        try:
            found = dice_ml.Dice(given, model, method=search.engine).generate_counterfactuals(
                person, total_CFs=search.candidates, desired_class=1, permitted_range=ranges,
                features_to_vary=[one.feature for one in movable], posthoc_sparsity_param=0.0,
            )  # fmt: skip
        except (UserConfigValidationException, ValueError):
            return []  # it found none: what was looked at feature by feature stands
        frame = found.cf_examples_list[0].final_cfs_df
        return [] if frame is None else [answering.changes(one) for one in frame.to_dict("records")]


@contextlib.contextmanager
def _alone(seed: int) -> Iterator[None]:
    """Set the global generators for a while; keep what DiCE prints and what its dependencies warn of to itself."""
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        import numpy as np  # noqa: PLC0415 - comes with DiCE

        before, numpy_before = random.getstate(), np.random.get_state()  # noqa: NPY002 - DiCE draws from this one
        random.seed(seed)
        np.random.seed(seed % _MOST_SEED)  # noqa: NPY002 - as above
        try:
            yield
        finally:
            random.setstate(before)
            np.random.set_state(numpy_before)  # noqa: NPY002 - as above


class _Answering:
    """The model as DiCE asks it: about one person, in the features that may move, with the threshold at one half."""

    def __init__(self, row: Mapping[str, Cell], wanted: Wanted, movable: Sequence[Move]) -> None:
        self._row, self._favour = row, wanted.favour
        self._moves = {one.feature: one for one in movable}

    def coded(self, move: Move, value: Cell) -> Any:  # noqa: ANN401 - a number, or a text
        """Return a value as DiCE takes it: numbers as floats, all else as text."""
        if not move.choices:
            return float(value)  # type: ignore[arg-type]
        return self._text(value)

    def range_of(self, move: Move) -> list[Any]:
        """Return what a feature may become, as DiCE takes it."""
        if not move.choices:
            return [move.low, move.high]
        return [self._text(one) for one in (move.now, *move.choices)]

    def changes(self, record: Mapping[str, Any]) -> dict[str, Cell]:
        """Return what differs from the person in one of DiCE's rows."""
        found: dict[str, Cell] = {}
        for name, move in self._moves.items():
            value = self._value(move, record[name])
            if value != move.now:
                found[name] = value
        return found

    def predict_proba(self, table: Any) -> Any:  # noqa: ANN401 - frames and arrays
        """Return the probabilities of both outcomes, moved so that the threshold is one half."""
        import numpy as np  # noqa: PLC0415 - comes with DiCE

        columns = {name: [value] * len(table) for name, value in self._row.items()}
        for name, move in self._moves.items():
            columns[name] = [self._value(move, one, inside=False) for one in table[name].tolist()]
        favourable = np.array([self._centred(one) for one in self._favour(columns)])
        return np.column_stack([1 - favourable, favourable])

    def predict(self, table: Any) -> Any:  # noqa: ANN401 - as above
        """Return the outcome."""
        return (self.predict_proba(table)[:, 1] >= 0.5).astype(int)  # noqa: PLR2004 - one half

    def _centred(self, probability: float) -> float:
        threshold = self._favour.threshold
        if not self._favour.approves(probability):
            return min(0.5 * probability / (threshold or 1.0), 0.4999)
        return 0.5 + 0.5 * (probability - threshold) / ((1 - threshold) or 1.0)

    def _value(self, move: Move, coded: Any, *, inside: bool = True) -> Cell:  # noqa: ANN401 - a number, or a text
        if move.choices:
            return next(one for one in (move.now, *move.choices) if self._text(one) == coded)
        number = float(coded)
        if inside:
            return move.snapped(number)
        return round(number) if move.whole else number

    @staticmethod
    def _text(value: Cell) -> str:
        return f"{type(value).__name__}:{value}"


def _table(pd: Any, answering: _Answering, wanted: Wanted, movable: Sequence[Move]) -> Any:  # noqa: ANN401 - frames
    """Return rows that DiCE may start from: what others have, where this person could have it, and every choice."""
    names = [one.feature for one in movable]
    others = list(zip(*(wanted.reference[name] for name in names), strict=True))[:MOST_ROWS]
    rows = [tuple(one.now for one in movable)]
    rows += [tuple(c if m is one else m.now for m in movable) for one in movable for c in one.choices]
    rows += [tuple(_ended(move, end) for move in movable) for end in ("low", "high")]
    rows += [row for row in others if all(_reachable(move, value) for move, value in zip(movable, row, strict=True))]
    columns = {
        move.feature: [answering.coded(move, value) for value in column]
        for move, column in zip(movable, zip(*rows, strict=True), strict=True)
    }
    table = pd.DataFrame(columns).drop_duplicates(ignore_index=True)
    table[OUTCOME] = answering.predict(table)
    return table


def _ended(move: Move, end: str) -> Cell:
    return move.now if move.choices else float(getattr(move, end))


def _reachable(move: Move, value: Cell) -> bool:
    if move.choices:
        return value in (move.now, *move.choices)
    return isinstance(value, (int, float)) and move.low <= value <= move.high
