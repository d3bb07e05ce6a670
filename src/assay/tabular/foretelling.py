"""Models that foretell the label, or a group, from all features together: scikit-learn, cross-fitted.

Base dependencies hold no model, so this needs the extra `demo` (scikit-learn); without it the caller gets the reason.
Every probability is of a row that its model has not seen: rows are split in five by the fingerprint of their features,
so that twins stay together, and each fifth is foretold by gradient-boosted trees fitted on the other four
(scikit-learn's HistGradientBoostingClassifier; Stone 1974, JRSS B 36(2), for cross-validation). Of more than 200,000
rows a part is taken, by the same fingerprint.
"""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.records.dataset_counts import Joint, JointHalf
from assay.tabular.typed import EMPTY, family

if TYPE_CHECKING:
    from assay.records.dataset_counts import Group
    from assay.tabular.dataset_table import DatasetTable

FOLDS = 5
MOST_ROWS = 200_000
LEAST_OF_EACH = 20
"""Fewer rows of a class than this teach nothing."""

ONE_THREAD = 50_000
"""Of fewer rows the trees are fitted by one thread: several would wait for each other longer than they work."""

MOST_CODES = 250
"""Categories that the trees tell apart; the rarer ones count as one."""

NOT_INSTALLED = "scikit-learn is not installed: pip install 'assay[explanation]'"
NO_FEATURES = "no column is left to be a feature: name them in assay.yaml (data.features)"


def _learner() -> tuple[Any, str] | None:
    try:
        import sklearn  # noqa: PLC0415 - an extra, and heavy
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415
    except ImportError:
        return None
    return HistGradientBoostingClassifier, f"gradient-boosted trees of scikit-learn {sklearn.__version__}"


