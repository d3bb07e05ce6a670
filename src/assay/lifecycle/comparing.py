"""Comparing without a policy: two tables in, drift and data quality out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from assay.metrics.drift import compare_counts
from assay.records.profile import Profile, is_profile, parse_profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.comparison import ColumnMeasurement, TableComparison


@dataclass(frozen=True)
class Compared:
    """The counts of two tables and everything measured from them."""

    comparison: TableComparison
    measurements: tuple[ColumnMeasurement, ...]

    @property
    def remarks(self) -> list[str]:
        """What could not be compared, or is odd, in words; each once."""
        return list(dict.fromkeys(f"{one.column}: {one.reason}" for one in self.measurements if one.reason is not None))

    def to_json(self) -> str:
        """Return ``{"reference_rows": N, "current_rows": M, "measurements": [...]}``."""
        document = {
            "reference_rows": self.comparison.reference_rows,
            "current_rows": self.comparison.current_rows,
            "measurements": self.measurements,
        }
        return msgspec.json.format(msgspec.json.encode(document), indent=1).decode()


def compare_rows(
    reference: Any,  # noqa: ANN401 - any table
    current: Any,  # noqa: ANN401 - any table
    *,
    columns: Sequence[str] | None = None,
    level: float = 0.95,
    watched: bool = False,
) -> Compared:
    """Compare two tables column by column.

    Args:
        reference: a CSV or Parquet file, a glob, a folder, or a frame; or the profile of one, as a path or itself.
        current: a table.
        columns: the columns to compare; all of both when None.
        level: two-sided confidence of the intervals.
        watched: whether a person waits, who is shown progress after a second.

    Raises:
        DataError: when a table cannot be read or has no rows, or a column is in neither.
        DocumentError: when a profile is of another version, or was edited.
    """
    profile = _profile_at(reference)
    if profile is not None:
        from assay.tabular.profiling import compare_with_profile  # noqa: PLC0415 - the engine, when rows are read

        counted = compare_with_profile(profile, current, columns=columns)
        return Compared(comparison=counted, measurements=compare_counts(counted, level=level))
    from assay.tabular.comparison import compare_tables  # noqa: PLC0415 - the engine is loaded when rows are read

    draw = wipe = None
    if watched:
        from assay.lifecycle.measuring import progress_bar  # noqa: PLC0415 - only for a person who waits

        draw, wipe = progress_bar()
    try:
        comparison = compare_tables(reference, current, columns=columns, on_progress=draw)
    finally:
        if wipe is not None:
            wipe()
    return Compared(comparison=comparison, measurements=compare_counts(comparison, level=level))


def profile_rows(
    rows: Any,  # noqa: ANN401 - any table
    *,
    columns: Sequence[str] | None = None,
    without: Sequence[str] = (),
) -> Profile:
    """Count a table as a reference for later ones; see `assay.tabular.profiling.profile_table`.

    Raises:
        DataError: when the table cannot be read or has no rows, or a column is not in it.
    """
    from assay.tabular.profiling import profile_table  # noqa: PLC0415 - the engine is loaded when rows are read

    return profile_table(rows, columns=columns, without=without)


def _profile_at(reference: Any) -> Profile | None:  # noqa: ANN401 - any table
    """Return a reference that is a profile; None where it is a table."""
    if isinstance(reference, Profile):
        return reference
    if isinstance(reference, (str, Path)) and str(reference).endswith(".json") and Path(reference).is_file():
        from assay.lifecycle.project import read_file  # noqa: PLC0415 - a table's comparison needs no project

        return parse_profile(read_file(Path(reference), "a profile"), name=str(reference))
    if isinstance(reference, bytes) and is_profile(reference):
        return parse_profile(reference, name="standard input")
    return None
