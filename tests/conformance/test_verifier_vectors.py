"""The stand-alone verifier against the public vectors: transparency-dev/merkle, golang/mod, C2SP, DSSE."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from assay.verifier.claim import pae
from assay.verifier.keys import PublicKey
from assay.verifier.merkle import included
from assay.verifier.note import open_note, parse_checkpoint, parse_note, parse_vkey
from assay.verifier.proof import parse_proof
from assay.verifier.quorum import parse_policy
from assay.verifier.strict import Refused
from conformance.trail_vectors import group


def test_inclusion_proofs_hold_exactly_where_they_should() -> None:
    vectors = group("merkle_inclusion")["vectors"]
    held = {
        one["id"]: included(
            one["leafIdx"],
            one["treeSize"],
            b64decode(one["leafHash"] or ""),
            [b64decode(each or "") for each in one["proof"] or []],
            b64decode(one["root"] or ""),
        )
        for one in vectors
    }
    assert len(held) == 98
    assert held == {one["id"]: not one["want_error"] for one in vectors}


def test_signed_notes_open_exactly_where_they_should() -> None:
    vectors = group("signed_note")
    first, second = parse_vkey(vectors["vkey"]), parse_vkey(vectors["second"]["vkey"])
    text, mark = vectors["text"], vectors["sig_line"]
    whole = f"{text}\n{mark}{vectors['second']['sig_line']}".encode()
    assert open_note(whole, [first, second]) == (text.encode(), {first: None, second: None})
    assert open_note(whole, [second])[1] == {second: None}
    assert open_note(f"{text}\n{mark}{mark}".encode(), [first])[1] == {first: None}
    example = vectors["c2sp_example"]
    assert open_note(example["note"].encode(), [parse_vkey(example["vkey"])])


def test_wrong_notes_are_refused() -> None:
    vectors = group("signed_note")
    key, text, mark = parse_vkey(vectors["vkey"]), vectors["text"], vectors["sig_line"]
    wrong = [
        text, f"{text}\n", f"{text}\n{mark[:-1]}", f"\x01{text}\n{mark}",
        f"{text}\n{mark.replace('PeterN', 'Peter N')}",
        f"{text}\n{mark}x\n", f"{text}\n" + mark * 101, f"{text}more\n\n{mark}",
    ]  # fmt: skip
    for one in [*(one.encode() for one in wrong), b"\xff" + f"{text}\n{mark}".encode()]:
        with pytest.raises(Refused):
            pytest.fail(f"accepted: {one!r}: {open_note(one, [key])}")


def test_wrong_verifier_keys_are_refused() -> None:
    vectors = group("signed_note")
    vkey = vectors["vkey"]
    cut = [vkey[:end] for end in range(len(vkey))] + [vkey[start:] for start in range(1, len(vkey))]
    raised = [vkey[:at] + chr(ord(vkey[at]) + 1) + vkey[at + 1 :] for at in range(len(vkey))]
    post_quantum = group("mldsa44_vkey")
    for one in [*vectors["bad_vkeys"], *cut, *raised, post_quantum["vkey"]]:
        with pytest.raises(Refused):
            pytest.fail(f"accepted: {one!r}: {parse_vkey(one)}")
    right = post_quantum["vkey"].replace(post_quantum["printed_key_id"], post_quantum["computed_key_id"], 1)
    assert parse_vkey(right).kind == 6


def test_cosignatures_carry_their_time() -> None:
    vectors = group("sunlight_mirror_300")
    mirror = parse_vkey(vectors["cosigner_vkey"])
    text, signed = open_note(vectors["checkpoint"].encode(), [mirror])
    assert parse_checkpoint(text).root == b64decode(vectors["root_b64"])
    assert (signed[mirror] or 0) > 0
    published = group("other_note_algs")["cosig_timestamp"]
    assert int.from_bytes(b64decode(published["sig_b64"])[4:12], "big") == published["unix"]


def test_the_reference_log_opens_at_every_size() -> None:
    vectors = group("tessera_testdata_log")
    key = parse_vkey(vectors["vkey"])
    for size in range(16):
        text, signed = open_note(vectors["files"][f"checkpoint.{size}"].encode(), [key])
        assert (parse_checkpoint(text).size, signed) == (size, {key: None})


def test_wrong_checkpoints_are_refused() -> None:
    for text in group("checkpoint_parse")["reject"]:
        with pytest.raises(Refused):
            pytest.fail(f"accepted: {text!r}: {parse_checkpoint(text.encode())}")


def test_proof_files_are_read_or_refused() -> None:
    vectors = group("tlog_proof")
    for one in vectors["marshal"]:
        found = parse_proof(one["want"].encode())
        assert (found.index, [b64encode(each).decode() for each in found.hashes]) == (one["index"], one["hashes_b64"])
        assert found.checkpoint == one["checkpoint"].encode()
    for text in vectors["reject"]:
        with pytest.raises(Refused):
            pytest.fail(f"accepted: {text!r}: {parse_proof(text.encode())}")


def test_a_policy_asks_for_both_witnesses() -> None:
    (text,) = group("tlog_policy")["accept"]
    policy = parse_policy(text.encode(), "p")
    first, second = policy.witnesses.values()
    assert [policy.met_by(keys) for keys in ([], [first], [second], [first, second])] == [False, False, False, True]


def test_dsse_signs_the_published_bytes() -> None:
    vector = group("dsse")
    message = pae(vector["payload_type"], vector["payload"].encode())
    assert message == vector["pae"].encode()
    point = ec.EllipticCurvePublicNumbers(
        int(vector["ecdsa_p256"]["x"]), int(vector["ecdsa_p256"]["y"]), ec.SECP256R1()
    ).public_key()
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    raw = b64decode(vector["ecdsa_p256"]["sig_raw_r_s_b64"])
    mark = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    assert PublicKey(point.public_bytes(*form)).holds(mark, message)
    assert not PublicKey(point.public_bytes(*form)).holds(mark, message + b"x")


def test_notes_of_other_kinds_are_parsed_and_not_taken_for_checked() -> None:
    """Bare Python does not check ECDSA notes: their keys are refused as trust, their lines are ignored."""
    for kind in ("ecdsa_0x02", "rfc6962_0x05"):
        for one in group("other_note_algs")[kind]:
            assert parse_note(one["note"].encode())[1]
            with pytest.raises(Refused):
                parse_vkey(one["vkey"])
