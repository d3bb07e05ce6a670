"""An explanation as text for people, and as JSON for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from assay.records.explanation import Cause, Clue, ExplainedFinding, Explanation


def explanation_json(explanation: Explanation) -> str:
    """Return ``{"findings": [...], ...}``, indented."""
    return msgspec.json.format(msgspec.json.encode(explanation), indent=1).decode()


def explanation_text(explanation: Explanation) -> str:
    """Return the explanation for a person, finding by finding."""
    return "\n\n".join(_finding(one) for one in explanation.findings) + "\n"


def _finding(found: ExplainedFinding) -> str:
    lines = [f"{found.status.upper()}  {found.finding}: {found.title}", f"  {found.reason}"]
    lines += [f"  {told}" for told in (found.about, found.people, found.change, found.certainty) if told]
    lines.append("  Causes, the likeliest first:")
    for number, cause in enumerate(found.causes, 1):
        lines += _cause(number, cause)
    if found.remedies:
        lines.append("  What would mend it:")
        lines += [f"    - {remedy.detail}" for remedy in found.remedies]
    if found.unexamined:
        lines.append("  Not looked at:")
        lines += [f"    - {told}" for told in found.unexamined]
    return "\n".join(lines)


def _cause(number: int, cause: Cause) -> list[str]:
    share = "" if cause.share is None else f"{cause.share:.0%} of the gap, "
    head = f"    {number}. {cause.kind} ({share}confidence {cause.confidence:.0%}): {cause.detail}"
    return [head, *(f"         {_clue(clue)}" for clue in cause.evidence)]


def _clue(clue: Clue) -> str:
    value = "" if clue.value is None else f": {clue.value:.4g}"
    span = "" if clue.interval is None else f" ({clue.interval[0]:.4g} to {clue.interval[1]:.4g})"
    rows = "" if clue.n is None else f", n = {clue.n:,}"
    told = "" if clue.told is None else f": {clue.told}"
    return f"{clue.what}{value}{span}{told}{rows}"
