"""What is counted, as one readable SQL statement: counts and exact sums by raw group, label and prediction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from assay.records._tally_sum import bin_width
from assay.records.tally import EXACT_ROWS, EXACT_SCORES, SCORE_BINS
from assay.tabular.classes import positive_sql
from assay.tabular.limits import LARGEST
from assay.tabular.sql import identifier, indented, literal

if TYPE_CHECKING:
    from assay.records.tally import Roles
    from assay.tabular.columns import Kind
    from assay.tabular.opening import Opened

Edges: TypeAlias = tuple[float, float]

UNIT = (0.0, 1.0)
CLIP = "2.220446049250313e-16"
STATES = {"null": -1, "nan": -2, "infinite": -3, "text": -4, "outside": -5, "negative": -6}
"""Why a score or weight cannot be used, as the engine writes it down; 0 and above can be used."""

SCORE_STATES = [why for why in STATES if why != "negative"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to count: the source, the roles, the kind of each column, and how many rows each row stands for, if so."""

    opened: Opened
    roles: Roles
    kinds: dict[str, Kind]
    counted_by: str | None = None
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
        if self.is_text(column):
            return f"TRY_CAST(trim({name}) AS DOUBLE)"
        return f"CAST({name} AS DOUBLE)"


def number_columns(plan: Plan, role: str, column: str) -> list[str]:
    """Return a column as a number named for its role and, of CSV, as the text that it was."""
    columns = [f"{plan.number(column)} + 0.0 AS {role}"]
    return [*columns, f"{identifier(column)} AS {role}_text"] if plan.is_text(column) else columns


def number_state(plan: Plan, role: str, column: str, *, usable: str) -> str:
    """Return a CASE with the usable numbers, which says of the others why they cannot be used.

    It asks for finite numbers first: a Parquet file's statistics leave NaN out, and by them the engine takes all other
    comparisons for decided.
    """
    infinite, nan = STATES["infinite"], STATES["nan"]
    branches = [
        f"CASE WHEN NOT isfinite({role}) THEN CASE WHEN isinf({role}) THEN {infinite} ELSE {nan} END",
        usable,
        *([f"WHEN {role}_text IS NOT NULL AND {role} IS NULL THEN {STATES['text']}"] if plan.is_text(column) else []),
        f"WHEN {role} IS NULL THEN {STATES['null']}",
        *([f"WHEN {role} < 0 THEN {STATES['negative']}"] if role == "weight" else []),
        f"ELSE {STATES['outside']} END",
    ]
    return "\n         ".join(branches)


def weight_state(plan: Plan) -> list[str]:
    """Return the columns that say whether a weight can be used, and its whole units; none without weights."""
    if plan.roles.weight is None:
        return []
    usable = f"WHEN weight >= 0 AND weight <= {LARGEST!r} THEN 0"
    state = number_state(plan, "weight", plan.roles.weight, usable=usable)
    return [f"{state} AS weight_state", "round(weight * 1e12) AS weight_units"]


def weight_sums(plan: Plan) -> tuple[list[str], list[str]]:
    """Return the sums of weights: those of the step that counts, and those of the last; none without weights."""
    if plan.roles.weight is None:
        return [], []
    inner = [
        "sum(TRY_CAST(weight * 1e12 AS HUGEINT)) AS weight",
        "sum(TRY_CAST(weight * weight * 1e12 AS HUGEINT)) AS weight_squares",
    ]
    return inner, ["sum(weight) AS weight", "sum(weight_squares) AS weight_squares"]


def score_bin(plan: Plan, column: str, edges: Edges) -> str:
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
    return [*columns, f"{plan.number(plan.counted_by)} AS copies"] if plan.counted_by is not None else columns


def _placed(plan: Plan, edges: Edges | None) -> list[str]:
    """Return the columns of the second step: what can be used, and in which bin."""
    columns = weight_state(plan)
    if plan.roles.score is not None and edges is None:
        usable = f"WHEN abs(score) <= {LARGEST!r} THEN 0"
        columns.append(f"{number_state(plan, 'score', plan.roles.score, usable=usable)} AS score_state")
    elif plan.roles.score is not None and edges is not None:
        columns.append(score_bin(plan, plan.roles.score, edges))
    return columns


def positive(plan: Plan) -> str:
    """Return the condition under which a row's label is positive; for roles with a label only."""
    kind = plan.kinds[plan.roles.label or ""]
    return positive_sql(plan.roles, "text" if kind == "written" else kind)


def _log_loss(plan: Plan) -> str:
    """Return the log loss: of the score, or of one minus it, neither as a CASE, which costs the engine more."""
    share = f"abs(CAST(({positive(plan)}) IS DISTINCT FROM TRUE AS DOUBLE) - score)"
    return f"-ln(CASE WHEN {share} <= {CLIP} THEN {CLIP} ELSE {share} END)"


def score_terms(plan: Plan, edges: Edges | None) -> dict[str, str]:
    """Return what is summed of each score; log losses only where there are labels and no score beyond 0 and 1."""
    has_losses = plan.roles.label is not None and (edges is None or (edges[0] >= 0 and edges[1] <= 1))
    losses = {"log_losses": _log_loss(plan)} if has_losses else {}
    return {"total": "score", "squares": "score * score", **losses}


