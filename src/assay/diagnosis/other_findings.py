"""Findings that are no gap of these counts: what each kind of check says of its cause, and what is to be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.records.explanation import Cause, Clue

if TYPE_CHECKING:
    from assay.records.explanation import CauseKind
    from assay.records.verdict import Finding

_MEASURED: dict[str, tuple[CauseKind, str]] = {
    "missingness": ("data.missingness", "Values are missing, or missing more for one group than for another."),
    "data-gaps": ("data.missingness", "Rows could not be counted in full: values are missing or unusable."),
    "representation": ("data.representation", "A group is not in the data as it is in the population."),
    "intersections-large-enough": ("data.sample_size", "Too few people of a group were measured."),
    "label-noise": ("data.label_noise", "Labels contradict what the features say of them."),
    "label-consistency": ("data.label_noise", "Like cases have unlike labels."),
    "stand-in-features": ("data.proxy", "A feature tells the protected attribute: it can stand in for it."),
    "drift": ("data.split_mismatch", "The rows are not distributed as those they are held against."),
    "label-shift": ("data.split_mismatch", "Labels are not distributed as in the rows they are held against."),
    "prediction-drift": ("data.split_mismatch", "Predictions have moved from where they were: so have the rows."),
    "worst-slice": ("model.slice", "The model errs more in one slice of the rows than in the others."),
    "counterfactual-flips": (
        "model.feature",
        "Decisions turn on the attribute, or on features that stand in for it: everything else stayed the same.",
    ),
}
"""Checks whose number is the measure of a cause: kind, and what was found."""

_PLAIN: dict[str, str] = {
    "approvals": "This is no matter of data or model: people have not yet consented to exactly what was tested.",
    "documentation": "This is no matter of data or model: what only people can say is not said, or is wrong.",
    "coverage": "This is no gap: something that the policy wants measured was not measured, or has no value.",
    "evidence-fresh": "This is no gap: the evidence is too old to say anything of today, or from the future.",
    "files-unchanged": "This is no gap: the model's files are not shown to be those that were measured.",
    "freshness": "This is no gap between groups: the newest rows are too old.",
    "duplicates": "This is no gap between groups: rows are there more than once.",
    "leakage": "This is no gap between groups: a feature gives the answer away, or rows of one part are in the other.",
    "schema": "This is no gap between groups: columns are not as they were declared.",
    "rule": "The policy's own rule over the evidence does not hold; the rule says of what it is made.",
    "not-worse-than": "The number is a change against the version in production: explain the metric itself to see why.",
    "performance-floor": "The floor is about everybody: no gap between groups is behind it that counts could show.",
    "robustness": "Decisions turn under noise that means nothing: scores stand too near the cut, or react too much.",
    "evasion": "Decisions turn under small changes that people can make.",
    "training-run": "This is about the run, and not about what it learnt.",
    "materiality": "The policy has no tier for this system: nothing was held against a limit.",
}


def other_causes(finding: Finding) -> tuple[Cause, ...]:
    """Return the cause of a finding that is no gap of these counts; its evidence is what was measured."""
    told = None if finding.measured is not None else finding.reason.rstrip(".")
    rows = None if finding.check == "approvals" else finding.n  # what approvals count is consents, and the reason says
    clue = Clue(what=_what(finding), value=finding.measured, interval=finding.interval, n=rows, told=told)
    known = _MEASURED.get(finding.check)
    if known is not None and (finding.measured is not None or finding.n is not None):
        kind, found = known
        sure = 0.9 if finding.status == "fail" else 0.5
        return (Cause(kind=kind, share=None, confidence=sure, detail=f"{found} {_where(finding)}", evidence=(clue,)),)
    plain = _PLAIN.get(finding.check, "No cause in data, model or threshold can be told from what was measured.")
    if finding.measured is None and finding.metric is not None and finding.check not in _PLAIN:
        plain = "There is no number to explain: it was not measured."
    return (Cause(kind="none", share=None, confidence=0.9, detail=plain, evidence=(clue,)),)


def _what(finding: Finding) -> str:
    return finding.metric.replace("_", " ") if finding.metric else finding.title


def _where(finding: Finding) -> str:
    named = {} if finding.of is msgspec.UNSET else finding.of
    told = [f"{name} {value}" for name, value in named.items()]
    told += [f"{name} {'not known' if value is None else value}" for name, value in finding.group.items()]
    told += [f"between groups of {' and '.join(finding.over.names)}"] if finding.over and not finding.group else []
    return f"Here: {', '.join(told)}." if told else ""
