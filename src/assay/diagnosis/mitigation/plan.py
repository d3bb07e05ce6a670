"""Which rows are fitted on, which choose, which are reported: no row is reported by an estimator that has seen it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.diagnosis.mitigation.table import UNKNOWN, Table, folds, parts

if TYPE_CHECKING:
    from collections.abc import Sequence

CHOOSING = 0.25
"""Share of the rows at hand for learning that choose instead."""

FOLDS = 5


@dataclass(frozen=True)
class Part:
    """One fit: positions in the table learnt from, and those in the table reported.

    Attributes:
        fit: rows that are fitted on.
        choose: rows that choose.
        report: rows that are reported; empty for a fit that reports none.
    """

    fit: Any
    choose: Any
    report: Any


@dataclass(frozen=True)
class Plan:
    """How rows are used.

    Attributes:
        learnt: the table that is learnt from.
        reported: the table that is reported.
        parts: the fits; the last one is the model that comes out.
        crossed: whether every row is reported by a fit of the others, because nothing else was held out.
    """

    learnt: Table
    reported: Table
    parts: tuple[Part, ...]
    crossed: bool

    @property
    def last(self) -> Part:
        """The fit that comes out."""
        return self.parts[-1]

    def sizes(self) -> dict[str, int]:
        """Return the rows by use."""
        return {"fit": len(self.last.fit), "choose": len(self.last.choose), "report": self.reported.count}


def held_out(learnt: Table, reported: Table, attributes: Sequence[str], *, seed: int) -> Plan:
    """Return the plan where rows were held out: they are reported, and choose nothing."""
    import numpy as np  # noqa: PLC0415 - an extra

    fit, choose = _two(learnt, np.arange(learnt.count), attributes, seed)
    return Plan(learnt, reported, (Part(fit, choose, np.arange(reported.count)),), crossed=False)


def cross_fitted(learnt: Table, attributes: Sequence[str], *, seed: int, count: int = FOLDS) -> Plan:
    """Return the plan where nothing was held out: each fold is reported by a fit of the others; then one fit of all."""
    import numpy as np  # noqa: PLC0415 - an extra

    fold_of, found = folds(learnt, attributes, count=count, seed=seed), []
    for fold in range(count):
        fit, choose = _two(learnt, np.flatnonzero(fold_of != fold), attributes, seed)
        found.append(Part(fit, choose, np.flatnonzero(fold_of == fold)))
    fit, choose = _two(learnt, np.arange(learnt.count), attributes, seed)
    found.append(Part(fit, choose, np.array([], dtype=np.int64)))
    return Plan(learnt, learnt, tuple(found), crossed=True)


def _two(learnt: Table, rows: Any, attributes: Sequence[str], seed: int) -> tuple[Any, Any]:  # noqa: ANN401 - positions
    """Split rows whose label is known into those that are fitted on and those that choose."""
    known = rows[learnt.label[rows] != UNKNOWN]
    fit, choose = parts(learnt.take(known), attributes, share=CHOOSING, seed=seed)
    return known[fit], known[choose]
