"""Alerts delivered to real sinks on the loopback: what arrives, and what becomes of what does not."""

from __future__ import annotations

import email
import email.policy
import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from alert_sinks import Hook, Mail, served
from assay.adapters.alerts_here import deliver_alerts
from assay.adapters.apprise_channel import _mark, send
from assay.errors import MissingExtraError
from incident_project import alert, incident_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from small_project import SmallProject

CHANNELS = """\
alerts:
  channels:
    hook: {url_from: HOOK_URL}
  timeout_seconds: 20
  runbook: https://runbooks.example/fairness
"""
DAY = "2999-01-01"


@pytest.fixture
def hook() -> Iterator[Hook]:
    with served(Hook()) as found:
        yield found


@pytest.fixture
def mail() -> Iterator[Mail]:
    with served(Mail()) as found:
        yield found


@pytest.fixture
def project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> SmallProject:
    monkeypatch.setenv("HOOK_URL", hook.url)
    found = incident_project(tmp_path, capsys, CHANNELS)
    alert(found)
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def deliver(project: SmallProject, *options: str, code: int = 0) -> dict[str, Any]:
    said = project.say("incident", "deliver", "--format", "json", *options)
    assert said.code == code, said.err
    assert "s3cret" not in said.out + said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def events(project: SmallProject, kind: str) -> list[dict[str, Any]]:
    from assay.adapters.trail_here import open_trail  # noqa: PLC0415 - only here

    with open_trail(project.root) as opened:
        return [{**{name: getattr(fact.said, name) for name in fact.said.__struct_fields__}, "at": fact.at}
                for fact in opened.view().facts(kind)]  # fmt: skip


def test_a_message_says_what_follows_for_whom_what_to_do_and_how_to_take_it_up(
    project: SmallProject, hook: Hook
) -> None:
    assert deliver(project)["complete"] is True
    message = hook.received[0]
    assert message["title"] == "[high] small 1: selection_rate of sex=f was 0.41, limit 0.55"
    for words in (
        "People of sex=f are treated otherwise", "In people: not known here", "What to do:",
        "assay incident ack a-1 --as YOU", "https://runbooks.example/fairness", "declare-serious a-1",
    ):  # fmt: skip
        assert words in message["message"]
    assert events(project, "alert.delivered")[0]["alerts"] == ("a-1",)


def test_each_channel_is_told_of_an_alert_once(project: SmallProject, hook: Hook) -> None:
    deliver(project)
    assert deliver(project)["told"] == []
    alert(project, "a-2", metric="accuracy", group={})
    deliver(project)
    assert [one["title"].split(":")[0] for one in hook.received] == ["[high] small 1", "[high] small 1"]
    assert "a-2" in hook.received[1]["message"]
    assert "a-1" not in hook.received[1]["message"]


def test_many_alerts_of_one_version_are_one_message_the_worst_first(project: SmallProject, hook: Hook) -> None:
    alert(project, "a-2", metric="psi", kind="drift", group={}, column="income", severity="critical")
    alert(project, "b-1", model="other")
    assert len(deliver(project)["told"]) == 2
    titles = sorted(one["title"] for one in hook.received)
    assert titles[0] == "[critical] small 1: 2 alerts"
    both = next(one["message"] for one in hook.received if "2 alerts" in one["title"])
    assert both.index("a-2 (critical)") < both.index("a-1 (high)")
    assert "psi of income" in both


