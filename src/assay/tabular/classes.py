"""Labels and predictions as classes: 1 and 0 where the outcome is binary, the class as written where it is not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import DataError, suggest
from assay.tabular.limits import MOST_CLASSES
from assay.tabular.sql import literal
from assay.tabular.values import Value, look_up, meanings, shown, storable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from assay.records.tally import ClassValue, Roles
    from assay.tabular.columns import Kind
    from assay.tabular.values import Raw

_WORDS = {"true": 1, "false": 0}
_ZERO_ONE = {0, 1}


@dataclass(frozen=True, slots=True)
class Classes:
    """What the raw values of the label and prediction columns mean.

    Attributes:
        of: raw value to class.
        seen: rows by value, over both columns, nulls left out.
    """

    of: dict[Raw, ClassValue]
    seen: Counter[Value]

    def __call__(self, raw: Raw) -> ClassValue:
        """Return the class of a raw value; None where there is none."""
        return None if raw is None else self.of.get(raw)


def named_value(wanted: str | bool | int | None, values: Iterable[Value]) -> Value:
    """Return the value that a person's word means among those found: ``"1"`` is 1 where integers were found."""
    if wanted is None:
        return 1
    found = set(values)
    if not any(isinstance(value, str) for value in found):
        if isinstance(wanted, str):
            text = wanted.strip().lower()
            number = text.removeprefix("-").partition(".")
            if text in _WORDS:
                return _WORDS[text]
            if number[0].isdecimal() and not number[2].strip("0"):
                return int(text.partition(".")[0])
        return int(wanted) if isinstance(wanted, bool) else wanted
    texts = [str(wanted), str(wanted).lower()] if isinstance(wanted, bool) else [str(wanted)]
    return next((text for text in texts if text in found), texts[0])


def positive_sql(roles: Roles, kind: Kind) -> str:
    """Return the condition under which a row's ``label`` is positive, in SQL."""
    wanted = roles.positive
    if kind == "text":
        text = "1" if wanted is None else str(wanted)
        forms = [f"label = {literal(text)}"]
        value = named_value(wanted, [])
        if isinstance(value, int):
            forms.append(f"TRY_CAST(label AS DOUBLE) = {value}")
            forms.extend(f"lower(label) = '{word}'" for word, number in _WORDS.items() if number == value)
        return " OR ".join(forms)
    value = named_value(wanted, [])
    if kind == "boolean":
        return "label" if value == 1 else "NOT label"
    return f"label = {value}" if isinstance(value, int) else "FALSE"


def binary_classes(
    counts: Counter[Raw], roles: Roles, *, is_text: bool, before: Counter[Value] | None = None
) -> Classes:
    """Return the classes of a binary outcome.

    Args:
        counts: rows by raw value, over the label and prediction columns.
        roles: names the positive class.
        is_text: whether values are text whose type is found from all of them.
        before: rows by value that were seen in earlier batches.

    Raises:
        DataError: for a third class, or two that nobody called positive.
    """
    table = _alike(counts) if is_text else None
    table = meanings(counts, is_text=is_text) if table is None else table
    seen: Counter[Value] = Counter(before or {})
    for raw, count in counts.items():
        if (value := look_up(raw, table)) is not None:
            seen[value] += count
    positive = named_value(roles.positive, seen)
    others = {value for value in seen if value != positive}
    if roles.positive is not None and positive not in seen and len(seen) == 2 and not set(seen) <= _ZERO_ONE:  # noqa: PLR2004 - a binary outcome
        raise DataError(_not_among("positive", roles.positive, seen))
    if not (roles.positive is None and set(seen) <= _ZERO_ONE) and (roles.positive is None or len(others) > 1):
        raise DataError(_not_binary(seen, roles, positive))
    return Classes(of={raw: int(value == positive) for raw, value in table.items()}, seen=seen)


def _alike(raws: Iterable[str]) -> dict[Raw, Value] | None:
    """Return the meanings of texts that are booleans in one column and 0 and 1 in the other; None for any others."""
    words = {raw: _WORDS[raw.lower()] for raw in raws if raw.lower() in _WORDS}
    numbers = meanings([raw for raw in raws if raw not in words], is_text=True)
    return {**words, **numbers} if words and numbers and set(numbers.values()) <= _ZERO_ONE else None


