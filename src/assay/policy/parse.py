"""Policy text in, policy out: everything it extends is read, and every mistake is told at once."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from assay.checks.control import Control
from assay.errors import DocumentError, InputError, Problem
from assay.policy import sense
from assay.policy.compare import changes
from assay.policy.form import Extends, Policy
from assay.policy.ready import is_ready, ready_text
from assay.policy.tightening import tightened, tightenings
from assay.records.canonical import sha256_hex
from assay.records.document import Positions, load_yaml_with_positions
from assay.records.verdict import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Read = Callable[[str], bytes]

MAX_FILES = 8
"""A longer chain of policies is one that nobody can follow."""

_OWN = frozenset({"schema", "name", "version", "extends", "loosens", "tightens", "removes", "controls", "tiers"})
"""Keys that are not simply taken from the policy extended where this one leaves them out."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One file of a policy: what it says, where, and which file it is."""

    written: Policy
    positions: Positions

    def wrote(self, key: str) -> bool:
        return f"$.{key}" in self.positions.places

    def extended(self) -> Extends | None:
        extends = self.written.extends
        return Extends(file=extends) if isinstance(extends, str) else extends

    def places(self) -> dict[str, Place]:
        found = {f"$.{key}": f"$.{key}" for key in Policy.__struct_fields__ if self.wrote(key)}
        found |= {f"$.tightens.{name}": f"$.tightens.{name}" for name in self.written.tightens}
        found |= {control.id: f"$.controls[{i}]" for i, control in enumerate(self.written.controls)}
        return {
            what: Place(file=self.positions.file, line=at[0], column=at[1], path=path)
            for what, path in found.items()
            for at in [self.positions.at(path)]
        }


def _read_sheet(name: str, content: bytes) -> _Sheet:
    ids: set[str] = set()

    def examine(part: object, path: str, positions: Positions) -> Iterator[tuple[str, str]]:
        yield from sense.examine(part, path)
        if isinstance(part, Control):
            if part.id in ids:
                yield f"{path}.id", f"two controls have the id {part.id!r}; give each its own"
            ids.add(part.id)
        if isinstance(part, Policy) and part.extends is None:
            yield from _whole(part, positions)

    written, positions = load_yaml_with_positions(content, Policy, name=name, examine=examine)
    return _Sheet(written, positions)


def _whole(policy: Policy, positions: Positions) -> Iterator[tuple[str, str]]:
    """Yield what does not fit together in a policy of one file; unreadable parts do not count against it."""
    tiers = set(policy.tiers)
    tiers |= {path.split(".")[2] for path in positions.places if path.startswith("$.tiers.")}
    numbers = {id(control): i for i, control in enumerate(policy.controls)}
    listed = sum(
        1 for path in positions.places if path.startswith("$.controls[") and path.endswith("]") and path.count("[") == 1
    )
    exact = listed == len(policy.controls)

    def at(control: Control) -> str:
        return f"$.controls[{numbers[id(control)]}]" if exact else "$.controls"

    yield from sense.whole(policy, tiers, at)
    if not listed:
        yield "$", "expected at least one control, found none: a policy without controls decides nothing"
    if policy.removes:
        yield "$.removes", "nothing is extended, so nothing can be removed; leave this out"
    if policy.tightens:
        yield "$.tightens", "nothing is extended, so nothing can be tightened; write the limit in the control"


def _merge(lower: Policy, sheet: _Sheet) -> Policy:
    """Lay a policy over the one it extends: what it writes holds, controls by their id."""
    upper = sheet.written
    own = {control.id: control for control in upper.controls}
    below = [tightened(c, upper.tightens.get(c.id)) for c in lower.controls if c.id not in upper.removes]
    controls = [own.pop(c.id, c) for c in below]
    inherited = {
        key: getattr(lower, key) for key in Policy.__struct_fields__ if key not in _OWN and not sheet.wrote(key)
    }
    return msgspec.structs.replace(
        upper,
        extends=None,
        removes=(),
        tightens={},
        loosens=lower.loosens + upper.loosens,
        tiers={**lower.tiers, **upper.tiers},
        controls=(*controls, *own.values()),
        **inherited,
    )


