"""What is handed to an auditor: the same bytes each time, nothing that does not hold, and nothing private."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from assay.adapters.checkpoint_archive import archive_checkpoint, keep_roots
from assay.adapters.timestamp_authority import anchor_checkpoint
from assay.errors import InputError, VerificationError
from assay.lifecycle.exporting import Exported, export_bundle, find_handover, verifier_zipapp
from assay.tlog.timestamp import parse_roots
from assay.verifier.members import read_members
from golden.auditor.golden_project import COMMENT, LOG, POLICY, make_project, signer, trust_yaml
from unit.adapters.openssl_authority import Authority, served

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RELEASE = "releases/golden/1"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def export(state: Path, **options: object) -> Exported:
    return export_bundle([state / RELEASE], find_handover(state, **options))  # type: ignore[arg-type]


def members(exported: Exported) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(exported.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_bundle_holds_everything_an_auditor_needs(state: Path) -> None:
    found = members(export(state, policy=POLICY.encode()))
    names = {name.removeprefix(f"{RELEASE}/") for name in found}
    consents = sorted(path.stem for path in (state / RELEASE / "consents").glob("*.json"))
    assert names == {
        "README.txt", "MANIFEST.json", "verify.pyz", "trust.json", "tlog-policy.txt",
        "evidence.json", "tally.json", "verdict.json", "report.html",
        *(f"statements/{stem}.dsse.json" for stem in ("test-result", "verification-result", "measured-evidence")),
        *(f"statements/{stem}.tlog-proof" for stem in ("test-result", "verification-result")),
        *(f"consents/{stem}{end}" for stem in consents for end in (".dsse.json", ".tlog-proof")),
        *(f"consents/{path.name}" for path in (state / RELEASE / "consents").glob("*.txt")),
    }  # fmt: skip
    for name in ("evidence.json", "tally.json", "verdict.json", "report.html"):
        assert found[f"{RELEASE}/{name}"] == (state / RELEASE / name).read_bytes()
    lines = (state / RELEASE / "bundle.json").read_bytes().split(b"\n")
    assert found[f"{RELEASE}/statements/test-result.dsse.json"] == lines[1].removesuffix(b",")
    assert RELEASE in found["README.txt"].decode()
    assert list(found) == sorted(found)


def test_the_same_release_and_log_give_the_same_bytes(state: Path, tmp_path: Path) -> None:
    first = export(state)
    shutil.copytree(state.parent, tmp_path / "elsewhere")
    assert export(tmp_path / "elsewhere" / ".assay").content == first.content
    twice = export_bundle([state / RELEASE, state / RELEASE], find_handover(state))
    assert twice.content == first.content


def test_times_and_compression_are_fixed(state: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(export(state).content)) as archive:
        for one in archive.infolist():
            assert (one.date_time, one.compress_type) == ((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED)
    assert verifier_zipapp() == verifier_zipapp()


def test_bare_python_checks_it(state: Path, tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(export(state, policy=POLICY.encode()).content)
    (tmp_path / "verify.pyz").write_bytes(verifier_zipapp())
    (tmp_path / "log.vkey").write_text(str(LOG.verifier), "utf-8")
    (tmp_path / "trust.json").write_bytes(read_members(tmp_path / "bundle.zip")["trust.json"])
    (tmp_path / "policy").write_text(POLICY, "utf-8")
    command = [sys.executable, "-I", "-S", "verify.pyz", "bundle.zip"]
    given = ["--vkey", "log.vkey", "--trust", "trust.json", "--policy", "policy"]
    done = subprocess.run([*command, *given], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("HOLDS: golden 1, decided: allow")
    assert "warning" not in done.stdout
    assert "it checked signatures by pure Python" in done.stdout
    alone = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (alone.returncode, "come from inside the bundle" in alone.stdout) == (0, True)


def test_trust_names_people_keys_and_the_log(state: Path) -> None:
    document = json.loads(members(export(state))["trust.json"])
    assert [one["name"] for one in document["people"]] == ["mila", "vera", "rosa", "ci"]
    assert document["people"][1]["roles"] == ["validator"]
    assert document["people"][3]["roles"] == []
    assert document["logs"] == [str(LOG.verifier)]


def test_a_key_that_bears_a_persons_name_is_told_apart(state: Path) -> None:
    (state / "keys" / "vera.pub").write_text(signer("another").public.pem(), "utf-8")
    names = [one["name"] for one in json.loads(members(export(state))["trust.json"])["people"]]
    assert names == ["mila", "vera", "rosa", "ci", "key vera"]


def test_nothing_private_goes_out(state: Path) -> None:
    (state / "keys" / "mila.pem").write_bytes(signer("mila").private.pem())
    content = export(state).content
    assert b"PRIVATE" not in content
    assert signer("mila").private.seed not in content


def test_comments_can_stay_here(state: Path) -> None:
    assert COMMENT.encode() in export(state).content
    without = export(state, comments=False)
    assert COMMENT.encode() not in without.content
    assert any("the comment that was signed is not here" in one for one in without.findings.not_checked)


def test_without_the_log_the_proofs_of_the_receipt_are_taken(state: Path) -> None:
    with_log = members(export(state))
    shutil.rmtree(state / "log")
    found = members(export(state))
    assert not [name for name in found if "consents/" in name and name.endswith(".tlog-proof")]
    proof = f"{RELEASE}/statements/test-result.tlog-proof"
    assert found[proof] != with_log[proof]
    assert found[proof].split(b"\n\n")[0] == with_log[proof].split(b"\n\n")[0]


def test_a_log_that_signs_twice_hands_over_both_keys(state: Path) -> None:
    from golden.auditor.golden_project import POST_QUANTUM  # noqa: PLC0415 - only here

    (state / "log.ml-dsa.vkey").write_text(f"{POST_QUANTUM.verifier}\n", "utf-8")
    exported = export(state)
    assert json.loads(members(exported)["trust.json"])["logs"] == [str(LOG.verifier), str(POST_QUANTUM.verifier)]
    assert exported.findings.problems == []
    (state / "log.vkey").write_text(f"{POST_QUANTUM.verifier}\n", "utf-8")
    with pytest.raises(InputError, match="expected an Ed25519 verifier key"):
        export(state)


def test_the_policy_that_publishing_waits_for_goes_with_it(state: Path) -> None:
    (state / "log.policy").write_text(POLICY, "utf-8")
    exported = export(state)
    assert members(exported)["tlog-policy.txt"].decode() == POLICY
    assert any("cosigned by north.example.com" in one for one in exported.findings.proven)
    one_more = POLICY.replace(
        "quorum both", "witness w " + str(signer_witness()) + "\ngroup more all both w\nquorum more"
    )
    (state / "log.policy").write_text(one_more, "utf-8")
    with pytest.raises(VerificationError, match="do not make 'more'"):
        export(state)


def signer_witness() -> str:
    from assay.tlog.signer import signer_key  # noqa: PLC0415 - only here

    return str(signer_key("west.example.com", bytes(range(32)), 4).verifier)


def test_timestamps_go_with_the_checkpoint_they_are_about(state: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tsa")
    note = (state / "log" / "checkpoint").read_bytes()
    path = archive_checkpoint(state / "log", 5, note)
    with served(authority) as address:
        anchor_checkpoint(path, address, parse_roots(authority.root))
    keep_roots(state / "log", authority.root, "root.pem")
    exported = export(state)
    found = members(exported)
    assert found["timestamps/5.tsr"] == path.with_name("5.tsr").read_bytes()
    assert found["timestamps/5"] == note
    assert found["timestamps/authorities.pem"] == authority.root
    assert found[f"{RELEASE}/statements/test-result.stamped.tlog-proof"].endswith(note)
    assert any("which timestamps/5.tsr states to have existed at 20" in one for one in exported.findings.proven)
    path.with_name("5.tsr").write_bytes(b"token")
    with pytest.raises(VerificationError, match=r"5\.tsr: timestamp"):
        export(state)


def flip(name: str) -> Callable[[Path], object]:
    def change(state: Path) -> None:
        content = (state / name).read_bytes()
        (state / name).write_bytes(content.replace(b"1", b"2", 1))

    return change


@pytest.mark.parametrize(
    "change",
    [
        flip(f"{RELEASE}/verdict.json"),
        flip(f"{RELEASE}/evidence.json"),
        flip(f"{RELEASE}/tally.json"),
        lambda state: (state / "log/tile/0/000.p/5").write_bytes(bytes(160)),
        lambda state: (state / "log.vkey").write_text(f"{signer_of_another_log()}\n", "utf-8"),
        lambda state: (state.parent / "trust.yaml").write_text(trust_yaml().replace("validator", "guest"), "utf-8"),
        lambda state: next((state / RELEASE / "consents").glob("*.txt")).write_text("Other words.", "utf-8"),
    ],
)
def test_what_does_not_hold_is_not_handed_over(state: Path, change: Callable[[Path], object]) -> None:
    change(state)
    with pytest.raises(VerificationError):
        export(state)


def signer_of_another_log() -> str:
    from assay.tlog.signer import signer_key  # noqa: PLC0415 - only here

    return str(signer_key(LOG.name, bytes(range(32))).verifier)


def test_every_problem_is_named(state: Path) -> None:
    for name in ("verdict.json", "tally.json"):
        flip(f"{RELEASE}/{name}")(state)
    with pytest.raises(VerificationError) as caught:
        export(state)
    assert "so it was not written" in str(caught.value)
    assert "tally" in str(caught.value)
    assert "verdict.json" in str(caught.value)


def test_a_release_that_was_never_decided(state: Path) -> None:
    (state / RELEASE / "bundle.json").unlink()
    with pytest.raises(InputError, match="expected a decided release"):
        export(state)


def test_a_log_that_was_cut(state: Path) -> None:
    from assay.tlog.checkpoint import Checkpoint  # noqa: PLC0415 - only here
    from assay.tlog.growth import Edge, grow  # noqa: PLC0415
    from assay.tlog.signer import sign_note  # noqa: PLC0415
    from assay.tlog.tile import tile_path  # noqa: PLC0415

    growth = grow(Edge(), [b"an earlier entry"])
    for tile, content in growth.files:
        path = state / "log" / tile_path(tile)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    note = sign_note(Checkpoint(LOG.name, 1, growth.edge.root()).text(), [LOG])
    (state / "log" / "checkpoint").write_bytes(note)
    with pytest.raises(VerificationError, match="was cut, or is another one"):
        export(state)
