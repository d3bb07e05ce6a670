"""A release verifies when nothing was touched; every other release is refused, with everything that is wrong named."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from assay.adapters.folder_log import FolderLog
from assay.attest import dsse
from assay.attest.bundle import parse_bundle
from assay.attest.consent import consent_id, consent_statement
from assay.attest.keys import PrivateKey, Signer
from assay.attest.trust import Person, Trust, parse_trust
from assay.errors import EXIT_DENY, InputError, VerificationError
from assay.lifecycle.keyring import Keyring, read_public_key
from assay.lifecycle.verification import verify_release
from assay.records.consent import Approval, Bound
from unit.lifecycle.signed_release import Made, make_release

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_release(tmp_path / "project")


def refusal(made: Made, **options: object) -> str:
    with pytest.raises(VerificationError) as caught:
        verify_release(made.folder, **options)  # type: ignore[arg-type]
    assert caught.value.exit_code == EXIT_DENY
    return str(caught.value)


def test_an_untouched_release_holds_and_says_what_was_proven(made: Made) -> None:
    verified = verify_release(made.folder, model=made.model, data={"test": made.test})
    assert verified.ok
    assert (verified.model, verified.version, verified.decision) == ("mortgage-approval", "1", "deny")
    proven = "\n".join(verified.proven)
    for words in (
        "the test result about the evidence is signed by the key 'default'",
        "the verification result about the verdict is signed by the key 'default'",
        "tally.json is, byte for byte, what was signed",
        "evidence.json is, byte for byte, what was signed",
        "verdict.json is, byte for byte, what was signed",
        "Decision 'deny' at 2026-11-23T04:00:01Z",
        "entry 0 of the log assay.invalid/mortgage-approval",
        "entry 1 of the log assay.invalid/mortgage-approval",
        "is the one that was measured",
        "The dataset test at",
        "signed when it was measured",
    ):
        assert words in proven
    unchecked = "\n".join(verified.not_checked)
    assert "notes.md" in unchecked
    assert "witnesses" in unchecked
    assert "found in the release's own project" in unchecked


def test_what_is_not_at_hand_is_said_to_be_unchecked(made: Made) -> None:
    unchecked = "\n".join(verify_release(made.folder / "bundle.json", model=made.root / "gone").not_checked)
    assert "model files: nothing is at" in unchecked
    assert "dataset test: no place was given" in unchecked


def test_keys_from_elsewhere_are_enough(made: Made, tmp_path: Path) -> None:
    alone = tmp_path / "handed-over"
    shutil.copytree(made.folder, alone)
    key = read_public_key(made.root / ".assay" / "keys" / "default.pub")
    vkey = (made.root / ".assay" / "log.vkey").read_text()
    verified = verify_release(alone, keys={"ci": key}, vkey=vkey)
    assert any("signed by the key 'ci'" in sentence for sentence in verified.proven)
    trust = parse_trust(json.dumps({"people": [{"name": "vera", "key": key.pem(), "roles": ["validator"]}]}).encode())
    verified = verify_release(alone, trust=trust, vkey=vkey)
    assert any("signed by vera (validator; key" in sentence for sentence in verified.proven)
    with pytest.raises(VerificationError, match="no key is trusted here"):
        verify_release(alone, vkey=vkey)
    with pytest.raises(VerificationError, match="no verifier key of the log is known"):
        verify_release(alone, keys={"ci": key})


def test_an_unknown_key_is_refused(made: Made) -> None:
    stranger = Keyring(made.root / "elsewhere").signer("stranger")
    assert "signed by unknown keys" in refusal(made, keys={"stranger": stranger.public})


@pytest.mark.parametrize("name", ["evidence.json", "verdict.json", "tally.json"])
def test_an_edited_file_is_named(made: Made, name: str) -> None:
    path = made.folder / name
    path.write_bytes(path.read_bytes().replace(b'"rows":2', b'"rows":3').replace(b'"deny"', b'"allow"', 1))
    words = refusal(made)
    assert f"{name}: was changed after it was signed" in words


@pytest.mark.parametrize("name", ["evidence.json", "verdict.json", "tally.json", "bundle.json", "receipt.json"])
def test_a_missing_file_is_named(made: Made, name: str) -> None:
    (made.folder / name).unlink()
    assert f"{name}: missing" in refusal(made)


def test_every_failure_is_told(made: Made) -> None:
    (made.folder / "tally.json").unlink()
    (made.folder / "verdict.json").write_bytes(b"{}")
    (made.model / "weights.bin").write_bytes(b"others")
    words = refusal(made, model=made.model)
    for part in ("tally.json: missing", "verdict.json: was changed", "changed: weights.bin"):
        assert part in words


@pytest.mark.parametrize("stride", [41, pytest.param(1, marks=pytest.mark.slow)])
def test_any_flipped_byte_is_refused(made: Made, stride: int) -> None:
    for path in [*made.signed_files(), made.folder / "evidence.dsse.json"]:
        content = path.read_bytes()
        for place in range(0, len(content), stride):
            path.write_bytes(content[:place] + bytes([content[place] ^ (1 << place % 7)]) + content[place + 1 :])
            with pytest.raises(VerificationError):
                pytest.fail(f"accepted: {path.name}, byte {place}: {verify_release(made.folder)}")
        path.write_bytes(content)
    assert verify_release(made.folder).ok


def test_a_bundle_of_another_model_version_is_refused(made: Made) -> None:
    other = make_release(made.root, version="2", weights=b"better")
    for name in ("bundle.json", "receipt.json"):
        shutil.copy(other.folder / name, made.folder / name)
    words = refusal(made)
    assert "evidence.json: was changed after it was signed" in words
    assert "mortgage-approval: the verification result about the verdict is about another one" in words


def test_a_receipt_of_another_release_is_refused(made: Made) -> None:
    other = make_release(made.root, version="2", weights=b"better")
    shutil.copy(other.folder / "receipt.json", made.folder / "receipt.json")
    assert "receipt.json: inclusion 0: is about another entry" in refusal(made)


def test_a_log_that_another_key_signed_is_refused(made: Made, tmp_path: Path) -> None:
    other = FolderLog.init(tmp_path / "other", "assay.invalid/mortgage-approval")
    assert "receipt.json: inclusion 0: note: expected a signature by a trusted key" in refusal(made, vkey=other.vkey)


def test_a_changed_model_or_dataset_is_refused(made: Made) -> None:
    (made.model / "extra.bin").write_bytes(b"x")
    made.test.write_text("approved,predicted\n1,1\n1,1\n")
    words = refusal(made, model=made.model, data={"test": made.test, "train": made.test})
    assert "added: extra.bin" in words
    assert "dataset test: the files at" in words
    assert "dataset train: the evidence names no such dataset" in words


def rewrite_bundle(made: Made, change: object, signer: Signer) -> None:
    """Sign changed statements anew with a key, and log them; what an insider with that key can do."""
    bundle = parse_bundle((made.folder / "bundle.json").read_bytes())
    from assay.adapters.folder_log import open_log  # noqa: PLC0415 - beside its only use
    from assay.attest.bundle import make_bundle, receipt_content  # noqa: PLC0415 - beside its only use

    assert callable(change)
    payloads = [dsse.decode_base64(one.payload, "payload") for one in bundle.envelopes()]
    again = make_bundle([dsse.sign(change(one), [signer]) for one in payloads], [signer.public])
    (made.folder / "bundle.json").write_bytes(again.content())
    inclusions = open_log(made.root / ".assay" / "log", "x").append(again.attestations)
    (made.folder / "receipt.json").write_bytes(receipt_content(inclusions))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b'"ASSAY_CONTROL_PASSED a"', b'"ASSAY_DECISION_ALLOW"', "does not say what verdict.json says"),
        (b'"FAILED"', b'"PASSED"', "does not say what verdict.json says"),
        (b"https://in-toto.io/attestation/svr/v0.2", b"https://example.com/other/v1", "which is unknown here"),
        (b"https://in-toto.io/Statement/v1", b"https://in-toto.io/Statement/v0", "expected an in-toto statement"),
        (b'"dataset:test"', b'"dataset:train"', "dataset:train: "),
    ],
)
def test_a_statement_that_says_something_else_is_refused_though_signed(
    made: Made, before: bytes, after: bytes, words: str
) -> None:
    signer = Keyring(made.root / ".assay" / "keys").signer()
    rewrite_bundle(made, lambda payload: payload.replace(before, after), signer)
    assert words in refusal(made)


def test_a_verdict_by_another_trusted_key_than_it_says_is_refused(made: Made) -> None:
    second = Keyring(made.root / ".assay" / "keys").signer("second")
    rewrite_bundle(made, lambda payload: payload, second)
    assert "decided; another one signed" in refusal(made)


def consenting(made: Made) -> tuple[Path, Trust]:
    """Put an approval with a comment beside a release, and return its file and the trust that knows the signer."""
    signer = Keyring(made.root / "people").signer("vera")
    verdict = json.loads((made.folder / "verdict.json").read_bytes())
    bound = Bound(
        model_sha256=verdict["model_sha256"], datasets=verdict["datasets"],
        policy_sha256=verdict["policy"]["sha256"], evidence_sha256=verdict["evidence_sha256"],
    )  # fmt: skip
    approval = Approval(role="validator", by="vera", bound=bound, comment="Good.", at="2026-11-23T04:00:02Z")
    payload = consent_statement(approval)
    path = made.folder / "consents" / f"{consent_id(payload)}.json"
    path.parent.mkdir()
    path.write_bytes(dsse.sign(payload, [signer]).content())
    path.with_suffix(".txt").write_text("Good.")
    return path, Trust((Person("vera", signer.public, ("validator",)),))


def test_consents_beside_a_release_are_verified(made: Made) -> None:
    path, trust = consenting(made)
    keys = {"default": Keyring(made.root / ".assay" / "keys").signer().public}
    proven = "\n".join(verify_release(made.folder, trust=trust, keys=keys).proven)
    assert "vera approved as validator at 2026-11-23T04:00:02Z" in proven
    assert "the verdict does not know it" in proven
    unchecked = "\n".join(verify_release(made.folder, keys=keys).not_checked)
    assert f"consents/{path.name}: envelope: expected signatures by 1 trusted key, found 0" in unchecked
    path.with_suffix(".txt").write_text("Bad.")
    assert "the comment is not the one that was signed" in refusal(made, trust=trust, keys=keys)
    path.with_suffix(".txt").write_text("Good.")
    path.rename(path.with_name("0123456789abcdef.json"))
    assert "is not the consent of that id" in refusal(made, trust=trust, keys=keys)


def test_an_added_key_hint_is_refused(made: Made) -> None:
    stranger = PrivateKey(bytes(range(32))).public
    bundle = parse_bundle((made.folder / "bundle.json").read_bytes())
    hints = (*bundle.public_keys, "".join(stranger.pem().splitlines()[1:-1]))
    (made.folder / "bundle.json").write_bytes(type(bundle)(bundle.attestations, hints).content())
    assert "which has signed nothing in it" in refusal(made)


def test_no_folder_is_a_wrong_command(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a release's folder"):
        verify_release(tmp_path / "nothing")
