from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from assay.adapters.incidents_here import handle_incident
from assay.errors import InputError
from assay.lifecycle.incident import Acknowledge
from incident_project import alert, incident_project

if TYPE_CHECKING:
    from pathlib import Path

    from small_project import SmallProject

DAY = "2999-01-01"
ROUTE = "regulation:\n  eu-ai-act: {route: annex-i}\n"


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    found = incident_project(tmp_path, capsys)
    alert(found)
    return found


def act(project: SmallProject, text: str, code: int = 0) -> str:
    said = project.say("incident", *text.split())
    assert said.code == code, said.err
    return said.err if code else said.out


def test_from_the_alert_to_its_end_each_refusal_says_what_comes_first(project: SmallProject) -> None:
    shown = "--evidence shown.txt"
    assert "nobody took it up" in act(project, "show a-1")
    assert "First: assay incident ack a-1" in act(project, f"assign a-1 --to mila --due {DAY} --as vera", 2)
    act(project, "ack a-1 --as rosa")
    assert "rosa took it up" in act(project, "ack a-1 --as vera", 2)
    assert "expected an owner" in act(project, "open a-1 --as mila", 2)
    assert "did you mean 'mila'" in act(project, f"assign a-1 --to mia --due {DAY} --as vera", 2)
    assert "expected a day from" in act(project, "assign a-1 --to mila --due 2020-01-01 --as vera", 2)
    act(project, f"assign a-1 --to mila --due {DAY} --as vera")
    assert "expected a remediation" in act(project, f"close a-1 {shown} --as mila", 2)
    assert "expected a remediation" in act(project, "resolve a-1 --as vera", 2)
    act(project, "open a-1 --plan retrain --as mila")
    assert "is under way" in act(project, "open a-1 --as mila", 2)
    assert "expected its owner, mila" in act(project, f"close a-1 {shown} --as vera", 2)
    assert "found it open" in act(project, f"retest a-1 --outcome passed {shown} --as vera", 2)
    act(project, f"close a-1 {shown} --as mila")
    assert "somebody else than mila" in act(project, f"retest a-1 --outcome passed {shown} --as mila", 2)
    assert "not mended (awaiting-retest)" in act(project, "resolve a-1 --as vera", 2)
    act(project, f"retest a-1 --outcome failed {shown} --as vera")
    assert "mila mends it, again" in act(project, "show a-1")
    act(project, f"close a-1 {shown} --as mila")
    act(project, f"retest a-1 --outcome passed {shown} --as vera")
    assert "a-1 is resolved" in act(project, "resolve a-1 --as vera")
    assert "nothing is left" in act(project, "ack a-1 --as vera", 2)
    assert "0 open of 1" in act(project, "list")


def test_a_refused_act_leaves_nothing_in_the_log(project: SmallProject) -> None:
    before = json.loads(act(project, "list --format json"))["size"]
    act(project, "resolve a-1 --as vera", 2)
    act(project, "ack a-2 --as vera", 2)
    act(project, "declare-serious a-1 --harm death --aware 2999-01-01T00:00:00Z --as rosa", 2)
    act(project, "report a-1 --form complete --to x --document shown.txt --as rosa", 2)
    act(project, "ack a-1 --as nobody", 2)
    assert json.loads(act(project, "list --format json"))["size"] == before


def test_the_words_of_a_plan_are_kept_beside_the_log(project: SmallProject) -> None:
    act(project, "ack a-1 --as mila")
    act(project, f"assign a-1 --to mila --due {DAY} --as mila")
    said = project.say("incident", "open", "a-1", "--plan", "retrain without zip code", "--as", "mila")
    assert said.code == 0, said.err
    kept = [path.read_bytes() for path in (project.root / ".assay/evidence").iterdir()]
    assert b"retrain without zip code" in kept


def test_a_false_alarm_is_somebody_elses_to_say_and_needs_to_be_shown(project: SmallProject) -> None:
    act(project, "ack a-1 --as mila")
    act(project, f"assign a-1 --to mila --due {DAY} --as mila")
    assert "expected --evidence" in act(project, "resolve a-1 --how false-alarm --as vera", 2)
    shown = "resolve a-1 --how false-alarm --evidence shown.txt"
    assert "somebody else than its owner" in act(project, f"{shown} --as mila", 2)
    act(project, f"{shown} --as vera")


def test_nobody_acts_whom_the_trust_file_does_not_know(project: SmallProject) -> None:
    assert project.say("keys", "new", "stranger").code == 0
    assert "found it for nobody" in act(project, "ack a-1 --as stranger", 2)
    project.replace("assay.yaml", "trust: trust.yaml\n", "")
    assert "expected a trust file" in act(project, "ack a-1 --as mila", 2)


def test_a_serious_incident_has_a_clock_until_it_is_reported_in_full(project: SmallProject) -> None:
    project.write("assay.yaml", (project.root / "assay.yaml").read_text() + ROUTE)
    act(project, "declare-serious a-1 --harm death --aware 2029-01-01T08:00:00Z --as rosa", 2)  # the future
    act(project, "declare-serious a-1 --harm death --harm health --aware 2026-01-01T08:00:00Z --as rosa")
    clock = json.loads(act(project, "show a-1 --format json"))["clocks"][0]
    assert (clock["clause"], clock["due_at"], clock["route"]) == (
        "eu-ai-act:73(4)", "2026-01-11T08:00:00Z", "annex-i",
    )  # fmt: skip
    assert clock["status"] == "not-in-force"
    assert clock["recorded_at"] is not None
    project.replace("assay.yaml", ROUTE, "")
    act(project, "declare-serious a-1 --harm fundamental-rights --as rosa")
    assert "left to report (eu-ai-act:73(2))" in act(project, "list")
    sent = "--to msa.example --document shown.txt --as rosa"
    assert "the complete one is outstanding" in act(project, f"report a-1 --form initial {sent}")
    act(project, f"report a-1 --form complete {sent}")
    assert "clock:" not in act(project, "list")


def test_of_several_who_take_it_up_at_once_one_has_it(project: SmallProject) -> None:
    outcomes: list[str] = []

    def take(name: str) -> None:
        try:
            handle_incident(Acknowledge(name="a-1"), project.root, by=name)
            outcomes.append("has it")
        except InputError as error:
            outcomes.append("refused" if "took it up" in str(error) else str(error))

    threads = [threading.Thread(target=take, args=(name,)) for name in ("mila", "vera", "rosa")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["has it", "refused", "refused"]


def test_what_no_alert_raised_is_declared_under_a_name_of_its_own(project: SmallProject) -> None:
    act(project, "declare-serious complaint-7 --harm health --as rosa")
    rows = json.loads(act(project, "list --format json"))["incidents"]
    assert [(row["id"], row["model"], row["status"]) for row in rows] == [
        ("complaint-7", "small", "declared"), ("a-1", "small", "open"),
    ]  # fmt: skip
    assert "expected an alert" in act(project, "ack complaint-7 --as rosa", 2)
