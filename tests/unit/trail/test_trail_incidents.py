from __future__ import annotations

from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest

from assay.errors import InputError
from assay.records.canonical import sha256_hex
from assay.trail.clocks import clocks, clocks_sha256, due_at, moment, seconds_left, span_words
from assay.trail.examples import of
from assay.trail.histories import alerts
from assay.trail.incident_telling import clock_words, incident_row, list_text, next_words, show_text
from assay.trail.incidents import Incident, incidents, rule_of, still_open
from unit.trail.memory_trail import MILA, ROSA, VERA, MemoryTrail

OWNER, TESTER, RISK = "p_" + "a" * 32, "p_" + "b" * 32, "p_" + "c" * 32
AWARE = "2026-10-01T08:00:00Z"
ALERT: dict[str, Any] = {
    "alert": "a-1", "model": "credit", "version": "2", "kind": "fairness", "metric": "selection_rate",
    "group": {"race": "black"}, "measured": "0.41", "limit": "0.55", "severity": "high",
}  # fmt: skip
OPENED = ("remediation.opened", {"remediation": "r-1", "model": "credit", "version": "2", "finding": "a-1",
                                 "severity": "high", "owner": OWNER, "due": "2026-10-20"}, MILA)  # fmt: skip
CLOSED = ("remediation.closed", {"remediation": "r-1", "by": OWNER, "evidence_sha256": of("e")}, MILA)
PASSED = ("remediation.retested",
          {"remediation": "r-1", "by": TESTER, "outcome": "passed", "evidence_sha256": of("e")}, VERA)  # fmt: skip
ACK = ("monitor.ack", {"alert": "a-1", "by": OWNER}, MILA)
ASSIGNED = ("monitor.assigned", {"alert": "a-1", "owner": OWNER, "due": "2026-10-15", "by": TESTER}, VERA)
RESOLVED = ("monitor.resolved", {"alert": "a-1", "how": "remediated", "by": TESTER}, VERA)


def trail_of(*acts: tuple[str, dict[str, Any], Any]) -> MemoryTrail:
    trail = MemoryTrail(people={OWNER: "mila", TESTER: "vera", RISK: "rosa"})
    for number, (kind, fields, signer) in enumerate((("monitor.alert", ALERT, MILA), *acts)):
        trail.say(kind, f"2026-10-01T09:00:{number:02}Z", signer=signer, **fields)
    return trail


def stands(*acts: tuple[str, dict[str, Any], Any]) -> Incident:
    return incidents(trail_of(*acts).view())[0]


def declared(*harms: str, aware: str = AWARE, **more: str) -> tuple[str, dict[str, Any], Any]:
    limit = clocks().limit_for(harms)  # type: ignore[arg-type]
    fields = {
        "incident": "a-1", "alert": "a-1", "model": "credit", "version": "2", "harms": list(harms), "aware_at": aware,
        "clause": clocks().cited(limit.clause), "due_at": due_at(aware, limit), "route": "not-stated",
        "applies_from": "2026-08-02", "clocks_sha256": clocks_sha256(), "by": RISK,
    }  # fmt: skip
    return "incident.declared", fields | more, ROSA


def reported(form: str) -> tuple[str, dict[str, Any], Any]:
    fields = {"incident": "a-1", "form": form, "authority": "msa.example", "report_sha256": of("r"), "by": RISK}
    return "incident.reported", fields, ROSA


@pytest.mark.parametrize(
    ("acts", "status"),
    [
        ((), "open"),
        ((ACK,), "acknowledged"),
        ((ACK, ASSIGNED), "assigned"),
        ((ACK, ASSIGNED, OPENED), "mending"),
        ((ACK, ASSIGNED, OPENED, CLOSED), "awaiting-retest"),
        ((ACK, ASSIGNED, OPENED, CLOSED, PASSED), "mended"),
        ((ACK, ASSIGNED, OPENED, CLOSED, PASSED, RESOLVED), "resolved"),
    ],
)
def test_an_alert_stands_where_its_last_act_left_it(acts: tuple[Any, ...], status: str) -> None:
    assert stands(*acts).status == status


@pytest.mark.parametrize("acts", [(), (ACK, ASSIGNED, OPENED), (ACK, ASSIGNED, OPENED, CLOSED)])
def test_saying_remediated_closes_nothing_that_nobody_tested_again(acts: tuple[Any, ...]) -> None:
    found = stands(*acts, RESOLVED)
    assert found.status != "resolved"
    assert "counts not" in found.ignored[0]
    by_who_mended = ("remediation.retested", {**PASSED[1], "by": OWNER}, MILA)
    assert stands(ACK, ASSIGNED, OPENED, CLOSED, by_who_mended, RESOLVED).status == "awaiting-retest"


