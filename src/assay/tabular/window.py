"""A window of served rows: its tally, with labels and attributes that came late, and each column against a reference.

Labels and attributes are joined by an identifier within the engine, which may spill to disk: nothing is loaded. Of the
joined table only the columns of the tally are kept. Identifiers are compared as they are written.
"""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec

from assay.errors import DataError, suggest
from assay.records.profile import Profile
from assay.records.window import Span, WindowCounts
from assay.tabular.classes import named_value
from assay.tabular.comparison import MEMORY, compare_typed
from assay.tabular.opening import open_rows
from assay.tabular.profiling import compare_typed_with_profile
from assay.tabular.query import Query
from assay.tabular.sql import identifier, literal
from assay.tabular.tallying import checked, tally_batch
from assay.tabular.typed import EMPTY, Typed, family, open_typed, typed_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.records.comparison import ColumnCounts, TableComparison
    from assay.records.tally import FileDigest, Roles, Tally
    from assay.tabular.engine import Session
    from assay.tabular.opening import Opened

_JOINED = "window_joined"


@dataclass(frozen=True, kw_only=True)
class Late:
    """A table that comes later, and is joined by an identifier.

    Attributes:
        rows: whatever `tally_rows` takes.
        key: its column of identifiers.
        columns: the columns that are taken from it.
        role: what messages and digests call it.
    """

    rows: Any
    key: str
    columns: tuple[str, ...]
    role: str


@dataclass(frozen=True, kw_only=True)
class WindowQuestions:
    """What is asked of a window.

    Attributes:
        roles: which column means what, late ones included.
        identifier: the column that names a case.
        time: the column of times.
        delay_days: how long a label takes to come.
        late: tables of labels and attributes.
        columns: the columns that are compared; all but those of a role when None.
        now: RFC 3339 time of the measurement.
    """

    roles: Roles
    identifier: str | None = None
    time: str | None = None
    delay_days: float | None = None
    late: tuple[Late, ...] = ()
    columns: tuple[str, ...] | None = None
    now: str


@dataclass(frozen=True)
class CountedWindow:
    """What was counted of a window.

    Attributes:
        tally: by label, prediction and group; roles that no row has a value for are left out.
        predicted: the same rows with the prediction in the label's place, so that scores are known by prediction; None
            without scores.
        comparison: every column against the reference.
        predictions: of a regression: the column of predictions against the reference.
        counts: what came and what is late.
        files: role to the files that were read.
    """

    tally: Tally
    predicted: Tally | None
    comparison: TableComparison
    predictions: ColumnCounts | None
    counts: WindowCounts
    files: Mapping[str, tuple[FileDigest, ...]] = field(repr=False)


def count_window(
    batch: Any,  # noqa: ANN401 - any table
    reference: Any,  # noqa: ANN401 - any table, or a profile
    asked: WindowQuestions,
    *,
    name: str | None = None,
    memory: str = MEMORY,
) -> CountedWindow:
    """Count a window of served rows against a reference.

    Args:
        batch: the rows: whatever `tally_rows` takes.
        reference: a table, or a `Profile`.
        asked: what its columns mean.
        name: what messages and the record call the batch.
        memory: the engine's budget.

    Raises:
        DataError: when a table cannot be read, has no rows, or lacks a column that is named.
    """
    from assay.tabular.engine import session  # noqa: PLC0415 - the engine is loaded when rows are read

    with session(memory=memory) as engine:
        opened = open_rows(engine, batch, name=name)
        copied = opened.is_text or isinstance(batch, Query)
        typed = typed_of(engine, opened, "window_rows", copied=copied)
        if not typed.rows:
            raise DataError(
                f"{typed.name}: expected rows in the window, found none. Nothing came, or an export stopped"
            )
        if copied:
            made = f"CREATE TEMP TABLE window_rows AS SELECT * FROM {opened.relation};\n"
            opened = replace(opened, relation="window_rows", preamble=opened.preamble + made)
        _require(typed, asked)
        joined, late = _join(engine, opened, typed, asked)
        counts = _count(engine, typed, joined, asked)
        roles = _present(asked.roles, counts)
        joined = _with_label(joined, roles)
        tally = _tally(engine, joined, roles)
        if roles.task == "regression":
            counts = msgspec.structs.replace(counts, errors=_errors(engine, joined, roles))
        predicted = _tally(engine, joined, _by_prediction(roles)) if roles.score and roles.prediction else None
        comparison, predictions, files = _compare(engine, reference, typed, asked)
    return CountedWindow(tally, predicted, comparison, predictions, counts, {"window": opened.files, **late, **files})


