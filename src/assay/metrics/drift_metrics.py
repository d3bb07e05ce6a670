"""Drift and quality of a column, as metrics that a policy may hold against a limit; `drift` measures them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.metrics.metric import INFINITY, Metric

if TYPE_CHECKING:
    from assay.records.measurement import Unit

_SHARE = "rows / rows of the table"


def _of_column(  # noqa: PLR0917 - a row of the table below
    name: str, title: str, unit: Unit, high: float, formula: str, source: str, low: float = 0.0
) -> Metric:
    return Metric(
        name=name, title=title, unit=unit, scope="observed", higher_is_better=False, low=low, high=high,
        formula=formula, source=source,
    )  # fmt: skip


METRICS = (
    _of_column(
        "psi", "population stability index of a column", "score", INFINITY,
        "sum over bins of (q - p) ln(q / p)", 'Siddiqi 2006, "Credit Risk Scorecards", Wiley, chapter 8',
    ),
    _of_column(
        "jensen_shannon", "Jensen-Shannon distance of a column, to base 2", "score", 1.0,
        "square root of the divergence", "Endres and Schindelin 2003, IEEE Trans. Inf. Theory 49(7)",
    ),
    _of_column(
        "ks", "Kolmogorov-Smirnov distance of a numeric column", "difference", 1.0,
        "greatest distance of the distribution functions", "Smirnov 1939",
    ),
    _of_column(
        "wasserstein", "Wasserstein distance of a numeric column, in its own unit", "difference", INFINITY,
        "area between the distribution functions", "Vallender 1973, Theory Probab. Appl. 18(4)",
    ),
    _of_column(
        "chi_squared", "chi-squared statistic of a column of categories", "score", INFINITY,
        "sum of (found - expected)^2 / expected", "Pearson 1900",
    ),
    _of_column(
        "out_of_range_share", "share of rows outside the range of the reference", "rate", 1.0, _SHARE, "a share",
    ),
    _of_column(
        "unseen_share", "share of rows in categories that the reference lacks", "rate", 1.0, _SHARE, "a share",
    ),
    _of_column("new_categories", "categories that the reference lacks", "count", INFINITY, "a count", "a count"),
    _of_column("missing_share", "share of rows without a value", "rate", 1.0, _SHARE, "a share"),
    _of_column(
        "missing_share_difference", "missing share, current minus reference", "difference", 1.0, "a difference",
        "Newcombe 1998, Statistics in Medicine 17", low=-1.0,
    ),
    _of_column("type_change", "whether the column has another type", "count", 1.0, "0 or 1", "a comparison"),
)  # fmt: skip
