"""leakage: what the model is tested on is not what it learns from, and no feature is the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._observed import about, observed_check

if TYPE_CHECKING:
    from assay.records.measurement import Measurement


def _tell(one: Measurement, _people: str) -> str | None:
    if not one.value:
        return None
    named = about(one)
    if one.metric == "feature_label_auc":
        column = named.get("column", "")
        return f"{column} alone ranks a row with the positive label above another {one.value * 100:.0f} times in 100."
    where = f"of the {named.get('dataset', '')} data are in the {named.get('other', '')} data"
    how = "" if one.metric == "overlap_share" else ", by their identifier"
    return f"{round(one.value * one.n):,} of {one.n:,} rows {where}{how}."


CHECK = observed_check(
    "leakage",
    "What is tested was not learnt from, and no feature gives the answer away",
    ("overlap_share", "identifier_overlap_share", "feature_label_auc"),
    tell=_tell,
    remedy="Take the rows out of the training data; take out a feature that is only known once the outcome is.",
)