def _select(table: DatasetTable) -> tuple[str, list[bool]]:
    """Return SQL for the features as numbers, categories as codes by how often they occur; and which are categories."""
    relation = table.typed.relation
    inner: list[str] = []
    columns: list[str] = []
    joins: list[str] = []
    categories: list[bool] = []
    for name in table.features:
        kind = family(table.typed.types[name])
        if table.typed.types[name] == EMPTY or kind == "other":
            continue
        at, value = len(columns), table.typed.plain(name)
        if kind == "category":
            rank = f"SELECT v, row_number() OVER (ORDER BY count(*) DESC, v) - 1 AS k FROM (SELECT {value} AS v "
            rank += f"FROM {relation}) WHERE v IS NOT NULL GROUP BY v"
            joins.append(f"LEFT JOIN ({rank}) AS k{at} ON k{at}.v = x{at}")
            columns.append(f"CAST(least(k{at}.k, {MOST_CODES}) AS DOUBLE) AS f{at}")
        else:
            value = f"epoch({value})" if kind == "time" else f"CAST({value} AS DOUBLE)"
            columns.append(f"CASE WHEN isfinite(x{at}) THEN x{at} END AS f{at}")
        inner.append(f"{value} AS x{at}")
        categories.append(kind == "category")
    share = max(1, -(-table.typed.rows // MOST_ROWS))
    key = table.fingerprint(table.features)
    inner += [f"{key} AS key", f"{table.label} AS y", *(f"{g} AS g{at}" for at, g in enumerate(table.group_columns()))]
    part = f"WHERE {key} % {share * FOLDS} < {FOLDS}" if share > 1 else ""
    groups = ", ".join(f"g{at}" for at in range(len(table.asked.protected)))
    outer = ", ".join([*columns, f"key % {FOLDS} AS fold", "y"])
    rows = f"SELECT {', '.join(inner)} FROM {relation} {part}"
    return f"SELECT {outer}, {groups} FROM ({rows}) {' '.join(joins)} ORDER BY ALL", categories


class Foreteller:
    """All features of a dataset as one matrix, and probabilities out of sample.

    Attributes:
        made_by: the model and its version.
        reason: why there is none; then nothing can be foretold.
    """

    def __init__(self, table: DatasetTable) -> None:
        self.made_by = ""
        self.reason: str | None = None
        learner = _learner()
        if learner is None or not table.has_features:
            self.reason = NOT_INSTALLED if learner is None else NO_FEATURES
            return
        import numpy as np  # noqa: PLC0415 - comes with scikit-learn

        self._learner, self.made_by = learner
        sql, self._categories = _select(table)
        found = table.session.connection.execute(sql).fetchnumpy()
        columns = [
            np.ma.filled(np.ma.asarray(found[f"f{at}"]).astype(float), np.nan) for at in range(len(self._categories))
        ]
        telling = [at for at, column in enumerate(columns) if len(np.unique(column[~np.isnan(column)])) > 1]
        columns = [columns[at] for at in telling]  # of a column that is the same throughout nothing is learnt
        self._categories = [self._categories[at] for at in telling]
        if not columns:
            self.reason = "no feature has two different values: nothing can be learnt"
            return
        self._matrix = np.column_stack(columns)
        self._fold = np.asarray(found["fold"])
        self.label = np.ma.filled(np.ma.asarray(found["y"]).astype(float), np.nan)
        self.rows = len(self._fold)
        raws = list(zip(*(_plain(found[f"g{at}"]) for at in range(len(table.asked.protected))), strict=True))
        self.groups: list[Group] = table.groups(raws)
        part = "" if self.rows == table.typed.rows else f", on {self.rows:,} of {table.typed.rows:,} rows"
        self.made_by += f", {FOLDS}-fold cross-fitted{part}"

    def out_of_sample(self, target: Any) -> Any:  # noqa: ANN401 - arrays of numpy
        """Return, for each row, the probability of ``target`` by a model that has not seen the row or its twins."""
        import numpy as np  # noqa: PLC0415 - comes with scikit-learn
        from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn

        probability = np.full(self.rows, np.nan)
        for fold in range(FOLDS):
            held, seen = self._fold == fold, (self._fold != fold) & ~np.isnan(target)
            if not held.any() or len(set(target[seen].tolist())) < 2:  # noqa: PLR2004 - both classes
                continue
            trees = self._learner(
                max_iter=60, max_leaf_nodes=15, early_stopping=False, random_state=0,
                categorical_features=self._categories,
            )  # fmt: skip
            with threadpool_limits(limits=1 if self.rows < ONE_THREAD else None):
                probability[held] = trees.fit(self._matrix[seen], target[seen]).predict_proba(self._matrix[held])[:, 1]
        return probability


def _plain(column: Any) -> list[Any]:  # noqa: ANN401 - a column of numpy, masked where it has nulls
    found: list[Any] = column.tolist()
    return found


def count_joint(table: DatasetTable, foreteller: Foreteller | None, *, minimum_group: int) -> Joint:
    """Measure how well all features together tell each group from all others, on rows that no model has seen.

    The area under the ROC curve and its variance are DeLong's, DeLong and Clarke-Pearson (1988), Biometrics 44:837-845.

    Args:
        table: the measured dataset.
        foreteller: the model; None when nobody asks for this.
        minimum_group: a group with fewer rows is left out.
    """
    if foreteller is None:
        return Joint(reason="no control of the policy asks for it")
    if foreteller.reason is not None:
        return Joint(reason=foreteller.reason)
    import numpy as np  # noqa: PLC0415 - comes with scikit-learn

    found = []
    for at, attribute in enumerate(table.asked.protected):
        mine = [group[at] for group in foreteller.groups]
        values = sorted({one for one in mine if one is not None}, key=str)
        if len(values) == 2:  # noqa: PLR2004 - who is told from the other: the fewer
            values = [min(values, key=mine.count)]
        for value in values:
            target = np.array([np.nan if one is None else float(one == value) for one in mine])
            inside, outside = int(np.nansum(target)), int((target == 0).sum())
            if min(inside, outside) < max(minimum_group, LEAST_OF_EACH):
                continue
            area, variance = _area(foreteller.out_of_sample(target), target)
            found.append(
                JointHalf(group={attribute: value}, inside=inside, outside=outside, area=area, variance=variance)
            )
    reason = None if found else f"no attribute has two groups of {max(minimum_group, LEAST_OF_EACH)} rows or more"
    return Joint(groups=tuple(found), made_by=foreteller.made_by, reason=reason)


def _area(probability: Any, target: Any) -> tuple[float, float]:  # noqa: ANN401 - arrays of numpy
    """Return DeLong's area and its variance; ties count half."""
    import numpy as np  # noqa: PLC0415 - comes with scikit-learn

    inside, outside = (np.sort(probability[(target == one) & ~np.isnan(probability)]) for one in (1.0, 0.0))

    def beaten(of: Any, others: Any) -> Any:  # noqa: ANN401 - arrays of numpy
        return (np.searchsorted(others, of, "left") + np.searchsorted(others, of, "right")) / (2 * len(others))

    wins, losses = beaten(inside, outside), beaten(outside, inside)
    variance = wins.var(ddof=1) / len(inside) + losses.var(ddof=1) / len(outside)
    return float(wins.mean()), float(variance)
