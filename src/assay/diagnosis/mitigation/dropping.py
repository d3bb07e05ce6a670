"""Dropping stand-ins: the learner fitted without the features that foretell the protected attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.diagnosis.mitigation.lesson import Lesson, Mended, Method, NoRemedyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.diagnosis.mitigation.table import Table

STANDS_IN = 0.6
"""A feature that ranks members of a group above others at least so often stands in for the attribute."""

MOST_LOOKED_AT = 300
"""Of more features, those that go most with a group in a straight line are looked at."""

LEAST_GROUP = 20


def foretelling(table: Table, attributes: Sequence[str], *, seed: int = 0) -> dict[str, float]:
    """Return how well each feature alone foretells a group: the greatest area under the ROC curve over the groups.

    A small tree on the feature (missing values too), fitted on one half of the rows and asked about the other.

    Args:
        table: rows.
        attributes: the protected attributes, their groups together.
        seed: of the halves.

    Returns:
        Feature to area, the greatest first; 0.5 foretells nothing.
    """
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - an extra
    from sklearn.model_selection import StratifiedKFold, cross_val_predict  # noqa: PLC0415
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415

    group = table.group(attributes)
    groups = [one for one in sorted(set(group.tolist())) if (group == one).sum() >= LEAST_GROUP]
    if len(groups) < 2:  # noqa: PLR2004 - two to compare
        raise NoRemedyError("fewer than two groups are large enough to be foretold")
    found: dict[str, float] = {}
    for name in _nearest(table, group, groups):
        column = _as_numbers(table.features[name])
        best = 0.5
        for one in groups if len(groups) > 2 else groups[:1]:  # noqa: PLR2004 - of two groups one says it all
            member = (group == one).astype(int)
            tree = DecisionTreeClassifier(max_leaf_nodes=8, min_samples_leaf=10, random_state=seed)
            halves = StratifiedKFold(2, shuffle=True, random_state=seed)
            told = cross_val_predict(tree, column, member, cv=halves, method="predict_proba")[:, 1]
            best = max(best, float(roc_auc_score(member, told)))
        found[name] = best
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _as_numbers(column: Any) -> Any:  # noqa: ANN401 - a pandas column, a numpy matrix
    """Return a column as numbers in one column; text by its place in the alphabet, which a tree can cut anywhere."""
    import pandas as pd  # noqa: PLC0415 - an extra

    if column.dtype.kind == "f":
        return column.to_numpy().reshape(-1, 1)
    return pd.factorize(column, sort=True)[0].astype(float).reshape(-1, 1)


def _nearest(table: Table, group: Any, groups: Sequence[str]) -> list[str]:  # noqa: ANN401 - a numpy array
    """Return the features to be looked at: all, or of very many those that correlate most with a group."""
    import numpy as np  # noqa: PLC0415 - an extra

    names = list(table.features.columns)
    if len(names) <= MOST_LOOKED_AT:
        return names
    matrix = np.column_stack([np.nan_to_num(_as_numbers(table.features[name])[:, 0]) for name in names])
    matrix = (matrix - matrix.mean(0)) / np.where(matrix.std(0) > 0, matrix.std(0), 1)
    members = np.column_stack([(group == one).astype(float) for one in groups])
    strength = np.abs(matrix.T @ (members - members.mean(0))).max(1)
    return [names[at] for at in np.argsort(-strength, kind="stable")[:MOST_LOOKED_AT]]


def stand_ins(lesson: Lesson) -> list[str]:
    """Return the features to be dropped: those that were declared, and those that foretell a group.

    Raises:
        NoRemedyError: when there is none, or nothing would be left.
    """
    named = [name for name in lesson.declared if name in lesson.fit.features.columns]
    told = foretelling(lesson.fit, lesson.limits.attributes, seed=lesson.seed)
    found = list(dict.fromkeys([*named, *(name for name, area in told.items() if area >= STANDS_IN)]))
    if not found:
        name, area = next(iter(told.items()))
        raise NoRemedyError(
            f"no feature foretells {', '.join(lesson.limits.attributes)} (the nearest, {name}: area {area:.2f}, below "
            f"{STANDS_IN:g})"
        )
    if len(found) == len(lesson.fit.features.columns):
        raise NoRemedyError("every feature foretells the protected attribute: nothing would be left")
    return found


def fits(lesson: Lesson) -> Mended:
    """Fit the learner without stand-ins."""
    dropped = stand_ins(lesson)
    kept = [name for name in lesson.fit.features.columns if name not in dropped]
    learner = lesson.learner.seeded(lesson.seed)
    fitted = learner.fitted(lesson.fit, features=kept) if learner.ours else _without(learner, lesson.fit, kept)
    return Mended(estimator=fitted, found={"dropped": ", ".join(dropped)})


def _without(learner: Any, fit: Table, kept: list[str]) -> Any:  # noqa: ANN401 - a learner, an estimator
    """Fit somebody's pipeline on fewer columns; where it names a column that is gone, that is told as its error."""
    from sklearn.compose import ColumnTransformer  # noqa: PLC0415 - an extra
    from sklearn.pipeline import Pipeline  # noqa: PLC0415

    keep = ColumnTransformer([("keep", "passthrough", kept)], verbose_feature_names_out=False)
    keep.set_output(transform="pandas")
    narrowed = keep.fit_transform(fit.features)
    try:
        return Pipeline([("keep", keep), ("fitted", learner.fitted(_with(fit, narrowed)))])
    except ValueError as error:
        first = str(error).splitlines()[0]
        raise NoRemedyError(
            f"the model's own pipeline cannot do without them ({first}); try --estimator logistic"
        ) from None


def _with(fit: Table, features: Any) -> Table:  # noqa: ANN401 - a pandas frame
    from dataclasses import replace  # noqa: PLC0415 - one call

    return replace(fit, features=features)


METHOD = Method(
    name="drop_feature",
    title="The learner fitted without the features that stand in for the protected attribute.",
    source=f"features whose own values foretell a group with an area under the ROC curve of {STANDS_IN:g} or more",
    fits=fits,
)
