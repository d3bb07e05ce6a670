"""Ready policies: usable as they are, every limit with its source, and none where no law sets one."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assay.errors import DocumentError, InputError
from assay.packs import clauses_of, own_shelf
from assay.policy import parse_policy
from assay.policy.clauses import dangling, outdated
from assay.policy.lint import unset
from assay.policy.ready import READY, ready_text
from assay.policy.starter import ready_policy, starter_text
from small_project import POLICY, rows, small_project

if TYPE_CHECKING:
    from assay.policy import Policy

TODAY = "2026-11-23"
ROOT = Path(__file__).parents[3]


def nothing(name: str) -> bytes:
    raise FileNotFoundError(name)


def ready(name: str) -> Policy:
    return parse_policy(f"assay:{name}", nothing)


@pytest.mark.parametrize("name", READY)
def test_a_ready_policy_is_one(name: str) -> None:
    found = ready(name)
    assert found.name == name
    for control in found.controls:
        assert control.remedy
        assert control.unset is None or control.limit is None
        assert control.limit is None or control.provenance is not None
        assert control.clauses or control.check == "files-unchanged"


@pytest.mark.parametrize("name", READY)
def test_its_clauses_are_of_packs_and_of_today(name: str) -> None:
    clauses = clauses_of(own_shelf())
    assert dangling(ready(name), clauses) == ()
    assert outdated(ready(name), clauses, TODAY) == ()


def test_the_written_list_is_what_lies_in_the_folder() -> None:
    assert {f"{name}.yaml" for name in READY} == {one.name for one in (files("assay.policy") / "ready").iterdir()}


def test_no_limit_is_invented() -> None:
    limits = {(name, one.id, one.limit.min) for name in READY for one in ready(name).controls if one.limit is not None}
    assert limits == {("credit-us", "four-fifths", 0.8), ("hiring-nyc", "four-fifths", 0.8)}
    ages = {
        name: (ready(name).evidence_age_days, [tier.evidence_age_days for tier in ready(name).tiers.values()])
        for name in READY
    }
    assert ages["hiring-nyc"][0] == 365
    assert all(age is None for name, (age, _) in ages.items() if name != "hiring-nyc")
    assert all(age is None for _, tiers in ages.values() for age in tiers)
    assert all(ready(name).waivers is None for name in READY)


@pytest.mark.parametrize("name", ["credit-us", "hiring-nyc"])
def test_four_fifths_is_by_point_and_warns(name: str) -> None:
    control = next(one for one in ready(name).controls if one.id == "four-fifths")
    assert (control.decide, control.enforcement) == ("point", "warn")
    assert "us-29-cfr-1607:4(D)" in control.clauses


def test_credit_has_tiers() -> None:
    assert list(ready("credit-us").tiers) == ["high", "medium", "low"]
    assert all(rule.exposure != "*" for rule in ready("credit-us").materiality)


def test_what_is_left_to_the_organisation_is_told() -> None:
    assert len(unset(ready("eu-high-risk"))) == 5
    assert {name: len(unset(ready(name))) for name in READY if name != "eu-high-risk"} == {
        "credit-us": 1, "hiring-nyc": 0, "nist-baseline": 2, "internal-low-risk": 0,
    }  # fmt: skip


def test_it_is_fitted_to_the_attributes() -> None:
    found = parse_policy("p.yaml", lambda _: ready_policy("hiring-nyc", ["race", "sex"]).encode())
    assert found.coverage.attributes == ("race", "sex")
    assert found.coverage.intersections == (("race", "sex"),)
    assert ready_policy("hiring-nyc", []) == ready_text("hiring-nyc")


EXTENDS = """\
schema: assay.policy/v1
name: ours
version: "1"
extends: assay:credit-us
coverage: {attributes: [sex], metrics: [selection_rate]}
controls:
  - id: ranks-well
    title: The score tells good applicants from poor ones well enough to be used
    check: performance-floor
    metric: roc_auc
    limit: {min: 0.7}
    severity: high
    stage: release
    clauses: ["sr-26-2:IV.development", "sr-26-2:V.outcomes"]
    provenance: {set_by: Vera, when: "2026-11-01", source: Validation standard, why: Below it the old one is better.}
"""


LOOSE = """\
  - id: four-fifths
    title: x
    check: impact-ratio
    limit: {min: 0.7}
    decide: point
    enforcement: warn
    stage: release
    provenance: {set_by: V, when: "2026-11-01", source: s, why: w}
