"""Rows of a search: read, digested, and planned so that no row is reported by an estimator that has seen it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.diagnosis.mitigation.plan import FOLDS, cross_fitted, held_out
from assay.diagnosis.mitigation.table import column_of, same_rows, table_of
from assay.errors import DataError
from assay.tabular.learning_rows import read_learning_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.diagnosis.mitigation.plan import Plan
    from assay.records.tally import Roles
    from assay.tabular.learning_rows import LearningRows

MOST_SHARED = 0.5
"""With more of the test rows among the training rows nothing was held out."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where rows are from.

    Attributes:
        train: what is learnt from.
        test: what is reported; None when that is the same.
        roles: which column means what.
        features: what a learner is given; every column without a role when None.
    """

    train: Any
    test: Any
    roles: Roles
    features: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class Planned:
    """Rows, read and planned.

    Attributes:
        plan: which rows are fitted on, choose, and are reported.
        words: the same in words.
        train: the rows learnt from.
        test: the rows of the version that was denied; None when there are none.
        decisions: its decisions on the rows reported, 0 or 1; None where they are not those rows, or lack some.
        table: the table whose rows are reported, as it was given.
    """

    plan: Plan
    words: str
    train: LearningRows
    test: LearningRows | None
    decisions: Any
    table: Any


def planned(sources: Sources, attributes: Sequence[str], *, seed: int) -> Planned:
    """Read rows and plan their use.

    Where the test rows have the features and are other rows than those learnt from, they are reported. Otherwise every
    row learnt from is reported by a fit of the others.

    Args:
        sources: where rows are from.
        attributes: the attributes by which rows are spread evenly.
        seed: of the order.

    Raises:
        DataError: when rows cannot be learnt from: a constant label, one group, no feature, too few.
    """
    train = read_learning_rows(sources.train, sources.roles, sources.features, role="train")
    test = None
    if sources.test is not None:
        test = read_learning_rows(sources.test, sources.roles, tuple(train.features.columns), role="test")
    _require(train, attributes)
    learnt = table_of(train)
    if test is None or test.lacking:
        plan = cross_fitted(learnt, attributes, seed=seed)
        return _of_all(plan, sources, (train, test), _crossed(train, test))
    reported = table_of(test)
    shared = same_rows(learnt, reported)
    if shared > MOST_SHARED:
        plan = cross_fitted(learnt, attributes, seed=seed)
        words = (
            f"{shared:.0%} of the rows of {test.name} are rows of {train.name}, too: nothing is held out. "
            + _crossed(train, None)
        )
        return _of_all(plan, sources, (train, test), words)
    plan = held_out(learnt, reported, attributes, seed=seed)
    sizes = plan.sizes()
    words = (
        f"Fitted on {sizes['fit']:,} rows of {train.name}; {sizes['choose']:,} others of it choose cuts and "
        f"candidates; {sizes['report']:,} rows of {test.name} are reported, and choose nothing."
    )
    if shared > 0:
        words += f" {shared:.1%} of them have the features and label of a row that was learnt from."
    return Planned(plan=plan, words=words, train=train, test=test, decisions=_known(test), table=sources.test)


def _of_all(plan: Plan, sources: Sources, read: tuple[LearningRows, LearningRows | None], words: str) -> Planned:
    """Return the plan in which every row learnt from is reported; the test rows may be those very rows, one by one."""
    train, test = read
    if test is None:
        return Planned(plan=plan, words=words, train=train, test=None, decisions=_known(train), table=sources.train)
    same = train.count == test.count and train.label == test.label and train.groups == test.groups
    decisions, table = (_known(test), sources.test) if same else (None, sources.train)
    return Planned(plan=plan, words=words, train=train, test=test, decisions=decisions, table=table)


def _crossed(train: LearningRows, test: LearningRows | None) -> str:
    why = ""
    if test is not None:
        lacking = ", ".join(test.lacking[:3]) + (" ..." if len(test.lacking) > 3 else "")  # noqa: PLR2004 - a few names
        why = f"{test.name} lacks the features ({lacking}), so no candidate can be asked about it. "
    return (
        f"{why}The {train.count:,} rows of {train.name} are split in {FOLDS}: each fifth is reported by a fit of "
        "the other four, of which a quarter chooses cuts. The model that comes out is fitted on all of them but the "
        "quarter that chooses."
    )


def _known(rows: LearningRows) -> Any:  # noqa: ANN401 - a numpy array
    """Return the recorded decisions; None where there are none for some rows."""
    found = rows.prediction
    return None if found is None or None in found else column_of(found)


def _require(train: LearningRows, attributes: Sequence[str]) -> None:
    """Refuse rows that nothing can be learnt from."""
    found = {one for one in train.label if one is not None}
    if train.lacking:
        raise DataError(f"{train.name}: expected the features among the columns, found no {', '.join(train.lacking)}")
    if len(found) < 2:  # noqa: PLR2004 - yes and no
        raise DataError(
            f"{train.name}: expected labels of both kinds, found {len(found)} kind over {train.count:,} rows: nothing "
            "can be learnt from a constant label"
        )
    if not len(train.features.columns):
        raise DataError(f"{train.name}: expected features beside label and protected attributes, found none")
    for name in attributes:
        groups = {one for one in train.groups[name] if one is not None}
        if len(groups) < 2:  # noqa: PLR2004 - two to compare
            raise DataError(
                f"{train.name}: expected at least two groups of {name!r}, found {len(groups)}: there is no gap to mend"
            )
