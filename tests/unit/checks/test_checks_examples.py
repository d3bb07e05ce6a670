"""Every example under tests/checks: a control, evidence, and the finding that must follow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assay.checks import CHECKS
from assay.policy import sense
from assay.policy.cases import Case, Cases, run_cases
from assay.policy.form import Policy
from assay.records.document import load_yaml_with_positions
from assay.records.tally import Frozen

if TYPE_CHECKING:
    from assay.records.document import Positions

ROOT = Path(__file__).parents[2] / "checks"
EXAMPLES = sorted(ROOT.glob("*/*.yaml"))
HOUSE = Path(__file__).parents[3]


class Example(Frozen, frozen=True, kw_only=True):
    policy: Policy
    case: Case


def _examine(part: object, path: str, _: Positions) -> list[tuple[str, str]]:
    return list(sense.examine(part, path))


def _never(name: str) -> bytes:
    raise AssertionError(name)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_example(path: Path) -> None:
    example, _ = load_yaml_with_positions(path.read_bytes(), Example, name=path.name, examine=_examine)
    assert {control.check for control in example.policy.controls} == {path.parent.name}
    (outcome,) = run_cases(example.policy, Cases(cases=(example.case,)), _never)
    assert outcome.differences == ()
    status = path.stem.partition("-")[0].replace("not", "not-applicable")
    expected = {finding.status for finding in example.case.findings}
    assert status in expected | {finding.status for finding in outcome.verdict.findings}, "named for what it shows"


def test_checks_is_complete() -> None:
    files = {p.stem for p in (HOUSE / "src/assay/checks").glob("[a-z]*.py")} - {"control"}
    assert files == {name.replace("-", "_") for name in CHECKS}
    assert all(check.id == name for name, check in CHECKS.items())


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_has_examples_and_a_page(name: str) -> None:
    found = {path.stem.partition("-")[0] for path in EXAMPLES if path.parent.name == name}
    cannot_fail = name in {"coverage", "approvals", "evidence-fresh", "intersections-large-enough"}
    wanted = {"pass", "unknown"} if cannot_fail else {"pass", "fail", "unknown"}
    assert wanted <= found
    page = (HOUSE / "docs/reference/checks" / f"{name}.md").read_text(encoding="utf-8")
    check = CHECKS[name]
    assert page.startswith(f"# {name}\n")
    for key in check.needs | check.takes:
        assert re.search(rf"`{key}`", page), f"the page says what {key} is for"


def test_no_example_is_of_an_unknown_check() -> None:
    assert {path.parent.name for path in EXAMPLES} == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_the_example_on_the_page_is_a_policy(name: str) -> None:
    page = (HOUSE / "docs/reference/checks" / f"{name}.md").read_text(encoding="utf-8")
    block = page.partition("```yaml\n")[2].partition("```")[0]
    text = f'name: x\nversion: "1"\n{block}'
    policy, _ = load_yaml_with_positions(text.encode(), Policy, name=name, examine=_examine)
    assert [control.check for control in policy.controls] == [name]