"""


def test_a_policy_extends_one_and_sets_what_is_left() -> None:
    found = parse_policy("ours.yaml", lambda name: {"ours.yaml": EXTENDS.encode()}[name])
    assert unset(found) == ()
    assert {one.id for one in found.controls} == {"four-fifths", "ranks-well", "documented", "same-files"}


def test_setting_a_limit_is_no_loosening_but_lowering_another_is() -> None:
    loose = EXTENDS + LOOSE
    with pytest.raises(DocumentError, match="looser than credit-us"):
        parse_policy("ours.yaml", lambda _: loose.encode())


def test_an_unknown_one_is_told_with_its_neighbour() -> None:
    with pytest.raises(DocumentError, match="no ready policy 'credit-uk' \\(did you mean 'credit-us'"):
        parse_policy("ours.yaml", lambda _: EXTENDS.replace("credit-us", "credit-uk").encode())
    with pytest.raises(InputError, match="there are: eu-high-risk"):
        ready_text("x")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "limit: {max: 0.2}",
            "limit: {max: 0.2}\n    unset: to be decided by the board",
            "the limit is set; take `unset` out",
        ),
        ("limit: {max: 0.2}", "unset: todo", "expected what has to be decided"),
        (
            "check: files-unchanged",
            "check: files-unchanged\n    unset: by the board",
            "takes no limit; take `unset` out",
        ),
    ],
)
def test_unset_stands_in_the_place_of_a_limit_alone(before: str, after: str, said: str) -> None:
    assert before in POLICY
    with pytest.raises(DocumentError) as caught:
        parse_policy("p.yaml", lambda _: POLICY.replace(before, after).encode())
    assert said in str(caught.value)


def test_an_unset_limit_never_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = small_project(tmp_path, capsys)
    project.replace("policy.yaml", "limit: {max: 0.2}", "unset: the board decides how far apart groups may be")
    said = project.say("run")
    assert said.code == 3
    told = " ".join(said.out.split())
    assert "no limit is set, so nothing can be cleared: the board decides how far apart groups may be" in told
    lint = project.say("policy", "lint", "policy.yaml")
    assert lint.code == 0
    assert "unset   policy.yaml:5:5 $.controls[0]: the board decides" in lint.out
    assert "1 limit is yours to set" in lint.out
    assert "NO LIMIT IS SET" in project.say("policy", "explain", "policy.yaml").out


@pytest.mark.parametrize("name", READY)
def test_init_writes_one_that_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    project = small_project(tmp_path, capsys)
    for written in ("assay.yaml", "policy.yaml"):
        (project.root / written).unlink()
    project.write("test.csv", rows(600))
    said = project.say("init", "test.csv", "--policy", name)
    assert said.code == 0, said.err
    assert project.say("policy", "lint", "policy.yaml").code == 0
    run = project.say("run")
    assert run.code in {1, 3}, run.err  # nobody has written the card, or a limit is not set: never allowed by itself


def test_init_knows_which_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = small_project(tmp_path, capsys, count=20)
    said = project.say("init", "test.csv", "--policy", "credit-uss", "--force")
    assert said.code == 2
    assert "did you mean 'credit-us'" in said.err
    assert "name: small" in (project.root / "policy.yaml").read_text()


def written_policies() -> dict[str, Policy]:
    """Return every policy that the project hands out or shows."""
    found = {"starter": parse_policy("starter.yaml", lambda _: starter_text().encode())}
    found["demo"] = parse_policy("policy.yaml", lambda _: (ROOT / "src/assay/demo/project/policy.yaml").read_bytes())
    page = (ROOT / "docs/reference/policy.md").read_text(encoding="utf-8")
    block = page.split("```yaml\n", 1)[1].split("```", 1)[0]
    found["docs"] = parse_policy("policy.yaml", lambda _: block.encode())
    return found


@pytest.mark.parametrize("name", ["starter", "demo", "docs"])
def test_every_clause_of_every_policy_is_one_of_a_pack(name: str) -> None:
    clauses = clauses_of(own_shelf())
    policy = written_policies()[name]
    assert any(control.clauses for control in policy.controls)
    assert dangling(policy, clauses) == ()
    assert outdated(policy, clauses, TODAY) == ()


def test_a_clause_that_leads_nowhere_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = small_project(tmp_path, capsys, count=20)
    project.write("policy.yaml", POLICY + '    clauses: ["eu-ai-act:15(1)", "eu-ai-act:15(9)", "reg-b:1002.4"]\n')
    said = project.say("policy", "lint", "policy.yaml")
    assert said.code == 2
    assert "policy.yaml:12:5 $.controls[1].clauses[1]: eu-ai-act has no clause '15(9)' (did you mean" in said.out
    assert "$.controls[1].clauses[2]: no pack of 'reg-b' (did you mean 'us-reg-b'?)" in said.out
    project.write("policy.yaml", POLICY + '    clauses: ["sr-11-7:V.3", "eu-ai-act:10(5)"]\n')
    said = project.say("policy", "lint", "policy.yaml")
    assert said.code == 0
    assert "cite sr-26-2:V.outcomes instead" in said.out
    assert "has no 10(5) any more" in said.out
