"""A release that probes its model: what a person writes, runs, and is told."""

from __future__ import annotations

import json
import math
import random
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import yaml

from assay.lifecycle.robustness_section import PROBES, RobustnessSection, ScorerSection
from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICY = """\
schema: assay.policy/v1
name: small
version: "1"
controls:
  - id: it
    title: It holds
    check: {check}
    metric: {metric}
    limit: {{{limit}}}
    provenance: {{set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}}
"""

SCORING = """\
import json, math, time

def load(path):
    with open(path) as file:
        weight = json.load(file)["weight"]
    def score(columns):
        return [
            1 / (1 + math.exp(-weight * (income - 50 + (8 if sex == "m" else 0))))
            for income, sex in zip(columns["income"], columns["sex"])
        ]
    return score

def not_a_number(columns):
    return [math.nan] * len(columns["income"])

def constant(columns):
    return [0.7] * len(columns["income"])

def other_shape(columns):
    return [0.5] * 3

def texts(columns):
    return ["yes"] * len(columns["income"])

def sleeps(columns):
    time.sleep(60)

def tiers(columns):
    rows = zip(columns["income"], columns["sex"])
    return ["later" if income is None or income < (40 if sex == "m" else 55) else "no" for income, sex in rows]

def sometimes(columns):
    if any(income is None for income in columns["income"]):
        raise KeyError("income")
    return [float(income > 50) for income in columns["income"]]
"""

SECTION = """\
robustness:
  model: {{{model}}}
  features: [income, sex]
  seed: 7
  budget: {{rows: 300, seconds: {seconds}{budget}}}
  {probes}
"""
LOADED = "kind: callable, callable: scoring:load, path: model/weights.json"


def _table() -> str:
    draw = random.Random(5)
    lines = ["approved,predicted,score,sex,income"]
    for _ in range(800):
        sex, income = draw.choice("fm"), round(draw.gauss(50, 15), 2)
        score = 1 / (1 + math.exp(-0.2 * (income - 50 + (8 if sex == "m" else 0))))
        lines.append(f"{int(draw.random() < score)},{int(score >= 0.5)},{score:.4f},{sex},{income}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    made = small_project(tmp_path, capsys)
    made.write("test.csv", _table())
    made.write("model/weights.json", '{"weight": 0.2}')
    made.write(f"scoring_{tmp_path.name}.py", SCORING)
    return made


def probe(
    project: SmallProject, probes: str, *, model: str = LOADED, check: str = "robustness",
    metric: str = "noise_flip_rate", limit: str = "max: 0.5", budget: str = "",
    seconds: float = 30,
) -> dict[str, Any]:  # fmt: skip
    """Run a release with one control, and return its verdict."""
    text = (project.root / "assay.yaml").read_text().partition("robustness:")[0]
    section = SECTION.format(model=model, probes=probes, budget=budget, seconds=seconds).replace(
        "scoring:", f"scoring_{project.root.name}:"
    )
    project.write("assay.yaml", text + section)
    project.write("policy.yaml", POLICY.format(check=check, metric=metric, limit=limit))
    said = project.say("run", "--format", "json")
    assert said.out, said.err
    found: dict[str, Any] = json.loads((project.release / "verdict.json").read_text())
    assert said.code == {"allow": 0, "deny": 1, "undecided": 3}[found["decision"]]
    return found


def measured(project: SmallProject, metric: str) -> list[dict[str, Any]]:
    evidence = json.loads((project.release / "evidence.json").read_text())
    return [one for one in evidence["measurements"] if one["metric"] == metric]


def facts(project: SmallProject) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.release / "evidence.json").read_text())["facts"]["robustness"]
    return found


def reasons(verdict: dict[str, Any], status: str) -> str:
    return " | ".join(one["reason"] for one in verdict["findings"] if one["status"] == status)


def test_noise_is_measured_of_everybody_and_each_group_with_its_seed_and_budget(project: SmallProject) -> None:
    verdict = probe(project, "noise: {strengths: [0.1, 1]}")
    assert verdict["decision"] == "allow"
    found = measured(project, "noise_flip_rate")
    assert [(one["about"]["strength"], one["group"]) for one in found] == [
        (f"{strength} sd", group) for strength in ("0.1", "1") for group in ({}, {"sex": "f"}, {"sex": "m"})
    ]
    assert 0 < found[0]["value"] < found[3]["value"]
    assert found[1]["n"] + found[2]["n"] == found[0]["n"] == 300
    told = facts(project)
    assert told["seed"] == 7
    assert told["queries"] == 900
    assert told["budget"] == {"rows": 300, "seconds": 30, "queries": 500_000}
    assert told["features"] == ["income", "sex"]
    assert told["bound_to_model"] is True
    (agreement,) = measured(project, "prediction_agreement")
    assert agreement["value"] == 1


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(project: SmallProject) -> None:
    probes = "noise: {strengths: [0.3]}\n  counterfactual: {stand_ins: {sex: [income]}}"
    probe(project, probes)
    before = (
        measured(project, "noise_flip_rate"),
        measured(project, "counterfactual_flip_rate"),
    )
    probe(project, probes)
    again = (
        measured(project, "noise_flip_rate"),
        measured(project, "counterfactual_flip_rate"),
    )
    assert before == again
    project.replace("assay.yaml", "seed: 7", "seed: 8")
    project.say("run")
    assert measured(project, "noise_flip_rate") != before[0]


