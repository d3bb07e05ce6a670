"""Write-once storage that really runs: the rules of S3 Object Lock, and a log published under them.

Three stores: ministack, an emulator from PyPI (quick); Ceph's gateway from Debian's packages, which enforces the rules
as a production store does (slow); and, only if asked for, a cloud (`docs/how-to/publish-to-object-lock.md`). What a
store is known to get wrong is named in `KNOWN`, and a test fails when that stops being so.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.util
import os
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assay.adapters.s3_client import connect
from integration.s3_server import local, running_ministack, wait_for
from live_server import free_port
from s3_log import S3Log
from worm_scenarios import SCENARIOS, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLOUD = "ASSAY_S3_TEST_BUCKETS"
KNOWN = {
    ("ministack", "versioning_is_not_suspended"): "ministack 1.5.33 lets versioning be suspended",
    ("ceph", "a_wrong_checksum_is_refused"): "Ceph 16 does not know x-amz-checksum-sha256; reading back does its work",
    (
        "ceph",
        "a_locked_bucket_creates_once",
    ): "Ceph 16 ignores If-None-Match where there are versions; the first counts",
}
PATIENCE_S = 60

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running_ministack(tmp_path_factory.mktemp("ministack")) as store:
        yield store


class Ceph:
    """One monitor, one disk and a gateway on loopback, without a manager: as little of Ceph as serves S3.

    Messenger version 1 alone, or the gateway waits for minutes; the disk is placed in the map by hand.
    """

    PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "ceph-authtool", "monmaptool")

    def __init__(self, folder: Path) -> None:
        self.folder, self.monitor, self.gateway = folder, free_port(), free_port()
        self.identity = str(uuid.uuid4())
        for name in ("mon", "osd", "run"):
            (folder / name).mkdir()
        (folder / "ceph.conf").write_text(self._configuration(), encoding="utf-8")

    def _configuration(self) -> str:
        settings = {
            "fsid": self.identity,
            "mon_host": f"v1:127.0.0.1:{self.monitor}",
            "mon_initial_members": "a",
            "public_addr": "127.0.0.1",
            "cluster_addr": "127.0.0.1",
            "ms_bind_msgr2": "false",
            "auth_cluster_required": "none",
            "auth_service_required": "none",
            "auth_client_required": "none",
            "osd_pool_default_size": 1,
            "osd_pool_default_min_size": 1,
            "osd_pool_default_pg_num": 8,
            "osd_pool_default_pg_autoscale_mode": "off",
            "mon_allow_pool_size_one": "true",
            "mon_data_avail_crit": 1,
            "osd_crush_chooseleaf_type": 0,
            "osd_crush_update_on_start": "false",
            "osd_class_update_on_start": "false",
            "osd_objectstore": "bluestore",
            "bluestore_block_size": 2 << 30,
            "mon_data": self.folder / "mon",
            "osd_data": self.folder / "osd",
            "run_dir": self.folder / "run",
            "admin_socket": self.folder / "run" / "$name.asok",
            "pid_file": self.folder / "run" / "$name.pid",
            "log_file": self.folder / "$name.log",
        }
        return "\n".join(["[global]", *(f"{name} = {value}" for name, value in settings.items()), ""])

    def run(self, *command: str) -> None:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"

    def ceph(self, *words: str) -> None:
        self.run("ceph", "-c", "ceph.conf", "-k", "keyring", *words)

    def start(self) -> None:
        self.run(
            "monmaptool", "--create", "--addv", "a", f"[v1:127.0.0.1:{self.monitor}]", "--fsid", self.identity, "monmap"
        )
        self.run("ceph-authtool", "--create-keyring", "keyring", "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
        everything = [word for who in ("mon", "osd", "mgr") for word in ("--cap", who, "allow *")]
        self.run("ceph-authtool", "keyring", "--gen-key", "-n", "client.admin", *everything)
        self.run(*["ceph-mon", "-c", "ceph.conf", "--mkfs", "-i", "a", "--monmap", "monmap", "--keyring", "keyring"])
        self.run(*["ceph-mon", "-c", "ceph.conf", "-i", "a"])
        disk = str(uuid.uuid4())
        self.ceph("osd", "new", disk)
        self.ceph(*["osd", "crush", "add-bucket", "h0", "host"])
        self.ceph(*["osd", "crush", "move", "h0", "root=default"])
        self.ceph(*["osd", "crush", "add", "osd.0", "1.0", "host=h0"])
        self.run(*["ceph-osd", "-c", "ceph.conf", "-i", "0", "--mkfs", "--osd-uuid"], disk)
        self.run(*["ceph-osd", "-c", "ceph.conf", "-i", "0"])
        caps = ["--cap", "mon", "allow rw", "--cap", "osd", "allow rwx"]
        self.run("ceph-authtool", "keyring", "--gen-key", "-n", "client.rgw.a", *caps)
        self.ceph(*["auth", "add", "client.rgw.a", "-i", "keyring"])
        frontend = f"beast endpoint=127.0.0.1:{self.gateway}"
        self.run(*["radosgw", "-c", "ceph.conf", "-k", "keyring", "-n", "client.rgw.a", "--rgw-thread-pool-size", "16"],
                 "--pid-file", str(self.folder / "run" / "rgw.pid"), "--rgw-frontends", frontend)  # fmt: skip
        wait_for(f"http://127.0.0.1:{self.gateway}/", lambda: True)
        names = "--uid=gov --display-name=gov --access-key=gov --secret-key=govsecret"
        self.run(*f"radosgw-admin -c ceph.conf -k keyring user create {names}".split())

    def stop(self) -> None:
        """End what was started here, by the numbers that it wrote down, and wait for it."""
        files = [self.folder / "run" / f"{name}.pid" for name in ("rgw", "client.rgw.a", "osd.0", "mon.a")]
        processes = {int(file.read_text()) for file in files if file.is_file()}
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, sign)
            end = time.monotonic() + 20
            while time.monotonic() < end and any(Path(f"/proc/{process}").exists() for process in processes):
                time.sleep(0.1)


@pytest.fixture(scope="module")
def ceph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    if importlib.util.find_spec("boto3") is None:
        pytest.skip("boto3 is not installed")
    missing = [program for program in Ceph.PROGRAMS if shutil.which(program) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root and Debian's ceph-mon ceph-osd radosgw ceph-common; missing: {missing}")
    folder = tmp_path_factory.mktemp("ceph")
    cluster = Ceph(folder)
    try:
        cluster.start()
        yield local(cluster.gateway, "gov", "govsecret")
    finally:
        cluster.stop()
        shutil.rmtree(folder)  # a disk of 2 GiB, most of it empty


@pytest.fixture(scope="module")
def cloud() -> Store:
    stem = os.environ.get(CLOUD)
    if not stem:
        pytest.skip(f"{CLOUD} is not set: no cloud is asked for")
    return Store(connect(os.environ.get("ASSAY_S3_TEST_ENDPOINT")), stem=f"{stem}-{uuid.uuid4().hex[:8]}")


STORES = [pytest.param("ministack"), pytest.param("ceph", marks=pytest.mark.slow), pytest.param("cloud")]


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Store:
    found: Store = request.getfixturevalue(request.param)
    scenario: Any = request.node.callspec.params.get("scenario")
    known = KNOWN.get((request.param, scenario.__name__)) if scenario else None
    if known:
        request.applymarker(pytest.mark.xfail(reason=known, strict=True))
    return found


@pytest.mark.parametrize("store", STORES, indirect=True)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_a_store_is_write_once(scenario: Callable[[Store], None], store: Store) -> None:
    scenario(store)


@pytest.mark.parametrize("store", STORES, indirect=True)
def test_a_log_is_published_and_what_lies_over_it_hides_nothing(store: Store, tmp_path: Path) -> None:
    log = S3Log(tmp_path / "private", store, mode="GOVERNANCE")
    for first, end in ((0, 3), (3, 255), (255, 256), (256, 257), (257, 600)):
        log.append([b"entry %d" % index for index in range(first, end)])
        assert log.opened().checkpoint.size == end
    assert log.problems() == []
    assert not [path for path in log.tiles.paths() if path.startswith(("tile/0/000.p", "tile/entries/000.p"))]
    key = "credit/2026/tile/entries/000"
    (version,) = [found.version for found in log.tiles.locked_versions("tile/entries/000")]
    store.refuses({"AccessDenied"}, "delete_object", Bucket=log.locked, Key=key, VersionId=version)
    content = log.tiles.fetch("tile/entries/000")
    store.client.delete_object(Bucket=log.locked, Key=key)
    store.client.put_object(Bucket=log.locked, Key=key, Body=b"forged")
    assert log.tiles.fetch("tile/entries/000") == content
    assert len(log.problems()) == 2
    assert log.append([b"entry 600"]).checkpoint.size == 601
    log.tiles.set_legal_hold("tile/entries/000", on=True)
    log.tiles.set_legal_hold("tile/entries/000", on=False)


@pytest.mark.parametrize("store", STORES, indirect=True)
def test_an_interrupted_publisher_is_finished(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = S3Log(tmp_path / "private", store, mode="GOVERNANCE")
    log.append([b"%d" % index for index in range(255)])
    with monkeypatch.context() as patch:
        patch.setattr(log.tiles, "replace_checkpoint", _unplugged)
        with pytest.raises(KeyboardInterrupt):
            log.append([b"255", b"256"])
    assert log.opened().checkpoint.size == 255
    assert log.publish().checkpoint.size == 257
    assert log.problems() == []
    stored = next(log.tiles.locked_versions("tile/0/000"))
    held = store.client.get_object_retention(Bucket=log.locked, Key="credit/2026/tile/0/000", VersionId=stored.version)
    assert held["Retention"]["RetainUntilDate"] > dt.datetime.now(dt.UTC)


def _unplugged(_old: bytes, _new: bytes) -> None:
    raise KeyboardInterrupt