def _not_binary(seen: Counter[Value], roles: Roles, positive: Value) -> str:
    columns = " and ".join(repr(column) for column in (roles.label, roles.prediction) if column is not None)
    found = f"column {columns}: expected 0 and 1, booleans, or two values with `positive` named"
    if any(isinstance(value, float) for value in seen):
        numbers = shown(value for value in seen if isinstance(value, float))
        return (
            f"{found}; found numbers that are not whole: {numbers}. "
            "Name a column of scores as the score (--score), and the decisions as the prediction"
        )
    if len(seen) <= 2 and roles.positive is None:  # noqa: PLR2004 - a binary outcome
        each = " and ".join(f"{value!r} ({count} rows)" for value, count in sorted(seen.items(), key=str))
        return f"{found}; found {each}. Say which one is positive: `positive: ...` or --positive"
    listed = sorted(seen.items(), key=lambda item: (-item[1], str(item[0])))[:MOST_CLASSES]
    each = ", ".join(f"{value!r} ({count} rows)" for value, count in listed[:8])
    each += f" and {len(seen) - 8} more" if len(seen) > 8 else ""  # noqa: PLR2004 - what fits a message
    named = "" if roles.positive is None else f" beside the positive class {positive!r} only one other;"
    return (
        f"{found};{named} found {len(seen)} classes: {each}. "
        "Mend the rows, or measure each class against the rest with `task: multiclass` or --task multiclass"
    )


def check_seen(seen: Counter[Value], roles: Roles) -> bool:
    """Check the values of all rows together, and return whether the favourable outcome is the positive class.

    Raises:
        DataError: when the positive or the favourable class is not among them.
    """
    positive = named_value(roles.positive, seen)
    zero_one = set(seen) <= _ZERO_ONE
    if seen and positive not in seen and not (zero_one and positive in _ZERO_ONE):
        raise DataError(_not_among("positive", roles.positive, seen))
    if roles.favourable is None:
        return True
    favourable = named_value(roles.favourable, seen)
    if seen and favourable not in seen and not (zero_one and favourable in _ZERO_ONE):
        raise DataError(_not_among("favourable", roles.favourable, seen))
    return favourable == positive


def check_named(seen: Iterable[ClassValue], roles: Roles) -> None:
    """Check that the classes of a multi-class outcome that were named are among those of all rows together.

    Raises:
        DataError: when the positive or the favourable class is not.
    """
    written = {value for value in seen if value is not None}
    for word, wanted in (("positive", roles.positive), ("favourable", roles.favourable)):
        if written and wanted is not None and str(wanted) not in map(str, written):
            raise DataError(_not_among(word, wanted, written))


def _not_among(word: str, wanted: str | bool | int | None, seen: Collection[Value]) -> str:
    near = suggest(str(wanted), [str(value) for value in seen])
    return (
        f"expected the {word} class {wanted!r} among the values of label and prediction, found {shown(seen)}{near}. "
        f"Name one of them: `{word}: ...` or --{word}"
    )


def written_classes(counts: Counter[Raw], roles: Roles, kinds: set[bool], *, is_text: bool) -> Classes:
    """Return the classes of a multi-class outcome, as they are written.

    Args:
        counts: rows by raw value, over the label and prediction columns.
        roles: names the columns.
        kinds: for each column, whether it holds text.
        is_text: whether values are text whose type is found from all of them.

    Raises:
        DataError: when there are too many, or the two columns write them differently.
    """
    columns = " and ".join(repr(column) for column in (roles.label, roles.prediction) if column is not None)
    if len(kinds) > 1:
        raise DataError(
            f"column {columns}: expected both to write the classes alike, found text in one and numbers in the other. "
            "Convert one of them"
        )
    table = meanings(counts, is_text=is_text)
    if broken := {value for value in table.values() if isinstance(value, float)}:
        raise DataError(
            f"column {columns}: expected classes, found numbers that are not whole: {shown(broken)}. "
            "For numbers use `task: regression` or --task regression"
        )
    classes: dict[Raw, ClassValue] = {
        raw: int(v) if isinstance(v, bool) else storable(v) for raw, v in table.items() if not isinstance(v, float)
    }
    if len(set(classes.values())) > MOST_CLASSES:
        raise DataError(
            f"column {columns}: expected at most {MOST_CLASSES} classes, found {len(set(classes.values()))}. "
            "For numbers use `task: regression` or --task regression"
        )
    return Classes(of=classes, seen=Counter())
