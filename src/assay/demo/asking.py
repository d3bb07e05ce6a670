"""The scorecard asked about raw applications, as `assay.yaml` names it for the probes: ``assay.demo.asking:load``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.demo.scorecards import score

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MISSING_ALL = "VARCHAR"
"""Type of a column in which nothing is known."""


def load(path: str) -> Callable[[Mapping[str, list[Any]]], list[float]]:
    """Return what scores applications by a scorecard: columns of the table in, probabilities of approval out."""
    card = json.loads(Path(path).read_bytes())
    features = {feature["name"]: f"({feature['sql']})::DOUBLE" for feature in card["features"]}

    def ask(columns: Mapping[str, list[Any]]) -> list[float]:
        return score(card, _computed(columns, features))

    return ask


def _computed(columns: Mapping[str, list[Any]], features: Mapping[str, str]) -> dict[str, list[float | None]]:
    """Compute features from columns by the SQL that training computed them by."""
    import duckdb  # noqa: PLC0415 - an engine, imported only when rows are computed

    rows = ", ".join(
        f'unnest($c{at}::{_kind(values)}[]) AS "{name}"' for at, (name, values) in enumerate(columns.items())
    )
    selected = ", ".join(f'{sql} AS "{name}"' for name, sql in features.items())
    given = {f"c{at}": list(values) for at, values in enumerate(columns.values())}
    with duckdb.connect(config={"threads": 1}) as connection:
        found = connection.execute(f"SELECT {selected} FROM (SELECT {rows})", given).fetchall()  # noqa: S608 - our own SQL
    return dict(zip(features, map(list, zip(*found, strict=True)), strict=True))


def _kind(values: list[Any]) -> str:
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return "BOOLEAN"
    return "DOUBLE" if known and all(isinstance(value, (int, float)) for value in known) else MISSING_ALL
