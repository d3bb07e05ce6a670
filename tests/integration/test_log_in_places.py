"""`assay log` on a log whose entries wait in a real PostgreSQL, and on one that is published to S3 with Object Lock."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assay.adapters.folder_log import FolderLog, open_log
from assay.adapters.recorded_times import recorded_times
from assay.errors import StorageError
from assay.lifecycle.log_trust import at_time
from integration.postgres_server import Server, running
from integration.s3_server import running_ministack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worm_scenarios import Store

pytestmark = pytest.mark.service

SOURCE = Path(__file__).parents[2] / "src"
CODE = "import sys; from assay.cli import main; main(sys.argv[1:])"


def environment() -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    return {**os.environ, **keys, "PYTHONPATH": str(SOURCE)}


def assay(folder: Path, *arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, "log", *arguments],
        cwd=folder, env=environment(), input=given, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture
def shared(server: Server, tmp_path: Path) -> Path:
    """A log in PostgreSQL: made by the owner, with a role that appends and nothing else."""
    for schema in ("example_com_log",):
        server.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    dsn = f"{server.conninfo()} password=not-to-be-kept"
    code, out, words = assay(
        tmp_path, "init", "L", "--origin", "example.com/log", "--postgres", dsn, "--writer", "ingest"
    )
    assert (code, out[:16]) == (0, "example.com/log+")
    assert "note: the password is not kept" in words
    assert "the PostgreSQL schema example_com_log" in words
    return tmp_path


def submitted(server: Server, folder: Path, *words: str, given: bytes = b"") -> tuple[int, str, str]:
    place = ("--postgres", server.conninfo("ingest"), "--schema", "example_com_log")
    return assay(folder, "submit", *words, *place, given=given)


def test_a_log_in_postgresql_is_a_log_as_any_other(shared: Path, server: Server) -> None:
    kept = b"".join(path.read_bytes() for path in shared.rglob("*") if path.is_file())
    assert b"not-to-be-kept" not in kept
    (shared / "a").write_bytes(b"first")
    assert assay(shared, "append", "L", "a", "--event-id", "1")[1].split(" ")[0] == "0"
    assert assay(shared, "append", "L", "--lines", "-", given=b"second\nthird")[0] == 0
    assert assay(shared, "append", "L", "a", "--event-id", "1")[1].split(" ")[0] == "0"
    assert assay(shared, "tail", "L")[1].splitlines() == ["0 first", "1 second", "2 third"]
    assert assay(shared, "prove", "L", "2", "-o", "p")[0] == 0
    assert (shared / "p").read_bytes().startswith(b"c2sp.org/tlog-proof@v1\n")
    assert assay(shared, "vkey", "L")[1] == (shared / "L.vkey").read_text()
    code, out, _ = assay(shared, "check", "L", "--format", "json")
    assert (code, json.loads(out)["size"]) == (0, 3)
    assert not (shared / "L.private" / "entries.db").exists()
    server.execute("ALTER TABLE entry DISABLE TRIGGER ALL", log="example_com_log")
    assert submitted(server, shared, "a", "--event-id", "9")[0] == 0
    server.execute("UPDATE entry SET content = 'forged' WHERE idx = 3", log="example_com_log")
    code, out, _ = assay(shared, "check", "L")
    assert code == 1
    assert "do not hash to the root committed at size 4" in out
    code, _, words = assay(shared, "checkpoint", "L")
    assert code == 1
    assert "Nothing was signed" in words


def test_machines_without_the_key_submit_once_and_one_publisher_follows(shared: Path, server: Server) -> None:
    (shared / "run").write_bytes(b'{"run": 4711}')
    for _ in range(2):  # as two machines, or one that lost its connection
        assert submitted(server, shared, "run", "--event-id", "run 4711")[:2] == (0, "0 run\n")
    (shared / "other").write_bytes(b"other")
    code, out, words = submitted(server, shared, "other", "--event-id", "run 4711")
    assert (code, out) == (2, "")
    assert "is that of entry 0, which has another content" in words
    with subprocess.Popen(
        [sys.executable, "-u", "-c", CODE, "log", "publish", "L", "--follow"],
        cwd=shared, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as follower:  # fmt: skip
        try:
            assert follower.stdout is not None
            assert follower.stdout.readline() == "example.com/log: 1 entries are published\n"
            assert submitted(server, shared, "--lines", "-", given=b"one\ntwo\none\n")[:2] == (0, "1\n2\n1\n")
            assert follower.stdout.readline() == "example.com/log: 3 entries are published\n"
            assert assay(shared, "append", "L", "other")[0] == 0  # beside the publisher, which lets it between
            follower.send_signal(signal.SIGTERM)
            assert follower.wait(20) == 0
        finally:
            follower.kill()
    assert assay(shared, "check", "L")[0] == 0
    with pytest.raises(Exception, match="permission denied"):
        server.execute("SELECT content FROM entry", "ingest", "example_com_log")


def test_a_second_publisher_waits_and_is_told(shared: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from assay.adapters import log_places  # noqa: PLC0415 - to shorten its patience
    from assay.adapters.postgres_sequencer import PostgresSequencer  # noqa: PLC0415 - an extra

    monkeypatch.setattr(log_places, "LEASE_SECONDS", 0.5)
    opened = FolderLog.open(shared / "L")
    with PostgresSequencer(server.conninfo(), "example_com_log") as other, other.lease():
        began = time.monotonic()
        with pytest.raises(StorageError, match="another publisher holds the log"):
            opened.append([b"x"])
        assert time.monotonic() - began >= 0.5
    (done,) = opened.append([b"x"])
    assert done.index == 0


def test_a_project_goes_on_in_a_log_that_is_in_postgresql(shared: Path) -> None:
    began = int(time.time())
    (receipt,) = open_log(shared / "L", "credit").append([b"a verdict"])
    assert (receipt.origin, receipt.index) == ("example.com/log", 0)
    told = recorded_times(shared / "L")
    assert at_time(began) <= str(told(0)) <= at_time(int(time.time()))
    assert told(1) is None


def test_a_log_in_postgresql_ends_and_another_goes_on(shared: Path, server: Server) -> None:
    assert assay(shared, "append", "L", "--lines", "-", given=b"one")[0] == 0
    assert assay(shared, "freeze", "L", "--successor", "example.com/next")[0] == 0
    (shared / "late").write_bytes(b"late")
    code, _, words = submitted(server, shared, "late")
    assert code == 2
    assert "the log is frozen: nothing was appended. Its last entry, 1, names the log that goes on" in words
    assert assay(shared, "rotate-key", "L")[0] == 2
    place = ("--postgres", server.conninfo(), "--schema", "example_com_next")
    server.execute("DROP SCHEMA IF EXISTS example_com_next CASCADE")
    code, _, words = assay(shared, "init", "M", "--after", "L", *place)
    assert code == 0, words
    assert assay(shared, "append", "M", "late")[1].split(" ")[0] == "1"
    assert assay(shared, "rotate-key", "M")[0] == 0
    for name in ("L", "M"):
        code, out, _ = assay(shared, "check", name)
        assert code == 0, out


def test_retiring_a_log_leaves_nothing_of_it_in_postgresql(shared: Path, server: Server) -> None:
    assert submitted(server, shared, "--lines", "-", given=b"secret one\nsecret two\n")[0] == 0
    assert assay(shared, "freeze", "L", "--successor", "example.com/next")[0] == 0
    assert assay(shared, "init", "M", "--after", "L")[0] == 0
    places = shared / "L.private" / "places.json"
    owner = places.read_text()
    places.write_text(owner.replace("user=gov", "user=ingest"))  # as where another role publishes
    code, out, words = assay(shared, "retire", "L")
    assert (code, out) == (2, "")
    assert "PostgreSQL schema example_com_log: must be owner of table" in words
    assert 'Let the owner of the schema run: DROP SCHEMA "example_com_log" CASCADE' in words
    assert sorted(one.name for one in (shared / "L").iterdir()) == ["checkpoint"]
    assert "were deleted by policy on" in assay(shared, "check", "L")[1]
    assert (b"secret one",) in server.execute("SELECT content FROM entry", log="example_com_log")
    places.write_text(owner)
    server.execute("CREATE TABLE example_com_log.other (x integer)")  # somebody else's
    code, out, words = assay(shared, "retire", "L")
    assert (code, words) == (0, "")
    assert out.startswith("the 3 entries of the log example.com/log were deleted by policy")
    kept = "SELECT relname FROM pg_class WHERE relnamespace = 'example_com_log'::regnamespace"
    assert server.execute(kept) == [("other",)]
    assert server.execute(f"SELECT proname FROM pg_proc WHERE pronamespace = {kept.partition('= ')[2]}") == []
    assert not (shared / "L.private").exists()
    assert assay(shared, "retire", "L")[0] == 0


@pytest.mark.parametrize("gone", ["by the owner's hand", "by the verb"])
def test_a_schema_of_its_own_goes_with_its_log(shared: Path, server: Server, gone: str) -> None:
    assert assay(shared, "freeze", "L", "--successor", "example.com/next")[0] == 0
    assert assay(shared, "init", "M", "--after", "L")[0] == 0
    if gone == "by the owner's hand":
        from assay.adapters.log_retiring import retire  # noqa: PLC0415 - beside its only use

        places = shared / "L.private" / "places.json"
        places.write_text(places.read_text().replace("user=gov", "user=ingest"))
        with pytest.raises(StorageError, match="Let the owner"):
            retire(shared / "L", "retention-over", "2037-01-01T00:00:00Z")
        server.execute('DROP SCHEMA "example_com_log" CASCADE')
    code, _, words = assay(shared, "retire", "L")
    assert (code, words) == (0, "")
    assert server.execute("SELECT to_regnamespace('example_com_log')") == [(None,)]


def test_a_schema_that_holds_a_log_is_not_taken_for_another(shared: Path, server: Server) -> None:
    assert assay(shared, "append", "L", "--lines", "-", given=b"one")[0] == 0
    place = ("--postgres", server.conninfo(), "--schema", "example_com_log")
    code, _, words = assay(shared, "init", "M", "--origin", "example.com/other", *place)
    assert code == 2
    assert "expected an empty log in the schema example_com_log, found 1 entries" in words


def test_a_database_that_is_away_is_told(tmp_path: Path) -> None:
    place = ("--postgres", f"host={tmp_path} dbname=logs connect_timeout=2")
    code, _, words = assay(tmp_path, "init", "L", "--origin", "example.com/log", *place)
    assert code == 2
    assert "PostgreSQL schema example_com_log: connection" in words
    assert not (tmp_path / "L.private" / "guard").exists()
    code, _, words = assay(tmp_path, "init", "L", "--origin", "example.com/log", "--postgres", "host=a b=c d")
    assert code == 2
    assert "expected a connection string such as" in words


# Object Lock.


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running_ministack(tmp_path_factory.mktemp("ministack")) as store:
        yield store


@pytest.fixture
def locked(ministack: Store, tmp_path: Path) -> tuple[Path, Store, str, str]:
    bucket, head = ministack.bucket(lock=True), ministack.bucket(lock=False)
    endpoint = ministack.client.meta.endpoint_url
    code, out, words = assay(
        tmp_path, "init", "L", "--origin", "example.com/log", "--s3", f"s3://{bucket}/credit/2026", "--head",
        f"s3://{head}", "--mode", "governance", "--retain-days", "1", "--endpoint", endpoint,
    )  # fmt: skip
    assert (code, out[:16]) == (0, "example.com/log+"), words
    return tmp_path, ministack, bucket, head


def test_a_log_is_published_under_object_lock_and_checked_there(locked: tuple[Path, Store, str, str]) -> None:
    folder, store, bucket, head = locked
    lines = b"\n".join(b"entry %d" % i for i in range(300))
    assert assay(folder, "append", "L", "--lines", "-", given=lines)[0] == 0
    note = store.client.get_object(Bucket=head, Key="credit/2026/checkpoint")["Body"].read()
    assert note == (folder / "L" / "checkpoint").read_bytes()
    assert assay(folder, "checkpoint", "L")[0] == 0
    code, out, words = assay(folder, "check", "L")
    assert code == 0, out + words
    held = ("hold", "L", "tile/entries/000")
    assert assay(folder, *held)[1] == "tile/entries/000: on hold until `assay log hold --lift`\n"
    assert assay(folder, *held, "--lift")[0] == 0
    code, _, words = assay(folder, "hold", "L", "tile/entries/009")
    assert code == 2
    assert "expected an object to hold, found none" in words
    key = "credit/2026/tile/entries/000"
    store.client.put_object(Bucket=bucket, Key=key, Body=b"forged")
    store.client.delete_object(Bucket=bucket, Key="credit/2026/checkpoints/300")
    partial = "credit/2026/tile/entries/001.p/44"
    store.client.put_object(Bucket=head, Key=partial, Body=b"forged")
    code, out, _ = assay(folder, "check", "L")
    assert code == 1
    assert f"store: s3://{bucket}/{key}: a later version" in out
    assert f"store: s3://{bucket}/credit/2026/checkpoints/300: a delete marker" in out
    assert "store: tile/entries/001.p/44" in out


def test_a_store_that_is_away_makes_publishing_wait(locked: tuple[Path, Store, str, str]) -> None:
    folder, store, _, head = locked
    assert assay(folder, "append", "L", "--lines", "-", given=b"one")[0] == 0
    kept = (folder / "L.private" / "places.json").read_text()
    (folder / "L.private" / "places.json").write_text(
        kept.replace(store.client.meta.endpoint_url, "http://127.0.0.1:9")
    )
    code, _, words = assay(folder, "append", "L", "--lines", "-", given=b"two")
    assert code == 2
    assert "Nothing" in words
    (folder / "L.private" / "places.json").write_text(kept)
    assert assay(folder, "append", "L", "--lines", "-", given=b"two")[0] == 0
    note = store.client.get_object(Bucket=head, Key="credit/2026/checkpoint")["Body"].read()
    assert note == (folder / "L" / "checkpoint").read_bytes()


def test_a_store_that_knows_more_stops_a_restored_machine(locked: tuple[Path, Store, str, str]) -> None:
    import shutil  # noqa: PLC0415 - beside its only use

    folder, _, _, _ = locked
    for name in ("L", "L.private"):
        shutil.copytree(folder / name, folder / f"{name}.before")
    assert assay(folder, "append", "L", "--lines", "-", given=b"one")[0] == 0
    for name in ("L", "L.private"):
        shutil.rmtree(folder / name)
        (folder / f"{name}.before").rename(folder / name)
    code, _, words = assay(folder, "append", "L", "--lines", "-", given=b"other")
    assert code == 1
    assert "store: its checkpoint has 1 entries, the guard here knows 0" in words


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--head", "s3://b"), "--head goes with --s3 or --azure"),
        (("--azure", "tiles"), "expected --mode locked|unlocked"),
        (("--azure", "tiles", "--mode", "governance", "--retain-days", "1"), "expected --mode locked|unlocked"),
        (("--azure", "T", "--mode", "unlocked", "--retain-days", "1"), "expected CONTAINER or CONTAINER/PREFIX"),
        (("--account", "https://a.blob.core.windows.net"), "--account goes with --azure"),
        (("--azure", "tiles", "--s3", "s3://bbb"), "--s3 and --azure: expected one of them"),
        (
            ("--azure", "tiles", "--mode", "unlocked", "--retain-days", "1", "--account", "https://a.net/?sig=x"),
            "without a signature",
        ),
        (("--s3", "s3://bbb/x"), "expected --mode compliance|governance"),
        (("--s3", "b/x", "--mode", "governance", "--retain-days", "1"), "expected s3://BUCKET"),
        (("--s3", "s3://bbb", "--mode", "governance", "--retain-until", "soon"), "expected a date such as"),
        (("--s3", "s3://bbb", "--mode", "governance", "--retain-until", "2020-01-01"), "expected a date to come"),
        (("--schema", "x"), "--schema goes with --postgres"),
    ],
)
def test_options_that_do_not_fit_are_told(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    code, _, said = assay(tmp_path, "init", "L", "--origin", "example.com/log", *options)
    assert code == 2
    assert words in said
    assert list(tmp_path.iterdir()) == []
