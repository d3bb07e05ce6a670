"""What outsiders say of a log reaches `verify`: who cosigned, by when, and that there is one history.

Witnesses are real servers, the timestamp authority is OpenSSL's, and the log is the one that `assay run` writes.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from assay.adapters.checkpoint_archive import archive_checkpoint, keep_roots
from assay.adapters.folder_log import FolderLog, open_log
from assay.adapters.timestamp_authority import anchor_checkpoint
from assay.errors import DocumentError, InputError, VerificationError
from assay.lifecycle.anchors import read_trusted
from assay.lifecycle.keyring import read_public_key
from assay.lifecycle.log_files import Archived, log_files, read_archived
from assay.lifecycle.log_trust import LogTrust, at_time, join_trust, parse_log_trust, trust_beside, trust_in_keys
from assay.lifecycle.outside_times import anchors_of, check_times, outside_times
from assay.lifecycle.verification import Verified, verify_release
from assay.tlog.checkpoint import Checkpoint, parse_checkpoint
from assay.tlog.log_keys import KeyRange, LogKeys
from assay.tlog.merkle import hash_leaf
from assay.tlog.note import parse_note
from assay.tlog.signer import parse_skey, sign_note, signer_key
from assay.tlog.timestamp import parse_roots
from assay.tlog.vkey import parse_vkey
from unit.adapters.openssl_authority import Authority, served
from unit.lifecycle.signed_release import Made, make_release
from unit.lifecycle.witnessed_release import Witnessed, witnessed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[Witnessed]:
    """Yield a release whose checkpoint both witnesses cosigned when it was logged."""
    with witnessed(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "tsa")


def alone(made: Made, folder: Path) -> dict[str, Any]:
    """Copy a release away from its project; return the folder, and the keys that its verifier has."""
    shutil.copytree(made.folder, folder)
    key = read_public_key(made.root / ".assay" / "keys" / "default.pub")
    return {"folder": folder, "keys": {"ci": key}, "vkey": (made.root / ".assay" / "log.vkey").read_text()}


def problems(**options: Any) -> str:  # noqa: ANN401 - the options of verify_release
    with pytest.raises(VerificationError) as caught:
        verify_release(**options)
    return str(caught.value)


def text(verified: Verified) -> str:
    return "\n".join(verified.proven)


def test_the_witnesses_are_named_with_the_times_that_they_state(seen: Witnessed) -> None:
    verified = verify_release(seen.made.folder)
    (first, second) = verified.logged
    assert [name for name, _ in first.cosigned] == ["bank (example.com/bank)", "auditor (example.com/auditor)"]
    assert (first.index, second.index, first.size) == (0, 1, 2)
    assert first.proven_before == min(at for _, at in first.cosigned)
    assert "cosigned by bank (example.com/bank) at 20" in text(verified)
    assert f"It existed before {first.proven_before}, by the witness " in text(verified)
    assert "The quorum 'both' (2 of bank, auditor) of witnesses, found beside the log, has seen" in text(verified)
    assert "witnesses: no quorum" not in "\n".join(verified.not_checked)


def test_a_quorum_that_the_verifier_asks_for_and_does_not_find_fails(tmp_path: Path) -> None:
    with witnessed(tmp_path, when="never") as unseen:
        given = alone(unseen.made, tmp_path / "alone")
        log = parse_log_trust(unseen.policy().encode(), name="witnesses.policy")
        words = problems(**given, log=log)
        assert "make the quorum 'both' (2 of bank, auditor), found none: nobody else has seen this history" in words
        nobody = parse_log_trust(unseen.policy("none").encode(), name="witnesses.policy")
        unchecked = "\n".join(verify_release(**given, log=nobody).not_checked)
        assert "witnesses: no quorum was asked for" in unchecked
        assert "time: no outsider has stated when" in unchecked


def test_one_of_two_witnesses_is_not_both(tmp_path: Path) -> None:
    with witnessed(tmp_path) as both:
        given = alone(both.made, tmp_path / "alone")
        receipt = tmp_path / "alone" / "receipt.json"
        kept = [line for line in receipt.read_text().split("\\n") if "example.com/auditor" not in line]
        receipt.write_text("\\n".join(kept))
        for quorum, fails in (("both", True), ("one", False)):
            log = parse_log_trust(both.policy(quorum).encode(), name="policy")
            if fails:
                assert "found bank (example.com/bank)" in problems(**given, log=log)
            else:
                assert "cosigned by bank" in text(verify_release(**given, log=log))


def test_a_verifier_who_knows_no_witness_says_so(seen: Witnessed, tmp_path: Path) -> None:
    verified = verify_release(**alone(seen.made, tmp_path / "alone"))
    unchecked = "\n".join(verified.not_checked)
    assert "witnesses: no quorum was asked for" in unchecked
    assert "example.com/auditor+" in unchecked
    assert verified.logged[0].proven_before is None


def test_a_forged_cosignature_fails(seen: Witnessed, tmp_path: Path) -> None:
    other = signer_key("example.com/bank", bytes(range(32)), 4)
    lines = [seen.lines[0], f"witness bank {other.verifier}", "quorum bank"]
    given = alone(seen.made, tmp_path / "alone")
    log = parse_log_trust("\n".join(lines).encode(), name="policy")
    assert "found none" in problems(**given, log=log)  # the name is the bank's, the key another's


def test_a_policy_that_came_later_is_met_when_the_log_asks_again(tmp_path: Path) -> None:
    with witnessed(tmp_path, when="after") as late:
        assert "make the quorum 'both'" in problems(folder=late.made.folder)
        assert "make the quorum 'both'" in check_times(late.log, trust_beside(late.log)).problems[0]
        open_log(late.log, "mortgage-approval").publish()
        verified = verify_release(late.made.folder)
        assert [name for name, _ in verified.logged[0].cosigned] == [
            "bank (example.com/bank)",
            "auditor (example.com/auditor)",
        ]
        assert check_times(late.log, trust_beside(late.log)).problems == ()


def test_each_cosigned_checkpoint_is_archived_and_tells_its_time(seen: Witnessed) -> None:
    FolderLog.open(seen.log).append([b"more"])
    archive = seen.log.with_name("log.checkpoints")
    assert sorted(path.name for path in archive.iterdir()) == ["2", "3"]
    sizes = [one.size for one in anchors_of(seen.log).anchors]
    assert sorted(set(sizes)) == [2, 3]
    assert check_times(seen.log, trust_beside(seen.log)).problems == ()


def test_two_histories_are_a_split_view(seen: Witnessed, tmp_path: Path) -> None:
    signer = parse_skey((seen.log.with_name("log.private") / "key").read_text().strip())
    origin = FolderLog.open(seen.log).origin
    forked = sign_note(Checkpoint(origin, 2, hash_leaf(b"other")).text(), [signer])
    words = problems(folder=seen.made.folder, seen=[Archived("from-witness", forked)])
    assert f"from-witness: split view: the log {origin} has signed two histories of size 2" in words
    shorter = sign_note(Checkpoint(origin, 1, hash_leaf(b"other")).text(), [signer])
    words = problems(folder=seen.made.folder, seen=[Archived("from-witness", shorter)])
    assert "does not continue this checkpoint of size 1" in words
    longer = sign_note(Checkpoint(origin, 9, hash_leaf(b"other")).text(), [signer])
    words = problems(folder=seen.made.folder, seen=[Archived("from-witness", longer)])
    assert "the log has signed 9 entries, and holds 2 now" in words
    unchecked = verify_release(
        **alone(seen.made, tmp_path / "alone"), seen=[Archived("from-witness", longer)]
    ).not_checked
    assert any(
        "that from-witness and the receipt are of one history: the log is not at hand" in one for one in unchecked
    )
    with pytest.raises(VerificationError, match="split view: the log has signed another checkpoint of size 2"):
        archive_checkpoint(seen.log, 2, forked)
    (seen.log.with_name("log.checkpoints") / "2").write_bytes(forked)
    with pytest.raises(VerificationError, match=r"log\.checkpoints/2: split view"):
        anchors_of(seen.log)


def test_a_log_that_was_replaced_is_a_split_view(seen: Witnessed) -> None:
    keys = (seen.log.with_name("log.private") / "key").read_bytes()
    for path in (seen.log, seen.log.with_name("log.private"), seen.log.with_name("log.checkpoints")):
        shutil.rmtree(path)
    seen.log.with_name("log.policy").unlink()
    private = seen.log.with_name("log.private")
    private.mkdir(mode=0o700)
    (private / "key").write_bytes(keys)
    (private / "key").chmod(0o600)
    FolderLog.init(seen.log, parse_vkey(seen.log.with_name("log.vkey").read_text().strip()).name).append(
        [b"a", b"b", b"c"]
    )
    assert "split view: the log assay.invalid/mortgage-approval has signed two histories" in problems(
        folder=seen.made.folder
    )


def stamped(log: Path, authority: Authority) -> Path:
    note = (log / "checkpoint").read_bytes()
    path = archive_checkpoint(log, parse_checkpoint(parse_note(note).text).size, note)
    with served(authority) as address:
        anchor_checkpoint(path, address, parse_roots(authority.root))
    keep_roots(log, authority.root, "root.pem")
    return path


def test_a_timestamp_proves_by_when_an_entry_was_there(tmp_path: Path, authority: Authority) -> None:
    made = make_release(tmp_path / "project")
    log = made.root / ".assay" / "log"
    stamped(log, authority)
    FolderLog.open(log).append([b"later"])
    first, _ = verify_release(made.folder).logged
    assert first.proven_by == "the timestamp authority CN=Test authority"
    assert first.proven_before is not None
    opened = log_files(log, trust_beside(log))
    assert opened is not None
    times = outside_times(opened)
    assert times.before(1) is not None
    assert times.before(2) is None  # the timestamp covers two entries
    assert times.told() == [f"2 entries existed before {first.proven_before}, by {first.proven_by}"]


def test_another_logs_checkpoint_proves_nothing(seen: Witnessed, tmp_path: Path) -> None:
    other = FolderLog.init(tmp_path / "other", "example.com/other")
    other.extend([b"a", b"b", b"c"])
    keys = trust_in_keys([other.vkey, str(FolderLog.open(seen.log).vkey)])
    brought = [Archived("brought", (tmp_path / "other" / "checkpoint").read_bytes())]
    assert "brought: is a checkpoint of example.com/other, not of the receipt's log" in problems(
        folder=seen.made.folder, seen=brought, log=keys
    )
    shutil.rmtree(seen.log)
    shutil.copytree(tmp_path / "other", seen.log)
    verified = verify_release(seen.made.folder, log=keys)
    assert any("it is another one than the receipt's" in one for one in verified.not_checked)


def test_a_verifier_far_from_the_log_brings_the_checkpoint_and_its_timestamp(
    tmp_path: Path, authority: Authority
) -> None:
    made = make_release(tmp_path / "project")
    path = stamped(made.root / ".assay" / "log", authority)
    given = alone(made, tmp_path / "alone")
    brought = [read_archived(path, "brought")]
    log = LogTrust(roots=authority.root)
    first, _ = verify_release(**given, seen=brought, log=log).logged
    assert first.proven_by == "the timestamp authority CN=Test authority"
    unchecked = "\n".join(verify_release(**given, seen=brought).not_checked)
    assert "2.tsr: timestamps; no certificate of an authority is trusted here" in unchecked
    wrong = [Archived("brought", brought[0].note, {"2.tsr": b"x"})]
    assert "2.tsr: timestamp" in problems(**given, seen=wrong, log=log)


def test_a_checkpoint_with_the_quorum_serves_a_receipt_that_lacks_it(tmp_path: Path) -> None:
    with witnessed(tmp_path, when="after") as late:
        given = alone(late.made, tmp_path / "alone")
        log = parse_log_trust(late.policy().encode(), name="policy")
        assert "make the quorum 'both'" in problems(**given, log=log)
        open_log(late.log, "mortgage-approval").publish()
        seen = [read_archived(late.log / "checkpoint", "from-witness")]
        verified = verify_release(**given, log=log, seen=seen)
        assert len(verified.logged[0].cosigned) == 2


def test_a_timestamp_that_does_not_hold_is_named(tmp_path: Path, authority: Authority) -> None:
    made = make_release(tmp_path / "project")
    log = made.root / ".assay" / "log"
    path = stamped(log, authority)
    token = path.with_name("2.tsr")
    token.write_bytes(token.read_bytes()[:-3] + b"xyz")
    assert "2.tsr: timestamp" in problems(folder=made.folder)
    log.with_name("log.tsa.pem").unlink()
    unchecked = "\n".join(verify_release(made.folder).not_checked)
    assert "2.tsr: timestamps; no certificate of an authority is trusted here" in unchecked


def test_a_stolen_old_key_is_named(tmp_path: Path) -> None:
    made = make_release(tmp_path / "project")
    old = parse_vkey((made.root / ".assay" / "log.vkey").read_text().strip())
    new = signer_key(old.name, bytes(range(32)))
    keys = made.root / ".assay" / "log.keys"
    keys.write_bytes(LogKeys((KeyRange(old, 0, 5), KeyRange(new.verifier, 5))).content())
    assert verify_release(made.folder).logged[0].size == 2
    keys.write_bytes(LogKeys((KeyRange(old, 0, 2), KeyRange(new.verifier, 2))).content())
    words = problems(folder=made.folder)
    assert f"signed only by {old.name}+{old.id.hex()}, which is its key for sizes 0 to 1: outside of its range" in words


def test_whom_to_trust_shows_in_the_file(tmp_path: Path, authority: Authority, seen: Witnessed) -> None:
    vkey = seen.log.with_name("log.vkey").read_text()
    texts = {
        "people.yaml": "people: []\n",
        "witnesses.policy": f"# ours\n{seen.policy()}",
        "log.keys": f"key {vkey.strip()} 0 7\n",
        "authorities.pem": authority.root.decode(),
        "log.vkey": vkey,
    }
    for name, content in texts.items():
        (tmp_path / name).write_text(content)
    names = ["people.yaml", "witnesses.policy", "log.keys", "authorities.pem"]
    people, log = read_trusted([tmp_path / name for name in names])
    assert people is not None
    assert log.policy is not None
    assert log.roots == authority.root
    assert log.logs[0].ranges[0].end == 7
    assert read_trusted([tmp_path / "log.vkey"])[1].logs[0].origin == "assay.invalid/mortgage-approval"
    assert read_trusted([]) == (None, LogTrust())
    with pytest.raises(InputError, match="people in one file"):
        read_trusted([tmp_path / "people.yaml"] * 2)
    with pytest.raises(InputError, match="the keys of each log once"):
        read_trusted([tmp_path / "log.keys", tmp_path / "log.vkey"])
    (tmp_path / "bad.policy").write_text("quorum w\n")
    with pytest.raises(DocumentError, match="defined on an earlier line"):
        read_trusted([tmp_path / "bad.policy"])


def test_trust_that_says_nothing_is_filled() -> None:
    key = str(signer_key("example.com/log", bytes(range(32))).verifier)
    other = str(signer_key("example.com/other", bytes(range(32))).verifier)
    trust = trust_in_keys([key, other])
    assert [one.origin for one in trust.logs] == ["example.com/log", "example.com/other"]
    assert LogTrust().filled(trust).logs == trust.logs
    assert join_trust([]).logs == ()
    with pytest.raises(VerificationError, match="whose key is not known; known: none"):
        LogTrust().open(b"example.com/log\n0\n")
    assert at_time(0) == "1970-01-01T00:00:00Z"
    assert at_time(2**62) == f"{2**62} s after 1970"
