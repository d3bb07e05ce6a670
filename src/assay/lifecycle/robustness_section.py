"""The section ``robustness`` of `assay.yaml`: which model is asked, how often, and about what; read strictly."""

from __future__ import annotations

from math import isfinite
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from assay.errors import suggest
from assay.records.probe_counts import ATTACKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.lifecycle.project import Config
    from assay.records.tally import Task

Kind: TypeAlias = Literal["callable", "scikit-learn", "onnx", "mlflow", "http"]

NAMED_BY: dict[Kind, str] = {
    "callable": "callable", "scikit-learn": "path", "onnx": "path", "mlflow": "path", "http": "url"
}  # fmt: skip
"""Which key says where a model of each kind is."""


class ScorerSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model that is asked.

    Attributes:
        kind: what it is.
        path: its file or folder, relative to `assay.yaml` and part of the model that is judged.
        callable: ``module:function``, imported with the project's folder first. With a ``path`` the function is called
            with it once, and returns what scores.
        url: address that batches are posted to.
        form: how a batch is written: ``dataframe_split`` as MLflow's scoring server takes it, ``instances`` as KServe.
        timeout_seconds: for one answer of an endpoint.
        output: whether it answers with the probability of the positive class, with a class, or (of a regression) with a
            number.
        threshold: probability from which on it decides for the positive class.
        trusted: whether the owner of the project has said that the file's code may run here.
    """

    kind: Kind
    path: str | None = None
    callable: str | None = None
    url: str | None = None
    form: Literal["dataframe_split", "instances"] = "dataframe_split"
    timeout_seconds: float = 30.0
    output: Literal["probability", "label", "number"] = "probability"
    threshold: float = 0.5
    trusted: bool = False


class BudgetSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What probing may cost: rows that are probed, rows that are asked over all probes, seconds over all probes."""

    rows: int = 1000
    queries: int = 500_000
    seconds: float = 300.0


class NoiseSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Noise on numeric features: its standard deviations, in those of the feature, and the features that get it."""

    strengths: tuple[float, ...] = (0.1,)
    columns: tuple[str, ...] | None = None


class MissingSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The features that are made missing, one after the other; every one when left out."""

    columns: tuple[str, ...] | None = None


class RangeSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The features that are moved out of range, and how far, in ranges of what was seen."""

    beyond: float = 1.0
    columns: tuple[str, ...] | None = None


class CounterfactualSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The features that are declared to stand in for a protected attribute, by attribute."""

    stand_ins: dict[str, tuple[str, ...]] = {}


class SlicesSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Slices: how many features make one, how many rows it needs, and how many rows are looked at."""

    depth: int = 2
    smallest: int = 50
    rows: int = 50_000


class EvasionSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Attacks: names, rows attacked, questions about a row, what counts as small, what may change, what is wanted."""

    attacks: tuple[str, ...] = ("hop_skip_jump",)
    rows: int = 50
    queries: int = 500
    within: float = 1.0
    columns: tuple[str, ...] | None = None
    towards: Literal["favourable", "any"] = "favourable"


class RobustnessSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `assay run` probes beside the tally; a probe that is left out is not made.

    Attributes:
        model: the model that is asked.
        features: the columns that it is given, in its order; left out, every column that has no role.
        measured_on: role of the dataset whose rows are probed; that of the release when left out.
        seed: of all chance.
        budget: what it may cost.
        noise: noise on numeric features.
        missing: a missing feature.
        range: values out of range.
        counterfactual: the protected attribute changed.
        slices: where the recorded predictions err most.
        evasion: black-box attacks.
        tolerance: of a regression, in its own unit: a prediction that changes by more is another decision, and one that
            misses its label by more is an error.
    """

    model: ScorerSection
    features: tuple[str, ...] | None = None
    measured_on: str | None = None
    seed: int = 0
    budget: BudgetSection = BudgetSection()
    noise: NoiseSection | None = None
    missing: MissingSection | None = None
    range: RangeSection | None = None
    counterfactual: CounterfactualSection | None = None
    slices: SlicesSection | None = None
    evasion: EvasionSection | None = None
    tolerance: float | None = None

    def asked(self) -> tuple[str, ...]:
        """Return the names of the probes that are made."""
        return tuple(name for name in PROBES if getattr(self, name) is not None)

    def named(self) -> dict[str, tuple[str, ...]]:
        """Return the columns that probes name, by probe."""
        parts = {"noise": self.noise, "missing": self.missing, "range": self.range, "evasion": self.evasion}
        return {probe: part.columns for probe, part in parts.items() if part is not None and part.columns is not None}


PROBES = ("noise", "missing", "range", "counterfactual", "slices", "evasion")


def robustness_problems(config: Config) -> Iterator[tuple[str, str]]:
    """Yield everything that is wrong in the section: JSON path and message."""
    section = config.robustness
    if section is None:
        return
    if not section.asked():
        yield "$.robustness", f"expected at least one probe ({', '.join(PROBES)}), found none"
    yield from _decisions(config.columns.task, section)
    if section.measured_on is not None and section.measured_on not in config.datasets:
        near = suggest(section.measured_on, config.datasets)
        yield "$.robustness.measured_on", f"expected one of the datasets, found {section.measured_on!r}{near}"
    yield from scorer_problems(config, section.model, at="$.robustness.model")
    yield from _numbers(section)
    if section.evasion is not None:
        yield from _attacks(section.evasion.attacks)
    yield from _features(config, section.features)
    yield from _columns(config, section)


def _decisions(task: Task, section: RobustnessSection) -> Iterator[tuple[str, str]]:
    """Yield what is wrong about what a decision is: a class, or a number that may change a little."""
    regression, at = task == "regression", "$.robustness.model.output"
    if regression and section.model.output != "number":
        yield at, "of a regression a model answers with the number: expected output: number"
    elif section.model.output == "number" and not regression:
        yield at, f"a number is a decision of a regression alone; expected probability or label for the task {task}"
    elif task == "multiclass" and section.model.output != "label":
        yield at, "of several classes a model answers with the class: expected output: label"
    if regression and not (section.tolerance is not None and isfinite(section.tolerance) and section.tolerance > 0):
        found = "none" if section.tolerance is None else f"{section.tolerance:g}"
        told = "by how much a prediction may change, in its own unit, and be the same decision: a number above 0"
        yield "$.robustness.tolerance", f"expected {told}; found {found}"
    elif section.tolerance is not None and not regression:
        yield "$.robustness.tolerance", "classes differ or do not; a tolerance is of a regression: leave it out"
    if regression and section.evasion is not None:
        yield "$.robustness.evasion", "an attack looks for another class, and a number has none: leave it out"


def scorer_problems(config: Config, model: ScorerSection, *, at: str) -> Iterator[tuple[str, str]]:
    """Yield everything that is wrong about a model that is asked: JSON path and message."""
    named_by = NAMED_BY[model.kind]
    if not getattr(model, named_by):
        yield f"{at}.{named_by}", f"expected the {named_by} of a model of kind {model.kind}, found none"
    allowed = {named_by, *(("path",) if model.kind == "callable" else ())}
    for key in ("path", "callable", "url"):
        if getattr(model, key) is not None and key not in allowed:
            yield f"{at}.{key}", f"expected {named_by} alone for the kind {model.kind}, found {key} too"
    if model.callable is not None and not all(model.callable.partition(":")):
        yield f"{at}.callable", f"expected module:function, found {model.callable!r}"
    if not 0 < model.threshold <= 1:
        yield f"{at}.threshold", f"expected a probability above 0 and up to 1, found {model.threshold:g}"
    if not (isfinite(model.timeout_seconds) and model.timeout_seconds > 0):
        yield f"{at}.timeout_seconds", f"expected seconds above 0, found {model.timeout_seconds:g}"
    inside = PurePosixPath(config.model.path)
    if model.path is not None and not PurePosixPath(model.path).is_relative_to(inside):
        told = f"expected a file of the model that is judged ({config.model.path}), found {model.path!r}"
        yield f"{at}.path", f"{told}: what is probed must be what is released"
    if model.path is not None and ".." in PurePosixPath(model.path).parts:
        yield f"{at}.path", f"expected a path without .., found {model.path!r}"


def _numbers(section: RobustnessSection) -> Iterator[tuple[str, str]]:
    noise, slices, evasion = section.noise, section.slices, section.evasion
    least: dict[str, tuple[float | None, float]] = {
        "budget.rows": (section.budget.rows, 1),
        "budget.queries": (section.budget.queries, 1),
        "slices.smallest": (slices.smallest if slices else None, 2),
        "slices.rows": (slices.rows if slices else None, 1),
        "evasion.rows": (evasion.rows if evasion else None, 1),
        "evasion.queries": (evasion.queries if evasion else None, 10),
    }
    above: dict[str, float | None] = {
        "budget.seconds": section.budget.seconds,
        "range.beyond": section.range.beyond if section.range else None,
        "evasion.within": evasion.within if evasion else None,
        **{f"noise.strengths[{number}]": one for number, one in enumerate(noise.strengths if noise else ())},
    }
    for key, (found, fewest) in least.items():
        if found is not None and found < fewest:
            yield f"$.robustness.{key}", f"expected {fewest:g} or more, found {found:g}"
    for key, amount in above.items():
        if amount is not None and not (isfinite(amount) and amount > 0):
            yield f"$.robustness.{key}", f"expected a number above 0, found {amount:g}"
    if noise is not None and not noise.strengths:
        yield "$.robustness.noise.strengths", "expected at least one strength, found none"
    if slices is not None and slices.depth not in {1, 2}:
        yield "$.robustness.slices.depth", f"expected 1 or 2 features, found {slices.depth}"


def _attacks(named: Sequence[str]) -> Iterator[tuple[str, str]]:
    at = "$.robustness.evasion.attacks"
    if not named:
        yield at, f"expected at least one of {', '.join(ATTACKS)}, found none"
    for name in named:
        if name not in ATTACKS:
            yield at, f"expected one of {', '.join(ATTACKS)}, found {name!r}{suggest(name, ATTACKS)}"


def _features(config: Config, features: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    at, columns = "$.robustness.features", config.columns
    roles = {"columns.label": columns.label, "columns.prediction": columns.prediction, "columns.score": columns.score}
    if features is not None and not features:
        yield at, "expected at least one column, found none; leave the key out for every other column"
    for name in features or ():
        for role in (role for role, column in roles.items() if column == name):
            yield at, f"expected columns that the model is given, found {name!r}, which is {role}"


def _columns(config: Config, section: RobustnessSection) -> Iterator[tuple[str, str]]:
    """Yield columns that probes name and the model is not given; without ``features`` the table will tell."""
    protected = config.columns.protected
    named = {f"{probe}.columns": names for probe, names in section.named().items()}
    for attribute, names in (section.counterfactual.stand_ins if section.counterfactual else {}).items():
        at = f"counterfactual.stand_ins.{attribute}"
        named[at] = names
        if attribute not in protected:
            near = suggest(attribute, protected)
            told = f"expected a protected attribute ({', '.join(protected)}), found {attribute!r}{near}"
            yield f"$.robustness.{at}", told
    if section.features is None:
        return
    for key, names in named.items():
        for name in names:
            if name not in section.features:
                near = suggest(name, section.features)
                yield f"$.robustness.{key}", f"expected features of the model, found {name!r}{near}"
