"""How a finding is made from a control; every check fills in the same form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.records.verdict import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.checks.control import Control, Terms
    from assay.records.tally import GroupValue
    from assay.records.verdict import Status


def finding(control: Control, terms: Terms, status: Status, reason: str, *, about: str = "", **more: Any) -> Finding:  # noqa: ANN401 - the finding's own fields, which it checks
    """Return a finding of a control; ``about`` names what it is about, for the id."""
    return Finding(
        id=f"{control.id}/{about}" if about else control.id,
        control=control.id,
        check=control.check,
        title=control.title,
        status=status,
        enforcement=control.enforcement,
        severity=control.severity,
        reason=reason,
        remedy=more.pop("remedy", None) or (None if status in {"pass", "not-applicable"} else control.remedy),
        clauses=control.clauses,
        provenance=control.provenance,
        place=terms.place,
        **more,
    )


def group_label(group: Mapping[str, GroupValue]) -> str:
    """Return ``race=black,sex=f``, as it stands in the id of a finding."""
    return ",".join(f"{name}={_value(value)}" for name, value in group.items())


def group_words(group: Mapping[str, GroupValue]) -> str:
    """Return a group as a person would name it: ``race black and sex unknown``."""
    return " and ".join(f"{name} {_value(value)}" for name, value in group.items()) or "everybody"


def _value(value: GroupValue) -> str:
    if value is None:
        return "unknown"
    return str(value).lower() if isinstance(value, bool) else str(value)


def listed(parts: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def number(value: float) -> str:
    """Return a number in as few digits as tell it: ``0.0834``, ``1``, ``12``."""
    text = f"{value:.4g}"
    return "0" if text == "-0" else text
