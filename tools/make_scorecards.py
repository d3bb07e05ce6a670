"""Derive `src/assay/demo/scorecards.json`: what scikit-learn fits by the two recipes on the shipped table.

Run by hand, in the development environment, when the table or a recipe changes::

    PYTHONPATH=src .venv/bin/python tools/make_scorecards.py

`assay demo` uses it where scikit-learn is not installed. A test fits everything anew and compares.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import rfc8785

from assay.demo.applications import TABLE, read_columns
from assay.demo.fitting import RECORD, Fitted
from assay.demo.recipes import RECIPES
from assay.demo.training import Applicants, cross_fit

FOLDER = Path(__file__).parent.parent / "src" / "assay" / "demo"


def coefficients(card: dict[str, Any]) -> dict[str, Any]:
    """Return what was fitted of a scorecard; the rest is computed from the table."""
    return {
        "intercept": card["intercept"],
        "weights": {feature["name"]: feature["weight"] for feature in card["features"]},
    }


def main() -> int:
    """Fit both versions and write the record."""
    gives = Fitted()
    people = read_columns(FOLDER / TABLE, {"approved": "approved", "race": "race"})
    versions: dict[str, Any] = {}
    for recipe in RECIPES:
        columns = read_columns(FOLDER / TABLE, {name: f"({sql})::DOUBLE" for name, sql in recipe.features.items()})
        card, crossfit = cross_fit(recipe, Applicants(people["approved"], people["race"], columns), gives)
        versions[recipe.version] = {
            "everybody": coefficients(card),
            "without_fold": [coefficients(fold) for fold in crossfit],
        }
    folds = "".join(map(str, gives.folds(people["approved"])))
    target = FOLDER / RECORD
    target.write_bytes(rfc8785.dumps({"fitted_by": gives.fitted_by, "folds": folds, "versions": versions}))
    sys.stdout.write(f"{target}: {target.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
