"""drift: how far a column's current rows have moved from the reference's, held against a limit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from assay.checks._observed import about, observed, observed_check, unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.measurement import Measurement
    from assay.records.verdict import Finding

_OF_NUMBERS = frozenset({"ks", "wasserstein", "out_of_range_share"})

_FAMILY = observed_check(
    "drift",
    "The columns are distributed as in the reference",
    (
        "psi", "jensen_shannon", "ks", "wasserstein", "chi_squared", "out_of_range_share", "unseen_share",
        "new_categories", "missing_share", "missing_share_difference", "type_change",
    ),
)  # fmt: skip


def _run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Hold every column against the limit; one that has vanished, or cannot be compared any more, is unknown."""
    return (
        *_FAMILY.run(control, evidence, terms),
        *(unmeasured(control, terms, one) for one in _lost(control, evidence)),
    )


def _lost(control: Control, evidence: Evidence) -> Iterator[Measurement]:
    """Yield, as without a value, each column that cannot be compared and has no measurement of the control's metric.

    Of a column that only one table holds, or holds as another type, nobody knows the kind: it is lost to every metric.
    One of too many values is of text still, of which numbers' metrics say nothing.
    """
    known = {_column(one) for one in observed(evidence, control)}
    alike = {_column(one) for one in evidence.measurements if one.metric == "type_change" and one.value == 0}
    for one in evidence.measurements:
        named = about(one).get("column")
        if one.metric != "psi" or one.value is not None or named is None or named in control.columns:
            continue
        of_other_kind = control.metric in _OF_NUMBERS and _column(one) in alike
        if _column(one) not in known and not of_other_kind:
            yield msgspec.structs.replace(one, metric=control.metric or "")


def _column(one: Measurement) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(about(one).items()))


CHECK = replace(_FAMILY, run=_run)
