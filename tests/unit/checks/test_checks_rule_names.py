from __future__ import annotations

import pytest

from assay.checks.rule import compile_rule


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
