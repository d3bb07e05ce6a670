"""One pass over the rows: counts and exact sums by raw group, label and prediction, as one readable SQL statement."""

# ruff: noqa: S608 - SQL is this room's trade; every name and value in it has passed assay.tabular.sql

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from assay.errors import DataError
from assay.records._tally_sum import bin_width
from assay.records.tally import EXACT_SCORES, SCORE_BINS
from assay.tabular.classes import positive_sql
from assay.tabular.limits import LARGEST, LOOK_ROWS, MOST_CELLS, MOST_GROUP_VALUES
from assay.tabular.packing import pack, packable
from assay.tabular.sql import identifier, indented, literal

if TYPE_CHECKING:
    from assay.records.tally import Roles
    from assay.tabular.columns import Kind
    from assay.tabular.engine import Session
    from assay.tabular.opening import Opened
    from assay.tabular.packing import Seen
    from assay.tabular.values import Raw

Edges: TypeAlias = tuple[float, float]

UNIT = (0.0, 1.0)
CLIP = "2.220446049250313e-16"
STATES = {"null": -1, "nan": -2, "infinite": -3, "text": -4, "outside": -5, "negative": -6}
"""Why a score or weight cannot be used, as the engine writes it down; 0 and above can be used."""

SCORE_STATES = [why for why in STATES if why != "negative"]


@dataclass(frozen=True, slots=True)
class RawScores:
    """Scores of one raw cell: sums over the usable ones, rows by value or by bin, and rows that are not usable."""

    total: int
    squares: int
    log_losses: int | None
    keys: list[float]
    counts: list[int]
    weights: list[int]
    unusable: dict[str, int]


@dataclass(frozen=True, slots=True)
class RawCell:
    """Rows of one group, label and prediction, each as the engine returns it."""

    group: tuple[Raw, ...]
    label: Raw
    prediction: Raw
    count: int
    weight: int | None
    weight_squares: int | None
    weight_state: int
    positive: bool | None
    scores: RawScores | None


@dataclass(frozen=True, slots=True)
class Counted:
    """All raw cells of one source.

    Attributes:
        cells: the cells.
        edges: of the histogram of scores; None while scores are kept by value.
        sql: the statement that made them.
    """

    cells: list[RawCell]
    edges: Edges | None
    sql: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to count: the source, the roles, and the kind of each column."""

    opened: Opened
    roles: Roles
    kinds: dict[str, Kind]
    groups: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Number the groups."""
        object.__setattr__(self, "groups", tuple(f"g{i}" for i, _ in enumerate(self.roles.protected, 1)))

    def is_text(self, column: str) -> bool:
        """Tell whether the column is CSV text, whose type is found from all of its values."""
        return self.opened.is_text and self.kinds[column] == "text"

    def value(self, column: str) -> str:
        """Return a column as a value to group by."""
        name = identifier(column)
        plain = self.opened.columns[column] in {"VARCHAR", '"NULL"'} or self.kinds[column] not in {"text", "written"}
        return name if plain else f"CAST({name} AS VARCHAR)"

    def number(self, column: str) -> str:
        """Return a column as a number.

        A bare TRY_CAST of a CSV column is handed down to the engine's reader, which fails where the cast would not.
        """
        name = identifier(column)
        return f"TRY_CAST(trim({name}) AS DOUBLE)" if self.is_text(column) else f"CAST({name} AS DOUBLE)"


def number_columns(plan: Plan, role: str, column: str) -> list[str]:
    """Return a column as a number named for its role and, of CSV, as the text that it was."""
    columns = [f"{plan.number(column)} + 0.0 AS {role}"]
    return [*columns, f"{identifier(column)} AS {role}_text"] if plan.is_text(column) else columns


def number_state(plan: Plan, role: str, column: str, *, usable: str) -> str:
    """Return a CASE that begins with the usable numbers and goes on to say why the others cannot be used."""
    branches = [
        f"CASE {usable}",
        *([f"WHEN {role}_text IS NOT NULL AND {role} IS NULL THEN {STATES['text']}"] if plan.is_text(column) else []),
        f"WHEN {role} IS NULL THEN {STATES['null']}",
        f"WHEN isnan({role}) THEN {STATES['nan']}",
        f"WHEN isinf({role}) THEN {STATES['infinite']}",
        *([f"WHEN {role} < 0 THEN {STATES['negative']}"] if role == "weight" else []),
        f"ELSE {STATES['outside']} END",
    ]
    return "\n         ".join(branches)


