"""labels-late: how many labels and attributes of a window have come."""

from __future__ import annotations

from assay.checks._observed import observed_check

CHECK = observed_check(
    "labels-late",
    "Labels and protected attributes come, and come in time",
    ("labelled_share", "overdue_label_share", "known_attribute_share"),
    remedy="Find out where labels or attributes are held up, and measure the window again when they have come.",
)
