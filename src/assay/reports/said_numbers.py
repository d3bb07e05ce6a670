"""Numbers as people write them in a sentence: 0.95, 0,95, .95, 9.5e-1, 95 %, 950 per mille, 19/20, nineteen in twenty.

Each has a value, half a unit of the last digit that its author chose, and where it stands. What only looks like a claim
is left out: a section's number, the level of an interval and its ends, a count of rows, a span of time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: value for value, word in enumerate(_ONES)}
_WORDS |= {ten: 20 + 10 * place for place, ten in enumerate(_TENS)}
_WORDS |= {
    f"{ten}{link}{one}": 20 + 10 * place + unit
    for place, ten in enumerate(_TENS) for unit, one in enumerate(_ONES[1:10], start=1) for link in "- "
}  # fmt: skip
_WORDS |= {"hundred": 100, "a hundred": 100, "one hundred": 100}

_WORD = "|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True))
_DIGITS = r"\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|\d*[.,]\d+(?:e[-+]?\d+)?|\d+(?:e[-+]?\d+)?"
_UNIT = (
    r"\s?[%‰]|[\s-](?:percentage\spoints?|points?|pp|per\s?mille?|promille|percent|per\scent|pct|prozent|"
    r"pour\scent|por\sciento)\b"
)
_NUMBER = re.compile(
    rf"(?P<sign>(?<=[\s(=:|])[-\u2212\u2013])?(?<![\w.,/@])(?:(?P<part>\d{{1,3}}|\b(?:{_WORD}))(?:\s?/\s?|\s(?:in|out\s+of|of(?=\s+every))(?:\s+every)?\s)"
    rf"(?P<whole>\d{{1,3}}|(?:{_WORD})\b)|(?:(?P<digits>{_DIGITS})|(?P<word>{_WORD})\b)(?P<unit>{_UNIT})?)"
    r"(?![\w/]|[.,]\d)",
    re.IGNORECASE,
)
_FRACTION = 0.05
"""How far from it what somebody calls "one in two" may be, at most."""
_THOUSANDTHS = ("‰", "mille")
_NO_CLAIM_BEFORE = re.compile(
    r"(?:\b(?:section|sec|annex|article|art|table|figure|fig|chapter|appendix|version|release|point|paragraph|para|page|"
    r"item|rule|step|note|line|n|alpha|level|see|by)\.?|§|#|±|\+/-|\bv|,\s+at)\s*[=:(\[]?\s*\Z",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\s*(?:years?|months?|weeks?|days?|hours?|minutes?|seconds?|ms|rows?|people|applicants|cases|records|times|"
    r"thousand|million|billion|sd|[GMk]B)\b",
    re.IGNORECASE,
)
_OF_ROWS = re.compile(r"\s*of\s+(?:the\s+|all\s+)?(?:data|rows|sample|records)\b|\s*groups\b", re.IGNORECASE)
_INTERVAL = re.compile(r"[\s(,]*(?:confidence|credible|interval|CI\b)", re.IGNORECASE)
_ENDS = re.compile(r"\b(?:interval|CI)\b|±", re.IGNORECASE)
_RANGE = re.compile(r"(?:\s+(?:to|and|[-\u2013\u2014])\s+|[-\u2013\u2014])\Z", re.IGNORECASE)
_FROM = re.compile(r"\b(?:between|from)\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SaidNumber:
    """A number, or a range of them, in a sentence.

    Attributes:
        low: its value; of a range the lower end.
        high: the same, or the upper end.
        half: half a unit of the last digit that was written.
        plain: whether it is a bare whole number, which is a year or a count as often as a share.
        bare: whether it bears no unit, so that 87.5 may be meant in percent.
        start: where it begins in the sentence.
        end: where it ends.
    """

    low: float
    high: float
    half: float
    plain: bool
    bare: bool
    start: int
    end: int


def said_numbers(sentence: str) -> list[SaidNumber]:
    """Return the numbers of a sentence that may be claims, in its order."""
    ends = _ENDS.search(sentence)
    found: list[SaidNumber] = []
    for match in _NUMBER.finditer(sentence):
        if ends is not None and match.start() > ends.start():
            break  # the ends of an interval say how sure a number is, not what it is
        before, after = sentence[: match.start()], sentence[match.end() :]
        counted = match["digits"] and not match["unit"] and _COUNTED.match(after)
        if counted or _NO_CLAIM_BEFORE.search(before) or _INTERVAL.match(after) or _OF_ROWS.match(after):
            continue
        found += _read(match)
    return list(_ranges(found, sentence))


def _read(match: re.Match[str]) -> Iterator[SaidNumber]:
    if match["whole"]:
        part, whole = _value(match["part"])[0], _value(match["whole"])[0]
        if 0 <= part <= whole and whole > 1:
            half = min(0.5 / whole, _FRACTION)
            yield SaidNumber(part / whole, part / whole, half, False, False, match.start(), match.end())
        return
    unit = (match["unit"] or "").casefold()
    if match["word"] and not unit:
        return  # "the two groups" claims no value
    value, half = _value(match["digits"] or match["word"])
    value = -value if match["sign"] else value
    scale = 1.0 if not unit else 0.001 if any(name in unit for name in _THOUSANDTHS) else 0.01
    plain = not unit and half >= 0.5  # noqa: PLR2004 - half a unit of a whole number
    yield SaidNumber(value * scale, value * scale, half * scale, plain, not unit, match.start(), match.end())


def _value(written: str) -> tuple[float, float]:
    """Return a number and half a unit of its last digit."""
    if written.casefold() in _WORDS:
        return float(_WORDS[written.casefold()]), 0.5
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", written):
        written = written.replace(",", "")  # 1,989; but 0,950 has a decimal comma
    mantissa, _, exponent = written.replace(",", ".").casefold().partition("e")
    power = 10.0 ** int(exponent or 0)
    return float(mantissa) * power, 0.5 * 10.0 ** -len(mantissa.partition(".")[2]) * power


def _ranges(found: list[SaidNumber], sentence: str) -> Iterator[SaidNumber]:
    """Yield numbers, two that are the ends of a range as one: "between 0.85 and 0.89", "85 to 89 %"."""
    rest = iter([*found, None])
    one = next(rest)
    while one is not None:
        after = next(rest)
        if after is not None and _is_range(one, after, sentence):
            low = one.low * (0.01 if one.bare and not after.bare and one.low > 1 else 1.0)
            plain = one.plain and after.plain
            yield SaidNumber(low, after.high, after.half, plain, after.bare, one.start, after.end)
            after = next(rest)
        else:
            yield one
        one = after


def _is_range(one: SaidNumber, after: SaidNumber, sentence: str) -> bool:
    between = sentence[one.end : after.start]
    if not _RANGE.match(between):
        return False
    return "and" not in between.casefold() or bool(_FROM.search(sentence[: one.start]))
