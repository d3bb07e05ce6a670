"""A regression that is probed: a prediction that changes by more than a declared tolerance is another decision."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """\
schema: assay.policy/v1
name: small
version: "1"
controls:
  - id: no-price-turns-on-sex
    title: Nobody would pay another price as somebody of the other sex
    check: counterfactual-flips
    metric: counterfactual_flip_rate
    columns: [sex]
    limit: {max: 0.05}
    provenance: {set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}
"""

SCORING = """\
def price(columns):
    return [100 + 2 * income + (8 if sex == "m" else 0) for income, sex in zip(columns["income"], columns["sex"])]

def missing(columns):
    return [float("nan")] * len(columns["income"])

def words(columns):
    return ["dear"] * len(columns["income"])

def constant(columns):
    return [100.0] * len(columns["income"])
"""

SECTION = """\
robustness:
  model: {{{model}}}
  features: [income, sex]
  tolerance: {tolerance}
  counterfactual: {{}}
  noise: {{strengths: [0.5]}}
  slices: {{depth: 1, smallest: 30}}
"""


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    draw = random.Random(4)
    lines = ["paid,price,sex,income"]
    for _ in range(400):
        sex, income = draw.choice("fm"), round(draw.gauss(50, 15), 2)
        price = 100 + 2 * income + (8 if sex == "m" else 0)
        wrong = 40 if income > 65 else 1
        lines.append(f"{price + draw.choice((-wrong, wrong)):.2f},{price:.2f},{sex},{income}")
    made = small_project(tmp_path, capsys)
    made.write("test.csv", "\n".join(lines) + "\n")
    made.write(f"scoring_{tmp_path.name}.py", SCORING)
    made.write("policy.yaml", POLICY)
    made.replace("assay.yaml", "  label: approved\n  prediction: predicted\n  score: score\n",
                 "  label: paid\n  prediction: price\n  task: regression\n")  # fmt: skip
    return made


def run(project: SmallProject, *, tolerance: float, scoring: str = "price", model: str = "") -> dict[str, Any]:
    """Run a release that probes the model, and return its verdict."""
    named = model or f"kind: callable, callable: scoring_{project.root.name}:{scoring}, output: number"
    text = (project.root / "assay.yaml").read_text().partition("robustness:")[0]
    project.write("assay.yaml", text + SECTION.format(model=named, tolerance=tolerance))
    said = project.say("run", "--format", "json")
    assert said.out, said.err
    found: dict[str, Any] = json.loads((project.release / "verdict.json").read_text())
    return found


def measured(project: SmallProject, metric: str) -> dict[str, Any]:
    """Return what was measured of everybody."""
    evidence = json.loads((project.release / "evidence.json").read_text())
    found = [one for one in evidence["measurements"] if one["metric"] == metric and not one["group"]]
    assert len(found) == 1
    return dict(found[0])


@pytest.mark.parametrize(("tolerance", "share"), [(7.5, 1), (8, 0), (9, 0)])
def test_a_price_that_changes_by_more_than_the_tolerance_is_another(
    project: SmallProject, tolerance: float, share: float
) -> None:
    verdict = run(project, tolerance=tolerance)
    assert verdict["decision"] == ("deny" if share else "allow")
    assert measured(project, "counterfactual_flip_rate")["value"] == share
    assert measured(project, "prediction_agreement")["value"] == 1


def test_noise_changes_prices_by_more_or_less_as_the_tolerance_says(project: SmallProject) -> None:
    found = []
    for tolerance in (1, 10, 50):
        run(project, tolerance=tolerance)
        found.append(measured(project, "noise_flip_rate")["value"])
    assert 0.9 < found[0] < 1
    assert 0.3 < found[1] < 0.7  # noise of half a standard deviation: 7.5 in income, 15 in price
    assert found[2] < 0.02


def test_the_worst_slice_is_where_predictions_miss_by_more_than_the_tolerance(project: SmallProject) -> None:
    run(project, tolerance=5)
    found = measured(project, "worst_slice_error_gap")
    assert found["about"]["slice"].startswith("income from")
    assert found["value"] > 0.4


@pytest.mark.parametrize(
    ("scoring", "told"),
    [
        ("missing", "answered nan, which is no number"),
        ("words", "answered 'dear', where a number was expected"),
        ("constant", "the model decides alike on every row"),
    ],
)
def test_what_is_no_answer_passes_nothing(project: SmallProject, scoring: str, told: str) -> None:
    verdict = run(project, tolerance=5, scoring=scoring)
    assert verdict["decision"] == "undecided"
    assert told in verdict["findings"][0]["reason"]


@pytest.mark.parametrize("kind", ["scikit-learn", "onnx"])
def test_regressors_are_asked_for_their_numbers(project: SmallProject, kind: str) -> None:
    np: Any = pytest.importorskip("numpy")
    linear: Any = pytest.importorskip("sklearn.linear_model", reason="an extra")
    draw = np.random.default_rng(1)
    income, male = draw.normal(50, 15, 400), draw.integers(0, 2, 400)
    fitted = linear.LinearRegression().fit(np.column_stack([income, male]), 100 + 2 * income + 8 * male)
    project.write("test.csv", "paid,price,sex,income\n" + "".join(
        f"{100 + 2 * a + 8 * b},{100 + 2 * a + 8 * b},{b},{a}\n" for a, b in zip(income, male, strict=True)
    ))  # fmt: skip
    path = project.root / "model" / f"model.{'onnx' if kind == 'onnx' else 'joblib'}"
    if kind == "onnx":
        convert: Any = pytest.importorskip("skl2onnx", reason="an extra")
        pytest.importorskip("onnxruntime", reason="an extra")
        path.write_bytes(convert.to_onnx(fitted, np.zeros((1, 2), dtype=np.float32)).SerializeToString())
    else:
        pytest.importorskip("joblib").dump(fitted, path)
    model = f"kind: {kind}, path: model/{path.name}, output: number" + (", trusted: true" if kind != "onnx" else "")
    verdict = run(project, tolerance=7.5, model=model)
    assert verdict["decision"] == "deny"
    assert measured(project, "prediction_agreement")["value"] == 1


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("model: {kind: callable, callable: 'a:b'}\n  tolerance: 1", "$.robustness.model.output: of a regression"),
        ("model: {kind: callable, callable: 'a:b', output: number}", "$.robustness.tolerance: expected by how much"),
        ("model: {kind: callable, callable: 'a:b', output: number}\n  tolerance: 0", "above 0; found 0"),
        (
            "model: {kind: callable, callable: 'a:b', output: number}\n  tolerance: 1\n  evasion: {}",
            "$.robustness.evasion: an attack looks for another class",
        ),
    ],
)
def test_what_a_regression_cannot_be_probed_by_is_told(project: SmallProject, section: str, told: str) -> None:
    text = (project.root / "assay.yaml").read_text()
    project.write("assay.yaml", f"{text}robustness:\n  noise: {{}}\n  {section}\n")
    said = project.say("run")
    assert said.code == 2
    assert told in said.err


def test_a_tolerance_and_a_number_are_of_a_regression_alone(project: SmallProject) -> None:
    project.replace("assay.yaml", "  task: regression\n", "")
    text = (project.root / "assay.yaml").read_text()
    model = "{kind: callable, callable: 'a:b', output: number}"
    project.write("assay.yaml", f"{text}robustness:\n  noise: {{}}\n  tolerance: 1\n  model: {model}\n")
    said = project.say("run")
    assert said.code == 2
    assert "a number is a decision of a regression alone" in said.err
    assert "a tolerance is of a regression" in said.err