def test_an_alert_that_comes_back_is_open_again_and_old_acts_mend_nothing() -> None:
    whole = (ACK, ASSIGNED, OPENED, CLOSED, PASSED, RESOLVED)
    again = ("monitor.alert", ALERT, MILA)
    found = stands(*whole, again)
    assert (found.status, found.former, found.mendings) == ("open", 1, {})
    late = stands(*whole, again, CLOSED)
    assert late.status == "open"
    assert "resolved before" in late.ignored[0]


@pytest.mark.parametrize(
    "acts",
    [
        (RESOLVED,),
        (ACK, OPENED, CLOSED, RESOLVED),
        (ACK, OPENED, CLOSED, PASSED, RESOLVED),
        (ACK, OPENED, CLOSED, PASSED, RESOLVED, ("monitor.alert", ALERT, MILA)),
    ],
)
def test_the_question_about_alerts_answers_as_the_incident_stands(acts: tuple[Any, ...]) -> None:
    view = trail_of(*acts).view()
    answered = alerts(view).rows[-1]["status"] == "resolved"
    assert answered == (incidents(view)[0].status == "resolved")


def test_monitoring_ends_an_alert_by_itself_but_not_a_remediation_under_way() -> None:
    back = ("monitor.resolved", {"alert": "a-1", "how": "back-within-limit", "evidence_sha256": of("e")}, MILA)
    assert stands(back).status == "resolved"
    assert stands(ACK, ASSIGNED, OPENED, CLOSED, PASSED, back).status == "resolved"
    view = trail_of(ACK, ASSIGNED, OPENED, CLOSED, back).view()
    found = incidents(view)[0]
    assert found.status == "awaiting-retest"
    assert "back within its limit" in show_text(view, found, AWARE)


def test_an_alert_raised_twice_is_one_and_says_how_it_is_now() -> None:
    found = stands(ACK, ("monitor.alert", {**ALERT, "measured": "0.38"}, MILA))
    assert (found.status, len(found.raised), found.alert.measured) == ("acknowledged", 2, "0.38")


def test_the_owner_is_who_it_was_given_to_last_and_the_earliest_day_counts() -> None:
    given = ("monitor.assigned", {**ASSIGNED[1], "owner": TESTER, "due": "2026-10-25"}, VERA)
    found = stands(ACK, ASSIGNED, OPENED, given)
    assert found.owner_of(found.mendings["r-1"]) == TESTER
    assert found.due == "2026-10-20"
    assert not found.overdue("2026-10-20T23:59:59Z")
    assert found.overdue("2026-10-21T00:00:00Z")


@pytest.mark.parametrize(
    ("harms", "clause", "days"),
    [
        (("fundamental-rights",), "73(2)", 15),
        (("health",), "73(2)", 15),
        (("property-or-environment",), "73(2)", 15),
        (("death",), "73(4)", 10),
        (("critical-infrastructure",), "73(3)", 2),
        (("widespread-infringement",), "73(3)", 2),
        (("fundamental-rights", "death"), "73(4)", 10),
        (("death", "widespread-infringement"), "73(3)", 2),
    ],
)
def test_each_harm_has_its_clause_and_the_shortest_limit_counts(harms: tuple[Any, ...], clause: str, days: int) -> None:
    limit = clocks().limit_for(harms)
    assert (limit.clause, limit.days) == (clause, days)
    assert moment(due_at(AWARE, limit)) - moment(AWARE) == timedelta(days=days)


def test_an_incident_without_a_harm_has_no_limit_to_choose() -> None:
    with pytest.raises(InputError, match="what the incident did"):
        clocks().limit_for(())


def test_the_digest_of_the_table_is_that_of_its_file() -> None:
    assert clocks_sha256() == sha256_hex(files("assay.trail").joinpath("incident_clocks.yaml").read_bytes())


def test_a_clock_runs_from_awareness_and_lapses_to_the_second() -> None:
    found = stands(declared("death"))
    clock = found.clock(AWARE)
    assert clock is not None
    assert clock.left(AWARE) == 10 * 86400
    assert clock.status("2026-10-11T08:00:00Z") == "running"
    assert clock.status("2026-10-11T08:00:01Z") == "lapsed"
    assert "LAPSED 1 second ago" in clock_words(clock, "2026-10-11T08:00:01Z")
    assert "death of a person" in rule_of(clock)
    assert found.severity == "critical"


