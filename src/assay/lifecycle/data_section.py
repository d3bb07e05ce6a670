"""The section ``data`` of `assay.yaml`: what the data stage is told, read strictly."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from assay.errors import suggest
from assay.records.benchmark import Benchmark
from assay.records.dataset_counts import Expected

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from assay.lifecycle.project import Config

Kind: TypeAlias = Literal["number", "text", "boolean", "time"]

WHOLE = 0.005
"""Shares of a population may miss 1 by this much: they were rounded."""


class BenchmarkSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A population: the share of each group, and where the shares come from.

    Attributes:
        attributes: the protected attribute, or several together.
        shares: group to share; of several attributes the values in their order, joined by commas.
        source: the census, the register, the study; with its year.
    """

    attributes: tuple[str, ...]
    shares: dict[str, float]
    source: str


class ExpectSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is expected of a column.

    Attributes:
        type: kind of its values.
        min: least value; of a column of times a date.
        max: greatest value.
        allowed: the only values that may occur.
        missing: greatest share of rows without a value.
        unique: whether no value may occur twice.
    """

    type: Kind | None = None
    min: float | str | None = None
    max: float | str | None = None
    allowed: tuple[str | int | float | bool, ...] | None = None
    missing: float | None = None
    unique: bool = False


class DataSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `assay run --stage data` is told.

    Attributes:
        measured_on: role of the dataset that is learnt from.
        benchmark: the populations that it is held against.
        features: the columns learnt from; left out, every column that has no other role.
        identifier: the column that names a person or a case.
        time: the column of times, for the age of the newest row.
        source: the column that says where a row came from.
        out_of_sample: the column of probabilities of the positive label, each by a model that had not seen the row.
        expect: expectations, by column.
        datasheet: the file of what only people can say about the data, relative to `assay.yaml`.
    """

    measured_on: str = "train"
    benchmark: tuple[BenchmarkSection, ...] = ()
    features: tuple[str, ...] | None = None
    identifier: str | None = None
    time: str | None = None
    source: str | None = None
    out_of_sample: str | None = None
    expect: dict[str, ExpectSection] = {}
    datasheet: str | None = None

    def benchmarks(self) -> tuple[Benchmark, ...]:
        """Return the populations, groups written as they are compared: values joined by ``, ``."""
        return tuple(
            Benchmark(
                attributes=one.attributes,
                shares={", ".join(_values(name, one.attributes)): share for name, share in one.shares.items()},
                source=one.source,
            )
            for one in self.benchmark
        )

    def expected(self) -> dict[str, Expected]:
        """Return the expectations as they are counted."""
        return {name: Expected(**msgspec.structs.asdict(one)) for name, one in self.expect.items()}


def _values(name: str, attributes: Collection[str]) -> list[str]:
    """Return the values that a group is written with; of one attribute the value itself, which may hold commas."""
    return [name] if len(attributes) == 1 else [part.strip() for part in name.split(",")]


def data_problems(config: Config) -> Iterator[tuple[str, str]]:
    """Yield everything that is wrong in the section: JSON path and message."""
    data = config.data
    if data is None:
        return
    if data.measured_on not in config.datasets:
        near = suggest(data.measured_on, config.datasets)
        yield "$.data.measured_on", f"expected a dataset {data.measured_on!r} among datasets, found none{near}"
    if config.columns.task == "regression":
        message = (
            "the data stage counts labels by class; expected task binary or multiclass, found regression: two numbers "
            "differ without a conflict. Name a column of bands as the label; a query can make one (datasets.*.query)"
        )
        yield "$.columns.task", message
    elif config.columns.task == "multiclass" and config.columns.positive is None:
        yield "$.columns.positive", "expected the class that the data stage tells from all others, found none"
    if config.columns.label is None:
        yield "$.columns.label", "expected the column of the outcome, found none: the data stage measures its labels"
    for number, one in enumerate(data.benchmark):
        yield from _benchmark(one, f"$.data.benchmark[{number}]", config.columns.protected)
    yield from _roles(config, data)
    for column, expected in data.expect.items():
        yield from _expectation(expected, f"$.data.expect.{column}")


def _benchmark(one: BenchmarkSection, path: str, protected: Collection[str]) -> Iterator[tuple[str, str]]:
    if not one.attributes:
        yield f"{path}.attributes", "expected one protected attribute or more, found none"
    for name in one.attributes:
        if name not in protected:
            known = ", ".join(protected) or "none"
            near = suggest(name, protected)
            yield f"{path}.attributes", f"expected protected attributes ({known}), found {name!r}{near}"
    if not one.source.strip():
        yield f"{path}.source", "expected where the shares come from, found an empty text"
    wrong = [name for name, share in one.shares.items() if not (isfinite(share) and 0 <= share <= 1)]
    for name in wrong:
        yield f"{path}.shares.{name}", f"expected a share from 0 to 1, found {one.shares[name]:g}"
    for name in one.shares:
        parts = len(_values(name, one.attributes))
        if one.attributes and parts != len(one.attributes):
            wanted = f"{len(one.attributes)} values joined by commas, one for each of {', '.join(one.attributes)}"
            yield f"{path}.shares.{name}", f"expected {wanted}, found {parts}"
    total = sum(one.shares.values())
    if not wrong and abs(total - 1) > WHOLE:
        yield f"{path}.shares", f"expected shares of a whole population, which add up to 1, found {total:.4g}"


def _roles(config: Config, data: DataSection) -> Iterator[tuple[str, str]]:
    columns = config.columns
    roles = {"columns.label": columns.label, "columns.prediction": columns.prediction, "columns.score": columns.score}
    for name in data.features or ():
        taken = [role for role, column in roles.items() if column == name]
        taken += ["columns.protected"] if name in columns.protected else []
        if taken:
            yield "$.data.features", f"expected columns that the model learns from, found {name!r}, which is {taken[0]}"
    if data.features is not None and not data.features:
        yield "$.data.features", "expected at least one column, found none; leave the key out for every other column"
    for key in ("identifier", "time", "source", "out_of_sample"):
        column = getattr(data, key)
        if column is not None and column in {columns.label, *(data.features or ())}:
            yield f"$.data.{key}", f"expected a column of its own, found {column!r}, which is the label or a feature"


def _expectation(one: ExpectSection, path: str) -> Iterator[tuple[str, str]]:
    if one == ExpectSection():
        yield path, "expected at least one of type, min, max, allowed, missing and unique, found none"
    if one.missing is not None and not 0 <= one.missing <= 1:
        yield f"{path}.missing", f"expected a share from 0 to 1, found {one.missing:g}"
    bounds = [bound for bound in (one.min, one.max) if bound is not None]
    if len({isinstance(bound, str) for bound in bounds}) > 1:
        yield path, "expected min and max of one kind, found a number and a text"
    elif len(bounds) == 2 and one.min > one.max:  # type: ignore[operator] # noqa: PLR2004 - both, and of one kind
        yield path, f"expected min at most max, found {one.min} and {one.max}: nothing could be within"
    if one.allowed is not None and not one.allowed:
        yield f"{path}.allowed", "expected at least one value, found none: nothing could be allowed"
    for key in ("min", "max"):
        bound = getattr(one, key)
        if isinstance(bound, str) and not _is_time(bound):
            yield f"{path}.{key}", f"expected a number, or a date such as 2026-01-31, found {bound!r}"


def _is_time(text: str) -> bool:
    from datetime import datetime  # noqa: PLC0415 - only for bounds in words

    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