def _require(typed: Typed, asked: WindowQuestions) -> None:
    """Refuse a window that lacks what its tally needs; what else has vanished is told of its column."""
    late = {name for table in asked.late for name in table.columns}
    wanted = [asked.roles.prediction, asked.roles.score, asked.roles.weight]
    wanted += [asked.identifier] if asked.late else []
    for column in wanted:
        if column is not None and column not in typed.types and column not in late:
            raise DataError(f"no column {column!r} in {typed.name}{suggest(column, typed.types)}")


def _join(
    engine: Session, opened: Opened, typed: Typed, asked: WindowQuestions
) -> tuple[Opened, dict[str, tuple[FileDigest, ...]]]:
    """Return the window with its late columns; the window itself when nothing is late."""
    if not asked.late or asked.identifier is None:
        return opened, {}
    tables = [(late, open_typed(engine, late.rows, identifier(f"late {late.role}"))) for late in asked.late]
    for late, table in tables:
        _prepare(engine, late, table)
    is_text = typed.is_text or any(table.is_text for _, table in tables)
    taken = {column: f"late_{late.role}" for late, _ in tables for column in late.columns}
    roles = asked.roles
    named = dict.fromkeys((roles.prediction, roles.score, roles.weight, roles.label, asked.time, *roles.protected))
    columns = {}
    for column in (one for one in named if one is not None):
        if column in taken or column in typed.types:
            source = identifier(taken[column]) if column in taken else "b"
            columns[column] = f"{source}.{identifier(column)}"
    listed = ", ".join(
        f"{f'CAST({sql} AS VARCHAR)' if is_text else sql} AS {identifier(column)}" for column, sql in columns.items()
    )
    key = typed.written(asked.identifier).replace(identifier(asked.identifier), f"b.{identifier(asked.identifier)}")
    joins = " ".join(
        f"LEFT JOIN {identifier(f'late_{late.role}')} ON {key} = {identifier(f'late_{late.role}')}.the_key"
        for late, _ in tables
    )
    made = f"CREATE TEMP TABLE {_JOINED} AS SELECT {listed} FROM {typed.relation} AS b {joins}"
    engine.rows(made, name=opened.name)
    kinds = {column: kind for column, kind, *_ in engine.rows(f"DESCRIBE {_JOINED}", name=opened.name)}
    files = {late.role: table.files for late, table in tables}
    return (
        replace(
            opened, relation=_JOINED, columns=kinds, is_text=is_text, is_parquet=False,
            files=(*opened.files, *(file for found in files.values() for file in found)),
            preamble=f"{opened.preamble}-- late columns joined by {asked.identifier}\n{made};\n",
        ),
        files,
    )  # fmt: skip


def _prepare(engine: Session, late: Late, table: Typed) -> None:
    """Keep one row an identifier of a late table.

    Raises:
        DataError: when a column is not there, or an identifier has two different values.
    """
    for column in (late.key, *late.columns):
        if column not in table.types:
            raise DataError(f"no column {column!r} in {table.name} ({late.role}){suggest(column, table.types)}")
    taken = ", ".join(f"any_value({identifier(name)}) AS {identifier(name)}" for name in late.columns)
    different = " + ".join(f"(count(DISTINCT {identifier(name)}) > 1)::INTEGER" for name in late.columns)
    name, key = identifier(f"late_{late.role}"), table.written(late.key)
    engine.rows(
        f"CREATE TEMP TABLE {name} AS SELECT {key} AS the_key, {taken}, "
        f"{different} AS the_conflicts FROM {table.relation} WHERE {key} IS NOT NULL GROUP BY the_key",
        name=table.name,
    )
    conflicts = engine.rows(f"SELECT count(*) FROM {name} WHERE the_conflicts > 0", name=table.name)[0][0]
    if conflicts:
        raise DataError(
            f"{table.name}: expected one value of {', '.join(map(repr, late.columns))} for each {late.key!r}, found "
            f"{conflicts:,} identifiers with several. Keep the last word on each case"
        )


