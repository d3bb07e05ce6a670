"""Records in, text out: no drawing happens below this floor, and nothing is computed here that decides.

One format one file. Each takes a `Release` (or measurements) and returns text that is the same bytes for the same
records; each escapes what people and data wrote for its own format. Heavy packages are imported inside the function
that needs them, so that reading this room costs nothing.
"""

from __future__ import annotations

from assay.reports.release import Release

__all__ = ["Release"]