def test_the_order_of_the_rows_changes_nothing(project: SmallProject) -> None:
    probe(project, "noise: {strengths: [0.3]}")
    before = measured(project, "noise_flip_rate")
    head, *lines = (project.root / "test.csv").read_text().splitlines()
    random.Random(1).shuffle(lines)
    project.write("test.csv", "\n".join([head, *lines]) + "\n")
    probe(project, "noise: {strengths: [0.3]}")
    assert measured(project, "noise_flip_rate") == before


def test_a_model_that_breaks_on_a_missing_value_is_a_finding(project: SmallProject) -> None:
    verdict = probe(
        project, "missing: {columns: [income]}", metric="missing_failure_rate", limit="max: 0.01",
        model="kind: callable, callable: scoring:sometimes",
    )  # fmt: skip
    assert verdict["decision"] == "deny"
    assert "missing_failure_rate of column income: 1" in reasons(verdict, "fail")
    (finding,) = (one for one in verdict["findings"] if one["status"] == "fail")
    assert "KeyError: 'income'" in finding["people"]
    (flips,) = measured(project, "missing_flip_rate")
    assert flips["value"] is None
    assert "no answer to any of 20 rows" in flips["reason"]


def test_a_value_out_of_range_turns_the_decisions_that_it_must(project: SmallProject) -> None:
    probe(project, "range: {columns: [income]}", metric="range_flip_rate", limit="max: 0.99")
    below, above = measured(project, "range_flip_rate")
    assert (below["about"]["end"], above["about"]["end"]) == ("below", "above")
    assert below["value"] + above["value"] == pytest.approx(1.0)  # below everybody is refused, above nobody is


def test_decisions_that_turn_on_sex_are_a_finding_with_an_exact_interval(project: SmallProject) -> None:
    verdict = probe(
        project,
        "counterfactual: {}",
        check="counterfactual-flips",
        metric="counterfactual_flip_rate",
        limit="max: 0.02",
    )
    assert verdict["decision"] == "deny"
    everybody, *groups = measured(project, "counterfactual_flip_rate")
    assert everybody["about"] == {"column": "sex"}
    assert [one["group"] for one in groups] == [{"sex": "f"}, {"sex": "m"}]
    assert everybody["method"].startswith("Clopper-Pearson")
    low, high = everybody["interval"]
    assert low < everybody["value"] < high


def test_of_several_classes_each_is_a_decision_of_its_own(project: SmallProject) -> None:
    header, *lines = _table().splitlines()
    names = {"0": "no", "1": "later"}
    rows = [f"{names[one[0]]},{names[one[2]]}{one[3:]}" for one in lines]
    project.write("test.csv", "\n".join([header, "yes,yes,0.9,f,50", *rows]) + "\n")
    config = (project.root / "assay.yaml").read_text()
    config = config.replace("  score: score\n", "  task: multiclass\n  positive: 'yes'\n")
    project.write("assay.yaml", config)
    # nobody is told yes, so that "yes or not" never changes; between no and later it turns on sex
    probe(
        project, "counterfactual: {}", model="kind: callable, callable: scoring:tiers, output: label",
        check="counterfactual-flips", metric="counterfactual_flip_rate", limit="max: 0.02",
    )  # fmt: skip
    everybody, *_ = measured(project, "counterfactual_flip_rate")
    incomes = [float(line.rpartition(",")[2]) for line in lines]
    share = sum(40 <= income < 55 for income in incomes) / len(incomes)
    assert everybody["value"] == pytest.approx(share, abs=0.1)
    assert json.loads((project.release / "verdict.json").read_text())["decision"] == "deny"


