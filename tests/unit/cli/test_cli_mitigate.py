"""`assay mitigate` as its user calls it: a denied release is mended, and the new version is judged."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("fairlearn", reason="the extra mitigation is not installed")

import pandas as pd
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import assay
from small_project import Said, SmallProject, inside

POLICY = """\
schema: assay.policy/v1
name: lending
version: "1"
controls:
  - id: race-gap
    title: Both groups are approved alike
    check: group-gap
    metric: demographic_parity_difference
    attributes: [race]
    limit: {max: 0.2}
    provenance: {set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}
  - id: accurate
    title: It is right more often than not
    check: performance-floor
    metric: accuracy
    limit: {min: 0.6}
    provenance: {set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}
  - id: files
    title: The files are those that were measured
    check: files-unchanged
"""

CONFIG = """\
system: lending
model: {name: lending, version: "1", path: model/, author: mila}
materiality: {exposure: low, purpose: test, justification: It decides about nobody at all.}
datasets:
  train: {path: train.csv}
  test: {path: test.csv}
columns:
  label: approved
  prediction: predicted
  score: score
  protected: [race]
policy: policy.yaml
robustness:
  model: {kind: scikit-learn, path: model/model.skops, trusted: true}
  features: [income, area, debt]
  budget: {rows: 200}
  noise: {strengths: [0.1]}
"""
HERE = {**os.environ, "PYTHONPATH": str(Path(assay.__file__).parents[1])}
FEATURES = ["income", "area", "debt"]


def people(count: int, seed: int) -> pd.DataFrame:
    """Return people of two groups: where somebody lives tells the group, and decided in the past."""
    chance, found = random.Random(seed), []
    for _ in range(count):
        race = "black" if chance.random() < 0.4 else "white"
        income, area = (
            chance.gauss(50, 12),
            "north" if chance.random() < (0.85 if race == "black" else 0.15) else "south",
        )
        approved = chance.random() < 1 / (1 + 2.718 ** (-(income - 45 - 12 * (area == "north")) / 6))
        found.append((round(income, 2), area, round(chance.gauss(30, 8), 1), race, int(approved)))
    return pd.DataFrame(found, columns=[*FEATURES, "race", "approved"])


def write_project(folder: Path) -> None:
    """Write a project with a fitted pipeline that its policy denies."""
    train, test = people(2400, 1), people(1600, 2)
    columns = [("numbers", StandardScaler(), ["income", "debt"]), ("area", OneHotEncoder(), ["area"])]
    fitted = Pipeline([("encode", ColumnTransformer(columns)), ("decide", LogisticRegression())])
    fitted.fit(train[FEATURES], train["approved"])
    test["predicted"], test["score"] = fitted.predict(test[FEATURES]), fitted.predict_proba(test[FEATURES])[:, 1]
    (folder / "model").mkdir()
    skops.io.dump(fitted, folder / "model" / "model.skops")
    train.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (folder / "assay.yaml").write_text(CONFIG, encoding="utf-8")


@pytest.fixture(scope="module")
def denied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lending")
    write_project(folder)
    return folder


@pytest.fixture(scope="module")
def mended(denied: Path) -> Said:
    with inside(denied):
        assert aside("run").code == 1
        return aside(
            "mitigate", "--candidates", "threshold,drop_feature", "--choose", "threshold", "--out", "v2", "--budget",
            "10m", "--format", "json",
        )  # fmt: skip


def aside(*words: str) -> Said:
    """Run a verb in a process of its own: a fixture of the module has no captured output."""
    done = subprocess.run(
        [sys.executable, "-m", "assay", *words], capture_output=True, text=True, check=False, env=HERE
    )  # fmt: skip
    return Said(done.returncode, done.stdout, done.stderr)


def test_the_denied_model_is_fitted_again_and_compared_decision_by_decision(mended: Said) -> None:
    found = json.loads(mended.out)
    assert found["compared_with"] == "denied"
    assert found["subject"] == "lending 1"
    assert "cloned and fitted again" in found["estimator"]
    assert found["features"] == FEATURES
    assert found["crossed"] is False
    as_is = next(one for one in found["trials"] if one["name"] == "as_is")
    assert abs(as_is["accuracy_change"]["change"]) < 0.02
    assert {one["id"] for one in as_is["findings"]} >= {"race-gap/race", "accurate"}
    assert not [one for one in as_is["findings"] if one["check"] == "files-unchanged"]


def test_a_remedy_becomes_a_version_that_the_policy_judges(denied: Path, mended: Said) -> None:
    assert "version 2" in mended.err
    found = json.loads(mended.out)
    trial = next(one for one in found["trials"] if one["name"] == "threshold")
    with inside(denied):
        judged = json.loads(aside("run", "--project", "v2", "--format", "json").out)
        lineage = json.loads(aside("trail", "lineage", "--model", "lending", "--version", "2", "--format", "json").out)
        verified = aside("verify", ".assay/releases/lending/2")
    gap = next(one for one in judged["verdict"]["findings"] if one["id"] == "race-gap/race")
    assert gap["measured"] == trial["performance"]["aim"]
    nodes = {one["id"]: one["label"] for one in lineage["nodes"]}
    joined = {(nodes[one["source"]], nodes[one["target"]]) for one in lineage["edges"]}
    assert {("lending 1", "lending/mitigate"), ("lending/mitigate", "lending 2")} <= joined
    assert verified.code == 0
    evidence = json.loads((denied / ".assay/releases/lending/2/evidence.json").read_bytes())
    assert evidence["facts"]["derived_from"]["version"] == "1"
    assert evidence["facts"]["derived_from"]["candidate"] == "threshold"


def test_the_search_is_signed_and_in_the_trail_failures_included(denied: Path, mended: Said) -> None:
    record = (denied / "v2" / "mitigation.json").read_bytes()
    assert json.loads(record)["trials"] == json.loads(mended.out)["trials"]
    signed = json.loads((denied / "v2" / "mitigation.dsse.json").read_bytes())
    assert signed["signatures"]
    with inside(denied):
        told = subprocess.run(
            [sys.executable, "-c", SEARCHES], capture_output=True, text=True, check=True, env=HERE
        ).stdout.splitlines()
    assert len(told) == 1
    kept, candidates, chosen = told[0].split()
    assert (denied / ".assay" / "evidence" / kept).read_bytes() == record
    assert candidates == str(len(json.loads(record)["trials"]))
    assert chosen == "threshold"


SEARCHES = """
import assay
with assay.open_trail() as trail:
    for fact in trail.view().facts("mitigation.searched"):
        print(fact.said.record_sha256, fact.said.candidates, fact.said.chosen)