def _loosened(lower: Policy, merged: Policy, sheet: _Sheet) -> Iterator[Problem]:
    """Yield a problem for each loosening that is not said to be one."""
    said = {loosening.what for loosening in sheet.written.loosens}
    places = sheet.places()
    for change in changes(lower, merged):
        if change.direction != "loosens" or change.what in said or change.what in sheet.written.tightens:
            continue  # what `tightens` loosens is told where it stands
        place = places.get(change.what) or places.get(f"$.{change.what}") or places.get("$.removes")
        path = place.path if place else "$.extends"
        message = f"looser than {lower.name} {lower.version}: {change.words}. Tighten it, or say under `loosens:` "
        yield sheet.positions.problem(path, f"{message}{{what: {change.what}, reason: ...}}")


def _fetch(name: str, read: Read, at: Callable[[str], Problem]) -> bytes:
    try:
        return ready_text(name).encode() if is_ready(name) else read(name)
    except (OSError, InputError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DocumentError([at(f"expected a policy file {name!r}, cannot read it: {why}")]) from None


def _resolve(name: str, content: bytes, read: Read, chain: tuple[str, ...]) -> tuple[Policy, dict[str, Place]]:
    sheet = _read_sheet(name, content)
    extends = sheet.extended()
    if extends is None:
        return sheet.written, sheet.places()

    def at(message: str) -> Problem:
        return sheet.positions.problem("$.extends", message)

    beside = posixpath.normpath(posixpath.join(posixpath.dirname(name), extends.file))
    target = extends.file if is_ready(extends.file) else beside
    if target in chain:
        raise DocumentError([at(f"policies extend each other in a circle: {' -> '.join((*chain, target))}")])
    if len(chain) >= MAX_FILES:
        raise DocumentError([at(f"expected at most {MAX_FILES} policies in a chain, found more")])
    below = _fetch(target, read, at)
    found = sha256_hex(below)
    if extends.sha256 is not None and extends.sha256 != found:
        raise DocumentError(
            [at(f"{target} was to have the SHA-256 {extends.sha256}, it has {found}; review the change")]
        )
    lower, lower_places = _resolve(target, below, read, (*chain, target))
    merged = _merge(lower, sheet)
    problems = list(_together(lower, merged, sheet))
    problems += _loosened(lower, merged, sheet)
    if problems:
        raise DocumentError(sorted(problems, key=lambda p: (p.line, p.column)))
    return merged, {**lower_places, **sheet.places()}


def _together(lower: Policy, merged: Policy, sheet: _Sheet) -> Iterator[Problem]:
    numbers = {control.id: i for i, control in enumerate(sheet.written.controls)}
    known = {control.id for control in lower.controls}

    def at(control: Control) -> str:
        if control.id in sheet.written.tightens:
            return f"$.tightens.{control.id}"
        return f"$.controls[{numbers[control.id]}]" if control.id in numbers else "$.tiers"

    for index, removed in enumerate(sheet.written.removes):
        if removed not in known:
            yield sheet.positions.problem(f"$.removes[{index}]", f"{lower.name} has no control {removed!r}")
    for path, message in tightenings(lower, sheet.written):
        yield sheet.positions.problem(path, message)
    for path, message in sense.whole(merged, merged.tiers, at):
        yield sheet.positions.problem(path, message)
    if not merged.controls:
        yield sheet.positions.problem("$.removes", "no control is left: a policy without controls decides nothing")


def parse_policy(name: str, read: Read) -> Policy:
    """Read a policy and everything it extends.

    Args:
        name: the policy's file, as the user names it.
        read: gives the bytes of a named file; names of extended policies are relative to the file that names them. A
            name such as ``assay:credit-us`` is a ready policy, and nothing is read.

    Raises:
        DocumentError: with every mistake of the file, in its order; a file that cannot be read is one.
    """
    content = _fetch(name, read, lambda message: Problem(name, 0, 0, "", message))
    policy, places = _resolve(name, content, read, (posixpath.normpath(name),))
    return policy.placed(places)
