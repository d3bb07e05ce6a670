"""Rows as a learner takes them: a frame of features, labels, groups and weights, cut into parts by a seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.tabular.learning_rows import LearningRows

Array: TypeAlias = Any
"""A numpy array; numpy is an extra, and is imported where arrays are made."""

UNKNOWN = -1
"""The label of a row that has none."""

APART = "\x1f"
"""Stands between the values of several attributes in the name of a group."""


@dataclass(frozen=True)
class Table:
    """Rows.

    Attributes:
        features: a pandas frame, what an estimator is given.
        label: a numpy array: 1 positive, 0 not, ``UNKNOWN`` where there is none.
        groups: protected attribute to a numpy array of its values, None where it is not known.
        weight: a numpy array; None without weights.
    """

    features: Any
    label: Any
    groups: dict[str, Any]
    weight: Any = None
    written: dict[bool, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Rows."""
        return len(self.label)

    def take(self, rows: Any) -> Table:  # noqa: ANN401 - an array of positions or of truth values
        """Return some of the rows."""
        return Table(
            self.features.iloc[rows].reset_index(drop=True) if rows.dtype.kind == "i" else
            self.features[rows].reset_index(drop=True),
            self.label[rows],
            {name: values[rows] for name, values in self.groups.items()},
            None if self.weight is None else self.weight[rows],
            self.written,
        )  # fmt: skip

    def labelled(self) -> Table:
        """Return the rows whose label is known."""
        return self.take(self.label != UNKNOWN)

    def group(self, attributes: Sequence[str]) -> Any:  # noqa: ANN401 - a numpy array of text
        """Return the group of each row by one attribute or several at once, as text."""
        import numpy as np  # noqa: PLC0415 - an extra

        columns = [[_told(value) for value in self.groups[name]] for name in attributes]
        return np.array([APART.join(one) for one in zip(*columns, strict=True)], dtype=object)

    def frame(self, beyond: Sequence[str] = ()) -> Any:  # noqa: ANN401 - a pandas frame
        """Return what an estimator is asked with: the features, and protected attributes where it needs them."""
        if not beyond:
            return self.features
        return self.features.assign(**{name: [_told(value) for value in self.groups[name]] for name in beyond})


def _told(value: object) -> str:
    """Return a group's value as text; who is of no known group is of the group of those."""
    if value is None:
        return "not known"
    return str(value).lower() if isinstance(value, bool) else str(value)


def table_of(rows: LearningRows) -> Table:
    """Return rows that were read as a table."""
    import numpy as np  # noqa: PLC0415 - an extra

    def column(values: Sequence[Any]) -> Any:  # noqa: ANN401 - a numpy array
        found = np.empty(len(values), dtype=object)
        found[:] = values
        return found

    label = np.array([UNKNOWN if value is None else int(value) for value in rows.label], dtype=np.int64)
    weight = None if rows.weight is None else np.array(rows.weight, dtype=float)
    return Table(rows.features, label, {name: column(one) for name, one in rows.groups.items()}, weight, rows.written)


def parts(table: Table, attributes: Sequence[str], *, share: float, seed: int) -> tuple[Any, Any]:
    """Split rows into two, with every group and label spread evenly over both.

    Args:
        table: labelled rows.
        attributes: the attributes whose groups are spread.
        share: share of the second part.
        seed: of the order within a stratum.

    Returns:
        Positions of the first and of the second part, ascending. A stratum of one row stays in the first.
    """
    import numpy as np  # noqa: PLC0415 - an extra

    chance = np.random.default_rng(seed)
    second = np.zeros(table.count, dtype=bool)
    for rows in _strata(table, attributes):
        shuffled = chance.permutation(rows)
        second[shuffled[: round(share * len(rows))]] = True
    return np.flatnonzero(~second), np.flatnonzero(second)


def folds(table: Table, attributes: Sequence[str], *, count: int, seed: int) -> Any:  # noqa: ANN401 - a numpy array
    """Return the fold of each row, 0 to ``count`` less 1, with every group and label spread evenly over the folds."""
    import numpy as np  # noqa: PLC0415 - an extra

    chance = np.random.default_rng(seed)
    fold_of, began = np.zeros(table.count, dtype=np.int64), 0
    for rows in _strata(table, attributes):
        shuffled = chance.permutation(rows)
        fold_of[shuffled] = (np.arange(len(rows)) + began) % count
        began += len(rows)
    return fold_of


def _strata(table: Table, attributes: Sequence[str]) -> list[Any]:
    import numpy as np  # noqa: PLC0415 - an extra

    keys = [f"{group}{APART}{label}" for group, label in zip(table.group(attributes), table.label, strict=True)]
    found: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        found.setdefault(key, []).append(row)
    return [np.array(found[key]) for key in sorted(found)]


def column_of(values: Sequence[int | None]) -> Any:  # noqa: ANN401 - a numpy array
    """Return whole numbers as an array."""
    import numpy as np  # noqa: PLC0415 - an extra

    return np.array(values, dtype=np.int64)


def same_rows(learnt: Table, reported: Table) -> float:
    """Return the share of the rows reported whose features and label are those of a row learnt from."""
    import pandas as pd  # noqa: PLC0415 - an extra

    if not reported.count or not len(learnt.features.columns):
        return 0.0

    def hashed(table: Table) -> Any:  # noqa: ANN401 - a numpy array
        return pd.util.hash_pandas_object(table.features.assign(**{APART: table.label}), index=False).to_numpy()

    return float(pd.Series(hashed(reported)).isin(set(hashed(learnt).tolist())).mean())