def test_several_classes_are_answered_by_name_and_numbers_not_at_all(project: SmallProject) -> None:
    config = (project.root / "assay.yaml").read_text()
    for task, told in (
        ("multiclass", "$.robustness.model.output: of several classes a model answers with the class"),
        ("regression", "$.robustness.model.output: of a regression a model answers with the number"),
    ):
        section = SECTION.format(model=LOADED, probes="noise: {}", budget="", seconds=30)
        project.write("assay.yaml", config.replace("  score: score\n", f"  task: {task}\n") + section)
        said = project.say("run")
        assert said.code == 2
        assert told in said.err


def test_an_attribute_that_the_model_is_not_given_turns_nothing(project: SmallProject) -> None:
    model = "kind: callable, callable: scoring:sometimes"
    text = "counterfactual: {stand_ins: {sex: [income]}}"
    section = SECTION.replace("[income, sex]", "[income]")
    project.write(
        "policy.yaml", POLICY.format(check="counterfactual-flips", metric="counterfactual_flip_rate", limit="max: 0.0")
    )
    body = section.format(model=model, probes=text, budget="", seconds=30).replace(
        "scoring:", f"scoring_{project.root.name}:"
    )
    project.write("assay.yaml", (project.root / "assay.yaml").read_text() + body)
    project.say("run")
    by_construction = [
        one for one in measured(project, "counterfactual_flip_rate") if one["about"] == {"column": "sex"}
    ]
    assert [one["interval"] for one in by_construction] == [[0, 0]] * 3
    assert "not among the features" in by_construction[0]["method"]
    swapped = [one for one in measured(project, "counterfactual_flip_rate") if one["about"].get("attribute") == "sex"]
    assert swapped[0]["value"] > 0.1


def test_the_worst_slice_is_found_and_many_comparisons_are_paid_for(project: SmallProject) -> None:
    draw = random.Random(2)
    lines = ["approved,predicted,score,sex,income"]
    for number in range(1500):
        sex, income = "fm"[number % 2], round(draw.uniform(0, 100), 1)
        wrong = draw.random() < (0.6 if sex == "f" and income >= 75 else 0.1)
        lines.append(f"{int(wrong)},0,0.1,{sex},{income}")
    project.write("test.csv", "\n".join(lines) + "\n")
    verdict = probe(project, "slices: {}", check="worst-slice", metric="worst_slice_error_gap", limit="max: 0.2")
    (worst,) = measured(project, "worst_slice_error_gap")
    assert verdict["decision"] == "deny"
    assert worst["about"]["slice"].startswith("income from 7")
    assert worst["about"]["slice"].endswith("and sex f")
    assert worst["interval"][0] > 0.2
    assert "Bonferroni" in worst["method"]


