"""The section ``monitoring`` of `assay.yaml`: what the monitoring stage is told, read strictly."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import msgspec

from assay.errors import suggest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.lifecycle.project import Config


class LateSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values that come later than their rows, and are joined by an identifier.

    Attributes:
        path: a file, glob or folder; or a database, with ``query``.
        key: the column that names the case, as ``monitoring.identifier`` does in the window.
        query: SQL on the database.
    """

    path: str
    key: str
    query: str | None = None


class MonitoringSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `assay run --stage monitoring` is told.

    Attributes:
        reference: role of the dataset that columns are held against.
        profile: in its place, a profile that `assay profile` wrote, relative to `assay.yaml`.
        batch: the window's rows: a file, glob or folder; ``--batch`` names another.
        query: SQL that selects them; then ``batch`` is the database.
        window: the window's name; by default its last time, or the digest of its rows.
        identifier: the column that names a case.
        time: the column of times.
        labels: where labels come from; by default they are a column of the window.
        protected: where protected attributes come from; likewise.
        late_attributes: the attributes that ``protected`` holds; by default all.
        label_delay_days: how long a label takes to come: later, it is overdue.
        columns: the columns that are compared; by default all that have no other role.
        error_range: of a regression: the least and the greatest error that one row can have, without which nothing can
            be promised over all windows.
    """

    reference: str | None = None
    profile: str | None = None
    batch: str | None = None
    query: str | None = None
    window: str | None = None
    identifier: str | None = None
    time: str | None = None
    labels: LateSection | None = None
    protected: LateSection | None = None
    late_attributes: tuple[str, ...] = ()
    label_delay_days: float | None = None
    columns: tuple[str, ...] | None = None
    error_range: tuple[float, float] | None = None


def monitoring_problems(config: Config) -> Iterator[tuple[str, str]]:
    """Yield everything that is wrong in the section: JSON path and message."""
    section = config.monitoring
    if section is None:
        return
    columns = config.columns
    yield from _error_range(config, section)
    if columns.prediction is None:
        yield (
            "$.columns.prediction",
            "expected the column of predictions, found none: a window is of served predictions",
        )
    if section.reference is not None and section.profile is not None:
        yield "$.monitoring.profile", "expected a reference or a profile, found both: columns are held against one"
    role = section.reference or config.measured_on
    if section.profile is None and role not in config.datasets:
        near = suggest(role, config.datasets)
        yield "$.monitoring.reference", f"expected a dataset {role!r} among datasets, found none{near}"
    yield from _late(config, section)
    if section.columns is not None and not section.columns:
        yield "$.monitoring.columns", "expected at least one column, found none; leave the key out for every column"


def _error_range(config: Config, section: MonitoringSection) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the range of one row's error."""
    if section.error_range is None:
        return
    low, high = section.error_range
    if config.columns.task != "regression":
        found = config.columns.task
        yield (
            "$.monitoring.error_range",
            f"errors are of a regression; expected no range for task {found}: leave it out",
        )
    if not (isfinite(low) and isfinite(high) and low < high):
        yield "$.monitoring.error_range", f"expected two finite numbers, the lesser one first, found {low:g}, {high:g}"


def _late(config: Config, section: MonitoringSection) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with rows, and with what is joined to them later."""
    columns = config.columns
    if section.query is not None and section.batch is None:
        yield "$.monitoring.batch", "expected the database beside a query, found none"
    for key in ("labels", "protected"):
        if getattr(section, key) is not None and section.identifier is None:
            yield "$.monitoring.identifier", f"expected the column that {key} are joined by, found none"
    if section.labels is not None and columns.label is None:
        yield "$.columns.label", "expected the column that monitoring.labels holds, found none"
    for name in section.late_attributes:
        if name not in columns.protected:
            near = suggest(name, columns.protected)
            yield "$.monitoring.late_attributes", f"expected protected attributes, found {name!r}{near}"
    delay = section.label_delay_days
    if delay is not None and not 0 <= delay < float("inf"):
        yield "$.monitoring.label_delay_days", f"expected days, 0 or more, found {delay:g}"
    if delay is not None and section.time is None:
        yield "$.monitoring.time", "expected the column of times beside label_delay_days, found none"
