"""One limit of an extended policy set or made tighter, without restating its control; a looser one is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.checks._judge import limit_words
from assay.errors import suggest
from assay.policy import sense
from assay.policy.compare import looser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.checks.control import Control
    from assay.policy.form import Policy, Tightening

    Found = Iterator[tuple[str, str]]


def tightened(control: Control, said: Tightening | None) -> Control:
    """Return a control with the limit that an extending policy sets; the control itself where it sets none."""
    if said is None:
        return control
    return msgspec.structs.replace(
        control,
        limit=said.limit or control.limit,
        limits={**control.limits, **said.limits},
        provenance=said.provenance,
        unset=None,
    )


def tightenings(lower: Policy, upper: Policy) -> Found:
    """Yield (path, message) for everything that an extending policy cannot tighten, or does not.

    Args:
        lower: the policy extended, with everything that it extends.
        upper: the policy that extends it, as it is written.
    """
    there = {control.id: control for control in lower.controls}
    own = {control.id for control in upper.controls}
    for name, said in upper.tightens.items():
        path = f"$.tightens.{name}"
        control = there.get(name)
        if control is None:
            yield path, f"{lower.name} has no control {name!r}{suggest(name, there)}"
        elif name in upper.removes or name in own:
            where = "removes" if name in upper.removes else "controls"
            yield path, f"{name!r} stands under `{where}` too; keep one of them"
        else:
            yield from _one(control, said, path)


def _one(control: Control, said: Tightening, path: str) -> Found:
    if said.limit is None and not said.limits:
        yield path, "expected limit or limits, found neither: nothing would be tightened"
        return
    if said.limit is not None and control.limits:
        listed = ", ".join(control.limits)
        yield f"{path}.limit", f"{control.id} has a limit for each tier ({listed}); write `limits` with the tiers meant"
        return
    pairs = [(f"{path}.limit", control.limit, said.limit)] if said.limit is not None else []
    pairs += [(f"{path}.limits.{tier}", control.limit_in(tier), limit) for tier, limit in said.limits.items()]
    for at, old, new in pairs:
        if old is not None and new == old:
            yield at, f"{control.id} is {limit_words(old)} already; leave this out"
        elif old is not None and looser(old, new):
            words = f"looser: {limit_words(old)} becomes {limit_words(new)}; `tightens` only tightens."
            yield at, f"{words} To loosen, write the control under `controls`, and `loosens` with the reason"
    yield from sense.examine(tightened(control, said), path)
