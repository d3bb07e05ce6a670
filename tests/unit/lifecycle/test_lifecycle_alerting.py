"""What is due, and to whom: a function of the log, the channels and the time."""

from __future__ import annotations

from typing import Any

import pytest

from assay.lifecycle.alerting import (
    FIRST_WAIT_SECONDS,
    LONGEST_WAIT_SECONDS,
    MOST_IN_A_MESSAGE,
    Failure,
    Outbox,
    next_attempt,
    outbox,
    outcome_event,
)
from assay.lifecycle.alerts_section import AlertsSection, ChannelSection
from assay.trail.clocks import seconds_left
from assay.trail.events import event_statement
from unit.trail.memory_trail import MILA, MemoryTrail

AT = "2026-10-01T09:00:00Z"
SECTION = AlertsSection(channels={"team": ChannelSection(url_from="TEAM_URL")})


def raised(trail: MemoryTrail, name: str = "a-1", at: str = AT, **fields: Any) -> None:  # noqa: ANN401 - of an event
    said = {
        "alert": name, "model": "credit", "version": "2", "kind": "fairness", "metric": "selection_rate",
        "group": {"race": "black"}, "measured": "0.41", "limit": "0.55", "severity": "high", **fields,
    }  # fmt: skip
    trail.say("monitor.alert", at, **said)


def tried(trail: MemoryTrail, failure: Failure | None, at: str = AT, section: AlertsSection = SECTION) -> None:
    for one in outbox(trail.view(), section, at, impatient=True).due:
        trail.sign(event_statement(outcome_event(one, "message", failure, at)), MILA)


def names(found: Outbox) -> list[list[str]]:
    return [[alert.name for alert in one.alerts] for one in found.due]


def test_a_channel_that_fails_is_left_alone_twice_as_long_each_time_up_to_six_hours() -> None:
    waits = [seconds_left(next_attempt(AT, failures), AT) for failures in range(1, 40)]
    assert waits[:4] == [FIRST_WAIT_SECONDS * factor for factor in (1, 2, 4, 8)]
    assert max(waits) == waits[-1] == LONGEST_WAIT_SECONDS


def test_what_failed_waits_its_time_and_counts_its_attempts() -> None:
    trail = MemoryTrail()
    raised(trail)
    tried(trail, Failure(why="refused", status=500))
    assert outbox(trail.view(), SECTION, "2026-10-01T09:00:59Z").waiting[0].until == "2026-10-01T09:01:00Z"
    again = outbox(trail.view(), SECTION, "2026-10-01T09:01:00Z")
    assert (names(again), again.due[0].attempt, again.waiting) == ([["a-1"]], 2, ())
    tried(trail, Failure(why="late"), "2026-10-01T09:01:00Z")
    assert outbox(trail.view(), SECTION, "2026-10-01T09:02:00Z").waiting[0].until == "2026-10-01T09:03:00Z"
    tried(trail, None, "2026-10-01T09:03:00Z")
    raised(trail, "a-2", metric="accuracy")
    assert outbox(trail.view(), SECTION, "2026-10-01T09:03:01Z").due[0].attempt == 1  # it has worked since


def test_a_clock_that_went_back_makes_nobody_wait() -> None:
    trail = MemoryTrail()
    raised(trail)
    tried(trail, Failure(why="refused"), "2027-10-01T09:00:00Z")
    assert names(outbox(trail.view(), SECTION, AT)) == [["a-1"]]


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-10-02T08:59:59Z", [["a-1"]]),
        ("2026-10-02T09:00:00Z", [["a-1", "a-2"]]),
        ("2026-09-30T09:00:00Z", [["a-2", "a-1"]]),  # the clock went back: nothing is held to be a repeat
    ],
)
def test_the_same_is_told_again_when_its_time_is_over(at: str, told: list[list[str]]) -> None:
    trail = MemoryTrail()
    raised(trail)
    raised(trail, "a-2", at)
    found = outbox(trail.view(), SECTION, AT)
    assert names(found) == told
    assert found.due[0].repeats == (len(told[0]) == 1)


@pytest.mark.parametrize(
    "other", [{"version": "3"}, {"group": {"race": "white"}}, {"metric": "accuracy"}, {"column": "income"},
              {"severity": "critical"}],
)  # fmt: skip
def test_what_is_about_something_else_or_worse_is_no_repeat(other: dict[str, Any]) -> None:
    trail = MemoryTrail()
    raised(trail)
    raised(trail, "a-2", **other)
    assert sum(map(len, names(outbox(trail.view(), SECTION, AT)))) == 2


def test_the_same_alert_raised_again_is_a_reminder_after_its_time() -> None:
    trail = MemoryTrail()
    raised(trail)
    tried(trail, None)
    raised(trail, at="2026-10-01T10:00:00Z")
    assert names(outbox(trail.view(), SECTION, AT)) == []
    raised(trail, at="2026-10-02T09:00:00Z")
    assert names(outbox(trail.view(), SECTION, AT)) == [["a-1"]]


def test_a_thousand_alerts_are_messages_that_a_log_entry_can_hold() -> None:
    trail = MemoryTrail()
    for number in range(MOST_IN_A_MESSAGE + 1):
        raised(trail, f"a-{number:03}-{'x' * 190}", metric=f"m{number}")
    found = outbox(trail.view(), SECTION, AT)
    assert [len(one.alerts) for one in found.due] == [MOST_IN_A_MESSAGE, 1]
    for one in found.due:
        assert event_statement(outcome_event(one, "m", None, AT))


def test_each_alert_has_a_message_of_its_own_when_asked_for() -> None:
    trail = MemoryTrail()
    raised(trail)
    raised(trail, "a-2", metric="accuracy")
    section = AlertsSection(channels=SECTION.channels, group_by="alert")
    assert names(outbox(trail.view(), section, AT)) == [["a-1"], ["a-2"]]


def test_an_alert_below_the_threshold_of_a_channel_is_not_told_there() -> None:
    trail = MemoryTrail()
    raised(trail, severity="medium")
    section = AlertsSection(
        channels={"team": ChannelSection(url_from="A", severity="low"), "pager": ChannelSection(url_from="B")},
        severity="high",
    )
    assert [one.channel for one in outbox(trail.view(), section, AT).due] == ["team"]
