from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from assay.adapters.here import project_at
from assay.adapters.trail_here import record
from assay.lifecycle.people import pseudonym
from assay.lifecycle.setting import now
from assay.packs import own_shelf
from assay.records.canonical import digest
from assay.records.status import STATES
from assay.trail.events import make_event
from incident_project import incident_project
from small_project import rows

if TYPE_CHECKING:
    from pathlib import Path

    from small_project import SmallProject

TODAY = now()[:10]
THE_DELAY_ENDS = "2027-12-02"
"""From when Article 9 holds for Annex III systems, since the amendment of 2026."""
REGULATION = """\
regulation:
  eu-ai-act:
    role: provider
    route: annex-iii
    dates: {attached: 2026-08-02, attached-annex-iii: 2026-08-02}
    decided: {by: rosa, when: 2026-11-01, why: a test}
"""
LATER = "2999-01-01"


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    """Return a project of three people whose version was decided on."""
    found = incident_project(tmp_path, capsys, REGULATION)
    found.write("test.csv", rows(600))
    text = (found.root / "policy.yaml").read_text()
    found.write(
        "policy.yaml",
        text.replace("    attributes: [sex]", '    attributes: [sex]\n    clauses: ["eu-ai-act:10(2)(f)"]'),
    )
    assert found.say("run").code in {0, 1, 3}
    return found


def until() -> str:
    return f"{int(TODAY[:4]) + 1}{TODAY[4:]}"


def status(project: SmallProject, *arguments: str) -> dict[str, Any]:
    said = project.say("status", "--framework", "eu-ai-act", "--format", "json", *arguments)
    assert said.code in {0, 1, 3}, said.err
    found: dict[str, Any] = json.loads(said.out)["systems"][0]
    return found


def row(project: SmallProject, control: str, *arguments: str) -> dict[str, Any]:
    listed = status(project, *arguments)["frameworks"][0]["controls"]
    found: dict[str, Any] = next(one for one in listed if one["control"] == f"eu-ai-act:{control}")
    return found


def attest(project: SmallProject, control: str, *arguments: str, code: int = 0) -> str:
    words = ("--until", until(), "--statement", "Minutes, item 2", *arguments)
    said = project.say("attest", f"eu-ai-act:{control}", "--by", "rosa", "--role", "risk-owner", *words)
    assert said.code == code, said.err
    return said.err if code else said.out


def test_each_state_comes_with_what_shows_it(project: SmallProject) -> None:
    verdict = json.loads((project.release / "verdict.json").read_text())
    found = row(project, "10(2)(f)", "--ahead")
    assert found["state"] == "computed"
    assert found["judgement"] is True
    shown = found["shown"][0]
    assert shown["kind"] == "finding"
    assert shown["name"] in {finding["id"] for finding in verdict["findings"]}
    assert len(shown["sha256"]) == 64
    assert isinstance(shown["entry"], int)
    fixed = row(project, "9(8).thresholds", "--ahead")
    assert (fixed["state"], fixed["outcome"]) == ("computed", "present")
    assert fixed["shown"][0]["entry"] < fixed["shown"][1]["entry"]


def test_the_counts_are_of_every_control_and_no_word_says_more(project: SmallProject) -> None:
    found = status(project)["frameworks"][0]
    assert sum(found["counts"].values()) == len(found["controls"]) == 226
    assert set(found["counts"]) == set(STATES)
    for form in ("text", "markdown", "json"):
        said = project.say("status", "--framework", "eu-ai-act", "--format", form)
        assert "complian" not in said.out.lower()


def test_what_does_not_apply_says_why(project: SmallProject) -> None:
    assert row(project, "9(1)")["reason"] == "applies from 2027-12-02 (Art. 113, as amended)"
    assert row(project, "9(1)", "--as-of", "2027-12-02")["state"] != "not-applicable"
    assert row(project, "26(1)", "--ahead")["reason"] == "a duty of deployer; here the role is provider"
    assert "here the route is not-high-risk" in row(project, "9(1)", "--ahead", "--route", "not-high-risk")["reason"]