def test_resolving_an_alert_stops_no_clock_and_only_a_complete_report_ends_it() -> None:
    whole = (ACK, ASSIGNED, OPENED, CLOSED, PASSED, RESOLVED, declared("health"))
    assert not stands(*whole).over
    initial = stands(*whole, reported("initial"))
    clock = initial.clock("2027-01-01T00:00:00Z")
    assert clock is not None
    assert clock.status("2027-01-01T00:00:00Z") == "complete-outstanding"
    assert clock.left("2027-01-01T00:00:00Z") > 0  # it was in time: counted until the report
    assert not initial.over
    assert stands(*whole, reported("initial"), reported("complete")).over


def test_what_becomes_worse_is_declared_again_and_ends_sooner() -> None:
    found = stands(declared("health"), declared("death", aware="2026-10-03T08:00:00Z"))
    clock = found.clock(AWARE)
    assert clock is not None
    assert clock.declared.said.clause == "eu-ai-act:73(4)"
    assert [one.status(AWARE) for one in found.clocks] == ["running", "running"]
    before = stands(declared("health"), reported("complete"), declared("death"))
    assert before.clock(AWARE) is not None  # a report of what was known before reports nothing of what came after
    assert not before.over


def test_a_duty_that_does_not_apply_yet_lapses_not_and_is_told() -> None:
    found = stands(declared("death", route="annex-iii", applies_from="2027-12-02"))
    assert found.clock(AWARE) is None
    assert "applies from 2027-12-02" in clock_words(found.clocks[0], AWARE)


def test_a_report_after_the_limit_is_late_for_ever() -> None:
    late = declared("widespread-infringement", aware="2026-09-20T08:00:00Z")
    clock = stands(late, reported("complete")).clocks[0]
    assert clock.status("2030-01-01T00:00:00Z") == "reported-late"
    assert "after the limit" in clock_words(clock, "2030-01-01T00:00:00Z")


def test_an_incident_without_an_alert_is_listed_and_told() -> None:
    trail = MemoryTrail(people={RISK: "rosa"})
    kind, fields, signer = declared("critical-infrastructure", incident="i-9")
    del fields["alert"]
    trail.say(kind, signer=signer, **fields)
    view = trail.view()
    found = incidents(view)
    assert [(one.name, one.status) for one in found] == [("i-9", "declared")]
    text = list_text(view, found, AWARE)
    assert "1 open of 1" in text
    assert "next to lapse: i-9, 2 days left to report (eu-ai-act:73(3)), until 2026-10-03T08:00:00Z" in text
    assert "rosa declared it serious" in show_text(view, found[0], AWARE)


def test_the_screens_name_people_times_entries_and_what_comes_next() -> None:
    view = trail_of(ACK, ASSIGNED, OPENED, CLOSED, declared("fundamental-rights")).view()
    found = incidents(view)[0]
    shown = show_text(view, found, "2026-10-02T08:00:00Z")
    for words in (
        "14 days left to report", "counts from awareness at 2026-10-01T08:00:00Z (claimed)", "eu-ai-act:73(6)",
        "mila took it up [entry 1]", "vera gave it to mila, due 2026-10-15", "assay incident retest a-1",
        "assay incident report a-1",
    ):  # fmt: skip
        assert words in " ".join(shown.split())
    row = incident_row(view, found, "2026-10-02T08:00:00Z")
    assert row["clocks"][0]["seconds_left"] == 14 * 86400
    assert (row["owner"], row["acknowledged_by"], row["entries"]) == ("mila", "mila", [0, 1, 2, 3, 4, 5])
    assert "OVERDUE" in show_text(view, found, "2026-11-01T00:00:00Z")
    assert "Overdue: a-1" in list_text(view, [found], "2026-11-01T00:00:00Z")


def test_what_is_over_is_listed_only_when_asked_for() -> None:
    view = trail_of(ACK, ASSIGNED, OPENED, CLOSED, PASSED, RESOLVED).view()
    found = incidents(view)
    assert still_open(found) == []
    assert "1 more is resolved" in list_text(view, found, AWARE)
    assert "a-1" in list_text(view, found, AWARE, everything=True)
    assert next_words(view, found[0], AWARE) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 seconds"), (59, "59 seconds"), (3600, "1 hour"), (90061, "1 day 1 hour"), (-61, "1 minute 1 second")],
)
def test_spans_are_told_in_two_units(seconds: int, words: str) -> None:
    assert span_words(seconds) == words
    assert seconds_left("2026-10-02T00:00:00Z", "2026-10-01T00:00:00Z") == 86400
