"""Reasons fixed when people are decided on: kept, signed, recorded without names, verified later."""

# ruff: noqa: ANN401 - a person's reasons hold values of any kind

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

import assay
from assay.adapters.reasons_here import Reasoned, check_person, reasons, reasons_of_file, section_of
from assay.adapters.scorers import open_scorer
from assay.adapters.trail_here import open_trail
from assay.cli import answer
from assay.diagnosis.reasons.change import Search
from assay.errors import DataError, DocumentError, InputError, VerificationError
from assay.lifecycle.giving_reasons import About, Asked, give_reasons
from assay.lifecycle.kept_reasons import EVENT, RECORD, SIGNATURE, commitment, read_disclosed
from assay.probing.scorer import ScorerError
from reasoned_people import WORDS, people

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
system: loans
model: {name: loans, version: "7", path: model/}
materiality: {exposure: high, purpose: credit decision, justification: homes}
datasets: {test: {path: seen.csv}}
columns: {label: approved, prediction: predicted, score: p, protected: [sex], favourable: 1}
reasons: {model: {kind: callable, callable: "lender:load", path: model/weights.json}}
policy: policy.yaml
"""
LENDER = """
import json
import math
from pathlib import Path


def load(path):
    weights = json.loads(Path(path).read_text(encoding="utf-8"))

    def score(columns):
        rows = zip(columns["income"], columns["debt"], columns["job"])
        found = [weights["income"] * i - weights["debt"] * (d or 0) + (j == "clerk") for i, d, j in rows]
        return [1 / (1 + math.exp(-one)) for one in found]

    return score
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project whose model is a function of a file of weights."""
    root = tmp_path / "project"
    (root / "model").mkdir(parents=True)
    (root / "assay.yaml").write_text(CONFIG, encoding="utf-8")
    (root / "reasons.yaml").write_bytes(WORDS.replace(b"reference: all", b"reference: passing"))
    (root / "lender.py").write_text(LENDER, encoding="utf-8")
    (root / "model" / "weights.json").write_text('{"income": 0.05, "debt": 0.1}', encoding="utf-8")
    write_table(root / "seen.csv", people(300, seed=2, gaps=True))
    write_table(root / "asked.csv", people(40, seed=1, gaps=True))
    monkeypatch.chdir(root)
    for name in ("lender", "whole"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return root


def write_table(path: Path, columns: dict[str, list[Any]], *, first: str = "person") -> None:
    rows = [f"{first},{','.join(columns)}"]
    rows += [
        f"ada-{at:03d},{','.join('' if one is None else str(one) for one in row)}"
        for at, row in enumerate(zip(*columns.values(), strict=True))
    ]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture
def given(project: Path) -> Reasoned:
    return reasons("asked.csv", "person", project=project)


def test_the_front_door_gives_what_the_log_fixes(project: Path, given: Reasoned) -> None:
    assert assay.reasons is reasons
    assert given.record.method == "additive"
    assert given.record.denied == len(given.people) == len(given.record.commitments) > 0
    assert given.record.approved + given.record.denied == given.record.asked == 40
    assert given.record.reference.applicants == "passing"
    with open_trail(project) as trail:
        [fact] = trail.view().facts(EVENT)
    assert (fact.said.denied, fact.said.model_sha256) == (given.record.denied, given.record.model_sha256)


def test_nobody_and_nothing_of_anybody_stands_in_log_or_record(project: Path, given: Reasoned) -> None:
    assert given.folder is not None
    kept = [(project / ".assay/log/tile/entries").rglob("*"), [given.folder / RECORD, given.folder / SIGNATURE]]
    said = b"".join(path.read_bytes() for paths in kept for path in paths if path.is_file())

    assert said
    assert b"ada-" not in said
    assert b"low for this loan" not in said


def test_equal_reasons_are_committed_to_under_salts_of_their_own(project: Path) -> None:
    first, again = (reasons("asked.csv", "person", project=project) for _ in range(2))

    assert first.people == again.people
    assert not set(first.record.commitments) & set(again.record.commitments)
    assert sorted(map(commitment, first.given.disclosed)) == list(first.record.commitments)


def test_reasons_given_then_are_verified_later(
    project: Path, given: Reasoned, capsys: pytest.CaptureFixture[str]
) -> None:
    someone = given.people[0]

    found = check_person(someone.id, project)
    assert found.person == someone
    assert any("fixed it" in line for line in found.proven)

    assert given.folder is not None
    file = next(path for path in (given.folder / "disclosures").iterdir() if read_disclosed(path).person == someone)
    assert check_person(None, project, file=file).person == someone
    assert answer(["reasons", "verify", "--id", someone.id, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["verified"] is True


@pytest.mark.parametrize("what", ["reason", "value", "salt", "record", "signature", "log"])
def test_whatever_is_changed_afterwards_no_longer_verifies(project: Path, given: Reasoned, what: str) -> None:
    folder, someone = given.folder, given.people[0]
    assert folder is not None
    opened = next(path for path in (folder / "disclosures").iterdir() if read_disclosed(path).person == someone)
    text = opened.read_text(encoding="utf-8")
    disclosed = read_disclosed(opened)
    if what == "reason":
        opened.write_text(text.replace(someone.reasons[0].statement, "You asked on a Monday"), encoding="utf-8")
    elif what == "value":
        opened.write_text(text.replace(str(someone.row["income"]), "1000"), encoding="utf-8")
    elif what == "salt":
        opened.write_text(text.replace(disclosed.salt, disclosed.salt[::-1]), encoding="utf-8")
    elif what == "record":
        content = (folder / RECORD).read_bytes()
        (folder / RECORD).write_bytes(content.replace(b'"version":"7"', b'"version":"8"'))
    elif what == "signature":
        (folder / SIGNATURE).write_bytes((folder / SIGNATURE).read_bytes().replace(b"eyJ", b"eyK", 1))
    else:  # another key ring's log, which never saw the record
        other = project.parent / "other"
        (project / ".assay" / "log").rename(other)
        (project / ".assay" / "log.private").rename(project.parent / "other.private")
        for left in ("trail.sqlite", "log.vkey"):
            (project / ".assay" / left).unlink(missing_ok=True)
        assay.record([_unrelated()], project)

    with pytest.raises((VerificationError, DocumentError)):
        check_person(someone.id, project)


def _unrelated() -> Any:
    from assay.trail.events import make_event  # noqa: PLC0415 - only for one case

    fields = {"host": "ci", "seconds": 1, "direction": "ahead", "measured_against": "t"}
    return make_event("clock.skew", fields, claimed_at="2026-10-01T00:00:00Z")


def test_one_person_is_erased_and_the_others_still_verify(project: Path, given: Reasoned) -> None:
    from assay.lifecycle.erasure_plan import apply_plan, plan_erasure  # noqa: PLC0415
    from assay.lifecycle.setting import read_trust  # noqa: PLC0415
    from assay.trail.searching import Search  # noqa: PLC0415

    gone, stays = given.people[0], given.people[1]
    trust, _ = read_trust(None)
    plan = plan_erasure(project / ".assay", Search(gone.id), "p_" + "0" * 32, trust=trust)
    apply_plan(plan)

    assert [step.act for step in plan.steps] == ["remove"]
    assert check_person(stays.id, project).person == stays
    with pytest.raises(InputError, match="approved, not in this batch, or erased"):
        check_person(gone.id, project)


def test_nothing_is_kept_when_it_is_not_to_be(project: Path) -> None:
    done = reasons("asked.csv", "person", project=project, keep=False)

    assert (done.folder, done.index) == (None, None)
    assert not (project / ".assay").exists()


def test_only_those_who_are_named_and_near_names_are_suggested(project: Path, given: Reasoned) -> None:
    someone = given.people[0].id

    assert [one.id for one in reasons("asked.csv", "person", project=project, only=[someone], keep=False).people] == [
        someone
    ]
    with pytest.raises(DataError, match=r"nobody is called 'ada-0001' \(did you mean 'ada-0"):
        reasons("asked.csv", "person", project=project, only=["ada-0001"], keep=False)


def test_somebody_who_is_approved_needs_no_reasons(project: Path, given: Reasoned) -> None:
    denied = {one.id for one in given.people}
    approved = next(f"ada-{at:03d}" for at in range(40) if f"ada-{at:03d}" not in denied)

    done = reasons("asked.csv", "person", project=project, only=[approved], keep=False)

    assert (done.record.asked, done.record.approved, done.people) == (1, 1, ())


def test_reasons_of_another_decision_than_the_models_are_not_invented(project: Path) -> None:
    columns = people(40, seed=1, gaps=True)
    write_table(project / "asked.csv", {**columns, "decided": [1] * 40})

    with pytest.raises(DataError, match=r"expected the decisions that the model takes now, found 'decided' otherwise"):
        reasons("asked.csv", "person", project=project, recorded="decided")
    assert not (project / ".assay").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"first": "name"}, "no column 'person'"),
        ({"drop": "income"}, "no column 'income'"),
        ({"ids": ["a", "a"]}, r"expected each 'person' once, found a \(2 times\)"),
        ({"ids": ["", "b"]}, "1 rows have no 'person'"),
    ],
)
def test_tables_that_name_nobody_or_lack_a_feature_are_refused(
    project: Path, change: dict[str, Any], told: str
) -> None:
    columns = people(2, seed=1)
    columns.pop(change.get("drop", ""), None)
    write_table(project / "asked.csv", columns, first=change.get("first", "person"))
    if "ids" in change:
        text = (project / "asked.csv").read_text(encoding="utf-8")
        for at, one in enumerate(change["ids"]):
            text = text.replace(f"ada-{at:03d}", one)
        (project / "asked.csv").write_text(text, encoding="utf-8")

    with pytest.raises(DataError, match=told):
        reasons("asked.csv", "person", project=project)


@pytest.mark.parametrize(
    ("weights", "told"),
    [("-9", "the model approves none of 300 rows"), ("9", None), ('"x"', "could not answer 40 rows")],
)
def test_a_constant_model_has_no_reasons_to_give(project: Path, weights: str, told: str | None) -> None:
    (project / "lender.py").write_text(
        "import math\n\n\ndef load(path):\n"
        f"    return lambda columns: [1 / (1 + math.exp(-({weights}))) for _ in columns['job']]\n",
        encoding="utf-8",
    )
    if told is None:
        assert reasons("asked.csv", "person", project=project, keep=False).record.denied == 0
        return
    with pytest.raises((DataError, ScorerError), match=told):
        reasons("asked.csv", "person", project=project)


def test_a_model_file_alone_gives_reasons_that_nothing_fixes(project: Path) -> None:
    asked = Asked(table="asked.csv", identifier="person", compared_with="seen.csv",
                  mapping=(project / "reasons.yaml").read_bytes(), protected=("job",))  # fmt: skip
    (project / "whole.py").write_text("import lender\nscore = lender.load('model/weights.json')\n", encoding="utf-8")

    done = reasons_of_file(asked, "whole:score")

    assert done.index is None
    assert done.record.flagged == sum(any(reason.flags for reason in one.reasons) for one in done.people) > 0


@pytest.mark.parametrize(
    ("model", "kind"),
    [("m.skops", "scikit-learn"), ("m.ONNX", "onnx"), ("a.b:c", "callable"), ("https://x.example/y", "http")],
)
def test_a_model_file_is_told_by_its_name(model: str, kind: str) -> None:
    assert section_of(model, threshold=0.5, trusted=False).kind == kind


def test_a_model_that_cannot_be_told_is_refused() -> None:
    with pytest.raises(InputError, match=r"expected a file that ends in \.onnx, "):
        section_of("model.txt", threshold=0.5, trusted=False)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("reasons: {}", r"\$\.reasons\.model"),
        ('reasons: {model: {kind: callable, callable: "a:b", output: label}}', r"\$\.reasons\.model\.output"),
        (
            'reasons: {model: {kind: callable, callable: "a:b"}, compared_with: tset}',
            r"\$\.reasons\.compared_with.*did you",
        ),
        ('reasons: {model: {kind: callable, callable: "a:b"}, features: []}', r"\$\.reasons\.features"),
        ("reasons: {model: {kind: onnx, path: elsewhere/m.onnx}}", r"\$\.reasons\.model\.path"),
    ],
)
def test_what_is_wrong_in_the_section_is_told(project: Path, line: str, path: str) -> None:
    text = "\n".join(one for one in CONFIG.splitlines() if not one.startswith("reasons:"))
    (project / "assay.yaml").write_text(f"{text}\n{line}\n", encoding="utf-8")

    with pytest.raises(DocumentError, match=path):
        reasons("asked.csv", "person", project=project)


def test_the_command_line_writes_every_form(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("dice_ml", reason="DiCE is an extra")
    arguments = [
        "reasons",
        "give",
        "asked.csv",
        "--id",
        "person",
        "--changes",
        "--search",
        "kdtree",
        "--letters",
        "drafts",
    ]

    code = answer([*arguments, "-o", "csv=r.csv", "-o", "parquet=r.parquet", "-o", "markdown=r.md", "--format", "json"])

    out = capsys.readouterr()
    found = json.loads(out.out)
    assert code == 0
    assert found["record"]["denied"] == len(found["people"])
    assert "is entry 0 of the log" in out.err
    assert (project / "r.csv").read_text(encoding="utf-8").startswith("id,score,rank,statement,")
    assert (project / "r.parquet").read_bytes()[:4] == b"PAR1"
    drafts = sorted((project / "drafts").iterdir())
    assert len(drafts) == len(found["people"])
    assert "The principal reasons are:" in drafts[0].read_text(encoding="utf-8")
    assert (project / "r.md").read_text(encoding="utf-8").count("# Draft:") == len(drafts)


def test_a_flagged_reason_ends_with_one_and_its_letter_says_not_to_send(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = (project / "assay.yaml").read_text(encoding="utf-8").replace("[sex]", "[job]")
    (project / "assay.yaml").write_text(config, encoding="utf-8")

    assert answer(["reasons", "give", "asked.csv", "--id", "person", "--format", "markdown"]) == 1
    out = capsys.readouterr()
    assert "**Do not send.**" in out.out
    assert "a protected attribute" in out.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["give", "asked.csv", "--id", "person", "--words", "reasons.yaml"], "--words: expected only beside --model"),
        (["verify"], "expected either FILE or --id PERSON"),
        (["verify", "--id", "nobody"], "expected reasons in"),
        (["lint", "reason.yaml"], "did you mean 'reasons.yaml'"),
        (["lint", "--features", "income,debt,job,age"], "$.features.age: expected words"),
    ],
)
def test_wrong_commands_end_with_two(
    project: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.is_dir()
    assert answer(["reasons", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_lint_and_schema_are_for_who_writes_the_words(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.is_dir()
    assert answer(["reasons", "lint", "--features", "income,debt,job", "--protected", "job"]) == 0
    out = capsys.readouterr()
    assert "3 features in words; actionable: income, debt." in out.out
    assert "a protected attribute is scored" in out.err
    assert answer(["reasons", "schema"]) == 0
    assert "FeatureWords" in capsys.readouterr().out


def test_a_stand_in_that_nobody_declared_is_flagged_and_said(project: Path) -> None:
    columns = people(300, seed=2)
    write_table(project / "seen.csv", {**columns, "sex": ["f" if one == "smith" else "m" for one in columns["job"]]})

    done = reasons("asked.csv", "person", project=project, keep=False)

    flags = {flag for one in done.people for reason in one.reasons for flag in reason.flags}
    assert flags == {"stand-in:sex"}
    assert any(line.startswith("features.job: tells sex f from all others 100 times") for line in done.given.warnings)


def test_an_attribute_that_the_reference_lacks_is_said_to_be_unmeasured(given: Reasoned) -> None:
    assert "seen.csv has no column sex: which features stand in for it was not measured" in given.given.warnings


SLOW = """
import math
import time