def test_a_role_or_a_route_that_nobody_set_is_told_and_nothing_is_assumed(project: SmallProject) -> None:
    project.replace("assay.yaml", REGULATION, "")
    found = status(project)
    assert found["frameworks"][0]["counts"]["not-applicable"] == 0
    assert any("the role is not set (provider, deployer" in line for line in found["problems"])
    assert any("the route is not decided (annex-iii" in line for line in found["problems"])
    assert "the role is not set" in row(project, "4")["reason"]
    assert "the route is not decided" in row(project, "9(1)", "--role", "provider")["reason"]
    everything = project.say("status")
    assert everything.code in {1, 3}
    assert "nobody has said which frameworks concern this system" in " ".join(everything.out.split())


def test_an_argued_date_is_told_until_somebody_decides(project: SmallProject) -> None:
    dates = "    dates: {attached: 2026-08-02, attached-annex-iii: 2026-08-02}\n"
    assert not any("argued" in line for line in status(project, "--as-of", TODAY)["problems"])
    project.replace("assay.yaml", dates, "")
    assert any("from when is argued (attached:" in line for line in status(project, "--as-of", TODAY)["problems"])
    project.replace("assay.yaml", "    route: annex-iii\n", "    route: annex-iii\n    dates: {attached: 2026-09-09}\n")
    assert "2026-08-02 or 2027-12-02 or 2028-08-02; found 2026-09-09" in project.say("status").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--framework", "eu-ai-akt"), "did you mean 'eu-ai-act'"),
        (("--framework", "eu-ai-act", "--as-of", "2020-01-01"), "before that there was no"),
        (("--framework", "sr-11-7"), "superseded on 2026-04-17"),
        (("--framework", "eu-ai-act", "--role", "provdier"), "did you mean 'provider'"),
        (("--framework", "eu-ai-act", "--route", "annex-3"), "no such route"),
        (("--as-of", "soon"), "expected a day"),
        (("--version", "9"), "There are: 1"),
    ],
)
def test_what_is_not_there_is_refused(project: SmallProject, arguments: tuple[str, ...], said: str) -> None:
    found = project.say("status", *arguments)
    assert found.code == 2
    assert said in found.err


def test_the_route_has_one_place(project: SmallProject) -> None:
    project.write("assay.yaml", (project.root / "assay.yaml").read_text() + "incidents: {route: annex-i}\n")
    refused = project.say("status")
    assert refused.code == 2
    assert "incidents" in refused.err


def test_a_misspelt_framework_in_the_project_is_refused(project: SmallProject) -> None:
    project.replace("assay.yaml", "  eu-ai-act:\n", "  eu-ai-atc:\n")
    assert "did you mean 'eu-ai-act'" in project.say("status").err


def test_an_attestation_counts_until_its_day(project: SmallProject) -> None:
    assert row(project, "4")["state"] == "missing"
    said = attest(project, "4")
    assert "rosa attests met, until" in said
    found = row(project, "4")
    assert (found["state"], found["outcome"]) == ("attested", "met")
    assert found["shown"][0]["name"] == "rosa (risk-owner)"
    assert f"entry {found['shown'][0]['entry']}" in said
    after = row(project, "4", "--as-of", LATER)
    assert after["state"] == "stale"
    assert f"expired on {until()}" in after["reason"]
    assert any("expired on" in line for line in status(project, "--as-of", LATER)["problems"])


def test_an_attestation_names_nobody_in_the_log_and_keeps_no_words_there(project: SmallProject) -> None:
    attest(project, "4")
    tiles = b"".join(path.read_bytes() for path in (project.root / ".assay/log").rglob("*") if path.is_file())
    assert b"Minutes, item 2" not in tiles
    kept = [path.read_bytes() for path in (project.root / ".assay/evidence").iterdir()]
    assert b"Minutes, item 2" in kept


def test_it_lapses_with_the_version_unless_it_is_about_every_one(project: SmallProject) -> None:
    attest(project, "4")
    attest(project, "5", "--every-version")
    project.replace("assay.yaml", 'version: "1"', 'version: "2"')
    project.write("model/weights.json", '{"threshold": 0.5}')
    project.say("run")
    assert row(project, "4")["state"] == "missing"
    assert row(project, "5")["state"] == "attested"


def test_what_does_not_apply_is_signed_for(project: SmallProject) -> None:
    attest(project, "50(2)", "--says", "not-applicable")
    found = row(project, "50(2)")
    assert found["state"] == "not-applicable"
    assert found["reason"].startswith("rosa (risk-owner) attests it, until")