def score_sums(plan: Plan, edges: Edges) -> dict[str, str]:
    """Return the exact sums over rows. A score that is no number adds nothing; one beyond the edges voids the count."""
    whole, times = "BIGINT" if edges == UNIT else "HUGEINT", ""
    if plan.counted_by is not None:
        whole, times = "HUGEINT", "CAST(copies AS BIGINT) * "
    return {name: f"sum({times}TRY_CAST({term} * 1e12 AS {whole}))" for name, term in score_terms(plan, edges).items()}


def weighted_sum(term: str, usable: str) -> str:
    """Return the exact sum of a term times each row's weight, over the rows where both are usable."""
    return f"sum(CASE WHEN weight_state = 0 AND {usable} THEN CAST(weight_units * {term} AS HUGEINT) END)"


def _weighted_scores(plan: Plan, edges: Edges | None) -> tuple[list[str], list[str]]:
    """Return the sums of scores with weights: those of the step that counts, and those of the last."""
    if plan.roles.weight is None:
        return [], []
    usable = "score_state = 0" if edges is None else "bin >= 0"
    special = {"log_losses": f"{usable} AND score BETWEEN 0 AND 1"}
    terms = score_terms(plan, edges)
    names = {name: f"weighted_{name}" for name in ("total", "squares", "log_losses")}
    inner = [f"{weighted_sum(term, special.get(name, usable))} AS {names[name]}" for name, term in terms.items()]
    return inner, [f"{f'sum({names[name]})' if name in terms else 'NULL'} AS {names[name]}" for name in names]


def _sums(plan: Plan, edges: Edges | None) -> tuple[list[str], list[str]]:
    """Return the sums of scores: those of the second step, and those of the last."""
    if edges is None:
        usable = {"log_losses": "score_state = 0 AND score BETWEEN 0 AND 1"}
        last = {
            name: f"sum(CASE WHEN {usable.get(name, 'score_state = 0')} THEN n * CAST({term} * 1e12 AS HUGEINT) END)"
            for name, term in score_terms(plan, edges).items()
        }
        counted = []
    else:
        sums = score_sums(plan, edges)
        counted = [f"{found} AS {name}" for name, found in sums.items()]
        last = {name: f"sum({name}) FILTER (WHERE bin >= 0)" for name in sums}
    last.setdefault("log_losses", "NULL")
    return counted, [f"{found} AS {name}" for name, found in last.items()]


def score_lists(plan: Plan, key: str, state: str) -> list[str]:
    """Return the lists of scores that the last step makes, and the rows whose scores cannot be used."""
    lists = [key, "n", *(["weight"] if plan.roles.weight else [])]
    usable = [f"list({name} ORDER BY {key}) FILTER (WHERE {state} >= 0) AS {name}_list" for name in lists]
    return usable + [f"sum(n) FILTER (WHERE {state} = {STATES[why]}) AS {why}_scores" for why in SCORE_STATES]


def class_columns(plan: Plan) -> list[str]:
    """Return the columns ``label`` and ``prediction``."""
    roles = (("label", plan.roles.label), ("prediction", plan.roles.prediction))
    return [f"{plan.value(column) if column else 'NULL'} AS {role}" for role, column in roles]


def counting_sql(plan: Plan, edges: Edges | None) -> str:
    """Return the statement that counts; scores by value if there are no edges, else by bin between them."""
    roles = plan.roles
    keys = [*plan.groups, "label", "prediction", *(["weight_state"] if roles.weight else [])]
    inner, outer = weight_sums(plan)
    rows = "count(*)" if plan.counted_by is None else "CAST(sum(CAST(copies AS BIGINT)) AS BIGINT)"
    inner, outer = [f"{rows} AS n", *inner], ["sum(n) AS n", *outer]
    inner_keys, condition = list(keys), ""
    if roles.score:
        exact = edges is None
        key, state = ("score", "score_state") if exact else ("bin", "bin")
        inner_keys += ["score_state", "score"] if exact else ["bin"]
        for counted, summed in (_sums(plan, edges), _weighted_scores(plan, edges)):
            inner += counted
            outer += summed
        outer += score_lists(plan, key, state)
        if exact:
            usable = "FROM counted WHERE score_state = 0"
            few_rows = f"(SELECT coalesce(sum(n), 0) {usable}) <= {EXACT_ROWS}"
            condition = f"WHERE {few_rows} OR (SELECT count(DISTINCT score) {usable}) <= {EXACT_SCORES}\n"
    if roles.score and roles.label:
        outer.append(f"({positive(plan)}) AS positive")
    first = [*chosen(plan), *class_columns(plan)]
    return (
        f"WITH chosen AS (\n  SELECT\n{indented(first)}\n  FROM {plan.opened.relation}\n),\n"
        f"placed AS (\n  SELECT\n{indented(['*', *_placed(plan, edges)])}\n  FROM chosen\n),\n"
        f"counted AS (\n  SELECT\n{indented([*inner_keys, *inner])}\n  FROM placed\n  GROUP BY ALL\n)\n"
        f"SELECT\n{indented([*keys, *outer], 2)}\nFROM counted\n{condition}GROUP BY ALL;\n"
    )
