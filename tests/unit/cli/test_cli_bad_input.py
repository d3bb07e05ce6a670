"""Everything a user can get wrong ends in a message and a code; nothing is decided and nothing half-written is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from small_project import SmallProject, files_under, rows, small_project

if TYPE_CHECKING:
    from pathlib import Path

POLICY_FAULTS = {
    "empty": (b"", "expected"),
    "not-yaml": (b"name: [", "policy.yaml"),
    "binary": (b"\x00\x01\xff\xfe", "policy.yaml"),
    "not-utf8": ("name: caf\xe9".encode("latin-1"), "UTF-8"),
}

POLICY_EDITS = {
    "unknown-key": ("    check: group-gap", "    check: group-gap\n    treshold: 1", "treshold"),
    "unknown-metric": ("demographic_parity_difference", "demographic_parity_diference", "parity_difference"),
    "unknown-check": ("check: group-gap", "check: group-gaps", "group-gap"),
    "duplicate-key": ("    check: group-gap", "    check: group-gap\n    check: group-gap", "check"),
    "limit-as-text": ("{max: 0.2}", "{max: low}", "limit"),
    "limit-nan": ("{max: 0.2}", "{max: .nan}", "limit"),
    "limit-nothing-can-breach": ("{max: 0.2}", "{max: 1.0}", "limit"),
    "limit-nothing-can-meet": ("{max: 0.2}", "{max: -0.1}", "limit"),
    "no-provenance": (
        '    provenance: {set_by: Rosa, when: "2026-10-01", source: a test, why: a test needs a limit}\n',
        "",
        "provenance",
    ),
}  # fmt: skip

CONFIG_EDITS = {
    "misspelt-key": ("protected:", "protcted:", "protected"),
    "no-protected-attribute": ("  protected: [sex]\n", "", "protected"),
    "column-absent": ("prediction: predicted", "prediction: predictd", "predicted"),
    "protected-absent": ("protected: [sex]", "protected: [sexx]", "sex"),
    "data-missing": ("path: test.csv", "path: tset.csv", "test.csv"),
    "policy-missing": ("policy: policy.yaml", "policy: polcy.yaml", "policy.yaml"),
    "model-missing": ("path: model/", "path: modle/", "modle"),
    "name-that-leaves-the-folder": ("name: small,", "name: ../small,", "model.name"),
}

TABLES: dict[str, tuple[str | bytes, str]] = {
    "empty": (b"", "test.csv"),
    "header-alone": ("approved,predicted,score,sex\n", "rows"),
    "ragged": ("approved,predicted,score,sex\n1,1,0.5,f\n1,0\n", "test.csv"),
    "wrong-encoding": ("approved,predicted,score,sex\n1,1,0.5,caf\xe9\n".encode("latin-1"), "UTF-8"),
    "binary": (b"PAR1\x00\x00garbage", "test.csv"),
    "label-all-null": ("approved,predicted,score,sex\n,1,0.5,f\n,0,0.4,m\n", "approved"),
    "prediction-null": ("approved,predicted,score,sex\n1,1,0.5,f\n1,,0.4,m\n", "predicted"),
    "prediction-all-null": ("approved,predicted,score,sex\n1,,0.5,f\n1,,0.4,m\n", "predicted"),
    "third-class": ("approved,predicted,score,sex\n1,1,0.5,f\n2,0,0.4,m\n0,0,0.1,f\n", "approved"),
    "score-is-text": ("approved,predicted,score,sex\n1,1,high,f\n0,0,low,m\n", "score"),
    "two-strings-without-positive": ("approved,predicted,score,sex\nyes,1,0.5,f\nno,0,0.4,m\n", "positive"),
}

UNSETTLED: dict[str, str] = {
    "one-group-only": rows(400).replace(",m\n", ",f\n"),
    "five-rows": rows(5),
    "a-group-below-the-minimum": rows(400) + rows(20).split("\n", 1)[1].replace(",m\n", ",x\n").replace(",f\n", ",x\n"),
}


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    return small_project(tmp_path, capsys)


def refused(project: SmallProject, expected: str, *, code: int = 2) -> None:
    before = files_under(project.root)
    said = project.say("run")
    assert said.code == code, said
    assert expected in said.err
    assert "Traceback" not in said.err
    assert "defect" not in said.err
    assert said.out == ""
    left = {name: content for name, content in files_under(project.root).items() if not name.startswith(".assay/keys")}
    assert left == before, "something was left behind"


def test_the_project_without_a_fault_is_allowed(project: SmallProject):
    said = project.say("run", "--format", "json")
    assert said.code == 0, said


@pytest.mark.parametrize("fault", POLICY_FAULTS)
def test_a_policy_that_cannot_be_read(project: SmallProject, fault: str):
    content, expected = POLICY_FAULTS[fault]
    project.write("policy.yaml", content)
    refused(project, expected)


@pytest.mark.parametrize("fault", POLICY_EDITS)
def test_a_policy_with_a_mistake(project: SmallProject, fault: str):
    before, after, expected = POLICY_EDITS[fault]
    project.replace("policy.yaml", before, after)
    refused(project, expected)


@pytest.mark.parametrize("fault", CONFIG_EDITS)
def test_an_assay_yaml_with_a_mistake(project: SmallProject, fault: str):
    before, after, expected = CONFIG_EDITS[fault]
    project.replace("assay.yaml", before, after)
    refused(project, expected)


def test_no_assay_yaml(project: SmallProject):
    (project.root / "assay.yaml").rename(project.root / "asay.yaml")
    refused(project, "assay init")


@pytest.mark.parametrize("fault", TABLES)
def test_a_table_that_cannot_be_counted(project: SmallProject, fault: str):
    content, expected = TABLES[fault]
    project.write("test.csv", content)
    refused(project, expected)


def test_a_truncated_parquet(project: SmallProject, tmp_path: Path):
    import duckdb  # noqa: PLC0415 - only this test writes Parquet

    whole = tmp_path / "test.parquet"
    duckdb.sql(f"COPY (FROM read_csv('{project.root / 'test.csv'}')) TO '{whole}' (FORMAT parquet)")
    whole.write_bytes(whole.read_bytes()[:-200])
    project.replace("assay.yaml", "path: test.csv", "path: test.parquet")
    refused(project, "test.parquet")


@pytest.mark.parametrize("fault", UNSETTLED)
def test_too_little_data_leaves_it_undecided(project: SmallProject, fault: str):
    project.write("test.csv", UNSETTLED[fault])
    said = project.say("run")
    assert said.code == 3, said
    assert "UNDECIDED" in said.out
    assert "unknown" in said.out


def test_an_empty_model_folder(project: SmallProject):
    (project.root / "model/weights.json").unlink()
    refused(project, "empty folder")


@pytest.mark.parametrize("name", ["measure", "run", "gate", "verify", "nonsense", "mesure"])
def test_a_command_that_is_wrong_says_what_was_expected(project: SmallProject, name: str):
    said = project.say(name, "--no-such-option")
    assert said.code == 2
    assert said.out == ""
    assert "Traceback" not in said.err


def test_a_misspelt_verb_is_suggested(project: SmallProject):
    assert "'measure'" in project.say("mesure").err


def test_verify_refuses_a_path_that_is_not_there(project: SmallProject):
    project.say("run")
    release = ".assay/releases/small/1"
    for option in (("--model", "modle"), ("--data", "test=tset.csv")):
        refused = project.say("verify", release, *option)
        assert refused.code == 2, option
        assert option[1].rpartition("=")[2] in refused.err
        assert "VERIFIED" not in refused.out


def test_the_help_lists_the_metrics_that_messages_point_to(project: SmallProject):
    assert "demographic_parity_difference" in project.say("measure", "--help").out