def test_mail_arrives_as_a_person_reads_it(project: SmallProject, mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_URL", mail.url)
    deliver(project)
    found = email.message_from_string(mail.received[0], policy=email.policy.default)
    assert found["Subject"] == "[high] small 1: selection_rate of sex=f was 0.41, limit 0.55"
    assert found["To"] == "team@example.org"
    text = found.get_body(("plain",))
    assert text is not None
    assert "assay incident ack a-1 --as YOU" in text.get_content()


def test_a_channel_that_is_down_keeps_its_alerts_and_the_failure_is_an_event(project: SmallProject, hook: Hook) -> None:
    hook.status = 500
    told = deliver(project, code=1)["told"][0]
    assert (told["taken"], told["why"], told["status"]) == (False, "refused", 500)
    failed = events(project, "alert.undelivered")[0]
    assert (failed["why"], failed["status"], failed["attempt"]) == ("refused", 500, 1)
    assert failed["next_at"] > failed["at"]
    waiting = deliver(project, code=1)  # it is left alone for a minute
    assert (waiting["told"], waiting["waiting"][0]["alerts"]) == ([], ["a-1"])
    assert len(hook.received) == 1
    hook.status = 200
    assert deliver(project, "--now")["told"][0]["attempt"] == 2
    assert len(hook.received) == 2
    assert events(project, "alert.delivered")[0]["attempt"] == 2
    assert deliver(project, "--now")["told"] == []


def test_a_message_that_comes_again_bears_the_name_that_it_had(project: SmallProject, hook: Hook) -> None:
    hook.status = 500
    deliver(project, code=1)
    deliver(project, "--now", code=1)
    assert hook.keys[0] is not None
    assert hook.keys[0] == hook.keys[1]
    assert f"Message {hook.keys[0]}." in hook.received[1]["message"]
    hook.status = 200
    deliver(project, "--now")
    alert(project, "a-2", metric="accuracy_difference")
    deliver(project)
    assert hook.keys[2] == hook.keys[0]
    assert hook.keys[3] != hook.keys[0]


@pytest.mark.parametrize(("given", "wanted"), [("", "once"), ("?dedup=theirs", "theirs")])
def test_a_pager_is_given_the_name_as_its_key_of_deduplication(given: str, wanted: str) -> None:
    apprise = pytest.importorskip("apprise", reason="Apprise is an extra")
    place = apprise.Apprise.instantiate(f"pagerduty://{'a' * 32}@{'b' * 32}{given}")
    _mark(place, "once")
    assert place.dedup == wanted


def test_nobody_listens_at_the_address(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(Hook()) as gone:
        address = gone.url
    monkeypatch.setenv("HOOK_URL", address)
    assert deliver(project, code=1)["told"][0]["why"] == "refused"


def test_a_slow_channel_is_not_waited_for(project: SmallProject, hook: Hook) -> None:
    project.replace("assay.yaml", "timeout_seconds: 20", "timeout_seconds: 1")
    hook.hold = threading.Event()
    try:
        assert deliver(project, code=1)["told"][0]["why"] == "late"
    finally:
        hook.hold.set()
    assert events(project, "alert.undelivered")[0]["why"] == "late"


@pytest.mark.parametrize(("address", "why"), [("", "not-configured"), ("nonsense s3cret", "not-understood")])
def test_an_address_that_is_none_is_a_failure_on_record(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, address: str, why: str
) -> None:
    monkeypatch.setenv("HOOK_URL", address)
    assert deliver(project, code=1)["told"][0]["why"] == why
    assert events(project, "alert.undelivered")[0]["why"] == why


def test_one_channel_that_is_down_keeps_no_other_from_being_told(
    project: SmallProject, hook: Hook, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.replace("assay.yaml", "    hook: {url_from", "    mail: {url_from: MAIL_URL}\n    hook: {url_from")
    monkeypatch.setenv("MAIL_URL", mail.url)
    hook.status = 500
    deliver(project, code=1)
    assert len(mail.received) == 1
    hook.status = 200
    deliver(project, "--now")
    assert (len(mail.received), len(hook.received)) == (1, 2)


def test_a_threshold_is_a_channels_own_or_the_sections(
    project: SmallProject, hook: Hook, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    pager = "    pager: {url_from: MAIL_URL, severity: critical}\n    hook: {url_from"
    project.replace("assay.yaml", "    hook: {url_from", pager)
    monkeypatch.setenv("MAIL_URL", mail.url)
    deliver(project)
    assert (len(hook.received), len(mail.received)) == (1, 0)
    assert project.say("incident", "declare-serious", "a-1", "--harm", "death", "--as", "rosa").code == 0
    deliver(project)  # what is serious is critical
    assert (len(hook.received), len(mail.received)) == (1, 1)


def test_a_repeat_is_quiet_until_the_first_is_resolved(project: SmallProject, hook: Hook) -> None:
    alert(project, "a-2")
    deliver(project)
    assert "not told one by one: 1." in hook.received[0]["message"]
    assert "a-2" not in hook.received[0]["message"]
    alert(project, "a-3", severity="critical")  # it became worse
    deliver(project)
    assert "a-3" in hook.received[1]["message"]
    said = project.say("incident", "ack", "a-3", "--as", "mila")
    assert said.code == 0
    shown = ("--how", "false-alarm", "--evidence", "shown.txt", "--as", "vera")
    assert project.say("incident", "resolve", "a-3", *shown).code == 0
    alert(project, "a-4", severity="critical")
    deliver(project)
    assert "a-4" in hook.received[2]["message"]


def test_what_is_over_before_it_was_told_is_told_to_nobody(project: SmallProject, hook: Hook) -> None:
    assert project.say("incident", "ack", "a-1", "--as", "mila").code == 0
    shown = ("--how", "accepted", "--evidence", "shown.txt", "--as", "vera")
    assert project.say("incident", "resolve", "a-1", *shown).code == 0
    assert deliver(project)["told"] == []
    assert hook.received == []


def test_a_dry_run_shows_the_message_and_sends_and_records_nothing(project: SmallProject, hook: Hook) -> None:
    said = project.say("incident", "deliver", "--dry-run")
    assert "To hook:" in said.out
    assert "assay incident ack a-1" in said.out
    assert hook.received == []
    assert events(project, "alert.delivered") == []


def test_a_missing_package_is_told_with_the_line_that_installs_it(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    said = project.say("incident", "deliver")
    assert said.code == 2
    assert "pip install 'assay[alerts]'" in said.err
    with pytest.raises(MissingExtraError):
        send("json://127.0.0.1/", "t", "b", severity="low", timeout_seconds=1)


def test_a_run_tells_alerts_and_a_channel_that_is_down_changes_no_exit_code(project: SmallProject, hook: Hook) -> None:
    hook.status = 500
    said = project.say("run")
    assert said.code in {0, 1, 3}
    assert "hook: it did not take the message (HTTP 500); a-1 kept" in said.err
    assert events(project, "alert.undelivered")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("url_from: HOOK_URL", "url_from: 'https://hooks.example/s3cret'", "name of an environment variable"),
        ("hook: {", "'a b': {", "channel's name"),
        ("timeout_seconds: 20", "timeout_seconds: 0", "seconds above 0"),
        ("timeout_seconds: 20", "repeat_after_hours: -1", "hours from 0 on"),
    ],
)
def test_a_section_that_is_wrong_is_told_and_shows_no_secret(
    project: SmallProject, before: str, after: str, words: str
) -> None:
    project.replace("assay.yaml", before, after)
    said = project.say("incident", "deliver")
    assert said.code == 2
    assert words in said.err
    assert "s3cret" not in said.err


def test_a_project_without_channels_says_how_to_name_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = incident_project(tmp_path, capsys)
    alert(project)
    said = project.say("incident", "deliver")
    assert (said.code, "url_from: ASSAY_TEAM_URL" in said.err) == (2, True)


def test_an_alert_from_a_verdict_tells_its_reason_people_and_remedy(project: SmallProject, hook: Hook) -> None:
    project.replace("policy.yaml", "    limit: {max: 0.2}", "    limit: {max: 0.2}\n    remedy: Look at the score.")
    rows = ["approved,predicted,score,sex", *("1,1,0.9,m" for _ in range(100)), *("1,0,0.1,f" for _ in range(100))]
    project.write("test.csv", "\n".join(rows) + "\n")
    assert project.say("run").code == 1
    hook.received.clear()
    verdict = json.loads((project.release / "verdict.json").read_bytes())
    finding = next(one for one in verdict["findings"] if one["id"].startswith("sex-gap"))
    assert finding["people"]
    alert(
        project, f"small/1/w1/{finding['id']}", metric=finding["metric"], group={}, measured="1", limit="0.2",
        evidence_sha256=verdict["evidence_sha256"],
    )  # fmt: skip
    deliver(project)
    text = hook.received[0]["message"]
    assert f"Found: {finding['reason']}" in text
    assert f"In people: {finding['people']}" in text
    assert "What to do: Look at the score." in text


def test_without_a_verdict_the_remedy_is_that_of_the_control_about_these_groups(
    project: SmallProject, hook: Hook
) -> None:
    project.replace("policy.yaml", "    limit: {max: 0.2}", "    limit: {max: 0.2}\n    remedy: Look at the score.")
    alert(project, "a-2", metric="demographic_parity_difference")
    alert(project, "a-3", metric="demographic_parity_difference", group={"race": "black"})
    deliver(project)
    parts = dict(part.split(" (high)", 1) for part in hook.received[0]["message"].split("\n\n") if " (high)" in part)
    assert "Look at the score." in parts["a-2"]
    assert "names no remedy" in parts["a-3"]


def test_two_who_deliver_at_once_send_a_message_once(project: SmallProject, hook: Hook) -> None:
    hook.hold = threading.Event()
    found: list[Any] = []
    first = threading.Thread(target=lambda: found.append(deliver_alerts(project.root, key="mila")))
    first.start()
    try:
        wait_for(lambda: hook.taking > 0)
        second = deliver_alerts(project.root, key="mila")
    finally:
        hook.hold.set()
        first.join()
    assert (second.busy, second.complete) == (True, False)
    assert found[0].complete
    assert len(hook.received) == 1
