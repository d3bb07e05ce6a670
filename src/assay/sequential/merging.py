"""Many e-processes, one promise: which of them may be told without exceeding the false-alarm rate of all together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def adjusted(values: Sequence[float]) -> list[float]:
    """Return each e-value after closed testing with averages: those of at least 1/alpha may be told.

    The average of e-processes is an e-process under any dependence. A null is refuted when every set of nulls that
    holds it has an average of at least 1/alpha; then the chance that a true null is ever refuted is at most alpha, over
    all streams and at all times, since the set of true nulls is one of those sets. The least average is that of the
    value with some of the smallest others. It is never below the value over the number of streams (Bonferroni).

    Sources: Vovk and Wang (2021), Annals of Statistics 49(3):1736-1754, section 5 (https://arxiv.org/abs/1912.06116);
    Bharti, Pal and Sulam (2026), Global Sequential Testing for Multi-Stream Auditing
    (https://arxiv.org/abs/2602.21479), on averages of test martingales against Bonferroni.
    """
    found = []
    for place, value in enumerate(values):
        others = sorted([*values[:place], *values[place + 1 :]])
        least, total = value, value
        for count, other in enumerate(others, 2):
            total += other
            least = min(least, total / count)
        found.append(least)
    return found
