"""A log whose tiles go to Azure, too: made from the options of `assay log init`, on a container with the real rules."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from assay.adapters import azure_container
from assay.adapters.folder_log import FolderLog
from assay.adapters.places_azure import CONNECTION, InAzure, parse_account, parse_container
from assay.cli import answer
from assay.errors import InputError
from azure_fake import AzureFake

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0"
INIT = ("--origin", "example.com/log", "--azure", "tiles/credit", "--mode", "unlocked", "--retain-days", "3650")


@pytest.fixture
def containers(monkeypatch: pytest.MonkeyPatch) -> dict[str, AzureFake]:
    """Two containers behind the service's address, which only a connection string opens."""
    made = {"tiles": AzureFake("tiles", versions=True), "tiles-head": AzureFake("tiles-head", versions=False)}

    def connect(name: str, *, connection: str | None = None, account_url: str | None = None) -> AzureFake:
        assert (connection, account_url) == (SECRET, None)
        return made[name]

    monkeypatch.setattr(azure_container, "connect", connect)
    monkeypatch.setenv(CONNECTION, SECRET)
    return made


def test_every_tile_goes_there_and_a_check_reads_it_again(
    containers: dict[str, AzureFake], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "L"
    assert answer(["log", "init", str(folder), *INIT]) == 0
    log = FolderLog.open(folder)
    log.append([b"%d" % number for number in range(300)])
    assert log.check().problems == ()
    locked, head = containers["tiles"].blobs, containers["tiles-head"].blobs
    assert {"credit/tile/0/000", "credit/tile/entries/000"} <= locked.keys()
    assert all(one.versions[0].policy is not None for one in locked.values())
    assert {"credit/checkpoint", "credit/tile/entries/001.p/44"} <= head.keys()
    assert head["credit/checkpoint"].versions[-1].content == (folder / "checkpoint").read_bytes()
    log.archive()
    assert "credit/checkpoints/300" in locked
    log.write_once().set_legal_hold("checkpoints/300", on=True)
    assert locked["credit/checkpoints/300"].versions[0].held
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"AccountKey" not in kept
    containers["tiles"].put("credit/tile/0/000", b"other")
    assert "a later version" in "\n".join(log.check().problems)
    capsys.readouterr()


def test_partial_tiles_of_an_interrupted_publisher_are_collected(
    containers: dict[str, AzureFake], tmp_path: Path
) -> None:
    folder = tmp_path / "L"
    assert answer(["log", "init", str(folder), *INIT]) == 0
    log = FolderLog.open(folder)
    log.append([b"%d" % number for number in range(256)])
    containers["tiles-head"].put("credit/tile/0/000.p/7", b"left")
    assert log.collect() == 1
    assert "credit/tile/0/000.p/7" not in containers["tiles-head"].blobs


def test_without_the_connection_string_nothing_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(CONNECTION, raising=False)
    assert answer(["log", "init", str(tmp_path / "L"), *INIT]) == 2
    assert CONNECTION in capsys.readouterr().err


def test_a_container_that_is_not_fit_is_named(
    containers: dict[str, AzureFake], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    containers["tiles"] = AzureFake("tiles", versions=False)
    assert answer(["log", "init", str(tmp_path / "L"), *INIT]) == 2
    assert "version-level immutability is not enabled" in capsys.readouterr().err


def test_locks_are_by_date_or_by_days() -> None:
    until = dt.datetime(2037, 1, 1, tzinfo=dt.UTC)
    dated = InAzure("tiles", "head", "", "Locked", until)
    assert (dated.lock().retain_until, dated.least_lock().mode) == (until, "Locked")
    counted = InAzure("tiles", "head", "", "Unlocked", None, 30)
    assert counted.lock().retain_until > dt.datetime.now(dt.UTC) + dt.timedelta(days=29)
    assert counted.least_lock().retain_until.year == 1970


@pytest.mark.parametrize("text", ["ab", "Tiles", "a--b", "-ab", "tiles//x", "s3://tiles"])
def test_what_is_no_container_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="expected CONTAINER or CONTAINER/PREFIX"):
        parse_container(text, "--azure")


def test_an_account_is_an_address_without_a_signature() -> None:
    assert parse_account("https://a.blob.core.windows.net") == "https://a.blob.core.windows.net"
    for url in ("http://a.net", "https://a.net?sv=1&sig=x", "a.net"):
        with pytest.raises(InputError, match="without a signature"):
            parse_account(url)