"""


def test_the_model_is_loaded_without_assay(denied: Path, mended: Said) -> None:
    assert mended.code in {0, 1, 3}
    code = (
        "import sys, pandas as pd; from skops.io import load, get_untrusted_types as ask\n"
        "model = load('v2/model/model.skops', trusted=ask(file='v2/model/model.skops'))\n"
        "rows = pd.read_parquet('v2/predictions.parquet')\n"
        "assert (model.predict(rows[['income', 'area', 'debt']]) == rows['predicted']).all()\n"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'assay']\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([sys.executable, "-c", code], cwd=denied, env=environment, check=True)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["--choose", "threshold"], "--out"),
        (["no-such-version"], "Versions of lending here"),
        (["--metric", "demographic_parity_difference"], "only beside --data"),
        (["--candidates", "recalibrate"], "did you mean 'recalibration'"),
        (["--aim", "accurate"], "expected a finding that compares groups"),
        (["--estimator", "forest.joblib"], "expected logistic, boosting or a file"),
        (["--budget", "soon"], "expected seconds or minutes"),
        (["--within", "2"], "a share of accuracy"),
        (["--out", "model"], "nothing is overwritten"),
    ],
)
def test_a_mistake_ends_in_words(
    denied: Path, mended: Said, line: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mended.out
    only = [] if "--candidates" in line else ["--candidates", "as_is", "--no-record"]
    said = SmallProject(denied, capsys).say("mitigate", *line, *only)
    assert said.code == 2, said
    assert told in said.err
    assert "Traceback" not in said.err


def test_rows_that_have_changed_since_the_verdict_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_project(tmp_path)
    project = SmallProject(tmp_path, capsys)
    assert project.say("run").code == 1
    with (tmp_path / "train.csv").open("a", encoding="utf-8") as stream:
        stream.write("50.0,north,30.0,white,1\n")
    said = project.say("mitigate")
    assert said.code == 2
    assert "have changed since" in said.err


def test_a_budget_too_small_for_anything_is_said(
    denied: Path, mended: Said, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mended.out
    began = time.monotonic()
    said = SmallProject(denied, capsys).say("mitigate", "1", "--budget", "0.3s", "--no-record")
    assert said.code == 3
    assert time.monotonic() - began < 20
    assert "No candidate could be measured" in said.out
    assert "the budget was spent" in said.out


def test_a_version_of_groups_that_are_no_text_is_not_probed_as_if_they_were(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_project(tmp_path)
    for name in ("train.csv", "test.csv"):
        rows = pd.read_csv(tmp_path / name)
        rows["race"] = (rows["race"] == "black").astype(int)
        rows.to_csv(tmp_path / name, index=False)
    project = SmallProject(tmp_path, capsys)
    assert project.say("run").code in {1, 3}
    said = project.say(
        "mitigate", "--candidates", "threshold_by_group", "--allow-attribute", "--choose", "threshold_by_group",
        "--out", "v2", "--no-record", "--budget", "10m",
    )  # fmt: skip
    assert "version 2" in said.err, said
    assert "robustness" not in (tmp_path / "v2" / "assay.yaml").read_text(encoding="utf-8")
    assert "as text" in (tmp_path / "v2" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("allowed", "status"), [("true", "measured"), ("false", "refused")])
def test_the_policy_says_whether_decisions_may_rest_on_the_group(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], allowed: str, status: str
) -> None:
    write_project(tmp_path)
    why = "{set_by: Counsel, when: 2026-10-01, source: memo 7, why: asked}"
    written = tmp_path / "policy.yaml"
    written.write_text(written.read_text() + f"by_group: {{allowed: {allowed}, provenance: {why}}}\n")
    project = SmallProject(tmp_path, capsys)
    assert project.say("run").code in {1, 3}
    flag = ["--allow-attribute"] if allowed == "false" else []  # what the policy forbids, no flag allows
    said = project.say(
        "mitigate", "--candidates", "threshold_by_group", *flag, "--no-record", "--budget", "10m", "--format", "json"
    )
    (trial,) = [one for one in json.loads(said.out)["trials"] if one["name"] == "threshold_by_group"]
    assert trial["status"] == status, said
    assert (status == "measured") or "policy (by_group) forbids" in trial["reason"]


@pytest.mark.slow
def test_five_thousand_columns_are_searched_to_the_end_of_the_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numpy = pytest.importorskip("numpy")
    monkeypatch.chdir(tmp_path)
    drawn = numpy.random.default_rng(1)
    for name, rows in (("train", 2400), ("test", 1600)):
        features = drawn.normal(size=(rows, 5000)).astype("float32")
        black = drawn.random(rows) < 0.4
        features[:, 0] -= 1.2 * black
        approved = drawn.random(rows) < 1 / (1 + numpy.exp(-1.5 * features[:, 0] - features[:, 1]))
        table = pd.DataFrame(features, columns=[f"f{at}" for at in range(5000)])
        table.assign(race=numpy.where(black, "black", "white"), approved=approved.astype(int)).to_parquet(
            f"{name}.parquet"
        )
    began = time.monotonic()
    said = aside(
        "mitigate", "--data", "test.parquet", "--train", "train.parquet", "--label", "approved", "--protected", "race",
        "--metric", "demographic_parity_difference", "--limit", "0.1", "--budget", "60s", "--format", "json",
    )  # fmt: skip
    took = time.monotonic() - began
    assert said.code in {0, 1, 3}, said.err
    found = json.loads(said.out)
    assert found["spent_seconds"] < 75  # a quarter more: what is under way is judged to its end
    assert took < 110  # the process starts, reads, and writes beside
    assert len(found["features"]) == 5000
    known = {"measured", "calculated", "timed-out", "not-tried", "refused", "failed"}
    assert {one["status"] for one in found["trials"]} <= known
    assert all(one["reason"] for one in found["trials"] if one["status"] not in {"measured", "calculated"})
