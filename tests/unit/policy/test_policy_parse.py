from __future__ import annotations

import hashlib
import json

import msgspec
import pytest
import yaml

from assay.errors import DocumentError
from assay.policy import Policy, parse_policy, plan
from assay.policy.starter import starter_policy, starter_text
from assay.records.canonical import digest
from assay.records.document import load_yaml
from assay.records.evidence import Materiality

HEAD = 'name: p\nversion: "1"\n'
PROVENANCE = "provenance: {set_by: us, when: 2026-11-23, source: MR-7, why: agreed}"
CONTROL = (
    "controls:\n  - id: gap\n    title: Rates are similar\n    check: group-gap\n"
    "    metric: demographic_parity_difference\n    attributes: [race]\n    limit: {max: 0.1}\n"
    f"    {PROVENANCE}\n"
)
GOOD = HEAD + CONTROL


def read(text: str, **others: str) -> Policy:
    files = {"p.yaml": text} | {f"{name}.yaml": content for name, content in others.items()}

    def get(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(2, "No such file or directory")
        return files[name].encode()

    return parse_policy("p.yaml", get)


def problems(text: str, **others: str) -> str:
    with pytest.raises(DocumentError) as caught:
        read(text, **others)
    return str(caught.value)


def change(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_good_policy_is_read_with_the_place_of_its_controls() -> None:
    policy = read(GOOD)
    place = policy.places["gap"]
    assert (place.file, place.line, place.column, place.path) == ("p.yaml", 4, 5, "$.controls[0]")
    assert policy.sha256 == digest(policy)


def test_the_digest_is_of_what_is_said_not_of_how_it_is_laid_out() -> None:
    assert read("# a comment\n\n" + GOOD) == read(GOOD)
    assert read("# a comment\n\n" + GOOD).sha256 == read(GOOD).sha256
    assert read(change("max: 0.1", "max: 0.11")).sha256 != read(GOOD).sha256


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "p.yaml:1:1: expected a YAML document, found an empty file"),
        ("\x00\x01", "this is a binary file"),
        ("a: [", "not YAML"),
        (HEAD, "expected at least one control, found none"),
        (HEAD + "controls: []\n", "expected at least one control"),
        (GOOD + "kontrols: 1\n", "unknown key 'kontrols' (did you mean 'controls'?)"),
        (GOOD + "name: q\n", "duplicate key 'name'"),
        (change("check: group-gap", "check: group-gab"), "no such check: 'group-gab' (did you mean 'group-gap'?)"),
        (change("demographic_parity_difference", "demografic_parity_difference"), "did you mean 'demographic_parity"),
        (change("demographic_parity_difference", "selection_rate"), "use the check group-floor"),
        (change("max: 0.1", "max: '0.1'"), "9:18 $.controls[0].limit.max: expected a number, found the text '0.1'"),
        (change("max: 0.1", "max: .nan"), "expected a finite number"),
        (change("max: 0.1", "max: ten"), "expected a number, found ten"),
        (change("max: 0.1", "max: 1.0"), "nothing could breach 1"),
        (change("max: 0.1", "max: 5"), "nothing could breach 5"),
        (change("max: 0.1", "min: 0"), "nothing could breach 0"),
        (change("max: 0.1", "max: -1"), "nothing could reach -1"),
        (change("max: 0.1", "min: 2"), "nothing could reach 2"),
        (change("max: 0.1", "min: 0.5, max: 0.2"), "no value could pass"),
        (change("{max: 0.1}", "{}"), "expected max, min or both"),
        (change(f"    {PROVENANCE}\n", ""), "a limit needs its provenance"),
        (change("why: agreed", "why: TODO"), "$.controls[0].provenance.why: expected words"),
        (change("when: 2026-11-23", "when: soon"), "expected a date such as 2026-11-23"),
        (change("limit: {max: 0.1}", "expression: 'true'"), "does not look at 'expression'"),
        (change("    limit: {max: 0.1}\n", ""), "the check group-gap needs 'limit'"),
        (change("id: gap", "id: Gap One"), "expected lower-case words joined by '-'"),
        (change("id: gap", "id: coverage"), "is the id of what the policy itself asks for"),
        (change("title: Rates are similar", "title: ''"), "expected the requirement in words"),
        (GOOD + CONTROL.partition("\n")[2], "two controls have the id 'gap'"),
        (GOOD + "level: 1\n", "expected a confidence"),
        (GOOD + "minimum_group: 0\n", "expected 1 or more, found 0"),
        (GOOD + "coverage: {metrics: [acuracy]}\n", "no such metric: 'acuracy' (did you mean 'accuracy'?)"),
        (GOOD + "coverage: {intersections: [[race]]}\n", "expected two different attributes"),
        (GOOD + "tiers: {high: {}}\n", "nothing leads to these tiers"),
        (GOOD + "materiality: [{exposure: high, purpose: x, tier: hihg}]\ntiers: {high: {}}\n", "did you mean 'high'?"),
        (GOOD + "approvals: [{role: v}, {role: v}]\n", "the role 'v' is asked twice"),
        (GOOD + "approvals: [{role: v, quorum: 0}]\n", "expected 1 or more, found 0"),
        (GOOD + "waivers: {permitted_by: [], longest_days: 30}\n", "expected at least one role"),
        (GOOD + "waivers: {permitted_by: [r], longest_days: 0}\n", "expected 1 or more"),
        (change("limit: {max: 0.1}", "limits: {high: {max: 0.1}}"), "no such tier: 'high'"),
        (GOOD + "    clauses: [article nine]\n", "expected framework:clause"),
        (GOOD + "    enforcement: block\n", "expected deny | warn | audit, found block"),
        (GOOD + "    stage: production\n", "expected data | training | release | monitoring"),
        (GOOD + "removes: [x]\n", "nothing is extended"),
        (
            HEAD + "controls: [{id: r, title: t, check: rule, expression: 'a ='}]\n",
            "$.controls[0].expression: not a CEL expression",
        ),
        (
            HEAD + "controls: [{id: approvals, title: t, check: approvals, enforcement: warn}]\n",
            "approvals always bind",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, expected: str) -> None:
    assert expected in problems(text)


def test_a_missing_policy_is_named() -> None:
    with pytest.raises(DocumentError, match=r"expected a policy file 'nope\.yaml', cannot read it: No such file"):
        parse_policy("nope.yaml", lambda _: (_ for _ in ()).throw(FileNotFoundError(2, "No such file or directory")))


def test_every_mistake_is_told_at_once_in_order() -> None:
    text = (
        change("max: 0.1", "max: 1.0").replace("group-gap", "group-gab").replace("why: agreed", "why: ''")
        + "  - {id: other, title: t, check: group-floor, metric: acc, limt: 1}\nlevel: on\n"
    )
    told = problems(text).splitlines()
    assert len(told) >= 4
    lines = [int(line.split(":")[1]) for line in told]
    assert lines == sorted(lines)


UPPER = 'name: upper\nversion: "1"\nextends: base.yaml\n'


def test_extending_takes_everything_over_and_tightens() -> None:
    policy = read(UPPER + CONTROL.replace("0.1", "0.05") + "level: 0.99\n", base=GOOD + "minimum_group: 50\n")
    assert [c.id for c in policy.controls] == ["gap"]
    assert policy.controls[0].limit is not None
    assert policy.controls[0].limit.max == 0.05
    assert (policy.level, policy.minimum_group, policy.extends) == (0.99, 50, None)
    assert policy.places["gap"].file == "p.yaml"
    assert read(UPPER, base=GOOD).places["gap"].file == "base.yaml"


@pytest.mark.parametrize(
    ("more", "what", "words"),
    [
        (CONTROL.replace("0.1", "0.2"), "gap", "limit at most 0.1 becomes at most 0.2"),
        (CONTROL.replace("[race]", "[sex]"), "gap", "compared over: race no longer there"),
        (CONTROL + "    decide: point\n", "gap", "the point decides"),
        (CONTROL + "    enforcement: warn\n", "gap", "enforcement deny becomes warn"),
        (CONTROL + "    stage: release\n", "gap", "stage every one becomes release"),
        (CONTROL + "    small_groups: report\n", "gap", "small groups"),
        (CONTROL.replace("demographic_parity_difference", "accuracy_difference"), "gap", "another requirement"),
        ("removes: [gap]\n" + CONTROL.replace("id: gap", "id: pag"), "gap", "is gone"),
        ("level: 0.9\n", "level", "confidence 0.95 becomes 0.9"),
        ("minimum_group: 10\n", "minimum_group", "other groups decide"),
        ("minimum_group: 100\n", "minimum_group", "other groups decide"),
        (
            "evidence_age_days: 60\n",
            "evidence_age_days",
            "evidence of at most 30 days becomes evidence of at most 60 days",
        ),
        ("approvals: []\n", "approvals", "v no longer there"),
        ("coverage: {attributes: [sex]}\n", "coverage", "race no longer there"),
        ("waivers: {permitted_by: [r, s], longest_days: 30}\n", "waivers", "s added"),
        ("waivers: {permitted_by: [r], longest_days: 31}\n", "waivers", "30 days at most, now 31"),
        ("small_groups: report\n", "small_groups", "unknown becomes report"),
    ],
)
def test_loosening_must_be_said_with_a_reason(more: str, what: str, words: str) -> None:
    base = GOOD + (
        "evidence_age_days: 30\napprovals: [{role: v}]\ncoverage: {attributes: [race]}\n"
        "waivers: {permitted_by: [r], longest_days: 30}\n"
    )
    told = problems(UPPER + more, base=base)
    assert words in told
    assert f"{{what: {what}, reason: ...}}" in told
    said = f"loosens: [{{what: {what}, reason: the board decided so on 2026-11-01}}]\n"
    assert read(UPPER + more + said, base=base).loosens[0].what == what
    assert "expected the reason" in problems(
        UPPER + more + said.replace("the board decided so on 2026-11-01", "''"), base=base
    )


def test_extending_in_a_circle_is_refused() -> None:
    assert "circle: p.yaml -> base.yaml -> p.yaml" in problems(UPPER, base=UPPER.replace("base.yaml", "p.yaml"))


def test_a_missing_base_is_refused_where_it_is_named() -> None:
    assert "p.yaml:3:10 $.extends: expected a policy file 'base.yaml'" in problems(UPPER)


def test_a_pinned_base_must_be_the_one_pinned() -> None:
    pinned = hashlib.sha256(GOOD.encode()).hexdigest()
    upper = f'name: upper\nversion: "1"\nextends: {{file: base.yaml, sha256: "{pinned}"}}\n'
    assert read(upper, base=GOOD).controls
    assert "was to have the SHA-256" in problems(upper, base=GOOD + "level: 0.99\n")
    assert "64 hexadecimal digits" in problems(upper.replace(pinned, "abc"), base=GOOD)


def test_a_wrong_base_tells_its_own_place() -> None:
    assert "base.yaml:9:18 $.controls[0].limit.max" in problems(UPPER, base=change("max: 0.1", "max: 1.0"))


def test_a_resolved_policy_printed_and_read_again_is_the_same() -> None:
    resolved = read(UPPER, base=GOOD)
    printed = json.dumps(msgspec.to_builtins(resolved))
    assert load_yaml(printed.encode(), Policy, name="printed") == resolved


@pytest.mark.parametrize("task", ["binary", "regression", "multiclass"])
@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("scored", [True, False])
def test_the_starting_policy_is_a_policy_whatever_is_measured(task: str, labelled: bool, scored: bool) -> None:
    text = starter_policy(
        ["race", "age group", "no"],
        name="my: policy",
        has_label=labelled,
        has_score=scored,
        task=task,  # type: ignore[arg-type]
    )
    policy = read(text)
    assert policy.name == "my: policy"
    assert policy.coverage.attributes == ("race", "age group", "no")
    assert read(starter_text()).controls


def test_the_plan_names_everything_that_has_to_be_measured() -> None:
    policy = read(
        GOOD + "    minimum_group: 10\ncoverage: {attributes: [sex], intersections: [[race, sex]], metrics: [f1]}\n"
        "materiality: [{exposure: high, purpose: '*', tier: top}]\ntiers: {top: {minimum_group: 50}}\n"
    )
    wanted = plan(policy, Materiality(exposure="High", purpose="credit", justification=""))
    assert wanted.tier == "top"
    assert wanted.minimum_groups == (10, 50)
    assert wanted.attributes == ("race", "sex")
    assert wanted.intersections == (("race", "sex"),)
    assert wanted.metrics == ("demographic_parity_difference", "f1")
    assert plan(policy, Materiality(exposure="low", purpose="credit", justification="")).tier is None


def test_one_mistake_hides_no_other_of_the_same_control() -> None:
    text = (
        GOOD.replace('version: "1"', "version: 1")
        .replace("max: 0.1", "max: '0.1'")
        .replace("demographic_parity_difference", "demografic_parity_difference")
        + "    clauses: [article nine]\n"
        + "coverage: {attributes: 3, metrics: [acuracy]}\n"
    )
    told = problems(text)
    wanted = [
        "$.version: expected text",
        "found the text '0.1'",
        "no such metric: 'demografic",
        "found 'article",
        "$.coverage.attributes: expected",
        "no such metric: 'acuracy'",
    ]
    assert [one for one in wanted if one not in told] == []
    assert len(told.splitlines()) == 6
    assert "needs 'limit'" not in told


def test_an_unknown_check_hides_no_metric_and_an_unreadable_control_no_id() -> None:
    told = problems(
        change("demographic_parity_difference", "demografic_parity_difference").replace("group-gap", "group-gab")
        + CONTROL.partition("\n")[2].replace("max: 0.1", "max: '0.1'")
    )
    assert "no such check: 'group-gab' (did you mean 'group-gap'?)" in told
    assert "no such metric: 'demografic_parity_difference' (did you mean 'demographic_parity_difference'?)" in told
    assert "found the text '0.1'" in told
    assert "$.controls[1].id: two controls have the id 'gap'" in told
    assert len(told.splitlines()) == 4


def test_two_controls_of_a_policy_that_extends_have_two_ids() -> None:
    more = UPPER + CONTROL + CONTROL.partition("\n")[2]
    assert problems(more, base=GOOD).count("two controls have the id 'gap'") == 1


def test_a_provenance_of_the_old_form_is_told_its_new_key() -> None:
    with pytest.raises(DocumentError) as raised:
        read(change("when: 2026-11-23", "on: 2026-11-23"))
    [problem] = raised.value.problems
    assert "the key 'on' is called 'when' now" in problem.message
    assert problem.path.endswith(".provenance.on")


def test_readers_of_yaml_1_1_see_the_same_keys() -> None:
    text = starter_policy(["sex"], name="x", has_label=True, has_score=True)
    told = [control["provenance"] for control in yaml.safe_load(text)["controls"] if "provenance" in control]
    assert told
    assert all(set(one) == {"set_by", "when", "source", "why"} for one in told)
