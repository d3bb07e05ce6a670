"""Numbers that a card claims, held against what was measured: the ``claims`` list, and numbers in prose.

Prose is read sentence by sentence. A number counts as a claim when it stands within a few words of a metric's name
("accuracy of 0.95", "95 % accuracy", "selection rate for race: black is 0.7"). Sentences about limits, goals or earlier
versions claim nothing about this one and are passed over. How numbers are written stands in
`assay.reports.said_numbers`. A claim holds when some measurement of that metric, for the
group the sentence names or for everybody, rounds to it at the precision the author chose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from assay.errors import suggest
from assay.reports.said_numbers import SaidNumber, said_numbers
from assay.reports.words import about, group_value, group_words, metric_words, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from assay.records.measurement import Measurement
    from assay.records.tally import GroupValue
    from assay.reports.card import Claim

ALIASES = {
    "accuracy": ("accurate",),
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
_NOT_A_CLAIM = re.compile(
    r"\b(limit|threshold|target|goal|aim|must|should|shall|require[sd]?|baseline|previous|former|earlier|last year|"
    r"tolerance)\b",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(r"\b(at least|over|above|more than|exceed(s|ing)?|better than|no less than)\W*$", re.IGNORECASE)
_AT_MOST = re.compile(r"\b(at most|under|below|less than|no more than|up to)\W*$", re.IGNORECASE)


_AFTER = re.compile(r"(?:[^\w.;]*[^\W_]+(?:[_:-][^\W_]+)*:?){0,9}[^\w.;%]*")
"""What may stand between a metric's name and its number: a few words, and no end of a sentence."""

_CHANGE = re.compile(
    r"\b(?:difference|gap|change|drop|gain|rise|increase|decrease|loss)\s+(?:in|of)\s+(?:the\s+)?\Z", re.IGNORECASE
)
"""What makes a name part of another quantity: the difference in accuracy is no accuracy."""

_TOGETHER = re.compile(r"\s*(?:,|/|&|\band\b|\bor\b|,\s*and\b)\s*(?:the\s+)?", re.IGNORECASE)
"""What stands between names that are told of together."""

_BEFORE = re.compile(r"(?:\s+(?!less\b|more\b|better\b|worse\b)[^\W\d_]+){0,4}\W{1,2}")
"""What may stand between a number and the name that follows it."""


_Named: TypeAlias = tuple[str, int, int]
"""A metric that a sentence names, and where."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A number found in prose beside a metric's name, and the bound it states."""

    number: SaidNumber
    bound: str

    @property
    def words(self) -> str:
        """The claim as it is told."""
        low, high = self.number.low, self.number.high
        return f"{self.bound} {low:g}".lstrip() if low == high else f"{low:g} to {high:g}"

    def holds(self, measured: float, *, share: bool) -> bool:
        """Say whether a measured value is what was claimed; a share of 87.5 was meant in percent."""
        said = self.number
        scale = 0.01 if share and said.bare and said.low > 1 else 1.0
        low, high, half = said.low * scale, said.high * scale, said.half * scale
        if self.bound == "at least":
            return measured >= low
        if self.bound == "at most":
            return measured <= high
        return low - half - 1e-12 <= measured <= high + half + 1e-12


def contradictions(
    claims: Iterable[Claim], texts: Iterable[tuple[str, str]], measurements: Sequence[Measurement], *,
    in_table: bool = False,
) -> tuple[str, ...]:  # fmt: skip
    """Return a sentence for every claim that the evidence contradicts: what is claimed, what was measured, where.

    Args:
        claims: the card's list of claims.
        texts: (JSON path, text) of everything a person wrote.
        measurements: the evidence.
        in_table: whether the texts are cells of tables, whose group may stand in a caption: where none is named, a
            number that is any group's holds.
    """
    found = [_claim(claim, f"$.claims[{index}]", measurements) for index, claim in enumerate(claims)]
    for path, text in texts:
        for sentence in _SENTENCE.split(text):
            told = _prose(sentence, measurements, in_table=in_table)
            found.extend(f"{path}: {one}" for one in told if one)
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


def _prose(sentence: str, measurements: Sequence[Measurement], *, in_table: bool) -> Iterator[str]:
    if _NOT_A_CLAIM.search(sentence):
        return
    numbers = [one for one in said_numbers(sentence) if not one.plain]
    named = _named(sentence, measurements) if numbers else []
    scope = _Scope(measurements, sentence, in_table=in_table)
    taken: set[int] = set()
    left: list[tuple[str, int]] = []
    for run, until in _runs(named, sentence):
        after = [one for one in numbers if run[-1][2] <= one.start < until]
        metrics = [metric for metric, start, _ in run if not _CHANGE.search(sentence, 0, start)]
        listed = list(_listed(sentence, run[-1][2], after, several=len(run) > 1 or scope.grouped))
        if len(run) > 1 and len(listed) < len(run):
            metrics, left = metrics[-1:], [*left, *((metric, start) for metric, start, _ in run[:-1])]
        for place, (found, lead) in enumerate(listed):
            taken.add(found.start)
            metric = metrics[place] if len(run) > 1 and place < len(metrics) else (metrics or [""])[-1]
            yield scope.against(_said(found, lead), metric, found.end) if metric else ""
        left += [] if listed else [(metric, start) for metric, start, _ in run[-1:]]
    for metric, start in left:
        before = next((one for one in reversed(numbers) if one.end <= start and one.start not in taken), None)
        if before is not None and _BEFORE.fullmatch(sentence, before.end, start):
            taken.add(before.start)
            yield scope.against(_said(before, sentence[: before.start]), metric, len(sentence))


