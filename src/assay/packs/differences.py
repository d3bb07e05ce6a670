"""What one version of a framework asks that another does not, control by control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.packs.dates import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.packs.form import Pack, PackControl

Kind: TypeAlias = Literal["added", "removed", "dates", "words", "reading", "roles", "evidence"]

_EVIDENCE = ("automation", "evidence", "checks", "documents")


@dataclass(frozen=True)
class Difference:
    """One difference.

    Attributes:
        control: the control's id.
        kind: what sort it is; ``dates`` is from when it applies, ``reading`` how far it was checked.
        old: as it was; empty when it is new.
        new: as it is; empty when it is gone.
    """

    control: str
    kind: Kind
    old: str
    new: str


def differences(old: Pack, new: Pack) -> tuple[Difference, ...]:
    """Return what differs between two packs, in the order of the new one; what is gone comes last."""
    before = {one.id: one for one in old.controls}
    after = {one.id: one for one in new.controls}
    found: list[Difference] = []
    for name, control in after.items():
        if name not in before:
            found.append(Difference(name, "added", "", f"{control.title}: {control.says}"))
        else:
            found += _of(before[name], control, old, new)
    found += [
        Difference(name, "removed", f"{one.title}: {one.says}", "") for name, one in before.items() if name not in after
    ]
    return tuple(found)


def _of(one: PackControl, other: PackControl, old: Pack, new: Pack) -> Iterator[Difference]:
    was, now = told(old.dates[one.dates]), told(new.dates[other.dates])
    if was != now:
        yield Difference(one.id, "dates", was, now)
    if (one.title, one.says) != (other.title, other.says):
        yield Difference(one.id, "words", f"{one.title}: {one.says}", f"{other.title}: {other.says}")
    if one.roles != other.roles:
        yield Difference(one.id, "roles", ", ".join(one.roles), ", ".join(other.roles))
    before = {key: getattr(one, key) for key in _EVIDENCE}
    after = {key: getattr(other, key) for key in _EVIDENCE}
    for key in _EVIDENCE:
        if before[key] != after[key]:
            yield Difference(one.id, "evidence", f"{key}: {_listed(before[key])}", f"{key}: {_listed(after[key])}")
    read, reads = old.readings[one.verified], new.readings[other.verified]
    if read != reads:
        yield Difference(one.id, "reading", _read(read.verified, read.by), _read(reads.verified, reads.by))


def _listed(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value) or "none"


def _read(verified: bool, by: str) -> str:
    return f"{'verified' if verified else 'not verified'}: {by}"
