"""Findings of a release from the denial to the end, as people do it, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import assay
from assay.adapters.here import project_at
from assay.adapters.trail_here import open_trail
from assay.lifecycle.keyring import Keyring
from assay.lifecycle.people import pseudonym
from assay.lifecycle.remediating import Act
from assay.lifecycle.setting import now
from assay.trail.events import make_event
from assay.trail.remediations import release_remediations
from small_project import POLICY, Said, SmallProject, rows, small_project

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = {"mila": "data-scientist", "vera": "validator", "rosa": "risk-owner"}
GAP, NAME = "sex-gap/sex", "r-1-sex-gap/sex"
DAY = "2099-12-31"
OPEN = ("remediation", "open", "1", "--finding", GAP, "--owner", "mila", "--due", DAY, "--as", "vera")
ACT = ("remediation", "act", NAME, "--done", "scores of both sexes alike", "--as", "mila")
RETEST = ("remediation", "retest", NAME, "--as", "rosa")
CLOSE = ("remediation", "close", NAME, "--as", "vera")


@pytest.fixture
def denied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    """Return a project whose version 1 was denied for its gap."""
    project = small_project(tmp_path, capsys, gap=0.4)
    lines = ["people:"]
    for name, role in PEOPLE.items():
        key = Keyring(tmp_path / ".assay/keys").signer(name).public.pem()
        text = "".join(f"      {line}\n" for line in key.splitlines())
        lines.append(f"  - name: {name}\n    key: |\n{text}    roles: [{role}]")
    project.write("trust.yaml", "\n".join(lines) + "\n")
    project.write("assay.yaml", (tmp_path / "assay.yaml").read_text() + "trust: trust.yaml\n")
    assert project.say("run", "--key", "mila").code == 1
    return project


def mend(project: SmallProject, *, gap: float = 0.0, version: str = "2", policy: str = POLICY) -> None:
    """Decide on another version."""
    before = (project.root / "assay.yaml").read_text()
    project.write("assay.yaml", before.replace('version: "1"', f'version: "{version}"'))
    project.write("test.csv", rows(2000, gap=gap))
    project.write("policy.yaml", policy)
    project.write("model/weights.json", f'{{"threshold": 0.4, "version": "{version}"}}')
    decided = project.say("run", "--key", "mila")
    assert decided.code in {0, 1, 3}, decided.err


def said(project: SmallProject, *lines: tuple[str, ...]) -> Said:
    """Do one thing after the other; the last is what is asked about."""
    found = [project.say(*line) for line in lines]
    assert all(one.code == 0 for one in found[:-1]), found
    return found[-1]


def status(project: SmallProject) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.say("remediation", "show", NAME, "--format", "json").out)
    return found


def test_from_the_denial_to_the_end(denied: SmallProject) -> None:
    assert said(denied, OPEN, ACT).code == 0
    mend(denied)

    tested = said(denied, RETEST)
    assert "version 2 passes sex-gap/sex" in tested.out
    closed = said(denied, CLOSE)

    assert (tested.code, closed.code) == (0, 0)
    row = status(denied)
    assert (row["status"], row["owner"], row["closed_by"], row["retest"]["outcome"]) == (
        "closed", "mila", "vera", "passed",
    )  # fmt: skip
    assert row["ignored"] == []
    assert "0 open of 1 on record" in denied.say("remediation", "list").out
    told = denied.say("trail", "query", "remediations").out
    assert "4 of 4 entries proven" in told
    assert "vera closed it" in told


def test_it_stays_what_it_is_when_the_version_is_decided_on_again(denied: SmallProject) -> None:
    said(denied, OPEN, ACT)
    mend(denied)
    said(denied, RETEST, CLOSE)
    for _ in range(2):  # what lay in the release's folder is gone; what it rested on was kept
        denied.say("run", "--key", "mila")

    assert status(denied)["status"] == "closed"


def test_what_is_open_stands_in_the_inventory_until_it_is_closed(denied: SmallProject) -> None:
    def listed() -> list[str]:
        rows_found = json.loads(denied.say("trail", "inventory", "--format", "json").out)["rows"]
        return next(row["open_remediations"] for row in rows_found if row["version"] == "1")

    said(denied, OPEN)
    assert listed() == [NAME]
    said(denied, ACT)
    mend(denied)
    said(denied, RETEST)
    assert listed() == [NAME]
    said(denied, CLOSE)
    assert listed() == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (("remediation", "open", "1", "--finding", "sex-gap/x", "--owner", "mila", "--due", DAY, "--as", "vera"),
         "did you mean 'sex-gap/sex'"),
        (("remediation", "open", "1", "--finding", "files", "--owner", "mila", "--due", DAY, "--as", "vera"),
         "found that it is pass"),
        (("remediation", "open", "1", "--finding", GAP, "--owner", "milo", "--due", DAY, "--as", "vera"),
         "did you mean 'mila'"),
        (("remediation", "open", "1", "--finding", GAP, "--owner", "mila", "--due", "2020-01-01", "--as", "vera"),
         "--due: expected a day from"),
        (("remediation", "open", "9", "--finding", GAP, "--owner", "mila", "--due", DAY, "--as", "vera"),
         "expected the verdict on a release at"),
        (("remediation", "open", "other/1", "--finding", GAP, "--owner", "mila", "--due", DAY, "--as", "vera"),
         "expected a version of small"),
        (("remediation", "open", "1", "--finding", GAP, "--owner", "mila", "--due", DAY, "--as", "ghost"),
         "expected the key of ghost"),
        (("remediation", "show", "r-9"), "The trail holds none"),
        (("remediation", "act", NAME, "--as", "mila"), "expected either --done WORDS or --evidence FILE"),
        (("remediation", "act", NAME, "--evidence", "none.txt", "--as", "mila"), "found none"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_before_anything_is_recorded(
    denied: SmallProject, line: tuple[str, ...], told: str
) -> None:
    done = denied.say(*line)

    assert (done.code, told in done.err) == (2, True), done.err
    with open_trail(denied.root) as trail:
        assert release_remediations(trail.view()) == []


def test_each_act_waits_for_the_one_before_it(denied: SmallProject) -> None:
    said(denied, OPEN)

    assert "found nothing. First: assay remediation act" in said(denied, RETEST).err
    assert "it is open, and only what a later verdict has passed is closed" in said(denied, CLOSE).err
    assert "r-1-sex-gap/sex is under way (open)" in said(denied, OPEN).err
    assert "expected its owner, mila, to say what was done, found vera" in said(denied, (*ACT[:-1], "vera")).err
    said(denied, ACT)
    assert "expected a decision on a release of small after what was done, found none" in said(denied, RETEST).err
    assert "no decision of the log after entry" in said(denied, (*RETEST[:3], "1", *RETEST[3:])).err
    mend(denied)
    said(denied, RETEST)
    assert "it passed its re-test already" in said(denied, ACT).err
    assert "by whoever owns or mended it" in said(denied, (*CLOSE[:-1], "mila")).err
    said(denied, CLOSE)
    assert "vera closed it at" in said(denied, ACT).err


def test_another_owner_has_it_from_then_on_and_cannot_close_it_either(denied: SmallProject) -> None:
    said(denied, OPEN, ("remediation", "assign", NAME, "--to", "rosa", "--due", "2099-11-30", "--as", "vera"))

    assert "found mila" in said(denied, ACT).err
    said(denied, (*ACT[:-1], "rosa"))
    mend(denied)
    assert "by whoever owns or mended it" in said(denied, RETEST, (*CLOSE[:-1], "rosa")).err
    assert (status(denied)["owner"], status(denied)["due"]) == ("rosa", "2099-11-30")


def test_the_author_of_the_version_that_mends_it_cannot_close_it(denied: SmallProject) -> None:
    said(denied, (*OPEN[:6], "rosa", *OPEN[7:]), (*ACT[:-1], "rosa"))
    denied.replace("assay.yaml", "author: mila}", "author: mila, owner: rosa}")
    mend(denied)

    assert "by the author of the version" in said(denied, RETEST, (*CLOSE[:-1], "mila")).err


def test_a_later_verdict_that_does_not_pass_gives_it_back_to_its_owner(denied: SmallProject) -> None:
    said(denied, OPEN, ACT)
    mend(denied, gap=0.3)

    tested = said(denied, RETEST)

    assert tested.code == 0
    assert "version 2 does not pass sex-gap/sex, it is fail" in tested.out
    assert status(denied)["status"] == "retest-failed"
    assert "it is retest-failed" in said(denied, CLOSE).err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("limit: {max: 0.2}", "limit: {max: 0.5}"), "the limit was loosened"),
        (
            ("    limit: {max: 0.2}", "    decide: point\n    limit: {max: 0.2}"),
            "the point decides where the interval did",
        ),
        (("metric: demographic_parity_difference", "metric: accuracy_difference"), "it is another check now"),
        (("  - id: sex-gap", "  - id: sex-gap-of-ours"), "sex-gap/sex is not looked at"),
    ],
)
def test_a_pass_that_another_rule_brings_shows_nothing(
    denied: SmallProject, change: tuple[str, str], told: str
) -> None:
    said(denied, OPEN, ACT)
    assert change[0] in POLICY
    mend(denied, policy=POLICY.replace(*change))

    done = said(denied, RETEST)

    assert (done.code, told in done.err) == (2, True), done.err


def test_a_tighter_limit_is_as_good(denied: SmallProject) -> None:
    said(denied, OPEN, ACT)
    mend(denied, policy=POLICY.replace("max: 0.2", "max: 0.15"))

    assert said(denied, RETEST).code == 0
    assert status(denied)["status"] == "awaiting-close"


def test_what_is_appended_by_another_road_counts_no_more_than_it_should(denied: SmallProject) -> None:
    said(denied, OPEN)
    project = project_at(denied.root)
    mila, vera = (pseudonym(project.state, name) for name in ("mila", "vera"))
    verdict = "0" * 64

    def append(kind: str, key: str, **fields: str) -> None:
        event = make_event(f"remediation.{kind}", {"remediation": NAME, **fields}, claimed_at=now())
        assay.record([event], project, key=key)

    append("closed", "vera", by=vera, evidence_sha256=verdict)
    append("acted", "vera", by=vera, evidence_sha256=verdict)
    append("acted", "mila", by=mila, evidence_sha256=verdict)
    append("retested", "vera", by=vera, evidence_sha256=verdict, outcome="passed")
    append("closed", "vera", by=vera, evidence_sha256="1" * 64)

    row = status(denied)
    assert row["status"] == "awaiting-retest"
    assert len(row["ignored"]) == 4
    mend(denied)
    said(denied, RETEST)
    append("closed", "mila", by=vera, evidence_sha256=verdict)  # another's name, by the key of who mended it
    assert status(denied)["status"] == "awaiting-close"


def test_a_verdict_that_no_entry_names_is_no_ground(denied: SmallProject) -> None:
    path = denied.release / "verdict.json"
    path.write_bytes(path.read_bytes().replace(b'"severity":"high"', b'"severity":"low"', 1))

    assert "expected a verdict that the log holds" in said(denied, OPEN).err


def test_python_opens_and_acts_as_the_command_line_does(denied: SmallProject) -> None:
    opened = assay.open_remediation(
        "1", GAP, owner="mila", due="2099-12-31", plan="look at it", by="vera", project=denied.root
    )
    done = assay.remediate(Act(name=opened.remediation.name, evidence_sha256="0" * 64), denied.root, by="mila")

    assert (opened.remediation.status, done.remediation.status) == ("open", "awaiting-retest")
    assert "assay remediation retest" in done.next


def test_what_is_overdue_says_so(denied: SmallProject) -> None:
    said(denied, OPEN)
    with open_trail(denied.root) as trail:
        [about] = release_remediations(trail.view())

    assert about.overdue("2100-01-01T00:00:00Z")
    assert not about.overdue("2099-12-31T23:00:00Z")


def test_the_report_tells_of_it_once_it_is_written_anew(denied: SmallProject) -> None:
    said(denied, OPEN, ACT)
    folder = denied.root / ".assay/releases/small/1"
    assert "What is done about its findings" not in (folder / "report.html").read_text()
    verdict = (folder / "verdict.json").read_bytes()
    assert denied.say("report", "renew", "--as", "mila").code == 0
    page = (folder / "report.html").read_text()
    assert "What is done about its findings" in page
    assert "awaiting-retest" in page
    assert (folder / "verdict.json").read_bytes() == verdict
    checked = denied.say("verify", str(folder))
    assert checked.code == 0, checked.err
    assert "report.html is, byte for byte, what was written about the verdict" in checked.out


def test_a_new_version_that_a_search_made_tells_of_what_it_is_to_mend(denied: SmallProject) -> None:
    said(denied, OPEN, ACT)
    search = {
        "model": "small", "version": "1", "model_sha256": "0" * 64, "verdict_sha256": "1" * 64,
        "policy_sha256": "2" * 64, "search": "remedies", "record_sha256": "3" * 64,
        "metric": "demographic_parity_difference", "candidates": 3, "measured": 2, "holding": 1, "chosen": "threshold",
        "recommended": "threshold", "new_version": "2", "new_model_sha256": "4" * 64,
        "by": pseudonym(denied.root / ".assay", "mila"),
    }  # fmt: skip
    assay.record([make_event("mitigation.searched", search, claimed_at=now())], project_at(denied.root), key="mila")
    mend(denied)
    page = (denied.root / ".assay/releases/small/2/report.html").read_text()
    assert "What is done about its findings" in page
    assert "Version 2 came from this search on version 1" in page
    assert "3 candidates against demographic_parity_difference; 2 measured, 1 of them keep every limit" in page


def test_nothing_is_renewed_where_nothing_was_decided(denied: SmallProject) -> None:
    (denied.root / "elsewhere").mkdir()
    refused = denied.say("report", "renew", str(denied.root / "elsewhere"))
    assert refused.code == 2
    assert "expected a decided release" in refused.err
