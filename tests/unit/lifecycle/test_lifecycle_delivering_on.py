"""One bad release holds nothing else up; keys of a log that nothing vouches for wait for an administrator."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from assay.adapters.folder_reader import FolderReader
from assay.lifecycle.log_handover import ed25519_keys
from assay.lifecycle.receiving_checks import UnvouchedError
from delivery_home import BareLog, DeliveryHome, decided_project, pipeline_of

if TYPE_CHECKING:
    from pathlib import Path

ANY = pipeline_of()


@pytest.fixture
def home(tmp_path: Path) -> DeliveryHome:
    return DeliveryHome(tmp_path / "home")


def test_an_administrator_may_accept_a_key_that_nobody_vouches_for(home: DeliveryHome, tmp_path: Path) -> None:
    log = BareLog(tmp_path / "project" / "log")
    log.append(b"one")
    home.receiver.take(log.delivery(0), ANY)
    shutil.rmtree(tmp_path / "project")
    again = BareLog(tmp_path / "project" / "log")
    again.append(b"one")
    again.append(b"two")
    now = ed25519_keys(FolderReader.open(again.folder).keys)
    with pytest.raises(UnvouchedError, match="An administrator of the server can accept it") as caught:
        home.receiver.take(again.delivery(1), ANY)
    assert caught.value.keys == now
    accepted = pipeline_of(vkeys={now.origin: now})
    assert home.receiver.take(again.delivery(1), accepted).new == 1
    assert home.receiver.reached(now.origin).vkey == str(now.newest)


def test_one_bad_release_holds_nothing_else_up_and_is_sent_again(
    home: DeliveryHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = decided_project(tmp_path / "project", capsys)
    config = project.root / "assay.yaml"
    config.write_text(config.read_text().replace('version: "1"', 'version: "2"'))
    assert project.say("run").code == 0
    bad = project.root / ".assay/releases/small/1/verdict.json"
    kept = bad.read_bytes()
    bad.write_bytes(kept.replace(b'"decision":"allow"', b'"decision":"warn"'))
    assert bad.read_bytes() != kept
    pushed = home.push(project.root)
    assert [(one.model, one.version) for one in pushed.outcomes] == [("small", "2")]
    ((refused),) = pushed.refused
    assert refused.place == ("small", "1", "")
    assert "verdict" in refused.words
    assert pushed.reached[next(iter(pushed.reached))].size == pushed.entries
    again = home.push(project.root, again=pushed.refused)
    assert [one.place for one in again.refused] == [("small", "1", "")]
    bad.write_bytes(kept)
    mended = home.push(project.root, again=again.refused)
    assert ([(one.model, one.version) for one in mended.outcomes], mended.refused) == ([("small", "1")], [])
