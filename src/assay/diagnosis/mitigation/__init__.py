"""Remedies that are tried on a denied version: one method a file, and the written list of them.

A method learns from one part of the training rows, chooses (cuts, one of several fits) on another part, and gives back
a fitted estimator of scikit-learn. Nothing here decides whether it holds: the policy does, above.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.diagnosis.mitigation.lesson import Method

METHODS = {
    "as_is": "as_is",
    "threshold": "common_cut",
    "reweighing": "reweighing",
    "resampling": "resampling",
    "drop_feature": "dropping",
    "grid_search": "grid_search",
    "exponentiated_gradient": "exponentiated_gradient",
    "recalibration": "recalibrating",
    "threshold_by_group": "group_cuts",
    "repair_feature": "repairing",
}
"""Every method that fits something, by name, in the order in which it is tried: the cheapest first."""

MORE_ROWS = "more_rows"
"""The remedy that fits nothing: a calculation of how many more people would settle it."""

ALTERNATIVE = "alternative"
"""The method of a search for a less discriminatory alternative: learners, features and weights, combined."""


def method(name: str) -> Method:
    """Return a method by its name; its packages are imported when it fits."""
    stem = "alternative" if name == ALTERNATIVE else METHODS[name]
    found: Method = import_module(f"assay.diagnosis.mitigation.{stem}").METHOD
    return found