def _count(engine: Session, typed: Typed, joined: Opened, asked: WindowQuestions) -> WindowCounts:
    reasons: dict[str, str] = {}
    hashed = ", ".join(identifier(column) for column in typed.types)
    parts = {"rows": "count(*)", "different": f"count(DISTINCT hash({hashed}))"}
    if asked.identifier is not None and asked.identifier in typed.types:
        written = typed.written(asked.identifier)
        parts |= {"identified": f"count({written})", "persons": f"count(DISTINCT {written})"}
    elif asked.identifier is not None:
        reasons["identifier"] = (
            f"no column {asked.identifier!r} in {typed.name}{suggest(asked.identifier, typed.types)}"
        )
    moment = _moment(typed, asked, reasons)
    if moment is not None:
        parts |= {f"{end}_time": f"strftime({end}({moment}), '%Y-%m-%dT%H:%M:%SZ')" for end in ("min", "max")}
    found = _select(engine, typed.relation, parts, typed.name)
    came = _came(engine, joined, asked, reasons, timed=moment is not None)
    persons = found.get("persons")
    has_span = found.get("min_time") is not None
    return WindowCounts(
        rows=found["rows"],
        repeated=found["rows"] - found["different"],
        identified=found.get("identified"),
        identifier_repeated=None if persons is None else found["identified"] - persons,
        labelled=came.get("labelled"), due=came.get("due"), overdue=came.get("overdue"),
        known={name: came.get(f"known{at}", 0) for at, name in enumerate(asked.roles.protected)},
        span=Span(start=found["min_time"], end=found["max_time"]) if has_span else None,
        reasons=reasons,
    )  # fmt: skip


def _came(
    engine: Session, joined: Opened, asked: WindowQuestions, reasons: dict[str, str], *, timed: bool
) -> dict[str, int]:
    """Count the labels and attributes that have come, and those that are overdue."""
    label, late = asked.roles.label, {}
    if label is not None and label in joined.columns:
        late["labelled"] = f"count({identifier(label)})"
        if timed and asked.delay_days is not None and (asked.time in joined.columns):
            cast = f"CAST({identifier(asked.time or '')} AS TIMESTAMP)"
            due = f"{cast} <= {literal(asked.now)}::TIMESTAMP - to_seconds({asked.delay_days * 86_400})"
            late |= {
                "due": f"count(*) FILTER ({due})",
                "overdue": f"count(*) FILTER ({due} AND {identifier(label)} IS NULL)",
            }
    elif label is not None:
        reasons["label"] = f"no column {label!r} in {joined.name}, and no labels have come"
    for at, name in enumerate(asked.roles.protected):
        if name in joined.columns:
            late[f"known{at}"] = f"count({identifier(name)})"
        else:
            reasons[name] = f"no column {name!r} in {joined.name}{suggest(name, joined.columns)}"
    return _select(engine, joined.relation, late, joined.name) if late else {}


def _select(engine: Session, relation: str, parts: dict[str, str], name: str) -> dict[str, Any]:
    listed = ", ".join(f"{sql} AS {identifier(key)}" for key, sql in parts.items())
    return dict(zip(parts, engine.rows(f"SELECT {listed} FROM {relation}", name=name)[0], strict=True))


def _moment(typed: Typed, asked: WindowQuestions, reasons: dict[str, str]) -> str | None:
    """Return SQL for a row's time; None with a reason where there is none."""
    if asked.time is None:
        return None
    if asked.time not in typed.types:
        reasons["time"] = f"no column {asked.time!r} in {typed.name}{suggest(asked.time, typed.types)}"
    elif family(typed.types[asked.time]) != "time":
        kind = "nothing" if typed.types[asked.time] == EMPTY else typed.types[asked.time]
        reasons["time"] = f"expected times in column {asked.time!r} of {typed.name}, found {kind}"
    else:
        return f"CAST({identifier(asked.time)} AS TIMESTAMP)"
    return None


