"""Whether counts are those of given shares: the exact multinomial test where few rows allow it, else chi-squared."""

from __future__ import annotations

from math import comb, exp, fsum, inf, lgamma, log
from typing import TYPE_CHECKING

from assay.metrics.drift import chi_squared_tail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_OUTCOMES = 100_000
"""As many outcomes of a multinomial are summed one by one."""

EXACT = "exact multinomial test"
CHI_SQUARED = "chi-squared goodness of fit"
_SLACK = 1e-7


def goodness_of_fit(counts: Sequence[int], shares: Sequence[float]) -> tuple[float, str]:
    """Return the chance of counts as unlikely as these when the shares hold, and the name of the test.

    Source: Read and Cressie (1988), Goodness-of-Fit Statistics for Discrete Multivariate Data (exact test:
    the outcomes no likelier than the one found, their chances summed); Pearson (1900), Philosophical Magazine
    50:157-175 (chi-squared, one degree of freedom fewer than groups).

    Args:
        counts: rows of each group.
        shares: the share that each should have; they add up to 1.
    """
    n = sum(counts)
    if any(count and not share for count, share in zip(counts, shares, strict=True)):
        return 0.0, EXACT  # what cannot be was found
    kept = [(count, share) for count, share in zip(counts, shares, strict=True) if share]
    if len(kept) < 2:  # noqa: PLR2004 - one group alone is all of them
        return 1.0, EXACT
    found, wanted = [count for count, _ in kept], [share for _, share in kept]
    if comb(n + len(kept) - 1, len(kept) - 1) <= MOST_OUTCOMES:
        return _exact(found, wanted), EXACT
    statistic = fsum((count - n * share) ** 2 / (n * share) for count, share in kept)
    return chi_squared_tail(statistic, len(kept) - 1), CHI_SQUARED


def _exact(counts: Sequence[int], shares: Sequence[float]) -> float:
    n = sum(counts)
    logs = [log(share) for share in shares]

    def chance(outcome: Sequence[int]) -> float:
        parts = [count * weight - lgamma(count + 1) for count, weight in zip(outcome, logs, strict=True)]
        return lgamma(n + 1) + fsum(parts)

    here = chance(counts) + _SLACK
    return min(
        1.0, fsum(exp(found) for found in map(chance, _outcomes(n, len(shares))) if found <= here and found > -inf)
    )


def _outcomes(n: int, groups: int) -> Iterator[tuple[int, ...]]:
    """Yield every way to share out n rows among groups."""
    if groups == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in _outcomes(n - first, groups - 1):
            yield (first, *rest)