BROKEN = {
    "scoring:not_a_number": "which is no probability",
    "scoring:other_shape": "answered 3 times for",
    "scoring:texts": "answered 'yes', where a probability was expected",
    "scoring:nowhere": "found nothing",
    "scorring:load": "the module is not there",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_model_that_cannot_be_asked_is_unknown_and_never_passes(project: SmallProject, name: str) -> None:
    verdict = probe(project, "noise: {}", model=f"kind: callable, callable: {name}")
    assert verdict["decision"] == "undecided"
    assert BROKEN[name] in reasons(verdict, "unknown")


def test_a_constant_model_says_nothing(project: SmallProject) -> None:
    verdict = probe(project, "noise: {}", model="kind: callable, callable: scoring:constant")
    assert verdict["decision"] == "undecided"
    assert "decides alike on every row" in reasons(verdict, "unknown")


def test_a_slow_model_is_left_behind_when_the_budget_is_spent(project: SmallProject) -> None:
    began = time.monotonic()
    verdict = probe(project, "noise: {}", model="kind: callable, callable: scoring:sleeps", seconds=0.5)
    assert verdict["decision"] == "undecided"
    assert "the budget of 0.5 seconds was spent" in reasons(verdict, "unknown")
    assert time.monotonic() - began < 30


def test_a_budget_of_queries_leaves_a_part_and_says_so(project: SmallProject) -> None:
    verdict = probe(project, "noise: {strengths: [0.1, 0.2]}", budget=", queries: 400")
    first, second = (one for one in measured(project, "noise_flip_rate") if not one["group"])
    assert first["n"] == 100
    assert "100 of 300 rows: the budget of 400 queries was spent" in first["reason"]
    assert second["value"] is None
    assert "budget of 400 queries" in second["reason"]
    assert verdict["decision"] == "undecided"
    assert facts(project)["stopped"] == "the budget of 400 queries was spent"


def test_a_feature_that_is_not_there_is_unknown_with_the_near_name(project: SmallProject) -> None:
    project.write("test.csv", _table().replace("income", "incomes", 1))
    verdict = probe(project, "noise: {}")
    assert verdict["decision"] == "undecided"
    assert "no column 'income' (did you mean 'incomes'?)" in reasons(verdict, "unknown")


def test_everything_wrong_in_the_section_is_told_at_once(project: SmallProject) -> None:
    section = (
        "robustness:\n  model: {kind: onnx, callable: 'x', path: elsewhere/m.onnx, threshold: 2}\n"
        "  features: [income, approved]\n  measured_on: tset\n  budget: {rows: 0}\n"
        "  noise: {strengths: [0], columns: [incme]}\n  evasion: {attacks: [zooo]}\n"
        "  counterfactual: {stand_ins: {sexx: [income]}}\n"
    )
    project.write("assay.yaml", (project.root / "assay.yaml").read_text() + section)
    said = project.say("run")
    assert said.code == 2
    for told in (
        "found callable too", "what is probed must be what is released", "found 2", "which is columns.label",
        "did you mean 'test'", "budget.rows", "noise.strengths[0]", "did you mean 'income'", "did you mean 'zoo'",
        "did you mean 'sex'",
    ):  # fmt: skip
        assert told in said.err, told
    project.write(
        "assay.yaml", (project.root / "assay.yaml").read_text().replace("measured_on: tset", "mesured_on: test")
    )
    assert "did you mean 'measured_on'" in project.say("run").err


class _Endpoint(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rows = asked["dataframe_split"]["data"]
        answer = {
            "/invocations": {"predictions": [float(income > 50) for income, _ in rows]},
            "/pairs": {"predictions": [[1 - float(income > 50), float(income > 50)] for income, _ in rows]},
            "/shape": {"outputs": []},
        }.get(self.path, "down")
        if self.path == "/slow":
            time.sleep(3)
        body = json.dumps(answer).encode()
        self.send_response(500 if self.path == "/down" else 200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Endpoint)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", ["invocations", "pairs"])
def test_an_endpoint_is_asked_as_any_other_model(project: SmallProject, address: str, path: str) -> None:
    verdict = probe(project, "noise: {}", model=f"kind: http, url: '{address}/{path}'")
    assert verdict["decision"] == "allow"
    assert facts(project)["bound_to_model"] is False


@pytest.mark.parametrize(
    ("path", "told"),
    [("down", "HTTP 500"), ("shape", 'expected {"predictions": [...]}'), ("slow", "no answer within 0.5 s")],
)
def test_an_endpoint_that_fails_is_unknown(project: SmallProject, address: str, path: str, told: str) -> None:
    verdict = probe(project, "noise: {}", model=f"kind: http, url: '{address}/{path}', timeout_seconds: 0.5")
    assert verdict["decision"] == "undecided"
    assert told in reasons(verdict, "unknown")


def test_an_endpoint_that_is_not_there_is_unknown(project: SmallProject) -> None:
    verdict = probe(project, "noise: {}", model="kind: http, url: 'http://127.0.0.1:1/x', timeout_seconds: 0.5")
    assert verdict["decision"] == "undecided"
    assert "no answer" in reasons(verdict, "unknown")


def test_attacks_find_what_is_near_and_the_same_again(project: SmallProject) -> None:
    pytest.importorskip("joblib", reason="needs the extra robustness")
    probes = "evasion: {attacks: [hop_skip_jump, boundary, zoo], rows: 6, queries: 300, within: 0.5}"
    verdict = probe(project, probes, check="evasion", metric="evasion_distance", limit="min: 0.001", budget="")
    found = measured(project, "evasion_distance")
    if "not installed" in (found[0]["reason"] or ""):
        pytest.skip("the Adversarial Robustness Toolbox is not installed")
    assert reasons(verdict, "pass").count("evasion_distance of attack") >= 2, reasons(verdict, "unknown")
    assert [one["about"]["attack"].split()[0] for one in found] == ["hop_skip_jump", "boundary", "zoo"]
    near, boundary, zoo = (one["value"] for one in found)
    assert boundary == pytest.approx(near, rel=0.3)
    assert zoo >= 0.8 * near  # it has to guess a gradient from so few questions
    probe(project, probes, check="evasion", metric="evasion_distance", limit="min: 0.001")
    assert measured(project, "evasion_distance") == found


def test_the_section_on_the_page_is_one_and_every_key_is_told() -> None:
    page = (Path(__file__).parents[3] / "docs/how-to/probe-a-model.md").read_text("utf-8")
    block = page.partition("```yaml\n")[2].partition("```")[0]
    section = msgspec.convert(yaml.safe_load(block)["robustness"], RobustnessSection)
    assert section.asked() == PROBES
    keys = {field.name for one in (RobustnessSection, ScorerSection) for field in msgspec.structs.fields(one)}
    assert {key for key in keys if key not in page} == set()
