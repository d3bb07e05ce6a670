"""The reference says what the parser does."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from assay.checks import CHECKS
from assay.checks.control import Control
from assay.policy import Policy, parse_policy
from assay.policy.cases import parse_cases

PAGE = (Path(__file__).parents[3] / "docs/reference/policy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_policy_on_the_page_is_one() -> None:
    assert parse_policy("policy.yaml", lambda _: BLOCKS[0].encode()).name == "mortgage-release"


def test_the_tightening_on_the_page_sets_the_limit_of_a_ready_policy() -> None:
    found = parse_policy("policy.yaml", lambda _: f'name: ours\nversion: "1"\n{BLOCKS[1]}'.encode())
    (accuracy,) = [control for control in found.controls if control.id == "accuracy"]
    assert (accuracy.limit and accuracy.limit.min, accuracy.unset) == (0.8, None)


def test_the_cases_on_the_page_are_cases() -> None:
    assert len(parse_cases(BLOCKS[-1].encode(), "policy-tests.yaml").cases) == 2


def test_every_key_and_every_check_is_on_the_page() -> None:
    own = {field.encode_name for field in msgspec.structs.fields(Policy)} - {"schema"}
    assert own == {key for key in own if f"`{key}`" in PAGE}
    everywhere = {"id", "title", "check", "enforcement", "severity", "stage", "clauses", "remedy", "unset"}
    assert everywhere == {key for key in everywhere if f"`{key}`" in PAGE}
    assert all(f"(checks/{name}.md)" in PAGE for name in CHECKS)


def test_every_key_of_a_control_belongs_to_every_control_or_to_a_check() -> None:
    everywhere = {"id", "title", "check", "enforcement", "severity", "stage", "clauses", "remedy", "limits", "unset"}
    taken = set().union(*(check.needs | check.takes for check in CHECKS.values()))
    assert {field.name for field in msgspec.structs.fields(Control)} == everywhere | taken
