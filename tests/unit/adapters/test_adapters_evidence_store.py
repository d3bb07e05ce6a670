"""Long entries by digest: kept once, checked when read, and nothing else taken for one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from assay.adapters.evidence_store import EvidenceStore, digest_of, read_digest
from assay.adapters.folder_log import FolderLog
from assay.errors import VerificationError

if TYPE_CHECKING:
    from pathlib import Path

LONG = b"x" * 70_000


def test_long_contents_are_kept_and_short_ones_stay(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "log.evidence")
    entries = store.entries([b"short", LONG, LONG, bytes(65_535)])
    assert entries[0] == b"short"
    assert entries[1] == entries[2] == digest_of(LONG).entry()
    assert entries[3] == bytes(65_535)
    assert [store.resolve(entry) for entry in entries] == [b"short", LONG, LONG, bytes(65_535)]
    assert store.problems() == (1, [])
    assert (tmp_path / "log.evidence").stat().st_mode & 0o777 == 0o700
    assert EvidenceStore(tmp_path / "none").entries([b"short"]) == [b"short"]
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "entry",
    [
        b"", b"{}", digest_of(LONG).entry() + b"\n", digest_of(LONG).entry().replace(b":7", b": 7"),
        digest_of(LONG).entry().replace(b'size":7', b'size":07'), digest_of(LONG).entry().upper(),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_record_is_an_entry(tmp_path: Path, entry: bytes) -> None:
    assert read_digest(entry) is None
    assert EvidenceStore(tmp_path).resolve(entry) == entry


def test_other_bytes_under_a_digest_are_never_taken_over(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "log.evidence")
    store.entries([LONG])
    (kept,) = (path for path in tmp_path.rglob("*") if path.is_file())
    kept.write_bytes(LONG[:-1])
    with pytest.raises(VerificationError, match="its 69999 bytes are not those"):
        store.entries([LONG])
    kept.rename(kept.with_name("0" * 64))
    assert store.problems()[1] == [f"log.evidence/{kept.parent.name}/{'0' * 64}: its bytes do not hash to its name"]


def test_writers_of_the_same_content_do_not_meet(tmp_path: Path) -> None:
    log = FolderLog.init(tmp_path / "log", "example.com/log")
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.extend(log.by_digest([LONG, b"short"]))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [digest_of(LONG).entry(), b"short"] * 6