def weight_state(plan: Plan) -> list[str]:
    """Return the column that says whether a weight can be used; none without weights."""
    if plan.roles.weight is None:
        return []
    usable = f"WHEN weight >= 0 AND weight <= {LARGEST!r} THEN 0"
    return [f"{number_state(plan, 'weight', plan.roles.weight, usable=usable)} AS weight_state"]


def weight_sums(plan: Plan) -> tuple[list[str], list[str]]:
    """Return the sums of weights: those of the step that counts, and those of the last; none without weights."""
    if plan.roles.weight is None:
        return [], []
    inner = [
        "sum(TRY_CAST(weight * 1e12 AS HUGEINT)) AS weight",
        "sum(TRY_CAST(weight * weight * 1e12 AS HUGEINT)) AS weight_squares",
    ]
    return inner, ["sum(weight) AS weight", "sum(weight_squares) AS weight_squares"]


def _bin(plan: Plan, column: str, edges: Edges) -> str:
    """Return the bin of a score as `bin_of` has it, without the engine's slow ``least``."""
    low, high = edges
    width = bin_width(low, high)
    last = SCORE_BINS - 1
    if edges == UNIT:
        usable = f"WHEN score >= 0 AND score < 1 THEN CAST(floor(score * {SCORE_BINS}) AS SMALLINT)\n"
        usable += f"         WHEN score = 1 THEN {last}"
    else:
        place = f"floor((score - {literal(low)}) / {literal(width)})" if width > 0 else "0"
        inside = f"score >= {literal(low)} AND score <= {literal(high)}"
        usable = f"WHEN {inside} AND {place} < {last} THEN CAST({place} AS SMALLINT)\n"
        usable += f"         WHEN {inside} THEN {last}"
    return f"{number_state(plan, 'score', column, usable=usable)} AS bin"


def chosen(plan: Plan) -> list[str]:
    """Return the columns of the first step: the protected attributes and the numbers, named for their roles."""
    roles = plan.roles
    columns = [f"{plan.value(column)} AS {group}" for group, column in zip(plan.groups, roles.protected, strict=True)]
    for role, column in (("weight", roles.weight), ("score", roles.score)):
        columns += number_columns(plan, role, column) if column is not None else []
    return columns


def _placed(plan: Plan, edges: Edges | None) -> list[str]:
    """Return the columns of the second step: what can be used, and in which bin."""
    columns = weight_state(plan)
    if plan.roles.score is not None and edges is None:
        usable = f"WHEN abs(score) <= {LARGEST!r} THEN 0"
        columns.append(f"{number_state(plan, 'score', plan.roles.score, usable=usable)} AS score_state")
    elif plan.roles.score is not None and edges is not None:
        columns.append(_bin(plan, plan.roles.score, edges))
    return columns


def _log_loss(plan: Plan) -> str:
    assert plan.roles.label is not None  # noqa: S101 - asked for with a label only
    kind = plan.kinds[plan.roles.label]
    positive = positive_sql(plan.roles, "text" if kind == "written" else kind)
    return f"-ln(greatest(CASE WHEN {positive} THEN score ELSE 1 - score END, {CLIP}))"


def _sums(plan: Plan, edges: Edges | None) -> tuple[list[str], list[str]]:
    """Return the sums of scores: those of the second step, and those of the last."""
    has_losses = plan.roles.label is not None and (edges is None or (edges[0] >= 0 and edges[1] <= 1))
    if edges is None:
        each = ["score", "score * score"]
        last = [f"sum(CASE WHEN score_state = 0 THEN n * CAST({term} * 1e12 AS HUGEINT) END)" for term in each]
        last.append(
            f"sum(CASE WHEN score BETWEEN 0 AND 1 THEN n * CAST({_log_loss(plan)} * 1e12 AS HUGEINT) END)"
            if has_losses
            else "NULL"
        )
        return [], [f"{s} AS {n}" for s, n in zip(last, ("total", "squares", "log_losses"), strict=True)]
    whole = "BIGINT" if edges == UNIT else "HUGEINT"
    terms = {"total": "score", "squares": "score * score", **({"log_losses": _log_loss(plan)} if has_losses else {})}
    counted = [f"sum(TRY_CAST({term} * 1e12 AS {whole})) AS {name}" for name, term in terms.items()]
    outer = [f"sum({name}) FILTER (WHERE bin >= 0) AS {name}" for name in terms]
    return counted, outer if has_losses else [*outer, "NULL AS log_losses"]


