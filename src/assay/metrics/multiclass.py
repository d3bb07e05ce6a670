"""More than two classes: accuracy, averages over classes, and each class against the rest."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from msgspec.structs import replace

from assay.metrics.intervals.means import LOGIT_METHOD, logit_interval
from assay.metrics.intervals.wilson import kish
from assay.metrics.metric import Estimate, Metric, undefined
from assay.metrics.rates import NO_INTERVAL_WEIGHTED, rates, weighted_rate
from assay.records._tally_sum import add_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.metrics.groups import Group
    from assay.metrics.intervals.level import Level
    from assay.records.tally import ClassValue, Tally

_SKLEARN = "Sokolova and Lapalme (2009), Information Processing and Management 45:427-437; scikit-learn {}"


def _macro(name: str, of: str, formula: str, peer: str) -> Metric:
    return Metric(
        name=name,
        title=f"mean over classes of each class's {of}",
        unit="score",
        needs=("label", "prediction"),
        tasks=("multiclass",),
        higher_is_better=True,
        formula=formula,
        source=_SKLEARN.format(peer),
    )


METRICS = (
    _macro("macro_f1", "F1", "mean over classes present of 2 TP / (2 TP + FP + FN)", "f1_score(average='macro')"),
    _macro(
        "macro_precision",
        "precision",
        "mean over classes present of TP / (TP + FP)",
        "precision_score(average='macro')",
    ),
    _macro("macro_recall", "recall", "mean over classes present of TP / (TP + FN)", "recall_score(average='macro')"),
)


def classes(groups: Sequence[Group]) -> list[str | int]:
    """Return every class that is a label or a prediction of somebody, in order."""
    found = {value for group in groups for pair in group.confusion for value in pair if value is not None}
    return sorted(found, key=lambda value: (isinstance(value, str), value))


def one_against_rest(pairs: dict[tuple[ClassValue, ClassValue], int] | None, positive: str | int) -> list[int] | None:
    """Return nine cells (see `groups.CELLS`) of one class against the rest."""
    if pairs is None:
        return None
    cells = [0] * 9
    for (label, prediction), count in pairs.items():
        first = 2 if label is None else int(label == positive)
        second = 2 if prediction is None else int(prediction == positive)
        cells[3 * first + second] += count
    return cells


def binary_tally(tally: Tally, positive: str | int) -> Tally:
    """Return a tally of one class against the rest, as a binary outcome; its sums and gaps stay as they are.

    Args:
        tally: of more than two classes.
        positive: the class; a number may be written as text.
    """

    def against(value: ClassValue) -> ClassValue:
        return None if value is None else int(str(value) == str(positive))

    cells = (replace(one, label=against(one.label), prediction=against(one.prediction)) for one in tally.cells)
    return replace(tally, roles=replace(tally.roles, task="binary"), cells=add_cells(cells))


def multiclass(group: Group, level: Level) -> dict[str, Estimate]:
    """Return accuracy and the averages over the classes present in one group, as scikit-learn does.

    Intervals: accuracy as in `rates`; the averages on the logit scale, with the multinomial delta-method variance of
        Takahashi, Yamamoto, Kuchiba and Koyama (2022), Applied Intelligence 52:4961-4972. Coverage at 95 % (seeded
        simulation, three classes, 30, 100 and 1,000 people; tests/unit/metrics/test_metrics_other_coverage.py): 93 to
        96 %. A class that is never predicted has no precision, and then the average has none either: scikit-learn
        counts such a class as 0.
    """
    cells = {pair: count for pair, count in group.confusion.items() if None not in pair}
    rows = sum(cells.values())
    found = {"accuracy": _accuracy(group, level)}
    names = [metric.name for metric in METRICS]
    if not rows:
        return found | dict.fromkeys(names, undefined("no row has both a label and a prediction"))
    weighed = group.weighed
    shares = cells if weighed is None else {pair: weighed.get(pair, 0) for pair in cells}
    effective: float | None = float(rows)
    if weighed is not None:
        squares = group.weighed_squares
        effective = None
        if squares is not None:
            effective = kish(sum(shares.values()) * 1e-12, sum(squares.get(pair, 0) for pair in cells) * 1e-12)
    total = sum(shares.values())
    if total <= 0:
        return found | dict.fromkeys(names, undefined("the weights of these rows add up to 0", rows))
    for name in names:
        found[name] = _average(name, {pair: count / total for pair, count in shares.items()}, rows, effective, level)
    return found


def _accuracy(group: Group, level: Level) -> Estimate:
    right = _right(group.confusion)
    if group.weighed is None:
        # Right and wrong people, told as true and false positives: accuracy is their share.
        return rates([0, right[1] - right[0], 0, 0, right[0], 0, 0, 0, 0], None, None, level)["accuracy"]
    square = None if group.weighed_squares is None else _right(group.weighed_squares)
    return weighted_rate("accuracy", right[1], _right(group.weighed), square, level)


def _right(pairs: dict[tuple[ClassValue, ClassValue], int]) -> tuple[int, int]:
    known = {pair: count for pair, count in pairs.items() if None not in pair}
    return sum(count for (label, prediction), count in known.items() if label == prediction), sum(known.values())


def _average(
    name: str, shares: dict[tuple[ClassValue, ClassValue], float], rows: int, effective: float | None, level: Level
) -> Estimate:
    labels: dict[ClassValue, float] = {}
    predictions: dict[ClassValue, float] = {}
    for (label, prediction), share in shares.items():
        labels[label] = labels.get(label, 0.0) + share
        predictions[prediction] = predictions.get(prediction, 0.0) + share
    present = sorted({*labels, *predictions}, key=str)
    by_label, by_prediction = {"macro_f1": (1, 1), "macro_precision": (0, 1), "macro_recall": (1, 0)}[name]
    value, scores, sizes = 0.0, {}, {}
    for each in present:
        size = by_label * labels.get(each, 0.0) + by_prediction * predictions.get(each, 0.0)
        if size <= 0:
            return undefined(f"class {each!r} is never {'predicted' if by_prediction else 'a label'}", rows)
        sizes[each] = size
        scores[each] = (by_label + by_prediction) * shares.get((each, each), 0.0) / size
        value += scores[each] / len(present)
    if effective is None:
        return Estimate(value, n=rows, method=NO_INTERVAL_WEIGHTED)
    first = second = 0.0
    for (label, prediction), share in shares.items():
        slope = (by_label + by_prediction) / sizes[label] if label == prediction else 0.0
        slope -= by_label * scores[label] / sizes[label] + by_prediction * scores[prediction] / sizes[prediction]
        slope /= len(present)
        first += share * slope
        second += share * slope * slope
    interval = logit_interval(value, sqrt(max(0.0, second - first * first) / effective), level.z)
    if interval is None:
        return Estimate(value, n=rows, method="no interval: every class is predicted wholly right or wholly wrong")
    low, high = min(interval[0], value), max(interval[1], value)
    return Estimate(value, low, high, rows, LOGIT_METHOD, None, effective)
