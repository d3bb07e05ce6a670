"""`assay.verify` and `assay verify` take a release, an auditor bundle or a log, and say what was proven of each."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

import assay
from assay.adapters.checkpoint_archive import archive_checkpoint, keep_roots
from assay.adapters.folder_log import FolderLog
from assay.adapters.timestamp_authority import anchor_checkpoint
from assay.cli import answer
from assay.errors import EXIT_DENY, InputError, VerificationError
from assay.lifecycle.exporting import export_bundle, find_handover
from assay.lifecycle.verified_bundle import VerifiedBundle, policy_content
from assay.tlog.checkpoint import Checkpoint
from assay.tlog.merkle import hash_leaf
from assay.tlog.signer import parse_skey, sign_note, signer_key
from assay.tlog.timestamp import parse_roots
from assay.tlog.witness_policy import parse_witness_policy
from golden.auditor.golden_project import POLICY, make_project
from unit.adapters.openssl_authority import Authority, served
from unit.lifecycle.signed_release import make_release

if TYPE_CHECKING:
    from pathlib import Path

RELEASE = "releases/golden/1"
STRANGER = f"witness w {signer_key('example.com/witness', bytes(32), 4).verifier}\nquorum w\n"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture
def bundle(state: Path, tmp_path: Path) -> Path:
    path = tmp_path / "bundle.zip"
    path.write_bytes(export_bundle([state / RELEASE], find_handover(state)).content)
    return path


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(VerificationError) as caught:
        assay.verify(path, **options)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_bundle_is_verified_under_ones_own_trust(state: Path, bundle: Path, tmp_path: Path) -> None:
    inside = assay.verify(bundle)
    assert isinstance(inside, VerifiedBundle)
    assert inside.title.startswith("golden 1, decided: ")
    assert "come from inside the bundle" in inside.warnings[0]
    trust = [state.parent / "trust.yaml"]
    public = {path.stem: path for path in (state / "keys").glob("*.pub")}
    mine = assay.verify(bundle, trust=trust, keys=public, vkey=state / "log.vkey")
    assert isinstance(mine, VerifiedBundle)
    assert mine.warnings == ()
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(unpacked)
    assert assay.verify(unpacked).title == inside.title
    (tmp_path / "witnesses.policy").write_text(STRANGER)
    assert "do not make" in refusal(bundle, trust=[*trust, tmp_path / "witnesses.policy"], vkey=state / "log.vkey")


def test_a_bundle_that_was_changed_is_refused(bundle: Path) -> None:
    content = bundle.read_bytes()
    place = content.index(b'"decision"') + 14
    bundle.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    assert "does not hold" in refusal(bundle)
    bundle.write_bytes(b"PK")
    assert "damaged" in refusal(bundle)
    with pytest.raises(InputError, match="expected an auditor bundle"):
        assay.verify(bundle.with_name("none.zip"))
    with pytest.raises(InputError, match="compared with a release"):
        assay.verify(bundle, model=bundle)


def test_whose_timestamps_a_bundle_brings_is_verified_here(state: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tsa")
    path = archive_checkpoint(state / "log", 5, (state / "log" / "checkpoint").read_bytes())
    with served(authority) as address:
        anchor_checkpoint(path, address, parse_roots(authority.root))
    keep_roots(state / "log", authority.root, "root.pem")
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(export_bundle([state / RELEASE], find_handover(state)).content)
    assert any("openssl ts -verify" in one for one in assay.verify(bundle).not_checked)
    trusted = assay.verify(bundle, trust=[state / "log.tsa.pem"], vkey=state / "log.vkey")
    assert any("5 entries existed before 20" in one and "CN=Test authority" in one for one in trusted.proven)
    other = Authority(tmp_path / "other")
    (tmp_path / "other.pem").write_bytes(other.root)
    assert "timestamps/5.tsr: timestamp" in refusal(bundle, trust=[tmp_path / "other.pem"], vkey=state / "log.vkey")


def test_a_log_is_hashed_again_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = make_release(tmp_path / "project").root / ".assay"
    log = FolderLog.open(state / "log")
    note = (state / "log" / "checkpoint").read_bytes()
    (tmp_path / "earlier").write_bytes(note)
    log.extend([b"more"])
    found = assay.verify(state / "log", seen=[tmp_path / "earlier"])
    assert found.title == f"the log {log.origin} of 3 entries"
    assert f"It continues the checkpoint in {tmp_path / 'earlier'}." in found.proven
    signer = parse_skey((state / "log.private" / "key").read_text().strip())
    (tmp_path / "forked").write_bytes(sign_note(Checkpoint(log.origin, 2, hash_leaf(b"x")).text(), [signer]))
    assert "split view" in refusal(state / "log", seen=[tmp_path / "forked"])
    (state / "log.policy").write_text(STRANGER)
    assert "expected cosignatures that make the quorum" in refusal(state / "log")
    (state / "log.policy").unlink()
    tile = state / "log" / "tile" / "entries" / "000.p" / "3"
    tile.write_bytes(tile.read_bytes().replace(b"more", b"less"))
    assert answer(["verify", str(state / "log"), "--format", "json"]) == EXIT_DENY
    assert "entry 2" in json.loads(capsys.readouterr().out)["problems"][1]


def test_a_policy_is_handed_to_the_verifier_as_it_was_read() -> None:
    policy = parse_witness_policy(POLICY.encode())
    again = parse_witness_policy(policy_content(policy))
    assert (again.witnesses, again.groups, again.quorum) == (policy.witnesses, policy.groups, policy.quorum)
    assert policy_content(parse_witness_policy(b"quorum none\n")) == b"quorum none\n"
