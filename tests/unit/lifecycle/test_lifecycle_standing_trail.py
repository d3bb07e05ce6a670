"""A trail that stays open over a real project: it keeps up by what is new, and answers as one that is opened anew."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from approved_project import APPROVALS, trust_of
from assay.adapters.standing_here import open_standing_trail
from assay.adapters.trail_here import open_trail
from assay.errors import InputError, StorageError, VerificationError
from assay.trail.histories import decisions
from assay.trail.inventory import inventory
from assay.trail.questions import production
from assay.trail.reading import Read, read_entry
from assay.trail.standing_table import Wanted, expiries, standing_of, standings
from small_project import WAIVERS, SmallProject, small_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assay.lifecycle.standing_trail import StandingTrail

DAY = "2026-11-23"
ACK = ("trail", "append", "monitor.ack", "--as", "mila", "-f", "by=mila", "-f")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a release that waits for an approval."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture
def project(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    if not (made / "assay.yaml").exists():
        first = small_project(made, capsys, count=400)
        first.write("policy.yaml", (made / "policy.yaml").read_text() + APPROVALS + WAIVERS)
        first.write("assay.yaml", (made / "assay.yaml").read_text() + "trust: trust.yaml\n")
        first.write("trust.yaml", trust_of(first, mila="data-scientist", vera="validator", rosa="risk-owner"))
        assert first.say("run", "--key", "mila").code == 3
    shutil.copytree(made, tmp_path / "copy")
    return SmallProject(tmp_path / "copy", capsys)


@pytest.fixture
def trail(project: SmallProject) -> Iterator[StandingTrail]:
    opened = open_standing_trail(project.root)
    opened.refresh()
    yield opened
    opened.close()


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the indices of the entries that are read from the log from now on."""
    read: list[int] = []

    def counting(index: int, *rest: Any, **more: Any) -> Read:  # noqa: ANN401 - as it was called
        read.append(index)
        return read_entry(index, *rest, **more)

    monkeypatch.setattr("assay.lifecycle.trail_shards.read_entry", counting)
    return read


def rows(trail: StandingTrail) -> list[tuple[str, str | None, str]]:
    found = standings(trail.view().connection, today=DAY).rows
    return [(one.model, one.version, one.status) for one in found]


def test_it_answers_as_one_that_is_opened_anew(project: SmallProject, trail: StandingTrail) -> None:
    view = trail.view().about("small")
    with open_trail(project.root) as other:
        assert inventory(view, "small") == inventory(other.view(), "small")
        assert decisions(view, "small") == decisions(other.view(), "small")
        assert trail.trail().proven(inventory(view, "small")) == other.proven(inventory(other.view(), "small"))