def test_contradictory_attestations_count_for_nothing(project: SmallProject) -> None:
    attest(project, "4")
    vera = ("--by", "vera", "--role", "validator", "--until", until(), "--statement", "no", "--says", "not-met")
    assert project.say("attest", "eu-ai-act:4", *vera).code == 0
    assert row(project, "4")["state"] == "missing"
    problems = status(project)["problems"]
    assert any(
        "contradictory attestations by rosa (risk-owner) (met) and vera (validator) (not-met)" in p for p in problems
    )
    attest(project, "4", "--says", "not-met")
    assert row(project, "4")["outcome"] == "not-met"


def test_an_attestation_against_a_finding_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = incident_project(tmp_path, capsys, REGULATION)
    project.write("test.csv", rows(3000, gap=0.5))
    assert project.say("run").code == 1
    attest(project, "10(2)(f)")
    found = row(project, "10(2)(f)", "--ahead")
    assert (found["state"], found["outcome"]) == ("attested", "fail")
    assert any("attests that it is met, and sex-gap/sex fails" in p for p in status(project, "--ahead")["problems"])
    assert project.say("status", "--framework", "eu-ai-act", "--ahead").code == 1


@pytest.mark.parametrize(
    ("control", "arguments", "said"),
    [
        ("4", ("--role", "validator"), "expected a role that the trust file gives rosa (risk-owner)"),
        ("4", ("--until", "2020-01-01"), "what is attested lapses"),
        ("4", ("--until", "2199-01-01"), "what is attested lapses"),
        ("4", ("--statement", " "), "expected why, in your words"),
        ("9(8)", (), "attest one of them: 9(8).before-market, 9(8).thresholds"),
        ("9(77)", (), "expected a control of eu-ai-act@"),
        ("4", ("--by", "rosi"), "did you mean 'rosa'"),
    ],
)
def test_an_attestation_that_would_not_count_is_not_signed(
    project: SmallProject, control: str, arguments: tuple[str, ...], said: str
) -> None:
    before = status(project)["log_size"]
    assert said in attest(project, control, *arguments, code=2)
    assert status(project)["log_size"] == before


def test_one_in_a_role_that_the_project_does_not_name_is_refused_and_would_not_count(project: SmallProject) -> None:
    attest(project, "4")
    project.replace("assay.yaml", "    role: provider\n", "    role: provider\n    attested_by: [validator]\n")
    assert "names validator, found 'risk-owner'" in attest(project, "5", code=2)
    assert row(project, "4")["state"] == "missing"
    assert any("is not among those that assay.yaml names" in line for line in status(project)["problems"])


def test_one_that_came_by_another_road_without_the_role_is_told(project: SmallProject) -> None:
    pack = own_shelf().versions("eu-ai-act")[-1]
    control = pack.control("4")
    fields = {
        "framework": "eu-ai-act", "pack": pack.version, "control": "4", "control_sha256": digest(control),
        "says": "met", "model": "small", "until": LATER, "by": pseudonym(project.root / ".assay", "mila"),
        "role": "risk-owner", "statement_sha256": "0" * 64,
    }  # fmt: skip
    event = make_event("control.attested", fields, claimed_at="2026-10-01T00:00:00Z")
    record([event], project_at(project.root), key="mila")
    assert row(project, "4")["state"] == "missing"
    told = status(project)["problems"]
    assert any(
        "the attestation of eu-ai-act:4 does not count: mila has not the role risk-owner" in line for line in told
    )
    changed = make_event(
        "control.attested",
        fields | {"control_sha256": "1" * 64, "role": "data-scientist"},
        claimed_at="2026-10-01T00:00:00Z",
    )
    record([changed], project_at(project.root), key="mila")
    assert row(project, "4")["state"] == "stale"
    assert "another text of the control" in row(project, "4")["reason"]


def test_old_evidence_is_stale(project: SmallProject) -> None:
    project.replace("policy.yaml", 'version: "1"\n', 'version: "1"\nevidence_age_days: 30\n')
    assert row(project, "10(2)(f)", "--ahead")["state"] == "computed"
    found = row(project, "10(2)(f)", "--as-of", LATER)
    assert found["state"] == "stale"
    assert "the policy lets evidence count for 30 days" in found["reason"]