def counting_sql(plan: Plan, edges: Edges | None, seen: Seen | None = None) -> str:
    """Return the statement that counts; scores by value if there are no edges, else by bin between them.

    Args:
        plan: what to count.
        edges: of the histogram of scores.
        seen: the values by which to group through one integer; a last column then counts rows with other values.
    """
    roles = plan.roles
    keys = [*plan.groups, "label", "prediction", *(["weight_state"] if roles.weight else [])]
    inner, outer = weight_sums(plan)
    inner, outer = ["count(*) AS n", *inner], ["sum(n) AS n", *outer]
    inner_keys, condition = list(keys), ""
    if roles.score:
        exact = edges is None
        key, state = ("score", "score_state") if exact else ("bin", "bin")
        inner_keys += ["score_state", "score"] if exact else ["bin"]
        counted, summed = _sums(plan, edges)
        inner += counted
        outer += summed
        kept = f"FILTER (WHERE {state} >= 0)"
        lists = [key, "n", *(["weight"] if roles.weight else [])]
        outer += [f"list({name} ORDER BY {key}) {kept} AS {name}_list" for name in lists]
        outer += [f"sum(n) FILTER (WHERE {state} = {STATES[why]}) AS {why}_scores" for why in SCORE_STATES]
        if exact:
            distinct = "SELECT count(DISTINCT score) FROM counted WHERE score_state = 0"
            condition = f"WHERE ({distinct}) <= {EXACT_SCORES}\n"
    if roles.score and roles.label:
        kind = plan.kinds[roles.label]
        outer.append(f"({positive_sql(roles, 'text' if kind == 'written' else kind)}) AS positive")
    classes = [f"{plan.value(roles.label) if roles.label else 'NULL'} AS label"]
    classes.append(f"{plan.value(roles.prediction) if roles.prediction else 'NULL'} AS prediction")
    by, decoded = inner_keys, ""
    if seen is not None:
        key, columns = pack(seen)
        by = [f"{key} AS key"]
        columns += [f"NULL AS {name}" for name in ("label", "prediction") if name not in seen]
        decoded = f",\ndecoded AS (\n  SELECT\n{indented(['*', *columns])}\n  FROM counted\n)"
        outer.append("sum(n) FILTER (WHERE bin IS NULL) AS unseen")
    last = "decoded" if decoded else "counted"
    return (
        f"WITH chosen AS (\n  SELECT\n{indented([*chosen(plan), *classes])}\n  FROM {plan.opened.relation}\n),\n"
        f"placed AS (\n  SELECT\n{indented(['*', *_placed(plan, edges)])}\n  FROM chosen\n),\n"
        f"counted AS (\n  SELECT\n{indented([*by, *inner])}\n  FROM placed\n  GROUP BY ALL\n){decoded}\n"
        f"SELECT\n{indented([*keys, *outer], 2)}\nFROM {last}\n{condition}GROUP BY ALL;\n"
    )


def _raw_cells(plan: Plan, found: list[tuple[Raw, ...]]) -> list[RawCell]:
    """Give the columns of `counting_sql` their names."""
    roles, cells = plan.roles, []
    groups = len(plan.groups)
    for row in found:
        rest = iter(row[groups:])
        label, prediction = next(rest), next(rest)
        state = next(rest) if roles.weight else 0
        count = int(next(rest))
        weight, squares = (next(rest), next(rest)) if roles.weight else (None, None)
        scores = None
        if roles.score:
            total, score_squares, log_losses, keys, counts = (next(rest) for _ in range(5))
            weights = next(rest) if roles.weight else None
            unusable = {why: int(next(rest) or 0) for why in SCORE_STATES}
            scores = RawScores(
                total or 0, score_squares or 0, log_losses, keys or [], counts or [], weights or [], unusable
            )
        positive = next(rest) if roles.score and roles.label else None
        cells.append(RawCell(row[:groups], label, prediction, count, weight, squares, state, positive, scores))
    return cells


def group_cap(session: Session, plan: Plan) -> tuple[int, int]:
    """Look at some rows, and refuse an attribute that already there has too many values.

    Returns:
        How many rows were seen and how many different scores; neither decides any number.

    Raises:
        DataError: when an attribute has too many values.
    """
    columns = [plan.value(column) for column in plan.roles.protected]
    score = plan.number(plan.roles.score) if plan.roles.score else "NULL"
    names = [f"{column} AS {group}" for group, column in zip(plan.groups, columns, strict=True)]
    distinct = ["count(*)", *(f"count(DISTINCT {group})" for group in plan.groups), "count(DISTINCT score)"]
    some = f"SELECT {', '.join([*names, f'{score} AS score'])} FROM {plan.opened.relation} LIMIT {LOOK_ROWS}"
    rows, *values, scores = session.rows(f"SELECT {', '.join(distinct)} FROM ({some})", name=plan.opened.name)[0]
    if any(value > MOST_GROUP_VALUES for value in values):
        refuse_many_groups(session, plan)
    return rows, scores


