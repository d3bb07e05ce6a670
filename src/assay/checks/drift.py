"""drift: how far a column's current rows have moved from the reference's, held against a limit."""

from __future__ import annotations

from assay.checks._observed import observed_check

CHECK = observed_check(
    "drift",
    "The columns are distributed as in the reference",
    (
        "psi", "jensen_shannon", "ks", "wasserstein", "chi_squared", "out_of_range_share", "unseen_share",
        "new_categories", "missing_share", "missing_share_difference", "type_change",
    ),
)  # fmt: skip
