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


def compile_rule(expression: str) -> Any:  # noqa: ANN401 - a compiled program of the cel module
    """Compile an expression.

    Raises:
        ValueError: with the place and the reason, when it is not CEL.
    """
    import cel  # noqa: PLC0415 - half a second of imports, only for policies that have rules of their own

    return cel.compile(expression)


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield one finding: pass on true, fail on false, unknown on an error or on anything else."""
    expression = control.expression or ""
    try:
        found = compile_rule(expression).execute({"evidence": msgspec.to_builtins(evidence, str_keys=True)})
    except (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError) as error:
        reason = f"the rule {expression!r} could not be evaluated: {str(error).splitlines()[0]}"
        return (finding(control, terms, "unknown", reason),)
    if found is True:
        return (finding(control, terms, "pass", f"the rule {expression!r} holds."),)
    if found is False:
        return (finding(control, terms, "fail", f"the rule {expression!r} does not hold."),)
    reason = f"the rule {expression!r} gave {found!r}; expected true or false."
    return (finding(control, terms, "unknown", reason),)


CHECK = Check(
    id="rule",
    title="A rule of your own, in the Common Expression Language, holds over the evidence",
    run=run,
    needs=frozenset({"expression"}),
)
