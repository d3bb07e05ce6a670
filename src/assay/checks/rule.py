"""rule: a CEL expression over the evidence, for what no other check covers.

The Common Expression Language (https://cel.dev) has no endless loops, no files and no clock. The expression sees one
name, ``evidence``: the record as its JSON shows it. A rule has a budget of steps, so that no nest of macros over all
measurements holds up a gate; a rule that needs more is unknown, on every machine alike.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from assay.checks._finding import finding
from assay.checks.control import Check
from assay.errors import suggest

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding


MAX_STEPS = 100_000
"""Parts of an expression that are evaluated at most: a few seconds of CPU. A macro over 500 measurements takes about
ten thousand, two nested ones over all of them take millions, and over those of one metric a few hundred."""

_MACROS = frozenset({"all", "exists", "exists_one", "filter", "map"})
_TYPES = frozenset(
    {"bool", "bytes", "double", "duration", "int", "list", "map", "null_type", "string", "timestamp", "type", "uint"}
)


def _names(tree: Any) -> tuple[set[str], set[str]]:  # noqa: ANN401 - a syntax tree of the lark module
    """Return the names that an expression reads, and those that its macros bind (``m`` in ``list.all(m, ...)``)."""
    read, bound = set(), set()
    for node in tree.iter_subtrees():
        if node.data in {"ident", "dot_ident"}:
            read.add(str(node.children[0]))
        elif node.data == "member_dot_arg" and str(node.children[1]) in _MACROS and len(node.children) > 2:  # noqa: PLR2004 - receiver, name, arguments
            first = next(node.children[2].children[0].find_data("ident"), None)
            bound |= set() if first is None else {str(first.children[0])}
    return read, bound


class _OverBudgetError(Exception):
    """A rule has used up its steps; no operator of CEL may take this for a value, as it may its own errors."""


@cache
def _bounded_runner() -> Any:  # noqa: ANN401 - a class of the celpy module
    """Return a runner of celpy that counts the parts that it evaluates, those within macros too."""
    import celpy  # noqa: PLC0415 - as below
    from celpy.evaluation import Evaluator  # noqa: PLC0415 - as below

    class Bounded(Evaluator):
        steps: list[int]

        def visit(self, tree: Any) -> Any:  # noqa: ANN401 - as celpy's
            self.steps[0] += 1
            if self.steps[0] > MAX_STEPS:
                raise _OverBudgetError
            return super().visit(tree)

        def sub_evaluator(self, ast: Any) -> Any:  # noqa: ANN401 - as celpy's
            return _counting(Bounded(ast, activation=self.activation), self.steps)

    def _counting(evaluator: Bounded, steps: list[int]) -> Bounded:
        evaluator.steps = steps
        return evaluator

    class Runner(celpy.InterpretedRunner):
        def evaluate(self, context: Any) -> Any:  # noqa: ANN401 - as celpy's
            return _counting(Bounded(ast=self.ast, activation=self.new_activation()), [0]).evaluate(context)

    return Runner


def compile_rule(expression: str) -> Any:  # noqa: ANN401 - a compiled program of the celpy module
    """Compile an expression.

    Raises:
        ValueError: with the place and the reason, when it is not CEL.
    """
    import celpy  # noqa: PLC0415 - a third of a second of imports, only for policies that have rules of their own
    from celpy.celparser import CELParseError  # noqa: PLC0415 - as above

    environment = celpy.Environment(runner_class=_bounded_runner())
    try:
        tree = environment.compile(expression)
    except CELParseError as error:
        where = "" if error.line is None else f" at line {error.line}, column {error.column}"
        raise ValueError(f"expected an expression of CEL, found a mistake{where}") from None
    read, bound = _names(tree)
    unknown = sorted(read - bound - _TYPES - {"evidence"})
    if unknown:
        near = suggest(unknown[0], ["evidence", *bound])
        raise ValueError(f"expected the name 'evidence' and names that a macro binds, found {unknown[0]!r}{near}")
    return environment.program(tree)


def _evaluate(expression: str, evidence: Evidence) -> Any:  # noqa: ANN401 - whatever the expression gives
    from celpy.adapter import json_to_cel  # noqa: PLC0415 - as above
    from celpy.evaluation import CELEvalError  # noqa: PLC0415 - as above

    record = json_to_cel(msgspec.to_builtins(evidence, str_keys=True))
    try:
        return compile_rule(expression).evaluate({"evidence": record})
    except CELEvalError as error:
        raise ValueError(str(error.args[0]) if error.args else "no reason given") from None
    except _OverBudgetError:
        raise ValueError(
            f"it needs more than {MAX_STEPS:,} steps. Nest fewer macros over all measurements; filter by metric first"
        ) from None


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield one finding: pass on true, fail on false, unknown on an error or on anything else."""
    import celpy  # noqa: PLC0415 - as above

    expression = control.expression or ""
    try:
        found = _evaluate(expression, evidence)
    except ValueError as error:
        reason = f"the rule {expression!r} could not be evaluated: {str(error).splitlines()[0]}"
        return (finding(control, terms, "unknown", reason),)
    if isinstance(found, celpy.celtypes.BoolType):
        if found:
            return (finding(control, terms, "pass", f"the rule {expression!r} holds."),)
        return (finding(control, terms, "fail", f"the rule {expression!r} does not hold."),)
    reason = f"the rule {expression!r} gave {str(found)[:80]!r}; expected true or false."
    return (finding(control, terms, "unknown", reason),)


CHECK = Check(
    id="rule",
    title="A rule of your own, in the Common Expression Language, holds over the evidence",
    run=run,
    needs=frozenset({"expression"}),
)
