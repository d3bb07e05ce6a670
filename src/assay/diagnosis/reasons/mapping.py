"""``reasons.yaml``: what each feature is called before a person, and what that person could do about it.

Read strictly, and looked through for what Regulation B calls insufficient (12 CFR 1002.9(b)(2)): internal standards or
policies, or a failure to achieve a qualifying score. Comment 9(b)(2)-1 of the official interpretations (Supplement I to
part 1002) says that more than four reasons are not likely to help; -4 that reasons are factors actually scored, and
that none of the principal ones may be left out.
https://www.consumerfinance.gov/rules-policy/regulations/1002/interp-9/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from assay.errors import DocumentError, Problem, suggest
from assay.records.document import load_yaml_with_positions
from assay.records.reasons import Applicants

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assay.records.document import Positions
    from assay.records.reasons import Cell

MOST_REASONS = 4
LONGEST = 300
FEWEST_WORDS = 2
_COIN = 0.5

_VAGUE = (
    (r"\b(internal|our|the bank's|lender's|company) (standards?|polic(y|ies)|criteria|guidelines?)\b",
     "internal standards or policies"),
    (r"\b(qualifying|minimum|passing|credit|risk|application|your|low|insufficient) scor(e|ing)\b", "a score"),
    (r"\b(algorithms?|the model|a model|artificial intelligence|machine learning|automated decision)\b",
     "how it was decided"),
    (r"^(other|others|various|several|miscellaneous|multiple) (reasons?|factors?)\b", "other reasons"),
    (r"\b(insufficient|poor|low|lacking) (creditworthiness|profile|risk profile|projected income behaviour)\b",
     "a summary that says nothing of what was scored"),
)  # fmt: skip
"""Words that tell a person nothing that could be looked at or mended, and what they speak of."""


class FeatureWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One feature: its words, and what a person could do.

    Attributes:
        called: the feature's name before a person, in advice.
        statement: the reason in words, whatever the value.
        low: the reason when the value lies below the reference's mean; in place of ``statement``.
        high: the reason when it lies above.
        missing: the reason when the value is missing.
        values: the reason by value, for texts, truth values and codes.
        actionable: whether a person can change it.
        direction: in which direction; of numbers.
        min: the least that a person can be asked for.
        max: the most.
        step: changes are told in whole steps, rounded so that they still suffice.
        choices: what a text or a code could become.
        stands_in_for: the protected attribute that it is known to stand in for.
    """

    called: str | None = None
    statement: str | None = None
    low: str | None = None
    high: str | None = None
    missing: str | None = None
    values: dict[str, str] = {}
    actionable: bool = False
    direction: Literal["increase", "decrease", "either"] | None = None
    min: float | None = None
    max: float | None = None
    step: float | None = None
    choices: tuple[str | int | float | bool, ...] = ()
    stands_in_for: str | None = None

    def words(self) -> dict[str, str]:
        """Return every statement by its key."""
        named = {"statement": self.statement, "low": self.low, "high": self.high, "missing": self.missing}
        found = {key: text for key, text in named.items() if text is not None}
        return found | {f"values.{key}": text for key, text in self.values.items()}


class ReasonsMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The text of ``reasons.yaml``.

    Attributes:
        reference: whom the denied are compared with. ``passing``, those whose score is at or slightly above the least
            that passes, and ``all`` are the two methods that comment 9(b)(2)-5 describes; ``approved`` is all who pass.
        passing_share: how many of the approved, beginning with the lowest score, count as ``passing``.
        most: reasons listed at most.
        least_share: after the first, a reason is principal from this part of all that pulled the score down on; ours,
            and no law's.
        stand_in_from: a feature that tells a group of a protected attribute this well by itself (area under the ROC
            curve, 0.5 is a coin) is flagged as standing in for it, though nobody declared it; ours, and no law's.
        features: name to words; every feature of the model.
    """

    reference: Applicants = "passing"
    passing_share: float = 0.25
    most: int = MOST_REASONS
    least_share: float = 0.05
    stand_in_from: float = 0.7
    features: dict[str, FeatureWords]


def parse_mapping(content: bytes, *, name: str) -> ReasonsMapping:
    """Read ``reasons.yaml``, strictly.

    Args:
        content: the file.
        name: what the user calls it.

    Raises:
        DocumentError: with every problem in it, of form and of meaning.
    """
    return load_yaml_with_positions(content, ReasonsMapping, name=name, examine=_examined)[0]


def _examined(made: object, path: str, _positions: Positions) -> Iterator[tuple[str, str]]:
    if isinstance(made, ReasonsMapping):
        if not made.features:
            yield f"{path}.features", "expected the model's features, found none"
        if made.most < 1:
            yield f"{path}.most", f"expected 1 or more, {MOST_REASONS} by custom, found {made.most}"
        if not 0 < made.passing_share <= 1:
            yield f"{path}.passing_share", f"expected a share above 0 and up to 1, found {made.passing_share:g}"
        if not 0 <= made.least_share < 1:
            yield f"{path}.least_share", f"expected a share from 0 to below 1, found {made.least_share:g}"
        if not _COIN < made.stand_in_from <= 1:
            yield f"{path}.stand_in_from", f"expected an area above 0.5 and up to 1, found {made.stand_in_from:g}"
    if isinstance(made, FeatureWords):
        yield from _wordless(made, path)
        yield from _senseless(made, path)


def _wordless(made: FeatureWords, path: str) -> Iterator[tuple[str, str]]:
    words = made.words()
    if not words.keys() - {"missing"}:
        yield path, "expected a statement (or low and high, or values), found none: a reason needs words"
    for key, text in words.items():
        at = f"{path}.{key}"
        vague = next((about for pattern, about in _VAGUE if re.search(pattern, text, re.IGNORECASE)), None)
        if vague is not None:
            yield (
                at,
                (
                    f"expected what was scored, in specific words, found {text!r}, which speaks of {vague}; Regulation "
                    "B, 12 CFR 1002.9(b)(2), calls that insufficient"
                ),
            )
        elif len(text.split()) < FEWEST_WORDS or len(text) > LONGEST or "\n" in text:
            yield at, f"expected {FEWEST_WORDS} words to {LONGEST} characters on one line, found {text[:60]!r}"


def _senseless(made: FeatureWords, path: str) -> Iterator[tuple[str, str]]:
    for key in ("direction", "min", "max", "step"):
        if getattr(made, key) is not None and not made.actionable:
            yield f"{path}.{key}", f"expected only with actionable: true, found {key}"
        elif getattr(made, key) is not None and made.choices:
            yield f"{path}.{key}", f"expected choices or a range, found choices and {key}"
    if made.choices and not made.actionable:
        yield f"{path}.choices", "expected only with actionable: true, found choices"
    if made.min is not None and made.max is not None and made.min >= made.max:
        yield f"{path}.min", f"expected less than max ({made.max:g}), found {made.min:g}"
    if made.step is not None and made.step <= 0:
        yield f"{path}.step", f"expected a number above 0, found {made.step:g}"
    if made.actionable and made.stands_in_for is not None:
        yield f"{path}.actionable", f"expected false for what stands in for {made.stands_in_for}: nobody is told to"


def compare_features(mapping: ReasonsMapping, features: Sequence[str], *, name: str) -> None:
    """Check that a mapping has words for exactly the features that are scored.

    Raises:
        DocumentError: with every feature that lacks words, and every one that the model does not have.
    """
    problems = [
        Problem(name, 0, 0, f"$.features.{one}", "expected words for this feature of the model, found none")
        for one in features
        if one not in mapping.features
    ]
    problems += [
        Problem(
            name, 0, 0, f"$.features.{one}", f"expected a feature of the model, found {one!r}{suggest(one, features)}"
        )
        for one in mapping.features
        if one not in features
    ]
    if problems:
        raise DocumentError(problems)


def warnings_of(mapping: ReasonsMapping, protected: Sequence[str]) -> list[str]:
    """Return what is allowed and should be thought about, a line each."""
    told = []
    if mapping.most > MOST_REASONS:
        told.append(
            f"most: {mapping.most}. More than {MOST_REASONS} reasons are not likely to help a person (comment "
            "9(b)(2)-1 of Regulation B)"
        )
    for name, words in mapping.features.items():
        if name in protected:
            told.append(f"features.{name}: a protected attribute is scored; each reason that rests on it is flagged")
        elif words.stands_in_for is not None:
            told.append(
                f"features.{name}: stands in for {words.stands_in_for}; each reason that rests on it is flagged"
            )
    return told


def statement_of(words: FeatureWords, value: Cell, typical: Cell) -> tuple[str | None, str]:
    """Return the words for a value that pulled the score down, and under which key they stand or are lacking.

    Args:
        words: of the feature.
        value: as it was scored.
        typical: the reference's mean; below it a number is low.
    """
    if value is None:
        return words.missing, "missing"
    written = (
        str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
    )
    if written in words.values:
        return words.values[written], f"values.{written}"
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isinstance(typical, (int, float)):
        return words.statement, f"values.{written}" if words.values else "statement"
    side = "low" if value < typical else "high"
    return getattr(words, side) or words.statement, side


def schema() -> Mapping[str, Any]:
    """Return the JSON schema of ``reasons.yaml``, for editors."""
    return msgspec.json.schema(ReasonsMapping)
