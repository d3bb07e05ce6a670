"""The rows that the model was fitted on, as people of the same two sides, in the same bins and codes."""

# ruff: noqa: S608 - every name and value in this SQL has passed assay.tabular.sql

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.diagnosis.people import column_of, side_of, yes_or_no
from assay.tabular.limits import NAMED
from assay.tabular.typed import family, open_typed

if TYPE_CHECKING:
    from assay.diagnosis.coding import Coded
    from assay.diagnosis.question import Question
    from assay.diagnosis.sides import Sides

MOST_ROWS = 120_000
"""Train rows taken, evenly through the file."""


@dataclass(frozen=True, slots=True)
class TrainRows:
    """The table ``trained``: g, y, the bins and codes of the features that it has.

    Attributes:
        rows: of focus and reference, in the whole file.
        features: places of the features that it has.
        codes: the columns of codes that it has.
        has_label: whether it has the label.
        told: what it has not.
    """

    rows: tuple[int, int]
    features: tuple[int, ...]
    codes: tuple[str, ...]
    has_label: bool
    told: tuple[str, ...]


def open_train(question: Question, sides: Sides, coded: Coded) -> TrainRows | str:
    """Make the table ``trained``; or say why there is nothing to compare.

    Raises:
        DataError: when the file cannot be read.
    """
    people = coded.people
    typed = open_typed(people.session, question.train, '"train"')
    lacking = [one for one in sides.attributes if one not in typed.types]
    if lacking:
        return f"the train rows have no column {lacking[0]!r}: groups cannot be compared with them"
    has = [
        at for at, one in enumerate(coded.features)
        if one.name in typed.types and (family(typed.types[one.name]) != "category") == one.number
    ]  # fmt: skip
    absent = [one.name for at, one in enumerate(coded.features) if at not in has]
    told = []
    if absent:
        named = ", ".join(absent[:NAMED]) + (" and others" if len(absent) > NAMED else "")
        told.append(f"the train rows lack {named}, or have them in another type")
    label = question.roles.label
    has_label = label is not None and label in typed.types
    if label is not None and not has_label:
        told.append(f"the train rows have no label {label!r}")
    columns = [f"{side_of(typed, sides)} AS g"]
    columns.append(f"{yes_or_no(typed, label or '', question.roles.positive) if has_label else 'NULL::INTEGER'} AS y")
    columns += [f"{column_of(typed, coded.features[at])} AS {coded.features[at].column}" for at in has]
    people.ask("DROP TABLE IF EXISTS trained_raw; DROP TABLE IF EXISTS trained")
    people.ask(
        f"CREATE TEMP TABLE trained_raw AS SELECT row_number() OVER () AS rid, {', '.join(columns)} FROM "
        f"{typed.relation}"
    )
    counted = dict(people.ask("SELECT g, count(*) FROM trained_raw WHERE g IS NOT NULL GROUP BY g"))
    every = max(1, -(-sum(counted.values()) // MOST_ROWS))
    codes = [code for code in coded.codes if code.feature in has]
    made = [f"{code.sql} AS {code.column}" for code in codes]
    made += [f"{coded.bin_sql[at]} AS {coded.bins[at]}" for at in has]
    people.ask(
        f"CREATE TEMP TABLE trained AS SELECT {', '.join(['rid', 'g', 'y', *made])} FROM trained_raw "
        f"WHERE g IS NOT NULL AND rid % {every} = 0 ORDER BY rid"
    )
    people.ask("DROP TABLE trained_raw")
    return TrainRows(
        (counted.get(1, 0), counted.get(0, 0)), tuple(has), tuple(code.column for code in codes), has_label, tuple(told)
    )
