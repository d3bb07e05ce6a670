"""Metrics and limits in the words of a command: ``0.05``, ``METRIC=0.05``, ``<=0.3``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from assay.errors import InputError, suggest
from assay.sequential import watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.sequential import Watch
    from assay.sequential.watched import Bound

_LIMIT = re.compile(r"(?:(\w+)\s*=(?!=)\s*)?(<=|>=)?\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\Z")
_BOUNDS: dict[str | None, Bound | None] = {"<=": "at-most", ">=": "at-least", None: None}


class _Limit(NamedTuple):
    metric: str | None
    bound: Bound | None
    value: float


def _read(limits: Sequence[str | float], metrics: Sequence[str]) -> tuple[dict[str | None, _Limit], list[str]]:
    named: dict[str | None, _Limit] = {}
    problems = []
    for text in limits:
        found = _LIMIT.match(str(text).strip())
        if found is None:
            problems.append(f"expected a limit such as 0.05, METRIC=0.05 or <=0.3, found {text!r}")
            continue
        limit = _Limit(found[1], _BOUNDS[found[2]], float(found[3]))
        if limit.metric is not None and limit.metric not in metrics:
            problems.append(f"a limit for {limit.metric!r}, which is not watched{suggest(limit.metric, metrics)}")
        if limit.metric in named:
            problems.append(f"two limits for {limit.metric or 'all metrics'}: give one")
        named[limit.metric] = limit
    return named, problems


def watches(
    metrics: Sequence[str], limits: Sequence[str | float], *, outcomes: tuple[float, float] | None = None
) -> tuple[Watch, ...]:
    """Return what to watch, from the words of a command.

    Args:
        metrics: names of metrics.
        limits: ``0.05`` for all of them, or ``METRIC=0.05``; a mean without a better direction takes ``<=`` or ``>=``.
        outcomes: least and greatest outcome of a row, where they are not 0 and 1.

    Raises:
        InputError: with all that is wrong at once.
    """
    named, problems = _read(limits, metrics)
    chosen = []
    for metric in dict.fromkeys(metrics):
        limit = named.get(metric, named.get(None))
        if limit is None:
            if not problems:
                problems.append(f"{metric}: expected a limit, found none. Give --limit {metric}=NUMBER")
            continue
        try:
            chosen.append(watch(metric, limit.value, bound=limit.bound, outcomes=outcomes))
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    return tuple(chosen)
