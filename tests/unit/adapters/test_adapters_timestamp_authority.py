"""Timestamps over checkpoints, by an authority of our own, held to what OpenSSL says of them."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from assay.adapters.http_post import NoAnswerError
from assay.adapters.timestamp_authority import (
    anchor_checkpoint,
    read_timestamp,
    request_timestamp,
    timestamp_path,
)
from assay.errors import InputError, MissingExtraError, VerificationError
from assay.tlog.checkpoint import Checkpoint
from assay.tlog.merkle import EMPTY_ROOT
from assay.tlog.signer import sign_note, signer_key
from assay.tlog.timestamp import Timestamp, parse_roots, verify_timestamp
from unit.adapters.openssl_authority import Authority, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here to be the authority")

NOTE = sign_note(Checkpoint("example.com/log", 0, EMPTY_ROOT).text(), [signer_key("example.com/log", bytes(range(32)))])


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "one")


@pytest.fixture(scope="module")
def address(authority: Authority) -> Iterator[str]:
    with served(authority) as found:
        yield found


@pytest.fixture(scope="module")
def response(authority: Authority, address: str) -> bytes:
    return request_timestamp(NOTE, address, parse_roots(authority.root))


def openssl_verifies(authority: Authority, checkpoint: Path) -> bool:
    files = ["-data", str(checkpoint), "-in", str(timestamp_path(checkpoint)), "-CAfile", "root.pem"]
    done = subprocess.run(
        ["openssl", "ts", "-verify", *files], cwd=authority.folder, check=False, capture_output=True, timeout=60
    )
    return done.returncode == 0


def test_a_timestamp_is_stored_beside_its_checkpoint_and_verifies_offline(
    authority: Authority, address: str, tmp_path: Path
) -> None:
    roots, checkpoint = parse_roots(authority.root), tmp_path / "0"
    checkpoint.write_bytes(NOTE)
    before = dt.datetime.now(dt.UTC).replace(microsecond=0)
    path = anchor_checkpoint(checkpoint, address, roots)
    assert path == tmp_path / "0.tsr"
    found = read_timestamp(checkpoint, roots)
    assert before <= found.time <= dt.datetime.now(dt.UTC)
    assert (found.policy, found.authority) == ("1.3.6.1.4.1.99999.1", "CN=Test authority")
    assert openssl_verifies(authority, checkpoint)
    stored = path.read_bytes()
    assert anchor_checkpoint(checkpoint, address, roots) == path
    assert path.read_bytes() == stored  # once is enough
    checkpoint.write_bytes(NOTE.replace(b"\n0\n", b"\n1\n"))
    assert not openssl_verifies(authority, checkpoint)
    with pytest.raises(VerificationError, match="does not hold over this checkpoint"):
        read_timestamp(checkpoint, roots)
    with pytest.raises(VerificationError, match="It was stored before"):
        anchor_checkpoint(checkpoint, address, roots)


def test_two_authorities_stand_beside_each_other(authority: Authority, address: str, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other")
    checkpoint = tmp_path / "0"
    checkpoint.write_bytes(NOTE)
    anchor_checkpoint(checkpoint, address, parse_roots(authority.root))
    with served(other) as second:
        anchor_checkpoint(checkpoint, second, parse_roots(other.root), authority="other")
    assert read_timestamp(checkpoint, parse_roots(other.root), authority="other").serial == 2
    both = parse_roots(authority.root + other.root)
    assert read_timestamp(checkpoint, both).authority == "CN=Test authority"
    with pytest.raises(VerificationError, match="does not hold"):
        read_timestamp(checkpoint, parse_roots(other.root))


def test_a_flipped_bit_fails_or_changes_nothing_that_is_told(authority: Authority, response: bytes) -> None:
    roots = parse_roots(authority.root)
    told = verify_timestamp(NOTE, response, roots)
    refused = 0
    for at in range(len(response)):
        broken = bytearray(response)
        broken[at] ^= 1 << at % 8
        try:
            found: Timestamp | None = verify_timestamp(NOTE, bytes(broken), roots)
        except VerificationError:
            found, refused = None, refused + 1
        assert found in {None, told}, f"byte {at}"
    assert refused > len(response) * 0.95  # the rest names algorithms outside the signature


@pytest.mark.parametrize("content", [b"", b"\x30\x00", b"garbage", b"\x30\x03\x02\x01\x02", bytes(100_000)])
def test_what_is_no_timestamp_is_refused(authority: Authority, content: bytes) -> None:
    with pytest.raises(VerificationError, match="timestamp: expected"):
        verify_timestamp(NOTE, content, parse_roots(authority.root))


def test_an_old_answer_replayed_is_noticed(authority: Authority, response: bytes, tmp_path: Path) -> None:
    class Replaying(Authority):
        def __init__(self) -> None:
            self.folder = authority.folder

        def reply(self, query: bytes) -> bytes:
            del query
            return response

    with served(Replaying()) as address, pytest.raises(VerificationError, match="Nonce mismatch"):
        request_timestamp(NOTE, address, parse_roots(authority.root))
    assert not list(tmp_path.iterdir())


def test_an_authority_that_is_down_stores_nothing(authority: Authority, tmp_path: Path) -> None:
    checkpoint = tmp_path / "0"
    checkpoint.write_bytes(NOTE)
    with served(authority) as address:
        pass
    with pytest.raises(NoAnswerError, match="no answer"):
        anchor_checkpoint(checkpoint, address, parse_roots(authority.root))
    assert [path.name for path in tmp_path.iterdir()] == ["0"]


def test_roots_and_files_are_asked_for_in_words(authority: Authority, response: bytes, tmp_path: Path) -> None:
    roots = parse_roots(authority.root)
    with pytest.raises(InputError, match=r"trust\.pem: expected certificates in PEM"):
        parse_roots(b"nothing", name="trust.pem")
    with pytest.raises(InputError, match="expected the root certificates"):
        verify_timestamp(NOTE, response, [])
    with pytest.raises(InputError, match="expected a signed checkpoint at"):
        anchor_checkpoint(tmp_path / "none", "http://127.0.0.1:1/", roots)
    (tmp_path / "0").write_bytes(NOTE)
    with pytest.raises(InputError, match=r"found no .*0\.tsr"):
        read_timestamp(tmp_path / "0", roots)


def test_without_the_extra_the_line_that_installs_it_is_told(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'assay\[anchors\]'"):
        verify_timestamp(NOTE, b"", parse_roots(authority.root))
