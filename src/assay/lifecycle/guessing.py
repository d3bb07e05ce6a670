"""Guess which column means what, by its name and its values; every guess carries its reason."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import InputError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LABELS = (
    "label", "labels", "y", "y true", "ytrue", "true label", "truth", "ground truth", "actual", "actuals", "outcome",
    "target", "observed", "class", "response", "approved", "hired", "admitted", "repaid", "default", "defaulted",
    "churned", "recidivated", "two year recid", "is recid", "readmitted", "fraud", "is fraud", "income over 50k",
)  # fmt: skip
"""Names of a true outcome, as words."""

PREDICTIONS = (
    "prediction", "predictions", "predicted", "pred", "preds", "y pred", "ypred", "y hat", "yhat", "predicted label",
    "predicted class", "pred label", "model prediction", "model output", "model decision",
)  # fmt: skip
"""Names of a predicted outcome, as words."""

DECISIONS = ("decision", "recommendation")
"""Names of what either the model or people have decided, as words."""

SCORES = (
    "score", "scores", "probability", "prob", "proba", "y score", "y prob", "y proba", "pred prob", "pred proba",
    "predicted probability", "prediction score", "confidence", "likelihood", "risk score", "model score",
)  # fmt: skip
"""Names of a score behind a prediction, as words."""

PROTECTED = (
    "race", "ethnicity", "ethnic group", "ethnic", "sex", "gender", "age", "age group", "age band", "age cat",
    "age category", "age range", "agegroup", "age bucket", "marital status", "married", "marital", "religion",
    "nationality", "national origin", "citizenship", "country of birth", "disability", "disabled", "pregnant",
    "pregnancy", "veteran", "sexual orientation", "gender identity", "skin colour", "skin color", "colour", "color",
    "caste", "mother tongue", "family status", "social origin",
    "sexe", "genre", "ethnicite", "ethnie", "nationalite", "geschlecht", "herkunft", "staatsangehorigkeit", "alter",
    "altersgruppe", "sexo", "genero", "etnia", "nacionalidad", "edad", "sesso", "genere", "nazionalita", "eta",
)  # fmt: skip
"""Names of attributes that equality laws protect somewhere, as words, accents left out."""

ADVERSE = frozenset(
    {"default", "defaulted", "denied", "rejected", "reject", "fraud", "recid", "recidivated", "recidivism", "churned"}
    | {"readmitted", "delinquent", "late", "dropout", "fired", "risk", "bad"}
)
"""Words in a name whose positive class is bad for the person."""

POSITIVE_VALUES = frozenset(
    {"1", "yes", "y", "true", "t", "approve", "approved", "accept", "accepted", "grant", "granted", "hire", "hired"}
    | {"pass", "passed", "good", "positive", "pos", "admit", "admitted", "paid", "repaid", "selected", "released"}
    | {"oui", "accordé", "accepté", "ja", "genehmigt", "bewilligt", "angenommen", "sí", "aprobado", "sì", "approvato"}
    | {">50k"}
)
"""The values that a positive outcome has, in lower case."""

TWO = 2
MOST_GROUPS = 20
"""More different values than this are a measure, not groups."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Seen:
    """A column as it was seen.

    Attributes:
        name: its name.
        numeric: whether its values are numbers (booleans are not).
        different: how many different values it has, gaps left out.
        values: some of them, those of a two-valued column in full.
        missing: rows without a value.
        cut_of: columns of numbers of which some threshold makes this two-valued one.
    """

    name: str
    numeric: bool
    different: int
    values: tuple[object, ...]
    missing: int = 0
    cut_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guess:
    """A column, or a value, chosen for a purpose, and why."""

    chosen: str
    why: str


@dataclass(frozen=True)
class Guesses:
    """What each column may mean.

    Attributes:
        prediction: the column of predictions.
        protected: the attributes that groups are compared by.
        label: the column of outcomes.
        score: the column of scores.
        positive: the positive class; None when it is 1 or true.
        favourable: the outcome that is good for the person; None when it is the positive one.
        task: ``multiclass`` when the prediction has more than two values; None for two.
        remarks: what a person should know, each a sentence.
    """

    prediction: Guess
    protected: tuple[Guess, ...]
    label: Guess | None = None
    score: Guess | None = None
    positive: Guess | None = None
    favourable: Guess | None = None
    task: Guess | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """What the user said; it is believed."""

    label: str | None = None
    prediction: str | None = None
    score: str | None = None
    protected: tuple[str, ...] = ()
    positive: str | None = None