asked, after = 0, {after}


def load(path):
    def score(columns):
        global asked
        asked += len(columns["income"])
        time.sleep({seconds} if asked > after else 0)
        rows = zip(columns["income"], columns["debt"], columns["job"])
        found = [0.05 * i - 0.001 * i * (d or 0) * (1.5 if j == "smith" else 1) - 1.5 for i, d, j in rows]
        return [1 / (1 + math.exp(-one)) for one in found]

    return score
"""
"""A model whose features interact, which is slow once it was asked about so many rows."""


AT = "2026-11-23T10:00:00Z"
ABOUT = About(system="loans", model="loans", version="7", sha256="0" * 64)


def test_reasons_that_the_budget_leaves_no_time_for_are_named_and_the_others_fixed(project: Path) -> None:
    pytest.importorskip("shap", reason="SHAP is an extra")
    (project / "lender.py").write_text(SLOW.format(seconds=6.5, after=10**9), encoding="utf-8")
    told: list[float] = []
    asked = Asked(table="asked.csv", identifier="person", compared_with="seen.csv",
                  mapping=(project / "reasons.yaml").read_bytes(), budget_seconds=None)  # fmt: skip
    section = section_of("lender:load", threshold=0.5, trusted=False)
    scorer = open_scorer(msgspec.structs.replace(section, path="model/weights.json"), 1)
    full = give_reasons(asked, scorer, ABOUT, at=AT)  # what SHAP is made of is compiled now
    lender: Any = sys.modules["lender"]
    lender.after = lender.asked + lender.asked * 3 // 4  # slow from the last quarter of the second time on
    given = give_reasons(replace(asked, budget_seconds=6.0), scorer, ABOUT, at=AT, tell=told.append)
    record = given.record
    assert 0 < record.denied == len(given.people)
    assert record.left == len(given.left) > 0
    assert record.approved + record.denied + record.left == record.asked == 40
    assert record.denied + record.left == full.record.denied
    assert not {one.id for one in given.people} & {*given.left}
    assert any("the budget of 6 s ended before" in line and given.left[0] in line for line in given.warnings)
    assert told == sorted(told)
    assert told[-1] < 1.0
    # Whoever is asked about beside, a person's reasons are the same.
    assert [one.contributions for one in given.people] == [one.contributions for one in full.people[: record.denied]]
    assert (full.record.left, full.left) == (0, ())


def test_a_model_too_slow_for_anybody_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "lender.py").write_text(SLOW.format(seconds=1.5, after=0), encoding="utf-8")
    assert answer(["reasons", "give", "asked.csv", "--id", "person", "--budget", "1s"]) == 2
    assert "the budget of 1 s ended before anybody's reasons were computed" in capsys.readouterr().err
    assert not (project / ".assay/reasons").exists()


def test_changes_that_there_was_no_time_to_look_for_are_told(project: Path) -> None:
    pytest.importorskip("dice_ml", reason="DiCE is an extra")
    (project / "lender.py").write_text(SLOW.format(seconds=9.0, after=40_000), encoding="utf-8")
    done = reasons("asked.csv", "person", project=project, changes=Search(), budget_seconds=8.0, keep=False)
    advised = [one.advice.status for one in done.people if one.advice is not None]
    assert len(advised) == done.record.denied > 0
    assert advised[-1] == "not-looked-for"
    assert any("before a smallest change was looked for" in line for line in done.given.warnings)
