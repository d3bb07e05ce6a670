"""rule: a CEL expression over the evidence, for what no other check covers.

The Common Expression Language (https://cel.dev) has no endless loops, no files and no clock. The expression sees one
name, ``evidence``: the record as its JSON shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from assay.checks._finding import finding
from assay.checks.control import Check

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding


def compile_rule(expression: str) -> Any:  # noqa: ANN401 - a compiled program of the celpy module
    """Compile an expression.

    Raises:
        ValueError: with the place and the reason, when it is not CEL.
    """
    import celpy  # noqa: PLC0415 - a third of a second of imports, only for policies that have rules of their own
    from celpy.celparser import CELParseError  # noqa: PLC0415 - as above

    environment = celpy.Environment()
    try:
        return environment.program(environment.compile(expression))
    except CELParseError as error:
        where = "" if error.line is None else f" at line {error.line}, column {error.column}"
        raise ValueError(f"expected an expression of CEL, found a mistake{where}") from None


def _evaluate(expression: str, evidence: Evidence) -> Any:  # noqa: ANN401 - whatever the expression gives
    from celpy.adapter import json_to_cel  # noqa: PLC0415 - as above
    from celpy.evaluation import CELEvalError  # noqa: PLC0415 - as above

    record = json_to_cel(msgspec.to_builtins(evidence, str_keys=True))
    try:
        return compile_rule(expression).evaluate({"evidence": record})
    except CELEvalError as error:
        raise ValueError(str(error.args[0]) if error.args else "no reason given") from None


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
