from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from assay.checks import rule
from assay.checks.rule import compile_rule
from policy_cases import PASSES, evidence, policy, verdict

if TYPE_CHECKING:
    from assay.records.verdict import Finding


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("evidense.rows > 1", "did you mean 'evidence'?"),
        ("rows > 1", "'rows'"),
        ("evidence.measurements.exists(m, n.value > 0.5)", "'n'"),
        ('evidence.rows > 1 ? true : {"a": b}.a', "'b'"),
    ],
)
def test_a_name_that_nothing_binds_is_a_mistake_of_the_policy(expression: str, wrong: str) -> None:
    with pytest.raises(ValueError, match="expected the name 'evidence'") as told:
        compile_rule(expression)
    assert wrong in str(told.value)


@pytest.mark.parametrize(
    "expression",
    [
        'evidence.measurements.exists(m, m.metric == "accuracy" && type(m.value) == double)',
        "size(evidence.measurements.filter(m, m.n < 30).map(k, k.n)) == 0",
        "has(evidence.code) && evidence.code.dirty == false",
        "[1, 2].all(one, [one].all(two, one == two))",
    ],
)
def test_names_that_macros_bind_and_types_are_known(expression: str) -> None:
    compile_rule(expression)


def test_a_rule_that_would_take_minutes_is_unknown_after_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule, "MAX_STEPS", 2_000)
    rows = ", ".join(map(str, range(30)))
    nest = f"[{rows}].all(a, [{rows}].all(b, [{rows}].all(c, a + b + c >= 0))) || true"
    finding = judged(nest)
    assert finding.status == "unknown"
    assert "needs more than 2,000 steps" in finding.reason
    assert judged(f"[{rows}].all(a, a >= 0)").status == "pass"


def judged(expression: str) -> Finding:
    text = f"{{id: r, title: T, check: rule, expression: {json.dumps(expression)}}}"
    under = policy(text)
    [found] = [one for one in verdict(under, evidence(PASSES)).findings if one.control == "r"]
    return found
