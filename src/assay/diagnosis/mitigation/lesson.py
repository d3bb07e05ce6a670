"""What a method is given to learn from, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from assay.errors import AssayError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assay.diagnosis.mitigation.learner import Learner
    from assay.diagnosis.mitigation.limits import Limits
    from assay.diagnosis.mitigation.table import Table

Settings: TypeAlias = dict[str, str | int | float]


Estimator: TypeAlias = Any
"""A fitted estimator of scikit-learn, which is an extra and has no types."""


class NoRemedyError(AssayError):
    """A method cannot be tried here; the message is why, and goes into the record."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a method learns from.

    Attributes:
        fit: the rows that it fits on; all labelled.
        choose: other rows, on which it chooses cuts, or one of several fits; all labelled.
        learner: the learner that it builds on, not fitted.
        limits: the limits that are to hold, and the attributes by which decisions are evened out.
        settings: its hyper-parameters.
        seed: of all chance.
        declared: features that somebody has declared to stand in for the protected attribute.
    """

    fit: Table
    choose: Table
    learner: Learner
    limits: Limits
    settings: Mapping[str, Any]
    seed: int
    declared: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Mended:
    """What a method gives back.

    Attributes:
        estimator: a fitted estimator of scikit-learn: ``predict`` decides 0 or 1, ``predict_proba`` scores.
        asks: protected attributes that it must be given beside the features.
        needs: packages beside scikit-learn that must be there to predict.
        found: what the method set by itself, such as a cut.
        notes: what a person should know.
    """

    estimator: Any
    asks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    found: Settings = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to mend.

    Attributes:
        name: its name in the written list.
        title: what it does, in a sentence.
        source: where it is from.
        fits: what makes it.
        settings: the settings that are tried, each a candidate of its own; a setting's name is put after the method's.
        needs_attribute: whether it needs the protected attribute when it predicts.
        determinism: whether the same rows always get the same decisions, and what was done where they would not.
    """

    name: str
    title: str
    source: str
    fits: Callable[[Lesson], Mended]
    settings: Mapping[str, Settings] = field(default_factory=lambda: {"": {}})
    needs_attribute: bool = False
    determinism: str = "The same rows always get the same decisions; the fit is settled by the seed."


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One method with one choice of settings."""

    name: str
    method: str
    settings: Settings


def candidates_of(method: Method) -> list[Candidate]:
    """Return a method's candidates, one for each of its settings."""
    return [
        Candidate(name=f"{method.name}.{suffix}" if suffix else method.name, method=method.name, settings=dict(one))
        for suffix, one in method.settings.items()
    ]
