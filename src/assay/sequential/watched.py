"""What can be watched: the metrics that are means of bounded outcomes, or gaps, ratios and bounds of such means."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.errors import InputError, suggest
from assay.metrics import METRICS
from assay.metrics.comparisons import COMPARISONS
from assay.metrics.rates import METRICS as RATES
from assay.records.tally import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind: TypeAlias = Literal["difference", "ratio", "at-most", "at-least", "within"]
Bound: TypeAlias = Literal["at-most", "at-least"]
Range: TypeAlias = tuple[float, float]

UNIT: Range = (0.0, 1.0)

_RANGES: dict[str, Range | None] = {
    **{metric.name: UNIT for metric in RATES if metric.name != "count"},
    "favourable_rate": UNIT,
    "mean_score": UNIT,
    "calibration_in_the_large": (-1.0, 1.0),
    "mean_error": None,
    "mean_absolute_error": None,
}
"""Means, each with the range of one row's outcome; None where the user has to say it."""


class Watch(Frozen, kw_only=True):
    """One metric and its limit.

    Attributes:
        metric: its name.
        kind: a difference of at most the limit, a ratio of at least the limit, or a mean held against a bound.
        of: the means that are compared; of several the worst counts.
        limit: in the metric's own unit.
        range: least and greatest outcome of a row.
        exact: whether outcomes are 0 and 1.
    """

    metric: str
    kind: Kind
    of: tuple[str, ...]
    limit: float
    range: tuple[float, float] = UNIT
    exact: bool = True

    @property
    def width(self) -> float:
        """Return the width of the outcomes' range."""
        return self.range[1] - self.range[0]


@dataclass(frozen=True, slots=True)
class Watchable:
    """A metric that can be watched.

    Attributes:
        kind: None for a mean whose direction the user has to give.
        of: the means it is made of.
        needs: columns that it needs.
        task: kind of outcome.
    """

    kind: Kind | None
    of: tuple[str, ...]
    needs: tuple[str, ...]
    task: Literal["binary", "regression"]


def _kind_of_mean(name: str) -> Kind | None:
    if name in {"calibration_in_the_large", "mean_error"}:
        return "within"
    better = METRICS[name].higher_is_better
    return None if better is None else "at-least" if better else "at-most"


def _watchables() -> dict[str, Watchable]:
    found: dict[str, Watchable] = {}
    kinds: dict[str, Kind] = {"difference": "difference", "ratio": "ratio", "least": "at-least", "greatest": "at-most"}
    for comparison in COMPARISONS:
        if all(of in _RANGES for of in comparison.of):
            task: Literal["binary", "regression"] = (
                "regression" if "regression" in comparison.metric.tasks else "binary"
            )
            found[comparison.metric.name] = Watchable(
                kinds[comparison.kind], comparison.of, comparison.metric.needs, task
            )
    found["impact_ratio"] = Watchable("ratio", ("favourable_rate",), ("prediction",), "binary")
    found["mean_score_difference"] = Watchable("difference", ("mean_score",), ("score",), "binary")
    for name in _RANGES:
        if name in METRICS:
            task = "regression" if METRICS[name].tasks == ("regression",) else "binary"
            found[name] = Watchable(_kind_of_mean(name), (name,), METRICS[name].needs, task)
    return found


WATCHABLE: Mapping[str, Watchable] = MappingProxyType(_watchables())
"""Every metric that can be watched, by name."""


def watch(metric: str, limit: float, *, bound: Bound | None = None, outcomes: Range | None = None) -> Watch:
    """Return what to watch, checked.

    Args:
        metric: its name.
        limit: greatest difference, least ratio, or the bound of a mean.
        bound: for a mean in which neither direction is better in itself: which side the limit is on.
        outcomes: least and greatest outcome of one row, for scores beyond [0, 1] and for errors.

    Raises:
        InputError: for an unknown metric, one that is no mean, or a limit that nothing could breach or meet.
    """
    found = WATCHABLE.get(metric)
    if found is None:
        raise InputError(_cannot(metric))
    kind = found.kind or bound
    if kind is None:
        raise InputError(f"{metric}: expected a limit with its side, such as <=0.3 or >=0.1, found {limit:g} alone")
    if bound is not None and bound != {"ratio": "at-least", "difference": "at-most"}.get(kind, kind):
        side = "at most" if kind in {"difference", "at-most", "within"} else "at least"
        raise InputError(f"{metric}: expected a limit that it is to be {side}, found the other side. Drop the sign")
    of_range = _range_of(metric, found.of[0], outcomes)
    _check_limit(metric, kind, limit, of_range)
    exact = all(
        name not in {"mean_score", "calibration_in_the_large", "mean_error", "mean_absolute_error"} for name in found.of
    )
    return Watch(metric=metric, kind=kind, of=found.of, limit=float(limit), range=of_range, exact=exact)


def _range_of(metric: str, of: str, outcomes: Range | None) -> Range:
    if outcomes is not None and not (isfinite(outcomes[0]) and isfinite(outcomes[1]) and outcomes[0] < outcomes[1]):
        raise InputError(
            f"expected a range LOW,HIGH of finite numbers with LOW < HIGH, found {outcomes[0]!r},{outcomes[1]!r}"
        )
    fixed = _RANGES[of]
    if of == "mean_score" and outcomes is not None:
        return outcomes
    if fixed is not None:
        return fixed
    if outcomes is None:
        raise InputError(
            f"{metric}: expected the range of one row's error (--range LOW,HIGH), found none. A bet on unbounded "
            "errors promises nothing: give the least and the greatest error that can occur"
        )
    return outcomes if of == "mean_error" else (0.0, max(abs(outcomes[0]), abs(outcomes[1])))


def _check_limit(metric: str, kind: Kind, limit: float, of_range: Range) -> None:
    low, high = of_range
    allowed = {
        "difference": (0.0, high - low, "from 0 to under"),
        "within": (0.0, max(abs(low), abs(high)), "from 0 to under"),
        "ratio": (0.0, 1.0, "above 0, at most"),
        "at-most": (low, high, f"from {low:g} to under"),
        "at-least": (low, high, f"above {low:g}, at most"),
    }[kind]
    least, most, words = allowed
    open_below = kind in {"ratio", "at-least"}
    inside = least < limit <= most if open_below else least <= limit < most
    if not (isfinite(limit) and inside):
        raise InputError(
            f"{metric}: expected a limit {words} {most:g}, found {limit:g}. "
            "A limit that nothing could breach, or nothing could meet, decides nothing"
        )


def _cannot(metric: str) -> str:
    near = suggest(metric, WATCHABLE)
    if metric in METRICS:
        return (
            f"{metric!r} cannot be watched: it is no mean of bounded outcomes, and no bet on its rows is known{near}. "
            f"What can be: {', '.join(WATCHABLE)}"
        )
    return f"expected the name of a metric, found {metric!r}{near}. What can be watched: {', '.join(WATCHABLE)}"
