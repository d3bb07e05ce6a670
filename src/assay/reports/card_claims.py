"""Numbers that a card claims, held against what was measured: the ``claims`` list, and numbers in prose.

Prose is read sentence by sentence. A number counts as a claim when it stands within a few words of a metric's name
("accuracy of 0.95", "95 % accuracy", "selection rate for race: black is 0.7"). Sentences about limits, goals or earlier
versions claim nothing about this one and are passed over. A claim holds when some measurement of that metric, for the
group the sentence names or for everybody, rounds to it at the precision the author chose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import suggest
from assay.reports.words import about, group_value, group_words, metric_words, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from assay.records.measurement import Measurement
    from assay.reports.card import Claim

ALIASES = {
    "roc_auc": ("auc", "auroc", "roc auc", "area under the curve", "area under the roc curve"),
    "true_positive_rate": ("true positive rate", "tpr", "recall", "sensitivity"),
    "false_positive_rate": ("false positive rate", "fpr"),
    "true_negative_rate": ("true negative rate", "tnr", "specificity"),
    "false_negative_rate": ("false negative rate", "fnr", "miss rate"),
    "f1": ("f1 score",),
    "brier_score": ("brier",),
    "r2": ("r squared",),
    "selection_rate": ("selection rate", "approval rate"),
    "matthews_correlation": ("mcc", "matthews correlation coefficient"),
    "mean_absolute_error": ("mae",),
    "root_mean_squared_error": ("rmse",),
    "expected_calibration_error": ("ece", "calibration error"),
}

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_PERCENT = r"(?:\s?%|\s?(?:percent|per\s+cent)\b)"
_NUMBER = rf"(?P<number>\d+(?:\.\d+)?)(?P<percent>{_PERCENT})?"
_NOT_A_CLAIM = re.compile(
    r"\b(limit|threshold|target|goal|aim|must|should|shall|require[sd]?|baseline|previous|former|earlier|last year|"
    r"confidence|interval|tolerance)\b",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(r"\b(at least|over|above|more than|exceed(s|ing)?|better than|no less than)\W*$", re.IGNORECASE)
_AT_MOST = re.compile(r"\b(at most|under|below|less than|no more than|up to)\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Said:
    """A number found in prose: its value, half a unit of its last digit, and the bound it states."""

    value: float
    half: float
    bound: str

    def holds(self, measured: float) -> bool:
        if self.bound == "at least":
            return measured >= self.value
        if self.bound == "at most":
            return measured <= self.value
        return abs(measured - self.value) <= self.half + 1e-12


def contradictions(
    claims: Iterable[Claim], texts: Iterable[tuple[str, str]], measurements: Sequence[Measurement]
) -> tuple[str, ...]:
    """Return a sentence for every claim that the evidence contradicts: what is claimed, what was measured, where.

    Args:
        claims: the card's list of claims.
        texts: (JSON path, text) of everything a person wrote.
        measurements: the evidence.
    """
    found = [_claim(claim, f"$.claims[{index}]", measurements) for index, claim in enumerate(claims)]
    for path, text in texts:
        for sentence in _SENTENCE.split(text):
            found.extend(_prose(sentence, path, measurements))
    return tuple(sentence for sentence in found if sentence)


def _claim(claim: Claim, path: str, measurements: Sequence[Measurement]) -> str:
    about_whom = f" between groups of {claim.over}" if claim.over else f" ({group_words(claim.group)})"
    told = f"{path}: claims {claim.metric}{about_whom} of {claim.value:g}"
    same = [found for found in measurements if found.metric == claim.metric]
    if not same:
        return f"{told}, but {claim.metric} was not measured{suggest(claim.metric, {m.metric for m in measurements})}"
    for found in same:
        over = found.over.attribute if found.over else None
        if found.group != claim.group or over != claim.over:
            continue
        if found.value is None:
            return f"{told}, but it has no value: {found.reason}"
        if abs(found.value - claim.value) <= claim.tolerance + 1e-12:
            return ""
        return f"{told}, but {number(found.value)} was measured (n = {found.n:,}; tolerance {claim.tolerance:g})"
    return f"{told}, but {claim.metric} was not measured there; it was for {about(same[0])}"


def _prose(sentence: str, path: str, measurements: Sequence[Measurement]) -> Iterator[str]:
    if _NOT_A_CLAIM.search(sentence):
        return
    spoken: set[tuple[int, int]] = set()
    names = sorted((name, metric) for metric in {m.metric for m in measurements} for name in _names(metric))
    for name, metric in sorted(names, key=lambda pair: (-len(pair[0]), pair)):
        for said, span in _numbers_near(name, sentence):
            if any(span[0] < taken[1] and taken[0] < span[1] for taken in spoken):
                continue
            spoken.add(span)
            yield _against(said, metric, sentence, path, measurements)


def _names(metric: str) -> set[str]:
    return {metric.lower(), metric.lower().replace("_", " "), *ALIASES.get(metric, ())}


def _numbers_near(name: str, sentence: str) -> Iterator[tuple[_Said, tuple[int, int]]]:
    """Yield numbers up to six words after a metric's name, or right before it, with the span of text they take."""
    word = rf"(?<![\w-]){re.escape(name)}(?![\w-])"
    after = re.compile(rf"{word}(?P<between>(?:[^\w.]+[A-Za-z_:]+){{0,6}}[^\w.%]+){_NUMBER}(?![\w.]*\w)", re.IGNORECASE)
    before = re.compile(rf"(?<![\w.]){_NUMBER}\s+(?:\w+\s+)?{word}", re.IGNORECASE)
    for pattern in (after, before):
        for match in pattern.finditer(sentence):
            written, percent = match["number"], bool(match["percent"])
            decimals = len(written.partition(".")[2])
            if not percent and not decimals:
                continue  # a bare whole number beside a metric's name is a year, a count or a section
            lead = match.groupdict().get("between") or sentence[: match.start()]
            bound = "at least" if _AT_LEAST.search(lead) else "at most" if _AT_MOST.search(lead) else ""
            scale = 0.01 if percent else 1.0
            yield _Said(float(written) * scale, 0.5 * 10**-decimals * scale, bound), match.span()


def _against(said: _Said, metric: str, sentence: str, path: str, measurements: Sequence[Measurement]) -> str:
    same = [found for found in measurements if found.metric == metric and found.value is not None]
    named = [found for found in same if found.group and _names_group(found, sentence)]
    most = max((len(found.group) for found in named), default=0)
    scope = [found for found in named if len(found.group) == most] or [found for found in same if not found.group]
    if not scope or any(said.holds(found.value) for found in scope if found.value is not None):
        return ""
    measured = ", ".join(f"{number(found.value)} for {about(found)}" for found in scope if found.value is not None)
    bound = f"{said.bound} " if said.bound else ""
    return f"{path}: claims {metric_words(metric)} of {bound}{said.value:g}, but {measured} was measured"


def _names_group(found: Measurement, sentence: str) -> bool:
    return all(
        re.search(rf"(?<!\w){re.escape(group_value(value))}(?!\w)", sentence, re.IGNORECASE)
        for value in found.group.values()
    )
