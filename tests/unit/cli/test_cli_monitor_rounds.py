"""`assay monitor --every`: rounds, rows that do not come, a clean stop, and alerts in the trail of a project."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from assay.errors import InputError
from assay.lifecycle.watch_rounds import Round, rounds
from assay.lifecycle.watching import Watched, monitor
from incident_project import incident_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from small_project import SmallProject

ASKED = ("--order", "t", "--prediction", "p", "--protected", "sex", "--metric", "demographic_parity_difference",
         "--limit", "0.05")  # fmt: skip
HOOKLESS = "alerts: {channels: {team: {url_from: NO_SUCH_VARIABLE}}}\n"


def rows(first: int, last: int, *, unfair: bool = False) -> str:
    """Return rows of both sexes, alike or as unlike as can be."""
    lines = [f"{at},{'fm'[at % 2]},{at % 2 if unfair else at // 2 % 2}" for at in range(first, last)]
    return "\n".join(["t,sex,p", *lines]) + "\n"


def looked(path: Path, texts: list[str | None], *, no_data_after: int = 2) -> list[Round]:
    """Return the rounds over texts that a file holds one after the other; None: the file is not there."""
    left = iter(texts)

    def look() -> Watched:
        text = next(left)
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text)
        return monitor(
            str(path), order="t", prediction="p", protected="sex", metric="demographic_parity_difference", limit=0.05,
            state=path.with_suffix(".json"),
        )  # fmt: skip

    count = iter(range(len(texts) - 1))
    return list(rounds(look, lambda: next(count, None) is not None, no_data_after=no_data_after))


def test_rows_count_once_and_those_that_do_not_come_are_an_alert(tmp_path: Path) -> None:
    first, second = rows(0, 400), rows(0, 800)
    found = looked(tmp_path / "s.csv", [first, second, second, second, second, rows(0, 900)])
    assert [one.new_rows for one in found] == [400, 400, 0, 0, 0, 100]
    assert [one.no_data for one in found] == [False, False, False, True, True, False]
    assert found[3].exit_code == 3


def test_a_batch_that_is_missing_or_goes_back_in_time_is_told_and_brings_nothing(tmp_path: Path) -> None:
    found = looked(tmp_path / "s.csv", [rows(100, 300), None, rows(0, 50), rows(300, 400)])
    assert [one.new_rows for one in found] == [200, 0, 0, 100]
    assert [one.exit_code for one in found[1:3]] == [2, 2]
    assert all(one.problem for one in found[1:3])
    assert found[2].no_data
    assert found[3].problem is None


def test_an_alert_is_new_once_and_ends_with_its_code_whatever_comes(tmp_path: Path) -> None:
    unfair = rows(0, 2000, unfair=True)
    found = looked(tmp_path / "s.csv", [unfair, unfair, None])
    assert [len(one.new_alerts) for one in found] == [1, 0, 0]
    assert [one.exit_code for one in found] == [1, 1, 1]


def test_what_is_no_mistake_of_the_rows_ends_the_rounds() -> None:
    def broken() -> Watched:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        next(rounds(broken, lambda: True, no_data_after=1))

    def wrong() -> Watched:
        raise InputError("no such column")

    assert next(rounds(wrong, lambda: False, no_data_after=1)).problem == "no such column"


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def test_sigterm_ends_it_with_the_last_rounds_code_and_a_whole_state(tmp_path: Path) -> None:
    table, state, said = tmp_path / "s.csv", tmp_path / "state.json", tmp_path / "out.jsonl"
    table.write_text(rows(0, 400))
    command = [sys.executable, "-m", "assay", "monitor", str(table), *ASKED, "--state", str(state), "--every", "1s",
               "--format", "json"]  # fmt: skip
    with said.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, env={**os.environ}, cwd=tmp_path)
        try:
            wait_for(lambda: len(said.read_text().splitlines()) >= 2)
            process.send_signal(signal.SIGTERM)
            code = process.wait(30)
        finally:
            process.kill()
    lines: list[dict[str, Any]] = [json.loads(line) for line in said.read_text().splitlines()]
    assert code == lines[-1]["exit_code"] == 0
    assert [one["new_rows"] for one in lines[:2]] == [400, 0]
    assert json.loads(state.read_bytes())["rows"] == 400


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    found = incident_project(tmp_path, capsys, HOOKLESS)
    found.write("s.csv", rows(0, 2000, unfair=True))
    return found


def test_an_alert_of_a_stream_is_in_the_trail_once_and_told(project: SmallProject) -> None:
    options = ("monitor", "s.csv", *ASKED, "--state", "s.json", "--project", ".", "--key", "mila")
    said = project.say(*options)
    assert said.code == 1
    name = "small/1/stream/demographic_parity_difference/sex"
    assert f"assay incident ack {name}" in said.err
    assert "team: its environment variable is not set" in said.err
    kept = [json.loads(path.read_bytes()) for path in (project.root / ".assay/evidence").iterdir()]
    assert [one["metric"] for one in kept if "e_value" in one] == ["demographic_parity_difference"]
    assert "is in the trail" not in project.say(*options).err
    listed = json.loads(project.say("incident", "list", "--format", "json").out)["incidents"]
    assert [(one["id"], one["group"], one["raised"]) for one in listed] == [(name, {"sex": "f"}, 1)]
    assert project.say("incident", "ack", name, "--as", "vera").code == 0
    shown = ("--how", "accepted", "--evidence", "shown.txt", "--as", "vera")
    assert project.say("incident", "resolve", name, *shown).code == 0
    assert "is in the trail" not in project.say(*options).err  # the state keeps it; it is not news
    assert json.loads(project.say("incident", "list", "--format", "json").out)["incidents"] == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--every", "5"), "such as 60s"),
        (("--every", "0s"), "such as 60s"),
        (("--every", "1s"), "--state FILE"),
        (("--every", "1s", "--state", "s.json", "--report", "r.html"), "no --report"),
        (("--project", "nowhere"), "nothing there"),
    ],
)
def test_what_cannot_be_looked_at_again_is_refused(project: SmallProject, options: tuple[str, ...], words: str) -> None:
    said = project.say("monitor", "s.csv", *ASKED, *options)
    assert (said.code, words in said.err) == (2, True), said.err