def refuse_many_groups(session: Session, plan: Plan) -> None:
    """Raise if a protected attribute has too many values, with their number.

    Raises:
        DataError: naming every such attribute.
    """
    counts = ", ".join(f"count(DISTINCT {plan.value(column)})" for column in plan.roles.protected)
    found = session.rows(f"SELECT {counts} FROM {plan.opened.relation}", name=plan.opened.name)[0]
    for column, count in zip(plan.roles.protected, found, strict=True):
        if count > MOST_GROUP_VALUES:
            raise DataError(
                f"{plan.opened.name}: expected at most {MOST_GROUP_VALUES} different values in protected column "
                f"{column!r}, found {count}. Bin it (ages into bands), or name another column"
            )


def _values_seen(session: Session, plan: Plan) -> Seen | None:
    """Return the values of some rows, for a Parquet file whose columns can be packed into one integer."""
    roles = plan.roles
    columns = dict(zip(plan.groups, roles.protected, strict=True))
    columns |= {role: column for role, column in (("label", roles.label), ("prediction", roles.prediction)) if column}
    kinds = {plan.kinds[column] for column in columns.values()}
    if not plan.opened.is_parquet or roles.weight is not None or not kinds <= {"text", "integer", "boolean"}:
        return None
    some = ", ".join(f"{plan.value(column)} AS {name}" for name, column in columns.items())
    lists = ", ".join(f"list(DISTINCT {name})" for name in columns)
    sql = f"SELECT {lists} FROM (SELECT {some} FROM {plan.opened.relation} LIMIT {LOOK_ROWS})"
    found = session.rows(sql, name=plan.opened.name)[0]
    seen = {
        name: [
            *sorted(value for value in values or [] if value is not None),
            *([None] if None in (values or []) else []),
        ]
        for name, values in zip(columns, found, strict=True)
    }
    return seen if packable(seen) else None


def _run(session: Session, plan: Plan, edges: Edges | None) -> Counted:
    seen = _values_seen(session, plan) if edges is not None else None
    sql = counting_sql(plan, edges, seen)
    found = session.watched_rows(sql, name=plan.opened.name, most=MOST_CELLS + 1)
    if len(found) > MOST_CELLS:
        if plan.roles.protected:
            refuse_many_groups(session, plan)
        raise DataError(
            f"{plan.opened.name}: expected at most {MOST_CELLS} combinations of {', '.join(plan.roles.protected)}, "
            "label and prediction, found more. Name fewer protected columns, or bin those with many values"
        )
    if seen is not None and any(row[-1] for row in found):
        sql = counting_sql(plan, edges)
        found = session.watched_rows(sql, name=plan.opened.name, most=MOST_CELLS + 1)
    return Counted(_raw_cells(plan, found), edges, sql)


def _score_edges(session: Session, plan: Plan) -> Edges:
    """Return the least and the greatest usable score, or 0 and 1 when all lie within."""
    assert plan.roles.score is not None  # noqa: S101 - asked for with a score only
    number = plan.number(plan.roles.score)
    sql = f"SELECT min(s), max(s) FROM (SELECT {number} + 0.0 AS s FROM {plan.opened.relation}) WHERE isfinite(s)"
    low, high = session.rows(sql, name=plan.opened.name)[0]
    if low is None or (low >= 0.0 and high <= 1.0):
        return UNIT
    if max(-low, high) > LARGEST:
        raise DataError(
            f"{plan.opened.name}: expected scores of magnitude up to {LARGEST:g} in column {plan.roles.score!r}, "
            f"found them from {low!r} to {high!r}. Rescale the column"
        )
    return float(low), float(high)


def count(session: Session, plan: Plan, edges: Edges | None) -> Counted:
    """Count the rows in one pass: scores by value while there are few, else by bin.

    Args:
        session: the engine.
        plan: what to count.
        edges: of the histogram, where they are given; a score outside is left for the caller to see.
    """
    rows, distinct = group_cap(session, plan)
    if plan.roles.score is None or rows <= EXACT_SCORES or distinct <= EXACT_SCORES:
        counted = _run(session, plan, None)
        if counted.cells or rows == 0:
            return counted
    counted = _run(session, plan, edges or UNIT)
    if edges is None and any(cell.scores and cell.scores.unusable["outside"] for cell in counted.cells):
        counted = _run(session, plan, _score_edges(session, plan))
    return counted