def test_it_keeps_up_by_what_is_new_alone(
    project: SmallProject, trail: StandingTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, read = trail.size, counted(monkeypatch)
    assert trail.refresh() == before
    assert read == []
    assert project.say(*ACK, "alert=a").code == 0
    read.clear()  # what the command line has read to record it
    with closing(sqlite3.connect(project.root / ".assay/trail.sqlite")) as connection:
        assert connection.execute("SELECT max(idx) FROM event").fetchone() == (before - 1,)
    assert trail.refresh() == before + 1
    assert read == [before]


def test_a_decision_an_approval_and_a_deployment_are_in_the_standing(
    project: SmallProject, trail: StandingTrail
) -> None:
    assert rows(trail) == [("small", "1", "decided: undecided")]
    assert project.say("approve", "--as", "vera", "--role", "validator", "--comment", "fine").code == 0
    assert project.say("gate", project.release / "evidence.json", "--key", "mila").code == 0
    trail.refresh()
    assert rows(trail) == [("small", "1", "decided: allow")]
    deploy = ("trail", "append", "deployment.finished", "--as", "mila", "-f", "deployment=d", "-f", "model=small", "-f",
              "version=1", "-f", "model_sha256=@model/", "-f", "environment=production", "-f",
              "outcome=succeeded")  # fmt: skip
    assert project.say(*deploy, "--at", "2026-10-01T09:30:00Z").code == 0
    trail.refresh()
    assert standing_of(trail.view().connection, "small", today=DAY)[0].serves_in == ("production",)
    answer = production(trail.view().about("small"), "small", "2026-10-02")
    assert [one["by"] for one in answer.rows[0]["approvals"]] == ["vera"]


def test_someone_who_is_no_longer_known_is_read_again_and_no_other_entry(
    project: SmallProject, trail: StandingTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project.say(*ACK[:4], "vera", *ACK[5:], "alert=a").code == 0
    last = trail.refresh() - 1
    read = counted(monkeypatch)
    (project.root / ".assay/keys/vera.pub").unlink()
    project.write("trust.yaml", trust_of(project, mila="data-scientist", rosa="risk-owner"))
    trail.refresh()
    assert read == [last]
    found = trail.trail().at_index(last)
    assert found is not None
    assert (found.signature, found.unmatched) == ("unknown-key", 1)
    assert trail.trail().rebuilt() == []


def test_a_waiver_ends_on_its_day(project: SmallProject, trail: StandingTrail) -> None:
    waive = (
        "waive",
        "--control",
        "sex-gap",
        "--role",
        "risk-owner",
        "--as",
        "rosa",
        "--reason",
        "few people",
        "--compensating",
        "a second look",
    )
    assert project.say(*waive, "--expires", "2026-12-31").code == 0
    trail.refresh()
    connection = trail.view().connection
    (one,) = standing_of(connection, "small", today=DAY)
    assert one.expires == "2026-12-31"
    assert [(each.kind, each.control) for each in expiries(connection, one.model_sha256, today=DAY)] == [
        ("waiver", "sex-gap")
    ]
    assert standing_of(connection, "small", today="2027-01-01")[0].expires is None
    assert standings(connection, Wanted(expires_before="2027-01-01"), today=DAY).total == 1
    assert standings(connection, Wanted(expires_before="2026-12-31"), today=DAY).total == 0


def test_before_anything_is_recorded_it_is_empty(tmp_path: Path) -> None:
    trail = open_standing_trail(tmp_path)
    assert trail.refresh() == 0
    assert inventory(trail.view()).rows == ()
    assert standings(trail.view().connection, today=DAY).total == 0
    with pytest.raises(InputError, match="nothing is recorded yet"):
        trail.trail()
    trail.close()


def test_many_threads_ask_while_the_log_grows(project: SmallProject, trail: StandingTrail) -> None:
    wrong: list[BaseException] = []
    over = threading.Event()

    def ask() -> None:
        try:
            while not over.is_set():
                trail.refresh()
                view = trail.view().about("small")
                assert [row["version"] for row in inventory(view, "small").rows] == ["1"]
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            wrong.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    for number in range(3):
        assert project.say(*ACK, f"alert=a{number}").code == 0
    over.set()
    for one in threads:
        one.join(60)
    assert wrong == []
    assert trail.refresh() == trail.view().size


def test_a_rewritten_log_is_told_and_what_was_known_stays(project: SmallProject, trail: StandingTrail) -> None:
    before = trail.size
    old = project.root / "old"
    shutil.copytree(project.root / ".assay/log", old)
    assert project.say(*ACK, "alert=a").code == 0
    assert trail.refresh() == before + 1
    shutil.rmtree(project.root / ".assay/log")
    old.rename(project.root / ".assay/log")
    with pytest.raises(VerificationError, match="cut: its projection has seen"):
        trail.refresh()
    assert trail.view().size == before + 1


def test_a_projection_that_is_no_database_is_told(project: SmallProject) -> None:
    (project.root / ".assay/trail.sqlite").write_bytes(b"no database at all, but long enough to look at" * 40)
    with pytest.raises(StorageError, match="remove it and ask again"):
        open_standing_trail(project.root)
