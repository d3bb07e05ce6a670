"""What a log tells of itself: opened, frozen, its keys, its witnesses, its clock, and who checked it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.trail.own_acts import FROZEN, OPENED, RETIRED, ROTATED
from assay.trail.view import Fact, View, sentence, short

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.trail.answers import Answer

ABOUT_THE_LOG = (OPENED, FROZEN, RETIRED, ROTATED, "witness.changed", "clock.skew", "verify.run")


def log_history(view: View) -> Answer:
    """Answer what became of the log, in its own order; each sentence says whether it is the log's own act."""
    facts = view.facts(*ABOUT_THE_LOG)
    told = [
        sentence(f"{view.when(fact)}: {_TELL[fact.event.type](fact.said)}{_by(view, fact)}.", fact) for fact in facts
    ]
    rows = [
        {"at": fact.at, "event": fact.event.type, "signed_by": list(view.signers(fact.read)),
         **{name: getattr(fact.said, name) for name in _ROW if hasattr(fact.said, name)}, "entries": [fact.index]}
        for fact in facts
    ]  # fmt: skip
    return view.answer("log", {}, told, rows=rows, missing=view.not_counted(*ABOUT_THE_LOG), facts=facts)


_ROW = (
    "origin", "predecessor", "predecessor_size", "predecessor_root", "successor", "whose", "old_key_sha256",
    "new_key_sha256", "old_ml_dsa_key_sha256", "new_ml_dsa_key_sha256", "from_size", "reason", "witness", "change",
    "quorum", "retired", "ground", "host", "seconds", "direction", "size", "root", "outcome", "problems",
)  # fmt: skip


def _by(view: View, fact: Fact) -> str:
    """Return who says so: the log itself, or whose keys have signed."""
    signers = view.signers(fact.read)
    own = [name for name in signers if name.startswith("the log ")]
    return ", as the log itself says" if own else f", signed by {', '.join(signers)}"


def _opened(said: Any) -> str:  # noqa: ANN401 - the fields of `LogOpened`
    if said.predecessor is None:
        return f"the log {said.origin} was opened"
    return (
        f"the log {said.origin} was opened; it goes on after the {said.predecessor_size} entries of {said.predecessor} "
        f"(root {short(said.predecessor_root)})"
    )


def _rotated(said: Any) -> str:  # noqa: ANN401 - the fields of `KeyRotated`
    second = ""
    if said.new_ml_dsa_key_sha256 is not None:
        second = (
            f", and its ML-DSA-44 key ({short(said.old_ml_dsa_key_sha256)}) by {short(said.new_ml_dsa_key_sha256)},"
        )
    return (
        f"the key of {said.whose} ({short(said.old_key_sha256)}) was followed by {short(said.new_key_sha256)}{second} "
        f"from size {said.from_size} on ({said.reason})"
    )


_TELL: dict[str, Callable[[Any], str]] = {
    OPENED: _opened,
    FROZEN: lambda said: f"the log {said.origin} was frozen; {said.successor} goes on",
    RETIRED: lambda said: (
        f"the {said.size} entries of the log {said.retired} (root {short(said.root)}) were deleted ({said.ground})"
    ),
    ROTATED: _rotated,
    "witness.changed": lambda said: (
        f"the witness {said.witness} was {said.change}; {said.quorum} must sign from then on"
    ),
    "clock.skew": lambda said: (
        f"the clock of {said.host} was {said.seconds} s {said.direction}, measured against {said.measured_against}"
    ),
    "verify.run": lambda said: f"the log was checked up to size {said.size}: {said.outcome}, {said.problems} problems",
}