def test_a_verdict_that_was_changed_shows_nothing(project: SmallProject) -> None:
    said = {shown["says"] for shown in row(project, "10(2)(f)", "--ahead")["shown"]}
    changed = next(iter({"pass", "fail"} - said))
    for path in (project.root / ".assay").rglob("*"):
        if path.is_file() and b"assay.verdict/v1" in path.read_bytes():
            content = path.read_bytes()
            for word in said:
                content = content.replace(f'"status":"{word}"'.encode(), f'"status":"{changed}"'.encode())
            path.write_bytes(content)
    found = project.say("status", "--framework", "eu-ai-act")
    assert found.code == 2
    assert "There are: none" in found.err


def test_limits_changed_after_a_test_were_not_fixed_before(project: SmallProject) -> None:
    project.replace("policy.yaml", "limit: {max: 0.2}", "limit: {max: 0.9}")
    project.say("run")
    found = row(project, "9(8).thresholds", "--ahead")
    assert found["state"] == "missing"
    assert "metric_threshold_predeclaration" in found["reason"]


def test_every_version_and_what_a_change_of_law_changes(project: SmallProject) -> None:
    assert len(json.loads(project.say("status", "--all", "--format", "json").out)["systems"]) == 1
    said = project.say(
        "packs", "impact", "eu-ai-act@2024-08-01", "eu-ai-act@2026-07-27", "--as-of", TODAY, "--format", "json"
    )
    assert said.code == 0, said.err
    changes = {one["control"]: (one["was"], one["now"]) for one in json.loads(said.out)["changes"]}
    assert changes.get("9(1)") == (("missing", "not-applicable") if TODAY < THE_DELAY_ENDS else None)
    assert changes["10(5)"] == ("missing", "not there")
    assert changes["4a(1)(c)"] == ("not there", "missing")
    assert "4" not in changes
    text = project.say("packs", "impact", "eu-ai-act@2024-08-01", "eu-ai-act").out
    assert ("missing -> not-applicable" in text) == (TODAY < THE_DELAY_ENDS)


FILE = (
    "--signed-on",
    "2026-11-20",
    "--by",
    "rosa",
    "--role",
    "risk-owner",
    "--until",
    "2027-11-20",
    "--statement",
    "By hand",
)


def test_a_signed_document_comes_back_and_attests_what_it_is_for(project: SmallProject) -> None:
    project.write("signed.pdf", "signed by hand\n")
    assert row(project, "47(1)")["state"] == "missing"
    filed = project.say("attest", "annex-v", "--document", "signed.pdf", *FILE, "--format", "json")
    assert filed.code == 0, filed.err
    told = json.loads(filed.out)
    assert {"eu-ai-act:47(1)", "eu-ai-act:annex-v(1)"} <= {*told["controls"]}
    for control in ("47(1)", "47(2)", "annex-v(8)"):
        assert (row(project, control)["state"], row(project, control)["outcome"]) == ("attested", "met")
    checked = project.say("verify", str(project.root / "signed.pdf"))
    assert checked.code == 0, checked.err
    assert (
        "what rosa filed in the role risk-owner as annex-v of small 1, signed on 2026-11-20 as they say" in checked.out
    )
    project.write("signed.pdf", "signed by somebody else\n")
    assert project.say("verify", str(project.root / "signed.pdf")).code == 1


def test_any_document_may_be_filed_for_one_control(project: SmallProject) -> None:
    project.write("minutes.md", "The committee has met.\n")
    assert project.say("attest", "eu-ai-act:4", "--document", "minutes.md", *FILE).code == 0
    assert row(project, "4")["state"] == "attested"
    assert row(project, "47(1)")["state"] == "missing"


@pytest.mark.parametrize(
    ("target", "changed", "says"),
    [
        ("annex-x", (), "a document that the packs name"),
        ("annex-v", ("--role", "counsel"), "expected a role that the trust file gives rosa"),
        ("annex-v", ("--signed-on", "2099-01-01"), "expected a day up to"),
        ("annex-v", ("--says", "not-met"), "expected neither --says nor"),
        ("annex-v", ("--document", "empty.pdf"), "found an empty file"),
        ("annex-v", ("--document", "gone.pdf"), "it does not exist"),
    ],
)
def test_a_document_that_would_count_for_nothing_is_not_filed(
    project: SmallProject, target: str, changed: tuple[str, ...], says: str
) -> None:
    project.write("signed.pdf", "signed by hand\n")
    project.write("empty.pdf", "")
    refused = project.say("attest", target, "--document", "signed.pdf", *FILE, *changed)
    assert refused.code == 2
    assert says in " ".join(refused.err.split())
    assert row(project, "47(1)")["state"] == "missing"
