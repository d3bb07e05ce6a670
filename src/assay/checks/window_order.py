"""window-order: windows follow one another in time."""

from __future__ import annotations

from assay.checks._observed import observed_check

CHECK = observed_check(
    "window-order",
    "No clock went back, and no window came twice",
    ("window_out_of_order",),
    remedy="Mend the clock or the export, and name the window that was meant.",
)