def _runs(named: list[_Named], sentence: str) -> Iterator[tuple[list[_Named], int]]:
    """Yield names that stand together ("accuracy and AUC are ..."), and where the next names begin."""
    runs: list[list[_Named]] = []
    for one in named:
        if runs and _TOGETHER.fullmatch(sentence, runs[-1][-1][2], one[1]):
            runs[-1].append(one)
        else:
            runs.append([one])
    for place, run in enumerate(runs, start=1):
        yield run, runs[place][0][1] if place < len(runs) else len(sentence)


def _listed(sentence: str, end: int, numbers: list[SaidNumber], *, several: bool) -> Iterator[tuple[SaidNumber, str]]:
    """Yield the number that follows metrics' names, and those that go on about others, with what leads to each."""
    for one in numbers:
        if not _AFTER.fullmatch(sentence, end, one.start):
            return
        yield one, sentence[end : one.start]
        if not several:
            return
        end = one.end


def _said(found: SaidNumber, lead: str) -> _Said:
    return _Said(found, "at least" if _AT_LEAST.search(lead) else "at most" if _AT_MOST.search(lead) else "")


def _named(sentence: str, measurements: Sequence[Measurement]) -> list[_Named]:
    """Return each metric that a sentence names, with where; of names that overlap the longest counts."""
    names = sorted((name, metric) for metric in {m.metric for m in measurements} for name in _names(metric))
    found: list[_Named] = []
    for name, metric in sorted(names, key=lambda pair: (-len(pair[0]), pair)):
        words = r"[\s_-]+".join(re.escape(word) for word in re.split(r"[\s_]+", name))
        for match in re.finditer(rf"(?<![\w-]){words}s?(?![\w-])", sentence, re.IGNORECASE):
            if all(match.end() <= start or end <= match.start() for _, start, end in found):
                found.append((metric, match.start(), match.end()))
    return sorted(found, key=lambda one: one[1])


def _names(metric: str) -> set[str]:
    return {metric.lower(), metric.lower().replace("_", " "), *ALIASES.get(metric, ())}


class _Scope:
    """The measurements that a sentence may be about: of the groups that it names, or of everybody."""

    def __init__(self, measurements: Sequence[Measurement], sentence: str, *, in_table: bool) -> None:
        self._measurements = measurements
        self._sentence = sentence
        self._in_table = in_table
        self.grouped = any(found.group and _names_group(found, sentence) for found in measurements)

    def against(self, said: _Said, metric: str, end: int) -> str:
        """Return what the evidence has against a number that ends somewhere; empty where it has nothing."""
        scope = self._of(metric, end)
        values = [(found, found.value) for found in scope if found.value is not None]
        if not values or any(said.holds(value, share=_is_share(found)) for found, value in values):
            return ""
        measured = ", ".join(f"{number(value)} for {about(found)}" for found, value in values)
        return f"claims {metric_words(metric)} of {said.words}, but {measured} was measured"

    def _of(self, metric: str, end: int) -> list[Measurement]:
        same = [found for found in self._measurements if found.metric == metric and found.value is not None]
        named = [found for found in same if found.group and _names_group(found, self._sentence)]
        most = max((len(found.group) for found in named), default=0)
        groups = [found for found in named if len(found.group) == most]
        if groups:
            return _last_named(groups, self._sentence[:end]) or groups
        if self._in_table:
            return same
        return [] if self.grouped else [found for found in same if not found.group]


def _last_named(found: list[Measurement], sentence: str) -> list[Measurement]:
    """Return of measurements of groups those whose group is named last; none where none is."""

    def last(one: Measurement) -> int:
        places = [
            max((match.start() for match in _mentions(value, sentence)), default=-1) for value in one.group.values()
        ]
        return min(places)

    at = max(map(last, found))
    return [one for one in found if last(one) == at >= 0]


def _is_share(found: Measurement) -> bool:
    return found.unit in {"rate", "score", "ratio"} and found.value is not None and 0 <= found.value <= 1


def _names_group(found: Measurement, sentence: str) -> bool:
    return all(any(_mentions(value, sentence)) for value in found.group.values())


def _mentions(value: GroupValue, sentence: str) -> Iterator[re.Match[str]]:
    return re.finditer(rf"(?<!\w){re.escape(group_value(value))}(?!\w)", sentence, re.IGNORECASE)
