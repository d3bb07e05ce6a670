"""What a dashboard is told, read by Prometheus's own parser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from assay.reports.prometheus import Gauge, exposition
from incident_project import alert, incident_project

if TYPE_CHECKING:
    from pathlib import Path

    from small_project import SmallProject

CHANNEL = "alerts: {channels: {team: {url_from: NO_SUCH_VARIABLE}}}\n"


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    return incident_project(tmp_path, capsys, CHANNEL)


def read(text: str) -> dict[tuple[str, ...], float]:
    """Return values by name and labels' values."""
    return {
        (sample.name.removeprefix("assay_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def numbers(project: SmallProject) -> dict[tuple[str, ...], float]:
    said = project.say("export", "prometheus")
    assert said.code == 0, said.err
    return read(said.out)


def test_alerts_are_counted_by_severity_and_none_is_a_zero(project: SmallProject) -> None:
    alert(project)
    found = numbers(project)
    assert found["alerts_open", "small", "1", "high"] == 1
    assert found["alerts_open", "small", "1", "critical"] == 0
    assert found["alerts_unacknowledged", "small", "1"] == 1
    assert found["alerts_untold", "team"] == 1
    assert found["log_entries",] == 1
    assert 0 <= found["log_checkpoint_age_seconds",] < 600
    assert project.say("incident", "ack", "a-1", "--as", "mila").code == 0
    assert numbers(project)["alerts_unacknowledged", "small", "1"] == 0


def test_a_lapsed_clock_is_below_zero(project: SmallProject) -> None:
    alert(project)
    told = ("--harm", "death", "--aware", "2026-09-01T08:00:00Z", "--as", "rosa")
    assert project.say("incident", "declare-serious", "a-1", *told).code == 0
    assert numbers(project)["incident_clock_seconds_left", "a-1", "eu-ai-act:73(4)"] < 0
    sent = ("--form", "initial", "--to", "x", "--document", "shown.txt", "--as", "rosa")
    assert project.say("incident", "report", "a-1", *sent).code == 0
    assert not [key for key in numbers(project) if key[0] == "incident_clock_seconds_left"]


def test_a_release_is_told_by_decision_findings_and_age_and_one_that_cannot_be_read_is_not_lost(
    project: SmallProject,
) -> None:
    decision = {0: "allow", 1: "deny", 3: "undecided"}[project.say("run").code]
    found = numbers(project)
    release = ("small", "1", "release")
    words = ("allow", "warn", "deny", "undecided")
    assert {word: found["verdict_decision", *release, word] for word in words} == {
        word: float(word == decision) for word in words
    }
    assert sum(found["findings", *release, status] for status in ("pass", "fail", "unknown", "not-applicable")) >= 2
    assert 0 <= found["evidence_age_seconds", *release] < 600
    (project.release / "evidence.json").write_text("{}")
    broken = numbers(project)
    assert broken["release_unreadable", "small/1"] == 1
    assert ("verdict_decision", *release, decision) not in broken


def test_a_file_is_written_whole(project: SmallProject) -> None:
    alert(project)
    target = project.root / "out/assay.prom"
    assert project.say("export", "prometheus", "-o", target).code == 0
    before = target.read_text()
    assert read(before)["alerts_open", "small", "1", "high"] == 1
    assert [path.name for path in target.parent.iterdir()] == ["assay.prom"]
    (project.root / ".assay/log/checkpoint").write_text("no checkpoint")
    assert project.say("export", "prometheus", "-o", target).code != 0
    assert target.read_text() == before  # and its time of writing says how old it is


def test_a_project_that_recorded_nothing_has_no_numbers(project: SmallProject) -> None:
    said = project.say("export", "prometheus")
    assert (said.code, said.out) == (2, "")


def test_labels_are_escaped_as_the_format_asks() -> None:
    gauge = Gauge(name="x", says="a\\b\nc")
    gauge.add(0.5, label='say "no"\\\n')
    family = next(iter(text_string_to_metric_families(exposition([gauge, Gauge(name="none", says="left out")]))))
    assert (family.documentation, family.samples[0].labels, family.samples[0].value) == (
        "a\\b\nc", {"label": 'say "no"\\\n'}, 0.5,
    )  # fmt: skip
    assert "none" not in exposition([Gauge(name="none", says="left out")])