def _present(roles: Roles, counts: WindowCounts) -> Roles:
    """Leave out a label and attributes that no row has: they are late, and what needs them waits.

    A regression keeps its label, without which there is no error: of rows that have none yet there are no errors.
    """
    return msgspec.structs.replace(
        roles,
        label=roles.label if counts.labelled or roles.task == "regression" else None,
        protected=tuple(name for name in roles.protected if counts.known.get(name)),
    )


def _by_prediction(roles: Roles) -> Roles:
    return msgspec.structs.replace(roles, label=roles.prediction, prediction=None, weight=None)


def _with_label(opened: Opened, roles: Roles) -> Opened:
    """Return rows that have a column of labels, of none where there is no such column yet."""
    if roles.label is None or roles.label in opened.columns:
        return opened
    kind, name = "VARCHAR" if opened.is_text else "DOUBLE", identifier(roles.label)
    relation = f"(SELECT *, CAST(NULL AS {kind}) AS {name} FROM {opened.relation})"
    return replace(opened, relation=relation, columns={**opened.columns, roles.label: kind}, is_parquet=False)


def _errors(engine: Session, opened: Opened, roles: Roles) -> tuple[float, float] | None:
    """Return the least and the greatest error of a row; None where no row has both label and prediction."""
    label, prediction = (f"TRY_CAST({identifier(name or '')} AS DOUBLE)" for name in (roles.label, roles.prediction))
    error = f"CASE WHEN isfinite({label}) AND isfinite({prediction}) THEN {prediction} - {label} END"
    found = _select(engine, opened.relation, {"low": f"min({error})", "high": f"max({error})"}, opened.name)
    return None if found["low"] is None else (found["low"], found["high"])


def _tally(engine: Session, opened: Opened, roles: Roles) -> Tally:
    """Count a window: a class that is named, and that nobody was given this time, is no mistake of the names."""
    known = (roles.positive, roles.favourable)
    seen: Counter[Any] = Counter(dict.fromkeys((named_value(one, ()) for one in known if one is not None), 0))
    tally = tally_batch(engine, opened, roles, name=opened.name, seen=seen)
    return checked(tally, seen, name=opened.name) if roles.task == "binary" else tally


def _compare(
    engine: Session,
    reference: Any,  # noqa: ANN401 - any table, or a profile
    typed: Typed,
    asked: WindowQuestions,
) -> tuple[TableComparison, ColumnCounts | None, dict[str, tuple[FileDigest, ...]]]:
    """Compare the columns, and a regression's predictions, with those of the reference, in one pass."""
    roles = asked.roles
    late = {name for table in asked.late for name in table.columns}
    apart = {roles.label, roles.prediction, roles.score, roles.weight, asked.identifier, asked.time, *late}
    is_profile = isinstance(reference, Profile)
    before = None if is_profile else open_typed(engine, reference, "reference_rows")
    known = [one.column for one in reference.columns] if before is None else list(before.types)
    chosen = asked.columns or tuple(name for name in dict.fromkeys((*known, *typed.types)) if name not in apart)
    numbers = roles.prediction if roles.task == "regression" and roles.prediction in typed.types else None
    if not chosen:
        raise DataError(f"{typed.name}: expected a column beside those of a role to compare, found none")
    every = tuple(dict.fromkeys((*chosen, *([numbers] if numbers is not None else []))))
    if before is None:
        found, files = compare_typed_with_profile(engine, reference, typed, columns=every), {}
    else:
        found, files = compare_typed(engine, before, typed, columns=every), {"reference": before.files}
    predictions = next((one for one in found.columns if one.column == numbers), None)
    columns = tuple(one for one in found.columns if one.column in chosen)
    return msgspec.structs.replace(found, columns=columns), predictions, files
