"""The policy to start from, fitted to what there is to measure."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

from assay.checks import known_metrics
from assay.policy.ready import ready_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.checks.control import Words
    from assay.records.tally import Task

STARTER = "starter.yaml"

_CONTROL = re.compile(r"(?m)^  - id: ")
_METRIC = re.compile(r"(?m)^    metric: (\w+)$")


def starter_text() -> str:
    """Return the text of the starting policy; it compares every attribute that was measured."""
    return files("assay.policy").joinpath(STARTER).read_text(encoding="utf-8")


def ready_policy(name: str, attributes: Sequence[str]) -> str:
    """Return a ready policy fitted to the protected attributes there are; none of its controls is left out.

    Raises:
        InputError: when there is none of that name.
    """
    quoted = [_quoted(attribute) for attribute in attributes]
    fitted = f"attributes: [{', '.join(quoted)}]"
    if len(quoted) > 1:
        fitted += f"\n  intersections: [[{quoted[0]}, {quoted[1]}]]"
    return ready_text(name).replace("# attributes: [race, sex]", fitted if quoted else "# attributes: [race, sex]", 1)


def starter_policy(
    attributes: Sequence[str],
    *,
    name: str = "starter",
    has_label: bool = True,
    has_prediction: bool = True,
    has_score: bool = True,
    task: Task = "binary",
    words: Words | None = None,
) -> str:
    """Return the starting policy fitted to the columns there are: controls that nothing could measure are left out.

    Args:
        attributes: protected attributes.
        name: the policy's name.
        has_label: whether there is a label column.
        has_prediction: whether there is a prediction column.
        has_score: whether there is a score column.
        task: kind of outcome.
        words: what people and favourable predictions are called.
    """
    there = {"label": has_label, "prediction": has_prediction, "score": has_score}
    head, *controls = _CONTROL.split(starter_text())

    def measurable(metric: str) -> bool:
        known = known_metrics()[metric]
        return task in known.tasks and all(there[need] for need in known.needs)

    def wanted(control: str) -> bool:
        metric = _METRIC.search(control)
        if metric is not None:
            return measurable(metric.group(1))
        return measurable("impact_ratio") if "check: impact-ratio" in control else True

    quoted = ", ".join(_quoted(attribute) for attribute in attributes)
    head = head.replace("# attributes: [race, sex]", f"attributes: [{quoted}]", 1)
    head = head.replace("name: starter", f"name: {_quoted(name)}", 1)
    if not measurable("selection_rate"):
        head = head.replace("  metrics: [selection_rate]\n", "", 1)
    if words is not None:
        told = f"words: {{favourable: {_quoted(words.favourable)}, people: {_quoted(words.people)}}}"
        head = re.sub(r"(?m)^words: .*$", lambda _: told, head, count=1)
    kept = [f"  - id: {control}" for control in controls if wanted(control)]
    return head + "".join(kept)


def _quoted(text: str) -> str:
    """Return text as YAML, quoted unless every reader takes it for text."""
    if re.fullmatch(r"[A-Za-z][A-Za-z_]{2,}[A-Za-z0-9_-]*", text) and text.lower() not in {
        "yes",
        "off",
        "true",
        "null",
        "false",
    }:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