def words_of(name: str) -> str:
    """Return a column's name as lower-case words: ``ageGroup`` and ``AGE_GROUP`` become ``age group``."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    return " ".join(re.split(r"[^A-Za-z0-9]+", _CAMEL.sub(" ", plain))).strip().lower()


def guess(columns: Sequence[Seen], told: Told = Told()) -> Guesses:
    """Guess the meaning of columns.

    Raises:
        InputError: when there is nothing that could be the prediction, or the protected attribute; it lists the columns
            to choose from and the option that says so.
    """
    _check_told(columns, told)
    left = [column for column in columns if column.different]
    protected, remarks = _protected(left, told)
    left = [column for column in left if column.name not in {found.chosen for found in protected}]
    score = _named(told.score, left, SCORES, _is_score, "numbers") or _probability(left)
    left = [column for column in left if score is None or column.name != score.chosen]
    prediction = _decided(left, told, score)
    taken = prediction.chosen if prediction is not None else None
    rest = [column for column in left if column.different == TWO and column.name != taken]
    many = next((column.different > TWO for column in left if column.name == taken), False)
    if many:  # classes: the label has the prediction's name for them, and more than two
        rest = [column for column in left if column.different > TWO and _is_class(column) and column.name != taken]
    label = _named(
        told.label,
        rest if told.label is None else left,
        LABELS,
        _is_class,
        "few different values" if many else "two different values",
    )
    if prediction is None:
        prediction = _only_other(rest, rest, label)
    elif label is None:
        label = _only_other(rest, left, prediction)
    if prediction is None:
        raise InputError(_no_prediction(columns, rest, label, score))
    if not protected:
        raise InputError(_no_protected(left, remarks))
    if label is None:
        remarks.append("No column looks like the true outcome: without one, only rates of predictions are measured.")
    return Guesses(
        prediction=prediction,
        protected=tuple(protected),
        label=label,
        score=score,
        positive=_positive(columns, prediction, told),
        favourable=_favourable(columns, prediction, label),
        task=Guess("multiclass", f"{prediction.chosen} has more than two values") if many else None,
        remarks=tuple(remarks),
    )


def _named(
    told: str | None, columns: Sequence[Seen], names: Sequence[str], fits: Callable[[Seen], bool], looks: str
) -> Guess | None:
    if told is not None:
        return Guess(told, "you said so")
    for wanted in names:
        for column in columns:
            if words_of(column.name) == wanted and fits(column):
                return Guess(column.name, f"its name, and {looks}")
    for wanted in names:
        for column in columns:
            words = words_of(column.name).split() or [""]
            if len(wanted) > 1 and wanted in {words[0], words[-1]} and fits(column):
                return Guess(column.name, f"{wanted!r} in its name, and {looks}")
    return None


def _check_told(columns: Sequence[Seen], told: Told) -> None:
    names = [column.name for column in columns]
    said = (("--label", told.label), ("--prediction", told.prediction), ("--score", told.score))
    for option, name in (*said, *(("--protected", name) for name in told.protected)):
        if name is not None and name not in names:
            raise InputError(f"{option}: no column {name!r}{suggest(name, names)}. The columns are: {', '.join(names)}")


def _probability(columns: Sequence[Seen]) -> Guess | None:
    """Return the only column of numbers from 0 to 1 whose name begins with p or prob."""
    found = [
        column
        for column in columns
        if _is_score(column)
        and words_of(column.name).split()[:1] in (["p"], ["prob"], ["proba"], ["probability"])
        and all(isinstance(value, int | float) and 0 <= value <= 1 for value in column.values)
    ]
    return Guess(found[0].name, "its name, and numbers from 0 to 1") if len(found) == 1 else None


def _decided(columns: Sequence[Seen], told: Told, score: Guess | None) -> Guess | None:
    looks = "few different values"
    return (
        _named(told.prediction, columns, PREDICTIONS, _is_class, looks)
        or _cut(columns, score)
        or _named(None, columns, DECISIONS, _is_class, looks)
    )


def _cut(columns: Sequence[Seen], score: Guess | None) -> Guess | None:
    """Return the only column that a threshold of the score makes: what people decided or what came true is none."""
    found = [column for column in columns if score is not None and score.chosen in column.cut_of]
    return Guess(found[0].name, f"a threshold of {score.chosen} makes it") if score and len(found) == 1 else None


def _is_class(column: Seen) -> bool:
    return column.different <= MOST_GROUPS


def _is_score(column: Seen) -> bool:
    return column.numeric and column.different > TWO


def _protected(columns: Sequence[Seen], told: Told) -> tuple[list[Guess], list[str]]:
    if told.protected:
        return [Guess(name, "you said so") for name in told.protected], []
    found, remarks = [], []
    for column in columns:
        words = words_of(column.name)
        if words not in PROTECTED and not any(words.endswith(f" {name}") for name in PROTECTED):
            continue
        if column.different > MOST_GROUPS:
            remarks.append(
                f"{column.name} has {column.different:,} different values, too many to compare as groups: add a column "
                f"of bands to the data ({column.name}_group: under 25, 25-39, 40-61, 62 and over) and name it in "
                "columns.protected."
                if column.numeric
                else f"{column.name} has {column.different:,} different values, too many to compare as groups: add a "
                "column that groups them and name it in columns.protected."
            )
            continue
        gaps = f"; {column.missing:,} rows without a value are a group of their own" if column.missing else ""
        found.append(Guess(column.name, f"its name, and {column.different} groups{gaps}"))
    return found, remarks


def _only_other(pairs: Sequence[Seen], columns: Sequence[Seen], known: Guess | None) -> Guess | None:
    """Take the only other column that has the two values of the column that is known."""
    if known is None:
        return None
    values = next((set(column.values) for column in columns if column.name == known.chosen), set())
    others = [column for column in pairs if column.name != known.chosen and set(column.values) == values]
    if len(others) == 1:
        return Guess(others[0].name, f"the only other column with the two values of {known.chosen}")
    return None


def _positive(columns: Sequence[Seen], prediction: Guess, told: Told) -> Guess | None:
    if told.positive is not None:
        return Guess(told.positive, "you said so")
    seen = next((column for column in columns if column.name == prediction.chosen), None)
    if seen is None or seen.different > TWO or _as_written(seen) <= {"0", "1", "true", "false"}:
        return None
    for value in seen.values:
        if str(value).lower() in POSITIVE_VALUES:
            return Guess(str(value), f"of {_either(seen.values)} it reads as the positive one")
    raise InputError(
        f"expected 0 and 1, true and false, or two words of which one is known to be positive in {seen.name}, "
        f"found {_either(seen.values)}. Say which counts as positive: --positive VALUE"
    )


def _favourable(columns: Sequence[Seen], prediction: Guess, label: Guess | None) -> Guess | None:
    names = [found.chosen for found in (label, prediction) if found is not None]
    for name in names:
        adverse = sorted(ADVERSE & set(words_of(name).split()))
        seen = next((column for column in columns if column.name == prediction.chosen), None)
        if adverse and seen is not None and _as_written(seen) <= {"0", "1"}:
            return Guess("0", f"{adverse[0]!r} in the name {name} sounds bad for the person")
    return None


def _as_written(seen: Seen) -> set[str]:
    """Return a column's values in lower case, whole numbers as such: pandas makes 1.0 of 1 where values are missing."""
    return {
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).lower()
        for value in seen.values
    }


def _either(values: Sequence[object]) -> str:
    return " and ".join(repr(value) for value in values)


def _listed(columns: Sequence[Seen]) -> str:
    return ", ".join(column.name for column in columns) or "none"


def _no_prediction(columns: Sequence[Seen], pairs: Sequence[Seen], label: Guess | None, score: Guess | None) -> str:
    pairs = [column for column in pairs if label is None or column.name != label.chosen]
    told = (
        "expected a column of predictions, found none whose name says so. "
        f"Columns with two different values: {_listed(pairs)}. All columns: {_listed(columns)}. "
        "Say which one: --prediction NAME (and --label NAME for the true outcome)"
    )
    if score is not None and not pairs:
        told += (
            f". There are scores in {score.chosen}, but nothing says from which score on the decision changes: add a "
            "column of decisions"
        )
    return told


def _no_protected(columns: Sequence[Seen], remarks: Sequence[str]) -> str:
    groups = [column for column in columns if 1 < column.different <= MOST_GROUPS]
    told = (
        "expected a column by which groups are compared (race, sex, age group, ...), found none whose name says so. "
        f"Columns with few different values: {_listed(groups)}. Say which: --protected NAME[,NAME]"
    )
    return " ".join([told, *remarks])
